//! Which rules can have anything to say about a tool?
//!
//! A rule touches a tool unless the index can tell that it never will. It names the tool when its body begins by picking
//! it, or when the tool's name stands in the policy or in the data the policy reads; it may still turn out not to care,
//! which only tests tell.

use std::collections::{BTreeMap, BTreeSet};

use regorus::Value;
use regorus::unstable::Expr;

use super::bundle::{Bundle, Mode};
use super::decision::Effect;
use super::index::Aim;
use super::input::{Key, Phase};
use super::syntax::{Node, Part, Written, steps, text};

/// What one policy can say about a tool with one word.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Touch {
    /// The policy.
    pub policy: String,
    /// The word.
    pub effect: Effect,
    /// How narrowly it picks the tool.
    pub aim: Aim,
    /// Whether it counts.
    #[serde(skip)]
    pub mode: Mode,
}

/// A bundle, with every text its rules mention.
#[derive(Debug)]
pub struct Coverage<'b> {
    bundle: &'b Bundle,
    /// By the path of a rule: the texts in it and in the data it reads.
    mentioned: BTreeMap<Vec<String>, Mentions>,
}

#[derive(Debug, Default)]
struct Mentions {
    texts: BTreeSet<String>,
    /// Other rules.
    rules: BTreeSet<Vec<String>>,
}

impl<'b> Coverage<'b> {
    /// Reads the policies.
    pub fn of(bundle: &'b Bundle) -> Self {
        let mut engine = bundle.engine();
        let written = Written::all(engine.get_modules());
        let mut mentioned: BTreeMap<Vec<String>, Mentions> = BTreeMap::new();
        for rule in &written {
            let (mentions, none) = (mentioned.entry(rule.path()).or_default(), BTreeSet::new());
            rule.walk(&mut |node| {
                let Node::Expr(expr) = node else { return };
                mentions.texts.extend(text(expr));
                let path = if let Expr::Call { fcn, .. } = expr { steps(fcn) } else { steps(expr) };
                let Some(path) = path.and_then(|path| rule.resolve(path, &none)) else { return };
                let names =
                    path.into_iter().map_while(|step| if let Part::Name(name) = step { Some(name) } else { None });
                let names: Vec<String> = names.collect();
                if names.first().is_some_and(|root| root == "data") {
                    data(bundle.data(), &names, &mut mentions.texts);
                    mentions.rules.insert(names);
                }
            });
        }
        Self { bundle, mentioned }
    }

    /// Whether a rule, or any it refers to, mentions a name.
    fn mentions(&self, rule: &str, name: &str) -> bool {
        let mut road = vec![rule.split('.').map(str::to_owned).collect::<Vec<_>>()];
        let mut seen = BTreeSet::new();
        while let Some(path) = road.pop() {
            // A reference may go on behind the rule's own name, or stop before it.
            let about = self.mentioned.iter().filter(|(known, _)| known.iter().zip(&path).all(|(a, b)| a == b));
            for (known, mentions) in about {
                if mentions.texts.contains(name) {
                    return true;
                }
                if seen.insert(known) {
                    road.extend(mentions.rules.iter().cloned());
                }
            }
        }
        false
    }

    /// What can be said about a tool, the narrowest first.
    pub fn of_tool(&self, server: &str, tool: &str) -> Vec<Touch> {
        let keys = Phase::ALL.map(|phase| Key {
            server: server.to_owned(),
            tool: Some(tool.to_owned()),
            method: if phase == Phase::List { "tools/list" } else { "tools/call" }.to_owned(),
            phase,
            ..Key::default()
        });
        let mut touches: Vec<Touch> = Vec::new();
        for rule in self.bundle.rules() {
            let may = |condition: &&super::index::Condition| keys.iter().any(|key| condition.may_hold(key));
            let Some(aim) = rule.conditions.iter().filter(may).map(super::index::Condition::aim).max() else {
                continue;
            };
            let aim = match aim {
                Aim::Tool => Aim::Tool,
                _ if self.mentions(&rule.path, tool) => Aim::Tool,
                Aim::General if self.mentions(&rule.path, server) => Aim::Server,
                other => other,
            };
            touches.push(Touch { policy: rule.policy.clone(), effect: rule.effect, aim, mode: rule.mode });
        }
        touches.sort_by(|a, b| b.aim.cmp(&a.aim).then_with(|| (&a.policy, a.effect).cmp(&(&b.policy, b.effect))));
        touches
    }
}

/// Every text below a path of the data that a rule reads.
fn data(data: &Value, path: &[String], texts: &mut BTreeSet<String>) {
    // All of the data is nobody's list of names.
    if path.len() < 2 {
        return;
    }
    let mut names = path.iter().skip(1);
    let found = names.try_fold(data, |data, name| data.as_object().ok()?.get(&Value::from(name.as_str())));
    if let Some(found) = found {
        gather(found, texts);
    }
}

fn gather(value: &Value, texts: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => drop(texts.insert(text.to_string())),
        Value::Array(items) => items.iter().for_each(|item| gather(item, texts)),
        Value::Set(items) => items.iter().for_each(|item| gather(item, texts)),
        Value::Object(members) => members.iter().for_each(|(name, value)| {
            gather(name, texts);
            gather(value, texts);
        }),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::sample;

    #[test]
    fn a_rule_names_a_tool_a_server_or_neither() {
        // A08
        let policies = [
            "package countersign.everyday\n\nallow contains {\"id\": \"all\", \"reason\": \"r\"} if input.tool.pinned\n",
            "package countersign.pay\n\nhold contains {\"id\": \"two\", \"reason\": \"r\", \"reviewers\": [\"user\"]} if {\n\t\
             input.call.server == \"bank\"\n\tinput.call.tool == \"transfer\"\n}\n\n\
             deny contains {\"id\": \"never\", \"reason\": \"r\"} if input.call.server == \"bank\"\n",
            "package countersign.wild\n\ndeny contains {\"id\": \"d\", \"reason\": \"r\"} if {\n\t\
             input.call.method == \"tools/call\"\n\tdata.wild.tools[input.call.tool]\n}\n",
            "package countersign.post\n\nmode := \"shadow\"\n\nwarn contains {\"id\": \"w\", \"reason\": \"r\"} if input.call.method == \"prompts/get\"\n",
        ];
        let sources = sample::sources(&policies, "{\"wild\":{\"tools\":{\"wipe\":true}},\"other\":[\"look\"]}");
        let bundle = Bundle::load(&sources).unwrap();
        let coverage = Coverage::of(&bundle);
        let told = |server: &str, tool: &str| -> Vec<String> {
            let touches = coverage.of_tool(server, tool).into_iter();
            touches.map(|touch| format!("{:?} {} {}", touch.aim, touch.policy, touch.effect.word())).collect()
        };
        let general = ["General everyday allow", "General wild deny"];
        assert_eq!(told("shop", "look"), general, "that `look` stands in data nobody reads is nothing");
        assert_eq!(told("shop", "wipe"), ["Tool wild deny", "General everyday allow"]);
        assert_eq!(told("bank", "look"), [&["Server pay deny"][..], &general].concat());
        assert_eq!(told("bank", "transfer"), [&["Tool pay hold", "Server pay deny"][..], &general].concat());
    }
}

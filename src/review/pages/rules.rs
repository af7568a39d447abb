//! Which policies are in force, and what have they said lately?

use std::collections::BTreeMap;

use askama::Template;
use serde::Deserialize;

use super::frame::{Frame, When};
use super::seen::Seen;
use crate::policy::bundle::{EffectRule, Mode};
use crate::store::entries::Written;

/// The policies in force.
#[derive(Debug, Template)]
#[template(path = "rules.html", config = "src/review/pages/askama.toml")]
pub struct RulesPage {
    /// What stands round it.
    pub frame: Frame,
    /// What they are; nothing where none are.
    pub force: Option<Force>,
    /// The packages.
    pub packages: Vec<Package>,
    /// How many decisions were looked at.
    pub decided: usize,
    /// Of them by the policies in force.
    pub by_these: usize,
    /// When the oldest of them was made.
    pub since: Option<When>,
}

/// Names what is in force.
#[derive(Clone, Debug)]
pub struct Force {
    /// The bundle's digest.
    pub digest: String,
    /// Since when this gateway judges by it.
    pub since: When,
}

/// One package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Package {
    /// Its name below `countersign`.
    pub name: String,
    /// Whether it counts; nothing where it is not in force any more.
    pub mode: Option<Mode>,
    /// The words it can say.
    pub effects: Vec<&'static str>,
    /// What it said.
    pub said: Vec<Said>,
}

/// How often something was said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// `package/id`.
    pub finding: Seen,
    /// Its word.
    pub effect: String,
    /// How often it counted.
    pub times: u64,
    /// How often it would have counted, but was in shadow.
    pub shadow: u64,
}

/// What is read of a decision.
#[derive(Deserialize)]
struct Decided {
    #[serde(default)]
    findings: Vec<Finding>,
    #[serde(default)]
    shadow: Vec<Finding>,
    #[serde(default)]
    policy: String,
}

#[derive(Deserialize, PartialEq, Eq, PartialOrd, Ord)]
struct Finding {
    policy: String,
    effect: String,
    #[serde(default)]
    id: Option<String>,
}

impl RulesPage {
    /// Of what is in force, and the newest decisions.
    pub fn of(frame: Frame, force: Option<Force>, rules: &[EffectRule], lines: &[Written]) -> Self {
        let decisions: Vec<Decided> = lines.iter().filter_map(|line| serde_json::from_str(&line.body).ok()).collect();
        let ours = |decided: &&Decided| force.as_ref().is_some_and(|force| force.digest == decided.policy);
        let by_these = decisions.iter().filter(ours).count();
        let decided = decisions.len();
        let since = lines.last().map(|line| When(line.at));
        Self { packages: packages(rules, decisions), force, decided, by_these, since, frame }
    }

    /// Whether something was said by what is not in force any more.
    pub fn has_gone(&self) -> bool {
        self.packages.iter().any(|package| package.mode.is_none())
    }
}

fn packages(rules: &[EffectRule], decisions: Vec<Decided>) -> Vec<Package> {
    let mut times: BTreeMap<Finding, (u64, u64)> = BTreeMap::new();
    for decided in decisions {
        for finding in decided.findings {
            let (counted, _) = times.entry(finding).or_default();
            *counted = counted.saturating_add(1);
        }
        for finding in decided.shadow {
            let (_, shadow) = times.entry(finding).or_default();
            *shadow = shadow.saturating_add(1);
        }
    }
    let mut packages: BTreeMap<String, Package> = BTreeMap::new();
    for rule in rules {
        let package = packages.entry(rule.policy.clone()).or_insert_with(|| Package::named(&rule.policy, None));
        package.mode = Some(rule.mode);
        if !package.effects.contains(&rule.effect.word()) {
            package.effects.push(rule.effect.word());
        }
    }
    for (Finding { policy, effect, id }, (times, shadow)) in times {
        let finding = Seen(id.map_or_else(|| policy.clone(), |id| format!("{policy}/{id}")));
        let package = packages.entry(policy.clone()).or_insert_with(|| Package::named(&policy, None));
        package.said.push(Said { finding, effect, times, shadow });
    }
    let mut packages: Vec<Package> = packages.into_values().collect();
    for package in &mut packages {
        package.said.sort_by_key(|said| std::cmp::Reverse(said.times.saturating_add(said.shadow)));
    }
    packages.sort_by_key(|package| package.mode.is_none());
    packages
}

impl Package {
    fn named(name: &str, mode: Option<Mode>) -> Self {
        Self { name: name.to_owned(), mode, effects: Vec::new(), said: Vec::new() }
    }

    /// Whether it only notes what it would have done.
    pub fn is_shadow(&self) -> bool {
        self.mode == Some(Mode::Shadow)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::clock::Timestamp;
    use crate::policy::bundle::Bundle;
    use crate::policy::sample;

    fn line(body: &Value) -> Written {
        let at = Timestamp::from_micros(1);
        Written { seq: 1, call: None, at, event: "decided".to_owned(), body: body.to_string() }
    }

    #[test]
    fn what_was_said_is_counted_for_each_package() {
        let sources = sample::sources(
            &[
                "package countersign.a\n\nallow := true\n\nhold contains {\"id\": \"x\", \"reason\": \"r\", \"reviewers\": [\"role:reviewer\"]} if input.call.target == \"t\"\n",
                "package countersign.b\n\nmode := \"shadow\"\n\ndeny contains {\"id\": \"y\", \"reason\": \"r\"} if input.call.target == \"t\"\n",
            ],
            "{}",
        );
        let bundle = Bundle::load(&sources).unwrap();
        let finding = |policy: &str, effect: &str, id: &str| json!({"policy": policy, "effect": effect, "id": id});
        let hold = finding("a", "hold", "x");
        let digest = bundle.digest().to_string();
        let lines = [
            line(
                &json!({"findings": [hold, {"policy": "a", "effect": "allow"}], "shadow": [finding("b", "deny", "y")], "policy": digest}),
            ),
            line(&json!({"findings": [hold], "policy": "sha256:old"})),
            line(&json!({"findings": [finding("gone", "deny", "<b>z")], "policy": "sha256:old"})),
            line(&json!("what cannot be read counts for nothing")),
        ];
        let frame = Frame { nonce: "n".to_owned(), me: None, here: "rules", now: Timestamp::default() };
        let force = Some(Force { digest, since: When(Timestamp::default()) });
        let page = RulesPage::of(frame, force, bundle.rules(), &lines);
        let told: Vec<_> = page
            .packages
            .iter()
            .map(|package| {
                let said: Vec<_> = package
                    .said
                    .iter()
                    .map(|said| format!("{} {}+{}", said.finding.0, said.times, said.shadow))
                    .collect();
                (package.name.as_str(), package.mode, package.effects.join(" "), said.join(", "))
            })
            .collect();
        assert_eq!(
            told,
            [
                ("a", Some(Mode::Enforce), "allow hold".to_owned(), "a/x 2+0, a 1+0".to_owned()),
                ("b", Some(Mode::Shadow), "deny".to_owned(), "b/y 0+1".to_owned()),
                ("gone", None, String::new(), "gone/<b>z 1+0".to_owned()),
            ]
        );
        assert_eq!((page.decided, page.by_these), (3, 1));
        let html = page.render().unwrap();
        assert!(!html.contains("<b>z") && html.contains("shadow"), "{html}");
    }
}

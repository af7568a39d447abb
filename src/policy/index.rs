//! Which rules can have anything to say about this call?
//!
//! The interpreter pays for every rule it looks at, so a rule whose body begins by naming another server, tool, method or
//! phase is not looked at. Read from the syntax tree at load. Only comparisons with texts that are written down count,
//! and only as long as nothing stands before them that could fail: an error is a deny, and a rule that would have failed
//! must not be left out. What reads the result has nothing to say before there is one. Whenever anything is unclear the rule is looked at. So the index can never change a verdict; a
//! property test says the same.

use std::collections::{BTreeMap, BTreeSet};

use regorus::unstable::{Module, Ref, Rule};

use super::decision::Effect;
use super::input::{Key, Phase};
use super::syntax::{Written, policy};
use reader::Reader;

mod reader;

/// What must be true of a call for one rule to have anything to say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Condition(BTreeMap<Field, BTreeSet<String>>);

/// What a call is picked by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Field {
    Server,
    Tool,
    Method,
    Phase,
    /// How bad the call could be.
    Risk,
    /// A label its session must have.
    Label,
}

/// How narrowly a rule picks the calls it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Aim {
    /// It may be about any tool.
    General,
    /// It names the server.
    Server,
    /// It names the tool.
    Tool,
}

/// Helpers of helpers are looked into this far.
const DEEPEST: usize = 4;

impl Condition {
    /// Whether the rule may have something to say about this call.
    pub fn may_hold(&self, key: &Key) -> bool {
        self.0.iter().all(|(field, names)| match field {
            Field::Server => names.contains(key.server.as_str()),
            Field::Tool => key.tool.as_deref().is_some_and(|tool| names.contains(tool)),
            Field::Method => names.contains(key.method.as_str()),
            Field::Phase => names.contains(key.phase.word()),
            Field::Risk => key.risk.is_none_or(|risk| names.contains(risk.word())),
            Field::Label => key.labels.as_ref().and_then(|labels| labels.as_array().ok()).is_none_or(|labels| {
                let labelled =
                    |name: &str| labels.iter().any(|label| label.as_string().is_ok_and(|label| &**label == name));
                names.iter().any(|name| labelled(name))
            }),
        })
    }

    /// Whether it may hold for anything at this server.
    pub(super) fn may_name(&self, server: &str) -> bool {
        self.0.get(&Field::Server).is_none_or(|names| names.contains(server))
    }

    /// Whether it may hold for a call of this tool.
    pub(super) fn may_call(&self, server: &str, tool: &str) -> bool {
        let names = |field, name: &str| self.0.get(&field).is_none_or(|names| names.contains(name));
        names(Field::Tool, tool) && names(Field::Phase, Phase::Call.word()) && self.may_name(server)
    }

    /// How narrowly it picks its calls.
    pub fn aim(&self) -> Aim {
        match (self.0.contains_key(&Field::Tool), self.0.contains_key(&Field::Server)) {
            (true, _) => Aim::Tool,
            (false, true) => Aim::Server,
            (false, false) => Aim::General,
        }
    }

    /// Whether no call can make it hold while one of these phases asks.
    pub fn never_holds(&self, phases: &[Phase]) -> bool {
        let asked = |names: &BTreeSet<String>| phases.iter().any(|phase| names.contains(phase.word()));
        self.0.iter().any(|(field, names)| names.is_empty() || (*field == Field::Phase && !asked(names)))
    }

    fn narrow(&mut self, field: Field, names: BTreeSet<String>) {
        match self.0.get_mut(&field) {
            // A session has many labels: having one says nothing of another.
            Some(_) if field == Field::Label => {}
            Some(known) => known.retain(|name| names.contains(name)),
            None => {
                self.0.insert(field, names);
            }
        }
    }
}

/// The condition of every way an effect can come about.
pub fn conditions(modules: &[Ref<Module>]) -> Vec<(String, Effect, Condition)> {
    let of_a_rule = |(rule, conditions): (Written<'_>, Vec<Condition>)| {
        let (policy, effect) = (policy(rule.module)?, Effect::from_word(&rule.name())?);
        Some(conditions.into_iter().map(move |condition| (policy.clone(), effect, condition)))
    };
    by_rule(modules).into_iter().filter_map(of_a_rule).flatten().collect()
}

/// Every effect rule, with the conditions of which one must hold for it to have anything to say.
pub fn by_rule(modules: &[Ref<Module>]) -> Vec<(Written<'_>, Vec<Condition>)> {
    let reader = Reader::new(modules);
    let mut found = Vec::new();
    for rule in Written::all(modules) {
        if policy(rule.module).is_none() || Effect::from_word(&rule.name()).is_none() {
            continue;
        }
        let bodies = match rule.rule {
            Rule::Spec { bodies, .. } => bodies.as_slice(),
            Rule::Default { .. } => &[],
        };
        // What an `else` says depends on what came before it.
        let chained = bodies.iter().any(|body| body.is_else);
        if bodies.is_empty() || chained {
            found.push((rule, vec![Condition::default()]));
            continue;
        }
        let each = bodies.iter().map(|body| {
            let mut condition = Condition::default();
            reader.body(&rule, &body.query, &mut condition, 0);
            condition
        });
        found.push((rule, each.collect()));
    }
    found
}

#[cfg(test)]
mod tests;

//! Which rules can have anything to say about this call?
//!
//! The interpreter pays for every rule it looks at, so a rule whose body begins by naming another server, tool, method or
//! phase is not looked at. Read from the syntax tree at load. Only comparisons with texts that are written down count,
//! and only as long as nothing stands before them that could fail: an error is a deny, and a rule that would have failed
//! must not be left out. What reads the result has nothing to say before there is one, and what walks over secrets, paths
//! or statements has nothing to say of a call without any: such parts of the input are looked up before the interpreter is
//! asked. Whenever anything is unclear the rule is looked at. So the index can never change a verdict; a property test
//! says the same.

use std::collections::{BTreeMap, BTreeSet};

use regorus::Value;
use regorus::unstable::{Module, Ref, Rule};

use super::decision::Effect;
use super::footprint::Places;
use super::input::{Key, Phase};
use super::syntax::{Written, policy};
use given::Test;
use reader::{After, Reader};

mod given;
mod lookup;
mod reader;
mod terms;

pub use given::{Shown, Sight, Truth};

/// What must be true of a call for one rule to have anything to say.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Condition {
    /// What it is picked by.
    fields: BTreeMap<Field, BTreeSet<String>>,
    /// What the input must show beside that.
    tests: Vec<Test>,
    /// Whether nothing that was read so far can fail.
    is_firm: bool,
    /// Whether this is all that must be true.
    is_whole: bool,
}

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
        self.fields.iter().all(|(field, names)| match field {
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

    /// What this input tells of it.
    pub fn truth(&self, sight: &Sight<'_>) -> Truth {
        if !self.may_hold(sight.key) {
            return Truth::No;
        }
        // What is picked by is not always known for certain.
        let picked = if self.fields.is_empty() { Truth::Yes } else { Truth::Open };
        let rest = if self.is_whole { Truth::Yes } else { Truth::Unclear };
        let tests = self.tests.iter().map(|test| test.truth(sight));
        given::all(std::iter::once(picked).chain(tests).chain([rest]))
    }

    /// Whether it never fails, whatever the input is.
    fn is_safe(&self) -> bool {
        self.is_whole && self.tests.iter().all(Test::is_safe)
    }

    /// All of these and nothing else.
    const fn from_tests(tests: Vec<Test>) -> Self {
        Self { fields: BTreeMap::new(), tests, is_firm: true, is_whole: true }
    }

    fn add(&mut self, test: Test) -> After {
        self.is_firm &= test.is_safe();
        self.tests.push(test);
        After::GoOn
    }

    /// Whether it may hold for anything at this server.
    pub(super) fn may_name(&self, server: &str) -> bool {
        self.fields.get(&Field::Server).is_none_or(|names| names.contains(server))
    }

    /// Whether it may hold for a call of this tool.
    pub(super) fn may_call(&self, server: &str, tool: &str) -> bool {
        let names = |field, name: &str| self.fields.get(&field).is_none_or(|names| names.contains(name));
        names(Field::Tool, tool) && names(Field::Phase, Phase::Call.word()) && self.may_name(server)
    }

    /// How narrowly it picks its calls.
    pub fn aim(&self) -> Aim {
        match (self.fields.contains_key(&Field::Tool), self.fields.contains_key(&Field::Server)) {
            (true, _) => Aim::Tool,
            (false, true) => Aim::Server,
            (false, false) => Aim::General,
        }
    }

    /// Whether no call can make it hold while one of these phases asks.
    pub fn never_holds(&self, phases: &[Phase]) -> bool {
        let asked = |names: &BTreeSet<String>| phases.iter().any(|phase| names.contains(phase.word()));
        self.fields.iter().any(|(field, names)| names.is_empty() || (*field == Field::Phase && !asked(names)))
    }

    /// Whether it can be narrowed once more: a session has many labels, and having one says nothing of another.
    fn takes(&self, field: Field) -> bool {
        field != Field::Label || !self.fields.contains_key(&field)
    }

    fn narrow(&mut self, field: Field, names: BTreeSet<String>) {
        match self.fields.get_mut(&field) {
            Some(known) => known.retain(|name| names.contains(name)),
            None => {
                self.fields.insert(field, names);
            }
        }
    }
}

/// The condition of every way an effect can come about.
pub fn conditions(modules: &[Ref<Module>], data: &Value, places: &mut Places) -> Vec<(String, Effect, Condition)> {
    let of_a_rule = |(rule, conditions): (Written<'_>, Vec<Condition>)| {
        let (policy, effect) = (policy(rule.module)?, Effect::from_word(&rule.name())?);
        Some(conditions.into_iter().map(move |condition| (policy.clone(), effect, condition)))
    };
    read(modules, Some(data), places).into_iter().filter_map(of_a_rule).flatten().collect()
}

/// Every effect rule, with the conditions of which one must hold for it to have anything to say.
pub fn by_rule(modules: &[Ref<Module>]) -> Vec<(Written<'_>, Vec<Condition>)> {
    read(modules, None, &mut Places::default())
}

fn read<'a>(
    modules: &'a [Ref<Module>],
    data: Option<&'a Value>,
    places: &mut Places,
) -> Vec<(Written<'a>, Vec<Condition>)> {
    let reader = Reader::new(modules, data, places);
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
        let each = bodies.iter().map(|body| reader.condition(rule, &body.query, 0));
        found.push((rule, each.collect()));
    }
    found
}

#[cfg(test)]
mod tests;

//! How many decisions would be others, which, and because of what?

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::history::Past;
use super::said::Said;
use crate::audit::entry::Verdict;

/// Examples kept of each group.
const EXAMPLES: usize = 3;

/// What became of one decision, the most dangerous first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// It would run, and did not.
    NewlyAllowed,
    /// It would wait for people, and did not.
    NewlyHeld,
    /// It would be refused, and was not.
    NewlyDenied,
    /// The same, for other reasons.
    OtherReasons,
    /// The same.
    Same,
}

impl Kind {
    /// All of them that are a difference, in order.
    pub const DIFFERENT: [Self; 4] = [Self::NewlyAllowed, Self::NewlyHeld, Self::NewlyDenied, Self::OtherReasons];

    /// For people.
    pub const fn words(self) -> &'static str {
        match self {
            Self::NewlyAllowed => "newly allowed",
            Self::NewlyHeld => "newly held",
            Self::NewlyDenied => "newly denied",
            Self::OtherReasons => "other reasons",
            Self::Same => "same",
        }
    }
}

/// The difference between two answers.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Change {
    /// What became of it.
    pub kind: Kind,
    /// What it was.
    pub from: Verdict,
    /// What it would be.
    pub to: Verdict,
    /// Findings that would say something and did not.
    pub says: BTreeSet<String>,
    /// Findings that said something and no longer would.
    pub silent: BTreeSet<String>,
}

impl Change {
    /// What changed, and the findings that made the difference.
    pub fn between(old: &Said, new: &Said) -> Self {
        let kind = match (old.verdict, new.verdict) {
            (from, to) if from == to && old == new => Kind::Same,
            (from, to) if from == to => Kind::OtherReasons,
            (_, Verdict::Allow) => Kind::NewlyAllowed,
            (_, Verdict::Hold) => Kind::NewlyHeld,
            (_, Verdict::Deny) => Kind::NewlyDenied,
        };
        let (says, silent) = match kind {
            Kind::Same => (BTreeSet::new(), BTreeSet::new()),
            Kind::OtherReasons => (more(new, old), more(old, new)),
            Kind::NewlyAllowed | Kind::NewlyHeld | Kind::NewlyDenied => causes(old, new),
        };
        Self { kind, from: old.verdict, to: new.verdict, says, silent }
    }

    /// Why, in a few words: the findings, or what happened without any.
    pub fn because(&self) -> String {
        let said = |names: &BTreeSet<String>| names.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
        match (self.says.is_empty(), self.silent.is_empty()) {
            (false, true) => said(&self.says),
            (true, false) => format!("{} no longer", said(&self.silent)),
            (false, false) => format!("{} instead of {}", said(&self.says), said(&self.silent)),
            (true, true) => "no finding".to_owned(),
        }
    }
}

/// What is said by one and not by the other; a code of refusal stands for the finding it lacks.
fn more(this: &Said, other: &Said) -> BTreeSet<String> {
    let mut names: BTreeSet<String> =
        this.findings.difference(&other.findings).map(|finding| finding.name.clone()).collect();
    if this.code != other.code && names.is_empty() {
        names.extend(this.code.clone());
    }
    names
}

/// What made the difference: what stops it now, what stopped it before, or who allowed it where nothing said is a no.
fn causes(old: &Said, new: &Said) -> (BTreeSet<String>, BTreeSet<String>) {
    let told = |this: &Said, other: &Said, effects: &[&str]| -> BTreeSet<String> {
        this.names(effects).difference(&other.names(effects)).map(|name| (*name).to_owned()).collect()
    };
    let nobody = |said: &Said| said.code.as_deref() == Some("no_rule_allowed");
    if nobody(old) || nobody(new) {
        let allows = (told(new, old, &["allow"]), told(old, new, &["allow"]));
        if !(allows.0.is_empty() && allows.1.is_empty()) {
            return allows;
        }
    }
    let stops = |this: &Said, other: &Said| match this.verdict {
        Verdict::Allow => BTreeSet::new(),
        Verdict::Hold => told(this, other, &["hold"]),
        Verdict::Deny => {
            let names = told(this, other, &["deny", "hide"]);
            if names.is_empty() { this.code.clone().into_iter().collect() } else { names }
        }
    };
    (stops(new, old), stops(old, new))
}

/// Decisions counted by what became of them.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// How many were judged again.
    pub judged: u64,
    /// How many of those had been held.
    pub holds: u64,
    /// How many calls would wait for people now.
    pub would_hold: u64,
    /// By kind.
    pub kinds: BTreeMap<Kind, u64>,
    /// What changed, by its cause.
    pub groups: BTreeMap<Change, Group>,
    /// Those that could not be repeated exactly, by reason.
    pub inexact: BTreeMap<String, u64>,
    /// Results that were judged. Their words are not kept, so they are not judged again.
    pub results: u64,
    /// The policies that had decided, and how often.
    pub policies: BTreeMap<String, u64>,
}

/// Decisions that changed in the same way for the same reason.
#[derive(Clone, Debug, Default)]
pub struct Group {
    /// How many.
    pub count: u64,
    /// The first of them.
    pub examples: Vec<Example>,
}

/// One decision that would be another.
#[derive(Clone, Debug, Serialize)]
pub struct Example {
    /// The call.
    pub call: String,
    /// When it was decided, RFC 3339.
    pub at: String,
    /// The server.
    pub server: String,
    /// The tool, address or prompt.
    pub target: String,
    /// Who asked.
    pub principal: String,
}

impl Tally {
    /// One that was judged again.
    pub fn count(&mut self, change: Change, past: &Past) {
        add(&mut self.judged);
        add(self.kinds.entry(change.kind).or_default());
        add(self.policies.entry(past.policy.clone()).or_default());
        if change.from == Verdict::Hold {
            add(&mut self.holds);
        }
        if change.to == Verdict::Hold {
            add(&mut self.would_hold);
        }
        if change.kind == Kind::Same {
            return;
        }
        let group = self.groups.entry(change).or_default();
        add(&mut group.count);
        if group.examples.len() < EXAMPLES {
            group.examples.push(past.example());
        }
    }

    /// One that could not be.
    pub fn skip(&mut self, why: &str) {
        match self.inexact.get_mut(why) {
            Some(count) => add(count),
            None => drop(self.inexact.insert(why.to_owned(), 1)),
        }
    }

    /// How many of a kind.
    pub fn of(&self, kind: Kind) -> u64 {
        self.kinds.get(&kind).copied().unwrap_or(0)
    }

    /// The groups of a kind, the largest first.
    pub fn groups_of(&self, kind: Kind) -> Vec<(&Change, &Group)> {
        let mut groups: Vec<_> = self.groups.iter().filter(|(change, _)| change.kind == kind).collect();
        groups.sort_by_key(|(_, group)| std::cmp::Reverse(group.count));
        groups
    }
}

fn add(count: &mut u64) {
    *count = count.saturating_add(1);
}

#[cfg(test)]
mod tests;

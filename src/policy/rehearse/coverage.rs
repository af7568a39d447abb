//! What did the tests reach?

use std::collections::{BTreeMap, BTreeSet};

use serde::ser::SerializeStruct as _;
use serde::{Serialize, Serializer};

use crate::policy::decision::Effect;

/// What all tests together reached.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Coverage {
    /// How many effect rules there are.
    pub rules: usize,
    /// Those that no test made say anything.
    pub silent: Vec<Silent>,
    /// By file.
    #[serde(rename = "files")]
    pub lines: BTreeMap<String, Lines>,
}

/// An effect rule that never spoke.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Silent {
    /// `policy/id`, or the effect where the finding has no name of its own.
    pub rule: String,
    /// The word.
    pub effect: Effect,
    /// `file:line`.
    pub place: String,
    /// Whether it was looked at.
    pub silence: Silence,
}

/// Why a rule never spoke.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Silence {
    /// It was asked and never true.
    NeverSpoke,
    /// No test asked it.
    NotAsked,
}

/// The lines of a file that hold something to evaluate.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lines {
    /// Those that were.
    pub covered: BTreeSet<u32>,
    /// Those that were not.
    pub not_covered: BTreeSet<u32>,
}

impl Coverage {
    /// How many of a hundred rules said something.
    pub fn percent(&self) -> f64 {
        let count = |count: usize| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
        if self.rules == 0 {
            return 100.0;
        }
        count(self.rules.saturating_sub(self.silent.len())) * 100.0 / count(self.rules)
    }
}

impl Serialize for Lines {
    /// As `opa test --coverage` writes it: ranges of rows, both ends included.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut written = serializer.serialize_struct("Lines", 2)?;
        written.serialize_field("covered", &ranges(&self.covered))?;
        written.serialize_field("not_covered", &ranges(&self.not_covered))?;
        written.end()
    }
}

fn ranges(lines: &BTreeSet<u32>) -> Vec<serde_json::Value> {
    let mut found: Vec<(u32, u32)> = Vec::new();
    for line in lines {
        match found.last_mut() {
            Some((_, end)) if end.checked_add(1) == Some(*line) => *end = *line,
            _ => found.push((*line, *line)),
        }
    }
    let range = |(start, end)| serde_json::json!({ "start": { "row": start }, "end": { "row": end } });
    found.into_iter().map(range).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_in_a_row_are_one_range() {
        let lines = Lines { covered: [1, 2, 3, 7].into(), not_covered: BTreeSet::new() };
        let range = |start: u32, end: u32| serde_json::json!({ "start": { "row": start }, "end": { "row": end } });
        let wanted = serde_json::json!({ "covered": [range(1, 3), range(7, 7)], "not_covered": [] });
        assert_eq!(serde_json::to_value(lines).unwrap(), wanted);
    }
}

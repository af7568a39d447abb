//! What does somebody need who is handed an export, to tell that it is whole?
//!
//! How many entries there are and which, the digest of the file, what was left out by whom, and how the book stood at both
//! ends. Without a log the file proves that it was not changed since, and not that nothing is missing.
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::{Format, Record};
use crate::audit::standing::Ends;

/// The form of a proof file.
const FORM: &str = "countersign.export/1";

/// What stands in the proof file.
#[derive(Clone, Debug, Serialize)]
pub struct Proof {
    /// The form of this file.
    pub form: &'static str,
    /// When it was made.
    pub made: String,
    /// By whom, as the machine knows them.
    pub by: String,
    /// By which version.
    pub version: &'static str,
    /// The file it is about.
    pub file: String,
    /// The form of that file.
    pub format: &'static str,
    /// Its SHA-256, in hex.
    pub sha256: String,
    /// Its length.
    pub bytes: u64,
    /// Which entries were asked for.
    pub filter: Filter,
    /// What is in it.
    pub population: Population,
    /// The log at both ends.
    pub standing: Ends,
    /// Whether the book says that this was taken from it.
    pub recorded: bool,
    /// Whether no entry could still come between those that are in it.
    pub settled: bool,
}

/// Which entries were asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Filter {
    /// None older than this.
    pub from: Option<String>,
    /// None as young as this.
    pub to: Option<String>,
    /// Only of calls whose id begins like this.
    pub call: Option<String>,
    /// Only these event codes.
    pub events: Vec<String>,
}

/// What is in an export.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Population {
    /// How many entries.
    pub entries: u64,
    /// Of how many calls.
    pub calls: u64,
    /// The place of the first.
    pub first_seq: Option<i64>,
    /// The place of the last.
    pub last_seq: Option<i64>,
    /// How many of each kind.
    pub by_event: BTreeMap<String, u64>,
    #[serde(skip)]
    seen: BTreeSet<u128>,
}

impl Population {
    /// One more.
    pub fn count(&mut self, record: &Record) {
        self.entries = self.entries.saturating_add(1);
        self.first_seq = self.first_seq.or(Some(record.seq));
        self.last_seq = Some(record.seq);
        let of = self.by_event.entry(record.event.clone()).or_default();
        *of = of.saturating_add(1);
        if let Some(call) = record.call.as_deref() {
            self.seen.insert(number(call));
            self.calls = u64::try_from(self.seen.len()).unwrap_or(u64::MAX);
        }
    }
}

/// A call's id in little room. Ids are UUIDs; what is none is named by its digest.
pub(in crate::audit) fn number(call: &str) -> u128 {
    let digits: String = call.chars().filter(|c| *c != '-').collect();
    let short = || {
        let digest = crate::digest::sha256(call.as_bytes());
        digest.iter().take(16).fold(0_u128, |number, byte| number << 8 | u128::from(*byte))
    };
    Some(digits)
        .filter(|digits| digits.len() == 32)
        .and_then(|digits| u128::from_str_radix(&digits, 16).ok())
        .unwrap_or_else(short)
}

impl Proof {
    /// Of this file, about which these things are known; made at this time by this person.
    pub fn of(
        (file, format): (&str, Format),
        (sha256, bytes): (String, u64),
        (filter, population): (Filter, Population),
        (made, by): (String, String),
    ) -> Self {
        Self {
            form: FORM,
            made,
            by,
            version: env!("CARGO_PKG_VERSION"),
            file: file.to_owned(),
            format: format.word(),
            sha256,
            bytes,
            filter,
            population,
            standing: Ends::default(),
            recorded: false,
            settled: false,
        }
    }
}

impl std::fmt::Display for Filter {
    /// In words.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let from = self.from.as_deref().unwrap_or("the first entry");
        write!(f, "from {from} to {}", self.to.as_deref().unwrap_or("now"))?;
        if let Some(call) = &self.call {
            write!(f, ", of calls {call}…")?;
        }
        if !self.events.is_empty() {
            write!(f, ", only {}", self.events.join(", "))?;
        }
        Ok(())
    }
}

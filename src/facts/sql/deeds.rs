//! What does a statement do, and to which relations?

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Serialize;

use super::{Function, Kind};

/// What one statement does, or several.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "SqlDeeds")]
pub struct Deeds {
    /// What they do.
    pub kinds: BTreeSet<Kind>,
    /// The relations that are read as a source, as written and without quotes; `*` is everything.
    pub reads: BTreeSet<String>,
    /// The relations whose rows or definition change; `*` is everything.
    pub writes: BTreeSet<String>,
    /// The columns that are certainly a relation's; `*` is all of them.
    pub columns: BTreeMap<String, BTreeSet<String>>,
    /// The relations that are read or changed without a bound.
    pub unbounded: BTreeSet<String>,
    /// The functions that may have an effect.
    pub functions: BTreeSet<Function>,
}

impl Deeds {
    /// Those of both.
    pub fn join(&mut self, other: Self) {
        self.kinds.extend(other.kinds);
        self.reads.extend(other.reads);
        self.writes.extend(other.writes);
        for (relation, columns) in other.columns {
            self.columns.entry(relation).or_default().extend(columns);
        }
        self.unbounded.extend(other.unbounded);
        self.functions.extend(other.functions);
    }
}

//! How bad could it be?
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How much harm could be done, judged from what was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Risk {
    /// A bounded read without effect.
    Low,
    /// An unbounded read, a bounded write, an additive change.
    Medium,
    /// An unbounded or destructive write, privilege, bulk export, opaque text.
    High,
    /// A host program, a server file, role escalation, data leaving to a chosen place, a whole database.
    Critical,
}

impl Risk {
    const ALL: [Self; 4] = [Self::Low, Self::Medium, Self::High, Self::Critical];

    /// The word rules read.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }

    /// The risk a word means.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|risk| risk.word() == word)
    }
}

//! How bad could it be?
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

use schemars::JsonSchema;
use serde::Serialize;

/// How much harm could be done, judged from what was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
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

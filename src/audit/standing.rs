//! How large was the book, and what named all of it?
//!
//! An export or a report that names the book at both ends of its period can be checked for what is missing, and not only for
//! what was changed.
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

use serde::{Deserialize, Serialize};

/// The log at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Standing {
    /// How many leaves it had.
    pub size: u64,
    /// The root over all of them, in hex.
    pub root: String,
    /// The signed checkpoint, as it was given out.
    pub checkpoint: String,
}

/// The log at the first and at the last entry of a period.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ends {
    /// Before the first entry; none where there is no log.
    pub before: Option<Standing>,
    /// With the last entry in it; none where there is no log.
    pub after: Option<Standing>,
}

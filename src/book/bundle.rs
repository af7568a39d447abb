//! What does an outsider get who shall check the log without the database?
//!
//! A directory of plain files, in the layout of C2SP `tlog-tiles`:
//!
//! - `checkpoint`: the newest one; `checkpoints/`: those before it that were kept.
//! - `tile/L/N`: hashes of the tree, 256 to a file; `tile/entries/N`: leaves, each after its length in two bytes.
//! - `bodies/N.jsonl`: what the leaves stand for, 256 lines to a file, the line of a leaf at its place.
//! - `keys`: which key signs from which size on, so that an old key is not believed for a new checkpoint.
//! - `part`: in a part of the record, which files of leaves are there.

pub(super) mod files;
mod reading;
mod writing;

pub(super) use self::reading::archived;
pub use self::reading::verify;
pub use self::writing::{Written, write};

use serde::{Deserialize, Serialize};

use crate::audit::commitment::{Opened, Redacted, Salt};
use crate::audit::verify::Body;
use crate::digest::{hex, unhex};

/// Leaves of one file.
pub(super) const WIDTH: u64 = 256;

/// One line of `bodies`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum Line {
    /// As it was written.
    Whole {
        /// The number of the entry.
        entry: i64,
        /// What salts its fields.
        salt: String,
        /// The JSON text, as a text.
        body: String,
    },
    /// With fields erased.
    Redacted {
        /// The number of the entry.
        entry: i64,
        /// What is left of it.
        left: Redacted,
    },
    /// It is not there.
    Gone {
        /// The number of the entry.
        entry: i64,
    },
    /// It is elsewhere: this is a part of the record.
    Left {
        /// The number of the entry.
        entry: i64,
    },
}

impl Line {
    /// Of a body that could be opened, or not.
    pub fn of(entry: i64, body: Option<Opened>) -> Self {
        match body {
            Some(Opened::Whole { salt, body }) => Self::Whole { entry, salt: hex(salt.bytes()), body },
            Some(Opened::Redacted(left)) => Self::Redacted { entry, left },
            None => Self::Gone { entry },
        }
    }

    /// The number of the entry, and its body.
    pub fn open(self) -> Option<(i64, Body)> {
        Some(match self {
            Self::Whole { entry, salt, body } => {
                (entry, Body::Open(Opened::Whole { salt: Salt::new(unhex(&salt)?), body }))
            }
            Self::Redacted { entry, left } => (entry, Body::Open(Opened::Redacted(left))),
            Self::Gone { entry } => (entry, Body::Gone),
            Self::Left { entry } => (entry, Body::Left),
        })
    }
}

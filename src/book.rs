//! Who keeps the log: lets it grow, signs it, and notices when the database is not the one that was signed?
//!
//! Entries are committed before anything they speak of happens; that is the gateway's own work. What stands here comes after:
//! within a second each entry has its leaf, and a checkpoint is signed over it, after the disk has it. So a checkpoint never
//! says more than the database holds, even after a loss of power. The last checkpoint is remembered beside the keys; a
//! database that knows less, or says something else, was restored, replaced or changed, and nothing is signed on it.

pub mod anchors;
pub mod archives;
pub mod bundle;
mod growth;
pub mod holds;
mod keeper;
mod memory;
pub mod reading;
mod redaction;
pub mod retention;
mod rollover;
mod watch;

pub use self::keeper::{BookKeeper, Lag};
pub use self::memory::{Remembered, compare};
pub use self::redaction::redact;
pub use self::rollover::roll_over;

use crate::store::StoreError;
use crate::store::append::AppendError;

/// Why the log cannot be kept.
#[derive(Debug, thiserror::Error)]
pub enum BookError {
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The database failed while it was written.
    #[error(transparent)]
    Append(#[from] AppendError),
    /// The database is not the one that was signed.
    #[error(
        "the record is not the one that was signed: {0}. Nothing runs and nothing is signed on it. Put back the database \
         that belongs to it; or, if this one is what is left, say so for good with `countersign audit rollover --reason ...`"
    )]
    Diverged(String),
    /// What was remembered cannot be read or written.
    #[error("{place} cannot be used: {why}")]
    Memory {
        /// Which file.
        place: String,
        /// What stands in the way.
        why: String,
    },
    /// An entry nobody can commit to.
    #[error("entry {seq} cannot be brought into the log: {why}")]
    Entry {
        /// Which one.
        seq: i64,
        /// What is wrong with it.
        why: String,
    },
    /// A file that is not what it must be.
    #[error("{place}: {why}")]
    File {
        /// Which file.
        place: String,
        /// What is wrong with it.
        why: String,
    },
    /// Nothing of that name.
    #[error("{0}")]
    Nothing(String),
    /// The gateway is stopping.
    #[error("the gateway is stopping")]
    Stopping,
}

//! What did somebody want to be different about a call, and what became of that?
//!
//! A person who answers sees arguments as the record holds them, which may have covered parts. So an edit names places and
//! what shall stand there, and everything else stays what the client sent. It is proposed by a person and made by the
//! gateway that has the call, after the tool's schema and the rules have had their say: from then on the approval is about
//! another call, votes for the one before count for nothing, and whoever changed it may not countersign it.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::digest::Digest;

/// A wish that other arguments be sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Edit {
    /// The person who wants it.
    pub by: String,
    /// What shall be different, in order.
    pub changes: Vec<Change>,
    /// Why.
    pub reason: String,
    /// When.
    pub at: Timestamp,
    /// Where it stands.
    pub stands: Stands,
}

/// One place and what shall stand there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// A JSON pointer into the arguments: `/limit`.
    pub at: String,
    /// JSON that shall stand there; nothing takes the place away.
    #[serde(deserialize_with = "super::row::nullable")]
    pub to: Option<String>,
}

/// Where an edit stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Stands {
    /// Nobody who has the call has looked at it yet.
    Proposed,
    /// The call was changed.
    Made {
        /// What it was before.
        from: Digest,
    },
    /// The call cannot be changed like this.
    Refused {
        /// Why.
        why: String,
    },
}

//! What did somebody want to know before they answer, and what were they told?

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;

/// A question to whoever asked for the call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// The person who wants to know.
    pub by: String,
    /// What.
    pub text: String,
    /// When.
    pub at: Timestamp,
    /// What they were told, once they were.
    #[serde(deserialize_with = "super::row::nullable")]
    pub answer: Option<Said>,
}

/// What the agent, or whoever sits before it, says. It is an assertion: nobody has checked it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Said {
    /// What.
    pub text: String,
    /// When.
    pub at: Timestamp,
}

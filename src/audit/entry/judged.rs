//! What is written down of a judgement?

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::Serialize;

use crate::credentials::wanted::Wanted;
use crate::policy::decision::{DenyCode, Finding};
use crate::policy::imprint::{Imprint, Trace};

/// What the rules said, of a call or of what came back.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Heard {
    /// Which kind of refusal, if it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<DenyCode>,
    /// The engine's words, for whoever runs the gateway.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// Everything that counted.
    pub findings: Vec<Finding>,
    /// What packages in shadow mode would have said.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub shadow: Vec<Finding>,
    /// Names the bundle that decided.
    pub policy: String,
    /// How long it took.
    pub micros: u64,
}

/// See [`Event::Decided`](super::Event::Decided).
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Decided {
    /// What follows.
    pub outcome: Verdict,
    /// What the rules said.
    #[serde(flatten)]
    pub heard: Heard,
    /// The limits that had not enough left, by finding. How much is left is not part of the input.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub exceeded: BTreeSet<String>,
    /// Names what was known of the things it touches, if anything was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub catalogue: Option<String>,
    /// What was judged.
    pub input: Imprint,
    /// The credentials it would run with.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub credentials: Vec<Wanted>,
}

/// One word for a decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It may run.
    Allow,
    /// It may run once people agree.
    Hold,
    /// It may not run.
    Deny,
}

/// See [`Event::Released`](super::Event::Released).
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Released {
    /// What follows.
    pub outcome: Passage,
    /// What the rules said.
    #[serde(flatten)]
    pub heard: Heard,
    /// What the session is called from now on.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub labels: BTreeSet<String>,
    /// Where the result was changed.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub redacted: BTreeSet<String>,
    /// Names what the agent got, when that is not what came back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// What was judged beside the call and the words of the result; none when the result could not be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result: Option<Trace>,
}

/// What became of a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Passage {
    /// The agent got it as it came.
    Passed,
    /// The agent got it changed.
    Changed,
    /// The agent did not get it.
    Withheld,
}

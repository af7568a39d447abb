//! Where can an approval stand?

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;

/// Where it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum State {
    /// People have not agreed yet.
    Pending,
    /// They have, and it was not used yet.
    Approved {
        /// From when on it is worth nothing.
        until: Timestamp,
    },
    /// It is being performed.
    Executing(Attempt),
    /// Nobody knows whether it happened. Only somebody who has looked can say; it is never performed again.
    Unknown,
    /// It is over.
    Ended(End),
}

/// The one attempt at performing it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attempt {
    /// Names it.
    pub id: String,
    /// Until when whoever performs it is believed to be alive.
    pub lease: Timestamp,
}

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// Somebody said no.
    Rejected,
    /// Nobody agreed in time.
    Expired,
    /// Whoever asked wants it no more.
    Cancelled,
    /// What was asked for is not what it was: a tool changed, or the rules.
    Superseded,
    /// People agreed, and nobody used it in time.
    Lapsed,
    /// People agreed, and took it back in time.
    Revoked,
    /// It was performed.
    Succeeded,
    /// It was performed, and failed.
    Failed,
    /// Nobody knew; somebody looked, and it had happened.
    ReconciledSucceeded,
    /// Nobody knew; somebody looked, and it had not happened.
    ReconciledFailed,
}

/// What became of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The server gave a result.
    Succeeded,
    /// The server said no, or nothing was sent.
    Failed,
    /// Nobody knows.
    Unknown,
}

impl From<Outcome> for State {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Succeeded => Self::Ended(End::Succeeded),
            Outcome::Failed => Self::Ended(End::Failed),
            Outcome::Unknown => Self::Unknown,
        }
    }
}

impl End {
    /// After somebody looked.
    pub const fn reconciled(happened: bool) -> Self {
        if happened { Self::ReconciledSucceeded } else { Self::ReconciledFailed }
    }
}

impl State {
    /// Every word there is for a state.
    pub const WORDS: [&str; 14] = [
        "pending",
        "approved",
        "executing",
        "outcome_unknown",
        "rejected",
        "expired",
        "cancelled",
        "superseded",
        "lapsed",
        "revoked",
        "succeeded",
        "failed",
        "reconciled_succeeded",
        "reconciled_failed",
    ];

    /// One word for the record, for programs and for people.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Approved { .. } => "approved",
            Self::Executing(_) => "executing",
            Self::Unknown => "outcome_unknown",
            Self::Ended(end) => match end {
                End::Rejected => "rejected",
                End::Expired => "expired",
                End::Cancelled => "cancelled",
                End::Superseded => "superseded",
                End::Lapsed => "lapsed",
                End::Revoked => "revoked",
                End::Succeeded => "succeeded",
                End::Failed => "failed",
                End::ReconciledSucceeded => "reconciled_succeeded",
                End::ReconciledFailed => "reconciled_failed",
            },
        }
    }
}

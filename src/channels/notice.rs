//! Which changes of a call are worth telling anybody?
//!
//! Every change is written down together with a notice of it, in one transaction; so nothing that happened is ever not told.
//! Some are written before their time: when others are asked too, and when the time is nearly over.
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::approval::Approval;
use crate::approval::state::{End, State};
use crate::clock::Timestamp;

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// A call waits for people.
    Requested,
    /// People changed what would be sent, and others have to agree to that.
    Edited,
    /// More people are asked.
    Escalated,
    /// The time is nearly over.
    Reminded,
    /// Somebody wants to know something.
    Questioned,
    /// Whoever asked has answered.
    Explained,
    /// Somebody answered, and others still have to.
    Voted,
    /// People agreed.
    Approved,
    /// Somebody said no.
    Rejected,
    /// Nobody agreed in time.
    Expired,
    /// Whoever asked wants it no more.
    Cancelled,
    /// What was asked for is not what it was.
    Superseded,
    /// People took back what they agreed to.
    Revoked,
    /// People agreed, and nobody used it in time.
    Lapsed,
    /// It is being performed.
    Running,
    /// It was performed.
    Succeeded,
    /// It was performed, and failed.
    Failed,
    /// Nobody knows whether it happened.
    Unknown,
    /// Somebody looked whether it had.
    Reconciled,
    /// Several calls wait, and are told of at once.
    Many,
    /// Nothing; somebody tries a channel out.
    Test,
}

/// A change that is to be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// Names it: the same change has the same name whoever writes it down.
    pub id: String,
    /// The call.
    pub approval: String,
    /// What happened.
    pub what: What,
    /// How often the call had changed by then; zero for what was written before its time.
    pub revision: i64,
    /// When it is to be told.
    pub due: Timestamp,
}

impl What {
    /// Everything that can happen.
    pub const ALL: [Self; 21] = [
        Self::Requested,
        Self::Edited,
        Self::Escalated,
        Self::Reminded,
        Self::Questioned,
        Self::Explained,
        Self::Voted,
        Self::Approved,
        Self::Rejected,
        Self::Expired,
        Self::Cancelled,
        Self::Superseded,
        Self::Revoked,
        Self::Lapsed,
        Self::Running,
        Self::Succeeded,
        Self::Failed,
        Self::Unknown,
        Self::Reconciled,
        Self::Many,
        Self::Test,
    ];

    /// One word for programs, in the configuration and in the store.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Edited => "edited",
            Self::Escalated => "escalated",
            Self::Reminded => "reminded",
            Self::Questioned => "questioned",
            Self::Explained => "explained",
            Self::Voted => "voted",
            Self::Approved => "approved",
            Self::Rejected => "rejected",
            Self::Expired => "expired",
            Self::Cancelled => "cancelled",
            Self::Superseded => "superseded",
            Self::Revoked => "revoked",
            Self::Lapsed => "lapsed",
            Self::Running => "running",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
            Self::Reconciled => "reconciled",
            Self::Many => "many",
            Self::Test => "test",
        }
    }

    /// The same with what it happens to, for receivers.
    pub const fn kind(self) -> &'static str {
        match self {
            Self::Requested => "approval.requested",
            Self::Edited => "approval.edited",
            Self::Escalated => "approval.escalated",
            Self::Reminded => "approval.reminded",
            Self::Questioned => "approval.questioned",
            Self::Explained => "approval.explained",
            Self::Voted => "approval.voted",
            Self::Approved => "approval.approved",
            Self::Rejected => "approval.rejected",
            Self::Expired => "approval.expired",
            Self::Cancelled => "approval.cancelled",
            Self::Superseded => "approval.superseded",
            Self::Revoked => "approval.revoked",
            Self::Lapsed => "approval.lapsed",
            Self::Running => "call.running",
            Self::Succeeded => "call.succeeded",
            Self::Failed => "call.failed",
            Self::Unknown => "call.unknown",
            Self::Reconciled => "call.reconciled",
            Self::Many => "approval.many",
            Self::Test => "channel.test",
        }
    }

    /// What this word means.
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|what| what.word() == word)
    }

    /// Whether people are asked by it to answer.
    pub const fn asks(self) -> bool {
        matches!(self, Self::Requested | Self::Edited | Self::Escalated | Self::Reminded)
    }

    /// What a change made of an approval, if anybody is to hear of it.
    pub fn of(before: Option<&Approval>, after: &Approval) -> Option<Self> {
        let Some(before) = before else {
            // What is agreed to already, by a grant, asks nobody.
            return (after.state == State::Pending).then_some(Self::Requested);
        };
        if before.state != after.state {
            return match &after.state {
                State::Pending => None,
                State::Approved { .. } => Some(Self::Approved),
                // Whoever performs it is only believed for longer.
                State::Executing(_) if matches!(before.state, State::Executing(_)) => None,
                State::Executing(_) => Some(Self::Running),
                State::Unknown => Some(Self::Unknown),
                State::Ended(end) => Some(Self::of_end(*end)),
            };
        }
        if before.digest != after.digest {
            Some(Self::Edited)
        } else if before.votes.len() < after.votes.len() {
            Some(Self::Voted)
        } else if before.escalated != after.escalated {
            Some(Self::Escalated)
        } else if before.questions.len() < after.questions.len() {
            Some(Self::Questioned)
        } else if before.questions != after.questions {
            Some(Self::Explained)
        } else {
            None
        }
    }

    const fn of_end(end: End) -> Self {
        match end {
            End::Rejected => Self::Rejected,
            End::Expired => Self::Expired,
            End::Cancelled => Self::Cancelled,
            End::Superseded => Self::Superseded,
            End::Lapsed => Self::Lapsed,
            End::Revoked => Self::Revoked,
            End::Succeeded => Self::Succeeded,
            End::Failed => Self::Failed,
            End::ReconciledSucceeded | End::ReconciledFailed => Self::Reconciled,
        }
    }
}

impl Notice {
    /// What is to be told of a change that was made now, and later because of it.
    pub fn of(before: Option<&Approval>, (after, revision): (&Approval, i64), now: Timestamp) -> Vec<Self> {
        let Some(what) = What::of(before, after) else { return Vec::new() };
        let notice = |what: What, revision: i64, due: Timestamp| Self {
            id: format!("{}-{}-{}", after.id, what.word(), if revision > 0 { revision } else { due.micros() }),
            approval: after.id.to_string(),
            what,
            revision,
            due,
        };
        let mut all = vec![notice(what, revision, now)];
        if what == What::Requested {
            let asks_later = after.agreement.all_of.iter().filter_map(|hold| hold.terms.escalate.as_ref());
            let mut later: Vec<Timestamp> = asks_later
                .map(|escalation| {
                    i64::try_from(escalation.after.seconds()).unwrap_or(i64::MAX).saturating_mul(1_000_000)
                })
                .map(|micros| Timestamp::from_micros(after.opened.micros().saturating_add(micros)))
                .filter(|at| *at < after.deadline)
                .collect();
            later.sort_unstable();
            later.dedup();
            all.extend(later.into_iter().map(|at| notice(What::Escalated, 0, at)));
            let waits = after.deadline.micros().saturating_sub(after.opened.micros());
            let near = Timestamp::from_micros(after.deadline.micros().saturating_sub(waits / 4));
            all.push(notice(What::Reminded, 0, near));
        }
        all
    }
}

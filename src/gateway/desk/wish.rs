//! What does somebody want to be done with an approval?

use super::LEASE;
use crate::approval::edit::Edit;
use crate::approval::event::{Claim, Event};
use crate::approval::precondition::Precondition;
use crate::approval::scope::Scope;
use crate::approval::state::{Attempt, Outcome};
use crate::approval::vote::{Evidence, Part, Vote, Voter, Word};
use crate::audit::entry::Entry;
use crate::call::CallId;
use crate::clock::Timestamp;
use crate::digest::Digest;
use crate::passkey::Signed;
use crate::policy::finding::grant::GrantTerms;

/// What somebody wants to be done with an approval.
#[derive(Clone, Debug)]
pub enum Wish {
    /// A person answers.
    Vote {
        /// Who.
        by: Voter,
        /// What.
        word: Word,
        /// Why.
        reason: Option<String>,
        /// What they were shown.
        digest: Digest,
        /// How far a yes reaches beyond the call.
        bounds: Option<GrantTerms>,
        /// By what they answer.
        evidence: Evidence,
    },
    /// Whoever asked wants it no more.
    Cancel(&'static str),
    /// What was asked for is not what it was.
    Supersede(String),
    /// A person takes back what people agreed to.
    Revoke(Voter, Option<String>),
    /// A person has those asked at once who would be asked later.
    Escalate(Voter),
    /// A person wants to know something.
    Question {
        /// Who.
        by: Voter,
        /// What.
        text: String,
    },
    /// Whoever asked answers the question that has waited longest.
    Explain(String),
    /// A person wants other arguments to be sent.
    Propose {
        /// Who.
        by: Voter,
        /// What they were shown.
        about: Digest,
        /// Which, and why.
        edit: Edit,
    },
    /// They are sent, if people agree to the call this makes.
    Edit {
        /// Names that call.
        to: Digest,
        /// What a grant of it would pin.
        scope: Option<Box<Scope>>,
        /// What people are shown of it.
        shown: String,
        /// What was seen of its effect.
        seen: Vec<Precondition>,
        /// What else is written down.
        entries: Vec<Entry>,
    },
    /// They are not, and why.
    Unedit(String),
    /// It is about to be performed.
    Claim(Claimant),
    /// It still is.
    Renew(String),
    /// It was performed.
    Finish {
        /// The attempt.
        attempt: String,
        /// What it came to.
        end: Outcome,
        /// What else is written down.
        entries: Vec<Entry>,
    },
    /// A person looked whether it had happened.
    Reconcile {
        /// Who.
        by: Voter,
        /// Whether it had.
        happened: bool,
        /// How they know.
        evidence: String,
    },
}

/// Whoever is about to perform a call.
#[derive(Clone, Debug)]
pub struct Claimant {
    /// Names the attempt.
    pub attempt: String,
    /// Names what will be sent.
    pub digest: Digest,
    /// What is written down before it is sent.
    pub entries: Vec<Entry>,
}

impl Wish {
    /// What a passkey signs for it, where it is an answer.
    pub fn signed<'a>(&'a self, call: &'a CallId) -> Option<Signed<'a>> {
        let Self::Vote { word, reason, digest, bounds, .. } = self else { return None };
        Some(Signed { call, digest: *digest, word: *word, reason: reason.as_deref(), bounds: bounds.as_ref() })
    }

    /// The same answer, by this.
    #[must_use]
    pub fn with_evidence(mut self, by: Evidence) -> Self {
        if let Self::Vote { evidence, .. } = &mut self {
            *evidence = by;
        }
        self
    }

    /// What happens to the approval now if it is granted; `now_is` tells who a voter is by now.
    pub(super) fn happening<'a>(&self, now: Timestamp, now_is: &'a dyn Fn(&Voter) -> Option<&'a Voter>) -> Event<'a> {
        match self {
            Self::Vote { by, word, reason, digest, bounds, evidence } => Event::Voted(Vote {
                by: by.clone(),
                word: *word,
                part: Part::Countersigns,
                reason: reason.clone(),
                digest: *digest,
                at: now,
                bounds: bounds.clone(),
                evidence: evidence.clone(),
            }),
            Self::Cancel(_) => Event::Cancelled,
            Self::Supersede(_) => Event::Superseded,
            Self::Revoke(by, _) => Event::Revoked(by.clone()),
            Self::Claim(Claimant { attempt, digest, .. }) => Event::Claimed(Claim {
                attempt: Attempt { id: attempt.clone(), lease: leased(now) },
                digest: *digest,
                now: now_is,
            }),
            Self::Renew(attempt) => Event::Renewed { attempt: attempt.clone(), lease: leased(now) },
            Self::Finish { attempt, end, .. } => Event::Finished { attempt: attempt.clone(), end: *end },
            Self::Escalate(by) => Event::Escalated(by.clone()),
            Self::Question { by, text } => Event::Questioned { by: by.clone(), text: text.clone() },
            Self::Explain(text) => Event::Told(text.clone()),
            Self::Propose { by, about, edit } => Event::Proposed { by: by.clone(), about: *about, edit: edit.clone() },
            Self::Edit { to, scope, seen, .. } => {
                Event::Edited { to: *to, scope: scope.as_deref().cloned(), seen: seen.clone() }
            }
            Self::Unedit(why) => Event::Unedited { why: why.clone() },
            Self::Reconcile { happened, .. } => Event::Reconciled { happened: *happened },
        }
    }
}

fn leased(now: Timestamp) -> Timestamp {
    let lease = i64::try_from(LEASE.as_micros()).unwrap_or(i64::MAX);
    Timestamp::from_micros(now.micros().saturating_add(lease))
}

//! Who must agree, and did they? The states and the events of one approval.
//!
//! An approval is a value: what exactly waits, who asked, who must agree, who has voted, and where it stands. An event makes
//! another value of it, or is refused and says why; nothing is changed in place, and time comes in as an argument. What
//! the time alone decides ([`Approval::due`]) is always decided first, so that nothing late is ever in time.
//!
//! ```text
//! pending -> approved -> executing -> succeeded | failed
//!    |          |            \-> outcome unknown -> reconciled
//!    |          \-> lapsed | revoked
//!    \-> rejected | expired | cancelled | superseded
//! ```
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

pub mod asker;
pub mod consent;
pub mod edit;
pub mod event;
pub mod evidence;
pub mod grant;
pub mod people;
pub mod precondition;
pub mod question;
pub mod quorum;
mod row;
pub mod scope;
pub mod state;
mod talk;
pub mod vote;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::call::CallId;
use crate::clock::Timestamp;
use crate::digest::Digest;
use crate::policy::decision::Agreement;
use crate::policy::finding::hold::Reviewer;
use asker::Asker;
use consent::Consent;
use edit::Edit;
use event::{Claim, Event, Refused};
use grant::{Grant, Under};
use precondition::Precondition;
use question::Question;
pub use quorum::BREAK_GLASS;
use quorum::Standing;
use scope::Scope;
use state::{Attempt, End, State};
use vote::{Part, Vote, Voter, Word};

/// How long an approval that nobody uses is worth something.
pub const UNUSED_MICROS: i64 = 300_000_000;
/// How long a pending approval waits when no rule says how long.
pub const WAIT_MICROS: i64 = 900_000_000;
/// No approval waits longer, whatever a rule says.
pub const LONGEST_WAIT_MICROS: i64 = 86_400_000_000;

/// One call that waits for people, and everything they said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Approval {
    /// Names the call.
    pub id: CallId,
    /// Names everything that was judged and shown: caller, server, tool and its definition, arguments.
    pub digest: Digest,
    /// Names the same call however often it is made: who asks again finds this one.
    pub repeat: Digest,
    /// Who asked, and who may not be the one to agree.
    pub asker: Asker,
    /// Who must agree. It was written when the call was held, and no change of rules or people makes it less.
    #[serde(deserialize_with = "row::agreement")]
    pub agreement: Agreement,
    /// When it was opened.
    pub opened: Timestamp,
    /// When it ends by itself.
    pub deadline: Timestamp,
    /// Where it stands.
    pub state: State,
    /// What people said, in order. Nothing is ever taken out.
    pub votes: Vec<Vote>,
    /// When somebody asked those at once who would be asked after a while.
    #[serde(deserialize_with = "row::nullable")]
    pub escalated: Option<Timestamp>,
    /// What people wanted to know, in order.
    pub questions: Vec<Question>,
    /// What people wanted to be different, in order.
    pub edits: Vec<Edit>,
    /// What a grant of it would pin, where somebody may make one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<Scope>,
    /// The grant because of which nobody has to be asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub under: Option<Under>,
    /// What was seen of its effect before people were asked, and must still be so when it is sent.
    pub seen: Vec<Precondition>,
}

/// What an event came to.
#[derive(Debug)]
pub struct Next {
    /// The approval after it.
    pub approval: Approval,
    /// Proof that it may run now; only a claim yields one.
    pub consent: Option<Consent>,
    /// What people agreed to beyond it; only a yes yields one.
    pub grant: Option<Box<Grant>>,
}

impl Approval {
    /// A call that waits from now on.
    pub fn open(
        (id, digest, repeat): (CallId, Digest, Digest),
        asker: Asker,
        agreement: Agreement,
        now: Timestamp,
    ) -> Self {
        let wait = agreement
            .ttl()
            .map_or(WAIT_MICROS, |ttl| i64::try_from(ttl.seconds()).unwrap_or(i64::MAX).saturating_mul(1_000_000));
        let deadline = later(now, wait.min(LONGEST_WAIT_MICROS));
        Self {
            id,
            digest,
            repeat,
            asker,
            agreement,
            opened: now,
            deadline,
            state: State::Pending,
            votes: Vec::new(),
            escalated: None,
            questions: Vec::new(),
            edits: Vec::new(),
            scope: None,
            under: None,
            seen: Vec::new(),
        }
    }

    /// The same, of which somebody may make a grant as the rules let them.
    #[must_use]
    pub fn with_scope(self, scope: Option<Scope>) -> Self {
        Self { scope, ..self }
    }

    /// Names what people are asked: what would be sent, and what was seen of its effect. Their words name it too, so that
    /// they count for what they were shown.
    pub fn summary(&self) -> Digest {
        if self.seen.is_empty() {
            return self.digest;
        }
        // What has no text is what nobody was shown, and no word is about it.
        let seen = serde_json::to_vec(&self.seen).unwrap_or_default();
        self.digest.with(&Digest::of_bytes("preconditions", &seen))
    }

    /// What the time alone has decided by now, if it has.
    pub fn due(&self, now: Timestamp) -> Option<Self> {
        let state = match &self.state {
            State::Pending if now >= self.deadline => State::Ended(End::Expired),
            State::Approved { until } if now >= *until => State::Ended(End::Lapsed),
            State::Executing(attempt) if now >= attempt.lease => State::Unknown,
            _ => return None,
        };
        Some(self.at(state))
    }

    /// When the time alone decides next.
    pub const fn wakes(&self) -> Option<Timestamp> {
        match &self.state {
            State::Pending => Some(self.deadline),
            State::Approved { until } => Some(*until),
            State::Executing(attempt) => Some(attempt.lease),
            State::Unknown | State::Ended(_) => None,
        }
    }

    /// Whether something is still to come. Afterwards somebody can at most look what had happened.
    pub const fn is_open(&self) -> bool {
        matches!(self.state, State::Pending | State::Approved { .. } | State::Executing(_))
    }

    /// Who still has to agree, in words for people; nothing when nobody has to.
    pub fn lacking(&self, now: Timestamp) -> Vec<String> {
        Standing::of(self, &|vote| Some(&vote.by)).lacking(self, now)
    }

    /// Whether this person could answer now; why not, when they could not.
    pub fn may_vote(&self, voter: &Voter, now: Timestamp) -> Result<(), Refused> {
        if self.due(now).is_some() {
            return Err(Refused::Late);
        }
        if self.state != State::Pending {
            return Err(self.refused());
        }
        self.asks(voter, now)?;
        self.has_not_answered(voter)
    }

    fn has_not_answered(&self, voter: &Voter) -> Result<(), Refused> {
        if self.has_answered(voter) { Err(Refused::Voted) } else { Ok(()) }
    }

    /// Whether this person answered already, to what it is now, by whichever account.
    pub fn has_answered(&self, voter: &Voter) -> bool {
        let asked = self.agreed_about();
        let said = |earlier: &Vote| earlier.digest == asked && quorum::same(&self.asker, &earlier.by, voter);
        self.votes.iter().any(said)
    }

    /// Whether at least one of the holds asks this person by now, wherever it stands and whatever they said already.
    pub fn asks(&self, voter: &Voter, now: Timestamp) -> Result<(), Refused> {
        let counts = |hold| quorum::counts(hold, voter, self, now);
        if self.agreement.all_of.iter().any(|hold| counts(&hold.terms)) {
            return Ok(());
        }
        let own = self.asker.is(voter);
        Err(if own { Refused::OwnCall } else { Refused::NotAsked })
    }

    /// Whom the holds ask by now, as the rules name them, wherever it stands.
    pub fn reviewers(&self, now: Timestamp) -> BTreeSet<Reviewer> {
        quorum::reviewers(self, now)
    }

    /// What the event makes of it. Whatever the time has decided must have been taken in before.
    pub fn after(&self, event: Event<'_>, now: Timestamp) -> Result<Next, Refused> {
        if self.due(now).is_some() {
            return Err(Refused::Late);
        }
        let plain = |approval| Ok(Next { approval, consent: None, grant: None });
        match event {
            Event::Voted(vote) => {
                let approval = self.voted(vote, now)?;
                let grant = Grant::made_by_last(&approval, now).map(Box::new);
                Ok(Next { approval, consent: None, grant })
            }
            Event::Cancelled => match self.state {
                State::Pending | State::Approved { .. } => plain(self.at(State::Ended(End::Cancelled))),
                _ => Err(self.refused()),
            },
            Event::Superseded => match self.state {
                State::Pending | State::Approved { .. } => plain(self.at(State::Ended(End::Superseded))),
                _ => Err(self.refused()),
            },
            Event::Revoked(by) => match self.state {
                State::Approved { .. } => {
                    self.asks(&by, now)?;
                    plain(self.at(State::Ended(End::Revoked)))
                }
                _ => Err(self.refused()),
            },
            Event::Claimed(claim) => self.claimed(claim, now),
            Event::Renewed { attempt, lease } => match &self.state {
                State::Executing(running) if running.id == attempt => {
                    // Whoever performs it was told how long they may; that is never made less behind their back.
                    let lease = lease.max(running.lease);
                    plain(self.at(State::Executing(Attempt { lease, ..running.clone() })))
                }
                _ => Err(self.refused()),
            },
            Event::Finished { attempt, end } => match &self.state {
                State::Executing(running) if running.id == attempt => plain(self.at(end.into())),
                _ => Err(self.refused()),
            },
            Event::Escalated(by) => plain(self.escalated(&by, now)?),
            Event::Questioned { by, text } => plain(self.questioned(&by, text, now)?),
            Event::Told(text) => plain(self.told(text, now)?),
            Event::Proposed { by, about, edit } => plain(self.proposed(&by, (about, edit), now)?),
            Event::Edited { to, scope, seen } => plain(self.edited(to, (scope, seen))?),
            Event::Unedited { why } => plain(self.unedited(why)?),
            Event::Reconciled { happened } => match self.state {
                State::Unknown => plain(self.at(State::Ended(End::reconciled(happened)))),
                _ => Err(self.refused()),
            },
        }
    }

    /// Whether this person could break the glass now; why not, when they could not.
    pub fn may_break_glass(&self, voter: &Voter, now: Timestamp) -> Result<(), Refused> {
        match self.may_vote(voter, now) {
            Err(Refused::NotAsked) | Ok(()) if quorum::may_break_glass(voter, self) => self.has_not_answered(voter),
            Err(Refused::NotAsked) | Ok(()) => Err(Refused::NoGlass),
            Err(refused) => Err(refused),
        }
    }

    /// Whether it was agreed to by people who broke the glass, and not by those the rules ask.
    pub fn is_glass_broken(&self) -> bool {
        quorum::is_glass_broken(self, &|vote| Some(&vote.by))
    }

    fn voted(&self, vote: Vote, now: Timestamp) -> Result<Self, Refused> {
        match vote.word {
            Word::BreakGlass => self.may_break_glass(&vote.by, now)?,
            Word::Yes | Word::No => self.may_vote(&vote.by, now)?,
        }
        if vote.digest != self.summary() {
            return Err(Refused::OtherCall);
        }
        if vote.word != Word::Yes && vote.reason.as_deref().is_none_or(|reason| reason.trim().is_empty()) {
            return Err(Refused::NoReason);
        }
        if vote.bounds.as_ref().is_some_and(|bounds| vote.word != Word::Yes || self.may_grant(bounds).is_err()) {
            return Err(Refused::TooWide);
        }
        let vote = self.with_evidence(vote, now)?;
        let word = vote.word;
        let part = if self.asker.is(&vote.by) { Part::Confirms } else { Part::Countersigns };
        let mut next = self.clone();
        next.votes.push(Vote { part, at: now, ..vote });
        if word == Word::No {
            next.state = State::Ended(End::Rejected);
        } else if Standing::of(&next, &|vote| Some(&vote.by)).is_met() || next.is_glass_broken() {
            next.state = State::Approved { until: later(now, UNUSED_MICROS) };
        }
        Ok(next)
    }

    /// Quorum is counted again from the votes, with whoever those people are now, and every signature is checked again.
    fn claimed(&self, claim: Claim<'_>, now: Timestamp) -> Result<Next, Refused> {
        if !matches!(self.state, State::Approved { .. }) {
            return Err(self.refused());
        }
        if claim.digest != self.digest {
            return Err(Refused::OtherCall);
        }
        let now_is = |vote: &'_ Vote| (claim.now)(&vote.by);
        let agreed = Standing::of(self, &now_is).is_met() || quorum::is_glass_broken(self, &now_is);
        // One no ends it, so that there is one in what was agreed to only where somebody wrote into the store.
        if !agreed || self.votes.iter().any(|vote| vote.word == Word::No) {
            return Err(Refused::QuorumGone);
        }
        if claim.attempt.lease <= now {
            return Err(Refused::Late);
        }
        let approval = self.at(State::Executing(claim.attempt));
        Ok(Next { approval, consent: Some(Consent::new(self.digest)), grant: None })
    }

    fn at(&self, state: State) -> Self {
        Self { state, ..self.clone() }
    }

    fn refused(&self) -> Refused {
        Refused::Stands(self.state.word())
    }
}

fn later(time: Timestamp, micros: i64) -> Timestamp {
    Timestamp::from_micros(time.micros().saturating_add(micros))
}

#[cfg(test)]
mod tests;

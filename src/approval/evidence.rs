//! What shows that an answer is this person's own, and is that enough?
//!
//! On one's own machine the agent runs as its user: it has the user's files, keys and command line, and so the account. It
//! has neither the browser in which the user is signed in nor the passkey. A hold that wants one of these counts a yes only
//! with it, when it is said and again when the call is claimed; a passkey's signature is checked both times. A no always
//! counts: whoever says it lets nothing run.
//!
//! What this does not cover: whoever can write into the store can enrol a passkey of their own there, as if it were somebody's.
//! The signature in the book is that key's then, and not one that the person has.

use serde::{Deserialize, Serialize};

use super::event::Refused;
use super::vote::{Vote, Voter, Word};
use super::{Approval, quorum};
use crate::call::CallId;
use crate::clock::Timestamp;
use crate::passkey::{Assertion, Signed};
use crate::policy::finding::evidence::Needed;

/// By what somebody answered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Evidence {
    /// A key, a token or a login of theirs.
    #[default]
    Account,
    /// A browser in which they are signed in.
    #[serde(rename = "session")]
    SignedIn,
    /// The signature of a passkey.
    Passkey(Box<Assertion>),
}

impl Evidence {
    /// What it is evidence of, if it holds.
    pub const fn claims(&self) -> Needed {
        match self {
            Self::Account => Needed::Account,
            Self::SignedIn => Needed::Session,
            Self::Passkey(_) => Needed::Passkey,
        }
    }

    /// The signature, where there is one.
    pub const fn assertion(&self) -> Option<&Assertion> {
        match self {
            Self::Passkey(assertion) => Some(assertion),
            Self::Account | Self::SignedIn => None,
        }
    }

    pub(super) const fn is_account(&self) -> bool {
        matches!(self, Self::Account)
    }
}

impl Vote {
    /// What is signed where this is an answer to that call.
    pub fn signed<'a>(&'a self, call: &'a CallId) -> Signed<'a> {
        let Self { word, reason, digest, bounds, .. } = self;
        Signed { call, digest: *digest, word: *word, reason: reason.as_deref(), bounds: bounds.as_ref() }
    }
}

impl Approval {
    /// The least evidence with which this person's yes counts now; nothing where none does.
    pub fn needs(&self, voter: &Voter, now: Timestamp) -> Option<Needed> {
        self.asked_for(voter, now).min().or_else(|| self.needs_to_break(voter))
    }

    /// The evidence with which it counts wherever they are asked; nothing where it counts nowhere.
    pub fn suffices(&self, voter: &Voter, now: Timestamp) -> Option<Needed> {
        self.asked_for(voter, now).max().or_else(|| self.needs_to_break(voter))
    }

    /// What breaking the glass takes: it is in the place of every hold, so what the strictest wants.
    pub fn strictest(&self) -> Needed {
        self.agreement.all_of.iter().map(|hold| hold.terms.needs()).max().unwrap_or_default()
    }

    /// What a vote about it shows; nothing where the signature in it does not hold.
    pub(super) fn shown_by(&self, vote: &Vote) -> Option<Needed> {
        // What was signed names the call people were shown, and of a use of a grant that is another one.
        let call = self.under.as_ref().map_or(&self.id, |under| &under.grant);
        match &vote.evidence {
            Evidence::Passkey(assertion) if assertion.verify(&vote.signed(call)).is_err() => None,
            evidence => Some(evidence.claims()),
        }
    }

    /// The vote, if its evidence is enough for it to count. A no is believed without.
    pub(super) fn with_evidence(&self, vote: Vote, now: Timestamp) -> Result<Vote, Refused> {
        let shows = self.shown_by(&vote);
        let needs = match vote.word {
            Word::Yes => self.needs(&vote.by, now).unwrap_or(Needed::Passkey),
            Word::BreakGlass => self.strictest(),
            Word::No if shows.is_none() => return Ok(Vote { evidence: Evidence::Account, ..vote }),
            Word::No => Needed::Account,
        };
        match shows {
            None => Err(Refused::Signature),
            Some(shows) if shows < needs => Err(Refused::Evidence(needs)),
            Some(_) => Ok(vote),
        }
    }

    fn asked_for(&self, voter: &Voter, now: Timestamp) -> impl Iterator<Item = Needed> {
        let asks = self.agreement.all_of.iter().filter(move |hold| quorum::counts(&hold.terms, voter, self, now));
        asks.map(|hold| hold.terms.needs())
    }

    fn needs_to_break(&self, voter: &Voter) -> Option<Needed> {
        quorum::may_break_glass(voter, self).then(|| self.strictest())
    }
}

//! What can happen to an approval, and why does it not?

use std::fmt;

use super::edit::Edit;
use super::precondition::Precondition;
use super::scope::Scope;
use super::state::{Attempt, Outcome};
use super::vote::{Vote, Voter};
use crate::clock::Timestamp;
use crate::digest::Digest;
use crate::policy::finding::evidence::Needed;

/// Something that happens to an approval.
#[derive(Debug)]
pub enum Event<'a> {
    /// A person answered.
    Voted(Vote),
    /// Whoever asked wants it no more.
    Cancelled,
    /// What was asked for is not what it was.
    Superseded,
    /// A person takes back what people agreed to.
    Revoked(Voter),
    /// Somebody is about to perform it.
    Claimed(Claim<'a>),
    /// Whoever performs it is still there.
    Renewed {
        /// The attempt.
        attempt: String,
        /// Until when they are believed to be.
        lease: Timestamp,
    },
    /// The attempt is over.
    Finished {
        /// The attempt.
        attempt: String,
        /// What it came to.
        end: Outcome,
    },
    /// A person asks those at once who would be asked after a while.
    Escalated(Voter),
    /// A person wants to know something of whoever asked.
    Questioned {
        /// Who.
        by: Voter,
        /// What.
        text: String,
    },
    /// Whoever asked answers the question that has waited longest.
    Told(String),
    /// A person wants other arguments to be sent.
    Proposed {
        /// Who.
        by: Voter,
        /// What they were shown.
        about: Digest,
        /// Which.
        edit: Edit,
    },
    /// They are sent, if people agree to the call this makes.
    Edited {
        /// Names that call.
        to: Digest,
        /// What a grant of that would pin.
        scope: Option<Scope>,
        /// What was seen of its effect.
        seen: Vec<Precondition>,
    },
    /// They are not.
    Unedited {
        /// Why.
        why: String,
    },
    /// Somebody looked whether it had happened.
    Reconciled {
        /// Whether it had.
        happened: bool,
    },
}

/// The wish to perform it now.
pub struct Claim<'a> {
    /// The attempt.
    pub attempt: Attempt,
    /// Names what will really be sent.
    pub digest: Digest,
    /// Who a voter is now; nothing when they may not vote any more.
    /// Their word counts only under the same person's name.
    pub now: &'a dyn Fn(&Voter) -> Option<&'a Voter>,
}

impl fmt::Debug for Claim<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Claim").field("attempt", &self.attempt).field("digest", &self.digest).finish_non_exhaustive()
    }
}

/// Why nothing happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It stands where this cannot happen.
    #[error("it is {0} already; nothing was changed")]
    Stands(&'static str),
    /// The time has decided something that was not taken in yet.
    #[error("its time is over; look at it again")]
    Late,
    /// The vote is about something else.
    #[error("what was shown is not what waits; look at it again and decide about that")]
    OtherCall,
    /// Who asked cannot be who agrees.
    #[error("it is your own call, or you had a part in it; somebody else has to agree")]
    OwnCall,
    /// The rule asks others.
    #[error("the rule does not ask you; it names who may agree")]
    NotAsked,
    /// They did already.
    #[error("you answered already; an answer is never changed")]
    Voted,
    /// Only few may break the glass.
    #[error(
        "only people with the role `break-glass` in [people] may agree where a rule asks others, and not to their own call"
    )]
    NoGlass,
    /// Nothing shows that it is a person's own.
    #[error("the rules want more than an account for a yes here: {}", .0.advice())]
    Evidence(Needed),
    /// What was signed is not this.
    #[error("the signature of the passkey does not hold for this answer; look at the call again and sign again")]
    Signature,
    /// A no needs a reason.
    #[error(
        "say why; a no is told to the agent, so that it can do something else, and whoever breaks the glass answers for it"
    )]
    NoReason,
    /// There is nobody else to ask.
    #[error("no rule names anybody who would be asked later, or they are asked already")]
    NobodyLater,
    /// Nothing was said.
    #[error("say something: a question, a change and its reason, an answer need words")]
    NoWords,
    /// Nobody wants to know anything.
    #[error("nobody has asked anything that is not answered yet")]
    NothingAsked,
    /// Enough is enough.
    #[error(
        "too much was asked or changed about this call, or a change of it is still being looked at; answer with yes or no"
    )]
    TooMuch,
    /// A yes reaches further than the rules let it.
    #[error("the rules do not let a yes reach so far; `approvals show` says how far it may")]
    TooWide,
    /// People who agreed may not agree any more.
    #[error("not enough of those who agreed may still agree; it has to be asked again")]
    QuorumGone,
}

impl Refused {
    /// One word for programs.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Stands(_) => "not_open",
            Self::Late => "late",
            Self::OtherCall => "stale",
            Self::OwnCall => "own_call",
            Self::NotAsked => "not_eligible",
            Self::Voted => "already_voted",
            Self::NoGlass => "no_break_glass",
            Self::Evidence(_) => "evidence_required",
            Self::Signature => "evidence_invalid",
            Self::NoReason => "reason_required",
            Self::NobodyLater => "nobody_later",
            Self::NoWords => "words_required",
            Self::NothingAsked => "nothing_asked",
            Self::TooMuch => "too_much",
            Self::TooWide => "too_wide",
            Self::QuorumGone => "quorum_gone",
        }
    }
}

//! Which calls did people agree to beyond the one they were shown?
//!
//! A grant comes of an approval when enough of those who agreed gave their yes the same bounds. It holds what it came of:
//! who asked for what, who had to agree, and the votes that made it. A call that would wait may be a use of it: then that
//! call has an approval of its own, which is approved because of the grant, and its people are counted again when it is
//! claimed like anybody's. A use is taken before anything runs, and is gone also when nothing does.
//!
//! It never makes more of a yes than the rules let it, then or now: the rules judge every use, their holds must be among
//! those that were agreed to, on equal terms, and must still let somebody make a grant as wide as this. Whatever does not
//! fit is not covered, and waits for people as if there were no grant.

use serde::{Deserialize, Serialize};

use super::asker::Asker;
use super::event::Refused;
use super::quorum::Standing;
use super::scope::{Differs, Scope};
use super::state::State;
use super::vote::{Vote, Voter, Word};
use super::{Approval, UNUSED_MICROS, later};
use crate::call::CallId;
use crate::clock::Timestamp;
use crate::digest::Digest;
use crate::object;
use crate::policy::decision::{Agreement, Said};
use crate::policy::finding::grant::{GrantTerms, TooWide};
use crate::policy::finding::hold::HoldTerms;
use crate::wire::json::Value;

/// What people agreed to beyond one call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grant {
    /// The approval it came of, as it was then, with the votes that made it.
    pub of: Approval,
    /// How far it reaches.
    pub bounds: GrantTerms,
    /// Since when there is one.
    pub made: Timestamp,
    /// From when on it covers nothing.
    pub until: Timestamp,
    /// How many calls were let run because of it, the one it came of among them.
    pub used: u32,
    /// Where it stands.
    pub state: GrantState,
}

/// Where a grant stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GrantState {
    /// It covers calls.
    Open,
    /// As many as it covers have run.
    UsedUp,
    /// Its time is over.
    Over,
    /// Somebody took it back.
    Revoked,
    /// What it was about is not what it was.
    Superseded,
}

/// The grant under which a call has an approval.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Under {
    /// The approval the grant came of, and so the grant.
    pub grant: CallId,
    /// What those who agreed were shown.
    pub digest: Digest,
    /// When they were asked.
    pub opened: Timestamp,
}

/// A call that would wait for people.
#[derive(Clone, Debug)]
pub struct Asked<'a> {
    /// Names the call, what is sent, and the same call however often it is made.
    pub named: (CallId, Digest, Digest),
    /// Who asks.
    pub asker: Asker,
    /// What it is, named with the grant's id and places.
    pub scope: &'a Scope,
    /// Who would have to agree.
    pub agreement: &'a Agreement,
}

/// Why a grant does not cover a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Uncovered {
    /// It is over, or used up, or taken back.
    Ended,
    /// The call is another one.
    Differs(Differs),
    /// The rules ask somebody else, or for something more.
    Agreement,
    /// The rules allow less than it reaches to now.
    TooWide(TooWide),
    /// Not enough of those who agreed may still agree.
    QuorumGone,
}

impl GrantState {
    /// One word for the record, for programs and for people.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::UsedUp => "used_up",
            Self::Over => "over",
            Self::Revoked => "revoked",
            Self::Superseded => "superseded",
        }
    }

    /// Every word there is.
    pub const WORDS: [&str; 5] = ["open", "used_up", "over", "revoked", "superseded"];
}

impl Grant {
    /// The grant that comes of an approval with the last yes; nothing when there were no bounds in it, or when too few of
    /// those who agreed gave theirs the same.
    pub(super) fn made_by_last(approved: &Approval, now: Timestamp) -> Option<Self> {
        let bounds = approved.votes.last()?.bounds.clone()?;
        let same = |vote: &&Vote| {
            vote.word == Word::Yes && vote.digest == approved.digest && vote.bounds.as_ref() == Some(&bounds)
        };
        let votes = approved.votes.iter().filter(same).cloned().collect();
        // What people asked and changed on the way is kept with the call, and may hold what is covered elsewhere.
        let of = Approval { votes, questions: Vec::new(), edits: Vec::new(), ..approved.clone() };
        if !matches!(of.state, State::Approved { .. }) || !Standing::of(&of, &|vote| Some(&vote.by)).is_met() {
            return None;
        }
        let seconds = i64::try_from(bounds.period.seconds()).unwrap_or(0);
        let until = later(now, seconds.saturating_mul(1_000_000));
        Some(Self { of, bounds, made: now, until, used: 1, state: GrantState::Open })
    }

    /// Names it: there is one at most of each approval.
    pub const fn id(&self) -> &CallId {
        &self.of.id
    }

    /// Names what was agreed to: the call that was shown, and the bounds.
    pub fn digest(&self) -> Digest {
        commitment(self.of.digest, &self.bounds)
    }

    /// How many more calls it covers.
    pub fn left(&self) -> u32 {
        if self.state == GrantState::Open { self.bounds.uses.saturating_sub(self.used) } else { 0 }
    }

    /// What the time alone has decided by now, if it has.
    pub fn due(&self, now: Timestamp) -> Option<Self> {
        (self.state == GrantState::Open && now >= self.until).then(|| self.at(GrantState::Over))
    }

    /// When the time alone decides next.
    pub fn wakes(&self) -> Option<Timestamp> {
        (self.state == GrantState::Open).then_some(self.until)
    }

    /// A call runs because of it: the grant after that, and the call's own approval.
    pub fn used<'v>(
        &self,
        asked: Asked<'_>,
        voters: &dyn Fn(&Voter) -> Option<&'v Voter>,
        now: Timestamp,
    ) -> Result<(Self, Approval), Uncovered> {
        self.covers(&asked, now)?;
        let approval = self.approval(asked, now);
        if !Standing::of(&approval, &|vote| voters(&vote.by)).is_met() {
            return Err(Uncovered::QuorumGone);
        }
        let used = self.used.saturating_add(1);
        let state = if used >= self.bounds.uses { GrantState::UsedUp } else { GrantState::Open };
        Ok((Self { used, state, ..self.clone() }, approval))
    }

    /// A person takes it back.
    pub fn revoked(&self, by: &Voter, now: Timestamp) -> Result<Self, Refused> {
        if self.due(now).is_some() {
            return Err(Refused::Late);
        }
        if self.state != GrantState::Open {
            return Err(Refused::Stands(self.state.word()));
        }
        self.of.asks(by, now)?;
        Ok(self.at(GrantState::Revoked))
    }

    /// What it was about is not what it was.
    pub fn superseded(&self) -> Result<Self, Refused> {
        match self.state {
            GrantState::Open => Ok(self.at(GrantState::Superseded)),
            state => Err(Refused::Stands(state.word())),
        }
    }

    fn covers(&self, asked: &Asked<'_>, now: Timestamp) -> Result<(), Uncovered> {
        if self.state != GrantState::Open || now >= self.until || self.left() == 0 {
            return Err(Uncovered::Ended);
        }
        let scope = self.of.scope.as_ref().ok_or(Uncovered::Ended)?;
        scope.is_again(asked.scope, &self.bounds.free).map_err(Uncovered::Differs)?;
        let fulfilled = |hold: &Said<HoldTerms>| self.of.agreement.all_of.iter().any(|met| is_equal(met, hold));
        if asked.agreement.all_of.is_empty() || !asked.agreement.all_of.iter().all(fulfilled) {
            return Err(Uncovered::Agreement);
        }
        let widest = asked.agreement.widest().ok_or(Uncovered::TooWide(TooWide::None))?;
        widest.takes(&self.bounds).map_err(Uncovered::TooWide)
    }

    /// Nobody has to be asked about it any more; whoever agreed is counted again when it is claimed.
    fn approval(&self, Asked { named, mut asker, agreement, .. }: Asked<'_>, now: Timestamp) -> Approval {
        // Whoever changed the call that was shown had a part in every use of it.
        asker.also.extend(self.of.asker.also.iter().cloned());
        asker.accounts.extend(self.of.asker.accounts.iter().cloned());
        let Approval { digest, opened, escalated, votes, .. } = &self.of;
        let until = later(now, UNUSED_MICROS).min(self.until);
        Approval {
            deadline: until,
            state: State::Approved { until },
            votes: votes.clone(),
            escalated: *escalated,
            under: Some(Under { grant: self.id().clone(), digest: *digest, opened: *opened }),
            ..Approval::open(named, asker, agreement.clone(), now)
        }
    }

    fn at(&self, state: GrantState) -> Self {
        Self { state, ..self.clone() }
    }
}

impl Approval {
    /// The widest grant somebody may make of a yes; nothing where nobody may make one.
    pub fn widest(&self) -> Option<GrantTerms> {
        let scope = self.scope.as_ref()?;
        let widest = self.agreement.widest()?;
        Some(GrantTerms { free: scope.places().cloned().collect(), ..widest })
    }

    /// Whether a yes may reach so far; which bound does not let it, when it may not.
    pub fn may_grant(&self, bounds: &GrantTerms) -> Result<(), TooWide> {
        let widest = self.widest().ok_or(TooWide::None)?;
        widest.takes(bounds)?;
        match bounds.free.iter().find(|place| !widest.free.contains(place)) {
            None => Ok(()),
            Some(inside) => Err(TooWide::Free { asked: inside.clone(), widest: widest.places() }),
        }
    }

    /// What those who agreed were shown: this call, or the one a grant came of.
    pub(super) fn agreed_about(&self) -> Digest {
        self.under.as_ref().map_or_else(|| self.summary(), |under| under.digest)
    }

    /// When those who agreed were asked.
    pub(super) fn asked_at(&self) -> Timestamp {
        self.under.as_ref().map_or(self.opened, |under| under.opened)
    }
}

/// Names a yes that reaches beyond one call: what was shown, and how far it reaches.
pub fn commitment(shown: Digest, bounds: &GrantTerms) -> Digest {
    let free: Value = bounds.free.iter().map(|place| Value::from(place.to_string())).collect();
    let named = object! {
        "uses" => i64::from(bounds.uses),
        "for" => bounds.period.to_string(),
        "free" => free,
    };
    shown.with(&Digest::of_object("bounds", &named))
}

/// Whether a hold asks for the same as one that was met. How wide a grant may be now is asked on its own.
fn is_equal(met: &Said<HoldTerms>, hold: &Said<HoldTerms>) -> bool {
    let plain = |terms: &HoldTerms| HoldTerms { grant: None, ..terms.clone() };
    met.finding == hold.finding && plain(&met.terms) == plain(&hold.terms)
}

//! Which yes reaches beyond one call, and who takes a use of it?
//!
//! A use is taken together with the approval of the call it lets run, or not at all; whoever loses against somebody else
//! looks again. What the time has decided about a grant is written down by whoever looks first.

use std::sync::Arc;

use super::{Desk, DeskError, MOST_DUE, MOST_TRIES, Voters, lines, whole};
use crate::approval::Approval;
use crate::approval::asker::Asker;
use crate::approval::event::Refused;
use crate::approval::grant::{Asked, Grant, Uncovered};
use crate::approval::scope::{Differs, Scope};
use crate::approval::vote::Voter;
use crate::audit::entry::{Entry, Event, GrantEnded, GrantMade, GrantUsed};
use crate::call::CallId;
use crate::clock::Timestamp;
use crate::digest::Digest;
use crate::policy::decision::Agreement;
use crate::store::approvals::{Before, Moved, Step};
use crate::store::grants::{GrantStep, KeptGrant};

/// A call that would wait for people, and may be a use of a grant.
#[derive(Clone, Debug)]
pub struct Use {
    /// Names the call, what is sent, and the same call however often it is made.
    pub named: (CallId, Digest, Digest),
    /// Who asks.
    pub asker: Asker,
    /// What it is, named with the grant's id and places.
    pub scope: Scope,
    /// Who would have to agree.
    pub agreement: Agreement,
    /// What people are shown of it.
    pub shown: String,
    /// How it came about.
    pub entries: Vec<Entry>,
}

/// Why a grant ends before its time.
#[derive(Clone, Debug)]
pub enum Ending {
    /// A person takes it back.
    Revoked(Voter, Option<String>),
    /// What it was about is not what it was.
    Superseded(&'static str),
}

/// What the book and people are told when a tool is not the one that was shown.
pub const TOOL_CHANGED: &str = "the tool's definition is not the one people were shown";
const QUORUM_GONE: &str = "not enough of those who agreed may still agree";

impl Desk {
    /// A grant as it is now.
    pub async fn grant(self: &Arc<Self>, id: &str) -> Result<Grant, DeskError> {
        let (desk, id) = (Arc::clone(self), id.to_owned());
        whole(async move { desk.current_grant(&id).await.map(|(kept, _)| kept.grant) }).await?
    }

    /// Takes a use, if the grant covers the call: its approval, which nobody has to be asked about any more. Nothing when
    /// the grant does not cover it.
    pub async fn take_use(self: &Arc<Self>, id: &str, wanted: Use) -> Result<Option<Approval>, DeskError> {
        let (desk, id) = (Arc::clone(self), id.to_owned());
        whole(async move { desk.used(&id, wanted).await }).await?
    }

    /// Ends a grant.
    pub async fn end_grant(self: &Arc<Self>, id: &str, ending: Ending) -> Result<Grant, DeskError> {
        let (desk, id) = (Arc::clone(self), id.to_owned());
        whole(async move { desk.ended(&id, &ending).await }).await?
    }

    /// Writes down what the time has decided about grants nobody looked at.
    pub(super) async fn sweep_grants(self: &Arc<Self>) {
        let due = async {
            let now = self.now().await?;
            self.store.grants_due(now, MOST_DUE).await
        };
        match due.await {
            Ok(ids) => {
                for id in ids {
                    if let Err(error) = self.grant(&id).await {
                        tracing::warn!(grant = id, %error, "a grant whose time is over is not settled yet");
                    }
                }
            }
            Err(error) => tracing::warn!(%error, "grants whose time is over are not settled yet"),
        }
    }

    async fn current_grant(&self, id: &str) -> Result<(KeptGrant, Timestamp), DeskError> {
        for _ in 0..MOST_TRIES {
            let kept = self.store.find_grant(id).await?.ok_or(DeskError::Unknown)?;
            let now = self.now().await?;
            let Some(over) = kept.grant.due(now) else { return Ok((kept, now)) };
            self.move_grant(over, kept.version, (None, None), now).await?;
        }
        Err(DeskError::Busy)
    }

    async fn used(&self, id: &str, wanted: Use) -> Result<Option<Approval>, DeskError> {
        for _ in 0..MOST_TRIES {
            let (KeptGrant { grant, version }, now) = self.current_grant(id).await?;
            let Use { named, asker, scope, agreement, shown, entries } = wanted.clone();
            let voters = Voters::of(&self.people.load(), &grant.of.votes);
            let now_is = |voter: &Voter| voters.now(voter);
            let asked = Asked { named, asker, scope: &scope, agreement: &agreement };
            let (after, approval) = match grant.used(asked, &now_is, now) {
                Ok(done) => done,
                Err(uncovered) => {
                    if let Some(why) = voids(&uncovered) {
                        self.ended(id, &Ending::Superseded(why)).await?;
                    }
                    return Ok(None);
                }
            };
            let used = entry(&approval.id, now, Event::GrantUsed(told_use(&after, &approval)));
            let over = (after.wakes().is_none()).then(|| entry(after.id(), now, ended(&after, (None, None))));
            let entries: Vec<Entry> = entries.into_iter().chain([used]).chain(over).collect();
            let step = Step {
                approval: approval.clone(),
                before: Before::Nothing(shown),
                vote: None,
                grant: Some(GrantStep { grant: after, before: Some(version) }),
                lines: lines(&entries)?,
                notices: Vec::new(),
            };
            if self.store.move_approval(step, now).await? != Moved::Stale {
                return Ok(Some(approval));
            }
        }
        Err(DeskError::Busy)
    }

    async fn ended(&self, id: &str, ending: &Ending) -> Result<Grant, DeskError> {
        for _ in 0..MOST_TRIES {
            let (KeptGrant { grant, version }, now) = self.current_grant(id).await?;
            let (after, by, why) = match ending {
                Ending::Revoked(by, why) => (grant.revoked(by, now)?, Some(by.person.clone()), why.clone()),
                Ending::Superseded(why) => (grant.superseded()?, None, Some((*why).to_owned())),
            };
            if self.move_grant(after.clone(), version, (by, why), now).await? != Moved::Stale {
                return Ok(after);
            }
        }
        Err(DeskError::Busy)
    }

    async fn move_grant(
        &self,
        grant: Grant,
        before: i64,
        said: (Option<String>, Option<String>),
        now: Timestamp,
    ) -> Result<Moved, DeskError> {
        let entry = entry(grant.id(), now, ended(&grant, said));
        let step = GrantStep { grant, before: Some(before) };
        Ok(self.store.move_grant(step, lines(&[entry])?).await?)
    }
}

/// Why a grant that does not cover this call covers no other one either.
const fn voids(uncovered: &Uncovered) -> Option<&'static str> {
    match uncovered {
        Uncovered::Differs(Differs::Definition) => Some(TOOL_CHANGED),
        Uncovered::QuorumGone => Some(QUORUM_GONE),
        _ => None,
    }
}

/// What the book says of a grant that was made.
pub(super) fn made(grant: &Grant) -> Option<Entry> {
    let scope = grant.of.scope.as_ref()?;
    let made = GrantMade {
        digest: grant.digest().to_string(),
        bounds: grant.bounds.clone(),
        people: people(grant),
        principal: scope.principal.clone(),
        agent: scope.agent.clone(),
        server: scope.server.clone(),
        tool: scope.tool.clone(),
        definition: scope.definition.to_string(),
        until: grant.until.to_string(),
    };
    Some(entry(grant.id(), grant.made, Event::GrantMade(made)))
}

fn told_use(grant: &Grant, approval: &Approval) -> GrantUsed {
    GrantUsed {
        grant: grant.id().to_string(),
        digest: approval.digest.to_string(),
        agreement: approval.agreement.clone(),
        people: people(grant),
        left: grant.left(),
        until: grant.until.to_string(),
    }
}

fn ended(grant: &Grant, (by, why): (Option<String>, Option<String>)) -> Event {
    Event::GrantEnded(GrantEnded { state: grant.state.word(), by, why, used: grant.used })
}

fn people(grant: &Grant) -> Vec<String> {
    grant.of.votes.iter().map(|vote| vote.by.person.clone()).collect()
}

fn entry(call: &CallId, at: Timestamp, event: Event) -> Entry {
    Entry { call: Some(call.clone()), at, event }
}

/// Whether this is only somebody else's having been first.
pub(in crate::gateway) const fn is_over(error: &DeskError) -> bool {
    matches!(error, DeskError::Refused(Refused::Stands(_) | Refused::Late) | DeskError::Unknown)
}

//! Which calls wait for people, and what becomes of them?
//!
//! The one place that changes an approval. It is read, the machine says what comes next, and that is written only if
//! nobody else was first; otherwise it is read again. So two gateways, two people and a clock that runs out decide in
//! some order, and each sees what the one before it did. Every change runs to its end, also when whoever wanted it goes
//! away. Gateways and the command line use the same desk; whoever waits at another one sees a change within moments.

pub mod grants;
mod keys;
mod said;
mod waiting;
mod wish;

use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use arc_swap::ArcSwap;

use crate::approval::consent::Consent;
use crate::approval::event::Refused;
use crate::approval::grant::Grant;
use crate::approval::people::People;
use crate::approval::vote::{Vote, Voter};
use crate::approval::{Approval, Next};
use crate::audit::entry::{Entry, Event, Held, Previewed};
use crate::audit::receipt::Receipt;
use crate::channels::notice::Notice;
use crate::clock::{Clock, Timestamp, chance};
use crate::digest::hex;
use crate::gateway::failpoint::Failpoint;
use crate::passkey::PasskeyError;
use crate::store::append::AppendError;
use crate::store::approvals::{Before, KeptApproval, Moved, Step};
use crate::store::entries::Line;
use crate::store::grants::GrantStep;
use crate::store::{Store, StoreError};
use crate::telemetry::metrics::Metrics;
use said::{said, settled};
use waiting::Waiters;
pub use waiting::{Following, Heard, Waiting, Watching};
pub use wish::{Claimant, Wish};

/// How long whoever performs a call is believed to be alive without a word.
pub const LEASE: Duration = Duration::from_secs(30);
/// More who want to change one approval at once than this are told to try again.
const MOST_TRIES: u32 = 50;
/// So many approvals are settled by one sweep.
const MOST_DUE: i64 = 256;

/// Where approvals are changed.
#[derive(Debug)]
pub struct Desk {
    store: Store,
    clock: Arc<dyn Clock>,
    /// Who may answer.
    pub people: ArcSwap<People>,
    /// What is counted, where somebody counts.
    pub metrics: OnceLock<Arc<Metrics>>,
    waiting: Mutex<Waiters>,
}

/// What was done.
#[derive(Debug)]
pub struct Done {
    /// The approval after it.
    pub approval: Approval,
    /// Proof that people agreed and that it is written down; only a claim yields them.
    pub leave: Option<(Consent, Receipt)>,
    /// What people agreed to beyond it; only a yes yields one.
    pub grant: Option<Box<Grant>>,
}

/// Why it was not.
#[derive(Debug, thiserror::Error)]
pub enum DeskError {
    /// There is no such approval.
    #[error("no call with this id waits or has waited; `countersign approvals list` shows those that do")]
    Unknown,
    /// It cannot happen.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The passkey it was answered with proves nothing.
    #[error(transparent)]
    Passkey(#[from] PasskeyError),
    /// Too many want to change it at once.
    #[error("too many people and gateways changed it at the same moment; nothing was done, try again")]
    Busy,
    /// It cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It cannot be written down.
    #[error(transparent)]
    Record(#[from] AppendError),
}

impl Desk {
    /// A desk over this store.
    pub fn new(store: Store, clock: Arc<dyn Clock>) -> Arc<Self> {
        Arc::new(Self { store, clock, people: ArcSwap::default(), metrics: OnceLock::new(), waiting: Mutex::default() })
    }

    /// A new approval, in the book together with how it came about. False when there is one with this id already.
    pub async fn open(
        self: &Arc<Self>,
        approval: Approval,
        shown: String,
        mut entries: Vec<Entry>,
    ) -> Result<bool, DeskError> {
        let held = Held {
            digest: approval.digest.to_string(),
            agreement: approval.agreement.clone(),
            person: approval.asker.person.clone(),
            deadline: approval.deadline.to_string(),
            previews: Previewed::of(&approval.seen),
            summary: (!approval.seen.is_empty()).then(|| approval.summary().to_string()),
        };
        entries.push(Entry { call: Some(approval.id.clone()), at: approval.opened, event: Event::Held(held) });
        let (id, now) = (approval.id.to_string(), approval.opened);
        let (lines, notices) = (lines(&entries)?, Notice::of(None, (&approval, 1), now));
        let step = Step { approval, before: Before::Nothing(shown), vote: None, grant: None, lines, notices };
        let store = self.store.clone();
        let moved = whole(async move { store.move_approval(step, now).await }).await?;
        self.tell(&id);
        Ok(moved? != Moved::Stale)
    }

    /// An approval as it is now.
    pub async fn look(self: &Arc<Self>, id: &str) -> Result<Approval, DeskError> {
        Ok(self.kept(id).await?.approval)
    }

    /// The same, with what people are shown of it.
    pub async fn kept(self: &Arc<Self>, id: &str) -> Result<KeptApproval, DeskError> {
        let (desk, id) = (Arc::clone(self), id.to_owned());
        whole(Box::pin(async move { desk.current(&id).await.map(|(kept, _)| kept) })).await?
    }

    /// The time all gateways agree on.
    pub async fn now(&self) -> Result<Timestamp, StoreError> {
        self.store.time(self.clock.now()).await
    }

    /// Does what is wished, if it can be done.
    pub async fn act(self: &Arc<Self>, id: &str, wish: Wish) -> Result<Done, DeskError> {
        let (desk, id) = (Arc::clone(self), id.to_owned());
        // In a box: what is handed on is moved several times.
        whole(Box::pin(async move {
            let wish = desk.vouched(&id, wish).await?;
            desk.change(&id, &wish).await
        }))
        .await?
    }

    /// Writes down what the time has decided and nobody waited for.
    pub async fn settle(self: &Arc<Self>) {
        let due = async {
            let now = self.now().await?;
            self.store.approvals_due(now, MOST_DUE).await
        };
        match due.await {
            Ok(ids) => {
                for id in ids {
                    if let Err(error) = self.look(&id).await {
                        tracing::warn!(call = id, %error, "an approval whose time is over is not settled yet");
                    }
                }
            }
            Err(error) => tracing::warn!(%error, "approvals whose time is over are not settled yet"),
        }
    }

    /// The same, and grants that are over.
    pub async fn sweep(self: &Arc<Self>) {
        self.settle().await;
        self.sweep_grants().await;
    }

    /// The approval after everything the time has decided, and that time.
    async fn current(&self, id: &str) -> Result<(KeptApproval, Timestamp), DeskError> {
        for _ in 0..MOST_TRIES {
            let kept = self.store.find_approval(id).await?.ok_or(DeskError::Unknown)?;
            let now = self.now().await?;
            let Some(approval) = kept.approval.due(now) else { return Ok((kept, now)) };
            let entry = settled(&approval, now, (None, None));
            let made = (&kept.approval, approval);
            self.write(made, Before::Version(kept.version), (None, None), (&[entry], now)).await?;
        }
        Err(DeskError::Busy)
    }

    async fn change(&self, id: &str, wish: &Wish) -> Result<Done, DeskError> {
        for _ in 0..MOST_TRIES {
            let (kept, now) = self.current(id).await?;
            let before = &kept.approval;
            let voters = Voters::of(&self.people.load(), &before.votes);
            let claims = matches!(wish, Wish::Claim(_));
            let disowned = if claims { self.disowned(&before.votes).await? } else { Vec::new() };
            let now_is = |voter: &Voter| voters.now(voter).filter(|_| !disowned.contains(voter));
            let Next { approval, consent, grant } = before.after(wish.happening(now, &now_is), now)?;
            let vote = (approval.votes.len() > before.votes.len()).then(|| approval.votes.last().cloned()).flatten();
            let mut entries = said(wish, &approval, vote.as_ref(), now);
            entries.extend(grant.as_deref().and_then(grants::made));
            let version = match wish {
                Wish::Edit { shown, .. } => Before::Shown(kept.version, shown.clone()),
                _ => Before::Version(kept.version),
            };
            let made = (before, approval.clone());
            if self.write(made, version, (vote, grant.clone()), (&entries, now)).await? != Moved::Stale {
                if matches!(wish, Wish::Vote { .. }) {
                    Failpoint::Voted.reached();
                }
                let leave = consent.map(|consent| {
                    let receipt = Receipt::new(consent.digest());
                    (consent, receipt)
                });
                return Ok(Done { approval, leave, grant });
            }
        }
        Err(DeskError::Busy)
    }

    async fn write(
        &self,
        (was, approval): (&Approval, Approval),
        before: Before,
        (vote, grant): (Option<Vote>, Option<Box<Grant>>),
        (entries, now): (&[Entry], Timestamp),
    ) -> Result<Moved, DeskError> {
        let (id, is, word) = (approval.id.clone(), approval.state.clone(), vote.as_ref().map(|vote| vote.word));
        let grant = grant.map(|grant| GrantStep { grant: *grant, before: None });
        let notices = Notice::of(Some(was), (&approval, before.revision()), now);
        let step = Step { approval, before, vote, grant, lines: lines(entries)?, notices };
        let moved = self.store.move_approval(step, now).await?;
        if let Some(metrics) = self.metrics.get().filter(|_| moved != Moved::Stale) {
            metrics.moved(was, &is, now);
            if let Some(word) = word {
                metrics.voted(word);
            }
        }
        self.tell(id.as_str());
        Ok(moved)
    }
}

/// Those who voted, and who they are now.
struct Voters(Vec<(Voter, Option<Voter>)>);

impl Voters {
    fn of(people: &People, votes: &[Vote]) -> Self {
        Self(votes.iter().map(|vote| (vote.by.clone(), people.now(&vote.by))).collect())
    }

    fn now(&self, voter: &Voter) -> Option<&Voter> {
        self.0.iter().find(|(then, _)| then == voter).and_then(|(_, now)| now.as_ref())
    }
}

/// A name for an attempt.
pub fn attempt() -> Result<String, DeskError> {
    let chance = chance::<16>().map_err(|error| AppendError::Broken(error.to_string()))?;
    Ok(hex(&chance))
}

fn lines(entries: &[Entry]) -> Result<Vec<Line>, DeskError> {
    let spelled: Result<Vec<Line>, _> = entries.iter().map(Line::of).collect();
    Ok(spelled.map_err(|error| AppendError::Broken(error.to_string()))?)
}

/// Runs to its end, whoever goes away.
async fn whole<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> Result<T, DeskError> {
    let ended = tokio::spawn(work).await;
    Ok(ended.map_err(|error| AppendError::Broken(error.to_string()))?)
}

//! What did somebody leave behind? Credentials of gateways that died, and those whose time is up, are taken back by whoever
//! finds them first.

use std::sync::Arc;

use futures_util::StreamExt as _;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use super::custody::Item;
use super::lending::Credentials;
use crate::audit::entry::{Event, LeaseEnd, LeaseEnded};
use crate::call::CallId;
use crate::store::StoreError;
use crate::store::leases::{KeptLease, LeaseState, Moved, Step};

/// How many are taken back at once.
const AT_ONCE: usize = 8;

/// What a person wanted taken back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Nobody can use it any more, or it ends by itself.
    Done(LeaseEnd),
    /// It could not be taken back; it is tried again.
    Stuck(String),
    /// It was over before.
    Over,
    /// There is no such lease.
    Unknown,
}

impl Credentials {
    /// Says again and again that this gateway is there, and looks for what others left. Ends with `stop`.
    pub async fn run(self: Arc<Self>, stop: CancellationToken) {
        let mut ticks = tokio::time::interval(self.pulse.duration());
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = ticks.tick() => {}
            }
            let now = self.clock.now();
            if let Err(error) = self.store.hold_leases(&self.owner, self.until(now)).await {
                tracing::warn!(%error, "the book of leases cannot be written");
            }
            match self.reap().await {
                Ok(0) => {}
                Ok(count) => tracing::info!(count, "credentials nobody had any more use for were taken back"),
                Err(error) => {
                    tracing::warn!(%error, "the book of leases cannot be read; nothing is taken back meanwhile");
                }
            }
        }
    }

    /// Takes back what is due. Says how many there were.
    pub async fn reap(&self) -> Result<usize, StoreError> {
        let due = self.store.due_leases(self.clock.now()).await?;
        let count = due.len();
        futures_util::stream::iter(due)
            .for_each_concurrent(AT_ONCE, |id| async move {
                let now = self.clock.now();
                let taken = self.store.take_lease((&id, &self.owner), (now, self.until(now))).await;
                if let Ok(Moved::Yes) = taken
                    && let Ok(Some(lease)) = self.store.find_lease(&id).await
                {
                    self.end_kept(&lease, "reaper").await;
                }
            })
            .await;
        Ok(count)
    }

    /// Takes one back because somebody says so, whoever has it.
    pub async fn end_by_hand(&self, id: &str, person: &str) -> Result<Ended, StoreError> {
        if self.store.find_lease(id).await?.is_none() {
            return Ok(Ended::Unknown);
        }
        if self.store.seize_lease((id, &self.owner), self.until(self.clock.now())).await? == Moved::No {
            return Ok(Ended::Over);
        }
        let Some(lease) = self.store.find_lease(id).await? else { return Ok(Ended::Unknown) };
        let ended = self.end_kept(&lease, person).await;
        Ok(match (ended.end, ended.why) {
            (LeaseEnd::Stuck, why) => Ended::Stuck(why.unwrap_or_default()),
            (end, _) => Ended::Done(end),
        })
    }

    async fn end_kept(&self, lease: &KeptLease, by: &str) -> LeaseEnded {
        let item = Item {
            lease: lease.id.clone(),
            provider: lease.provider.clone(),
            handle: lease.handle.clone(),
            expires: lease.expires,
        };
        if lease.state == LeaseState::Lapsing {
            let now = self.clock.now();
            let step = Step { state: LeaseState::Lapsed, trouble: None, next_try: now, now };
            if let Err(error) = self.store.step_lease((&lease.id, &self.owner), &step).await {
                tracing::warn!(lease = lease.id, %error, "the book of leases cannot be written");
            }
            let (lease, provider) = (item.lease, item.provider);
            return LeaseEnded {
                lease,
                provider,
                end: LeaseEnd::Lapses,
                by: by.to_owned(),
                why: None,
                repeated: false,
            };
        }
        let ended = self.take_back(&item, by, lease.tries).await;
        // That it is tried again and again is in the book of leases; the record has when it began and when it ended.
        if ended.end != LeaseEnd::Stuck || lease.tries == 0 {
            self.note(&CallId::from_record(&lease.call), vec![Event::LeaseEnded(ended.clone())]).await;
        }
        ended
    }

    /// Waits until everything of calls that ended is taken back.
    pub async fn finish(&self) {
        self.tasks.close();
        self.tasks.wait().await;
    }
}

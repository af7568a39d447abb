//! Who hears of a change?

use std::collections::BTreeMap;
use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use super::Desk;
use crate::clock::Timestamp;

/// How often it is looked whether another process changed something somebody waits for here.
const LOOK: Duration = Duration::from_millis(250);
/// How far back each look goes: clocks of two machines differ, and a change is dated before it is written.
const OVERLAP_MICROS: i64 = 5_000_000;

/// Who waits here, by call.
#[derive(Debug, Default)]
pub(super) struct Waiters {
    by_call: BTreeMap<String, Arc<Notify>>,
    /// Whether somebody looks what other processes changed: one for all.
    listening: bool,
}

/// Somebody's place to hear of changes; given back when it is dropped.
#[derive(Debug)]
pub struct Waiting {
    desk: Arc<Desk>,
    id: String,
    heard: Arc<Notify>,
}

impl Waiting {
    /// Returns when something changed since the last time, or may have.
    pub async fn changed(&self) {
        self.heard.notified().await;
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.desk.waiting().by_call.remove(&self.id);
    }
}

impl Desk {
    /// A place to hear of changes of this approval; none when somebody waits for it here already. One call, one waiter.
    pub fn wait(self: &Arc<Self>, id: &str) -> Option<Waiting> {
        let mut waiting = self.waiting();
        if waiting.by_call.contains_key(id) {
            return None;
        }
        let heard = Arc::new(Notify::new());
        waiting.by_call.insert(id.to_owned(), Arc::clone(&heard));
        let listening = std::mem::replace(&mut waiting.listening, true);
        drop(waiting);
        if !listening {
            tokio::spawn(Arc::clone(self).listen());
        }
        Some(Waiting { desk: Arc::clone(self), id: id.to_owned(), heard })
    }

    /// Looks what other processes changed, for as long as anybody waits here.
    async fn listen(self: Arc<Self>) {
        let now = self.now().await.unwrap_or_else(|_| self.clock.now());
        let mut since = Timestamp::from_micros(now.micros().saturating_sub(OVERLAP_MICROS));
        let mut ticks = tokio::time::interval(LOOK);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut told: BTreeMap<String, Timestamp> = BTreeMap::new();
        loop {
            ticks.tick().await;
            if self.is_deserted() {
                return;
            }
            let Ok(moved) = self.store.approvals_moved_since(since).await else { continue };
            if let Some((_, last)) = moved.last() {
                since = Timestamp::from_micros(last.micros().saturating_sub(OVERLAP_MICROS)).max(since);
            }
            for (id, at) in moved {
                if told.insert(id.clone(), at) != Some(at) {
                    self.tell(&id);
                }
            }
            told.retain(|_, at| *at >= since);
        }
    }

    /// Whether nobody waits; then nobody looks any more either.
    fn is_deserted(&self) -> bool {
        let mut waiting = self.waiting();
        waiting.listening = !waiting.by_call.is_empty();
        !waiting.listening
    }

    pub(super) fn tell(&self, id: &str) {
        if let Some(heard) = self.waiting().by_call.get(id) {
            heard.notify_one();
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Waiters> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

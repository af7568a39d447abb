//! Who hears of a change?
//!
//! One waits to perform the call, and has its place alone; any number look on, and take nothing from anybody.

use std::collections::BTreeMap;
use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, broadcast, watch};

use super::Desk;
use crate::clock::Timestamp;

/// How often it is looked whether another process changed something somebody waits for here.
const LOOK: Duration = Duration::from_millis(250);
/// How far back each look goes: clocks of two machines differ, and a change is dated before it is written.
const OVERLAP_MICROS: i64 = 5_000_000;

/// Each who looks on holds a connection open.
const MOST_ONLOOKERS: usize = 1024;
/// Changes that are kept for whoever follows all of them and is slow; of more they are told that there were more.
const MOST_UNHEARD: usize = 1024;

/// Who waits here, by call.
#[derive(Debug, Default)]
pub(super) struct Waiters {
    by_call: BTreeMap<String, Arc<Notify>>,
    onlookers: BTreeMap<String, watch::Sender<()>>,
    /// How many look on, at all calls together.
    looking: usize,
    /// Those who want to hear of every change.
    followers: Option<broadcast::Sender<Arc<str>>>,
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
    /// Names the call.
    pub fn id(&self) -> &str {
        &self.id
    }

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

/// Somebody who only wants to know.
#[derive(Debug)]
pub struct Watching {
    desk: Arc<Desk>,
    id: String,
    heard: watch::Receiver<()>,
}

impl Watching {
    /// Returns when something changed since the last time, or may have.
    pub async fn changed(&mut self) {
        // Who speaks is kept for as long as anybody listens.
        drop(self.heard.changed().await);
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        let mut waiting = self.desk.waiting();
        waiting.looking = waiting.looking.saturating_sub(1);
        // This one still counts.
        if waiting.onlookers.get(&self.id).is_some_and(|tells| tells.receiver_count() <= 1) {
            waiting.onlookers.remove(&self.id);
        }
    }
}

/// Somebody who wants to hear of every change.
#[derive(Debug)]
pub struct Following(broadcast::Receiver<Arc<str>>);

/// A change, or more of them than could be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// This approval changed.
    Changed(Arc<str>),
    /// Several did, and nobody knows any more which.
    Missed,
}

impl Following {
    /// Returns with the next change.
    pub async fn next(&mut self) -> Heard {
        match self.0.recv().await {
            Ok(id) => Heard::Changed(id),
            Err(broadcast::error::RecvError::Lagged(_)) => Heard::Missed,
            // Who speaks is kept for as long as the desk.
            Err(broadcast::error::RecvError::Closed) => std::future::pending().await,
        }
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
        self.heed(waiting);
        Some(Waiting { desk: Arc::clone(self), id: id.to_owned(), heard })
    }

    /// Hears of changes of this approval beside whoever waits for it; none when too many look on already.
    pub fn watch(self: &Arc<Self>, id: &str) -> Option<Watching> {
        let mut waiting = self.waiting();
        waiting.looking = waiting.looking.checked_add(1).filter(|looking| *looking <= MOST_ONLOOKERS)?;
        let heard = waiting.onlookers.entry(id.to_owned()).or_insert_with(|| watch::Sender::new(())).subscribe();
        self.heed(waiting);
        Some(Watching { desk: Arc::clone(self), id: id.to_owned(), heard })
    }

    /// Hears of every change; none when too many look on already.
    pub fn follow(self: &Arc<Self>) -> Option<Following> {
        let mut waiting = self.waiting();
        let followers = waiting.followers.get_or_insert_with(|| broadcast::Sender::new(MOST_UNHEARD));
        if followers.receiver_count() >= MOST_ONLOOKERS {
            return None;
        }
        let following = Following(followers.subscribe());
        self.heed(waiting);
        Some(following)
    }

    /// Sees to it that somebody looks what other processes changed.
    fn heed(self: &Arc<Self>, mut waiting: MutexGuard<'_, Waiters>) {
        let listening = std::mem::replace(&mut waiting.listening, true);
        drop(waiting);
        if !listening {
            tokio::spawn(Arc::clone(self).listen());
        }
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
        let followed = waiting.followers.as_ref().is_some_and(|followers| followers.receiver_count() > 0);
        waiting.listening = followed || !waiting.by_call.is_empty() || !waiting.onlookers.is_empty();
        !waiting.listening
    }

    pub(super) fn tell(&self, id: &str) {
        let waiting = self.waiting();
        if let Some(heard) = waiting.by_call.get(id) {
            heard.notify_one();
        }
        if let Some(heard) = waiting.onlookers.get(id) {
            heard.send_replace(());
        }
        if let Some(followers) = &waiting.followers {
            // Nobody may follow any more; then nobody is told.
            drop(followers.send(Arc::from(id)));
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Waiters> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

//! Is everything that must be told elsewhere told soon enough for something new to run?
//!
//! Each gateway looks for itself, also for sinks that another one tells. It remembers up to when everything is known to have
//! been told: whoever cannot look learns nothing new, and after the time a sink may be behind nothing runs any more. So nobody
//! has to notice that something hangs.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::Sink;
use crate::clock::{Clock, Timestamp};
use crate::store::{Store, StoreError};

/// How often is looked.
const LOOK: Duration = Duration::from_secs(1);

/// The sinks that must be told.
#[derive(Debug)]
pub struct Gate {
    clock: Arc<dyn Clock>,
    watched: Vec<Watched>,
}

#[derive(Debug)]
struct Watched {
    name: String,
    most: i64,
    /// Everything written before this was told.
    told: AtomicI64,
    why: Mutex<String>,
}

/// A sink that must be told is behind.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the sink `{name}` is {seconds} s behind, and nothing may run without it{}", .why.as_ref().map_or_else(String::new, |why| format!(": {why}")))]
pub struct Behind {
    /// Which one.
    pub name: String,
    /// How far.
    pub seconds: i64,
    /// What it said last, if it said something.
    pub why: Option<String>,
}

impl Gate {
    pub(super) fn new(sinks: &[Sink], clock: Arc<dyn Clock>) -> Self {
        let watched = sinks.iter().filter_map(|sink| {
            let most = i64::try_from(sink.required?.as_micros()).unwrap_or(i64::MAX);
            Some(Watched { name: sink.name.clone(), most, told: AtomicI64::new(i64::MIN), why: Mutex::default() })
        });
        Self { watched: watched.collect(), clock }
    }

    /// Whether something new may run.
    pub fn admits(&self) -> Result<(), Behind> {
        let now = self.clock.now().micros();
        let behind = |watched: &&Watched| now.saturating_sub(watched.told.load(Ordering::Acquire)) > watched.most;
        match self.watched.iter().find(behind) {
            None => Ok(()),
            Some(watched) => {
                let told = watched.told.load(Ordering::Acquire);
                let why = watched.why.lock().unwrap_or_else(PoisonError::into_inner).clone();
                Err(Behind {
                    name: watched.name.clone(),
                    seconds: now.saturating_sub(told) / 1_000_000,
                    why: Some(why).filter(|why| !why.is_empty()),
                })
            }
        }
    }

    /// Whether there is anything to look for.
    pub(super) const fn watches(&self) -> bool {
        !self.watched.is_empty()
    }

    pub(super) async fn watch(&self, store: &Store, stop: &CancellationToken) {
        let mut ticks = tokio::time::interval(LOOK);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = ticks.tick() => {}
            }
            if let Err(error) = self.look(store).await {
                tracing::warn!(%error, "nobody knows how far the sinks were told; it is tried again by itself");
            }
        }
    }

    pub(super) async fn look(&self, store: &Store) -> Result<(), StoreError> {
        for watched in &self.watched {
            let before = self.clock.now();
            let Some(cursor) = store.find_sink(&watched.name).await? else { continue };
            let waiting = store.waiting_since(cursor.seq).await?;
            let told = waiting.map_or(before, |since: Timestamp| since.min(before));
            watched.told.store(told.micros(), Ordering::Release);
            *watched.why.lock().unwrap_or_else(PoisonError::into_inner) = cursor.why;
        }
        Ok(())
    }
}

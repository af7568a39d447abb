//! Does somebody outside have what people decided, before it is done?
//!
//! For critical calls, where an anchor is named so: whoever later rewrites everything on this machine cannot say that nobody
//! agreed, or that somebody did. What cannot be anchored in time is not sent.

use std::time::Duration;

use futures_util::future::select_all;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout_at};

use super::{Anchors, Held, read, words};
use crate::call::CallId;
use crate::store::StoreError;
use crate::store::log::unsigned;

/// How often is looked whether everything is signed, and an anchor asked again.
const LOOK: Duration = Duration::from_millis(100);

/// Nobody outside has it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no anchor has what was said of this call so far: {0}")]
pub struct Unanchored(String);

impl Anchors {
    /// Waits until an anchor that critical calls wait for has a checkpoint over everything written of this call so far. At once
    /// where there is no such anchor.
    pub async fn cover(&self, call: &CallId) -> Result<(), Unanchored> {
        let asked: Vec<(&Held, Duration)> =
            self.all.iter().filter_map(|held| Some((held, held.anchor.before_execute?))).collect();
        let Some(longest) = asked.iter().map(|(_, within)| *within).max() else { return Ok(()) };
        let began = Instant::now();
        let until = |within: Duration| began.checked_add(within).unwrap_or(began);
        let place = timeout_at(until(longest), self.signed(call)).await;
        let place = match place {
            Ok(Ok(place)) => place,
            Ok(Err(error)) => return Err(Unanchored(error.to_string())),
            Err(_) => return Err(Unanchored("it was not signed for in time".to_owned())),
        };
        let giving = asked.into_iter().map(|(held, within)| Box::pin(self.has(held, place, until(within))));
        let (mut waiting, mut why) = (giving.collect::<Vec<_>>(), Vec::new());
        while !waiting.is_empty() {
            let (first, _, others) = select_all(waiting).await;
            match first {
                Ok(()) => return Ok(()),
                Err(error) => why.push(error),
            }
            waiting = others;
        }
        Err(Unanchored(why.join("; ")))
    }

    /// The place of the last leaf of this call, once it is signed for.
    async fn signed(&self, call: &CallId) -> Result<u64, StoreError> {
        let lines = self.store.of_call(call.as_str(), i64::MAX).await?;
        let last = lines.last().map_or(0, |line| line.seq);
        let mut looks = interval(LOOK);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            looks.tick().await;
            let place = self.store.leaves_between(last, last).await?.get(&last).map(|(place, _)| *place);
            let signed = self.store.newest_checkpoint().await?.map_or(0, |newest| unsigned(newest.size));
            if let Some(place) = place.filter(|place| *place < signed) {
                return Ok(place);
            }
        }
    }

    /// Gives an anchor checkpoints until it has one over this place.
    async fn has(&self, held: &Held, place: u64, until: Instant) -> Result<(), String> {
        let name = &held.anchor.name;
        let (mut looks, mut why, mut told) = (interval(LOOK), "it did not answer in time".to_owned(), String::new());
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() || timeout_at(until, looks.tick()).await.is_err() {
                return Err(format!("{name}: {why}"));
            }
            match self.turn(held, left).await {
                Ok(()) if self.covers(name, place).await => return Ok(()),
                Ok(()) => "it has an older checkpoint".clone_into(&mut why),
                Err(error) => {
                    self.troubled(held, &error, &mut told).await;
                    why = words(&error);
                }
            }
        }
    }

    /// Whether an anchor took a checkpoint of this log over this place.
    async fn covers(&self, name: &str, place: u64) -> bool {
        let (Ok(rows), Ok(head)) = (self.store.anchored().await, self.store.log_head().await) else { return false };
        let row = rows.into_iter().find(|row| row.anchor == name);
        let said = row.and_then(|row| read(&row.note));
        said.is_some_and(|said| said.origin == head.origin && said.size > place)
    }
}

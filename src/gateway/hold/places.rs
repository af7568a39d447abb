//! Is there room for one more call that waits?
//!
//! Whoever asks for too much waits for itself: places are counted for each caller, and a caller's calls are let in one
//! after the other, so that a flood of them never takes the record from others. A second number bounds what all callers
//! together may hold on this node, because each that waits holds memory.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::OwnedMutexGuard;

use crate::gateway::answer::{Refusal, Retry};
use crate::store::approvals::Open;

/// The calls that wait on this node.
#[derive(Debug, Default)]
pub(in crate::gateway) struct Places {
    taken: Arc<AtomicUsize>,
    /// Who opens a place right now.
    opening: Mutex<BTreeMap<String, Arc<tokio::sync::Mutex<()>>>>,
}

/// One of this node's places; given back when it is dropped.
#[derive(Debug)]
pub(super) struct Seat(Arc<AtomicUsize>);

impl Places {
    /// A place, if no more than these are taken.
    pub(super) fn seat(&self, most: usize) -> Option<Seat> {
        let before = self.taken.fetch_add(1, Ordering::Relaxed);
        let seat = Seat(Arc::clone(&self.taken));
        (before < most).then_some(seat)
    }

    /// This caller's turn to open a place: between counting its places and taking one nobody else of it does.
    pub(super) async fn turn(&self, caller: &str) -> OwnedMutexGuard<()> {
        let turn = {
            let mut opening = self.opening.lock().unwrap_or_else(PoisonError::into_inner);
            opening.retain(|_, turn| Arc::strong_count(turn) > 1);
            Arc::clone(opening.entry(caller.to_owned()).or_default())
        };
        turn.lock_owned().await
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// No place of this node is free, and nobody keeps one for longer than this.
pub(super) fn full(most: usize, longest: Duration) -> Refusal {
    let reason = format!("{most} calls wait for people at this gateway already, and no more may");
    let hint = format!("make the call again in {} s; those who wait have made room by then", longest.as_secs().max(1));
    Refusal::new("gateway_full", Retry::Later, reason).hint(hint)
}

/// Why a caller of whom so much is open may not open one more; none when it may.
pub(super) fn too_many(open: Open, most: usize) -> Option<Refusal> {
    let Open { count, next } = open;
    if usize::try_from(count).is_ok_and(|count| count < most) {
        return None;
    }
    let reason = format!("{count} calls of this caller wait for people already, and no more may");
    let ends = next.map_or_else(String::new, |next| format!("; the first of them ends by itself at {next}"));
    let hint = format!("come back when people have answered one of those, or give some of them up{ends}");
    Some(Refusal::new("too_many_waiting", Retry::Later, reason).hint(hint))
}

//! How does the configuration become times, and who sees to them once a day?

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::book::BookKeeper;
use crate::book::retention::{Class, Times, prune};
use crate::clock::{Clock, Timestamp};
use crate::config::Retention;
use crate::store::Store;

/// How often what is too old is looked for.
const DAILY_MICROS: i64 = 86_400_000_000;
/// How often is looked whether it is time, and whether this gateway is the one that keeps the log.
const LOOK: Duration = Duration::from_secs(1);
/// After a failure it is tried again this much later.
const AGAIN_MICROS: i64 = 3_600_000_000;

/// Before when entries of each class go, now.
pub fn times(said: &Retention, now: Timestamp) -> Times {
    let all = [
        (Class::Calls, said.calls),
        (Class::Sessions, said.sessions),
        (Class::Lists, said.lists),
        (Class::Rejected, said.rejected),
        (Class::Prompts, said.prompts),
        (Class::Definitions, said.definitions),
        (Class::Operations, said.operations),
    ];
    let before = |period: Duration| {
        let micros = i64::try_from(period.as_micros()).unwrap_or(i64::MAX);
        Timestamp::from_micros(now.micros().saturating_sub(micros))
    };
    all.into_iter().filter_map(|(class, period)| Some((class, before(period?.duration())))).collect()
}

/// Removes what is too old once a day, and when a gateway begins to keep the log; nothing where no time is set.
pub(super) async fn watch(
    (said, store): (Retention, Store),
    (book, clock): (Arc<BookKeeper>, Arc<dyn Clock>),
    stop: CancellationToken,
) {
    if !said.is_set() {
        return;
    }
    let Some(place) = said.archive.clone() else {
        tracing::warn!("the record is in memory and retention.archive names no folder, so nothing is removed");
        return;
    };
    let mut due = Timestamp::from_micros(0);
    let mut looks = tokio::time::interval(LOOK);
    looks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = looks.tick() => {}
        }
        let now = clock.now();
        if now < due || !book.leads() {
            continue;
        }
        let wait = tokio::select! {
            // Whatever is cut off is done anew the next time.
            () = stop.cancelled() => return,
            wait = once((&said, &place), &store, &clock) => wait,
        };
        due = Timestamp::from_micros(now.micros().saturating_add(wait));
    }
}

async fn once((said, place): (&Retention, &PathBuf), store: &Store, clock: &Arc<dyn Clock>) -> i64 {
    let times = times(said, clock.now());
    match prune(store, clock, (&times, place), "retention").await {
        Ok(done) => {
            if done.entries > 0 {
                let archives = done.archives.len();
                tracing::info!(entries = done.entries, archives, place = %place.display(), "bodies whose time was over were removed");
            }
            DAILY_MICROS
        }
        Err(error) => {
            tracing::error!(%error, "what is too old could not be removed; it is tried again in an hour");
            AGAIN_MICROS
        }
    }
}

//! What does the database say, for whoever watches?
//!
//! Anybody may ask whether the gateway is ready, as often as they like, so the database is asked by one of them at a time
//! and not again within a moment. One that does not answer is not waited for.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};

use crate::clock::Timestamp;
use crate::gateway::Gateway;
use crate::store::{Store, StoreError};

/// What was seen counts for so long.
const FRESH: Duration = Duration::from_secs(2);
/// How long the database may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// Looks, and remembers for a moment what it saw.
#[derive(Debug, Default)]
pub struct Lookout(Mutex<Option<(Instant, Arc<Looked>)>>);

/// What was seen. What is not there is not known.
#[derive(Clone, Debug, Default)]
pub struct Looked {
    /// Whether the database answers.
    pub database: Answers,
    /// How far its clock is from ours.
    pub clock: Option<Offset>,
    /// Calls people were asked about that are not over, by state.
    pub open: Option<Vec<(String, u64)>>,
    /// Messages that are not delivered, by channel and state.
    pub deliveries: Option<Vec<(String, &'static str, u64)>>,
}

/// Whether the database answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Answers {
    /// It does.
    #[default]
    Yes,
    /// It does not.
    No,
}

/// The database's clock less ours, in microseconds, as far as it is not the time the question took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offset(pub i64);

impl Offset {
    /// From what the database said between these two moments of ours.
    pub fn of(before: Timestamp, said: Timestamp, after: Timestamp) -> Self {
        let (before, said, after) = (before.micros(), said.micros(), after.micros().max(before.micros()));
        Self(match said {
            said if said > after => said.saturating_sub(after),
            said if said < before => said.saturating_sub(before),
            _ => 0,
        })
    }

    /// How far, in whichever direction.
    pub const fn size(self) -> Duration {
        Duration::from_micros(self.0.unsigned_abs())
    }

    /// Whether our clock is ahead.
    pub const fn is_ahead(self) -> bool {
        self.0 < 0
    }

    /// In seconds.
    pub fn seconds(self) -> f64 {
        let size = self.size().as_secs_f64();
        if self.is_ahead() { -size } else { size }
    }
}

impl Lookout {
    /// What was seen a moment ago, or what is seen now.
    pub async fn look(&self, gateway: &Gateway) -> Arc<Looked> {
        let mut last = self.0.lock().await;
        if let Some((at, looked)) = &*last
            && at.elapsed() < FRESH
        {
            return Arc::clone(looked);
        }
        let looked = Arc::new(see(gateway).await);
        gateway.metrics.clock.set(looked.clock.map(Offset::seconds));
        *last = Some((Instant::now(), Arc::clone(&looked)));
        looked
    }
}

async fn see(gateway: &Gateway) -> Looked {
    let (store, clock) = (&gateway.store, &gateway.clock);
    let before = clock.now();
    let said = timeout(PATIENCE, store.time(before)).await;
    let after = clock.now();
    let Ok(Ok(said)) = said else { return Looked { database: Answers::No, ..Looked::default() } };
    let counted = timeout(PATIENCE, count(store)).await;
    let (open, deliveries) = match counted {
        Ok(Ok((open, deliveries))) => (Some(open), Some(deliveries)),
        Ok(Err(error)) => {
            tracing::debug!(%error, "what waits could not be counted");
            (None, None)
        }
        Err(_) => (None, None),
    };
    Looked { database: Answers::Yes, clock: Some(Offset::of(before, said, after)), open, deliveries }
}

type Waiting = (Vec<(String, u64)>, Vec<(String, &'static str, u64)>);

async fn count(store: &Store) -> Result<Waiting, StoreError> {
    let open = store.count_open_approvals().await?;
    let deliveries = store.count_deliveries().await?.into_iter();
    let stuck = deliveries.filter(|counted| matches!(counted.state.word(), "waiting" | "dead"));
    let told = |counted: crate::store::deliveries::Counted| {
        (counted.channel, counted.state.word(), u64::try_from(counted.count).unwrap_or(0))
    };
    Ok((open, stuck.map(told).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_a_question_takes_is_no_offset() {
        // TIM-03
        let at = Timestamp::from_micros;
        for (before, said, after, offset) in [
            (100, 100, 100, 0),
            (100, 150, 300, 0),
            (100, 400, 300, 100),
            (100, 40, 300, -60),
            // Our clock was set back meanwhile.
            (100, 100, 50, 0),
        ] {
            assert_eq!(Offset::of(at(before), at(said), at(after)), Offset(offset), "{before} {said} {after}");
        }
        assert_eq!(Offset(-1_500_000).seconds().to_string(), "-1.5");
    }
}

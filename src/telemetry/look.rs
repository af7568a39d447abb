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
use crate::store::deliveries::Standing;
use crate::store::{Store, StoreError};

/// What was seen counts for so long.
const FRESH: Duration = Duration::from_secs(2);
/// What was counted counts for longer, because counting costs more.
const COUNTED: Duration = Duration::from_secs(10);
/// How long the database may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// Looks, and remembers for a moment what it saw.
#[derive(Debug, Default)]
pub struct Lookout {
    looked: Mutex<Option<(Instant, Looked)>>,
    counted: Mutex<Option<(Instant, Arc<Counted>)>>,
}

/// What was seen.
#[derive(Clone, Copy, Debug, Default)]
pub struct Looked {
    /// Whether the database answers.
    pub database: Answers,
    /// How far its clock is from ours, if it answers.
    pub clock: Option<Offset>,
}

/// What was counted. What could not be counted is empty.
#[derive(Debug, Default)]
pub struct Counted {
    /// Calls people were asked about that are not over, by state.
    pub open: Vec<(&'static str, u64)>,
    /// Messages that are not delivered, by channel and state.
    pub deliveries: Vec<(String, &'static str, u64)>,
    /// Credentials that are out, by state.
    pub leases: Vec<(&'static str, u64)>,
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
    pub async fn look(&self, gateway: &Gateway) -> Looked {
        let mut last = self.looked.lock().await;
        if let Some((at, looked)) = *last
            && at.elapsed() < FRESH
        {
            return looked;
        }
        let looked = see(gateway).await;
        gateway.metrics.clock.set(looked.clock.map(Offset::seconds));
        *last = Some((Instant::now(), looked));
        looked
    }

    /// The same of what waits.
    pub async fn count(&self, store: &Store) -> Arc<Counted> {
        let mut last = self.counted.lock().await;
        if let Some((at, counted)) = &*last
            && at.elapsed() < COUNTED
        {
            return Arc::clone(counted);
        }
        let counted = match timeout(PATIENCE, count(store)).await {
            Ok(Ok(counted)) => counted,
            Ok(Err(error)) => {
                tracing::debug!(%error, "what waits could not be counted");
                Counted::default()
            }
            Err(_) => Counted::default(),
        };
        let counted = Arc::new(counted);
        *last = Some((Instant::now(), Arc::clone(&counted)));
        counted
    }
}

async fn see(gateway: &Gateway) -> Looked {
    let before = gateway.clock.now();
    let said = timeout(PATIENCE, gateway.store.time(before)).await;
    let after = gateway.clock.now();
    match said {
        Ok(Ok(said)) => Looked { database: Answers::Yes, clock: Some(Offset::of(before, said, after)) },
        Ok(Err(_)) | Err(_) => Looked { database: Answers::No, clock: None },
    }
}

async fn count(store: &Store) -> Result<Counted, StoreError> {
    let found = store.count_open_approvals().await?;
    let of = |state: &str| found.iter().find(|(known, _)| known == state).map_or(0, |(_, count)| *count);
    let open = ["pending", "approved", "executing"].map(|state| (state, of(state))).to_vec();
    let deliveries = store.count_deliveries().await?.into_iter();
    let stuck = deliveries.filter(|counted| matches!(counted.state, Standing::Waiting | Standing::Dead));
    let told = stuck.map(|stuck| (stuck.channel, stuck.state.word(), u64::try_from(stuck.count).unwrap_or(0)));
    let leases = store.count_leases().await?.into_iter().map(|(state, count, _)| (state.word(), count));
    Ok(Counted { open, deliveries: told.collect(), leases: leases.collect() })
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

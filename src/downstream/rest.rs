//! When may a server that died be started again? Doubling pauses, with some chance in them.

use std::sync::Mutex;
use std::time::Duration;

use tokio::time::Instant;

use crate::clock::chance;

const FIRST: Duration = Duration::from_millis(250);
const LONGEST: Duration = Duration::from_secs(30);
/// Whoever lived this long before dying starts over with the shortest pause.
const HEALTHY: Duration = Duration::from_mins(1);

/// The pause before the next start.
#[derive(Debug, Default)]
pub(super) struct Rest {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    deaths: u32,
    until: Option<Instant>,
    why: String,
}

impl Rest {
    /// How long to wait still and what the last death was, if it is too early.
    pub(super) fn remaining(&self) -> Option<(Duration, String)> {
        let state = self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let left = state.until?.checked_duration_since(Instant::now())?;
        (!left.is_zero()).then(|| (left, state.why.clone()))
    }

    /// The server died, or would not start, after having lived this long. The first death costs nothing.
    pub(super) fn died(&self, lived: Duration, why: &str) {
        let mut state = self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        state.deaths = if lived >= HEALTHY { 1 } else { state.deaths.saturating_add(1) };
        why.clone_into(&mut state.why);
        state.until = Instant::now().checked_add(pause(state.deaths));
    }
}

fn pause(deaths: u32) -> Duration {
    let Some(doublings) = deaths.checked_sub(2) else { return Duration::ZERO };
    let pause = FIRST.saturating_mul(2_u32.saturating_pow(doublings.min(10))).min(LONGEST);
    // Between three quarters and all of it, so that replicas do not start in step. Without chance: all of it.
    let spread = chance::<1>().map_or(0, |[byte]| u32::from(byte));
    pause.saturating_sub(pause.checked_div(4 * 255).unwrap_or_default().saturating_mul(spread))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_half_a_minute() {
        assert_eq!(pause(0), Duration::ZERO);
        assert_eq!(pause(1), Duration::ZERO);
        for (deaths, full) in [(2, 250), (3, 500), (4, 1000), (9, 30_000), (u32::MAX, 30_000)] {
            let full = Duration::from_millis(full);
            assert!(pause(deaths) <= full && pause(deaths) >= full.mul_f64(0.74), "{deaths}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_that_lived_long_is_started_again_at_once() {
        let rest = Rest::default();
        for _ in 0..5 {
            rest.died(Duration::from_secs(1), "crashed");
        }
        assert!(rest.remaining().is_some_and(|(_, why)| why == "crashed"));
        rest.died(Duration::from_secs(61), "crashed");
        assert!(rest.remaining().is_none());
    }
}

//! How do many measurements become one figure?

use std::time::Duration;

/// Latencies of one target in one round.
#[derive(Default)]
pub(crate) struct Latencies(Vec<u32>);

impl Latencies {
    pub(crate) fn add(&mut self, took: Duration) {
        self.0.push(u32::try_from(took.as_nanos()).unwrap_or(u32::MAX));
    }

    pub(crate) fn join(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// The latency, in microseconds, that this share of the calls stayed within.
    pub(crate) fn within(&mut self, share: f64) -> f64 {
        self.0.sort_unstable();
        let last = self.0.len().saturating_sub(1) as f64;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a rank is between nought and last"
        )]
        let rank = (last * share).round() as usize;
        self.0.get(rank).map_or(f64::NAN, |nanoseconds| f64::from(*nanoseconds) / 1000.0)
    }
}

/// One figure over all rounds.
#[derive(Clone, Copy)]
pub(crate) struct Figure {
    pub(crate) median: f64,
    pub(crate) least: f64,
    pub(crate) most: f64,
}

impl Figure {
    pub(crate) fn of(rounds: impl IntoIterator<Item = f64>) -> Self {
        let mut rounds: Vec<f64> = rounds.into_iter().collect();
        rounds.sort_unstable_by(f64::total_cmp);
        let at = |index: usize| rounds.get(index).copied().unwrap_or(f64::NAN);
        let last = rounds.len().saturating_sub(1);
        Self { median: f64::midpoint(at(last / 2), at(last.div_ceil(2))), least: at(0), most: at(last) }
    }

    pub(crate) fn spelled(self, places: usize) -> String {
        format!("{:.places$} ({:.places$}-{:.places$})", self.median, self.least, self.most)
    }

    pub(crate) fn json(self) -> serde_json::Value {
        serde_json::json!({ "median": self.median, "min": self.least, "max": self.most })
    }
}

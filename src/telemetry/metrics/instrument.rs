//! How is something counted while calls run?
//!
//! A count is an atomic. What is counted by labels is found without a lock or an allocation; only the first of its labels
//! is added under one. Nobody can make the list long: what comes after [`MOST`] is counted as `other`, and labels are
//! harmless and short.

use std::borrow::Cow;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;

use crate::visible::harmless;

/// Label sets of one metric that are told apart.
pub const MOST: usize = 1000;
/// Stands for everything that is not told apart.
pub const OTHER: &str = "other";
/// Characters of a label.
const LONGEST: usize = 100;

/// The upper ends of a histogram's buckets, in microseconds; one more bucket has none.
pub type Bounds = [u64; 14];
const BUCKETS: usize = 15;

/// Goes up.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// One more.
    pub fn one(&self) {
        self.many(1);
    }

    /// So many more.
    pub fn many(&self, more: u64) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }

    /// How many.
    pub fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// How long things took.
#[derive(Debug)]
pub struct Histogram {
    bounds: &'static Bounds,
    counts: [AtomicU64; BUCKETS],
    micros: AtomicU64,
}

/// What a histogram holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spread {
    /// See [`Bounds`].
    pub bounds: &'static Bounds,
    /// One for each bucket, not added up.
    pub counts: [u64; BUCKETS],
    /// All of it together.
    pub micros: u64,
}

impl Histogram {
    /// An empty one.
    pub fn new(bounds: &'static Bounds) -> Self {
        Self { bounds, counts: <[AtomicU64; BUCKETS]>::default(), micros: AtomicU64::new(0) }
    }

    /// Something took so long.
    pub fn took(&self, took: Duration) {
        self.micros(u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
    }

    /// The same in microseconds.
    pub fn micros(&self, micros: u64) {
        let at = self.bounds.iter().position(|bound| micros <= *bound).unwrap_or(self.bounds.len());
        if let Some(count) = self.counts.get(at) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        self.micros.fetch_add(micros, Ordering::Relaxed);
    }

    /// What it holds. Calls that end meanwhile may be in one part and not yet in another.
    pub fn spread(&self) -> Spread {
        let mut counts = [0; BUCKETS];
        for (place, count) in counts.iter_mut().zip(&self.counts) {
            *place = count.load(Ordering::Relaxed);
        }
        Spread { bounds: self.bounds, counts, micros: self.micros.load(Ordering::Relaxed) }
    }
}

impl Spread {
    /// How many there were.
    pub fn count(&self) -> u64 {
        self.counts.iter().fold(0, |all, count| all.saturating_add(*count))
    }
}

/// Goes up and down; absent until somebody knows it.
#[derive(Debug)]
pub struct Gauge(AtomicU64);

impl Default for Gauge {
    fn default() -> Self {
        Self(AtomicU64::new(f64::NAN.to_bits()))
    }
}

impl Gauge {
    /// What is known now; nothing when it is not known any more.
    pub fn set(&self, value: Option<f64>) {
        self.0.store(value.unwrap_or(f64::NAN).to_bits(), Ordering::Relaxed);
    }

    /// What was known last.
    pub fn value(&self) -> Option<f64> {
        Some(f64::from_bits(self.0.load(Ordering::Relaxed))).filter(|value| value.is_finite())
    }
}

/// The same metric for each set of labels.
#[derive(Debug)]
pub struct Family<const N: usize, C> {
    series: ArcSwap<Vec<Arc<Series<N, C>>>>,
    adding: Mutex<()>,
    new: fn() -> C,
}

/// One set of labels, and what was counted for it.
#[derive(Debug)]
pub struct Series<const N: usize, C> {
    /// In the order of the metric's names for them; an empty one is absent.
    pub labels: [Arc<str>; N],
    /// What was counted.
    pub counted: C,
}

impl<const N: usize, C> Family<N, C> {
    /// Nothing counted yet; each set of labels gets one of these.
    pub fn new(new: fn() -> C) -> Self {
        Self { series: ArcSwap::from_pointee(Vec::new()), adding: Mutex::default(), new }
    }

    /// Counts something under these labels.
    pub fn with(&self, labels: [&str; N], count: impl FnOnce(&C)) {
        let series = self.series.load();
        if let Some(known) = find(&series, labels).ok().and_then(|at| series.get(at)) {
            return count(&known.counted);
        }
        drop(series);
        count(&self.add(labels).counted);
    }

    /// Everything that was counted.
    pub fn all(&self) -> Arc<Vec<Arc<Series<N, C>>>> {
        self.series.load_full()
    }

    fn add(&self, labels: [&str; N]) -> Arc<Series<N, C>> {
        let shown = labels.map(shown);
        let adding = self.adding.lock().unwrap_or_else(PoisonError::into_inner);
        let known = self.series.load_full();
        let labels = if known.len() < MOST { shown.each_ref().map(|label| &**label) } else { [OTHER; N] };
        let at = match find(&known, labels) {
            Ok(at) => at,
            Err(at) => {
                let series = Series { labels: labels.map(Arc::from), counted: (self.new)() };
                let (series, mut all) = (Arc::new(series), Vec::clone(&known));
                all.insert(at, Arc::clone(&series));
                self.series.store(Arc::new(all));
                return series;
            }
        };
        drop(adding);
        let counted = known.get(at).map(Arc::clone);
        counted.unwrap_or_else(|| Arc::new(Series { labels: labels.map(Arc::from), counted: (self.new)() }))
    }
}

fn find<const N: usize, C>(series: &[Arc<Series<N, C>>], labels: [&str; N]) -> Result<usize, usize> {
    series.binary_search_by(|known| known.labels.iter().map(|label| &**label).cmp(labels))
}

/// A label as it is told: what a server calls its tool may be anything.
fn shown(label: &str) -> Cow<'_, str> {
    match label.char_indices().nth(LONGEST) {
        Some((end, _)) => harmless(label.get(..end).unwrap_or_default()),
        None => harmless(label),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECONDS: Bounds = [10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 30_000, 60_000, 120_000, 300_000];

    #[test]
    fn a_bucket_holds_what_is_no_longer_than_its_end() {
        let histogram = Histogram::new(&SECONDS);
        for micros in [0, 10, 11, 300_000, 300_001] {
            histogram.micros(micros);
        }
        let spread = histogram.spread();
        assert_eq!((spread.count(), spread.micros), (5, 600_022));
        assert_eq!((spread.counts[0], spread.counts[1], spread.counts[13], spread.counts[14]), (2, 1, 1, 1));
    }

    #[test]
    fn nothing_is_lost_when_many_count_at_once() {
        let family: Family<1, Counter> = Family::new(Counter::default);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for round in 0..1000_u32 {
                        family.with([["a", "b", "c"][usize::try_from(round % 3).unwrap()]], Counter::one);
                    }
                });
            }
        });
        let counts: Vec<(String, u64)> =
            family.all().iter().map(|series| (series.labels[0].to_string(), series.counted.count())).collect();
        assert_eq!(counts, [("a".to_owned(), 1336), ("b".to_owned(), 1332), ("c".to_owned(), 1332)]);
    }

    #[test]
    fn a_server_with_endless_names_is_counted_as_other() {
        let family: Family<2, Counter> = Family::new(Counter::default);
        for number in 0..MOST.saturating_mul(2) {
            family.with(["tools/call", &number.to_string()], Counter::one);
        }
        let all = family.all();
        assert_eq!(all.len(), MOST.saturating_add(1));
        let other = all.iter().find(|series| &*series.labels[0] == OTHER).unwrap();
        assert_eq!(other.counted.count(), u64::try_from(MOST).unwrap());
    }

    #[test]
    fn a_label_is_short_and_harmless() {
        let family: Family<1, Counter> = Family::new(Counter::default);
        for _ in 0..2 {
            family.with(["\u{1b}[2J"], Counter::one);
            family.with([&"x".repeat(5000)], Counter::one);
        }
        let all = family.all();
        let counts: Vec<(&str, u64)> = all.iter().map(|one| (&*one.labels[0], one.counted.count())).collect();
        assert_eq!(counts, [("\\u{1b}[2J", 2), (&*"x".repeat(LONGEST), 2)]);
    }

    #[test]
    fn what_nobody_knows_is_absent() {
        let gauge = Gauge::default();
        assert_eq!(gauge.value(), None);
        gauge.set(Some(0.0));
        assert!(gauge.value().is_some_and(|value| value.abs() < f64::EPSILON));
        gauge.set(None);
        assert_eq!(gauge.value(), None);
    }
}

//! Who keeps spans, and hands them on when they are over?
//!
//! Handing on never waits and wakes nobody but for every [`BATCH`]th span: what finds the queue full is dropped and counted.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::trace::context::{Context, Share};
use super::trace::{Kind, Parent, Span};
use crate::call::CallId;
use crate::clock::{Timestamp, chance};
use crate::telemetry::metrics::Metrics;
use crate::telemetry::metrics::instrument::Counter;

/// Spans that may wait for their export.
pub const WAITING: usize = 4096;
/// Spans that are exported together.
pub const BATCH: usize = 512;
/// Calls that were held whose traces are remembered.
pub const MOST_HELD: usize = 4096;

/// Begins spans and hands them on.
#[derive(Debug)]
pub struct Tracer {
    share: Share,
    queue: Arc<Queue>,
    metrics: Arc<Metrics>,
    /// The requests of calls that wait for people, or run without their clients.
    held: Mutex<BTreeMap<CallId, Context>>,
}

/// Spans that are over and wait for their export.
#[derive(Debug, Default)]
pub struct Queue {
    spans: Mutex<Vec<Span>>,
    batch: Notify,
}

impl Queue {
    /// Everything that waits.
    pub fn take(&self) -> Vec<Span> {
        std::mem::take(&mut *self.spans())
    }

    /// Waits until there is a batch.
    pub async fn batch(&self) {
        self.batch.notified().await;
    }

    /// False when there is no room.
    fn put(&self, span: Span) -> bool {
        let mut spans = self.spans();
        if spans.len() >= WAITING {
            return false;
        }
        spans.push(span);
        if spans.len() == BATCH {
            self.batch.notify_one();
        }
        true
    }

    fn spans(&self) -> MutexGuard<'_, Vec<Span>> {
        self.spans.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where a span begins.
#[derive(Clone, Copy, Debug)]
pub enum Under<'a> {
    /// Below one of ours.
    Here(&'a Context),
    /// Below one of whoever asked.
    Elsewhere(&'a Context),
    /// In a trace of its own, which is kept if that of this one is.
    After(&'a Context),
    /// In a trace of its own.
    Nothing,
}

/// A place in a trace, and what is written down of it, if the trace is kept.
#[derive(Debug)]
pub struct Traced {
    /// What the next one is told.
    pub context: Context,
    /// Nothing of it is kept where there is none.
    pub span: Option<Box<Span>>,
}

impl Tracer {
    /// A tracer, and where its spans come out.
    pub fn new(share: Share, metrics: Arc<Metrics>) -> (Self, Arc<Queue>) {
        let queue = Arc::new(Queue::default());
        (Self { share, queue: Arc::clone(&queue), metrics, held: Mutex::default() }, queue)
    }

    /// Begins a span. Nothing where there is no chance to name it by.
    pub fn begin(&self, under: Under<'_>, (kind, method): (Kind, &str), now: Timestamp) -> Option<Traced> {
        let span = chance().ok()?;
        let root = || Some(Context::root(chance().ok()?, span, self.share));
        let (context, parent) = match under {
            Under::Here(above) => (above.child(span), Some(Parent::Here(above.span))),
            Under::Elsewhere(above) => (above.child(span), Some(Parent::Elsewhere(above.span))),
            Under::After(first) => (Context { sampled: first.sampled, ..root()? }, None),
            Under::Nothing => (root()?, None),
        };
        let kept = context.sampled.then(|| Box::new(Span::begin((context.clone(), parent), kind, method, now)));
        Some(Traced { context, span: kept })
    }

    /// A span is over.
    pub fn end(&self, mut span: Span, now: Timestamp) {
        span.ended = now.max(span.begun);
        if !self.queue.put(span) {
            self.metrics.dropped.with(["traces"], Counter::one);
        }
    }

    /// Remembers the request that a call came by which runs later. The first one counts.
    pub fn remember(&self, call: &CallId, context: &Context) {
        let mut held = self.held();
        held.entry(call.clone()).or_insert_with(|| context.clone());
        while held.len() > MOST_HELD {
            // Ids are in the order of time.
            drop(held.pop_first());
        }
    }

    /// The request a call came by.
    pub fn remembered(&self, call: &CallId) -> Option<Context> {
        self.held().get(call).cloned()
    }

    /// The same, which nobody will ask for again.
    pub fn recall(&self, call: &CallId) -> Option<Context> {
        self.held().remove(call)
    }

    fn held(&self) -> MutexGuard<'_, BTreeMap<CallId, Context>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::trace::Went;

    fn now() -> Timestamp {
        Timestamp::from_micros(1)
    }

    #[test]
    fn what_finds_the_queue_full_is_dropped_and_counted() {
        let metrics = Arc::new(Metrics::default());
        let (tracer, queue) = Tracer::new(Share::ALL, Arc::clone(&metrics));
        for _ in 0..WAITING.saturating_add(3) {
            let begun = tracer.begin(Under::Nothing, (Kind::Server, "ping"), now()).unwrap();
            tracer.end(*begun.span.unwrap(), now());
        }
        let dropped: Vec<u64> = metrics.dropped.all().iter().map(|series| series.counted.count()).collect();
        assert_eq!(dropped, [3]);
        let all = queue.take();
        let first = &all[0];
        assert_eq!(all.len(), WAITING);
        assert_eq!((first.name.as_str(), first.went, first.parent), ("ping", Went::Well, None));
    }

    #[test]
    fn what_the_caller_does_not_keep_is_not_kept_here() {
        let (tracer, _queue) = Tracer::new(Share::ALL, Arc::default());
        let caller = |flags| Context::read(&format!("00-{}-{}-{flags}", "1".repeat(32), "2".repeat(16)), None).unwrap();
        let (kept, lost) = (caller("01"), caller("00"));
        let below = |context| tracer.begin(Under::Elsewhere(context), (Kind::Server, "ping"), now()).unwrap();
        let begun = below(&kept);
        assert_eq!(begun.context.trace, kept.trace);
        assert_ne!(begun.context.span, kept.span);
        assert_eq!(begun.span.unwrap().parent, Some(Parent::Elsewhere(kept.span)));
        let begun = below(&lost);
        assert!(begun.span.is_none());
        assert!(begun.context.parent().ends_with("-00"));
        let after = tracer.begin(Under::After(&lost), (Kind::Client, "tools/call"), now()).unwrap();
        assert!(after.span.is_none() && after.context.trace != lost.trace);
    }

    #[test]
    fn only_the_last_calls_are_remembered() {
        let (tracer, _queue) = Tracer::new(Share::ALL, Arc::default());
        let context = Context::root([1; 16], [2; 8], Share::ALL);
        let call = |number: usize| CallId::from_record(&format!("{number:06}"));
        for number in 0..=MOST_HELD {
            tracer.remember(&call(number), &context);
        }
        assert_eq!(tracer.remembered(&call(0)), None);
        assert_eq!(tracer.remembered(&call(1)), Some(context.clone()));
        assert_eq!(tracer.recall(&call(1)), Some(context));
        assert_eq!(tracer.recall(&call(1)), None);
    }
}

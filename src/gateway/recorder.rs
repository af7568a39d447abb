//! Is it written down before it happens?
//!
//! One writer, group commit, no thread of its own. Whoever finds nobody writing commits at once on their own thread;
//! what arrives meanwhile is committed together by a task that lets others join first. A lone caller pays for one
//! commit and nothing else, and many share.

use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Instant;

use tokio::sync::oneshot;

use crate::audit::entry::{Entry, Event};
use crate::audit::receipt::Receipt;
use crate::book::anchors::{Anchors, Unanchored};
use crate::call::CallId;
use crate::clock::{Clock as _, SystemClock};
use crate::permit::Permit;
use crate::sinks::gate::{Behind, Gate};
use crate::store::Store;
use crate::store::append::AppendError;
use crate::store::entries::Line;
use crate::telemetry::metrics::instrument::{Counter, Histogram};
use crate::telemetry::metrics::of_steps;

/// The way into the book. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Recorder(Arc<Desk>);

#[derive(Debug)]
struct Desk {
    store: Store,
    queue: Mutex<Queue>,
    took: Histogram,
    failed: Counter,
    gate: OnceLock<Arc<Gate>>,
    anchors: OnceLock<Arc<Anchors>>,
}

/// What waits for the next commit.
#[derive(Debug, Default)]
struct Queue {
    writing: Writing,
    lines: Vec<Line>,
    waiting: Vec<Waiting>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Writing {
    #[default]
    Nobody,
    Somebody,
}

type Waiting = oneshot::Sender<Result<(), AppendError>>;

/// Nothing was written, or nobody knows whether it was; either way nothing may happen that needed it.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Unrecorded {
    /// The book cannot be written.
    #[error("audit_unavailable: {0}")]
    Book(#[from] AppendError),
    /// A copy that must be told is behind. What happened is still written down.
    #[error("audit_unavailable: {0}")]
    Sink(#[from] Behind),
}

impl Recorder {
    /// A recorder for the book of this store.
    pub fn start(store: Store) -> Self {
        Self(Arc::new(Desk {
            store,
            queue: Mutex::default(),
            gate: OnceLock::new(),
            anchors: OnceLock::new(),
            took: of_steps(),
            failed: Counter::default(),
        }))
    }

    /// Lets nothing new run while a sink that must be told is behind.
    pub fn guard(&self, gate: Arc<Gate>) {
        self.0.gate.get_or_init(|| gate);
    }

    /// Lets critical calls wait for these.
    pub fn anchor(&self, anchors: Arc<Anchors>) {
        self.0.anchors.get_or_init(|| anchors);
    }

    /// Waits until somebody outside has everything written of this call, where the configuration asks for that.
    pub async fn covered(&self, call: &CallId) -> Result<(), Unanchored> {
        match self.0.anchors.get() {
            Some(anchors) => anchors.cover(call).await,
            None => Ok(()),
        }
    }

    /// Whether something new may run: its outcome can be written down, and what must be told elsewhere is.
    pub fn admits(&self) -> Result<(), Unrecorded> {
        self.0.store.appender().admits()?;
        Ok(self.0.gate.get().map_or(Ok(()), |gate| gate.admits())?)
    }

    /// Writes down one thing that happened now, for a command beside the gateways.
    pub async fn note(store: &Store, call: Option<CallId>, event: Event) -> Result<(), Unrecorded> {
        Self::start(store.clone()).write(vec![Entry { call, at: SystemClock.now(), event }]).await
    }

    /// Why nothing new may run because of a sink, if that is so.
    pub fn held_up(&self) -> Option<String> {
        self.0.gate.get().and_then(|gate| gate.admits().err()).map(|behind| behind.to_string())
    }

    /// Writes down that this call is about to be performed. Refused while its outcome might find no room.
    pub async fn about_to(&self, permit: &Permit, entries: Vec<Entry>) -> Result<Receipt, Unrecorded> {
        self.admits()?;
        self.write(entries).await?;
        Ok(Receipt::new(permit.call().digest))
    }

    /// Writes these entries, in this order, all or none, and returns when they are committed. What was begun is
    /// written even when the caller goes away.
    pub async fn write(&self, entries: Vec<Entry>) -> Result<(), Unrecorded> {
        let spelled: Result<Vec<Line>, _> = entries.iter().map(Line::of).collect();
        let lines = spelled.map_err(|error| AppendError::Broken(error.to_string()))?;
        if lines.is_empty() {
            return Ok(());
        }
        let begun = Instant::now();
        let (tell, told) = oneshot::channel();
        let first = self.0.join(lines, tell);
        if first == Writing::Nobody {
            Arc::clone(&self.0).lead();
        }
        let gone = || AppendError::Broken("the gateway is stopping".to_owned());
        let done = told.await.unwrap_or_else(|_| Err(gone()));
        self.0.took.took(begun.elapsed());
        if done.is_err() {
            self.0.failed.one();
        }
        Ok(done?)
    }

    /// How long writing took.
    pub fn took(&self) -> &Histogram {
        &self.0.took
    }

    /// How often nothing could be written.
    pub fn failed(&self) -> &Counter {
        &self.0.failed
    }

    /// Whether the last write worked.
    pub fn healthy(&self) -> bool {
        self.0.store.appender().healthy()
    }

    /// Lets go of the book after everything in it is durable. Writes that come later are refused.
    pub async fn close(self) {
        self.0.store.close().await;
    }
}

impl Desk {
    /// Puts lines into the queue; says who was writing before. If nobody was, the caller is now.
    fn join(&self, mut lines: Vec<Line>, tell: Waiting) -> Writing {
        let mut queue = self.queue();
        if queue.lines.is_empty() {
            queue.lines = lines;
        } else {
            queue.lines.append(&mut lines);
        }
        queue.waiting.push(tell);
        mem::replace(&mut queue.writing, Writing::Somebody)
    }

    /// Commits at once if that needs no waiting, and leaves whatever else there is to a task.
    fn lead(self: Arc<Self>) {
        let Some((lines, waiting)) = self.next() else { return };
        let left = match self.store.appender().append_now(&lines) {
            Some(done) => {
                answer(waiting, &done);
                None
            }
            None => Some((lines, waiting)),
        };
        if left.is_none() && self.rest() == Writing::Nobody {
            return;
        }
        tokio::spawn(async move {
            if let Some((lines, waiting)) = left {
                answer(waiting, &self.store.appender().append(lines).await);
            }
            loop {
                // Whoever is ready to write joins this batch.
                tokio::task::yield_now().await;
                let Some((lines, waiting)) = self.next() else { return };
                let done = match self.store.appender().append_now(&lines) {
                    Some(done) => done,
                    None => self.store.appender().append(lines).await,
                };
                answer(waiting, &done);
            }
        });
    }

    /// The next batch, or nothing: then nobody writes any more.
    fn next(&self) -> Option<(Vec<Line>, Vec<Waiting>)> {
        let mut queue = self.queue();
        if queue.waiting.is_empty() {
            queue.writing = Writing::Nobody;
            return None;
        }
        Some((mem::take(&mut queue.lines), mem::take(&mut queue.waiting)))
    }

    /// Stops writing if nothing waits.
    fn rest(&self) -> Writing {
        let mut queue = self.queue();
        if queue.waiting.is_empty() {
            queue.writing = Writing::Nobody;
        }
        queue.writing
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn answer(waiting: Vec<Waiting>, done: &Result<(), AppendError>) {
    for tell in waiting {
        // Whoever went away meanwhile does not need to know.
        drop(tell.send(done.clone()));
    }
}

//! Which answer belongs to which request? Many requests over one pipe, under ids and progress tokens of our own.
//!
//! Clients choose ids that collide; servers answer late, twice, or with ids nobody sent. Here every request gets an id
//! that is unique on its connection, and only the first answer to an open request counts.

mod incoming;
mod open;
mod outgoing;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::asking::{Asking, Broken, Reply};
use super::child::Child;
use super::link::Order;
use super::questions::Questions;
use super::rest::Rest;
use super::sink::{Patience, Sink};
use crate::object;
use crate::wire::json::{Object, Value};
use crate::wire::lines::Lines;
use crate::wire::message::{Answer, Id, Message, Notification, Request};
use crate::wire::reader::Limits;
use incoming::Incoming;
use open::{Fate, Open, Waiting};
use outgoing::Outgoing;

/// One duplex connection to a server.
#[derive(Debug)]
pub(super) struct Connection {
    shared: Arc<Shared>,
    outbox: mpsc::Sender<Outgoing>,
    child: Option<Child>,
}

/// What the connection's owner, its reader and its writer have in common.
#[derive(Debug)]
struct Shared {
    name: Arc<str>,
    table: Mutex<Table>,
    next: AtomicU64,
    opened: Instant,
    gone: CancellationToken,
    obituary: OnceLock<String>,
    claim: OnceLock<Claim>,
    /// Told when the connection dies by itself.
    rest: OnceLock<Arc<Rest>>,
    /// Answers and progress nobody waits for.
    stray: AtomicU64,
    questions: Questions,
}

#[derive(Debug, Default)]
struct Table {
    waiting: BTreeMap<u64, Waiting>,
    links: BTreeMap<u64, Arc<Sink>>,
    /// The callers' progress tokens of tasks that run on after their call was answered, by our own. The oldest go first.
    tasks: BTreeMap<u64, Value>,
    closed: bool,
}

/// Whose connection it is, once the handshake told.
#[derive(Debug)]
pub(super) enum Claim {
    /// One session's: the server may ask what the session's client declared.
    Own {
        /// The capabilities the server was told.
        declared: Object,
    },
    /// Every session's: the server is modern and asks nothing.
    Everybody,
}

/// Whether a connection ends because we want it to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    Wanted,
    Death,
}

/// A line a peer does not read is kept here; the next ones wait with their callers.
const OUTBOX: usize = 64;

impl Connection {
    /// Speaks over these two ends. The child, if there is one, ends with the connection.
    pub(super) fn open<R, W>(name: Arc<str>, from: R, to: W, child: Option<Child>) -> Self
    where
        R: AsyncRead + Unpin + Send + 'static,
        W: AsyncWrite + Unpin + Send + 'static,
    {
        let (outbox, queue) = mpsc::channel(OUTBOX);
        let shared = Arc::new(Shared {
            name,
            table: Mutex::default(),
            next: AtomicU64::new(1),
            opened: Instant::now(),
            gone: CancellationToken::new(),
            obituary: OnceLock::new(),
            claim: OnceLock::new(),
            rest: OnceLock::new(),
            stray: AtomicU64::new(0),
            questions: Questions::default(),
        });
        tokio::spawn(outgoing::write(shared.clone(), queue, to));
        let obituary = child.as_ref().map(Child::obituary);
        let incoming = Incoming::new(shared.clone(), outbox.downgrade(), obituary);
        tokio::spawn(incoming.read(Lines::new(from, Limits::REPLY)));
        Self { shared, outbox, child }
    }

    /// Says whose connection it is. Only the first word counts.
    pub(super) fn claim(&self, claim: Claim) {
        drop(self.shared.claim.set(claim));
    }

    /// From now on, dying by itself costs a pause before the next start.
    pub(super) fn watch(&self, rest: Arc<Rest>) {
        drop(self.shared.rest.set(rest));
    }

    /// A session hears what belongs to no request. The number is for `detach`.
    pub(super) fn attach(&self, sink: Arc<Sink>) -> u64 {
        let number = self.shared.next.fetch_add(1, Ordering::Relaxed);
        self.shared.table().links.insert(number, sink);
        number
    }

    /// The session hears nothing any more.
    pub(super) fn detach(&self, number: u64) {
        self.shared.table().links.remove(&number);
    }

    /// Whether nothing can be sent any more.
    pub(super) fn is_gone(&self) -> bool {
        self.shared.gone.is_cancelled()
    }

    /// Why the connection is gone; empty while it is not.
    pub(super) fn obituary(&self) -> &str {
        self.shared.obituary.get().map_or("", String::as_str)
    }

    /// Asks the server and waits for its answer, the caller's loss of interest, or too long a silence.
    pub(super) async fn call(&self, order: Order<'_>, asking: &Asking) -> Reply {
        let Order { method, mut params, purpose, .. } = order;
        let id = self.shared.next.fetch_add(1, Ordering::Relaxed);
        let token = params.get_mut("_meta").and_then(Value::as_object_mut).and_then(|meta| {
            let theirs = meta.get("progressToken").cloned()?;
            meta.insert("progressToken", id);
            Some(theirs)
        });
        let sink = Arc::new(Sink::new(asking.events.clone()));
        let Some(mut open) = Open::register(self, id, token, sink, purpose) else {
            return Reply::NotSent(self.obituary().to_owned());
        };
        let line = Message::Request(Request { id: id.into(), method: method.to_owned(), params }).to_line();
        let queued = Outgoing::request(line, open.ticket());
        let patience = asking.timeout;
        tokio::select! {
            biased;
            () = asking.cancelled.cancelled() => return open.cancel(asking.reason.get().map(String::as_str)),
            sent = self.outbox.send(queued) => if sent.is_err() {
                return open.bury(self.obituary());
            },
            () = tokio::time::sleep(patience) => return open.silence(patience),
        }
        let last_word = self.last_word(patience);
        let mut deadline = deadline_after(Instant::now(), patience);
        loop {
            tokio::select! {
                biased;
                fate = open.fate() => return match fate {
                    Fate::Answered(answer) => Reply::Answered(answer),
                    Fate::Lost(why) => open.bury(&why),
                },
                () = asking.cancelled.cancelled() => return open.cancel(asking.reason.get().map(String::as_str)),
                () = tokio::time::sleep_until(deadline) => {
                    let later = deadline_after(open.heard(), patience).min(last_word);
                    if later <= deadline {
                        return open.silence(patience);
                    }
                    deadline = later;
                }
            }
        }
    }

    fn last_word(&self, patience: Duration) -> Instant {
        deadline_after(Instant::now().max(self.shared.opened), patience.saturating_mul(Asking::STRETCH))
    }

    /// Tells the server something that has no answer.
    pub(super) async fn notify(&self, notification: Notification) -> Result<(), Broken> {
        let line = Message::Notification(notification).to_line();
        let gone = |_| Broken::NotSent(self.obituary().to_owned());
        self.outbox.send(Outgoing::line(line)).await.map_err(gone)
    }

    /// Ends the connection and its child, and waits until both are gone.
    pub(super) async fn close(&self, grace: Duration) {
        self.shared.end("the gateway closed the connection", Ending::Wanted);
        if let Some(child) = &self.child {
            child.end(grace).await;
        }
    }

    fn send_cancelled(&self, id: u64, reason: Option<&str>) {
        let mut params = object! { "requestId" => id };
        if let Some(reason) = reason {
            params.insert("reason", reason);
        }
        let notification = Notification { method: "notifications/cancelled".to_owned(), params };
        if self.outbox.try_send(Outgoing::line(Message::Notification(notification).to_line())).is_err() {
            tracing::debug!(server = %self.shared.name, "the server reads nothing, so it was not told of a cancellation");
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.shared.end("the gateway closed the connection", Ending::Wanted);
    }
}

impl Shared {
    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Nothing comes and nothing goes any more; everybody who waits is told. Only the first end counts.
    fn end(&self, why: &str, ending: Ending) {
        let (waiting, links) = {
            let mut table = self.table();
            if table.closed {
                return;
            }
            table.closed = true;
            drop(self.obituary.set(why.to_owned()));
            (std::mem::take(&mut table.waiting), std::mem::take(&mut table.links))
        };
        self.gone.cancel();
        if ending == Ending::Death {
            tracing::warn!(server = %self.name, waiting = waiting.len(), "connection lost: {why}");
            if let Some(rest) = self.rest.get() {
                rest.died(self.opened.elapsed(), why);
            }
        }
        for waiting in waiting.into_values() {
            waiting.settle(Fate::Lost(why.to_owned()));
        }
        for sink in links.into_values() {
            sink.close(why);
        }
    }

    /// The first answer to an open request settles it; every other one is counted and forgotten.
    fn answer(&self, id: Option<&Id>, answer: Answer) {
        let number = id.and_then(number_of);
        let waiting = number.and_then(|number| {
            let mut table = self.table();
            let waiting = table.waiting.remove(&number)?;
            if let (Some(token), true) = (&waiting.token, is_task(&answer)) {
                table.remember_task(number, token.clone());
            }
            Some(waiting)
        });
        match waiting {
            Some(waiting) => waiting.settle(Fate::Answered(answer)),
            None => self.stray("an answer to no open request"),
        }
    }

    fn stray(&self, what: &str) {
        let count = self.stray.fetch_add(1, Ordering::Relaxed).saturating_add(1);
        if count.is_power_of_two() {
            tracing::warn!(server = %self.name, count, "the server sent {what}; ignored");
        }
    }

    fn patience(&self) -> Patience {
        match self.claim.get() {
            Some(Claim::Everybody) => Patience::Never,
            _ => Patience::Wait,
        }
    }
}

impl Table {
    fn remember_task(&mut self, number: u64, token: Value) {
        const TASKS: usize = 256;
        if self.tasks.len() >= TASKS {
            self.tasks.pop_first();
        }
        self.tasks.insert(number, token);
    }
}

/// Whether a legacy server answered with a task, whose progress is reported under the call's token to its end.
fn is_task(answer: &Answer) -> bool {
    answer.as_ref().is_ok_and(|result| result.get("task").and_then(|task| task.get("taskId")).is_some())
}

/// The number in an id we made.
fn number_of(id: &Id) -> Option<u64> {
    match id {
        Id::Number(number) => number.as_u64(),
        Id::String(_) => None,
    }
}

/// A time that far ahead; far enough where the clock has no such time.
fn deadline_after(from: Instant, patience: Duration) -> Instant {
    const AGE: Duration = Duration::from_hours(24 * 365);
    from.checked_add(patience.min(AGE)).unwrap_or(from)
}

#[cfg(test)]
mod tests;

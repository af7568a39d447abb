//! Who waits for an answer? One open request, from its registration to its only answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::Instant;

use super::outgoing::Ticket;
use super::{Connection, deadline_after};
use crate::downstream::asking::Reply;
use crate::downstream::link::Purpose;
use crate::downstream::sink::Sink;
use crate::wire::json::Value;
use crate::wire::message::Answer;

/// What the reader knows of an open request.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) sink: Arc<Sink>,
    pub(super) token: Option<Value>,
    pub(super) purpose: Purpose,
    /// Questions of the server that are taken to belong to it and have no answer yet.
    pub(super) questions: u32,
    heard: Arc<AtomicU64>,
    fate: oneshot::Sender<Fate>,
}

/// How an open request ends without its caller's doing.
#[derive(Debug)]
pub(super) enum Fate {
    Answered(Answer),
    Lost(String),
}

impl Waiting {
    /// Nobody may be waiting any more; then the fate is forgotten.
    pub(super) fn settle(self, fate: Fate) {
        drop(self.fate.send(fate));
    }

    /// The server showed that it is at work.
    pub(super) fn hear(&self, since: Instant) {
        let millis = u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.heard.store(millis, Ordering::Relaxed);
    }
}

/// What the caller holds of an open request. Dropping it gives the request up.
#[derive(Debug)]
pub(super) struct Open<'a> {
    connection: &'a Connection,
    id: u64,
    purpose: Purpose,
    ticket: Arc<Ticket>,
    heard: Arc<AtomicU64>,
    fate: oneshot::Receiver<Fate>,
    sink: Arc<Sink>,
    over: Over,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Over {
    No,
    Yes,
}

impl<'a> Open<'a> {
    /// Nothing if the connection is gone already.
    pub(super) fn register(
        connection: &'a Connection,
        id: u64,
        token: Option<Value>,
        sink: Arc<Sink>,
        purpose: Purpose,
    ) -> Option<Self> {
        let (settle, fate) = oneshot::channel();
        let heard = Arc::new(AtomicU64::new(0));
        let waiting = Waiting { sink: sink.clone(), token, purpose, questions: 0, heard: heard.clone(), fate: settle };
        let mut table = connection.shared.table();
        if table.closed {
            return None;
        }
        table.waiting.insert(id, waiting);
        drop(table);
        Some(Self { connection, id, purpose, ticket: Arc::default(), heard, fate, sink, over: Over::No })
    }

    pub(super) fn ticket(&self) -> Arc<Ticket> {
        self.ticket.clone()
    }

    /// When the server last showed that it is at work.
    pub(super) fn heard(&self) -> Instant {
        deadline_after(self.connection.shared.opened, Duration::from_millis(self.heard.load(Ordering::Relaxed)))
    }

    /// The answer, or the end of the connection.
    pub(super) async fn fate(&mut self) -> Fate {
        let fate = (&mut self.fate).await;
        self.over = Over::Yes;
        fate.unwrap_or_else(|_| Fate::Lost(self.connection.obituary().to_owned()))
    }

    /// The connection ended. What has not left has not happened.
    pub(super) fn bury(mut self, why: &str) -> Reply {
        self.over = Over::Yes;
        if self.ticket.withdraw() {
            Reply::NotSent(format!("{why}; nothing was sent"))
        } else {
            Reply::Unknown(format!("{why}; whether the call took effect is not known, so look before repeating it"))
        }
    }

    /// The caller gave up.
    pub(super) fn cancel(mut self, reason: Option<&str>) -> Reply {
        if self.give_up(reason) {
            Reply::NotSent("the request was cancelled before it was sent".to_owned())
        } else {
            Reply::Cancelled
        }
    }

    /// The server took too long.
    pub(super) fn silence(mut self, patience: Duration) -> Reply {
        if self.give_up(Some("the gateway waited long enough")) {
            Reply::NotSent("the server reads nothing; nothing was sent".to_owned())
        } else {
            Reply::Unknown(format!(
                "the server gave no answer within {} seconds; whether the call took effect is not known, so look \
                 before repeating it",
                patience.as_secs()
            ))
        }
    }

    /// True if the request never left. A server that has it is told that nobody waits, except for the handshake, which
    /// must not be cancelled.
    fn give_up(&mut self, reason: Option<&str>) -> bool {
        self.over = Over::Yes;
        self.connection.shared.table().waiting.remove(&self.id);
        let withdrawn = self.ticket.withdraw();
        if !withdrawn && self.purpose != Purpose::Handshake {
            self.connection.send_cancelled(self.id, reason);
        }
        withdrawn
    }
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        if self.over == Over::No {
            self.give_up(None);
        }
        let missed = self.sink.missed();
        if missed > 0 {
            tracing::warn!(server = %self.connection.shared.name, missed, "a slow client missed notifications");
        }
    }
}

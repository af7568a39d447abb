//! Who hears what a server says meanwhile? A bounded channel that a flood can fill but not overflow.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;

use super::asking::FromServer;

/// How long a full channel may hold up everything else the server says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Patience {
    /// The connection serves one session: the server waits a moment for its client.
    Wait,
    /// Others are on the same connection: nobody waits for one slow client.
    Never,
}

const MOMENT: Duration = Duration::from_millis(250);

/// A receiver of events, with a count of what it missed.
#[derive(Debug)]
pub(super) struct Sink {
    events: mpsc::Sender<FromServer>,
    missed: AtomicU64,
    /// It let one moment pass: until it takes something again, nobody waits for it.
    choked: AtomicBool,
}

/// What became of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Delivery {
    /// It is in the channel.
    Done,
    /// It was dropped; the receiver is too slow, or gone.
    Missed,
}

impl Sink {
    pub(super) const fn new(events: mpsc::Sender<FromServer>) -> Self {
        Self { events, missed: AtomicU64::new(0), choked: AtomicBool::new(false) }
    }

    /// Whether two sinks end in the same place.
    pub(super) fn same(&self, other: &Self) -> bool {
        self.events.same_channel(&other.events)
    }

    /// Puts an event into the channel, behind all earlier ones.
    pub(super) async fn deliver(&self, event: FromServer, patience: Patience) -> Delivery {
        let event = match self.events.try_send(event) {
            Ok(()) => {
                self.choked.store(false, Ordering::Relaxed);
                return Delivery::Done;
            }
            Err(TrySendError::Closed(_)) => return self.miss(),
            Err(TrySendError::Full(event)) => event,
        };
        if patience == Patience::Never || self.choked.load(Ordering::Relaxed) {
            return self.miss();
        }
        if self.events.send_timeout(event, MOMENT).await.is_ok() {
            return Delivery::Done;
        }
        self.choked.store(true, Ordering::Relaxed);
        self.miss()
    }

    /// Says that the connection is gone, if there is room to say so.
    pub(super) fn close(&self, why: &str) {
        if self.events.try_send(FromServer::Closed(why.to_owned())).is_err() {
            self.missed.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn miss(&self) -> Delivery {
        self.missed.fetch_add(1, Ordering::Relaxed);
        Delivery::Missed
    }

    /// How many events never arrived.
    pub(super) fn missed(&self) -> u64 {
        self.missed.load(Ordering::Relaxed)
    }
}

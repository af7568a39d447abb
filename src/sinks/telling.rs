//! How is one sink told, and how does it go on when it did not take something?

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::{Kind, Sink, Sinks, Told, file, post, syslog};
use crate::audit::export::Record;
use crate::channels::template::line::line;
use crate::clock::Timestamp;
use crate::store::StoreError;
use crate::store::settled::Tail;

/// How often is looked for something new.
const LOOK: Duration = Duration::from_millis(250);
/// How often is looked whether another gateway still tells it.
const LOOK_AGAIN: Duration = Duration::from_secs(2);
/// How long a gateway has a sink beyond what one write may take.
const MARGIN: Duration = Duration::from_secs(20);
/// When less than this is left of it, it is asked for anew.
const LEAST: Duration = Duration::from_secs(10);
/// How long a sink has for what is left when everything stops.
const LAST: Duration = Duration::from_secs(2);
/// Entries told at once.
const BATCH: i64 = 500;
/// And bytes; one entry alone may be longer.
const BATCH_BYTES: usize = 1 << 20;
/// Pauses after writes that failed.
const PAUSES: [Duration; 5] = [
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(5),
    Duration::from_secs(10),
];
/// Characters of what went wrong that are kept.
const SAID: usize = 300;

/// What came of one round.
enum Round {
    Told,
    Nothing,
    /// Another gateway tells it.
    Elsewhere,
    Failed(String),
}

/// What a gateway has that tells a sink.
struct Held {
    tail: Tail,
    until: Timestamp,
    writer: Writer,
    /// What was read and not told yet.
    waiting: Vec<Told>,
}

/// How it is told.
enum Writer {
    File(file::Pen),
    Http(post::Poster),
    Syslog(syslog::Line),
}

impl Sinks {
    pub(super) async fn tell(self: Arc<Self>, sink: Sink, stop: CancellationToken) {
        let (mut held, mut failures) = (None, 0_usize);
        loop {
            let last = stop.is_cancelled();
            let round = tokio::select! {
                round = self.round(&sink, &mut held) => round,
                // What was not told by then is told when a gateway runs again.
                () = moments_after(&stop) => break,
            };
            let round = round.unwrap_or_else(|error| Round::Failed(error.to_string()));
            let pause = match &round {
                Round::Told => Duration::ZERO,
                Round::Nothing => LOOK,
                Round::Elsewhere => LOOK_AGAIN,
                Round::Failed(_) => PAUSES.get(failures).or(PAUSES.last()).copied().unwrap_or(LOOK_AGAIN),
            };
            match &round {
                Round::Failed(why) => self.failed(&sink, why, &mut failures).await,
                Round::Told if failures > 0 => {
                    tracing::info!(sink = sink.name, "the sink takes the record again");
                    failures = 0;
                }
                Round::Told | Round::Nothing | Round::Elsewhere => {}
            }
            if last && !matches!(round, Round::Told) {
                break;
            }
            tokio::select! {
                () = stop.cancelled(), if !last => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
        if held.is_some()
            && let Err(error) = self.store.let_go_of_sink(&sink.name, &self.holder).await
        {
            tracing::warn!(sink = sink.name, %error, "another gateway tells the sink a little later");
        }
    }

    async fn failed(&self, sink: &Sink, why: &str, failures: &mut usize) {
        *failures = failures.saturating_add(1);
        let why = line(why, SAID);
        tracing::warn!(sink = sink.name, why, "the sink did not take the record; it is tried again by itself");
        // Whoever cannot write this down has said it in the log.
        drop(self.store.fail_sink(&sink.name, &self.holder, &why).await);
    }

    /// Tells the sink what comes next, if this gateway is the one that does.
    async fn round(&self, sink: &Sink, held: &mut Option<Held>) -> Result<Round, StoreError> {
        let holds = self.hold(sink, held).await?;
        let round = match held {
            Some(held) if holds => self.next(sink, held).await?,
            _ => Round::Elsewhere,
        };
        if matches!(round, Round::Elsewhere) {
            // Another gateway may have gone further by now.
            *held = None;
        }
        Ok(round)
    }

    /// Reads what comes next, and has the sink take it.
    async fn next(&self, sink: &Sink, held: &mut Held) -> Result<Round, StoreError> {
        if held.waiting.is_empty() {
            let lines = held.tail.next(&self.store, BATCH).await?;
            held.waiting = lines.iter().map(|line| told(sink, &Record::of(line, None))).collect();
        }
        let count = batch(&held.waiting);
        let Some(told) = held.waiting.get(..count).filter(|told| !told.is_empty()) else { return Ok(Round::Nothing) };
        let last = told.last().map_or(0, |told| told.record.seq);
        let written = tokio::time::timeout(sink.timeout, held.writer.write(told)).await;
        let late = |_| Err(format!("it took nothing within {:?}", sink.timeout));
        if let Err(why) = written.unwrap_or_else(late) {
            held.writer.give_up();
            return Ok(Round::Failed(why));
        }
        if !self.store.advance_sink(&sink.name, &self.holder, (last, self.clock.now())).await? {
            // It took too long, and another gateway tells it the same again.
            return Ok(Round::Elsewhere);
        }
        held.waiting.drain(..count);
        Ok(Round::Told)
    }

    /// Whether this gateway tells the sink, for long enough to do it once.
    async fn hold(&self, sink: &Sink, held: &mut Option<Held>) -> Result<bool, StoreError> {
        let now = self.store.time(self.clock.now()).await?;
        let needed = later(now, sink.timeout.saturating_add(LEAST));
        if held.as_ref().is_some_and(|held| held.until >= needed) {
            return Ok(true);
        }
        let until = later(now, sink.timeout.saturating_add(MARGIN));
        let before = self.store.find_sink(&sink.name).await?;
        if before.is_none_or(|cursor| cursor.holder != self.holder) {
            *held = None;
        }
        if !self.store.hold_sink(&sink.name, &self.holder, (now, until)).await? {
            return Ok(false);
        }
        if let Some(held) = held {
            held.until = until;
            return Ok(true);
        }
        let Some(cursor) = self.store.find_sink(&sink.name).await? else { return Ok(false) };
        let (tail, writer) = (Tail::after(cursor.seq), Writer::of(sink));
        *held = Some(Held { tail, until, writer, waiting: Vec::new() });
        Ok(true)
    }
}

impl Writer {
    fn of(sink: &Sink) -> Self {
        match &sink.kind {
            Kind::File { path, rotate } => Self::File(file::Pen::new(path.clone(), *rotate, sink.format.head())),
            Kind::Http { url, headers, private } => Self::Http(post::Poster::new(
                (&sink.name, url.clone()),
                (headers.clone(), sink.format.media_type()),
                *private,
            )),
            Kind::Syslog { to, private, .. } => Self::Syslog(syslog::Line::new(to.clone(), *private)),
        }
    }

    async fn write(&mut self, told: &[Told]) -> Result<(), String> {
        match self {
            Self::File(pen) => pen.write(told).await,
            Self::Http(poster) => poster.write(told).await,
            Self::Syslog(line) => line.write(told).await,
        }
    }

    /// Begins anew, whatever it was in the middle of.
    fn give_up(&mut self) {
        match self {
            // What hangs in the system cannot be called back, and is waited for before the next write.
            Self::File(_) | Self::Http(_) => {}
            Self::Syslog(line) => line.hang_up(),
        }
    }
}

/// A little after everything stops.
async fn moments_after(stop: &CancellationToken) {
    stop.cancelled().await;
    tokio::time::sleep(LAST).await;
}

/// A record as the sink takes it.
fn told(sink: &Sink, record: &Record) -> Told {
    let text = sink.format.record(record);
    match &sink.kind {
        Kind::Syslog { longest, .. } if text.len() > *longest => {
            let record = record.shortened(&text);
            Told { text: sink.format.record(&record), record }
        }
        _ => Told { text, record: record.clone() },
    }
}

/// How many of these are told at once.
fn batch(waiting: &[Told]) -> usize {
    let mut bytes = 0_usize;
    let fits = |told: &&Told| {
        let first = bytes == 0;
        bytes = bytes.saturating_add(told.text.len());
        first || bytes <= BATCH_BYTES
    };
    waiting.iter().take_while(fits).count()
}

fn later(now: Timestamp, by: Duration) -> Timestamp {
    Timestamp::from_micros(now.micros().saturating_add(i64::try_from(by.as_micros()).unwrap_or(i64::MAX)))
}

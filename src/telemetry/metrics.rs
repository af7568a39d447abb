//! What is counted? Every metric, named in one place.
//!
//! One list feeds both `/metrics` and OTLP. Names are those of OpenTelemetry's conventions for MCP and GenAI where there is
//! one (semantic-conventions-genai, status Development), and `countersign.*` otherwise; Prometheus sees them with `_` for
//! `.`, the unit and `_total` behind.
//!
//! | name | unit | by |
//! |---|---|---|
//! | `mcp.server.operation.duration` | s | method, server, tool, `error.type`, transport: what clients asked for |
//! | `mcp.client.operation.duration` | s | the same: what servers were sent |
//! | `countersign.calls` | | decision (`allow`, `hold`, `deny`), server |
//! | `countersign.holds.open` | | state; of the whole store, as everything about deliveries |
//! | `countersign.hold.duration` | s | the state after it |
//! | `countersign.votes` | | word |
//! | `countersign.approvals` | | how they ended |
//! | `countersign.policy.duration` | s | phase (`call`, `result`) |
//! | `countersign.store.write.duration` | s | |
//! | `countersign.store.write.failures` | | |
//! | `countersign.deliveries` | | channel, state (`waiting`, `dead`) |
//! | `countersign.credential.duration` | s | provider, whether one was made |
//! | `countersign.leases` | | state; of the whole store |
//! | `countersign.lease.failures` | | provider: credentials that could not be taken back, each time |
//! | `countersign.telemetry.dropped` | | signal |
//! | `countersign.telemetry.failures` | | signal |
//! | `countersign.sessions` | | |
//! | `countersign.clock.offset` | s | the database's clock less ours |
//! | `countersign.log.lag`, `countersign.anchor.lag` | s | absent until the book says how far it is, and where there is no anchor |
//! | `countersign.ready` | | 1, or 0 |
//! | `countersign.build.info`, `countersign.policy.info` | | version; digest of the bundle |
//!
//! Tool names are those of the pinned catalogue; everything else is `other`. Nobody's name, no argument and no result is
//! a label: who asked for what is in the record. What stays open until something happens (`subscriptions/listen`,
//! `tasks/result`) is no operation.

pub mod exposition;
pub mod gather;
pub mod instrument;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use crate::approval::Approval;
use crate::approval::state::State;
use crate::approval::vote::Word;
use crate::clock::Timestamp;
use instrument::{Bounds, Counter, Family, Gauge, Histogram, Spread};

/// The buckets the conventions ask for.
const OPERATIONS: Bounds = [
    10_000,
    20_000,
    50_000,
    100_000,
    200_000,
    500_000,
    1_000_000,
    2_000_000,
    5_000_000,
    10_000_000,
    30_000_000,
    60_000_000,
    120_000_000,
    300_000_000,
];
/// What is done between two messages.
const STEPS: Bounds =
    [50, 100, 250, 500, 1000, 2500, 5000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000];
/// How long people take.
const PEOPLE: Bounds = [
    1_000_000,
    5_000_000,
    15_000_000,
    30_000_000,
    60_000_000,
    120_000_000,
    300_000_000,
    600_000_000,
    900_000_000,
    1_800_000_000,
    3_600_000_000,
    7_200_000_000,
    21_600_000_000,
    86_400_000_000,
];

/// What kind of thing a metric is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Goes up.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Is spread over buckets.
    Histogram,
    /// Is always 1, and its labels say something.
    Info,
}

/// What a metric is called and means.
#[derive(Debug)]
pub struct Definition {
    /// The name OTLP knows.
    pub name: &'static str,
    /// `s`, or nothing.
    pub unit: &'static str,
    /// For people.
    pub help: &'static str,
    /// See [`Kind`].
    pub kind: Kind,
    /// What it is told apart by.
    pub labels: &'static [&'static str],
}

const fn define(
    name: &'static str,
    (kind, unit): (Kind, &'static str),
    labels: &'static [&'static str],
    help: &'static str,
) -> Definition {
    Definition { name, unit, help, kind, labels }
}

/// What an operation is told apart by.
const OPERATION: &[&str] =
    &["mcp.method.name", "countersign.server", "gen_ai.tool.name", "error.type", "network.transport"];
const SIGNAL: &[&str] = &["countersign.telemetry.signal"];
const TIME: (Kind, &str) = (Kind::Histogram, "s");
const COUNT: (Kind, &str) = (Kind::Counter, "");
const LEVEL: (Kind, &str) = (Kind::Gauge, "");
const LAG: (Kind, &str) = (Kind::Gauge, "s");
const INFO: (Kind, &str) = (Kind::Info, "");

static SERVER: Definition =
    define("mcp.server.operation.duration", TIME, OPERATION, "How long clients waited for the answer to a request.");
static CLIENT: Definition =
    define("mcp.client.operation.duration", TIME, OPERATION, "How long servers took to answer a call.");
static CALLS: Definition = define(
    "countersign.calls",
    COUNT,
    &["countersign.decision", "countersign.server"],
    "Calls that were judged, by what was said.",
);
static HOLDS: Definition = define(
    "countersign.holds.open",
    LEVEL,
    &["countersign.hold.state"],
    "Calls people were asked about that are not over.",
);
static HELD: Definition = define(
    "countersign.hold.duration",
    TIME,
    &["countersign.hold.state"],
    "How long people took, by where the call stood after it.",
);
static VOTES: Definition = define("countersign.votes", COUNT, &["countersign.vote"], "What people answered.");
static APPROVALS: Definition = define(
    "countersign.approvals",
    COUNT,
    &["countersign.hold.state"],
    "Calls people were asked about, by how they ended.",
);
static POLICY: Definition =
    define("countersign.policy.duration", TIME, &["countersign.phase"], "How long the rules took to judge.");
static WRITES: Definition =
    define("countersign.store.write.duration", TIME, &[], "How long it took until entries were committed.");
static UNWRITTEN: Definition = define(
    "countersign.store.write.failures",
    COUNT,
    &[],
    "Entries that could not be committed; their calls were refused.",
);
static DELIVERIES: Definition = define(
    "countersign.deliveries",
    LEVEL,
    &["countersign.channel", "countersign.delivery.state"],
    "Messages that wait for a channel, and those nobody tries any more.",
);
static MINTED: Definition = define(
    "countersign.credential.duration",
    TIME,
    &["countersign.provider", "countersign.outcome"],
    "How long it took to make a credential for a call.",
);
static LEASES: Definition =
    define("countersign.leases", LEVEL, &["countersign.lease.state"], "Credentials that are out, by where they stand.");
static STUCK: Definition = define(
    "countersign.lease.failures",
    COUNT,
    &["countersign.provider"],
    "How often a credential could not be taken back; it is tried again.",
);
static DROPPED: Definition =
    define("countersign.telemetry.dropped", COUNT, SIGNAL, "Spans and batches of metrics that were never exported.");
static FAILURES: Definition =
    define("countersign.telemetry.failures", COUNT, SIGNAL, "Exports the collector did not take.");
static SESSIONS: Definition = define("countersign.sessions", LEVEL, &[], "Sessions that are open here.");
static CLOCK: Definition =
    define("countersign.clock.offset", LAG, &[], "The time of the database less the time of this machine.");
static LOG: Definition =
    define("countersign.log.lag", LAG, &[], "How long ago the log held every entry that was written.");
static ANCHOR: Definition =
    define("countersign.anchor.lag", LAG, &[], "How long ago everything in the log was anchored outside.");
static READY: Definition = define("countersign.ready", LEVEL, &[], "Whether calls are taken: 1, or 0.");
static BUILD: Definition = define("countersign.build.info", INFO, &["version"], "Which Countersign this is.");
static BUNDLE: Definition =
    define("countersign.policy.info", INFO, &["countersign.policy"], "Which policies are in force.");

/// Everything that is counted where it happens.
#[derive(Debug)]
pub struct Metrics {
    /// Requests of clients: method, server, tool, what went wrong, transport.
    pub server: Family<5, Histogram>,
    /// Calls of servers: the same.
    pub client: Family<5, Histogram>,
    /// Decision and server.
    pub calls: Family<2, Counter>,
    /// The state after a hold.
    pub held: Family<1, Histogram>,
    /// The word of a vote.
    pub votes: Family<1, Counter>,
    /// How an approval ended.
    pub approvals: Family<1, Counter>,
    /// The phase that was judged.
    pub policy: Family<1, Histogram>,
    /// The provider, and whether it made one.
    pub minted: Family<2, Histogram>,
    /// The provider that did not take one back.
    pub stuck: Family<1, Counter>,
    /// The signal that was dropped.
    pub dropped: Family<1, Counter>,
    /// The signal that was not taken.
    pub failures: Family<1, Counter>,
    /// When the log held everything.
    pub log: Lag,
    /// When everything was anchored.
    pub anchor: Lag,
    /// The database's clock less ours, in seconds.
    pub clock: Gauge,
}

impl Default for Metrics {
    fn default() -> Self {
        Self {
            server: Family::new(|| Histogram::new(&OPERATIONS)),
            client: Family::new(|| Histogram::new(&OPERATIONS)),
            calls: Family::new(Counter::default),
            held: Family::new(|| Histogram::new(&PEOPLE)),
            votes: Family::new(Counter::default),
            approvals: Family::new(Counter::default),
            policy: Family::new(|| Histogram::new(&STEPS)),
            minted: Family::new(|| Histogram::new(&STEPS)),
            stuck: Family::new(Counter::default),
            dropped: Family::new(Counter::default),
            failures: Family::new(Counter::default),
            log: Lag::default(),
            anchor: Lag::default(),
            clock: Gauge::default(),
        }
    }
}

impl Metrics {
    /// An approval moved from one state to another.
    pub fn moved(&self, was: &Approval, is: &State, now: Timestamp) {
        if was.state == State::Pending && *is != State::Pending {
            let micros = u64::try_from(now.micros().saturating_sub(was.opened.micros())).unwrap_or(0);
            self.held.with([is.word()], |held| held.micros(micros));
        }
        let over = |state: &State| matches!(state, State::Ended(_) | State::Unknown);
        if over(is) && was.state != *is {
            self.approvals.with([is.word()], Counter::one);
        }
    }

    /// A provider was asked for a credential.
    pub fn minted(&self, provider: &str, took: Duration, made: bool) {
        self.minted.with([provider, if made { "made" } else { "not_made" }], |minted| minted.took(took));
    }

    /// Somebody answered.
    pub fn voted(&self, word: Word) {
        self.votes.with([word.text()], Counter::one);
    }
}

/// A histogram of what is done between two messages.
pub fn of_steps() -> Histogram {
    Histogram::new(&STEPS)
}

/// How far something is behind that has to catch up.
///
/// Whoever catches up says when it had, and says so again when there is nothing to do: one that stands still is seen to
/// fall behind, and does not stay at the last good number.
#[derive(Debug)]
pub struct Lag(AtomicI64);

impl Default for Lag {
    fn default() -> Self {
        Self(AtomicI64::new(i64::MIN))
    }
}

impl Lag {
    /// Everything there was at this time is done.
    pub fn caught_up(&self, at: Timestamp) {
        self.0.store(at.micros(), Ordering::Relaxed);
    }

    /// How far behind; nothing where nobody ever said.
    pub fn behind(&self, now: Timestamp) -> Option<Duration> {
        let at = Some(self.0.load(Ordering::Relaxed)).filter(|at| *at != i64::MIN)?;
        Some(Duration::from_micros(u64::try_from(now.micros().saturating_sub(at)).unwrap_or(0)))
    }
}

/// One metric, read.
#[derive(Debug)]
pub struct Measured {
    /// Which one.
    pub of: &'static Definition,
    /// For each set of labels.
    pub points: Vec<Point>,
}

/// What was read for one set of labels.
#[derive(Debug)]
pub struct Point {
    /// In the order of [`Definition::labels`]; an empty one is absent.
    pub labels: Vec<Arc<str>>,
    /// What it was.
    pub value: Value,
}

/// What a metric was.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Of a counter.
    Count(u64),
    /// Of a gauge.
    Level(f64),
    /// Of a histogram.
    Spread(Box<Spread>),
}

impl Point {
    /// The labels that are there, with their names.
    pub fn named(&self, of: &'static Definition) -> impl Iterator<Item = (&'static str, &str)> {
        of.labels.iter().copied().zip(self.labels.iter().map(|label| &**label)).filter(|(_, label)| !label.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_still_falls_behind() {
        // AUD-05: nothing is invented before anybody anchored, and nothing stays good by itself.
        let lag = Lag::default();
        let at = |seconds: i64| Timestamp::from_micros(seconds.saturating_mul(1_000_000));
        assert_eq!(lag.behind(at(100)), None);
        lag.caught_up(at(100));
        assert_eq!(lag.behind(at(99)), Some(Duration::ZERO));
        assert_eq!(lag.behind(at(220)), Some(Duration::from_mins(2)));
    }
}

//! What does the gateway remember of a session, for the rules that judge its next call?
//!
//! Labels, the last calls and sums over all of them. Labels of modern clients are also in the store, because their session
//! is no connection but an identity, and its next call may come to another gateway or after a restart; the rest is
//! remembered by the gateway that saw it, as long as it keeps the session.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Gateway;
use super::answer::Refusal;
use super::session::Session;
use crate::audit::entry::Ending;
use crate::call::{Action, Call};
use crate::clock::Timestamp;
use crate::policy::input::{self, Input, Part, RECENT, Recent, Sitting, Totals};
use crate::store::StoreError;
use crate::wire::era::Era;
use crate::wire::json::Value;
use crate::wire::message::Answer;

/// Labels in the store are kept this long after they were given last.
const LABELS_LAST_MICROS: i64 = 86_400_000_000;

/// Tasks of servers whose results may still come.
const MOST_TASKS: usize = 256;

/// What came before on one session.
#[derive(Debug)]
pub struct Memory(Mutex<Past>);

#[derive(Debug)]
struct Past {
    started: Timestamp,
    calls: u64,
    labels: BTreeSet<String>,
    /// The last calls, newest first.
    recent: Vec<Before>,
    totals: Totals,
    /// What rules see of all this, and the second in which it is true.
    made: Option<(i64, Part)>,
    /// What was judged when a task was begun, by server and task.
    tasks: BTreeMap<(String, String), Input>,
}

/// A call that is over.
#[derive(Debug)]
struct Before {
    call: Recent,
    arrived: Timestamp,
    /// What rules see of it, made anew only when it is older by a second.
    shown: Part,
}

/// What is left of a call when it has gone to its server.
#[derive(Clone, Debug)]
pub(super) struct Outline {
    server: Arc<str>,
    tool: Option<String>,
    arrived: Timestamp,
    bytes: u64,
}

/// How a call ended, for the memory.
#[derive(Clone, Debug)]
pub(super) struct Ended<'a> {
    /// The call.
    pub(super) outline: Outline,
    /// What was judged.
    pub(super) input: &'a Input,
    /// The word in the record.
    pub(super) outcome: &'static str,
    /// Whether it reached its server.
    pub(super) reached: Reached,
    /// What its result made of the session.
    pub(super) labels: BTreeSet<String>,
}

impl<'a> Ended<'a> {
    /// It was stopped before it reached its server.
    pub(super) const fn refused(outline: Outline, input: &'a Input, class: &'static str) -> Self {
        Self { outline, input, outcome: class, reached: Reached::Nobody, labels: BTreeSet::new() }
    }

    /// It was sent, and ended so, unless its result was kept back.
    pub(super) fn sent(outline: Outline, input: &'a Input, ending: Ending, refusal: Option<&Refusal>) -> Self {
        let outcome = refusal.map_or_else(|| ending.word(), |refusal| refusal.class);
        let reached = if ending == Ending::NotSent { Reached::Nobody } else { Reached::Server };
        Self { outline, input, outcome, reached, labels: BTreeSet::new() }
    }
}

impl Outline {
    /// What is worth remembering of a call.
    pub(super) fn of(call: &Call) -> Self {
        let tool = match &call.action {
            Action::Tool(name) => Some(name.clone()),
            _ => None,
        };
        let bytes = call.params.get("arguments").map_or(0, Value::weight);
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        Self { server: Arc::clone(&call.server), tool, arrived: call.arrived, bytes }
    }
}

/// Whether a call is one of the session's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Counts {
    /// The agent made it.
    Yes,
    /// The gateway made it for the people who decide, or looks at one once more.
    No,
}

/// Whether a call reached its server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reached {
    /// It may have.
    Server,
    /// It was stopped before.
    Nobody,
}

impl Memory {
    /// Nothing yet.
    pub fn new(started: Timestamp) -> Self {
        Self(Mutex::new(Past {
            started,
            calls: 0,
            labels: BTreeSet::new(),
            recent: Vec::with_capacity(RECENT),
            totals: Totals::default(),
            made: None,
            tasks: BTreeMap::new(),
        }))
    }

    /// What rules see, for a call that counts from now on.
    fn counting(&self, id: &str, now: Timestamp) -> Part {
        let mut past = self.past();
        let seen = past.part(id, now);
        past.calls = past.calls.saturating_add(1);
        past.made = None;
        seen
    }

    /// What rules see, for something that is no call.
    pub(super) fn part(&self, id: &str, now: Timestamp) -> Part {
        self.past().part(id, now)
    }

    pub(super) fn labelled(&self, labels: &BTreeSet<String>) {
        let mut past = self.past();
        if !labels.is_subset(&past.labels) {
            past.labels.extend(labels.iter().cloned());
            past.made = None;
        }
    }

    /// Remembers a call that is over.
    pub(super) fn note(&self, ended: Ended<'_>) {
        let Ended { outline, input, outcome, reached, labels } = ended;
        let mut past = self.past();
        past.made = None;
        if reached == Reached::Server {
            past.totals.add(&outline, input);
        }
        let Outline { server, tool, arrived, .. } = outline;
        let (server, outcome) = (server.to_string(), outcome.to_owned());
        let call = Recent { server, tool, outcome, ago_s: 0, labels, risk: input.risk() };
        let shown = input::before(&call);
        past.recent.truncate(RECENT.saturating_sub(1));
        past.recent.insert(0, Before { call, arrived, shown });
    }

    /// Remembers what was judged when a server began a task, because its result comes later.
    fn began(&self, server: &str, task: &str, input: &Input) {
        let mut past = self.past();
        // A task that is forgotten is not known, and what comes of it is kept back where rules might speak of it.
        if past.tasks.len() >= MOST_TASKS {
            past.tasks.pop_first();
        }
        past.tasks.insert((server.to_owned(), task.to_owned()), input.clone());
    }

    /// What was judged when this task was begun.
    pub(super) fn began_by(&self, server: &str, task: &str) -> Option<Input> {
        self.past().tasks.get(&(server.to_owned(), task.to_owned())).cloned()
    }

    fn past(&self) -> MutexGuard<'_, Past> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Past {
    fn part(&mut self, id: &str, now: Timestamp) -> Part {
        if let Some((second, part)) = &self.made
            && *second == now.seconds()
        {
            return part.clone();
        }
        let recent: Vec<Part> = self.recent.iter_mut().map(|before| before.at(now)).collect();
        let Self { started, calls, labels, totals, .. } = &*self;
        let part = input::session(Sitting { id, started: *started, calls: *calls, labels, recent: &recent, totals });
        self.made = Some((now.seconds(), part.clone()));
        part
    }
}

impl Before {
    fn at(&mut self, now: Timestamp) -> Part {
        let ago = u64::try_from(now.seconds().saturating_sub(self.arrived.seconds())).unwrap_or(0);
        if ago != self.call.ago_s {
            self.call.ago_s = ago;
            self.shown = input::before(&self.call);
        }
        self.shown.clone()
    }
}

impl Totals {
    fn add(&mut self, outline: &Outline, input: &Input) {
        if let Some(tool) = &outline.tool {
            let count = self.calls_by_tool.entry(format!("{}/{tool}", outline.server)).or_default();
            *count = count.saturating_add(1);
        }
        self.bytes_out = self.bytes_out.saturating_add(outline.bytes);
        if let Some((currency, amount)) = input.money() {
            let sum = self.money.entry(currency).or_default();
            *sum = sum.saturating_add(amount);
        }
    }
}

impl Gateway {
    /// Remembers a call that was sent, and the task it began if rules might speak of what comes of it.
    pub(super) fn remember(&self, session: &Session, ended: Ended<'_>, answer: &Answer) {
        if let (Ok(result), Some(_)) = (answer, &ended.outline.tool)
            && let Some(task) = task_in(result)
            && self.judge.speaks_of_results_from(&ended.outline.server)
        {
            session.memory.began(&ended.outline.server, task, ended.input);
        }
        session.memory.note(ended);
    }

    /// Drops what counts no more from the store: it only takes room.
    pub(super) async fn sweep_counts(&self, now: Timestamp) {
        let before = Timestamp::from_micros(now.micros().saturating_sub(LABELS_LAST_MICROS));
        let (charges, labels) = (self.store.sweep_charges(now).await, self.store.sweep_labels(before).await);
        if let Err(error) = charges.and(labels) {
            tracing::warn!(%error, "what counts no more stays in the store until the next time");
        }
    }

    /// What rules see of a session when it makes a call, and when one is made for it that does not count as its own. Labels
    /// another gateway gave count here too.
    pub(super) async fn past_of(&self, session: &Session, counts: Counts) -> Result<Part, StoreError> {
        if session.client.era == Era::Modern && self.judge.minds_labels() {
            session.memory.labelled(&self.store.labels_of(&session.id).await?);
        }
        Ok(match counts {
            Counts::Yes => session.memory.counting(&session.id, self.clock.now()),
            Counts::No => session.memory.part(&session.id, self.clock.now()),
        })
    }

    /// Gives a session labels, here and wherever its next call may come.
    pub(super) async fn label(&self, session: &Session, labels: &BTreeSet<String>) -> Result<(), StoreError> {
        session.memory.labelled(labels);
        if session.client.era == Era::Legacy || labels.is_empty() {
            return Ok(());
        }
        self.store.label_session(&session.id, labels, self.clock.now()).await
    }
}

/// The task a result is, in either era.
fn task_in(result: &Value) -> Option<&str> {
    result.get("task").unwrap_or(result).get("taskId").and_then(Value::as_str)
}

#[cfg(test)]
mod tests;

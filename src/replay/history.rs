//! What was decided before, and on what?

use std::collections::{BTreeMap, BTreeSet};

use super::said::Said;
use super::tally::Example;
use crate::call::CallId;
use crate::clock::Timestamp;
use crate::digest::Digest;
use crate::policy::bundle::Bundle;
use crate::policy::imprint::{Arrival, Gap, Parts};
use crate::policy::input::Input;
use crate::policy::kept;
use crate::store::entries::{Wanted, Written};
use crate::store::{Store, StoreError};
use crate::wire::json::{Object, Value};
use crate::wire::reader::{Limits, lenient};

/// What is read.
const EVENTS: [&str; 3] = ["arrived", "decided", "released"];
/// Lines read at once.
const BATCH: i64 = 4000;
/// Arrivals kept until their decision comes; a decision stands next to its arrival unless people had to be asked.
const WAITING: usize = 20_000;
/// Lines before the first that may hold the arrival of its call.
const SLACK: i64 = 64;

/// Which decisions are read.
#[derive(Clone, Copy, Debug)]
pub struct Span {
    /// None older than this.
    pub since: Timestamp,
    /// None as young as this.
    pub until: Option<Timestamp>,
    /// The newest of them, at most this many.
    pub limit: Option<i64>,
}

/// One decision of the record.
#[derive(Debug)]
pub struct Past {
    /// The call.
    pub call: CallId,
    /// When it was decided.
    pub at: Timestamp,
    /// The call's digest.
    pub digest: Digest,
    /// What was decided.
    pub said: Said,
    /// The policies that decided.
    pub policy: String,
    /// The limits that had not enough left.
    pub exceeded: BTreeSet<String>,
    /// Whether the arguments were changed before they were judged and sent.
    pub changed: bool,
    /// How much of the arguments the record does not show.
    pub covered: Covered,
    /// What they saw.
    pub input: Result<Input, Gap>,
    arrival: Option<Object>,
}

/// The arrival of a call.
#[derive(Debug)]
pub struct Arrived {
    /// The call.
    pub call: CallId,
    /// When.
    pub at: Timestamp,
    /// What its entry says.
    pub entry: Object,
}

/// The arrivals of the calls whose id begins like this.
pub async fn arrivals(store: &Store, call: &str) -> Result<Vec<Arrived>, StoreError> {
    newest_arrivals(store, call, BATCH).await
}

/// The arrival of the last call.
pub async fn last_arrival(store: &Store) -> Result<Option<Arrived>, StoreError> {
    Ok(newest_arrivals(store, "", 1).await?.pop())
}

async fn newest_arrivals(store: &Store, call: &str, limit: i64) -> Result<Vec<Arrived>, StoreError> {
    let wanted = Wanted { call: call.to_owned(), events: vec!["arrived".to_owned()] };
    let lines = store.latest(&wanted, limit).await?;
    let read = |line: Written| match lenient(line.body.as_bytes(), &Limits::REPLY) {
        Ok(Value::Object(entry)) => Some(Arrived { call: line.call?, at: line.at, entry }),
        _ => None,
    };
    Ok(lines.into_iter().filter_map(read).collect())
}

/// Every decision about the calls whose id begins like this, oldest first.
pub async fn decisions(store: &Store, call: &str) -> Result<Vec<Past>, StoreError> {
    let mut history = History::of(store, call.to_owned());
    let mut all = Vec::new();
    loop {
        let mut some = history.next().await?;
        if some.is_empty() {
            return Ok(all);
        }
        all.append(&mut some);
    }
}

/// How much of the arguments a record does not show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Covered {
    /// It shows all of them.
    Nothing,
    /// A rule had some of them covered.
    Some,
}

/// Reads decisions, oldest first.
#[derive(Debug)]
pub struct History<'s> {
    store: &'s Store,
    wanted: Wanted,
    first: i64,
    after: i64,
    until: Option<Timestamp>,
    arrived: BTreeMap<CallId, Object>,
    parts: Parts,
    released: u64,
}

impl Past {
    /// For a report.
    pub fn example(&self) -> Example {
        let said = |name| self.arrival.as_ref().and_then(|arrival| arrival.str(name)).unwrap_or_default().to_owned();
        Example {
            call: self.call.to_string(),
            at: self.at.to_string(),
            server: said("server"),
            target: said("target"),
            principal: said("principal"),
        }
    }
}

impl<'s> History<'s> {
    /// The decisions of this span.
    pub async fn open(store: &'s Store, span: Span) -> Result<Self, StoreError> {
        let mut first = store.since(span.since).await?;
        if let Some(limit) = span.limit {
            first = first.max(store.newest_of("decided", limit).await?);
        }
        Ok(Self { first, after: first.saturating_sub(SLACK), until: span.until, ..Self::of(store, String::new()) })
    }

    fn of(store: &'s Store, call: String) -> Self {
        let wanted = Wanted { call, events: EVENTS.map(str::to_owned).to_vec() };
        let (arrived, parts) = (BTreeMap::new(), Parts::default());
        Self { store, wanted, first: 0, after: 0, until: None, arrived, parts, released: 0 }
    }

    /// The next decisions; none when there are no more.
    pub async fn next(&mut self) -> Result<Vec<Past>, StoreError> {
        let mut decisions = Vec::new();
        while decisions.is_empty() {
            let lines = self.store.following(&self.wanted, self.after, BATCH).await?;
            let Some(last) = lines.last() else { return Ok(decisions) };
            self.after = last.seq;
            for line in lines {
                if let Some(past) = self.read(&line).await? {
                    decisions.push(past);
                }
            }
        }
        Ok(decisions)
    }

    async fn read(&mut self, line: &Written) -> Result<Option<Past>, StoreError> {
        let Some(call) = line.call.clone() else { return Ok(None) };
        let wanted = line.seq >= self.first && self.until.is_none_or(|until| line.at < until);
        if line.event == "released" {
            self.released = self.released.saturating_add(u64::from(wanted));
            return Ok(None);
        }
        let Ok(Value::Object(entry)) = lenient(line.body.as_bytes(), &Limits::REPLY) else { return Ok(None) };
        if line.event == "arrived" {
            if self.arrived.len() >= WAITING {
                self.arrived.pop_first();
            }
            self.arrived.insert(call, entry);
            return Ok(None);
        }
        let Some(said) = Said::recorded(&entry).filter(|_| wanted) else { return Ok(None) };
        let arrival = self.arrived.get(&call).cloned();
        let input = match (&arrival, entry.object("input")) {
            (None, _) => Err(Gap::Unreadable("its arrival")),
            (_, None) => Err(Gap::Unkept),
            (Some(arrival), Some(imprint)) => {
                let lacking = self.parts.lacking(imprint);
                for (name, text) in if lacking.is_empty() { BTreeMap::new() } else { self.store.kept(&lacking).await? }
                {
                    self.parts.add(&name, &text);
                }
                self.parts.again(Arrival { id: call.as_str(), entry: arrival }, imprint)
            }
        };
        let digest = arrival.as_ref().and_then(|arrival| Digest::parse(arrival.str("digest")?));
        // Without its arrival nothing can be judged, and the digest is not looked at.
        let digest = digest.unwrap_or_else(|| Digest::of_bytes("call", b""));
        let places = |name: &str| arrival.as_ref().and_then(|arrival| arrival.get(name)?.as_array().map(<[_]>::len));
        let exceeded = entry.get("exceeded").and_then(Value::as_array).unwrap_or_default();
        Ok(Some(Past {
            digest,
            said,
            policy: entry.str("policy").unwrap_or_default().to_owned(),
            exceeded: exceeded.iter().filter_map(|name| name.as_str().map(str::to_owned)).collect(),
            changed: places("redacted").is_some_and(|places| places > 0),
            covered: if places("masked").is_some_and(|places| places > 0) { Covered::Some } else { Covered::Nothing },
            input,
            call,
            at: line.at,
            arrival,
        }))
    }

    /// The policies of this name, if their files are kept.
    pub async fn bundle(&self, name: &str) -> Result<Option<Bundle>, StoreError> {
        let kept = self.store.kept(&[name]).await?;
        let Some(list) = kept.get(name) else { return Ok(None) };
        let names = kept::names(list);
        let files = self.store.kept(&names.iter().map(String::as_str).collect::<Vec<_>>()).await?;
        Ok(kept::restore(list, &files).and_then(|sources| Bundle::load(&sources).ok()))
    }

    /// How many results were judged in what was read last.
    pub const fn results(&mut self) -> u64 {
        std::mem::replace(&mut self.released, 0)
    }
}

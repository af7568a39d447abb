//! What is counted of a period?
//!
//! One pass over the entries, in order. A call takes a few bytes while it is counted, whatever it said; only what is listed by
//! name keeps its names. A call that ran in the period and was judged before it is looked up by whoever reads the book.
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

use std::collections::{BTreeMap, BTreeSet};

use super::custody::{Custody, Fate};
use super::happened::{Bundle, Gateway, Glass, Granted, Person};
use crate::audit::export::Record;
use crate::audit::export::proof::number;
use crate::clock::Timestamp;
use crate::facts::Risk;
use crate::wire::json::Value;

/// Everything that was counted.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Entries by their code.
    pub events: BTreeMap<String, u64>,
    /// The first and the last entry: place and time.
    pub ends: Option<((i64, Timestamp), (i64, Timestamp))>,
    /// What was refused or rejected, and why: event, class.
    pub refusals: BTreeMap<(String, String), u64>,
    /// Whoever answered.
    pub people: BTreeMap<String, Person>,
    /// Yeses beyond one call.
    pub granted: Vec<Granted>,
    /// Calls for which the glass was broken.
    pub glass: Vec<Glass>,
    /// Policies by which was decided, by their digests.
    pub bundles: BTreeMap<String, Bundle>,
    /// What the gateway says of itself.
    pub gateway: Vec<Gateway>,
    /// Entries of our own faults.
    pub faults: Vec<(Timestamp, String)>,
    /// Calls people are sent because they may be bad, and what was known of them.
    pub risky: BTreeMap<u128, Risky>,
    /// First judgements by day since 1970: allowed, held, denied.
    pub days: BTreeMap<i64, [u64; 3]>,
    sent_unjudged: BTreeSet<String>,
    calls: BTreeMap<u128, Custody>,
    names: BTreeMap<u128, (String, String)>,
}

/// A call of high or critical risk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Risky {
    /// Names it.
    pub id: String,
    /// When it was judged.
    pub at: Timestamp,
    /// How bad it could be.
    pub risk: Risk,
    /// Who asked.
    pub who: String,
    /// For what: server and tool.
    pub what: String,
}

/// So many things are listed one by one.
const MOST_LISTED: usize = 1000;
const DAY_MICROS: i64 = 86_400_000_000;

impl Tally {
    /// One more entry of the period.
    pub fn count(&mut self, record: &Record) {
        let here = (record.seq, record.at);
        let first = self.ends.map_or(here, |(first, _)| first);
        self.ends = Some((first, here));
        one_more(self.events.entry(record.event.clone()).or_default());
        self.learn(record, true);
        self.note(record);
    }

    /// An entry from before the period of a call that goes on in it.
    pub fn recall(&mut self, record: &Record) {
        self.learn(record, false);
    }

    /// Calls that were sent in the period, and of which it does not say how they were judged.
    pub fn unknown(&self) -> Vec<String> {
        self.sent_unjudged.iter().cloned().collect()
    }

    /// Calls that the period is about.
    pub fn calls(&self) -> impl Iterator<Item = &Custody> {
        self.calls.values().filter(|of| of.here)
    }

    /// Calls of high or critical risk that ran without a person's consent.
    pub fn unreviewed(&self) -> Vec<&Risky> {
        let ran = |number: &u128| self.calls.get(number).is_some_and(|of| of.dispatched && !of.is_agreed());
        self.risky.iter().filter(|(number, _)| ran(number)).map(|(_, risky)| risky).collect()
    }

    /// How many of high or critical risk ran at all, and how many of them a person agreed to: now, or before by a grant.
    pub fn reviewed(&self) -> (u64, u64) {
        let ran: Vec<&Custody> =
            self.risky.keys().filter_map(|number| self.calls.get(number)).filter(|of| of.dispatched).collect();
        let agreed = ran.iter().filter(|of| of.is_agreed()).count();
        (length(ran.len()), length(agreed))
    }

    /// All entries.
    pub fn entries(&self) -> u64 {
        self.events.values().sum()
    }

    /// Entries with one of these codes.
    pub fn of(&self, events: &[&str]) -> u64 {
        events.iter().filter_map(|event| self.events.get(*event)).sum()
    }

    /// What the call is by now.
    fn learn(&mut self, record: &Record, here: bool) {
        let Some(id) = record.call.as_deref() else { return };
        let (number, body) = (number(id), &record.body);
        let text = |name: &str| body.str(name).unwrap_or_default();
        let of = self.calls.entry(number).or_default();
        of.here |= here;
        match record.event.as_str() {
            "arrived" => {
                let who = ["user", "principal"].iter().find_map(|name| body.str(name)).unwrap_or_default().to_owned();
                self.names.insert(number, (who, format!("{}/{}", text("server"), text("target"))));
                of.preview |= body.contains("preview_of");
            }
            "decided" if of.verdict.is_none() => {
                of.verdict = Some(super::custody::Verdict::of(text("outcome")));
                let names = self.names.remove(&number).unwrap_or_default();
                let risk = risk(body.get("input"));
                if risk >= Risk::High {
                    let (who, what) = names;
                    self.risky.insert(number, Risky { id: id.to_owned(), at: record.at, risk, who, what });
                }
                if here {
                    let day = self.days.entry(record.at.micros().div_euclid(DAY_MICROS)).or_default();
                    let place = of.verdict.map_or(2, super::custody::Verdict::place);
                    day.get_mut(place).into_iter().for_each(one_more);
                }
            }
            _ => of.follow(record),
        }
        if here && of.dispatched && of.verdict.is_none() {
            self.sent_unjudged.insert(id.to_owned());
        }
    }

    /// What is told of by name.
    fn note(&mut self, record: &Record) {
        let body = &record.body;
        let text = |name: &str| body.str(name).unwrap_or_default().to_owned();
        match record.event.as_str() {
            "refused" | "rejected" => {
                one_more(self.refusals.entry((record.event.clone(), text("class"))).or_default());
            }
            "decided" => {
                let bundle = self.bundles.entry(text("policy")).or_insert_with(|| Bundle::new(record.at));
                bundle.last = record.at;
                bundle.decisions = bundle.decisions.saturating_add(1);
            }
            "voted" => {
                let opened = self.call_of(record).and_then(|of| of.opened);
                let took = opened.map(|opened| record.at.micros().saturating_sub(opened.micros()).max(0));
                let person = self.people.entry(text("person")).or_default();
                person.vote(&text("word"), &text("evidence"), took);
            }
            "viewed" => self.people.entry(text("person")).or_default().viewed(),
            "rushed" => self.people.entry(text("person")).or_default().rushed(),
            "grant_made" if self.granted.len() < MOST_LISTED => self.granted.push(Granted::of(record)),
            "claimed" if body.get("break_glass").and_then(Value::as_bool) == Some(true) => {
                let people = self.call_of(record).map(|of| of.glass.clone()).unwrap_or_default();
                let (call, at) = (record.call.clone().unwrap_or_default(), record.at);
                self.glass.push(Glass { at, call, people: people.into_iter().collect() });
            }
            "operated" if self.gateway.len() < MOST_LISTED => self.gateway.extend(Gateway::of(record)),
            "fault" if self.faults.len() < MOST_LISTED => self.faults.push((record.at, text("what"))),
            _ => {}
        }
    }

    fn call_of(&self, record: &Record) -> Option<&Custody> {
        self.calls.get(&number(record.call.as_deref()?))
    }

    /// How holds of the period ended.
    pub fn holds(&self) -> BTreeMap<Fate, u64> {
        let mut holds = BTreeMap::new();
        for of in self.calls().filter(|of| of.opened.is_some()) {
            one_more(holds.entry(of.fate.unwrap_or(Fate::Open)).or_default());
        }
        holds
    }

    /// How long people took, in microseconds, in order.
    pub fn times(&self) -> Vec<i64> {
        let mut times: Vec<i64> = self.calls().filter_map(|of| of.took).collect();
        times.sort_unstable();
        times
    }

    /// Everybody whose votes broke a glass.
    pub fn breakers(&self) -> BTreeSet<&str> {
        self.glass.iter().flat_map(|glass| glass.people.iter().map(String::as_str)).collect()
    }
}

/// What was read out of the arguments: the usual is not written, and what is not understood is the worst.
fn risk(input: Option<&Value>) -> Risk {
    match input.and_then(|input| input.get("facts")) {
        None => Risk::Low,
        Some(Value::Object(facts)) => match facts.get("risk") {
            None => Risk::Low,
            Some(risk) => risk.as_str().and_then(Risk::from_word).unwrap_or(Risk::Critical),
        },
        Some(whole) => {
            let facts = whole.as_array().and_then(|all| all.first()).and_then(Value::as_object);
            facts.and_then(|facts| Risk::from_word(facts.str("risk")?)).unwrap_or(Risk::Critical)
        }
    }
}

const fn one_more(count: &mut u64) {
    *count = count.saturating_add(1);
}

fn length(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

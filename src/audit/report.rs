//! What does an auditor read of a period?
//!
//! One page that needs nothing but itself: its style, drawings and numbers are in it, it asks for nothing and runs nothing. It
//! counts what the record says, names the command that exports what was counted, and claims nothing about compliance. Names of
//! people and tools stand in it; arguments and free text of calls do not.
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

pub mod controls;
pub mod custody;
mod drawn;
mod glossary;
pub mod happened;
pub mod tally;
#[cfg(test)]
mod tests;

use std::borrow::Borrow;

use askama::Template;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use self::controls::{Control, Framework};
use self::custody::{Fate, Outcome, Verdict};
use self::drawn::{by_day, by_fate, by_time};
use self::happened::{Gateway, rank};
use self::tally::Tally;
use super::export::proof::Filter;
use super::standing::Ends;
use crate::clock::Timestamp;
use crate::digest::sha256;
use crate::review::pages::chart::Chart;
use crate::review::pages::frame::When;
use crate::review::pages::numbers::seconds;
use crate::review::pages::seen::Seen;

const STYLE: &str = include_str!("report/style.css");
/// Rows of a list that are printed; the rest is counted.
const MOST: usize = 60;

/// What the page says of where it is from.
#[derive(Clone, Debug)]
pub struct Source {
    /// When it was made.
    pub made: Timestamp,
    /// By whom, as the machine knows them.
    pub by: String,
    /// Which database.
    pub place: String,
    /// The environment and the compliance zone of the configuration, where it could be read.
    pub deployment: Option<(String, String)>,
    /// When the oldest entry of the record was made.
    pub oldest: Option<Timestamp>,
    /// Whether the record says that this was made.
    pub recorded: bool,
    /// Whether no entry could still come between those that were counted.
    pub settled: bool,
}

/// The page.
#[derive(Debug, Template)]
#[template(path = "report.html", config = "src/audit/report/askama.toml")]
pub struct Report {
    source: Source,
    period: (Timestamp, Timestamp),
    filter: Filter,
    standing: Ends,
    tally: Tally,
    days: Chart,
    fates: Chart,
    times: Chart,
}

/// A number and what it is of.
struct Figure {
    name: &'static str,
    value: String,
}

/// A row of a table with a number.
struct Row {
    name: String,
    more: &'static str,
    count: u64,
}

impl Report {
    /// Of what was counted between these times.
    pub fn of(source: Source, period: (Timestamp, Timestamp), tally: Tally, standing: Ends) -> Self {
        let (days, fates, times) = (by_day(&tally, period), by_fate(&tally), by_time(&tally.times()));
        let (from, to) = period;
        let filter = Filter { from: Some(from.to_string()), to: Some(to.to_string()), ..Filter::default() };
        Self { source, period, filter, standing, tally, days, fates, times }
    }

    /// What lets the page's own style in, and nothing else.
    fn policy(&self) -> String {
        let digest = BASE64_STANDARD.encode(sha256(self.style().as_bytes()));
        format!("default-src 'none'; base-uri 'none'; form-action 'none'; style-src 'sha256-{digest}'")
    }

    #[expect(clippy::unused_self, reason = "a template asks the page")]
    const fn style(&self) -> &'static str {
        STYLE
    }

    /// A number with its thousands apart.
    #[expect(clippy::unused_self, reason = "a template asks the page")]
    fn grouped(&self, number: impl Borrow<u64>) -> String {
        grouped(*number.borrow())
    }

    #[expect(clippy::unused_self, reason = "a template asks the page")]
    fn at(&self, time: impl Borrow<Timestamp>) -> When {
        When(*time.borrow())
    }

    fn entries_of(&self, event: &str) -> u64 {
        self.tally.of(&[event])
    }

    fn figures(&self) -> Vec<Figure> {
        let figure = |name, value: u64| Figure { name, value: grouped(value) };
        let by = |verdict| self.calls_by(verdict);
        let median = rank(&self.tally.times(), 50).map_or_else(|| "–".to_owned(), seconds);
        vec![
            figure("Entries in the record", self.tally.entries()),
            figure("Calls judged", [Verdict::Allow, Verdict::Hold, Verdict::Deny].into_iter().map(by).sum()),
            figure("Held for people", by(Verdict::Hold)),
            figure("Denied by policy", by(Verdict::Deny)),
            Figure { name: "Median time to decide", value: median },
            figure("Glass broken", self.glass()),
        ]
    }

    fn glass(&self) -> u64 {
        u64::try_from(self.tally.glass.len()).unwrap_or(u64::MAX)
    }

    fn calls_by(&self, verdict: Verdict) -> u64 {
        count(self.tally.calls().filter(|of| of.verdict == Some(verdict)))
    }

    /// Entries by kind, the most first.
    fn kinds(&self) -> Vec<Row> {
        let row = |(event, count): (&String, &u64)| Row {
            name: event.clone(),
            more: glossary::meaning(event),
            count: *count,
        };
        let mut rows: Vec<Row> = self.tally.events.iter().map(row).collect();
        rows.sort_by(|one, other| other.count.cmp(&one.count).then_with(|| one.name.cmp(&other.name)));
        rows
    }

    /// Calls by what the rules said, and how they came out.
    fn decisions(&self) -> Vec<Row> {
        let row = |name: &str, more, count| Row { name: name.to_owned(), more, count };
        let unjudged = count(self.tally.calls().filter(|of| of.verdict.is_none() && of.refused));
        vec![
            row("allow", "It may run.", self.calls_by(Verdict::Allow)),
            row("hold", "It may run once people agree.", self.calls_by(Verdict::Hold)),
            row("deny", "It may not run.", self.calls_by(Verdict::Deny)),
            row("not judged", "A check ended it before the rules were asked.", unjudged),
        ]
    }

    fn endings(&self) -> Vec<Row> {
        let ended = |outcome| count(self.tally.calls().filter(|of| of.outcome == outcome && of.dispatched));
        let row = |name: &str, more, count| Row { name: name.to_owned(), more, count };
        vec![
            row("succeeded", "The server gave a result.", ended(Some(Outcome::Succeeded))),
            row("failed", "The server, the tool or the connection failed.", ended(Some(Outcome::Failed))),
            row("unknown", "Nobody knows whether it happened.", ended(Some(Outcome::Unknown))),
            row("not over", "It was sent, and had not ended when the period did.", ended(None)),
        ]
    }

    fn holds(&self) -> Vec<Row> {
        let holds = self.tally.holds();
        let more = |fate| match fate {
            Fate::Approved => "Everybody who had to agree did.",
            Fate::Denied => "Somebody who may said no.",
            Fate::Expired => "Nobody decided in time; it did not run.",
            Fate::Gone => "Whoever asked gave up, something changed, or the yes was not used.",
            Fate::Open => "It was not over when the period was.",
        };
        let row = |fate: Fate| Row {
            name: fate.name().to_owned(),
            more: more(fate),
            count: holds.get(&fate).copied().unwrap_or(0),
        };
        Fate::ALL.into_iter().map(row).collect()
    }

    /// What was refused or rejected, the most first.
    fn refusals(&self) -> Vec<Row> {
        let row = |((event, class), count): (&(String, String), &u64)| Row {
            name: class.clone(),
            more: if event == "rejected" { "rejected: it never became a call" } else { "refused: a check ended it" },
            count: *count,
        };
        let mut rows: Vec<Row> = self.tally.refusals.iter().map(row).collect();
        rows.sort_by_key(|row| std::cmp::Reverse(row.count));
        rows
    }

    /// Rules by digest, in the order they came into force.
    fn bundles(&self) -> Vec<(&String, &happened::Bundle)> {
        let mut all: Vec<_> = self.tally.bundles.iter().collect();
        all.sort_by_key(|(_, bundle)| bundle.first);
        all
    }

    /// What the gateway says of itself: policies, or everything else.
    fn said(&self, policies: bool) -> Vec<&Gateway> {
        let about = |said: &&Gateway| said.what.starts_with("policy_") || said.what.starts_with("catalogue_");
        self.tally.gateway.iter().filter(|said| about(said) == policies).collect()
    }

    fn rushes(&self) -> u64 {
        self.tally.of(&["rushed"])
    }

    #[expect(clippy::unused_self, reason = "a template asks the page")]
    fn median(&self, person: &happened::Person) -> String {
        person.median().map_or_else(|| "–".to_owned(), seconds)
    }

    fn p90(&self) -> String {
        rank(&self.tally.times(), 90).map_or_else(|| "–".to_owned(), seconds)
    }

    /// The command that exports what is counted for a control.
    fn query(&self, control: &Control) -> String {
        let mut command = String::from("countersign audit export");
        for (flag, value) in [("from", &self.filter.from), ("to", &self.filter.to)] {
            command.extend([format!(" --{flag} {}", value.as_deref().unwrap_or_default())]);
        }
        for event in control.events {
            command.extend([format!(" --event {event}")]);
        }
        command
    }

    fn found(&self, control: &Control) -> u64 {
        if control.events.is_empty() { self.tally.entries() } else { self.tally.of(control.events) }
    }

    fn is_whole(&self) -> bool {
        self.standing.before.is_some() && self.standing.after.is_some()
    }

    /// How far the record reaches back, in days.
    fn kept(&self) -> Option<i64> {
        let oldest = self.source.oldest?;
        Some(self.source.made.seconds().saturating_sub(oldest.seconds()).max(0) / 86_400)
    }
}

fn count<T>(of: impl Iterator<Item = T>) -> u64 {
    u64::try_from(of.count()).unwrap_or(u64::MAX)
}

/// A number with its thousands apart.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && digits.len().saturating_sub(place).is_multiple_of(3) {
            // Narrow, and never broken.
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

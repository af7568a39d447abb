//! How do people answer: how often, how fast, and does anybody read what they agree to?
//!
//! Counted from approvals alone: nothing is kept for it. A call that ran under a grant asked nobody and is no hold.

use std::collections::BTreeMap;

use askama::Template;

use super::chart::{Amount, Chart};
use super::frame::{Frame, When};
use super::seen::Seen;
use crate::approval::Approval;
use crate::approval::state::{End, State};
use crate::approval::vote::Word;
use crate::clock::Timestamp;

/// Days that are counted.
pub const DAYS: i64 = 30;
/// Holds that are counted at most, the newest.
pub const MOST: usize = 5000;

const DAY_MICROS: i64 = 86_400_000_000;
/// Faster than anybody reads.
const GLANCE_MICROS: i64 = 2_000_000;
/// From so many decisions on numbers say something of a rule.
const ENOUGH: u64 = 20;
/// Rules that are drawn.
const DRAWN: usize = 8;

/// How people answer.
#[derive(Debug, Template)]
#[template(path = "numbers.html", config = "src/review/pages/askama.toml")]
pub struct NumbersPage {
    /// What stands round it.
    pub frame: Frame,
    /// The numbers.
    pub numbers: Numbers,
    /// Whether there were more than are counted; then since when those are.
    pub bounded: Option<When>,
    /// Bars for each day.
    pub by_day: Chart,
    /// Bars for each rule.
    pub by_rule: Chart,
}

/// One hold, as far as it is counted.
#[derive(Clone, Debug)]
pub struct Hold {
    /// Since when people could see it.
    pub opened: Timestamp,
    /// What became of it.
    pub fate: Fate,
    /// The findings that held it.
    pub rules: Vec<String>,
    /// Who answered, and when, in order.
    pub answers: Vec<Answer>,
}

/// What one person said.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Who.
    pub person: String,
    /// Whether it was a no.
    pub word: Word,
    /// When.
    pub at: Timestamp,
}

/// What became of a hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// People agreed.
    Approved,
    /// Somebody said no.
    Denied,
    /// Nobody decided in time.
    Expired,
    /// It was given up, or void.
    Gone,
    /// People are still asked.
    Open,
}

/// Everything that was counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Numbers {
    /// All holds.
    pub all: Tally,
    /// By the findings that held them; a hold of two counts for both.
    pub rules: Vec<(Seen, Tally, Option<&'static str>)>,
    /// By who answered.
    pub people: Vec<(Seen, Tally)>,
    /// By day, the oldest first.
    pub days: Vec<(String, Tally)>,
}

/// What is counted of some holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// How many.
    pub holds: u64,
    /// People agreed.
    pub approved: u64,
    /// Somebody said no.
    pub denied: u64,
    /// Nobody decided in time.
    pub expired: u64,
    /// Given up, or void.
    pub gone: u64,
    /// Not decided yet.
    pub open: u64,
    /// First answers within two seconds after people could see it.
    pub glances: u64,
    /// How many were answered at all.
    pub answered: u64,
    /// How long each decision took, in microseconds, in order.
    times: Vec<i64>,
}

impl Hold {
    /// Of an approval; nothing where nobody was asked.
    pub fn of(approval: &Approval) -> Option<Self> {
        if approval.under.is_some() {
            return None;
        }
        let fate = match &approval.state {
            State::Pending => Fate::Open,
            State::Approved { .. } | State::Executing(_) | State::Unknown => Fate::Approved,
            State::Ended(end) => match end {
                End::Rejected => Fate::Denied,
                End::Expired => Fate::Expired,
                End::Cancelled | End::Superseded => Fate::Gone,
                End::Lapsed
                | End::Revoked
                | End::Succeeded
                | End::Failed
                | End::ReconciledSucceeded
                | End::ReconciledFailed => Fate::Approved,
            },
        };
        let answer = |vote: &crate::approval::vote::Vote| Answer {
            person: vote.by.person.clone(),
            word: vote.word,
            at: vote.at,
        };
        Some(Self {
            opened: approval.opened,
            fate,
            rules: approval.agreement.all_of.iter().map(|said| said.finding.clone()).collect(),
            answers: approval.votes.iter().map(answer).collect(),
        })
    }
}

/// Counts.
pub fn numbers(holds: &[Hold], now: Timestamp) -> Numbers {
    let mut all = Tally::default();
    let mut rules: BTreeMap<&str, Tally> = BTreeMap::new();
    let mut people: BTreeMap<&str, Tally> = BTreeMap::new();
    let today = now.micros().div_euclid(DAY_MICROS);
    let first = today.saturating_sub(DAYS - 1);
    let mut days: BTreeMap<i64, Tally> = (first..=today).map(|day| (day, Tally::default())).collect();
    for hold in holds {
        let begun = hold.answers.first().map(|answer| since(hold, answer));
        let took = hold.answers.last().filter(|_| matches!(hold.fate, Fate::Approved | Fate::Denied));
        let took = took.map(|answer| since(hold, answer));
        all.count(hold.fate, begun, took);
        for rule in &hold.rules {
            rules.entry(rule).or_default().count(hold.fate, begun, took);
        }
        for answer in &hold.answers {
            let fate = if answer.word == Word::No { Fate::Denied } else { Fate::Approved };
            let took = Some(since(hold, answer));
            people.entry(&answer.person).or_default().count(fate, took, took);
        }
        if let Some(day) = days.get_mut(&hold.opened.micros().div_euclid(DAY_MICROS)) {
            day.count(hold.fate, begun, took);
        }
    }
    let mut rules: Vec<_> = rules
        .into_iter()
        .map(|(rule, tally)| {
            let tally = tally.sorted();
            let hint = tally.suggestion();
            (Seen::from(rule), tally, hint)
        })
        .collect();
    rules.sort_by_key(|(_, tally, _)| std::cmp::Reverse(tally.holds));
    let mut people: Vec<_> = people.into_iter().map(|(who, tally)| (Seen::from(who), tally.sorted())).collect();
    people.sort_by_key(|(_, tally)| std::cmp::Reverse(tally.holds));
    let days = days.into_iter().map(|(day, tally)| (date(day), tally.sorted())).collect();
    Numbers { all: all.sorted(), rules, people, days }
}

fn since(hold: &Hold, answer: &Answer) -> i64 {
    answer.at.micros().saturating_sub(hold.opened.micros()).max(0)
}

fn date(day: i64) -> String {
    let words = When(Timestamp::from_micros(day.saturating_mul(DAY_MICROS))).words();
    words.get(..10).unwrap_or_default().to_owned()
}

impl Tally {
    fn count(&mut self, fate: Fate, begun: Option<i64>, took: Option<i64>) {
        self.holds = self.holds.saturating_add(1);
        let place = match fate {
            Fate::Approved => &mut self.approved,
            Fate::Denied => &mut self.denied,
            Fate::Expired => &mut self.expired,
            Fate::Gone => &mut self.gone,
            Fate::Open => &mut self.open,
        };
        *place = place.saturating_add(1);
        if let Some(begun) = begun {
            self.answered = self.answered.saturating_add(1);
            self.glances = self.glances.saturating_add(u64::from(begun < GLANCE_MICROS));
        }
        self.times.extend(took);
    }

    fn sorted(mut self) -> Self {
        self.times.sort_unstable();
        self
    }

    /// What people decided.
    pub const fn decided(&self) -> u64 {
        self.approved.saturating_add(self.denied)
    }

    /// The share of what was decided that was approved.
    pub fn approve_rate(&self) -> String {
        percent(self.approved, self.decided())
    }

    /// The share that was answered faster than anybody reads.
    pub fn glance_rate(&self) -> String {
        percent(self.glances, self.answered)
    }

    /// The share of what is over in which nobody decided in time.
    pub fn expired_rate(&self) -> String {
        percent(self.expired, self.holds.saturating_sub(self.open))
    }

    /// Half of the decisions were faster.
    pub fn median(&self) -> String {
        self.at(50).map_or_else(dash, seconds)
    }

    /// Nine of ten were.
    pub fn p90(&self) -> String {
        self.at(90).map_or_else(dash, seconds)
    }

    fn at(&self, percent: usize) -> Option<i64> {
        // The nearest rank: the smallest time that so many are not above.
        let rank = self.times.len().saturating_mul(percent).div_ceil(100).saturating_sub(1);
        self.times.get(rank).copied()
    }

    /// What the numbers say about a rule, where they say something.
    fn suggestion(&self) -> Option<&'static str> {
        let (decided, over) = (self.decided(), self.decided().saturating_add(self.expired));
        let nearly = |part: u64, whole: u64| part.saturating_mul(100) >= whole.saturating_mul(95);
        let fast = self.at(50).is_some_and(|median| median < 5_000_000);
        if decided >= ENOUGH && nearly(self.approved, decided) && fast {
            Some("nobody seems to read these; allow them, or ask somebody else")
        } else if decided >= ENOUGH && nearly(self.denied, decided) {
            Some("nobody approves these; let the rule deny them and say what to do instead")
        } else if over >= ENOUGH && self.expired.saturating_mul(2) >= over {
            Some("half of them or more are never answered; ask somebody else, or for longer")
        } else {
            None
        }
    }

    /// The numbers behind a suggestion, in words.
    pub fn in_words(&self) -> String {
        format!("approved {} of {}, median {}, expired {}", self.approved, self.decided(), self.median(), self.expired)
    }

    fn bar(&self) -> Vec<(&'static str, u64)> {
        vec![("approved", self.approved), ("denied", self.denied), ("expired", self.expired)]
    }
}

impl NumbersPage {
    /// Of the holds, the newest first.
    pub fn of(frame: Frame, holds: &[Hold], bounded: bool) -> Self {
        let numbers = numbers(holds, frame.now);
        let amount = |label: &str, tally: &Tally| Amount { label: label.to_owned(), of: tally.bar() };
        let days: Vec<_> =
            numbers.days.iter().map(|(day, tally)| amount(day.get(5..).unwrap_or_default(), tally)).collect();
        let rules: Vec<_> = numbers
            .rules
            .iter()
            .take(DRAWN)
            .zip(1..)
            .map(|((_, tally, _), number): (_, u32)| amount(&number.to_string(), tally))
            .collect();
        let bounded = holds.last().filter(|_| bounded).map(|hold| When(hold.opened));
        Self { by_day: Chart::of(&days), by_rule: Chart::of(&rules), numbers, bounded, frame }
    }

    /// What the numbers suggest, rule by rule.
    pub fn suggestions(&self) -> impl Iterator<Item = (&Seen, String, &'static str)> {
        self.numbers.rules.iter().filter_map(|(rule, tally, hint)| Some((rule, tally.in_words(), (*hint)?)))
    }
}

fn percent(part: u64, whole: u64) -> String {
    let rounded = part.saturating_mul(100).saturating_add(whole / 2).checked_div(whole);
    rounded.map_or_else(dash, |percent| format!("{percent} %"))
}

/// How long something took, in the unit that says enough.
pub fn seconds(micros: i64) -> String {
    let tenths = micros.max(0) / 100_000;
    match tenths {
        0..600 => format!("{}.{} s", tenths / 10, tenths % 10),
        600..72_000 => format!("{} min", tenths / 600),
        _ => format!("{} h", tenths / 36_000),
    }
}

fn dash() -> String {
    "–".to_owned()
}

#[cfg(test)]
mod tests;

//! Which calls were there, who decided, and how long did that take?

use std::borrow::Borrow;
use std::collections::BTreeSet;

use askama::Template;
use serde_json::Value;

use super::super::card::Shown;
use super::super::fault::Fault;
use super::super::sentence::{Word, sentence};
use super::frame::{Frame, When};
use super::numbers::seconds;
use super::seen::{Seen, Told};
use super::timeline::{text, vote};
use crate::clock::Timestamp;
use crate::store::entries::Written;

/// No text somebody looks for is longer.
const LONGEST: usize = 200;
/// What ids begin with is no help below this: it names everything that was made in hours.
const SHORTEST_ID: usize = 8;

/// Calls of the past, newest first.
#[derive(Debug, Template)]
#[template(path = "history.html", config = "src/review/pages/askama.toml")]
pub struct HistoryPage {
    /// What stands round it.
    pub frame: Frame,
    /// What was looked for.
    pub search: Search,
    /// What was found.
    pub rows: Vec<Past>,
    /// The address of the next page.
    pub next: Option<String>,
    /// How far back was looked, where that was not far enough to fill the page.
    pub looked: Option<When>,
}

/// What somebody looks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Search {
    /// What the call's id begins with.
    pub id: String,
    /// A part of the name of a server or a tool.
    pub what: String,
    /// A part of the name of whoever asked or answered.
    pub who: String,
    /// Where it stands.
    pub stood: Option<Stood>,
    /// Not before.
    pub from: Option<Timestamp>,
    /// Not after.
    pub until: Option<Timestamp>,
    /// Only what stands before this place of the book.
    pub before: Option<i64>,
}

/// Where a call stands, as far as it matters to whoever looks back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stood {
    /// People are asked.
    Waits,
    /// It may run, and has not.
    Approved,
    /// It was sent.
    Runs,
    /// It ran.
    Ran,
    /// It was sent, or was to be sent, and failed.
    Failed,
    /// People said no.
    Denied,
    /// Rules or checks said no.
    Refused,
    /// Nobody decided in time.
    Expired,
    /// It ended without having run.
    Ended,
    /// Nobody knows.
    Unknown,
}

/// One call.
#[derive(Clone, Debug)]
pub struct Past {
    /// Names it.
    pub id: String,
    /// When it arrived.
    pub at: When,
    /// What it would do.
    pub sentence: Vec<Word>,
    /// Who asked.
    pub asker: Seen,
    /// Where it stands.
    pub stood: Stood,
    /// Who decided, and what.
    pub decided: Vec<Word>,
    /// How long people took.
    pub took: Option<String>,
    /// Whether the gateway made it to see what another would do.
    pub preview: bool,
    /// The parameters, as the record has them.
    pub params: Value,
    names: BTreeSet<String>,
    things: [String; 2],
}

impl Search {
    /// What was filled in. `take` gives what stands under a name.
    pub fn read(take: &mut dyn FnMut(&str) -> Option<String>) -> Result<Self, Fault> {
        let mut text = |name: &str| -> Result<String, Fault> {
            let text = take(name).unwrap_or_default().trim().to_owned();
            if text.chars().count() <= LONGEST { Ok(text) } else { Err(malformed(name, "it is too long")) }
        };
        let (id, what, who) = (text("id")?, text("what")?, text("who")?);
        let is_id = id.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
        if !id.is_empty() && (!is_id || id.len() < SHORTEST_ID) {
            return Err(malformed("id", "write at least the first 8 characters of a call's id"));
        }
        let stood = match text("state")?.as_str() {
            "" => None,
            word => Some(
                Stood::ALL
                    .into_iter()
                    .find(|stood| stood.word() == word)
                    .ok_or_else(|| malformed("state", "pick one of the list"))?,
            ),
        };
        let (from, until) = (moment("from", &text("from")?)?, moment("until", &text("until")?)?);
        let before = match text("before")?.as_str() {
            "" => None,
            place => Some(place.parse().map_err(|_| malformed("before", "take it from a link of the page"))?),
        };
        Ok(Self { id, what, who, stood, from, until, before })
    }

    /// Whether the thing that was asked for can be the one that is looked for.
    pub fn fits_thing(&self, things: &[String; 2]) -> bool {
        self.what.is_empty() || things.iter().any(|name| holds(name, &self.what))
    }

    /// Whether it is one of those.
    pub fn fits(&self, past: &Past) -> bool {
        self.fits_thing(&past.things)
            && (self.who.is_empty() || past.names.iter().any(|name| holds(name, &self.who)))
            && self.stood.is_none_or(|stood| stood == past.stood)
            && self.from.is_none_or(|from| past.at.0 >= from)
            && self.until.is_none_or(|until| past.at.0 <= until)
    }

    /// Whether calls that stand there are looked for alone.
    pub fn is_for(&self, stood: impl Borrow<Stood>) -> bool {
        self.stood.as_ref() == Some(stood.borrow())
    }

    /// Whether anything is looked for at all.
    pub fn is_empty(&self) -> bool {
        Self { before: None, ..self.clone() } == Self::default()
    }

    /// A time as the form has it.
    pub fn field(time: Option<&Timestamp>) -> String {
        let time = time.and_then(|time| jiff::Timestamp::from_second(time.seconds()).ok());
        time.map(|time| time.strftime("%Y-%m-%dT%H:%M").to_string()).unwrap_or_default()
    }

    /// The address of the page that begins at this place.
    pub fn address(&self, before: i64) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        let stood = self.stood.map_or("", Stood::word);
        let (from, until) = (Self::field(self.from.as_ref()), Self::field(self.until.as_ref()));
        let all = [("id", &*self.id), ("what", &self.what), ("who", &self.who), ("state", stood)];
        for (name, value) in all.into_iter().chain([("from", &*from), ("until", &*until)]) {
            if !value.is_empty() {
                query.append_pair(name, value);
            }
        }
        format!("/history?{}", query.append_pair("before", &before.to_string()).finish())
    }
}

impl Stood {
    /// All of them, in the order of the list.
    pub const ALL: [Self; 10] = [
        Self::Waits,
        Self::Approved,
        Self::Runs,
        Self::Ran,
        Self::Failed,
        Self::Denied,
        Self::Refused,
        Self::Expired,
        Self::Ended,
        Self::Unknown,
    ];

    /// The word in an address.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Waits => "waits",
            Self::Approved => "approved",
            Self::Runs => "runs",
            Self::Ran => "ran",
            Self::Failed => "failed",
            Self::Denied => "denied",
            Self::Refused => "refused",
            Self::Expired => "expired",
            Self::Ended => "ended",
            Self::Unknown => "unknown",
        }
    }

    /// For people.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Waits => "waits for people",
            Self::Approved => "may run, not yet run",
            Self::Runs => "is running",
            Self::Ran => "ran",
            Self::Failed => "failed",
            Self::Denied => "denied by people",
            Self::Refused => "refused by rules or checks",
            Self::Expired => "expired: nobody decided in time",
            Self::Ended => "ended without running",
            Self::Unknown => "nobody knows whether it ran",
        }
    }

    /// After this line of the book; nothing where the line does not matter.
    fn after(event: &str, body: &Value) -> Option<Self> {
        let of = |key: &str| text(body, key);
        Some(match event {
            "refused" => Self::Refused,
            "decided" if of("outcome") == "deny" => Self::Refused,
            "held" => Self::Waits,
            "grant_used" => Self::Approved,
            "voted" | "settled" => Self::of_state(&of("state"))?,
            "arrived" | "claimed" | "dispatched" | "leased" | "lease_ended" => Self::Runs,
            "finished" => match of("outcome").as_str() {
                "succeeded" => Self::Ran,
                "outcome_unknown" => Self::Unknown,
                "input_required" => Self::Runs,
                _ => Self::Failed,
            },
            "cancelled" => Self::Ended,
            _ => return None,
        })
    }

    fn of_state(state: &str) -> Option<Self> {
        Some(match state {
            "pending" => Self::Waits,
            "approved" => Self::Approved,
            "executing" => Self::Runs,
            "outcome_unknown" => Self::Unknown,
            "rejected" => Self::Denied,
            "expired" => Self::Expired,
            "cancelled" | "superseded" | "lapsed" | "revoked" => Self::Ended,
            "succeeded" | "reconciled_succeeded" => Self::Ran,
            "failed" | "reconciled_failed" => Self::Failed,
            _ => return None,
        })
    }
}

impl Past {
    /// From everything the book says of one call, oldest first, and what people were shown of it, if they were asked.
    pub fn of(lines: &[Written], shown: Option<Shown>) -> Option<Self> {
        let first = lines.iter().find(|line| line.event == "arrived").or_else(|| lines.first())?;
        let (id, start) = (first.call.as_ref()?.to_string(), body(first));
        let shown = shown.unwrap_or_else(|| plainly(&start));
        let mut past = Self {
            id,
            at: When(first.at),
            sentence: sentence(&shown),
            asker: asker(&start),
            stood: Stood::Runs,
            decided: Vec::new(),
            took: None,
            preview: start.get("preview_of").is_some(),
            params: start.get("params").cloned().unwrap_or_default(),
            names: ["principal", "agent", "user"].into_iter().map(|key| text(&start, key)).collect(),
            things: [text(&start, "server"), text(&start, "target")],
        };
        let mut held = None;
        for line in lines {
            past.follow(line, &mut held);
        }
        Some(past)
    }

    fn follow(&mut self, line: &Written, held: &mut Option<Timestamp>) {
        let body = body(line);
        if let Some(stood) = Stood::after(&line.event, &body) {
            // That somebody who waits asks again, or leaves, says nothing of the call.
            let waits = self.stood == Stood::Waits || held.is_some();
            if !(waits && matches!(line.event.as_str(), "arrived" | "cancelled")) {
                self.stood = stood;
            }
        }
        let ours = |text: &str| Word::Ours(text.to_owned());
        match line.event.as_str() {
            "held" => *held = Some(line.at),
            "decided" if held.is_none() => self.decided = vec![ours("the rules")],
            "refused" => self.decided = vec![ours("a check: "), Word::Theirs(text(&body, "class"))],
            "grant_used" => self.decided = vec![ours("an open grant")],
            "voted" => {
                let person = text(&body, "person");
                let words = [Word::Theirs(person.clone()), Word::Ours(format!(" {}", vote(&text(&body, "word"))))];
                let before = std::mem::take(&mut self.decided);
                let others = before.into_iter().chain([ours(", ")]).filter(|_| self.took.is_some());
                self.decided = others.chain(words).collect();
                self.names.insert(person);
                self.took = held.map(|held| seconds(line.at.micros().saturating_sub(held.micros())));
            }
            "settled" if text(&body, "state") == "expired" => self.decided = vec![ours("nobody, in time")],
            _ => {}
        }
        if self.stood == Stood::Waits && self.took.is_none() {
            self.decided = Vec::new();
        }
    }
}

/// What a line that begins a call is about: server and tool.
pub fn things(line: &Written) -> [String; 2] {
    let body = body(line);
    [text(&body, "server"), text(&body, "target")]
}

fn plainly(start: &Value) -> Shown {
    Shown {
        server: text(start, "server"),
        method: text(start, "method"),
        target: text(start, "target"),
        params: start.get("params").cloned().unwrap_or_default(),
        masked: Vec::new(),
        redacted: Vec::new(),
        reason: None,
        credentials: Vec::new(),
        more: std::collections::BTreeMap::new(),
    }
}

fn asker(start: &Value) -> Seen {
    let (agent, user) = (text(start, "agent"), text(start, "user"));
    Seen(match (agent.is_empty(), user.is_empty()) {
        (false, false) => format!("{agent} for {user}"),
        (false, true) => agent,
        (true, false) => user,
        (true, true) => text(start, "principal"),
    })
}

fn body(line: &Written) -> Value {
    serde_json::from_str(&line.body).unwrap_or_default()
}

fn holds(name: &str, part: &str) -> bool {
    name.to_lowercase().contains(&part.to_lowercase())
}

fn moment(key: &str, given: &str) -> Result<Option<Timestamp>, Fault> {
    if given.is_empty() {
        return Ok(None);
    }
    let time: Option<jiff::civil::DateTime> = given.parse().ok();
    let time = time.and_then(|time| time.to_zoned(jiff::tz::TimeZone::UTC).ok());
    let time = time.ok_or_else(|| malformed(key, "write a time such as 2026-11-22T04:10, in UTC"))?;
    Ok(Some(Timestamp::from_micros(time.timestamp().as_microsecond())))
}

fn malformed(key: &str, why: &str) -> Fault {
    Fault::Malformed { key: Some(key.to_owned()), why: why.to_owned() }
}

#[cfg(test)]
mod tests;

//! Who hears of what waits, and when?

mod names;
mod on_call;

use std::collections::{BTreeMap, BTreeSet};

use jiff::tz::TimeZone;

pub(super) use self::names::conflicts;
use super::Config;
use super::fault::{Subject, closest};
use super::section::{Given, Noted, Privacy, Reading, Section, Wanted};
use super::servers::ServerName;
use super::tree::At;
use super::word::Word;
use crate::channels::notice::What;
pub use crate::channels::routing::duty::OnCall;
pub use crate::channels::routing::filter::Filter;
pub use crate::channels::routing::hours::Hours;
use crate::channels::routing::hours::{Day, Wall};
pub(super) use crate::channels::routing::person::Person as Told;
use crate::channels::routing::person::{Away, Quiet};
use crate::channels::routing::route::Target;
pub use crate::channels::routing::route::{RESERVED, Route};
use crate::channels::routing::{Recipient, Routes};
use crate::clock::Timestamp;
use crate::facts::Risk;
use crate::policy::finding::hold::Reviewer;

const TIME: Wanted = Wanted("a time as RFC 3339 writes it", "2026-12-20T09:00:00+01:00");

/// Reads `[[routes]]`.
pub(super) fn routes(root: &Section<'_>) -> Reading<Vec<Route>> {
    let read = root.tables("routes")?.into_iter().map(|section| route(&section));
    // Each of them is looked at, so that every fault is told at once.
    read.collect::<Vec<_>>().into_iter().collect()
}

/// Reads `[hours.NAME]`.
pub(super) fn hours(root: &Section<'_>) -> Reading<BTreeMap<String, Hours>> {
    named(root, "hours", |section| {
        let hours = some_hours(section);
        section.close();
        hours
    })
}

/// Reads `[on_call.NAME]`.
pub(super) fn on_call(root: &Section<'_>) -> Reading<BTreeMap<String, OnCall>> {
    named(root, "on_call", on_call::read)
}

/// Reads how somebody is told: `reach`, `quiet` and `away` of a person.
pub(super) fn told(section: &Section<'_>) -> Reading<Told> {
    const ADDRESS: Wanted = Wanted("an address of a channel", "slack:U0123456789");
    let reach = section.texts("reach", &[], Privacy::Open);
    let reach = reach.and_then(|given| each(section, "reach", given, ADDRESS, Recipient::parse));
    let quiet = inner(section, "quiet", quiet);
    let away = inner(section, "away", away);
    Ok(Told { reach: reach?, quiet: quiet?, away: away? })
}

/// Reads `events`, `risk_from` and `risk_to`.
pub(super) fn filter(section: &Section<'_>) -> Reading<Filter> {
    let words = What::ALL.map(What::word);
    let events = section.texts("events", &[], Privacy::Open);
    let events = events.and_then(|given| words_of(section, given, (&words, "event"), What::of_word));
    let risk_from = section.word("risk_from", Risk::Low);
    let risk_to = section.word("risk_to", Risk::Critical);
    let filter = Filter { events: events?, risk_from: risk_from?, risk_to: risk_to? };
    if filter.risk_from > filter.risk_to {
        let what = format!("no risk is `{}` at least and `{}` at most", filter.risk_from.word(), filter.risk_to.word());
        return Err(section.fault(what, "write the smaller of the two as `risk_from`"));
    }
    Ok(filter)
}

impl Config {
    /// Who hears of what, when these are the channels and what each hears of at all.
    pub fn routing(&self, channels: BTreeMap<String, Filter>) -> Routes {
        let people = self.people.iter().map(|(name, person)| {
            let super::Person { reach, quiet, away, .. } = person.clone();
            (name.clone(), Told { reach, quiet, away })
        });
        let letters = self.channels.iter().filter(|(_, channel)| channel.kind.needs_address());
        Routes {
            routes: self.routes.clone(),
            hours: self.hours.clone(),
            people: people.collect(),
            channels,
            addressed: letters.map(|(name, _)| name.clone()).collect(),
        }
    }
}

fn route(section: &Section<'_>) -> Reading<Route> {
    use crate::channels::routing::glob::Glob;

    let globs = |key, example| {
        let given = section.texts(key, &[], Privacy::Open)?;
        each(section, key, given, Wanted("a name, with `*` for any text", example), Glob::parse)
    };
    let servers = globs("servers", "db-*");
    let tools = globs("tools", "write_*");
    let environments = globs("environments", "production");
    let rules = globs("rules", "sql/*");
    let asked = section.texts("asked", &[], Privacy::Open).and_then(|given| {
        let wanted = Wanted("a reviewer as rules name them", "group:dba");
        each(section, "asked", given, wanted, |text| Reviewer::try_from(text.to_owned()).ok())
    });
    let filter = filter(section);
    let during = section.optional("during", Wanted("the name of some [hours.NAME]", "office"), name);
    let to = targets(section);
    let last = section.truth("last");
    section.close();
    Ok(Route {
        servers: servers?,
        tools: tools?,
        environments: environments?,
        rules: rules?,
        asked: asked?,
        filter: filter?,
        during: during?,
        to: to?,
        last: last?,
    })
}

fn targets(section: &Section<'_>) -> Reading<Vec<Target>> {
    const TARGET: Wanted = Wanted("`CHANNEL`, `CHANNEL:ADDRESS`, `person:NAME`, `on_call:NAME` or `asked`", "asked");
    if !section.has("to") {
        section.excuse(&["to"]);
        let what = format!("[{}] has no `to`", section.name());
        return Err(section.fault(what, "add `to = [\"asked\"]` or who else is to hear; `to = []` means nobody"));
    }
    let given = section.texts("to", &[], Privacy::Open)?;
    each(section, "to", given, TARGET, Target::parse)
}

fn quiet(section: &Section<'_>) -> Reading<Quiet> {
    let hours = some_hours(section);
    let unless = section.word("unless", Risk::High);
    section.close();
    Ok(Quiet { hours: hours?, unless: unless? })
}

fn away(section: &Section<'_>) -> Reading<Away> {
    let from = section.required("from", TIME, time);
    let to = section.required("to", TIME, time);
    let delegate = section.optional("delegate", Wanted("the name of a person", "bob"), name);
    section.close();
    let away = Away { from: from?, to: to?, delegate: delegate? };
    if away.from < away.to {
        return Ok(away);
    }
    let what = format!("[{}] is over before it begins", section.name());
    Err(section.fault(what, "write a `to` that is later than `from`"))
}

fn some_hours(section: &Section<'_>) -> Reading<Hours> {
    const WALL: Wanted = Wanted("a time of day", "09:00");
    let zone = section.required("zone", Wanted("the IANA name of a zone", "Europe/Berlin"), |text| {
        TimeZone::get(text).ok().filter(|zone| zone.iana_name().is_some())
    });
    let words = Day::WORDS.map(|(word, _)| word);
    let days = section.texts("days", &[], Privacy::Open);
    let days = days.and_then(|given| words_of(section, given, (&words, "day"), Day::of_word));
    let from = section.parsed("from", WALL, "00:00", Wall::parse);
    let to = section.parsed("to", WALL, "24:00", Wall::parse);
    let hours = Hours { zone: zone?, days: days?, from: from?, to: to? };
    if hours.from == hours.to {
        let what = format!("[{}] is over when it begins", section.name());
        return Err(
            section.fault(what, "write another `to`; an earlier one is on the next day, a whole day is 00:00 to 24:00")
        );
    }
    Ok(hours)
}

/// The tables of a table, by names that can stand in a list of targets.
fn named<T>(
    root: &Section<'_>,
    key: &'static str,
    read: impl Fn(&Section<'_>) -> Reading<T>,
) -> Reading<BTreeMap<String, T>> {
    let read = root.named(key)?.into_iter().map(|(name, at, section)| {
        let fits = if ServerName::parse(&name).is_some() { Ok(()) } else { Err(bad_name(root, (key, &name), &at)) };
        let value = section.and_then(|section| read(&section));
        fits.and(value).map(|value| (name, value))
    });
    read.collect::<Vec<Reading<_>>>().into_iter().collect()
}

fn inner<T>(section: &Section<'_>, key: &'static str, read: impl Fn(&Section<'_>) -> Reading<T>) -> Reading<Option<T>> {
    if section.has(key) {
        return section.table(key).and_then(|section| read(&section)).map(Some);
    }
    section.excuse(&[key]);
    Ok(None)
}

/// Every text of a list, read; and where each stands, for what is found out about it later.
fn each<T>(
    section: &Section<'_>,
    key: &'static str,
    all: Vec<Given>,
    wanted: Wanted,
    parse: impl Fn(&str) -> Option<T>,
) -> Reading<Vec<T>> {
    let read = all.into_iter().enumerate().map(|(index, given)| {
        let subject = if given.references().is_empty() { Subject::Shown } else { Subject::Hidden };
        let place = format!("{}.{index}", section.path(key));
        section.reader().places.borrow_mut().insert(place, (given.at.clone(), subject));
        parse(&given.text).ok_or_else(|| section.bad(&given, wanted, Subject::Shown))
    });
    read.collect::<Vec<Reading<T>>>().into_iter().collect()
}

/// Every word of a list, or which was meant.
fn words_of<T: Ord>(
    section: &Section<'_>,
    all: Vec<Given>,
    (words, noun): (&[&str], &str),
    read: impl Fn(&str) -> Option<T>,
) -> Reading<BTreeSet<T>> {
    let read = all.into_iter().map(|given| {
        read(&given.text).ok_or_else(|| {
            let next = meant(&given.text, words.iter().copied())
                .unwrap_or_else(|| format!("write one of: {}", words.join(", ")));
            let (told, subject) = given.told(Subject::Shown);
            section.note(&given.at, format!("{told} is no {noun}"), next, subject)
        })
    });
    read.collect::<Vec<Reading<T>>>().into_iter().collect()
}

fn meant<'a>(text: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    closest(text, known).map(|meant| format!("did you mean `{meant}`?"))
}

fn name(text: &str) -> Option<String> {
    let fits = !text.is_empty() && text.trim() == text && !text.chars().any(char::is_control);
    fits.then(|| text.to_owned())
}

fn time(text: &str) -> Option<Timestamp> {
    Timestamp::parse(text)
}

fn bad_name(root: &Section<'_>, (key, name): (&str, &str), at: &At) -> Noted {
    let what = format!("`{}` cannot be a name under [{key}]", name.replace(char::is_control, "\u{fffd}"));
    let next = "a small letter first, then small letters, digits and `-`, at most 24 in all".to_owned();
    root.note(at, what, next, Subject::Shown)
}

impl Word for Risk {
    const WORDS: &'static [(&'static str, Self)] =
        &[("low", Self::Low), ("medium", Self::Medium), ("high", Self::High), ("critical", Self::Critical)];

    fn word(self) -> &'static str {
        Self::word(self)
    }
}

#[cfg(test)]
mod tests;

//! Who hears of a call, by which channel, and when?
//!
//! Every route that applies counts, and where two of them lead to the same place that place is told once. Without any route
//! every channel that needs no address hears of everything, and so does whoever is asked, where they have one. A channel never hears of what its own filter leaves out.
//!
//! What people are to answer to must not reach nobody because everybody it is for sleeps, is away or has no address: then it
//! goes further, step by step, and says why, see [`Beside`]. Only a route that says `to = []` means nobody.
//!
//! Routes say who hears, and never who may answer: that is what the rules and the list of people say. And they say it for the
//! moment. Whoever was told of a request is told of its end too, even if no route leads to them by then: that stands in the
//! deliveries, and whoever makes deliveries looks there.
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

pub mod asked;
pub mod duty;
pub mod filter;
pub mod glob;
pub mod hours;
pub mod person;
pub mod route;

use std::collections::{BTreeMap, BTreeSet};

use super::message::Matter;
use super::notice::What;
use crate::clock::Timestamp;
use asked::AskedNow;
use filter::Filter;
use hours::Hours;
use person::{Person, present};
use route::{Route, Target};

/// Everything the operator says of who hears.
#[derive(Clone, Debug, Default)]
pub struct Routes {
    /// In their order.
    pub routes: Vec<Route>,
    /// Hours by their names.
    pub hours: BTreeMap<String, Hours>,
    /// People by their names.
    pub people: BTreeMap<String, Person>,
    /// Channels by their names, and what each of them hears of at all.
    pub channels: BTreeMap<String, Filter>,
    /// Those that need an address: they are told only where somebody has one.
    pub addressed: BTreeSet<String>,
}

/// A place that is told.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Recipient {
    /// The channel.
    pub channel: String,
    /// To whom, in words of the channel; empty: to whoever it always goes to.
    pub to: String,
}

/// What is to be told.
#[derive(Clone, Copy, Debug)]
pub struct Told<'a> {
    /// The call.
    pub matter: &'a Matter,
    /// What happened.
    pub what: What,
    /// Whom it asks.
    pub asked: &'a AskedNow,
    /// Who is on call, by the names of `[on_call]`.
    pub on_call: &'a BTreeMap<String, Vec<String>>,
    /// When it is told.
    pub now: Timestamp,
}

/// Who hears.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Heard {
    /// All of them.
    pub recipients: BTreeSet<Recipient>,
    /// Why it is told otherwise than the routes say, if it is: the operator should hear that.
    pub beside: Option<Beside>,
}

/// Why something is told otherwise than the routes say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beside {
    /// Everybody it is for has quiet hours: they are told nevertheless.
    Quiet,
    /// The routes lead nowhere: everybody the rules ask is told.
    Asked,
    /// Everybody who is asked is away and nobody stands in for them: they are told nevertheless.
    Away,
    /// Nobody who is asked can be reached: every channel is told.
    Channels,
    /// No channel can be told.
    Nobody,
}

/// Whether people are let alone in their quiet hours and while they are away.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Peace {
    Kept,
    Woken,
    CalledBack,
}

/// Who hears of it.
pub fn recipients(routes: &Routes, told: &Told<'_>) -> Heard {
    let search = Search { routes, told };
    let targets = search.targets();
    let everybody = || search.every_channel();
    let unrouted = || search.every_channel().into_iter().chain(search.all(&[&Target::Asked], Peace::Kept)).collect();
    let usual = targets.as_ref().map_or_else(unrouted, |targets| search.all(targets, Peace::Kept));
    // Routes that apply and lead nowhere on purpose.
    let meant = targets.as_ref().is_some_and(|targets| targets.is_empty() && search.applying().next().is_some());
    if !usual.is_empty() || !told.what.asks() || meant {
        return Heard { recipients: usual, beside: None };
    }
    let (targets, asked) = (targets.unwrap_or_default(), [&Target::Asked]);
    let steps: [(Beside, &dyn Fn() -> BTreeSet<Recipient>); 5] = [
        (Beside::Quiet, &|| search.all(&targets, Peace::Woken)),
        (Beside::Asked, &|| search.all(&asked, Peace::Kept)),
        (Beside::Quiet, &|| search.all(&asked, Peace::Woken)),
        (Beside::Away, &|| search.all(&asked, Peace::CalledBack)),
        (Beside::Channels, &everybody),
    ];
    let found = steps.into_iter().map(|(why, step)| (why, step())).find(|(_, found)| !found.is_empty());
    let (why, recipients) = found.unwrap_or((Beside::Nobody, BTreeSet::new()));
    Heard { recipients, beside: Some(why) }
}

impl Routes {
    /// The same without these channels, which take nothing now.
    #[must_use]
    pub fn without<'a>(&'a self, closed: impl Iterator<Item = &'a String>) -> std::borrow::Cow<'a, Self> {
        let closed: BTreeSet<&String> = closed.filter(|name| self.channels.contains_key(*name)).collect();
        if closed.is_empty() {
            return std::borrow::Cow::Borrowed(self);
        }
        let mut open = self.clone();
        open.channels.retain(|name, _| !closed.contains(name));
        std::borrow::Cow::Owned(open)
    }
}

struct Search<'a> {
    routes: &'a Routes,
    told: &'a Told<'a>,
}

impl<'a> Search<'a> {
    fn applying(&self) -> impl Iterator<Item = &'a Route> {
        let (routes, told) = (self.routes, self.told);
        let mut over = false;
        let applying = routes.routes.iter().filter(|route| route.applies(told, &routes.hours));
        applying.take_while(move |route| !std::mem::replace(&mut over, route.last))
    }

    /// Where the routes that apply lead; nothing where there is no route at all.
    fn targets(&self) -> Option<Vec<&'a Target>> {
        (!self.routes.routes.is_empty()).then(|| self.applying().flat_map(|route| &route.to).collect())
    }

    fn every_channel(&self) -> BTreeSet<Recipient> {
        let open = self.routes.channels.keys().filter(|name| !self.routes.addressed.contains(*name));
        let all = open.map(|name| Recipient { channel: name.clone(), to: String::new() });
        all.filter(|recipient| self.hears(recipient)).collect()
    }

    fn all(&self, targets: &[&'a Target], peace: Peace) -> BTreeSet<Recipient> {
        let mut found = BTreeSet::new();
        for target in targets {
            match target {
                Target::Channel(recipient) => drop(found.insert(recipient.clone())),
                Target::Person(name) => found.extend(self.person(name, peace)),
                Target::OnCall(name) => {
                    let names = self.told.on_call.get(name).into_iter().flatten();
                    found.extend(names.flat_map(|name| self.person(name, peace)));
                }
                Target::Asked => found.extend(self.asked().flat_map(|name| self.person(name, peace))),
            }
        }
        found.retain(|recipient| self.hears(recipient));
        found
    }

    /// Who has answered already is not asked to.
    fn asked(&self) -> impl Iterator<Item = &'a String> {
        let (asked, asks) = (self.told.asked, self.told.what.asks());
        asked.people.iter().filter(move |name| !(asks && asked.answered.contains(*name)))
    }

    fn person(&self, name: &'a str, peace: Peace) -> Vec<Recipient> {
        let Told { matter, what, now, .. } = *self.told;
        let people = &self.routes.people;
        let person = if peace == Peace::CalledBack { people.get(name) } else { present(people, name, now) };
        let silent = |person: &Person| {
            peace == Peace::Kept && person.quiet.as_ref().is_some_and(|quiet| quiet.silences((what, matter.risk), now))
        };
        person.filter(|person| !silent(person)).map(|person| person.reach.clone()).unwrap_or_default()
    }

    fn hears(&self, recipient: &Recipient) -> bool {
        let filter = self.routes.channels.get(&recipient.channel);
        filter.is_some_and(|filter| filter.takes(self.told.what, self.told.matter.risk))
    }
}

impl Beside {
    /// For the operator.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Quiet => "everybody it is for has quiet hours, and they are told nevertheless",
            Self::Asked => "the routes lead nowhere, and everybody the rules ask is told; add a route that applies",
            Self::Away => "everybody it asks is away, and they are told nevertheless; name delegates who are there",
            Self::Channels => {
                "nobody it asks has an address, and every channel is told; write `reach` under [people.NAME]"
            }
            Self::Nobody => {
                "no channel can be told, and it waits in the inbox; write `reach` or a channel that takes it"
            }
        }
    }
}

#[cfg(test)]
mod tests;

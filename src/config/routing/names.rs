//! Does every name that routes, people and rotas use belong to something?
//!
//! A name that is nobody's reaches nobody, and nobody would notice before the night on which it matters.
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

use std::collections::BTreeSet;

use super::super::Config;
use super::super::check::Conflict;
use super::super::servers::ServerName;
use super::meant;
use crate::channels::routing::Recipient;
use crate::channels::routing::duty::Source;
use crate::channels::routing::route::{Route, Target};
use crate::policy::finding::hold::Reviewer;
use crate::policy::lint::reviewers::Others;

/// What is known of one kind.
struct Known<'a> {
    noun: &'static str,
    names: BTreeSet<&'a str>,
    add: &'static str,
}

/// Everything that is named and is not there.
pub(in crate::config) fn conflicts(config: &Config) -> Vec<Conflict> {
    let names = Names {
        config,
        channels: known("channel", keys(config.channels.keys()), "add [channels.NAME], or take it away"),
        people: known("person", keys(config.people.keys()), "add them under [people], or take the name away"),
        on_call: known("rota", keys(config.on_call.keys()), "add [on_call.NAME] with `people` or `url`"),
        hours: known("[hours]", keys(config.hours.keys()), "add [hours.NAME] with `zone`, `from` and `to`"),
    };
    let mut all = Vec::new();
    for (index, route) in config.routes.iter().enumerate() {
        names.route(&format!("routes.{index}"), route, &mut all);
    }
    for (name, person) in &config.people {
        let channels = person.reach.iter().map(|recipient| recipient.channel.as_str());
        all.extend(names.channels.lacking(&format!("people.{name}.reach"), channels));
        for (index, recipient) in person.reach.iter().enumerate() {
            all.extend(names.unfit(&format!("people.{name}.reach.{index}"), recipient));
        }
        let delegate = person.away.as_ref().and_then(|away| away.delegate.as_deref());
        all.extend(delegate.and_then(|other| names.people.lacks(&format!("people.{name}.away.delegate"), other)));
    }
    for (name, on_call) in &config.on_call {
        if let Source::Rota(rota) = &on_call.source {
            all.extend(names.people.lacking(&format!("on_call.{name}.people"), keys(&rota.people)));
        }
        all.extend(names.people.lacking(&format!("on_call.{name}.fallback"), keys(&on_call.fallback)));
    }
    all
}

fn known<'a>(noun: &'static str, names: Vec<&'a str>, add: &'static str) -> Known<'a> {
    Known { noun, names: names.into_iter().collect(), add }
}

struct Names<'a> {
    config: &'a Config,
    channels: Known<'a>,
    people: Known<'a>,
    on_call: Known<'a>,
    hours: Known<'a>,
}

impl Names<'_> {
    fn route(&self, table: &str, route: &Route, all: &mut Vec<Conflict>) {
        let servers = Known {
            noun: "server",
            names: self.config.servers.keys().map(ServerName::as_str).collect(),
            add: "name a server that is configured; `*` is any text",
        };
        for (index, glob) in route.servers.iter().enumerate() {
            all.extend(glob.name().and_then(|name| servers.lacks(&format!("{table}.servers.{index}"), name)));
        }
        for (index, reviewer) in route.asked.iter().enumerate() {
            all.extend(self.reviewer(&format!("{table}.asked.{index}"), reviewer));
        }
        for (index, target) in route.to.iter().enumerate() {
            let setting = format!("{table}.to.{index}");
            all.extend(match target {
                Target::Channel(to) => self.channels.lacks(&setting, &to.channel).or_else(|| self.unfit(&setting, to)),
                Target::OnCall(name) => self.on_call.lacks(&setting, name),
                Target::Person(name) => self.people.lacks(&setting, name),
                Target::Asked => None,
            });
        }
        let during = route.during.as_deref();
        all.extend(during.and_then(|name| self.hours.lacks(&format!("{table}.during"), name)));
    }

    /// What is wrong with how a channel is addressed.
    fn unfit(&self, setting: &str, to: &Recipient) -> Option<Conflict> {
        let kind = &self.config.channels.get(&to.channel)?.kind;
        let (what, next) = match (to.to.is_empty(), kind.has_addresses()) {
            (true, _) if kind.needs_address() => ("goes nowhere without an address", "write `CHANNEL:ADDRESS`"),
            (false, false) => ("always goes to the same place and has no addresses", "write the channel alone"),
            _ => return None,
        };
        let what = format!("what is sent by `{}` {what}", to.channel);
        Some(Conflict { setting: setting.to_owned(), what, next: next.to_owned() })
    }

    fn reviewer(&self, setting: &str, reviewer: &Reviewer) -> Option<Conflict> {
        let known = self.config.reviewers().filter(|known| known.others == Others::Nobody)?;
        let (noun, names, name) = match reviewer {
            Reviewer::Owner => return None,
            Reviewer::User(name) => ("person", &known.people, name),
            Reviewer::Group(name) => ("group", &known.groups, name),
            Reviewer::Role(name) => ("role", &known.roles, name),
            Reviewer::Automation(name) => ("automation", &known.automations, name),
        };
        let add = "give it to somebody under [people], or take it away";
        Known { noun, names: names.iter().map(String::as_str).collect(), add }.lacks(setting, name)
    }
}

impl Known<'_> {
    /// Those of a list that are not there, each at its place.
    fn lacking<'n>(&self, setting: &str, names: impl IntoIterator<Item = &'n str>) -> Vec<Conflict> {
        let lacks = |(index, name): (usize, &str)| self.lacks(&format!("{setting}.{index}"), name);
        names.into_iter().enumerate().filter_map(lacks).collect()
    }

    fn lacks(&self, setting: &str, name: &str) -> Option<Conflict> {
        if self.names.contains(name) {
            return None;
        }
        let next = meant(name, self.names.iter().copied()).unwrap_or_else(|| self.add.to_owned());
        let what = format!("there is no {} `{}`", self.noun, name.replace(char::is_control, "\u{fffd}"));
        Some(Conflict { setting: setting.to_owned(), what, next })
    }
}

fn keys<'a>(names: impl IntoIterator<Item = &'a String>) -> Vec<&'a str> {
    names.into_iter().map(String::as_str).collect()
}

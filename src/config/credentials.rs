//! Who makes credentials for single calls, and how much may they reach?

mod exec;
mod fixed;
pub(super) mod placing;
mod postgres;

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;

use super::fault::Subject;
use super::measure::Period;
use super::section::{Reading, Section, Wanted};
use super::servers::ServerName;
use super::word::{Word as _, words};
use crate::policy::finding::span::Span;
use crate::policy::lint::lenders::Lenders;

pub use exec::{Exec, Program};
pub use fixed::Fixed;
pub use placing::Taking;
pub use postgres::Postgres;

/// One provider of credentials.
#[derive(Clone, Debug, JsonSchema)]
pub struct Credential {
    /// What it is.
    #[schemars(skip)]
    pub kind: Kind,
    /// How long anything it makes can be used at most, whatever a rule says; an hour at most.
    #[schemars(with = "Period", extend("default" = "5m"))]
    pub max_ttl: Span,
}

/// What a provider is.
#[derive(Clone, Debug)]
pub enum Kind {
    /// A role of a Postgres database.
    Postgres(Box<Postgres>),
    /// A command.
    Exec(Box<Exec>),
    /// A secret that is there already.
    Fixed(Fixed),
}

/// The word of a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KindWord {
    /// A role of a Postgres database.
    Postgres,
    /// A command.
    Exec,
    /// A secret that is there already.
    Fixed,
}

/// How a gateway takes care of the credentials that are out.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Leases {
    /// How often a gateway says that it is still there, and looks for credentials that others left; a minute at most. One
    /// that said nothing three times in a row is taken for dead, and its credentials are taken back.
    #[schemars(with = "Period", extend("default" = "5s"))]
    pub check: Span,
}

const KIND: Wanted = Wanted("what makes the credential: `postgres`, `exec` or `fixed`", "postgres");
const TTL: Wanted = Wanted("a time between a second and an hour", "5m");
const CHECK: Wanted = Wanted("a time between a second and a minute", "5s");

impl Credential {
    pub(super) fn read_all(root: &Section<'_>) -> Reading<BTreeMap<ServerName, Self>> {
        let read: Vec<Reading<(ServerName, Self)>> = root
            .named("credentials")?
            .into_iter()
            .map(|(name, at, section)| {
                let name = ServerName::parse(&name).ok_or_else(|| {
                    let what = format!("`{name}` cannot be the name of a provider of credentials");
                    let next = "a small letter first, then small letters, digits and `-`, at most 24 in all";
                    root.note(&at, what, next.to_owned(), Subject::Shown)
                });
                let credential = section.and_then(|section| Self::read(&section));
                Ok((name?, credential?))
            })
            .collect();
        read.into_iter().collect()
    }

    fn read(section: &Section<'_>) -> Reading<Self> {
        let max_ttl = section.parsed("max_ttl", TTL, "5m", |text| seconds(text, 3600));
        let kind = section.required("kind", KIND, KindWord::of)?;
        let kind = match kind {
            KindWord::Postgres => Postgres::read(section).map(|postgres| Kind::Postgres(Box::new(postgres))),
            KindWord::Exec => Exec::read(section).map(|exec| Kind::Exec(Box::new(exec))),
            KindWord::Fixed => Fixed::read(section).map(Kind::Fixed),
        };
        section.close();
        Ok(Self { kind: kind?, max_ttl: max_ttl? })
    }
}

impl Leases {
    pub(super) fn read(section: &Section<'_>) -> Reading<Self> {
        let check = section.parsed("check", CHECK, "5s", |text| seconds(text, 60));
        section.close();
        Ok(Self { check: check? })
    }
}

/// Who makes credentials by these names, and which of these servers takes them from whom.
pub(super) fn lenders(
    names: impl Iterator<Item = String>,
    servers: impl Iterator<Item = (String, Vec<String>)>,
) -> Lenders {
    let mut all: BTreeMap<String, BTreeSet<String>> = names.map(|name| (name, BTreeSet::new())).collect();
    for (server, takes) in servers {
        for from in takes {
            all.entry(from).and_modify(|servers| {
                servers.insert(server.clone());
            });
        }
    }
    Lenders(all)
}

/// The same of a configuration whose secrets need not be at hand.
pub(super) fn named(root: &Section<'_>) -> Reading<Lenders> {
    let names = root.named("credentials")?.into_iter().map(|(name, ..)| name);
    let mut servers = Vec::new();
    for (name, _, section) in root.named("servers")? {
        let takes = section?.tables("credentials")?;
        let takes: Reading<Vec<String>> = takes.iter().map(|section| section.text("from", "")).collect();
        servers.push((name, takes?));
    }
    Ok(lenders(names, servers.into_iter()))
}

/// Whole seconds, at least one and at most so many.
fn seconds(text: &str, most: u64) -> Option<Span> {
    let period = Period::parse(text)?.duration();
    Span::of_seconds(period.as_secs()).filter(|span| span.duration() == period && span.seconds() <= most)
}

/// What rules may ask for, each a word without spaces.
fn scopes(section: &Section<'_>) -> Reading<Vec<String>> {
    const SCOPE: Wanted = Wanted("words without spaces, at most 200 bytes each", "repo:read");
    let given = section.texts("scopes", &[], super::section::Privacy::Open)?;
    let each = given.into_iter().map(|given| {
        let fits = !given.text.is_empty() && given.text.len() <= 200 && !given.text.contains(char::is_whitespace);
        if fits { Ok(given.text) } else { Err(section.bad(&given, SCOPE, Subject::Shown)) }
    });
    each.collect()
}

words!(KindWord: "postgres" => Postgres, "exec" => Exec, "fixed" => Fixed);

#[cfg(test)]
mod tests;

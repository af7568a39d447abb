//! Who makes credentials for single calls, and how much may they reach?

pub mod aws_sts;
mod exec;
mod fixed;
pub mod jwt;
pub(super) mod placing;
mod postgres;
mod spelling;
pub mod token_exchange;
pub mod vault;

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;

use super::fault::Subject;
use super::measure::Period;
use super::section::{Reading, Section, Wanted};
use super::servers::ServerName;
use super::word::{Word as _, words};
use crate::credentials::jwt::USUAL_TTL;
use crate::policy::finding::span::Span;
use crate::policy::lint::lenders::Lenders;

pub use aws_sts::AwsSts;
pub use exec::{Exec, Program};
pub use fixed::Fixed;
pub use jwt::Jwt;
pub use placing::Taking;
pub use postgres::Postgres;
pub use token_exchange::TokenExchange;
pub use vault::Vault;

/// One provider of credentials.
#[derive(Clone, Debug, JsonSchema)]
pub struct Credential {
    /// What it is.
    #[schemars(skip)]
    pub kind: Kind,
    /// How long anything it makes can be used at most, whatever a rule says; an hour at most.
    /// Default: 5m, and 1m for a `jwt`, which nobody can take back.
    #[schemars(with = "Option<Period>")]
    pub max_ttl: Span,
}

/// What a provider is.
#[derive(Clone, Debug)]
pub enum Kind {
    /// A role of a Postgres database.
    Postgres(Box<Postgres>),
    /// A command.
    Exec(Box<Exec>),
    /// A token the gateway signs itself.
    Jwt(Jwt),
    /// A token somebody else gives for another.
    TokenExchange(Box<TokenExchange>),
    /// A secret of Vault or `OpenBao`.
    Vault(Box<Vault>),
    /// A session of Amazon Web Services.
    AwsSts(Box<AwsSts>),
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
    /// A token the gateway signs itself.
    Jwt,
    /// A token somebody else gives for another.
    TokenExchange,
    /// A secret of Vault or `OpenBao`.
    Vault,
    /// A session of Amazon Web Services.
    AwsSts,
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

const KIND: Wanted = Wanted(
    "what makes the credential: `postgres`, `exec`, `jwt`, `token_exchange`, `vault`, `aws_sts` or `fixed`",
    "postgres",
);
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
        let kind = section.required("kind", KIND, KindWord::of)?;
        let usual = if kind == KindWord::Jwt { USUAL_TTL } else { "5m" };
        let max_ttl = section.parsed("max_ttl", TTL, usual, |text| seconds(text, 3600));
        let kind = match kind {
            KindWord::Postgres => Postgres::read(section).map(|postgres| Kind::Postgres(Box::new(postgres))),
            KindWord::Exec => Exec::read(section).map(|exec| Kind::Exec(Box::new(exec))),
            KindWord::Jwt => Jwt::read(section).map(Kind::Jwt),
            KindWord::TokenExchange => {
                TokenExchange::read(section).map(|exchange| Kind::TokenExchange(Box::new(exchange)))
            }
            KindWord::Vault => Vault::read(section).map(|vault| Kind::Vault(Box::new(vault))),
            KindWord::AwsSts => AwsSts::read(section).map(|sts| Kind::AwsSts(Box::new(sts))),
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

words!(KindWord: "postgres" => Postgres, "exec" => Exec, "jwt" => Jwt, "token_exchange" => TokenExchange, "vault" => Vault,
    "aws_sts" => AwsSts, "fixed" => Fixed);

#[cfg(test)]
mod tests;

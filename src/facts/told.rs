//! What does a rule see of a call's arguments?
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::Serialize;

use super::merged::{Shell, Sql};
use super::resource::{Access, Kind, Resource};
use super::{Risk, money, path, secret, url};

/// What the gateway read out of the arguments.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "Facts")]
pub struct Facts {
    /// The worst of everything that was read; low when nothing was.
    pub risk: Risk,
    /// Whether everything was read for certain.
    pub complete: bool,
    /// Why not, as far as no reader below says so.
    pub reasons: BTreeSet<Reason>,
    /// What the SQL does; undefined when no argument is SQL.
    #[schemars(default, with = "Sql")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sql: Option<Sql>,
    /// What the command lines run; undefined when no argument is one.
    #[schemars(default, with = "Shell")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shell: Option<Shell>,
    /// How much money moves; undefined when no argument is an amount.
    #[schemars(default, with = "Money")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub money: Option<Money>,
    /// Where paths lead.
    pub paths: Vec<Path>,
    /// Where addresses lead.
    pub urls: Vec<Url>,
    /// Which secrets are given away.
    pub secrets: Vec<secret::Found>,
    /// What is touched, and what the catalogue knows of it.
    pub resources: Vec<Resource>,
    /// How large the arguments are.
    pub bytes: u64,
}

/// Why not everything was read for certain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "FactsReason")]
pub enum Reason {
    /// An argument that is said to be a path or an address is no text.
    NotText,
    /// More paths, addresses, statements, amounts or resources than are told.
    TooMany,
    /// Too much text, too many findings or too deep for a search for secrets that misses nothing.
    NotSearched,
}

/// Where a path leads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "Path")]
pub struct Path {
    /// What its text says.
    #[serde(flatten)]
    pub facts: path::Facts,
    /// JSON pointer to the argument; `target` for the address of a resource.
    pub argument: String,
    /// As it was written; empty when it is too long to be read.
    pub raw: String,
}

/// Where an address leads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "Url")]
pub struct Url {
    /// What its text says.
    #[serde(flatten)]
    pub facts: url::Facts,
    /// JSON pointer to the argument; `target` for the address of a resource.
    pub argument: String,
}

/// How much money moves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "Money")]
pub struct Money {
    /// What the amount and its currency say.
    #[serde(flatten)]
    pub facts: money::Facts,
    /// JSON pointer to the amount.
    pub argument: String,
}

/// What arguments say of whether a call reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Words {
    /// That it does, and nothing else.
    Read,
    /// Nothing, neither way.
    Nothing,
}

impl Facts {
    /// What there is to say of arguments of this size that say nothing.
    pub const fn nothing(bytes: u64) -> Self {
        Self {
            risk: Risk::Low,
            complete: true,
            reasons: BTreeSet::new(),
            sql: None,
            shell: None,
            money: None,
            paths: Vec::new(),
            urls: Vec::new(),
            secrets: Vec::new(),
            resources: Vec::new(),
            bytes,
        }
    }

    /// Whether nothing but a size is said.
    pub fn is_nothing(&self) -> bool {
        self.complete
            && self.risk == Risk::Low
            && self.sql.is_none()
            && self.shell.is_none()
            && self.money.is_none()
            && self.paths.is_empty()
            && self.urls.is_empty()
            && self.secrets.is_empty()
            && self.resources.is_empty()
    }

    /// Whether nothing but reading is asked for, as far as arguments can say so; else why nobody can be sure. What the tool
    /// itself does with arguments that say nothing is not known here.
    pub fn reads_only(&self) -> Result<Words, &'static str> {
        let reads = |thing: &Resource| {
            thing.access == Access::Read
                || thing.kind == Kind::Tool
                || self.sql.is_none() && thing.access == Access::Use
        };
        let named = |thing: &Resource| thing.access == Access::Read && thing.kind != Kind::Tool;
        match self {
            Self { complete: false, .. } => Err("what it would do cannot be read for certain"),
            Self { sql: Some(sql), .. } if !(sql.complete && sql.read_only) => Err("its SQL does more than read"),
            Self { shell: Some(_), .. } => Err("it would run a command line"),
            Self { money: Some(_), .. } => Err("it would move money"),
            Self { secrets, .. } if !secrets.is_empty() => Err("its arguments hold a secret"),
            Self { resources, .. } if !resources.iter().all(reads) => Err("it may change something"),
            Self { risk, .. } if *risk > Risk::Medium => Err("it is of high risk"),
            Self { sql: Some(_), .. } => Ok(Words::Read),
            // Of a known server it is known which tools read what they name.
            Self { resources, .. } if resources.iter().any(named) => Ok(Words::Read),
            _ => Ok(Words::Nothing),
        }
    }

    /// Takes in how bad a part is, and whether it was read for certain.
    pub(super) fn weigh(&mut self, risk: Risk, complete: bool) {
        let risk = if complete { risk } else { risk.max(Risk::High) };
        self.risk = self.risk.max(risk);
        self.complete &= complete;
    }

    /// Says why not everything was read for certain.
    pub(super) fn doubt(&mut self, reason: Reason) {
        self.reasons.insert(reason);
        self.weigh(Risk::High, false);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::merged::{Doubt, Shell};
    use crate::facts::resource::Catalogue;

    fn touching(kind: Kind, access: Access) -> Facts {
        let resources = Catalogue::default().about(kind, "x", access, "shop").into_iter().collect();
        Facts { resources, ..Facts::nothing(2) }
    }

    #[test]
    fn arguments_say_that_they_read_or_nothing_or_why_nobody_can_be_sure() {
        // B06
        let nothing = || Facts::nothing(2);
        for (facts, said) in [
            (nothing(), Ok(Words::Nothing)),
            (touching(Kind::Path, Access::Read), Ok(Words::Read)),
            (touching(Kind::Path, Access::Use), Ok(Words::Nothing)),
            (touching(Kind::Path, Access::Write), Err("it may change something")),
            (Facts { risk: Risk::Medium, ..nothing() }, Ok(Words::Nothing)),
            (Facts { risk: Risk::High, ..touching(Kind::Path, Access::Read) }, Err("it is of high risk")),
            (Facts { complete: false, ..nothing() }, Err("what it would do cannot be read for certain")),
            (
                Facts { shell: Some(Shell::opaque(Doubt::NotText, "/command")), ..nothing() },
                Err("it would run a command line"),
            ),
            (
                Facts { sql: Some(Sql::opaque(Doubt::DialectUnknown, "/sql")), ..nothing() },
                Err("its SQL does more than read"),
            ),
        ] {
            assert_eq!(facts.reads_only(), said, "{facts:?}");
        }
    }
}

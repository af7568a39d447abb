//! Which arguments of a tool are read, and as what?
//!
//! Made once from what the operator said of a server and of its tools; asked for every call.
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

use std::collections::BTreeMap;
use std::sync::Arc;

use super::automatic::{self, Reference};
use super::money::{self, Unit};
use super::path::Style;
use super::{shell, sql};

/// What an argument is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A statement, in the dialect of the connection.
    Sql(sql::Dialect),
    /// A statement in nobody knows which dialect.
    UnknownSql,
    /// A command line.
    Shell(shell::Dialect),
    /// An address.
    Url,
    /// A path.
    Path(Paths),
    /// An amount.
    Money(Money),
    /// Nothing that is read, whatever its name.
    Nothing,
}

/// What is known of paths before they are read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Paths {
    /// Whose rules hold; nothing where only the text can say.
    pub style: Option<Style>,
    /// The folders they should be under.
    pub roots: Arc<[String]>,
}

/// What is known of an amount before it is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Money {
    /// Where the currency stands.
    pub currency: Currency,
    /// What the amount counts.
    pub unit: Unit,
}

/// Where a currency stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Currency {
    /// JSON pointer to its code, from the arguments.
    At(String),
    /// The tool knows one only.
    Fixed(String),
}

/// Kinds by the name of an argument, or by a JSON pointer, which begins with `/`.
pub type Told = BTreeMap<String, Kind>;

/// Everything that is read from calls of one server.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    server: Reading,
    tools: BTreeMap<String, Reading>,
}

/// Everything that is read from calls of one tool.
#[derive(Clone, Debug, Default)]
pub struct Reading {
    names: BTreeMap<String, Kind>,
    pointers: Vec<(String, Kind)>,
    /// Every amount.
    amounts: Vec<(String, Money)>,
    /// Those that the tool is said to move, and not only the server.
    own_amounts: Vec<(String, Money)>,
    reference: Option<Reference>,
    roots: Paths,
}

impl Plan {
    /// From what the operator says: of the server, of its tools, and how it is started or reached.
    pub fn new(server: &Told, tools: &BTreeMap<String, Told>, start: &automatic::Start) -> Self {
        let reading = |told: &Told, own: &Told| {
            let split = |(name, kind): (&String, &Kind)| (name.clone(), kind.clone());
            let (pointers, names): (Vec<_>, Vec<_>) =
                told.iter().map(split).partition(|(name, _)| name.starts_with('/'));
            // What is at the top is found while the arguments are walked.
            let top =
                |pointer: &str| pointer.strip_prefix('/').filter(|name| !name.contains(['/', '~'])).map(str::to_owned);
            let (at_top, pointers): (Vec<_>, Vec<_>) = pointers.into_iter().partition(|(name, _)| top(name).is_some());
            let at_top = at_top.into_iter().filter_map(|(name, kind)| Some((top(&name)?, kind)));
            Reading {
                names: names.into_iter().chain(at_top).collect(),
                pointers,
                amounts: told.iter().filter_map(amount).collect(),
                own_amounts: own.iter().filter_map(amount).collect(),
                reference: start.reference,
                roots: Paths { style: None, roots: Arc::clone(&start.roots) },
            }
        };
        let of_tool = |(name, told): (&String, &Told)| {
            let mut both = server.clone();
            both.extend(told.clone());
            (name.clone(), reading(&both, told))
        };
        Self { server: reading(server, &Told::new()), tools: tools.iter().map(of_tool).collect() }
    }

    /// For calls of this tool.
    pub fn of_tool(&self, tool: &str) -> &Reading {
        self.tools.get(tool).unwrap_or(&self.server)
    }
}

impl Reading {
    /// What the operator says of this argument.
    pub(super) fn told(&self, name: &str) -> Option<&Kind> {
        self.names.get(name)
    }

    /// Arguments the operator points to, deeper inside.
    pub(super) fn pointers(&self) -> impl Iterator<Item = (&str, &Kind)> {
        self.pointers.iter().map(|(pointer, kind)| (pointer.as_str(), kind))
    }

    /// Whether the operator says what the argument at this place is.
    pub(super) fn points_to(&self, place: &str) -> bool {
        self.pointers.iter().any(|(pointer, _)| pointer == place)
    }

    /// Amounts by the pointers to them.
    pub(super) fn told_amounts(&self) -> impl Iterator<Item = (&str, &Money)> {
        self.amounts.iter().map(|(pointer, money)| (pointer.as_str(), money))
    }

    /// Amounts that the tool is said to move, whether or not a call names them.
    pub(super) fn amounts(&self) -> impl Iterator<Item = (&str, &Money)> {
        self.own_amounts.iter().map(|(pointer, money)| (pointer.as_str(), money))
    }

    /// The folders the server was given.
    pub(super) const fn roots(&self) -> &Paths {
        &self.roots
    }

    /// What this argument is by its name.
    pub(super) fn guessed(&self, name: &str) -> Option<Kind> {
        match self.reference {
            Some(reference) => reference.kind(name, &self.roots),
            None => automatic::kind(name),
        }
    }

    /// The server, if it is a known one.
    pub(super) const fn reference(&self) -> Option<Reference> {
        self.reference
    }
}

fn amount((name, kind): (&String, &Kind)) -> Option<(String, Money)> {
    let Kind::Money(money) = kind else { return None };
    let pointer = if name.starts_with('/') { name.clone() } else { format!("/{}", name.replace('~', "~0")) };
    Some((pointer, money.clone()))
}

impl Currency {
    /// As the reader of amounts wants it.
    pub(super) fn place(&self) -> money::Currency<'_> {
        match self {
            Self::At(pointer) => money::Currency::At(pointer),
            Self::Fixed(code) => money::Currency::Fixed(code),
        }
    }
}

//! What do several texts in one call say together?
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::Serialize;

use super::{Risk, shell, sql};

/// What all SQL of a call does: sets are joined, the worst risk holds, and it is complete when all of it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Sql {
    /// By whose rules it was read; null when that is not known, or not the same for all.
    pub dialect: Option<sql::Dialect>,
    /// How many statements there are.
    pub statements: usize,
    /// What they do, and to which relations.
    #[serde(flatten)]
    pub deeds: sql::Deeds,
    /// How many rows come back at most, if that is certain.
    pub limit: Option<u64>,
    /// Whether nothing changes anywhere, nothing leaves, and nothing runs whose effect is unknown.
    pub read_only: bool,
    /// How bad it is.
    pub risk: Risk,
    /// Whether everything was read for certain.
    pub complete: bool,
    /// Why not.
    pub reasons: BTreeSet<SqlDoubt>,
    /// JSON pointers to the arguments that hold it.
    pub arguments: Vec<String>,
    /// The statements one by one.
    pub details: Vec<sql::Statement>,
}

/// What all command lines of a call would do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Shell {
    /// Every program run, also those inside substitutions and other programs.
    pub commands: Vec<shell::Command>,
    /// Files read by redirects and by programs that are known.
    pub reads: Vec<shell::File>,
    /// Files written, changed or deleted by redirects and by programs that are known.
    pub writes: Vec<shell::File>,
    /// Hosts that known programs would talk to.
    pub networks: Vec<shell::Network>,
    /// Substitutions, as written.
    pub substitutions: Vec<shell::Substitution>,
    /// How bad it is.
    pub risk: Risk,
    /// Whether every program that runs is known to be in `commands`.
    pub complete: bool,
    /// Why it is not complete, or worse than low.
    pub reasons: BTreeSet<ShellDoubt>,
    /// JSON pointers to the arguments that hold them.
    pub arguments: Vec<String>,
}

/// Why SQL is not read for certain: the reader's reasons, and those of the argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum SqlDoubt {
    /// What the reader says.
    Text(sql::Reason),
    /// What is wrong with the argument.
    Argument(Doubt),
}

/// Why a command line is not read for certain: the reader's reasons, and those of the argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum ShellDoubt {
    /// What the reader says.
    Text(shell::Reason),
    /// What is wrong with the argument.
    Argument(Doubt),
}

/// What is wrong with an argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "ArgumentDoubt")]
pub enum Doubt {
    /// It is no text.
    NotText,
    /// Nobody said which dialect it is written in.
    DialectUnknown,
    /// The words of the command stand in an argument of their own.
    WordsApart,
}

impl Sql {
    /// One text.
    pub(super) fn of(facts: sql::Facts, argument: &str) -> Self {
        let sql::Facts { dialect, statements, deeds, limit, read_only, risk, complete, reasons, details } = facts;
        Self {
            dialect: Some(dialect),
            statements,
            deeds,
            limit,
            read_only,
            risk,
            complete,
            reasons: reasons.into_iter().map(SqlDoubt::Text).collect(),
            arguments: vec![argument.to_owned()],
            details,
        }
    }

    /// A text that was not read: it may do anything.
    pub(super) fn opaque(doubt: Doubt, argument: &str) -> Self {
        let everything = || BTreeSet::from(["*".to_owned()]);
        Self {
            dialect: None,
            statements: 0,
            deeds: sql::Deeds {
                reads: everything(),
                writes: everything(),
                unbounded: everything(),
                ..sql::Deeds::default()
            },
            limit: None,
            read_only: false,
            risk: Risk::High,
            complete: false,
            reasons: BTreeSet::from([SqlDoubt::Argument(doubt)]),
            arguments: vec![argument.to_owned()],
            details: Vec::new(),
        }
    }

    /// Both together.
    pub(super) fn and(mut self, other: Self) -> Self {
        self.dialect = self.dialect.filter(|dialect| other.dialect == Some(*dialect));
        self.statements = self.statements.saturating_add(other.statements);
        self.deeds.join(other.deeds);
        self.limit = self.limit.zip(other.limit).and_then(|(one, other)| one.checked_add(other));
        self.read_only &= other.read_only;
        self.risk = self.risk.max(other.risk);
        self.complete &= other.complete;
        self.reasons.extend(other.reasons);
        self.arguments.extend(other.arguments);
        self.details.extend(other.details);
        self
    }
}

impl Shell {
    /// One text.
    pub(super) fn of(facts: shell::Facts, argument: &str) -> Self {
        let shell::Facts { commands, reads, writes, networks, substitutions, risk, complete, reasons } = facts;
        Self {
            commands,
            reads,
            writes,
            networks,
            substitutions,
            risk,
            complete,
            reasons: reasons.into_iter().map(ShellDoubt::Text).collect(),
            arguments: vec![argument.to_owned()],
        }
    }

    /// A text that was not read: it may do anything.
    pub(super) fn opaque(doubt: Doubt, argument: &str) -> Self {
        Self {
            commands: Vec::new(),
            reads: Vec::new(),
            writes: Vec::new(),
            networks: Vec::new(),
            substitutions: Vec::new(),
            risk: Risk::High,
            complete: false,
            reasons: BTreeSet::from([ShellDoubt::Argument(doubt)]),
            arguments: vec![argument.to_owned()],
        }
    }

    /// Both together.
    pub(super) fn and(mut self, other: Self) -> Self {
        self.commands.extend(other.commands);
        self.reads.extend(other.reads);
        self.writes.extend(other.writes);
        self.networks.extend(other.networks);
        self.substitutions.extend(other.substitutions);
        self.risk = self.risk.max(other.risk);
        self.complete &= other.complete;
        self.reasons.extend(other.reasons);
        self.arguments.extend(other.arguments);
        self
    }

    /// The same, with one thing less certain.
    pub(super) fn doubted(mut self, doubt: Doubt) -> Self {
        self.reasons.insert(ShellDoubt::Argument(doubt));
        self.risk = self.risk.max(Risk::High);
        self.complete = false;
        self
    }
}

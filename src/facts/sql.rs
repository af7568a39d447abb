//! What does a text in SQL do, and to which relations?
//!
//! The dialect is the connection's and never guessed. A syntax tree gives the answer, [`tokens`] a second opinion from
//! the words alone; where the two differ the worse holds. What cannot be read for certain is high at least.
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

mod admin;
mod bound;
mod change;
mod client;
mod deeds;
mod define;
mod dynamic;
mod function;
mod gate;
mod lex;
mod limit;
mod repair;
mod right;
mod setting;
mod split;
mod statement;
mod tally;
mod tokens;
mod transfer;
mod tree;
mod versions;
mod words;

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::deeds::Deeds;
use self::statement::Piece;
use self::tally::Tally;
use self::tokens::Opinion;
use super::Risk;

/// Whose SQL it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "SqlDialect")]
pub enum Dialect {
    /// PostgreSQL and what speaks like it.
    Postgres,
    /// MySQL and MariaDB: what either of them would do.
    #[serde(alias = "mariadb")]
    Mysql,
    /// SQLite.
    Sqlite,
    /// SQL Server.
    Mssql,
    /// Snowflake.
    Snowflake,
    /// BigQuery.
    Bigquery,
}

/// What a statement does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "SqlKind")]
pub enum Kind {
    /// Rows are read and come back.
    Select,
    /// Rows are added.
    Insert,
    /// Rows are changed.
    Update,
    /// Rows are removed.
    Delete,
    /// Rows are added, changed or removed after another relation.
    Merge,
    /// All rows are removed.
    Truncate,
    /// Something is defined.
    Create,
    /// A definition changes.
    Alter,
    /// A definition goes, with what it holds.
    Drop,
    /// Rights are given or taken.
    Grant,
    /// Users and roles, or who the session acts as.
    Role,
    /// Rows leave to a file, a program or a bucket.
    Export,
    /// Rows come from a file, a program or a bucket.
    Import,
    /// A program runs on the server's machine.
    HostExec,
    /// Files of the server's machine are read or written.
    FileIo,
    /// The server opens a connection.
    Network,
    /// A procedure is called.
    Call,
    /// A block of procedural code.
    Block,
    /// Text is made into a statement where it runs.
    Dynamic,
    /// A statement is kept for later.
    Prepare,
    /// A kept statement, or a procedure by `EXEC`, runs.
    Execute,
    /// A plan is asked for.
    Explain,
    /// Transactions begin and end.
    Transaction,
    /// A setting of the session or the server changes.
    Setting,
    /// Rows or relations are locked.
    Lock,
    /// The server or its upkeep.
    Admin,
    /// Another database file joins or leaves.
    Attach,
    /// A command of the client program (`\copy`, `.shell`), which no server understands.
    ClientMeta,
}

/// What a function can do besides giving a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "SqlFunctionClass")]
pub enum FunctionClass {
    /// Reads or writes files of the server.
    File,
    /// Runs a program or loads one.
    Program,
    /// Opens a connection.
    Network,
    /// Makes text into a statement.
    Dynamic,
    /// Changes rows, sequences or large objects.
    Writes,
    /// Changes settings, or other sessions and the server.
    Admin,
    /// Holds the session up, or takes a lock.
    Waits,
    /// No function of the dialect that is known here; whoever defined it knows what it does.
    Unknown,
}

/// A function that may have an effect.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[schemars(rename = "SqlFunction")]
pub struct Function {
    /// Its name as written, without quotes.
    pub name: String,
    /// What it can do.
    pub class: FunctionClass,
}

/// Why a text is not read for certain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "SqlReason")]
pub enum Reason {
    /// It is too long to be read.
    TooLong,
    /// It is nested too deeply, or one expression is too long.
    TooDeep,
    /// A NUL, at which some servers stop reading.
    Nul,
    /// Quotes, comments or brackets that do not end.
    Unclosed,
    /// The parser does not know what it says.
    Unparsable,
    /// The parser knows it, and nothing here says what it does.
    UnknownNode,
    /// A comment that some versions execute.
    ExecutableComment,
    /// Code that is kept in the database and was not read.
    StoredCode,
    /// A block of procedural code.
    Block,
    /// Text that becomes a statement where it runs.
    DynamicText,
    /// A statement that was prepared before and cannot be seen.
    Prepared,
    /// A procedure whose body cannot be seen.
    Procedure,
    /// Where one statement ends and the next begins is not certain.
    Boundaries,
    /// A command of the client program.
    ClientCommand,
    /// The tree and the words do not say the same.
    Disagreement,
    /// Characters that servers take for different things, or names spelt by escapes.
    OddCharacter,
    /// What a text says depends on a setting of the server (quotes, backslashes, modes).
    ServerMode,
}

/// What one statement does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "SqlStatement")]
pub struct Statement {
    /// What it does.
    pub kinds: BTreeSet<Kind>,
    /// The relations it reads.
    pub reads: BTreeSet<String>,
    /// The relations it changes.
    pub writes: BTreeSet<String>,
    /// Whether every relation is read and changed within a bound.
    pub bounded: bool,
    /// How many rows come back at most, if that is certain.
    pub limit: Option<u64>,
    /// How bad it is.
    pub risk: Risk,
}

/// What a text in SQL does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "SqlFacts")]
pub struct Facts {
    /// By whose rules it was read.
    pub dialect: Dialect,
    /// How many statements there are.
    pub statements: usize,
    /// What they do, and to which relations.
    #[serde(flatten)]
    pub deeds: Deeds,
    /// How many rows come back at most, if that is certain.
    pub limit: Option<u64>,
    /// Whether nothing changes anywhere, nothing leaves, and nothing runs whose effect is unknown.
    pub read_only: bool,
    /// How bad it is.
    pub risk: Risk,
    /// Whether everything was read for certain.
    pub complete: bool,
    /// Why not.
    pub reasons: BTreeSet<Reason>,
    /// The statements one by one.
    pub details: Vec<Statement>,
}

/// Reads a text. Whatever it is, there is an answer.
pub fn read(text: &str, dialect: Dialect) -> Facts {
    let unreadable = if text.len() > gate::LONGEST {
        Some(Reason::TooLong)
    } else if text.contains('\0') {
        Some(Reason::Nul)
    } else {
        None
    };
    if let Some(reason) = unreadable {
        return Facts::of(dialect, &[], BTreeSet::from([reason]));
    }
    let mut facts = versions::of(text, dialect).unwrap_or_else(|| read_one(text, dialect));
    facts.weigh(tokens::opinion(text, dialect));
    facts
}

/// Reads a text that every version of a server reads alike.
fn read_one(text: &str, dialect: Dialect) -> Facts {
    let mut lexed = lex::lex(text, dialect);
    gate::thin(&mut lexed.tokens);
    let mut reasons = lexed.reasons;
    let mut pieces: Vec<_> =
        lexed.commands.iter().map(|line| (Piece::Statement, client::read(line, dialect))).collect();
    match gate::check(&lexed.tokens) {
        Ok(()) => pieces.extend(statement::statements(lexed.tokens, dialect, 0)),
        Err(reason) => {
            reasons.insert(reason);
        }
    }
    Facts::of(dialect, &pieces, reasons)
}

impl Facts {
    fn of(dialect: Dialect, pieces: &[(Piece, Tally)], reasons: BTreeSet<Reason>) -> Self {
        let mut facts = Self {
            dialect,
            statements: 0,
            deeds: Deeds::default(),
            limit: None,
            read_only: reasons.is_empty(),
            risk: if reasons.is_empty() { Risk::Low } else { Risk::High },
            complete: reasons.is_empty(),
            reasons,
            details: Vec::new(),
        };
        let mut limit = None;
        for (piece, tally) in pieces {
            facts.add(tally);
            if *piece == Piece::Statement {
                facts.details.push(tally.statement());
            }
            if tally.returns || tally.limit.is_some() {
                limit = Some(limit.map_or(tally.limit, |before| tally::both(before, tally.limit)));
            }
        }
        facts.limit = limit.flatten().filter(|_| facts.complete);
        facts.statements = facts.details.len();
        facts
    }

    /// Weighs the second opinion: where it knows of more, or of worse, it holds and the answer is not certain.
    fn weigh(&mut self, opinion: Opinion) {
        let more = !opinion.kinds.is_subset(&self.deeds.kinds)
            || opinion.functions.iter().any(|function| !self.calls(function))
            || opinion.risk > self.risk
            || opinion.statements > self.statements;
        // What is changed is not known where only the words say that something is, or where names end is uncertain.
        let changes = |kind: &Kind| {
            matches!(
                kind,
                Kind::Insert
                    | Kind::Update
                    | Kind::Delete
                    | Kind::Merge
                    | Kind::Truncate
                    | Kind::Create
                    | Kind::Alter
                    | Kind::Drop
            )
        };
        let unread = self.reasons.contains(&Reason::Unparsable) || opinion.doubts.contains(&Reason::Boundaries);
        if opinion.kinds.iter().any(|kind| changes(kind) && (unread || !self.deeds.kinds.contains(kind))) {
            self.deeds.writes.insert("*".to_owned());
        }
        self.deeds.kinds.extend(opinion.kinds);
        let new: Vec<_> = opinion.functions.into_iter().filter(|function| !self.calls(function)).collect();
        self.deeds.functions.extend(new);
        self.risk = self.risk.max(opinion.risk);
        self.reasons.extend(opinion.doubts);
        if more {
            self.reasons.insert(Reason::Disagreement);
        }
        if !self.reasons.is_empty() {
            self.complete = false;
            self.read_only = false;
            self.limit = None;
            self.risk = self.risk.max(Risk::High);
        }
    }

    /// Whether a function is known, however its schema and case are written.
    fn calls(&self, function: &Function) -> bool {
        let last = |name: &str| name.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
        let wanted = last(&function.name);
        self.deeds.functions.iter().any(|known| last(&known.name) == wanted)
    }

    fn add(&mut self, tally: &Tally) {
        self.deeds.join(tally.deeds.clone());
        self.reasons.extend(&tally.reasons);
        self.risk = self.risk.max(tally.risk());
        self.complete &= tally.reasons.is_empty();
        self.read_only &= !tally.effect && tally.reasons.is_empty();
    }
}

#[cfg(test)]
mod tests;

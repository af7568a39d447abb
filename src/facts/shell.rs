//! What would a command line run, read, write and reach?
//!
//! Our own reader of POSIX sh and bash. Nothing is expanded: a word that holds a variable, a substitution or a glob is
//! not literal, and says so. Programs inside other programs (`sudo`, `sh -c`, `find -exec`, `ssh`) are read as well, and
//! are commands of their own. `complete` says that every program that runs stands in `commands` with its words; what a
//! program that is not known does is not part of that, and such a program is never low.
//!
//! PowerShell and cmd.exe are opaque on purpose: both run text by rules (aliases, `iex`, caret and percent expansion)
//! under which a half reading would look like a whole one.
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::risk::Risk;

mod compound;
mod control;
mod cursor;
mod expansion;
mod git;
mod judge;
mod language;
mod lexer;
mod operand;
mod parser;
mod place;
mod program;
mod reader;
mod script;
mod transfer;
mod variable;
mod word;
mod wrapper;

#[cfg(test)]
mod tests;

/// Longer texts are not read. A command line a person could judge is far shorter.
pub const LONGEST: usize = 64 * 1024;
/// How many commands one line may hold.
pub const MOST_COMMANDS: usize = 2000;
/// How many files, and how many hosts, one line may name.
pub const MOST_FILES: usize = 500;
/// How deep substitutions, groups and programs inside programs may stand in each other.
pub const DEEPEST: u8 = 20;

/// Whose language the text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(rename = "ShellDialect")]
pub enum Dialect {
    /// POSIX sh; where bash would read the text otherwise, it is not complete.
    Posix,
    /// GNU bash.
    Bash,
    /// Always opaque.
    PowerShell,
    /// cmd.exe, always opaque.
    Cmd,
}

/// What a command line would do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "ShellFacts")]
pub struct Facts {
    /// Every program run, also those inside substitutions and other programs.
    pub commands: Vec<Command>,
    /// Files read by redirects and by programs that are known.
    pub reads: Vec<File>,
    /// Files written, changed or deleted by redirects and by programs that are known.
    pub writes: Vec<File>,
    /// Hosts that known programs would talk to.
    pub networks: Vec<Network>,
    /// Substitutions, as written. What they run stands in `commands`.
    pub substitutions: Vec<Substitution>,
    /// The worst of everything here.
    pub risk: Risk,
    /// Whether every program that runs is known to be in `commands`.
    pub complete: bool,
    /// Why it is not complete, or worse than low.
    pub reasons: BTreeSet<Reason>,
}

/// One program and its words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "ShellCommand")]
pub struct Command {
    /// As written, quotes removed.
    pub program: String,
    /// The last part of its path.
    pub name: String,
    /// The words after it.
    pub arguments: Vec<Argument>,
    /// Whether the program and all of its arguments are literal.
    pub literal: bool,
    /// Whether this module knows what the program does.
    pub known: bool,
    /// Whether the shell does not wait for it.
    pub background: bool,
    /// How it stands in a pipe.
    pub pipe: Pipe,
    /// The programs that run it, outermost first.
    pub through: Vec<String>,
}

/// One word of a command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "ShellArgument")]
pub struct Argument {
    /// Quotes removed, expansions as written.
    pub text: String,
    /// Whether the program receives exactly this text.
    pub literal: bool,
}

/// How a command stands in a pipe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(rename = "ShellPipe")]
pub enum Pipe {
    /// Alone.
    None,
    /// Something is piped into it.
    From,
    /// It is piped into something.
    To,
    /// In the middle.
    Both,
}

/// A file a command line names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "ShellFile")]
pub struct File {
    /// As written, quotes removed; never resolved.
    pub path: String,
    /// Whether the path is exactly this.
    pub literal: bool,
    /// What happens to it.
    pub access: Access,
}

/// What happens to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(rename = "ShellAccess")]
pub enum Access {
    /// Its content or name is read.
    Read,
    /// It is replaced, created or changed.
    Write,
    /// Something is added at its end.
    Append,
    /// It is deleted or moved away.
    Delete,
}

/// A host a program would talk to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "ShellNetwork")]
pub struct Network {
    /// As written, without scheme, user, port and path.
    pub host: String,
    /// Whether the host is exactly this.
    pub literal: bool,
    /// The program that talks to it.
    pub program: String,
}

/// A substitution, as written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Substitution {
    /// Its way of being run.
    pub kind: SubstitutionKind,
    /// What stands between its brackets.
    pub text: String,
}

/// Which substitution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SubstitutionKind {
    /// `$(…)` or backticks.
    Command,
    /// `<(…)` or `>(…)`.
    Process,
}

pub use script::Reason;

/// Reads a command line. Never fails: what cannot be read is not complete and at least high.
pub fn read(text: &str, dialect: Dialect) -> Facts {
    judge::read(text, dialect)
}

//! What stands in a text before it is judged?

use schemars::JsonSchema;
use serde::Serialize;

use super::word::Word;
use super::{Pipe, Substitution};

/// What one text holds.
#[derive(Debug, Default)]
pub(super) struct Script {
    pub(super) simples: Vec<Simple>,
    pub(super) documents: Vec<Document>,
    pub(super) substitutions: Vec<Substitution>,
    pub(super) functions: Vec<String>,
    /// Names whose values are worked out as arithmetic, which runs substitutions in subscripts.
    pub(super) numbers: Vec<String>,
    pub(super) reasons: Vec<Reason>,
}

/// A command without another inside.
#[derive(Debug, Default)]
pub(super) struct Simple {
    pub(super) assignments: Vec<Word>,
    pub(super) words: Vec<Word>,
    pub(super) redirects: Vec<Redirect>,
    pub(super) from: bool,
    pub(super) to: bool,
    pub(super) background: bool,
    /// The substitution it stands in.
    pub(super) inside: Vec<String>,
}

impl Simple {
    pub(super) const fn pipe(&self) -> Pipe {
        match (self.from, self.to) {
            (false, false) => Pipe::None,
            (true, false) => Pipe::From,
            (false, true) => Pipe::To,
            (true, true) => Pipe::Both,
        }
    }
}

/// Where a stream comes from or goes to.
#[derive(Debug)]
pub(super) struct Redirect {
    pub(super) kind: RedirectKind,
    pub(super) target: Word,
    /// Which here-document.
    pub(super) document: Option<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RedirectKind {
    Read,
    Write,
    Append,
    Both,
    Document,
    Tabs,
    Text,
    Duplicate,
}

/// A here-document.
#[derive(Debug)]
pub(super) struct Document {
    pub(super) end: String,
    pub(super) tabs: bool,
    pub(super) quoted: bool,
    pub(super) body: Word,
}

/// Why facts are not complete, or worse than low.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "ShellReason")]
pub enum Reason {
    /// The language is one that is not read.
    OpaqueLanguage,
    /// Longer, deeper or with more commands than is read.
    TooLarge,
    /// A quote, bracket or block is not closed, or the grammar is not known.
    Unreadable,
    /// sh and bash read this differently.
    TwoReadings,
    /// Which program runs depends on an expansion.
    ProgramNotLiteral,
    /// Text is run that does not stand in the command line as such.
    RunsOtherText,
    /// Text is run that may come from the network.
    RunsDownloadedText,
    /// A program in another language stands in an argument.
    OpaqueProgram,
    /// An expansion may be an option that changes what the program does.
    OptionNotLiteral,
    /// An option of a program that runs others is not known.
    OptionUnknown,
    /// An alias, function or variable changes what a name means.
    Redefines,
    /// A program that is not known.
    UnknownProgram,
    /// A file is written or changed.
    Writes,
    /// Something is deleted recursively or by force, or a device is overwritten.
    Destroys,
    /// Rights are raised or changed.
    Privilege,
    /// A host is reached.
    ReachesNetwork,
    /// A host is reached that is not literal.
    HostNotLiteral,
    /// Something runs on another machine.
    RunsElsewhere,
    /// Data goes to a place the command line chooses.
    DataLeaves,
    /// Which file is written depends on an expansion.
    TargetNotLiteral,
    /// A file that usually holds secrets is named.
    Sensitive,
    /// A file that the system or a later program runs or obeys is changed.
    SystemFile,
    /// Something on another machine or in a container is changed.
    ChangesElsewhere,
    /// Processes or the machine are stopped or reconfigured.
    ChangesSystem,
}

//! What does the gateway tell its operator?

use schemars::JsonSchema;

use super::section::{Reading, Section};
use super::word::words;

/// The log, on stderr.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Log {
    /// How much is said.
    #[schemars(extend("default" = "info"))]
    pub level: Level,
    /// For whom.
    #[schemars(extend("default" = "text"))]
    pub format: Format,
}

/// How much is said, least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// What failed.
    Error,
    /// What somebody should look at.
    Warn,
    /// What happened.
    Info,
    /// Why.
    Debug,
    /// Everything.
    Trace,
}

/// Form of a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For people.
    Text,
    /// For machines, one object a line.
    Json,
}

impl Log {
    pub(super) fn read(section: &Section<'_>) -> Reading<Self> {
        let level = section.word("level", Level::Info);
        let format = section.word("format", Format::Text);
        section.close();
        Ok(Self { level: level?, format: format? })
    }
}

words!(Level: "error" => Error, "warn" => Warn, "info" => Info, "debug" => Debug, "trace" => Trace);
words!(Format: "text" => Text, "json" => Json);

//! Which servers are there, and how are they reached? Made from the operator's configuration and from nothing else.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::http::HttpOptions;

/// One configured server.
#[derive(Clone, Debug)]
pub struct ServerOptions {
    /// Its name in the configuration.
    pub name: Arc<str>,
    /// How it is reached.
    pub place: Place,
    /// How long it may stay silent; the gateway puts it into each `Asking`.
    pub timeout: Duration,
}

/// How a server is reached.
#[derive(Clone, Debug)]
pub enum Place {
    /// A child process that speaks over its standard input and output.
    Command(CommandOptions),
    /// A server that is spoken to over HTTP.
    Remote(HttpOptions),
}

/// A program to be started, without any shell.
#[derive(Clone, Debug, Default)]
pub struct CommandOptions {
    /// A path, or a name to be looked for on `PATH`.
    pub program: String,
    /// One by one, never split or expanded.
    pub args: Vec<String>,
    /// Added to the few variables every child gets.
    pub env: Vec<(String, Secret)>,
    /// Where it runs; where the gateway runs if nothing is said.
    pub cwd: Option<PathBuf>,
    /// What the program file must hash to: 64 hex digits, as `sha256sum` prints them.
    pub sha256: Option<String>,
}

/// A text that must not be shown: it has no way to be printed.
#[derive(Clone, Default)]
pub struct Secret(String);

impl Secret {
    /// Keeps a text from being shown.
    pub const fn new(text: String) -> Self {
        Self(text)
    }

    /// The text, for the one place that needs it.
    pub(super) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(secret)")
    }
}

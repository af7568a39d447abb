//! Which servers are there, and how are they reached? Made from the operator's configuration and from nothing else.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::http::HttpOptions;
use crate::credentials::lease::Lease;
use crate::credentials::scrub::Scrub;
use crate::secret::Secret;

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
#[derive(Clone, Default)]
pub struct CommandOptions {
    /// A path, or a name to be looked for on `PATH`.
    pub program: String,
    /// One by one, never split or expanded.
    pub args: Vec<String>,
    /// After those, for one call.
    pub secret_args: Vec<Secret>,
    /// Added to the few variables every child gets.
    pub env: Vec<(String, Secret)>,
    /// Where it runs; where the gateway runs if nothing is said.
    pub cwd: Option<PathBuf>,
    /// What the program file must hash to: 64 hex digits, as `sha256sum` prints them.
    pub sha256: Option<String>,
    /// What may not stand in our log of what it says, where it was started for one call.
    pub scrub: Option<Arc<Scrub>>,
}

impl CommandOptions {
    /// The same program with the credentials of one call, which take the place of what lasts.
    pub(super) fn with(&self, lease: &Lease) -> Self {
        let placed = lease.placed();
        let mut all = self.clone();
        all.env.retain(|(name, _)| !placed.variables.iter().any(|(own, _)| own == name));
        all.env.extend(placed.variables.iter().cloned());
        all.secret_args.clone_from(&placed.arguments);
        all.scrub = Some(Arc::clone(lease.scrub()));
        all
    }
}

impl fmt::Debug for CommandOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.env.iter().map(|(name, _)| name).collect();
        f.debug_struct("CommandOptions").field("program", &self.program).field("env", &names).finish_non_exhaustive()
    }
}

//! Does the server's process run, and is all of it gone afterwards? A child in a process group of its own.

mod program;

use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::{ChildStderr, ChildStdin, ChildStdout, Command};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::options::CommandOptions;
use crate::credentials::scrub::Scrub;
use crate::secret::Secret;
use program::Unfit;

/// A running process. Dropping it ends the whole group.
#[derive(Debug)]
pub(super) struct Child {
    end: CancellationToken,
    ended: CancellationToken,
    obituary: watch::Receiver<Option<String>>,
    grace: watch::Sender<Duration>,
}

/// A child and the two pipes that matter.
#[derive(Debug)]
pub(super) struct Spawned {
    pub(super) child: Child,
    pub(super) stdin: ChildStdin,
    pub(super) stdout: ChildStdout,
}

/// Why a process was not started.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotStarted {
    /// The program is not there, or is not the one that was agreed.
    #[error(transparent)]
    Unfit(#[from] Unfit),
    /// The operating system refused.
    #[error("`{program}` cannot be started: {why}")]
    Refused {
        /// As it was found.
        program: String,
        /// What the system says.
        why: std::io::Error,
    },
}

/// After its input was closed a server has this long to end by itself.
const POLITE: Duration = Duration::from_millis(500);
/// After SIGTERM it has this long, if nobody said otherwise.
const GRACE: Duration = Duration::from_secs(2);

/// What a child gets from our own environment. Everything else is configured or absent.
const INHERITED: [&str; 12] =
    ["PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "TZ", "TERM", "TMPDIR", "TEMP", "SystemRoot"];

/// Starts the program: no shell, only what the configuration says, in its own process group.
pub(super) async fn spawn(name: &Arc<str>, options: &CommandOptions) -> Result<Spawned, NotStarted> {
    let found = program::find(options)?;
    program::check(&found, options.sha256.as_deref()).await?;
    let mut command = Command::new(&found);
    command.args(&options.args).args(options.secret_args.iter().map(Secret::expose));
    command.env_clear().process_group(0).kill_on_drop(true);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    for (key, value) in std::env::vars_os() {
        let known = key.to_str().is_some_and(|key| INHERITED.contains(&key) || key.starts_with("LC_"));
        if known {
            command.env(key, value);
        }
    }
    for (key, value) in &options.env {
        command.env(key, value.expose());
    }
    if let Some(cwd) = &options.cwd {
        command.current_dir(cwd);
    }
    let refused = |why| NotStarted::Refused { program: found.display().to_string(), why };
    let mut process = command.spawn().map_err(refused)?;
    let (Some(stdin), Some(stdout)) = (process.stdin.take(), process.stdout.take()) else {
        return Err(refused(std::io::Error::other("it has no pipes")));
    };
    let group = Group::of(&process);
    tracing::info!(server = %name, program = %found.display(), pid = process.id(), "started");
    if let Some(stderr) = process.stderr.take() {
        tokio::spawn(log(name.clone(), stderr, options.scrub.clone()));
    }
    let (tell, obituary) = watch::channel(None);
    let (grace, patience) = watch::channel(GRACE);
    let (end, ended) = (CancellationToken::new(), CancellationToken::new());
    let watcher = Watcher { process, group, end: end.clone(), ended: ended.clone().drop_guard(), tell, patience };
    tokio::spawn(watcher.watch(name.clone()));
    Ok(Spawned { child: Child { end, ended, obituary, grace }, stdin, stdout })
}

impl Child {
    /// Says how the process ended, once it did.
    pub(super) fn obituary(&self) -> watch::Receiver<Option<String>> {
        self.obituary.clone()
    }

    /// Ends the process and waits until its whole group is gone.
    pub(super) async fn end(&self, grace: Duration) {
        self.grace.send_replace(grace);
        self.end.cancel();
        self.ended.cancelled().await;
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.end.cancel();
    }
}

/// Owns the process until it is reaped.
#[derive(Debug)]
struct Watcher {
    process: tokio::process::Child,
    group: Group,
    end: CancellationToken,
    ended: tokio_util::sync::DropGuard,
    tell: watch::Sender<Option<String>>,
    patience: watch::Receiver<Duration>,
}

impl Watcher {
    async fn watch(mut self, name: Arc<str>) {
        let status = tokio::select! {
            status = self.process.wait() => Some(status),
            () = self.end.cancelled() => None,
        };
        let status = match status {
            Some(status) => status,
            None => self.stop().await,
        };
        // Whatever the process left behind in its group goes with it.
        self.group.signal(Signal::KILL);
        self.group.forget();
        let words = match status {
            Ok(status) => format!("the server's process ended ({status})"),
            Err(error) => format!("the server's process was lost: {error}"),
        };
        tracing::info!(server = %name, "{words}");
        self.tell.send_replace(Some(words));
        drop(self.ended);
    }

    async fn stop(&mut self) -> std::io::Result<std::process::ExitStatus> {
        let patience = *self.patience.borrow();
        if let Ok(status) = tokio::time::timeout(POLITE.min(patience), self.process.wait()).await {
            return status;
        }
        self.group.signal(Signal::TERM);
        if let Ok(status) = tokio::time::timeout(patience, self.process.wait()).await {
            return status;
        }
        self.group.signal(Signal::KILL);
        self.process.wait().await
    }
}

/// A process group that must not outlive us.
#[derive(Debug)]
struct Group(Option<Pid>);

impl Group {
    fn of(process: &tokio::process::Child) -> Self {
        Self(process.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw))
    }

    fn signal(&self, signal: Signal) {
        if let Some(group) = self.0 {
            // The only error is that nobody is left.
            kill_process_group(group, signal).unwrap_or_default();
        }
    }

    /// Its number may soon belong to somebody else.
    const fn forget(&mut self) {
        self.0 = None;
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.signal(Signal::KILL);
    }
}

/// The longest line of a server's log that is kept; the rest of it is dropped.
const LOG_LINE: usize = 2000;

/// Passes what a server writes to its standard error on to our log.
async fn log(name: Arc<str>, stderr: ChildStderr, scrub: Option<Arc<Scrub>>) {
    let mut from = BufReader::new(stderr);
    let mut line = Vec::new();
    loop {
        line.clear();
        let limit = u64::try_from(LOG_LINE).unwrap_or(u64::MAX);
        match (&mut from).take(limit).read_until(b'\n', &mut line).await {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
        let text = String::from_utf8_lossy(line.trim_ascii());
        let text = scrub.as_ref().map_or_else(|| text.clone(), |scrub| scrub.text(&text).into_owned().into());
        // A server must not paint on the operator's terminal.
        let text: String = text.chars().filter(|char| !char.is_control() || *char == '\t').collect();
        if !text.is_empty() {
            tracing::info!(target: "countersign::server", server = %name, "{text}");
        }
    }
}

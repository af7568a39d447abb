//! A command of the operator makes the credential, and another takes it back.
//!
//! The command reads one JSON object on its standard input and prints one on its standard output. There is no shell, next to
//! no environment, and an end to its time; what it leaves running goes with it. Whether a command that failed had made
//! something nobody knows, so it is taken back all the same.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::Command;
use zeroize::Zeroizing;

use super::material::{Hush, Material, SHORTEST};
use super::provider::{Gone, Minted, NotMinted, NotRevoked, Order, Revoked};
use super::wanted::{Asked, Planned, Unfit, beyond, worded};
use crate::clock::Timestamp;
use crate::secret::Secret;

/// The commands.
#[derive(Clone)]
pub struct Exec {
    /// Makes a credential.
    pub mint: Program,
    /// Takes it back; without one it ends by itself.
    pub revoke: Option<Program>,
    /// What rules may ask for.
    pub scopes: Vec<String>,
}

/// One program, without any shell.
#[derive(Clone)]
pub struct Program {
    /// The program and its arguments.
    pub command: Vec<String>,
    /// Added to the few variables every child gets.
    pub env: Vec<(String, Secret)>,
    /// Where it runs.
    pub cwd: PathBuf,
    /// How long it may take.
    pub timeout: Duration,
}

impl std::fmt::Debug for Exec {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Exec").field("mint", &self.mint).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Program {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Program").field("program", &self.command.first()).finish_non_exhaustive()
    }
}

/// What the command that makes one reads.
#[derive(Serialize)]
struct Asking<'a> {
    lease: &'a str,
    scope: Option<&'a str>,
    ttl_seconds: u64,
    expires_at: String,
    call: &'a str,
    action: String,
    principal: &'a str,
    agent: Option<&'a str>,
    person: Option<&'a str>,
    server: &'a str,
    tool: &'a str,
}

/// What it prints.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Printed {
    value: Secret,
    #[serde(default)]
    id: Option<String>,
    expires_at: String,
    #[serde(default)]
    scope: Option<String>,
}

/// What the command that takes one back reads.
#[derive(Serialize)]
struct TakingBack<'a> {
    lease: &'a str,
    id: Option<&'a str>,
}

/// More is no credential.
const LONGEST: u64 = 64 << 10;
/// What a command gets of our own environment.
const INHERITED: [&str; 5] = ["PATH", "HOME", "LANG", "TZ", "TMPDIR"];

impl Exec {
    /// What would be made.
    pub fn plan(&self, asked: &Asked<'_>) -> Result<Planned, Unfit> {
        let scope = worded(asked, &self.scopes)?;
        let program = self.mint.command.first().map_or("", String::as_str);
        let what = scope.as_deref().unwrap_or("what it always gives");
        let reaches = vec![format!("{what}, as the command {program} gives it")];
        Ok(Planned { scope, reaches, ttl: asked.ttl, standing: false, terms: serde_json::Value::Null })
    }

    /// Runs the command that makes one.
    pub async fn mint(&self, order: &Order<'_>) -> Result<Minted, NotMinted> {
        let asking = Asking {
            lease: order.lease,
            scope: order.wanted.scope.as_deref(),
            ttl_seconds: order.wanted.ttl.seconds(),
            expires_at: order.expires.to_string(),
            call: order.bearer.call.as_str(),
            action: order.bearer.digest.to_string(),
            principal: &order.bearer.principal,
            agent: order.bearer.agent.as_deref(),
            person: order.bearer.person.as_deref(),
            server: &order.bearer.server,
            tool: &order.bearer.target,
        };
        let asking = serde_json::to_vec(&asking).map_err(|error| NotMinted::Refused(error.to_string()))?;
        let printed = match self.mint.run(&asking).await {
            Ok(printed) => printed,
            Err(Failed::NotStarted(why)) => return Err(NotMinted::Unavailable(why)),
            Err(Failed::Ended(why)) => return Err(NotMinted::Unsure(why)),
        };
        read(&printed, order).map_err(NotMinted::Unsure)
    }

    /// Runs the command that takes one back.
    pub async fn revoke(&self, gone: &Gone<'_>) -> Result<Revoked, NotRevoked> {
        let Some(program) = &self.revoke else { return Ok(Revoked::ByItself) };
        let asking = serde_json::to_vec(&TakingBack { lease: gone.lease, id: gone.handle });
        let asking = asking.map_err(|error| NotRevoked(error.to_string()))?;
        match program.run(&asking).await {
            Ok(_) => Ok(Revoked::Now),
            Err(Failed::NotStarted(why) | Failed::Ended(why)) => Err(NotRevoked(why)),
        }
    }
}

/// Takes apart what was printed. Nothing of it is repeated in an error: it may be the credential.
fn read(printed: &[u8], order: &Order<'_>) -> Result<Minted, String> {
    let Printed { value, id, expires_at, scope } = serde_json::from_slice(printed).map_err(|error| {
        format!(
            "the command did not print {{\"value\", \"id\", \"expires_at\"}} as one JSON object (line {}, column {})",
            error.line(),
            error.column()
        )
    })?;
    let expires = Timestamp::parse(&expires_at);
    let expires = expires.ok_or("the command's `expires_at` is no time such as 2026-01-31T12:00:00Z")?;
    if value.expose().len() < SHORTEST || value.expose().contains('\0') {
        return Err(format!("the command's `value` is no credential: it has fewer than {SHORTEST} bytes, or a NUL"));
    }
    if let (Some(given), Some(asked)) = (&scope, &order.wanted.scope) {
        let asked: Vec<String> = asked.split_ascii_whitespace().map(str::to_owned).collect();
        if !beyond(given, &asked).is_empty() {
            return Err("the command gave more than it was asked for (`scope`)".to_owned());
        }
    }
    let material = Material::empty().with("value", value, Hush::Secret);
    Ok(Minted { material, handle: id, expires, scope })
}

enum Failed {
    NotStarted(String),
    Ended(String),
}

impl Program {
    async fn run(&self, asking: &[u8]) -> Result<Zeroizing<Vec<u8>>, Failed> {
        let Some((program, arguments)) = self.command.split_first() else {
            return Err(Failed::NotStarted("no command is configured".to_owned()));
        };
        let mut command = Command::new(program);
        command.args(arguments).env_clear().current_dir(&self.cwd).process_group(0).kill_on_drop(true);
        command.envs(INHERITED.iter().filter_map(|name| Some((name, std::env::var_os(name)?))));
        command.envs(self.env.iter().map(|(name, value)| (name, value.expose())));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process =
            command.spawn().map_err(|error| Failed::NotStarted(format!("`{program}` cannot be started: {error}")))?;
        let group = Group(process.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw));
        let (stdin, stdout) = (process.stdin.take(), process.stdout.take());
        let work = async {
            if let Some(mut stdin) = stdin {
                // A command that does not want to know is not worse for it.
                stdin.write_all(asking).await.unwrap_or_default();
            }
            let mut printed = Zeroizing::new(Vec::with_capacity(4096));
            if let Some(stdout) = stdout {
                stdout.take(LONGEST.saturating_add(1)).read_to_end(&mut printed).await?;
            }
            Ok::<_, std::io::Error>((printed, process.wait().await?))
        };
        let done = tokio::time::timeout(self.timeout, work).await;
        drop(group);
        let ended = |why: String| Failed::Ended(format!("`{program}` {why}"));
        let (printed, status) = match done {
            Err(_) => return Err(ended(format!("did not end within {} s", self.timeout.as_secs()))),
            Ok(Err(error)) => return Err(ended(format!("could not be read: {error}"))),
            Ok(Ok(done)) => done,
        };
        if !status.success() {
            return Err(ended(format!("failed ({status})")));
        }
        if u64::try_from(printed.len()).is_ok_and(|length| length > LONGEST) {
            return Err(ended(format!("printed more than {} KiB", LONGEST >> 10)));
        }
        Ok(printed)
    }
}

/// Ends with everything the command left running.
struct Group(Option<Pid>);

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(group) = self.0 {
            // The only error is that nobody is left.
            kill_process_group(group, Signal::KILL).unwrap_or_default();
        }
    }
}

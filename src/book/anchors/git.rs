//! How does a repository of Git keep checkpoints?
//!
//! The file `checkpoint` of a work tree is committed, and pushed where a remote is named. Git runs as a child with next to no
//! environment, without hooks, and with nobody to ask for passwords.

use std::path::Path;
use std::process::Stdio;

use tokio::process::Command;

use super::Given;
use super::folder::{bad, look};
use crate::digest::hex;

/// A work tree, and the remote to push to.
type Tree<'a> = (&'a Path, Option<&'a str>);

/// What Git and its way to the remote need of our environment.
const KEPT: [&str; 3] = ["PATH", "HOME", "SSH_AUTH_SOCK"];

/// Commits a checkpoint, and says which commit it is.
pub(super) async fn give((path, remote): Tree<'_>, given: &Given) -> Result<String, String> {
    let file = path.join("checkpoint");
    let new = path.join(format!(".checkpoint.{}.tmp", std::process::id()));
    let moved = async {
        tokio::fs::write(&new, &given.note).await?;
        tokio::fs::rename(&new, &file).await
    };
    moved.await.map_err(|error| bad(&file, &error))?;
    git(path, &["add", "--", "checkpoint"]).await?;
    if !git(path, &["status", "--porcelain", "--", "checkpoint"]).await?.is_empty() {
        let message = format!("{} {}", given.said.size, hex(&given.said.root));
        git(path, &["commit", "--quiet", "-m", &message, "--", "checkpoint"]).await?;
    }
    if let Some(remote) = remote {
        let to = format!("HEAD:refs/heads/{}", branch(path).await?);
        git(path, &["push", "--quiet", remote, &to]).await?;
    }
    git(path, &["rev-parse", "HEAD"]).await
}

/// The checkpoints the work tree, its last commit and the remote have.
pub(super) async fn newest((path, remote): Tree<'_>) -> Result<Vec<String>, String> {
    let top = git(path, &["rev-parse", "--is-inside-work-tree"]).await?;
    if top != "true" {
        return Err(format!("{} is no work tree of Git", path.display()));
    }
    let file = path.join("checkpoint");
    let mut notes: Vec<String> = look(&file).map_err(|error| bad(&file, &error))?.into_iter().collect();
    // A repository may have no commit yet, and a commit no checkpoint.
    notes.extend(show(path, "HEAD:./checkpoint").await);
    if let Some(remote) = remote {
        let branch = branch(path).await?;
        let has = git(path, &["ls-remote", "--heads", remote, &branch]).await?;
        if !has.is_empty() {
            git(path, &["fetch", "--quiet", remote, &branch]).await?;
            notes.extend(show(path, "FETCH_HEAD:./checkpoint").await);
        }
    }
    Ok(notes)
}

async fn show(path: &Path, what: &str) -> Option<String> {
    git(path, &["show", what]).await.ok().map(|note| note + "\n")
}

async fn branch(path: &Path) -> Result<String, String> {
    git(path, &["symbolic-ref", "--short", "HEAD"]).await
}

/// What it printed, without the line break at the end.
async fn git(path: &Path, arguments: &[&str]) -> Result<String, String> {
    let mut command = Command::new("git");
    command.arg("-C").arg(path).args(["-c", "core.hooksPath=/dev/null", "-c", "gc.auto=0"]);
    command.args(["-c", "user.name=Countersign", "-c", "user.email=countersign@localhost"]).args(arguments);
    command
        .env_clear()
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("GIT_SSH_COMMAND", "ssh -o BatchMode=yes")
        .env("LC_ALL", "C");
    command.envs(KEPT.iter().filter_map(|name| Some((name, std::env::var_os(name)?))));
    command.stdin(Stdio::null()).kill_on_drop(true);
    let done = command.output().await.map_err(|error| format!("git cannot be run: {error}"))?;
    if !done.status.success() {
        let said = String::from_utf8_lossy(&done.stderr);
        let said: Vec<&str> = said.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        let verb = arguments.first().unwrap_or(&"");
        return Err(format!("git {verb} failed: {}", said.join("; ")));
    }
    let said = String::from_utf8(done.stdout).map_err(|_| "git printed what is no text".to_owned())?;
    Ok(said.trim_end_matches('\n').to_owned())
}

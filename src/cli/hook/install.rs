//! What do a client's settings need so that it reports?
//!
//! Printed for a person to put there, because settings are theirs and some clients want each hook looked at before they run it;
//! with `--write` it is put there behind what there is, and `countersign undo` takes it out.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};
use clap::Args;

use super::Named;
use crate::cli::exit::Exit;
use crate::cli::onboard::files::{self, Readers};
use crate::cli::onboard::plan::program;
use crate::cli::onboard::record::Record;
use crate::cli::onboard::survey::ground;
use crate::cli::output::{Mark, Output};
use crate::clients::hooks::{advice, file, has, settings, with};
use crate::clients::journal::{Change, named};
use crate::clock::{Clock as _, SystemClock};
use crate::intent::client::Client;

/// What `hook install` takes.
#[derive(Args, Debug)]
pub struct InstallArgs {
    /// The client
    #[arg(value_name = "claude-code|codex|gemini|cursor|vscode", hide_possible_values = true)]
    client: Named,
    /// Only print; this is what it does unless told otherwise
    #[arg(long, conflicts_with = "write")]
    print: bool,
    /// Put it into the client's settings
    #[arg(long)]
    write: bool,
    /// The device's own file, where it is not the user's
    #[arg(long, value_name = "FILE")]
    device: Option<PathBuf>,
}

/// Runs the command.
pub fn run(args: &InstallArgs, out: &mut Output<'_>) -> anyhow::Result<Exit> {
    let client = Client::from(args.client);
    if args.write {
        write(client, args.device.as_deref(), out)?;
        return Ok(Exit::Done);
    }
    let command = command(client, args.device.as_deref())?;
    let home = if client == Client::Vscode { "" } else { "~/" };
    out.line(&format!("Put this into {home}{}, beside what is there:", file(client)))?;
    out.line("")?;
    out.lines(&serde_json::to_string_pretty(&settings(client, &command))?)?;
    out.line("")?;
    out.line(advice(client))?;
    Ok(Exit::Done)
}

fn command(client: Client, device: Option<&Path>) -> anyhow::Result<String> {
    let mut command = format!("{} hook {}", quoted(&program()?), client.word());
    if let Some(file) = device {
        let file = std::path::absolute(file)?;
        command.push_str(" --device ");
        command.push_str(&quoted(&file.display().to_string()));
    }
    Ok(command)
}

/// Puts the hook into the client's settings, and writes down what they were.
pub fn write(client: Client, device: Option<&Path>, out: &mut Output<'_>) -> anyhow::Result<()> {
    let command = command(client, device)?;
    let ground = ground()?;
    let folder = if client == Client::Vscode { &ground.project } else { &ground.home };
    let path = files::target(&folder.join(file(client)))?;
    let there = files::read(&path).with_context(|| format!("{} cannot be read", path.display()))?;
    let before = there.clone().unwrap_or_default();
    if has(&before, &command) {
        out.marked(Mark::Ok, &format!("{} has the hook already", path.display()))?;
        return Ok(());
    }
    let text = with(client, &before, &command).map_err(|_| {
        anyhow!(
            "{} is not written as we know it; `hook install {}` prints what it needs",
            path.display(),
            client.word()
        )
    })?;
    let owner = crate::clients::Client::from_word(client.word()).context("this client has no servers")?;
    let change = Change {
        at: SystemClock.now().to_string(),
        client: owner,
        file: path.display().to_string(),
        before: named(&before),
        after: named(&text),
        original: before,
        existed: there.is_some(),
        entries: Vec::new(),
        hook: Some(command),
    };
    let mut record = Record::open()?;
    record.journal.changes.push(change.clone());
    record.save()?;
    if let Err(why) = files::replace(&path, there.as_deref().map(named).as_deref(), &text, Readers::AsBefore) {
        record.journal.changes.retain(|kept| *kept != change);
        record.save()?;
        return Err(why.into());
    }
    out.marked(Mark::Ok, &format!("wrote the hook to {}. {}", path.display(), advice(client)))?;
    Ok(())
}

/// As a shell wants it.
fn quoted(path: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+@%,:".contains(c);
    if path.chars().all(plain) { path.to_owned() } else { format!("'{}'", path.replace('\'', "'\\''")) }
}

//! `countersign import`: servers of a client's file stand in our configuration; the file stays as it is.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};
use clap::Args;
use serde_json::json;

use super::files::{self, Readers};
use super::plan::{Ours, notes};
use super::survey::{client, standing};
use crate::cli::exit::Exit;
use crate::cli::output::{Mark, Output};
use crate::cli::{Examples, Global};
use crate::clients::entry::Original;
use crate::clients::journal::named;
use crate::clients::section::Secrets;
use crate::clients::{Client, Found, Scope, found};

/// What `import` takes.
#[derive(Args, Debug)]
pub struct ImportArgs {
    /// The client's file
    file: PathBuf,
    /// Whose file it is, where its name and form do not say
    #[arg(long, value_name = "CLIENT", value_parser = client)]
    client: Option<Client>,
    /// Only the server the client calls so
    #[arg(long = "server", value_name = "NAME")]
    servers: Vec<String>,
    /// Give secrets that stand in it a file each, beside the configuration
    #[arg(long)]
    move_secrets: bool,
    /// Only say what would be added
    #[arg(long)]
    dry_run: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Shown under its help.
pub const EXAMPLES: Examples = Examples([
    ("countersign import ~/.cursor/mcp.json", "every server it names"),
    ("countersign import team.json --client claude-code --server github --dry-run", "one of them; only say"),
]);

/// A server, its name in the configuration, and what its owner should know.
type Added<'a> = (&'a Found, String, Vec<String>);
/// A server that was not added, and why.
type Skipped<'a> = (&'a Found, String);

/// Runs the command.
pub fn run(args: &ImportArgs, global: &Global, out: &mut Output<'_>) -> anyhow::Result<Exit> {
    let mut ours = Ours::find(global)?;
    let text = files::read(&args.file).with_context(|| format!("{} cannot be read", args.file.display()))?;
    let text = text.ok_or_else(|| Exit::NotFound.error(format!("there is no {}", args.file.display())))?;
    let servers = servers(args, &text)?;
    let secrets = if args.move_secrets { Secrets::Move } else { Secrets::Stay };
    let (mut added, mut skipped, mut beside) = (Vec::<Added<'_>>::new(), Vec::<Skipped<'_>>::new(), Vec::new());
    let wanted = |found: &&Found| args.servers.is_empty() || args.servers.contains(&found.name);
    for found in servers.iter().filter(wanted) {
        if let Original::Guarded(_) | Original::Odd(_) = found.original {
            skipped.push((
                found,
                if matches!(found.original, Original::Odd(_)) {
                    standing(found)
                } else {
                    "it is the gateway".to_owned()
                },
            ));
            continue;
        }
        match ours.add(found, secrets) {
            Err(why) => skipped.push((found, why)),
            Ok((section, text)) => {
                let mut notes = notes(found, &section, text.is_some());
                let unfilled = section
                    .filled
                    .iter()
                    .map(|(variable, text)| format!("set {variable}: {} fills in {text}", found.client.label()));
                notes.extend(unfilled);
                notes.extend(section.handed.iter().map(|variable| format!("set {variable}")));
                if text.is_some() {
                    beside.extend(section.files);
                }
                added.push((found, section.name, notes));
            }
        }
    }
    if !args.dry_run {
        write(&ours, &beside)?;
    }
    print(args, &ours, (&added, &skipped), out)?;
    Ok(Exit::Done)
}

fn print(
    args: &ImportArgs,
    ours: &Ours,
    (added, skipped): (&[Added<'_>], &[Skipped<'_>]),
    out: &mut Output<'_>,
) -> anyhow::Result<()> {
    if args.json {
        let added =
            added.iter().map(|(found, server, notes)| json!({ "name": found.name, "server": server, "notes": notes }));
        let skipped = skipped.iter().map(|(found, why)| json!({ "name": found.name, "why": why }));
        out.json(&json!({
            "version": 1, "done": !args.dry_run, "config": ours.file,
            "added": added.collect::<Vec<_>>(), "skipped": skipped.collect::<Vec<_>>(),
        }))?;
        return Ok(());
    }
    for (found, server, notes) in added {
        let notes = if notes.is_empty() { String::new() } else { format!(": {}", notes.join("; ")) };
        out.marked(Mark::Ok, &format!("{} is [servers.{server}]{notes}", found.name))?;
    }
    skipped.iter().try_for_each(|(found, why)| out.marked(Mark::Warn, &format!("{}: {why}", found.name)))?;
    let did = if args.dry_run { "would be" } else { "are" };
    out.line(&format!(
        "{} servers {did} in {}; {} stays as it is.",
        added.len(),
        ours.file.display(),
        args.file.display()
    ))?;
    Ok(())
}

fn write(ours: &Ours, beside: &[(String, String)]) -> anyhow::Result<()> {
    let folder = ours.file.parent().unwrap_or_else(|| Path::new("/"));
    for (name, secret) in beside {
        let file = folder.join(name);
        let there = files::read(&file)?;
        files::replace(&file, there.as_deref().map(named).as_deref(), secret, Readers::Owner)?;
    }
    if ours.text != ours.before {
        files::replace(&ours.file, Some(&named(&ours.before)), &ours.text, Readers::Owner)?;
    }
    Ok(())
}

/// The servers it names, read as the client's whose file it is.
fn servers(args: &ImportArgs, text: &str) -> anyhow::Result<Vec<Found>> {
    let by_form: &[Client] = match args.file.extension().and_then(|kind| kind.to_str()) {
        Some("toml") => &[Client::Codex],
        Some("yaml" | "yml") => &[Client::Goose],
        _ if args.file.ends_with(".gemini/settings.json") => &[Client::Gemini],
        _ if args.file.ends_with("claude_desktop_config.json") => &[Client::ClaudeDesktop],
        // Of those with the same form, the one that fills in variables: else its texts would be taken for literal ones.
        _ => &[Client::ClaudeCode, Client::Vscode, Client::Zed],
    };
    let candidates = args.client.as_ref().map_or(by_form, std::slice::from_ref);
    let mut why = None;
    for client in candidates {
        match found(*client, Scope::User, text) {
            Ok(all) if !all.is_empty() => return Ok(all),
            Ok(_) => {}
            Err(fault) => why = Some(fault),
        }
    }
    Err(match why {
        Some(why) => anyhow!("{} cannot be read: {why}", args.file.display()),
        None => anyhow!("{} names no server; say whose file it is with --client", args.file.display()),
    })
}

//! `countersign init`: from nothing to a gateway before one's servers.

use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};
use clap::Args;

use super::consent::{self, Consent};
use super::files::{self, Readers};
use super::plan::Ours;
use super::survey::{Meant, ground, survey};
use super::wrap::{Manner, wrap};
use crate::cli::exit::Exit;
use crate::cli::hook::{enroll, install};
use crate::cli::output::{Mark, Output};
use crate::cli::{Examples, Global};
use crate::clients::section::{Secrets, quoted_key};
use crate::config::{Found, Surroundings};
use crate::identity::local;
use crate::intent::client::Client;
use crate::policy::starter;

/// What `init` takes.
#[derive(Args, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub struct InitArgs {
    #[command(flatten)]
    meant: Meant,
    /// Give secrets that stand in clients' files a file each, beside the configuration
    #[arg(long)]
    move_secrets: bool,
    /// Put hooks into clients' settings that report prompts, without asking
    #[arg(long)]
    hooks: bool,
    /// Only show what would be done
    #[arg(long)]
    dry_run: bool,
    /// Do not ask; hooks only with --hooks
    #[arg(long)]
    yes: bool,
}

/// Shown under its help.
pub const EXAMPLES: Examples = Examples([
    ("countersign init", "shows what is there and asks before anything is written"),
    ("countersign init --yes --hooks", "on a machine where nobody can be asked"),
]);

/// Runs the command.
pub fn run(args: &InitArgs, global: &Global, out: &mut Output<'_>) -> anyhow::Result<Exit> {
    let around = Surroundings::of_this_process()?;
    let file = files::target(&place(global, &around)?)?;
    let there = files::read(&file).with_context(|| format!("{} cannot be read", file.display()))?;
    let fresh = there.is_none();
    let text = there.unwrap_or_else(starting);
    if fresh {
        out.line(&format!("A configuration will be made: {}, with a starter policy in policies/.", file.display()))?;
    } else {
        out.line(&format!("The configuration is {}.", file.display()))?;
    }
    let consent = match (args.dry_run, fresh) {
        (true, _) => Consent::Refused,
        (false, false) => Consent::Given,
        (false, true) => consent::ask("Make it?", args.yes)?,
    };
    if fresh && consent == Consent::Given {
        make(&file, &text, out)?;
    }
    let secrets = if args.move_secrets { Secrets::Move } else { Secrets::Stay };
    let dry_run = consent != Consent::Given;
    let manner = Manner { secrets, dry_run, yes: args.yes, json: false };
    let wrapped = wrap(&args.meant, manner, Ours::of(file.clone(), text, around)?, out)?;
    if dry_run {
        if !args.dry_run {
            out.line("Nothing was written. Say --yes where nobody can be asked.")?;
        }
        return Ok(if args.dry_run { Exit::Done } else { consent::end(consent) });
    }
    if wrapped == Exit::Unasked {
        return Ok(wrapped);
    }
    hooks(args, global, &file, out)?;
    out.line("")?;
    let config = match global.config {
        Some(_) => format!(" --config {}", file.display()),
        None => String::new(),
    };
    out.line(&format!("Next: countersign check{config}; then use a client, and see `countersign log tail{config}`"))?;
    out.line(&format!("and, when something waits for you, `countersign approvals list{config}`."))?;
    Ok(wrapped)
}

/// The file that was named, the one that counts, or the user's.
fn place(global: &Global, around: &Surroundings) -> anyhow::Result<PathBuf> {
    match around.find(global.config.as_deref()) {
        Found::At(file) => Ok(file),
        Found::Nowhere(_) => {
            let set = |name: &str| around.variables.get(name).filter(|value| !value.is_empty()).map(PathBuf::from);
            let folder = set("XDG_CONFIG_HOME").or_else(|| set("HOME").map(|home| home.join(".config")));
            let folder =
                folder.ok_or_else(|| anyhow!("neither XDG_CONFIG_HOME nor HOME is set; give --config FILE"))?;
            Ok(folder.join("countersign").join(crate::config::source::FILE_NAME))
        }
    }
}

/// What one starts with: whoever runs this may answer what waits.
fn starting() -> String {
    let account = local::caller().principal;
    let name = account.strip_prefix("os:").unwrap_or(&account).to_owned();
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    format!(
        "# Every key, its default and what it means: `countersign config schema`.\n\
         # Which value counts and where it is from: `countersign config show --origin`.\n\n\
         environment = \"development\"         # a free word, seen by policies\n\n\
         # [http]                            # for `countersign serve`: the pages people answer on\n\
         # listen = \"127.0.0.1:4180\"\n\
         # accept = [\"keys\"]\n\n\
         [people.{}]\naccounts = [{}]\nroles = [\"reviewer\"]\n\n\
         [policy]\npaths = [\"policies\"]\n",
        quoted_key(&name),
        quoted(&account),
    )
}

fn make(file: &Path, text: &str, out: &mut Output<'_>) -> anyhow::Result<()> {
    let folder = file.parent().unwrap_or_else(|| Path::new("/"));
    let sources = starter::sources();
    let mut policies = Vec::new();
    for source in sources.policies.iter().chain(&sources.data) {
        let path = folder.join(&source.path);
        // What somebody put there counts.
        if files::read(&path)?.is_none() {
            files::replace(&path, None, &source.text, Readers::AsBefore)?;
            policies.push(path);
        }
    }
    files::replace(file, None, text, Readers::Owner)?;
    out.marked(Mark::Ok, &format!("wrote {}", file.display()))?;
    out.marked(Mark::Ok, &format!("wrote {} policies to {}", policies.len(), folder.join("policies").display()))?;
    out.line("")?;
    Ok(())
}

/// Hooks of the clients that are there, if somebody wants them.
fn hooks(args: &InitArgs, global: &Global, config: &Path, out: &mut Output<'_>) -> anyhow::Result<()> {
    let ground = ground()?;
    let survey = survey(&ground, &args.meant);
    let there: Vec<Client> = Client::ALL
        .into_iter()
        // VS Code's belong to a project, and it runs those of Claude Code.
        .filter(|client| *client != Client::Vscode)
        .filter(|client| survey.seen.iter().any(|seen| seen.place.client.word() == client.word()))
        .collect();
    if there.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = there.iter().map(|client| client.label()).collect();
    let names = names.join(", ");
    let wanted = if args.yes && !args.hooks {
        Consent::Refused
    } else {
        consent::ask(&format!("Let {names} report what you ask for, so that calls are tied to prompts?"), args.hooks)?
    };
    if wanted != Consent::Given {
        out.line(&format!(
            "Prompts of {names} are not reported; `countersign hook enroll` and `hook install --write` do that."
        ))?;
        return Ok(());
    }
    let global = Global { config: Some(config.to_owned()), ..global.clone() };
    enroll::as_usual(&global, out)?;
    for client in there {
        if let Err(why) = install::write(client, None, out) {
            let why = why.downcast::<io::Error>().map_or_else(|why| why.to_string(), |why| why.to_string());
            out.marked(Mark::Warn, &format!("{} got no hook: {why}", client.label()))?;
        }
    }
    Ok(())
}

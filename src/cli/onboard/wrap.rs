//! `countersign wrap`: the gateway stands before servers that clients start or reach themselves.

use std::path::Path;

use clap::Args;
use serde_json::json;

use super::consent::{self, Consent};
use super::difference::difference;
use super::files::{self, Readers};
use super::plan::{Ours, Plan};
use super::record::Record;
use super::survey::{Meant, ground, survey};
use super::undo::take_out_unused;
use crate::cli::exit::Exit;
use crate::cli::output::{Mark, Output};
use crate::cli::{Examples, Global};
use crate::clients::journal::named;
use crate::clients::section::Secrets;
use crate::clock::{Clock as _, SystemClock};

/// What `wrap` takes.
#[derive(Args, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub struct WrapArgs {
    #[command(flatten)]
    meant: Meant,
    /// Give secrets that stand in clients' files a file each, beside the configuration
    #[arg(long)]
    move_secrets: bool,
    /// Only show what would change
    #[arg(long)]
    dry_run: bool,
    /// Do not ask
    #[arg(long)]
    yes: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Shown under its help.
pub const EXAMPLES: Examples = Examples([
    ("countersign wrap --dry-run", "what would change, file by file"),
    ("countersign wrap --client cursor --server github", "one server of one client"),
]);

/// How it is gone about.
#[derive(Clone, Copy, Debug)]
pub struct Manner {
    /// What becomes of secrets.
    pub secrets: Secrets,
    /// Whether only to show.
    pub dry_run: bool,
    /// Whether somebody agreed beforehand.
    pub yes: bool,
    /// Whether a machine reads.
    pub json: bool,
}

/// Runs the command.
pub fn run(args: &WrapArgs, global: &Global, out: &mut Output<'_>) -> anyhow::Result<Exit> {
    let secrets = if args.move_secrets { Secrets::Move } else { Secrets::Stay };
    let manner = Manner { secrets, dry_run: args.dry_run, yes: args.yes, json: args.json };
    wrap(&args.meant, manner, Ours::find(global)?, out)
}

/// Shows, asks and does it.
pub fn wrap(meant: &Meant, manner: Manner, ours: Ours, out: &mut Output<'_>) -> anyhow::Result<Exit> {
    let survey = survey(&ground()?, meant);
    if !manner.json {
        survey.print(out)?;
    }
    let plan = Plan::make(&survey, ours, manner.secrets, &SystemClock.now().to_string())?;
    if !manner.json {
        show(&plan, out)?;
    }
    let dry = manner.dry_run || plan.guarded.is_empty();
    let question = format!("Put the gateway before {} servers?", plan.guarded.len());
    let consent = if dry { Consent::Refused } else { consent::ask(&question, manner.yes)? };
    let failed = match consent {
        Consent::Given => carry_out(&plan, &mut Record::open()?, manner.json, out)?,
        Consent::Refused | Consent::Nobody => Vec::new(),
    };
    if manner.json {
        let diffs = plan.changes.iter().map(|(change, text)| {
            json!({ "file": change.file, "diff": difference(&change.file, &change.original, text, &plan.hidden) })
        });
        let failed: Vec<_> = failed.iter().map(|(file, why)| json!({ "file": file, "why": why })).collect();
        out.json(&json!({
            "version": 1, "done": consent == Consent::Given && failed.is_empty(), "plan": plan.json(), "failed": failed,
            "changes": diffs.collect::<Vec<_>>(), "found": survey.json(),
        }))?;
    }
    match consent {
        _ if dry => Ok(Exit::Done),
        Consent::Given if failed.is_empty() => Ok(Exit::Done),
        Consent::Given => Ok(Exit::Failed),
        other => {
            if !manner.json {
                out.line("Nothing was written. Say --yes where nobody can be asked.")?;
            }
            Ok(consent::end(other))
        }
    }
}

fn show(plan: &Plan, out: &mut Output<'_>) -> anyhow::Result<()> {
    for (found, why) in &plan.skipped {
        let place = format!("{}, {}", found.client.label(), found.scope.word());
        out.marked(
            Mark::Warn,
            &format!("{} of {place} stays as it is: {}", found.name, why.trim_start_matches("cannot be: ")),
        )?;
    }
    if plan.guarded.is_empty() {
        out.line("Nothing has to change.")?;
        return Ok(());
    }
    for (change, text) in &plan.changes {
        out.line("")?;
        out.lines(&difference(&change.file, &change.original, text, &plan.hidden))?;
    }
    out.line("")?;
    for one in &plan.guarded {
        let notes = if one.notes.is_empty() { String::new() } else { format!(": {}", one.notes.join("; ")) };
        out.line(&format!("{} of {}{notes}", one.name, one.client.label()))?;
    }
    Ok(())
}

/// Writes everything, the journal first. Gives the files that were not written, and why.
fn carry_out(
    plan: &Plan,
    record: &mut Record,
    quiet: bool,
    out: &mut Output<'_>,
) -> anyhow::Result<Vec<(String, String)>> {
    record.journal.changes.extend(plan.changes.iter().map(|(change, _)| change.clone()));
    record.journal.additions.extend(plan.additions.iter().cloned());
    record.save()?;
    let written = write_ours(plan);
    let mut failed = Vec::new();
    if let Err(why) = &written {
        failed.push((plan.ours.file.display().to_string(), why.to_string()));
    }
    for (change, text) in &plan.changes {
        let done = match &written {
            Err(_) => Err("the configuration could not be written".to_owned()),
            Ok(()) => files::replace(Path::new(&change.file), Some(&change.before), text, Readers::AsBefore)
                .map_err(|why| why.to_string()),
        };
        match done {
            Ok(()) if quiet => {}
            Ok(()) => out.marked(Mark::Ok, &format!("wrote {}", change.file))?,
            Err(why) => {
                record.journal.changes.retain(|kept| kept != change);
                failed.push((change.file.clone(), why));
            }
        }
    }
    if failed.is_empty() {
        if !quiet {
            out.line("")?;
            out.line("Start the clients anew. `countersign undo` puts everything back.")?;
        }
        return Ok(failed);
    }
    take_out_unused(record)?;
    record.save()?;
    if !quiet {
        failed.iter().try_for_each(|(file, why)| out.marked(Mark::Fail, &format!("{file}: {why}")))?;
    }
    Ok(failed)
}

fn write_ours(plan: &Plan) -> Result<(), files::NotWritten> {
    for (file, secret) in &plan.secrets {
        let there = files::read(file).map_err(|why| files::NotWritten::Refused(file.display().to_string(), why))?;
        files::replace(file, there.as_deref().map(named).as_deref(), secret, Readers::Owner)?;
    }
    if plan.ours.text == plan.ours.before {
        return Ok(());
    }
    files::replace(&plan.ours.file, Some(&named(&plan.ours.before)), &plan.ours.text, Readers::Owner)
}

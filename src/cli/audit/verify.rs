//! `countersign audit verify`: is it what was signed? Ends with 0 verified, 1 tampered, 2 incomplete, 3 undecidable.

use std::io::IsTerminal as _;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;

use crate::audit::leaf::Leaf;
use crate::audit::note::Verifier as Key;
use crate::audit::proof::{Proof, ProofError};
use crate::audit::verify::{Body, Finding, Report, Verdict};
use crate::book::archives::Archives;
use crate::book::bundle::{self, Line};
use crate::book::reading::{self, Brought};
use crate::cli::exit::Exit;
use crate::cli::output::{Mark, Output};
use crate::cli::{Examples, Global};
use crate::digest::hex;
use crate::store::{Store, StoreOptions};

/// What `audit verify` takes.
#[derive(Args, Clone, Debug)]
pub(super) struct VerifyArgs {
    /// A bundle instead of the database
    #[arg(value_name = "FOLDER")]
    pub(super) bundle: Option<PathBuf>,
    /// A public key you hold, as `audit key` printed it; may be given several times
    #[arg(long = "key", value_name = "KEY", value_parser = key)]
    pub(super) keys: Vec<Key>,
    /// A checkpoint you hold; may be given several times
    #[arg(long = "checkpoint", value_name = "FILE")]
    pub(super) checkpoints: Vec<PathBuf>,
    /// An archive of what was removed when its time was over, or a folder of such; may be given several times
    #[arg(long = "archive", value_name = "FOLDER")]
    pub(super) archives: Vec<PathBuf>,
    /// One entry, as `audit proof` wrote it
    #[arg(long, value_name = "FILE", requires = "proof", conflicts_with_all = ["bundle", "checkpoints"])]
    pub(super) entry: Option<PathBuf>,
    /// What proves that entry
    #[arg(long, value_name = "FILE", requires = "entry", requires = "keys")]
    pub(super) proof: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    pub(super) json: bool,
}

/// Shown under its help.
pub(super) const EXAMPLES: Examples = Examples([
    ("countersign audit verify --checkpoint /mnt/worm/checkpoint", "the database, against what you kept elsewhere"),
    (
        "countersign audit verify october --key example.org/log+1a2b3c4d+AZ...",
        "a bundle, against the key you were given",
    ),
]);

/// Runs the command.
pub(super) async fn run(args: &VerifyArgs, global: &Global, out: &mut Output<'_>) -> anyhow::Result<Exit> {
    if let (Some(entry), Some(proof)) = (&args.entry, &args.proof) {
        return one(entry, proof, args, out);
    }
    let mut archives = Archives::default();
    args.archives.iter().try_for_each(|folder| archives.add(folder))?;
    let brought = Brought { keys: args.keys.clone(), notes: notes(&args.checkpoints)?, archives };
    let mut told = progress();
    let report = if let Some(folder) = &args.bundle {
        bundle::verify(folder, &brought, &mut told)?
    } else {
        let store = Store::open_reader(&StoreOptions::from(&global.store()?)).await?;
        reading::verify(&store, &brought, &mut told).await?
    };
    if args.json {
        out.json(&report)?;
    } else {
        print(&report, out)?;
    }
    Ok(exit(report.verdict))
}

/// The codes an auditor's script looks for.
pub(super) const fn exit(verdict: Verdict) -> Exit {
    match verdict {
        Verdict::Verified => Exit::Done,
        Verdict::Tampered => Exit::Failed,
        Verdict::Incomplete => Exit::Usage,
        Verdict::Undecidable => Exit::NotFound,
    }
}

/// How far it is, for whoever waits at a terminal.
pub(super) fn progress() -> impl FnMut(u64, u64) {
    let watched = std::io::stderr().is_terminal();
    let mut last = 0;
    move |done, all| {
        let percent = done.saturating_mul(100).checked_div(all).unwrap_or(100).min(100);
        if watched && percent != last {
            use std::io::Write as _;
            last = percent;
            let end = if percent == 100 { "\r\x1b[K" } else { "" };
            // Where nobody can be told it is done all the same.
            drop(write!(std::io::stderr(), "\r{percent} % of {all} entries{end}"));
        }
    }
}

pub(super) fn key(text: &str) -> Result<Key, String> {
    Key::parse(text).map_err(|error| error.to_string())
}

fn notes(files: &[PathBuf]) -> anyhow::Result<Vec<(String, String)>> {
    let read = |path: &PathBuf| {
        let note = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        Ok((format!("the checkpoint in {}", path.display()), note))
    };
    files.iter().map(read).collect()
}

fn print(report: &Report, out: &mut Output<'_>) -> anyhow::Result<()> {
    let Report { leaves, bodies, archived, checkpoints, signed, .. } = report;
    let archived = if *archived > 0 { format!(", of {archived} from archives") } else { String::new() };
    let (mark, word) = match report.verdict {
        Verdict::Verified => (Mark::Ok, "verified"),
        Verdict::Tampered => (Mark::Fail, "TAMPERED"),
        Verdict::Incomplete => (Mark::Warn, "incomplete"),
        Verdict::Undecidable => (Mark::Warn, "cannot be decided"),
    };
    out.marked(mark, &format!("{word}: {}", report.origin))?;
    out.line(&format!("  {leaves} entries, the body of {bodies} opened and compared{archived}; {checkpoints} checkpoints fit, the largest covers {signed}"))?;
    out.line(&format!("  root {}", report.root))?;
    list("What is wrong:", &report.findings, out)?;
    list("What is missing:", &report.missing, out)?;
    list("What was erased:", &report.erased, out)?;
    if !report.unchecked.is_empty() {
        out.line("What was not checked:")?;
        for what in &report.unchecked {
            out.line(&format!("  {what}"))?;
        }
    }
    Ok(())
}

fn list(head: &str, found: &[Finding], out: &mut Output<'_>) -> anyhow::Result<()> {
    if !found.is_empty() {
        out.line(head)?;
    }
    for Finding { place, what } in found {
        let place = place.map(|place| format!("at {place}: ")).unwrap_or_default();
        out.line(&format!("  {place}{what}"))?;
    }
    Ok(())
}

/// One entry by itself, against nothing but a key.
fn one(entry: &PathBuf, proof: &PathBuf, args: &VerifyArgs, out: &mut Output<'_>) -> anyhow::Result<Exit> {
    let read =
        |path: &PathBuf| std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()));
    let (text, proof) = (read(entry)?, Proof::parse(&read(proof)?)?);
    let (leaf, line) = text.split_once('\n').unwrap_or((&text, ""));
    let no_entry = || anyhow::anyhow!("{} is no entry as `audit proof` writes one", entry.display());
    let said = Leaf::parse(leaf).ok_or_else(no_entry)?;
    let opened = serde_json::from_str::<Line>(line).ok().and_then(Line::open).ok_or_else(no_entry)?;
    let mut why = ProofError::Form;
    let mut found = None;
    for key in &args.keys {
        match proof.check(said.hash(), key.name(), key) {
            Ok(checkpoint) => found = Some(checkpoint),
            Err(error) => why = error,
        }
    }
    let Some(checkpoint) = found else {
        out.marked(Mark::Fail, &format!("not proven: {why}"))?;
        return Ok(match why {
            ProofError::Unsigned(_) | ProofError::Origin { .. } => Exit::NotFound,
            ProofError::Form | ProofError::Forged(_) | ProofError::Root => Exit::Failed,
        });
    };
    let at = checkpoint.at.map(|at| format!(", signed {at}")).unwrap_or_default();
    let body = match &opened.1 {
        Body::Open(opened) if opened.root().as_ref() == Ok(&said.root) => opened.body().to_owned(),
        Body::Open(_) => {
            out.marked(Mark::Fail, "not proven: the body is not the one the leaf stands for")?;
            return Ok(Exit::Failed);
        }
        _ => "its body is not here".to_owned(),
    };
    out.marked(Mark::Ok, &format!("proven: leaf {} of {} in {}{at}", proof.place, checkpoint.size, checkpoint.origin))?;
    out.line(&format!("  root {}", hex(&checkpoint.root)))?;
    out.line(&format!("  {body}"))?;
    Ok(if matches!(opened.1, Body::Open(_)) { Exit::Done } else { Exit::Usage })
}

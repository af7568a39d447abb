//! `countersign policy test`: do the policies do what their tests say, and would the tests notice if they did not?

mod mutants;
mod report;
mod watch;

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::super::exit::Exit;
use super::super::output::Output;
use super::refusal::refuse;
use super::{Examples, Global, chosen, workers};
use crate::policy::files::{self, Include};
use crate::policy::rehearse::{Rehearsal, rehearse};

/// What `policy test` takes.
#[derive(Args, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "flags are")]
pub(super) struct TestArgs {
    /// Files or folders; those of the configuration if left out
    paths: Vec<PathBuf>,
    /// Only tests whose name, or package, contains this
    #[arg(long, value_name = "NAME", default_value = "")]
    run: String,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Say which rules spoke and which lines were looked at, by file
    #[arg(long)]
    coverage: bool,
    /// Fail when fewer than this many of a hundred rules said something in a test
    #[arg(long, value_name = "PERCENT", value_parser = percent)]
    threshold: Option<f64>,
    /// Change each rule a little and tell the changes no test notices
    #[arg(long, conflicts_with_all = ["run", "coverage", "threshold", "watch"])]
    mutants: bool,
    /// Fail when there is a change no test notices
    #[arg(long, requires = "mutants")]
    fail_on_survivors: bool,
    /// Run again whenever a file changes, and tell what is different; Ctrl-C ends it
    #[arg(long, conflicts_with = "json")]
    watch: bool,
}

/// Shown under its help.
pub(super) const EXAMPLES: Examples = Examples([
    ("countersign policy test --watch", "run every test, and again after each change"),
    ("countersign policy test policies --mutants", "which changes to a rule would nobody notice?"),
]);

/// Runs the verb.
pub(super) fn run(args: &TestArgs, global: &Global, out: &mut Output<'_>) -> anyhow::Result<Exit> {
    let paths = chosen(&args.paths, global)?;
    if args.mutants {
        return mutants::run(&paths, args, out);
    }
    if args.watch {
        return watch::run(&paths, args, out);
    }
    let read = files::read(&paths, Include::PoliciesAndTests);
    let rehearsal = match read.and_then(|sources| rehearse(&sources, &args.run, workers())) {
        Ok(rehearsal) => rehearsal,
        Err(problems) => return refuse(&problems, args.json, out),
    };
    if args.json {
        let result = if exit(&rehearsal, args) == Exit::Done { "ok" } else { "fail" };
        let mut told = serde_json::to_value(&rehearsal)?;
        if !args.coverage
            && let Some(members) = told.as_object_mut()
        {
            members.remove("files");
        }
        out.json(&json!({ "version": 1, "result": result, "rehearsal": told }))?;
    } else {
        report::tell(&rehearsal, args, out)?;
    }
    Ok(exit(&rehearsal, args))
}

/// A name that fits no test is a mistake, and must not look like success.
fn exit(rehearsal: &Rehearsal, args: &TestArgs) -> Exit {
    let covered = args.threshold.is_none_or(|least| rehearsal.coverage.percent() >= least);
    let passed = rehearsal.failures().count() == 0 && !rehearsal.tests.is_empty();
    if passed && covered { Exit::Done } else { Exit::Failed }
}

fn percent(text: &str) -> Result<f64, String> {
    let number = text.trim_end_matches('%').parse::<f64>().ok().filter(|number| (0.0..=100.0).contains(number));
    number.ok_or_else(|| "write a number from 0 to 100".to_owned())
}

#[cfg(test)]
mod tests;

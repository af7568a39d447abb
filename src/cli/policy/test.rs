//! `countersign policy test`: do the policies do what their tests say?

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::super::exit::Exit;
use super::super::output::{Mark, Output};
use super::refusal::refuse;
use super::{Examples, Global, chosen, counted};
use crate::policy::files::{self, Include};
use crate::policy::rehearse::{Rehearsal, Test, TestResult, rehearse};

/// What `policy test` takes.
#[derive(Args, Debug)]
pub(super) struct TestArgs {
    /// Files or folders; those of the configuration if left out
    paths: Vec<PathBuf>,
    /// Only tests whose name contains this
    #[arg(long, value_name = "NAME", default_value = "")]
    run: String,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Shown under its help.
pub(super) const EXAMPLES: Examples = Examples([
    ("countersign policy test", "run every test"),
    ("countersign policy test policies --run export", "only those about exports"),
]);

/// Runs the verb.
pub(super) fn run(args: &TestArgs, global: &Global, out: &mut Output<'_>) -> anyhow::Result<Exit> {
    test(&chosen(&args.paths, global)?, &args.run, args.json, out)
}

fn test(paths: &[PathBuf], filter: &str, json: bool, out: &mut Output<'_>) -> anyhow::Result<Exit> {
    let rehearsal =
        match files::read(paths, Include::PoliciesAndTests).and_then(|sources| rehearse(&sources, filter, 1)) {
            Ok(rehearsal) => rehearsal,
            Err(problems) => return refuse(&problems, json, out),
        };
    let failed = rehearsal.failures().count();
    if json {
        let result = if failed == 0 { "ok" } else { "fail" };
        out.json(&json!({ "version": 1, "result": result, "rehearsal": rehearsal }))?;
    } else {
        tell(&rehearsal, filter, out)?;
    }
    // A name that fits no test is a mistake, and must not look like success.
    Ok(if failed == 0 && !rehearsal.tests.is_empty() { Exit::Done } else { Exit::Failed })
}

fn tell(rehearsal: &Rehearsal, filter: &str, out: &mut Output<'_>) -> std::io::Result<()> {
    for Test { package, name, place, result } in rehearsal.failures() {
        out.marked(Mark::Fail, &format!("{package} {name}  {place}"))?;
        if let TestResult::Broken(why) = result {
            why.lines().try_for_each(|line| out.line(&format!("      {line}")))?;
        }
    }
    let mut packages: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for test in &rehearsal.tests {
        let (all, passed) = packages.entry(&test.package).or_default();
        *all = all.saturating_add(1);
        *passed = passed.saturating_add(usize::from(test.result == TestResult::Passed));
    }
    for (package, (all, passed)) in packages {
        let mark = if all == passed { Mark::Ok } else { Mark::Fail };
        out.marked(mark, &format!("{package}: {passed} of {} passed", counted(all, "test", "tests")))?;
    }
    let (all, failed) = (rehearsal.tests.len(), rehearsal.failures().count());
    if all == 0 {
        let about = if filter.is_empty() { String::new() } else { format!(" whose name contains `{filter}`") };
        return out.line(&format!("There is no test{about}."));
    }
    let verdict = if failed == 0 { "all passed".to_owned() } else { format!("{failed} failed") };
    let spoke = rehearsal.coverage.rules.saturating_sub(rehearsal.coverage.silent.len());
    out.line(&format!(
        "{}, {verdict}. Rules that said something: {spoke} of {}.",
        counted(all, "test", "tests"),
        rehearsal.coverage.rules
    ))?;
    if filter.is_empty() {
        let silent = |rule: &crate::policy::rehearse::Silent| {
            format!("{}  {}  never said anything in a test", rule.rule, rule.place)
        };
        rehearsal.coverage.silent.iter().try_for_each(|rule| out.line(&format!("      {}", silent(rule))))?;
    }
    Ok(())
}

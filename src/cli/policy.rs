//! `countersign policy`: are these policies fit to judge by, do they do what their tests say, and what do they see?

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;

use super::exit::Exit;
use super::output::{Mark, Output};
use super::{Examples, Global};
use crate::policy::bundle::{Bundle, Mode, Source, Sources};
use crate::policy::files::{self, Include, is_test};
use crate::policy::problem::Problem;
use crate::policy::rehearse::{Rehearsal, Test, TestResult, parse, rehearse};
use crate::policy::schema;

/// What `policy` takes.
#[derive(Args, Debug)]
pub struct PolicyArgs {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand, Debug)]
enum Verb {
    /// Look for mistakes and compile, as the gateway would
    #[command(after_help = "Examples:\n  countersign policy check\n  countersign policy check policies --json")]
    Check {
        /// Files or folders; those of the configuration if left out
        paths: Vec<PathBuf>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Run the tests beside the policies: rules named test_ in files named _test.rego
    #[command(after_help = "Examples:\n  countersign policy test\n  countersign policy test policies --run export")]
    Test {
        /// Files or folders; those of the configuration if left out
        paths: Vec<PathBuf>,
        /// Only tests whose name contains this
        #[arg(long, value_name = "NAME", default_value = "")]
        run: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Print the JSON Schema of what rules see as `input`, of what they may say, or of what follows
    #[command(after_help = "Examples:\n  countersign policy schema\n  countersign policy schema finding")]
    Schema {
        /// Which of them
        #[arg(value_enum, default_value_t = Form::Input)]
        of: Form,
    },
}

/// What has a schema.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Form {
    /// What rules see
    Input,
    /// What rules may say, word by word
    Finding,
    /// What follows
    Decision,
}

/// Shown under its help.
pub const EXAMPLES: Examples = Examples([
    ("countersign policy check", "would the gateway take these policies?"),
    ("countersign policy test policies --run export", "do the rules about exports do what they should?"),
]);

/// Runs the command.
pub fn run(args: &PolicyArgs, global: &Global, out: &mut Output<'_>) -> anyhow::Result<Exit> {
    match &args.verb {
        Verb::Check { paths, json } => check(&chosen(paths, global)?, *json, out),
        Verb::Test { paths, run, json } => test(&chosen(paths, global)?, run, *json, out),
        Verb::Schema { of } => {
            out.json(&match of {
                Form::Input => schema::input(),
                Form::Finding => schema::finding(),
                Form::Decision => schema::decision(),
            })?;
            Ok(Exit::Done)
        }
    }
}

fn chosen(paths: &[PathBuf], global: &Global) -> anyhow::Result<Vec<PathBuf>> {
    if paths.is_empty() { Ok(global.policy()?.paths) } else { Ok(paths.to_vec()) }
}

fn check(paths: &[PathBuf], json: bool, out: &mut Output<'_>) -> anyhow::Result<Exit> {
    let read = files::read(paths, Include::PoliciesAndTests);
    let count = read.as_ref().map_or(0, |sources| sources.policies.len());
    let bundle = read.and_then(|sources| fit(&sources));
    match (bundle, json) {
        (Ok(bundle), false) => {
            for (policy, mode) in bundle.packages() {
                let shadow = if mode == Mode::Shadow { ", in shadow" } else { "" };
                out.marked(Mark::Ok, &format!("{policy}: {}{shadow}", effects(&bundle, policy).join(", ")))?;
            }
            let policies = counted(bundle.packages().len(), "policy", "policies");
            out.line(&format!(
                "{policies} in {}, fit to judge by. {}",
                counted(count, "file", "files"),
                bundle.digest()
            ))?;
            Ok(Exit::Done)
        }
        (Ok(bundle), true) => {
            let policies = bundle.packages().into_iter().map(|(policy, mode)| {
                let mode = if mode == Mode::Shadow { "shadow" } else { "enforce" };
                json!({ "policy": policy, "mode": mode, "effects": effects(&bundle, policy) })
            });
            let policies: Vec<_> = policies.collect();
            let digest = bundle.digest().to_string();
            out.json(&json!({ "version": 1, "result": "ok", "digest": digest, "policies": policies, "problems": [] }))?;
            Ok(Exit::Done)
        }
        (Err(problems), json) => refuse(&problems, json, out),
    }
}

/// As the gateway would load them, and the tests beside them at least parsed.
fn fit(sources: &Sources) -> Result<Bundle, Vec<Problem>> {
    let live = |source: &&Source| !is_test(&source.path);
    let policies = sources.policies.iter().filter(live).cloned().collect();
    let bundle = Bundle::load(&Sources { policies, data: sources.data.clone() })?;
    parse(sources)?;
    Ok(bundle)
}

fn effects(bundle: &Bundle, policy: &str) -> Vec<&'static str> {
    bundle.rules().iter().filter(|rule| rule.policy == policy).map(|rule| rule.effect.word()).collect()
}

fn refuse(problems: &[Problem], json: bool, out: &mut Output<'_>) -> anyhow::Result<Exit> {
    if json {
        let told = problems.iter().map(|problem| {
            let (file, line, column) = problem.position();
            json!({ "file": file, "line": line, "column": column, "rule": problem.rule, "what": problem.what })
        });
        let told: Vec<_> = told.collect();
        out.json(&json!({ "version": 1, "result": "fail", "digest": null, "policies": [], "problems": told }))?;
        return Ok(Exit::Failed);
    }
    for problem in problems {
        out.lines(&problem.to_string())?;
    }
    let files: BTreeSet<&str> = problems.iter().map(|problem| problem.position().0).collect();
    let (problems, files) = (counted(problems.len(), "problem", "problems"), counted(files.len(), "file", "files"));
    out.line(&format!("{problems} in {files}. Nothing was loaded."))?;
    Ok(Exit::Failed)
}

fn test(paths: &[PathBuf], filter: &str, json: bool, out: &mut Output<'_>) -> anyhow::Result<Exit> {
    let rehearsal = match files::read(paths, Include::PoliciesAndTests).and_then(|sources| rehearse(&sources, filter)) {
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
    let spoke = rehearsal.rules.saturating_sub(rehearsal.silent.len());
    out.line(&format!(
        "{}, {verdict}. Rules that said something: {spoke} of {}.",
        counted(all, "test", "tests"),
        rehearsal.rules
    ))?;
    if filter.is_empty() {
        let silent = |rule: &crate::policy::rehearse::Silent| {
            format!("{}  {}  never said anything in a test", rule.rule, rule.place)
        };
        rehearsal.silent.iter().try_for_each(|rule| out.line(&format!("      {}", silent(rule))))?;
    }
    Ok(())
}

fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

#[cfg(test)]
mod tests;

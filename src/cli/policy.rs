//! `countersign policy`: are these policies fit to judge by, do they do what their tests say, and what do they see?
//!
//! One file for each verb. To add one: a file with its arguments, a variant of [`Verb`] and a line in [`run`].

mod check;
mod coverage;
mod eval;
mod explain;
mod new;
mod recorded;
mod refusal;
mod replay;
mod schema;
mod stops;
mod test;

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::exit::Exit;
use super::output::Output;
use super::{Examples, Global};

/// What `policy` takes.
#[derive(Args, Debug)]
pub struct PolicyArgs {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand, Debug)]
enum Verb {
    /// Look for mistakes and compile, as the gateway would
    #[command(after_help = check::EXAMPLES.text())]
    Check(check::CheckArgs),
    /// Run the tests beside the policies: rules named test_ in files named _test.rego
    #[command(after_help = test::EXAMPLES.text())]
    Test(test::TestArgs),
    /// Judge one call as the gateway would; nothing runs
    #[command(after_help = eval::EXAMPLES.text())]
    Eval(eval::EvalArgs),
    /// Say of one call which rules fired, which nearly did, and on which condition they stopped
    #[command(after_help = explain::EXAMPLES.text())]
    Explain(explain::ExplainArgs),
    /// Write a first rule and its test, from a call on record
    #[command(after_help = new::EXAMPLES.text())]
    New(new::NewArgs),
    /// List every tool and the rules that can touch it, those that no rule names first
    #[command(after_help = coverage::EXAMPLES.text())]
    Coverage(coverage::CoverageArgs),
    /// Judge the calls on record by other policies, and say what would differ; asks no server
    #[command(after_help = replay::EXAMPLES.text())]
    Replay(replay::ReplayArgs),
    /// Print the JSON Schema of what rules see as `input`, of what they may say, or of what follows
    #[command(after_help = schema::EXAMPLES.text())]
    Schema(schema::SchemaArgs),
}

/// Shown under its help.
pub const EXAMPLES: Examples = Examples([
    ("countersign policy check", "would the gateway take these policies?"),
    ("countersign policy test policies --run export", "do the rules about exports do what they should?"),
]);

/// Runs the command.
pub fn run(args: &PolicyArgs, global: &Global, out: &mut Output<'_>) -> anyhow::Result<Exit> {
    match &args.verb {
        Verb::Check(args) => check::run(args, global, out),
        Verb::Test(args) => test::run(args, global, out),
        Verb::Eval(args) => eval::run(args, global, out),
        Verb::Explain(args) => explain::run(args, global, out),
        Verb::New(args) => new::run(args, global, out),
        Verb::Coverage(args) => coverage::run(args, global, out),
        Verb::Replay(args) => replay::run(args, global, out),
        Verb::Schema(args) => schema::run(args, out),
    }
}

/// The paths that were named, or those of the configuration.
fn chosen(paths: &[PathBuf], global: &Global) -> anyhow::Result<Vec<PathBuf>> {
    if paths.is_empty() { Ok(global.policy()?.paths) } else { Ok(paths.to_vec()) }
}

/// How many things are done at a time.
fn workers() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get)
}

fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

#[cfg(test)]
mod tests;

//! What can an auditor take out of the book?
//!
//! To add one: a module, a variant of [`Verb`], a line in [`run`].

mod book;
mod draft;
mod export;
mod report;
mod timeline;

use clap::{Args, Subcommand};

use super::exit::Exit;
use super::output::Output;
use super::{Examples, Global, runtime};

/// What `audit` takes.
#[derive(Args, Clone, Debug)]
pub struct AuditArgs {
    /// What is asked for.
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Clone, Debug, Subcommand)]
enum Verb {
    /// Take entries out of the record, with a file that says how many and which
    #[command(after_help = export::EXAMPLES.text())]
    Export(export::ExportArgs),
    /// Write a page about a period that can be printed and handed on
    #[command(after_help = report::EXAMPLES.text())]
    Report(report::ReportArgs),
    /// Tell what happened to one call, step by step
    #[command(after_help = timeline::EXAMPLES.text())]
    Timeline(timeline::TimelineArgs),
}

/// Shown at the end of `audit --help`.
pub const EXAMPLES: Examples = Examples([
    ("countersign audit export --from 2026-10-01 --to 2026-11-01 --out october.jsonl", "every entry of a month"),
    ("countersign audit timeline 019a3f20-77c1-7abc", "who asked, who agreed, what ran?"),
]);

/// Does what was asked.
pub fn run(args: &AuditArgs, global: &Global, out: &mut Output<'_>) -> anyhow::Result<Exit> {
    runtime()?.block_on(async {
        match &args.verb {
            Verb::Export(args) => export::run(args, global, out).await,
            Verb::Report(args) => report::run(args, global, out).await,
            Verb::Timeline(args) => timeline::run(args, global, out).await,
        }
    })
}

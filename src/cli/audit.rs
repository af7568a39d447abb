//! What can an auditor take out of the book, and how do they know that it is true?
//!
//! To add one: a module, a variant of [`Verb`], a line in [`run`].

mod anchors;
mod approval;
mod book;
mod bundle;
mod consistency;
mod draft;
mod export;
mod hold;
mod key;
mod proof;
mod prune;
mod redact;
mod report;
mod rollover;
mod rotate;
mod timeline;
mod verify;

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
    /// Check that the record is what was signed: the database, a bundle, or one entry
    #[command(after_help = verify::EXAMPLES.text())]
    Verify(verify::VerifyArgs),
    /// Write down one entry with what proves that it is in the record
    #[command(after_help = proof::EXAMPLES.text())]
    Proof(proof::ProofArgs),
    /// Show who let a call run, by what they answered, and whether that is proven
    #[command(after_help = approval::EXAMPLES.text())]
    Approval(approval::ApprovalArgs),
    /// Check that the record only grew between two checkpoints
    #[command(after_help = consistency::EXAMPLES.text())]
    Consistency(consistency::ConsistencyArgs),
    /// List who outside has which checkpoint of the record, and how far each is behind
    #[command(after_help = anchors::EXAMPLES.text())]
    Anchors(anchors::AnchorsArgs),
    /// Write the whole record into files that anybody can check without the database
    #[command(after_help = bundle::EXAMPLES.text())]
    Bundle(bundle::BundleArgs),
    /// Print the key the record is signed with, for whoever is to check it
    #[command(after_help = key::EXAMPLES.text())]
    Key(key::KeyArgs),
    /// Erase something for good that nobody may keep; every proof still holds
    #[command(after_help = redact::EXAMPLES.text())]
    Redact(redact::RedactArgs),
    /// Remove what is older than it may be, into an archive; every proof still holds
    #[command(after_help = prune::EXAMPLES.text())]
    Prune(prune::PruneArgs),
    /// Keep something whatever its time says
    #[command(after_help = hold::EXAMPLES.text())]
    Hold(hold::HoldArgs),
    /// Change the signing key for a new one
    #[command(after_help = rotate::EXAMPLES.text())]
    Rotate(rotate::RotateArgs),
    /// Go on with a database that is not the one that was signed, and say so for good
    #[command(after_help = rollover::EXAMPLES.text())]
    Rollover(rollover::RolloverArgs),
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
    ("countersign audit verify", "is the record what was signed?"),
    ("countersign audit timeline 019a3f20-77c1-7abc", "who asked, who agreed, what ran?"),
]);

/// Does what was asked.
pub fn run(args: &AuditArgs, global: &Global, out: &mut Output<'_>) -> anyhow::Result<Exit> {
    runtime()?.block_on(async {
        match &args.verb {
            Verb::Verify(args) => verify::run(args, global, out).await,
            Verb::Approval(args) => approval::run(args, global, out).await,
            Verb::Proof(args) => proof::run(args, global, out).await,
            Verb::Consistency(args) => consistency::run(args, global, out).await,
            Verb::Anchors(args) => anchors::run(args, global, out).await,
            Verb::Bundle(args) => bundle::run(args, global, out).await,
            Verb::Key(args) => key::run(args, global, out).await,
            Verb::Redact(args) => redact::run(args, global, out).await,
            Verb::Prune(args) => prune::run(args, global, out).await,
            Verb::Hold(args) => hold::run(args, global, out).await,
            Verb::Rotate(args) => rotate::run(args, global, out).await,
            Verb::Rollover(args) => rollover::run(args, global, out).await,
            Verb::Export(args) => export::run(args, global, out).await,
            Verb::Report(args) => report::run(args, global, out).await,
            Verb::Timeline(args) => timeline::run(args, global, out).await,
        }
    })
}

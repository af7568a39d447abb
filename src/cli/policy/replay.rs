//! `countersign policy replay`: what would these policies have said about the calls on record?

mod report;

use std::path::PathBuf;

use clap::Args;

use super::super::exit::Exit;
use super::super::output::Output;
use super::super::span::moment;
use super::super::{Examples, Global, runtime};
use super::chosen;
use super::refusal::refuse;
use crate::clock::{Clock as _, SystemClock};
use crate::policy::bundle::Bundle;
use crate::policy::files::{self, Include};
use crate::replay::Replay;
use crate::replay::history::{History, Span};
use crate::replay::tally::{Kind, Tally};
use crate::store::{Store, StoreOptions};

/// What `policy replay` takes.
#[derive(Args, Clone, Debug)]
pub(super) struct ReplayArgs {
    /// From when on: 30m, 24h, 7d, a date or a time in RFC 3339
    #[arg(long, value_name = "WHEN", default_value = "7d")]
    since: String,
    /// Up to when; now if left out
    #[arg(long, value_name = "WHEN")]
    until: Option<String>,
    /// The policies to try, files or folders; those of the configuration if left out
    #[arg(long, value_name = "PATH")]
    against: Vec<PathBuf>,
    /// The newest decisions, at most this many
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i64).range(1..))]
    limit: Option<i64>,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Also write a report for a pull request
    #[arg(long, value_name = "FILE")]
    markdown: Option<PathBuf>,
    /// What ends with another code than 0: 6 for calls newly allowed, 1 for the rest
    #[arg(long, value_name = "WHAT", value_delimiter = ',', default_value = "newly-allowed")]
    fail_on: Vec<FailOn>,
}

/// What a script wants to hear of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum FailOn {
    /// Calls that would run and did not.
    NewlyAllowed,
    /// Calls that would wait and did not.
    NewlyHeld,
    /// Calls that would be refused and were not.
    NewlyDenied,
    /// Calls decided alike for other reasons.
    OtherReasons,
    /// Decisions that could not be repeated exactly.
    Inexact,
    /// All of them.
    Any,
    /// None of them.
    Never,
}

/// Shown under its help.
pub(super) const EXAMPLES: Examples = Examples([
    ("countersign policy replay --since 7d --against policies", "what would these have done last week?"),
    ("countersign policy replay --against policies --markdown replay.md", "exit code 6 when a call is newly allowed"),
]);

/// Runs the command.
pub(super) fn run(args: &ReplayArgs, global: &Global, out: &mut Output<'_>) -> anyhow::Result<Exit> {
    let paths = chosen(&args.against, global)?;
    let bundle = match files::read(&paths, Include::Policies).and_then(|sources| Bundle::load(&sources)) {
        Ok(bundle) => bundle,
        Err(problems) => return refuse(&problems, args.json, out),
    };
    let now = SystemClock.now();
    let span = Span {
        since: moment(&args.since, now)?,
        until: args.until.as_deref().map(|until| moment(until, now)).transpose()?,
        limit: args.limit,
    };
    let digest = bundle.digest().to_string();
    let options = StoreOptions::from(&global.store()?);
    let tally = runtime()?.block_on(async {
        let store = Store::open_reader(&options).await?;
        replay(bundle, store, span).await
    })?;
    let report = report::Report { tally: &tally, paths: &paths, digest: &digest, span };
    if let Some(file) = &args.markdown {
        std::fs::write(file, report.markdown()).map_err(|error| {
            Exit::Failed.error(format!("the report cannot be written to {}: {error}", file.display()))
        })?;
    }
    if args.json {
        out.json(&report.json())?;
    } else {
        report.text(out)?;
    }
    Ok(exit(&args.fail_on, &tally))
}

/// On the runtime's threads: policies need large stacks.
async fn replay(bundle: Bundle, store: Store, span: Span) -> anyhow::Result<Tally> {
    let judged = tokio::spawn(async move {
        let mut history = History::open(&store, span).await?;
        let mut replay = Replay::by(bundle);
        loop {
            let past = history.next().await?;
            replay.pass(history.results());
            if past.is_empty() {
                return Ok(replay.end());
            }
            for past in past {
                if let Some(name) = replay.lacks(&past) {
                    replay.learn(name, history.bundle(name).await?);
                }
                replay.judge(&past);
            }
        }
    });
    judged.await?
}

fn exit(wanted: &[FailOn], tally: &Tally) -> Exit {
    let wants = |what| wanted.iter().any(|wanted| *wanted == what || *wanted == FailOn::Any);
    let never = wanted.contains(&FailOn::Never);
    let found = |what, kind| wants(what) && !never && tally.of(kind) > 0;
    if found(FailOn::NewlyAllowed, Kind::NewlyAllowed) {
        return Exit::NewlyAllowed;
    }
    let other = found(FailOn::NewlyHeld, Kind::NewlyHeld)
        || found(FailOn::NewlyDenied, Kind::NewlyDenied)
        || found(FailOn::OtherReasons, Kind::OtherReasons)
        || (wants(FailOn::Inexact) && !never && !tally.inexact.is_empty());
    if other { Exit::Failed } else { Exit::Done }
}

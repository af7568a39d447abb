//! `countersign audit hold`: what must be kept whatever its time says?

use anyhow::Context as _;
use clap::{Args, Subcommand};

use crate::book::holds::{About, add, holds, release};
use crate::cli::exit::Exit;
use crate::cli::output::Output;
use crate::cli::span::moment;
use crate::cli::{Examples, Global};
use crate::clock::{Clock as _, SystemClock};
use crate::identity::local;
use crate::object;
use crate::store::{Store, StoreOptions};

/// What `audit hold` takes.
#[derive(Args, Clone, Debug)]
pub(super) struct HoldArgs {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Clone, Debug, Subcommand)]
enum Verb {
    /// Keep a call, what somebody has to do with, or a stretch of time: nothing of it is removed or erased
    #[command(after_help = ADD.text())]
    Add(AddArgs),
    /// List the holds nobody released
    #[command(after_help = LIST.text())]
    List(ListArgs),
    /// Release a hold
    #[command(after_help = RELEASE.text())]
    Release(ReleaseArgs),
}

#[derive(Args, Clone, Debug)]
struct AddArgs {
    /// One call, by its id or how that begins
    #[arg(long, value_name = "CALL", required_unless_present_any = ["principal", "from", "to"])]
    call: Option<String>,
    /// What this one has to do with: who asked, or who answered
    #[arg(long, value_name = "WHO")]
    principal: Option<String>,
    /// From when on: 7d, a date or a time in RFC 3339
    #[arg(long, value_name = "WHEN")]
    from: Option<String>,
    /// Before when
    #[arg(long, value_name = "WHEN")]
    to: Option<String>,
    /// Why: stands in the record
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

#[derive(Args, Clone, Debug)]
struct ListArgs {
    /// Print JSON, one hold a line
    #[arg(long)]
    json: bool,
}

#[derive(Args, Clone, Debug)]
struct ReleaseArgs {
    /// The hold, as `audit hold list` calls it
    #[arg(value_name = "HOLD")]
    hold: String,
    /// Why: stands in the record
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

/// Shown under its help.
pub(super) const EXAMPLES: Examples = Examples([
    (
        "countersign audit hold add --principal os:ada --from 2026-03-01 --reason \"case 12\"",
        "kept until it is released",
    ),
    ("countersign audit hold release hold-1a2b3c4d --reason \"case 12 is closed\"", "by its name in `hold list`"),
]);

const ADD: Examples = Examples([
    ("countersign audit hold add --call 019a3f20-77c1-7abc --reason \"case 12\"", "everything about one call"),
    ("countersign audit hold add --from 2026-03-01 --to 2026-04-01 --reason \"case 13\"", "everything of March"),
]);
const LIST: Examples = Examples([
    ("countersign audit hold list", "what is kept, by whom and why?"),
    ("countersign audit hold list --json | jq -r .hold", "by their names"),
]);
const RELEASE: Examples = Examples([
    ("countersign audit hold release hold-1a2b3c4d --reason \"case 12 is closed\"", "its time counts again"),
    ("countersign audit prune --dry-run", "what would go then?"),
]);

/// Runs the command.
pub(super) async fn run(args: &HoldArgs, global: &Global, out: &mut Output<'_>) -> anyhow::Result<Exit> {
    let options = StoreOptions::from(&global.store()?);
    Store::must_exist(&options)?;
    let by = local::caller().principal;
    match &args.verb {
        Verb::List(args) => list(&Store::open_reader(&options).await?, args, out).await,
        Verb::Add(args) => {
            let store = Store::open_beside(&options).await?;
            let about = about(&store, args).await;
            let name = match about {
                Ok(about) => add(&store, about, (&by, &args.reason)).await.map_err(anyhow::Error::from),
                Err(error) => Err(error),
            };
            store.close().await;
            out.line(&format!("{} keeps it from now on: nothing of it is removed or erased", name?))?;
            Ok(Exit::Done)
        }
        Verb::Release(args) => {
            let store = Store::open_beside(&options).await?;
            let released = release(&store, &args.hold, (&by, &args.reason)).await;
            store.close().await;
            released?;
            out.line(&format!("{} keeps nothing any more", args.hold))?;
            Ok(Exit::Done)
        }
    }
}

async fn about(store: &Store, args: &AddArgs) -> anyhow::Result<About> {
    let now = SystemClock.now();
    let time = |text: &Option<String>| text.as_deref().map(|text| moment(text, now)).transpose();
    let (from, to) = (time(&args.from)?, time(&args.to)?);
    if let (Some(from), Some(to)) = (from, to)
        && from >= to
    {
        return Err(Exit::Usage.error("the time ends before it begins; give --from a time before --to"));
    }
    let call = match &args.call {
        Some(beginning) => Some(call(store, beginning).await?),
        None => None,
    };
    Ok(About { call, principal: args.principal.clone(), from, to })
}

/// The one call whose id begins like this.
async fn call(store: &Store, beginning: &str) -> anyhow::Result<String> {
    let lines = store.of_call(beginning, i64::MAX).await?;
    let mut calls: Vec<String> =
        lines.into_iter().filter_map(|line| line.call).map(|call| call.as_str().to_owned()).collect();
    calls.sort();
    calls.dedup();
    match calls.len() {
        1 => calls.pop().context("there is one"),
        0 => Err(Exit::NotFound.error(format!("no call in the record begins with {beginning}"))),
        many => Err(Exit::Usage.error(format!("{many} calls begin with {beginning}; give more of the id"))),
    }
}

async fn list(store: &Store, args: &ListArgs, out: &mut Output<'_>) -> anyhow::Result<Exit> {
    let all = holds(store).await?;
    if all.is_empty() && !args.json {
        out.line("nothing is under a hold")?;
    }
    for hold in all {
        if args.json {
            let time = |at: Option<crate::clock::Timestamp>| at.map(|at| at.to_string());
            let told = object! {
                "hold" => hold.name.as_str(), "call" => hold.about.call.as_deref(),
                "principal" => hold.about.principal.as_deref(), "from" => time(hold.about.from),
                "to" => time(hold.about.to), "by" => hold.by.as_str(), "at" => hold.at.to_string(),
                "reason" => hold.reason.as_str(),
            };
            out.line(&crate::wire::json::Value::from(told).to_string())?;
        } else {
            let (name, about, by, at, reason) = (&hold.name, hold.about.words(), &hold.by, hold.at, &hold.reason);
            out.line(&format!("{name}: {about}; by {by} at {at}: {reason}"))?;
        }
    }
    Ok(Exit::Done)
}

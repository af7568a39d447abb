//! `countersign audit anchors`: who outside has which checkpoint, and how far is each behind?

use clap::Args;
use serde::Serialize;

use crate::cli::exit::Exit;
use crate::cli::output::{Mark, Output};
use crate::cli::{Examples, Global};
use crate::clock::{Clock as _, SystemClock, Timestamp};
use crate::store::log::unsigned;
use crate::store::{Store, StoreOptions};

/// What `audit anchors` takes.
#[derive(Args, Clone, Debug)]
pub(super) struct AnchorsArgs {
    /// Print JSON, with the checkpoint and what the anchor said of it
    #[arg(long)]
    pub(super) json: bool,
}

/// Shown under its help.
pub(super) const EXAMPLES: Examples = Examples([
    ("countersign audit anchors", "who has what, and how far is each behind?"),
    (
        "countersign audit anchors --json | jq -r '.[] | select(.name == \"tsa\").said' | base64 -d > token.der",
        "the time stamp, for openssl ts -verify",
    ),
]);

/// How one anchor stands.
#[derive(Debug, Serialize)]
struct Standing {
    name: String,
    size: u64,
    behind: u64,
    at: Option<String>,
    note: String,
    said: String,
    trouble: String,
}

/// Runs the command.
pub(super) async fn run(args: &AnchorsArgs, global: &Global, out: &mut Output<'_>) -> anyhow::Result<Exit> {
    let (anchors, store) = global.anchors()?;
    let store = Store::open_reader(&StoreOptions::from(&store)).await?;
    let head = store.log_head().await?;
    let mut rows = store.anchored().await?;
    let all: Vec<Standing> = anchors
        .into_iter()
        .map(|anchor| {
            let place = rows.iter().position(|row| row.anchor == anchor.name);
            let row = place.map(|place| rows.swap_remove(place)).unwrap_or_default();
            let size = unsigned(row.size);
            let at = (row.at > 0).then(|| Timestamp::from_micros(row.at).to_string());
            let behind = head.size.saturating_sub(size);
            Standing { name: anchor.name, size, behind, at, note: row.note, said: row.said, trouble: row.trouble }
        })
        .collect();
    if args.json {
        out.json(&all)?;
        return Ok(Exit::Done);
    }
    if all.is_empty() {
        out.line("no anchor is configured; write [[anchors]] with name, kind and path")?;
    }
    for standing in all {
        print(&standing, out)?;
    }
    Ok(Exit::Done)
}

fn print(Standing { name, size, behind, at, trouble, .. }: &Standing, out: &mut Output<'_>) -> anyhow::Result<()> {
    let mark = match (at, trouble.is_empty()) {
        (Some(_), true) => Mark::Ok,
        (None, false) => Mark::Fail,
        _ => Mark::Warn,
    };
    let has = at.as_ref().map_or_else(
        || "has no checkpoint yet".to_owned(),
        |at| {
            let since = Timestamp::parse(at).map_or(0, |at| SystemClock.now().seconds().saturating_sub(at.seconds()));
            format!("has {size} entries since {at} ({since} s ago), {behind} behind")
        },
    );
    out.marked(mark, &format!("{name}: {has}"))?;
    if !trouble.is_empty() {
        out.line(&format!("  last trouble: {trouble}"))?;
    }
    Ok(())
}

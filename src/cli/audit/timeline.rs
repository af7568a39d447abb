//! `countersign audit timeline`: what happened to one call?

use std::collections::BTreeSet;

use clap::Args;

use crate::audit::export::{Leaf, Record, jsonl};
use crate::audit::timeline::{redacted, since, steps};
use crate::cli::exit::Exit;
use crate::cli::output::Output;
use crate::cli::{Examples, Global};
use crate::digest::hex;
use crate::store::{Store, StoreOptions};

/// What `audit timeline` takes.
#[derive(Args, Clone, Debug)]
pub(super) struct TimelineArgs {
    /// The call's id, or enough of its beginning
    #[arg(value_name = "CALL")]
    call: String,
    /// Print one JSON object a line
    #[arg(long)]
    json: bool,
    /// Leave out arguments and everything people, agents and servers wrote
    #[arg(long)]
    redact: bool,
}

/// Shown under its help.
pub(super) const EXAMPLES: Examples = Examples([
    ("countersign audit timeline 019a3f20-77c1-7abc", "who asked, who agreed, what ran?"),
    ("countersign audit timeline 019a3f20-77c1-7abc --redact", "the same without arguments and free text"),
]);

/// Lines of one call that are read.
const MOST: i64 = 100_000;
/// Where the words begin.
const WIDTHS: [usize; 2] = [14, 22];

/// Runs the command.
pub(super) async fn run(args: &TimelineArgs, global: &Global, out: &mut Output<'_>) -> anyhow::Result<Exit> {
    let store = Store::open_reader(&StoreOptions::from(&global.store()?)).await?;
    let lines = store.of_call(&args.call, MOST).await?;
    let mut records = Vec::with_capacity(lines.len());
    for line in &lines {
        let leaf = store.leaves_between(line.seq, line.seq).await?.remove(&line.seq);
        records.push(Record::of(line, leaf.map(|(index, hash)| Leaf { index, hash: hex(&hash) })));
    }
    store.close().await;
    let calls: BTreeSet<&str> = records.iter().filter_map(|record| record.call.as_deref()).collect();
    let mut calls = calls.into_iter();
    let (Some(call), another) = (calls.next(), calls.next()) else {
        return Err(Exit::NotFound.error(format!("no call in the record begins with {}", args.call)));
    };
    if let Some(another) = another {
        let text = format!("several calls begin with {}, such as {call} and {another}; give more of the id", args.call);
        return Err(Exit::Usage.error(text));
    }
    let records = if args.redact { records.iter().map(redacted).collect() } else { records.clone() };
    if args.json {
        for record in &records {
            out.exact(&jsonl::record(record))?;
        }
        return Ok(Exit::Done);
    }
    if let Some(first) = records.first() {
        let entries = if records.len() == 1 { "1 entry".to_owned() } else { format!("{} entries", records.len()) };
        out.line(&format!("call {call}, {}, {entries}", first.at))?;
    }
    let [time, who] = WIDTHS;
    for step in steps(&records) {
        out.line(&format!("{:>time$}  {:<who$}  {}", since(step.after), step.who, step.what))?;
    }
    if args.redact {
        out.line("arguments and free text are left out; --json names what was")?;
    }
    Ok(Exit::Done)
}

//! What happened? Reads the record while the gateway writes it.

mod columns;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::time::Duration;

use clap::{Args, Subcommand};

use super::Examples;
use super::exit::Exit;
use super::output::Output;
use crate::audit::export::{Record, jsonl};
use crate::store::Store;
use crate::store::entries::{Wanted, Written};
use crate::wire::json::{Object, Value};
use crate::wire::reader::{Limits, lenient};

/// Reads the record.
#[derive(Args, Clone, Debug)]
pub struct LogArgs {
    /// What to read.
    #[command(subcommand)]
    pub verb: Verb,
}

/// What can be read of the record.
#[derive(Clone, Debug, Subcommand)]
pub enum Verb {
    /// Show the newest entries
    #[command(after_help = TAIL_EXAMPLES.text())]
    Tail(Tail),
    /// Show everything about one call
    #[command(after_help = SHOW_EXAMPLES.text())]
    Show(Show),
}

/// Shows the newest entries.
#[derive(Args, Clone, Debug)]
pub struct Tail {
    /// How many entries
    #[arg(short = 'n', long = "lines", value_name = "N", default_value_t = 20)]
    pub lines: u32,
    /// Go on with what comes
    #[arg(short, long)]
    pub follow: bool,
    /// Print one JSON object a line
    #[arg(long)]
    pub json: bool,
    /// Only of calls whose id begins like this
    #[arg(long, value_name = "ID")]
    pub call: Option<String>,
    /// Only entries with this event code; may be given several times
    #[arg(long = "event", value_name = "NAME")]
    pub events: Vec<String>,
}

/// Shows everything about one call.
#[derive(Args, Clone, Debug)]
pub struct Show {
    /// The call's id, or enough of its beginning
    #[arg(value_name = "CALL")]
    pub call: String,
    /// Print one JSON object a line
    #[arg(long)]
    pub json: bool,
}

/// Shown at the end of `log --help`.
pub const EXAMPLES: Examples = Examples([
    ("countersign log tail --follow", "what are the agents doing?"),
    ("countersign log show 019a3f20-77c1-7abc", "why was this call refused?"),
]);

const TAIL_EXAMPLES: Examples = Examples([
    ("countersign log tail -n 50 --event decided --event refused", "the last fifty decisions"),
    ("countersign log tail --follow --json | jq 'select(.event == \"finished\")'", "outcomes, for a program"),
]);

const SHOW_EXAMPLES: Examples = Examples([
    ("countersign log show 019a3f20-77c1-7abc", "one call, from its arrival to its outcome"),
    ("countersign log show 019a3f20-77c1-7abc --json", "the same for a program"),
]);

/// How often the record is asked for what is new.
const PERIOD: Duration = Duration::from_millis(500);

/// How many lines are read at once.
const BATCH: i64 = 1000;

/// Does what was asked. Following ends with the process.
pub async fn run(args: &LogArgs, store: &Store, out: &mut Output<'_>) -> anyhow::Result<Exit> {
    match &args.verb {
        Verb::Tail(tail) => tail_lines(tail, store, out).await,
        Verb::Show(show) => show_call(show, store, out).await,
    }
}

async fn tail_lines(tail: &Tail, store: &Store, out: &mut Output<'_>) -> anyhow::Result<Exit> {
    let wanted = Wanted { call: tail.call.clone().unwrap_or_default(), events: tail.events.clone() };
    // Asked first, so that nothing falls between the newest lines and those that follow.
    let end = store.end().await?;
    let newest = store.latest(&wanted, i64::from(tail.lines)).await?;
    if !tail.json {
        out.line(&columns::heads())?;
    }
    print(&newest, tail, out)?;
    if !tail.follow {
        return Ok(Exit::Done);
    }
    let mut last = newest.last().map_or(end, |line| line.seq.max(end));
    let mut ticks = tokio::time::interval(PERIOD);
    loop {
        ticks.tick().await;
        let lines = store.following(&wanted, last, BATCH).await?;
        print(&lines, tail, out)?;
        last = lines.last().map_or(last, |line| line.seq);
    }
}

fn print(lines: &[Written], tail: &Tail, out: &mut Output<'_>) -> anyhow::Result<()> {
    for line in lines {
        if tail.json {
            out.exact(&json(line))?;
        } else {
            out.line(&columns::row(line, &body(line)))?;
        }
    }
    Ok(())
}

async fn show_call(show: &Show, store: &Store, out: &mut Output<'_>) -> anyhow::Result<Exit> {
    let lines = store.of_call(&show.call, BATCH).await?;
    let calls: BTreeSet<&str> = lines.iter().filter_map(|line| Some(line.call.as_ref()?.as_str())).collect();
    if calls.is_empty() {
        let text = format!("no call in the record begins with {}; see countersign log tail", show.call);
        return Err(Exit::NotFound.error(text));
    }
    if calls.len() > 1 {
        let some: Vec<&str> = calls.into_iter().take(5).collect();
        let text = format!("several calls begin with {}, such as {}; give more of the id", show.call, some.join(", "));
        return Err(Exit::Usage.error(text));
    }
    for line in &lines {
        if show.json {
            out.exact(&json(line))?;
            continue;
        }
        out.line(&format!("{}  {}", line.at, line.event))?;
        for (name, value) in body(line).iter().filter(|(name, _)| *name != "event") {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            out.line(&format!("    {name}: {text}"))?;
        }
    }
    Ok(Exit::Done)
}

/// One entry as one line of JSON, the frame before what the event says.
fn json(line: &Written) -> String {
    jsonl::record(&Record::of(line, None))
}

/// What the event says; what cannot be read stands there as it is.
fn body(line: &Written) -> Object {
    if let Ok(Value::Object(object)) = lenient(line.body.as_bytes(), &Limits::REPLY) {
        return object;
    }
    let mut object = Object::new();
    object.insert("unreadable", line.body.clone());
    object
}

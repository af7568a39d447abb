//! `countersign channels`: by which channels people are asked, whether they work, and what became of each message.

use anyhow::anyhow;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::assembly::channels as assembly;
use super::exit::Exit;
use super::output::Output;
use super::{Examples, Global, runtime};
use crate::audit::entry::{Entry, Event, Operated};
use crate::channels::message::Message;
use crate::channels::{Channel, Channels, Parcel, Went};
use crate::clock::{Clock as _, SystemClock, Timestamp, chance};
use crate::config::{Config, closest};
use crate::digest::hex;
use crate::gateway::recorder::Recorder;
use crate::store::deliveries::{Counted, Delivery, Standing, Wanted};
use crate::store::{Store, StoreOptions};

/// What `channels` takes.
#[derive(Args, Debug)]
pub struct ChannelsArgs {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand, Debug)]
enum Verb {
    /// List the channels, and how their messages fare
    #[command(after_help = "Examples:\n  countersign channels list\n  countersign channels list --json")]
    List {
        /// Print JSON, one line each
        #[arg(long)]
        json: bool,
    },
    /// Send a harmless message, now, and tell what became of it; opens a channel that was closed
    #[command(
        after_help = "Examples:\n  countersign channels test ops\n  countersign channels test team-slack --to '#alerts'"
    )]
    Test {
        /// The channel
        name: String,
        /// To whom, in words of the channel; to whoever it always goes to if left out
        #[arg(long, default_value = "")]
        to: String,
    },
    /// List messages, the newest first: where each stands, and what became of each attempt
    #[command(
        after_help = "Examples:\n  countersign channels deliveries --state dead\n  countersign channels deliveries --channel ops --json"
    )]
    Deliveries {
        /// Only this channel's
        #[arg(long)]
        channel: Option<String>,
        /// Only those that stand so
        #[arg(long, value_parser = standing)]
        state: Option<Standing>,
        /// Only those of this call
        #[arg(long)]
        call: Option<String>,
        /// At most so many
        #[arg(long, short = 'n', default_value = "50")]
        number: u16,
        /// Print JSON, one line each
        #[arg(long)]
        json: bool,
    },
    /// Have a message delivered again, under the same id; a running gateway does it
    #[command(
        after_help = "Examples:\n  countersign channels redeliver msg_5d0c...\n  countersign channels deliveries --state dead"
    )]
    Redeliver {
        /// The message
        id: String,
    },
}

/// Shown under its help.
pub const EXAMPLES: Examples = Examples([
    ("countersign channels test ops", "does it work?"),
    ("countersign channels deliveries --state dead", "what never arrived?"),
]);

/// Runs the command.
pub fn run(args: &ChannelsArgs, global: &Global, out: &mut Output<'_>) -> anyhow::Result<Exit> {
    let options = StoreOptions::from(&global.store()?);
    runtime()?.block_on(async {
        match &args.verb {
            Verb::List { json } => {
                let config = global.load()?;
                let store = Store::open_reader(&options).await?;
                list(&store, &all(&config, &store)?, *json, out).await
            }
            Verb::Deliveries { channel, state, call, number, json } => {
                let store = Store::open_reader(&options).await?;
                let wanted = Wanted { channel: channel.as_deref(), state: *state, approval: call.as_deref() };
                deliveries(&store.deliveries(wanted, i64::from(*number)).await?, *json, out)
            }
            Verb::Test { name, to } => {
                let config = global.load()?;
                let store = Store::open_beside(&options).await?;
                let done = test(&store, &all(&config, &store)?, (name, to), out).await;
                store.close().await;
                done
            }
            Verb::Redeliver { id } => {
                let store = Store::open_beside(&options).await?;
                let done = redeliver(&store, id, out).await;
                store.close().await;
                done
            }
        }
    })
}

fn all(config: &Config, store: &Store) -> anyhow::Result<Channels> {
    assembly::channels(config, store, config.http.as_ref().map(|http| &http.public_url))
}

async fn list(store: &Store, channels: &Channels, json: bool, out: &mut Output<'_>) -> anyhow::Result<Exit> {
    let (counts, closed) = (store.count_deliveries().await?, store.closed_channels().await?);
    let mut rows = Vec::new();
    for (name, channel) in channels {
        let count = |state| counted(&counts, name, state);
        let closed = closed.iter().find(|(closed, _)| closed == name).map(|(_, why)| why.as_str());
        if json {
            out.json_line(&json!({
                "name": name,
                "kind": channel.kind.word(),
                "risk_from": channel.filter.risk_from.word(),
                "checks_with": channel.public_keys(),
                "closed": closed,
                "waiting": count(Standing::Waiting),
                "delivered": count(Standing::Delivered),
                "dead": count(Standing::Dead),
            }))?;
            continue;
        }
        let stands = closed.map_or_else(|| "open".to_owned(), |why| format!("closed: {why}"));
        rows.push(vec![
            name.clone(),
            channel.kind.word().to_owned(),
            stands,
            count(Standing::Waiting).to_string(),
            count(Standing::Delivered).to_string(),
            count(Standing::Dead).to_string(),
            channel.public_keys().join(" "),
        ]);
    }
    if json {
        return Ok(Exit::Done);
    }
    if rows.is_empty() {
        out.line(
            "there are no channels; add [channels.NAME] to the configuration, and people hear of calls that wait",
        )?;
        return Ok(Exit::Done);
    }
    out.table(&["channel", "kind", "stands", "waiting", "delivered", "dead", "receivers check with"], &rows)?;
    Ok(Exit::Done)
}

fn counted(counts: &[Counted], name: &str, state: Standing) -> i64 {
    counts.iter().filter(|count| count.channel == name && count.state == state).map(|count| count.count).sum()
}

fn deliveries(all: &[Delivery], json: bool, out: &mut Output<'_>) -> anyhow::Result<Exit> {
    if json {
        for delivery in all {
            out.json_line(&described(delivery))?;
        }
        return Ok(Exit::Done);
    }
    let row = |delivery: &Delivery| {
        let last = delivery.log.last().map(|attempt| format!("{} ({} ms)", attempt.said, attempt.took));
        vec![
            delivery.id.clone(),
            delivery.channel.clone(),
            delivery.to.clone(),
            delivery.message.what.word().to_owned(),
            delivery.approval.clone().unwrap_or_default(),
            delivery.state.word().to_owned(),
            delivery.tries.to_string(),
            last.unwrap_or_default(),
        ]
    };
    let rows: Vec<_> = all.iter().map(row).collect();
    out.table(&["message", "channel", "to", "of", "call", "stands", "tries", "last attempt"], &rows)?;
    Ok(Exit::Done)
}

fn described(delivery: &Delivery) -> Value {
    let attempts = delivery.log.iter();
    json!({
        "id": delivery.id,
        "channel": delivery.channel,
        "to": delivery.to,
        "what": delivery.message.what.kind(),
        "call": delivery.approval,
        "state": delivery.state.word(),
        "made": delivery.made.to_string(),
        "due": delivery.due.map(|due| due.to_string()),
        "tries": delivery.tries,
        "attempts": attempts
            .map(|attempt| json!({ "at": attempt.at.to_string(), "ms": attempt.took, "said": attempt.said }))
            .collect::<Value>(),
    })
}

async fn test(
    store: &Store,
    channels: &Channels,
    (name, to): (&str, &str),
    out: &mut Output<'_>,
) -> anyhow::Result<Exit> {
    let channel = find(channels, name)?;
    let now = SystemClock.now();
    let id = format!("msg_test{}", hex(&chance::<12>()?));
    let parcel = Parcel { id, to: to.to_owned(), message: Message::test(now), now };
    let (went, _) = channel.deliver(&parcel, store).await;
    match went {
        Went::Taken { said } => {
            store.reopen_channel(name).await?;
            out.line(&format!("{name} took it: {said}"))?;
            Ok(Exit::Done)
        }
        Went::Later { why, .. } | Went::Refused { why } | Went::Gone { why } => {
            Err(anyhow!("{name} did not take it: {why}"))
        }
    }
}

fn find<'a>(channels: &'a Channels, name: &str) -> anyhow::Result<&'a Channel> {
    channels.get(name).ok_or_else(|| {
        let meant = closest(name, channels.keys().map(String::as_str));
        let next = match meant {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => "`countersign channels list` shows those there are".to_owned(),
        };
        Exit::NotFound.error(format!("there is no channel `{name}`; {next}"))
    })
}

/// Whoever gives a closed channel something again wants it open.
async fn redeliver(store: &Store, id: &str, out: &mut Output<'_>) -> anyhow::Result<Exit> {
    let now = store.time(SystemClock.now()).await?;
    let Some(delivery) = store.find_delivery(id).await? else {
        return Err(Exit::NotFound
            .error(format!("there is no message `{id}`; `countersign channels deliveries` shows those there are")));
    };
    if !store.redeliver(id, now).await? {
        out.line("it is on its way already")?;
        return Ok(Exit::Done);
    }
    store.reopen_channel(&delivery.channel).await?;
    note(store, format!("{id} on {} again", delivery.channel), now).await?;
    out.line(&format!("a gateway that runs delivers it on {} now, under the same id", delivery.channel))?;
    Ok(Exit::Done)
}

async fn note(store: &Store, detail: String, at: Timestamp) -> anyhow::Result<()> {
    let recorder = Recorder::start(store.clone());
    let event = Event::Operated(Operated { what: "redelivered", detail });
    recorder.write(vec![Entry { call: None, at, event }]).await?;
    recorder.close().await;
    Ok(())
}

fn standing(text: &str) -> Result<Standing, String> {
    let words = || Standing::ALL.map(Standing::word).join(", ");
    Standing::of_word(text).ok_or_else(|| format!("write one of: {}", words()))
}

//! `countersign pins`: which tool definitions were seen, what changed, and agreeing to it.
//!
//! A definition is text that steers a model, so what changed is shown whole and made harmless, and agreeing names the
//! digest that was looked at: a server that changes it once more in between is not agreed to.

use anyhow::Context as _;
use clap::{Args, Subcommand};
use serde_json::json;

use super::exit::Exit;
use super::output::Output;
use super::{Examples, Global, runtime};
use crate::audit::entry::{Definition, Entry, Event};
use crate::clock::{Clock as _, SystemClock};
use crate::digest::Digest;
use crate::gateway::recorder::Recorder;
use crate::identity::local;
use crate::store::pins::{Agreement, KeptPin, Wish};
use crate::store::{Store, StoreOptions};
use crate::visible::harmless;

/// What `pins` takes.
#[derive(Args, Debug)]
pub struct PinsArgs {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand, Debug)]
enum Verb {
    /// List the tools that were seen and where each stands
    #[command(after_help = "Examples:\n  countersign pins list\n  countersign pins list files --json")]
    List {
        /// Only this server's
        server: Option<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show the definition a server offers now
    #[command(
        after_help = "Examples:\n  countersign pins show files read_file\n  countersign pins show files read_file --json"
    )]
    Show {
        /// The server
        server: String,
        /// The tool, under the server's own name
        tool: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Agree to the definition a server offers now; calls may go on at once
    #[command(after_help = "Examples:\n  countersign pins agree files read_file\n  countersign pins agree files")]
    Agree {
        /// The server
        server: String,
        /// The tool, under the server's own name; all of the server's tools if left out
        tool: Option<String>,
        /// Agree only to this definition, as `pins show` printed it
        #[arg(long, value_name = "SHA256")]
        digest: Option<String>,
    },
}

/// Shown under its help.
pub const EXAMPLES: Examples = Examples([
    ("countersign pins list", "which tools changed since they were agreed to?"),
    ("countersign pins agree files read_file", "call it again, as it is now"),
]);

/// Runs the command.
pub fn run(args: &PinsArgs, global: &Global, out: &mut Output<'_>) -> anyhow::Result<Exit> {
    let options = StoreOptions::from(&global.store()?);
    runtime()?.block_on(async {
        match &args.verb {
            Verb::List { server, json } => {
                let store = Store::open_reader(&options).await?;
                list(&store.list_pins(server.as_deref().unwrap_or_default()).await?, *json, out)
            }
            Verb::Show { server, tool, json } => {
                let store = Store::open_reader(&options).await?;
                show(&find(&store, server, tool).await?, *json, out)
            }
            Verb::Agree { server, tool, digest } => {
                let store = Store::open_beside(&options).await?;
                let done = agree(&store, (server, tool.as_deref()), digest.as_deref(), out).await;
                store.close().await;
                done
            }
        }
    })
}

fn standing(pin: &KeptPin) -> &'static str {
    match pin.pinned.agreed {
        None => "waits",
        Some(agreed) if agreed == pin.pinned.seen => "agreed",
        Some(_) => "changed",
    }
}

fn list(pins: &[KeptPin], json: bool, out: &mut Output<'_>) -> anyhow::Result<Exit> {
    if json {
        for pin in pins {
            out.json_line(&describe(pin))?;
        }
        return Ok(Exit::Done);
    }
    let row = |pin: &KeptPin| {
        let by = pin.agreed_by.clone().unwrap_or_else(|| "first sight".to_owned());
        let by = if standing(pin) == "agreed" { by } else { String::new() };
        vec![pin.server.clone(), pin.tool.clone(), standing(pin).to_owned(), by, pin.last_seen.to_string()]
    };
    let rows: Vec<_> = pins.iter().map(row).collect();
    out.table(&["server", "tool", "definition", "agreed by", "last change"], &rows)?;
    Ok(Exit::Done)
}

fn show(pin: &KeptPin, json: bool, out: &mut Output<'_>) -> anyhow::Result<Exit> {
    if json {
        let mut described = describe(pin);
        let definition: serde_json::Value =
            serde_json::from_str(&pin.definition).context("the definition kept is no JSON")?;
        if let Some(members) = described.as_object_mut() {
            members.insert("definition".to_owned(), definition);
        }
        out.json(&described)?;
        return Ok(Exit::Done);
    }
    out.line(&format!("{} on {}: {}", pin.tool, pin.server, standing(pin)))?;
    out.line(&format!("seen    {} at {}", pin.pinned.seen, pin.last_seen))?;
    if let Some(agreed) = pin.pinned.agreed.filter(|agreed| *agreed != pin.pinned.seen) {
        out.line(&format!("agreed  {agreed}"))?;
    }
    let definition: serde_json::Value =
        serde_json::from_str(&pin.definition).context("the definition kept is no JSON")?;
    for line in serde_json::to_string_pretty(&definition)?.lines() {
        out.line(&harmless(line))?;
    }
    if standing(pin) != "agreed" {
        out.line(&format!("To call it as it is now: countersign pins agree {} {}", pin.server, pin.tool))?;
    }
    Ok(Exit::Done)
}

async fn agree(
    store: &Store,
    (server, tool): (&str, Option<&str>),
    digest: Option<&str>,
    out: &mut Output<'_>,
) -> anyhow::Result<Exit> {
    let pins = match tool {
        Some(tool) => vec![find(store, server, tool).await?],
        None => store.list_pins(server).await?,
    };
    if pins.is_empty() {
        return Err(Exit::NotFound.error(format!("no tool of a server `{server}` was ever seen")));
    }
    let wanted =
        match digest {
            None => None,
            Some(text) => Some(Digest::parse(text).ok_or_else(|| {
                Exit::Usage.error("--digest takes what `pins show` prints: sha256: and 64 hex digits")
            })?),
        };
    let recorder = Recorder::start(store.clone());
    let by = local::caller().principal;
    for pin in pins.iter().filter(|pin| standing(pin) != "agreed") {
        let digest = wanted.unwrap_or(pin.pinned.seen);
        let at = SystemClock.now();
        let definition = Definition {
            what: "agreed",
            server: pin.server.clone(),
            tool: pin.tool.clone(),
            digest: digest.to_string(),
            agreed: pin.pinned.agreed.map(|agreed| agreed.to_string()),
            by: Some(by.clone()),
        };
        // Written down before it counts, like everything else.
        recorder.write(vec![Entry { call: None, at, event: Event::Definition(definition) }]).await?;
        let wish = Wish { server: &pin.server, tool: &pin.tool, digest, by: &by, at };
        match store.agree_pin(wish).await? {
            Agreement::Agreed => {
                out.line(&format!("{} on {} is agreed to as it is now ({digest})", pin.tool, pin.server))?;
            }
            Agreement::Moved(now) => {
                let text =
                    format!("`{}` on `{}` changed again, to {now}; look at it before you agree", pin.tool, pin.server);
                return Err(Exit::Failed.error(text));
            }
            Agreement::Unknown => return Err(unknown(server, &pin.tool)),
        }
    }
    Ok(Exit::Done)
}

async fn find(store: &Store, server: &str, tool: &str) -> anyhow::Result<KeptPin> {
    let pins = store.list_pins(server).await?;
    pins.into_iter().find(|pin| pin.tool == tool).ok_or_else(|| unknown(server, tool))
}

fn unknown(server: &str, tool: &str) -> anyhow::Error {
    Exit::NotFound.error(format!("no tool `{tool}` of a server `{server}` was ever seen; see `countersign pins list`"))
}

fn describe(pin: &KeptPin) -> serde_json::Value {
    json!({
        "server": pin.server,
        "tool": pin.tool,
        "standing": standing(pin),
        "seen": pin.pinned.seen.to_string(),
        "agreed": pin.pinned.agreed.map(|agreed| agreed.to_string()),
        "agreed_by": pin.agreed_by,
        "changes": pin.pinned.changes,
        "first_seen": pin.first_seen.to_string(),
        "last_seen": pin.last_seen.to_string(),
    })
}

//! `countersign demo`: a shop, an agent and the gateway between them, with nothing to install or configure.

pub mod agent;
pub mod shop;

use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;
use url::Url;
use zeroize::Zeroizing;

use super::assembly::{self, Assembled};
use super::exit::Exit;
use super::output::{Mark, Output};
use super::serve::{invite, listen, told_to_stop};
use super::{Examples, runtime};
use crate::clock::{Clock as _, SystemClock, chance};
use crate::config::{Config, Surroundings};
use crate::identity::KeyBookWrite as _;
use crate::identity::api_key::{self, Holder};
use crate::policy::starter;
use crate::store::entries::Wanted;
use crate::visible::harmless;
use agent::{Agent, Attempt, Got};

/// What `demo` takes.
#[derive(Args, Debug)]
pub struct DemoArgs {
    /// Where the gateway listens
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:4180")]
    listen: std::net::SocketAddr,
    /// Stop after the story instead of staying up
    #[arg(long)]
    once: bool,
    /// Be the shop's tool server on standard input and output; the demo starts this by itself
    #[arg(long, hide = true)]
    shop: bool,
}

/// Shown under its help.
pub const EXAMPLES: Examples = Examples([
    ("countersign demo", "tells the story, stays up, and says how to connect your own agent"),
    ("countersign demo --once --listen 127.0.0.1:0", "tells the story on any free port and ends"),
]);

/// Runs the command.
pub fn run(args: &DemoArgs, out: &mut Output<'_>) -> anyhow::Result<Exit> {
    let runtime = runtime()?;
    if args.shop {
        runtime.block_on(shop::serve())?;
        return Ok(Exit::Done);
    }
    runtime.block_on(tell(args, out))
}

async fn tell(args: &DemoArgs, out: &mut Output<'_>) -> anyhow::Result<Exit> {
    let (config, folder) = config(args)?;
    let assembled = assembly::assemble_from(&config, &starter::sources()).await?;
    let told = story(args, &config, &assembled, out).await;
    assembled.leave().await;
    // The folder held nothing but this run's record.
    drop(std::fs::remove_dir_all(folder));
    told?;
    Ok(Exit::Done)
}

async fn story(args: &DemoArgs, config: &Config, assembled: &Assembled, out: &mut Output<'_>) -> anyhow::Result<()> {
    let address = listen(config, assembled).await?;
    assembled.attend(config);
    let key = key(assembled).await?;
    let endpoint: Url = format!("http://{address}/mcp").parse().context("the address is no URL")?;
    out.line("A shop with 1,201 customers stands behind the gateway; an agent in front of it goes to work.")?;
    out.line("")?;
    let mut agent = Agent::connect(&endpoint, key.as_str()).await?;
    for attempt in agent::script() {
        let got = agent.attempt(&attempt).await?;
        show(&attempt, &got, out)?;
    }
    out.line("")?;
    book(assembled, out).await?;
    if args.once {
        return Ok(());
    }
    let stopped = told_to_stop(&assembled.stop)?;
    tokio::pin!(stopped);
    tokio::select! {
        () = &mut stopped => return Ok(()),
        done = sign(config, assembled, (&endpoint, key.as_str(), address), out) => done?,
    }
    out.line("The gateway stays up. Let your own agent try, here with Claude Code:")?;
    out.line("")?;
    out.line(&format!(
        "  claude mcp add --transport http shop {endpoint} --header \"Authorization: Bearer {}\"",
        key.as_str()
    ))?;
    out.line("")?;
    out.line("The rules that judged are in policies/. Ctrl-C ends the demo and forgets the key and the record.")?;
    stopped.await;
    Ok(())
}

/// A call that waits for whoever watches.
async fn sign(
    config: &Config,
    assembled: &Assembled,
    (endpoint, key, address): (&Url, &str, std::net::SocketAddr),
    out: &mut Output<'_>,
) -> anyhow::Result<()> {
    let attempt = agent::refund();
    out.line(
        "Now it is your turn. The agent wants to pay 85.00 EUR back, and the rules want a person to sign for that.",
    )?;
    invite(config, assembled, address, out).await?;
    out.line("")?;
    out.line("The agent waits until you have decided, or Ctrl-C.")?;
    // In a session of its own: in the one before, calls were stopped, and the rules ask more people after that.
    let got = Agent::connect(endpoint, key).await?.attempt(&attempt).await?;
    show(&attempt, &got, out)?;
    out.line("")?;
    book(assembled, out).await
}

fn show(attempt: &Attempt, got: &Got, out: &mut Output<'_>) -> anyhow::Result<()> {
    let tool = attempt.tool.trim_start_matches("shop__");
    let call = format!("{tool} {}", attempt.arguments);
    match got {
        Got::Result(text) => {
            out.line(&format!("{:<20}{call}", attempt.wish))?;
            let lines: Vec<&str> = text.lines().collect();
            let first = lines.first().copied().unwrap_or("nothing");
            let more = lines.len().saturating_sub(1);
            let rest = if more > 0 { format!("  (and {more} more)") } else { String::new() };
            out.marked(Mark::Ok, &format!("allowed        {}{rest}", harmless(first)))?;
        }
        Got::Refusal(class, reason, hint) => {
            out.line(&format!("{:<20}{call}", attempt.wish))?;
            out.marked(Mark::Warn, &format!("refused        {} ({class})", harmless(reason)))?;
            if let Some(hint) = hint {
                out.line(&format!("      instead        {}", harmless(hint)))?;
            }
        }
    }
    Ok(())
}

/// What stands in the record, counted.
async fn book(assembled: &Assembled, out: &mut Output<'_>) -> anyhow::Result<()> {
    let entries = assembled.gateway.store.latest(&Wanted::default(), 1000).await?;
    let count = |event: &str| entries.iter().filter(|entry| entry.event == event).count();
    out.line(&format!(
        "On record: {} entries. {} calls arrived, {} were decided, {} sent, {} finished; each was written before it happened.",
        entries.len(),
        count("arrived"),
        count("decided"),
        count("dispatched"),
        count("finished"),
    ))?;
    out.line("")?;
    Ok(())
}

async fn key(assembled: &Assembled) -> anyhow::Result<Zeroizing<String>> {
    let holder =
        Holder { name: "demo".to_owned(), groups: Vec::new(), agent: Some("demo-agent".to_owned()), user: None };
    let (new, stored) = api_key::make(holder, SystemClock.now(), &Zeroizing::new(chance()?));
    assembled.gateway.store.add(stored).await?;
    Ok(Zeroizing::new(new.expose().to_owned()))
}

fn config(args: &DemoArgs) -> anyhow::Result<(Config, PathBuf)> {
    let program = std::env::current_exe().context("this program cannot find itself")?;
    let folder = std::env::temp_dir().join(format!("countersign-demo-{}", std::process::id()));
    std::fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let quoted = |path: &std::path::Path| toml_edit::Value::from(path.display().to_string()).to_string();
    let database = toml_edit::Value::from(format!("sqlite:{}", folder.join("demo.db").display())).to_string();
    let text = format!(
        "environment = \"demo\"\n[http]\nlisten = \"{}\"\naccept = [\"keys\"]\n\
         [servers.shop]\ncommand = {}\nargs = [\"demo\", \"--shop\"]\n\
         tools.refund_order.facts.amount = {{ money = {{ currency = \"/currency\", unit = \"minor\" }} }}\n\
         [limits]\napproval_wait = \"10m\"\n[store]\nurl = {database}\n",
        args.listen,
        quoted(&program).trim(),
    );
    Ok((Config::from_text(&text, &Surroundings::of_this_process()?)?, folder))
}

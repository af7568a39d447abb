//! How soon is a channel told of a call that waits, and does any other call pay for it?
//!
//! For a while calls are held, a thousand a minute, while an agent makes allowed calls one after the other: once at a gateway
//! without channels, once at one that signs each change for a webhook. What is told is timed from before the call was
//! made until the webhook has it.
//!
//!     cargo bench --bench notices                    # two minutes
//!     cargo bench --bench notices -- --smoke         # everything, briefly

#![expect(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::cast_precision_loss,
    clippy::print_stdout,
    reason = "a benchmark stops at the first surprise, and what it counts is small"
)]

#[expect(dead_code, reason = "who waits is watched by another benchmark")]
mod agents;
#[expect(dead_code, reason = "medians over rounds are asked for by another benchmark")]
mod figure;
#[expect(dead_code, reason = "lists are asked for by another benchmark")]
mod load;
#[expect(dead_code, reason = "people answer in another benchmark")]
mod people;
mod stub;
#[expect(dead_code, reason = "nginx is asked for by another benchmark")]
mod target;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;

use agents::Crowd;
use figure::Latencies;
use load::{Endpoint, Load};
use target::{Place, at, free_port};

/// Calls that are held in a second: a thousand in a minute.
const EACH_SECOND: usize = 17;

const POLICY: &str = r#"package countersign.bench

allow contains {"id": "all", "reason": "A benchmark."}

hold contains {"id": "ask", "reason": "Somebody must look.", "reviewers": ["role:reviewer"]} if input.call.tool == "echo"
"#;

/// When the webhook had heard of each call.
type Heard = Arc<Mutex<BTreeMap<String, Instant>>>;

fn main() -> anyhow::Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if words.first().is_some_and(|word| word == "stub") {
        return stub::run(&words[1..]);
    }
    // `cargo test --all-targets` starts benchmarks too, without this word, and wants no figures.
    if !words.iter().any(|word| word == "--bench") {
        println!("started by `cargo bench --bench notices`");
        return Ok(());
    }
    let (gateway, seconds) = options(&words)?;
    let place = Place::make(&gateway)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let heard = Heard::default();
    let receiver = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
    let port = receiver.local_addr()?.port();
    runtime.spawn(receive(receiver, Arc::clone(&heard)));
    let channel =
        format!("[channels.ops]\nkind = \"webhook\"\nurl = \"http://127.0.0.1:{port}/\"\nkeys = [\"{KEY}\"]\n");
    let (mut without, _) = busy((&place, &runtime), ("without", ""), seconds)?;
    let (mut with, begun) = busy((&place, &runtime), ("with", &channel), seconds)?;
    let mut told = runtime.block_on(told(&heard, &begun))?;
    let rate = begun.len() as f64 * 60.0 / seconds as f64;
    println!("\n| figure | measured | goal |\n|---|---|---|");
    println!("| calls held in a minute | {rate:.0} | 1000 |");
    println!("| told of after ms, p50 | {:.1} | |", told.within(0.5) / 1000.0);
    println!("| the same, p99 | {:.1} | 500 |", told.within(0.99) / 1000.0);
    for (share, name) in [(0.5, "p50"), (0.99, "p99")] {
        let (with, without) = (with.latencies.within(share), without.latencies.within(share));
        println!(
            "| allowed call beside it, {name} us, with and without the channel | {with:.0}, {without:.0} | as without |"
        );
    }
    ensure!(with.errors + without.errors == 0, "allowed calls failed");
    Ok(())
}

/// What nobody outside this benchmark checks with.
const KEY: &str = "whsk_AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=";

/// Holds calls for so long beside allowed ones, and says when each was made.
fn busy(
    (place, runtime): (&Place, &Runtime),
    (name, channel): (&str, &str),
    seconds: usize,
) -> anyhow::Result<(Load, BTreeMap<String, Instant>)> {
    let stub = place.stub(2)?;
    let config = format!(
        "[http]\nlisten = \"127.0.0.1:{}\"\naccept = [\"keys\"]\n\n[policy]\npaths = [\"rules\"]\n\n\
         [store]\nurl = \"sqlite:book.db\"\n\n[limits]\napproval_wait = \"1h\"\nwaiting = 100000\n\
         waiting_per_caller = 100000\nstreams_per_principal = 100000\n\n[people.ada]\naccounts = [\"key:ada\"]\n\
         roles = [\"reviewer\"]\n\n{channel}\n[servers.stub]\n{}\n",
        free_port()?,
        at(stub.port)
    );
    let config = place.written(name, &config, POLICY)?;
    let bot = people::key(place, &config, "bot")?;
    let gateway = place.target(&config)?;
    let endpoint =
        Endpoint { port: gateway.port, path: "/mcp/stub", tool: "echo_1".to_owned(), key: Some(bot.clone()) };
    let span = Duration::from_secs(u64::try_from(seconds)?);
    let allowed = async { load::run(&endpoint, 1, span).await };
    let held = async {
        let (mut begun, mut crowds) = (BTreeMap::new(), Vec::new());
        let mut ticks = tokio::time::interval(Duration::from_secs(1));
        for _ in 0..seconds {
            ticks.tick().await;
            let at = Instant::now();
            let mut crowd = Crowd::gather((gateway.port, &bot), EACH_SECOND).await?;
            while let Some(call) = crowd.take() {
                begun.insert(call.id().to_owned(), at);
                crowds.push(call);
            }
        }
        Ok::<_, anyhow::Error>((begun, crowds))
    };
    let (load, held) = runtime.block_on(async { tokio::join!(allowed, held) });
    let (begun, _crowds) = held?;
    gateway.kill()?;
    Ok((load?, begun))
}

/// How long after it was made each call was told of, which every call must have been.
async fn told(heard: &Heard, begun: &BTreeMap<String, Instant>) -> anyhow::Result<Latencies> {
    let mut looks = tokio::time::interval(Duration::from_millis(50));
    let last = Instant::now() + Duration::from_secs(5);
    loop {
        looks.tick().await;
        let heard = heard.lock().map_err(|_| anyhow::anyhow!("the receiver died"))?;
        let lacking = begun.keys().filter(|id| !heard.contains_key(*id)).count();
        if lacking > 0 {
            ensure!(Instant::now() < last, "{lacking} of {} were never told of", begun.len());
            continue;
        }
        let mut told = Latencies::default();
        for (id, at) in begun {
            told.add(heard[id].saturating_duration_since(*at));
        }
        return Ok(told);
    }
}

async fn receive(socket: TcpListener, heard: Heard) {
    while let Ok((stream, _)) = socket.accept().await {
        let heard = Arc::clone(&heard);
        tokio::spawn(async move { drop(take(stream, &heard).await) });
    }
}

async fn take(mut stream: TcpStream, heard: &Heard) -> anyhow::Result<()> {
    let mut read = Vec::with_capacity(4096);
    while !read.ends_with(b"}") {
        ensure!(stream.read_buf(&mut read).await? > 0, "it broke off");
    }
    let at = Instant::now();
    let text = String::from_utf8(read)?;
    let (_, body) = text.split_once("\r\n\r\n").context("no body")?;
    let told: serde_json::Value = serde_json::from_str(body)?;
    if let Some(id) = told["data"]["id"].as_str() {
        heard.lock().map_err(|_| anyhow::anyhow!("another receiver died"))?.entry(id.to_owned()).or_insert(at);
    }
    stream.write_all(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n").await?;
    Ok(())
}

fn options(words: &[String]) -> anyhow::Result<(PathBuf, usize)> {
    let (mut gateway, mut seconds) = (PathBuf::from(env!("CARGO_BIN_EXE_countersign")), 60);
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "--bench" => {}
            "--smoke" => seconds = 3,
            "--gateway" => gateway = PathBuf::from(words.next().context("--gateway needs a file")?),
            other => bail!("{other} is not known; there are --smoke and --gateway FILE"),
        }
    }
    Ok((gateway, seconds))
}

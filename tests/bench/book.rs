//! What does the log cost, and how fast is it checked?
//!
//! Entries as an allowed call makes them, through the recorder as calls do it, into a SQLite file; then the log over them,
//! and its verification, and one proof.
//!
//!     cargo bench --bench book                       # 1,000,000 entries, some minutes
//!     cargo bench --bench book -- --entries 30000

#![expect(
    clippy::unwrap_used,
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::cast_precision_loss,
    clippy::print_stdout,
    reason = "a benchmark stops at the first surprise, and what it counts is small"
)]

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use countersign::audit::entry::{Arrived, Dispatched, Ending, Entry, Event, Finished};
use countersign::audit::verify::Verdict;
use countersign::book::BookKeeper;
use countersign::book::reading::{Brought, prove, verify};
use countersign::call::CallId;
use countersign::clock::{Clock as _, SystemClock, chance};
use countersign::gateway::recorder::Recorder;
use countersign::intent::Intent;
use countersign::object;
use countersign::store::{Durability, Store, StoreOptions};
use tokio::task::JoinSet;

/// Callers at once.
const CALLERS: u64 = 32;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    // `cargo test --all-targets` starts benchmarks too, without this word, and wants no figures.
    if !words.iter().any(|word| word == "--bench") {
        return;
    }
    let wanted = words.iter().position(|word| word == "--entries").and_then(|at| words.get(at + 1));
    let entries = wanted.map_or(1_000_000, |count| count.parse().unwrap());
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    println!("| figure | measured | goal |\n|---|---|---|");
    for durability in [Durability::Process, Durability::Power] {
        let count = if durability == Durability::Power { entries.min(60_000) } else { entries };
        runtime.block_on(measure(durability, count));
    }
}

async fn measure(durability: Durability, count: u64) {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("book.db").display());
    let store = Store::open(&StoreOptions::new(&url, durability).unwrap()).await.unwrap();
    let recorder = Recorder::start(store.clone());
    let (begun, each) = (Instant::now(), count / CALLERS / 3);
    let mut callers = JoinSet::new();
    for _ in 0..CALLERS {
        let recorder = recorder.clone();
        callers.spawn(async move {
            for _ in 0..each {
                call(&recorder).await;
            }
        });
    }
    callers.join_all().await;
    let written = each * CALLERS * 3;
    let name = format!("{durability:?}").to_lowercase();
    let goal = if durability == Durability::Process { "10,000" } else { "3,000 (1,000 calls)" };
    say(
        &format!("durability {name}: entries/s, {CALLERS} callers, no log beside"),
        per_second(written, begun.elapsed()),
        goal,
    );
    let begun = Instant::now();
    let keeper = BookKeeper::open(store.clone(), Arc::new(SystemClock)).await.unwrap();
    keeper.finish().await.unwrap();
    say("brought into the log, entries/s", per_second(written, begun.elapsed()), "");
    if durability == Durability::Process {
        let begun = Instant::now();
        let report = verify(&store, &Brought::default(), |_, _| ()).await.unwrap();
        assert_eq!((report.verdict, report.bodies), (Verdict::Verified, written), "{report:?}");
        say(&format!("{written} entries verified, s"), begun.elapsed().as_secs_f64(), "10 for 1,000,000");
        let begun = Instant::now();
        let proven = prove(&store, i64::try_from(written / 2).unwrap()).await.unwrap();
        say("one proof, ms", begun.elapsed().as_secs_f64() * 1000.0, "");
        say("its size, bytes", proven.proof.text().len() as f64, "4096");
        let size = std::fs::metadata(folder.path().join("book.db")).unwrap().len();
        say("database, bytes for each entry", size as f64 / written as f64, "");
    }
    recorder.close().await;
}

fn per_second(count: u64, took: Duration) -> f64 {
    count as f64 / took.as_secs_f64()
}

fn say(text: &str, value: f64, goal: &str) {
    println!("| {text} | {value:.1} | {goal} |");
}

/// What an allowed call writes: two entries before it is sent, one after.
async fn call(recorder: &Recorder) {
    let now = SystemClock.now();
    let id = CallId::new(now, chance().unwrap());
    let entry = |event| Entry { call: Some(id.clone()), at: now, event };
    let arrived = Arrived {
        principal: "key:7f3a9c21".to_owned(),
        proof: "key",
        agent: Some("build-agent".to_owned()),
        user: None,
        session: "3f2c9a7e1b5d4860".to_owned(),
        client: Some("claude-code 2.1".to_owned()),
        transport: "http",
        protocol: "2026-07-28".to_owned(),
        method: "tools/call".to_owned(),
        server: "files".to_owned(),
        target: "read_file".to_owned(),
        params: object! { "name" => "read_file", "arguments" => object! { "path" => "/srv/docs/report.md", "head" => 100_i64 } },
        redacted: BTreeSet::new(),
        masked: BTreeSet::new(),
        asked: None,
        digest: format!("sha256:{}", "ab".repeat(32)),
        definition: Some(format!("sha256:{}", "cd".repeat(32))),
        preview_of: None,
        traceparent: None,
        intent: Intent::default(),
    };
    let dispatched = entry(Event::Dispatched(Dispatched { server: "files".to_owned() }));
    recorder.write(vec![entry(Event::Arrived(Box::new(arrived))), dispatched]).await.unwrap();
    let finished = Finished {
        outcome: Ending::Succeeded,
        digest: Some(format!("sha256:{}", "ef".repeat(32))),
        bytes: Some(2048),
        error: None,
        micros: 431,
    };
    recorder.write(vec![entry(Event::Finished(finished))]).await.unwrap();
}

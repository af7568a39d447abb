//! What do calls that wait for people cost, and how soon do they go on?
//!
//! Calls with 4 KiB of arguments are held inline on one gateway, each on a connection of its own, and the gateway is
//! watched: its memory, whether every client hears in time that its call still waits, what an allowed call costs
//! meanwhile, how long after an answer a call has its result, and what a restart does. Then others wait as tasks, without a
//! connection. Where there is a Postgres
//! (`COUNTERSIGN_TEST_POSTGRES`), agents call at one replica and people answer at another.
//!
//!     cargo bench --bench holds                    # 10,000 calls, some two minutes
//!     cargo bench --bench holds -- --smoke         # everything, briefly
//!     cargo bench --bench holds -- --calls 2000 --json figures.json

#![expect(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::cast_precision_loss,
    clippy::print_stdout,
    reason = "a benchmark stops at the first surprise, and what it counts is small"
)]

mod agents;
#[expect(dead_code, reason = "processor time is asked for by another benchmark")]
mod cost;
mod errands;
#[expect(dead_code, reason = "medians over rounds are asked for by another benchmark")]
mod figure;
#[expect(dead_code, reason = "lists are asked for by another benchmark")]
mod load;
mod people;
mod stub;
#[expect(dead_code, reason = "nginx is asked for by another benchmark")]
mod target;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use countersign::store::{Durability, StoreOptions};
use serde_json::{Map, json};
use tokio::runtime::Runtime;

use agents::Crowd;
use figure::Latencies;
use load::Endpoint;
use people::Desk;
use target::{Place, Target, at, free_port};

/// What was asked for.
struct Options {
    gateway: PathBuf,
    /// Calls that are held at once.
    calls: usize,
    /// Calls that wait as tasks.
    tasks: usize,
    /// Of them, those that are answered.
    answers: usize,
    /// How long allowed calls are made each time.
    span: Duration,
    /// How long everybody waits.
    watch: Duration,
    json: Option<PathBuf>,
}

const POLICY: &str = r#"package countersign.bench

allow contains {"id": "all", "reason": "A benchmark."}

hold contains {"id": "ask", "reason": "Somebody must look.", "reviewers": ["role:reviewer"]} if input.call.tool == "echo"
"#;

fn main() -> anyhow::Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if words.first().is_some_and(|word| word == "stub") {
        return stub::run(&words[1..]);
    }
    // `cargo test --all-targets` starts benchmarks too, without this word, and wants no figures.
    if !words.iter().any(|word| word == "--bench") {
        println!("started by `cargo bench --bench holds`");
        return Ok(());
    }
    let options = options(&words)?;
    let place = Place::make(&options.gateway)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let mut report = Report::default();
    one_replica(&place, &options, &runtime, &mut report)?;
    tasks(&place, &options, &runtime, &mut report)?;
    if let Ok(url) = std::env::var("COUNTERSIGN_TEST_POSTGRES") {
        two_replicas(&place, &options, &runtime, (&url, &mut report))?;
    } else {
        println!("\ntwo replicas are not measured: COUNTERSIGN_TEST_POSTGRES names no Postgres");
    }
    report.end(options.json)
}

fn one_replica(place: &Place, options: &Options, runtime: &Runtime, report: &mut Report) -> anyhow::Result<()> {
    let stub = place.stub(2)?;
    let config = config(place, "holds", "sqlite:book.db", stub.port)?;
    let bot = people::key(place, &config, "bot")?;
    let gateway = place.target(&config)?;
    let url = format!("sqlite:{}", config.with_file_name("book.db").display());
    let allowed = |gateway: &Target| Endpoint {
        port: gateway.port,
        path: "/mcp/stub",
        tool: "echo_1".to_owned(),
        key: Some(bot.clone()),
    };
    let mut alone = runtime.block_on(load::run(&allowed(&gateway), 1, options.span))?;
    let idle = cost::resident(gateway.pid());

    println!("\n{} calls with 4 KiB of arguments held on one node, SQLite\n", options.calls);
    println!("| figure | measured | goal |\n|---|---|---|");
    let begun = Instant::now();
    let mut crowd = runtime.block_on(Crowd::gather((gateway.port, &bot), options.calls))?;
    report.say("held_in_s", "all held after s", begun.elapsed().as_secs_f64(), "");
    let mut held = runtime.block_on(load::run(&allowed(&gateway), 1, options.span))?;
    runtime.block_on(crowd.watch(options.watch))?;
    let resident = cost::resident(gateway.pid());
    report.say("rss_mib", "resident MiB with them", resident, "400 for 10,000");
    report.say("rss_per_call_kib", "KiB for each", (resident - idle) * 1024.0 / options.calls as f64, "");
    report.say("longest_silence_s", "longest silence a client heard, s", crowd.longest_silence(), "11");
    let (few, many) = (&mut alone.latencies, &mut held.latencies);
    report.say("allowed_p50_us", "allowed call, nobody waits, p50 us", few.within(0.5), "");
    report.say("allowed_p99_us", "the same, p99 us", few.within(0.99), "");
    report.say("allowed_held_p50_us", "allowed call while they wait, p50 us", many.within(0.5), "as without");
    report.say("allowed_held_p99_us", "the same, p99 us", many.within(0.99), "as without");
    ensure!(alone.errors + held.errors == 0, "allowed calls failed");

    let desk = runtime.block_on(Desk::open(StoreOptions::new(&url, Durability::Process)?))?;
    let mut beside = runtime.block_on(answered(&mut crowd, &desk, options.answers))?;
    report.answers("beside", "answered beside the gateway, result after", &mut beside, "");
    if let Some(door) = runtime.block_on(desk.door(place, &config, gateway.port))? {
        let mut within = runtime.block_on(answered(&mut crowd, &door, options.answers))?;
        report.answers("within", "answered at the gateway, result after", &mut within, "50 and a sync");
    }

    let waiting = runtime.block_on(desk.waiting())?;
    gateway.kill()?;
    crowd.leave();
    let begun = Instant::now();
    let gateway = place.target(&config)?;
    runtime.block_on(load::run(&allowed(&gateway), 1, Duration::from_millis(10)))?;
    report.say("ready_s", "restarted and ready after s", begun.elapsed().as_secs_f64(), "10");
    let begun = Instant::now();
    let mut crowd = runtime.block_on(Crowd::gather_again((gateway.port, &bot), crowd))?;
    report.say("attached_s", "all who wait attached again after s", begun.elapsed().as_secs_f64(), "60");
    ensure!(runtime.block_on(desk.waiting())? == waiting, "a restart makes no new approvals");
    let mut after = runtime.block_on(answered(&mut crowd, &desk, 1))?;
    ensure!(after.within(1.0) > 0.0, "what was held before the restart can still be answered");
    report.say("peak_mib", "most that ever was resident then, MiB", cost::most_resident(gateway.pid()), "");
    gateway.kill()
}

fn tasks(place: &Place, options: &Options, runtime: &Runtime, report: &mut Report) -> anyhow::Result<()> {
    let stub = place.stub(2)?;
    let config = config(place, "tasks", "sqlite:book.db", stub.port)?;
    let bot = people::key(place, &config, "bot")?;
    let gateway = place.target(&config)?;
    let door = (gateway.port, bot.as_str());
    let first = runtime.block_on(errands::begin(door, 1))?;
    let idle = cost::resident(gateway.pid());
    println!("\n{} tasks wait, SQLite\n\n| figure | measured | goal |\n|---|---|---|", options.tasks);
    let ids = runtime.block_on(errands::begin(door, options.tasks))?;
    let resident = cost::resident(gateway.pid());
    report.say("tasks_rss_mib", "resident MiB with them", resident, "256 for 100,000");
    report.say("tasks_per_call_kib", "KiB for each", (resident - idle) * 1024.0 / options.tasks as f64, "");
    let mut polled = runtime.block_on(errands::poll(door, &ids, options.answers))?;
    report.say("tasks_poll_p99_ms", "one asked about, p99 ms", polled.within(0.99) / 1000.0, "20");
    let desk = runtime.block_on(Desk::open(StoreOptions::new(
        &format!("sqlite:{}", config.with_file_name("book.db").display()),
        Durability::Process,
    )?))?;
    let took = runtime.block_on(async {
        let call = desk.oldest().await?;
        let digest = desk.digest(&call).await?;
        desk.approve(&call, digest).await?;
        errands::end(door, &first[0]).await
    })?;
    report.say("tasks_end_ms", "answered beside the gateway, result after ms", took.as_secs_f64() * 1000.0, "");
    gateway.kill()
}

fn two_replicas(
    place: &Place,
    options: &Options,
    runtime: &Runtime,
    (server, report): (&str, &mut Report),
) -> anyhow::Result<()> {
    let database = runtime.block_on(people::Database::make(server))?;
    let stub = place.stub(2)?;
    let configs = ["here", "there"].map(|name| config(place, name, &database.url, stub.port));
    let [here, there] = configs;
    let (here, there) = (here?, there?);
    let bot = people::key(place, &here, "bot")?;
    let (agents, reviewers) = (place.target(&here)?, place.target(&there)?);
    let calls = options.calls.min(1000).max(options.answers * 2 + 1);
    println!("\n{calls} calls held on one of two replicas, Postgres\n\n| figure | measured | goal |\n|---|---|---|");
    let mut crowd = runtime.block_on(Crowd::gather((agents.port, &bot), calls))?;
    let desk =
        runtime.block_on(Desk::open(StoreOptions::new(&database.url, Durability::Process)?.with_keys(place.keys())))?;
    let door = runtime.block_on(desk.door(place, &there, reviewers.port))?;
    let mut across = runtime.block_on(answered(&mut crowd, door.as_ref().unwrap_or(&desk), options.answers))?;
    report.answers("across", "answered at another replica, result after", &mut across, "500");
    agents.kill()?;
    reviewers.kill()?;
    runtime.block_on(database.remove(desk))
}

/// How long after an answer was acknowledged its call had its result, one after the other.
async fn answered(crowd: &mut Crowd, desk: &Desk, times: usize) -> anyhow::Result<Latencies> {
    let mut latencies = Latencies::default();
    for _ in 0..times {
        let call = crowd.take().context("more answers than calls")?;
        let digest = desk.digest(call.id()).await?;
        let agreed = desk.approve(call.id(), digest).await?;
        latencies.add(call.result().await?.saturating_duration_since(agreed));
    }
    Ok(latencies)
}

fn config(place: &Place, name: &str, store: &str, server: u16) -> anyhow::Result<PathBuf> {
    let account = countersign::identity::local::caller().principal;
    // Replicas of one database have the same keys; a file has its own beside it.
    let keys =
        if store.starts_with("postgres") { format!("keys = \"{}\"", place.keys().display()) } else { String::new() };
    let config = format!(
        "[http]\nlisten = \"127.0.0.1:{}\"\naccept = [\"keys\"]\n\n[policy]\npaths = [\"rules\"]\n\n\
         [store]\nurl = {store:?}\n{keys}\n\n[limits]\napproval_wait = \"1h\"\nwaiting = 100000\nwaiting_per_caller = 100000\n\
         streams_per_principal = 100000\n\n[people.ada]\naccounts = [{account:?}, \"key:ada\"]\n\
         roles = [\"reviewer\"]\n\n[servers.stub]\n{}\n",
        free_port()?,
        at(server)
    );
    place.written(name, &config, POLICY)
}

/// Everything said so far.
#[derive(Default)]
struct Report(Map<String, serde_json::Value>);

impl Report {
    fn say(&mut self, key: &str, text: &str, value: f64, goal: &str) {
        println!("| {text} | {value:.1} | {goal} |");
        self.0.insert(key.to_owned(), json!(value));
    }

    fn answers(&mut self, key: &str, text: &str, taken: &mut Latencies, goal: &str) {
        self.say(&format!("{key}_p50_ms"), &format!("{text} ms, p50"), taken.within(0.5) / 1000.0, "");
        self.say(&format!("{key}_p99_ms"), "the same, p99", taken.within(0.99) / 1000.0, goal);
    }

    fn end(self, file: Option<PathBuf>) -> anyhow::Result<()> {
        let Some(file) = file else { return Ok(()) };
        let text = serde_json::to_string_pretty(&self.0)?;
        std::fs::write(&file, text).with_context(|| format!("{} cannot be written", file.display()))
    }
}

fn options(words: &[String]) -> anyhow::Result<Options> {
    let mut options = Options {
        gateway: PathBuf::from(env!("CARGO_BIN_EXE_countersign")),
        calls: 10_000,
        tasks: 20_000,
        answers: 300,
        span: Duration::from_secs(5),
        watch: Duration::from_secs(35),
        json: None,
    };
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let mut value = || words.next().with_context(|| format!("{word} needs a value"));
        match word.as_str() {
            "--bench" => {}
            "--smoke" => {
                (options.calls, options.tasks, options.answers) = (200, 200, 20);
                (options.span, options.watch) = (Duration::from_millis(400), Duration::from_secs(12));
            }
            "--gateway" => options.gateway = PathBuf::from(value()?),
            "--calls" => options.calls = value()?.parse().context("--calls is a number")?,
            "--tasks" => options.tasks = value()?.parse().context("--tasks is a number")?,
            "--answers" => options.answers = value()?.parse().context("--answers is a number")?,
            "--json" => options.json = Some(PathBuf::from(value()?)),
            other => {
                bail!(
                    "{other} is not known; there are --smoke, --gateway FILE, --calls N, --tasks N, --answers N, --json FILE"
                )
            }
        }
    }
    ensure!(options.calls > options.answers * 2, "more than half of the calls would be answered");
    Ok(options)
}

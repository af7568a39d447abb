//! What does a call cost through the gateway, against nginx and against nothing, on this machine?
//!
//! One run measures everything side by side: the tool server directly, through nginx as a plain reverse proxy, and
//! through the gateway with policy and record on. Targets alternate in rounds, so that a noisy machine disturbs all of
//! them alike; only ratios inside one run mean anything elsewhere. This executable is also the tool server.
//!
//!     cargo bench --bench hop                      # some three minutes
//!     cargo bench --bench hop -- --smoke           # everything, briefly
//!     cargo bench --bench hop -- --rounds 9 --seconds 4 --json figures.json
//!     cargo bench --bench hop -- --only http       # or: stdio, start, crowd

#![expect(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::cast_precision_loss,
    clippy::print_stdout,
    reason = "a benchmark stops at the first surprise, and what it counts is small"
)]

mod cost;
mod crowd;
mod figure;
mod http;
mod load;
mod pipe;
mod report;
mod start;
mod stub;
#[expect(dead_code, reason = "gateways that are killed are for another benchmark")]
mod target;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, bail};

use target::Place;

/// What was asked for.
struct Options {
    gateway: PathBuf,
    rounds: usize,
    /// Of each target at each number of connections in each round.
    span: Duration,
    /// Calls through a pipe in each round.
    piped: usize,
    only: Option<String>,
    json: Option<PathBuf>,
}

const PARTS: [&str; 4] = ["http", "stdio", "start", "crowd"];

fn main() -> anyhow::Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if words.first().is_some_and(|word| word == "stub") {
        return stub::run(&words[1..]);
    }
    // `cargo test --all-targets` starts benchmarks too, without this word, and wants no figures.
    if !words.iter().any(|word| word == "--bench") {
        println!("started by `cargo bench --bench hop`");
        return Ok(());
    }
    let options = options(&words)?;
    let place = Place::make(&options.gateway)?;
    let wanted = |part: &str| options.only.as_deref().is_none_or(|only| only == part);
    let mut report = report::Report::begin(&options);
    if wanted("http") {
        for connections in [1, 32] {
            report.http(connections, &http::measure(&place, &options, connections)?);
        }
    }
    if wanted("stdio") {
        report.stdio(&pipe::measure(&place, &options)?);
    }
    if wanted("start") {
        report.start(&start::measure(&place, &options)?);
    }
    if wanted("crowd") {
        report.crowd(&crowd::measure(&place, &options)?);
    }
    report.end(options.json.as_deref())
}

fn options(words: &[String]) -> anyhow::Result<Options> {
    let mut options = Options {
        gateway: PathBuf::from(env!("CARGO_BIN_EXE_countersign")),
        rounds: 5,
        span: Duration::from_secs(3),
        piped: 4000,
        only: None,
        json: None,
    };
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let mut value = || words.next().with_context(|| format!("{word} needs a value"));
        match word.as_str() {
            "--bench" => {}
            "--smoke" => {
                options.rounds = 2;
                options.span = Duration::from_millis(400);
                options.piped = 200;
            }
            "--gateway" => options.gateway = PathBuf::from(value()?),
            "--rounds" => options.rounds = value()?.parse().context("--rounds is a number")?,
            "--seconds" => {
                options.span = Duration::try_from_secs_f64(value()?.parse().context("--seconds is a number")?)?;
            }
            "--json" => options.json = Some(PathBuf::from(value()?)),
            "--only" => options.only = Some(value()?.clone()),
            other => bail!(
                "{other} is not known; there are --smoke, --gateway FILE, --rounds N, --seconds N, --only PART, --json FILE"
            ),
        }
    }
    if let Some(only) = &options.only
        && !PARTS.contains(&only.as_str())
    {
        bail!("there is no part {only}; there are {}", PARTS.join(", "));
    }
    if options.rounds == 0 {
        bail!("no rounds, no figures");
    }
    Ok(options)
}

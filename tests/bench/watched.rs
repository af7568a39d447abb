//! What does a call pay for being watched? What it does for it, alone, over and over.
//!
//!     cargo bench --bench watched
//!
//! A call is counted seven times or so; where its trace is kept it is two spans. What a whole call costs is `hop`'s figure.

#![expect(clippy::print_stdout, reason = "a benchmark prints")]

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use countersign::clock::Timestamp;
use countersign::telemetry::metrics::Metrics;
use countersign::telemetry::metrics::instrument::Counter;
use countersign::telemetry::trace::context::Share;
use countersign::telemetry::trace::{Kind, name};
use countersign::telemetry::tracer::{Tracer, Under};

/// So many at a time, because one is shorter than a look at the clock.
const TIMES: u32 = 1000;
const ROUNDS: usize = 200;

fn main() {
    // `cargo test --all-targets` starts benchmarks too, without this word, and wants no figures.
    if !std::env::args().any(|word| word == "--bench") {
        println!("started by `cargo bench --bench watched`");
        return;
    }
    let metrics = Arc::new(Metrics::default());
    // As many series as a gateway has before a few servers.
    let tools: Vec<String> = (0..200).map(|number| format!("tool_{number}")).collect();
    for tool in &tools {
        metrics.server.with(["tools/call", "story", tool, "", "tcp"], |took| took.micros(1));
    }
    let tool = tools.last().map_or("", String::as_str);
    println!("| work | median ns | 99th ns |\n|---|---|---|");
    row("a duration among 200 series", || {
        metrics.server.with(["tools/call", "story", tool, "", "tcp"], |took| took.took(Duration::from_micros(700)));
    });
    row("a count", || metrics.calls.with(["allow", "story"], Counter::one));
    std::thread::scope(|scope| {
        let other = Arc::clone(&metrics);
        let stop = Arc::new(std::sync::atomic::AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        scope.spawn(move || {
            while !stopped.load(std::sync::atomic::Ordering::Relaxed) {
                other.calls.with(["allow", "story"], Counter::one);
            }
        });
        row("the same count, while another thread does nothing else", || {
            metrics.calls.with(["allow", "story"], Counter::one);
        });
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
    });
    row("a look at the clock", || {
        black_box(Instant::now());
    });
    for (said, share) in [("a span that is kept, with ten attributes", "100%"), ("one that is not kept", "0%")] {
        let (tracer, queue) = Tracer::new(Share::parse(share).unwrap_or(Share::ALL), Arc::clone(&metrics));
        row(said, || {
            let Some(begun) = tracer.begin(Under::Nothing, (Kind::Server, "tools/call"), Timestamp::from_micros(1))
            else {
                return;
            };
            if let Some(mut span) = begun.span {
                span.about_tool("tools/call", "echo");
                for name in [
                    name::PROTOCOL,
                    name::SESSION,
                    name::REQUEST,
                    name::TRANSPORT,
                    name::CALL,
                    name::DECISION,
                    name::SERVER,
                ] {
                    span.say(name, "01a202cf-b72d-725b-9dfd-fcce42f09708");
                }
                tracer.end(*span, Timestamp::from_micros(2));
            }
        });
        drop(queue.take());
    }
}

fn row(said: &str, mut work: impl FnMut()) {
    let mut each: Vec<u128> = Vec::new();
    for _ in 0..ROUNDS {
        let begun = Instant::now();
        for _ in 0..TIMES {
            work();
        }
        each.push(begun.elapsed().as_nanos().checked_div(u128::from(TIMES)).unwrap_or(0));
    }
    each.sort_unstable();
    let at = |share: usize| each.get(ROUNDS.saturating_mul(share).checked_div(100).unwrap_or(0)).copied().unwrap_or(0);
    println!("| {said} | {} | {} |", at(50), at(99));
}

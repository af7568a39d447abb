//! What does a call over HTTP cost, directly, through nginx and through the gateway?

use crate::Options;
use crate::cost;
use crate::load::{self, Endpoint};
use crate::target::{Place, Target, at};

/// In the order they are measured and reported.
pub(crate) const NAMES: [&str; 3] = ["direct", "nginx", "gateway"];

/// One target in one round.
pub(crate) struct Round {
    pub(crate) p50: f64,
    pub(crate) p90: f64,
    pub(crate) p99: f64,
    pub(crate) rate: f64,
    /// Processor time of the target's own processes for a call, in microseconds.
    pub(crate) processor: f64,
    pub(crate) errors: usize,
}

/// One target in all rounds.
#[derive(Default)]
pub(crate) struct Measured {
    pub(crate) rounds: Vec<Round>,
    pub(crate) idle: f64,
    pub(crate) peak: f64,
}

pub(crate) fn measure(place: &Place, options: &Options, connections: usize) -> anyhow::Result<[Measured; 3]> {
    let runtime = load::runtime()?;
    let stub = place.stub(1)?;
    let nginx = place.nginx(stub.port)?;
    let gateway = place.gateway("http", &[("stub".to_owned(), at(stub.port))])?;
    let targets: [(Target, &'static str); 3] = [(stub, "/mcp"), (nginx, "/mcp"), (gateway, "/mcp/stub")];
    let mut measured: [Measured; 3] = Default::default();
    for ((target, path), measured) in targets.iter().zip(&mut measured) {
        // Idle means: it has met its server and a client, and waits.
        runtime.block_on(load::list(&endpoint(target, path)))?;
        measured.idle = cost::resident(target.pid());
    }
    for _ in 0..options.rounds {
        for ((target, path), measured) in targets.iter().zip(&mut measured) {
            measured.rounds.push(round(&runtime, target, path, connections, options)?);
        }
    }
    for ((target, _), measured) in targets.iter().zip(&mut measured) {
        measured.peak = cost::most_resident(target.pid());
    }
    Ok(measured)
}

fn round(
    runtime: &tokio::runtime::Runtime,
    target: &Target,
    path: &'static str,
    connections: usize,
    options: &Options,
) -> anyhow::Result<Round> {
    let before = cost::processor(target.pid());
    let mut load = runtime.block_on(load::run(&endpoint(target, path), connections, options.span))?;
    let used = cost::processor(target.pid()) - before;
    let calls = load.latencies.len() as f64;
    let rate = calls / load.span.as_secs_f64();
    // The processor was also used for the head start.
    let asked = calls * 1.2;
    Ok(Round {
        p50: load.latencies.within(0.5),
        p90: load.latencies.within(0.9),
        p99: load.latencies.within(0.99),
        rate,
        processor: used / asked,
        errors: load.errors,
    })
}

fn endpoint(target: &Target, path: &'static str) -> Endpoint {
    Endpoint { port: target.port, path, tool: "echo".to_owned(), key: None }
}

//! Does a call get slower when there are 1,000 tools on 50 servers instead of one?

use anyhow::ensure;

use crate::Options;
use crate::cost;
use crate::figure::Figure;
use crate::load::{self, Endpoint};
use crate::target::{Place, at};

const SERVERS: usize = 50;
const TOOLS: usize = 20;

/// Latencies in microseconds.
pub(crate) struct Crowd {
    pub(crate) one: Figure,
    pub(crate) many: Figure,
    pub(crate) ratio: Figure,
    /// The first and the second complete list, in milliseconds.
    pub(crate) lists: (f64, f64),
    pub(crate) resident: f64,
    pub(crate) errors: usize,
}

pub(crate) fn measure(place: &Place, options: &Options) -> anyhow::Result<Crowd> {
    let runtime = load::runtime()?;
    let (lone, full) = (place.stub(1)?, place.stub(TOOLS)?);
    let one = place.gateway("one", &[("stub".to_owned(), at(lone.port))])?;
    let servers: Vec<_> = (0..SERVERS).map(|number| (format!("s{number}"), at(full.port))).collect();
    let many = place.gateway("many", &servers)?;
    let alone = Endpoint { port: one.port, path: "/mcp", tool: "stub__echo".to_owned(), key: None };
    let among =
        Endpoint { port: many.port, path: "/mcp", tool: format!("s{}__echo_{}", SERVERS / 2, TOOLS / 2), key: None };
    runtime.block_on(load::list(&alone))?;
    let (first, tools) = runtime.block_on(load::list(&among))?;
    ensure!(tools == SERVERS * TOOLS, "{tools} tools are listed instead of {}", SERVERS * TOOLS);
    let (second, _) = runtime.block_on(load::list(&among))?;
    let (mut few, mut crowded, mut errors) = (Vec::new(), Vec::new(), 0);
    for _ in 0..options.rounds {
        for (endpoint, rounds) in [(&alone, &mut few), (&among, &mut crowded)] {
            let mut load = runtime.block_on(load::run(endpoint, 1, options.span))?;
            rounds.push(load.latencies.within(0.5));
            errors += load.errors;
        }
    }
    let ratio = Figure::of(few.iter().zip(&crowded).map(|(few, crowded)| crowded / few));
    let milliseconds = |took: std::time::Duration| took.as_secs_f64() * 1000.0;
    Ok(Crowd {
        one: Figure::of(few),
        many: Figure::of(crowded),
        ratio,
        lists: (milliseconds(first), milliseconds(second)),
        resident: cost::most_resident(many.pid()),
        errors,
    })
}

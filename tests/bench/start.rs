//! How long after its start does a program have its first complete list of tools?

use std::time::Instant;

use anyhow::ensure;

use crate::Options;
use crate::figure::Figure;
use crate::load::{self, Endpoint};
use crate::pipe::{self, Pipe};
use crate::target::{Place, at, end, free_port, listens};

/// In milliseconds.
pub(crate) struct Started {
    pub(crate) stub: Figure,
    pub(crate) run: Figure,
    pub(crate) serve: Figure,
}

pub(crate) fn measure(place: &Place, options: &Options) -> anyhow::Result<Started> {
    let (mut stub, mut run, mut serve) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..options.rounds.max(3) {
        let begun = Instant::now();
        Pipe::open(pipe::stub(place))?.list_by(begun, &mut stub)?;
        let config = place.config("start", 0, &[("stub".to_owned(), pipe::reached(place))])?;
        let begun = Instant::now();
        Pipe::open(pipe::run(place, &config))?.list_by(begun, &mut run)?;
        serve.push(served(place)?);
    }
    Ok(Started { stub: Figure::of(stub), run: Figure::of(run), serve: Figure::of(serve) })
}

fn served(place: &Place) -> anyhow::Result<f64> {
    let stub = place.stub(1)?;
    let port = free_port()?;
    let config = place.config("start", port, &[("stub".to_owned(), at(stub.port))])?;
    let runtime = load::runtime()?;
    let begun = Instant::now();
    let mut child = place.serve(&config)?;
    listens(&mut child, port)?;
    let listed =
        runtime.block_on(load::list(&Endpoint { port, path: "/mcp/stub", tool: "echo".to_owned(), key: None }));
    let took = begun.elapsed().as_secs_f64() * 1000.0;
    end(&mut child);
    ensure!(listed?.1 == 1, "not one tool");
    Ok(took)
}

impl Pipe {
    fn list_by(mut self, begun: Instant, took: &mut Vec<f64>) -> anyhow::Result<()> {
        self.list()?;
        took.push(begun.elapsed().as_secs_f64() * 1000.0);
        Ok(())
    }
}

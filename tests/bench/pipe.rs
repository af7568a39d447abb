//! What does a call over standard input and output cost, directly and through `countersign run`?

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};

use crate::Options;
use crate::figure::{Figure, Latencies};
use crate::target::{Place, end};

/// Latencies in microseconds over all rounds.
pub(crate) struct Piped {
    pub(crate) direct: (Figure, Figure),
    pub(crate) gateway: (Figure, Figure),
    pub(crate) added: Figure,
}

/// A program that is spoken to in lines.
pub(crate) struct Pipe {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    asked: u64,
}

pub(crate) fn measure(place: &Place, options: &Options) -> anyhow::Result<Piped> {
    let config = place.config("stdio", 0, &[("stub".to_owned(), reached(place))])?;
    let mut direct = Pipe::open(stub(place))?;
    let mut gateway = Pipe::open(run(place, &config))?;
    direct.list()?;
    gateway.list()?;
    let (mut there, mut here) = (Vec::new(), Vec::new());
    for _ in 0..options.rounds {
        there.push(direct.round(options.piped)?);
        here.push(gateway.round(options.piped)?);
    }
    let figures = |rounds: &[(f64, f64)]| {
        (Figure::of(rounds.iter().map(|round| round.0)), Figure::of(rounds.iter().map(|round| round.1)))
    };
    let added = Figure::of(there.iter().zip(&here).map(|(there, here)| here.0 - there.0));
    Ok(Piped { direct: figures(&there), gateway: figures(&here), added })
}

/// The stub as a program of its own.
pub(crate) fn stub(place: &Place) -> Command {
    let mut command = Command::new(&place.stub);
    command.args(["stub", "stdio"]);
    command
}

/// The gateway for one agent.
pub(crate) fn run(place: &Place, config: &Path) -> Command {
    let mut command = Command::new(&place.gateway);
    command.args(["run", "--server", "stub", "--set", "log.level=error", "--config"]).arg(config);
    command.current_dir(config.parent().unwrap_or(config));
    command
}

/// How the gateway reaches the stub as a child.
pub(crate) fn reached(place: &Place) -> String {
    format!("command = {:?}\nargs = [\"stub\", \"stdio\"]", place.stub.display().to_string())
}

impl Pipe {
    /// Starts a program and agrees with it on the protocol.
    pub(crate) fn open(mut command: Command) -> anyhow::Result<Self> {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let output = BufReader::new(child.stdout.take().context("no output")?);
        let mut pipe = Self { input: child.stdin.take(), child, output, asked: 0 };
        pipe.ask(
            "initialize",
            r#"{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"hop","version":"1"}}"#,
        )?;
        pipe.say(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#)?;
        Ok(pipe)
    }

    /// Asks for the tools and makes sure that they come.
    pub(crate) fn list(&mut self) -> anyhow::Result<()> {
        let heard = self.ask("tools/list", "{}")?;
        ensure!(heard.contains(r#""name":"echo""#), "no list of tools but {heard}");
        Ok(())
    }

    fn round(&mut self, calls: usize) -> anyhow::Result<(f64, f64)> {
        let params = r#"{"name":"echo","arguments":{"text":"abcdefghijklmnopqrstuvwxyz"}}"#;
        let mut latencies = Latencies::default();
        for number in 0..calls + calls / 5 {
            let begun = Instant::now();
            // Where the machine stands still, rules may find no time; the call is made again, and the figure has both.
            let mut heard = self.ask("tools/call", params)?;
            while heard.contains(r#""class":"policy_timeout""#) {
                heard = self.ask("tools/call", params)?;
            }
            let took: Duration = begun.elapsed();
            ensure!(heard.contains(r#""text":"abcdefghijklmnopqrstuvwxyz""#), "no echo but {heard}");
            if number >= calls / 5 {
                latencies.add(took);
            }
        }
        Ok((latencies.within(0.5), latencies.within(0.99)))
    }

    /// Asks and reads up to the answer; what is said beside it is passed over.
    fn ask(&mut self, method: &str, params: &str) -> anyhow::Result<String> {
        self.asked += 1;
        let asked = self.asked;
        self.say(&format!(r#"{{"jsonrpc":"2.0","id":{asked},"method":"{method}","params":{params}}}"#))?;
        loop {
            let mut line = String::new();
            ensure!(self.output.read_line(&mut line)? > 0, "the program ended before it answered {method}");
            if line.contains(&format!("\"id\":{asked}")) {
                return Ok(line);
            }
        }
    }

    fn say(&mut self, message: &str) -> anyhow::Result<()> {
        let input = self.input.as_mut().context("closed")?;
        input.write_all(format!("{message}\n").as_bytes())?;
        Ok(input.flush()?)
    }
}

impl Drop for Pipe {
    fn drop(&mut self) {
        drop(self.input.take());
        end(&mut self.child);
    }
}

//! How are the figures said, to people and to programs?

use std::path::Path;

use anyhow::{Context as _, ensure};
use serde_json::{Map, Value, json};

use crate::Options;
use crate::crowd::Crowd;
use crate::figure::Figure;
use crate::http::{Measured, NAMES, Round};
use crate::pipe::Piped;
use crate::start::Started;

/// Everything said so far.
pub(crate) struct Report {
    figures: Map<String, Value>,
    errors: usize,
}

impl Report {
    pub(crate) fn begin(options: &Options) -> Self {
        let cores = std::thread::available_parallelism().map_or(0, usize::from);
        println!(
            "{cores} cores, {} rounds of {} s for each target; medians (min-max over rounds)",
            options.rounds,
            options.span.as_secs_f64()
        );
        let mut figures = Map::new();
        figures.insert("cores".to_owned(), json!(cores));
        figures.insert("rounds".to_owned(), json!(options.rounds));
        figures.insert("seconds".to_owned(), json!(options.span.as_secs_f64()));
        Self { figures, errors: 0 }
    }

    pub(crate) fn http(&mut self, connections: usize, measured: &[Measured; 3]) {
        let [direct, nginx, gateway] = measured;
        println!("\nHTTP, connections: {connections}\n");
        println!(
            "| target | p50 us | p90 us | p99 us | added p50 us | calls/s | CPU us/call | RSS idle MiB | RSS peak MiB | errors |\n\
             |---|---|---|---|---|---|---|---|---|---|"
        );
        let mut said = Map::new();
        for (name, target) in NAMES.into_iter().zip(measured) {
            let over = |part: fn(&Round) -> f64| Figure::of(target.rounds.iter().map(part));
            let added = paired(target, direct, |here, there| here.p50 - there.p50);
            let (p50, p90, p99) = (over(|round| round.p50), over(|round| round.p90), over(|round| round.p99));
            let (rate, processor) = (over(|round| round.rate), over(|round| round.processor));
            let errors: usize = target.rounds.iter().map(|round| round.errors).sum();
            self.errors += errors;
            println!(
                "| {name} | {} | {} | {} | {} | {} | {} | {:.1} | {:.1} | {errors} |",
                p50.spelled(0),
                p90.spelled(0),
                p99.spelled(0),
                added.spelled(0),
                rate.spelled(0),
                processor.spelled(0),
                target.idle,
                target.peak
            );
            let figures = json!({
                "p50_us": p50.json(), "p90_us": p90.json(), "p99_us": p99.json(), "added_p50_us": added.json(),
                "calls_per_second": rate.json(), "cpu_us_per_call": processor.json(),
                "rss_idle_mib": target.idle, "rss_peak_mib": target.peak, "errors": errors,
            });
            said.insert(name.to_owned(), figures);
        }
        let added = |target: &Measured| -> Vec<f64> {
            target.rounds.iter().zip(&direct.rounds).map(|(here, there)| here.p50 - there.p50).collect()
        };
        let times = Figure::of(added(gateway).iter().zip(added(nginx)).map(|(gateway, nginx)| gateway / nginx));
        let tail = paired(gateway, nginx, |gateway, nginx| gateway.p99 / nginx.p99);
        let share = paired(gateway, nginx, |gateway, nginx| gateway.rate / nginx.rate);
        println!("\nthe gateway adds {} times what nginx adds to the p50", times.spelled(2));
        println!("its p99 is {} times nginx's, its calls/s {} of nginx's", tail.spelled(2), share.spelled(2));
        said.insert("added_p50_to_nginx".to_owned(), times.json());
        said.insert("p99_to_nginx".to_owned(), tail.json());
        said.insert("rate_to_nginx".to_owned(), share.json());
        self.figures.insert(format!("http_{connections}"), Value::Object(said));
    }

    pub(crate) fn stdio(&mut self, piped: &Piped) {
        println!("\nstdio\n\n| target | p50 us | p99 us |\n|---|---|---|");
        println!("| direct | {} | {} |", piped.direct.0.spelled(0), piped.direct.1.spelled(0));
        println!("| gateway | {} | {} |", piped.gateway.0.spelled(0), piped.gateway.1.spelled(0));
        println!("\nthe gateway adds {} us to the p50", piped.added.spelled(0));
        let said = json!({
            "direct_p50_us": piped.direct.0.json(), "direct_p99_us": piped.direct.1.json(),
            "gateway_p50_us": piped.gateway.0.json(), "gateway_p99_us": piped.gateway.1.json(),
            "added_p50_us": piped.added.json(),
        });
        self.figures.insert("stdio".to_owned(), said);
    }

    pub(crate) fn start(&mut self, started: &Started) {
        println!("\nfrom the start of the process to the first complete tools/list, ms\n");
        println!("the stub itself {}", started.stub.spelled(1));
        println!("countersign run {}", started.run.spelled(1));
        println!("countersign serve {}", started.serve.spelled(1));
        let said = json!({
            "stub_ms": started.stub.json(), "run_ms": started.run.json(), "serve_ms": started.serve.json(),
        });
        self.figures.insert("start".to_owned(), said);
    }

    pub(crate) fn crowd(&mut self, crowd: &Crowd) {
        self.errors += crowd.errors;
        println!("\n1,000 tools on 50 servers\n");
        println!("p50 of a call with one tool {} us, among 1,000 {} us", crowd.one.spelled(0), crowd.many.spelled(0));
        println!("ratio {}, errors {}", crowd.ratio.spelled(2), crowd.errors);
        println!("first complete list {:.1} ms, the next {:.1} ms", crowd.lists.0, crowd.lists.1);
        println!("RSS peak {:.1} MiB", crowd.resident);
        let said = json!({
            "one_p50_us": crowd.one.json(), "many_p50_us": crowd.many.json(), "ratio": crowd.ratio.json(),
            "first_list_ms": crowd.lists.0, "next_list_ms": crowd.lists.1, "rss_peak_mib": crowd.resident,
            "errors": crowd.errors,
        });
        self.figures.insert("crowd".to_owned(), said);
    }

    /// Figures with errors in them are no figures.
    pub(crate) fn end(self, file: Option<&Path>) -> anyhow::Result<()> {
        if let Some(file) = file {
            let text = serde_json::to_string_pretty(&Value::Object(self.figures))?;
            std::fs::write(file, text).with_context(|| format!("{} cannot be written", file.display()))?;
        }
        ensure!(self.errors == 0, "{} calls failed", self.errors);
        Ok(())
    }
}

fn paired(one: &Measured, other: &Measured, compare: fn(&Round, &Round) -> f64) -> Figure {
    Figure::of(one.rounds.iter().zip(&other.rounds).map(|(one, other)| compare(one, other)))
}

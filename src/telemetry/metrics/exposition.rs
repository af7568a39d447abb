//! How does Prometheus read what is counted?
//!
//! The text form 0.0.4 for whoever says nothing, and OpenMetrics 1.0 for whoever asks for it. They differ in how a counter
//! and an info are declared, and in the end mark.
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

use std::time::Duration;

use super::{Definition, Kind, Measured, Point, Value};

/// Which form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Prometheus' own.
    Plain,
    /// The standard made of it.
    Open,
}

impl Form {
    /// The one an `Accept` header asks for.
    pub fn wanted(accept: &str) -> Self {
        if accept.contains("application/openmetrics-text") { Self::Open } else { Self::Plain }
    }

    /// The form's media type.
    pub const fn media(self) -> &'static str {
        match self {
            Self::Plain => "text/plain; version=0.0.4; charset=utf-8",
            Self::Open => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }
}

/// Everything that was read, as text. What has no value yet does not stand there.
pub fn text(measured: &[Measured], form: Form) -> String {
    let mut out = String::with_capacity(16 << 10);
    for Measured { of, points } in measured {
        if points.is_empty() {
            continue;
        }
        let (family, sample) = names(of, form);
        let kind = match (of.kind, form) {
            (Kind::Counter, _) => "counter",
            (Kind::Info, Form::Open) => "info",
            (Kind::Gauge | Kind::Info, _) => "gauge",
            (Kind::Histogram, _) => "histogram",
        };
        line(&mut out, format_args!("# HELP {family} {}", of.help));
        line(&mut out, format_args!("# TYPE {family} {kind}"));
        if form == Form::Open && of.unit == "s" {
            line(&mut out, format_args!("# UNIT {family} seconds"));
        }
        for point in points {
            write(&mut out, &sample, of, point);
        }
    }
    if form == Form::Open {
        out.push_str("# EOF\n");
    }
    out
}

/// What the metric and its samples are called.
fn names(of: &Definition, form: Form) -> (String, String) {
    let mut family = of.name.replace('.', "_");
    if of.unit == "s" {
        family.push_str("_seconds");
    }
    let sample = if of.kind == Kind::Counter { format!("{family}_total") } else { family.clone() };
    match (of.kind, form) {
        (Kind::Counter, Form::Plain) => (sample.clone(), sample),
        (Kind::Info, Form::Open) => (family.trim_end_matches("_info").to_owned(), sample),
        _ => (family, sample),
    }
}

fn write(out: &mut String, name: &str, of: &'static Definition, point: &Point) {
    match &point.value {
        Value::Count(count) => line(out, format_args!("{name}{} {count}", labels(of, point, None))),
        Value::Level(level) => line(out, format_args!("{name}{} {level:?}", labels(of, point, None))),
        Value::Spread(spread) => {
            let mut so_far = 0_u64;
            let ends = spread.bounds.iter().map(|bound| format!("{:?}", seconds(*bound))).chain(["+Inf".to_owned()]);
            for (end, count) in ends.zip(spread.counts) {
                so_far = so_far.saturating_add(count);
                line(out, format_args!("{name}_bucket{} {so_far}", labels(of, point, Some(&end))));
            }
            line(out, format_args!("{name}_sum{} {:?}", labels(of, point, None), seconds(spread.micros)));
            line(out, format_args!("{name}_count{} {so_far}", labels(of, point, None)));
        }
    }
}

/// Microseconds as the forms want times.
pub fn seconds(micros: u64) -> f64 {
    Duration::from_micros(micros).as_secs_f64()
}

fn labels(of: &'static Definition, point: &Point, end: Option<&str>) -> String {
    let named = point.named(of).map(|(name, value)| (name.replace('.', "_"), escaped(value)));
    let all: Vec<String> = named
        .chain(end.map(|end| ("le".to_owned(), end.to_owned())))
        .map(|(name, value)| format!("{name}=\"{value}\""))
        .collect();
    if all.is_empty() { String::new() } else { format!("{{{}}}", all.join(",")) }
}

fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

fn line(out: &mut String, text: std::fmt::Arguments<'_>) {
    out.push_str(&std::fmt::format(text));
    out.push('\n');
}

#[cfg(test)]
mod tests {
    use super::super::{BUILD, CALLS, Metrics, VOTES, WRITES};
    use super::*;
    use crate::telemetry::metrics::of_steps;

    fn measured() -> Vec<Measured> {
        let writes = of_steps();
        writes.micros(60);
        writes.micros(2_000_000);
        let one =
            |labels: &[&str], value| Point { labels: labels.iter().map(|label| (*label).into()).collect(), value };
        vec![
            Measured {
                of: &CALLS,
                points: vec![one(&["deny", "a\"b\\c\nd"], Value::Count(3)), one(&["allow", ""], Value::Count(0))],
            },
            Measured { of: &WRITES, points: vec![one(&[], Value::Spread(Box::new(writes.spread())))] },
            Measured { of: &VOTES, points: Vec::new() },
            Measured { of: &BUILD, points: vec![one(&["0.1.0"], Value::Level(1.0))] },
        ]
    }

    #[test]
    fn prometheus_and_openmetrics_each_have_their_form() {
        let plain = text(&measured(), Form::Plain);
        assert!(plain.starts_with(
            "# HELP countersign_calls_total Calls that were judged, by what was said.\n# TYPE countersign_calls_total counter\n\
             countersign_calls_total{countersign_decision=\"deny\",countersign_server=\"a\\\"b\\\\c\\nd\"} 3\n\
             countersign_calls_total{countersign_decision=\"allow\"} 0\n"
        ), "{plain}");
        for line in [
            "countersign_store_write_duration_seconds_bucket{le=\"5e-5\"} 0",
            "countersign_store_write_duration_seconds_bucket{le=\"0.0001\"} 1",
            "countersign_store_write_duration_seconds_bucket{le=\"1.0\"} 1",
            "countersign_store_write_duration_seconds_bucket{le=\"+Inf\"} 2",
            "countersign_store_write_duration_seconds_sum 2.00006",
            "countersign_store_write_duration_seconds_count 2",
            "# TYPE countersign_build_info gauge",
            "countersign_build_info{version=\"0.1.0\"} 1.0",
        ] {
            assert!(plain.lines().any(|known| known == line), "{line}\n{plain}");
        }
        assert!(!plain.contains("votes") && !plain.contains("EOF"), "{plain}");
        let open = text(&measured(), Form::Open);
        for line in [
            "# TYPE countersign_calls counter",
            "# UNIT countersign_store_write_duration_seconds seconds",
            "# TYPE countersign_build info",
            "countersign_build_info{version=\"0.1.0\"} 1.0",
        ] {
            assert!(open.lines().any(|known| known == line), "{line}\n{open}");
        }
        assert!(open.ends_with("# EOF\n"), "{open}");
    }

    #[test]
    fn what_was_counted_stands_there_once() {
        let metrics = Metrics::default();
        metrics.calls.with(["hold", "db"], |calls| calls.many(2));
        let counted = &metrics.calls.all()[0].counted;
        assert_eq!(counted.count(), 2);
    }
}

//! What does the gateway tell its operator?

use std::collections::BTreeMap;
use std::net::SocketAddr;

use schemars::JsonSchema;
use url::Url;

use super::fault::Subject;
use super::measure::Period;
use super::reach;
use super::sample::is_sample;
use super::section::{Given, Privacy, Reading, Section, Wanted};
use super::word::words;
use crate::secret::Secret;
use crate::telemetry::trace::context::Share;

/// The log, on stderr.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Log {
    /// How much is said.
    #[schemars(extend("default" = "info"))]
    pub level: Level,
    /// For whom.
    #[schemars(extend("default" = "text"))]
    pub format: Format,
}

/// How much is said, least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// What failed.
    Error,
    /// What somebody should look at.
    Warn,
    /// What happened.
    Info,
    /// Why.
    Debug,
    /// Everything.
    Trace,
}

/// Form of a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For people.
    Text,
    /// For machines, one object a line.
    Json,
}

/// Traces and metrics. Nothing of them leaves, and nobody can ask for them, unless it is said here or by the variables
/// OpenTelemetry knows (`OTEL_EXPORTER_OTLP_ENDPOINT`, `OTEL_EXPORTER_OTLP_HEADERS`, `OTEL_SERVICE_NAME`,
/// `OTEL_RESOURCE_ATTRIBUTES`). Arguments and results are never in them.
#[derive(Clone, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Telemetry {
    /// The collector, spoken to with OTLP over HTTP as JSON below this address; `off`, whatever the environment says.
    #[schemars(with = "Option<String>")]
    pub otlp: Option<Url>,
    /// Headers the collector wants.
    #[schemars(extend("default" = {}))]
    pub headers: BTreeMap<String, Secret>,
    /// What this gateway is called there.
    #[schemars(extend("default" = "countersign"))]
    pub service: String,
    /// What else is said of it there.
    #[schemars(extend("default" = {}))]
    pub attributes: BTreeMap<String, String>,
    /// Whether traces are sent.
    #[schemars(extend("default" = true))]
    pub traces: bool,
    /// Whether metrics are sent.
    #[schemars(extend("default" = true))]
    pub metrics: bool,
    /// How many of the traces that begin here are kept. What a caller said of its own trace counts more.
    #[schemars(with = "String", regex(pattern = r"^[0-9]{1,3}(\.[0-9]{1,4})?%$|\$\{"), extend("default" = "100%"))]
    pub sample: Share,
    /// How often something is sent.
    #[schemars(extend("default" = "10s"))]
    pub interval: Period,
    /// Lets a private address through for the collector.
    #[schemars(extend("default" = false))]
    pub allow_private: bool,
    /// Where `/metrics`, `/healthz` and `/readyz` are served beside the clients' own listener.
    #[schemars(with = "Option<String>")]
    pub listen: Option<SocketAddr>,
    /// What whoever asks for `/metrics` must show as a bearer token. With it, `/metrics` is also served where clients connect.
    #[schemars(with = "Option<Secret>")]
    pub metrics_token: Option<Secret>,
}

/// A shorter token could be guessed.
const SHORTEST_TOKEN: usize = 16;

impl Telemetry {
    pub(super) fn read(section: &Section<'_>) -> Reading<Self> {
        let otlp = section.optional(
            "otlp",
            Wanted("an http or https address without user, query or fragment, or `off`", "http://localhost:4318"),
            collector,
        );
        let headers = section.pairs("headers", Privacy::Secret).and_then(|pairs| reach::headers(section, pairs));
        let service = section.text("service", "countersign");
        let attributes = section.pairs("attributes", Privacy::Open);
        let traces = section.truth_or("traces", true);
        let metrics = section.truth_or("metrics", true);
        let sample = section.parsed("sample", Wanted("a share of all traces", "10%"), "100%", Share::parse);
        let interval = section.parsed("interval", Wanted("a time with its unit", "10s"), "10s", Period::parse);
        let allow_private = section.truth("allow_private");
        let address = Wanted("an address and a port", "127.0.0.1:4181");
        let listen = section.optional("listen", address, |text| text.parse::<SocketAddr>().ok());
        let metrics_token = section.given("metrics_token", Privacy::Secret).and_then(|given| token(section, given));
        section.close();
        Ok(Self {
            otlp: otlp?.flatten(),
            headers: headers?,
            service: service?,
            attributes: attributes?.into_iter().map(|(name, given)| (name, given.text)).collect(),
            traces: traces?,
            metrics: metrics?,
            sample: sample?,
            interval: interval?,
            allow_private: allow_private?,
            listen: listen?,
            metrics_token: metrics_token?,
        })
    }
}

/// An address below which the signals have theirs, or none.
#[expect(clippy::option_option, reason = "what cannot be read, and what is not wanted")]
fn collector(text: &str) -> Option<Option<Url>> {
    if text == "off" {
        return Some(None);
    }
    let url = Url::parse(text).ok()?;
    let plain = matches!(url.scheme(), "http" | "https")
        && url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none();
    plain.then_some(Some(url))
}

fn token(section: &Section<'_>, given: Option<Given>) -> Reading<Option<Secret>> {
    let Some(given) = given else { return Ok(None) };
    if given.text.len() < SHORTEST_TOKEN || is_sample(&given.text) {
        let what = "this token could be guessed".to_owned();
        let next = "make one with `openssl rand -hex 32`".to_owned();
        return Err(section.note(&given.at, what, next, Subject::Hidden));
    }
    Ok(Some(given.secret()))
}

impl std::fmt::Debug for Telemetry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Telemetry").field("service", &self.service).finish_non_exhaustive()
    }
}

impl Log {
    pub(super) fn read(section: &Section<'_>) -> Reading<Self> {
        let level = section.word("level", Level::Info);
        let format = section.word("format", Format::Text);
        section.close();
        Ok(Self { level: level?, format: format? })
    }
}

words!(Level: "error" => Error, "warn" => Warn, "info" => Info, "debug" => Debug, "trace" => Trace);
words!(Format: "text" => Text, "json" => Json);

#[cfg(test)]
mod tests;

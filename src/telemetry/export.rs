//! How do spans and metrics get to a collector? OTLP over HTTP, as JSON.
//!
//! Written here and not with the `opentelemetry` crates: what is sent are two documents, two hundred lines of [`otlp`]; the
//! crates bring their own HTTP client, which looks at no address before it connects, a second set of clocks and queues,
//! protobuf, and half a megabyte. Every collector takes `http/json` where it takes `http/protobuf`.
//!
//! No call waits for any of this. What a collector does not take is tried again for a while, and then dropped and counted;
//! what comes meanwhile waits in a queue of fixed length. At the end it has a moment, and no more.

pub mod otlp;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use http::header::{CONTENT_TYPE, HeaderName, RETRY_AFTER};
use http::{HeaderMap, HeaderValue, Request, StatusCode};
use serde_json::Value;
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use url::Url;

use super::metrics::Metrics;
use super::metrics::gather::gather;
use super::metrics::instrument::Counter;
use super::trace::Span;
use super::tracer::{BATCH, Queue};
use crate::clock::Timestamp;
use crate::downstream::http::fetch::fetch;
use crate::downstream::http::guard::{Private, Reach, reach_of};
use crate::gateway::Gateway;
use crate::secret::Secret;

/// How long a collector may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long it may take when everything ends.
const GRACE: Duration = Duration::from_secs(2);
/// How long is waited before the next attempt, each time.
const PAUSES: [Duration; 3] = [Duration::from_secs(1), Duration::from_secs(2), Duration::from_secs(4)];
/// A collector that wants more patience than this loses what it would not take.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Where a collector is, and what it is told with everything.
#[derive(Clone)]
#[expect(missing_debug_implementations, reason = "headers hold credentials")]
pub struct Options {
    /// The address below which `/v1/traces` and `/v1/metrics` are.
    pub url: Url,
    /// Sent with everything.
    pub headers: Vec<(String, Secret)>,
    /// Whether it may be in a private network.
    pub private: Private,
    /// What this process is, by attributes.
    pub resource: Vec<(String, String)>,
    /// How often something is sent.
    pub pace: Duration,
}

/// Why there is no export.
#[derive(Debug, thiserror::Error)]
pub enum BadCollector {
    /// A header cannot be sent.
    #[error("`{0}` under telemetry.headers cannot be sent as a header; write its name and its value on one line")]
    Header(String),
}

/// A collector.
struct Collector {
    base: String,
    headers: HeaderMap,
    reach: Reach,
    resource: Value,
    pace: Duration,
    metrics: Arc<Metrics>,
    /// Whether the last export failed, so that it is said once.
    failing: AtomicBool,
}

/// What is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Signal {
    Traces,
    Metrics,
}

/// Why a collector did not take something.
enum Lost {
    /// It may take it later, perhaps after so long.
    Now(String, Option<Duration>),
    /// It never will.
    ForGood(String),
}

/// What exports, until it is ended.
#[derive(Debug)]
pub struct Exporting {
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl Exporting {
    /// Begins to export spans from this queue, if there is one, and metrics, if they are wanted.
    pub fn start(
        options: &Options,
        gateway: &Arc<Gateway>,
        (spans, metrics): (Option<Arc<Queue>>, bool),
    ) -> Result<Self, BadCollector> {
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        let collector = Arc::new(Collector::new(options, Arc::clone(&gateway.metrics))?);
        if let Some(queue) = spans {
            tasks.spawn(Arc::clone(&collector).export_spans(queue, stop.clone()));
        }
        if metrics {
            tasks.spawn(collector.export_metrics(Arc::clone(gateway), stop.clone()));
        }
        tasks.close();
        Ok(Self { stop, tasks })
    }

    /// Sends what is left, for a moment.
    pub async fn end(self) {
        self.stop.cancel();
        if timeout(GRACE.saturating_mul(2), self.tasks.wait()).await.is_err() {
            tracing::warn!("the last traces and metrics did not reach the collector");
        }
    }
}

impl Collector {
    fn new(options: &Options, metrics: Arc<Metrics>) -> Result<Self, BadCollector> {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        for (name, value) in &options.headers {
            let bad = || BadCollector::Header(name.clone());
            let mut value = HeaderValue::from_str(value.expose()).map_err(|_| bad())?;
            value.set_sensitive(true);
            headers.insert(HeaderName::from_bytes(name.as_bytes()).map_err(|_| bad())?, value);
        }
        Ok(Self {
            base: options.url.as_str().trim_end_matches('/').to_owned(),
            headers,
            reach: reach_of(&options.url, options.private),
            resource: otlp::resource(&options.resource),
            pace: options.pace,
            metrics,
            failing: AtomicBool::new(false),
        })
    }

    /// Sends a batch as soon as there is one, and what there is from time to time.
    async fn export_spans(self: Arc<Self>, queue: Arc<Queue>, stop: CancellationToken) {
        let mut ticks = interval(self.pace);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                () = queue.batch() => {}
                _ = ticks.tick() => {}
            }
            for batch in queue.take().chunks(BATCH) {
                self.deliver(batch, &stop).await;
            }
        }
        for batch in queue.take().chunks(BATCH) {
            self.deliver(batch, &stop).await;
        }
    }

    /// Sends one batch, again after a while if it was not taken; once only when everything ends.
    async fn deliver(&self, batch: &[Span], stop: &CancellationToken) {
        let count = u64::try_from(batch.len()).unwrap_or(u64::MAX);
        let body = otlp::traces(&self.resource, batch).to_string();
        let mut pauses = PAUSES.into_iter();
        loop {
            let patience = if stop.is_cancelled() { GRACE } else { PATIENCE };
            let sent = tokio::select! {
                sent = self.send(Signal::Traces, &body, patience) => sent,
                // What is under way when everything ends gets the same moment as what is not.
                () = ended(stop, patience) => Err(Lost::ForGood("the gateway stopped".to_owned())),
            };
            let pause = match sent {
                Ok(()) => return,
                Err(Lost::Now(_, wanted)) => pauses.next().map(|pause| wanted.unwrap_or(pause).min(LONGEST_PAUSE)),
                Err(Lost::ForGood(_)) => None,
            };
            let Some(pause) = pause.filter(|_| !stop.is_cancelled()) else {
                self.metrics.dropped.with([Signal::Traces.word()], |dropped| dropped.many(count));
                return;
            };
            tokio::select! {
                () = sleep(pause) => {}
                () = stop.cancelled() => {}
            }
        }
    }

    /// Sends everything that was counted, from time to time. The next one says it all again, so that none is sent twice.
    async fn export_metrics(self: Arc<Self>, gateway: Arc<Gateway>, stop: CancellationToken) {
        let since = gateway.clock.now();
        let mut ticks = interval(self.pace);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // The first tick comes at once, when there is nothing to tell yet.
        ticks.tick().await;
        loop {
            let last = tokio::select! {
                () = stop.cancelled() => true,
                _ = ticks.tick() => false,
            };
            let patience = if last { GRACE } else { PATIENCE };
            let sent = tokio::select! {
                sent = self.tell(&gateway, since, patience) => sent,
                () = ended(&stop, patience) => Err(Lost::ForGood("the gateway stopped".to_owned())),
            };
            if sent.is_err() {
                self.metrics.dropped.with([Signal::Metrics.word()], Counter::one);
            }
            if last || stop.is_cancelled() {
                return;
            }
        }
    }

    async fn tell(&self, gateway: &Gateway, since: Timestamp, patience: Duration) -> Result<(), Lost> {
        let measured = gather(gateway).await;
        let body = otlp::metrics(&self.resource, &measured, (since, gateway.clock.now())).to_string();
        self.send(Signal::Metrics, &body, patience).await
    }

    /// Sends something, and says once when that stops working and when it works again.
    async fn send(&self, signal: Signal, body: &str, patience: Duration) -> Result<(), Lost> {
        let sent = self.post(signal, body, patience).await;
        match &sent {
            Ok(refused) => {
                if *refused > 0 {
                    self.metrics.dropped.with([signal.word()], |dropped| dropped.many(*refused));
                }
                if self.failing.swap(false, Ordering::Relaxed) {
                    tracing::info!("the collector takes traces and metrics again");
                }
            }
            Err(Lost::Now(why, _) | Lost::ForGood(why)) => {
                self.metrics.failures.with([signal.word()], Counter::one);
                if !self.failing.swap(true, Ordering::Relaxed) {
                    tracing::warn!(
                        signal = signal.word(),
                        why,
                        "the collector at telemetry.otlp does not take what it is sent; calls go on"
                    );
                }
            }
        }
        sent.map(|_| ())
    }

    async fn post(&self, signal: Signal, body: &str, patience: Duration) -> Result<u64, Lost> {
        let request = Request::post(format!("{}/v1/{}", self.base, signal.word())).body(body.as_bytes().to_vec());
        let mut request = request.map_err(|error| Lost::ForGood(error.to_string()))?;
        *request.headers_mut() = self.headers.clone();
        let reply = fetch(request, self.reach, patience).await.map_err(|fault| Lost::Now(fault.to_string(), None))?;
        let status = reply.status();
        if status.is_success() {
            return Ok(otlp::refused(reply.body()));
        }
        let why = format!("it answers {status}");
        Err(match status {
            StatusCode::TOO_MANY_REQUESTS
            | StatusCode::BAD_GATEWAY
            | StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::GATEWAY_TIMEOUT => {
                let seconds = reply.headers().get(RETRY_AFTER).and_then(|wait| wait.to_str().ok()?.parse().ok());
                Lost::Now(why, seconds.map(Duration::from_secs))
            }
            _ => Lost::ForGood(why),
        })
    }
}

/// Comes when everything ends and a moment has passed; not for what has only a moment anyway.
async fn ended(stop: &CancellationToken, patience: Duration) {
    if patience <= GRACE {
        return std::future::pending().await;
    }
    stop.cancelled().await;
    sleep(GRACE).await;
}

impl Signal {
    const fn word(self) -> &'static str {
        match self {
            Self::Traces => "traces",
            Self::Metrics => "metrics",
        }
    }
}

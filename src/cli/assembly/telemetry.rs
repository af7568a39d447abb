//! Who is told what of this gateway, as the configuration says?

use std::sync::Arc;

use anyhow::Context as _;
use tokio::net::TcpListener;

use super::Assembled;
use crate::clock::chance;
use crate::config::{Config, Telemetry};
use crate::digest::hex;
use crate::downstream::http::guard::Private;
use crate::front::watch::{self, Metrics};
use crate::gateway::Gateway;
use crate::telemetry::export::{Exporting, Options};
use crate::telemetry::tracer::Tracer;

/// Begins to send traces and metrics to the collector; nothing where there is none.
pub fn start(config: &Config, gateway: &Arc<Gateway>) -> anyhow::Result<Option<Exporting>> {
    let said = &config.telemetry;
    let Some(url) = said.otlp.clone().filter(|_| said.traces || said.metrics) else { return Ok(None) };
    let options = Options {
        url,
        headers: said.headers.iter().map(|(name, value)| (name.clone(), value.clone())).collect(),
        private: if said.allow_private { Private::Allowed } else { Private::Refused },
        resource: resource(config)?,
        pace: said.interval.duration(),
    };
    let queue = said.traces.then(|| {
        let (tracer, queue) = Tracer::new(said.sample, Arc::clone(&gateway.metrics));
        drop(gateway.tracer.set(tracer));
        queue
    });
    Ok(Some(Exporting::start(&options, gateway, (queue, said.metrics))?))
}

/// What this process is: OpenTelemetry's names, and over them what the configuration says.
fn resource(config: &Config) -> anyhow::Result<Vec<(String, String)>> {
    let said = &config.telemetry;
    let own = [
        ("service.name", said.service.clone()),
        ("service.version", env!("CARGO_PKG_VERSION").to_owned()),
        ("service.instance.id", hex(&chance::<16>()?)),
        ("deployment.environment.name", config.environment.clone()),
        ("telemetry.sdk.name", "countersign".to_owned()),
        ("telemetry.sdk.language", "rust".to_owned()),
        ("telemetry.sdk.version", env!("CARGO_PKG_VERSION").to_owned()),
    ];
    // `telemetry.service` is the setting for the name, wherever it is from.
    let more = said.attributes.iter().filter(|(name, _)| *name != "service.name");
    let mut all: Vec<(String, String)> = more.map(|(name, value)| (name.clone(), value.clone())).collect();
    for (name, value) in own {
        if !said.attributes.contains_key(name) || name == "service.name" {
            all.push((name.to_owned(), value));
        }
    }
    Ok(all)
}

/// Who may ask for metrics where clients connect.
pub fn metrics(said: &Telemetry) -> Metrics {
    said.metrics_token.clone().map_or(Metrics::Closed, Metrics::Token)
}

/// Opens the operator's own listener, if there is one.
pub async fn listen(said: &Telemetry, assembled: &Assembled) -> anyhow::Result<()> {
    let Some(listen) = said.listen else { return Ok(()) };
    let socket = TcpListener::bind(listen).await.with_context(|| {
        format!(
            "cannot listen on {listen} for whoever watches: is something else there? choose another telemetry.listen"
        )
    })?;
    let metrics = said.metrics_token.clone().map_or(Metrics::Open, Metrics::Token);
    tracing::info!(address = %socket.local_addr()?, "metrics and readiness are served here too");
    let gateway = Arc::clone(&assembled.gateway);
    gateway.tasks.spawn(watch::serve(Arc::clone(&gateway), socket, metrics, assembled.stop.clone()));
    Ok(())
}

//! `countersign serve`: listens for agents until it is told to stop.

use std::collections::BTreeSet;
use std::sync::Arc;

use anyhow::Context as _;
use clap::Args;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::assembly::{self, Assembled, Tenure};
use super::exit::Exit;
use super::{Examples, Global, runtime};
use crate::audit::entry::{Entry, Event, Operated};
use crate::config::Config;
use crate::front::http::Listener;
use crate::front::metadata::Metadata;
use crate::identity::guard::Rules;
use crate::telemetry;

/// What `serve` takes.
#[derive(Args, Debug)]
pub struct ServeArgs {}

/// Shown under its help.
pub const EXAMPLES: Examples = Examples([
    ("countersign serve", "listens where countersign.toml says"),
    ("countersign serve --set http.listen=127.0.0.1:4280", "the same on another port"),
]);

/// Runs the command.
pub fn run(_args: &ServeArgs, global: &Global) -> anyhow::Result<Exit> {
    let config = global.load()?;
    telemetry::start(&config.log);
    runtime()?.block_on(serve(&config))?;
    Ok(Exit::Done)
}

async fn serve(config: &Config) -> anyhow::Result<()> {
    config.some_servers()?;
    config.listener()?;
    let assembled = assembly::assemble(config, Tenure::Alone).await?;
    let told = told_to_stop(&assembled.stop)?;
    let address = listen(config, &assembled).await?;
    assembled.attend();
    tracing::info!(address = %address, "listening; the MCP endpoint is http://{address}/mcp");
    told.await;
    tracing::info!("stopping");
    assembled.leave().await;
    Ok(())
}

/// Opens the listener a configuration asks for. It serves until everything stops.
pub async fn listen(config: &Config, assembled: &Assembled) -> anyhow::Result<std::net::SocketAddr> {
    let http = config.listener()?;
    let gateway = Arc::clone(&assembled.gateway);
    let identity = assembly::identity(http, &config.identity.issuers, &gateway.store)?;
    let servers: BTreeSet<String> = config.servers.keys().map(ToString::to_string).collect();
    let metadata = Metadata::new(&identity, servers);
    let socket = TcpListener::bind(http.listen).await.with_context(|| {
        format!("cannot listen on {}: is something else there? choose another http.listen", http.listen)
    })?;
    let address = socket.local_addr()?;
    let rules = Rules::new(address, &http.public_url, &http.allowed_hosts, &http.allowed_origins)?;
    let detail = format!(
        "serve on {address}, policy {}",
        gateway.judge.digest().map_or_else(String::new, |digest| digest.to_string())
    );
    let started = Event::Operated(Operated { what: "started", detail });
    let entry = Entry { call: None, at: gateway.clock.now(), event: started };
    gateway.recorder.write(vec![entry]).await.context("the record cannot be written, so nothing would run")?;
    let listener = Listener { gateway, identity: Arc::new(identity), rules, limits: assembled.limits, metadata };
    let serving = Arc::new(listener).serve(socket, assembled.stop.clone());
    assembled.gateway.tasks.spawn(serving);
    Ok(address)
}

/// Waits for a signal to stop, or for `stop`. Signals are heeded from the moment this is called.
pub fn told_to_stop(stop: &CancellationToken) -> anyhow::Result<impl Future<Output = ()> + use<>> {
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let stop = stop.clone();
    Ok(async move {
        tokio::select! {
            () = stop.cancelled() => {}
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

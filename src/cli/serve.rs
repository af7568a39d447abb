//! `countersign serve`: listens for agents until it is told to stop.

use std::collections::BTreeSet;
use std::io::IsTerminal as _;
use std::sync::Arc;

use anyhow::Context as _;
use clap::Args;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::assembly::{self, Assembled, Tenure, telemetry as telemetry_of};
use super::exit::Exit;
use super::output::Output;
use super::seclusion::seclude;
use super::{Examples, Global, runtime};
use crate::audit::entry::{Entry, Event, Operated};
use crate::config::{Config, Http};
use crate::front::http::Listener;
use crate::front::metadata::Metadata;
use crate::identity::guard::Rules;
use crate::identity::sign_in::owner;
use crate::passkey::Site;
use crate::telemetry;

/// What `serve` takes.
#[derive(Args, Debug)]
pub struct ServeArgs {
    /// Print the link by which you sign in, also where nobody sits at a terminal
    #[arg(long)]
    invite: bool,
}

/// Shown under its help.
pub const EXAMPLES: Examples = Examples([
    ("countersign serve", "listens where countersign.toml says"),
    ("countersign serve --set http.listen=127.0.0.1:4280", "the same on another port"),
]);

/// Runs the command.
pub fn run(args: &ServeArgs, global: &Global, out: &mut Output<'_>) -> anyhow::Result<Exit> {
    let config = global.load()?;
    telemetry::start(&config.log);
    seclude();
    let asked = args.invite || std::io::stdout().is_terminal();
    runtime()?.block_on(serve(&config, asked.then_some(out)))?;
    Ok(Exit::Done)
}

async fn serve(config: &Config, out: Option<&mut Output<'_>>) -> anyhow::Result<()> {
    config.some_servers()?;
    config.listener()?;
    let assembled = assembly::assemble(config, Tenure::Alone).await?;
    let told = told_to_stop(&assembled.stop)?;
    let address = listen(config, &assembled).await?;
    assembled.attend(config)?;
    tracing::info!(address = %address, "listening; the MCP endpoint is http://{address}/mcp");
    warn_of_no_anchor(config);
    telemetry_of::listen(&config.telemetry, &assembled).await?;
    if let Some(out) = out {
        invite(config, &assembled, address, out).await?;
    }
    told.await;
    tracing::info!("stopping");
    assembled.leave().await;
    Ok(())
}

/// Whoever holds the database and the keys beside it can write another record, and nothing shows it.
fn warn_of_no_anchor(config: &Config) {
    if config.anchors.is_empty() {
        tracing::warn!(
            "no anchor is configured: whoever can write to the database and to the keys beside it could rewrite the record \
             unseen; write [[anchors]] with name, kind = \"folder\" and the path of a folder this machine cannot rewrite"
        );
    }
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
    gateway.pages.get_or_init(|| pages(http, address));
    let detail = format!(
        "serve on {address}, policy {}",
        gateway.judge.digest().map_or_else(String::new, |digest| digest.to_string())
    );
    let started = Event::Operated(Operated { what: "started", detail });
    let entry = Entry { call: None, at: gateway.clock.now(), event: started };
    gateway.recorder.write(vec![entry]).await.context("the record cannot be written, so nothing would run")?;
    let doors = assembly::doors(&config.review, http, address)?;
    let identity = Arc::new(identity);
    let outbox = assembled.outbox(config)?;
    let metrics = telemetry_of::metrics(&config.telemetry);
    let (limits, token_keys) = (assembled.limits, gateway.credentials.token_keys());
    let listener = Listener { gateway, identity, rules, limits, metadata, token_keys, doors, outbox, metrics };
    let serving = Arc::new(listener).serve(socket, assembled.stop.clone());
    assembled.gateway.tasks.spawn(serving);
    Ok(address)
}

/// Prints how whoever started this signs in. A link goes to the terminal and never to the log: what runs under the same
/// login may read that. Whoever has a passkey needs no link, and nothing gets one by starting a gateway.
pub async fn invite(
    config: &Config,
    assembled: &Assembled,
    address: std::net::SocketAddr,
    out: &mut Output<'_>,
) -> anyhow::Result<()> {
    if !config.review.owner {
        return Ok(());
    }
    let (gateway, pages) = (&assembled.gateway, pages(config.listener()?, address));
    if !gateway.store.passkeys_of(&owner::owner().principal).await?.is_empty() {
        out.line(&format!("To see and answer calls that wait, sign in with your passkey: {pages}/inbox"))?;
        return Ok(());
    }
    let secret = owner::invite(&gateway.store, gateway.desk.now().await?).await?;
    let minutes = owner::LASTS.as_secs() / 60;
    out.line(&format!("To see and answer calls that wait, open this within {minutes} minutes; it works once:"))?;
    out.line(&format!("  {pages}/sign-in/link?secret={}", secret.as_str()))?;
    Ok(())
}

/// Where browsers find the pages. On loopback they have passkeys under one name alone, and a browser that is signed in under
/// it is not signed in under another.
fn pages(http: &Http, address: std::net::SocketAddr) -> String {
    let reached = assembly::reached(http, address);
    let origin = Site::at(&reached).map(|site| site.origin().to_owned());
    origin.unwrap_or_else(|_| reached.as_str().trim_end_matches('/').to_owned())
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

//! `countersign run`: one agent on standard input and output.

use std::sync::Arc;

use clap::Args;

use super::assembly::{self, Tenure};
use super::exit::Exit;
use super::seclusion::seclude;
use super::serve::told_to_stop;
use super::{Examples, Global, runtime};
use crate::config::Config;
use crate::front::stdio::Pipe;
use crate::identity::local;
use crate::telemetry;

/// What `run` takes.
#[derive(Args, Debug)]
pub struct RunArgs {
    /// Offer this server alone, under its own names
    #[arg(long, value_name = "NAME")]
    server: Option<String>,
}

/// Shown under its help.
pub const EXAMPLES: Examples = Examples([
    ("countersign run --config ~/agent/countersign.toml", "all servers, their tools named server__tool"),
    ("countersign run --server files", "one server, its tools under their own names"),
]);

/// Runs the command.
pub fn run(args: &RunArgs, global: &Global) -> anyhow::Result<Exit> {
    let config = global.load()?;
    telemetry::start(&config.log);
    seclude();
    runtime()?.block_on(serve(args, &config))
}

async fn serve(args: &RunArgs, config: &Config) -> anyhow::Result<Exit> {
    let servers = config.some_servers()?;
    if let Some(name) = &args.server
        && !servers.contains_key(name.as_str())
    {
        let known: Vec<&str> = servers.keys().map(crate::config::ServerName::as_str).collect();
        return Err(Exit::NotFound.error(format!("there is no server `{name}`; there are: {}", known.join(", "))));
    }
    let assembled = assembly::assemble(config, Tenure::Shared).await?;
    assembled.attend(config)?;
    let gateway = Arc::clone(&assembled.gateway);
    let Some(scope) = gateway.scope(args.server.as_deref()) else {
        return Err(Exit::NotFound.error("there is no such server"));
    };
    let pipe = Pipe { gateway, caller: Arc::new(local::caller()), scope, limits: assembled.limits };
    let stop = assembled.stop.child_token();
    let told = told_to_stop(&stop)?;
    let mut serving = std::pin::pin!(pipe.serve(tokio::io::stdin(), tokio::io::stdout(), stop.clone()));
    tokio::select! {
        () = &mut serving => {}
        () = told => {
            assembled.wind_up().await;
            stop.cancel();
            serving.await;
        }
    }
    assembled.leave().await;
    Ok(Exit::Done)
}

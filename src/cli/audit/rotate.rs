//! `countersign audit rotate`: how is the signing key changed for another?

use std::sync::Arc;

use clap::Args;

use crate::audit::entry::{Event, Operated};
use crate::book::BookKeeper;
use crate::cli::exit::Exit;
use crate::cli::output::Output;
use crate::cli::{Examples, Global};
use crate::clock::SystemClock;
use crate::gateway::recorder::Recorder;
use crate::identity::local;
use crate::store::{Store, StoreOptions};

/// What `audit rotate` takes.
#[derive(Args, Clone, Debug)]
pub(super) struct RotateArgs {
    /// Why: stands in the record
    #[arg(long, value_name = "TEXT", default_value = "it was time")]
    pub(super) reason: String,
}

/// Shown under its help.
pub(super) const EXAMPLES: Examples = Examples([
    ("countersign audit rotate", "the next checkpoint is signed by both keys, those after it by the new one"),
    ("countersign audit key --all", "which key signed when?"),
]);

/// Runs the command. A gateway that runs takes the key up within seconds; without one it is done here.
pub(super) async fn run(args: &RotateArgs, global: &Global, out: &mut Output<'_>) -> anyhow::Result<Exit> {
    let store = Store::open_beside(&StoreOptions::from(&global.store()?)).await?;
    let (old, origin) = (store.keys().signer().verifier(), store.log_head().await?.origin);
    let next = store.keys().prepare(&origin)?.verifier();
    let detail = format!("{} changed the key {old} for {next}: {}", local::caller().principal, args.reason);
    let event = Event::Operated(Operated { what: "key_rotated", detail });
    Recorder::note(&store, None, event).await?;
    BookKeeper::open(store.clone(), Arc::new(SystemClock)).await?.finish().await?;
    store.close().await;
    out.line(&format!("the new key is {next}"))?;
    out.line("The next checkpoint is signed by both; whoever holds the old key believes the new one by it.")?;
    Ok(Exit::Done)
}

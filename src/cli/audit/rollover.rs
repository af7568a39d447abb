//! `countersign audit rollover`: what if the database that was signed is lost?

use clap::Args;

use crate::book::roll_over;
use crate::cli::exit::Exit;
use crate::cli::output::Output;
use crate::cli::{Examples, Global};
use crate::identity::local;
use crate::store::{Store, StoreOptions};

/// What `audit rollover` takes.
#[derive(Args, Clone, Debug)]
pub(super) struct RolloverArgs {
    /// Why the log ends: stands in the record for good
    #[arg(long, value_name = "TEXT")]
    pub(super) reason: String,
}

/// Shown under its help.
pub(super) const EXAMPLES: Examples = Examples([
    ("countersign audit rollover --reason \"disk of db1 lost, restored from Sunday\"", "go on with what is left"),
    ("countersign audit verify", "look first: is it really lost?"),
]);

/// Runs the command.
pub(super) async fn run(args: &RolloverArgs, global: &Global, out: &mut Output<'_>) -> anyhow::Result<Exit> {
    let store = Store::open_beside(&StoreOptions::from(&global.store()?)).await?;
    let origin = roll_over(&store, (&local::caller().principal, &args.reason)).await?;
    let key = store.keys().signer().verifier();
    store.close().await;
    out.line(&format!("from now on the record is the log {origin}; give its key to whoever checks it:"))?;
    out.line(&format!("  {key}"))?;
    out.line("What was signed before is not part of it. Keep the old checkpoints: they prove what is missing.")?;
    Ok(Exit::Done)
}

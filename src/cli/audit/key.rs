//! `countersign audit key`: by whom is the record signed?

use clap::Args;

use crate::cli::exit::Exit;
use crate::cli::output::Output;
use crate::cli::{Examples, Global};
use crate::store::{Store, StoreOptions};

/// What `audit key` takes.
#[derive(Args, Clone, Debug)]
pub(super) struct KeyArgs {
    /// Also those before it, each with the size it signed from
    #[arg(long)]
    pub(super) all: bool,
}

/// Shown under its help.
pub(super) const EXAMPLES: Examples = Examples([
    ("countersign audit key", "give this to whoever is to check the record"),
    ("countersign audit key --all", "which key signed when?"),
]);

/// Runs the command.
pub(super) async fn run(args: &KeyArgs, global: &Global, out: &mut Output<'_>) -> anyhow::Result<Exit> {
    let store = Store::open_reader(&StoreOptions::from(&global.store()?)).await?;
    if !args.all {
        out.line(&store.keys().signer().verifier().to_string())?;
        return Ok(Exit::Done);
    }
    for (first, _, key) in store.log_keys().await? {
        out.line(&format!("from {first}: {key}"))?;
    }
    Ok(Exit::Done)
}

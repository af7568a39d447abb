//! `countersign audit bundle`: what does an outsider get?

use std::path::PathBuf;

use clap::Args;

use super::verify::progress;
use crate::book::bundle::write;
use crate::cli::exit::Exit;
use crate::cli::output::Output;
use crate::cli::{Examples, Global};
use crate::store::{Store, StoreOptions};

/// What `audit bundle` takes.
#[derive(Args, Clone, Debug)]
pub(super) struct BundleArgs {
    /// Into this folder, which is empty or not there yet
    #[arg(value_name = "FOLDER")]
    pub(super) folder: PathBuf,
}

/// Shown under its help.
pub(super) const EXAMPLES: Examples = Examples([
    ("countersign audit bundle october", "everything that is signed for, with all bodies"),
    ("countersign audit verify october --key example.org/log+1a2b3c4d+AZ...", "what whoever gets it does first"),
]);

/// Runs the command.
pub(super) async fn run(args: &BundleArgs, global: &Global, out: &mut Output<'_>) -> anyhow::Result<Exit> {
    let store = Store::open_reader(&StoreOptions::from(&global.store()?)).await?;
    let written = write(&store, &args.folder, progress()).await?;
    let folder = args.folder.display();
    out.line(&format!("wrote {} entries into {folder}; whoever gets it checks it with:", written.size))?;
    out.line(&format!("  countersign audit verify {folder} --key {}", store.keys().signer().verifier()))?;
    out.line("Send the key by another way than the folder: whoever can change both can change everything.")?;
    Ok(Exit::Done)
}

//! `countersign audit consistency`: did the record only grow?

use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;

use super::verify::key;
use crate::audit::checkpoint::Checkpoint;
use crate::audit::note::{Note, Signed, Verifier as Key};
use crate::audit::tree::is_consistent;
use crate::book::reading::prove_growth;
use crate::cli::exit::Exit;
use crate::cli::output::{Mark, Output};
use crate::cli::{Examples, Global};
use crate::store::{Store, StoreOptions};

/// What `audit consistency` takes.
#[derive(Args, Clone, Debug)]
pub(super) struct ConsistencyArgs {
    /// The older checkpoint
    #[arg(value_name = "OLD")]
    pub(super) old: PathBuf,
    /// The newer one
    #[arg(value_name = "NEW")]
    pub(super) new: PathBuf,
    /// A public key you hold; the one beside the database if left out
    #[arg(long = "key", value_name = "KEY", value_parser = key)]
    pub(super) keys: Vec<Key>,
}

/// Shown under its help.
pub(super) const EXAMPLES: Examples = Examples([
    ("countersign audit consistency january.txt october.txt", "is all of January still there, as it was?"),
    (
        "countersign audit consistency a.txt b.txt --key example.org/log+1a2b3c4d+AZ...",
        "against the key you were given",
    ),
]);

/// Runs the command.
pub(super) async fn run(args: &ConsistencyArgs, global: &Global, out: &mut Output<'_>) -> anyhow::Result<Exit> {
    let store = Store::open_reader(&StoreOptions::from(&global.store()?)).await?;
    let keys = if args.keys.is_empty() { vec![store.keys().signer().verifier()] } else { args.keys.clone() };
    let mut said = Vec::new();
    for path in [&args.old, &args.new] {
        let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        let note = Note::parse(&text).with_context(|| format!("{} is no checkpoint", path.display()))?;
        let checkpoint = Checkpoint::of(&note).with_context(|| format!("{} is no checkpoint", path.display()))?;
        if !keys.iter().any(|key| key.signed(&note) == Signed::Well) {
            out.marked(Mark::Warn, &format!("cannot be decided: {} is signed by none of your keys", path.display()))?;
            return Ok(Exit::NotFound);
        }
        said.push(checkpoint);
    }
    let [old, new] = said.as_slice() else { return Ok(Exit::Failed) };
    if old.origin != new.origin {
        out.marked(Mark::Fail, &format!("these are two logs: {} and {}", old.origin, new.origin))?;
        return Ok(Exit::Failed);
    }
    let proof = prove_growth(&store, old.size, new.size).await;
    let grew = proof.is_ok_and(|proof| is_consistent((old.size, &old.root), (new.size, &new.root), &proof));
    if grew {
        out.marked(Mark::Ok, &format!("the first {} of {} entries are the same: it only grew", old.size, new.size))?;
        return Ok(Exit::Done);
    }
    out.marked(Mark::Fail, "TAMPERED: the older one is not the beginning of the newer one in this record")?;
    Ok(Exit::Failed)
}

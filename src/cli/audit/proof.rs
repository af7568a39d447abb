//! `countersign audit proof`: what does somebody need who wants to know that one entry is in the record?

use std::fs;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;

use crate::book::bundle::Line;
use crate::book::reading::prove;
use crate::cli::exit::Exit;
use crate::cli::output::Output;
use crate::cli::{Examples, Global};
use crate::store::{Store, StoreOptions};

/// What `audit proof` takes.
#[derive(Args, Clone, Debug)]
pub(super) struct ProofArgs {
    /// The entry's number, as `log` and `audit timeline` show it with --json
    #[arg(value_name = "ENTRY")]
    pub(super) entry: i64,
    /// Into this folder: the entry, and its proof
    #[arg(long, value_name = "FOLDER", default_value = ".")]
    pub(super) out: PathBuf,
}

/// Shown under its help.
pub(super) const EXAMPLES: Examples = Examples([
    ("countersign audit proof 1712", "writes entry-1712.json and entry-1712.tlog-proof"),
    ("countersign audit verify --entry entry-1712.json --proof entry-1712.tlog-proof --key ...", "checks them"),
]);

/// Runs the command.
pub(super) async fn run(args: &ProofArgs, global: &Global, out: &mut Output<'_>) -> anyhow::Result<Exit> {
    let store = Store::open_reader(&StoreOptions::from(&global.store()?)).await?;
    let proven = prove(&store, args.entry).await?;
    fs::create_dir_all(&args.out).with_context(|| format!("cannot make {}", args.out.display()))?;
    let (entry, proof) = (format!("entry-{}.json", args.entry), format!("entry-{}.tlog-proof", args.entry));
    let line = serde_json::to_string(&Line::of(args.entry, proven.body))?;
    let write = |name: &str, text: String| {
        let path = args.out.join(name);
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
        Ok::<_, anyhow::Error>(path)
    };
    let entry = write(&entry, format!("{}\n{line}\n", proven.leaf))?;
    let proof = write(&proof, proven.proof.text())?;
    out.line(&format!("wrote {} and {}; whoever has the key checks them with:", entry.display(), proof.display()))?;
    let key = store.keys().signer().verifier();
    out.line(&format!(
        "  countersign audit verify --entry {} --proof {} --key {key}",
        entry.display(),
        proof.display()
    ))?;
    Ok(Exit::Done)
}

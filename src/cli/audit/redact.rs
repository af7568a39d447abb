//! `countersign audit redact`: how is something erased that nobody may keep?

use clap::Args;

use crate::book::redact;
use crate::cli::exit::Exit;
use crate::cli::output::Output;
use crate::cli::{Examples, Global};
use crate::identity::local;
use crate::store::{Store, StoreOptions};

/// What `audit redact` takes.
#[derive(Args, Clone, Debug)]
pub(super) struct RedactArgs {
    /// The entry's number, as `log show CALL --json` has it
    #[arg(value_name = "ENTRY")]
    pub(super) entry: i64,
    /// What to erase of it, such as /params/arguments/email; everything below goes with it
    #[arg(value_name = "POINTER", required = true)]
    pub(super) pointers: Vec<String>,
    /// Why: stands in the record
    #[arg(long, value_name = "TEXT")]
    pub(super) reason: String,
}

/// Shown under its help.
pub(super) const EXAMPLES: Examples = Examples([
    ("countersign log show 019a3f20 --json", "which entry, and which pointer?"),
    ("countersign audit redact 1712 /params/arguments/email --reason \"request 41 under GDPR 17\"", "for good"),
]);

/// Runs the command.
pub(super) async fn run(args: &RedactArgs, global: &Global, out: &mut Output<'_>) -> anyhow::Result<Exit> {
    let store = Store::open_beside(&StoreOptions::from(&global.store()?)).await?;
    let done = redact(&store, (args.entry, &args.pointers), (&local::caller().principal, &args.reason)).await?;
    store.close().await;
    for (entry, pointers) in done {
        out.line(&format!("erased in entry {entry}: {}", pointers.join(", ")))?;
    }
    out.line("All proofs still hold. Not reached: backups, exports, bundles, messages people got, and in Postgres what is not vacuumed yet.")?;
    Ok(Exit::Done)
}

//! `countersign leases`: which credentials are out, and taking one back.
//!
//! Works beside the gateway and without it: whoever has the configuration can take back what a gateway made.

use clap::{Args, Subcommand};

use super::assembly::credentials::makers;
use super::exit::Exit;
use super::output::Output;
use super::{Examples, Global, runtime};
use crate::audit::entry::LeaseEnd;
use crate::config::Config;
use crate::credentials::{Credentials, Ended};
use crate::identity::local;
use crate::review::lease::LeaseCard;
use crate::store::leases::{KeptLease, Over};
use crate::store::{Store, StoreOptions};
use crate::visible::harmless;

/// What `leases` takes.
#[derive(Args, Debug)]
pub struct LeasesArgs {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand, Debug)]
enum Verb {
    /// List the credentials that are out
    #[command(after_help = LIST.text())]
    List {
        /// Those that are gone too, the newest 1000
        #[arg(long)]
        all: bool,
        /// Print one JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// Take a credential back now, whatever its call does
    #[command(after_help = REVOKE.text())]
    Revoke {
        /// The lease, as `leases list` names it
        #[arg(value_name = "LEASE", required_unless_present = "all")]
        lease: Option<String>,
        /// Every credential that is out
        #[arg(long, conflicts_with = "lease")]
        all: bool,
    },
}

const LIST: Examples = Examples([
    ("countersign leases list", "which credentials can be used right now?"),
    ("countersign leases list --all --json", "and what became of the last thousand, for a program"),
]);

const REVOKE: Examples = Examples([
    ("countersign leases revoke 019a3f2077c1f00dfeedc0de", "one, while its call still runs"),
    ("countersign leases revoke --all", "every one that is out, on a bad day"),
]);

/// Shown under its help.
pub const EXAMPLES: Examples = Examples([
    ("countersign leases list", "which credentials can be used right now?"),
    ("countersign leases revoke --all", "none any more"),
]);

/// So many are listed at most.
const MOST: u32 = 1000;

/// Runs the command.
pub fn run(args: &LeasesArgs, global: &Global, out: &mut Output<'_>) -> anyhow::Result<Exit> {
    runtime()?.block_on(async {
        match &args.verb {
            Verb::List { all, json } => {
                let store = Store::open_reader(&StoreOptions::from(&global.store()?)).await?;
                let over = if *all { Over::Too } else { Over::LeftOut };
                list(&store.list_leases(over, MOST).await?, *json, out)
            }
            Verb::Revoke { lease, .. } => {
                let config = global.load()?;
                let store = Store::open_beside(&StoreOptions::from(&config.store)).await?;
                let done = revoke(&config, &store, lease.as_deref(), out).await;
                store.close().await;
                done
            }
        }
    })
}

fn list(leases: &[KeptLease], json: bool, out: &mut Output<'_>) -> anyhow::Result<Exit> {
    if json {
        for lease in leases {
            out.json_line(&LeaseCard::of(lease.clone()))?;
        }
        return Ok(Exit::Done);
    }
    let row = |lease: &KeptLease| {
        let reaches = harmless(&lease.reaches.join("; ")).into_owned();
        let state = lease.trouble.as_ref().map_or_else(
            || lease.state.word().to_owned(),
            |trouble| format!("{}: {}", lease.state.word(), harmless(trouble)),
        );
        vec![lease.id.clone(), lease.provider.clone(), state, reaches, lease.call.clone(), lease.expires.to_string()]
    };
    let rows: Vec<_> = leases.iter().map(row).collect();
    out.table(&["lease", "provider", "state", "reaches", "call", "ends by itself"], &rows)?;
    Ok(Exit::Done)
}

async fn revoke(config: &Config, store: &Store, lease: Option<&str>, out: &mut Output<'_>) -> anyhow::Result<Exit> {
    let credentials = Credentials::beside(makers(config, store)?, store.clone(), config.leases.check);
    let person = local::caller().principal;
    let named = match lease {
        Some(lease) => vec![lease.to_owned()],
        None => store.list_leases(Over::LeftOut, MOST).await?.into_iter().map(|lease| lease.id).collect(),
    };
    let mut exit = Exit::Done;
    for id in named {
        let (told, failed) = match credentials.end_by_hand(&id, &person).await? {
            Ended::Done(LeaseEnd::Lapses) => ("cannot be taken back; it ends by itself".to_owned(), false),
            Ended::Done(LeaseEnd::Stays) => ("is a lasting secret, and stays".to_owned(), false),
            Ended::Done(_) => ("is taken back".to_owned(), false),
            Ended::Stuck(why) => (format!("could not be taken back, and is tried again: {}", harmless(&why)), true),
            Ended::Over => ("is gone already".to_owned(), lease.is_some()),
            Ended::Unknown => ("is no lease; `countersign leases list` names those there are".to_owned(), true),
        };
        out.line(&format!("{} {told}", harmless(&id)))?;
        if failed {
            exit = Exit::Failed;
        }
    }
    Ok(exit)
}

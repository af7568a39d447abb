//! `countersign audit prune`: how is removed what is older than it may be?

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;

use crate::book::retention::{Class, Times, plan, prune};
use crate::cli::assembly::retention::times;
use crate::cli::exit::Exit;
use crate::cli::output::Output;
use crate::cli::span::moment;
use crate::cli::{Examples, Global};
use crate::clock::{Clock, SystemClock};
use crate::identity::local;
use crate::store::{Store, StoreOptions};

/// What `audit prune` takes.
#[derive(Args, Clone, Debug)]
pub(super) struct PruneArgs {
    /// Everything older than this, whatever [retention] says: 400d, a date or a time in RFC 3339
    #[arg(long, value_name = "DATE")]
    before: Option<String>,
    /// Into an archive in this folder; what [retention] says if left out
    #[arg(long, value_name = "FOLDER")]
    archive: Option<PathBuf>,
    /// Only say what would go
    #[arg(long)]
    dry_run: bool,
}

/// Shown under its help.
pub(super) const EXAMPLES: Examples = Examples([
    ("countersign audit prune --dry-run", "what is older than [retention] says?"),
    ("countersign audit prune --before 400d --archive /mnt/archive", "everything older than 400 days"),
]);

/// Runs the command.
pub(super) async fn run(args: &PruneArgs, global: &Global, out: &mut Output<'_>) -> anyhow::Result<Exit> {
    let (said, store) = global.retention()?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let now = clock.now();
    let before = args.before.as_deref().map(|text| moment(text, now)).transpose()?;
    let times: Times = match before {
        Some(before) => Class::ALL.into_iter().map(|class| (class, before.min(now))).collect(),
        None => times(&said, now),
    };
    if times.is_empty() {
        let what = "nothing is said to be too old: give --before, or write [retention] with calls = \"400d\"";
        return Err(Exit::Usage.error(what));
    }
    let options = StoreOptions::from(&store);
    Store::must_exist(&options)?;
    if args.dry_run {
        let plan = plan(&Store::open_reader(&options).await?, &times, now).await?;
        for (class, count) in &plan.counts {
            out.line(&format!("{}: {count} would go", class.word()))?;
        }
        out.line(&format!("{} bodies would be archived and removed", plan.places.count()))?;
        return left((&plan.held, plan.untold), out);
    }
    let no_place = || Exit::Usage.error("the record is in memory; say with --archive where what goes is written to");
    let place = args.archive.clone().or(said.archive).ok_or_else(no_place)?;
    let store = Store::open_beside(&options).await?;
    let done = prune(&store, &clock, (&times, &place), &local::caller().principal).await;
    store.close().await;
    let done = done?;
    out.line(&format!("{} bodies were archived and removed", done.entries))?;
    for archive in &done.archives {
        out.line(&format!("  {} ({})", archive.folder.display(), archive.digest))?;
    }
    if !done.archives.is_empty() {
        let place = place.display();
        out.line(&format!("Every proof still holds. With the archives: countersign audit verify --archive {place}"))?;
    }
    left((&done.held, done.untold), out)
}

fn left((held, untold): (&BTreeMap<String, u64>, u64), out: &mut Output<'_>) -> anyhow::Result<Exit> {
    for (hold, count) in held {
        out.line(&format!("{count} stay because of {hold}; see countersign audit hold list"))?;
    }
    if untold > 0 {
        out.line(&format!("{untold} stay until the sinks were told of them"))?;
    }
    Ok(Exit::Done)
}

//! `countersign audit report`: one page about a period.

use std::path::PathBuf;

use clap::Args;

use super::book::{Book, Bounds, Period};
use super::draft::Draft;
use crate::audit::export::Record;
use crate::audit::report::tally::Tally;
use crate::audit::report::{Report, Source};
use crate::cli::exit::Exit;
use crate::cli::output::Output;
use crate::cli::{Examples, Global};
use crate::clock::{Clock as _, SystemClock, Timestamp};
use crate::store::Store;
use crate::store::entries::Wanted;

/// What `audit report` takes.
#[derive(Args, Clone, Debug)]
pub(super) struct ReportArgs {
    #[command(flatten)]
    period: Period,
    /// Where to; one HTML file that needs no other
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// For a copy that cannot be written: do not write down that this was made
    #[arg(long)]
    unrecorded: bool,
}

/// Shown under its help.
pub(super) const EXAMPLES: Examples = Examples([
    ("countersign audit report --from 2026-07-01 --to 2026-10-01 --out q3.html", "a quarter, for an auditor"),
    ("countersign audit report --from 30d --out month.html", "the last thirty days"),
]);

/// Lines of one call that are looked up.
const MOST: i64 = 1000;

/// Runs the command.
pub(super) async fn run(args: &ReportArgs, global: &Global, out: &mut Output<'_>) -> anyhow::Result<Exit> {
    let now = SystemClock.now();
    let asked = args.period.bounds(now)?;
    let book = Book::open(global, args.unrecorded).await?;
    let done = write(args, asked, &book, global).await;
    book.store.close().await;
    out.line(&done?)?;
    Ok(Exit::Done)
}

async fn write(args: &ReportArgs, asked: Bounds, book: &Book, global: &Global) -> anyhow::Result<String> {
    let mut draft = Draft::new(&args.out)?;
    let oldest = oldest(&book.store).await?;
    // What is printed is exactly what was counted.
    let from = whole(asked.from.or(oldest).unwrap_or(book.now));
    let to = whole(asked.to.unwrap_or(book.now));
    let bounds = Bounds { from: Some(from), to: Some(to) };
    let places = book.places(bounds).await?;
    let (mut tally, wanted) = (Tally::default(), Wanted::default());
    book.read(places, (&wanted, bounds), |record| {
        tally.count(record);
        Ok(())
    })
    .await?;
    recall(&book.store, &mut tally, from).await?;
    let (first, last) = tally.ends.map(|(first, last)| (first.0, last.0)).unzip();
    // A configuration that cannot be read here is no reason to have no report.
    let deployment = global.load().ok().map(|config| (config.environment, config.zone));
    let source = Source {
        made: book.now,
        by: book.by.clone(),
        place: book.store.place().to_owned(),
        deployment,
        oldest,
        recorded: book.recorded,
        settled: places.end.settled,
    };
    let (entries, unreviewed) = (tally.entries(), tally.unreviewed().len());
    let report = Report::of(source, (from, to), tally, book.ends(first, last).await?);
    draft.write(&askama::Template::render(&report)?)?;
    let finished = draft.finish()?;
    let name = args.out.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let detail = format!("made a report from {from} to {to} on {entries} entries, {name}, sha256 {}", finished.sha256);
    book.note("reported", &detail).await?;
    finished.publish()?;
    let place = args.out.display();
    Ok(format!("{place}: {entries} entries, {unreviewed} calls of high risk that ran without a person's consent"))
}

/// What is known from before the period of calls that ran in it.
async fn recall(store: &Store, tally: &mut Tally, from: Timestamp) -> anyhow::Result<()> {
    for id in tally.unknown() {
        for line in store.of_call(&id, MOST).await?.iter().filter(|line| line.at < from) {
            tally.recall(&Record::of(line, None));
        }
    }
    Ok(())
}

async fn oldest(store: &Store) -> anyhow::Result<Option<Timestamp>> {
    let first = store.following(&Wanted::default(), 0, 1).await?;
    Ok(first.first().map(|line| line.at))
}

/// To the millisecond, as times are written.
const fn whole(at: Timestamp) -> Timestamp {
    Timestamp::from_micros(at.micros().div_euclid(1000).saturating_mul(1000))
}

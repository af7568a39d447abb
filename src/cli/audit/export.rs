//! `countersign audit export`: all entries of a period, in a form somebody else reads.

use std::ffi::OsString;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;

use super::book::{Book, Bounds, Period};
use super::draft::{Draft, put};
use crate::audit::export::Format;
use crate::audit::export::proof::{Population, Proof};
use crate::cli::exit::Exit;
use crate::cli::output::Output;
use crate::cli::{Examples, Global};
use crate::clock::{Clock as _, SystemClock};
use crate::store::entries::Wanted;

/// What `audit export` takes.
#[derive(Args, Clone, Debug)]
pub(super) struct ExportArgs {
    /// The form: jsonl, csv, ocsf or cef
    #[arg(long, value_name = "FORM", default_value = "jsonl", value_parser = format)]
    format: Format,
    #[command(flatten)]
    period: Period,
    /// Only of calls whose id begins like this
    #[arg(long, value_name = "ID")]
    call: Option<String>,
    /// Only entries with this event code; may be given several times
    #[arg(long = "event", value_name = "NAME")]
    events: Vec<String>,
    /// Where to; beside it stands FILE.proof.json. Standard output, without a proof, if left out
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// For a copy that cannot be written: do not write down that this was taken
    #[arg(long)]
    unrecorded: bool,
}

/// Shown under its help.
pub(super) const EXAMPLES: Examples = Examples([
    ("countersign audit export --from 2026-10-01 --to 2026-11-01 --out october.jsonl", "every entry of a month"),
    ("countersign audit export --format csv --event voted --from 90d --out votes.csv", "who approved what, as a table"),
]);

fn format(text: &str) -> Result<Format, String> {
    Format::of_word(text).ok_or_else(|| format!("write one of: {}", Format::ALL.map(Format::word).join(", ")))
}

/// Runs the command.
pub(super) async fn run(args: &ExportArgs, global: &Global, out: &mut Output<'_>) -> anyhow::Result<Exit> {
    let bounds = args.period.bounds(SystemClock.now())?;
    let book = Book::open(global, args.unrecorded).await?;
    let wanted = Wanted { call: args.call.clone().unwrap_or_default(), events: args.events.clone() };
    let done = match &args.out {
        Some(file) => into_file(&book, (args.format, file), (&wanted, bounds), out).await,
        None => to_stdout(&book, args.format, (&wanted, bounds), out).await,
    };
    book.store.close().await;
    done?;
    Ok(Exit::Done)
}

async fn into_file(
    book: &Book,
    (format, file): (Format, &Path),
    (wanted, bounds): (&Wanted, Bounds),
    out: &mut Output<'_>,
) -> anyhow::Result<()> {
    let mut draft = Draft::new(file)?;
    draft.write(format.head())?;
    let mut population = Population::default();
    let places = book.places(bounds).await?;
    book.read(places, (wanted, bounds), |record| {
        population.count(record);
        draft.write(&format.record(record))
    })
    .await?;
    let finished = draft.finish()?;
    let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let filter = bounds.filter(wanted);
    let count = in_words(&population);
    let detail = format!("took {count} as {} into {name}, sha256 {}, {filter}", format.word(), finished.sha256);
    book.note("exported", &detail).await?;
    let ends = book.ends(population.first_seq, population.last_seq).await?;
    let made = (book.now.to_string(), book.by.clone());
    let proof = Proof::of((&name, format), (finished.sha256.clone(), finished.bytes), (filter, population), made);
    let proof = Proof { standing: ends, recorded: book.recorded, settled: places.end.settled, ..proof };
    put(&beside(file), &format!("{}\n", serde_json::to_string_pretty(&proof)?))?;
    finished.publish()?;
    let digest = &proof.sha256;
    out.line(&format!("{count} in {}; {} says so (sha256 {digest})", file.display(), beside(file).display()))?;
    if !proof.settled {
        out.line("another transaction of the database is open: entries of the last moments may be missing")?;
    }
    Ok(())
}

async fn to_stdout(
    book: &Book,
    format: Format,
    (wanted, bounds): (&Wanted, Bounds),
    out: &mut Output<'_>,
) -> anyhow::Result<()> {
    let detail = format!("took entries as {} to standard output, {}", format.word(), bounds.filter(wanted));
    let places = book.places(bounds).await?;
    book.note("exported", &detail).await?;
    out.exact(format.head())?;
    let mut population = Population::default();
    book.read(places, (wanted, bounds), |record| {
        population.count(record);
        Ok(out.exact(&format.record(record))?)
    })
    .await?;
    let said = format!("{}; with --out FILE there is a proof beside it\n", in_words(&population));
    // Where nobody can be told, nothing is lost.
    drop(std::io::stderr().write_all(said.as_bytes()));
    Ok(())
}

/// Where the proof of a file stands.
fn beside(file: &Path) -> PathBuf {
    let mut name = OsString::from(file);
    name.push(".proof.json");
    PathBuf::from(name)
}

fn in_words(population: &Population) -> String {
    let (entries, calls) = (population.entries, population.calls);
    let entries = if entries == 1 { "1 entry".to_owned() } else { format!("{entries} entries") };
    let calls = if calls == 1 { "1 call".to_owned() } else { format!("{calls} calls") };
    format!("{entries} of {calls}")
}

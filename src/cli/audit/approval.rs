//! `countersign audit approval`: who let this call run, and can you prove it?

use std::path::PathBuf;

use clap::Args;

use super::verify::key;
use crate::audit::approved::{Surety, grounds};
use crate::audit::leaf::Leaf;
use crate::audit::note::Verifier as Key;
use crate::book::archives::Archives;
use crate::book::reading::prove;
use crate::call::CallId;
use crate::cli::exit::Exit;
use crate::cli::output::{Mark, Output};
use crate::cli::{Examples, Global};
use crate::store::{Store, StoreOptions};
use crate::wire::json::{Object, Value};
use crate::wire::reader::{Limits, lenient};

/// What `audit approval` takes.
#[derive(Args, Clone, Debug)]
pub(super) struct ApprovalArgs {
    /// The call's id, or enough of its beginning
    #[arg(value_name = "CALL")]
    pub(super) call: String,
    /// A public key you hold; the one beside the database if left out
    #[arg(long = "key", value_name = "KEY", value_parser = key)]
    pub(super) keys: Vec<Key>,
    /// An archive of what was removed when its time was over, or a folder of such; may be given several times
    #[arg(long = "archive", value_name = "FOLDER")]
    pub(super) archives: Vec<PathBuf>,
}

/// Shown under its help.
pub(super) const EXAMPLES: Examples = Examples([
    ("countersign audit approval 019a3f20-77c1-7abc", "who agreed, by what, and to exactly what ran?"),
    (
        "countersign audit approval 019a3f20-77c1-7abc --key example.org/log+1a2b3c4d+AZ...",
        "against the key you were given",
    ),
]);

/// Entries of one call that are read.
const MOST: i64 = 10_000;

/// Runs the command.
pub(super) async fn run(args: &ApprovalArgs, global: &Global, out: &mut Output<'_>) -> anyhow::Result<Exit> {
    let store = Store::open_reader(&StoreOptions::from(&global.store()?)).await?;
    let keys = if args.keys.is_empty() { vec![store.keys().signer().verifier()] } else { args.keys.clone() };
    let lines = store.of_call(&args.call, MOST).await?;
    let Some(call) = lines.first().and_then(|line| line.call.clone()) else {
        return Err(Exit::NotFound.error(format!("no call in the record begins with {}", args.call)));
    };
    if lines.iter().any(|line| line.call.as_ref() != Some(&call)) {
        return Err(Exit::Usage.error(format!("several calls begin with {}; give more of the id", args.call)));
    }
    let mut archives = Archives::default();
    args.archives.iter().try_for_each(|folder| archives.add(folder))?;
    let (mut entries, mut unproven): (Vec<(String, Object)>, Vec<String>) = (Vec::new(), Vec::new());
    let mut removed = 0_usize;
    for line in &lines {
        let text = match proven(&store, line.seq, (&keys, &mut archives)).await {
            Ok(Some(text)) => text,
            Ok(None) => {
                removed = removed.saturating_add(1);
                continue;
            }
            Err(why) => {
                unproven.push(format!("entry {} ({}): {why}", line.seq, line.event));
                line.body.clone()
            }
        };
        if let Ok(Value::Object(body)) = lenient(text.as_bytes(), &Limits::REPLY) {
            entries.push((line.event.clone(), body));
        }
    }
    if removed > 0 {
        let of = lines.len();
        out.marked(
            Mark::Warn,
            &format!("incomplete: what {removed} of {of} entries of this call say was removed when its time was over"),
        )?;
        out.line("Give the archive that has it, with --archive; `countersign audit verify` says which that is.")?;
        return Ok(if unproven.is_empty() { Exit::Usage } else { Exit::Failed });
    }
    told(&call, &entries, (lines.len(), &unproven), out)
}

/// What an entry says, if it is in the log under a checkpoint that one of these keys signed; nothing where its body was removed
/// and no archive has it.
async fn proven(store: &Store, seq: i64, (keys, archives): (&[Key], &mut Archives)) -> Result<Option<String>, String> {
    let proven = prove(store, seq).await.map_err(|error| error.to_string())?;
    let leaf = Leaf::parse(&proven.leaf).ok_or("its leaf cannot be read")?;
    let mut why = "no key was given".to_owned();
    let mut is_signed = false;
    for key in keys {
        match proven.proof.check(leaf.hash(), key.name(), key) {
            Ok(_) => is_signed = true,
            Err(error) => why = error.to_string(),
        }
    }
    if !is_signed {
        return Err(why);
    }
    let body = match (proven.body, proven.gone) {
        (None, true) => match archives.body(proven.proof.place, &leaf) {
            Some(body) => body,
            None => return Ok(None),
        },
        (body, _) => body.ok_or("its body is not what its leaf stands for")?,
    };
    if body.root().as_ref() != Ok(&leaf.root) {
        return Err("its body is not what its leaf stands for".to_owned());
    }
    Ok(Some(body.body().to_owned()))
}

fn told(
    call: &CallId,
    entries: &[(String, Object)],
    (count, unproven): (usize, &[String]),
    out: &mut Output<'_>,
) -> anyhow::Result<Exit> {
    let found = grounds(call, entries);
    if found.is_empty() {
        out.line(&format!(
            "nobody was asked about {call}: rules alone decided; see `countersign audit timeline {call}`"
        ))?;
    }
    for ground in &found {
        let (mark, how) = match ground.surety {
            Surety::Signed => (Mark::Ok, "signed by the person"),
            Surety::Written => (Mark::Ok, "written down"),
            Surety::Broken => (Mark::Fail, "DOES NOT FIT"),
        };
        out.marked(mark, &format!("{how}: {}", ground.what))?;
    }
    for what in unproven {
        out.marked(Mark::Fail, &format!("not proven: {what}"))?;
    }
    let proven = count.saturating_sub(unproven.len());
    out.line(&format!("{proven} of {count} entries of this call are proven under a signed checkpoint"))?;
    let broken = found.iter().any(|ground| ground.surety == Surety::Broken);
    Ok(if broken || !unproven.is_empty() { Exit::Failed } else { Exit::Done })
}

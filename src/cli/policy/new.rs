//! `countersign policy new`: a first rule and its test, from a real call.

use std::collections::BTreeSet;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;

use super::super::exit::Exit;
use super::super::output::{Mark, Output};
use super::super::{Examples, Global, runtime};
use crate::object;
use crate::policy::draft::{self, Draft, Kind, Model};
use crate::replay::history::{self, Arrived};
use crate::store::{Store, StoreError, StoreOptions};

/// What `policy new` takes.
#[derive(Args, Debug)]
pub(super) struct NewArgs {
    /// What the policy is called: lower-case letters, digits and underscores
    name: String,
    /// The call in the record to begin with, or enough of its id; the last one if left out
    #[arg(long, value_name = "CALL")]
    from: Option<String>,
    /// What the rule does
    #[arg(long, value_name = "deny|hold", default_value = "deny", hide_possible_values = true)]
    effect: Word,
    /// The folder to write to; the first of the configuration if left out
    #[arg(long, value_name = "FOLDER")]
    into: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Word {
    Deny,
    Hold,
}

/// Shown under its help.
pub(super) const EXAMPLES: Examples = Examples([
    ("countersign policy new large_refunds --from 019a3f20-77c1-7abc", "begin with a call that happened"),
    ("countersign policy new large_refunds --effect hold --into policies", "begin with the last call there was"),
]);

/// Runs the verb.
pub(super) fn run(args: &NewArgs, global: &Global, out: &mut Output<'_>) -> anyhow::Result<Exit> {
    let name = &args.name;
    if !draft::is_name(name) {
        let text = format!(
            "`{name}` cannot be the name of a policy; take lower-case letters, digits and underscores, such as large_refunds"
        );
        return Err(Exit::Usage.error(text));
    }
    let folder = match &args.into {
        Some(folder) => folder.clone(),
        None => folder(&global.policy()?.paths)?,
    };
    let kind = match args.effect {
        Word::Deny => Kind::Deny,
        Word::Hold => Kind::Hold,
    };
    let model = match &args.from {
        Some(call) => recorded(call, global)?,
        None => last(global)?.unwrap_or_else(example),
    };
    let Draft { policy, test } = draft::draft(name, kind, &model);
    let files = [(folder.join(format!("{name}.rego")), policy), (folder.join(format!("{name}_test.rego")), test)];
    if let Some((there, _)) = files.iter().find(|(path, _)| path.exists()) {
        let text = format!("{} is there already; nothing was written. Take another name", there.display());
        return Err(Exit::Failed.error(text));
    }
    std::fs::create_dir_all(&folder).with_context(|| format!("the folder {} cannot be made", folder.display()))?;
    for (path, text) in &files {
        write(path, text).with_context(|| format!("{} cannot be written", path.display()))?;
        out.marked(Mark::Ok, &format!("wrote {}", path.display()))?;
    }
    let [policy, test] = files.map(|(path, _)| path.display().to_string());
    out.line("")?;
    out.line("Next: narrow the rule, say in its test what it must leave alone, and then")?;
    out.line(&format!("  countersign policy check {}", folder.display()))?;
    out.line(&format!("  countersign policy test {policy} {test}"))?;
    out.line(&format!("  countersign policy replay --against {}", folder.display()))?;
    Ok(Exit::Done)
}

/// Where new policies go: the first folder that policies are read from.
fn folder(paths: &[PathBuf]) -> anyhow::Result<PathBuf> {
    let is_file = |path: &&PathBuf| path.extension().is_some_and(|kind| kind == "rego" || kind == "json");
    let folder = paths.iter().find(|path| !is_file(path)).cloned();
    folder.ok_or_else(|| Exit::Usage.error("policy.paths names files only; say where to write with --into FOLDER"))
}

fn write(path: &Path, text: &str) -> std::io::Result<()> {
    OpenOptions::new().write(true).create_new(true).open(path)?.write_all(text.as_bytes())
}

/// The call in the record whose id begins like this.
fn recorded(call: &str, global: &Global) -> anyhow::Result<Model> {
    let options = StoreOptions::from(&global.store()?);
    let arrivals = runtime()?.block_on(async {
        let store = Store::open_reader(&options).await?;
        history::arrivals(&store, call).await.map_err(anyhow::Error::from)
    })?;
    let calls: BTreeSet<&str> = arrivals.iter().map(|arrival| arrival.call.as_str()).collect();
    if calls.len() > 1 {
        let some: Vec<&str> = calls.into_iter().take(5).collect();
        let text = format!("several calls begin with {call}, such as {}; give more of the id", some.join(", "));
        return Err(Exit::Usage.error(text));
    }
    arrivals.first().map(model).ok_or_else(|| {
        let text = format!("no call in the record begins with {call}; see countersign log tail --event arrived");
        Exit::NotFound.error(text)
    })
}

/// The last call in the record, if there is a record and a call in it.
fn last(global: &Global) -> anyhow::Result<Option<Model>> {
    let options = StoreOptions::from(&global.store()?);
    runtime()?.block_on(async {
        let store = match Store::open_reader(&options).await {
            Ok(store) => store,
            Err(StoreError::Missing { .. } | StoreError::Older { .. }) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        Ok(history::last_arrival(&store).await?.as_ref().map(model))
    })
}

fn model(arrival: &Arrived) -> Model {
    let said = |name| arrival.entry.str(name).unwrap_or_default().to_owned();
    let arguments = arrival.entry.object("params").and_then(|params| params.object("arguments"));
    Model {
        origin: format!("From the call {} at {}.", arrival.call, arrival.at),
        principal: said("principal"),
        server: said("server"),
        method: said("method"),
        target: said("target"),
        arguments: arguments.cloned().unwrap_or_default(),
    }
}

fn example() -> Model {
    Model {
        origin: "An example; countersign policy new NAME --from CALL begins with a call that happened.".to_owned(),
        principal: "key:assistant".to_owned(),
        server: "shop".to_owned(),
        method: "tools/call".to_owned(),
        target: "refund_order".to_owned(),
        arguments: object! { "order" => "A-1042", "amount" => 120_i64 },
    }
}

//! `countersign policy coverage`: which rules can touch which tool, and which tools does no rule name?

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use clap::Args;
use serde::Serialize;
use serde_json::json;

use super::super::exit::Exit;
use super::super::output::{Mark, Output};
use super::super::{Examples, Global, runtime};
use super::refusal::refuse;
use super::{chosen, counted};
use crate::catalogue::pins::Pinned;
use crate::policy::bundle::{Bundle, Mode};
use crate::policy::coverage::{Coverage, Touch};
use crate::policy::files::{self, Include};
use crate::policy::index::Aim;
use crate::store::pins::KeptPin;
use crate::store::{Store, StoreError, StoreOptions};

/// What `policy coverage` takes.
#[derive(Args, Debug)]
pub(super) struct CoverageArgs {
    /// Files or folders; those of the configuration if left out
    paths: Vec<PathBuf>,
    /// Only this server's tools
    #[arg(long, value_name = "NAME")]
    server: Option<String>,
    /// End with code 1 when a rule names neither a tool nor its server
    #[arg(long)]
    require_rule: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Shown under its help.
pub(super) const EXAMPLES: Examples = Examples([
    ("countersign policy coverage", "which tools does no rule name?"),
    ("countersign policy coverage --require-rule --json", "for a script that minds"),
]);

/// One tool and who may speak about it.
#[derive(Debug, Serialize)]
struct Row {
    server: String,
    tool: String,
    /// `agreed`, `changed` or `waits`; the last two are refused whatever the rules say.
    definition: &'static str,
    /// How narrowly the narrowest rule picks it; nothing when none can touch it.
    named: Option<Aim>,
    rules: Vec<Touch>,
}

/// Runs the verb.
pub(super) fn run(args: &CoverageArgs, global: &Global, out: &mut Output<'_>) -> anyhow::Result<Exit> {
    let paths = chosen(&args.paths, global)?;
    let bundle = match files::read(&paths, Include::Policies).and_then(|sources| Bundle::load(&sources)) {
        Ok(bundle) => bundle,
        Err(problems) => return refuse(&problems, args.json, out),
    };
    let configured: BTreeSet<String> = global.load()?.servers.keys().map(ToString::to_string).collect();
    let wanted = |server: &str| args.server.as_deref().is_none_or(|only| only == server);
    if let Some(only) = args.server.as_deref().filter(|only| !configured.contains(*only)) {
        return Err(Exit::NotFound.error(format!("no server `{only}` is configured; see countersign config show")));
    }
    let pins = seen(&StoreOptions::from(&global.store()?))?;
    let unseen: Vec<&str> = configured
        .iter()
        .map(String::as_str)
        .filter(|server| wanted(server) && !pins.iter().any(|pin| pin.server == **server))
        .collect();
    let pins = pins.iter().filter(|pin| configured.contains(&pin.server) && wanted(&pin.server));
    let rows = rows(&Coverage::of(&bundle), pins);
    let bare = rows.iter().filter(|row| !is_named(row)).count();
    if args.json {
        let digest = bundle.digest().to_string();
        out.json(&json!({ "version": 1, "digest": digest, "unnamed": bare, "unseen": unseen, "tools": rows }))?;
    } else {
        tell(&rows, &unseen, out)?;
    }
    Ok(if args.require_rule && (bare > 0 || !unseen.is_empty()) { Exit::Failed } else { Exit::Done })
}

/// The tools that were ever seen. Where there is no record yet, none was.
fn seen(options: &StoreOptions) -> anyhow::Result<Vec<KeptPin>> {
    runtime()?.block_on(async {
        match Store::open_reader(options).await {
            Ok(store) => Ok(store.list_pins("").await?),
            Err(StoreError::Missing { .. }) => Ok(Vec::new()),
            Err(error) => Err(error.into()),
        }
    })
}

/// Tools nobody names first.
fn rows<'p>(coverage: &Coverage<'_>, pins: impl Iterator<Item = &'p KeptPin>) -> Vec<Row> {
    let row = |pin: &KeptPin| {
        let rules = coverage.of_tool(&pin.server, &pin.tool);
        Row {
            server: pin.server.clone(),
            tool: pin.tool.clone(),
            definition: standing(&pin.pinned),
            named: rules.first().map(|touch| touch.aim),
            rules,
        }
    };
    let mut rows: Vec<Row> = pins.map(row).collect();
    rows.sort_by(|a, b| (a.named, &a.server, &a.tool).cmp(&(b.named, &b.server, &b.tool)));
    rows
}

fn standing(pinned: &Pinned) -> &'static str {
    match pinned.agreed {
        None => "waits",
        Some(agreed) if agreed == pinned.seen => "agreed",
        Some(_) => "changed",
    }
}

fn is_named(row: &Row) -> bool {
    row.named.is_some_and(|aim| aim > Aim::General)
}

fn tell(rows: &[Row], unseen: &[&str], out: &mut Output<'_>) -> std::io::Result<()> {
    let cells = |row: &Row| {
        let by = match row.named {
            Some(Aim::Tool) => "the tool",
            Some(Aim::Server) => "the server",
            Some(Aim::General) => "nothing, general rules only",
            None => "nothing, no rule at all",
        };
        vec![row.server.clone(), row.tool.clone(), row.definition.to_owned(), by.to_owned(), rules(&row.rules)]
    };
    if !rows.is_empty() {
        out.table(&["server", "tool", "definition", "named by", "rules"], &rows.iter().map(cells).collect::<Vec<_>>())?;
        out.line("")?;
    }
    let bare = rows.iter().filter(|row| !is_named(row)).count();
    let mark = if bare > 0 { Mark::Warn } else { Mark::Ok };
    let tools = counted(rows.len(), "tool", "tools");
    out.marked(mark, &format!("{tools}; {bare} that no rule names, neither by tool nor by server"))?;
    let refused = rows.iter().filter(|row| row.definition != "agreed").count();
    if refused > 0 {
        let what = counted(refused, "definition has", "definitions have");
        out.marked(Mark::Warn, &format!("{what} not been agreed to and may not be called; see countersign pins list"))?;
    }
    unseen.iter().try_for_each(|server| {
        out.marked(Mark::Warn, &format!("no tool of {server} was seen yet; let an agent list them once"))
    })
}

/// `policy: word, word`, with what counts for nothing in brackets.
fn rules(touches: &[Touch]) -> String {
    let mut policies: BTreeMap<(std::cmp::Reverse<Aim>, &str), Vec<String>> = BTreeMap::new();
    for touch in touches {
        let word = touch.effect.word();
        let word = if touch.mode == Mode::Shadow { format!("({word})") } else { word.to_owned() };
        policies.entry((std::cmp::Reverse(touch.aim), &touch.policy)).or_default().push(word);
    }
    let told = policies.into_iter().map(|((_, policy), words)| format!("{policy} {}", words.join("+")));
    told.collect::<Vec<_>>().join(", ")
}

//! What does a decision cost, and a change of the rules?
//!
//! The shipped library, tables of a thousand rows behind it, and a package that searches texts: some sixty effect rules. Each
//! call differs from the one before, so that what is remembered helps no more than it does in life. The time counts from
//! the call to the decision: its arguments are read, the document is made, the rules are asked.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::time::Duration;

use countersign::call::Call;
use countersign::facts::resource::Catalogue;
use countersign::policy::bundle::{Bundle, Source, Sources};
use countersign::policy::starter;
use serde_json::{Value, json};

use crate::calls;
use crate::measure::{heads, row};

/// How many rows each table has.
const ROWS: usize = 1000;
/// How many files a large set of rules has.
const FILES: usize = 100;
/// How many different calls take turns.
const CALLS: usize = 500;

const KINDS: [(&str, &str, &str, &[&str]); 4] = [
    ("nothing is known of it", "shop", "list_products", &["shop-server"]),
    ("a file is read", "files", "read_file", &["npx", "-y", "@modelcontextprotocol/server-filesystem", "/srv/work"]),
    ("a statement of 1 KiB", "db", "query", &["npx", "-y", "@modelcontextprotocol/server-postgres", "x"]),
    ("3 KiB of anything", "notes", "update_task", &["notes-server"]),
];

pub(crate) fn run() -> anyhow::Result<()> {
    let bundle = load(&with_tables()?)?;
    heads(&format!(
        "Decisions by {} rules over tables of {ROWS} rows, from the call to the decision",
        bundle.rules().len()
    ));
    for (what, server, tool, words) in KINDS {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        let plan = calls::plan(&words);
        let all: Vec<Call> =
            (0..CALLS).map(|round| calls::call(server, tool, &arguments(server, round).to_string())).collect();
        let around = all.first().map(|call| calls::around(call, "development"));
        let turn = Cell::new(0);
        row(what, "80 (p99 400)", || {
            turn.set(turn.get() + 1);
            let (call, around) = (all.get(turn.get() % CALLS)?, around.as_ref()?);
            let document = calls::document(call, around, &plan, &Catalogue::default());
            Some(bundle.decide(&document, call.digest, &|| Duration::ZERO))
        });
    }
    heads("Rules taken into force");
    let sources = many();
    row("100 files, 500 rules, checked and prepared", "200000", || load(&sources));
    let library = starter::sources();
    row("the library", "", || load(&library));
    Ok(())
}

fn arguments(server: &str, round: usize) -> Value {
    match server {
        "files" => json!({ "path": format!("/srv/work/src/part{round}.rs") }),
        "db" => json!({ "sql": statement(round) }),
        "notes" => json!({ "id": round, "text": "A line of a note that somebody wrote. ".repeat(80) }),
        _ => json!({ "page": round }),
    }
}

/// A join with a long list, about one KiB.
fn statement(round: usize) -> String {
    let ids: Vec<String> = (round..round.saturating_add(120)).map(|id| (1_000_000 + id).to_string()).collect();
    format!(
        "SELECT o.id, o.total, c.name FROM shop.orders o JOIN shop.customers c ON c.id = o.customer_id \
         WHERE o.id IN ({}) AND o.created_at > now() - interval '7 days' ORDER BY o.id LIMIT 50",
        ids.join(", ")
    )
}

fn load(sources: &Sources) -> anyhow::Result<Bundle> {
    Bundle::load(sources).map_err(|problems| anyhow::anyhow!("the rules are not fit: {problems:?}"))
}

/// The shipped library with full tables, and a package that searches every text.
fn with_tables() -> anyhow::Result<Sources> {
    let mut sources = starter::sources();
    let mut tables = BTreeMap::new();
    for table in ["tables", "repositories", "users", "hosts"] {
        let rows: BTreeMap<String, Value> = (0..ROWS)
            .map(|row| (format!("{table}-{row}"), json!({ "owner": format!("team-{}", row % 7), "level": row % 4 })))
            .collect();
        tables.insert(table, rows);
    }
    sources
        .data
        .push(Source { path: "tables.json".to_owned(), text: serde_json::to_string(&json!({ "bench": tables }))? });
    sources.policies.push(Source { path: "search.rego".to_owned(), text: SEARCH.to_owned() });
    Ok(sources)
}

const SEARCH: &str = r#"package countersign.search

deny contains {"id": "words", "reason": "Three patterns in one text."} if {
	some name, text in input.call.arguments
	is_string(text)
	regex.match(`(?i)begin private`, text)
	regex.match(`[0-9]{16}`, text)
	regex.match(`(?i)password`, text)
}

hold contains {"id": "owner", "reason": "Somebody else's.", "reviewers": ["user"]} if {
	some thing in input.facts.resources
	row := data.bench.tables[thing.name]
	row.level > 2
}
"#;

/// A hundred packages of five rules each.
fn many() -> Sources {
    let policies = (0..FILES).map(|file| {
        let rules = (0..5).map(|rule| {
            let effect = if rule == 0 { "allow" } else { "deny" };
            format!(
                "{effect} contains {{\"id\": \"r{rule}\", \"reason\": \"Rule {rule} of file {file}.\"}} if {{\n\
                 \tinput.call.server == \"s{file}\"\n\tinput.call.tool == \"t{rule}\"\n\
                 \tamount := input.call.arguments.amount\n\tamount > {rule}\n}}\n\n"
            )
        });
        let text = format!("package countersign.p{file}\n\n{}", rules.collect::<String>());
        Source { path: format!("p{file}.rego"), text }
    });
    Sources { policies: policies.collect(), data: Vec::new() }
}

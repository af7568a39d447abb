//! What does an entry look like as a row of a table?
//!
//! RFC 4180 with every cell in quotes. No cell holds a line end, so that a reader that splits lines first still finds one
//! record on each. A cell that a spreadsheet would take for a formula begins with an apostrophe; the last column holds the
//! entry as it is.
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

use super::gist::Gist;
use super::{Record, jsonl};
use crate::visible::harmless;

/// The names of the columns.
pub(super) const HEAD: &str =
    "\"seq\",\"leaf\",\"leaf_hash\",\"at\",\"call\",\"event\",\"who\",\"what\",\"outcome\",\"why\",\"entry\"\r\n";

/// One row.
pub(super) fn record(record: &Record) -> String {
    let Gist { who, what, outcome, why } = Gist::of(record);
    let entry = jsonl::record(record);
    let leaf = record.leaf.as_ref();
    let cells = [
        record.seq.to_string(),
        leaf.map(|leaf| leaf.index.to_string()).unwrap_or_default(),
        leaf.map(|leaf| leaf.hash.clone()).unwrap_or_default(),
        record.at.to_string(),
        record.call.clone().unwrap_or_default(),
        record.event.clone(),
        who,
        what,
        outcome,
        why,
        entry.trim_end().to_owned(),
    ];
    let cells: Vec<String> = cells.iter().map(|cell| quoted(cell)).collect();
    cells.join(",") + "\r\n"
}

fn quoted(cell: &str) -> String {
    let cell = harmless(cell);
    let guard = if cell.starts_with(['=', '+', '-', '@']) { "'" } else { "" };
    format!("\"{guard}{}\"", cell.replace('"', "\"\""))
}

//! What does an entry look like in Common Event Format?
//!
//! `CEF:0|vendor|product|version|event|name|severity|extension`. In the header a bar and a backslash are escaped, in the
//! extension a backslash and an equals sign; line ends and everything else a terminal would obey are written out before.
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

use super::gist::Gist;
use super::ocsf::severity;
use super::{Record, jsonl};
use crate::visible::harmless;

/// One line.
pub(super) fn record(record: &Record) -> String {
    let Gist { who, what, outcome, why } = Gist::of(record);
    let name = record.event.replace('_', " ");
    // CEF counts to ten.
    let severity = severity(record).saturating_mul(2);
    let mut line = format!(
        "CEF:0|Countersign|Countersign|{}|{}|{}|{severity}|",
        env!("CARGO_PKG_VERSION"),
        header(&record.event),
        header(&name)
    );
    let leaf = record.leaf.as_ref();
    let text = |key: &str| record.body.str(key).unwrap_or_default().to_owned();
    let fields = [
        ("rt", record.at.millis().to_string()),
        ("externalId", record.seq.to_string()),
        ("suser", who),
        ("act", outcome),
        ("request", what),
        ("reason", why),
        ("cs1Label", "call".to_owned()),
        ("cs1", record.call.clone().unwrap_or_default()),
        ("cs2Label", "digest".to_owned()),
        ("cs2", text("digest")),
        ("cs3Label", "policy".to_owned()),
        ("cs3", text("policy")),
        ("cs4Label", "leaf".to_owned()),
        ("cs4", leaf.map(|leaf| leaf.hash.clone()).unwrap_or_default()),
        ("cn1Label", "leafIndex".to_owned()),
        ("cn1", leaf.map(|leaf| leaf.index.to_string()).unwrap_or_default()),
        ("msg", jsonl::record(record).trim_end().to_owned()),
    ];
    let mut given: Vec<String> = Vec::new();
    for pair in fields.chunk_by(|(key, _), (next, _)| key.strip_suffix("Label") == Some(*next)) {
        // A label without what it is of says nothing.
        if pair.last().is_some_and(|(_, value)| !value.is_empty()) {
            given.extend(pair.iter().map(|(key, value)| format!("{key}={}", extension(value))));
        }
    }
    line.push_str(&given.join(" "));
    line.push('\n');
    line
}

fn header(text: &str) -> String {
    harmless(text).replace('\\', "\\\\").replace('|', "\\|")
}

fn extension(text: &str) -> String {
    harmless(text).replace('\\', "\\\\").replace('=', "\\=")
}

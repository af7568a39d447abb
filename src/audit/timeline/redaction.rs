//! What is left of an entry when its words are left out?
//!
//! What is listed here stays: names of people and things, words of ours, digests, times and numbers. Everything else goes, so
//! that a member nobody thought of goes too, and what went is named.
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

use crate::audit::export::Record;
use crate::wire::json::{Object, Value};

/// Members that stay.
const KEPT: [&str; 64] = [
    "account",
    "agent",
    "agreed",
    "asked",
    "attempt",
    "break_glass",
    "by",
    "bytes",
    "call",
    "catalogue",
    "class",
    "code",
    "deadline",
    "definition",
    "digest",
    "evidence",
    "exceeded",
    "finding",
    "from",
    "given",
    "grant",
    "hidden",
    "labels",
    "lacking",
    "leaf",
    "left",
    "masked",
    "method",
    "micros",
    "millis",
    "outcome",
    "part",
    "people",
    "person",
    "policy",
    "preview_of",
    "principal",
    "proof",
    "protocol",
    "provenance",
    "redacted",
    "risk",
    "seen",
    "server",
    "session",
    "state",
    "summary",
    "target",
    "tool",
    "traceparent",
    "transport",
    "until",
    "used",
    "user",
    "word",
    "effect",
    "id",
    "severity",
    "reviewers",
    "quorum",
    "each",
    "ttl",
    "index",
    "hash",
];
/// Members whose own members are looked at in the same way.
const OPENED: [&str; 5] = ["findings", "shadow", "agreement", "all_of", "previews"];

/// The entry without arguments and free text, and what was left out of it.
pub fn redacted(record: &Record) -> Record {
    let mut left_out = Vec::new();
    let mut body = without(&record.body, "", &mut left_out);
    left_out.sort();
    left_out.dedup();
    if !left_out.is_empty() {
        body.insert("left_out", left_out.into_iter().map(Value::from).collect::<Value>());
    }
    Record { body, ..record.clone() }
}

fn without(object: &Object, place: &str, left_out: &mut Vec<String>) -> Object {
    let mut kept = Object::new();
    for (name, value) in object.iter() {
        let here = format!("{place}/{name}");
        let held = match value {
            Value::Object(inner) if OPENED.contains(&name) => Some(Value::from(without(inner, &here, left_out))),
            Value::Array(items) if OPENED.contains(&name) => Some(list(items, &here, left_out)),
            Value::Array(items) if KEPT.contains(&name) && items.iter().all(is_plain) => Some(value.clone()),
            value if KEPT.contains(&name) && is_plain(value) => Some(value.clone()),
            _ => None,
        };
        match held {
            Some(value) => kept.insert(name, value),
            None => left_out.push(here),
        }
    }
    kept
}

fn list(items: &[Value], here: &str, left_out: &mut Vec<String>) -> Value {
    let mut kept = Vec::new();
    for item in items {
        match item.as_object() {
            Some(object) => kept.push(Value::from(without(object, here, left_out))),
            None => left_out.push(here.to_owned()),
        }
    }
    kept.into_iter().collect()
}

/// Whether it holds nothing else.
fn is_plain(value: &Value) -> bool {
    !matches!(value, Value::Object(_) | Value::Array(_))
}

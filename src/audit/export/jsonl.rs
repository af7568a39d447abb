//! What does an entry look like as a line of JSON?
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

use super::Record;
use crate::visible::harmless_json;
use crate::wire::json::{Object, Value};

/// Members of the frame; an event has none of these names.
const FRAME: [&str; 5] = ["seq", "at", "call", "event", "leaf"];

/// One entry as one line of JSON, the frame before what the event says.
pub fn record(record: &Record) -> String {
    let mut text = Value::from(whole(record)).to_string();
    text.push('\n');
    harmless_json(&text)
}

/// The entry as one object.
pub(super) fn whole(record: &Record) -> Object {
    let mut whole = Object::new();
    whole.insert("seq", record.seq);
    if let Some(leaf) = &record.leaf {
        whole.insert("leaf", crate::object! { "index" => leaf.index, "hash" => leaf.hash.as_str() });
    }
    whole.insert("at", record.at.to_string());
    whole.insert("call", record.call.clone());
    whole.insert("event", record.event.clone());
    for (name, value) in record.body.iter().filter(|(name, _)| !FRAME.contains(name)) {
        whole.insert(name, value.clone());
    }
    whole
}

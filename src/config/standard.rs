//! Which variables of others count, where we are told nothing?
//!
//! OpenTelemetry's own: an operator who sets them for every program need not say it again for this one. What the file, a
//! variable of ours or a flag says counts more, each setting by itself.
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

use std::collections::BTreeMap;

use super::tree::{At, Content, Entries, graft as put};

const TABLE: &str = "telemetry";
const TEXTS: [(&str, &str); 2] = [("OTEL_EXPORTER_OTLP_ENDPOINT", "otlp"), ("OTEL_SERVICE_NAME", "service")];
const PAIRS: [(&str, &str); 2] =
    [("OTEL_EXPORTER_OTLP_HEADERS", "headers"), ("OTEL_RESOURCE_ATTRIBUTES", "attributes")];

/// Puts them where nothing stands.
pub(super) fn graft(root: &mut Entries, variables: &BTreeMap<String, String>) {
    let set = |name: &str| variables.get(name).map(|value| value.trim()).filter(|value| !value.is_empty());
    for (variable, key) in TEXTS {
        if let Some(value) = set(variable).filter(|_| !is_there(root, key)) {
            put(root, &[TABLE, key], value, &At::Environment(variable.to_owned()));
        }
    }
    for (variable, key) in PAIRS {
        let Some(value) = set(variable).filter(|_| !is_there(root, key)) else { continue };
        for (name, value) in pairs(value) {
            put(root, &[TABLE, key, &name], &value, &At::Environment(variable.to_owned()));
        }
    }
}

fn is_there(root: &Entries, key: &str) -> bool {
    match root.get(TABLE).map(|entry| &entry.node.content) {
        Some(Content::Table(table)) => table.contains_key(key),
        // A fault of its own, found when the section is read.
        Some(_) => true,
        None => false,
    }
}

/// `name=value,name=value`, each percent-encoded, as W3C baggage is.
fn pairs(text: &str) -> Vec<(String, String)> {
    let each = text.split(',').filter_map(|pair| pair.split_once('='));
    each.map(|(name, value)| (decoded(name.trim()), decoded(value.trim()))).collect()
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let escaped = match (first, after) {
            (b'%', [high, low, ..]) => hex(*high).zip(hex(*low)),
            _ => None,
        };
        bytes.push(escaped.map_or(*first, |(high, low)| (high << 4) | low));
        rest = if escaped.is_some() { after.get(2..).unwrap_or_default() } else { after };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_read_as_they_are_written_for_everybody() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let cases = [
            ("a=1,b=2", vec![pair("a", "1"), pair("b", "2")]),
            (" a = 1 , b=x=y", vec![pair("a", "1"), pair("b", "x=y")]),
            ("Authorization=Bearer%20t%2C1", vec![pair("Authorization", "Bearer t,1")]),
            ("a=100%", vec![pair("a", "100%")]),
            ("nothing", vec![]),
        ];
        for (text, found) in cases {
            assert_eq!(pairs(text), found, "{text}");
        }
    }
}

//! Which document did somebody mean who wrote a call down by hand?
//!
//! A whole document, or the short form `{server, tool, arguments}` with whatever else of the document matters. What is
//! left out says nothing, as in a blank document; what does not exist is refused.

use serde_json::{Map, Value, json};

use super::input::{Input, NoDocument, Phase};
use super::schema::{self, Fields, Known};
use super::syntax::Part;

/// Why a text is no document.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// It cannot be read.
    #[error("this is no JSON object: {0}")]
    Unreadable(String),
    /// Something in it does not exist.
    #[error("{wrong} does not exist.{meant}")]
    Unknown {
        /// The path.
        wrong: String,
        /// What may have been meant, as a sentence.
        meant: String,
    },
    /// Something in it has another form.
    #[error("{at}: {why}")]
    Form {
        /// The path.
        at: String,
        /// The schema's words.
        why: String,
    },
    /// It is no document after all.
    #[error(transparent)]
    NoDocument(#[from] NoDocument),
}

/// Where something stands and what stands there.
pub type Setting = (String, String);

/// Names that only the short form has at its top.
const SHORT: [&str; 6] = ["server", "tool", "arguments", "method", "target", "id"];

/// Reads a document and puts the settings into it, each a path and a value: `environment=production`.
pub fn read(text: &str, settings: &[Setting]) -> Result<Input, Refusal> {
    let given: Value = serde_json::from_str(text).map_err(|error| Refusal::Unreadable(error.to_string()))?;
    let Value::Object(given) = given else {
        return Err(Refusal::Unreadable("it is something else".to_owned()));
    };
    let given = spread(given);
    let mut document = Value::Object(Map::new());
    merge(&mut document, Value::Object(given));
    for (path, value) in settings {
        set(&mut document, path, value)?;
    }
    know(&document)?;
    let phase = match document.get("phase").and_then(Value::as_str) {
        Some(word) => Phase::from_word(word).unwrap_or_default(),
        None if document.get("result").is_some() => Phase::Result,
        None => Phase::Call,
    };
    let whole = filled(document, phase)?;
    let validator =
        jsonschema::validator_for(&schema::input()).map_err(|error| Refusal::Unreadable(error.to_string()))?;
    if let Some(fault) = validator.iter_errors(&whole).next() {
        return Err(Refusal::Form { at: dotted(fault.instance_path().as_str()), why: fault.to_string() });
    }
    Ok(Input::from_document(&whole.to_string())?)
}

/// The short form with its names where they belong.
fn spread(mut given: Map<String, Value>) -> Map<String, Value> {
    let whole = given.get("call").is_some_and(Value::is_object) || given.get("server").is_some_and(Value::is_object);
    if whole {
        return given;
    }
    let mut call = Map::new();
    for name in SHORT {
        if let Some(value) = given.remove(name) {
            call.insert(name.to_owned(), value);
        }
    }
    if !call.is_empty() {
        given.insert("call".to_owned(), Value::Object(call));
    }
    given
}

/// A blank document with what is known put over it, and what follows from it filled in.
fn filled(document: Value, phase: Phase) -> Result<Value, Refusal> {
    let blank = Input::blank(phase).to_json().unwrap_or_default();
    let mut whole: Value = serde_json::from_str(&blank).map_err(|error| Refusal::Unreadable(error.to_string()))?;
    let word = |path: &str| document.pointer(path).cloned().filter(Value::is_string);
    let (server, tool) = (word("/call/server"), word("/call/tool"));
    if let Some(tool) = &tool {
        let method = if phase == Phase::List { "tools/list" } else { "tools/call" };
        merge(&mut whole, json!({ "call": { "method": method, "target": tool }, "tool": a_tool() }));
    }
    if let Some(server) = server {
        merge(&mut whole, json!({ "server": { "name": server } }));
    }
    merge(&mut whole, document);
    Ok(whole)
}

/// A tool that was agreed to and of which its server says nothing.
fn a_tool() -> Value {
    let annotations =
        json!({ "readOnlyHint": false, "destructiveHint": true, "idempotentHint": false, "openWorldHint": true });
    json!({ "title": null, "annotations": annotations, "digest": "", "pinned": true, "changed": false, "trusted": false })
}

/// Objects are joined, anything else is replaced.
fn merge(into: &mut Value, from: Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (name, value) in from {
                merge(into.entry(name).or_insert(Value::Null), value);
            }
        }
        (into, from) => *into = from,
    }
}

/// Puts a value at a path; a value that is no JSON is a text.
fn set(document: &mut Value, path: &str, value: &str) -> Result<(), Refusal> {
    let value = serde_json::from_str(value).unwrap_or_else(|_| Value::String(value.to_owned()));
    let path = path.strip_prefix("input.").unwrap_or(path);
    let steps: Vec<&str> = match path.strip_prefix('/') {
        Some(pointer) => pointer.split('/').collect(),
        None => path.split('.').collect(),
    };
    let mut at = document;
    for step in steps {
        if let Value::Array(items) = at {
            let Some(item) = step.parse::<usize>().ok().and_then(|index| items.get_mut(index)) else {
                return Err(Refusal::Unknown { wrong: format!("input.{path}"), meant: String::new() });
            };
            at = item;
            continue;
        }
        if !at.is_object() {
            *at = Value::Object(Map::new());
        }
        let Value::Object(members) = at else { continue };
        at = members.entry(step).or_insert(Value::Null);
    }
    *at = value;
    Ok(())
}

/// Refuses what the schema does not have, before its own words do, which know nothing better.
fn know(document: &Value) -> Result<(), Refusal> {
    let mut open = vec![(vec![Part::Name("input".to_owned())], document)];
    while let Some((path, value)) = open.pop() {
        let Value::Object(members) = value else { continue };
        for (name, value) in members {
            let mut path = path.clone();
            path.push(Part::Name(name.clone()));
            if let Known::No { wrong, meant } = Fields::of_the_input().know(&path) {
                let meant = meant.map_or_else(String::new, |meant| format!(" Did you mean {meant}?"));
                return Err(Refusal::Unknown { wrong, meant });
            }
            open.push((path, value));
        }
    }
    Ok(())
}

/// `/call/tool` as rules write it.
fn dotted(pointer: &str) -> String {
    format!("input{}", pointer.replace('/', "."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(input: &Input, pointer: &str) -> Value {
        let whole: Value = serde_json::from_str(&input.to_json().unwrap()).unwrap();
        whole.pointer(pointer).cloned().unwrap_or_else(|| panic!("{pointer} in {whole:#}"))
    }

    #[test]
    fn what_is_left_out_says_nothing_and_the_rest_is_as_written() {
        let set = |path: &str, value: &str| (path.to_owned(), value.to_owned());
        let short =
            r#"{"server": "db", "tool": "query", "arguments": {"sql": "SELECT 1"}, "environment": "production"}"#;
        for (text, settings, pointer, wanted) in [
            (short, vec![], "/call/server", json!("db")),
            (short, vec![], "/server/name", json!("db")),
            (short, vec![], "/call/method", json!("tools/call")),
            (short, vec![], "/call/target", json!("query")),
            (short, vec![], "/tool/pinned", json!(true)),
            (short, vec![], "/environment", json!("production")),
            (short, vec![], "/phase", json!("call")),
            (short, vec![set("environment", "staging")], "/environment", json!("staging")),
            (short, vec![set("input.call.arguments.n", "3")], "/call/arguments", json!({ "sql": "SELECT 1", "n": 3 })),
            (short, vec![set("/principal/groups", "[\"a\"]")], "/principal/groups/0", json!("a")),
            (r#"{"call": {"server": "x", "tool": "t"}}"#, vec![], "/server/name", json!("x")),
            (r#"{"server": "x", "method": "resources/read", "target": "file:///a"}"#, vec![], "/tool", Value::Null),
        ] {
            let input = read(text, &settings).unwrap_or_else(|refusal| panic!("{text}: {refusal}"));
            assert_eq!(at(&input, pointer), wanted, "{text} {pointer}");
        }
    }

    #[test]
    fn what_does_not_exist_is_refused_with_what_was_meant() {
        for (text, wanted) in [
            ("[]", "this is no JSON object: it is something else"),
            (r#"{"sever": "x"}"#, "input.sever does not exist. Did you mean input.server?"),
            (r#"{"call": {"tol": "x"}}"#, "input.call.tol does not exist. Did you mean input.call.tool?"),
            (r#"{"server": "x", "tool": 3}"#, "input.call.tool: 3 is not"),
            (r#"{"phase": "calls"}"#, "input.phase"),
        ] {
            let refusal = read(text, &[]).unwrap_err().to_string();
            assert!(refusal.starts_with(wanted), "{text}: {refusal}");
        }
    }
}

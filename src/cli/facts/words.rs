//! How are facts told to a person?

use std::io;

use schemars::{JsonSchema, schema_for};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::cli::output::Output;
use crate::visible::harmless_json;

/// What is told first, in this order.
const FIRST: [&str; 9] =
    ["kinds", "commands", "reads", "writes", "networks", "unbounded", "statements", "normal", "substitutions"];

/// Prints facts: as a rule sees them, or so that a person reads the risk first and the reasons last.
pub(super) fn tell<F: Serialize, R: JsonSchema>(facts: &F, json: bool, out: &mut Output<'_>) -> anyhow::Result<()> {
    if json {
        return Ok(out.exact(&(harmless_json(&serde_json::to_string_pretty(facts)?) + "\n"))?);
    }
    let Value::Object(mut facts) = serde_json::to_value(facts)? else { return Ok(()) };
    let meanings = schema_for!(R).to_value();
    for name in ["risk", "complete"] {
        if let Some(value) = facts.remove(name) {
            row(name, &shown(&value), out)?;
        }
    }
    let reasons = facts.remove("reasons").unwrap_or_default();
    // The same once more, statement by statement.
    facts.remove("details");
    let first = FIRST.iter().filter_map(|name| facts.remove_entry(*name)).collect::<Vec<_>>();
    for (name, value) in first.iter().map(|(name, value)| (name, value)).chain(&facts) {
        match value {
            Value::Null => {}
            Value::Array(items) => {
                let plain = items.iter().all(|item| !item.is_object());
                let items: Vec<String> = items.iter().map(shown).collect();
                let lines = if plain && !items.is_empty() { vec![items.join(", ")] } else { items };
                lines.iter().try_for_each(|line| row(name, line, out))?;
            }
            Value::Object(members) => {
                members.iter().try_for_each(|(key, value)| row(name, &format!("{key}: {}", shown(value)), out))?;
            }
            value => row(name, &shown(value), out)?,
        }
    }
    for reason in reasons.as_array().into_iter().flatten().filter_map(Value::as_str) {
        row("because", &meaning(&meanings, reason), out)?;
    }
    Ok(())
}

fn row(name: &str, value: &str, out: &mut Output<'_>) -> io::Result<()> {
    out.line(&format!("{:<14}{value}", name.replace('_', " ")))
}

/// A value in words: what a person would say, and no quotes.
fn shown(value: &Value) -> String {
    match value {
        Value::Null => "none".to_owned(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Array(items) => items.iter().map(shown).collect::<Vec<_>>().join(" "),
        Value::Object(members) => described(members),
    }
}

/// The main word of something with several, and what is not as usual about it.
fn described(members: &Map<String, Value>) -> String {
    let main = ["path", "host", "text", "at", "program", "name"];
    let first = main.iter().find_map(|name| members.get_key_value(*name));
    let mut text = first.map_or_else(String::new, |(_, value)| shown(value));
    for word in members.get("arguments").and_then(Value::as_array).into_iter().flatten() {
        text.extend([" ", word.get("text").and_then(Value::as_str).unwrap_or_default()]);
    }
    let mut notes = Vec::new();
    for (name, value) in members {
        match (name.as_str(), value) {
            ("arguments", _) | ("pipe", Value::String(_)) => {}
            (name, _) if first.is_some_and(|(main, _)| main == name) => {}
            ("name", _) => {}
            ("literal", Value::Bool(false)) => notes.push("not literal".to_owned()),
            ("known", Value::Bool(false)) => notes.push("not known".to_owned()),
            ("background", Value::Bool(true)) => notes.push("in the background".to_owned()),
            ("through", Value::Array(words)) if !words.is_empty() => notes.push(format!("run by {}", shown(value))),
            ("program", Value::String(program)) => notes.push(format!("by {program}")),
            (_, Value::String(word)) => notes.push(word.clone()),
            _ => {}
        }
    }
    if !notes.is_empty() {
        text.extend(["  [", &notes.join(", "), "]"]);
    }
    text
}

/// What a reason means: the sentence that documents it.
fn meaning(schema: &Value, reason: &str) -> String {
    let kinds = schema.get("oneOf").and_then(Value::as_array).into_iter().flatten();
    let mut found = kinds.filter(|kind| kind.get("const").and_then(Value::as_str) == Some(reason));
    let text = found.find_map(|kind| kind.get("description")?.as_str());
    text.map_or_else(|| reason.replace('_', " "), |text| format!("{} [{reason}]", text.trim_end_matches('.')))
}

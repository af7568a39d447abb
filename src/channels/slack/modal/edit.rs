//! How are arguments changed in a window?
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{JSON, Kept, Press, TEXT, WORDS, window, words};
use crate::channels::slack::limits;
use crate::channels::slack::words::{ours, plain, section};
use crate::visible::{harmless_json, is_harmful};
use crate::wire::reader::{self, Limits};

/// Arguments with an input of their own; more stand together in the last one.
const MOST: usize = 20;
/// The block of everything that has no input of its own.
const REST: &str = "countersign.rest";
/// Begins the block of an argument; its place among the names follows.
const ARGUMENT: &str = "countersign.argument.";

/// What was typed, by block: what shall stand there, as JSON.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::channels::slack) struct Changes(BTreeMap<String, Value>);

/// Which argument stands in which input.
struct Split<'a> {
    own: Vec<(String, &'a str, &'a Value)>,
    rest: Map<String, Value>,
}

/// Asks what should be different; nothing where the arguments do not fit.
pub(in crate::channels::slack) fn edit(kept: &Kept, arguments: &Map<String, Value>) -> Option<Value> {
    let split = Split::of(arguments);
    let mut blocks = Vec::new();
    for (block, name, value) in &split.own {
        let label = crate::channels::slack::words::cut(name, 100).text;
        blocks.push(input(block, if label.is_empty() { "(no name)" } else { &label }, value)?);
    }
    let rest = Value::Object(split.rest);
    let label = if blocks.is_empty() { "All arguments" } else { "All others" };
    blocks.push(input(REST, label, &rest)?);
    blocks.push(words("Why? The agent is told. Others have to agree to what you change.", "Reason"));
    let about = "You cannot approve what you change yourself.";
    blocks.insert(0, section(&[ours(about)]));
    Some(window(Press::Edit, kept, ("Change the arguments", "Propose"), &blocks))
}

/// What was typed, read, or what is wrong with it.
pub(in crate::channels::slack) fn edited(
    typed: &BTreeMap<String, (String, String)>,
) -> Result<Changes, BTreeMap<String, String>> {
    let (mut changes, mut wrong) = (BTreeMap::new(), BTreeMap::new());
    for (block, (name, text)) in typed.iter().filter(|(block, _)| *block != WORDS) {
        if name == TEXT {
            changes.insert(block.clone(), Value::from(text.as_str()));
            continue;
        }
        // What could be read two ways is no JSON here.
        let read = reader::strict(text.as_bytes(), &Limits::REQUEST);
        match read.map(|_| serde_json::from_str::<Value>(text)) {
            Ok(Ok(value)) if block == REST && !value.is_object() => {
                wrong.insert(block.clone(), "Write a JSON object: {\"name\": value}.".to_owned());
            }
            Ok(Ok(value)) => drop(changes.insert(block.clone(), value)),
            Ok(Err(_)) => drop(wrong.insert(block.clone(), "This is no JSON; a text stands in quotes.".to_owned())),
            Err(why) => drop(wrong.insert(block.clone(), format!("This is no JSON; a text stands in quotes. {why}"))),
        }
    }
    if wrong.is_empty() { Ok(Changes(changes)) } else { Err(wrong) }
}

impl Changes {
    /// What shall stand where, and what shall be taken out, of these arguments.
    pub(in crate::channels::slack) fn of(
        &self,
        arguments: &Map<String, Value>,
    ) -> (BTreeMap<String, Value>, Vec<String>) {
        let split = Split::of(arguments);
        let mut set = BTreeMap::new();
        for (block, name, value) in &split.own {
            if let Some(typed) = self.0.get(block).filter(|typed| typed != value) {
                set.insert(pointer(name), typed.clone());
            }
        }
        let Some(Value::Object(rest)) = self.0.get(REST) else { return (set, Vec::new()) };
        let own = |name: &String| split.own.iter().any(|(_, own, _)| own == name);
        let changed = rest.iter().filter(|(name, typed)| !own(name) && split.rest.get(*name) != Some(typed));
        set.extend(changed.map(|(name, typed)| (pointer(name), typed.clone())));
        let gone = split.rest.keys().filter(|name| !rest.contains_key(*name)).map(|name| pointer(name));
        (set, gone.collect())
    }
}

impl<'a> Split<'a> {
    fn of(arguments: &'a Map<String, Value>) -> Self {
        let mut split = Self { own: Vec::new(), rest: Map::new() };
        for (name, value) in arguments {
            let scalar = !value.is_object() && !value.is_array() && !value.is_null();
            if scalar && split.own.len() < MOST {
                split.own.push((format!("{ARGUMENT}{}", split.own.len()), name, value));
            } else {
                split.rest.insert(name.clone(), value.clone());
            }
        }
        split
    }
}

/// An input that shows a value so that it comes back as it is.
fn input(block: &str, label: &str, value: &Value) -> Option<Value> {
    let plain_text = value.as_str().filter(|text| !text.chars().any(|c| is_harmful(c) && c != '\n'));
    let (name, text) = match (plain_text, value) {
        (Some(text), _) => (TEXT, text.to_owned()),
        (None, Value::Object(_)) => (JSON, harmless_json(&serde_json::to_string_pretty(value).ok()?)),
        (None, _) => (JSON, harmless_json(&value.to_string())),
    };
    let multiline = text.contains('\n') || text.len() > 80 || block == REST;
    let mut element =
        json!({ "type": "plain_text_input", "action_id": name, "multiline": multiline, "max_length": limits::INPUT });
    if limits::length(&text) > limits::INPUT {
        return None;
    }
    if let Some(members) = element.as_object_mut().filter(|_| !text.is_empty()) {
        members.insert("initial_value".to_owned(), text.into());
    }
    let hint = if name == JSON { "As JSON." } else { "As it is, without quotes." };
    Some(json!({
        "type": "input", "block_id": block, "optional": name == TEXT,
        "label": plain(label, limits::LABEL), "hint": plain(hint, limits::LABEL), "element": element,
    }))
}

fn pointer(name: &str) -> String {
    format!("/{}", name.replace('~', "~0").replace('/', "~1"))
}

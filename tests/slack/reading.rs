//! What can be read in a message of Slack, and what can be pressed?

use serde_json::Value;

pub(crate) fn buttons(message: &Value) -> Vec<Value> {
    let blocks = message["blocks"].as_array().unwrap().iter();
    let actions = blocks.filter(|block| block["type"] == "actions");
    actions.flat_map(|block| block["elements"].as_array().unwrap().clone()).collect()
}

pub(crate) fn labels(message: &Value) -> Vec<String> {
    buttons(message).iter().map(|button| button["text"]["text"].as_str().unwrap().to_owned()).collect()
}

/// Everything that can be read in it.
pub(crate) fn read(value: &Value) -> String {
    match value {
        Value::Object(members) => {
            let own = members.get("text").and_then(Value::as_str).unwrap_or_default().to_owned();
            members.iter().filter(|(_, value)| !value.is_string()).fold(own, |all, (_, value)| all + &read(value))
        }
        Value::Array(items) => items.iter().map(|item| read(item) + " ").collect(),
        _ => String::new(),
    }
}

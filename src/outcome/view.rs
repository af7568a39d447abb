//! What does a rule see of a result?
//!
//! Tools answer with content and structured content, resources with contents, prompts with messages. A result that is
//! none of these (a question of the server, a task, a completion) is structured as a whole.

use crate::change::{content_key, is_bare};
use crate::wire::json::Value;
use crate::wire::reader::{Limits, strict};

/// A result, part by part.
#[derive(Clone, Debug)]
pub struct View<'a> {
    /// Whether the tool says that it failed.
    pub is_error: bool,
    /// Blocks, contents or messages.
    pub content: &'a Value,
    /// What is structured.
    pub structured: Option<&'a Value>,
    /// All text blocks, joined by line breaks.
    pub text: String,
    /// Every text there is, wherever it stands.
    pub texts: Vec<String>,
    /// Its size.
    pub bytes: u64,
    /// The length of the largest list in what is structured, or in JSON that a text block is.
    pub rows: u64,
}

/// What is there when there is no content.
static NOTHING: Value = Value::Array(Vec::new());

/// Lists inside lists are looked at this far.
const DEEPEST: usize = 128;

/// Looks at a result.
pub fn of(result: &Value, bytes: u64) -> View<'_> {
    let members = result.as_object();
    let content = members.and_then(|members| members.get(content_key(members)?)).unwrap_or(&NOTHING);
    let structured = match members {
        Some(members) if is_bare(members) => Some(result),
        Some(members) => members.get("structuredContent"),
        None => Some(result),
    };
    let is_error = result.get("isError").and_then(Value::as_bool) == Some(true);
    let mut blocks = Vec::new();
    text_blocks(content, &mut blocks);
    let embedded = blocks.iter().filter_map(|text| strict(text.as_bytes(), &Limits::REPLY).ok());
    let rows = embedded.map(|value| longest(&value, 0)).chain(structured.map(|value| longest(value, 0))).max();
    let rows = u64::try_from(rows.unwrap_or(0)).unwrap_or(u64::MAX);
    let mut texts = Vec::new();
    all_texts(result, &mut texts, 0);
    View { is_error, content, structured, text: blocks.join("\n"), texts, bytes, rows }
}

fn text_blocks<'a>(value: &'a Value, blocks: &mut Vec<&'a str>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| text_blocks(item, blocks)),
        Value::Object(block) => {
            blocks.extend(block.str("text"));
            ["resource", "content"]
                .iter()
                .filter_map(|name| block.get(name))
                .for_each(|inner| text_blocks(inner, blocks));
        }
        _ => {}
    }
}

fn all_texts(value: &Value, texts: &mut Vec<String>, depth: usize) {
    if depth > DEEPEST {
        return;
    }
    let deeper = depth.saturating_add(1);
    match value {
        Value::String(text) => texts.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| all_texts(item, texts, deeper)),
        Value::Object(members) => members.iter().for_each(|(name, value)| {
            // What is only bytes says nothing.
            if !matches!(name, "blob" | "data" | "mimeType" | "type") {
                all_texts(value, texts, deeper);
            }
        }),
        _ => {}
    }
}

fn longest(value: &Value, depth: usize) -> usize {
    if depth > DEEPEST {
        return usize::MAX;
    }
    let deeper = depth.saturating_add(1);
    match value {
        Value::Array(items) => items.iter().map(|item| longest(item, deeper)).fold(items.len(), usize::max),
        Value::Object(members) => members.iter().map(|(_, value)| longest(value, deeper)).max().unwrap_or(0),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::reader::lenient;

    #[test]
    fn every_kind_of_result_has_a_view() {
        // A16
        let cases = [
            (
                r#"{"content":[{"type":"text","text":"a"},{"type":"image","data":"eA=="},{"type":"resource","resource":{"uri":"x:1","text":"b"}}]}"#,
                "a\nb",
                0,
                false,
            ),
            (r#"{"content":[{"type":"text","text":"[1,[2,3,4],5,6]"}],"isError":true}"#, "[1,[2,3,4],5,6]", 4, true),
            (r#"{"content":[],"structuredContent":{"rows":[{"n":[1,2,3]},{}]}}"#, "", 3, false),
            (r#"{"contents":[{"uri":"x:1","text":"{\"a\":[1]}"}]}"#, "{\"a\":[1]}", 1, false),
            (r#"{"messages":[{"role":"user","content":{"type":"text","text":"hello"}}]}"#, "hello", 0, false),
            (r#"{"completion":{"values":["a","b"]}}"#, "", 2, false),
        ];
        for (text, words, rows, is_error) in cases {
            let result = lenient(text.as_bytes(), &Limits::REPLY).unwrap();
            let view = of(&result, 7);
            assert_eq!(
                (view.text.as_str(), view.rows, view.is_error, view.bytes),
                (words, rows, is_error, 7),
                "{text}"
            );
        }
        let bare = lenient(br#"{"completion":{}}"#, &Limits::REPLY).unwrap();
        assert_eq!(of(&bare, 0).structured, Some(&bare));
        let tool = lenient(br#"{"content":[]}"#, &Limits::REPLY).unwrap();
        assert_eq!(of(&tool, 0).structured, None);
    }
}

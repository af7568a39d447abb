//! What is asked in a window of its own: why not, what else, and what should be different?
//!
//! A window keeps ids alone; what is shown in it comes from the record, and what comes back is compared with the record again.
//! An argument that is a plain text without hidden signs is typed as it is, every other as JSON, so that nothing changes by
//! being shown. What is wrong with what was typed is said beside it before anything is done.
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

mod edit;

use std::collections::BTreeMap;

use serde_json::{Value, json};

pub(super) use edit::{Changes, edit, edited};

use super::action::{Kept, Press, Submitted};
use super::limits;
use super::words::{ours, plain, section};
use crate::review::answer::LONGEST_REASON;

/// The block of the words that go with it: a reason, a question.
pub(super) const WORDS: &str = "countersign.words";
/// The name of an input that is typed as it is.
pub(super) const TEXT: &str = "text";
/// The name of an input that is typed as JSON.
pub(super) const JSON: &str = "json";

/// What somebody typed, if it can be used.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Wanted {
    /// No, and why.
    Deny(String),
    /// A question.
    Ask(String),
    /// Other arguments, and why.
    Edit(Changes, String),
}

/// Asks why not.
pub(super) fn deny(kept: &Kept) -> Value {
    let words = words("Why not? The agent is told, so that it can do something else.", "Reason");
    window(Press::Deny, kept, ("Deny this call", "Deny"), &[words])
}

/// Asks what somebody wants to know.
pub(super) fn ask(kept: &Kept) -> Value {
    let hint =
        "The agent, or whoever sits before it, is asked. Nobody checks what it answers; the call goes on waiting.";
    window(Press::Ask, kept, ("Ask the agent", "Ask"), &[words(hint, "Question")])
}

/// Says something while something else is looked up, or why there is nothing to fill in.
pub(super) fn notice(title: &str, text: &str) -> Value {
    json!({
        "type": "modal",
        "title": plain(title, limits::TITLE),
        "close": plain("Close", limits::TITLE),
        "blocks": [section(&[ours(&super::words::cut(text, limits::SECTION).text)])],
    })
}

/// What was typed, or what is wrong with it, by block.
pub(super) fn read(submitted: &Submitted) -> Result<Wanted, BTreeMap<String, String>> {
    let typed = submitted.typed.get(WORDS).map(|(_, text)| text.trim()).unwrap_or_default();
    let wrong = |why: &str| BTreeMap::from([(WORDS.to_owned(), why.to_owned())]);
    let words = if typed.is_empty() {
        Err(wrong("Say something here."))
    } else if typed.chars().count() > LONGEST_REASON {
        Err(wrong(&format!("Say it with at most {LONGEST_REASON} characters.")))
    } else {
        Ok(typed.to_owned())
    };
    match submitted.press {
        Press::Deny => words.map(Wanted::Deny),
        Press::Ask => words.map(Wanted::Ask),
        Press::Edit => match (words, edited(&submitted.typed)) {
            (Ok(words), Ok(changes)) => Ok(Wanted::Edit(changes, words)),
            (words, changes) => {
                let wrong = [words.err(), changes.err()];
                Err(wrong.into_iter().flatten().flatten().collect())
            }
        },
        Press::Approve => Err(wrong("This cannot be approved here.")),
    }
}

/// What Slack shows beside the inputs.
pub(super) fn errors(wrong: &BTreeMap<String, String>) -> Value {
    json!({ "response_action": "errors", "errors": wrong })
}

fn words(hint: &str, label: &str) -> Value {
    json!({
        "type": "input", "block_id": WORDS, "optional": false,
        "label": plain(label, limits::LABEL), "hint": plain(hint, limits::LABEL),
        "element": {
            "type": "plain_text_input", "action_id": TEXT, "multiline": true, "min_length": 1, "max_length": LONGEST_REASON,
        },
    })
}

fn window(press: Press, kept: &Kept, (title, submit): (&str, &str), blocks: &[Value]) -> Value {
    json!({
        "type": "modal",
        "callback_id": press.id(),
        "private_metadata": kept.text(),
        "title": plain(title, limits::TITLE),
        "submit": plain(submit, limits::TITLE),
        "close": plain("Cancel", limits::TITLE),
        "blocks": blocks,
    })
}

#[cfg(test)]
mod tests;

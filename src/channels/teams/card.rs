//! What stands on a card in Teams?
//!
//! An Adaptive Card of version 1.4 in a message, with one button that opens the call. Teams reads Markdown in text blocks, and
//! in the values of facts too; so words of the call stand in text runs, which are not read for anything, and are made harmless
//! before. Nothing of what would be sent stands on it.
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

use serde_json::{Value, json};

use crate::channels::message::{Matter, Message};
use crate::channels::template::line::line;
use crate::channels::template::words::{self, SHORT};
use crate::facts::Risk;

/// No larger message is taken.
pub const MOST_BYTES: usize = 28 << 10;
/// Calls that are told of on one card.
const MOST_CALLS: usize = 10;

/// The body of the request.
pub fn body(message: &Message) -> String {
    let whole = enveloped(message, How::Whole).to_string();
    if whole.len() <= MOST_BYTES { whole } else { enveloped(message, How::Short).to_string() }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum How {
    Whole,
    /// Without what is known.
    Short,
}

fn enveloped(message: &Message, how: How) -> Value {
    let mut blocks = vec![json!({
        "type": "TextBlock", "text": words::headline(message.what), "size": "Large", "weight": "Bolder", "wrap": true,
        "style": "heading",
    })];
    match message.matters.as_slice() {
        [] => blocks.push(ours("Countersign reaches you here. Nothing waits for you because of this.")),
        [matter] => one(message, matter, how, &mut blocks),
        several => {
            blocks.extend(several.iter().take(MOST_CALLS).map(|matter| {
                run(&format!("{} risk", matter.risk.word()), &words::sentence(matter), colour(matter.risk))
            }));
            let more = message.count().saturating_sub(several.len().min(MOST_CALLS));
            if more > 0 {
                blocks.push(ours(&format!("And {more} more.")));
            }
        }
    }
    let mut card = json!({
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "msteams": { "width": "Full" },
        "body": blocks,
    });
    if let (Some(page), Some(card)) = (message.page(), card.as_object_mut()) {
        let button = json!({ "type": "Action.OpenUrl", "title": "See it, and sign in to answer", "url": page });
        card.insert("actions".to_owned(), json!([button]));
    }
    json!({
        "type": "message",
        "attachments": [{
            "contentType": "application/vnd.microsoft.card.adaptive",
            "contentUrl": null,
            "content": card,
        }],
    })
}

fn one(message: &Message, matter: &Matter, how: How, blocks: &mut Vec<Value>) {
    blocks.push(run("", &words::sentence(matter), colour(matter.risk)));
    if let Some(said) = words::said(message) {
        blocks.push(run("Said", &said, "Default"));
    }
    if words::is_over(message.what) {
        blocks.push(ours("There is nothing to do about it any more."));
        return;
    }
    blocks.push(json!({
        "type": "FactSet",
        "facts": [
            { "title": "Risk", "value": matter.risk.word() },
            { "title": "Until", "value": until(matter) },
        ],
    }));
    let reason = words::reason(matter);
    if !reason.is_empty() {
        blocks.push(run("Why", &reason, "Default"));
    }
    blocks.push(run("Tool", &format!("{} of {}", line(&matter.target, SHORT), line(&matter.server, SHORT)), "Default"));
    blocks.push(run("Who asks", &words::asker(matter), "Default"));
    if how == How::Whole {
        for fact in words::facts(matter) {
            blocks.push(run(&fact.name, &fact.text, if fact.warning { "Warning" } else { "Default" }));
        }
    }
}

/// Words of ours: nothing in them is Markdown.
fn ours(text: &str) -> Value {
    json!({ "type": "TextBlock", "text": text, "wrap": true })
}

/// Words of theirs after a name of ours.
fn run(name: &str, text: &str, colour: &str) -> Value {
    let theirs = json!({ "type": "TextRun", "text": text, "color": colour });
    let runs = if name.is_empty() {
        json!([theirs])
    } else {
        json!([{ "type": "TextRun", "text": format!("{name}: "), "weight": "Bolder" }, theirs])
    };
    json!({ "type": "RichTextBlock", "inlines": runs })
}

const fn colour(risk: Risk) -> &'static str {
    match risk {
        Risk::Low | Risk::Medium => "Default",
        Risk::High => "Warning",
        Risk::Critical => "Attention",
    }
}

fn until(matter: &Matter) -> String {
    let time: Option<jiff::Timestamp> = matter.deadline.parse().ok();
    time.map_or_else(String::new, |time| time.strftime("%Y-%m-%d %H:%M:%S UTC").to_string())
}

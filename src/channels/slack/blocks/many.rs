//! How are several calls told of at once?
//!
//! Each is named with its own link, and nothing is decided for several at once.
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

use serde_json::{Value, json};

use super::{Card, Elsewhere, header, page};
use crate::channels::message::Message;
use crate::channels::slack::words::{bold, ours, section, spoken, theirs};

/// Calls that are named, from the most that fit to the least; of more, how many.
const NAMED: [usize; 3] = [20, 10, 4];

impl Card {
    /// About several calls.
    pub fn of_many(message: &Message) -> Self {
        let mut card = listed(message, 0);
        for most in NAMED {
            card = listed(message, most);
            if card.fits() {
                break;
            }
        }
        card
    }
}

fn listed(message: &Message, most: usize) -> Card {
    let count = message.count();
    let text = format!("{count} tool calls wait for people");
    let mut lines: Vec<Value> = Vec::new();
    for matter in message.matters.iter().take(most) {
        lines.push(bold(if lines.is_empty() { "" } else { "\n" }));
        lines.extend([theirs(&super::cut(&matter.id, 40).text), ours(&format!(" {} risk: ", matter.risk.word()))]);
        lines.extend(spoken(&matter.sentence, (6, 30)).0);
        if let Some(page) = page(matter) {
            lines.extend([ours(" "), json!({ "type": "link", "url": page, "text": "Open" })]);
        }
    }
    let more = count.saturating_sub(message.matters.len().min(most));
    if more > 0 {
        lines.push(ours(&format!("\nand {more} more")));
    }
    // An element without a text is refused as a whole.
    lines.retain(|element| element.get("text").is_none_or(|text| text != ""));
    let mut blocks = vec![header(&text)];
    if !lines.is_empty() {
        blocks.push(section(&lines));
    }
    Card { blocks, text, decides: Err(Elsewhere::Hidden) }
}

//! How are words of others written so that Slack obeys none of them?
//!
//! Slack reads marks, mentions and links only in `mrkdwn`, which is never used. Words of others stand in elements of rich
//! text, as code where they are part of a sentence of ours; what nobody would see is written out first. What is too long keeps
//! its beginning and its end, because what matters often stands at the end, and says how much is missing.
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

use serde_json::{Value, json};

use super::limits::length;
use crate::review::sentence::Word;
use crate::visible::harmless;

/// A text that fits, and whether it is all there was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cut {
    pub(super) text: String,
    pub(super) whole: bool,
}

/// The text with nothing hidden in it, and no longer than this.
pub(super) fn cut(text: &str, most: usize) -> Cut {
    ends(&harmless(text), most)
}

/// The beginning and the end of a text that is shown as it is.
pub(super) fn ends(text: &str, most: usize) -> Cut {
    let all = length(text);
    if all <= most {
        return Cut { text: text.to_owned(), whole: true };
    }
    let missing = |left: usize| format!(" … {left} of {all} characters are not shown … ");
    let room = most.saturating_sub(length(&missing(all)));
    let (tail, head) = (room / 3, room.saturating_sub(room / 3));
    let head: String = within(text.chars(), head).collect();
    let tail: String = within(text.chars().rev(), tail).collect::<Vec<char>>().into_iter().rev().collect();
    let left = all.saturating_sub(length(&head)).saturating_sub(length(&tail));
    let text = format!("{head}{}{tail}", missing(left));
    // Where not even the words about it fit, there is room for nothing.
    Cut { text: if length(&text) <= most { text } else { within("…".chars(), most).collect() }, whole: false }
}

fn within(chars: impl Iterator<Item = char>, most: usize) -> impl Iterator<Item = char> {
    chars.scan(0_usize, move |taken, c| {
        *taken = taken.saturating_add(c.len_utf16());
        (*taken <= most).then_some(c)
    })
}

/// A text no markup is read in.
pub(super) fn plain(text: &str, most: usize) -> Value {
    json!({ "type": "plain_text", "text": cut(text, most).text, "emoji": false })
}

/// Words of ours in rich text.
pub(super) fn ours(text: &str) -> Value {
    json!({ "type": "text", "text": text })
}

/// The same, standing out.
pub(super) fn bold(text: &str) -> Value {
    json!({ "type": "text", "text": text, "style": { "bold": true } })
}

/// Words of others in a sentence of ours.
pub(super) fn theirs(text: &str) -> Value {
    // An element without a text is refused as a whole.
    let text = if text.is_empty() { "(empty)" } else { text };
    json!({ "type": "text", "text": text, "style": { "code": true } })
}

/// Words as they are in a sentence: ours as text, theirs as code. False beside them where not all of it is there.
pub(super) fn spoken(words: &[Word], (most, each): (usize, usize)) -> (Vec<Value>, bool) {
    let mut whole = words.len() <= most;
    let mut all: Vec<Value> = Vec::new();
    for word in words.iter().take(most) {
        let (text, foreign) = match word {
            Word::Ours(text) => (text, false),
            Word::Theirs(text) => (text, true),
        };
        let cut = cut(text, each);
        whole &= cut.whole;
        match (foreign, cut.text.is_empty()) {
            (true, _) => all.push(theirs(&cut.text)),
            (false, false) => all.push(ours(&cut.text)),
            (false, true) => {}
        }
    }
    if words.len() > most {
        all.push(ours(" …"));
    }
    (all, whole)
}

/// A block of rich text with one section.
pub(super) fn section(elements: &[Value]) -> Value {
    json!({ "type": "rich_text", "elements": [{ "type": "rich_text_section", "elements": elements }] })
}

/// A block of rich text with something of others, set apart from what stands around it. As code, in which no reader makes
/// links of what looks like one.
pub(super) fn quote(text: &str) -> Value {
    json!({ "type": "rich_text", "elements": [{ "type": "rich_text_quote", "elements": [theirs(text)] }] })
}

/// A block of rich text with something of others, letter for letter.
pub(super) fn box_of(text: &str) -> Value {
    let text = if text.is_empty() { "(empty)" } else { text };
    json!({ "type": "rich_text", "elements": [{ "type": "rich_text_preformatted", "elements": [ours(text)] }] })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_long_text_keeps_both_ends_and_says_what_is_missing() {
        // REN-07
        let text = format!("head{}tail; rm -rf /", "x".repeat(5000));
        let cut = cut(&text, 200);
        assert!(!cut.whole && length(&cut.text) <= 200);
        assert!(cut.text.starts_with("head") && cut.text.ends_with("tail; rm -rf /"), "{}", cut.text);
        assert!(cut.text.contains("of 5018 characters are not shown"), "{}", cut.text);
    }

    proptest! {
        #[test]
        fn nothing_is_longer_than_it_may_be(text in "\\PC*|[\\u{0}-\\u{1ffff}]*", most in 0_usize..300) {
            let done = cut(&text, most);
            prop_assert!(length(&done.text) <= most, "{} > {most}", length(&done.text));
            prop_assert_eq!(done.whole, length(&harmless(&text)) <= most);
            prop_assert!(!done.text.chars().any(crate::visible::is_harmful));
        }
    }
}

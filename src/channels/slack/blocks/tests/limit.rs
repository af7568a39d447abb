//! No message is larger than Slack takes, whatever stands in it.

use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::channels::message::Message;
use crate::channels::notice::What;

fn within(blocks: &[Value]) -> Result<(), String> {
    let is = |fits: bool, what: &str| if fits { Ok(()) } else { Err(what.to_owned()) };
    is(!blocks.is_empty() && blocks.len() <= limits::BLOCKS, "blocks")?;
    is(limits::length(&Value::from(blocks.to_vec()).to_string()) < limits::CARD, "the whole")?;
    for block in blocks {
        match block["type"].as_str() {
            Some("header") => is(limits::length(block["text"]["text"].as_str().unwrap()) <= limits::HEADER, "header")?,
            Some("context") => is(block["elements"].as_array().unwrap().len() <= limits::CONTEXT, "context")?,
            Some("actions") => {
                let buttons = block["elements"].as_array().unwrap();
                is(buttons.len() <= limits::ACTIONS, "actions")?;
                for button in buttons {
                    let length = |pointer: &str| {
                        limits::length(button.pointer(pointer).and_then(Value::as_str).unwrap_or_default())
                    };
                    is(length("/text/text") <= limits::BUTTON, "button")?;
                    is(length("/value") <= limits::VALUE, "value")?;
                    is(length("/action_id") <= limits::ID && length("/url") <= limits::ADDRESS, "id")?;
                }
            }
            Some("rich_text") => {
                for element in block["elements"].as_array().unwrap() {
                    let parts = element["elements"].as_array().unwrap();
                    let text = |part: &Value| part["text"].as_str().map_or(1, limits::length);
                    is(!parts.is_empty() && parts.iter().all(|part| text(part) > 0), "an empty text")?;
                    is(parts.iter().map(text).sum::<usize>() <= limits::SECTION, "text")?;
                }
            }
            other => return Err(format!("{other:?}")),
        }
    }
    Ok(())
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(String::new()),
        "[\\\\\"]{0,400}",
        "\\PC{0,300}",
        "[\\u{0}-\\u{20}\\u{200b}\\u{202e}]{0,200}",
        Just("\\\"\u{1}".repeat(3000)),
        Just("😀".repeat(900)),
    ]
}

fn words() -> impl Strategy<Value = Vec<Word>> {
    prop::collection::vec(
        (any::<bool>(), text()).prop_map(|(ours, text)| if ours { Word::Ours(text) } else { Word::Theirs(text) }),
        0..40,
    )
}

/// A call, and no page of it where a test fails.
struct Any(Matter);

impl std::fmt::Debug for Any {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} words, {} facts", self.0.sentence.len(), self.0.known.len())
    }
}

fn matter() -> impl Strategy<Value = Any> {
    let asked = (text(), text(), prop::option::of(text())).prop_map(|(by, question, asserted)| Asked {
        by,
        question,
        asserted,
    });
    let said = (text(), text(), prop::option::of(text())).prop_map(|(by, account, reason)| Answer {
        by,
        account,
        word: Said::No,
        reason,
    });
    let known = (text(), words()).prop_map(|(name, words)| Known { name, words, warning: true });
    let names = || prop::collection::vec(text(), 0..8);
    (
        (words(), text(), text(), prop::option::of(text())),
        (prop::collection::vec(known, 0..20), names(), names()),
        (prop::option::of(said), prop::option::of(asked)),
        prop::option::of(prop_oneof![text().prop_map(Arguments::Whole), any::<usize>().prop_map(Arguments::TooLong)]),
        prop_oneof![Just("pending"), Just("approved"), Just("no such state")],
    )
        .prop_map(
            |((sentence, target, client, reason), (known, rules, lacking), (said, asked), arguments, state)| {
                let who = AskedBy {
                    principal: client.clone(),
                    agent: Some(client.clone()),
                    user: Some(client.clone()),
                    client: Some(client),
                };
                let state = state.to_owned();
                let mut matter = waiting();
                matter.state = state;
                (matter.sentence, matter.target, matter.asker, matter.reason) = (sentence, target, who, reason);
                (matter.known, matter.rules, matter.lacking) = (known, rules, lacking);
                (matter.said, matter.asked, matter.arguments) = (said, asked, arguments);
                Any(matter)
            },
        )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn no_message_is_larger_than_slack_takes(Any(matter) in matter(), long in text()) {
        let told = Told { matter: &matter, at: AT, long: Some(&long) };
        let card = Card::of(told, Risk::Critical);
        prop_assert_eq!(within(&card.blocks), Ok(()), "{}", card.length());
        for what in What::ALL {
            if let Some((blocks, _)) = aside(&matter, what) {
                prop_assert!(blocks.iter().all(|block| block["type"] == "rich_text"));
            }
        }
        let many = Message { what: What::Many, at: AT.to_owned(), matters: vec![matter; 30], more: None };
        prop_assert_eq!(within(&Card::of_many(&many).blocks), Ok(()));
    }
}

#[test]
fn the_limits_are_those_of_slack() {
    let documented =
        [limits::SECTION, limits::BLOCKS, limits::HEADER, limits::FIELDS, limits::FIELD, limits::BUTTON, limits::VALUE];
    assert_eq!(documented, [3000, 50, 150, 10, 2000, 75, 2000]);
    assert_eq!(
        [limits::ID, limits::TITLE, limits::METADATA, limits::MODAL_BLOCKS, limits::INPUT],
        [255, 24, 3000, 100, 3000]
    );
}

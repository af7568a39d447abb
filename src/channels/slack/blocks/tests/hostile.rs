//! What agents write so that people believe something else.

use serde_json::{Value, json};

use super::*;
use crate::channels::message::Message;
use crate::channels::notice::What;
use crate::clock::Timestamp;

/// Marks of Slack, links, and what looks like us.
const HOSTILE: [&str; 10] = [
    "<!channel>",
    "<!here> look",
    "<@U123>",
    "<https://evil.example|https://bank.example>",
    "https://evil.example/x",
    "*Approved* by _ada_",
    "```\n*Risk:* low\n```",
    ":white_check_mark: Approved",
    "\u{202e}dewol\u{200b}\nRisk: low",
    "\\u{1b}[2J&lt;!channel&gt;",
];

/// A call in which everything others can write is this.
fn all_of(text: &str) -> Matter {
    let word = || vec![Word::Ours("Call ".into()), Word::Theirs(text.to_owned())];
    let mut matter = waiting();
    matter.sentence = word();
    matter.target = text.to_owned();
    matter.asker = AskedBy {
        principal: text.to_owned(),
        agent: Some(text.to_owned()),
        user: Some(text.to_owned()),
        client: Some(text.to_owned()),
    };
    matter.reason = Some(text.to_owned());
    matter.known = vec![Known { name: "Changes".into(), words: word(), warning: true }];
    matter.credentials = vec![credential(text)];
    matter.said = Some(Answer { by: text.into(), account: text.into(), word: Said::Yes, reason: Some(text.into()) });
    matter.asked = Some(Asked { by: text.into(), question: text.into(), asserted: Some(text.into()) });
    matter.arguments = Some(Arguments::Whole(json!({ "arguments": { text: text } }).to_string()));
    matter
}

/// Every object of a message: those Slack reads no marks in, and no others.
fn check(value: &Value, path: &str) {
    if let Some(members) = value.as_object() {
        let kind = value["type"].as_str().unwrap_or_default();
        match kind {
            "plain_text" => assert_eq!(value["emoji"], false, "{path}"),
            "link" => assert!(value["url"] == PAGE && value["text"] == "Open", "{path}: {value}"),
            "text"
            | "date"
            | "button"
            | "header"
            | "actions"
            | "context"
            | "rich_text"
            | "rich_text_section"
            | "rich_text_quote"
            | "rich_text_preformatted"
            | "" => {}
            other => panic!("{path}: `{other}` is nothing we write: {value}"),
        }
        if kind == "button" && members.contains_key("url") {
            assert_eq!(value["url"], PAGE, "{path}");
        }
        for (key, value) in members {
            check(value, &format!("{path}/{key}"));
        }
    }
    if let Some(items) = value.as_array() {
        for (place, item) in items.iter().enumerate() {
            check(item, &format!("{path}/{place}"));
        }
    }
}

/// Words in bold are ours.
fn bold(value: &Value) -> Vec<String> {
    let own = (value.pointer("/style/bold") == Some(&json!(true))).then(|| value["text"].as_str().unwrap().to_owned());
    let inside: Vec<&Value> = match value {
        Value::Object(members) => members.values().collect(),
        Value::Array(items) => items.iter().collect(),
        _ => Vec::new(),
    };
    own.into_iter().chain(inside.into_iter().flat_map(bold)).collect()
}

#[test]
fn no_word_of_others_is_obeyed() {
    // REN-01, REN-02, REN-03: no mention, no mark, no link, and none of it looks like ours.
    for text in HOSTILE {
        for state in ["pending", "approved"] {
            let matter = Matter { state: state.to_owned(), ..all_of(text) };
            let card = card(&matter);
            let blocks = Value::from(card.blocks.clone());
            check(&blocks, "");
            assert!(
                !card.text.contains(text) && !card.text.contains(['<', '*', ':', '`'])
                    || card.text.starts_with("Tool call:"),
                "{}",
                card.text
            );
            assert!(!blocks.to_string().chars().any(crate::visible::is_harmful), "{text}");
            let heading = &card.blocks[0]["text"]["text"];
            assert!(heading == "Waits for people · medium risk" || heading == "Approved", "{heading}");
            for ours in bold(&blocks).iter().filter(|ours| !ours.ends_with(" asks:")) {
                assert!(!ours.contains("evil") && !ours.contains("Approved") && !ours.contains('<'), "{ours}");
            }
        }
        for what in [What::Questioned, What::Explained] {
            check(&Value::from(aside(&all_of(text), what).unwrap().0), "");
        }
        let many = Message { what: What::Many, at: AT.to_owned(), matters: vec![all_of(text); 3], more: None };
        check(&Value::from(Card::of_many(&many).blocks), "");
    }
    check(&Value::from(Card::test().blocks), "");
    assert!(Message::test(Timestamp::default()).matters.is_empty());
}

#[test]
fn nothing_but_our_own_page_is_opened() {
    // REN-03
    for page in ["javascript:alert(1)", "slack://open", "ftp://a.example", "file:///etc/passwd"] {
        let matter = Matter { page: Some(page.to_owned()), ..waiting() };
        assert!(!labels(&card(&matter)).contains(&"Open".to_owned()), "{page}");
    }
}

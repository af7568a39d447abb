use clap::Parser;

use super::*;
use crate::identity::{KeyBook as _, MemoryBook};

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    keys: KeysArgs,
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros(seconds.saturating_mul(1_000_000))
}

async fn say(book: &MemoryBook, words: &[&str]) -> (Exit, String) {
    let line = Line::try_parse_from(["keys"].iter().chain(words)).unwrap();
    let mut out = Vec::new();
    let code = run(line.keys, book, at(1_800_000_000), &mut out).await.unwrap();
    (code, String::from_utf8(out).unwrap())
}

fn key_in(text: &str) -> String {
    let (_, rest) = text.split_at(text.find("csk_").unwrap());
    rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect()
}

#[tokio::test]
async fn a_key_is_shown_once_with_a_command_that_works_and_never_again() {
    let book = MemoryBook::default();
    let words = ["make", "ci-bot", "--group", "ci", "--group", "ops", "--agent", "claude-code", "--user", "alice"];
    let (code, text) = say(&book, &words).await;
    assert_eq!(code, Exit::Done);
    let key = key_in(&text);
    assert!(text.contains(&format!(
        "claude mcp add --transport http countersign http://127.0.0.1:4180/mcp --header \"Authorization: Bearer {key}\""
    )));
    let presented = api_key::read(&key).unwrap();
    let stored = book.find(presented.id).await.unwrap().unwrap();
    assert!(api_key::matches(&presented, &stored));
    let (_, table) = say(&book, &["list"]).await;
    let (_, json) = say(&book, &["list", "--json"]).await;
    let secret = key.rsplit('_').next().unwrap();
    for shown in [&table, &json] {
        assert!(shown.contains("ci-bot") && shown.contains("alice") && !shown.contains(secret), "{shown}");
    }
    assert!(json.contains(r#""groups":["ci","ops"],"agent":"claude-code","user":"alice","made":"2027-01-15T08:00:00.000Z","revoked":null"#), "{json}");
}

#[tokio::test]
async fn a_machine_gets_the_key_as_json() {
    let (code, text) = say(&MemoryBook::default(), &["make", "ci", "--json"]).await;
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(code, Exit::Done);
    assert!(api_key::read(value["key"].as_str().unwrap()).is_some());
}

#[tokio::test]
async fn a_key_is_revoked_by_its_id_or_by_itself_and_an_unknown_one_ends_with_3() {
    let book = MemoryBook::default();
    let (_, first) = say(&book, &["make", "a"]).await;
    let (_, second) = say(&book, &["make", "b"]).await;
    let (first, second) = (key_in(&first), key_in(&second));
    let id = api_key::read(&first).unwrap().id;
    assert_eq!(say(&book, &["revoke", id]).await.0, Exit::Done);
    assert!(say(&book, &["revoke", id]).await.1.contains("before"));
    let (code, text) = say(&book, &["revoke", &second, "--json"]).await;
    assert_eq!((code, text.contains(&second)), (Exit::Done, false));
    assert!(book.list().await.unwrap().iter().all(|key| key.revoked.is_some()));
    let (code, text) = say(&book, &["revoke", "000000000000"]).await;
    assert_eq!(code, Exit::NotFound);
    assert!(text.contains("countersign keys list"));
    assert_eq!(say(&book, &["revoke", "csk_000000000000", "--json"]).await.0, Exit::NotFound);
}

#[test]
fn names_that_would_not_be_plain_in_a_policy_are_not_taken() {
    for name in ["", "a b", "a\nb", "ключ", "a\"b", &"x".repeat(65)] {
        assert!(Line::try_parse_from(["keys", "make", name]).is_err(), "{name:?}");
    }
    assert!(Line::try_parse_from(["keys", "make", "ok", "--group", "a\u{1b}[31m"]).is_err());
}

#[tokio::test]
async fn an_empty_list_says_what_to_do() {
    assert!(say(&MemoryBook::default(), &["list"]).await.1.contains("keys make"));
}

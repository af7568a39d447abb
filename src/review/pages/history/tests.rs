//! What is said of calls that are over?

use serde_json::json;

use super::*;
use crate::call::CallId;

fn line(seconds: i64, event: &str, body: &Value) -> Written {
    Written {
        seq: seconds,
        call: Some(CallId::from_record("0193-a")),
        at: Timestamp::from_micros(seconds.saturating_mul(1_000_000)),
        event: event.to_owned(),
        body: body.to_string(),
    }
}

fn past(after: &[(i64, &str, Value)]) -> Past {
    let start = json!({
        "principal": "key:bot", "agent": "bot", "user": "max", "server": "shop", "method": "tools/call",
        "target": "drop", "params": {"arguments": {"table": "<b>x</b>"}},
    });
    let first = [line(0, "arrived", &start)];
    let rest = after.iter().map(|(at, event, body)| line(*at, event, body));
    Past::of(&first.into_iter().chain(rest).collect::<Vec<_>>(), None).unwrap()
}

fn plain(words: &[Word]) -> String {
    words
        .iter()
        .map(|word| match word {
            Word::Ours(text) | Word::Theirs(text) => text.as_str(),
        })
        .collect()
}

#[test]
fn a_call_stands_where_the_book_leaves_it() {
    let yes = |person: &str, state: &str| json!({"person": person, "word": "yes", "state": state});
    let held = || (1, "held", json!({}));
    for (after, stood, decided, took) in [
        (vec![], Stood::Runs, "", None),
        (vec![(1, "decided", json!({"outcome": "deny"}))], Stood::Refused, "the rules", None),
        (vec![(1, "refused", json!({"class": "unknown_tool"}))], Stood::Refused, "a check: unknown_tool", None),
        (
            vec![(1, "decided", json!({"outcome": "allow"})), (2, "finished", json!({"outcome": "succeeded"}))],
            Stood::Ran,
            "the rules",
            None,
        ),
        (vec![(1, "finished", json!({"outcome": "outcome_unknown"}))], Stood::Unknown, "", None),
        (vec![(0, "decided", json!({"outcome": "hold"})), held()], Stood::Waits, "", None),
        (vec![held(), (2, "arrived", json!({})), (3, "cancelled", json!({}))], Stood::Waits, "", None),
        (vec![held(), (7, "voted", yes("ada", "pending"))], Stood::Waits, "ada approved", Some("6.0 s")),
        (
            vec![held(), (7, "voted", yes("ada", "pending")), (9, "voted", yes("ida", "approved"))],
            Stood::Approved,
            "ada approved, ida approved",
            Some("8.0 s"),
        ),
        (
            vec![held(), (4, "voted", json!({"person": "ida", "word": "no", "state": "rejected"}))],
            Stood::Denied,
            "ida denied",
            Some("3.0 s"),
        ),
        (vec![held(), (9, "settled", json!({"state": "expired"}))], Stood::Expired, "nobody, in time", None),
        (vec![(1, "grant_used", json!({}))], Stood::Approved, "an open grant", None),
    ] {
        let past = past(&after);
        let found = (past.stood, plain(&past.decided), past.took);
        assert_eq!(found, (stood, decided.to_owned(), took.map(str::to_owned)), "{after:?}");
    }
}

#[test]
fn what_is_looked_for_is_found_by_each_of_its_names() {
    let call =
        past(&[(1, "held", json!({})), (3, "voted", json!({"person": "Ada", "word": "yes", "state": "approved"}))]);
    for (query, found) in [
        ("", true),
        ("what=SHO", true),
        ("what=dro", true),
        ("what=pay", false),
        ("who=max", true),
        ("who=key:bot", true),
        ("who=ada", true),
        ("who=eve", false),
        ("state=approved", true),
        ("state=ran", false),
        ("from=1970-01-01T00:00", true),
        ("from=1970-01-01T00:01", false),
        ("until=1970-01-01", true),
    ] {
        assert_eq!(read(query).unwrap().fits(&call), found, "{query}");
    }
    for wrong in
        ["id=0193", "id=0193abcd%25", "state=gone", "from=noon", "before=x", &format!("who={}", "x".repeat(201))]
    {
        assert!(matches!(read(wrong), Err(Fault::Malformed { .. })), "{wrong}");
    }
}

#[test]
fn the_next_page_looks_for_the_same() {
    let query = "id=0193abcd&what=a%26b&who=%C3%A9&state=ran&from=2026-01-02T03%3A04&until=2026-01-03T00%3A00";
    let search = read(query).unwrap();
    assert_eq!(search.address(7), format!("/history?{query}&before=7"));
    assert!(!search.is_empty() && read("before=3").unwrap().is_empty());
}

#[test]
fn hostile_text_stays_in_its_place() {
    // REN-10
    let frame = Frame { nonce: "n".to_owned(), me: None, here: "history", now: Timestamp::default() };
    let search = read("what=%22%3E%3Cscript%3E").unwrap();
    let page =
        HistoryPage { frame, search, rows: vec![past(&[])], next: Some("/history?before=3".to_owned()), looked: None };
    let html = page.render().unwrap();
    assert!(!html.contains("<b>x") && html.contains("&lt;b&gt;x"), "{html}");
    assert!(!html.contains("\"><script>"), "{html}");
}

fn read(query: &str) -> Result<Search, Fault> {
    let mut all: std::collections::BTreeMap<String, String> =
        url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    Search::read(&mut |name| all.remove(name))
}

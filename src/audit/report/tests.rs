//! Are the numbers those of the entries, and does the page need and run nothing?

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::custody::Fate;
use super::*;
use crate::audit::export::Record;
use crate::audit::standing::Standing;
use crate::call::CallId;
use crate::store::entries::Written;

const DAY: i64 = 86_400_000_000;
const START: i64 = 1_795_219_200_000_000;

/// Entries, one second after the other.
fn book(lines: &[(&str, Option<&str>, Value)]) -> Vec<Record> {
    let record = |(place, (event, call, body)): (i64, &(&str, Option<&str>, Value))| {
        let written = Written {
            seq: place.saturating_add(1),
            call: call.map(CallId::from_record),
            at: Timestamp::from_micros(START.saturating_add(place.saturating_mul(1_000_000))),
            event: (*event).to_owned(),
            body: body.to_string(),
        };
        Record::of(&written, None)
    };
    (0..).zip(lines).map(record).collect()
}

fn tally(lines: &[(&str, Option<&str>, Value)]) -> Tally {
    let mut tally = Tally::default();
    for record in &book(lines) {
        tally.count(record);
    }
    tally
}

fn arrived(call: &'static str) -> (&'static str, Option<&'static str>, Value) {
    ("arrived", Some(call), json!({ "principal": "os:bot", "server": "db", "target": "query" }))
}

fn decided(call: &'static str, outcome: &str, risk: &str) -> (&'static str, Option<&'static str>, Value) {
    let input = if risk == "low" { json!({ "who": "x" }) } else { json!({ "facts": { "risk": risk } }) };
    ("decided", Some(call), json!({ "outcome": outcome, "policy": "sha256:1", "input": input }))
}

fn voted(call: &'static str, person: &str, word: &str, state: &str) -> (&'static str, Option<&'static str>, Value) {
    ("voted", Some(call), json!({ "person": person, "word": word, "state": state, "evidence": "session" }))
}

fn only(event: &'static str, call: &'static str) -> (&'static str, Option<&'static str>, Value) {
    (event, Some(call), json!({ "server": "db" }))
}

#[test]
fn what_ran_without_a_persons_consent_is_counted_and_named() {
    // A54
    let tally = tally(&[
        // Allowed by a rule alone.
        arrived("a"),
        decided("a", "allow", "high"),
        only("dispatched", "a"),
        // Of low risk.
        arrived("b"),
        decided("b", "allow", "low"),
        only("dispatched", "b"),
        // A person agreed.
        arrived("c"),
        decided("c", "hold", "critical"),
        only("held", "c"),
        voted("c", "ada", "yes", "approved"),
        only("claimed", "c"),
        only("dispatched", "c"),
        // Only a program did.
        arrived("d"),
        decided("d", "hold", "high"),
        only("held", "d"),
        voted("d", "automation:bot", "yes", "approved"),
        only("claimed", "d"),
        only("dispatched", "d"),
        // A person agreed before.
        arrived("e"),
        decided("e", "hold", "high"),
        ("grant_used", Some("e"), json!({ "people": ["ada"] })),
        only("dispatched", "e"),
        // It never ran.
        arrived("f"),
        decided("f", "deny", "critical"),
        // What was judged by whole facts that say nothing of the risk.
        arrived("g"),
        ("decided", Some("g"), json!({ "outcome": "allow", "policy": "sha256:1", "input": { "facts": [{}] } })),
        only("dispatched", "g"),
    ]);
    let found: BTreeSet<(&str, &str)> =
        tally.unreviewed().iter().map(|risky| (&*risky.id, risky.risk.word())).collect();
    assert_eq!(found, BTreeSet::from([("a", "high"), ("d", "high"), ("g", "critical")]));
    assert_eq!(tally.unreviewed()[0].who, "os:bot");
    assert_eq!(tally.reviewed(), (5, 2));
    assert_eq!(tally.unknown(), Vec::<String>::new());
}

#[test]
fn a_call_from_before_the_period_is_looked_up() {
    let before =
        book(&[arrived("a"), decided("a", "hold", "high"), only("held", "a"), voted("a", "ada", "yes", "approved")]);
    let mut tally = tally(&[only("claimed", "a"), only("dispatched", "a")]);
    assert_eq!(tally.unknown(), ["a"]);
    for record in &before {
        tally.recall(record);
    }
    assert_eq!((tally.unreviewed().len(), tally.reviewed(), tally.entries()), (0, (1, 1), 2));
}

#[test]
fn holds_end_once_and_people_are_counted() {
    let tally = tally(&[
        only("held", "a"),
        voted("a", "ada", "yes", "pending"),
        voted("a", "ben", "yes", "approved"),
        only("claimed", "a"),
        only("held", "b"),
        voted("b", "ada", "no", "rejected"),
        ("settled", Some("b"), json!({ "state": "rejected" })),
        only("held", "c"),
        ("settled", Some("c"), json!({ "state": "expired" })),
        only("held", "d"),
        voted("d", "ben", "yes", "approved"),
        ("settled", Some("d"), json!({ "state": "lapsed" })),
        only("held", "e"),
        voted("e", "ada", "break_glass", "approved"),
        ("claimed", Some("e"), json!({ "break_glass": true })),
        only("held", "f"),
        ("viewed", Some("f"), json!({ "person": "ada" })),
        ("rushed", Some("a"), json!({ "person": "ben" })),
    ]);
    let holds = tally.holds();
    for (fate, count) in [(Fate::Approved, 2), (Fate::Denied, 1), (Fate::Expired, 1), (Fate::Gone, 1), (Fate::Open, 1)]
    {
        assert_eq!(holds.get(&fate), Some(&count), "{fate:?}");
    }
    let (ada, ben) = (&tally.people["ada"], &tally.people["ben"]);
    assert_eq!((ada.yes, ada.no, ada.glass, ada.views, ben.yes, ben.rushes), (1, 1, 1, 1, 2, 1));
    assert_eq!(tally.times(), [1_000_000, 1_000_000, 1_000_000, 2_000_000]);
    assert_eq!((tally.glass.len(), tally.glass[0].people.clone()), (1, vec!["ada".to_owned()]));
}

fn page(tally: Tally, standing: Ends) -> String {
    let source = Source {
        made: Timestamp::from_micros(START.saturating_add(DAY.saturating_mul(40))),
        by: "os:ada".to_owned(),
        place: "sqlite:book.db".to_owned(),
        deployment: Some(("<b>production".to_owned(), "eu".to_owned())),
        oldest: Some(Timestamp::from_micros(START)),
        recorded: true,
        settled: true,
    };
    let period = (Timestamp::from_micros(START), Timestamp::from_micros(START.saturating_add(DAY.saturating_mul(40))));
    Report::of(source, period, tally, standing).render().unwrap()
}

#[test]
fn the_page_asks_for_nothing_runs_nothing_and_says_that_it_claims_nothing() {
    let nasty = "</style><script>alert(1)</script>\u{202e}\"'><img src=//x>";
    let text = page(
        tally(&[
            ("arrived", Some("a"), json!({ "principal": nasty, "server": nasty, "target": nasty })),
            decided("a", "allow", "critical"),
            only("dispatched", "a"),
            ("fault", None, json!({ "what": nasty })),
            ("refused", None, json!({ "class": nasty })),
            ("operated", None, json!({ "what": "policy_loaded", "detail": nasty })),
            voted("b", nasty, "yes", "approved"),
        ]),
        Ends::default(),
    );
    for never in
        ["<script", "<img", "http://", "https://", "url(", "@import", "<link", "<iframe", " style=", "\u{202e}"]
    {
        assert!(!text.contains(never), "{never}");
    }
    let policy = text.split("Content-Security-Policy\" content=\"").nth(1).unwrap().split('"').next().unwrap();
    assert!(policy.starts_with("default-src &#39;none&#39;;") || policy.starts_with("default-src 'none';"), "{policy}");
    let style = text.split("<style>").nth(1).unwrap().split("</style>").next().unwrap();
    assert!(policy.contains(&BASE64_STANDARD.encode(sha256(style.as_bytes()))), "the style is let in");
    assert!(text.contains("no claim of compliance") && text.contains("&lt;b&gt;production"));
    assert!(text.contains("This record has no Merkle log yet"));
}

#[test]
fn the_standing_is_printed_at_both_ends() {
    let standing = |size| Some(Standing { size, root: format!("root{size}"), checkpoint: format!("log\n{size}\n") });
    let text = page(tally(&[only("dispatched", "a")]), Ends { before: standing(41), after: standing(42) });
    for words in ["before it, 41 leaves", "with it, 42 leaves", "root41", "root42", "log\n42\n"] {
        assert!(text.contains(words), "{words}");
    }
}

#[test]
fn every_control_names_entries_there_can_be() {
    let known: BTreeSet<&str> = controls::ALL.iter().flat_map(|control| control.events.iter().copied()).collect();
    for event in known {
        assert!(!glossary::meaning(event).is_empty(), "{event} is no event");
    }
    for framework in Framework::ALL {
        assert!(framework.controls().count() >= 4, "{framework:?}");
    }
}

#[test]
fn long_periods_have_few_bars() {
    for (days, most) in [(1, 1), (31, 31), (90, 45), (400, 45), (3650, 45)] {
        let chart =
            by_day(&Tally::default(), (Timestamp::from_micros(START), Timestamp::from_micros(START + days * DAY)));
        assert!((1..=most).contains(&chart.bars.len()), "{days}: {}", chart.bars.len());
    }
}

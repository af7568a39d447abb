//! Is one entry one record, whatever its words say?

use proptest::prelude::*;
use serde_json::{Value, json};

use super::proof::Population;
use super::{Format, Leaf, Record};
use crate::call::CallId;
use crate::clock::Timestamp;
use crate::store::entries::Written;

const CALL: &str = "019a3f20-77c1-7abc-8def-0123456789ab";
const NASTY: &str = "a\n{\"seq\":9}\r\n=cmd|' /C calc'!A1,\"b\"|c=d\\e\u{1b}[2J\u{202e}\u{2028}\u{0}\u{7f}";

fn record(event: &str, body: &Value) -> Record {
    let written = Written {
        seq: 7,
        call: Some(CallId::from_record(CALL)),
        at: Timestamp::from_micros(1_795_262_400_123_456),
        event: event.to_owned(),
        body: body.to_string(),
    };
    Record::of(&written, None)
}

fn chained(event: &str, body: &Value) -> Record {
    Record { leaf: Some(Leaf { index: 6, hash: "ab".repeat(32) }), ..record(event, body) }
}

/// The cells of one line, as RFC 4180 has them.
fn cells(line: &str) -> Vec<String> {
    let (mut all, mut cell, mut inside) = (Vec::new(), String::new(), false);
    let mut rest = line.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '"' if inside && rest.peek() == Some(&'"') => cell.push(rest.next().unwrap()),
            '"' => inside = !inside,
            ',' if !inside => all.push(std::mem::take(&mut cell)),
            c => cell.push(c),
        }
    }
    assert!(!inside, "{line}");
    all.push(cell);
    all
}

/// Header and extension of one line.
fn cef(line: &str) -> (Vec<String>, Vec<(String, String)>) {
    let (mut header, mut part) = (Vec::new(), String::new());
    let mut rest = line.chars();
    while header.len() < 7 {
        match rest.next().unwrap() {
            '\\' => part.push(rest.next().unwrap()),
            '|' => header.push(std::mem::take(&mut part)),
            c => part.push(c),
        }
    }
    let (mut pairs, mut word, mut at_equals) = (Vec::<(String, String)>::new(), String::new(), false);
    let mut chars = rest.peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' => word.push(chars.next().unwrap()),
            '=' => {
                // The key is the last word before it.
                let (before, key) = word.rsplit_once(' ').map_or(("", &*word), |(before, key)| (before, key));
                if let (Some(last), true) = (pairs.last_mut(), at_equals) {
                    before.clone_into(&mut last.1);
                }
                pairs.push((key.to_owned(), String::new()));
                word.clear();
                at_equals = true;
            }
            c => word.push(c),
        }
    }
    if let Some(last) = pairs.last_mut() {
        last.1 = word;
    }
    (header, pairs)
}

#[test]
fn what_an_agent_wrote_stays_in_its_record() {
    // AUD-14
    for event in ["fault", "arrived", "voted", "refused", "operated", "definition", "session", NASTY] {
        let body = json!({ "what": NASTY, "target": NASTY, "server": NASTY, "person": NASTY, "reason": NASTY,
            "outcome": NASTY, "params": { NASTY: NASTY }, "policy": NASTY,
            "findings": [{ "policy": NASTY, "id": NASTY, "effect": "deny", "reason": NASTY }] });
        let record = record(event, &body);
        for format in Format::ALL {
            let text = format.record(&record);
            assert!(text.ends_with('\n') && text.lines().count() == 1, "{format:?}: {text:?}");
            let line = text.trim_end();
            assert!(!line.chars().any(|c| c.is_control() || matches!(c, '\u{202e}' | '\u{2028}')), "{line:?}");
        }
        let line: Value = serde_json::from_str(&Format::Jsonl.record(&record)).unwrap();
        assert_eq!((line["params"][NASTY].as_str(), line["seq"].as_u64()), (Some(NASTY), Some(7)));
        let line: Value = serde_json::from_str(&Format::Ocsf.record(&record)).unwrap();
        assert_eq!(line["unmapped"]["entry"]["params"][NASTY], NASTY);
        let row = cells(Format::Csv.record(&record).trim_end());
        assert_eq!(row.len(), cells(Format::Csv.head().trim_end()).len(), "{row:?}");
        let whole: Value = serde_json::from_str(row.last().unwrap()).unwrap();
        assert_eq!(whole["reason"], NASTY);
        assert!(row.iter().all(|cell| !cell.starts_with(['=', '+', '-', '@'])), "{row:?}");
        let (header, pairs) = cef(Format::Cef.record(&record).trim_end());
        assert_eq!((header[0].as_str(), header[1].as_str()), ("CEF:0", "Countersign"));
        let msg = pairs.iter().find(|(key, _)| key == "msg").unwrap();
        assert_eq!(serde_json::from_str::<Value>(&msg.1).unwrap()["reason"], NASTY);
        let keys: Vec<&str> = pairs.iter().map(|(key, _)| key.as_str()).collect();
        assert!(keys.iter().all(|key| key.chars().all(char::is_alphanumeric)), "{keys:?}");
    }
}

#[test]
fn every_form_keeps_what_ties_a_record_to_the_book() {
    // A51
    let record =
        chained("voted", &json!({ "person": "ada", "word": "yes", "digest": "sha256:x", "state": "approved" }));
    let hash = "ab".repeat(32);
    let line: Value = serde_json::from_str(&Format::Jsonl.record(&record)).unwrap();
    assert_eq!(line["leaf"], json!({ "index": 6, "hash": hash }));
    let line: Value = serde_json::from_str(&Format::Ocsf.record(&record)).unwrap();
    assert_eq!(line["unmapped"]["chain"], json!({ "seq": 7, "call": CALL, "leaf_index": 6, "leaf_hash": hash }));
    assert_eq!(line["metadata"]["correlation_uid"], CALL);
    let row = cells(Format::Csv.record(&record).trim_end());
    assert_eq!(row[..5], ["7", "6", &hash, "2026-11-21T12:00:00.123Z", CALL]);
    let (_, pairs) = cef(Format::Cef.record(&record).trim_end());
    for (key, value) in [("externalId", "7"), ("cs1", CALL), ("cs4", &hash), ("cn1", "6"), ("suser", "ada")] {
        assert!(pairs.contains(&(key.to_owned(), value.to_owned())), "{key}: {pairs:?}");
    }
    let short = record.shortened("the whole text");
    let line: Value = serde_json::from_str(&Format::Ocsf.record(&short)).unwrap();
    assert_eq!(line["unmapped"]["chain"]["leaf_hash"], hash);
    assert_eq!(line["unmapped"]["entry"]["shortened"]["bytes"], 14);
}

#[test]
fn an_event_of_ocsf_has_what_its_class_requires() {
    for (event, body, class, required) in [
        (
            "arrived",
            json!({ "principal": "os:ada", "server": "db", "target": "query", "method": "tools/call" }),
            6003,
            "api",
        ),
        ("decided", json!({ "outcome": "hold", "policy": "sha256:1", "findings": [] }), 6003, "actor"),
        ("finished", json!({ "outcome": "failed" }), 6003, "src_endpoint"),
        ("session", json!({ "what": "opened", "principal": "os:ada" }), 3002, "user"),
        ("operated", json!({ "what": "policy_loaded", "detail": "x" }), 3004, "entity"),
        ("definition", json!({ "what": "drifted", "server": "db", "tool": "q", "digest": "d" }), 2004, "finding_info"),
        ("something_new", json!({}), 6003, "api"),
    ] {
        let line: Value = serde_json::from_str(&Format::Ocsf.record(&record(event, &body))).unwrap();
        assert_eq!((line["class_uid"].as_u64(), line["metadata"]["version"].as_str()), (Some(class), Some("1.8.0")));
        let activity = line["activity_id"].as_u64().unwrap();
        assert_eq!(line["type_uid"].as_u64(), Some(class * 100 + activity), "{event}");
        assert_eq!(line["time"], 1_795_262_400_123_u64);
        assert!(line["category_uid"].is_u64() && line["severity_id"].is_u64() && line["status_id"].is_u64());
        assert!(!line[required].is_null() && !line["metadata"]["product"]["vendor_name"].is_null(), "{line}");
    }
    let of = |event: &str, body: Value| -> Value {
        serde_json::from_str(&Format::Ocsf.record(&record(event, &body))).unwrap()
    };
    for (event, body, control) in [
        ("decided", json!({ "outcome": "deny" }), (2, 2)),
        ("decided", json!({ "outcome": "hold" }), (1, 14)),
        ("voted", json!({ "word": "no" }), (2, 25)),
        ("claimed", json!({}), (1, 8)),
    ] {
        let line = of(event, body);
        assert_eq!((line["action_id"].as_u64(), line["disposition_id"].as_u64()), (Some(control.0), Some(control.1)));
    }
}

#[test]
fn a_population_is_counted_once_for_each_call() {
    let mut population = Population::default();
    for (event, call) in [("arrived", Some("a")), ("decided", Some("a")), ("arrived", Some(CALL)), ("listed", None)] {
        population.count(&Record { call: call.map(str::to_owned), ..record(event, &json!({})) });
    }
    assert_eq!((population.entries, population.calls, population.by_event["arrived"]), (4, 2, 2));
}

proptest! {
    #[test]
    fn any_text_is_one_record_in_every_form(
        words in proptest::array::uniform4("\\PC*|[\\u{0}-\\u{2100}\"',|=\\\\\\n]*"),
        event in "[a-z_]{1,12}",
    ) {
        let [what, why, key, other] = &words;
        let body = json!({ "outcome": what, "reason": why, "person": other, "server": key, "params": { key.as_str(): other } });
        let record = record(&event, &body);
        for format in Format::ALL {
            let text = format.record(&record);
            prop_assert_eq!(text.matches('\n').count(), 1);
            prop_assert!(!text.trim_end().chars().any(crate::visible::is_harmful));
        }
        let line: Value = serde_json::from_str(&Format::Jsonl.record(&record)).unwrap();
        prop_assert_eq!(line["reason"].as_str(), Some(why.as_str()));
        let row = cells(Format::Csv.record(&record).trim_end());
        let whole: Value = serde_json::from_str(row.last().unwrap()).unwrap();
        prop_assert_eq!(&whole, &line);
        let (_, pairs) = cef(Format::Cef.record(&record).trim_end());
        let msg = &pairs.iter().find(|(key, _)| key == "msg").unwrap().1;
        prop_assert_eq!(serde_json::from_str::<Value>(msg).unwrap(), line);
    }
}

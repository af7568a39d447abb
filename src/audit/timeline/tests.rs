//! Does a timeline tell the whole story, and a redacted one no more than it may?

use serde_json::{Value, json};

use super::*;
use crate::audit::export::jsonl;
use crate::call::CallId;
use crate::clock::Timestamp;
use crate::store::entries::Written;

const SECRET: &str = "the-words-nobody-may-see";

fn book() -> Vec<Record> {
    let lines = [
        (
            "arrived",
            json!({ "principal": "os:bot", "proof": "token", "agent": "bot", "user": "ben", "transport": "http",
            "server": "pay", "target": "refund", "params": { "note": SECRET, "amount": 5 }, "digest": "sha256:aaaaaaaaaaaaaaaa",
            "client": SECRET }),
        ),
        (
            "decided",
            json!({ "outcome": "hold", "policy": "sha256:bbbbbbbbbbbbbbbb", "micros": 210, "input": { "who": SECRET },
            "findings": [{ "policy": "pay", "id": "big", "effect": "hold", "reason": SECRET, "evidence": { "x": SECRET } }] }),
        ),
        (
            "held",
            json!({ "digest": "sha256:cccccccccccccccc", "deadline": "2026-11-22T10:00:00Z",
            "agreement": { "all_of": [{ "finding": "pay/big", "reviewers": ["role:finance"], "quorum": 1, "show": [SECRET] }] } }),
        ),
        ("viewed", json!({ "person": "ada", "account": "oidc:ada", "digest": "sha256:cccccccccccccccc" })),
        (
            "voted",
            json!({ "person": "ada", "account": "oidc:ada", "word": "yes", "part": "countersigns", "reason": SECRET,
            "evidence": "passkey", "assertion": { "signature": SECRET }, "digest": "sha256:cccccccccccccccc", "state": "approved" }),
        ),
        ("claimed", json!({ "attempt": "att-1", "digest": "sha256:aaaaaaaaaaaaaaaa" })),
        ("dispatched", json!({ "server": "pay" })),
        (
            "finished",
            json!({ "outcome": "failed_by_tool", "digest": "sha256:dddddddddddddddd", "bytes": 812, "micros": 61_234_000,
            "error": SECRET }),
        ),
        ("brand_new", json!({ "person": "ada", "unheard_of": SECRET, "nested": [{ "x": SECRET }] })),
    ];
    let record = |(place, (event, body)): (i64, (&str, Value))| {
        let written = Written {
            seq: place.saturating_add(1),
            call: Some(CallId::from_record("019a3f20-77c1-7abc-8def-0123456789ab")),
            at: Timestamp::from_micros(place.saturating_mul(1_500_000).saturating_add(1_795_262_400_000_000)),
            event: event.to_owned(),
            body: body.to_string(),
        };
        Record::of(&written, None)
    };
    (0..).zip(lines).map(record).collect()
}

#[test]
fn the_whole_chain_of_custody_is_on_one_page() {
    // A50
    let told: Vec<String> =
        steps(&book()).iter().map(|step| format!("{} {} {}", since(step.after), step.who, step.what)).collect();
    for (line, words) in told.iter().zip([
        ["+0.000 s os:bot", "asked for pay/refund", "\"amount\":5"],
        ["+1.500 s policy", "hold by bundle sha256:bbbbbbbbbbbb…", "hold pay/big: the-words"],
        ["+3.000 s gateway", "waits for people until 2026-11-22T10:00:00Z", "pay/big asks role:finance"],
        ["+4.500 s ada", "was shown it", "oidc:ada"],
        ["+6.000 s ada", "approved it (countersigns), by oidc:ada with passkey", "saw sha256:cccccccccccc…"],
        ["+7.500 s gateway", "everybody who must has agreed", "sha256:aaaaaaaaaaaa…"],
        ["+9.000 s gateway", "sent it to pay", ""],
        [
            "+10.500 s server",
            "failed by tool: the-words-nobody-may-see after 1:01.234 min",
            "result sha256:dddddddddddd… of 812 bytes",
        ],
        ["+12.000 s gateway", "brand new", "unheard_of"],
    ]) {
        assert!(words.iter().all(|words| line.contains(words)), "{line} has not {words:?}");
    }
}

#[test]
fn redacted_it_tells_who_and_what_and_none_of_their_words() {
    // A55
    let records: Vec<Record> = book().iter().map(redacted).collect();
    let text: String = records.iter().map(jsonl::record).collect();
    let words: String = steps(&records).into_iter().map(|step| step.what + "\n").collect();
    assert!(!text.contains(SECRET) && !words.contains(SECRET), "{text}{words}");
    for kept in [
        "os:bot",
        "refund",
        "sha256:cccccccccccccccc",
        "\"ada\"",
        "role:finance",
        "pay/big",
        "\"passkey\"",
        "\"micros\":210",
    ] {
        assert!(text.contains(kept), "{kept} is missing: {text}");
    }
    let left: Vec<Value> =
        text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["left_out"].clone()).collect();
    assert_eq!(left[0], json!(["/client", "/params"]));
    assert_eq!(left[1], json!(["/findings/evidence", "/findings/reason", "/input"]));
    assert_eq!(left[4], json!(["/assertion", "/reason"]));
    assert_eq!(left[8], json!(["/nested", "/unheard_of"]));
}

#[test]
fn time_is_told_in_the_unit_that_says_enough() {
    for (millis, words) in [
        (-5, "+0.000 s"),
        (1, "+0.001 s"),
        (59_999, "+59.999 s"),
        (61_000, "+1:01.000 min"),
        (3_600_000, "+1:00:00 h"),
        (90_061_000, "+1 d 1:01 h"),
    ] {
        assert_eq!(since(millis * 1000), words);
    }
}

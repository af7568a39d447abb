use super::*;

#[test]
fn what_is_recorded_has_an_end() {
    // POL-02
    let context = Context { policy: "p", effect: Effect::Warn };
    let many = |count: usize| Value::from((0..count).map(|_| Value::from("a reason")).collect::<Vec<_>>());
    assert_eq!(read(context, &many(MOST)).unwrap().len(), MOST);
    assert!(read(context, &many(MOST + 1)).unwrap_err().why.contains("too many"));
    let named = |length: usize| Value::from_json_str(&format!(r#"{{"id":"{}"}}"#, "a".repeat(length))).unwrap();
    assert_eq!(read(context, &named(LONGEST)).unwrap().len(), 1);
    assert!(read(context, &named(LONGEST + 1)).unwrap_err().why.contains("more than"));
}

fn said(effect: Effect, json: &str) -> Vec<Finding> {
    let value = Value::from_json_str(json).unwrap();
    read(Context { policy: "p", effect }, &value).unwrap_or_else(|malformed| panic!("{malformed}: {json}"))
}

#[test]
fn every_effect_says_what_it_needs_and_reads_back_as_it_was_written() {
    for (effect, json) in [
        (
            Effect::Hold,
            r#"{"reviewers":["user:ben","user:ann","group:a","role:lead"],"quorum":3,"each":true,"ttl":"30m","escalate":{"after":"10m","to":["group:b"]},"show":["/call/arguments","/facts/risk"],"by":"other","grant":{"uses":5,"for":"15m","free":["/a~1b","/limit"]},"evidence":"passkey"}"#,
        ),
        (Effect::Withhold, r#"{"reviewers":["user"],"quorum":1,"each":false,"show":["/result/text"],"by":"owner"}"#),
        (Effect::Redact, r#"{"path":"/call/arguments/a~1b/*/0","replace":"","pattern":"[0-9]+"}"#),
        (Effect::Redact, r#"{"path":"/result/structured","remove":true}"#),
        (Effect::Require, r#"{"credential":{"provider":"postgres","scope":"read","ttl":"5m"}}"#),
        (Effect::Require, r#"{"prompt":"captured"}"#),
        (Effect::Require, r#"{"rationale":"claimed"}"#),
        (Effect::Limit, r#"{"key":["a","7"],"max":9223372036854775807,"per":"30d","cost":0,"then":"deny"}"#),
        (
            Effect::Limit,
            r#"{"key":["a"],"max":0,"per":"1m","cost":9007199254740993,"then":"hold","reviewers":["group:a"],"quorum":2,"each":false,"show":["/call/arguments"],"by":"other","evidence":"session"}"#,
        ),
        (Effect::Label, r#"{"label":"private-data-2"}"#),
    ] {
        let [finding] = &said(effect, json)[..] else { panic!("{json}") };
        let mut told = serde_json::to_value(finding).unwrap();
        let members = told.as_object_mut().unwrap();
        assert_eq!(
            (members.remove("policy"), members.remove("effect")),
            (Some("p".into()), Some(effect.word().into()))
        );
        assert_eq!(told, serde_json::from_str::<serde_json::Value>(json).unwrap());
    }
}

#[test]
fn what_is_left_out_has_a_meaning() {
    let hold = |json: &str| match said(Effect::Hold, json).remove(0).detail {
        Detail::Hold(terms) => terms,
        other => panic!("{other:?}"),
    };
    let terms = hold(r#"{"reviewers":["group:a"]}"#);
    assert_eq!((terms.quorum, terms.each, terms.by, terms.ttl), (1, false, hold::By::Other, None));
    assert_eq!(terms.show.iter().map(ToString::to_string).collect::<Vec<_>>(), ["/call/arguments"]);
    assert_eq!(hold(r#"{"reviewers":["user"]}"#).by, hold::By::Owner, "only they are there to confirm");
    let limit = said(Effect::Limit, r#"{"key":["a",7],"max":3,"per":"1h"}"#).remove(0).detail;
    let Detail::Limit(LimitTerms { key, cost, then, .. }) = limit else { panic!("{limit:?}") };
    assert_eq!((key, cost, then), (vec!["a".to_owned(), "7".to_owned()], 1, limit::Then::Deny));
    let mask = said(Effect::Mask, r#"{"path":"/call/arguments/card"}"#).remove(0).detail;
    let Detail::Change(Change { how, .. }) = mask else { panic!("{mask:?}") };
    assert_eq!(how, change::How::Replace(change::MASKED.to_owned()));
    let labels = said(Effect::Label, r#"["private-data", {"label": "seen", "reason": "r"}]"#);
    let names: Vec<_> = labels.iter().map(|finding| &finding.detail).collect();
    assert!(
        matches!(names[..], [Detail::Label { label: one }, Detail::Label { label: two }] if one.as_str() == "private-data" && two.as_str() == "seen")
    );
    assert_eq!(labels[0].reason, None, "the text of a label is no reason");
}

#[test]
fn whatever_is_not_understood_is_refused() {
    // POL-05
    let hold = |rest: &str| format!(r#"{{"reviewers":["group:a"],{rest}}}"#);
    let limit = |rest: &str| format!(r#"{{"key":["a"],"max":3,"per":"1h",{rest}}}"#);
    let table: Vec<(Effect, String, &str)> = vec![
        (Effect::Hold, "true".into(), "reviewers"),
        (Effect::Hold, "\"ask\"".into(), "reviewers"),
        (Effect::Hold, "{}".into(), "reviewers"),
        (Effect::Hold, r#"{"reviewers":[]}"#.into(), "nobody"),
        (Effect::Hold, r#"{"reviewers":"group:a"}"#.into(), "string"),
        (Effect::Hold, r#"{"reviewers":["a"]}"#.into(), "`a` is no reviewer"),
        (Effect::Hold, r#"{"reviewers":["group:"]}"#.into(), "no reviewer"),
        (Effect::Hold, r#"{"reviewers":["group: a"]}"#.into(), "no reviewer"),
        (Effect::Hold, r#"{"reviewers":["user"],"by":"other"}"#.into(), "nobody could agree"),
        (Effect::Hold, r#"{"reviewers":["user:a","user:a"],"quorum":2}"#.into(), "only 1 can agree"),
        (Effect::Hold, r#"{"reviewers":["user","group:a"],"each":true}"#.into(), "`each` wants \"user\""),
        (Effect::Hold, r#"{"reviewers":["user","user:a"],"by":"other","quorum":2}"#.into(), "only 1 can agree"),
        (Effect::Hold, hold(r#""quorum":0"#), "0"),
        (Effect::Hold, hold(r#""quorum":1.5"#), "1.5"),
        (Effect::Hold, hold(r#""quorum":-1"#), "-1"),
        (Effect::Hold, hold(r#""quorum":"2""#), "string"),
        (Effect::Hold, hold(r#""quorum":null"#), "null"),
        (Effect::Hold, hold(r#""ttl":"30 minutes""#), "`30 minutes`"),
        (Effect::Hold, hold(r#""ttl":1800"#), "1800"),
        (Effect::Hold, hold(r#""ttl":"0m""#), "`0m`"),
        (Effect::Hold, hold(r#""self":true"#), "`self`"),
        (Effect::Hold, hold(r#""by":"anybody""#), "`anybody`"),
        (Effect::Hold, hold(r#""evidence":"fingerprint""#), "`fingerprint`"),
        (Effect::Hold, hold(r#""evidence":["passkey"]"#), "sequence"),
        (Effect::Limit, r#"{"key":["a"],"max":1,"per":"1h","evidence":"passkey"}"#.into(), "not \"hold\""),
        (Effect::Hold, hold(r#""show":["/call/argument"]"#), "no such field"),
        (Effect::Hold, hold(r#""show":["call"]"#), "no JSON pointer"),
        (Effect::Hold, hold(r#""escalate":{"after":"1h"}"#), "`to`"),
        (Effect::Hold, hold(r#""grant":{"uses":1,"for":"1h"}"#), "one use needs none"),
        (Effect::Hold, hold(r#""grant":{"uses":5,"for":"2d"}"#), "longer than 24h"),
        (Effect::Hold, hold(r#""grant":{"uses":5,"for":"1h","free":["/call/arguments/a"]}"#), "from the arguments"),
        (Effect::Hold, hold(r#""grant":{"uses":5,"for":"1h","until":"friday"}"#), "`until`"),
        (
            Effect::Limit,
            r#"{"key":["a"],"max":1,"per":"1h","then":"hold","reviewers":["user"],"grant":{"uses":5,"for":"1h"}}"#
                .into(),
            "`grant`",
        ),
        (Effect::Hold, hold(r#""escalate":{"after":"1h","to":[]}"#), "nobody"),
        (Effect::Hold, hold(r#""escalate":{"after":"1h","to":["user:a"],"then":"deny"}"#), "`then`"),
        (Effect::Withhold, r#"{"quorum":2}"#.into(), "reviewers"),
        (Effect::Redact, "true".into(), "path"),
        (Effect::Redact, r#"{"path":"/call/arguments/a"}"#.into(), "replace"),
        (Effect::Redact, r#"{"path":"/call/arguments/a","replace":"x","remove":true}"#.into(), "either"),
        (Effect::Redact, r#"{"path":"/call/arguments/a","remove":false}"#.into(), "either"),
        (Effect::Redact, r#"{"path":"/call/arguments/a","remove":true,"pattern":"a"}"#.into(), "replace"),
        (Effect::Redact, r#"{"path":"/call/arguments/a","replace":7}"#.into(), "7"),
        (Effect::Redact, r#"{"path":"/call/arguments/a","replace":"x","pattern":"("}"#.into(), "pattern"),
        (Effect::Redact, r#"{"path":"/call/arguments/a","replace":"x","pattern":"a*"}"#.into(), "everywhere"),
        (Effect::Redact, r#"{"path":"/call/arguments/a","replace":"x","pattern":"\\w{5000}"}"#.into(), "pattern"),
        (Effect::Redact, r#"{"path":"/call/arguments","replace":"x"}"#.into(), "`path`"),
        (Effect::Redact, r#"{"path":"/call/tool","replace":"x"}"#.into(), "`path`"),
        (Effect::Redact, r#"{"path":"/principal/id","replace":"x"}"#.into(), "`path`"),
        (Effect::Redact, r#"{"path":"/*/arguments/a","replace":"x"}"#.into(), "`path`"),
        (Effect::Redact, r#"{"path":"/result/text","replace":"x"}"#.into(), "`path`"),
        (Effect::Redact, r#"{"path":"result/content","replace":"x"}"#.into(), "pointer"),
        (Effect::Mask, r#"{"path":"/call/arguments/a","replace":"x"}"#.into(), "`replace`"),
        (Effect::Require, "true".into(), "credential"),
        (Effect::Require, r#"{"sandbox":{}}"#.into(), "`sandbox`"),
        (Effect::Require, r#"{"credential":{"provider":"x"},"prompt":"captured"}"#.into(), "one of"),
        (Effect::Require, r#"{"rationale":"captured"}"#.into(), "never more"),
        (Effect::Require, r#"{"credential":{"provider":"x","role":"y"}}"#.into(), "`role`"),
        (Effect::Require, r#"{"credential":{"provider":""}}"#.into(), "provider"),
        (Effect::Require, r#"{"credential":{"scope":"x"}}"#.into(), "provider"),
        (Effect::Require, r#"{"prompt":"seen"}"#.into(), "`seen`"),
        (Effect::Limit, r#"{"key":["a"],"max":3}"#.into(), "per"),
        (Effect::Limit, r#"{"key":[],"max":3,"per":"1h"}"#.into(), "key"),
        (Effect::Limit, r#"{"key":"a","max":3,"per":"1h"}"#.into(), "string"),
        (Effect::Limit, r#"{"key":[null],"max":3,"per":"1h"}"#.into(), "neither a text"),
        (Effect::Limit, r#"{"key":["a"],"max":3,"per":"59s"}"#.into(), "per"),
        (Effect::Limit, r#"{"key":["a"],"max":3,"per":"31d"}"#.into(), "per"),
        (Effect::Limit, r#"{"key":["a"],"max":-1,"per":"1h"}"#.into(), "max"),
        (Effect::Limit, r#"{"key":["a"],"max":1.5,"per":"1h"}"#.into(), "1.5"),
        (Effect::Limit, r#"{"key":["a"],"max":9223372036854775808,"per":"1h"}"#.into(), "9223372036854775808"),
        (Effect::Limit, limit(r#""cost":-1"#), "cost"),
        (Effect::Limit, limit(r#""cost":0.1"#), "0.1"),
        (Effect::Limit, limit(r#""cost":"5""#), "string"),
        (Effect::Limit, limit(r#""cost":1e400"#), ""),
        (Effect::Limit, limit(r#""cost":123456789012345678901234567890"#), ""),
        (Effect::Limit, limit(r#""then":"warn""#), "`warn`"),
        (Effect::Limit, limit(r#""then":"hold""#), "reviewers"),
        (Effect::Limit, limit(r#""reviewers":["group:a"]"#), "then"),
        (Effect::Limit, limit(r#""ttl":"1h""#), "then"),
        (Effect::Limit, limit(r#""then":"hold","reviewers":["group:a"],"quorum":0"#), "quorum"),
        (Effect::Label, "true".into(), "label"),
        (Effect::Label, "\"Private\"".into(), "`Private`"),
        (Effect::Label, "\"a--b\"".into(), "no label"),
        (Effect::Label, "\"-a\"".into(), "no label"),
        (Effect::Label, "\"\"".into(), "no label"),
        (Effect::Label, format!("\"{}\"", "a".repeat(65)), "no label"),
        (Effect::Label, r#"{"label":7}"#.into(), "7"),
        (Effect::Deny, r#"{"id":"a","quorum":2}"#.into(), "`quorum`"),
        (Effect::Warn, r#"{"id":"a","x":null}"#.into(), "null"),
        (Effect::Warn, format!(r#"{{"id":"a","x":["{}"]}}"#, "y".repeat(100_000)), "too large"),
    ];
    for (effect, json, why) in table {
        let Ok(value) = Value::from_json_str(&json) else { continue };
        let told = read(Context { policy: "p", effect }, &value).map_err(|malformed| malformed.why);
        let refused = told.as_ref().err().unwrap_or_else(|| panic!("{} {json}: {told:?}", effect.word()));
        assert!(refused.contains(why), "{} {json}: {refused}", effect.word());
    }
}

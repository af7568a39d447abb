//! Windows, and what is typed into them.

use serde_json::Map;

use super::*;
use crate::channels::slack::action::{About, Actor};

fn kept() -> Kept {
    let about = About { call: "c".to_owned(), digest: format!("sha256:{}", "ab".repeat(32)), revision: 3 };
    Kept { about, channel: "C1".to_owned() }
}

fn object(value: &Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

/// What Slack sends of a window nobody typed into, with some of it typed over.
fn typed(view: &Value, over: &[(&str, &str)]) -> BTreeMap<String, (String, String)> {
    let mut all = BTreeMap::new();
    for block in view["blocks"].as_array().unwrap() {
        let Some(element) = block.get("element") else { continue };
        let label = block["label"]["text"].as_str().unwrap();
        let typed = over.iter().find(|(known, _)| *known == label).map(|(_, text)| *text);
        let text = typed.or_else(|| element["initial_value"].as_str()).unwrap_or_default();
        let name = element["action_id"].as_str().unwrap().to_owned();
        all.insert(block["block_id"].as_str().unwrap().to_owned(), (name, text.to_owned()));
    }
    all
}

fn sent(press: Press, typed: BTreeMap<String, (String, String)>) -> Result<Wanted, BTreeMap<String, String>> {
    let actor = Actor { workspace: None, team: "T1".to_owned(), user: "U1".to_owned() };
    read(&Submitted { actor, press, kept: kept(), typed, key: String::new() })
}

fn arguments() -> Value {
    json!({
        "limit": 5000, "to": ["a", "b"], "dry": false, "text": "two\nlines", "hidden": "a\u{202e}b", "a/b": "x", "nothing": null
    })
}

#[test]
fn a_window_is_no_larger_than_slack_takes() {
    let arguments = object(&arguments());
    for view in
        [deny(&kept()), ask(&kept()), edit(&kept(), &arguments).unwrap(), notice(&"t".repeat(99), &"x".repeat(9999))]
    {
        let length = |pointer: &str| limits::length(view.pointer(pointer).and_then(Value::as_str).unwrap_or_default());
        assert!(length("/title/text") <= limits::TITLE && length("/submit/text") <= limits::TITLE, "{view}");
        assert!(length("/close/text") <= limits::TITLE && length("/private_metadata") <= limits::METADATA, "{view}");
        assert!(view["blocks"].as_array().unwrap().len() <= limits::MODAL_BLOCKS, "{view}");
        assert!(!view.to_string().contains("mrkdwn"), "{view}");
    }
    let many: Map<String, Value> = (0..500).map(|n| (format!("argument {n:03}"), json!(n))).collect();
    assert!(edit(&kept(), &many).is_none(), "what does not fit is changed elsewhere");
    let long = object(&json!({ "text": "x".repeat(limits::INPUT + 1) }));
    assert!(edit(&kept(), &long).is_none());
}

#[test]
fn a_reason_is_needed_and_a_question_too() {
    // A31
    for (press, view) in [(Press::Deny, deny(&kept())), (Press::Ask, ask(&kept()))] {
        let label = if press == Press::Deny { "Reason" } else { "Question" };
        for nothing in ["", "  \n "] {
            let wrong = sent(press, typed(&view, &[(label, nothing)])).unwrap_err();
            assert_eq!(errors(&wrong)["errors"][WORDS], "Say something here.", "{nothing:?}");
        }
        assert!(sent(press, typed(&view, &[(label, &"x".repeat(2001))])).is_err());
        let wanted = sent(press, typed(&view, &[(label, " why? ")])).unwrap();
        let same = if press == Press::Deny { Wanted::Deny("why?".into()) } else { Wanted::Ask("why?".into()) };
        assert_eq!(wanted, same);
    }
    assert!(sent(Press::Approve, BTreeMap::new()).is_err(), "no window approves");
}

#[test]
fn nothing_changes_by_being_shown_and_only_what_was_typed_does() {
    // A29
    let before = object(&arguments());
    let view = edit(&kept(), &before).unwrap();
    let after = |over: &[(&str, &str)]| {
        let over: Vec<_> = over.iter().chain(&[("Reason", "smaller")]).copied().collect();
        match sent(Press::Edit, typed(&view, &over)).unwrap() {
            Wanted::Edit(changes, reason) => {
                assert_eq!(reason, "smaller");
                changes.of(&before)
            }
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(after(&[]), (BTreeMap::new(), vec![]));
    assert_eq!(after(&[("limit", "100")]).0, BTreeMap::from([("/limit".to_owned(), json!(100))]));
    assert_eq!(after(&[("a/b", "y")]).0, BTreeMap::from([("/a~1b".to_owned(), json!("y"))]));
    assert_eq!(after(&[("text", "")]).0, BTreeMap::from([("/text".to_owned(), json!(""))]));
    assert_eq!(after(&[("hidden", "\"ab\"")]).0, BTreeMap::from([("/hidden".to_owned(), json!("ab"))]));
    let (set, removed) = after(&[("All others", r#"{"to": ["a"], "new": 1}"#)]);
    assert_eq!(set, BTreeMap::from([("/new".to_owned(), json!(1)), ("/to".to_owned(), json!(["a"]))]));
    assert_eq!(removed, ["/nothing"]);
}

#[test]
fn what_is_no_json_is_said_beside_it() {
    let view = edit(&kept(), &object(&arguments())).unwrap();
    let wrong = |over: &[(&str, &str)]| sent(Press::Edit, typed(&view, over)).unwrap_err();
    let block = |label: &str| {
        let is = |block: &&Value| block["label"]["text"] == label;
        view["blocks"].as_array().unwrap().iter().find(is).unwrap()["block_id"].as_str().unwrap().to_owned()
    };
    let all = wrong(&[("limit", "five"), ("dry", ""), ("All others", "[]")]);
    let names: Vec<String> = all.into_keys().collect();
    let mut wanted = [block("limit"), block("dry"), block("All others"), WORDS.to_owned()];
    wanted.sort();
    assert_eq!(names, wanted);
    let twice = wrong(&[("All others", r#"{"to":1,"to":2}"#), ("Reason", "x")]);
    assert_eq!(twice.into_keys().collect::<Vec<_>>(), [block("All others")], "what could be read two ways is no JSON");
}

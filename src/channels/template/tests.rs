//! Messages for the tests of what writes them.

use std::collections::BTreeMap;

use serde_json::Value;

use super::sample;
use super::*;
use crate::channels::notice::What;
use crate::facts::Risk;

/// A message with words that would break out of wherever they stand.
pub(in crate::channels) fn message(what: What, risk: Risk) -> Message {
    sample::message(what, risk)
}

/// The call of one.
pub(in crate::channels) fn matter(risk: Risk) -> Matter {
    sample::message(What::Requested, risk).matters.remove(0)
}

const EXAMPLES: [(&str, &str); 6] = [
    ("ntfy", include_str!("../../../examples/channels/ntfy.toml")),
    ("pagerduty", include_str!("../../../examples/channels/pagerduty.toml")),
    ("discord", include_str!("../../../examples/channels/discord.toml")),
    ("jira", include_str!("../../../examples/channels/jira.toml")),
    ("servicenow", include_str!("../../../examples/channels/servicenow.toml")),
    ("telegram", include_str!("../../../examples/channels/telegram.toml")),
];

fn template(name: &str) -> Template {
    let (_, text) = EXAMPLES.into_iter().find(|(known, _)| *known == name).unwrap();
    let document: Value = toml_edit::de::from_str(text).unwrap();
    let channel = document["channels"].as_object().unwrap().values().next().unwrap();
    assert_eq!(channel["kind"], "webhook", "{name}");
    let url = channel["url"].as_str().unwrap();
    assert!(url.starts_with("https://") || url.starts_with("${"), "{name}: {url}");
    let lists: Lists = serde_json::from_value(channel["words"].clone()).unwrap();
    Template::read(channel["body"].as_str().unwrap(), Kind::Json, &lists).unwrap()
}

fn filled(name: &str, what: What, risk: Risk) -> Value {
    serde_json::from_str(&template(name).render(&message(what, risk))).unwrap()
}

#[test]
fn every_example_is_what_its_receiver_takes() {
    // A31
    const PAGE: &str = "https://gw.example.com/calls/01a1ff4e-0000-7000-8000-000000000001";
    let ntfy = filled("ntfy", What::Requested, Risk::Critical);
    assert_eq!(
        (&ntfy["priority"], &ntfy["click"], &ntfy["tags"][0]),
        (&5.into(), &PAGE.into(), &"rotating_light".into())
    );
    let actions = ntfy["actions"].as_array().unwrap();
    assert!(
        actions.iter().all(|action| action["action"] == "view" && action["url"] == PAGE),
        "a topic answers nothing"
    );
    for (what, action) in [(What::Requested, "trigger"), (What::Voted, "acknowledge"), (What::Rejected, "resolve")] {
        let pager = filled("pagerduty", what, Risk::High);
        assert_eq!((&pager["event_action"], &pager["payload"]["severity"]), (&action.into(), &"error".into()));
        assert!(pager["dedup_key"].as_str().unwrap().len() <= 255);
        assert!(pager["payload"]["summary"].as_str().unwrap().chars().count() <= 1024);
    }
    let discord = filled("discord", What::Requested, Risk::Low);
    assert_eq!(discord["allowed_mentions"]["parse"], serde_json::json!([]));
    let embed = &discord["embeds"][0];
    assert!(embed["color"].is_u64() && embed["description"].as_str().unwrap().chars().count() <= 4096);
    for field in embed["fields"].as_array().unwrap() {
        assert!((1..=1024).contains(&field["value"].as_str().unwrap().chars().count()), "{field}");
    }
    let jira = &filled("jira", What::Requested, Risk::High)["fields"];
    let summary = jira["summary"].as_str().unwrap();
    assert!(summary.chars().count() <= 255 && !summary.contains('\n'), "{summary}");
    assert_eq!((&jira["description"]["type"], &jira["description"]["version"]), (&"doc".into(), &1.into()));
    let incident = filled("servicenow", What::Requested, Risk::Medium);
    assert_eq!((&incident["urgency"], &incident["correlation_id"]), (&"2".into(), &matter(Risk::Low).id.into()));
    let telegram = filled("telegram", What::Requested, Risk::Low);
    assert!(telegram.get("parse_mode").is_none() && telegram["disable_notification"] == true);
    assert!(telegram["text"].as_str().unwrap().chars().count() <= 4096);
}

#[test]
fn nothing_in_a_call_leaves_its_place_in_a_body() {
    // REN-01, REN-02, REN-03, REN-04, NOT-10
    for (name, _) in EXAMPLES {
        let mut told = message(What::Requested, Risk::High);
        let arguments = "{\"password\":\"hunter2\"}".to_owned();
        told.matters[0].arguments = Some(crate::channels::message::Arguments::Whole(arguments));
        let body = template(name).render(&told);
        let read: Value = serde_json::from_str(&body).unwrap();
        assert!(read.get("x").is_none(), "{name}: a new member came out of a string: {body}");
        assert!(!body.contains("hunter2") && !body.contains('\u{202e}'), "{name}: {body}");
        assert!(!body.replace("https://gw.example.com/", "").contains("://"), "{name}: {body}");
    }
    let discord = filled("discord", What::Requested, Risk::High);
    let said = discord["embeds"][0]["description"].as_str().unwrap();
    assert!(said.contains("\\*\\*Approved\\*\\*") && said.contains("\\@everyone"), "{said}");
}

#[test]
fn what_is_wrong_with_a_body_is_said_before_it_is_used() {
    let lists: Lists = BTreeMap::from([
        ("some".to_owned(), BTreeMap::from([("low".to_owned(), "1".to_owned())])),
        ("all".to_owned(), BTreeMap::from([("else".to_owned(), "1".to_owned())])),
    ]);
    for (body, kind, wrong) in [
        ("{sentence}", Kind::Text, ""),
        ("{\"a\": \"{sentence}\"}", Kind::Json, ""),
        ("{\"a\": {risk.all}}", Kind::Json, ""),
        ("{}", Kind::Json, ""),
        ("{\"a\": {\"b\": {\"c\": \"{{risk}}\"}}}", Kind::Json, ""),
        ("{sentense}", Kind::Text, "nothing stands for `{sentense}`; write one of `{headline}`, `{sentence}`"),
        ("{password}", Kind::Text, "nothing stands for `{password}`"),
        ("{sentence:html}", Kind::Text, "nothing stands for `{sentence:html}`"),
        ("{risk.none}", Kind::Text, "asks for the list `none`"),
        ("{risk.some}", Kind::Text, "says nothing for `medium`"),
        ("{sentence.all}", Kind::Text, "nothing stands for `{sentence.all}`"),
        ("{\"a\": {sentence}}", Kind::Json, "this is no JSON"),
        ("{\"a\": ", Kind::Json, "this is no JSON"),
    ] {
        let told = Template::read(body, kind, &lists).map(drop).map_err(|fault| fault.to_string());
        match told {
            Ok(()) => assert_eq!(wrong, "", "{body}"),
            Err(told) => assert!(!wrong.is_empty() && told.contains(wrong), "{body}: {told}"),
        }
    }
    let kept = Template::read("{{risk}} {risk} {what} {", Kind::Text, &lists).unwrap();
    assert_eq!(kept.render(&message(What::Many, Risk::High)), "{risk} high many {");
    let text = Template::read("{sentence}", Kind::Text, &lists).unwrap().render(&message(What::Requested, Risk::Low));
    assert!(!text.contains('\n') && !text.contains('\u{202e}'), "{text}");
}

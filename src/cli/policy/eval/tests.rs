use serde_json::json;

use crate::cli::policy::tests::{folder, told};

use super::*;

const POLICY: &str = "package countersign.db\n\nallow contains {\"id\": \"ours\", \"reason\": \"Ours.\"} if input.call.server == \"db\"\n\nhold contains {\"id\": \"large\", \"reason\": \"More than {data.most}.\", \"reviewers\": [\"group:dba\"], \"ttl\": \"30m\"} if {\n\tinput.call.server == \"db\"\n\tinput.call.arguments.limit > data.most\n}\n\ndeny contains {\"id\": \"files\", \"reason\": \"No.\"} if input.call.server == \"files\"\n\nwithhold contains {\"id\": \"rows\", \"reason\": \"Too many.\"} if input.result.rows > 10\n";

fn place(call: &str) -> (tempfile::TempDir, String, String) {
    let folder = folder(&[("db.rego", POLICY), ("data.json", "{\"most\": 100}"), ("call.json", call)]);
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (policies, call) = (folder.path().to_str().unwrap().to_owned(), at("call.json"));
    (folder, policies, call)
}

#[test]
fn a_call_written_by_hand_is_judged_with_the_place_of_each_rule() {
    let (_folder, policies, call) = place(r#"{"server": "db", "tool": "query", "arguments": {"limit": 500}}"#);
    let (exit, text) = told(&["eval", &call, "--policies", &policies]);
    assert_eq!(exit, Exit::Done);
    assert!(text.starts_with("HOLD  db/query\n  arguments {\"limit\":500}\n"), "{text}");
    assert!(text.contains(&format!("hold     db/large  {policies}/db.rego:5  More than 100.\n")), "{text}");
    assert!(text.contains("\n  policies sha256:"), "{text}");
    let json: serde_json::Value =
        serde_json::from_str(&told(&["eval", &call, "--policies", &policies, "--json"]).1).unwrap();
    assert_eq!((&json["outcome"], &json["because"]), (&json!("hold"), &json!(["db/large"])), "{json:#}");
    assert_eq!(json["hold"]["all_of"][0]["reviewers"], json!(["group:dba"]));
    let schema = jsonschema::validator_for(&crate::policy::schema::decision()).unwrap();
    assert_eq!(schema.iter_errors(&json).map(|fault| fault.to_string()).collect::<Vec<_>>(), [""; 0]);
}

#[test]
fn what_if_the_input_were_different() {
    let (_folder, policies, call) = place(r#"{"server": "db", "tool": "query", "arguments": {"limit": 500}}"#);
    for (with, outcome) in [
        ("call.arguments.limit=100", "ALLOW"),
        ("call.arguments.limit=\"500\"", "HOLD"),
        ("call.server=files", "DENY"),
        ("call.server=other", "DENY"),
        ("result.rows=3", "PASS"),
        ("result.rows=11", "WITHHOLD"),
        ("phase=list", "VISIBLE"),
    ] {
        let (_, text) = told(&["eval", &call, "--policies", &policies, "--with", with]);
        assert!(text.starts_with(outcome), "{with}: {text}");
    }
    let (_, document) = told(&["eval", &call, "--document", "--with", "environment=production"]);
    let document: serde_json::Value = serde_json::from_str(&document).unwrap();
    assert_eq!((&document["environment"], &document["call"]["server"]), (&json!("production"), &json!("db")));
}

#[test]
fn what_is_no_input_is_refused_with_what_was_meant() {
    let (_folder, policies, call) = place(r#"{"sever": "db"}"#);
    let line =
        <super::super::tests::Line as clap::Parser>::try_parse_from(["policy", "eval", &call, "--policies", &policies])
            .unwrap();
    let mut written = Vec::new();
    let mut out = Output::new(&mut written, crate::cli::output::Paint::Plain);
    let refused = super::super::run(&line.args, &Global::default(), &mut out).unwrap_err();
    assert!(format!("{refused:#}").ends_with("input.sever does not exist. Did you mean input.server?"), "{refused:#}");
}

#[test]
fn an_explanation_names_the_rule_its_inputs_and_the_policies() {
    // A52
    let (_folder, policies, call) = place(r#"{"server": "db", "tool": "query", "arguments": {"limit": 50}}"#);
    let (exit, text) = told(&["explain", &call, "--policies", &policies]);
    assert_eq!(exit, Exit::Done);
    assert!(text.starts_with("ALLOW  db/query\n  arguments {\"limit\":50}\n"), "{text}");
    assert!(text.contains(&format!("  allow    db/ours  {policies}/db.rego:3  fired\n")), "{text}");
    let stopped = format!(
        "  hold     db/large  {policies}/db.rego:5\n      {policies}/db.rego:7  stopped at input.call.arguments.limit > data.most\n          input.call.arguments.limit = 50\n          data.most = 100\n"
    );
    assert!(text.contains(&stopped), "{text}");
    assert!(text.contains("  2 rules are about other tools.\n  policies sha256:"), "{text}");
    let json: serde_json::Value =
        serde_json::from_str(&told(&["explain", &call, "--policies", &policies, "--json"]).1).unwrap();
    assert_eq!(json["input"]["call"]["arguments"], json!({ "limit": 50 }));
    assert_eq!(json["rules"][1]["at"][0]["values"][0], json!({ "name": "input.call.arguments.limit", "values": [50] }));
}

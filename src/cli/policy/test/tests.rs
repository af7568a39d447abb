use crate::cli::policy::tests::{POLICY, folder, told};

use super::*;

const TESTS: &str = "package echo_test\n\nimport data.countersign.echo\n\nsaid(tool) := n if {\n\tn := count(echo.allow) with input as {\"call\": {\"tool\": tool}}\n}\n\n";

#[test]
fn a_failure_shows_the_line_it_stopped_at_and_the_values_there() {
    let tests = format!(
        "{TESTS}test_wrong if {{\n\tcount := said(\"x\")\n\tcount == 1\n}}\n\ntodo_test_more if said(\"y\") == 1\n"
    );
    let folder = folder(&[("echo.rego", POLICY), ("echo_test.rego", &tests)]);
    let path = folder.path().to_str().unwrap();
    let (exit, text) = told(&["test", path]);
    assert_eq!(exit, Exit::Failed);
    assert!(text.contains("echo_test.rego:11  stopped at count == 1\n          count = 0\n"), "{text}");
    assert!(text.contains("todo_test_more") && text.contains("is still to be written"), "{text}");
    assert!(text.contains("1 test, 1 failed. Rules that said something: 0 of 1."), "{text}");
    assert!(text.contains("allow echo/echo") && text.contains("never said anything in a test"), "{text}");
    let json: serde_json::Value = serde_json::from_str(&told(&["test", "--json", path]).1).unwrap();
    let why = &json["rehearsal"]["tests"][0]["why"][0];
    assert_eq!((&why["end"], &why["text"]), (&json!("stopped"), &json!("count == 1")), "{json:#}");
    assert_eq!(why["values"][0], json!({ "name": "count", "values": [0] }));
    assert_eq!(json["rehearsal"]["files"], json!(null), "lines are told when they are asked for");
}

#[test]
fn coverage_is_told_in_rules_and_in_lines_and_can_be_asked_for() {
    let policy = format!("{POLICY}\nwarn contains {{\"id\": \"never\"}} if input.call.tool == \"gone\"\n");
    let tests = format!("{TESTS}test_echo if said(\"echo\") == 1\n");
    let folder = folder(&[("echo.rego", &policy), ("echo_test.rego", &tests)]);
    let path = folder.path().to_str().unwrap();
    for (threshold, wanted) in [("50", Exit::Done), ("51%", Exit::Failed)] {
        let (exit, text) = told(&["test", path, "--coverage", "--threshold", threshold]);
        assert_eq!(exit, wanted, "{text}");
        assert!(text.contains("Rules that said something: 1 of 2.") && text.contains("warn echo/never"), "{text}");
        assert!(text.contains("LINES"), "{text}");
    }
    let json: serde_json::Value = serde_json::from_str(&told(&["test", "--json", "--coverage", path]).1).unwrap();
    let lines = &json["rehearsal"]["files"][folder.path().join("echo.rego").to_str().unwrap()];
    assert_eq!(lines["covered"][0], json!({ "start": { "row": 3 }, "end": { "row": 3 } }), "{json:#}");
}

#[test]
fn mutants_no_test_notices_are_told_and_fail_only_when_asked_to() {
    let folder = |tests: &str| folder(&[("echo.rego", POLICY), ("echo_test.rego", &format!("{TESTS}{tests}"))]);
    let careless = folder("test_echo if said(\"echo\") == 1\n");
    let path = careless.path().to_str().unwrap();
    let (exit, text) = told(&["test", path, "--mutants"]);
    assert_eq!(exit, Exit::Done, "{text}");
    assert!(
        text.contains("echo.rego:3  input.call.tool == \"echo\" → true\n3 mutants: 2 noticed by a test, 1 by none."),
        "{text}"
    );
    assert_eq!(told(&["test", path, "--mutants", "--fail-on-survivors"]).0, Exit::Failed);
    let json: serde_json::Value = serde_json::from_str(&told(&["test", path, "--mutants", "--json"]).1).unwrap();
    let survivor = &json["hunt"]["survivors"][0];
    assert_eq!(
        (&survivor["line"], &survivor["kind"], &survivor["after"]),
        (&json!(3), &json!("dropped"), &json!("true"))
    );
    let careful = folder("test_both if { said(\"echo\") == 1; said(\"x\") == 0 }\n");
    let path = careful.path().to_str().unwrap();
    assert_eq!(told(&["test", path, "--mutants", "--fail-on-survivors"]).0, Exit::Done);
}

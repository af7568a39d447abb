use std::path::PathBuf;

use crate::policy::files::{Include, read};

use super::*;

fn sources(policy: &str, tests: &str) -> Sources {
    let source = |path: &str, text: &str| Source { path: path.to_owned(), text: text.to_owned() };
    Sources { policies: vec![source("p.rego", policy), source("p_test.rego", tests)], data: Vec::new() }
}

const POLICY: &str = "package countersign.p\n\nallow contains {\"id\": \"a\"} if input.call.tool == \"echo\"\n\nwarn contains {\n\t\"id\": \"b\",\n} if {\n\tinput.call.tool == \"never\"\n}\n";

#[test]
fn the_starter_set_passes_its_own_tests() {
    let policies = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/policies"));
    let rehearsal = rehearse(&read(&[policies], Include::PoliciesAndTests).unwrap(), "").unwrap();
    let failures: Vec<&Test> = rehearsal.failures().collect();
    assert!(failures.is_empty(), "{failures:#?}");
    assert_eq!(rehearsal.silent, [], "every rule is shown to say something");
    assert!(rehearsal.tests.len() > 20, "{}", rehearsal.tests.len());
}

#[test]
fn a_test_passes_when_it_is_true_and_says_where_it_is_not() {
    let tests = "package p_test\n\nimport data.countersign.p\n\ncall := {\"call\": {\"tool\": \"echo\"}}\n\n\
        test_good if count(p.allow) == 1 with input as call\n\ntest_bad if count(p.allow) == 2 with input as call\n\n\
        test_undefined if input.gone\n\ntest_broken if to_number(\"x\") == 1\n";
    let rehearsal = rehearse(&sources(POLICY, tests), "").unwrap();
    let told: Vec<(&str, &str)> =
        rehearsal.tests.iter().map(|test| (test.name.as_str(), test.place.as_str())).collect();
    assert_eq!(
        told,
        [
            ("test_good", "p_test.rego:7"),
            ("test_bad", "p_test.rego:9"),
            ("test_undefined", "p_test.rego:11"),
            ("test_broken", "p_test.rego:13")
        ]
    );
    let failed: Vec<&str> = rehearsal.failures().map(|test| test.name.as_str()).collect();
    assert_eq!(failed, ["test_bad", "test_undefined", "test_broken"]);
    assert!(
        matches!(&rehearsal.tests[3].result, TestResult::Broken(why) if why.starts_with("p_test.rego:13")),
        "{rehearsal:?}"
    );
    assert_eq!(rehearse(&sources(POLICY, tests), "good").unwrap().tests.len(), 1);
}

#[test]
fn a_rule_no_test_makes_speak_is_named() {
    let tests = "package p_test\n\nimport data.countersign.p\n\ntest_good if count(p.allow) == 1 with input as {\"call\": {\"tool\": \"echo\"}}\n\ntest_warn if count(p.warn) == 0 with input as {\"call\": {\"tool\": \"echo\"}}\n";
    let rehearsal = rehearse(&sources(POLICY, tests), "").unwrap();
    assert_eq!((rehearsal.rules, rehearsal.failures().count()), (2, 0));
    assert_eq!(rehearsal.silent, [Silent { rule: "p/warn".to_owned(), place: "p.rego:5".to_owned() }]);
}

#[test]
fn unfit_policies_are_not_rehearsed() {
    let problems =
        rehearse(&sources("package countersign.p\n\nalow contains \"x\"\n", "package p_test\n"), "").unwrap_err();
    assert!(problems.iter().any(|problem| problem.rule == "unused-rule"), "{problems:?}");
    let problems = rehearse(&sources(POLICY, "package p_test\n\ntest_x if {\n"), "").unwrap_err();
    assert_eq!(problems[0].rule, "parse");
}

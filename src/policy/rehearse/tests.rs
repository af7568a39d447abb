use std::path::PathBuf;

use crate::policy::bundle::Source;
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
    let rehearsal = rehearse(&read(&[policies], Include::PoliciesAndTests).unwrap(), "", 2).unwrap();
    let failures: Vec<&Test> = rehearsal.failures().collect();
    assert!(failures.is_empty(), "{failures:#?}");
    assert_eq!(rehearsal.coverage.silent, [], "every rule is shown to say something");
    assert!(rehearsal.tests.len() > 20, "{}", rehearsal.tests.len());
}

#[test]
fn a_test_passes_when_it_is_true_and_says_where_it_is_not() {
    let tests = "package p_test\n\nimport data.countersign.p\n\ncall := {\"call\": {\"tool\": \"echo\"}}\n\n\
        test_good if count(p.allow) == 1 with input as call\n\ntest_bad if count(p.allow) == 2 with input as call\n\n\
        test_undefined if input.gone\n\ntest_broken if to_number(\"x\") == 1\n";
    let rehearsal = rehearse(&sources(POLICY, tests), "", 2).unwrap();
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
    assert_eq!(rehearse(&sources(POLICY, tests), "good", 2).unwrap().tests.len(), 1);
}

#[test]
fn a_rule_no_test_makes_speak_is_named() {
    let tests = "package p_test\n\nimport data.countersign.p\n\ntest_good if count(p.allow) == 1 with input as {\"call\": {\"tool\": \"echo\"}}\n\ntest_warn if count(p.warn) == 0 with input as {\"call\": {\"tool\": \"echo\"}}\n";
    let rehearsal = rehearse(&sources(POLICY, tests), "", 2).unwrap();
    let coverage = &rehearsal.coverage;
    assert_eq!((coverage.rules, rehearsal.failures().count()), (2, 0));
    let silent: Vec<(&str, &str)> =
        coverage.silent.iter().map(|rule| (rule.rule.as_str(), rule.place.as_str())).collect();
    assert_eq!(silent, [("p/b", "p.rego:5")]);
    assert!((coverage.percent() - 50.0).abs() < 0.1);
}

#[test]
fn a_rule_speaks_when_its_finding_comes_out_and_not_when_it_is_looked_at() {
    let policy = "package countersign.p\n\nallow contains {\"id\": \"a\"} if input.call.tool == \"echo\"\n\n\
        deny := \"b\" if { input.call.tool == \"x\" } else := \"c\" if input.call.tool == \"echo\"\n\n\
        warn if input.call.tool == \"never\"\n\nhide contains \"d\" if input.call.tool == \"echo\"\n";
    let other = "package countersign.q\n\nhide contains {\"id\": \"e\"} if input.call.tool == \"echo\"\n";
    let tests = "package p_test\n\nimport data.countersign.p\n\ncall := {\"call\": {\"tool\": \"echo\"}}\n\n\
        test_a if count(p.allow) == 1 with input as call\n\ntest_d if p.deny == \"c\" with input as call\n\n\
        test_w if not p.warn with input as call\n\ntodo_test_hide if p.hide\n";
    let mut sources = sources(policy, tests);
    sources.policies.push(Source { path: "q.rego".to_owned(), text: other.to_owned() });
    let rehearsal = rehearse(&sources, "", 2).unwrap();
    assert_eq!(rehearsal.failures().count(), 0, "{rehearsal:#?}");
    assert_eq!((rehearsal.tests.len(), rehearsal.ran()), (4, 3), "one is still to be written");
    let silent: Vec<(&str, Silence)> =
        rehearsal.coverage.silent.iter().map(|rule| (rule.rule.as_str(), rule.silence)).collect();
    assert_eq!(silent, [("p/warn", Silence::NeverSpoke), ("q/e", Silence::NotAsked)]);
}

#[test]
fn a_failure_shows_the_values_at_the_line_it_stopped_at() {
    let tests = "package p_test\n\nimport data.countersign.p\n\ntest_bad if {\n\tsaid := p.allow with input as {\"call\": {\"tool\": \"x\"}}\n\
        \tcount(said) == 1\n}\n\ntest_each if {\n\tevery tool in [\"echo\", \"b\"] {\n\
        \t\tcount(p.allow) == 1 with input as {\"call\": {\"tool\": tool}}\n\t}\n}\n";
    let rehearsal = rehearse(&sources(POLICY, tests), "", 2).unwrap();
    let TestResult::Failed(stops) = &rehearsal.tests[0].result else { panic!("{rehearsal:?}") };
    let stop = &stops[0];
    assert_eq!((stop.place.as_str(), &stop.end), ("p_test.rego:7", &End::Stopped("count(said) == 1".to_owned())));
    let named: Vec<(&str, String)> =
        stop.values.iter().map(|named| (named.name.as_str(), serde_json::json!(named.values).to_string())).collect();
    assert_eq!(named, [("count(said)", "[0]".to_owned()), ("said", "[[]]".to_owned())]);
    let TestResult::Failed(stops) = &rehearsal.tests[1].result else { panic!("{rehearsal:?}") };
    let inside = &stops[0].inside[0];
    assert_eq!(inside.place, "p_test.rego:12", "{stops:#?}");
    assert_eq!(inside.values[0].name, "tool");
    assert_eq!(inside.values[0].values, [serde_json::json!("b")]);
}

#[test]
fn unfit_policies_are_not_rehearsed() {
    let problems =
        rehearse(&sources("package countersign.p\n\nalow contains \"x\"\n", "package p_test\n"), "", 2).unwrap_err();
    assert!(problems.iter().any(|problem| problem.rule == "unused-rule"), "{problems:?}");
    let problems = rehearse(&sources(POLICY, "package p_test\n\ntest_x if {\n"), "", 2).unwrap_err();
    assert_eq!(problems[0].rule, "parse");
}

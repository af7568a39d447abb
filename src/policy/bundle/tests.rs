use crate::policy::sample::{bundle, problems, sources};

use super::*;

const FINE: &str = "package countersign.fine\n\nallow contains {\"id\": \"all\"}\n";

fn rules(policies: &[&str], data: &str) -> Vec<&'static str> {
    problems(policies, data).iter().map(|problem| problem.rule).collect()
}

#[test]
fn no_policy_is_no_open_gate() {
    // POL-13
    assert_eq!(rules(&[], "{}"), ["no-policy"]);
    assert_eq!(rules(&["package other\n\nallow := true\n"], "{}"), ["no-policy"]);
    assert_eq!(rules(&["package countersign.empty\n\nmode := \"enforce\"\n", FINE], "{}"), ["no-effect"]);
}

#[test]
fn data_never_replaces_a_rule() {
    // The engine would empty the deny without a word.
    let policy = "package countersign.x\n\nallow contains {\"id\": \"a\"}\n\ndeny contains {\"id\": \"b\", \"reason\": \"no\"}\n";
    let helper = "package lib.words\n\nbad := {\"drop\"}\n";
    for (data, refused) in [
        (r#"{"countersign": {"x": {"deny": []}}}"#, true),
        (r#"{"countersign": {}}"#, true),
        (r#"{"gate": {}}"#, true),
        (r#"{"lib": {"words": {"bad": []}}}"#, true),
        (r#"{"lib": {"words": 1}}"#, true),
        (r#"{"lib": 1}"#, true),
        (r#"{"lib": {"other": 1}}"#, false),
        (r#"{"x": {"deny": []}}"#, false),
        ("[]", true),
        ("{", true),
    ] {
        assert_eq!(Bundle::load(&sources(&[policy, helper], data)).is_err(), refused, "{data}");
    }
}

#[test]
fn data_in_two_files_must_agree() {
    let mut sources = sources(&[FINE], r#"{"a": {"b": 1}}"#);
    sources.data.push(Source { path: "more.json".to_owned(), text: r#"{"a": {"c": 2}}"#.to_owned() });
    assert!(Bundle::load(&sources).is_ok());
    sources.data.push(Source { path: "other.json".to_owned(), text: r#"{"a": {"b": 3}}"#.to_owned() });
    let problems = Bundle::load(&sources).unwrap_err();
    assert_eq!(problems[0].place, "other.json");
}

#[test]
fn all_files_that_cannot_be_parsed_are_told_with_place_and_caret() {
    let found = problems(&["package countersign.a\n\nallow contains { if\n", FINE, "package\n"], "{}");
    assert_eq!(found.len(), 2, "{found:#?}");
    assert_eq!((found[0].place.as_str(), found[0].rule), ("0.rego:3:18", "parse"));
    assert!(found[0].what.contains("allow contains { if") && found[0].what.contains('^'), "{}", found[0]);
    assert!(found[1].place.starts_with("2.rego:"), "{}", found[1]);
}

#[test]
fn a_rule_that_always_fails_stops_the_load() {
    // POL-04
    let conflict = "package countersign.c\n\nallow := true\n\nallow := {\"id\": \"two\"}\n";
    assert_eq!(rules(&[conflict], "{}"), ["fails-at-once"]);
}

#[test]
fn a_rule_that_is_slow_before_any_call_comes_stops_the_load() {
    // POL-01
    let slow = "package countersign.s\n\nallow contains {\"id\": \"a\"} if {\n\tmany := numbers.range(1, 5000)\n\t\
        some a in many\n\tsome b in many\n\tsome c in many\n\ta * b * c == -1\n}\n";
    let found = problems(&[slow], "{}");
    assert!(found[0].what.contains("time limit"), "{found:?}");
}

#[test]
fn the_digest_names_policies_and_data_and_not_their_order() {
    let digest = |policies: &[&str], data: &str| Bundle::load(&sources(policies, data)).unwrap().digest();
    assert_eq!(digest(&[FINE], "{}"), digest(&[FINE], "{}"));
    assert_ne!(digest(&[FINE], "{}"), digest(&[FINE], r#"{"a": 1}"#));
    assert_ne!(digest(&[FINE], "{}"), digest(&[&FINE.replace("\"all\"", "\"most\"")], "{}"));
    let mut turned = sources(&[FINE, &FINE.replace("fine", "other")], "{}");
    let straight = Bundle::load(&turned).unwrap().digest();
    turned.policies.reverse();
    assert_eq!(Bundle::load(&turned).unwrap().digest(), straight);
}

#[test]
fn packages_and_their_modes_are_known() {
    let policy = "package countersign.tried\n\nmode := \"shadow\"\n\ndeny contains \"no\"\n";
    let bundle = Bundle::load(&sources(&[FINE, policy], "{}")).unwrap();
    assert_eq!(bundle.packages(), BTreeMap::from([("fine", Mode::Enforce), ("tried", Mode::Shadow)]));
}

#[test]
fn a_bundle_can_be_made_anywhere() {
    // The engine prepares itself at the first evaluation; it must not need one on the thread of a call.
    let bundle = std::sync::Arc::new(bundle(FINE));
    let other = std::sync::Arc::clone(&bundle);
    assert_eq!(std::thread::spawn(move || other.rules().len()).join().unwrap(), bundle.rules().len());
}

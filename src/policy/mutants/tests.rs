use std::sync::Mutex;

use super::*;

const POLICY: &str = r#"package countersign.p

import future.keywords.not

allow contains {"id": "a"} if {
	input.call.tool in {"echo", "ping"}
	input.call.arguments.n < limit
	not excepted
}

limit := 10

excepted if input.call.arguments.force
"#;

fn hunted(policy: &str, tests: &str) -> Hunt {
    let source = |path: &str, text: &str| Source { path: path.to_owned(), text: text.to_owned() };
    let tests = format!(
        "package p_test\n\nimport data.countersign.p\n\nask(tool, arguments) := n if {{\n\tn := count(p.allow) with input as {{\"call\": {{\"tool\": tool, \"arguments\": arguments}}}}\n}}\n\n{tests}"
    );
    let sources = Sources { policies: vec![source("p.rego", policy), source("p_test.rego", &tests)], data: Vec::new() };
    hunt(&sources, 2, &|_, _| {}).unwrap()
}

fn told(hunt: &Hunt) -> Vec<String> {
    hunt.survivors
        .iter()
        .map(|mutant| format!("{}:{} {} → {}", mutant.file, mutant.line, mutant.before, mutant.after))
        .collect()
}

#[test]
fn what_no_test_notices_is_told() {
    let hunt = hunted(POLICY, "test_echo if ask(\"echo\", {\"n\": 1}) == 1\n");
    let wanted = [
        "p.rego:6 input.call.tool in {\"echo\", \"ping\"} → true",
        "p.rego:6 \"ping\" in the list → nothing",
        "p.rego:7 input.call.arguments.n < limit → input.call.arguments.n <= limit",
        "p.rego:7 input.call.arguments.n < limit → true",
        "p.rego:8 not excepted → true",
        "p.rego:11 10 → 11",
    ];
    assert_eq!(told(&hunt), wanted);
    assert_eq!(hunt.noticed + hunt.survivors.len() + hunt.unfit, hunt.mutants);
    assert_eq!(hunt.unfit, 0);
}

#[test]
fn tests_that_look_closely_leave_no_survivor() {
    let tests = "test_all if {\n\task(\"echo\", {\"n\": 9}) == 1\n\task(\"ping\", {\"n\": 9}) == 1\n\task(\"else\", {\"n\": 9}) == 0\n\
        \task(\"echo\", {\"n\": 10}) == 0\n\task(\"echo\", {\"n\": 11}) == 0\n\task(\"echo\", {\"n\": 9, \"force\": true}) == 0\n}\n";
    let hunt = hunted(POLICY, tests);
    assert_eq!(told(&hunt), [""; 0]);
    assert!(hunt.noticed > 8, "{hunt:?}");
}

#[test]
fn a_test_that_fails_already_is_named() {
    let source = |path: &str, text: &str| Source { path: path.to_owned(), text: text.to_owned() };
    let policies = vec![source("p.rego", POLICY), source("p_test.rego", "package p_test\n\ntest_x if 1 == 2\n")];
    let refused = hunt(&Sources { policies, data: Vec::new() }, 1, &|_, _| {}).unwrap_err();
    assert!(refused.to_string().starts_with("p_test.test_x does not pass"), "{refused}");
}

#[test]
fn progress_is_told_to_the_end() {
    let source = |path: &str, text: &str| Source { path: path.to_owned(), text: text.to_owned() };
    let heard = Mutex::new(Vec::new());
    let sources = Sources { policies: vec![source("p.rego", POLICY)], data: Vec::new() };
    let hunt = hunt(&sources, 2, &|done, all| heard.lock().unwrap().push((done, all))).unwrap();
    assert_eq!(hunt.survivors.len(), hunt.mutants, "without a test nobody notices anything");
    let mut heard = heard.into_inner().unwrap();
    heard.sort_unstable();
    assert_eq!(heard.len(), hunt.mutants);
    assert_eq!(heard.last(), Some(&(hunt.mutants, hunt.mutants)));
}

use crate::policy::sample::problems;

const REST: &str = "allow contains {\"id\": \"all\", \"reason\": \"yes\"} if input.call.server == \"shop\"\n";
const DENY: &str = "deny contains {\"id\": \"a\", \"reason\": \"b\"}";

/// The names of the checks that complain about a policy which would otherwise be fit.
fn complaints(rules: &str) -> Vec<&'static str> {
    let text = format!("package countersign.p\n\nimport future.keywords.not\n\n{REST}\n{rules}\n");
    problems(&[&text], "{}").iter().map(|problem| problem.rule).collect()
}

#[test]
fn a_body_that_can_never_be_true_is_refused() {
    for body in [
        "{ input.call.server == \"a\"; input.call.server == \"b\" }",
        "{ input.call.server in {\"a\", \"b\"}; input.call.server in [\"c\"] }",
        "{ input.call.server == \"a\"; input.call.server != \"a\" }",
        "{ some g in input.principal.groups; g == \"a\"; g == \"b\" }",
        "{ input.tool.changed; not input.tool.changed }",
        "{ input.tool.changed == true; not input.tool.changed }",
        "{ input.session.calls == 1; input.session.calls in {2, 3} }",
        "input.phase == \"calls\"",
        "input.phase == \"list\"",
        "input.call.method == \"tools/cal\"",
        "input.time.weekday in {\"saturday\", \"sonday\"}",
        "input.principal.auth.method == \"password\"",
    ] {
        assert_eq!(complaints(&format!("warn contains \"x\" if {body}")), ["unreachable"], "{body}");
    }
    for rules in [
        "args := input.call\n\nwarn contains \"x\" if { args.server == \"a\"; input.call.server == \"b\" }".to_owned(),
        // By way of helpers.
        "here if input.call.server == \"a\"\n\nwarn contains \"x\" if { here; input.call.server == \"b\" }".to_owned(),
        "a if input.call.tool == \"a\"\n\nb if input.call.tool in {\"b\"}\n\nwarn contains \"x\" if { a; b }"
            .to_owned(),
        // An effect that is not asked then.
        format!("{DENY} if input.phase == \"result\""),
        format!("late if input.phase == \"result\"\n\n{DENY} if late"),
        "label contains \"seen\" if input.phase == \"call\"".to_owned(),
        "withhold contains {\"id\": \"a\", \"reason\": \"b\"} if input.phase != \"result\"".to_owned(),
    ] {
        assert_eq!(complaints(&rules), ["unreachable"], "{rules}");
    }
}

#[test]
fn what_only_looks_like_it_is_let_through() {
    for rules in [
        "warn contains \"x\" if { input.call.server in {\"a\", \"b\"}; input.call.server != \"a\" }",
        "warn contains \"x\" if { some i, j; input.principal.groups[i] == \"a\"; input.principal.groups[j] == \"b\" }",
        "warn contains \"x\" if { input.principal.groups[_] == \"a\"; input.principal.groups[_] == \"b\" }",
        "warn contains \"x\" if { some a in input.principal.groups; a == \"x\"; some b in input.principal.groups; b == \"y\" }",
        "warn contains \"x\" if { input.phase == \"result\"; input.result.rows > 3; not input.tool.changed }",
        "hide contains \"x\" if input.phase == \"list\"",
        "label contains \"seen\" if input.call.method in {\"tools/call\", \"resources/read\"}",
        "either if input.call.server == \"a\"\n\neither if input.call.server == \"b\"\n\nwarn contains \"x\" if { either; input.call.server == \"b\" }",
    ] {
        assert_eq!(complaints(rules), [""; 0], "{rules}");
    }
}

#[test]
fn a_rule_that_helps_no_effect_is_refused() {
    for rules in [
        "a if b\n\nb if input.call.tool == \"x\"",
        "a if { b; c }\n\nb if c\n\nc if input.call.tool == \"x\"\n\nwarn contains \"x\" if c",
    ] {
        let found = complaints(rules);
        assert_eq!(found, ["unused-rule", "unused-rule"], "{rules}");
    }
    assert_eq!(complaints("a if b\n\nb if input.call.tool == \"x\"\n\nwarn contains \"x\" if a"), [""; 0]);
}

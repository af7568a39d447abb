use crate::catalogue::tool::Pin;
use crate::object;
use crate::policy::input::Trust;
use crate::policy::sample::{around, bundle, call, document, judge, still, tool, word};

use super::*;

const ALLOW: &str = "allow contains {\"id\": \"yes\", \"reason\": \"yes\"}";
const DENY: &str = "deny contains {\"id\": \"no\", \"reason\": \"no\"}";
const HOLD: &str = "hold contains {\"id\": \"ask\", \"reason\": \"ask\", \"reviewers\": [\"group:ops\"]}";
const HIDE: &str = "hide contains {\"id\": \"away\", \"reason\": \"away\"}";
const WARN: &str = "warn contains {\"id\": \"look\", \"reason\": \"look\"}";

fn says(rules: &[&str]) -> String {
    word(&judge(
        &format!("package countersign.p\n\nimport future.keywords.not\n\n{}\n", rules.join("\n\n")),
        &call("echo", "{}"),
    ))
}

#[test]
fn the_strictest_word_holds() {
    let table: &[(&[&str], &str)] = &[
        (&[ALLOW], "allow"),
        (&[WARN], "NoRuleAllowed"),
        (&[ALLOW, WARN], "allow"),
        (&[ALLOW, HOLD], "hold"),
        (&[HOLD], "NoRuleAllowed"),
        (&[ALLOW, DENY], "Denied"),
        (&[ALLOW, HOLD, DENY], "Denied"),
        (&[ALLOW, HIDE], "Hidden"),
        (&[ALLOW, HOLD, HIDE], "Hidden"),
        (&[ALLOW, HOLD, HIDE, DENY, WARN], "Denied"),
    ];
    for (rules, wanted) in table {
        assert_eq!(says(rules), *wanted, "{rules:?}");
    }
}

#[test]
fn a_finding_may_be_true_a_text_an_object_or_many() {
    for (rule, wanted) in [
        ("allow if true", "allow"),
        ("allow := true", "allow"),
        ("allow := false", "NoRuleAllowed"),
        ("default allow := false", "NoRuleAllowed"),
        ("allow := \"because\"", "allow"),
        ("allow := [\"because\"]", "allow"),
        ("allow := []", "NoRuleAllowed"),
        ("allow := {\"id\": \"a\", \"reason\": \"because\"}", "allow"),
        ("allow contains \"because\"", "allow"),
        ("allow if input.call.tool == \"other\"", "NoRuleAllowed"),
    ] {
        assert_eq!(says(&[rule]), wanted, "{rule}");
    }
}

#[test]
fn what_is_no_finding_is_a_deny() {
    // POL-05
    for rule in [
        "allow := 5",
        "allow contains 5",
        "allow contains null",
        "warn contains {\"id\": input.session.calls}",
        "warn contains object.union({\"id\": \"a\"}, {\"decision\": \"permit\"})",
    ] {
        assert_eq!(says(&[rule]), "PolicyMalformed", "{rule}");
    }
}

#[test]
fn whatever_fails_while_it_is_evaluated_is_a_deny() {
    // POL-04, A13
    let table = [
        "deny contains {\"id\": \"n\", \"reason\": \"n\"} if to_number(input.call.arguments.n) > 5",
        "warn contains \"n\" if to_number(input.call.arguments.n) > 5",
        "warn contains \"n\" if not to_number(input.call.arguments.n) > 5",
        "warn contains \"n\" if 1 / count(input.call.arguments.n) > -1\n\nwarn contains \"m\" if [1 | to_number(input.call.arguments.n)]",
        "warn := \"one\" if input.call.arguments.n\n\nwarn := \"two\" if input.call.tool == \"echo\"",
        "f(x) := 1 if x == \"many\"\n\nf(x) := 2 if is_string(x)\n\nwarn contains \"n\" if f(input.call.arguments.n) == 1",
        "warn contains \"n\" if regex.match(concat(\"\", [\"(\", input.call.arguments.n]), \"x\")",
    ];
    for rule in table {
        let policy = format!("package countersign.p\n\nimport future.keywords.not\n\n{ALLOW}\n\n{rule}\n");
        let judgement = judge(&policy, &call("echo", "{\"n\": \"many\"}"));
        assert_eq!(word(&judgement), "PolicyError", "{rule}");
        let Decision::Deny(denial) = judgement.decision else { panic!("{rule}") };
        assert!(denial.detail.unwrap().contains("data.countersign.p."), "the operator learns where");
    }
}

#[test]
fn an_undefined_assignment_stops_a_rule() {
    // The engine's other way to run, which is not used, goes on.
    let policy = "package countersign.p\n\nallow contains {\"id\": \"a\"} if { path := input.call.arguments.path; path != \"/etc\" }\n";
    assert_eq!(word(&judge(policy, &call("echo", "{}"))), "NoRuleAllowed");
    assert_eq!(word(&judge(policy, &call("echo", "{\"path\": \"/srv\"}"))), "allow");
}

#[test]
fn a_not_over_something_missing_is_true_in_a_deny() {
    let policy = format!(
        "package countersign.p\n\nimport future.keywords.not\n\n{ALLOW}\n\n\
         deny contains {{\"id\": \"a\", \"reason\": \"outside\"}} if not startswith(input.call.arguments.path, \"/srv\")\n"
    );
    assert_eq!(word(&judge(&policy, &call("echo", "{}"))), "Denied");
    assert_eq!(word(&judge(&policy, &call("echo", "{\"path\": \"/srv/a\"}"))), "allow");
}

#[test]
fn a_rule_without_end_is_stopped_and_denied() {
    // POL-01
    let policy = format!(
        "package countersign.p\n\n{ALLOW}\n\ndeny contains {{\"id\": \"a\", \"reason\": \"b\"}} if {{\n\
         \tsome a in input.call.arguments.list\n\tsome b in input.call.arguments.list\n\
         \tsome c in input.call.arguments.list\n\ta + b + c == -1\n}}\n"
    );
    let bundle = bundle(&policy);
    let list: Vec<String> = (0..1000).map(|n| n.to_string()).collect();
    let call = call("echo", &format!("{{\"list\": [{}]}}", list.join(",")));
    let begun = std::time::Instant::now();
    let judgement = bundle.decide(&document(&call), call.digest, &|| begun.elapsed());
    assert_eq!(word(&judgement), "PolicyTimeout");
    assert!(judgement.micros >= 50_000, "{}", judgement.micros);
}

#[test]
fn many_slow_rules_share_one_limit() {
    // POL-01
    let policy = format!("package countersign.p\n\n{ALLOW}\n");
    let call = call("echo", "{}");
    let judgement = bundle(&policy).decide(&document(&call), call.digest, &|| LIMIT);
    assert_eq!(word(&judgement), "PolicyTimeout");
}

#[test]
fn numbers_are_compared_exactly_at_the_limits_of_doubles() {
    // POL-10
    for (number, limit, over) in [
        ("9007199254740991", "9007199254740991", false),
        ("9007199254740992", "9007199254740991", true),
        ("9007199254740992", "9007199254740992", false),
        ("9007199254740993", "9007199254740992", true),
        ("9007199254740993", "9007199254740993", false),
        ("18446744073709551615", "18446744073709551614", true),
        ("-9007199254740993", "-9007199254740992", false),
        ("0.5", "0.25", true),
    ] {
        let policy = format!(
            "package countersign.p\n\n{ALLOW}\n\ndeny contains {{\"id\": \"a\", \"reason\": \"over\"}} if input.call.arguments.n > {limit}\n"
        );
        let judgement = judge(&policy, &call("pay", &format!("{{\"n\": {number}}}")));
        assert_eq!(word(&judgement) == "Denied", over, "{number} > {limit}");
    }
}

#[test]
fn shadow_is_recorded_and_changes_nothing() {
    let live = "package countersign.live\n\nallow contains {\"id\": \"yes\"}\n";
    for (candidate, recorded) in [
        (DENY, "tried/no"),
        (HOLD, "tried/ask"),
        (HIDE, "tried/away"),
        ("warn contains \"n\" if to_number(input.call.arguments.n) > 5", "tried/failed"),
        ("deny := 7", "tried/failed"),
    ] {
        let tried = format!("package countersign.tried\n\nmode := \"shadow\"\n\n{candidate}\n");
        let sources = crate::policy::sample::sources(&[live, &tried], "{}");
        let bundle = Bundle::load(&sources).unwrap_or_else(|problems| panic!("{problems:#?}"));
        let call = call("echo", "{\"n\": \"x\"}");
        let judgement = bundle.decide(&document(&call), call.digest, &still);
        assert_eq!(word(&judgement), "allow", "{candidate}");
        let shadow: Vec<String> = judgement.shadow.iter().map(Finding::name).collect();
        assert_eq!(shadow, [recorded]);
    }
    // An allow in shadow grants nothing.
    let tried = format!("package countersign.tried\n\nmode := \"shadow\"\n\n{ALLOW}\n");
    assert_eq!(word(&judge(&tried, &call("echo", "{}"))), "NoRuleAllowed");
}

#[test]
fn reasons_and_advice_are_filled_in() {
    let policy = "package countersign.p\n\ndeny contains {\"id\": \"a\", \"reason\": \"{call.arguments.limit} of {call.arguments.gone}\", \"advice\": \"Ask for less than {call.arguments.limit}.\"}\n";
    let judgement = judge(policy, &call("export", "{\"limit\": 500}"));
    assert_eq!(judgement.findings[0].reason.as_deref(), Some("500 of ?"));
    assert_eq!(judgement.findings[0].advice.as_deref(), Some("Ask for less than 500."));
}

#[test]
fn a_list_asks_only_what_hides() {
    let policy = "package countersign.p\n\nhide contains {\"id\": \"a\", \"reason\": \"b\"} if input.call.tool == \"secret\"\n\nhide contains {\"id\": \"c\", \"reason\": \"d\"} if { input.call.tool == \"odd\"; to_number(input.call.target) > 1 }\n";
    let bundle = bundle(policy);
    let visible = |name: &str| {
        let tool = tool(name, object! {}, Pin::Agreed);
        bundle.visible(&Input::for_listing(&tool, &around("shop"), Trust::Claims), &still)
    };
    assert_eq!(visible("echo"), Visibility::Visible);
    assert_eq!(visible("secret"), Visibility::Hidden);
    assert_eq!(visible("odd"), Visibility::Hidden, "an error hides");
}

mod effects;
mod gate;

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use crate::policy::decision::{Decision, DenyCode};
use crate::policy::sample::{bundle, call, document};

use super::*;

/// Without optimisation, on a machine that is busy with other tests. What is not bounded takes hours.
const LONG: Duration = Duration::from_mins(1);

/// What a rule with this body makes of a call with a long text in `s`, and how long it takes.
fn judged(body: &str, long: usize) -> (DenyCode, String, Duration) {
    let policy = format!(
        "package countersign.p\n\nallow contains {{\"id\": \"a\", \"reason\": \"r\"}}\n\ndeny contains {{\"id\": \"d\", \"reason\": \"r\"}} if {{\ns0 != null\n{body}\n}}\n"
    );
    let bundle = bundle(&policy.replace("s0", "input.call.arguments.s"));
    let call = call("echo", &format!(r#"{{"s": "{}"}}"#, "a".repeat(long)));
    let input = document(&call);
    let begun = Instant::now();
    let judgement = bundle.decide(&input, call.digest, &|| begun.elapsed());
    let Decision::Deny(denial) = judgement.decision else { panic!("{body} is allowed") };
    (denial.code, denial.detail.unwrap_or_default(), begun.elapsed())
}

/// Statements that double something again and again.
fn doubled(step: &str) -> String {
    let line = |(old, new)| step.replace("NEW", &format!("x{new}")).replace("OLD", &format!("x{old}"));
    (0..40).zip(1..41).map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn one_builtin_cannot_ask_for_more_than_there_is() {
    // POL-02. Each of these made gigabytes, or ran for seconds or for hours, before builtins had prices.
    let shared = format!("x0 := [1]\n{}\n", doubled("NEW := [OLD, OLD]"));
    for body in [
        "count(replace(s0, \"a\", s0)) > 0".to_owned(),
        "count(replace(s0, \"\", s0)) > 0".to_owned(),
        "count(strings.replace_n({\"a\": \"aa\", \"aa\": \"aaaa\", \"aaa\": s0}, s0)) > 0".to_owned(),
        "count(concat(\"\", [s0 | some _ in numbers.range(1, 1000)])) > 0".to_owned(),
        "count(concat(s0, [\"\" | some _ in numbers.range(1, 1000)])) > 0".to_owned(),
        "count(sprintf(\"%s%v\", [s0, [s0 | some _ in numbers.range(1, 100)]])) > 0".to_owned(),
        "count([lower(s0) | some _ in numbers.range(1, 10000)]) > 0".to_owned(),
        "count(split(s0, \"\")) > 0".to_owned(),
        "count(json.unmarshal(concat(\"\", [\"[\", replace(s0, \"a\", \"[],\"), \"1]\"]))) > 0".to_owned(),
        "count(json.marshal_with_options([1, 2], {\"indent\": s0, \"prefix\": s0, \"pretty\": true})) > 0".to_owned(),
        "indexof(s0, concat(\"\", [substring(s0, 0, 500000), \"b\"])) > 0".to_owned(),
        "strings.count(s0, concat(\"\", [substring(s0, 0, 500000), \"b\"])) > 0".to_owned(),
        "strings.count(s0, \"\") > 0".to_owned(),
        "count(trim(s0, concat(\"\", [replace(s0, \"a\", \"b\"), \"a\"]))) == 0".to_owned(),
        "count(regex.split(\".*[^a-z]|[a-z]\", s0)) > 0".to_owned(),
        "count(regex.replace(s0, \"a\", \"$0$0$0$0$0$0$0$0$0$0$0$0$0$0$0$0$0$0$0$0\")) > 0".to_owned(),
        "count(sort([s0 | some _ in numbers.range(1, 10000)])) > 0".to_owned(),
        "units.parse(\"1e300000000\") > 0".to_owned(),
        "product([18446744073709551615 | some _ in numbers.range(1, 10000)]) > 0".to_owned(),
        "strings.any_prefix_match([s0 | some _ in numbers.range(1, 5000)], [s0 | some _ in numbers.range(1, 5000)])"
            .to_owned(),
        format!("{shared}count(json.marshal(x40)) > 0"),
        format!("{shared}count(sprintf(\"%v\", [x40])) > 0"),
        format!("{shared}count(object.union({{\"a\": x40}}, {{\"a\": x40}})) > 0"),
        format!("x0 := s0\n{}\ncount(x40) > 0", doubled("NEW := concat(\"\", [OLD, OLD])")),
    ] {
        let (code, detail, took) = judged(&body, 1_000_000);
        assert!(
            code == DenyCode::PolicyError && detail.contains(SPENT) || code == DenyCode::PolicyTimeout,
            "{body}\n{code:?} {detail}"
        );
        assert!(took < LONG, "{body} took {took:?}");
    }
}

#[test]
fn what_may_just_be_paid_for_does_not_take_long() {
    // POL-02
    for (body, long) in [
        ("count(regex.split(\".*[^a-z]|[a-z]\", s0)) > 0", 11_000),
        ("count(replace(s0, \"a\", \"aaaaaaaaaaaaaaa\")) > 0", 1_000_000),
        ("indexof(s0, concat(\"\", [substring(s0, 0, 8000), \"b\"])) == -1", 30_000),
        ("count(trim(s0, concat(\"\", [replace(s0, \"a\", \"b\"), \"a\"]))) == 0", 12_000),
        ("regex.match(\"(a?){60}a{60}[^a]\", s0) == false", 1_000_000),
        ("regex.match(\"(.*a.*a.*a.*)+b|[^a]\", s0) == false", 1_000_000),
        ("count(sort([s0 | some _ in numbers.range(1, 500)])) > 0", 20_000),
        ("product([18446744073709551615 | some _ in numbers.range(1, 500)]) > 0", 1),
    ] {
        let (_, detail, took) = judged(body, long);
        assert!(!detail.contains(SPENT), "{body} {detail}");
        assert!(took < LONG, "{body} took {took:?}");
    }
}

#[test]
fn loops_and_operators_meet_the_clock() {
    // POL-01
    for body in [
        "some a in numbers.range(1, 10000)\nsome b in numbers.range(1, 10000)\na == b + 20000".to_owned(),
        "count({[a, b] | some a in numbers.range(1, 10000); some b in numbers.range(1, 10000)}) > 1".to_owned(),
        "every a in numbers.range(1, 10000) { every b in numbers.range(1, 10000) { a * b > 0 } }".to_owned(),
        format!("x0 := 18446744073709551615\n{}\nx40 > 0", doubled("NEW := OLD * OLD")),
    ] {
        let (code, detail, took) = judged(&body, 1);
        assert_eq!(code, DenyCode::PolicyTimeout, "{body}\n{detail}");
        assert!(took < LONG, "{body} took {took:?}");
    }
}

#[test]
fn what_ordinary_policies_ask_is_answered_as_before() {
    let table = [
        ("array.concat([1], [2])", "[1, 2]"),
        ("array.reverse([1, 2])", "[2, 1]"),
        ("array.slice([1, 2, 3], 1, 2)", "[2]"),
        ("base64.decode(base64.encode(s0))", "\"aaaa\""),
        ("base64url.decode(base64url.encode_no_pad(s0))", "\"aaaa\""),
        ("concat(\", \", [s0, \"b\"])", "\"aaaa, b\""),
        ("concat(\"\", {\"b\", s0})", "\"aaaab\""),
        ("format_int(255, 16)", "\"ff\""),
        ("glob.match(\"a*\", [\".\"], s0)", "true"),
        ("hex.decode(hex.encode(s0))", "\"aaaa\""),
        ("indexof(s0, \"aa\")", "0"),
        ("indexof_n(s0, \"a\")", "[0, 1, 2, 3]"),
        ("json.filter({\"a\": 1, \"b\": 2}, [\"a\"])", "{\"a\": 1}"),
        ("json.unmarshal(json.marshal({\"a\": [1, s0]}))", "{\"a\": [1, \"aaaa\"]}"),
        ("lower(upper(s0))", "\"aaaa\""),
        ("max(numbers.range(1, 5))", "5"),
        ("object.filter({\"a\": 1, \"b\": 2}, [\"a\"])", "{\"a\": 1}"),
        ("object.keys({\"a\": 1})", "{\"a\"}"),
        ("object.union({\"a\": 1}, {\"b\": 2})", "{\"a\": 1, \"b\": 2}"),
        ("product([2, 3])", "6"),
        ("regex.find_n(\"a+\", s0, -1)", "[\"aaaa\"]"),
        ("regex.replace(s0, \"a+$\", \"b\")", "\"b\""),
        ("regex.split(\"[/?]\", \"a/b?c\")", "[\"a\", \"b\", \"c\"]"),
        ("replace(s0, \"a\", \"&amp;\")", "\"&amp;&amp;&amp;&amp;\""),
        ("sort([2, 1])", "[1, 2]"),
        ("split(\"a/b\", \"/\")", "[\"a\", \"b\"]"),
        ("sprintf(\"%s %d\", [s0, 3])", "\"aaaa 3\""),
        ("strings.any_prefix_match(s0, {\"a\", \"b\"})", "true"),
        ("strings.count(s0, \"a\")", "4"),
        ("strings.replace_n({\"<\": \"&lt;\", \"&\": \"&amp;\"}, \"<&\")", "\"&lt;&amp;\""),
        ("substring(s0, 1, 2)", "\"aa\""),
        ("trim_right(\"a. \", \". \")", "\"a\""),
        ("union({{1}, {2}})", "{1, 2}"),
        ("units.parse_bytes(\"2KiB\")", "2048"),
        ("urlquery.decode(urlquery.encode(\"a b\"))", "\"a b\""),
    ];
    for (asked, wanted) in table {
        let (code, detail, _) = judged(&format!("{asked} == {wanted}"), 4);
        assert_eq!(code, DenyCode::Denied, "{asked} {detail}");
        // In the form with the result behind the arguments too.
        if let Some(form) = asked.strip_suffix(')') {
            let (code, detail, _) = judged(&format!("{form}, said)\nsaid == {wanted}"), 4);
            assert_eq!(code, DenyCode::Denied, "{form}, said) {detail}");
        }
    }
}

#[test]
fn a_builtin_that_fails_says_where_and_why_once() {
    let (code, detail, _) = judged("count(lower(7)) > 0", 4);
    assert_eq!(code, DenyCode::PolicyError);
    assert!(detail.contains("0.rego:7:") && detail.contains("`lower` expects string argument"), "{detail}");
    assert_eq!(detail.matches("-->").count(), 1, "{detail}");
}

#[test]
fn every_builtin_either_has_a_price_or_needs_none() {
    // One that a new version of the engine brings must be looked at. These make nothing that is longer than their
    // arguments, and walk over them once; or the loader refuses them.
    let free: BTreeSet<&str> = [
        "abs",
        "base64.is_valid",
        "bits.and",
        "bits.lsh",
        "bits.negate",
        "bits.or",
        "bits.rsh",
        "bits.xor",
        "ceil",
        "contains",
        "count",
        "endswith",
        "floor",
        "is_array",
        "is_boolean",
        "is_null",
        "is_number",
        "is_object",
        "is_set",
        "is_string",
        "json.is_valid",
        "net.cidr_contains",
        "net.cidr_expand",
        "net.cidr_is_valid",
        "numbers.range_step",
        "object.get",
        "rand.intn",
        "regex.is_valid",
        "regex.match",
        "round",
        "semver.compare",
        "semver.is_valid",
        "startswith",
        "sum",
        "time.add_date",
        "time.clock",
        "time.date",
        "time.diff",
        "time.format",
        "time.now_ns",
        "time.parse_duration_ns",
        "time.parse_ns",
        "time.parse_rfc3339_ns",
        "time.weekday",
        "to_number",
        "trace",
        "type_name",
        "__builtin_sets.union",
        "__builtin_sets.intersection",
    ]
    .into();
    let priced: BTreeSet<&str> = costs::COSTS.iter().map(|(name, _)| *name).collect();
    let known: BTreeSet<&str> = BUILTINS.keys().copied().collect();
    let looked_at: BTreeSet<&str> = free.union(&priced).copied().collect();
    assert_eq!(free.intersection(&priced).collect::<Vec<_>>(), Vec::<&&str>::new());
    assert_eq!(known.symmetric_difference(&looked_at).collect::<Vec<_>>(), Vec::<&&str>::new());
}

#[test]
fn only_light_answers_are_kept() {
    // POL-02: thousands of answers are remembered, one for each tool somebody can name.
    assert!(is_light(&Value::from("a".repeat(1000))));
    assert!(!is_light(&Value::from("a".repeat(20_000))));
}

#[test]
fn each_rule_has_everything_to_spend() {
    // The second rule would not be answered with what the first one left.
    let body = "count(sprintf(\"%s\", [input.call.arguments.s])) > 0";
    let policy = format!(
        "package countersign.p\n\nallow contains {{\"id\": \"a\", \"reason\": \"r\"}} if {{\n\t{body}\n}}\n\nwarn contains {{\"id\": \"w\", \"reason\": \"r\"}} if {{\n\t{body}\n}}\n"
    );
    let call = call("echo", &format!(r#"{{"s": "{}"}}"#, "a".repeat(1_600_000)));
    let judgement = bundle(&policy).decide(&document(&call), call.digest, &Duration::default);
    assert!(matches!(judgement.decision, Decision::Allow(_)), "{judgement:?}");
    assert_eq!(judgement.findings.len(), 2);
}

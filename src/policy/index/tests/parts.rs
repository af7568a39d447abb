//! What is looked up in an input before the interpreter is asked.

use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::{answered, call_at, document, sources, still};
use crate::call::Action;
use crate::policy::bundle::Bundle;
use crate::policy::evaluate::Reach;
use crate::policy::index::{Shown, Sight, Truth};
use crate::policy::input::Input;

const DATA: &str =
    r#"{"table": {"a": true, "b": false, "1": 1}, "none": {}, "list": ["a"], "most": {"n": 3}, "never": false}"#;
/// What tests need that no author would write.
const UNHEARD: [&str; 6] =
    ["unreachable", "unused-rule", "wrong-phase", "unknown-field", "fragile-head", "grant-by-absence"];

fn load(policy: &str) -> Option<Bundle> {
    let text = format!("package countersign.p\n\nimport future.keywords.not\n\n{policy}\n");
    Bundle::load_despite(&sources(&[&text], DATA), None, &UNHEARD).ok()
}

/// A document with these parts.
fn made(input: &Input, parts: &[(&str, Json)]) -> Input {
    let mut document: Json = serde_json::from_str(&input.to_json().unwrap()).unwrap();
    for (at, value) in parts {
        let (above, name) = at.rsplit_once('/').unwrap();
        let Some(Json::Object(members)) = document.pointer_mut(above) else { continue };
        match value {
            // What is not there at all.
            Json::String(text) if text == "-" => drop(members.remove(name)),
            value => drop(members.insert(name.to_owned(), value.clone())),
        }
    }
    Input::from_document(&document.to_string()).unwrap()
}

fn echo() -> Input {
    document(&call_at("shop", Action::Tool("echo".to_owned()), "{}"))
}

/// Whether a rule is asked about these parts.
fn is_asked(rules: &str, result: &[(&str, Json)]) -> bool {
    let bundle = load(rules).unwrap_or_else(|| panic!("{rules}"));
    let input = made(&answered(&echo()), result);
    let value = input.value();
    let glance = bundle.places().glance(&value);
    let sight = Sight { key: &input.key, glance: &glance, result: Shown::Now, item: None };
    bundle.rules().iter().flat_map(|rule| &rule.conditions).any(|way| way.truth(&sight) != Truth::No)
}

type Case = (&'static str, &'static str, Json, Json);

/// Each rule is not asked without its part and asked with it.
fn are_told_apart(cases: impl IntoIterator<Item = Case>) {
    for (rules, part, without, with) in cases {
        assert!(!is_asked(rules, &[(part, without)]), "{rules}");
        assert!(is_asked(rules, &[(part, with)]), "{rules}");
    }
}

#[test]
fn a_rule_about_parts_that_are_not_there_is_not_asked() {
    let (secrets, paths) = ("/result/facts/secrets", "/facts/paths");
    are_told_apart([
        ("warn contains \"x\" if count(input.result.facts.secrets) > 0", secrets, json!([]), json!([1])),
        ("warn contains \"x\" if input.result.facts.secrets != []", secrets, json!([]), json!([1])),
        (
            "warn contains \"x\" if { some s in input.result.facts.secrets; s.at }",
            secrets,
            json!([1]),
            json!([{"at": 1}]),
        ),
        ("warn contains \"x\" if input.result.rows > data.most.n", "/result/rows", json!(3), json!(4)),
        ("warn contains \"x\" if data.most.n < input.result.rows", "/result/rows", json!(3), json!(4)),
        ("warn contains \"x\" if \"a\" in input.result.text", "/result/text", json!(["b"]), json!(["a"])),
        ("warn contains \"x\" if data.table[input.zone]", "/zone", json!("b"), json!("a")),
        (
            "warn contains \"x\" if { some p in input.facts.paths; p.complete == false; to_number(p.raw) > 1 }",
            paths,
            json!([{"complete": true}, {}]),
            json!([{"complete": true}, {"complete": false}]),
        ),
        (
            "warn contains \"x\" if { some p in input.facts.paths; data.table[p.kind] }",
            paths,
            json!([{"kind": "b"}]),
            json!([{"kind": "a"}]),
        ),
    ]);
}

#[test]
fn a_rule_whose_helpers_are_about_parts_that_are_not_there_is_not_asked() {
    are_told_apart([
        (
            "warn contains \"x\" if h\n\nh if count(input.facts.paths) > 0\n\nh if input.facts.sql",
            "/facts/paths",
            json!([]),
            json!([1]),
        ),
        (
            "warn contains \"x\" if { not h; input.facts.bytes }\n\nh if data.table[input.zone]",
            "/zone",
            json!("a"),
            json!("b"),
        ),
        (
            "warn contains \"x\" if f({\"a\"})\n\nf(k) if { some w in sql.kinds; w in k }\n\nsql := input.facts.sql",
            "/facts/sql",
            json!("-"),
            json!({"kinds": [1]}),
        ),
        (
            "warn contains \"x\" if { some h in here; h != \"\" }\n\nhere contains input.zone if input.zone != \"\"",
            "/zone",
            json!(""),
            json!("a"),
        ),
        (
            "warn contains \"x\" if count(here) > 0\n\nhere contains input.server.labels.zone",
            "/server/labels",
            json!({}),
            json!({"zone": 1}),
        ),
    ]);
    for rules in [
        "warn contains \"x\" if data.none[input.zone]",
        "warn contains \"x\" if data.never",
        "warn contains \"x\" if { some x in data.none[input.zone]; x }",
        "warn contains \"x\" if input.call.arguments.gone == data.gone",
    ] {
        assert!(!is_asked(rules, &[]), "{rules}");
    }
}

#[test]
fn a_rule_that_might_fail_is_asked() {
    for rules in [
        // What stands before it may fail for another item.
        "warn contains \"x\" if { some p in input.facts.paths; to_number(p) > 1; p.gone }",
        // Counting a number fails.
        "warn contains \"x\" if { count(input.zone) > 0; input.facts.sql }",
        "warn contains \"x\" if { to_number(input.zone) > 0; input.facts.sql }",
        "warn contains \"x\" if { h; input.facts.sql }\n\nh if to_number(input.zone) > 0\n\nh if input.facts.bytes",
        "warn contains \"x\" if { not h; input.facts.sql }\n\nh if to_number(input.zone) > 0",
        // A list that is not there has nothing in it, which is known.
        "warn contains \"x\" if (\"a\" in input.facts.sql) == false",
        // What is not there is not empty either.
        "warn contains \"x\" if not h\n\nh if count(input.facts.sql.kinds) == 0",
        // The name gets its value only later.
        "warn contains \"x\" if { x == input.facts.sql; to_number(input.zone) > 1; some x in [1] }",
        // An object of rules is there even when it is empty.
        "warn contains \"x\" if h\n\nh[x] := 1 if { some x in input.facts.paths }",
        "warn contains \"x\" if h\n\ndefault h := true\n\nh if input.facts.sql",
        "warn contains \"x\" if count(\"x\") > 0\n\ncount(x) := 2 if x",
    ] {
        if load(rules).is_some() {
            assert!(is_asked(rules, &[("/zone", json!(7)), ("/facts/paths", json!(["x"]))]), "{rules}");
        }
    }
}

const PARTS: [&str; 15] = [
    "input.facts.paths",
    "input.facts.sql",
    "input.facts.sql.kinds",
    "input.facts.sql.complete",
    "input.call.arguments.n",
    "input.call.arguments.m",
    "asked.n",
    "sql.kinds",
    "input.result.rows",
    "input.result.facts.secrets",
    "input.result.facts.injection.suspected",
    "input.zone",
    "input.session.labels",
    "input.call.tool",
    "input.phase",
];

const FORMS: [&str; 61] = [
    "P",
    "not P",
    "some V in P",
    "some V in P\n\tV == 1",
    "some V in P\n\tto_number(V) == 1",
    "some W, V in P\n\tdata.table[V]",
    "some V in P.deeper",
    "some V in P\n\tV.deeper == 1",
    "some V in P\n\tV.a",
    "some V in P\n\tnot V.a\n\tto_number(V.b) > 1",
    "some V in P\n\tV in {\"a\"}\n\tto_number(V) > 1",
    "some V in P\n\tto_number(V) > 1\n\tV.a",
    "some W, V in P\n\t\"a\" in V.kinds",
    "some V in P\n\tcount(V) > 0\n\tV == 1",
    "some V in P\n\tnot data.table[V]",
    "some V in P\n\tW := V.a\n\tW == 1",
    "some V in P\n\tf(V)\n\tV != 1",
    "some W, V in P\n\tW == 0",
    "count(P) > 0",
    "count(P) == 0",
    "count(P) >= 1",
    "0 < count(P)",
    "count(P) != 0",
    "not count(P) > 0",
    "P != []",
    "P == []",
    "P > 1",
    "1 < P",
    "P <= data.most.n",
    "data.most.n >= P",
    "P == data.gone",
    "P == null",
    "P == false",
    "P != \"a\"",
    "\"a\" in P",
    "not \"a\" in P",
    "1 in P",
    "P in {\"a\", \"echo\", \"call\"}",
    "not P in [\"a\"]",
    "(\"a\" in P) == false",
    "0, \"a\" in P",
    "P in data.list",
    "data.table[P]",
    "not data.table[P]",
    "data.none[P]",
    "data.list[P]",
    "some V in data.none[P]",
    "V := P\n\tV == 1",
    "V := P\n\tto_number(V) == 1",
    "V == P\n\tsome V in [1, \"a\"]",
    "[P] != [1]",
    "f(P)",
    "not f(P)",
    "g(P, \"a\")",
    "not g(P, 1)",
    "to_number(P) > 1",
    "h1",
    "not h1",
    "h2",
    "\"a\" in collected",
    "some V in collected",
];
const MORE: [&str; 6] =
    ["count(collected) > 0", "count(collected) == 0", "not h2", "data.never", "not data.never", "data.most.n"];

fn statement(helpers: bool) -> impl Strategy<Value = String> {
    let all: Vec<&str> = FORMS.iter().chain(&MORE).copied().collect();
    // Helpers do not ask themselves.
    let asks = |form: &&str| ["h1", "h2", "collected", "f(", "g("].iter().any(|name| form.contains(name));
    let forms: Vec<&str> = all.into_iter().filter(|form| helpers || !asks(form)).collect();
    (prop::sample::select(forms), prop::sample::select(PARTS.to_vec())).prop_map(|(form, part)| form.replace('P', part))
}

fn body(helpers: bool) -> impl Strategy<Value = String> {
    prop::collection::vec(statement(helpers), 1..4).prop_map(|lines| format!("{{\n\t{}\n}}", lines.join("\n\t")))
}

/// Helpers that come about in one way or in several.
fn helpers() -> impl Strategy<Value = String> {
    (prop::collection::vec(body(false), 8), prop::sample::select(PARTS.to_vec()), 0..8_u8).prop_map(
        |(bodies, part, more)| {
            let body = |at: usize| bodies.get(at).cloned().unwrap_or_default();
            let mut text = format!(
                "asked := input.call.arguments\n\nsql := input.facts.sql\n\nh1 if {}\n\nh2 if {}\n\nf(y) if {}\n\n\
                 g(y, \"a\") if {}\n\ncollected contains {part} if {}\n\n",
                body(0),
                body(1),
                body(2),
                body(3),
                body(4)
            );
            let also = [
                format!("h1 if {}\n\n", body(5)),
                format!("f(y) if {}\n\n", body(6)),
                format!("collected contains \"a\" if {}\n\n", body(7)),
            ];
            also.iter().enumerate().filter(|(at, _)| more >> at & 1 == 1).for_each(|(_, rule)| text.push_str(rule));
            text
        },
    )
}

fn part() -> impl Strategy<Value = Json> {
    prop::sample::select(vec![
        json!("-"),
        json!(null),
        json!(true),
        json!(false),
        json!(1),
        json!(5),
        json!("a"),
        json!("1"),
        json!(""),
        json!([]),
        json!(["a"]),
        json!([1]),
        json!({}),
        json!({"a": 1}),
        json!({"kinds": []}),
        json!({"kinds": ["a"], "complete": false}),
        json!({"deeper": [1]}),
        json!([{"a": 1, "deeper": 1, "kinds": ["a"]}, {"a": false}]),
        json!([{"kinds": "a", "b": "x"}]),
        json!(["b", "a"]),
        json!([[1], "a"]),
    ])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn looking_parts_up_never_changes_a_verdict(
        bodies in prop::collection::vec((prop::sample::select(vec!["deny", "warn", "withhold", "label"]), body(true)), 1..4),
        helpers in helpers(),
        parts in prop::collection::vec(prop::collection::vec(part(), 8), 6),
    ) {
        let rules = bodies.iter().enumerate().map(|(at, (word, body))| {
            let own = if *word == "label" { ", \"label\": \"seen\"" } else { "" };
            format!("{word} contains {{\"id\": \"r{at}\", \"reason\": \"r\"{own}}} if {body}\n\n")
        });
        let policy = format!("{helpers}{}allow contains \"a\"", rules.collect::<String>());
        // Some of what is generated is refused at load, which is no verdict.
        let Some(bundle) = load(&policy) else { return Ok(()) };
        let digest = call_at("shop", Action::Tool("echo".to_owned()), "{}").digest;
        let places = [
            "/facts/paths", "/facts/sql", "/call/arguments/n", "/call/arguments/m", "/zone", "/result/rows",
            "/result/facts/secrets", "/result/facts/injection/suspected",
        ];
        for values in parts {
            let parts: Vec<(&str, Json)> = places.into_iter().zip(values).collect();
            let input = made(&echo(), &parts);
            let said = |reach| bundle.decide_within(&input, digest, &still, reach);
            let (indexed, whole) = (said(Reach::Indexed), said(Reach::Whole));
            let (one, other) = (format!("{:?}", indexed.decision), format!("{:?}", whole.decision));
            let back = made(&answered(&input), &parts);
            let said = |reach| bundle.release_within(&back, &still, reach);
            let (passed, wholly) = (said(Reach::Indexed), said(Reach::Whole));
            let (kept, otherwise) = (format!("{:?}", passed.withheld), format!("{:?}", wholly.withheld));
            // A machine that stands still says nothing about the index.
            if [&one, &other, &kept, &otherwise].iter().any(|word| word.contains("PolicyTimeout")) {
                continue;
            }
            prop_assert_eq!(one, other, "{} {:?}", policy, parts);
            prop_assert_eq!(indexed.findings, whole.findings, "{} {:?}", policy, parts);
            prop_assert_eq!(kept, otherwise, "{} {:?}", policy, parts);
            prop_assert_eq!(&passed.findings, &wholly.findings, "{} {:?}", policy, parts);
            prop_assert_eq!(passed.labels, wholly.labels, "{} {:?}", policy, parts);
            // Nobody is asked about a result only where nobody has anything to say of it.
            let speaks = bundle.speaks_of_result(&input);
            // What only warns and does not name results is not asked about them.
            let warned = bodies.iter().any(|(word, _)| *word == "warn");
            let heard = !warned && (wholly.withheld.is_some() || !wholly.findings.is_empty());
            prop_assert!(speaks || !heard, "{} {:?}", policy, parts);
        }
    }
}

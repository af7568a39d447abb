mod parts;

use proptest::prelude::*;

use crate::call::Action;
use crate::catalogue::tool::Pin;
use crate::object;
use crate::policy::bundle::Bundle;
use crate::policy::evaluate::Reach;
use crate::policy::input::{Input, Trust};
use crate::policy::sample::{answered, around, bundle, call_at, document, sources, still, tool};

/// How many ways an effect can come about are looked at for this call.
fn looked_at(policy: &str, server: &str, action: Action) -> usize {
    let input = document(&call_at(server, action, "{}"));
    let bundle = bundle(policy);
    let ways = bundle.rules().iter().flat_map(|rule| &rule.conditions);
    ways.filter(|condition| condition.may_hold(&input.key)).count()
}

#[test]
fn a_rule_about_something_else_is_not_looked_at() {
    let tool = |name: &str| Action::Tool(name.to_owned());
    for (rules, server, action, expected) in [
        ("deny contains \"x\" if input.call.tool == \"drop\"", "shop", tool("drop"), 1),
        ("deny contains \"x\" if input.call.tool == \"drop\"", "shop", tool("echo"), 0),
        ("deny contains \"x\" if \"drop\" == input.call.tool", "shop", tool("echo"), 0),
        ("deny contains \"x\" if input.call.tool in {\"drop\", \"cut\"}", "shop", tool("cut"), 1),
        ("deny contains \"x\" if input.call.tool in {\"drop\", \"cut\"}", "shop", tool("echo"), 0),
        ("deny contains \"x\" if input.call.tool == \"drop\"", "shop", Action::Resource("drop".to_owned()), 0),
        ("deny contains \"x\" if input.call.method == \"resources/read\"", "shop", tool("echo"), 0),
        ("hide contains \"x\" if input.phase == \"list\"", "shop", tool("echo"), 0),
        (
            "deny contains \"x\" if { input.environment != \"test\"; input.call.server == \"files\" }",
            "shop",
            tool("echo"),
            0,
        ),
        ("deny contains \"x\" if input.facts.risk in {\"high\", \"low\"}", "shop", tool("echo"), 1),
        ("deny contains \"x\" if input.facts.risk in {\"high\", \"medium\"}", "shop", tool("echo"), 0),
        ("deny contains \"x\" if \"seen\" in input.session.labels", "shop", tool("echo"), 0),
        // By way of helpers and lists that are written down.
        (
            "here if input.call.server == \"files\"\n\ndeny contains \"x\" if { here; input.call.tool in words }\n\nwords := {\"a\"} | more\n\nmore := {\"b\"}",
            "shop",
            tool("b"),
            0,
        ),
        (
            "here if input.call.server == \"shop\"\n\ndeny contains \"x\" if { here; input.call.tool in words }\n\nwords := {\"a\"} | more\n\nmore := {\"b\"}",
            "shop",
            tool("b"),
            1,
        ),
        (
            "here if input.call.server == \"shop\"\n\ndeny contains \"x\" if { here; input.call.tool in words }\n\nwords := {\"a\"} | more\n\nmore := {\"b\"}",
            "shop",
            tool("c"),
            0,
        ),
    ] {
        let policy = format!("package countersign.p\n\nimport future.keywords.not\n\n{rules}\n");
        assert_eq!(looked_at(&policy, server, action), expected, "{rules}");
    }
}

#[test]
fn a_rule_about_results_is_looked_at_when_there_is_one() {
    for (rules, about_a_call, about_a_result) in [
        ("warn contains \"x\" if input.result.is_error", 0, 1),
        ("warn contains \"x\" if { input.call.tool == \"echo\"; input.result.rows > 3 }", 0, 1),
        ("warn contains \"x\" if { some block in input.result.content; block.type == \"text\" }", 0, 1),
        ("warn contains \"x\" if { rows := input.result.rows; rows > 3 }", 0, 1),
        ("warn contains \"x\" if not input.result.is_error", 1, 1),
        ("warn contains \"x\" if count([1 | input.result.is_error]) == 0", 1, 1),
        ("warn contains \"x\" if { to_number(input.call.arguments.n) > 1; input.result.is_error }", 1, 1),
        ("warn contains \"x\" if input.phase == \"call\"", 1, 0),
        ("warn contains \"x\" if input.call.tool == \"echo\"", 1, 1),
    ] {
        let policy = format!("package countersign.p\n\nimport future.keywords.not\n\n{rules}\n");
        let bundle = bundle(&policy);
        let call = document(&call_at("shop", Action::Tool("echo".to_owned()), "{}"));
        for (input, wanted) in [(&call, about_a_call), (&answered(&call), about_a_result)] {
            let ways = bundle.rules().iter().flat_map(|rule| &rule.conditions);
            let looked_at = ways.filter(|condition| condition.may_hold(&input.key)).count();
            assert_eq!(looked_at, wanted, "{rules} {:?}", input.key.phase);
        }
    }
}

#[test]
fn whatever_is_unclear_is_looked_at() {
    let tool = |name: &str| Action::Tool(name.to_owned());
    for (rules, server, action, expected) in [
        (
            "here if input.call.server == \"a\"\n\nhere if input.call.server == \"b\"\n\ndeny contains \"x\" if here",
            "shop",
            tool("c"),
            1,
        ),
        (
            "deny contains \"x\" if { to_number(input.call.arguments.n) > 1; input.call.tool == \"drop\" }",
            "shop",
            tool("echo"),
            1,
        ),
        ("deny contains \"x\" if { some name in [\"drop\"]; input.call.tool == name }", "shop", tool("echo"), 1),
        ("deny contains \"x\" if not input.call.tool == \"drop\"", "shop", tool("drop"), 1),
        (
            "deny contains \"x\" if input.call.tool in (words | {\"a\"})\n\nwords := {w | some w in [\"drop\"]}",
            "shop",
            tool("echo"),
            1,
        ),
        (
            "deny := \"x\" if { input.call.tool == \"drop\" } else := \"y\" if { input.call.server == \"shop\" }",
            "shop",
            tool("echo"),
            1,
        ),
    ] {
        let policy = format!("package countersign.p\n\nimport future.keywords.not\n\n{rules}\n");
        assert_eq!(looked_at(&policy, server, action), expected, "{rules}");
    }
}

/// The same document with these labels on its session, and this risk.
fn with(input: &Input, labels: &[&str], risk: &str) -> Input {
    let mut document: serde_json::Value = serde_json::from_str(&input.to_json().unwrap()).unwrap();
    document["session"]["labels"] = labels.into();
    document["facts"]["risk"] = risk.into();
    Input::from_document(&document.to_string()).unwrap()
}

/// Statements that do not only compare a field with texts.
const OTHER: [&str; 36] = [
    "here",
    "not here",
    "there",
    "input.call.tool in words",
    "input.call.tool in (words | more)",
    "to_number(input.call.arguments.n) > 3",
    "input.call.arguments.n == \"x\"",
    "input.call.arguments.gone",
    "some name in words\n\tinput.call.tool == name",
    "other(input.call.tool)",
    "data.countersign.q.allow",
    "tool := input.call.tool\n\ttool == \"echo\"",
    "some item in asked\n\tto_number(item) > 3",
    "count(asked) == 0",
    "input.result.is_error",
    "input.result.is_error == false",
    "input.result.rows != 3",
    "not input.result.is_error",
    "\"a\" in input.result.text",
    "input.result.text in {\"a\", \"b\"}",
    "[input.result.rows] == [2]",
    "[input.result.rows] != [3]",
    "{input.result.rows, 1} != {3}",
    "rows := input.result.rows",
    "some block in input.result.content\n\tblock.type == \"text\"",
    "result",
    "not result",
    "input.facts.risk == \"low\"",
    "not input.facts.sql.read_only",
    "count(input.session.labels) == 0",
    "\"seen\" in input.session.labels",
    "\"told\" in input.session.labels",
    "not \"seen\" in input.session.labels",
    "input.facts.risk in {\"high\", \"medium\"}",
    "input.facts.risk != \"low\"",
    "input.facts.bytes > 3",
];

fn statement() -> impl Strategy<Value = String> {
    let names = prop::collection::vec(
        prop::sample::select(vec![
            "\"echo\"",
            "\"drop\"",
            "\"shop\"",
            "\"files\"",
            "\"tools/call\"",
            "\"call\"",
            "\"result\"",
            "\"list\"",
        ]),
        1..3,
    );
    let field = prop::sample::select(vec!["input.call.tool", "input.call.server", "input.call.method", "input.phase"]);
    let compared = (field, names, 0..5_u8).prop_map(|(field, names, form)| {
        let first = names.first().copied().unwrap_or_default();
        match form {
            0 => format!("{field} == {first}"),
            1 => format!("{first} == {field}"),
            2 => format!("{field} in {{{}}}", names.join(", ")),
            3 => format!("{field} != {first}"),
            _ => format!("not {field} == {first}"),
        }
    });
    let other = prop::sample::select(OTHER.to_vec());
    prop_oneof![3 => compared, 2 => other.prop_map(str::to_owned)]
}

fn effect() -> impl Strategy<Value = String> {
    let bodies = prop::collection::vec(statement(), 1..4);
    let word = prop::sample::select(vec![
        ("allow", ""),
        ("deny", ""),
        ("hide", ""),
        ("warn", ""),
        ("withhold", ""),
        ("label", ", \"label\": \"seen\""),
        ("redact", ", \"path\": \"/result/content/*/text\", \"replace\": \"x\""),
        ("mask", ", \"path\": \"/call/arguments/n\""),
        ("limit", ", \"key\": [\"x\"], \"max\": 1, \"per\": \"1h\""),
        ("hold", ", \"reviewers\": [\"group:x\"]"),
    ]);
    (word, bodies, 0..10_000_u32, 0..4_u8).prop_map(|((word, own), body, id, form)| {
        // What the loader refuses says nothing about the index.
        let early = matches!(word, "allow" | "deny" | "hide" | "limit" | "hold");
        let refused = |line: &&String| {
            (early && line.contains("input.result")) || (word == "allow" && line.contains("not input.facts"))
        };
        let body: Vec<String> = body.iter().filter(|line| !refused(line)).cloned().collect();
        let body = if body.is_empty() { "here".to_owned() } else { body.join("\n\t") };
        match form {
            1 => format!("{word} contains {{\"id\": \"r{id}\", \"reason\": \"r\"{own}}} if {{\n\tsome name, value in input.call.arguments\n\tdata.asked[name]\n\t{body}\n\tto_number(value) > 2\n}}"),
            0 => format!("{word} := {{\"id\": \"r{id}\", \"reason\": \"r\"{own}}} if {{\n\t{body}\n}} else := {{\"id\": \"e{id}\", \"reason\": \"r\"{own}}} if {{\n\tinput.call.tool == \"drop\"\n}}"),
            _ => format!("{word} contains {{\"id\": \"r{id}\", \"reason\": \"r\"{own}}} if {{\n\t{body}\n}}"),
        }
    })
}

const HELPERS: &str = "result if input.result.rows == 2\n\nhere if input.call.server == \"shop\"\n\nthere if {\n\there\n\tinput.call.method == \"tools/call\"\n\tto_number(input.call.arguments.n) < 9\n}\n\nwords := {\"echo\", \"x\"}\n\nmore := {\"drop\"}\n\nother(x) if x == \"drop\"\n\nasked contains value if {\n\tsome name, value in input.call.arguments\n\tdata.asked[name]\n}\n\nwarn contains \"used\" if { here; there; result; words; more; asked; other(\"x\") }\n";

/// Judges other calls by the same bundle.
fn others(bundle: &Bundle) {
    for (tool, arguments) in
        [("echo", "{\"n\": 2}"), ("drop", "{\"n\": \"x\"}"), ("echo", "{}"), ("drop", "{\"y\": 1}"), ("x", "{}")]
    {
        let other = crate::policy::sample::call(tool, arguments);
        drop(bundle.decide(&document(&other), other.digest, &still));
        drop(bundle.release(&answered(&document(&other)), &still));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn the_index_never_changes_a_verdict(
        effects in prop::collection::vec(effect(), 1..5),
        server in prop::sample::select(vec!["shop", "files"]),
        action in prop::sample::select(vec![
            Action::Tool("echo".to_owned()), Action::Tool("drop".to_owned()), Action::Resource("drop".to_owned()),
        ]),
        name in prop::sample::select(vec!["n", "z"]),
        n in prop::sample::select(vec!["1", "\"5\"", "\"x\""]),
        labels in prop::sample::select(vec![vec![], vec!["seen"], vec!["told", "seen"]]),
        risk in prop::sample::select(vec!["low", "high"]),
    ) {
        let one = format!("package countersign.p\n\nimport future.keywords.not\n\n{HELPERS}\n{}\n", effects.join("\n\n"));
        let two = "package countersign.q\n\nallow contains {\"id\": \"files\"} if input.call.server == \"files\"\n";
        // Some of what is generated is refused at load, which is no verdict.
        let policies = sources(&[&one, two], "{\"asked\": {\"n\": true}}");
        let Ok(bundle) = Bundle::load_despite(&policies, None, &["unreachable"]) else { return Ok(()) };
        let call = call_at(server, action, &format!("{{\"{name}\": {n}}}"));
        let input = with(&document(&call), &labels, risk);
        // Whatever this bundle keeps of other calls must not be heard in this one.
        others(&bundle);
        let said = |reach| bundle.decide_within(&input, call.digest, &still, reach);
        let (indexed, whole) = (said(Reach::Indexed), said(Reach::Whole));
        // A machine that stands still says nothing about the index.
        if format!("{:?}{:?}", indexed.decision, whole.decision).contains("PolicyTimeout") {
            return Ok(());
        }
        prop_assert_eq!(format!("{:?}", indexed.decision), format!("{:?}", whole.decision), "{}", one);
        prop_assert_eq!(indexed.findings, whole.findings, "{}", one);
        prop_assert_eq!(indexed.apply, whole.apply, "{}", one);
        let back = answered(&input);
        let said = |reach| bundle.release_within(&back, &still, reach);
        let (indexed, whole) = (said(Reach::Indexed), said(Reach::Whole));
        prop_assert_eq!(format!("{:?}", indexed.withheld), format!("{:?}", whole.withheld), "{}", one);
        prop_assert_eq!(indexed.findings, whole.findings, "{}", one);
        prop_assert_eq!((indexed.labels, indexed.redact, indexed.mask), (whole.labels, whole.redact, whole.mask), "{}", one);
        let listed = Input::for_listing(&tool("echo", object! {}, Pin::Agreed), &around("shop"), Trust::Claims);
        let said = |reach| bundle.visible_within(&listed, &still, reach);
        prop_assert_eq!(said(Reach::Indexed), said(Reach::Whole), "{}", one);
    }
}

use crate::policy::bundle::Bundle;
use crate::policy::sample::{bundle, call, document};
use crate::policy::starter;

use super::*;

fn pace(body: &str, beside: &str) -> Pace {
    let policy = format!(
        "package countersign.p\n\nimport future.keywords.not\n\nallow contains {{\"id\": \"a\", \"reason\": \"r\"}} if {{\n\tinput.call.arguments.s\n{body}\n}}\n\n{beside}\n"
    );
    bundle(&policy).pace(&document(&call("echo", "{}")))
}

#[test]
fn what_compares_without_end_is_asked_aside() {
    // POL-02
    let doubled: Vec<String> = (0..20)
        .zip(1..21)
        .map(|(old, new)| format!("a{new} := [a{old}, a{old}]\nb{new} := [b{old}, b{old}]"))
        .collect();
    let nested = "[[input.call.arguments.s | some _ in numbers.range(1, 9)] | some _ in numbers.range(1, 9)]";
    for (body, beside) in [
        (format!("a0 := [1]\nb0 := [1]\n{}\na20 == b20", doubled.join("\n")), ""),
        (format!("a := {nested}\nb := {nested}\na == b"), ""),
        (format!("a := {nested}\nb := {nested}\na in [b]"), ""),
        (format!("a := {nested}\nb := {nested}\ncount({{a, b}}) == 1"), ""),
        (
            "one == two".to_owned(),
            "one := [f(f(f([1])))]\n\ntwo := [f(f(f([1])))]\n\nf(x) := [x | some _ in numbers.range(1, 9)]",
        ),
        (
            "all == input.call.arguments.s\nfew == all".to_owned(),
            "all contains few\n\nfew contains input.call.arguments[_]",
        ),
    ] {
        assert_eq!(pace(&body, beside), Pace::Aside, "{body}\n{beside}");
    }
}

#[test]
fn what_ordinary_rules_do_is_quick() {
    for (body, beside) in [
        (
            "count(outside) + count(secret) > 0",
            "paths := input.call.arguments.paths\n\noutside contains p.at if some p in paths\n\nsecret contains p.at if some p in paths",
        ),
        ("input.call.tool == \"echo\"", ""),
        ("count([x | some x in input.call.arguments.xs; x > 3]) > 2", ""),
        ("path := input.call.arguments.path\nsome root in data.roots\nstartswith(path, root)\npath != root", ""),
        ("names := {lower(x) | some x in input.call.arguments.xs}\n\"drop\" in names", ""),
        (
            "args.amount > data.limit\nnot excepted",
            "args := input.call.arguments\n\nexcepted if data.except[input.call.tool]",
        ),
    ] {
        assert_eq!(pace(body, beside), Pace::Quick, "{body}\n{beside}");
    }
}

#[test]
fn the_starter_set_is_quick() {
    let bundle = Bundle::load(&starter::sources()).unwrap();
    assert!(bundle.rules().iter().all(|rule| rule.pace == Pace::Quick), "{:?}", bundle.rules());
}

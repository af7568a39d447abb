use crate::policy::bundle::Bundle;
use crate::policy::decision::Effect;
use crate::policy::sample::{bundle, call, document, sources, still, word};

fn load(policy: &str, data: &str) -> Bundle {
    Bundle::load(&sources(&[policy], data)).unwrap_or_else(|problems| panic!("{problems:#?}"))
}

/// How much a rule `warn` reads, or nothing when it reads what does not come again.
fn reads(rules: &str) -> Option<usize> {
    let policy =
        format!("package countersign.p\n\nimport future.keywords.not\nimport input.call as asked\n\n{rules}\n");
    let bundle = load(&policy, "{\"asked\": {\"n\": true, \"m\": true}, \"list\": [1]}");
    let rule = bundle.rules().iter().find(|rule| rule.path == "data.countersign.p.warn");
    rule.and_then(|rule| rule.footprint.as_ref())
        .map(|footprint| footprint.paths.len().max(footprint.arguments.len()).max(footprint.nothing.len()))
}

#[test]
fn a_rule_that_reads_more_than_recurs_has_no_footprint() {
    for (rules, expected) in [
        ("warn contains \"x\" if input.call.tool == \"x\"", Some(1)),
        (
            "warn contains \"x\" if { input.call.tool == \"x\"; input.tool.changed; input.environment == \"y\" }",
            Some(3),
        ),
        ("warn contains \"x\"", Some(0)),
        ("warn contains \"x\" if data.words[input.call.tool]", Some(1)),
        ("warn contains \"x\" if here\n\nhere if there\n\nthere if input.call.server == \"x\"", Some(1)),
        ("warn contains \"x\" if f(1)\n\nf(x) if input.call.server == x", Some(1)),
        ("warn contains \"x\" if asked.server == \"x\"", Some(1)),
        ("warn contains \"x\" if asked.arguments.x == 1", Some(1)),
        ("warn contains \"x\" if input.call.arguments.n == 1", Some(1)),
        ("warn contains \"x\" if input.call[\"arguments\"].n == 1", Some(1)),
        ("warn contains \"x\" if { some name in [\"tool\"]; input.call[name] == 1 }", None),
        ("warn contains \"x\" if { everything := input; everything.call.tool == \"x\" }", None),
        ("warn contains \"x\" if input.time.hour == 1", None),
        ("warn contains \"x\" if input.session.calls > 100", None),
        ("warn contains \"x\" if here\n\nhere if there\n\nthere if input.call.arguments.x", Some(1)),
        ("warn contains \"x\" if f(1)\n\nf(x) if input.call.arguments.x == x", Some(1)),
        ("warn contains \"x\" if count([1 | input.call.arguments.x]) > 0", Some(1)),
        ("warn contains \"x\" if { every y in [1] { input.call.arguments.x == y } }", Some(1)),
        ("warn contains \"x\" if not input.call.arguments.x", Some(1)),
        ("warn contains {\"id\": word} if { word := concat(\"\", [input.call.arguments.x]) }", Some(1)),
        // The name is local in one body and a rule in the other.
        (
            "warn contains \"x\" if { here := 1; here == 1 }\n\nwarn contains \"y\" if here\n\nhere if input.call.arguments.x",
            Some(1),
        ),
        ("warn contains \"x\" if count(input.facts.paths) > 0", Some(1)),
        ("warn contains \"x\" if { some path in input.facts.paths; path.escapes; input.facts.sql.writes }", Some(2)),
        ("warn contains \"x\" if input.facts.bytes > 1", None),
        ("warn contains \"x\" if { some kind in [\"sql\"]; input.facts[kind] }", None),
        ("warn contains \"x\" if data.countersign.q.allow", Some(0)),
        ("warn contains value if { some name, value in input.call.arguments; data.asked[name] }", Some(2)),
        ("warn contains value if { some name, value in asked.arguments; data.asked[name]; value > 1 }", Some(2)),
        // What may fail comes before the names are looked at, or other names are looked at.
        (
            "warn contains value if { input.call.tool == \"x\"; some name, value in input.call.arguments; data.asked[name] }",
            None,
        ),
        ("warn contains value if { some name, value in input.call.arguments; value > 1; data.asked[name] }", None),
        ("warn contains value if { some name, value in input.call.arguments; data.asked[value] }", None),
        ("warn contains value if { some value in input.call.arguments; data.asked[value] }", None),
        ("warn contains value if { some name, value in input.call.arguments; data.list[name] }", None),
        ("warn contains value if { some name, value in input.call.arguments; data.gone[name] }", None),
        (
            "warn contains value if { some name, value in input.call.arguments; data.countersign.p.mine[name] }\n\nmine := {\"n\": true}",
            None,
        ),
        (
            "warn contains value if { some name, value in input.call.arguments; data.asked[name]; input.call.arguments.z == 1 }",
            Some(2),
        ),
        ("warn contains value if { some name, value in input.call.arguments.n; data.asked[name] }", Some(1)),
    ] {
        assert_eq!(reads(rules), expected, "{rules}");
    }
}

#[test]
fn of_facts_sessions_and_results_only_a_few_words_recur() {
    for (rules, expected) in [
        ("warn contains \"x\" if \"seen\" in input.session.labels", Some(1)),
        ("warn contains \"x\" if input.session.totals.bytes_out > 1", None),
        ("warn contains \"x\" if count(input.session) > 1", None),
        ("warn contains \"x\" if { input.facts.risk == \"low\"; input.facts.sql.read_only }", Some(2)),
        ("warn contains \"x\" if input.facts.sql", Some(1)),
        ("warn contains \"x\" if { some name in input.facts.sql.writes; name == \"x\" }", Some(1)),
        ("warn contains \"x\" if input.facts.bytes > 1", None),
        ("warn contains \"x\" if { some t in input.facts.resources; t.known }", Some(1)),
        ("warn contains \"x\" if input.result.is_error", Some(1)),
        ("warn contains \"x\" if input.result.facts.injection.suspected", Some(1)),
        ("warn contains \"x\" if count(input.result.facts.secrets) > 0", Some(1)),
        ("warn contains \"x\" if input.result.facts", None),
        ("warn contains \"x\" if \"a\" in input.result.text", None),
        ("warn contains \"x\" if not input.result.rows > 3", None),
        ("warn contains \"x\" if input.phase == \"result\"", Some(1)),
    ] {
        assert_eq!(reads(rules), expected, "{rules}");
    }
}

#[test]
fn an_answer_given_again_is_about_the_same_question() {
    let policy = "package countersign.p\n\nallow contains {\"id\": \"a\", \"reason\": \"{call.arguments.n}\"} if input.call.tool == \"echo\"\n\ndeny contains {\"id\": \"many\", \"reason\": \"many\"} if input.call.arguments.n > 5\n";
    let bundle = bundle(policy);
    for (tool, n, wanted) in [
        ("echo", 1, "allow"),
        ("echo", 7, "Denied"),
        ("echo", 2, "allow"),
        ("drop", 1, "NoRuleAllowed"),
        ("echo", 3, "allow"),
    ] {
        let call = call(tool, &format!("{{\"n\": {n}}}"));
        let judgement = bundle.decide(&document(&call), call.digest, &still);
        assert_eq!(word(&judgement), wanted, "{tool} {n}");
        if wanted == "allow" {
            assert_eq!(judgement.findings[0].reason, Some(n.to_string()), "the text is this call's own");
        }
    }
}

#[test]
fn nothing_there_and_an_empty_list_are_two_questions() {
    let policy = "package countersign.p\n\nimport future.keywords.not\n\nallow contains \"a\"\n\n\
        deny contains \"none\" if not input.call.arguments.n\n\n\
        deny contains \"empty\" if input.call.arguments.n == []\n";
    let bundle = bundle(policy);
    for _ in 0..2 {
        for (arguments, reasons) in [("{}", vec!["none"]), ("{\"n\": []}", vec!["empty"]), ("{\"n\": [1]}", vec![])] {
            let call = call("echo", arguments);
            let judgement = bundle.decide(&document(&call), call.digest, &still);
            let denied = judgement.findings.iter().filter(|finding| finding.effect == Effect::Deny);
            let said: Vec<&str> = denied.filter_map(|finding| finding.reason.as_deref()).collect();
            assert_eq!(said, reasons, "{arguments}");
        }
    }
}

#[test]
fn a_failure_is_not_kept_and_fails_again() {
    let policy = "package countersign.p\n\nallow contains \"a\"\n\nwarn contains \"x\" if { input.call.tool == \"odd\"; to_number(input.call.target) > 1 }\n";
    let bundle = bundle(policy);
    for (tool, wanted) in [("odd", "PolicyError"), ("echo", "allow"), ("odd", "PolicyError")] {
        let call = call(tool, "{}");
        assert_eq!(word(&bundle.decide(&document(&call), call.digest, &still)), wanted);
    }
}

#[test]
fn what_a_helper_of_another_package_reads_counts_too() {
    let helper = "package lib.asked\n\nrows := input.call.arguments.n\n";
    for reads in ["data.lib.asked.rows", "asked.rows", "data.lib[\"asked\"].rows"] {
        let policy = format!(
            "package countersign.p\n\nimport data.lib.asked\n\nallow contains \"a\"\n\n\
             deny contains {{\"id\": \"many\", \"reason\": \"many\"}} if {reads} > 5\n"
        );
        let bundle = Bundle::load(&sources(&[helper, &policy], "{}"));
        let bundle = bundle.unwrap_or_else(|problems| panic!("{problems:#?}"));
        for (n, wanted) in [(1, "allow"), (7, "Denied"), (2, "allow")] {
            let call = call("echo", &format!("{{\"n\": {n}}}"));
            assert_eq!(word(&bundle.decide(&document(&call), call.digest, &still)), wanted, "{reads} {n}");
        }
    }
}

#[test]
fn arguments_that_a_rule_does_not_look_at_ask_nothing_new() {
    let policy = "package countersign.p\n\nallow contains \"a\"\n\ndeny contains {\"id\": \"many\", \"reason\": \"many\"} if {\n\tsome name, rows in input.call.arguments\n\tdata.asked[name]\n\trows > 5\n}\n";
    let bundle = load(policy, "{\"asked\": {\"limit\": true, \"rows\": true}}");
    for (arguments, wanted) in [
        ("{}", "allow"),
        ("{\"limit\": 7}", "Denied"),
        ("{\"text\": 7}", "allow"),
        ("{\"text\": 7, \"rows\": 9}", "Denied"),
        ("{\"rows\": 2}", "allow"),
        ("{\"rows\": 2, \"limit\": 6}", "Denied"),
        ("{\"Rows\": 9}", "allow"),
    ] {
        let call = call("echo", arguments);
        assert_eq!(word(&bundle.decide(&document(&call), call.digest, &still)), wanted, "{arguments}");
    }
}

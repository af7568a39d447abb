use crate::policy::sample::problems;

const REST: &str = "allow contains {\"id\": \"all\", \"reason\": \"yes\"} if input.call.server == \"shop\"\n";

/// The names of the checks that complain about a policy which would otherwise be fit.
fn complaints(rules: &str) -> Vec<&'static str> {
    let text = format!("package countersign.p\n\nimport future.keywords.not\n\n{REST}\n{rules}");
    problems(&[&text], "{}").iter().map(|problem| problem.rule).collect()
}

#[test]
fn every_planted_fault_is_found() {
    let table: &[(&str, &str)] = &[
        ("unused-rule", "denny contains {\"id\": \"a\", \"reason\": \"b\"}"),
        ("unused-rule", "helper if input.call.tool == \"x\""),
        ("effect-form", "deny(x) := x"),
        ("effect-form", "deny.more contains \"x\" if input.call.tool == \"x\""),
        ("mode", "mode := \"shaddow\""),
        ("mode", "mode := \"shadow\" if input.environment == \"test\""),
        ("internal-name", "internal := 1\n\nwarn contains \"x\" if internal == 1"),
        ("shadowed-root", "warn contains \"x\" if { some input in [1]; input == 1 }"),
        ("unknown-function", "warn contains \"x\" if starts_with(input.call.tool, \"x\")"),
        ("unknown-function", "warn contains \"x\" if yaml.is_valid(input.call.tool)"),
        ("wrong-arity", "warn contains \"x\" if startswith(input.call.tool)"),
        ("wrong-arity", "f(x) := x\n\nwarn contains \"x\" if f(1, 2, 3) == 1"),
        ("forbidden-builtin", "warn contains \"x\" if time.now_ns() > 1"),
        ("forbidden-builtin", "warn contains \"x\" if rand.intn(\"a\", 3) > 1"),
        ("forbidden-builtin", "warn contains \"x\" if http.send({\"url\": \"x\"}).status_code == 200"),
        ("forbidden-builtin", "warn contains \"x\" if opa.runtime().version == \"1\""),
        ("forbidden-builtin", "warn contains \"x\" if bits.lsh(1, 40) > 1"),
        ("forbidden-builtin", "warn contains \"x\" if count(numbers.range(1, input.session.calls)) > 1"),
        ("forbidden-builtin", "warn contains \"x\" if count(numbers.range(1, 20000000)) > 1"),
        ("forbidden-builtin", "warn contains \"x\" if sprintf(\"%100000000d\", [1]) != \"\""),
        ("bad-pattern", "warn contains \"x\" if regex.match(\"(\", input.call.target)"),
        ("bad-pattern", "warn contains \"x\" if regex.match(`\\Qx\\E`, input.call.target)"),
        ("bad-pattern", "warn contains \"x\" if regex.match(`[a-z&&[^b]]`, input.call.target)"),
        ("bad-pattern", "warn contains \"x\" if regex.match(`\\w{50}`, input.call.target)"),
        ("bad-pattern", "warn contains \"x\" if glob.match(\"{a,b\", [], input.call.target)"),
        ("unknown-field", "warn contains \"x\" if input.call.tol == \"x\""),
        ("unknown-field", "warn contains \"x\" if input.call.server.name == \"x\""),
        ("unknown-field", "args := input.cal\n\nwarn contains \"x\" if args.x == 1"),
        ("with-outside-test", "warn contains \"x\" if count(allow) == 0 with input as {}"),
        ("recursion", "a if b\n\nb if a\n\nwarn contains \"x\" if a"),
        ("recursion", "f(x) := g(x)\n\ng(x) := f(x)\n\nwarn contains \"x\" if f(1) == 1"),
        ("recursion", "f(x) := count(r) + x\n\nr contains f(1)\n\nwarn contains \"x\" if f(1) == 1"),
        ("recursion", "warn contains \"x\" if { some name; data.countersign[name].deny }"),
        ("grant-by-absence", "allow contains {\"id\": \"b\"} if not input.call.arguments.path == \"/etc\""),
        ("fragile-head", "deny contains {\"id\": \"a\", \"reason\": sprintf(\"%s\", [input.call.arguments.path])}"),
        (
            "fragile-head",
            "args := input.call.arguments\n\ndeny contains {\"id\": \"a\", \"reason\": args.path} if input.call.tool == \"x\"",
        ),
        ("unknown-finding-field", "deny contains {\"id\": \"a\", \"reason\": \"b\", \"advise\": \"c\"}"),
        ("unknown-finding-field", "deny contains {\"id\": \"a\", \"reason\": \"b\", \"quorum\": 2}"),
        ("missing-id", "deny contains {\"reason\": \"b\"}"),
        ("missing-reviewers", "hold contains {\"id\": \"a\", \"reason\": \"b\"}"),
        ("duplicate-id", "allow contains {\"id\": \"all\"} if input.call.tool == \"x\""),
        ("unused-rule", "one if two\n\ntwo if one_more\n\none_more := 1\n\nwarn contains \"x\" if one_more == 1"),
        ("unused-rule", "a if b\n\nb if input.call.tool == \"x\""),
        ("unknown-reviewer", "hold contains {\"id\": \"a\", \"reason\": \"b\", \"reviewers\": [\"data-platform\"]}"),
        (
            "unknown-reviewer",
            "hold contains {\"id\": \"a\", \"reason\": input.call.id, \"reviewers\": [\"user:a\", \"gruop:b\"]}",
        ),
        (
            "unknown-reviewer",
            "hold contains {\"id\": \"a\", \"reason\": \"b\", \"reviewers\": [\"user:a\"], \"escalate\": {\"after\": \"1m\", \"to\": [\"b\"]}}",
        ),
        ("malformed", "hold contains {\"id\": \"a\", \"reason\": \"b\", \"reviewers\": [\"user:a\"], \"quorum\": 2}"),
        ("malformed", "redact contains {\"id\": \"a\", \"path\": \"x\"}"),
        ("unreachable", "warn contains \"x\" if { input.call.server == \"a\"; input.call.server == \"b\" }"),
        ("unreachable", "warn contains \"x\" if { input.call.server in {\"a\", \"b\"}; input.call.server in [\"c\"] }"),
        ("unreachable", "warn contains \"x\" if { input.call.server == \"a\"; input.call.server != \"a\" }"),
        ("unreachable", "warn contains \"x\" if { some g in input.principal.groups; g == \"a\"; g == \"b\" }"),
        ("unreachable", "warn contains \"x\" if { input.tool.changed; not input.tool.changed }"),
        ("unreachable", "warn contains \"x\" if { input.tool.changed == true; not input.tool.changed }"),
        (
            "unreachable",
            "args := input.call\n\nwarn contains \"x\" if { args.server == \"a\"; input.call.server == \"b\" }",
        ),
        (
            "unreachable",
            "here if input.call.server == \"a\"\n\nwarn contains \"x\" if { here; input.call.server == \"b\" }",
        ),
        (
            "unreachable",
            "here if input.call.server == \"a\"\n\nwarn contains \"x\" if { here\n\tthere }\n\nthere if input.call.server in {\"b\"}",
        ),
        ("unreachable", "warn contains \"x\" if input.phase == \"calls\""),
        ("unreachable", "warn contains \"x\" if input.call.method == \"tools/cal\""),
        ("unreachable", "warn contains \"x\" if input.time.weekday in {\"saturday\", \"sonday\"}"),
        ("unreachable", "warn contains \"x\" if input.phase == \"list\""),
        ("unreachable", "deny contains {\"id\": \"a\", \"reason\": \"b\"} if input.phase == \"result\""),
        ("unreachable", "deny contains {\"id\": \"a\", \"reason\": \"b\"} if input.result.rows > 10"),
        (
            "unreachable",
            "late if input.phase == \"result\"\n\ndeny contains {\"id\": \"a\", \"reason\": \"b\"} if late",
        ),
        ("severity", "deny contains {\"id\": \"a\", \"reason\": \"b\", \"severity\": \"awful\"}"),
    ];
    for (wanted, rules) in table {
        let found = complaints(rules);
        assert!(found.contains(wanted), "{wanted} in {found:?} for\n{rules}");
    }
}

#[test]
fn what_authors_write_is_let_through() {
    for rules in [
        "here if input.call.server == \"shop\"\n\ndeny contains {\"id\": \"a\", \"reason\": \"b\", \"severity\": \"high\"} if { here; not ours }\n\nours if input.call.arguments.owner in {\"a\"}",
        "deny contains \"a plain reason\" if input.call.tool == \"x\"",
        "deny if input.call.tool == \"x\"",
        "allow contains {\"id\": \"b\"} if { path := input.call.arguments.path; not startswith(path, \"/etc\") }",
        "warn contains {\"id\": name} if { some name in input.principal.groups; startswith(name, \"x\") }",
        "warn contains \"x\" if { some i, j in input.call.arguments; is_string(i); not j == null }",
        "deny contains {\"id\": \"a\", \"reason\": path} if { path := input.call.arguments.path; path != \"/\" }",
        "default quorum := 1\n\nquorum := 2 if input.environment == \"x\"\n\nhold contains {\"id\": \"a\", \"reason\": \"b\", \"reviewers\": [\"group:x\"], \"quorum\": quorum}",
        "import data.lists\n\nwarn contains \"x\" if input.call.tool in lists.tools",
        "warn contains \"x\" if count(numbers.range(1, 100)) > 1",
        "f(x) := y if y := count(x)\n\nwarn contains \"x\" if f([1]) == 1",
        "warn contains \"x\" if regex.match(`^[a-z]+(_[a-z]+)*$`, input.call.target)",
        "mode := \"shadow\"",
        "warn contains \"x\" if { input.call.server in {\"a\", \"b\"}; input.call.server != \"a\" }",
        "warn contains \"x\" if { some i, j; input.principal.groups[i] == \"a\"; input.principal.groups[j] == \"b\" }",
        "warn contains \"x\" if { some a in input.principal.groups; a == \"x\"; some b in input.principal.groups; b == \"y\" }",
        "warn contains \"x\" if { input.phase == \"result\"; input.result.rows > 3; not input.tool.changed }",
        "hide contains \"x\" if input.phase == \"list\"",
        "label contains {\"label\": \"seen\"} if input.call.method in {\"tools/call\", \"resources/read\"}",
        "warn contains \"x\" if every name, value in input.call.arguments { is_string(name); value != null }",
    ] {
        // An import stands before the rules.
        let (import, rules) = match rules.split_once("\n\n") {
            Some((first, rest)) if first.starts_with("import") => (first, rest),
            _ => ("", rules),
        };
        let text = format!("package countersign.p\n\nimport future.keywords.not\n{import}\n\n{REST}\n{rules}");
        assert_eq!(problems(&[&text], "{}"), [], "{text}");
    }
}

#[test]
fn a_bare_not_is_refused_and_says_what_to_write() {
    let text = format!("package countersign.p\n\n{REST}\ndeny contains \"x\" if not input.call.tool == \"x\"\n");
    let found = problems(&[&text], "{}");
    let [problem] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!((problem.place.as_str(), problem.rule), ("0.rego:5:22", "bare-not"));
    assert!(problem.what.contains("import future.keywords.not"), "{problem}");
}

#[test]
fn a_misspelling_says_what_was_meant() {
    let found = |rules: &str| {
        let text = format!("package countersign.p\n\n{REST}\n{rules}\n");
        problems(&[&text], "{}").iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    };
    assert!(found("denny contains \"x\"").contains("Did you mean `deny`?"));
    assert!(found("warn contains \"x\" if input.call.tol == \"x\"").contains("Did you mean input.call.tool?"));
    assert!(found("warn contains \"x\" if startwith(input.call.tool, \"x\")").contains("Did you mean `startswith`?"));
    assert!(
        found("deny contains {\"id\": \"a\", \"reason\": \"b\", \"advise\": \"c\"}").contains("Did you mean `advice`?")
    );
}

#[test]
fn problems_of_all_files_are_told_in_order() {
    let one = "package countersign.one\n\nallow contains {\"id\": \"a\"} if input.call.tol == \"x\"\n";
    let two = "package countersign.two.deep\n\nallow if true\n";
    let found = problems(&[one, two], "{}");
    let places: Vec<(&str, &str)> = found.iter().map(|problem| (problem.place.as_str(), problem.rule)).collect();
    assert_eq!(places, [("0.rego:3:31", "unknown-field"), ("1.rego:1:9", "nested-package")]);
}

/// A policy whose deepest rule is this many rules away.
fn chain(length: usize) -> String {
    let rules: Vec<String> = (0..length).zip(1..length).map(|(below, at)| format!("r{at} if r{below}")).collect();
    let (rules, last) = (rules.join("\n\n"), length.saturating_sub(1));
    format!("package countersign.p\n\nr0 if input.call.server != \"x\"\n\n{rules}\n\nallow contains \"x\" if r{last}\n")
}

#[test]
fn chains_of_rules_fit_the_stack_or_are_refused() {
    let found = problems(&[&chain(250)], "{}");
    assert_eq!(found.first().map(|problem| problem.rule), Some("recursion"));
    // As large as a worker's.
    let worker = std::thread::Builder::new().stack_size(32 << 20);
    let fine = worker.spawn(|| problems(&[&chain(200)], "{}")).unwrap().join().unwrap();
    assert_eq!(fine, []);
}

use super::Known;
use super::reviewers::{Others, Reviewers};
use crate::policy::bundle::Bundle;
use crate::policy::sample::{problems, sources};

const REST: &str = "allow contains {\"id\": \"all\", \"reason\": \"yes\"} if input.call.server == \"shop\"\n";

/// The names of the checks that complain about a policy which would otherwise be fit.
fn complaints(rules: &str) -> Vec<&'static str> {
    let text = format!("package countersign.p\n\nimport future.keywords.not\n\n{REST}\n{rules}");
    problems(&[&text], "{}").iter().map(|problem| problem.rule).collect()
}

/// A check, and rules it complains about.
const PLANTED: &[(&str, &str)] = &[
    ("unused-rule", "denny contains {\"id\": \"a\", \"reason\": \"b\"}"),
    ("unused-rule", "helper if input.call.tool == \"x\""),
    ("unused-rule", "holds contains {\"id\": \"a\", \"reason\": \"b\", \"reviewers\": [\"group:x\"]}"),
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
    ("unknown-field", "warn contains \"x\" if input.facts.sqll.risk == \"x\""),
    ("unknown-field", "warn contains \"x\" if { some t in input.facts.resources; t.sensitivty == \"personal\" }"),
    ("unknown-field", "warn contains \"x\" if { every path in input.facts.paths { path.sensitve != null } }"),
    ("unknown-field", "warn contains \"x\" if { s := input.session; some before in s.recent; before.tol == \"x\" }"),
    ("unknown-field", "warn contains \"x\" if input.facts.paths[0].roots == \"x\""),
    ("unknown-field", "warn contains \"x\" if input.result.rows.count > 3"),
    ("wrong-phase", "deny contains {\"id\": \"a\", \"reason\": \"b\"} if input.result.is_error"),
    (
        "wrong-phase",
        "hold contains {\"id\": \"a\", \"reason\": \"b\", \"reviewers\": [\"user\"]} if { r := input.result; r.rows > 3 }",
    ),
    (
        "wrong-phase",
        "limit contains {\"id\": \"a\", \"reason\": \"b\", \"key\": [\"x\"], \"max\": 1, \"per\": \"1h\", \"cost\": input.result.rows}",
    ),
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
    ("missing-reviewers", "hold if input.call.tool == \"x\""),
    ("missing-reviewers", "hold contains \"ask somebody\""),
    (
        "missing-reviewers",
        "limit contains {\"id\": \"a\", \"reason\": \"b\", \"key\": [\"x\"], \"max\": 1, \"per\": \"1h\", \"then\": \"hold\"}",
    ),
    ("missing-id", "withhold contains {\"reason\": \"b\"}"),
    ("missing-id", "mask contains {\"path\": \"/call/arguments/x\"}"),
    (
        "unknown-finding-field",
        "limit contains {\"id\": \"a\", \"reason\": \"b\", \"key\": [\"x\"], \"max\": 1, \"pre\": \"1h\"}",
    ),
    ("unknown-finding-field", "label contains {\"lable\": \"seen\"}"),
    ("finding-form", "hold contains {\"id\": \"a\", \"reason\": \"b\", \"reviewers\": [\"grop:x\"]}"),
    (
        "finding-form",
        "hold contains {\"id\": \"a\", \"reason\": \"b\", \"reviewers\": [\"grop:x\", input.principal.id]}",
    ),
    ("finding-form", "hold contains {\"id\": \"a\", \"reason\": \"b\", \"reviewers\": []}"),
    ("finding-form", "hold contains {\"id\": \"a\", \"reason\": \"b\", \"reviewers\": [\"group:x\"], \"quorum\": 0}"),
    ("finding-form", "hold contains {\"id\": \"a\", \"reason\": \"b\", \"reviewers\": [\"user:x\"], \"quorum\": 2}"),
    (
        "finding-form",
        "hold contains {\"id\": \"a\", \"reason\": \"b\", \"reviewers\": [\"group:x\"], \"ttl\": \"30 minutes\"}",
    ),
    (
        "finding-form",
        "hold contains {\"id\": \"a\", \"reason\": \"b\", \"reviewers\": [\"group:x\"], \"by\": \"anybody\"}",
    ),
    (
        "finding-form",
        "hold contains {\"id\": \"a\", \"reason\": \"b\", \"reviewers\": [\"group:x\"], \"evidence\": \"passkeys\"}",
    ),
    (
        "finding-form",
        "hold contains {\"id\": \"a\", \"reason\": \"b\", \"reviewers\": [\"group:x\"], \"show\": [\"/facts/sqll\"]}",
    ),
    (
        "finding-form",
        "hold contains {\"id\": \"a\", \"reason\": \"b\", \"reviewers\": [\"group:x\"], \"escalate\": {\"after\": \"1h\"}}",
    ),
    (
        "finding-form",
        "hold contains {\"id\": \"a\", \"reason\": \"b\", \"reviewers\": [\"group:x\"], \"grant\": {\"uses\": 500, \"for\": \"1h\"}}",
    ),
    (
        "finding-form",
        "hold contains {\"id\": \"a\", \"reason\": \"b\", \"reviewers\": [\"group:x\"], \"grant\": {\"uses\": 5, \"for\": \"1h\"}, \"preview\": {\"tool\": \"x\", \"arguments\": {}}}",
    ),
    (
        "finding-form",
        "hold contains {\"id\": \"a\", \"reason\": \"b\", \"reviewers\": [\"group:x\"], \"preview\": \"how many?\"}",
    ),
    (
        "finding-form",
        "hold contains {\"id\": \"a\", \"reason\": \"b\", \"reviewers\": [\"group:x\"], \"preview\": {\"tool\": \"query\"}}",
    ),
    (
        "finding-form",
        "hold contains {\"id\": \"a\", \"reason\": \"b\", \"reviewers\": [\"group:x\"], \"preview\": {\"tool\": \"query\", \"arguments\": {\"sql\": \"SELECT 1\"}, \"tale\": \"/content\"}}",
    ),
    (
        "finding-form",
        "hold contains {\"id\": \"a\", \"reason\": \"b\", \"reviewers\": [\"group:x\"], \"preview\": {\"tool\": \"query\", \"arguments\": input.call.arguments, \"take\": \"content\"}}",
    ),
    (
        "finding-form",
        "hold contains {\"id\": \"a\", \"reason\": \"b\", \"reviewers\": [\"group:x\"], \"preview\": {\"tool\": \"query\", \"arguments\": {}, \"take\": \"/content/*\"}}",
    ),
    (
        "finding-form",
        "hold contains {\"id\": \"a\", \"reason\": \"b\", \"reviewers\": [\"group:x\"], \"preview\": {\"tool\": \"query\", \"arguments\": {}, \"within\": \"11s\"}}",
    ),
    (
        "finding-form",
        "hold contains {\"id\": \"a\", \"reason\": \"b\", \"reviewers\": [\"group:x\"], \"preview\": {\"tool\": \"query\", \"arguments\": {}, \"may_differ\": 101}}",
    ),
    (
        "finding-form",
        "hold contains {\"id\": \"a\", \"reason\": \"b\", \"reviewers\": [\"group:x\"], \"preview\": {\"tool\": \"query\", \"arguments\": {}, \"may_differ\": 2.5}}",
    ),
    (
        "finding-form",
        "hold contains {\"id\": \"a\", \"reason\": \"b\", \"reviewers\": [\"group:x\"], \"preview\": {\"tool\": \"\", \"arguments\": {}}}",
    ),
    (
        "unknown-finding-field",
        "withhold contains {\"id\": \"a\", \"reason\": \"b\", \"reviewers\": [\"group:x\"], \"preview\": {\"tool\": \"query\", \"arguments\": {}}}",
    ),
    ("finding-form", "redact contains {\"id\": \"a\", \"path\": \"/call/tool\", \"replace\": \"x\"}"),
    ("finding-form", "redact contains {\"id\": \"a\", \"path\": \"call/arguments/x\", \"replace\": \"x\"}"),
    ("finding-form", "redact contains {\"id\": \"a\", \"path\": \"/call/arguments/x\"}"),
    (
        "finding-form",
        "redact contains {\"id\": \"a\", \"path\": \"/call/arguments/x\", \"replace\": \"x\", \"pattern\": \"(\"}",
    ),
    ("finding-form", "redact := true"),
    ("finding-form", "mask contains {\"id\": \"a\"}"),
    ("finding-form", "require contains {\"id\": \"a\"}"),
    ("finding-form", "require contains {\"id\": \"a\", \"credential\": {\"provider\": \"x\", \"role\": \"y\"}}"),
    (
        "finding-form",
        "limit contains {\"id\": \"a\", \"reason\": \"b\", \"key\": [\"x\"], \"max\": 1, \"per\": \"30s\"}",
    ),
    (
        "finding-form",
        "limit contains {\"id\": \"a\", \"reason\": \"b\", \"key\": [\"x\"], \"max\": -1, \"per\": \"1h\"}",
    ),
    (
        "finding-form",
        "limit contains {\"id\": \"a\", \"reason\": \"b\", \"key\": [\"x\"], \"max\": 1, \"per\": \"1h\", \"cost\": 0.5}",
    ),
    ("finding-form", "limit contains {\"id\": \"a\", \"reason\": \"b\", \"key\": [], \"max\": 1, \"per\": \"1h\"}"),
    ("finding-form", "label contains \"Private Data\""),
    ("finding-form", "label := true"),
    (
        "finding-form",
        "deny := \"x\" if { input.call.tool == \"x\" } else := {\"id\": \"a\", \"reason\": \"b\", \"severity\": \"low\"}\n\nrequire := {\"id\": \"a\", \"prompt\": \"seen\"}",
    ),
    (
        "fragile-head",
        "limit contains {\"id\": \"a\", \"reason\": \"b\", \"key\": [\"x\", input.principal.user.id], \"max\": 1, \"per\": \"1h\"}",
    ),
    (
        "fragile-head",
        "limit contains {\"id\": \"a\", \"reason\": \"b\", \"key\": [\"x\"], \"max\": 1, \"per\": \"1h\", \"cost\": input.facts.money.amount}",
    ),
    ("duplicate-id", "allow contains {\"id\": \"all\"} if input.call.tool == \"x\""),
    ("unused-rule", "one if two\n\ntwo if one_more\n\none_more := 1\n\nwarn contains \"x\" if one_more == 1"),
    ("unused-rule", "a if b\n\nb if input.call.tool == \"x\""),
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
    ("unreachable", "late if input.phase == \"result\"\n\ndeny contains {\"id\": \"a\", \"reason\": \"b\"} if late"),
    ("severity", "deny contains {\"id\": \"a\", \"reason\": \"b\", \"severity\": \"awful\"}"),
];

#[test]
fn every_planted_fault_is_found() {
    for (wanted, rules) in PLANTED {
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
        "label contains \"private-data\" if input.result.rows > 0",
        "label contains kind if { some kind in [\"a\", \"b\"]; input.result.facts.injection.suspected }",
        "withhold contains {\"id\": \"a\", \"reason\": \"b\"} if { some secret in input.result.facts.secrets; secret.class == \"private_key\" }",
        "redact contains {\"id\": \"a\", \"path\": \"/result/content/*/text\", \"pattern\": `[0-9]{16}`, \"replace\": \"[card]\"} if input.call.server == \"shop\"",
        "mask contains {\"id\": name, \"path\": path} if { some name in [\"card\"]; path := concat(\"/\", [\"\", \"call\", \"arguments\", name]) }",
        "limit contains {\"id\": \"a\", \"reason\": \"b\", \"key\": [\"x\", input.principal.id], \"max\": 3, \"per\": \"1d\", \"cost\": amount, \"then\": \"hold\", \"reviewers\": [\"group:x\"]} if amount := input.facts.money.amount",
        "require contains {\"id\": \"a\", \"credential\": {\"provider\": \"postgres\", \"ttl\": \"5m\"}} if input.facts.sql.read_only",
        "hold contains {\"id\": \"a\", \"reason\": \"b\", \"reviewers\": [\"user\"], \"show\": [\"/call/arguments/x\", \"/facts/sql/writes\"]} if { \"private-data\" in input.session.labels; some t in input.facts.resources; t.sensitivity == \"personal\" }",
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
    assert!(found("holds contains {\"id\": \"a\"}").contains("Did you mean `hold`?"));
    assert!(found("mod := \"shadow\"").contains("Did you mean `mode`?"));
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

#[test]
fn a_finding_that_is_none_is_told_where_it_is_wrong() {
    let limit = "package countersign.p\n\nallow contains {\"id\": \"a\"}\n\nhold contains {\n\t\"id\": \"h\",\n\t\"reason\": \"r\",\n\t\"reviewers\": [\"group:a\", \"grop:x\"],\n\t\"ttl\": \"1h\",\n}\n\nlimit contains {\n\t\"id\": \"l\",\n\t\"reason\": \"r\",\n\t\"key\": [\"x\"],\n\t\"max\": 3,\n\t\"per\": \"1 hour\",\n}\n\ndeny contains {\"id\": \"d\", \"reason\": \"r\"} if {\n\tsome t in input.facts.resources\n\tt.sensitivty == \"personal\"\n}\n";
    let found: Vec<String> = problems(&[limit], "{}").iter().map(ToString::to_string).collect();
    let [reviewer, per, field] = found.as_slice() else { panic!("{found:#?}") };
    assert!(reviewer.starts_with("0.rego:8:") && reviewer.contains("`grop:x` is no reviewer"), "{reviewer}");
    assert!(per.starts_with("0.rego:17:") && per.contains("`1 hour` is no length of time"), "{per}");
    assert!(
        field.starts_with("0.rego:22:2") && field.contains("Did you mean input.facts.resources[_].sensitivity?"),
        "{field}"
    );
}

/// A hold or a limit with these members, judged where ada is a dba and a reviewer and bob a dba.
fn strangers(members: &str, others: Others) -> Vec<String> {
    let set = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    let (people, groups, roles) = (set(&["ada", "bob"]), set(&["dba"]), set(&["reviewer"]));
    let reviewers = Some(Reviewers { people, groups, roles, others, ..Reviewers::default() });
    let (text, lenders) = (format!("package countersign.p\n\n{REST}\n{members}\n"), None);
    let found = Bundle::load_among(&sources(&[&text], "{}"), &Known { reviewers, lenders }).err().unwrap_or_default();
    assert_eq!(problems(&[&text], "{}"), [], "without a list nothing is said of\n{text}");
    assert!(found.iter().all(|problem| problem.rule == "unknown-reviewer"), "{found:#?}");
    found.iter().map(|problem| format!("{} {}", problem.place, problem.what)).collect()
}

fn hold(members: &str) -> String {
    format!("hold contains {{\n\t\"id\": \"h\",\n\t\"reason\": \"r\",\n\t{members},\n}}")
}

#[test]
fn a_reviewer_who_is_nobody_is_told_with_its_place_and_who_there_is() {
    // APR-19
    for (members, wanted) in [
        (
            r#""reviewers": ["user:adda"]"#,
            "0.rego:8:17 `user:adda` names nobody in [people]. Did you mean `user:ada`? Known: `user:ada`, `user:bob`.",
        ),
        (
            r#""reviewers": ["user:ada", "group:dbas"]"#,
            "0.rego:8:29 `group:dbas` names nobody in [people]. Did you mean `group:dba`? Known: `group:dba`.",
        ),
        (
            r#""reviewers": {"role:dba"}"#,
            "0.rego:8:17 `role:dba` names nobody in [people]. Did you mean `group:dba`? Known: `role:reviewer`.",
        ),
        (
            r#""reviewers": ["user"], "escalate": {"after": "1h", "to": ["role:chief"]}"#,
            "0.rego:8:61 `role:chief` names nobody in [people]. Known: `role:reviewer`.",
        ),
        (r#""reviewers": ["user:zoe", input.principal.id]"#, "0.rego:8:17 `user:zoe` names nobody"),
    ] {
        let found = strangers(&hold(members), Others::Nobody);
        assert!(matches!(found.as_slice(), [one] if one.starts_with(wanted)), "{members}\n{found:#?}");
    }
    let limit = r#"limit contains {"id": "l", "reason": "r", "key": ["x"], "max": 1, "per": "1h", "then": "hold", "reviewers": ["group:x"]}"#;
    assert_eq!(strangers(limit, Others::Nobody).len(), 1);
}

#[test]
fn reviewers_who_are_somebody_or_may_be_are_let_through() {
    for (members, others) in [
        (r#""reviewers": ["user", "user:ada", "group:dba", "role:reviewer"]"#, Others::Nobody),
        // Tokens name groups, and never people or roles.
        (r#""reviewers": ["group:of-a-token"]"#, Others::Issuers),
        (r#""reviewers": [input.principal.id, sprintf("user:%s", [input.principal.id])]"#, Others::Nobody),
        (r#""reviewers": data.reviewers"#, Others::Nobody),
    ] {
        assert_eq!(strangers(&hold(members), others), Vec::<String>::new(), "{members}");
    }
    assert_eq!(strangers(&hold(r#""reviewers": ["group:x", "role:x", "user:x"]"#), Others::Issuers).len(), 2);
    // Only what stands in a finding is a reviewer.
    let text = "warn contains {\"id\": \"w\", \"reason\": \"user:zoe\"} if input.call.tool in {\"user:zoe\"}";
    assert_eq!(strangers(text, Others::Nobody), Vec::<String>::new());
}

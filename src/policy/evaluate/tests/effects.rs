use proptest::prelude::*;

use crate::call::Call;
use crate::policy::finding::limit::Then;
use crate::policy::sample::{answered, bundle, call, document, judge, sources, still, word};

use super::*;

const ALLOW: &str = "allow contains {\"id\": \"yes\", \"reason\": \"yes\"}";

fn judged(rules: &str, call: &Call) -> Judgement {
    judge(&format!("package countersign.p\n\nimport future.keywords.not\n\n{ALLOW}\n\n{rules}\n"), call)
}

fn released(rules: &str) -> Release {
    let policy = format!("package countersign.p\n\nimport future.keywords.not\n\n{ALLOW}\n\n{rules}\n");
    bundle(&policy).release(&answered(&document(&call("echo", "{\"card\": \"4111\"}"))), &still)
}

#[test]
fn all_holds_are_required_and_the_shortest_time_counts() {
    let rules = "hold contains {\"id\": \"a\", \"reason\": \"a\", \"reviewers\": [\"group:x\"], \"ttl\": \"1h\", \"show\": [\"/facts\"]}\n\n\
        hold contains {\"id\": \"b\", \"reason\": \"b\", \"reviewers\": [\"user\"], \"ttl\": \"10m\"}\n\n\
        hold contains {\"id\": \"c\", \"reason\": \"c\", \"reviewers\": [\"role:lead\"]}";
    let call = call("echo", "{}");
    let judgement = judged(rules, &call);
    let Decision::Hold(held) = judgement.decision else { panic!("{judgement:?}") };
    let names: Vec<&str> = held.terms().all_of.iter().map(|hold| hold.finding.as_str()).collect();
    assert_eq!((held.digest(), names), (call.digest, vec!["p/a", "p/b", "p/c"]));
    assert_eq!(held.terms().ttl().map(|ttl| ttl.to_string()), Some("10m".to_owned()));
    let shown: Vec<String> = held.terms().show().into_iter().map(ToString::to_string).collect();
    assert_eq!(shown, ["/call/arguments", "/facts"]);
    // A limit that is exceeded later can only add to it.
    let terms = held.terms().all_of[0].terms.clone();
    let more = held.also(Said { finding: "p/l".to_owned(), terms: terms.clone() });
    assert_eq!(more.terms().all_of.len(), 4);
    let Decision::Allow(grant) = judged("", &call).decision else { panic!("it is allowed") };
    let held = grant.held(Said { finding: "p/l".to_owned(), terms });
    assert_eq!((held.digest(), held.terms().all_of.len()), (call.digest, 1));
}

#[test]
fn what_is_to_be_done_with_a_call_is_told_by_those_that_count() {
    let rules = "redact contains {\"id\": \"r\", \"path\": \"/call/arguments/token\", \"remove\": true}\n\n\
        redact contains {\"id\": \"s\", \"path\": \"/result/content/*/text\", \"replace\": \"x\"}\n\n\
        mask contains {\"id\": \"m\", \"path\": \"/call/arguments/card\"}\n\n\
        require contains {\"id\": \"c\", \"credential\": {\"provider\": \"postgres\"}}\n\n\
        limit contains {\"id\": \"l\", \"reason\": \"l\", \"key\": [\"x\", input.principal.id], \"max\": 3, \"per\": \"1h\", \"cost\": input.call.arguments.n} if input.call.arguments.n > 0";
    let call = call("echo", "{\"n\": 9007199254740993}");
    let judgement = judged(rules, &call);
    assert_eq!(word(&judgement), "allow");
    let Apply { redact, mask, require, limit } = &judgement.apply;
    let named = |names: &[&str], count: usize| assert_eq!(names.len(), count, "{names:?}");
    named(&redact.iter().map(|said| said.finding.as_str()).collect::<Vec<_>>(), 1);
    assert_eq!(
        (redact[0].finding.as_str(), redact[0].terms.path.to_string()),
        ("p/r", "/call/arguments/token".to_owned())
    );
    assert_eq!(
        (mask[0].finding.as_str(), require[0].finding.as_str(), limit[0].finding.as_str()),
        ("p/m", "p/c", "p/l")
    );
    assert_eq!(limit[0].terms.key, ["x", "os:ada"]);
    assert_eq!((limit[0].terms.cost, &limit[0].terms.then), (9_007_199_254_740_993, &Then::Deny));
    // What is about the result is neither done nor recorded here.
    assert!(judgement.findings.iter().all(|finding| finding.name() != "p/s"), "{judgement:?}");
    // In shadow nothing of it is done.
    let policy = format!("package countersign.p\n\nmode := \"shadow\"\n\n{ALLOW}\n\n{rules}\n");
    let live = "package countersign.live\n\nallow contains {\"id\": \"yes\"}\n";
    let bundle = Bundle::load(&sources(&[live, &policy], "{}")).unwrap();
    let judgement = bundle.decide(&document(&call), call.digest, &still);
    assert_eq!((judgement.apply, judgement.shadow.len()), (Apply::default(), 5));
}

#[test]
fn amounts_are_exact_beyond_what_doubles_hold() {
    // POL-10
    let rule = "limit contains {\"id\": \"l\", \"reason\": \"l\", \"key\": [\"x\"], \"max\": 9007199254740992, \"per\": \"1d\", \"cost\": amount} if amount := input.call.arguments.n\n\n\
        deny contains {\"id\": \"over\", \"reason\": \"over\"} if input.call.arguments.n > 9007199254740992";
    for (n, over) in [
        (9_007_199_254_740_991_i64, false),
        (9_007_199_254_740_992, false),
        (9_007_199_254_740_993, true),
        (i64::MAX, true),
    ] {
        let judgement = judged(rule, &call("pay", &format!("{{\"n\": {n}}}")));
        assert_eq!(judgement.apply.limit[0].terms.cost, n);
        assert_eq!(judgement.apply.limit[0].terms.max, 9_007_199_254_740_992);
        assert_eq!(word(&judgement) == "Denied", over, "{n}");
    }
    for n in ["9223372036854775808", "-1", "0.5", "\"5\"", "null", "[1]"] {
        let policy = format!("package countersign.p\n\n{ALLOW}\n\n{}\n", rule.split("\n\n").next().unwrap());
        let judgement = judge(&policy, &call("pay", &format!("{{\"n\": {n}}}")));
        assert_eq!(word(&judgement), "PolicyMalformed", "{n}");
    }
}

#[test]
fn what_is_masked_or_redacted_is_not_in_the_words_of_any_finding() {
    let rules = "mask contains {\"id\": \"m\", \"path\": \"/call/arguments/card\"}\n\n\
        redact contains {\"id\": \"r\", \"path\": \"/call/arguments/token\", \"remove\": true}\n\n\
        warn contains {\"id\": \"w\", \"reason\": \"{call.arguments.card} {call.arguments.token} {call.arguments.name}\"}";
    let call = call("pay", "{\"card\": \"4111\", \"token\": \"ghp\", \"name\": \"Ada\"}");
    let judgement = judged(rules, &call);
    let reason =
        judgement.findings.iter().find_map(|finding| finding.reason.as_deref().filter(|text| text.contains("Ada")));
    assert_eq!(reason, Some("••• ••• Ada"));
    // About the result too: the mask is about the call, and the reason as well.
    let release = released(
        "mask contains {\"id\": \"m\", \"path\": \"/call/arguments/card\"}\n\nwarn contains {\"id\": \"w\", \"reason\": \"{call.arguments.card} {result.text}\"}",
    );
    let reasons: Vec<_> = release.findings.iter().filter_map(|finding| finding.reason.as_deref()).collect();
    assert_eq!((reasons, release.mask.len()), (vec!["••• a"], 0));
}

#[test]
fn a_result_passes_unless_it_is_withheld() {
    let withheld = |rules: &str| released(rules).withheld.map(|why| format!("{:?}", why.code));
    assert_eq!(withheld(""), None);
    assert_eq!(
        withheld("deny contains {\"id\": \"d\", \"reason\": \"d\"}"),
        None,
        "only rules about results are asked"
    );
    let keep = "withhold contains {\"id\": \"w\", \"reason\": \"w\"} if input.result.rows > 1";
    assert_eq!(withheld(keep), Some("Withheld".to_owned()));
    assert_eq!(withheld(&keep.replace("> 1", "> 2")), None);
    // A13: an error, a finding that is none, and too long a wait keep it.
    assert_eq!(
        withheld("warn contains \"x\" if { input.result.rows > 1; to_number(input.result.text) > 1 }"),
        Some("PolicyError".to_owned())
    );
    assert_eq!(
        withheld("label contains name if { some name in [input.result.rows] }"),
        Some("PolicyMalformed".to_owned())
    );
    let late = bundle(&format!("package countersign.p\n\n{ALLOW}\n\nwarn contains \"x\" if input.result.rows > 1\n"))
        .release(&answered(&document(&call("echo", "{}"))), &|| LIMIT);
    assert_eq!(late.withheld.map(|why| why.code), Some(DenyCode::PolicyTimeout));
    // In shadow it passes, and is told.
    let policy = format!("package countersign.p\n\nmode := \"shadow\"\n\n{ALLOW}\n\n{keep}\n");
    let shadow = bundle(&policy).release(&answered(&document(&call("echo", "{}"))), &still);
    assert!(shadow.withheld.is_none() && shadow.shadow.len() == 1, "{shadow:?}");
}

#[test]
fn a_result_is_changed_and_its_session_is_labelled() {
    let rules = "redact contains {\"id\": \"r\", \"path\": \"/result/content/*/text\", \"pattern\": `[0-9]{4}`, \"replace\": \"…\"}\n\n\
        redact contains {\"id\": \"s\", \"path\": \"/call/arguments/token\", \"remove\": true}\n\n\
        mask contains {\"id\": \"m\", \"path\": \"/result/structured\"}\n\n\
        label contains \"private-data\" if input.result.rows > 1\n\n\
        label contains {\"label\": \"many\", \"id\": \"many\"} if input.result.bytes > 10\n\n\
        label contains \"other\" if input.result.is_error";
    let release = released(rules);
    assert!(release.withheld.is_none());
    assert_eq!((release.redact.len(), release.mask.len()), (1, 1));
    assert_eq!(release.labels.iter().map(String::as_str).collect::<Vec<_>>(), ["many", "private-data"]);
    // What is withheld labels all the same.
    let release = released(&format!("{rules}\n\nwithhold contains {{\"id\": \"w\", \"reason\": \"w\"}}"));
    assert_eq!((release.withheld.is_some(), release.labels.len()), (true, 2));
}

#[test]
fn a_result_somebody_can_release_is_kept_for_good_by_one_nobody_can() {
    let some = "withhold contains {\"id\": \"a\", \"reason\": \"a\", \"reviewers\": [\"user\"], \"ttl\": \"1h\"}";
    let none = "withhold contains {\"id\": \"b\", \"reason\": \"b\"}";
    let until = |rules: &str| released(rules).withheld.unwrap().until.map(|agreement| agreement.all_of.len());
    assert_eq!(until(some), Some(1));
    assert_eq!(until(&format!("{some}\n\n{}", some.replace("\"a\"", "\"c\""))), Some(2));
    assert_eq!(until(&format!("{some}\n\n{none}")), None);
    assert_eq!(until(none), None);
}

/// Any finding of these effects, about some calls and results.
pub(super) fn rule(effects: &'static [&'static str]) -> impl Strategy<Value = String> {
    let body = prop::sample::select(vec![
        "true",
        "input.call.tool == \"echo\"",
        "input.call.arguments.n > 3",
        "input.call.server in {\"shop\", \"files\"}",
        "to_number(input.call.arguments.n) > 1",
        "not input.call.tool == \"drop\"",
        "input.facts.risk == \"low\"",
        "count(input.session.labels) == 0",
    ]);
    (prop::sample::select(effects), body, 0..1000_u32).prop_map(|(effect, body, id)| {
        let own = match effect {
            "hold" => ", \"reviewers\": [\"group:x\"]",
            "redact" => ", \"path\": \"/call/arguments/n\", \"remove\": true",
            "mask" => ", \"path\": \"/result/content/*/text\"",
            "require" => ", \"prompt\": \"captured\"",
            "limit" => ", \"key\": [\"x\"], \"max\": 1, \"per\": \"1h\"",
            "label" => ", \"label\": \"seen\"",
            _ => "",
        };
        format!("{effect} contains {{\"id\": \"r{id}\", \"reason\": \"r\"{own}}} if {body}")
    })
}

pub(super) const ALL: &[&str] =
    &["allow", "deny", "hold", "hide", "redact", "mask", "require", "limit", "withhold", "label", "warn"];
const ALL_BUT_ALLOW: &[&str] =
    &["deny", "hold", "hide", "redact", "mask", "require", "limit", "withhold", "label", "warn"];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn adding_any_rule_but_an_allow_never_lets_something_new_run_or_pass(
        rules in prop::collection::vec(rule(ALL), 1..5),
        more in rule(ALL_BUT_ALLOW),
        n in prop::sample::select(vec!["1", "5", "\"7\"", "\"x\""]),
        name in prop::sample::select(vec!["echo", "drop"]),
    ) {
        let package = |name: &str, rules: &str| format!("package countersign.{name}\n\nimport future.keywords.not\n\n{rules}\n");
        let (one, two) = (package("one", &rules.join("\n\n")), package("two", &more));
        let call = call(name, &format!("{{\"n\": {n}}}"));
        let said = |policies: &[&str]| {
            let bundle = Bundle::load(&sources(policies, "{}")).ok()?;
            let input = document(&call);
            let judgement = bundle.decide(&input, call.digest, &still);
            Some((judgement, bundle.release(&answered(&input), &still)))
        };
        // Two findings of one name are refused, which is no verdict.
        let (Some(before), Some(after)) = (said(&[&one]), said(&[&one, &two])) else { return Ok(()) };
        let rank = |judgement: &Judgement| match judgement.decision { Decision::Allow(_) => 0, Decision::Hold(_) => 1, Decision::Deny(_) => 2 };
        prop_assert!(rank(&after.0) >= rank(&before.0), "{:?} became {:?}", before.0, after.0);
        prop_assert!(after.1.withheld.is_some() >= before.1.withheld.is_some(), "{:?} became {:?}", before.1, after.1);
        // Whoever still may run must still do what was asked.
        if rank(&after.0) < 2 {
            let (old, new) = (&before.0.apply, &after.0.apply);
            prop_assert!(old.redact.iter().all(|change| new.redact.contains(change)));
            prop_assert!(old.require.iter().all(|requirement| new.require.contains(requirement)));
            prop_assert!(old.limit.iter().all(|limit| new.limit.contains(limit)));
        }
        if after.1.withheld.is_none() {
            prop_assert!(before.1.labels.is_subset(&after.1.labels));
            prop_assert!(before.1.redact.iter().all(|change| after.1.redact.contains(change)));
        }
    }
}

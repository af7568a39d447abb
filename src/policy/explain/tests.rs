use super::*;
use crate::policy::decision::DenyCode;
use crate::policy::document;
use crate::policy::sample::{sources, still};

const POLICY: &str = r#"package countersign.database

mode := "enforce"

allow contains {"id": "reads", "reason": "It only reads."} if {
	input.call.server == "db"
	not writes
}

deny contains {"id": "whole-table", "reason": "No bound."} if {
	input.call.server == "db"
	writes
	input.call.arguments.limit == 0
}

deny := "never" if {
	input.call.server == "files"
}

hold contains {"id": "large", "reason": "Much.", "reviewers": ["group:a"]} if {
	input.call.arguments.limit > data.most
}

label contains {"label": "seen"} if input.call.server == "db"

writes if startswith(input.call.arguments.sql, "UPDATE")

writes if startswith(input.call.arguments.sql, "DELETE")
"#;

fn explained(arguments: &str) -> (Explanation, String) {
    let policy = POLICY
        .replace("deny := \"never\"", "deny contains \"never\"")
        .replace("package countersign.database\n", "package countersign.database\n\nimport future.keywords.not\n");
    let sources = sources(&[&policy], r#"{"most": 100}"#);
    let bundle = Bundle::load(&sources).unwrap_or_else(|problems| panic!("{problems:#?}"));
    let input =
        document::read(&format!(r#"{{"server": "db", "tool": "query", "arguments": {arguments}}}"#), &[]).unwrap();
    let explanation = explain(&bundle, &sources, &input, &still).unwrap();
    let digest = bundle.digest().to_string();
    (explanation, digest)
}

#[test]
fn every_rule_says_whether_it_fired_and_if_not_on_which_condition_it_stopped() {
    // A52: the rule, its inputs and the policies' digest.
    let (explanation, digest) = explained(r#"{"sql": "UPDATE t", "limit": 5}"#);
    assert_eq!(explanation.verdict.policy, digest);
    assert_eq!(explanation.verdict.outcome.word(), "deny");
    assert_eq!(explanation.verdict.code, Some(DenyCode::NoRuleAllowed));
    let told: Vec<(&str, &str, Option<(&str, &End)>)> = explanation
        .rules
        .iter()
        .map(|rule| {
            let stop = match &rule.answer {
                Answer::Fired => None,
                Answer::Stopped(stops) => stops.first().map(|stop| (stop.place.as_str(), &stop.end)),
            };
            (rule.rule.as_str(), rule.place.as_str(), stop)
        })
        .collect();
    let stopped = |text: &str| End::Stopped(text.to_owned());
    assert_eq!(
        told,
        [
            ("database/reads", "0.rego:7", Some(("0.rego:9", &stopped("not writes")))),
            ("database/whole-table", "0.rego:12", Some(("0.rego:15", &stopped("input.call.arguments.limit == 0")))),
            ("database/large", "0.rego:22", Some(("0.rego:23", &stopped("input.call.arguments.limit > data.most")))),
        ]
    );
    assert_eq!(explanation.elsewhere, 2, "one is about another server, one about results");
    let Answer::Stopped(stops) = &explanation.rules[2].answer else { panic!() };
    let values: Vec<(&str, String)> = stops[0]
        .values
        .iter()
        .map(|named| (named.name.as_str(), serde_json::json!(named.values).to_string()))
        .collect();
    assert_eq!(values, [("input.call.arguments.limit", "[5]".to_owned()), ("data.most", "[100]".to_owned())]);
    let Answer::Stopped(stops) = &explanation.rules[0].answer else { panic!() };
    assert_eq!(stops[0].inside[0].place, "0.rego:28", "what holds under the `not` is the reason");
}

#[test]
fn a_finding_is_told_with_the_place_of_its_rule() {
    let (explanation, _) = explained(r#"{"sql": "SELECT 1", "limit": 200}"#);
    let verdict = &explanation.verdict;
    assert_eq!((verdict.outcome.word(), verdict.because.as_slice()), ("hold", &["database/large".to_owned()][..]));
    let places: Vec<(String, Option<&str>)> =
        verdict.findings.iter().map(|placed| (placed.finding.name(), placed.at.as_deref())).collect();
    assert_eq!(
        places,
        [("database/reads".to_owned(), Some("0.rego:7")), ("database/large".to_owned(), Some("0.rego:22"))]
    );
    assert_eq!(explanation.rules.iter().filter(|rule| rule.answer == Answer::Fired).count(), 2);
}

#[test]
fn results_are_judged_and_explained_too() {
    let policy = "package countersign.p\n\nlabel contains {\"label\": \"seen\"} if input.result.is_error == false\n\nwithhold contains {\"id\": \"w\", \"reason\": \"r\"} if input.result.rows > 10\n\nallow contains \"x\"\n";
    let sources = sources(&[policy], "{}");
    let bundle = Bundle::load(&sources).unwrap_or_else(|problems| panic!("{problems:#?}"));
    for (rows, outcome, fired) in [(3, "pass", 1), (11, "withhold", 2)] {
        let text = format!(r#"{{"server": "db", "tool": "query", "result": {{"rows": {rows}}}}}"#);
        let input = document::read(&text, &[]).unwrap();
        let explanation = explain(&bundle, &sources, &input, &still).unwrap();
        assert_eq!(explanation.verdict.outcome.word(), outcome);
        assert_eq!(explanation.verdict.labels, ["seen".to_owned()].into());
        assert_eq!(explanation.rules.iter().filter(|rule| rule.answer == Answer::Fired).count(), fired);
        assert_eq!(explanation.elsewhere, 1);
    }
}

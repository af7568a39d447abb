//! Do the rules of precedence in `policies/gate.rego` say what the gateway does?

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::effects::{ALL, rule};
use crate::catalogue::tool::Pin;
use crate::object;
use crate::policy::bundle::{Source, Sources};
use crate::policy::input::Trust;
use crate::policy::rehearse::parse;
use crate::policy::sample::{answered, around, call, document, sources, still, tool, word};

use super::super::*;

/// What the gate says of an input, with everything that counted.
fn gate(sources: &Sources, input: &Input) -> (String, BTreeSet<(String, String)>, BTreeSet<String>) {
    let mut sources = sources.clone();
    let text = include_str!("../../../../policies/gate.rego").to_owned();
    sources.policies.push(Source { path: "gate.rego".to_owned(), text });
    let mut engine = parse(&sources).unwrap();
    engine.set_input(input.value());
    let decision = engine.eval_rule("data.gate.decision".to_owned()).unwrap().to_json_str().unwrap();
    let decision: serde_json::Value = serde_json::from_str(&decision).unwrap();
    let findings = decision["findings"].as_object().unwrap().iter().flat_map(|(effect, findings)| {
        let name = |finding: &serde_json::Value| {
            format!("{}/{}", finding["policy"].as_str().unwrap(), finding["id"].as_str().unwrap())
        };
        findings.as_array().unwrap().iter().map(move |finding| (effect.clone(), name(finding)))
    });
    let labels = decision["labels"].as_array().unwrap().iter().map(|label| label.as_str().unwrap().to_owned());
    (decision["outcome"].as_str().unwrap().to_owned(), findings.collect(), labels.collect())
}

fn named(findings: &[Finding]) -> BTreeSet<(String, String)> {
    findings.iter().map(|finding| (finding.effect.word().to_owned(), finding.name())).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn the_gate_in_rego_and_the_gateway_agree(
        one in prop::collection::vec(rule(ALL), 1..4),
        two in prop::collection::vec(rule(ALL), 1..4),
        mode in prop::sample::select(vec!["enforce", "shadow"]),
        name in prop::sample::select(vec!["echo", "drop"]),
    ) {
        let package = |name: &str, mode: &str, rules: &[String]| {
            format!("package countersign.{name}\n\nimport future.keywords.not\n\nmode := \"{mode}\"\n\n{}\n", rules.join("\n\n"))
        };
        let (one, two) = (package("one", "enforce", &one), package("two", mode, &two));
        let sources = sources(&[&one, &two], "{}");
        // Two findings of one name are refused, which is no verdict.
        let Ok(bundle) = Bundle::load(&sources) else { return Ok(()) };
        let call = call(name, "{\"n\": 5}");
        let input = document(&call);

        let judgement = bundle.decide(&input, call.digest, &still);
        let outcome = match word(&judgement).as_str() { "allow" => "allow", "hold" => "hold", _ => "deny" };
        let said = (outcome.to_owned(), named(&judgement.findings), BTreeSet::new());
        prop_assert_eq!(gate(&sources, &input), said, "{}\n{}", one, two);

        let release = bundle.release(&answered(&input), &still);
        let outcome = if release.withheld.is_some() { "withhold" } else { "pass" };
        let said = (outcome.to_owned(), named(&release.findings), release.labels.clone());
        prop_assert_eq!(gate(&sources, &answered(&input)), said, "{}\n{}", one, two);

        let listed = Input::for_listing(&tool(name, object! {}, Pin::Agreed), &around("shop"), Trust::Claims);
        let outcome = match bundle.visible(&listed, &still) { Visibility::Visible => "visible", Visibility::Hidden => "hidden" };
        prop_assert_eq!(gate(&sources, &listed).0, outcome, "{}\n{}", one, two);
    }
}

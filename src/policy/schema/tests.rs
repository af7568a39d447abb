use std::collections::{BTreeMap, BTreeSet};

use crate::audit::entry::{self, Decided, Event, Heard, Verdict};
use crate::call::Action;
use crate::catalogue::tool::Pin;
use crate::clock::Timestamp;
use crate::facts::Risk;
use crate::object;
use crate::policy::imprint::{Imprint, Shared};
use crate::policy::input::{self, Input, Part, Phase, Recent, Sitting, Surroundings, Totals, Trust};
use crate::policy::sample::{answered, around, bundle, call, call_at, document, still, tool};
use crate::policy::syntax::Part as Step;

use super::*;

fn faults(schema: &Value, value: &Value) -> Vec<String> {
    let schema = jsonschema::validator_for(schema).unwrap();
    schema.iter_errors(value).map(|fault| format!("{}: {fault}", fault.instance_path())).collect()
}

/// A call in the middle of a session, with every kind of fact there is.
fn full() -> Input {
    let call = call("echo", "{}");
    let facts = serde_json::json!({
        "risk": "high", "complete": false, "reasons": [], "bytes": 17,
        "money": { "amount": 9_007_199_254_740_993_i64, "decimal": "90071992547409.93", "currency": "EUR", "complete": true, "reasons": [], "argument": "/amount" },
        "paths": [{ "style": "posix", "path": "/srv/a", "absolute": true, "root": "/srv", "escapes": false, "sensitive": null, "complete": true, "reasons": [], "argument": "/path", "raw": "/srv/./a" }],
        "urls": [], "secrets": [],
        "resources": [{ "kind": "table", "name": "crm.customers", "access": "read", "known": false, "owner": "unknown", "sensitivity": "unknown", "zone": "unknown", "environment": "unknown", "compliance": [], "tags": {} }],
    });
    let recent = Recent {
        server: "shop".to_owned(),
        tool: None,
        outcome: "succeeded".to_owned(),
        ago_s: 3,
        labels: BTreeSet::from(["private-data".to_owned()]),
        risk: Risk::Critical,
    };
    let totals = Totals {
        calls_by_tool: BTreeMap::from([("shop/echo".to_owned(), 2)]),
        bytes_out: 9,
        money: BTreeMap::from([("EUR".to_owned(), 12_i128)]),
    };
    let labels = BTreeSet::from(["private-data".to_owned()]);
    let recent = vec![input::before(&recent); 60];
    let sitting = Sitting {
        id: "s",
        started: Timestamp::default(),
        calls: 60,
        labels: &labels,
        recent: &recent,
        totals: &totals,
    };
    let around = Surroundings { session: input::session(sitting), ..around("shop") };
    Input::for_call(&call, &around, Trust::Claims, Part::of(&facts).unwrap())
}

#[test]
fn every_document_is_as_the_schema_says() {
    let labelled = tool("echo", object! { "readOnlyHint" => true }, Pin::Drifted);
    for document in [
        document(&call("echo", "{\"a\": [1, {\"b\": null}], \"c\": 0.5}")),
        document(&call_at("shop", Action::Resource("file:///x".to_owned()), "{}")),
        Input::for_listing(&labelled, &around("shop"), Trust::Trusted),
        Input::blank(Phase::Call),
        Input::blank(Phase::List),
        Input::blank(Phase::Result),
        full(),
        answered(&full()),
    ] {
        let value: Value = serde_json::from_str(&document.to_json().unwrap()).unwrap();
        let faults = faults(&input(), &value);
        assert!(faults.is_empty(), "{faults:?} in {value:#}");
        // The same document read back is the same document.
        let again = Input::from_document(&document.to_json().unwrap()).unwrap();
        assert_eq!((again.to_json(), &again.key), (document.to_json(), &document.key));
    }
    for (text, why) in [
        ("[]", "phase"),
        ("{}", "phase"),
        ("{", ""),
        (r#"{"phase": "cal"}"#, "`cal`"),
        (r#"{"phase": "call", "call": {}}"#, "call.server"),
    ] {
        assert!(Input::from_document(text).unwrap_err().to_string().contains(why), "{text}");
    }
    let shown: Value = serde_json::from_str(&full().to_json().unwrap()).unwrap();
    assert_eq!(shown["session"]["recent"].as_array().unwrap().len(), input::RECENT);
}

#[test]
fn every_field_of_a_document_is_known_and_nothing_else() {
    let fields = Fields::of_the_input();
    let parts = |path: &str| {
        path.split('.')
            .map(|name| if name == "_" { Step::Any } else { Step::Name(name.to_owned()) })
            .collect::<Vec<_>>()
    };
    for path in [
        "input.call.arguments.deep.er",
        "input.tool.annotations.readOnlyHint",
        "input.principal.groups.0",
        "input.server.labels.x",
        "input.session.labels._",
        "input.session.totals.money.EUR",
        "input.session.recent.0.risk",
        "input.facts.paths._.root",
        "input.facts.resources._.tags.anything",
        "input.facts.money.amount",
        "input.result.structured.rows._.name",
        "input.result.content._.text",
        "input.result.facts.injection.suspected",
        "data.x",
        "input",
    ] {
        assert_eq!(fields.know(&parts(path)), Known::Yes, "{path}");
    }
    for path in [
        "input.calls",
        "input.tool.annotation",
        "input.call.server.name",
        "input.principal.user.mail",
        "input.facts.sqll",
        "input.facts.paths._.roots",
        "input.facts.resources.0.sensitivty",
        "input.facts.secrets._.value",
        "input.result.rows.count",
        "input.result.facts.pii",
        "input.session.labels.x.y",
        "input.session.recent._.tol",
    ] {
        assert_ne!(fields.know(&parts(path)), Known::Yes, "{path}");
    }
}

#[test]
fn hints_left_out_have_the_values_of_the_protocol() {
    // TOO-10: they are claims, and a rule can see what they are worth.
    let document = Input::for_listing(&tool("echo", object! {}, Pin::Agreed), &around("shop"), Trust::Claims);
    let value: Value = serde_json::from_str(&document.to_json().unwrap()).unwrap();
    let hints = serde_json::json!({ "readOnlyHint": false, "destructiveHint": true, "idempotentHint": false, "openWorldHint": true });
    assert_eq!(value["tool"]["annotations"], hints);
    assert_eq!(value["tool"]["trusted"], false);
    for (said, destroys) in [
        (object! { "readOnlyHint" => true }, false),
        (object! { "readOnlyHint" => true, "destructiveHint" => true }, true),
    ] {
        let reader = tool("echo", said, Pin::Agreed);
        let document = Input::for_listing(&reader, &around("shop"), Trust::Claims);
        let value: Value = serde_json::from_str(&document.to_json().unwrap()).unwrap();
        assert_eq!(value["tool"]["annotations"]["destructiveHint"], destroys);
    }
}

const SAYS: &str = r#"package countersign.p

allow contains {"id": "a", "severity": "low"}

allow contains "plain"

hold contains {"id": "h", "reason": "h", "reviewers": ["group:x", "user:a"], "quorum": 2, "each": true, "ttl": "30m", "escalate": {"after": "10m", "to": ["role:lead"]}, "show": ["/facts/risk"], "by": "other", "preview": {"tool": "query", "arguments": {"sql": "SELECT 1"}, "take": "/content/0/text", "within": "5s", "may_differ": 10}}

redact contains {"id": "r", "path": "/call/arguments/a", "replace": "x", "pattern": "[0-9]+"}

redact contains {"id": "s", "path": "/result/content/*/text", "remove": true}

mask contains {"id": "m", "path": "/call/arguments/b"}

require contains {"id": "c", "credential": {"provider": "postgres", "scope": "read", "ttl": "5m"}}

require contains {"id": "q", "prompt": "captured"}

limit contains {"id": "l", "reason": "l", "key": ["a", 7], "max": 3, "per": "1h"}

limit contains {"id": "b", "reason": "b", "key": ["a"], "max": 3, "per": "1h", "cost": 2, "then": "hold", "reviewers": ["user"]}

label contains "seen"

withhold contains {"id": "w", "reason": "w", "reviewers": ["user"]}

warn contains {"id": "n"}
"#;

#[test]
fn every_decision_is_as_its_schema_says() {
    let bundle = bundle(SAYS);
    let call = call("echo", "{}");
    let held = Told::of_call(&bundle.decide(&document(&call), call.digest, &still));
    let denied = Told::of_call(&crate::policy::sample::bundle("package countersign.p\n\ndeny if true\n").decide(
        &document(&call),
        call.digest,
        &still,
    ));
    let withheld = Told::of_result(&bundle.release(&answered(&full()), &still));
    for (told, outcome, findings) in [(held, "hold", 10), (denied, "deny", 1), (withheld, "withhold", 4)] {
        let value = serde_json::to_value(&told).unwrap();
        assert_eq!(faults(&decision(), &value), Vec::<String>::new(), "{value:#}");
        assert_eq!((value["outcome"].as_str(), told.findings.len()), (Some(outcome), findings), "{value:#}");
    }
}

#[test]
fn every_finding_is_recorded_as_the_record_says() {
    let call = call("echo", "{}");
    let input = document(&call);
    let judgement = bundle(SAYS).decide(&input, call.digest, &still);
    let decided = Event::Decided(Decided {
        credentials: Vec::new(),
        outcome: Verdict::Hold,
        heard: Heard {
            code: None,
            detail: None,
            findings: judgement.findings,
            shadow: Vec::new(),
            policy: judgement.bundle.to_string(),
            micros: judgement.micros,
        },
        catalogue: None,
        exceeded: BTreeSet::new(),
        input: Imprint::of(&input, &Shared::who(&input), &Shared::what(&input)),
    });
    let value = serde_json::to_value(&decided).unwrap();
    assert_eq!(faults(&entry::schema().to_value(), &value), Vec::<String>::new(), "{value:#}");
}

#[test]
fn what_a_package_says_is_as_the_schema_of_findings_says() {
    let schema = finding();
    let said = |effect: &str, finding: Value| serde_json::json!({ effect: [finding] });
    for (effect, finding, fits) in [
        ("allow", serde_json::json!({ "id": "a", "severity": "low" }), true),
        ("allow", serde_json::json!({ "id": "a", "severty": "low" }), false),
        ("hold", serde_json::json!({ "id": "a", "reviewers": ["group:x"], "ttl": "30m" }), true),
        ("hold", serde_json::json!({ "id": "a" }), false),
        (
            "hold",
            serde_json::json!({ "id": "a", "reviewers": ["user"], "preview": { "tool": "q", "arguments": { "n": 1 } } }),
            true,
        ),
        ("hold", serde_json::json!({ "id": "a", "reviewers": ["user"], "preview": { "tool": "q" } }), false),
        ("withhold", serde_json::json!({ "id": "a", "preview": { "tool": "q", "arguments": {} } }), false),
        ("hold", serde_json::json!({ "id": "a", "reviewers": ["grup:x"] }), false),
        ("withhold", serde_json::json!({ "id": "a" }), true),
        (
            "limit",
            serde_json::json!({ "key": ["a", 1], "max": 3, "per": "1h", "then": "hold", "reviewers": ["user"] }),
            true,
        ),
        ("limit", serde_json::json!({ "key": ["a"], "max": -3, "per": "1h" }), false),
        ("require", serde_json::json!({ "credential": { "provider": "x", "rol": "y" } }), false),
        ("label", serde_json::json!({ "label": "Private" }), false),
    ] {
        assert_eq!(faults(&schema, &said(effect, finding.clone())).is_empty(), fits, "{effect} {finding}");
    }
}

use std::collections::BTreeSet;

use jiff::tz::TimeZone;
use proptest::prelude::*;

use super::*;
use crate::call::Action;
use crate::clock::Timestamp;
use crate::facts::Risk;
use crate::object;
use crate::policy::input::{self, Recent, Sitting, Surroundings, Totals, Trust};
use crate::policy::moment::Moment;
use crate::policy::sample;
use crate::wire::json;
use crate::wire::reader::{Limits, lenient};

fn round_trip(call: &crate::call::Call, around: &Surroundings) -> String {
    whole(call, &Input::for_call(call, around, Trust::Claims, input::no_facts()))
}

/// The input is made again from what is written of it, which is handed back.
fn whole(call: &crate::call::Call, input: &Input) -> String {
    let (who, what) = (Shared::who(input), Shared::what(input));
    assert!(who.fits(input) && what.fits(input));
    let imprint = Imprint::of(input, &who, &what);
    let mut parts = Parts::default();
    imprint.kept().into_iter().for_each(|kept| parts.add(kept.name(), kept.body()));
    let written = serde_json::to_string(&imprint).unwrap();
    let entry = object! {
        "method" => call.action.method(),
        "server" => &*call.server,
        "target" => call.action.target(),
        "params" => &call.params,
        "digest" => call.digest.to_string(),
    };
    let read = |text: &str| match lenient(text.as_bytes(), &Limits::REPLY).unwrap() {
        json::Value::Object(object) => object,
        other => panic!("{other}"),
    };
    // As the book keeps it: text.
    let entry = read(&serde_json::to_string(&entry).unwrap());
    let arrival = Arrival { id: call.id.as_str(), entry: &entry };
    let made = parts.again(arrival, &read(&written)).unwrap();
    assert_eq!(made.to_json(), input.to_json());
    assert_eq!(made.value(), input.value());
    assert_eq!(made.key, input.key);
    written
}

#[test]
fn a_long_session_is_written_shortly_and_comes_back_whole() {
    let recent = |number: u64| Recent {
        server: "shop".to_owned(),
        tool: (!number.is_multiple_of(3)).then(|| format!("tool{}", number % 3)),
        outcome: "succeeded".to_owned(),
        ago_s: number * 7,
        labels: if number.is_multiple_of(2) { BTreeSet::new() } else { BTreeSet::from(["seen".to_owned()]) },
        risk: Risk::Medium,
    };
    let recent: Vec<_> = (0..50).map(|number| input::before(&recent(number))).collect();
    let totals = Totals {
        calls_by_tool: [("shop/tool1".to_owned(), 70)].into(),
        bytes_out: 123_456,
        money: [("EUR".to_owned(), i128::from(u64::MAX))].into(),
    };
    let mut around = sample::around("shop");
    around.session = input::session(Sitting {
        id: "s",
        started: Timestamp::from_micros(1_795_262_000_000_000),
        calls: 212,
        labels: &BTreeSet::from(["personal".to_owned()]),
        recent: &recent,
        totals: &totals,
    });
    let written = round_trip(&sample::call("orders", "{}"), &around);
    assert!(written.len() < 1400, "{} bytes: {written}", written.len());
}

#[test]
fn whatever_the_document_says_comes_back() {
    let call = sample::call("orders", "{}");
    let usual = sample::document(&call).to_json().unwrap();
    let with = |name: &str, said: &str| {
        let mut document: serde_json::Value = serde_json::from_str(&usual).unwrap();
        document[name] = serde_json::from_str(said).unwrap();
        Input::from_document(&document.to_string()).unwrap()
    };
    for (name, said) in [
        (
            "facts",
            r#"{"risk":"high","complete":false,"paths":[],"urls":[],"secrets":[],"resources":[],"bytes":7,"sql":{"kinds":["drop"]}}"#,
        ),
        ("facts", "{}"),
        ("facts", "null"),
        ("facts", "[1]"),
        ("session", r#"{"id":"s","recent":[{"ago_s":1},{"ago_s":"?"}],"labels":[],"totals":{}}"#),
        ("session", r#"{"id":"s","recent":[{"ago_s":1},{"ago_s":2,"more":[]}],"labels":[],"totals":{}}"#),
        ("session", r#"{"id":"s","recent":[{}],"labels":[],"totals":{}}"#),
        ("session", r#"{"id":"s","recent":{"calls":[]},"labels":[],"totals":{}}"#),
        ("session", r#"{"id":"s"}"#),
        ("intent", r#"{"claim":"to help"}"#),
        ("approval", r#"{"by":["user:ada"]}"#),
        ("version", "2"),
        ("phase", r#""result""#),
        ("result", r#"{"rows":3}"#),
        ("environment", r#""""#),
        ("news", r#"{"who":"what"}"#),
    ] {
        whole(&call, &with(name, said));
    }
}

#[test]
fn an_input_comes_back_whole() {
    for zone in ["UTC", "Europe/Berlin", "America/St_Johns", "Asia/Kathmandu"] {
        for micros in [1_795_262_400_123_456, 1_750_000_000_999_999] {
            let mut around = sample::around("shop");
            around.now = Moment::of(Timestamp::from_micros(micros), &TimeZone::get(zone).unwrap());
            let action = |name: &str| name.to_owned();
            for call in [
                sample::call("orders", r#"{"a":{"b":[1,-1,1.5,1e-300,18446744073709551615,null,true,"\u0000"]}}"#),
                sample::call("orders", r#"{"$serde_json::private::Number":"12"}"#),
                sample::call("orders", r#"{"$serde_json::private::RawValue":"12"}"#),
                sample::call_at("shop", Action::Resource(action("file:///etc/passwd")), "{}"),
                sample::call_at("shop", Action::Prompt(action("greet")), r#"{"name":"Ada"}"#),
                sample::call_at("", Action::Task { method: action("tasks/get"), id: action("7") }, "{}"),
            ] {
                let written = round_trip(&call, &around);
                assert!(written.len() < 400, "{} bytes: {written}", written.len());
            }
        }
    }
}

#[test]
fn each_input_alone_flips_a_decision_and_is_kept_exactly() {
    // A09
    let bundle = sample::bundle(
        "package countersign.seven\n\nallow contains {\"id\": \"all\", \"reason\": \"r\"} if {\n\tinput.principal.id == \"os:ada\"\n\t\
         \"sales\" in input.principal.groups\n\tinput.environment == \"production\"\n\tinput.facts.risk == \"low\"\n\t\
         every resource in input.facts.resources {\n\t\tresource.sensitivity == \"public\"\n\t}\n\t\
         input.call.target == \"orders\"\n\tinput.intent.mismatch == false\n}\n",
    );
    let (orders, refunds) = (sample::call("orders", "{}"), sample::call("refunds", "{}"));
    let changed = |call: &crate::call::Call, path: &str, said: &str| {
        let mut document: serde_json::Value = serde_json::from_str(&sample::document(call).to_json().unwrap()).unwrap();
        *document.pointer_mut(path).unwrap() = serde_json::from_str(said).unwrap();
        Input::from_document(&document.to_string()).unwrap()
    };
    let resource = r#"[{"kind":"table","name":"orders","known":true,"sensitivity":"personal"}]"#;
    for (what, call, input, verdict) in [
        ("nothing", &orders, sample::document(&orders), "allow"),
        ("identity", &orders, changed(&orders, "/principal/id", r#""os:eve""#), "NoRuleAllowed"),
        ("role", &orders, changed(&orders, "/principal/groups", r#"["interns"]"#), "NoRuleAllowed"),
        ("environment", &orders, changed(&orders, "/environment", r#""staging""#), "NoRuleAllowed"),
        ("risk", &orders, changed(&orders, "/facts/risk", r#""high""#), "NoRuleAllowed"),
        ("sensitivity", &orders, changed(&orders, "/facts/resources", resource), "NoRuleAllowed"),
        ("target", &refunds, sample::document(&refunds), "NoRuleAllowed"),
        ("intent", &orders, changed(&orders, "/intent/mismatch", "true"), "NoRuleAllowed"),
    ] {
        assert_eq!(sample::word(&bundle.decide(&input, call.digest, &sample::still)), verdict, "{what}");
        whole(call, &input);
    }
}

#[test]
fn a_changed_tool_is_another_part() {
    let input = |tool: &str| sample::document(&sample::call(tool, "{}"));
    let (one, other) = (Shared::what(&input("orders")), Shared::what(&input("refunds")));
    assert!(!one.fits(&input("refunds")), "another definition, another digest");
    assert_ne!(one.kept.name(), other.kept.name());
    assert!(Shared::who(&input("orders")).fits(&input("refunds")));
}

#[test]
fn what_is_missing_is_said() {
    let input = sample::document(&sample::call("orders", "{}"));
    let imprint = Imprint::of(&input, &Shared::who(&input), &Shared::what(&input));
    let Ok(json::Value::Object(written)) = lenient(serde_json::to_string(&imprint).unwrap().as_bytes(), &Limits::REPLY)
    else {
        panic!("an imprint is an object")
    };
    let entry = object! { "method" => "tools/call", "server" => "shop", "target" => "orders", "digest" => "" };
    let arrival = Arrival { id: "1", entry: &entry };
    let gap = Parts::default().again(arrival, &written).unwrap_err();
    assert!(matches!(gap, Gap::Missing(name) if name.starts_with("sha256:")));
}

proptest! {
    #[test]
    fn numbers_come_back_exactly(whole in any::<i64>(), large in any::<u64>(), broken in -1.0e6..1.0e6_f64) {
        let arguments = format!(r#"{{"w":{whole},"l":{large},"b":{broken}}}"#);
        drop(round_trip(&sample::call("orders", &arguments), &sample::around("shop")));
    }
}

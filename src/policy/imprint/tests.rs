use jiff::tz::TimeZone;
use proptest::prelude::*;

use super::*;
use crate::call::Action;
use crate::clock::Timestamp;
use crate::object;
use crate::policy::input::{Surroundings, Trust};
use crate::policy::moment::Moment;
use crate::policy::sample;
use crate::wire::json;
use crate::wire::reader::{Limits, lenient};

fn round_trip(call: &crate::call::Call, around: &Surroundings) {
    let input = Input::for_call(call, around, Trust::Claims);
    let (who, what) = (Shared::who(&input), Shared::what(&input));
    assert!(who.fits(&input) && what.fits(&input));
    let imprint = Imprint::of(&input, &who, &what);
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
                round_trip(&call, &around);
            }
        }
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
        round_trip(
            &sample::call("orders", &format!(r#"{{"w":{whole},"l":{large},"b":{broken}}}"#)),
            &sample::around("shop"),
        );
    }
}

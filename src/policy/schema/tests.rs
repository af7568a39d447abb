use crate::call::Action;
use crate::catalogue::tool::Pin;
use crate::object;
use crate::policy::input::{Input, Phase, Trust};
use crate::policy::sample::{around, call, call_at, document, tool};

use super::*;

#[test]
fn every_document_is_as_the_schema_says() {
    let schema = jsonschema::validator_for(&input()).unwrap();
    let labelled = tool("echo", object! { "readOnlyHint" => true }, Pin::Drifted);
    for document in [
        document(&call("echo", "{\"a\": [1, {\"b\": null}], \"c\": 0.5}")),
        document(&call_at("shop", Action::Resource("file:///x".to_owned()), "{}")),
        Input::for_listing(&labelled, &around("shop"), Trust::Trusted),
        Input::blank(Phase::Call),
        Input::blank(Phase::List),
    ] {
        let value: Value = serde_json::from_str(&document.to_json().unwrap()).unwrap();
        let faults: Vec<String> = schema.iter_errors(&value).map(|fault| fault.to_string()).collect();
        assert!(faults.is_empty(), "{faults:?} in {value:#}");
    }
}

#[test]
fn every_field_of_a_document_is_known_and_nothing_else() {
    let fields = Fields::of_the_input();
    let parts = |path: &str| path.split('.').map(|name| Part::Name(name.to_owned())).collect::<Vec<_>>();
    for path in [
        "input.call.arguments.deep.er",
        "input.tool.annotations.readOnlyHint",
        "input.principal.groups.0",
        "input.server.labels.x",
        "data.x",
        "input",
    ] {
        assert_eq!(fields.know(&parts(path)), Known::Yes, "{path}");
    }
    for path in ["input.calls", "input.tool.annotation", "input.call.server.name", "input.principal.user.mail"] {
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

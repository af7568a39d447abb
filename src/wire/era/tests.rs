//! Is the translation right, and does everything it need not touch stay as it was?

use super::inputs::{InputRequired, Question, again};
use super::*;
use crate::wire::message::Notification;
use crate::wire::reader::{Limits, lenient};
use proptest::prelude::*;

fn value(text: &str) -> Value {
    lenient(text.as_bytes(), &Limits::REPLY).unwrap()
}

fn object_of(text: &str) -> Object {
    let Value::Object(object) = value(text) else { panic!("{text} is no object") };
    object
}

#[test]
fn versions_are_known_and_ordered_by_their_dates() {
    let all: Vec<_> = version::LEGACY.iter().chain(&version::MODERN).collect();
    assert!(all.is_sorted());
    for version in version::LEGACY {
        assert_eq!(Era::of(version), Some(Era::Legacy));
    }
    assert_eq!(Era::of("2026-07-28"), Some(Era::Modern));
    assert_eq!(Era::of("2026-07-29"), None);
    assert_eq!(Era::of(""), None);
}

#[test]
fn a_request_speaks_for_its_real_client_and_never_with_the_callers_own_stamps() {
    let capabilities = object_of(r#"{"sampling":{}}"#);
    let info = object_of(r#"{"name":"c"}"#);
    let sender = Sender { capabilities: &capabilities, info: &info };
    let forged = r#"{"name":"t","_meta":{
        "io.modelcontextprotocol/protocolVersion":"1999-01-01","io.modelcontextprotocol/clientCapabilities":{"roots":{}},
        "io.modelcontextprotocol/clientInfo":{"name":"x"},"io.modelcontextprotocol/subscriptionId":4,
        "io.modelcontextprotocol/logLevel":"info","progressToken":"p","traceparent":"00-1","com.example/x":1.50}}"#;
    let modern = request_to_server(Era::Modern, object_of(forged), sender);
    assert_eq!(
        modern,
        object_of(
            r#"{"name":"t","_meta":{"io.modelcontextprotocol/logLevel":"info","progressToken":"p","traceparent":"00-1",
            "com.example/x":1.50,"io.modelcontextprotocol/protocolVersion":"2026-07-28",
            "io.modelcontextprotocol/clientCapabilities":{"sampling":{}},
            "io.modelcontextprotocol/clientInfo":{"name":"c"}}}"#
        )
    );
    let legacy = request_to_server(Era::Legacy, object_of(forged), sender);
    let expected = r#"{"name":"t","_meta":{"progressToken":"p","traceparent":"00-1","com.example/x":1.50}}"#;
    assert_eq!(legacy, object_of(expected));
    assert_eq!(request_to_server(Era::Legacy, object_of(r#"{"_meta":{}}"#), sender), Object::new());
}

#[test]
fn results_are_given_what_the_clients_era_needs() {
    use Era::{Legacy, Modern};
    let table = [
        (Legacy, Modern, "tools/call", r#"{"content":[]}"#, r#"{"content":[],"resultType":"complete"}"#),
        (
            Legacy,
            Modern,
            "tools/list",
            r#"{"tools":[]}"#,
            r#"{"tools":[],"resultType":"complete","ttlMs":0,"cacheScope":"private"}"#,
        ),
        (
            Modern,
            Modern,
            "resources/read",
            r#"{"resultType":"complete","ttlMs":9,"cacheScope":"public","x":1}"#,
            r#"{"resultType":"complete","ttlMs":9,"cacheScope":"private","x":1}"#,
        ),
        (
            Modern,
            Modern,
            "tools/call",
            r#"{"resultType":"input_required","requestState":"s"}"#,
            r#"{"resultType":"input_required","requestState":"s"}"#,
        ),
        (Modern, Modern, "resources/read", r#"{"resultType":"input_required"}"#, r#"{"resultType":"input_required"}"#),
        (Modern, Legacy, "tools/call", r#"{"resultType":"complete","content":[]}"#, r#"{"content":[]}"#),
        (Modern, Legacy, "tools/call", r#"{"resultType":"task","x":1}"#, r#"{"resultType":"task","x":1}"#),
        (Modern, Legacy, "tools/call", r#"{"ttlMs":1,"cacheScope":"mine"}"#, r#"{"ttlMs":1,"cacheScope":"mine"}"#),
        (Modern, Legacy, "prompts/list", r#"{"prompts":[],"ttlMs":1,"cacheScope":"public"}"#, r#"{"prompts":[]}"#),
        (Modern, Legacy, "tools/call", r#"{"content":[],"structuredContent":[1]}"#, r#"{"content":[]}"#),
        (Modern, Legacy, "tools/call", r#"{"structuredContent":{"a":1}}"#, r#"{"structuredContent":{"a":1}}"#),
        (
            Modern,
            Legacy,
            "tools/list",
            r#"{"tools":[{"name":"a","outputSchema":{"type":"array"}},{"name":"b","outputSchema":{"type":"object"}}]}"#,
            r#"{"tools":[{"name":"a"},{"name":"b","outputSchema":{"type":"object"}}]}"#,
        ),
        (Legacy, Modern, "tools/call", "[1]", "[1]"),
    ];
    for (from, to, method, before, after) in table {
        assert_eq!(result_to_client(from, to, method, value(before)), value(after), "{from:?} {to:?} {method}");
    }
}

proptest! {
    /// Between legacy peers nothing changes; between others, nothing but the named members.
    #[test]
    fn foreign_members_pass_untouched(
        key in "[a-zA-Z]{1,12}",
        number in "-?(0|[1-9][0-9]{0,29})(\\.[0-9]{1,30})?",
        text in any::<String>(),
    ) {
        prop_assume!(!["resultType", "ttlMs", "cacheScope", "structuredContent", "tools"].contains(&key.as_str()));
        let foreign = value(&format!(r#"{{"deep":[{{"n":{number}}}]}}"#));
        let mut result = Object::new();
        result.insert("content", value(r#"[{"type":"hologram","extra":{}}]"#));
        result.insert(key.as_str(), foreign);
        result.insert("text", text);
        let before = Value::Object(result);
        for method in ["tools/call", "tools/list", "anything/else"] {
            let same = result_to_client(Era::Legacy, Era::Legacy, method, before.clone());
            prop_assert_eq!(same.to_string(), before.to_string());
            for (from, to) in [(Era::Legacy, Era::Modern), (Era::Modern, Era::Legacy), (Era::Modern, Era::Modern)] {
                let after = result_to_client(from, to, method, before.clone());
                for (name, value) in before.as_object().unwrap().iter() {
                    prop_assert_eq!(after.get(name), Some(value));
                }
            }
        }
    }
}

#[test]
fn a_missing_resource_has_the_code_of_its_era() {
    let error =
        |code, data: Option<&str>| RpcError { code, message: "m".into(), data: data.map(value), extra: Object::new() };
    let address = Some(r#"{"uri":"file:///x"}"#);
    let table = [
        (Era::Legacy, Era::Modern, "resources/read", error(-32002, None), -32602),
        (Era::Modern, Era::Legacy, "resources/read", error(-32602, address), -32002),
        (Era::Modern, Era::Legacy, "resources/read", error(-32602, None), -32602),
        (Era::Legacy, Era::Legacy, "resources/read", error(-32002, address), -32002),
        (Era::Legacy, Era::Modern, "tools/call", error(-32002, address), -32002),
    ];
    for (from, to, method, before, code) in table {
        let after = error_to_client(from, to, method, before.clone());
        assert_eq!(after.code, code, "{from:?} {to:?} {method}");
        assert_eq!((after.message, after.data), (before.message, before.data));
    }
}

#[test]
fn notifications_name_the_clients_own_subscription_or_none() {
    let said = |method: &str, params: &str| Notification { method: method.to_owned(), params: object_of(params) };
    let stamped = r#"{"_meta":{"io.modelcontextprotocol/subscriptionId":9,"x":1}}"#;
    let changed = "notifications/tools/list_changed";
    let to = |from, to, notification, id: Option<&Value>| notification_to_client(from, to, notification, id);
    let mine = Value::from("mine");
    assert_eq!(
        to(Era::Modern, Era::Modern, said(changed, stamped), Some(&mine)),
        Some(said(changed, r#"{"_meta":{"x":1,"io.modelcontextprotocol/subscriptionId":"mine"}}"#))
    );
    assert_eq!(
        to(Era::Legacy, Era::Modern, said(changed, "{}"), Some(&mine)),
        Some(said(changed, r#"{"_meta":{"io.modelcontextprotocol/subscriptionId":"mine"}}"#))
    );
    assert_eq!(
        to(Era::Modern, Era::Legacy, said(changed, stamped), Some(&mine)),
        Some(said(changed, r#"{"_meta":{"x":1}}"#))
    );
    let progress = said("notifications/progress", r#"{"progressToken":1,"progress":2}"#);
    assert_eq!(to(Era::Legacy, Era::Modern, progress.clone(), None), Some(progress));
    let unknown = said("notifications/subscriptions/acknowledged", "{}");
    assert_eq!(to(Era::Modern, Era::Legacy, unknown.clone(), None), None);
    assert_eq!(to(Era::Modern, Era::Modern, unknown.clone(), None), Some(unknown));
}

#[test]
fn initialize_offers_the_clients_version_only_if_a_legacy_server_may_know_it() {
    let (capabilities, info) = (object_of(r#"{"sampling":{}}"#), object_of(r#"{"name":"c"}"#));
    let sender = Sender { capabilities: &capabilities, info: &info };
    for (spoken, offered) in [("2024-11-05", "2024-11-05"), ("2026-07-28", "2025-11-25"), ("nonsense", "2025-11-25")] {
        let params = initialize_params(spoken, sender);
        assert_eq!(params.str("protocolVersion"), Some(offered));
        assert_eq!(params.object("capabilities"), Some(&capabilities));
        let info = params.object("clientInfo").unwrap();
        assert_eq!(info.str("name"), Some("c"));
        assert!(info.str("version").is_some(), "a legacy server refuses a client without a version");
    }
    let nobody = Object::new();
    let params = initialize_params("2026-07-28", Sender { capabilities: &capabilities, info: &nobody });
    assert_eq!(params.object("clientInfo").unwrap().str("name"), Some("countersign"));
}

#[test]
fn questions_of_a_modern_server_travel_to_a_legacy_client_and_back() {
    let asks = r#"{"resultType":"input_required","requestState":"sealed","inputRequests":{
        "a":{"method":"elicitation/create","params":{"message":"sure?"}},"b":{"method":"roots/list"}}}"#;
    let asked = InputRequired::of(&value(asks)).unwrap();
    assert_eq!(asked.questions.len(), 2);
    let first =
        Question { key: "a".into(), method: "elicitation/create".into(), params: object_of(r#"{"message":"sure?"}"#) };
    assert_eq!(asked.questions[0], first);
    let mut params = object_of(r#"{"name":"t"}"#);
    again(&mut params, object_of(r#"{"a":{"action":"accept"}}"#), asked.state);
    let expected = r#"{"name":"t","inputResponses":{"a":{"action":"accept"}},"requestState":"sealed"}"#;
    assert_eq!(params, object_of(expected));
    again(&mut params, Object::new(), None);
    assert_eq!(params, object_of(r#"{"name":"t"}"#), "nothing of one round is left in the next");
    for other in [r#"{"resultType":"complete"}"#, r#"{"resultType":"input_required"}"#, "{}", "7"] {
        assert_eq!(InputRequired::of(&value(other)), None, "{other}");
    }
}

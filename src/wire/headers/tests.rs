use super::*;
use crate::object;
use crate::wire::message::{Id, code};

const VERSION: &str = "2026-07-28";

fn call(tool: &str, arguments: Object) -> Request {
    let meta = object! { META_PROTOCOL_VERSION => VERSION };
    request("tools/call", object! { "name" => tool, "arguments" => arguments, "_meta" => meta })
}

fn request(method: &str, params: Object) -> Request {
    Request { id: Id::from(1), method: method.to_owned(), params }
}

fn map(headers: &[(&str, &str)]) -> HeaderMap {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.append(HeaderName::from_bytes(name.as_bytes()).unwrap(), HeaderValue::from_str(value).unwrap());
    }
    map
}

/// The headers every modern call needs, and more.
fn modern(tool: &str, more: &[(&str, &str)]) -> HeaderMap {
    let mut all = vec![("MCP-Protocol-Version", VERSION), ("Mcp-Method", "tools/call"), ("Mcp-Name", tool)];
    all.extend_from_slice(more);
    map(&all)
}

fn annotated(properties: Object) -> Annotations {
    Annotations::of(&object! { "type" => "object", "properties" => properties }).unwrap()
}

fn region() -> Annotations {
    annotated(object! { "region" => object! { "type" => "string", "x-mcp-header" => "Region" } })
}

fn differs(header: &'static str) -> Result<(), HeaderMismatch> {
    Err(HeaderMismatch::Differs(HeaderName::from_static(header)))
}

#[test]
fn a_header_that_names_another_tool_is_refused() {
    // PRO-02: in either era, though only the modern one demands the header.
    let delete = call("files__delete", Object::new());
    assert_eq!(check(&modern("files__delete", &[]), &delete, None), Ok(()));
    assert_eq!(check(&modern("files__read", &[]), &delete, None), differs("mcp-name"));
    let legacy = request("tools/call", object! { "name" => "files__delete" });
    assert_eq!(check(&map(&[("mcp-name", "files__read")]), &legacy, None), differs("mcp-name"));
    assert_eq!(check(&map(&[("mcp-method", "tools/list")]), &legacy, None), differs("mcp-method"));
    assert_eq!(check(&map(&[]), &legacy, None), Ok(()));
    let error = check(&modern("files__read", &[]), &delete, None).unwrap_err().to_error();
    assert_eq!(error.code, code::HEADER_MISMATCH);
}

#[test]
fn no_header_may_stand_twice() {
    // PRO-03: even with the same value both times.
    for name in ["mcp-protocol-version", "mcp-method", "mcp-name", "mcp-session-id", "mcp-param-region"] {
        let mut headers = modern("query", &[("Mcp-Param-Region", "eu"), ("Mcp-Session-Id", "s")]);
        let value = headers.get(name).unwrap().clone();
        headers.append(HeaderName::from_static(name), value);
        let refused = check(&headers, &call("query", object! { "region" => "eu" }), Some(&region()));
        assert_eq!(refused, Err(HeaderMismatch::Twice(HeaderName::from_static(name))), "{name}");
    }
}

#[test]
fn a_wrapped_name_is_read_and_must_be_wrapped_for_a_reason() {
    // PRO-04. The last two are the same text in two forms of base64, of which one is right.
    let cases = [
        ("größe", "=?base64?Z3LDtsOfZQ==?=", true),
        ("größe", "=?base64?Z3LDtsOfZg==?=", false),
        ("größe", "=?base64?Z3LDtsOfZQ?=", false),
        ("größe", "=?base64?Z3LDtsOfZR==?=", false),
        ("größe", "=?base64?Z3LD tsOfZQ==?=", false),
        ("größe", "=?BASE64?Z3LDtsOfZQ==?=", false),
        ("delete", "=?base64?ZGVsZXRl?=", false),
        (" padded ", "=?base64?IHBhZGRlZCA=?=", true),
        ("=?base64?literal?=", "=?base64?PT9iYXNlNjQ/bGl0ZXJhbD89?=", true),
        ("=?base64?literal?=", "=?base64?literal?=", false),
        ("=?base64?open", "=?base64?open", true),
        ("a\u{fffd}", "=?base64?Yf8=?=", false),
    ];
    for (tool, header, good) in cases {
        assert_eq!(check(&modern(header, &[]), &call(tool, Object::new()), None).is_ok(), good, "{tool} {header}");
    }
    let mut raw = modern("x", &[]);
    raw.insert(NAME, HeaderValue::from_bytes("größe".as_bytes()).unwrap());
    assert_eq!(check(&raw, &call("größe", Object::new()), None), Err(HeaderMismatch::Encoding(NAME)));
}

#[test]
fn a_mirrored_argument_must_be_the_argument() {
    // PRO-05: with the annotation known, and before it is.
    let arguments = || object! { "region" => "eu", "count" => 42_i64, "dry" => true };
    for annotations in [None, Some(region())] {
        let ask = |header, value| {
            let mut more = vec![(header, value)];
            if header != "Mcp-Param-Region" {
                more.push(("Mcp-Param-Region", "eu"));
            }
            check(&modern("query", &more), &call("query", arguments()), annotations.as_ref())
        };
        assert_eq!(ask("Mcp-Param-Region", "eu"), Ok(()));
        assert_eq!(ask("Mcp-Param-Region", "us"), differs("mcp-param-region"));
        assert_eq!(ask("Mcp-Param-Region", "EU"), differs("mcp-param-region"));
        // The conformance suite wraps values that need it not, and expects them to be read.
        assert_eq!(ask("Mcp-Param-Region", "=?base64?ZXU=?="), Ok(()));
        assert_eq!(
            ask("Mcp-Param-Region", "=?base64?ZXV=?="),
            Err(HeaderMismatch::Encoding("mcp-param-region".parse().unwrap()))
        );
        assert_eq!(ask("Mcp-Param-Count", "42.0"), Ok(()));
        assert_eq!(ask("Mcp-Param-Count", "43"), differs("mcp-param-count"));
        assert_eq!(ask("Mcp-Param-Dry", "true"), Ok(()));
        assert_eq!(ask("Mcp-Param-Dry", "1"), differs("mcp-param-dry"));
        assert_eq!(ask("Mcp-Param-Elsewhere", "what no argument says is not ours"), Ok(()));
    }
}

#[test]
fn an_annotated_argument_needs_its_header() {
    let refused = check(&modern("query", &[]), &call("query", object! { "region" => "eu" }), Some(&region()));
    assert_eq!(refused, Err(HeaderMismatch::Missing("mcp-param-region".parse().unwrap())));
    for arguments in [Object::new(), object! { "region" => Value::Null }] {
        assert_eq!(check(&modern("query", &[]), &call("query", arguments.clone()), Some(&region())), Ok(()));
        let extra = modern("query", &[("Mcp-Param-Region", "eu")]);
        assert_eq!(check(&extra, &call("query", arguments), Some(&region())), differs("mcp-param-region"));
    }
}

#[test]
fn the_stricter_version_is_never_judged_by_the_looser_rules() {
    // PRO-06.
    let body = call("query", Object::new());
    let legacy = request("tools/call", object! { "name" => "query" });
    let named = |version: &[(&str, &str)]| {
        let mut all = vec![("Mcp-Method", "tools/call"), ("Mcp-Name", "query")];
        all.extend_from_slice(version);
        map(&all)
    };
    assert_eq!(check(&named(&[("MCP-Protocol-Version", "2025-03-26")]), &body, None), differs("mcp-protocol-version"));
    assert_eq!(check(&named(&[]), &body, None), Err(HeaderMismatch::Missing(PROTOCOL_VERSION)));
    let refused = check(&named(&[("MCP-Protocol-Version", VERSION)]), &legacy, None).unwrap_err();
    assert_eq!((refused.to_error().code, refused), (code::INVALID_PARAMS, HeaderMismatch::NoVersionInBody));
    assert_eq!(check(&named(&[("MCP-Protocol-Version", "2025-11-25")]), &legacy, None), Ok(()));
    let odd =
        request("tools/call", object! { "name" => "query", "_meta" => object! { META_PROTOCOL_VERSION => 7_i64 } });
    assert_eq!(check(&named(&[("MCP-Protocol-Version", VERSION)]), &odd, None), differs("mcp-protocol-version"));
    for missing in ["mcp-method", "mcp-name"] {
        let mut headers = modern("query", &[]);
        headers.remove(missing);
        let refused = check(&headers, &body, None);
        assert_eq!(refused, Err(HeaderMismatch::Missing(HeaderName::from_static(missing))));
    }
}

#[test]
fn what_is_written_passes_the_check() {
    let annotations = annotated(object! {
        "region" => object! { "type" => "string", "x-mcp-header" => "Region" },
        "deep" => object! { "type" => "object", "properties" => object! {
            "count" => object! { "type" => "integer", "x-mcp-header" => "Count" },
        } },
        "dry" => object! { "type" => "boolean", "x-mcp-header" => "Dry" },
        "gone" => object! { "type" => "string", "x-mcp-header" => "Gone" },
    });
    for text in ["eu", "", "größe", " padded", "two\nlines", "=?base64?ZXU=?=", "a\tb", "\u{0}"] {
        let arguments = object! { "region" => text, "deep" => object! { "count" => 7_i64 }, "dry" => false };
        let request = call(text, arguments);
        let mut headers = HeaderMap::new();
        headers.insert(PROTOCOL_VERSION, HeaderValue::from_static(VERSION));
        Routing::of(&request, Some(&annotations)).apply(&mut headers);
        assert_eq!(check(&headers, &request, Some(&annotations)), Ok(()), "{text:?}");
        assert_eq!(headers.get("mcp-param-count").unwrap(), "7");
        assert_eq!(headers.get("mcp-param-dry").unwrap(), "false");
        assert_eq!(headers.get("mcp-param-gone"), None);
    }
    let named = |method: &str, member: &str| {
        let mut headers = HeaderMap::new();
        Routing::of(&request(method, object! { member => "it" }), None).apply(&mut headers);
        headers.get(NAME).map(|value| value.to_str().unwrap().to_owned())
    };
    assert_eq!(named("resources/read", "uri").as_deref(), Some("it"));
    assert_eq!(named("prompts/get", "name").as_deref(), Some("it"));
    assert_eq!(named("tasks/get", "taskId").as_deref(), Some("it"));
    assert_eq!(named("tools/list", "name"), None);
}

#[test]
fn annotations_in_the_wrong_place_make_the_tool_unusable() {
    let string = |header: &str| object! { "type" => "string", "x-mcp-header" => header };
    let properties = |properties: Object| object! { "type" => "object", "properties" => properties };
    let number = object! { "type" => "number", "x-mcp-header" => "Score" };
    let bad = [
        (properties(object! { "a" => string("") }), BadAnnotation::Name("a".into())),
        (properties(object! { "a" => string("two words") }), BadAnnotation::Name("a".into())),
        (properties(object! { "a" => string("line\r\nend") }), BadAnnotation::Name("a".into())),
        (properties(object! { "a" => number }), BadAnnotation::Type("a".into())),
        (properties(object! { "a" => string("X"), "b" => string("x") }), BadAnnotation::Twice("x".into())),
        (properties(object! { "a" => object! { "type" => "array", "items" => string("X") } }), BadAnnotation::Place),
        (object! { "oneOf" => vec![Value::from(properties(object! { "a" => string("X") }))] }, BadAnnotation::Place),
        (object! { "$defs" => object! { "d" => string("X") } }, BadAnnotation::Place),
        (string("Root"), BadAnnotation::Place),
    ];
    for (schema, why) in bad {
        assert_eq!(Annotations::of(&schema), Err(why), "{schema}");
    }
    let data = properties(object! { "a" => object! { "default" => string("X"), "enum" => vec![string("X").into()] } });
    assert!(Annotations::of(&data).unwrap().is_empty());
}

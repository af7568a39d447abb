//! How is what was counted and traced written for a collector? OTLP, as JSON.
//!
//! Names of traces and spans are hex, 64-bit numbers are texts, enums are numbers, members are in `lowerCamelCase`: so says
//! OTLP 1.x of its JSON form.
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

use serde_json::{Map, Value, json};

use crate::clock::Timestamp;
use crate::telemetry::metrics::exposition::seconds;
use crate::telemetry::metrics::{Definition, Kind, Measured, Point, Value as Amount};
use crate::telemetry::trace::context::{Context, push};
use crate::telemetry::trace::{self, Parent, Span, Went};

/// Everything is cumulative: a lost export loses nothing for good.
const CUMULATIVE: u8 = 2;
/// The span's flags: kept; and whether its parent's side is known, and is another program.
const SAMPLED: u32 = 1;
const SIDE_KNOWN: u32 = 0x100;
const ELSEWHERE: u32 = 0x200;

/// What everything is about: this process.
pub fn resource(attributes: &[(String, String)]) -> Value {
    let each = attributes.iter().map(|(name, value)| attribute(name, value));
    json!({ "attributes": each.collect::<Vec<_>>() })
}

/// A request with these spans.
pub fn traces(resource: &Value, spans: &[Span]) -> Value {
    let spans: Vec<Value> = spans.iter().map(span).collect();
    json!({ "resourceSpans": [{ "resource": resource, "scopeSpans": [{ "scope": scope(), "spans": spans }] }] })
}

/// A request with everything that was counted since `since`.
pub fn metrics(resource: &Value, measured: &[Measured], (since, now): (Timestamp, Timestamp)) -> Value {
    let known = measured.iter().filter(|measured| !measured.points.is_empty());
    let all: Vec<Value> = known.map(|measured| metric(measured, (since, now))).collect();
    json!({ "resourceMetrics": [{ "resource": resource, "scopeMetrics": [{ "scope": scope(), "metrics": all }] }] })
}

/// What a collector says it did not take of a request it took.
pub fn refused(answer: &[u8]) -> u64 {
    let said: Option<Value> = serde_json::from_slice(answer).ok();
    let partly = said.as_ref().and_then(|said| said.get("partialSuccess"));
    let count = ["rejectedSpans", "rejectedDataPoints"].iter().find_map(|name| partly?.get(name));
    count.and_then(|count| count.as_u64().or_else(|| count.as_str()?.parse().ok())).unwrap_or(0)
}

fn scope() -> Value {
    json!({ "name": "countersign", "version": env!("CARGO_PKG_VERSION") })
}

fn span(span: &Span) -> Value {
    let kind = match span.kind {
        trace::Kind::Server => 2,
        trace::Kind::Client => 3,
    };
    let side = match span.parent {
        Some(Parent::Elsewhere(_)) => ELSEWHERE,
        Some(Parent::Here(_)) | None => 0,
    };
    let mut told = place(&span.context);
    told.insert("flags".to_owned(), json!(SAMPLED | SIDE_KNOWN | side));
    if let Some(Parent::Here(above) | Parent::Elsewhere(above)) = &span.parent {
        told.insert("parentSpanId".to_owned(), hex(above).into());
    }
    let attributes =
        |all: &[trace::Attribute]| -> Value { all.iter().map(|(name, value)| attribute(name, value)).collect() };
    let event = |event: &trace::Event| json!({ "timeUnixNano": nanos(event.at), "name": event.name, "attributes": attributes(&event.attributes) });
    let events: Vec<Value> = span.events.iter().map(event).collect();
    let links: Vec<Value> = span.links.iter().map(|link| Value::Object(place(link))).collect();
    for (name, value) in [
        ("name", json!(span.name)),
        ("kind", json!(kind)),
        ("startTimeUnixNano", nanos(span.begun)),
        ("endTimeUnixNano", nanos(span.ended)),
        ("attributes", attributes(&span.attributes)),
        ("events", events.into()),
        ("links", links.into()),
        // What went wrong is an attribute. A message could repeat an argument.
        ("status", if span.went == Went::Wrong { json!({ "code": 2 }) } else { json!({}) }),
    ] {
        told.insert(name.to_owned(), value);
    }
    Value::Object(told)
}

fn place(context: &Context) -> Map<String, Value> {
    let mut place = Map::new();
    place.insert("traceId".to_owned(), hex(&context.trace).into());
    place.insert("spanId".to_owned(), hex(&context.span).into());
    if let Some(state) = &context.state {
        place.insert("traceState".to_owned(), (&**state).into());
    }
    place
}

fn metric(Measured { of, points }: &Measured, (since, now): (Timestamp, Timestamp)) -> Value {
    let points: Vec<Value> = points.iter().map(|one| point(of, one, (since, now))).collect();
    let (form, data) = match of.kind {
        Kind::Counter => {
            ("sum", json!({ "aggregationTemporality": CUMULATIVE, "isMonotonic": true, "dataPoints": points }))
        }
        Kind::Histogram => ("histogram", json!({ "aggregationTemporality": CUMULATIVE, "dataPoints": points })),
        Kind::Gauge | Kind::Info => ("gauge", json!({ "dataPoints": points })),
    };
    json!({ "name": of.name, "unit": of.unit, "description": of.help, form: data })
}

fn point(of: &'static Definition, point: &Point, (since, now): (Timestamp, Timestamp)) -> Value {
    let attributes: Vec<Value> = point.named(of).map(|(name, value)| attribute(name, value)).collect();
    let mut told = json!({ "attributes": attributes, "timeUnixNano": nanos(now) });
    let more = match &point.value {
        Amount::Count(count) => json!({ "startTimeUnixNano": nanos(since), "asInt": count.to_string() }),
        Amount::Level(level) => json!({ "asDouble": level }),
        Amount::Spread(spread) => json!({
            "startTimeUnixNano": nanos(since),
            "count": spread.count().to_string(),
            "sum": seconds(spread.micros),
            "bucketCounts": spread.counts.iter().map(u64::to_string).collect::<Vec<_>>(),
            "explicitBounds": spread.bounds.iter().map(|bound| seconds(*bound)).collect::<Vec<_>>(),
        }),
    };
    if let (Value::Object(told), Value::Object(more)) = (&mut told, more) {
        told.extend(more);
    }
    told
}

fn attribute(name: &str, value: &str) -> Value {
    json!({ "key": name, "value": { "stringValue": value } })
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().saturating_mul(2));
    push(bytes, &mut text);
    text
}

fn nanos(at: Timestamp) -> Value {
    let micros = u64::try_from(at.micros()).unwrap_or(0);
    Value::String(micros.saturating_mul(1000).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::trace::context::Share;

    #[test]
    fn a_span_is_what_the_standard_says_it_is() {
        let context = Context { state: Some("rojo=1".into()), ..Context::root([0xab; 16], [0xcd; 8], Share::ALL) };
        let at = |micros| Timestamp::from_micros(micros);
        let mut one =
            Span::begin((context.clone(), Some(Parent::Elsewhere([1; 8]))), trace::Kind::Server, "tools/call", at(5));
        one.about_tool("tools/call", "echo");
        one.event(at(6), trace::name::HELD, &[(trace::name::CALL, "c-1")]);
        one.link(context.child([2; 8]));
        one.link(context);
        one.fail("denied");
        one.ended = at(7);
        let told = traces(&resource(&[("service.name".to_owned(), "gw".to_owned())]), &[one]);
        let text = |value: &str| json!({ "stringValue": value });
        assert_eq!(
            told,
            json!({ "resourceSpans": [{
                "resource": { "attributes": [{ "key": "service.name", "value": text("gw") }] },
                "scopeSpans": [{
                    "scope": { "name": "countersign", "version": env!("CARGO_PKG_VERSION") },
                    "spans": [{
                        "traceId": "ab".repeat(16), "spanId": "cd".repeat(8), "traceState": "rojo=1", "flags": 0x301,
                        "parentSpanId": "01".repeat(8), "name": "tools/call echo", "kind": 2,
                        "startTimeUnixNano": "5000", "endTimeUnixNano": "7000",
                        "attributes": [
                            { "key": "mcp.method.name", "value": text("tools/call") },
                            { "key": "gen_ai.operation.name", "value": text("execute_tool") },
                            { "key": "gen_ai.tool.name", "value": text("echo") },
                            { "key": "error.type", "value": text("denied") },
                        ],
                        "events": [{ "timeUnixNano": "6000", "name": "countersign.held",
                            "attributes": [{ "key": "countersign.call.id", "value": text("c-1") }] }],
                        "links": [{ "traceId": "ab".repeat(16), "spanId": "02".repeat(8), "traceState": "rojo=1" }],
                        "status": { "code": 2 },
                    }],
                }],
            }] })
        );
    }

    #[test]
    fn what_a_collector_did_not_take_is_counted() {
        for (answer, count) in [
            ("{}", 0),
            ("", 0),
            ("nonsense", 0),
            (r#"{"partialSuccess":{}}"#, 0),
            (r#"{"partialSuccess":{"rejectedSpans":"3","errorMessage":"no"}}"#, 3),
            (r#"{"partialSuccess":{"rejectedDataPoints":2}}"#, 2),
        ] {
            assert_eq!(refused(answer.as_bytes()), count, "{answer}");
        }
    }
}

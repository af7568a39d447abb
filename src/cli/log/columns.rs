//! How is one entry told on one line?

use crate::store::entries::Written;
use crate::wire::json::{Object, Value};

use crate::visible::harmless;

/// How wide the columns are; the last one is as wide as it needs to be. The widths are fixed because nobody knows what
/// follows.
const WIDTHS: [usize; 5] = [24, 18, 10, 24, 36];

/// How much of the last column is told; `show` tells the rest.
const LONGEST: usize = 160;

/// The heads over [`row`].
pub(super) fn heads() -> String {
    line(&["time", "call", "event", "who", "what", "outcome"].map(str::to_owned))
}

/// One entry on one line.
pub(super) fn row(written: &Written, body: &Object) -> String {
    let Told { who, what, outcome } = tell(&written.event, body);
    let call = written.call.as_ref().map_or_else(String::new, |call| call.as_str().chars().take(18).collect());
    line(&[written.at.to_string(), call, written.event.clone(), who, what, outcome])
}

/// The three columns that differ from event to event.
struct Told {
    who: String,
    what: String,
    outcome: String,
}

/// What is told of why calls are made, by hooks and in talk.
fn intended(event: &str, text: &dyn Fn(&str) -> String) -> Option<Told> {
    let (who, what, outcome) = match event {
        "prompted" => {
            let device = Some(text("device")).filter(|device| !device.is_empty());
            let outcome = joined(&[text("provenance"), text("digest")], ": ");
            (device.unwrap_or_else(|| text("principal")), text("client"), outcome)
        }
        "mismatched" => {
            let outcome = format!("{} was reported, {} arrived", text("reported_tool"), text("arrived_tool"));
            (text("principal"), text("tool_use"), outcome)
        }
        "questioned" => (text("person"), String::new(), text("text")),
        "explained" => (String::new(), text("provenance"), text("text")),
        _ => return None,
    };
    Some(Told { who, what, outcome })
}

fn tell(event: &str, body: &Object) -> Told {
    let text = |name: &str| body.str(name).unwrap_or_default().to_owned();
    let pair = |first: &str, second: &str, between: &str| joined(&[text(first), text(second)], between);
    let number = |name: &str| body.get(name).map(Value::to_string).unwrap_or_default();
    let told = |who: String, what: String, outcome: String| Told { who, what, outcome };
    if let Some(intended) = intended(event, &text) {
        return intended;
    }
    match event {
        "rejected" => told(text("principal"), pair("method", "transport", " over "), pair("class", "why", ": ")),
        "arrived" => {
            let of = Some(text("preview_of")).filter(|of| !of.is_empty()).map(|of| format!("preview of {of}"));
            told(text("principal"), pair("server", "target", "/"), of.unwrap_or_else(|| text("method")))
        }
        "refused" => told(text("principal"), text("target"), pair("class", "why", ": ")),
        "decided" | "released" => {
            // A plain no needs no code to say that it is one.
            let code = Some(text("code")).filter(|code| code != "denied" && code != "withheld").unwrap_or_default();
            let why = Some(text("detail")).filter(|detail| !detail.is_empty()).unwrap_or_else(|| reasons(body));
            told(String::new(), names(body), joined(&[joined(&[text("outcome"), code], " "), why], ": "))
        }
        "held" => told(text("person"), String::new(), format!("waits until {}", text("deadline"))),
        "voted" => told(pair("person", "part", " "), text("word"), pair("state", "reason", ": ")),
        "escalated" => told(text("person"), String::new(), "asks at once who would be asked later".to_owned()),
        "viewed" => told(text("person"), String::new(), String::new()),
        "rushed" => told(text("person"), text("risk"), format!("agreed after {} ms", number("millis"))),
        "edited" => {
            let places = body.object("changes").map(|changes| changes.iter().map(|(at, _)| at.to_owned()).collect());
            let places: Vec<String> = places.unwrap_or_default();
            told(text("person"), places.join(" "), pair("outcome", "reason", ": "))
        }
        "grant_made" => {
            let bounds = body.object("bounds").map_or_else(String::new, reach);
            told(people(body), pair("server", "tool", "/"), format!("granted to {}: {bounds}", text("principal")))
        }
        "grant_used" => {
            let left = format!("under grant {}, {} more until {}", text("grant"), number("left"), text("until"));
            told(people(body), String::new(), left)
        }
        "grant_ended" => {
            told(text("by"), String::new(), format!("{} after {} uses", pair("state", "why", ": "), number("used")))
        }
        "claimed" => told(String::new(), text("attempt"), String::new()),
        "settled" => told(text("by"), String::new(), pair("state", "why", ": ")),
        "leased" | "lease_ended" => told(text("end"), text("provider"), pair("lease", "why", ": ")),
        "dispatched" => told(String::new(), text("server"), String::new()),
        "finished" => {
            let took = format!("{} µs", number("micros"));
            told(String::new(), took, pair("outcome", "error", ": "))
        }
        "cancelled" => told(text("by"), String::new(), text("reason")),
        "listed" => {
            let outcome = format!("{} given, {} hidden", number("given"), number("hidden"));
            told(text("principal"), text("method"), outcome)
        }
        "asked" => told(text("principal"), pair("server", "method", " "), String::new()),
        "session" => told(text("principal"), text("client"), pair("what", "protocol", ", protocol ")),
        "definition" => told(text("by"), pair("server", "tool", "/"), text("what")),
        "operated" => told(String::new(), text("what"), text("detail")),
        "fault" => told(String::new(), String::new(), text("what")),
        _ => told(String::new(), String::new(), Value::from(body.clone()).to_string()),
    }
}

fn people(body: &Object) -> String {
    texts(body, "people").join(" ")
}

/// How far a grant reaches.
fn reach(bounds: &Object) -> String {
    let uses = bounds.get("uses").map(Value::to_string).unwrap_or_default();
    let free = texts(bounds, "free").join(", ");
    let free = if free.is_empty() { "nothing".to_owned() } else { free };
    format!("{uses} uses within {}, {free} free", bounds.str("for").unwrap_or_default())
}

fn texts(body: &Object, name: &str) -> Vec<String> {
    let all = body.get(name).and_then(Value::as_array).unwrap_or_default();
    all.iter().filter_map(|text| text.as_str().map(str::to_owned)).collect()
}

/// From what decides to what only grants.
const STRICTEST_FIRST: [&str; 11] =
    ["deny", "hide", "withhold", "hold", "limit", "require", "redact", "mask", "label", "warn", "allow"];

/// `package/id` of what decided.
fn names(body: &Object) -> String {
    let name = |finding: &Value| {
        let finding = finding.as_object()?;
        let parts = [finding.str("policy").unwrap_or_default(), finding.str("id").unwrap_or_default()];
        Some(joined(&parts.map(str::to_owned), "/"))
    };
    let names: Vec<String> = decisive(body).filter_map(name).collect();
    names.join(" ")
}

fn reasons(body: &Object) -> String {
    let reasons = decisive(body).filter_map(|finding| finding.as_object()?.str("reason"));
    reasons.collect::<Vec<_>>().join("; ")
}

/// The findings of the strictest effect there is; of an older record without effects, all.
fn decisive(body: &Object) -> impl Iterator<Item = &Value> {
    let findings = body.get("findings").and_then(Value::as_array).unwrap_or_default();
    let effect =
        |finding: &Value| finding.as_object().and_then(|finding| finding.str("effect")).unwrap_or_default().to_owned();
    let strictest = STRICTEST_FIRST.iter().find(|word| findings.iter().any(|finding| effect(finding) == **word));
    findings.iter().filter(move |finding| strictest.is_none_or(|word| effect(finding) == *word))
}

fn joined(parts: &[String], between: &str) -> String {
    let parts: Vec<&str> = parts.iter().map(String::as_str).filter(|part| !part.is_empty()).collect();
    parts.join(between)
}

/// Made harmless before it is measured, so that a cell is as wide on the screen as it was counted.
fn line(cells: &[String; 6]) -> String {
    let mut text = String::new();
    let [.., last] = cells;
    for (cell, width) in cells.iter().zip(WIDTHS) {
        let cell = clipped(&harmless(cell), width);
        let padding = width.saturating_sub(cell.chars().count()).saturating_add(2);
        text.push_str(&cell);
        text.push_str(&" ".repeat(padding));
    }
    text.push_str(&clipped(&harmless(last), LONGEST));
    text.truncate(text.trim_end().len());
    text
}

fn clipped(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(width.saturating_sub(1)).collect();
    short.push('…');
    short
}

//! Who, what, and what came of it, in three words for a form that has three columns?
//!
//! Read by the names of members alone, so that an event nobody thought of here is told too.
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

use super::Record;
use crate::wire::json::{Object, Value};

/// The gist of an entry; empty where it says nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Gist {
    pub(super) who: String,
    pub(super) what: String,
    pub(super) outcome: String,
    pub(super) why: String,
}

/// Members that say it, the best first.
const WHO: [&str; 4] = ["person", "principal", "by", "user"];
const OUTCOME: [&str; 6] = ["outcome", "state", "word", "class", "what", "risk"];
const WHY: [&str; 6] = ["reason", "why", "detail", "error", "text", "advice"];

impl Gist {
    pub(super) fn of(record: &Record) -> Self {
        let body = &record.body;
        let first = |names: &[&str]| names.iter().find_map(|name| body.str(name)).unwrap_or_default().to_owned();
        let target = ["target", "tool", "method", "attempt"].iter().find_map(|name| body.str(name));
        let what = [body.str("server"), target].into_iter().flatten().collect::<Vec<_>>().join("/");
        let who = Some(first(&WHO)).filter(|who| !who.is_empty()).unwrap_or_else(|| people(body));
        let why = Some(first(&WHY)).filter(|why| !why.is_empty()).unwrap_or_else(|| reasons(body));
        // Our own fault says what broke, and nothing came of it.
        let outcome = if record.event == "fault" { String::new() } else { first(&OUTCOME) };
        let why = if record.event == "fault" { first(&["what"]) } else { why };
        Self { who, what, outcome, why }
    }
}

/// Whose votes count, where there are several.
fn people(body: &Object) -> String {
    let all = body.get("people").and_then(Value::as_array).unwrap_or_default();
    all.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" ")
}

/// Why the rules said what they said.
fn reasons(body: &Object) -> String {
    let all = body.get("findings").and_then(Value::as_array).unwrap_or_default();
    let reasons = all.iter().filter_map(|finding| finding.as_object()?.str("reason"));
    reasons.collect::<Vec<_>>().join("; ")
}

//! What happened to one call, step by step, for whoever has to find out?
//!
//! Every entry is one line: how long after the first, who, and what they did in words. Redacted, the words of people, agents and
//! servers and all arguments are left out and named; who did what, by which rules, and what names it all stays.
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

mod redaction;
#[cfg(test)]
mod tests;

pub use self::redaction::redacted;

use super::export::Record;
use crate::wire::json::{Number, Object, Value};

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Microseconds since the first entry; never less than nothing.
    pub after: i64,
    /// Who did it; the gateway where nobody else did.
    pub who: String,
    /// What.
    pub what: String,
}

/// All of them, in order.
pub fn steps(records: &[Record]) -> Vec<Step> {
    let first = records.first().map_or(0, |record| record.at.micros());
    let step = |record: &Record| {
        let after = record.at.micros().saturating_sub(first).max(0);
        let (who, what) = told(&record.event, &record.body);
        let who = if who.is_empty() { "gateway".to_owned() } else { who };
        Step { after, who, what }
    };
    records.iter().map(step).collect()
}

/// A stretch of time on a line: seconds to the millisecond, then minutes, hours and days.
pub fn since(micros: i64) -> String {
    let millis = micros.max(0) / 1000;
    let (seconds, rest) = (millis / 1000, millis % 1000);
    match seconds {
        0..60 => format!("+{seconds}.{rest:03} s"),
        60..3600 => format!("+{}:{:02}.{rest:03} min", seconds / 60, seconds % 60),
        3600..86_400 => format!("+{}:{:02}:{:02} h", seconds / 3600, seconds / 60 % 60, seconds % 60),
        _ => format!("+{} d {}:{:02} h", seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60),
    }
}

fn told(event: &str, body: &Object) -> (String, String) {
    let text = |name: &str| body.str(name).unwrap_or_default().to_owned();
    let person = || text("person");
    match event {
        "arrived" => (text("principal"), arrived(body)),
        "decided" => ("policy".to_owned(), decided(body)),
        "refused" => (String::new(), format!("refused it: {}", said(&[text("class"), text("why")]))),
        "held" => (String::new(), held(body)),
        "viewed" => {
            (person(), format!("was shown it in a browser, by {} ({})", text("account"), short(&text("digest"))))
        }
        "rushed" => (person(), format!("had it before them for {} ms ({} risk)", number(body, "millis"), text("risk"))),
        "voted" => (person(), voted(body)),
        "escalated" => {
            (person(), format!("had those asked at once who would be asked later: {}", texts(body, "lacking")))
        }
        "questioned" => (person(), format!("asked: {}", text("text"))),
        "explained" => ("agent".to_owned(), format!("answered, and nobody has checked it: {}", text("text"))),
        "edited" => {
            let places: Vec<&str> =
                body.object("changes").into_iter().flat_map(Object::iter).map(|(at, _)| at).collect();
            let words = said(&[text("reason")]);
            let after = short(&text("digest"));
            (
                person(),
                format!(
                    "{} other arguments at {}: {words}; the call is {after} then",
                    text("outcome"),
                    places.join(" ")
                ),
            )
        }
        "grant_made" => (texts(body, "people"), format!("agreed to calls like it until {}", text("until"))),
        "grant_used" => {
            let until = text("until");
            (texts(body, "people"), format!("had agreed to calls like it: grant {}, until {until}", text("grant")))
        }
        "grant_ended" => (text("by"), format!("the grant ended: {}", said(&[text("state"), text("why")]))),
        "claimed" => {
            let glass = body.get("break_glass").and_then(Value::as_bool) == Some(true);
            let how = if glass { "the glass was broken" } else { "everybody who must has agreed" };
            (String::new(), format!("{how}; it is looked at once more and performed now ({})", short(&text("digest"))))
        }
        "settled" => (text("by"), format!("it ended: {}", said(&[text("state").replace('_', " "), text("why")]))),
        "leased" => (text("provider"), leased(body)),
        "lease_ended" => (
            text("by"),
            format!(
                "ended {} of {}: {}",
                text("lease"),
                text("provider"),
                said(&[text("end").replace('_', " "), text("why")])
            ),
        ),
        "dispatched" => (String::new(), format!("sent it to {}", text("server"))),
        "finished" => ("server".to_owned(), finished(body)),
        "released" => ("policy".to_owned(), released(body)),
        "cancelled" => (text("by"), format!("wants it no more: {}", said(&[text("reason")]))),
        "asked" => (text("server"), format!("asked the client for {}", text("method"))),
        other => (text("principal"), anything(other, body)),
    }
}

fn arrived(body: &Object) -> String {
    let text = |name: &str| body.str(name).unwrap_or_default();
    let target = format!("{}/{}", text("server"), text("target"));
    let mut words = match text("preview_of") {
        "" => format!("asked for {target}"),
        of => format!("was asked for {target} by the gateway, to see what {of} would do"),
    };
    let agent = [("for ", text("user")), ("by ", text("agent")), ("with ", text("client"))];
    for (word, who) in agent.iter().filter(|(_, who)| !who.is_empty()) {
        words.extend([format!(", {word}{who}")]);
    }
    words.extend([format!(" over {} (proven by {})", text("transport"), text("proof"))]);
    if let Some(params) = body.get("params") {
        words.extend([format!(": {params}")]);
    }
    words.extend([format!("; call {}, definition {}", short(text("digest")), short(text("definition")))]);
    words
}

fn leased(body: &Object) -> String {
    let text = |name: &str| body.str(name).unwrap_or_default();
    let (reaches, into) = (texts(body, "reaches"), texts(body, "into"));
    let standing = body.get("standing").and_then(Value::as_bool) == Some(true);
    let made = if standing { "handed out the lasting secret" } else { "made the credential" };
    format!("{made} {} for it: {reaches}; until {}, into {into}", text("lease"), text("expires"))
}

fn decided(body: &Object) -> String {
    let text = |name: &str| body.str(name).unwrap_or_default();
    let rules: Vec<String> = findings(body);
    let rules = if rules.is_empty() { "no rule spoke".to_owned() } else { rules.join("; ") };
    let code = Some(text("code")).filter(|code| !code.is_empty()).map(|code| format!(" ({code})")).unwrap_or_default();
    let micros = number(body, "micros");
    format!("{}{code} by bundle {} in {micros} µs: {rules}", text("outcome"), short(text("policy")))
}

/// Each rule that counted, and why.
fn findings(body: &Object) -> Vec<String> {
    let all = body.get("findings").and_then(Value::as_array).unwrap_or_default();
    let told = |finding: &Value| {
        let finding = finding.as_object()?;
        let text = |name: &str| finding.str(name).unwrap_or_default().to_owned();
        Some(said(&[format!("{} {}/{}", text("effect"), text("policy"), text("id")), text("reason")]))
    };
    all.iter().filter_map(told).collect()
}

fn held(body: &Object) -> String {
    let text = |name: &str| body.str(name).unwrap_or_default();
    let rules = body.object("agreement").and_then(|agreement| agreement.get("all_of")).and_then(Value::as_array);
    let who = |said: &Value| {
        let said = said.as_object()?;
        let need = said.get("reviewers").and_then(Value::as_array).unwrap_or_default();
        let need: Vec<&str> = need.iter().filter_map(Value::as_str).collect();
        Some(format!("{} asks {}", said.str("finding").unwrap_or_default(), need.join(" ")).trim_end().to_owned())
    };
    let rules: Vec<String> = rules.unwrap_or_default().iter().filter_map(who).collect();
    format!("waits for people until {} ({}): {}", text("deadline"), short(text("digest")), rules.join("; "))
}

fn voted(body: &Object) -> String {
    let text = |name: &str| body.str(name).unwrap_or_default().to_owned();
    let word = match text("word").as_str() {
        "yes" => "approved it",
        "no" => "denied it",
        "break_glass" => "broke the glass",
        other => other,
    }
    .to_owned();
    let how = format!("{word} ({}), by {} with {}", text("part"), text("account"), text("evidence"));
    let lacking = texts(body, "lacking");
    let lacking = if lacking.is_empty() { String::new() } else { format!("; still to agree: {lacking}") };
    format!("{}; saw {}, it is {} now{lacking}", said(&[how, text("reason")]), short(&text("digest")), text("state"))
}

fn finished(body: &Object) -> String {
    let text = |name: &str| body.str(name).unwrap_or_default().to_owned();
    let micros = body.get("micros").and_then(Value::as_number).and_then(Number::as_i64).unwrap_or(0);
    let words = said(&[text("outcome").replace('_', " "), text("error")]);
    let took = since(micros);
    let took = took.trim_start_matches('+');
    match text("digest").as_str() {
        "" => format!("{words} after {took}"),
        digest => format!("{words} after {took}; result {} of {} bytes", short(digest), number(body, "bytes")),
    }
}

fn released(body: &Object) -> String {
    let text = |name: &str| body.str(name).unwrap_or_default();
    let places = texts(body, "redacted");
    let places = if places.is_empty() { String::new() } else { format!(", changed at {places}") };
    let rules = findings(body).join("; ");
    let rules = if rules.is_empty() { String::new() } else { format!(": {rules}") };
    format!("what came back is {}{places}{rules}", text("outcome"))
}

/// What has no words of its own yet is told as it stands.
fn anything(event: &str, body: &Object) -> String {
    format!("{} {}", event.replace('_', " "), Value::from(body.clone()))
}

/// What was said, and why, where it says why.
fn said(parts: &[String]) -> String {
    parts.iter().filter(|part| !part.is_empty()).map(String::as_str).collect::<Vec<_>>().join(": ")
}

/// Enough of a digest to tell it from others.
fn short(digest: &str) -> String {
    match digest.char_indices().nth(19) {
        Some((end, _)) => format!("{}…", digest.get(..end).unwrap_or_default()),
        None if digest.is_empty() => "none".to_owned(),
        None => digest.to_owned(),
    }
}

fn number(body: &Object, name: &str) -> String {
    body.get(name).map(Value::to_string).unwrap_or_default()
}

fn texts(body: &Object, name: &str) -> String {
    let all = body.get(name).and_then(Value::as_array).unwrap_or_default();
    all.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" ")
}

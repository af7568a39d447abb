//! What is an entry to a system that reads OCSF?
//!
//! Version 1.8.0. What concerns a call is API Activity (6003) with the profiles `ai_operation`, `security_control` and `trace`;
//! who comes in is Authentication (3002); a change of keys, policies and agreed definitions is Entity Management (3004); a
//! definition that changed by itself is a Detection Finding (2004). The entry itself stands whole in `unmapped`, with what
//! ties it to the book. The profile `record_integrity` is of 1.9 and not used here.
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

use super::gist::Gist;
use super::{Record, jsonl};
use crate::object;
use crate::visible::harmless_json;
use crate::wire::json::{Object, Value};

const VERSION: &str = "1.8.0";

/// A class of events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Class {
    Api,
    Authentication,
    Entity,
    Finding,
}

impl Class {
    fn of(record: &Record) -> Self {
        let what = record.body.str("what").unwrap_or_default();
        match record.event.as_str() {
            "session" => Self::Authentication,
            "operated" if matches!(what, "signed_in" | "signed_out") => Self::Authentication,
            "definition" if matches!(what, "drifted" | "flapping") => Self::Finding,
            "operated" | "definition" | "grant_made" | "grant_ended" => Self::Entity,
            _ => Self::Api,
        }
    }

    /// Category, class, and their names.
    const fn names(self) -> (u64, &'static str, u64, &'static str) {
        match self {
            Self::Api => (6, "Application Activity", 6003, "API Activity"),
            Self::Authentication => (3, "Identity & Access Management", 3002, "Authentication"),
            Self::Entity => (3, "Identity & Access Management", 3004, "Entity Management"),
            Self::Finding => (2, "Findings", 2004, "Detection Finding"),
        }
    }

    /// What of it happened.
    fn activity(self, record: &Record) -> u64 {
        let what = record.body.str("what").unwrap_or_default();
        match self {
            Self::Api => 99,
            Self::Authentication if matches!(what, "closed" | "signed_out") => 2,
            Self::Authentication | Self::Finding => 1,
            Self::Entity => match (record.event.as_str(), what) {
                ("grant_made", _) | (_, "key_made") => 1,
                (_, "exported" | "reported") => 2,
                ("grant_ended", _) | (_, "key_revoked") => 4,
                _ => 3,
            },
        }
    }
}

/// One event as one line of JSON.
pub(super) fn record(record: &Record) -> String {
    let class = Class::of(record);
    let (category, category_name, uid, class_name) = class.names();
    let activity = class.activity(record);
    let gist = Gist::of(record);
    let mut event = object! {
        "category_uid" => category,
        "category_name" => category_name,
        "class_uid" => uid,
        "class_name" => class_name,
        "activity_id" => activity,
        "type_uid" => uid.saturating_mul(100).saturating_add(activity),
        "time" => record.at.millis(),
        "severity_id" => severity(record),
        "message" => message(record, &gist),
        "metadata" => metadata(record, class),
    };
    if class == Class::Api || activity == 99 {
        event.insert("activity_name", record.event.as_str());
    }
    status(record, &gist, &mut event);
    match class {
        Class::Api => api(record, &gist, &mut event),
        Class::Authentication => event.insert("user", user(record, &gist)),
        Class::Entity => {
            event.insert("actor", object! { "user" => user(record, &gist) });
            let kind = if record.event == "operated" { "gateway" } else { record.event.as_str() };
            let entity = object! { "name" => entity(record, &gist), "type" => kind };
            event.insert("entity", entity);
        }
        Class::Finding => {
            let title = format!("the definition of {} changed", gist.what);
            event.insert("finding_info", object! { "title" => title, "uid" => record.body.str("digest") });
        }
    }
    event.insert("unmapped", unmapped(record));
    let mut text = Value::from(event).to_string();
    text.push('\n');
    harmless_json(&text)
}

fn metadata(record: &Record, class: Class) -> Object {
    let profiles: &[&str] =
        if class == Class::Api { &["ai_operation", "security_control", "trace"] } else { &["security_control"] };
    object! {
        "version" => VERSION,
        "product" => object! {
            "name" => "Countersign", "vendor_name" => "Countersign", "version" => env!("CARGO_PKG_VERSION"),
        },
        "profiles" => profiles.iter().map(|name| Value::from(*name)).collect::<Value>(),
        "log_name" => "book",
        "event_code" => record.event.as_str(),
        "uid" => record.seq.to_string(),
        "sequence" => record.seq,
        "correlation_uid" => record.call.clone(),
    }
}

/// What ties it to the book, and all it says.
fn unmapped(record: &Record) -> Object {
    let mut chain = object! { "seq" => record.seq, "call" => record.call.clone() };
    if let Some(leaf) = &record.leaf {
        chain.insert("leaf_index", leaf.index);
        chain.insert("leaf_hash", leaf.hash.as_str());
    }
    object! { "chain" => chain, "entry" => jsonl::whole(record) }
}

fn api(record: &Record, gist: &Gist, event: &mut Object) {
    let text = |key: &str| record.body.str(key);
    let operation = text("method").or_else(|| text("target")).unwrap_or(record.event.as_str());
    let mut api = object! { "operation" => operation };
    if let Some(server) = text("server") {
        api.insert("service", object! { "name" => server });
    }
    if let Some(call) = &record.call {
        api.insert("request", object! { "uid" => call.as_str() });
    }
    event.insert("api", api);
    let mut actor = object! { "user" => user(record, gist) };
    if let Some(agent) = text("agent") {
        actor.insert("app_name", agent);
    }
    event.insert("actor", actor);
    let from = text("client").or_else(|| text("transport")).unwrap_or("gateway");
    event.insert("src_endpoint", object! { "name" => from });
    if !gist.what.is_empty() {
        event.insert("resources", Value::from_iter([Value::from(object! { "name" => gist.what.as_str() })]));
    }
    if let Some(trace) = text("traceparent").and_then(|trace| trace.split('-').nth(1)) {
        event.insert("trace", object! { "uid" => trace });
    }
    if let Some((action, disposition)) = control(record) {
        event.insert("action_id", action);
        event.insert("disposition_id", disposition);
    }
    if let Some(policy) = text("policy") {
        event.insert("policy", object! { "uid" => policy, "name" => "countersign" });
        event.insert("authorizations", authorizations(record, policy));
    }
}

/// What each rule said.
fn authorizations(record: &Record, bundle: &str) -> Value {
    let findings = record.body.get("findings").and_then(Value::as_array).unwrap_or_default();
    let said = |finding: &Value| {
        let finding = finding.as_object()?;
        let text = |key: &str| finding.str(key).unwrap_or_default();
        let policy = object! {
            "uid" => bundle,
            "name" => format!("{}/{}", text("policy"), text("id")),
            "desc" => text("reason"),
        };
        Some(Value::from(object! { "decision" => text("effect"), "policy" => policy }))
    };
    findings.iter().filter_map(said).collect()
}

/// `action_id` and `disposition_id`, where a control said something.
fn control(record: &Record) -> Option<(u64, u64)> {
    let word = |key: &str| record.body.str(key).unwrap_or_default();
    let (allowed, denied) = (1, 2);
    Some(match record.event.as_str() {
        "decided" => match word("outcome") {
            "allow" => (allowed, 1),
            "hold" => (allowed, 14),
            _ => (denied, 2),
        },
        "refused" | "rejected" => (denied, 2),
        "held" => (allowed, 14),
        "voted" if word("word") == "no" => (denied, 25),
        "voted" | "claimed" | "grant_used" => (allowed, 8),
        "settled" => match word("state") {
            "rejected" | "expired" => (denied, 25),
            "revoked" => (denied, 24),
            _ => return None,
        },
        "dispatched" => (allowed, 1),
        "released" => match word("outcome") {
            "withheld" => (denied, 2),
            "changed" => (allowed, 11),
            _ => (allowed, 1),
        },
        _ => return None,
    })
}

fn status(record: &Record, gist: &Gist, event: &mut Object) {
    let failed = match record.event.as_str() {
        "refused" | "rejected" | "fault" => Some(true),
        "finished" => match gist.outcome.as_str() {
            "succeeded" => Some(false),
            "outcome_unknown" => None,
            _ => Some(true),
        },
        "cancelled" => None,
        _ => Some(false),
    };
    event.insert("status_id", failed.map_or(0, |failed| if failed { 2_u64 } else { 1 }));
    if !gist.outcome.is_empty() {
        event.insert("status_code", gist.outcome.as_str());
    }
    if !gist.why.is_empty() {
        event.insert("status_detail", gist.why.as_str());
    }
}

fn user(record: &Record, gist: &Gist) -> Object {
    let who = if gist.who.is_empty() { "countersign" } else { gist.who.as_str() };
    let mut user = object! { "uid" => who, "name" => who };
    if let Some(account) = record.body.str("account") {
        user.insert("account", object! { "uid" => account });
    }
    user
}

fn entity(record: &Record, gist: &Gist) -> String {
    let named = [&gist.what, &gist.outcome].into_iter().find(|word| !word.is_empty());
    named.cloned().unwrap_or_else(|| record.event.clone())
}

fn message(record: &Record, gist: &Gist) -> String {
    let parts = [gist.who.as_str(), record.event.as_str(), gist.what.as_str(), gist.outcome.as_str()];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

/// From 1, only to be known, to 5, critical.
pub fn severity(record: &Record) -> u64 {
    let word = |key: &str| record.body.str(key).unwrap_or_default();
    match record.event.as_str() {
        "fault" => 4,
        "definition" if matches!(word("what"), "drifted" | "flapping") => 4,
        "claimed" if record.body.get("break_glass").and_then(Value::as_bool) == Some(true) => 4,
        "finished" if word("outcome") == "outcome_unknown" => 4,
        "decided" if word("outcome") == "deny" => 3,
        "rejected" | "refused" | "rushed" => 3,
        "released" if word("outcome") == "withheld" => 3,
        "finished" if word("outcome") != "succeeded" => 2,
        "operated" if word("what") == "policy_refused" => 3,
        _ => 1,
    }
}

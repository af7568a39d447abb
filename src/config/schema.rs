//! What may stand in the file, for editors?

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value};

use super::channels::{Mail, Slack, Teams, Webhook};
use super::reach::{Program, Remote};
use super::{Config, anchors, credentials, sinks};
use crate::channels::routing::duty::{Rota, Service};

/// The JSON schema of `countersign.toml`.
pub fn schema() -> Value {
    let mut schema = SchemaSettings::draft07().into_generator().into_root_schema_for::<Config>().to_value();
    let program = properties::<Program>();
    let remote = properties::<Remote>();
    if let Some(server) = schema.pointer_mut("/definitions/Server").and_then(Value::as_object_mut) {
        if let Some(own) = server.get_mut("properties").and_then(Value::as_object_mut) {
            own.extend(program);
            own.extend(remote);
        }
        server.insert("additionalProperties".to_owned(), false.into());
        server.insert("required".to_owned(), Value::Array(Vec::new()));
        server.insert("oneOf".to_owned(), serde_json::json!([{ "required": ["command"] }, { "required": ["url"] }]));
    }
    if let Some(channel) = schema.pointer_mut("/definitions/Channel") {
        *channel = channels(channel);
    }
    if let Some(sink) = schema.pointer_mut("/definitions/Sink") {
        *sink = sinks_of(sink);
    }
    if let Some(anchor) = schema.pointer_mut("/definitions/Anchor") {
        *anchor = anchors_of(anchor);
    }
    if let Some(credential) = schema.pointer_mut("/definitions/Credential") {
        *credential = credentials_of(credential);
    }
    if let Some(on_call) = schema.pointer_mut("/definitions/OnCall").and_then(Value::as_object_mut) {
        if let Some(own) = on_call.get_mut("properties").and_then(Value::as_object_mut) {
            own.extend(properties::<Rota>());
            own.extend(properties::<Service>());
        }
        on_call.insert("dependencies".to_owned(), serde_json::json!({ "people": ["start"] }));
        on_call.insert("oneOf".to_owned(), serde_json::json!([{ "required": ["people"] }, { "required": ["url"] }]));
    }
    ease(&mut schema);
    if let Some(root) = schema.as_object_mut() {
        root.insert("title".to_owned(), super::source::FILE_NAME.into());
    }
    schema
}

/// The schema as it is printed and kept beside the examples.
pub fn schema_text() -> String {
    format!("{:#}\n", schema())
}

/// One form for each kind: what every channel has, and what belongs to that kind.
fn channels(every: &Value) -> Value {
    let own = [
        ("webhook", inlined::<Webhook>()),
        ("slack", inlined::<Slack>()),
        ("teams", inlined::<Teams>()),
        ("mail", inlined::<Mail>()),
    ];
    forms(every, "One channel.", own.into())
}

/// The same of sinks.
fn sinks_of(every: &Value) -> Value {
    let own = [
        ("file", inlined::<sinks::File>()),
        ("http", inlined::<sinks::Http>()),
        ("syslog", inlined::<sinks::Syslog>()),
    ];
    forms(every, "One place the record is told, entry by entry.", own.into())
}

/// The same of anchors.
fn anchors_of(every: &Value) -> Value {
    let own = [
        ("folder", inlined::<anchors::Folder>()),
        ("git", inlined::<anchors::Git>()),
        ("witness", inlined::<anchors::Witness>()),
        ("timestamp", inlined::<anchors::Timestamp>()),
    ];
    forms(every, "One place outside that keeps checkpoints of the record.", own.into())
}

/// The same of providers of credentials.
fn credentials_of(every: &Value) -> Value {
    let own = [
        ("postgres", inlined::<credentials::Postgres>()),
        ("exec", inlined::<credentials::Exec>()),
        ("jwt", inlined::<credentials::Jwt>()),
        ("token_exchange", inlined::<credentials::TokenExchange>()),
        ("vault", inlined::<credentials::Vault>()),
        ("aws_sts", inlined::<credentials::AwsSts>()),
        ("fixed", inlined::<credentials::Fixed>()),
    ];
    forms(every, "One provider of credentials for single calls.", own.into())
}

fn forms(every: &Value, description: &str, own: Vec<(&str, Value)>) -> Value {
    let common = every.get("properties").and_then(Value::as_object).cloned().unwrap_or_default();
    let always = every.get("required").and_then(Value::as_array).cloned().unwrap_or_default();
    let always = always.into_iter().filter(|name| common.get(name.as_str().unwrap_or_default()).is_some());
    let always: Vec<Value> = always.collect();
    let form = |(kind, own): (&str, Value)| {
        let mut form = own;
        if let Some(properties) = form.get_mut("properties").and_then(Value::as_object_mut) {
            properties.extend(common.clone());
            properties.insert("kind".to_owned(), serde_json::json!({ "const": kind }));
        }
        if let Some(required) = form.get_mut("required").and_then(Value::as_array_mut) {
            required.push("kind".into());
            required.extend(always.clone());
        }
        form
    };
    let forms: Vec<Value> = own.into_iter().map(form).collect();
    serde_json::json!({ "description": description, "oneOf": forms })
}

fn properties<T: schemars::JsonSchema>() -> Map<String, Value> {
    inlined::<T>().get("properties").and_then(Value::as_object).cloned().unwrap_or_default()
}

fn inlined<T: schemars::JsonSchema>() -> Value {
    let mut settings = SchemaSettings::draft07();
    settings.inline_subschemas = true;
    let mut schema = settings.into_generator().into_root_schema_for::<T>().to_value();
    if let Some(root) = schema.as_object_mut() {
        root.remove("$schema");
    }
    schema
}

/// What has a default need not be written, and what may be missing is never written as null: TOML has none.
fn ease(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            let optional: Vec<String> = members
                .get("properties")
                .and_then(Value::as_object)
                .into_iter()
                .flatten()
                .filter(|(_, property)| property.get("default").is_some())
                .map(|(name, _)| name.clone())
                .collect();
            if let Some(required) = members.get_mut("required").and_then(Value::as_array_mut) {
                required.retain(|name| name.as_str().is_none_or(|name| !optional.iter().any(|own| own == name)));
            }
            if members.get("required").and_then(Value::as_array).is_some_and(Vec::is_empty) {
                members.remove("required");
            }
            // Of a width this program happens to use.
            if members.get("format").is_some_and(Value::is_string) {
                members.remove("format");
            }
            if let Some(Value::String(description)) = members.get_mut("description") {
                *description = description.replace('\n', " ");
            }
            if let Some(kinds) = members.get_mut("type").filter(|kinds| kinds.is_array()) {
                let kept = kinds.as_array().and_then(|all| all.iter().find(|kind| *kind != "null")).cloned();
                *kinds = kept.unwrap_or_default();
            }
            if let Some(choices) = members.get_mut("anyOf").and_then(Value::as_array_mut) {
                choices.retain(|choice| choice.get("type").is_none_or(|kind| kind != "null"));
            }
            members.values_mut().for_each(ease);
        }
        Value::Array(items) => items.iter_mut().for_each(ease),
        _ => {}
    }
}

#[cfg(test)]
mod tests;

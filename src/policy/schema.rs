//! Which fields does the input have? For editors, for the check of misspelt fields, and for whoever writes a rule.
//!
//! These types are never filled in: [`super::input`] builds the engine's own values, and a test holds the two together.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::syntax::Part;
use crate::facts::told::Facts;

/// What a rule sees as `input`.
#[derive(JsonSchema, Serialize, Debug)]
#[serde(deny_unknown_fields)]
pub struct Document {
    /// The version of this document: 1.
    version: u64,
    /// What is being decided.
    phase: Phase,
    /// When, in the gateway's zone.
    time: Time,
    /// What the agent asks for. Its words.
    call: Asked,
    /// What the server says of the tool, and what we know of it; null when it is not a tool.
    tool: Option<ToolPart>,
    /// What the operator says of the server.
    server: ServerPart,
    /// What the gateway read out of the arguments.
    facts: Facts,
    /// Who asks, as proven.
    principal: Principal,
    /// What the client says of itself.
    client: Client,
    /// What came before.
    session: Session,
    /// Why it is asked. Always null in this version.
    intent: (),
    /// A free word of the operator: production, staging.
    environment: String,
    /// The compliance zone the gateway stands in, in the operator's words; empty when nobody said.
    zone: String,
    /// What people agreed to. Always null in this version.
    approval: (),
}

/// What is being decided.
#[derive(JsonSchema, Serialize, Debug)]
#[serde(rename_all = "snake_case")]
#[expect(dead_code, reason = "only its schema is wanted")]
enum Phase {
    /// Whether a tool is listed; only `hide` is asked.
    List,
    /// Whether a call may run.
    Call,
}

/// When.
#[derive(JsonSchema, Serialize, Debug)]
#[serde(deny_unknown_fields)]
struct Time {
    /// RFC 3339, with the offset.
    now: String,
    /// Milliseconds since 1970.
    unix_ms: i64,
    /// monday to sunday.
    weekday: String,
    /// 0 to 23.
    hour: u8,
    /// 0 to 59.
    minute: u8,
    /// 2026-11-21.
    date: String,
    /// The zone's name, such as Europe/Berlin.
    zone: String,
}

/// What is asked.
#[derive(JsonSchema, Serialize, Debug)]
#[serde(deny_unknown_fields)]
struct Asked {
    /// Names this call.
    id: String,
    /// The configured name of the server.
    server: String,
    /// The server's own name of the tool; null when it is not a tool.
    tool: Option<String>,
    /// tools/call, resources/read, prompts/get and so on; tools/list while listing.
    method: String,
    /// The tool, address, prompt or task.
    target: String,
    /// As they will be sent. Any of them may be missing.
    arguments: BTreeMap<String, Value>,
    /// Names caller, server, tool and arguments together.
    digest: String,
}

/// What is said of a tool.
#[derive(JsonSchema, Serialize, Debug)]
#[serde(deny_unknown_fields)]
struct ToolPart {
    /// For people.
    title: Option<String>,
    /// Claims of the server; what it left out has the protocol's default. Good for tightening, not for granting,
    /// unless `trusted`.
    annotations: Annotations,
    /// Names the definition.
    digest: String,
    /// The definition is the one that was agreed to.
    pinned: bool,
    /// It is not.
    changed: bool,
    /// The operator vouches for what this server says of its tools.
    trusted: bool,
}

/// The protocol's four hints.
#[derive(JsonSchema, Serialize, Debug)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[expect(clippy::struct_excessive_bools, reason = "the protocol's words")]
struct Annotations {
    /// Changes nothing. Default false.
    read_only_hint: bool,
    /// May destroy. Default true, for what only reads false.
    destructive_hint: bool,
    /// Twice is as once. Default false.
    idempotent_hint: bool,
    /// Reaches others. Default true.
    open_world_hint: bool,
}

/// What is said of a server.
#[derive(JsonSchema, Serialize, Debug)]
#[serde(deny_unknown_fields)]
struct ServerPart {
    /// The configured name.
    name: String,
    /// stdio or http.
    transport: String,
    /// claims or trusted.
    trust: String,
    /// The operator's labels.
    labels: BTreeMap<String, String>,
}

/// Who asks.
#[derive(JsonSchema, Serialize, Debug)]
#[serde(deny_unknown_fields)]
struct Principal {
    /// os:alice, key:ci-bot, `https://issuer.example#subject`.
    id: String,
    /// The software, when the proof names it.
    agent: Option<Agent>,
    /// The person, when the proof names one.
    user: Option<User>,
    /// What the proof asserts.
    groups: Vec<String>,
    /// How all of this was proven.
    auth: Auth,
}

/// Software that acts.
#[derive(JsonSchema, Serialize, Debug)]
#[serde(deny_unknown_fields)]
struct Agent {
    /// As the proof names it.
    id: String,
}

/// A person.
#[derive(JsonSchema, Serialize, Debug)]
#[serde(deny_unknown_fields)]
struct User {
    /// As the issuer or the operating system names them.
    id: String,
    /// For people.
    name: Option<String>,
}

/// A proof.
#[derive(JsonSchema, Serialize, Debug)]
#[serde(deny_unknown_fields)]
struct Auth {
    /// os, key, token or none.
    method: String,
    /// Who signed the token.
    issuer: Option<String>,
    /// What the token may be used for.
    scopes: Vec<String>,
    /// Who delegated to whom, outermost first.
    delegation: Vec<String>,
}

/// Claims of the client, all but protocol and transport.
#[derive(JsonSchema, Serialize, Debug)]
#[serde(deny_unknown_fields)]
struct Client {
    /// As it calls itself.
    name: Option<String>,
    /// Of itself.
    version: Option<String>,
    /// The version of MCP it speaks.
    protocol: String,
    /// stdio or http.
    transport: String,
}

/// What came before.
#[derive(JsonSchema, Serialize, Debug)]
#[serde(deny_unknown_fields)]
struct Session {
    /// Names it.
    id: String,
    /// Calls so far.
    calls: u64,
}

/// The JSON Schema of the input, as it stands in `policies/schema/input.json`.
pub fn input() -> Value {
    schemars::schema_for!(Document).to_value()
}

/// Every field there is.
#[derive(Debug)]
pub struct Fields(Field);

#[derive(Debug, Default)]
struct Field {
    inside: BTreeMap<String, Self>,
    /// Whatever else is below it.
    open: bool,
}

/// Whether a reference leads somewhere.
#[derive(Debug, PartialEq, Eq)]
pub enum Known {
    /// It does, or it is not about the input.
    Yes,
    /// It does not.
    No {
        /// The reference up to the step that is wrong.
        wrong: String,
        /// What may have been meant.
        meant: Option<String>,
    },
}

impl Fields {
    /// Read from the schema.
    pub fn of_the_input() -> &'static Self {
        static FIELDS: LazyLock<Fields> = LazyLock::new(|| {
            let schema = input();
            let mut root = Field::default();
            read(&schema, &schema, &mut root);
            Fields(root)
        });
        &FIELDS
    }

    /// Whether a resolved reference leads somewhere.
    pub fn know(&self, path: &[Part]) -> Known {
        let [Part::Name(root), rest @ ..] = path else { return Known::Yes };
        if root != "input" {
            return Known::Yes;
        }
        let (mut field, mut so_far) = (&self.0, "input".to_owned());
        for step in rest {
            if field.open {
                return Known::Yes;
            }
            let Part::Name(name) = step else { return Known::Yes };
            let Some(next) = field.inside.get(name) else {
                let known = field.inside.keys().map(String::as_str);
                let near =
                    known.map(|known| (strsim::damerau_levenshtein(name, known), known)).filter(|(far, _)| *far <= 2);
                let meant = near.min().map(|(_, known)| format!("{so_far}.{known}"));
                return Known::No { wrong: format!("{so_far}.{name}"), meant };
            };
            field = next;
            so_far = format!("{so_far}.{name}");
        }
        Known::Yes
    }
}

fn read(schema: &Value, whole: &Value, field: &mut Field) {
    if let Some(pointer) = schema.get("$ref").and_then(Value::as_str)
        && let Some(target) = whole.pointer(pointer.trim_start_matches('#'))
    {
        read(target, whole, field);
    }
    for way in schema.get("anyOf").and_then(Value::as_array).into_iter().flatten() {
        read(way, whole, field);
    }
    let properties = schema.get("properties").and_then(Value::as_object);
    for (name, inside) in properties.into_iter().flatten() {
        read(inside, whole, field.inside.entry(name.clone()).or_default());
    }
    let open = schema.get("additionalProperties").is_some_and(|more| *more != Value::Bool(false));
    field.open |= open || schema.get("items").is_some();
}

#[cfg(test)]
mod tests;

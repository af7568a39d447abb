//! What is the form of the document rules see?
//!
//! These types are never filled in: [`crate::policy::input`] builds the engine's own values, and a test holds the two
//! together.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::facts::ResultFacts;
use super::intent::Intent;
use crate::facts::Risk;
use crate::facts::told::Facts;

/// What a rule sees as `input`.
#[derive(JsonSchema, Serialize, Debug)]
#[serde(deny_unknown_fields)]
pub(super) struct Document {
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
    /// Why it is asked, and how that is known.
    intent: Intent,
    /// A free word of the operator: production, staging.
    environment: String,
    /// The compliance zone the gateway stands in, in the operator's words; empty when nobody said.
    zone: String,
    /// What people agreed to. Always null in this version.
    approval: (),
    /// What came back; only where a result is decided about.
    #[schemars(default, with = "Returned")]
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<Returned>,
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
    /// Whether a result passes.
    Result,
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
    /// When it began, in milliseconds since 1970, as `time.unix_ms`.
    started: i64,
    /// Calls so far.
    calls: u64,
    /// What `label` rules made of it, by results that came before.
    labels: BTreeSet<String>,
    /// The last calls, at most 50, newest first.
    recent: Vec<Recent>,
    /// Sums over all calls.
    totals: Totals,
}

/// A call that came before.
#[derive(JsonSchema, Serialize, Debug)]
#[serde(deny_unknown_fields)]
struct Recent {
    /// The configured name of the server.
    server: String,
    /// The server's own name of the tool; null when it was not a tool.
    tool: Option<String>,
    /// How it ended.
    outcome: String,
    /// Whole seconds since it arrived.
    ago_s: u64,
    /// What its result made of the session.
    labels: BTreeSet<String>,
    /// How bad it could have been.
    risk: Risk,
}

/// Sums over all calls of a session.
#[derive(JsonSchema, Serialize, Debug)]
#[serde(deny_unknown_fields)]
struct Totals {
    /// How often each tool was called, by `server/tool`.
    calls_by_tool: BTreeMap<String, u64>,
    /// Bytes of arguments that were sent.
    bytes_out: u64,
    /// What was moved, in the smallest unit of each currency, by its code.
    money: BTreeMap<String, i128>,
}

/// What came back. The server's words.
#[derive(JsonSchema, Serialize, Debug)]
#[serde(deny_unknown_fields)]
struct Returned {
    /// Whether it is a failure.
    is_error: bool,
    /// Its content blocks, as the protocol has them.
    content: Vec<Value>,
    /// Its structured content, when there is any.
    structured: Value,
    /// All text blocks, joined by line breaks.
    text: String,
    /// How large it is.
    bytes: u64,
    /// The length of the largest array in it, in structured content or in JSON inside a text.
    rows: u64,
    /// What the gateway read out of it.
    facts: ResultFacts,
}

//! What do rules see?
//!
//! Each top-level key has one origin, which is what makes it trustworthy or not; the README of `policies/` says which.
//! The parts that stay the same from call to call are made once and shared; a call adds its own.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use regorus::Value;

use super::moment::Moment;
use crate::call::caller::{Caller, Proof};
use crate::call::{Action, Call};
use crate::catalogue::tool::{Pin, Tool};
use crate::clock::Timestamp;
use crate::wire::json::{self, Object};

/// The version of this document.
pub const VERSION: u64 = 1;

/// One whole document.
#[derive(Clone, Debug)]
pub struct Input {
    value: Value,
    /// What the index looks at.
    pub(super) key: Key,
}

/// What decides which rules can have anything to say.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// `input.call.server`.
    pub server: String,
    /// `input.call.tool`, none when it is not a tool.
    pub tool: Option<String>,
    /// `input.call.method`.
    pub method: String,
    /// `input.phase`.
    pub phase: Phase,
}

/// A part of the document, made once.
#[derive(Clone, Debug)]
pub struct Part(Value);

/// What stands around a call.
#[derive(Clone, Debug)]
pub struct Surroundings {
    /// See [`principal`].
    pub principal: Part,
    /// See [`client`].
    pub client: Part,
    /// See [`server`].
    pub server: Part,
    /// Names the session.
    pub session: String,
    /// How many calls came before on it.
    pub calls: u64,
    /// A free word of the operator.
    pub environment: String,
    /// When.
    pub now: Moment,
}

/// What is being decided.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// Whether a call may run.
    #[default]
    Call,
    /// Whether a tool is listed.
    List,
}

/// What a server's word about its tools is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trust {
    /// A claim.
    Claims,
    /// The operator vouches for it.
    Trusted,
}

impl Phase {
    /// The word rules read.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Call => "call",
            Self::List => "list",
        }
    }

    /// The phase a word means.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Call, Self::List].into_iter().find(|phase| phase.word() == word)
    }
}

impl Input {
    /// A document in which every part is there and says nothing.
    pub(super) fn blank(phase: Phase) -> Self {
        let nobody =
            Caller { principal: String::new(), agent: None, user: None, groups: Vec::new(), proof: Proof::Nothing };
        let around = Surroundings {
            principal: principal(&nobody),
            client: client(&Object::new(), "", "stdio"),
            server: server("", "stdio", Trust::Claims, &BTreeMap::new()),
            session: String::new(),
            calls: 0,
            environment: String::new(),
            now: Moment::of(Timestamp::default(), &TimeZone::UTC),
        };
        let name = |name| (name, text(""));
        let rest = [("tool", Value::Null), ("arguments", Value::new_object()), name("id"), name("server")];
        let [tool, arguments, id, server] = rest;
        let asked = object([tool, arguments, id, server, name("method"), name("target"), name("digest")]);
        Self { value: whole(phase, asked, Value::Null, &around), key: Key { phase, ..Key::default() } }
    }

    /// The document for one call.
    pub fn for_call(call: &Call, around: &Surroundings, trust: Trust) -> Self {
        let tool_name = match &call.action {
            Action::Tool(name) => Some(name.clone()),
            _ => None,
        };
        let key = Key {
            server: call.server.to_string(),
            tool: tool_name,
            method: call.action.method().to_owned(),
            phase: Phase::Call,
        };
        let asked = object([
            ("id", text(call.id.as_str())),
            ("server", text(&call.server)),
            ("tool", key.tool.as_deref().map_or(Value::Null, text)),
            ("method", text(call.action.method())),
            ("target", text(call.action.target())),
            ("arguments", call.arguments().map_or_else(Value::new_object, from_object)),
            ("digest", text(&call.digest.to_string())),
        ]);
        let tool = call.tool.as_deref().map_or(Value::Null, |tool| tool_part(tool, trust));
        Self { value: whole(Phase::Call, asked, tool, around), key }
    }

    /// The document for one tool that may be listed.
    pub fn for_listing(tool: &Tool, around: &Surroundings, trust: Trust) -> Self {
        let key = Key {
            server: tool.server.to_string(),
            tool: Some(tool.name.clone()),
            method: "tools/list".to_owned(),
            phase: Phase::List,
        };
        let asked = object([
            ("id", text("")),
            ("server", text(&tool.server)),
            ("tool", text(&tool.name)),
            ("method", text("tools/list")),
            ("target", text(&tool.name)),
            ("arguments", Value::new_object()),
            ("digest", text("")),
        ]);
        Self { value: whole(Phase::List, asked, tool_part(tool, trust), around), key }
    }

    /// A document that was written down, such as one from the record. What it says is taken as it stands.
    pub(super) fn written(value: Value) -> Self {
        let text = |path: &[&str]| {
            let found = path.iter().try_fold(&value, |value, name| value.as_object().ok()?.get(&Value::from(*name)));
            found.and_then(|found| found.as_string().ok()).map(ToString::to_string)
        };
        let phase = text(&["phase"]).and_then(|word| Phase::from_word(&word)).unwrap_or_default();
        let key = Key {
            server: text(&["call", "server"]).unwrap_or_default(),
            tool: text(&["call", "tool"]),
            method: text(&["call", "method"]).unwrap_or_default(),
            phase,
        };
        Self { value, key }
    }

    /// The document as the engine reads it.
    pub(super) fn value(&self) -> Value {
        self.value.clone()
    }

    /// The document as text, for people and tests.
    pub fn to_json(&self) -> Option<String> {
        self.value.to_json_str().ok()
    }
}

fn whole(phase: Phase, call: Value, tool: Value, around: &Surroundings) -> Value {
    let session = object([("id", text(&around.session)), ("calls", Value::from(around.calls))]);
    object([
        ("version", Value::from(VERSION)),
        ("phase", text(phase.word())),
        ("time", around.now.value()),
        ("call", call),
        ("tool", tool),
        ("server", around.server.0.clone()),
        ("facts", Value::new_object()),
        ("principal", around.principal.0.clone()),
        ("client", around.client.0.clone()),
        ("session", session),
        ("intent", Value::Null),
        ("environment", text(&around.environment)),
        ("approval", Value::Null),
    ])
}

/// Who asks, as proven.
pub fn principal(caller: &Caller) -> Part {
    let user = caller.user.as_ref().map_or(Value::Null, |user| {
        object([("id", text(&user.id)), ("name", user.name.as_deref().map_or(Value::Null, text))])
    });
    let agent = caller.agent.as_deref().map_or(Value::Null, |agent| object([("id", text(agent))]));
    let (issuer, scopes, delegation) = match &caller.proof {
        Proof::Token { issuer, scopes, delegation, .. } => (text(issuer), texts(scopes), texts(delegation)),
        _ => (Value::Null, texts(&[]), texts(&[])),
    };
    let auth = object([
        ("method", text(caller.proof.method())),
        ("issuer", issuer),
        ("scopes", scopes),
        ("delegation", delegation),
    ]);
    Part(object([
        ("id", text(&caller.principal)),
        ("agent", agent),
        ("user", user),
        ("groups", texts(&caller.groups)),
        ("auth", auth),
    ]))
}

/// What the client says of itself. Claims, all but the transport and the protocol.
pub fn client(info: &Object, protocol: &str, transport: &str) -> Part {
    let said = |name| info.str(name).map_or(Value::Null, text);
    Part(object([
        ("name", said("name")),
        ("version", said("version")),
        ("protocol", text(protocol)),
        ("transport", text(transport)),
    ]))
}

/// What the operator says of a server.
pub fn server(name: &str, transport: &str, trust: Trust, labels: &BTreeMap<String, String>) -> Part {
    let labels: BTreeMap<Value, Value> = labels.iter().map(|(name, label)| (text(name), text(label))).collect();
    let trust = if trust == Trust::Trusted { "trusted" } else { "claims" };
    Part(object([
        ("name", text(name)),
        ("transport", text(transport)),
        ("trust", text(trust)),
        ("labels", Value::from(labels)),
    ]))
}

/// What the server says of a tool, and what we know of it. Annotations left out have the values the
/// protocol gives them, and what only reads does not destroy.
fn tool_part(tool: &Tool, trust: Trust) -> Value {
    let hint = |name, default| Value::from(tool.hint(name).unwrap_or(default));
    let reads_only = tool.hint("readOnlyHint").unwrap_or(false);
    let annotations = object([
        ("readOnlyHint", hint("readOnlyHint", false)),
        ("destructiveHint", hint("destructiveHint", !reads_only)),
        ("idempotentHint", hint("idempotentHint", false)),
        ("openWorldHint", hint("openWorldHint", true)),
    ]);
    object([
        ("title", tool.definition.str("title").map_or(Value::Null, text)),
        ("annotations", annotations),
        ("digest", text(&tool.digest.to_string())),
        ("pinned", Value::from(tool.pin == Pin::Agreed)),
        ("changed", Value::from(tool.pin != Pin::Agreed)),
        ("trusted", Value::from(trust == Trust::Trusted)),
    ])
}

pub(super) fn object<const N: usize>(members: [(&str, Value); N]) -> Value {
    Value::from(members.into_iter().map(|(name, value)| (text(name), value)).collect::<BTreeMap<_, _>>())
}

fn text(text: &str) -> Value {
    Value::String(text.into())
}

fn texts(list: &[String]) -> Value {
    Value::from(list.iter().map(|item| text(item)).collect::<Vec<_>>())
}

pub(super) fn from_object(object: &Object) -> Value {
    Value::from(object.iter().map(|(name, value)| (text(name), from_json(value))).collect::<BTreeMap<_, _>>())
}

/// A value of ours as the engine knows it. Exact: a strict reader lets only numbers pass that fit.
pub(super) fn from_json(value: &json::Value) -> Value {
    match value {
        json::Value::Null => Value::Null,
        json::Value::Bool(value) => Value::from(*value),
        json::Value::Number(number) => match (number.as_i64(), number.as_u64(), number.as_f64()) {
            (Some(value), _, _) => Value::from(value),
            (None, Some(value), _) => Value::from(value),
            (None, None, Some(value)) => Value::from(value),
            (None, None, None) => Value::Undefined,
        },
        json::Value::String(string) => text(string),
        json::Value::Array(items) => Value::from(items.iter().map(from_json).collect::<Vec<_>>()),
        json::Value::Object(members) => from_object(members),
    }
}

//! What do rules see?
//!
//! Each top-level key has one origin, which is what makes it trustworthy or not; the README of `policies/` says which.
//! The parts that stay the same from call to call are made once and shared; a call adds its own.

use std::collections::{BTreeMap, BTreeSet};

use jiff::tz::TimeZone;
use regorus::Value;

use super::moment::Moment;
use crate::call::caller::{Caller, Proof};
use crate::call::{Action, Call};
use crate::catalogue::tool::Tool;
use crate::clock::Timestamp;
use crate::facts::Risk;
use crate::wire::json::{self, Object};
use values::text;

mod gist;
mod intent;
mod parts;
mod values;

pub use intent::{intent, no_intent};
pub use parts::{NoPart, Part, Recent, Returned, Sitting, Totals};
pub use parts::{before, client, facts, no_facts, no_result_facts, principal, result, result_facts, server, session};
pub(in crate::policy) use values::{from_json, from_object, object};

/// The version of this document.
pub const VERSION: u64 = 1;
/// How many of the calls before are shown.
pub const RECENT: usize = 50;

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
    /// `input.facts.risk`, when it is known.
    pub risk: Option<Risk>,
    /// `input.session.labels`, when they are known.
    pub labels: Option<Value>,
}

/// What stands around a call.
#[derive(Clone, Debug)]
pub struct Surroundings {
    /// See [`principal`].
    pub principal: Part,
    /// See [`client`].
    pub client: Part,
    /// See [`server`].
    pub server: Part,
    /// See [`session`].
    pub session: Part,
    /// See [`intent`].
    pub intent: Part,
    /// A free word of the operator.
    pub environment: String,
    /// The compliance zone of the gateway; empty when nobody said.
    pub zone: String,
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
    /// Whether a result passes.
    Result,
}

/// What a server's word about its tools is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trust {
    /// A claim.
    Claims,
    /// The operator vouches for it.
    Trusted,
}

/// A text that is no document of this kind.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is not what rules see: {0}; `countersign policy schema` says what is")]
pub struct NoDocument(String);

impl Phase {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Call, Self::List, Self::Result];

    /// The word rules read.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Call => "call",
            Self::List => "list",
            Self::Result => "result",
        }
    }

    /// The phase a word means.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|phase| phase.word() == word)
    }
}

impl Input {
    /// A document in which every part is there and says nothing.
    pub fn blank(phase: Phase) -> Self {
        let nobody =
            Caller { principal: String::new(), agent: None, user: None, groups: Vec::new(), proof: Proof::Nothing };
        let sitting = Sitting {
            id: "",
            started: Timestamp::default(),
            calls: 0,
            labels: &BTreeSet::new(),
            recent: &[],
            totals: &Totals::default(),
        };
        let around = Surroundings {
            principal: principal(&nobody),
            client: client(&Object::new(), "", "stdio"),
            server: server("", "stdio", Trust::Claims, &BTreeMap::new()),
            session: session(sitting),
            intent: no_intent(),
            environment: String::new(),
            zone: String::new(),
            now: Moment::of(Timestamp::default(), &TimeZone::UTC),
        };
        let name = |name| (name, text(""));
        let rest = [("tool", Value::Null), ("arguments", Value::new_object()), name("id"), name("server")];
        let [tool, arguments, id, server] = rest;
        let asked = object([tool, arguments, id, server, name("method"), name("target"), name("digest")]);
        let before = if phase == Phase::Result { Phase::Call } else { phase };
        let key = Key { phase: before, ..Key::default() };
        let blank = Self::keyed(whole(before, (asked, Value::Null), &around, no_facts()), key);
        if phase != Phase::Result {
            return blank;
        }
        let nothing = result(Returned {
            is_error: false,
            content: &json::Value::Array(Vec::new()),
            structured: None,
            text: "",
            bytes: 0,
            rows: 0,
            facts: &no_result_facts(),
        });
        Self::for_result(&blank, nothing)
    }

    /// The document for one call.
    pub fn for_call(call: &Call, around: &Surroundings, trust: Trust, facts: Part) -> Self {
        let tool_name = match &call.action {
            Action::Tool(name) => Some(name.clone()),
            _ => None,
        };
        let key = Key {
            server: call.server.to_string(),
            tool: tool_name,
            method: call.action.method().to_owned(),
            phase: Phase::Call,
            ..Key::default()
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
        let tool = call.tool.as_deref().map_or(Value::Null, |tool| parts::tool(tool, trust));
        Self::keyed(whole(Phase::Call, (asked, tool), around, facts), key)
    }

    /// The document for one tool that may be listed.
    pub fn for_listing(tool: &Tool, around: &Surroundings, trust: Trust) -> Self {
        let key = Key {
            server: tool.server.to_string(),
            tool: Some(tool.name.clone()),
            method: "tools/list".to_owned(),
            phase: Phase::List,
            ..Key::default()
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
        Self::keyed(whole(Phase::List, (asked, parts::tool(tool, trust)), around, no_facts()), key)
    }

    /// The document for what came back of a call: everything that was known when it was judged, and the result.
    pub fn for_result(call: &Self, result: Part) -> Self {
        let mut value = call.value.clone();
        if let Ok(members) = value.as_object_mut() {
            members.extend([(text("phase"), text(Phase::Result.word())), (text("result"), result.0)]);
        }
        Self { value, key: Key { phase: Phase::Result, ..call.key.clone() } }
    }

    /// A document that was written down by hand.
    pub fn from_document(json: &str) -> Result<Self, NoDocument> {
        Self::of(Value::from_json_str(json).map_err(|error| NoDocument(super::problem::first_words(&error)))?)
    }

    /// A document that was put together elsewhere.
    pub(super) fn of(value: Value) -> Result<Self, NoDocument> {
        fn word<const N: usize>(value: &Value, path: [&str; N]) -> Result<String, NoDocument> {
            match member(value, path) {
                Some(Value::String(word)) => Ok(word.to_string()),
                _ => Err(NoDocument(format!("`{}` is not a text", path.join(".")))),
            }
        }
        let phase = word(&value, ["phase"])?;
        let phase = Phase::from_word(&phase).ok_or_else(|| NoDocument(format!("there is no phase `{phase}`")))?;
        let key = Key {
            server: word(&value, ["call", "server"])?,
            tool: match member(&value, ["call", "tool"]) {
                Some(Value::Null) => None,
                _ => Some(word(&value, ["call", "tool"])?),
            },
            method: word(&value, ["call", "method"])?,
            phase,
            ..Key::default()
        };
        Ok(Self::keyed(value, key))
    }

    fn keyed(value: Value, mut key: Key) -> Self {
        key.risk = member(&value, ["facts", "risk"]).and_then(|risk| Risk::from_word(risk.as_string().ok()?));
        key.labels = member(&value, ["session", "labels"]).filter(|labels| labels.as_array().is_ok()).cloned();
        Self { value, key }
    }

    /// What is being decided.
    pub const fn phase(&self) -> Phase {
        self.key.phase
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

fn member<'v, const N: usize>(value: &'v Value, path: [&str; N]) -> Option<&'v Value> {
    path.iter().try_fold(value, |value, name| value.as_object().ok()?.get(&text(name)))
}

fn whole(phase: Phase, (call, tool): (Value, Value), around: &Surroundings, facts: Part) -> Value {
    object([
        ("version", Value::from(VERSION)),
        ("phase", text(phase.word())),
        ("time", around.now.value()),
        ("call", call),
        ("tool", tool),
        ("server", around.server.0.clone()),
        ("facts", facts.0),
        ("principal", around.principal.0.clone()),
        ("client", around.client.0.clone()),
        ("session", around.session.0.clone()),
        ("intent", around.intent.0.clone()),
        ("environment", text(&around.environment)),
        ("zone", text(&around.zone)),
        ("approval", Value::Null),
    ])
}

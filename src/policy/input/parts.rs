//! What does each part of the document say? Parts are made once and shared by every call they are true of.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use regorus::Value;
use serde::Serialize;

use super::values::{from_json, list, object, text, texts};
use super::{RECENT, Trust};
use crate::call::caller::{Caller, Proof};
use crate::catalogue::tool::{Pin, Tool};
use crate::clock::Timestamp;
use crate::facts::told::Facts;
use crate::facts::{Risk, returned};
use crate::wire::json::{self, Object};

/// A part of the document, made once.
#[derive(Clone, Debug)]
pub struct Part(pub(super) Value);

/// Something that cannot be a part of the document: a number that does not fit, a key that is no text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the policies cannot be shown this: {0}")]
pub struct NoPart(String);

/// What came before on a session.
#[derive(Clone, Copy, Debug)]
pub struct Sitting<'a> {
    /// Names the session.
    pub id: &'a str,
    /// When it began.
    pub started: Timestamp,
    /// Calls so far.
    pub calls: u64,
    /// What results made of it.
    pub labels: &'a BTreeSet<String>,
    /// The last calls by [`before`], newest first; no more than [`RECENT`] are shown.
    pub recent: &'a [Part],
    /// Sums over all of them.
    pub totals: &'a Totals,
}

/// One call that came before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recent {
    /// The configured name of the server.
    pub server: String,
    /// The server's own name of the tool; none when it was not a tool.
    pub tool: Option<String>,
    /// How it ended: the word in the record.
    pub outcome: String,
    /// Whole seconds since it arrived.
    pub ago_s: u64,
    /// What its result made of the session.
    pub labels: BTreeSet<String>,
    /// How bad it could have been.
    pub risk: Risk,
}

/// Sums over all calls of a session.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// How often each tool was called, by `server/tool`.
    pub calls_by_tool: BTreeMap<String, u64>,
    /// Bytes of arguments that were sent.
    pub bytes_out: u64,
    /// What was moved, in the smallest unit of each currency, by its code.
    pub money: BTreeMap<String, i128>,
}

/// What came back from a server.
#[derive(Clone, Copy, Debug)]
pub struct Returned<'a> {
    /// Whether it is a failure.
    pub is_error: bool,
    /// Its content blocks.
    pub content: &'a json::Value,
    /// Its structured content.
    pub structured: Option<&'a json::Value>,
    /// All text in it, joined by line breaks.
    pub text: &'a str,
    /// How large it is.
    pub bytes: u64,
    /// The length of the largest array in it.
    pub rows: u64,
    /// What was read out of it.
    pub facts: &'a Part,
}

impl Part {
    /// Anything that can be serialised.
    pub fn of(value: &impl Serialize) -> Result<Self, NoPart> {
        let plain = serde_json::to_value(value).map_err(|error| NoPart(error.to_string()))?;
        serde_json::from_value(plain).map(Self).map_err(|error| NoPart(error.to_string()))
    }

    /// The engine's value.
    pub(in crate::policy) fn value(self) -> Value {
        self.0
    }

    /// A value of the wire.
    pub fn from_json(value: &json::Value) -> Self {
        Self(from_json(value))
    }
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

/// What came before.
pub fn session(sitting: Sitting<'_>) -> Part {
    let Sitting { id, started, calls, labels, recent, totals } = sitting;
    let counted = totals.calls_by_tool.iter().map(|(tool, calls)| (text(tool), Value::from(*calls)));
    let moved = totals.money.iter().map(|(currency, amount)| (text(currency), Value::from(*amount)));
    let sums = object([
        ("calls_by_tool", Value::from(counted.collect::<BTreeMap<_, _>>())),
        ("bytes_out", Value::from(totals.bytes_out)),
        ("money", Value::from(moved.collect::<BTreeMap<_, _>>())),
    ]);
    let shown = recent.get(..RECENT).unwrap_or(recent);
    Part(object([
        ("id", text(id)),
        ("started", Value::from(started.millis())),
        ("calls", Value::from(calls)),
        ("labels", texts(labels)),
        ("recent", list(shown, |call| call.0.clone())),
        ("totals", sums),
    ]))
}

/// One call that came before.
pub fn before(call: &Recent) -> Part {
    Part(object([
        ("server", text(&call.server)),
        ("tool", call.tool.as_deref().map_or(Value::Null, text)),
        ("outcome", text(&call.outcome)),
        ("ago_s", Value::from(call.ago_s)),
        ("labels", texts(&call.labels)),
        ("risk", text(call.risk.word())),
    ]))
}

/// What is read out of arguments that say nothing.
pub fn no_facts() -> Part {
    facts(&Facts::nothing(0))
}

/// What is read out of arguments.
pub fn facts(facts: &Facts) -> Part {
    static NOTHING: LazyLock<Value> = LazyLock::new(|| whole(&Facts::nothing(0)));
    if !facts.is_nothing() {
        return Part(whole(facts));
    }
    let mut value = NOTHING.clone();
    if let Ok(members) = value.as_object_mut() {
        members.insert(text("bytes"), Value::from(facts.bytes));
    }
    Part(value)
}

/// What the engine cannot be shown is not known, and as bad as can be.
fn whole(facts: &Facts) -> Value {
    let worst = || Facts { risk: Risk::Critical, complete: false, ..Facts::nothing(facts.bytes) };
    Part::of(facts).or_else(|_| Part::of(&worst())).map_or(Value::Undefined, |part| part.0)
}

/// What is read out of a result that says nothing.
pub fn no_result_facts() -> Part {
    static NOTHING: LazyLock<Value> = LazyLock::new(|| {
        let none = || Value::from(Vec::new());
        let injection = object([("suspected", Value::from(false)), ("reasons", none())]);
        object([("secrets", none()), ("injection", injection), ("urls", none())])
    });
    Part(NOTHING.clone())
}

/// What is read out of a result.
pub fn result_facts(facts: &returned::Facts) -> Result<Part, NoPart> {
    if *facts == returned::Facts::default() { Ok(no_result_facts()) } else { Part::of(facts) }
}

/// What came back.
pub fn result(returned: Returned<'_>) -> Part {
    let Returned { is_error, content, structured, text: words, bytes, rows, facts } = returned;
    Part(object([
        ("is_error", Value::from(is_error)),
        ("content", from_json(content)),
        ("structured", structured.map_or(Value::Null, from_json)),
        ("text", text(words)),
        ("bytes", Value::from(bytes)),
        ("rows", Value::from(rows)),
        ("facts", facts.0.clone()),
    ]))
}

/// What the server says of a tool, and what we know of it. Annotations left out have the values the
/// protocol gives them, and what only reads does not destroy.
pub(super) fn tool(tool: &Tool, trust: Trust) -> Value {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_that_say_nothing_are_those_that_are_spelled_out() {
        assert_eq!(no_result_facts().0, Part::of(&returned::Facts::default()).unwrap().0);
    }
}

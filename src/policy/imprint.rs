//! What is kept of an input, so that it can be made again?
//!
//! The call itself stands in the entry of its arrival. Who asks, and which tool of which server it is about, stay the same
//! from call to call, so each is kept once and named. The time is kept as an instant and a zone. Everything else stands in
//! the entry of the decision as it was judged, unless it says nothing.

mod again;
mod sparse;
#[cfg(test)]
mod tests;

use regorus::Value;
use serde::ser::{SerializeMap as _, SerializeSeq as _};
use serde::{Serialize, Serializer};

pub use self::again::{Arrival, Gap, Parts};

use super::input::Input;
use super::kept::Kept;
use sparse::Sparse;

/// The members of an input that stand elsewhere.
const ELSEWHERE: [&str; 6] = ["call", "principal", "client", "tool", "server", "time"];

/// What the entry about a decision says of its input.
#[derive(Clone, Debug)]
pub struct Imprint {
    input: Value,
    who: Kept,
    what: Kept,
}

/// Members of the input that come again, as they were when they were kept.
#[derive(Clone, Debug)]
pub struct Shared {
    names: [&'static str; 2],
    values: [Value; 2],
    kept: Kept,
}

impl Shared {
    /// Who asks, and through which client.
    pub fn who(input: &Input) -> Self {
        Self::of(input, ["principal", "client"])
    }

    /// Which server and tool it is about.
    pub fn what(input: &Input) -> Self {
        Self::of(input, ["server", "tool"])
    }

    /// Whether this input has the same members.
    pub fn fits(&self, input: &Input) -> bool {
        let value = input.value();
        self.names.iter().zip(&self.values).all(|(name, known)| member(&value, name) == *known)
    }

    fn of(input: &Input, names: [&'static str; 2]) -> Self {
        let value = input.value();
        let values = names.map(|name| member(&value, name));
        let mut body = String::from("{");
        for (name, value) in names.iter().zip(&values) {
            body.push_str(if body.len() > 1 { ",\"" } else { "\"" });
            body.push_str(name);
            body.push_str("\":");
            body.push_str(&serde_json::to_string(&Told(value)).unwrap_or_default());
        }
        body.push('}');
        Self { names, values, kept: Kept::of(body) }
    }
}

impl Imprint {
    /// Of this input, whose recurring members are these.
    pub fn of(input: &Input, who: &Shared, what: &Shared) -> Self {
        Self { input: input.value(), who: who.kept.clone(), what: what.kept.clone() }
    }

    /// What has to be kept before the entry that names it.
    pub fn kept(&self) -> [&Kept; 2] {
        [&self.who, &self.what]
    }
}

impl Serialize for Imprint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("who", &self.who)?;
        map.serialize_entry("what", &self.what)?;
        map.serialize_entry("time", &instant(&self.input))?;
        if let Value::Object(members) = &self.input {
            for (name, value) in members.iter() {
                let Value::String(name) = name else { continue };
                let known = sparse::usual(name);
                match known {
                    _ if ELSEWHERE.contains(&&**name) => {}
                    Some(usual) if usual == value => {}
                    Some(usual @ Value::Object(_)) => map.serialize_entry(&**name, &Sparse { usual, value })?,
                    _ => map.serialize_entry(&**name, &Told(value))?,
                }
            }
        }
        map.end()
    }
}

impl schemars::JsonSchema for Imprint {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Imprint".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "object",
            "description": "What was judged, beside the call itself: members of `input` that say something.",
            "properties": {
                "who": { "type": "string", "description": "Names the kept text with `principal` and `client`." },
                "what": { "type": "string", "description": "Names the kept text with `server` and `tool`." },
                "time": {
                    "type": "array",
                    "description": "Milliseconds since 1970, the offset from UTC, the zone's name.",
                },
            },
            "required": ["who", "what", "time"],
        })
    }
}

/// What the entry about a result says of it: all that was judged but its words, which are nowhere kept.
#[derive(Clone, Debug)]
pub struct Trace(Value);

/// Members of a result that hold its words.
const WORDS: [&str; 3] = ["content", "structured", "text"];

impl Trace {
    /// Of the result this input is about.
    pub fn of(input: &Input) -> Self {
        let mut result = member(&input.value(), "result");
        if let Ok(members) = result.as_object_mut() {
            members.retain(|name, _| !matches!(name, Value::String(name) if WORDS.contains(&&**name)));
        }
        Self(result)
    }
}

impl Serialize for Trace {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Told(&self.0).serialize(serializer)
    }
}

impl schemars::JsonSchema for Trace {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Trace".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "object",
            "description": "What was judged of a result beside its words: sizes, rows and what was read out of it.",
        })
    }
}

/// Milliseconds, offset and zone: all that the members of `input.time` say.
fn instant(input: &Value) -> (u64, String, String) {
    let time = member(input, "time");
    let text = |name| match member(&time, name) {
        Value::String(text) => text.to_string(),
        _ => String::new(),
    };
    let now = text("now");
    let offset = now.get(now.len().saturating_sub(6)..).unwrap_or_default().to_owned();
    let millis = match member(&time, "unix_ms") {
        Value::Number(number) => number.as_u64().unwrap_or_default(),
        _ => 0,
    };
    (millis, offset, text("zone"))
}

fn member(value: &Value, name: &str) -> Value {
    let found = value.as_object().ok().and_then(|members| members.get(&Value::from(name)));
    found.cloned().unwrap_or(Value::Undefined)
}

/// A value of the engine as JSON: numbers exactly, which the engine's own way takes a detour over text for.
struct Told<'a>(&'a Value);

impl Serialize for Told<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Null | Value::Undefined => serializer.serialize_unit(),
            Value::Bool(value) => serializer.serialize_bool(*value),
            Value::Number(number) => match (number.as_i64(), number.as_u64(), number.as_f64()) {
                (Some(value), _, _) => serializer.serialize_i64(value),
                (None, Some(value), _) => serializer.serialize_u64(value),
                (None, None, Some(value)) => serializer.serialize_f64(value),
                (None, None, None) => Err(serde::ser::Error::custom("a number beyond every range")),
            },
            Value::String(text) => serializer.serialize_str(text),
            Value::Array(items) => {
                let mut list = serializer.serialize_seq(Some(items.len()))?;
                items.iter().try_for_each(|item| list.serialize_element(&Told(item)))?;
                list.end()
            }
            Value::Set(items) => {
                let mut list = serializer.serialize_seq(Some(items.len()))?;
                items.iter().try_for_each(|item| list.serialize_element(&Told(item)))?;
                list.end()
            }
            Value::Object(members) => {
                let mut map = serializer.serialize_map(Some(members.len()))?;
                for (name, value) in members.iter() {
                    match name {
                        Value::String(name) => map.serialize_entry(&**name, &Told(value))?,
                        other => map.serialize_entry(&other.to_string(), &Told(value))?,
                    }
                }
                map.end()
            }
        }
    }
}

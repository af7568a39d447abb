//! Which members of an input need not be written, because they say what they nearly always say?
//!
//! What stands here was agreed with every record there is: it may grow by versions and never change.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regorus::Value;
use serde::ser::{SerializeMap as _, SerializeSeq as _};
use serde::{Serialize, Serializer};

use super::Told;
use super::again::Gap;
use crate::policy::input::{from_json, no_intent, object};
use crate::wire::json;

/// Calls that came before: the one list that grows with a session.
const RECENT: &str = "recent";
/// The one member of such a call that differs from time to time.
const AGO: &str = "ago_s";

/// What each member says unless it is written.
static USUAL: LazyLock<BTreeMap<&'static str, Value>> = LazyLock::new(|| {
    let none = || Value::from(Vec::new());
    let facts = object([
        ("risk", Value::from("low")),
        ("complete", Value::from(true)),
        ("paths", none()),
        ("urls", none()),
        ("secrets", none()),
        ("resources", none()),
    ]);
    let sums = object([
        ("calls_by_tool", Value::new_object()),
        ("bytes_out", Value::from(0_u64)),
        ("money", Value::new_object()),
    ]);
    let session = object([("labels", none()), (RECENT, none()), ("totals", sums)]);
    BTreeMap::from([
        ("version", Value::from(1_u64)),
        ("phase", Value::from("call")),
        // Until something could be known of it this was null, which no rule could look into.
        ("intent", no_intent().value()),
        ("approval", Value::Null),
        ("facts", facts),
        ("session", session),
    ])
});

/// What a member says unless it is written.
pub(super) fn usual(name: &str) -> Option<&'static Value> {
    USUAL.get(name)
}

/// All of them.
pub(super) fn all_usual() -> BTreeMap<Value, Value> {
    USUAL.iter().map(|(name, value)| (Value::from(*name), value.clone())).collect()
}

/// A member without what is usual in it; in a list of its own when something usual is not there at all.
pub(super) struct Sparse<'a> {
    pub(super) usual: &'a Value,
    pub(super) value: &'a Value,
}

impl Serialize for Sparse<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (Value::Object(usual), Value::Object(members)) = (self.usual, self.value) else {
            return [Told(self.value)].serialize(serializer);
        };
        // An object in this place is how the list is written.
        let is_table = |name: &Value| matches!(name, Value::String(name) if &**name == RECENT);
        let odd = members.iter().any(|(name, value)| is_table(name) && matches!(value, Value::Object(_)));
        if odd || !usual.iter().all(|(name, _)| members.contains_key(name)) {
            return [Told(self.value)].serialize(serializer);
        }
        let mut map = serializer.serialize_map(None)?;
        for (name, value) in members.iter() {
            let Value::String(word) = name else { continue };
            match value {
                _ if usual.get(name) == Some(value) => {}
                Value::Array(calls) if &**word == RECENT && calls.iter().all(|call| ago(call).is_some()) => {
                    map.serialize_entry(RECENT, &Table::of(calls.iter()))?;
                }
                _ => map.serialize_entry(&**word, &Told(value))?,
            }
        }
        map.end()
    }
}

/// The member that was written like this.
pub(super) fn whole(name: &str, written: &json::Value) -> Result<Value, Gap> {
    let Some(usual @ Value::Object(_)) = usual(name) else { return Ok(from_json(written)) };
    let members = match written {
        json::Value::Array(whole) => return whole.first().map(from_json).ok_or(Gap::Unreadable("its input")),
        json::Value::Object(members) => members,
        _ => return Err(Gap::Unreadable("its input")),
    };
    let mut value = usual.clone();
    if let Ok(place) = value.as_object_mut() {
        for (name, written) in members.iter() {
            let member = match written {
                json::Value::Object(table) if name == RECENT => calls(table).ok_or(Gap::Unreadable("its session"))?,
                _ => from_json(written),
            };
            place.insert(Value::from(name), member);
        }
    }
    Ok(value)
}

/// Calls as a list of the different ones, and how long ago each was: a session calls the same few tools again and again.
struct Table<'a> {
    different: Vec<&'a Value>,
    calls: Vec<(usize, u64)>,
}

impl<'a> Table<'a> {
    fn of(calls: impl Iterator<Item = &'a Value>) -> Self {
        let mut table = Self { different: Vec::new(), calls: Vec::new() };
        for call in calls {
            let known = table.different.iter().position(|known| alike(known, call));
            let place = known.unwrap_or_else(|| {
                table.different.push(call);
                table.different.len().saturating_sub(1)
            });
            table.calls.push((place, ago(call).unwrap_or_default()));
        }
        table
    }
}

impl Serialize for Table<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("calls", &self.different.iter().map(|call| Ageless(call)).collect::<Vec<_>>())?;
        map.serialize_entry("ago", &Pairs(&self.calls))?;
        map.end()
    }
}

/// A call without how long ago it was.
struct Ageless<'a>(&'a Value);

impl Serialize for Ageless<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if let Value::Object(members) = self.0 {
            for (name, value) in members.iter() {
                if let Value::String(name) = name
                    && &**name != AGO
                {
                    map.serialize_entry(&**name, &Told(value))?;
                }
            }
        }
        map.end()
    }
}

/// Which call, how long ago, which, how long ago, and so on.
struct Pairs<'a>(&'a [(usize, u64)]);

impl Serialize for Pairs<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(Some(self.0.len().saturating_mul(2)))?;
        for (place, ago) in self.0 {
            list.serialize_element(place)?;
            list.serialize_element(ago)?;
        }
        list.end()
    }
}

fn alike(one: &Value, other: &Value) -> bool {
    let (Value::Object(one), Value::Object(other)) = (one, other) else { return false };
    let age = |name: &Value| matches!(name, Value::String(name) if &**name == AGO);
    one.len() == other.len() && one.iter().zip(other.iter()).all(|(a, b)| a.0 == b.0 && (age(a.0) || a.1 == b.1))
}

fn ago(call: &Value) -> Option<u64> {
    let Value::Object(members) = call else { return None };
    let found = members.iter().find(|(name, _)| matches!(name, Value::String(name) if &**name == AGO));
    match found {
        Some((_, Value::Number(seconds))) => seconds.as_u64(),
        _ => None,
    }
}

fn calls(table: &json::Object) -> Option<Value> {
    let different: Vec<Value> = table.get("calls")?.as_array()?.iter().map(from_json).collect();
    let mut ages = table.get("ago")?.as_array()?.iter().map(|number| number.as_number()?.as_u64());
    let mut calls = Vec::new();
    while let (Some(place), Some(ago)) = (ages.next(), ages.next()) {
        let mut call = different.get(usize::try_from(place?).ok()?)?.clone();
        call.as_object_mut().ok()?.insert(Value::from(AGO), Value::from(ago?));
        calls.push(call);
    }
    Some(Value::from(calls))
}

//! How is an input made again from what was kept of it?

use std::collections::BTreeMap;

use jiff::tz::{Offset, TimeZone};
use regorus::Value;

use super::sparse;
use crate::clock::Timestamp;
use crate::policy::input::{Input, from_json, from_object, object};
use crate::policy::moment::Moment;
use crate::wire::json::{self, Object};
use crate::wire::reader::{Limits, lenient};

/// What the entry about a call's arrival says.
#[derive(Clone, Copy, Debug)]
pub struct Arrival<'a> {
    /// The call's name.
    pub id: &'a str,
    /// The rest of the entry.
    pub entry: &'a Object,
}

/// Why an input cannot be made again.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum Gap {
    /// The decision is older than the keeping of inputs.
    #[error("its input was not kept")]
    Unkept,
    /// A text that should have been kept is not there.
    #[error("a part of its input is missing: {0}")]
    Missing(String),
    /// What is there is not what was written.
    #[error("its entry cannot be read: {0}")]
    Unreadable(&'static str),
}

impl Gap {
    /// The reason, the same for all calls it is the reason of.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Unkept => "their inputs were not kept",
            Self::Missing(_) => "parts of their inputs are missing",
            Self::Unreadable(_) => "their entries cannot be read",
        }
    }
}

/// Kept texts, read once.
#[derive(Debug, Default)]
pub struct Parts(BTreeMap<String, Value>);

impl Parts {
    /// The names an imprint needs that are not known yet.
    pub fn lacking<'a>(&self, imprint: &'a Object) -> Vec<&'a str> {
        let named = ["who", "what"].into_iter().filter_map(|name| imprint.str(name));
        named.filter(|name| !self.0.contains_key(*name)).collect()
    }

    /// Adds a kept text. One that cannot be read stays missing.
    pub fn add(&mut self, name: &str, text: &str) {
        if let Ok(value) = lenient(text.as_bytes(), &Limits::REPLY) {
            self.0.insert(name.to_owned(), from_json(&value));
        }
    }

    /// The input as it was judged.
    pub fn again(&self, arrival: Arrival<'_>, imprint: &Object) -> Result<Input, Gap> {
        let mut members = sparse::all_usual();
        for (name, value) in imprint.iter() {
            match name {
                "who" | "what" => {
                    let name = value.as_str().unwrap_or_default();
                    let Some(Value::Object(shared)) = self.0.get(name) else {
                        return Err(Gap::Missing(name.to_owned()));
                    };
                    members.extend(shared.iter().map(|(name, value)| (name.clone(), value.clone())));
                }
                "time" => drop(members.insert(Value::from("time"), time(value)?)),
                _ => drop(members.insert(Value::from(name), sparse::whole(name, value)?)),
            }
        }
        members.insert(Value::from("call"), call(arrival)?);
        Input::of(Value::from(members)).map_err(|_| Gap::Unreadable("the members of the input"))
    }
}

fn call(Arrival { id, entry }: Arrival<'_>) -> Result<Value, Gap> {
    let said = |name| entry.str(name).ok_or(Gap::Unreadable("its arrival"));
    let (method, target) = (said("method")?, said("target")?);
    let arguments = entry.object("params").and_then(|params| params.object("arguments"));
    Ok(object([
        ("id", Value::from(id)),
        ("server", Value::from(said("server")?)),
        ("tool", if method == "tools/call" { Value::from(target) } else { Value::Null }),
        ("method", Value::from(method)),
        ("target", Value::from(target)),
        ("arguments", arguments.map_or_else(Value::new_object, from_object)),
        ("digest", Value::from(said("digest")?)),
    ]))
}

fn time(kept: &json::Value) -> Result<Value, Gap> {
    let unreadable = Gap::Unreadable("its time");
    let Some([millis, offset, zone]) = kept.as_array() else { return Err(unreadable) };
    let read = || {
        let millis = millis.as_number()?.as_i64()?;
        let (sign, clock) = offset.as_str()?.split_at_checked(1)?;
        let (hours, minutes) = clock.split_once(':')?;
        let seconds = hours.parse::<i32>().ok()?.checked_mul(3600)?;
        let seconds = seconds.checked_add(minutes.parse::<i32>().ok()?.checked_mul(60)?)?;
        let seconds = if sign == "-" { seconds.checked_neg()? } else { seconds };
        let place = TimeZone::fixed(Offset::from_seconds(seconds).ok()?);
        let moment = Moment::of(Timestamp::from_micros(millis.checked_mul(1000)?), &place);
        Some(moment.in_zone(zone.as_str()?))
    };
    read().ok_or(unreadable)
}

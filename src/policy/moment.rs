//! What time is it, the way rules read time?

use jiff::Zoned;
use jiff::tz::TimeZone;
use regorus::Value;

use super::input::object;
use crate::clock::Timestamp;

/// A moment in a zone, ready to be read by rules.
#[derive(Clone, Debug)]
pub struct Moment {
    second: i64,
    value: Value,
}

impl Moment {
    /// Breaks a time down in a zone. The zone comes from outside; nothing here asks for the time.
    pub fn of(time: Timestamp, zone: &TimeZone) -> Self {
        let instant = jiff::Timestamp::from_second(time.seconds()).unwrap_or_default();
        let local = instant.to_zoned(zone.clone());
        let value = object([
            ("now", text(local.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string())),
            ("unix_ms", Value::from(time.millis())),
            ("weekday", text(weekday(&local).to_owned())),
            ("hour", Value::from(i64::from(local.hour()))),
            ("minute", Value::from(i64::from(local.minute()))),
            ("date", text(local.date().to_string())),
            ("zone", text(zone.iana_name().unwrap_or("UTC").to_owned())),
        ]);
        Self { second: time.seconds(), value }
    }

    /// Another moment of the same second, without breaking the time down again.
    pub fn at(&self, time: Timestamp) -> Option<Self> {
        if time.seconds() != self.second {
            return None;
        }
        let mut value = self.value.clone();
        let place = value.as_object_mut().ok()?.get_mut(&Value::from("unix_ms"))?;
        *place = Value::from(time.millis());
        Some(Self { second: self.second, value })
    }

    pub(super) fn value(&self) -> Value {
        self.value.clone()
    }

    /// The same moment, its zone called by this name.
    pub(super) fn in_zone(mut self, name: &str) -> Value {
        if let Ok(members) = self.value.as_object_mut() {
            members.insert(Value::from("zone"), Value::from(name));
        }
        self.value
    }
}

fn text(text: String) -> Value {
    Value::String(text.into())
}

fn weekday(local: &Zoned) -> &'static str {
    match local.weekday() {
        jiff::civil::Weekday::Monday => "monday",
        jiff::civil::Weekday::Tuesday => "tuesday",
        jiff::civil::Weekday::Wednesday => "wednesday",
        jiff::civil::Weekday::Thursday => "thursday",
        jiff::civil::Weekday::Friday => "friday",
        jiff::civil::Weekday::Saturday => "saturday",
        jiff::civil::Weekday::Sunday => "sunday",
    }
}

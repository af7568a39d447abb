//! How heavy is a value, and is it heavier than that?

use regorus::Value;

/// What a value weighs besides its text.
pub(super) const ITEM: u64 = 24;

/// The bytes a value takes, each part as often as it is held, counted no further than a little past `most`. A part held
/// many times is there once, but whoever writes it out writes it every time.
pub(in crate::policy) fn weight(value: &Value, most: u64) -> u64 {
    let mut sum = ITEM;
    let mut add = |part: &Value| {
        sum = sum.saturating_add(weight(part, most.saturating_sub(sum)));
        sum <= most
    };
    match value {
        Value::String(text) => sum = sum.saturating_add(length(text)),
        Value::Array(items) => drop(items.iter().all(&mut add)),
        Value::Set(items) => drop(items.iter().all(&mut add)),
        Value::Object(members) => drop(members.iter().all(|(key, value)| add(key) && add(value))),
        Value::Number(number) if number.as_u64().is_none() && number.as_i64().is_none() => {
            // Writing out a number of many digits takes the square of their count.
            let bytes = number.as_big().map_or(0, |big| big.bits() / 8);
            sum = sum.saturating_add(bytes).saturating_add(bytes.saturating_mul(bytes) / 64);
        }
        _ => {}
    }
    sum
}

/// As a number of bytes.
pub(super) fn length(text: &str) -> u64 {
    count(text.len())
}

/// As the numbers prices are.
pub(super) fn count(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

//! What does one call of a builtin cost?
//!
//! The larger of what it makes and what it walks over, in bytes, rather too much than too little. Arguments that are not
//! what the builtin takes cost nothing: it refuses them itself.

use regorus::Value;

use super::MOST;
use super::weight::{ITEM, count, length, weight};

/// The price of a call with these arguments.
pub(super) type Cost = fn(&[Value]) -> u64;

/// A text among many: its own allocation.
const PIECE: u64 = 64;
/// How many bytes are compared while one step of another kind is made.
const COMPARED: u64 = 16;

/// Every builtin that has a price.
pub(super) const COSTS: &[(&str, Cost)] = &[
    ("array.concat", |of| items(of, 0).saturating_add(items(of, 1)).saturating_mul(ITEM)),
    ("array.reverse", |of| items(of, 0).saturating_mul(ITEM)),
    ("array.slice", |of| items(of, 0).saturating_mul(ITEM)),
    ("base64.decode", |of| long(of, 0)),
    ("base64.encode", |of| long(of, 0).saturating_mul(2)),
    ("base64url.decode", |of| long(of, 0)),
    ("base64url.encode", |of| long(of, 0).saturating_mul(2)),
    ("base64url.encode_no_pad", |of| long(of, 0).saturating_mul(2)),
    ("concat", concat),
    ("format_int", |of| heavy(of, 0)),
    ("glob.match", |of| long(of, 0).saturating_add(long(of, 2)).saturating_mul(items(of, 1).saturating_add(1))),
    ("glob.quote_meta", |of| long(of, 0).saturating_mul(2)),
    ("hex.decode", |of| long(of, 0)),
    ("hex.encode", |of| long(of, 0).saturating_mul(2)),
    ("indexof", |of| long(of, 0).saturating_mul(compared(long(of, 1)))),
    ("indexof_n", |of| long(of, 0).saturating_mul(compared(long(of, 1)).saturating_add(ITEM))),
    ("intersection", |of| heavy(of, 0)),
    ("json.filter", |of| heavy(of, 0).saturating_add(heavy(of, 1))),
    ("json.marshal", |of| written(of)),
    // A prefix stands before every line, and the indentation once for each depth.
    ("json.marshal_with_options", |of| written(of).saturating_mul(heavy(of, 1))),
    ("json.remove", |of| heavy(of, 0).saturating_add(heavy(of, 1))),
    ("json.unmarshal", unmarshal),
    ("lower", |of| long(of, 0).saturating_mul(3)),
    ("max", |of| heavy(of, 0) / COMPARED),
    ("min", |of| heavy(of, 0) / COMPARED),
    ("numbers.range", range),
    ("object.filter", |of| items(of, 0).saturating_mul(PIECE)),
    ("object.keys", |of| items(of, 0).saturating_mul(PIECE)),
    ("object.remove", |of| items(of, 0).saturating_mul(PIECE)),
    ("object.subset", |of| heavy(of, 0).saturating_add(heavy(of, 1)) / COMPARED),
    ("object.union", |of| heavy(of, 0).saturating_add(heavy(of, 1))),
    ("object.union_n", |of| heavy(of, 0)),
    // Each factor makes the product longer, and each step walks over all of it.
    ("product", |of| heavy(of, 0).saturating_mul(heavy(of, 0)) / ITEM),
    ("regex.find_all_string_submatch_n", |of| {
        let groups = text(of, 0).matches('(').count();
        pieces(of).saturating_mul(count(groups).saturating_add(2))
    }),
    ("regex.find_n", pieces),
    ("regex.replace", |of| {
        // What a match is replaced by may hold the whole match again, once for every two of its letters.
        let made = long(of, 0).saturating_add(1).saturating_mul(long(of, 2).saturating_add(1));
        looked(text(of, 1), long(of, 0)).saturating_add(made)
    }),
    ("regex.split", pieces),
    ("regex.template_match", |of| long(of, 0).saturating_add(1).saturating_mul(long(of, 1).saturating_add(PIECE))),
    ("replace", |of| replace(long(of, 0), text(of, 0), text(of, 1), text(of, 2))),
    ("sort", |of| {
        let comparisons = u64::from(items(of, 0).checked_ilog2().unwrap_or(0)).saturating_add(COMPARED);
        heavy(of, 0).saturating_mul(comparisons) / COMPARED
    }),
    ("split", |of| {
        let (long, at) = (long(of, 0), text(of, 1));
        // Finding out how many there are is only worth while when there may be many.
        if long.saturating_mul(PIECE) < CHEAP {
            return long.saturating_mul(PIECE);
        }
        matches(text(of, 0), at).saturating_mul(PIECE).saturating_add(long)
    }),
    ("sprintf", |of| long(of, 0).saturating_add(heavy(of, 1).saturating_mul(ESCAPED))),
    ("strings.any_prefix_match", |of| pairs(of)),
    ("strings.any_suffix_match", |of| pairs(of)),
    // Counting nothing at all ends the engine.
    ("strings.count", |of| match long(of, 1) {
        0 => u64::MAX,
        wanted => long(of, 0).saturating_mul(compared(wanted)),
    }),
    ("strings.replace_n", replace_n),
    ("strings.reverse", |of| long(of, 0)),
    ("substring", |of| long(of, 0)),
    ("trim", |of| long(of, 0).saturating_mul(compared(long(of, 1)))),
    ("trim_left", |of| long(of, 0).saturating_mul(compared(long(of, 1)))),
    ("trim_prefix", |of| long(of, 0)),
    ("trim_right", |of| long(of, 0).saturating_mul(compared(long(of, 1)))),
    ("trim_space", |of| long(of, 0)),
    ("trim_suffix", |of| long(of, 0)),
    ("union", |of| heavy(of, 0)),
    ("units.parse", |of| digits(of)),
    ("units.parse_bytes", |of| digits(of)),
    ("upper", |of| long(of, 0).saturating_mul(3)),
    ("urlquery.decode", |of| long(of, 0)),
    ("urlquery.decode_object", |of| long(of, 0).saturating_mul(PIECE)),
    ("urlquery.encode", |of| long(of, 0).saturating_mul(3)),
    ("urlquery.encode_object", |of| heavy(of, 0).saturating_mul(3)),
];

/// Below this nobody looks more closely.
const CHEAP: u64 = 16 << 10;
/// One character written as `\u0000`.
const ESCAPED: u64 = 6;
/// The longest text that is read as a number of units.
const DIGITS: u64 = 40;

fn text(of: &[Value], at: usize) -> &str {
    match of.get(at) {
        Some(Value::String(text)) => text,
        _ => "",
    }
}

fn long(of: &[Value], at: usize) -> u64 {
    length(text(of, at))
}

fn items(of: &[Value], at: usize) -> u64 {
    match of.get(at) {
        Some(Value::Array(items)) => count(items.len()),
        Some(Value::Set(items)) => count(items.len()),
        Some(Value::Object(members)) => count(members.len()),
        _ => 0,
    }
}

fn heavy(of: &[Value], at: usize) -> u64 {
    // What is compared costs less than what is made, so it may weigh more.
    of.get(at).map_or(0, |value| weight(value, MOST.saturating_mul(COMPARED)))
}

/// One step, and more when much is compared in it.
const fn compared(long: u64) -> u64 {
    (long / COMPARED).saturating_add(1)
}

fn matches(text: &str, wanted: &str) -> u64 {
    count(text.matches(wanted).count()).saturating_add(1)
}

fn replace(long: u64, of: &str, old: &str, new: &str) -> u64 {
    let most = long.saturating_add(1).saturating_mul(length(new));
    if most < CHEAP {
        return long.saturating_add(most);
    }
    matches(of, old).saturating_mul(length(new)).saturating_add(long)
}

/// Each replacement works on what the one before it made, so nothing but doing it says what there will be.
fn replace_n(of: &[Value]) -> u64 {
    let (mut made, mut cost) = (text(of, 1).to_owned(), 0_u64);
    if let Some(Value::Object(pairs)) = of.first() {
        for (old, new) in pairs.iter_sorted() {
            if let (Value::String(old), Value::String(new)) = (old, new) {
                cost = cost.saturating_add(replace(length(&made), &made, old, new));
                if cost > MOST {
                    break;
                }
                made = made.replace(&**old, new);
            }
        }
    }
    cost
}

fn concat(of: &[Value]) -> u64 {
    let between = items(of, 1).saturating_mul(long(of, 0));
    let held = |value: &Value| if let Value::String(text) = value { length(text) } else { 0 };
    let texts = match of.get(1) {
        Some(Value::Array(texts)) => texts.iter().map(held).fold(0, u64::saturating_add),
        Some(Value::Set(texts)) => texts.iter().map(held).fold(0, u64::saturating_add),
        _ => 0,
    };
    between.saturating_add(texts)
}

fn written(of: &[Value]) -> u64 {
    heavy(of, 0).saturating_mul(ESCAPED)
}

/// Few characters of JSON can be many values.
fn unmarshal(of: &[Value]) -> u64 {
    let values = text(of, 0).bytes().filter(|byte| b"[{,:".contains(byte)).count();
    count(values).saturating_mul(PIECE).saturating_add(long(of, 0))
}

fn range(of: &[Value]) -> u64 {
    let bound = |at: usize| if let Some(Value::Number(number)) = of.get(at) { number.as_i64() } else { None };
    bound(0).zip(bound(1)).map_or(0, |(from, to)| from.abs_diff(to).saturating_mul(ITEM))
}

/// Looking for every match looks at the rest of the text again for each, unless a match has an end.
fn looked(pattern: &str, long: u64) -> u64 {
    let endless = pattern.contains(['*', '+']) || pattern.contains(",}");
    if endless { long.saturating_mul(long) / 8 } else { long }
}

fn pieces(of: &[Value]) -> u64 {
    let long = long(of, 1);
    looked(text(of, 0), long).saturating_add(long.saturating_mul(PIECE))
}

fn pairs(of: &[Value]) -> u64 {
    let (searched, wanted) = (items(of, 0).max(1), items(of, 1).max(1));
    let shorter = heavy(of, 0).min(heavy(of, 1));
    searched.saturating_mul(wanted).saturating_add(searched.max(wanted).saturating_mul(shorter) / ITEM / COMPARED)
}

/// `1e999999999` is short, and a number of a thousand million digits.
fn digits(of: &[Value]) -> u64 {
    let text = text(of, 0);
    let exponent = text.rsplit(['e', 'E']).next().filter(|rest| rest.len() < text.len());
    let vast = exponent.is_some_and(|digits| digits.bytes().filter(u8::is_ascii_digit).count() > 3);
    if vast || length(text) > DIGITS { u64::MAX } else { 0 }
}

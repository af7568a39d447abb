//! How does a value fit into a header? Plain where it can, wrapped in base64 where it must.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;

use crate::wire::json::Value;

const OPEN: &str = "=?base64?";
const CLOSE: &str = "?=";

/// How strictly a wrapped value is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wrapping {
    /// Only a value that could not stand plainly may be wrapped.
    WhereNeeded,
    /// Anything may be wrapped. The official conformance suite wraps plain arguments and expects them to be read.
    Anywhere,
}

/// The header value that carries this text. None is not expected: everything fits once it is wrapped.
pub(super) fn encode(text: &str) -> Option<HeaderValue> {
    HeaderValue::from_str(&wrapped(text)).ok()
}

/// The text a header value carries; none when it is not written the one way it may be.
pub(super) fn decode(value: &str, wrapping: Wrapping) -> Option<Cow<'_, str>> {
    let Some(inner) = value.strip_prefix(OPEN).and_then(|rest| rest.strip_suffix(CLOSE)) else {
        return (wrapped(value) == value).then_some(Cow::Borrowed(value));
    };
    // The engine refuses a wrong alphabet, missing padding and bits left over, so one text has one base64 form.
    let text = String::from_utf8(STANDARD.decode(inner).ok()?).ok()?;
    if wrapping == Wrapping::WhereNeeded && wrapped(&text) != value {
        return None;
    }
    Some(Cow::Owned(text))
}

/// The text of an argument that may be mirrored: strings, whole numbers and truth values.
pub(super) fn text(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::String(text) => Some(Cow::Borrowed(text)),
        Value::Bool(value) => Some(Cow::Borrowed(if *value { "true" } else { "false" })),
        Value::Number(number) => Some(Cow::Borrowed(number.as_str())),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

fn wrapped(text: &str) -> Cow<'_, str> {
    let padded = text.starts_with([' ', '\t']) || text.ends_with([' ', '\t']);
    let plain = text.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    let looks_wrapped = text.starts_with(OPEN) && text.ends_with(CLOSE);
    if plain && !padded && !looks_wrapped {
        return Cow::Borrowed(text);
    }
    Cow::Owned(format!("{OPEN}{}{CLOSE}", STANDARD.encode(text)))
}

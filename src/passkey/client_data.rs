//! What did the browser say it was asked for, and by which page?

use super::encoded::Encoded;
use super::{PasskeyError, malformed};
use crate::wire::json::{Object, Value};
use crate::wire::reader::{Limits, strict};

/// Browsers write a few hundred bytes.
const LIMITS: Limits = Limits { bytes: 16 << 10, depth: 8, elements: 256, keys: 64, key_bytes: 256 };

/// What has to stand in it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted<'a> {
    /// `webauthn.create` or `webauthn.get`.
    pub(super) kind: &'static str,
    /// What was to be signed.
    pub(super) challenge: &'a [u8; 32],
    /// Where the page that asked has to be from.
    pub(super) origin: &'a str,
}

/// Whether what the browser wrote is what was wanted. Members nobody knows may be there, as the standard
/// demands, but none twice.
pub(super) fn check(bytes: &[u8], wanted: Wanted<'_>) -> Result<(), PasskeyError> {
    let value = strict(bytes, &LIMITS).map_err(|error| malformed(format!("clientDataJSON: {error}")))?;
    let Value::Object(data) = value else { return Err(malformed("clientDataJSON is no object")) };
    let kind = text(&data, "type")?;
    if kind != wanted.kind {
        return Err(PasskeyError::Kind(kind.chars().take(40).collect()));
    }
    let challenge =
        Encoded::read(text(&data, "challenge")?).map_err(|error| malformed(format!("challenge: {error}")))?;
    if challenge.bytes() != wanted.challenge {
        return Err(PasskeyError::Challenge);
    }
    match data.get("crossOrigin") {
        None | Some(Value::Bool(false)) if !data.contains("topOrigin") => {}
        None | Some(Value::Bool(_)) => return Err(PasskeyError::Framed),
        Some(_) => return Err(malformed("crossOrigin is neither true nor false")),
    }
    let origin = text(&data, "origin")?;
    if origin == wanted.origin { Ok(()) } else { Err(PasskeyError::Origin(origin.chars().take(200).collect())) }
}

fn text<'a>(data: &'a Object, name: &str) -> Result<&'a str, PasskeyError> {
    data.str(name).ok_or_else(|| malformed(format!("clientDataJSON has no text `{name}`")))
}

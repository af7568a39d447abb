//! What names a thing? The only place that hashes: SHA-256 over canonical JSON.
//!
//! Canonical JSON is RFC 8785 for the values a strict reader makes: members sorted by their UTF-16 code units, no
//! spaces, strings minimally escaped, numbers in the reader's one canonical form. Values a server sent keep their
//! numbers as written, so their digest names what was sent and not what it rounds to.

mod keyed;

pub use self::keyed::Naming;

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::wire::json::{Object, Value, write_string};

/// A SHA-256 digest.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Digest([u8; 32]);

/// A text that is no digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is no digest; one is written sha256: and 64 hex digits")]
pub struct NoDigest;

impl TryFrom<String> for Digest {
    type Error = NoDigest;

    fn try_from(text: String) -> Result<Self, NoDigest> {
        Self::parse(&text).ok_or(NoDigest)
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> Self {
        digest.to_string()
    }
}

impl Digest {
    /// Of plain bytes, under a tag that keeps different uses apart.
    pub fn of_bytes(tag: &str, bytes: &[u8]) -> Self {
        let mut hash = Sha256::new();
        hash.update(tag.as_bytes());
        hash.update([0]);
        hash.update(bytes);
        Self(hash.finalize().into())
    }

    /// Of a value's canonical form.
    pub fn of_value(tag: &str, value: &Value) -> Self {
        Self::of_bytes(tag, canonical(value).as_bytes())
    }

    /// Of an object's canonical form.
    pub fn of_object(tag: &str, object: &Object) -> Self {
        Self::of_bytes(tag, canonical_object(object).as_bytes())
    }

    /// One digest for two things in this order.
    #[must_use]
    pub fn with(&self, other: &Self) -> Self {
        let mut both = [0_u8; 64];
        for (place, byte) in both.iter_mut().zip(self.0.iter().chain(&other.0)) {
            *place = *byte;
        }
        Self::of_bytes("pair", &both)
    }

    /// The bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// A digest that was written down earlier: `sha256:` and 64 hex digits.
    pub fn parse(text: &str) -> Option<Self> {
        let hex = text.strip_prefix("sha256:")?;
        let mut bytes = [0_u8; 32];
        let plain = hex.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'));
        if hex.len() != 64 || !plain {
            return None;
        }
        for (place, pair) in bytes.iter_mut().zip(hex.as_bytes().chunks(2)) {
            let pair = std::str::from_utf8(pair).ok()?;
            *place = u8::from_str_radix(pair, 16).ok()?;
        }
        Some(Self(bytes))
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = String::with_capacity(71);
        out.push_str("sha256:");
        for byte in self.0 {
            push_hex(byte, &mut out);
        }
        f.write_str(&out)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Plain SHA-256 of a file that is read in pieces, as `sha256sum` prints it.
#[derive(Clone, Debug, Default)]
pub struct Running(Sha256);

impl Running {
    /// The next piece.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The bytes.
    pub fn bytes(self) -> [u8; 32] {
        self.0.finalize().into()
    }

    /// 64 hex digits.
    pub fn hex(self) -> String {
        hex(&self.0.finalize())
    }
}

/// Plain SHA-256, where a format of others asks for it.
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// Two lower-case hex digits for every byte.
pub fn hex(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len().saturating_mul(2));
    for byte in bytes {
        push_hex(*byte, &mut out);
    }
    out
}

/// The bytes behind 64 lower-case hex digits.
pub fn unhex(text: &str) -> Option<[u8; 32]> {
    Digest::parse(&format!("sha256:{text}")).map(|digest| digest.0)
}

/// Two lower-case hex digits.
pub fn push_hex(byte: u8, out: &mut String) {
    for nibble in [byte >> 4, byte & 0x0f] {
        out.push(char::from_digit(u32::from(nibble), 16).unwrap_or('0'));
    }
}

/// The canonical form of a value.
pub fn canonical(value: &Value) -> String {
    let mut out = String::with_capacity(256);
    write_value(value, &mut out);
    out
}

fn write_value(value: &Value, out: &mut String) {
    match value {
        Value::Array(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                write_value(item, out);
            }
            out.push(']');
        }
        Value::Object(object) => write_object(object, out),
        other => other.write(out),
    }
}

fn write_object(object: &Object, out: &mut String) {
    let mut members: Vec<_> = object.iter().collect();
    members.sort_by(|(a, _), (b, _)| a.encode_utf16().cmp(b.encode_utf16()));
    out.push('{');
    for (at, (key, value)) in members.into_iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        write_string(key, out);
        out.push(':');
        write_value(value, out);
    }
    out.push('}');
}

/// The canonical form of an object.
fn canonical_object(object: &Object) -> String {
    let mut out = String::with_capacity(256);
    write_object(object, &mut out);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object;

    #[test]
    fn members_are_sorted_by_utf16_and_order_does_not_matter() {
        let one = Value::from(object! { "b" => 1_i64, "a" => object! { "\u{1F600}" => true, "\u{FB33}" => false } });
        let two = Value::from(object! { "a" => object! { "\u{FB33}" => false, "\u{1F600}" => true }, "b" => 1_i64 });
        assert_eq!(canonical(&one), "{\"a\":{\"\u{1F600}\":true,\"\u{FB33}\":false},\"b\":1}");
        assert_eq!(Digest::of_value("t", &one), Digest::of_value("t", &two));
        assert_ne!(Digest::of_value("t", &one), Digest::of_value("u", &one));
    }

    #[test]
    fn a_written_digest_is_read_back() {
        let digest = Digest::of_bytes("t", b"x");
        assert_eq!(Digest::parse(&digest.to_string()), Some(digest));
        assert_eq!(Digest::parse("sha256:12"), None);
        for other in ["+f", "0F"] {
            assert_eq!(
                Digest::parse(&format!("sha256:{other}{}", "0".repeat(62))),
                None,
                "one digest is written one way"
            );
        }
    }
}

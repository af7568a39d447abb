//! What exactly does somebody sign?

use std::fmt;

use serde::{Deserialize, Serialize};

use super::encoded::{Encoded, NotEncoded, encode};
use crate::approval::vote::Word;
use crate::call::CallId;
use crate::digest::{self, Digest, canonical};
use crate::object;
use crate::policy::finding::grant::GrantTerms;
use crate::wire::json::{Object, Value};

/// One answer to one call.
#[derive(Clone, Copy, Debug)]
pub struct Signed<'a> {
    /// The call.
    pub call: &'a CallId,
    /// What the person was shown.
    pub digest: Digest,
    /// What they say.
    pub word: Word,
    /// Why.
    pub reason: Option<&'a str>,
    /// How far a yes reaches beyond the call.
    pub bounds: Option<&'a GrantTerms>,
}

/// Bytes of chance that make one signing unlike every other.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Nonce([u8; 32]);

/// What an authenticator signs for an answer.
pub fn challenge(nonce: &Nonce, signed: &Signed<'_>) -> [u8; 32] {
    let bounds = signed.bounds.map_or(Value::Null, |bounds| {
        let free: Value = bounds.free.iter().map(|place| Value::from(place.to_string())).collect();
        Value::from(object! { "for" => bounds.period.to_string(), "free" => free, "uses" => i64::from(bounds.uses) })
    });
    of(object! {
        "schema" => "countersign/vote/1",
        "nonce" => nonce.to_string(),
        "call" => signed.call.as_str(),
        "digest" => signed.digest.to_string(),
        "word" => signed.word.text(),
        "reason" => signed.reason.map_or(Value::Null, Value::from),
        "bounds" => bounds,
    })
}

/// What it signs when somebody signs in.
pub fn sign_in(nonce: &Nonce) -> [u8; 32] {
    of(object! { "schema" => "countersign/sign-in/1", "nonce" => nonce.to_string() })
}

/// What the browser repeats when a passkey is made for an account.
pub fn enrolment(nonce: &Nonce, account: &str) -> [u8; 32] {
    of(object! { "schema" => "countersign/passkey/1", "nonce" => nonce.to_string(), "account" => account })
}

fn of(object: Object) -> [u8; 32] {
    digest::sha256(canonical(&Value::Object(object)).as_bytes())
}

impl From<[u8; 32]> for Nonce {
    fn from(chance: [u8; 32]) -> Self {
        Self(chance)
    }
}

impl TryFrom<String> for Nonce {
    type Error = NotEncoded;

    fn try_from(text: String) -> Result<Self, NotEncoded> {
        let bytes = Encoded::read(&text)?;
        bytes.bytes().try_into().map(Self).map_err(|_| NotEncoded)
    }
}

impl From<Nonce> for String {
    fn from(nonce: Nonce) -> Self {
        nonce.to_string()
    }
}

impl fmt::Display for Nonce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&encode(&self.0))
    }
}

impl fmt::Debug for Nonce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

//! Does this bearer token prove what it says?
//!
//! The token is taken apart by our own strict reader, so that it means one thing only, and judged by the time that is
//! handed in. jsonwebtoken does the signatures. What is cheap is checked first: nobody is asked for keys, and no
//! signature is computed, for a token that would be refused anyway.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::crypto::rust_crypto;
use jsonwebtoken::{Algorithm, DecodingKey};

use super::challenge::Reason;
use super::key_set::accepted;
use crate::clock::Timestamp;
use crate::wire::json::{Object, Value};
use crate::wire::reader::{self, Limits};

/// Longer tokens are refused unread: what comes with each request is in a header.
pub const MAX_BYTES: usize = 8 << 10;
/// The same for what an issuer hands over itself, which may list all groups of a person.
pub const MAX_HANDED_BYTES: usize = 64 << 10;

const LIMITS: Limits = Limits { bytes: MAX_HANDED_BYTES, depth: 16, elements: 4000, keys: 500, key_bytes: 256 };

/// A token taken apart. Nothing in it is believed until [`Token::is_signed_by`] said so.
#[expect(missing_debug_implementations, reason = "a token is a secret while it lasts")]
pub struct Token<'a> {
    /// How it says it was signed.
    pub algorithm: Algorithm,
    /// Which key it says signed it.
    pub kid: Option<String>,
    /// What it says.
    pub claims: Object,
    message: &'a [u8],
    signature: Vec<u8>,
}

/// What a token must name, and when.
#[derive(Debug)]
pub struct Demands<'a> {
    /// Whether this audience is the gateway.
    pub audience: &'a dyn IsUs,
    /// Seconds the issuer's clock may be off.
    pub skew: i64,
    /// Now.
    pub now: Timestamp,
}

/// Tells our own name from others.
pub trait IsUs: std::fmt::Debug + Sync {
    /// Whether this audience is the gateway.
    fn is_us(&self, audience: &str) -> bool;
}

impl<'a> Token<'a> {
    /// Takes apart a token that came with a request.
    pub fn read(text: &'a str) -> Result<Self, Reason> {
        Self::read_within(text, MAX_BYTES)
    }

    /// Takes a token of at most so many bytes apart.
    pub(super) fn read_within(text: &'a str, bytes: usize) -> Result<Self, Reason> {
        if text.len() > bytes {
            return Err(Reason::TooLarge);
        }
        let (message, signature) = text.rsplit_once('.').ok_or(Reason::Malformed)?;
        let (head, body) = message.split_once('.').ok_or(Reason::Malformed)?;
        let head = object(head)?;
        let algorithm = head.str("alg").and_then(accepted).ok_or(Reason::Algorithm)?;
        // `crit` lists what must be understood; we understand no extension, so any list is one too many.
        if head.contains("crit") || !head.get("typ").is_none_or(is_access_token) {
            return Err(Reason::Kind);
        }
        let kid = match head.get("kid") {
            None => None,
            Some(Value::String(kid)) if kid.len() <= 512 => Some(kid.clone()),
            Some(_) => return Err(Reason::Malformed),
        };
        let signature = base64url(signature).ok_or(Reason::Malformed)?;
        Ok(Self { algorithm, kid, claims: object(body)?, message: message.as_bytes(), signature })
    }

    /// Who says they signed it.
    pub fn issuer(&self) -> Result<&str, Reason> {
        self.claims.str("iss").ok_or(Reason::Issuer)
    }

    /// Checks audience and times; yields the second after which the token is worth nothing.
    pub fn check(&self, demands: &Demands<'_>) -> Result<i64, Reason> {
        let named = match self.claims.get("aud") {
            Some(Value::String(audience)) => demands.audience.is_us(audience),
            Some(Value::Array(list)) => {
                list.iter().any(|item| item.as_str().is_some_and(|name| demands.audience.is_us(name)))
            }
            _ => false,
        };
        if !named {
            return Err(Reason::Audience);
        }
        // Presented as a bearer token, a bound one may be stolen: its proof is not here to be checked.
        if self.claims.contains("cnf") {
            return Err(Reason::Bound);
        }
        let now = demands.now.seconds();
        let latest = now.saturating_add(demands.skew);
        for from in ["nbf", "iat"] {
            if self.claims.contains(from) && self.seconds(from)? > latest {
                return Err(Reason::NotYet);
            }
        }
        let expires = self.seconds("exp")?.saturating_add(demands.skew);
        if now < expires { Ok(expires) } else { Err(Reason::Expired) }
    }

    /// Whether this key signed it.
    pub fn is_signed_by(&self, key: &DecodingKey) -> bool {
        let verifier = (rust_crypto::DEFAULT_PROVIDER.verifier_factory)(&self.algorithm, key);
        verifier.is_ok_and(|verifier| verifier.verify(self.message, &self.signature).is_ok())
    }

    /// Whole seconds of a time claim; a fraction is cut off.
    fn seconds(&self, name: &str) -> Result<i64, Reason> {
        let number = self.claims.get(name).and_then(|value| value.as_number()).ok_or(Reason::Malformed)?;
        let whole = number.as_str().split('.').next().unwrap_or_default();
        whole.parse().map_err(|_| Reason::Malformed)
    }
}

fn is_access_token(typ: &Value) -> bool {
    let Some(typ) = typ.as_str() else { return false };
    let typ = typ.to_ascii_lowercase();
    matches!(typ.strip_prefix("application/").unwrap_or(&typ), "jwt" | "at+jwt")
}

fn object(part: &str) -> Result<Object, Reason> {
    let bytes = base64url(part).ok_or(Reason::Malformed)?;
    match reader::strict(&bytes, &LIMITS) {
        Ok(Value::Object(object)) => Ok(object),
        _ => Err(Reason::Malformed),
    }
}

pub(super) fn base64url(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

#[cfg(test)]
mod tests;

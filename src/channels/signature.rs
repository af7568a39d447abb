//! Is this webhook from whom it says, and is it the one that was sent?
//!
//! Standard Webhooks 1.0.0. The signed text is id, time and body with full stops between; so an id that holds one is refused.
//! `v1` is an HMAC with a shared secret (`whsec_`), `v1a` an Ed25519 signature (`whsk_` signs, `whpk_` checks): with it a receiver
//! holds nothing by which anybody could sign, so it is the one to prefer. Several keys sign side by side while one takes the
//! other's place, and a message is believed if one signature holds. Comparison takes the same time whatever differs.

use std::fmt;

use base64::Engine as _;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use ring::hmac;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};

use crate::clock::Timestamp;
use crate::secret::Secret;

/// The headers.
pub const ID: &str = "webhook-id";
/// When this attempt was made.
pub const TIME: &str = "webhook-timestamp";
/// What shows who sent it.
pub const SIGNATURE: &str = "webhook-signature";
/// A message of another time is not believed: it could be somebody's who has kept it.
pub const TOLERANCE_SECONDS: i64 = 300;
/// More signatures than this are not looked at.
const MOST_SIGNATURES: usize = 16;

/// Keys are written with and without the signs at their end that say nothing.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Something that signs.
#[derive(Clone)]
pub enum Signer {
    /// A shared secret.
    Shared(hmac::Key),
    /// A key of which receivers know the public half.
    Own(std::sync::Arc<Ed25519KeyPair>),
}

/// Something that checks.
#[derive(Clone)]
pub enum Checker {
    /// A shared secret. Whoever can check can sign.
    Shared(hmac::Key),
    /// The public half of the sender's key.
    Theirs(Vec<u8>),
}

/// What the headers of a message say of it.
#[derive(Clone, Copy, Debug)]
pub struct Claimed<'a> {
    /// `webhook-id`.
    pub id: &'a str,
    /// `webhook-timestamp`.
    pub time: &'a str,
    /// `webhook-signature`.
    pub signatures: &'a str,
}

/// A key that is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadKey {
    /// It begins like nothing we know.
    #[error("a key of Standard Webhooks begins with `whsec_`, `whsk_` or `whpk_`")]
    Form,
    /// What follows is not base64.
    #[error("what follows the `_` is not base64")]
    Base64,
    /// A shared secret has another length.
    #[error("a shared secret (`whsec_`) has 24 to 64 bytes")]
    SecretLength,
    /// A key has another length.
    #[error("an Ed25519 key has 32 bytes, or 64 with its public half, and the halves belong together")]
    KeyLength,
    /// It cannot sign.
    #[error("a public key (`whpk_`) cannot sign; give the one that begins with `whsk_`")]
    Public,
    /// It has no business at a receiver.
    #[error("a signing key (`whsk_`) is nobody's to check with; give the one that begins with `whpk_`")]
    Private,
}

/// Why a message is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unbelievable {
    /// A header is missing.
    #[error("one of the headers webhook-id, webhook-timestamp and webhook-signature is missing, or there twice")]
    Missing,
    /// The id has a full stop, or is none.
    #[error("a webhook-id is 1 to 256 visible characters without a full stop")]
    Id,
    /// It is not of now.
    #[error("the message is from another time than now, by more than five minutes")]
    Time,
    /// No signature holds.
    #[error("no signature of it holds; check the key at both ends, and sign the bytes exactly as they are sent")]
    Signature,
}

impl<'a> Claimed<'a> {
    /// As the headers say it, each of them once.
    pub fn of(headers: &'a http::HeaderMap) -> Result<Self, Unbelievable> {
        let one = |name: &str| {
            let mut all = headers.get_all(name).iter();
            match (all.next().and_then(|value| value.to_str().ok()), all.next()) {
                (Some(value), None) => Ok(value),
                _ => Err(Unbelievable::Missing),
            }
        };
        Ok(Self { id: one(ID)?, time: one(TIME)?, signatures: one(SIGNATURE)? })
    }
}

impl Signer {
    /// From its text.
    pub fn read(key: &Secret) -> Result<Self, BadKey> {
        let (kind, bytes) = decoded(key.expose())?;
        match kind {
            "whsec" => Ok(Self::Shared(shared(&bytes)?)),
            "whsk" => pair(&bytes).map(|pair| Self::Own(std::sync::Arc::new(pair))),
            _ => Err(BadKey::Public),
        }
    }

    /// The signature of a message, with its scheme before it.
    pub fn sign(&self, id: &str, at: Timestamp, body: &[u8]) -> String {
        let text = signed(id, &at.seconds().to_string(), body);
        match self {
            Self::Shared(key) => format!("v1,{}", STANDARD.encode(hmac::sign(key, &text))),
            Self::Own(pair) => format!("v1a,{}", STANDARD.encode(pair.sign(&text))),
        }
    }

    /// What receivers check with, where they may know it.
    pub fn public(&self) -> Option<String> {
        match self {
            Self::Shared(_) => None,
            Self::Own(pair) => Some(format!("whpk_{}", STANDARD.encode(pair.public_key()))),
        }
    }
}

impl Checker {
    /// From its text.
    pub fn read(key: &Secret) -> Result<Self, BadKey> {
        let (kind, bytes) = decoded(key.expose())?;
        match kind {
            "whsec" => Ok(Self::Shared(shared(&bytes)?)),
            "whpk" if bytes.len() == 32 => Ok(Self::Theirs(bytes.to_vec())),
            "whpk" => Err(BadKey::KeyLength),
            _ => Err(BadKey::Private),
        }
    }

    /// Whether a message is from whoever holds the key, and from now.
    pub fn check(
        &self,
        Claimed { id, time, signatures }: Claimed<'_>,
        body: &[u8],
        now: Timestamp,
    ) -> Result<(), Unbelievable> {
        if id.is_empty() || id.len() > 256 || id.contains('.') || !id.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Unbelievable::Id);
        }
        let at: i64 = time.parse().map_err(|_| Unbelievable::Time)?;
        if now.seconds().saturating_sub(at).saturating_abs() > TOLERANCE_SECONDS {
            return Err(Unbelievable::Time);
        }
        let text = signed(id, time, body);
        let holds = |signature: &str| {
            let Some((scheme, given)) = signature.split_once(',') else { return false };
            let Ok(given) = STANDARD.decode(given) else { return false };
            match (self, scheme) {
                (Self::Shared(key), "v1") => hmac::verify(key, &text, &given).is_ok(),
                (Self::Theirs(key), "v1a") => UnparsedPublicKey::new(&ED25519, key).verify(&text, &given).is_ok(),
                _ => false,
            }
        };
        if signatures.split(' ').take(MOST_SIGNATURES).any(holds) { Ok(()) } else { Err(Unbelievable::Signature) }
    }
}

fn signed(id: &str, time: &str, body: &[u8]) -> Vec<u8> {
    [id.as_bytes(), b".", time.as_bytes(), b".", body].concat()
}

fn decoded(text: &str) -> Result<(&str, zeroize::Zeroizing<Vec<u8>>), BadKey> {
    let (kind, rest) =
        text.split_once('_').filter(|(kind, _)| matches!(*kind, "whsec" | "whsk" | "whpk")).ok_or(BadKey::Form)?;
    let bytes = LENIENT.decode(rest).map_err(|_| BadKey::Base64)?;
    Ok((kind, bytes.into()))
}

fn shared(bytes: &[u8]) -> Result<hmac::Key, BadKey> {
    if (24..=64).contains(&bytes.len()) {
        Ok(hmac::Key::new(hmac::HMAC_SHA256, bytes))
    } else {
        Err(BadKey::SecretLength)
    }
}

fn pair(bytes: &[u8]) -> Result<Ed25519KeyPair, BadKey> {
    let pair = match bytes.len() {
        32 => Ed25519KeyPair::from_seed_unchecked(bytes),
        64 => {
            let (seed, public) = bytes.split_at(32);
            Ed25519KeyPair::from_seed_and_public_key(seed, public)
        }
        _ => return Err(BadKey::KeyLength),
    };
    pair.map_err(|_| BadKey::KeyLength)
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if matches!(self, Self::Shared(_)) { "Signer::Shared" } else { "Signer::Own" })
    }
}

impl fmt::Debug for Checker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if matches!(self, Self::Shared(_)) { "Checker::Shared" } else { "Checker::Theirs" })
    }
}

#[cfg(test)]
mod tests;

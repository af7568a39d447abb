//! With which key is a signature checked?
//!
//! Written as one text: `es256:` and the point's x and y, `ed25519:` and the key, or `rs256:` and modulus, a dot and
//! exponent; each in base64url without padding.

use std::borrow::Cow;
use std::fmt;

use ciborium::Value;
use ring::signature::{
    ECDSA_P256_SHA256_ASN1, ED25519, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey,
};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::authenticator_data::member;
use super::encoded::{Encoded, encode};
use super::{PasskeyError, malformed};

/// The public key of a passkey.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PublicKey(Kind);

#[derive(Clone, PartialEq, Eq)]
enum Kind {
    /// The point, x before y.
    Es256([u8; 64]),
    Ed25519([u8; 32]),
    /// Modulus and exponent, without zeros before them.
    Rs256(Vec<u8>, Vec<u8>),
}

/// A text that is no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is no public key of a passkey; one is written es256:, ed25519: or rs256: and base64url")]
pub struct NoKey;

/// The numbers COSE has for the kinds of signatures, in the order they are liked.
pub(super) const ALGORITHMS: [i64; 3] = [-7, -8, -257];
/// The lengths of an RSA modulus in bytes: 2048 to 8192 bits.
const MODULUS: std::ops::RangeInclusive<usize> = 256..=1024;
/// Exponents are 3 or 65537 everywhere; ring takes up to 33 bits.
const EXPONENT: std::ops::RangeInclusive<usize> = 1..=5;

impl PublicKey {
    /// From a COSE key, every part of which is what its algorithm says.
    pub(super) fn of(cose: &Value) -> Result<Self, PasskeyError> {
        let number = |name: i64| member(cose, &Value::from(name)).and_then(Value::as_integer).map(i128::from);
        let (kind, algorithm) = (number(1), number(3));
        let algorithm = algorithm.ok_or_else(|| malformed("the key does not say its algorithm"))?;
        let bytes = |name: i64| member(cose, &Value::from(name)).and_then(Value::as_bytes).cloned().unwrap_or_default();
        let whole = |wanted: (i128, i128)| kind == Some(wanted.0) && number(-1) == Some(wanted.1);
        let key = match algorithm {
            -7 if whole((2, 1)) => point(&bytes(-2), &bytes(-3)),
            -8 if whole((1, 6)) => bytes(-2).try_into().ok().map(Kind::Ed25519),
            -257 if kind == Some(3) => rsa(bytes(-1), bytes(-2)),
            -7 | -8 | -257 => None,
            other => return Err(PasskeyError::Algorithm(other.to_string())),
        };
        key.map(Self).ok_or_else(|| malformed("the key is not what its algorithm says"))
    }

    /// Whether it signed this.
    pub(super) fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), PasskeyError> {
        let checked = match &self.0 {
            Kind::Es256(point) => {
                let whole: Vec<u8> = std::iter::once(4).chain(point.iter().copied()).collect();
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, whole).verify(message, signature)
            }
            Kind::Ed25519(key) => UnparsedPublicKey::new(&ED25519, key).verify(message, signature),
            Kind::Rs256(n, e) => {
                RsaPublicKeyComponents { n, e }.verify(&RSA_PKCS1_2048_8192_SHA256, message, signature)
            }
        };
        checked.map_err(|_| PasskeyError::Signature)
    }

    /// A key that was written down.
    pub fn read(text: &str) -> Option<Self> {
        let (kind, rest) = text.split_once(':')?;
        let bytes = |text: &str| Encoded::read(text).ok().map(|encoded| encoded.bytes().to_vec());
        let key = match kind {
            "es256" => bytes(rest)?.try_into().ok().map(Kind::Es256),
            "ed25519" => bytes(rest)?.try_into().ok().map(Kind::Ed25519),
            "rs256" => {
                let (n, e) = rest.split_once('.')?;
                rsa(bytes(n)?, bytes(e)?)
            }
            _ => None,
        };
        key.map(Self)
    }
}

fn point(x: &[u8], y: &[u8]) -> Option<Kind> {
    let (32, 32) = (x.len(), y.len()) else { return None };
    [x, y].concat().try_into().ok().map(Kind::Es256)
}

fn rsa(n: Vec<u8>, e: Vec<u8>) -> Option<Kind> {
    let fits = MODULUS.contains(&n.len()) && EXPONENT.contains(&e.len());
    // One key is written one way.
    let plain = n.first() != Some(&0) && e.first() != Some(&0);
    (fits && plain).then_some(Kind::Rs256(n, e))
}

impl TryFrom<String> for PublicKey {
    type Error = NoKey;

    fn try_from(text: String) -> Result<Self, NoKey> {
        Self::read(&text).ok_or(NoKey)
    }
}

impl From<PublicKey> for String {
    fn from(key: PublicKey) -> Self {
        key.to_string()
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Es256(point) => write!(f, "es256:{}", encode(point)),
            Kind::Ed25519(key) => write!(f, "ed25519:{}", encode(key)),
            Kind::Rs256(n, e) => write!(f, "rs256:{}.{}", encode(n), encode(e)),
        }
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl JsonSchema for PublicKey {
    fn schema_name() -> Cow<'static, str> {
        "PublicKey".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^(es256|ed25519|rs256):[A-Za-z0-9_.-]+$" })
    }
}

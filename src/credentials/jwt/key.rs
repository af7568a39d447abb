//! How does one of the gateway's keys sign, and how do others check it? ES256, as RFC 7515 and RFC 7517 write it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::keys::KeysFault;
use crate::clock::Timestamp;
use crate::digest::sha256;
use crate::secret::Secret;
use crate::store::token_keys::KeptTokenKey;

/// A coordinate of the curve.
const COORDINATE: usize = 32;

/// One key that signs tokens.
pub struct Key {
    id: String,
    place: i64,
    starts: Timestamp,
    pair: EcdsaKeyPair,
    coordinates: (String, String),
}

impl Key {
    /// A new one for this place.
    pub(super) fn make(place: i64, starts: Timestamp) -> Result<KeptTokenKey, KeysFault> {
        let made = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new());
        let private = Zeroizing::new(made.map_err(|_| KeysFault::Chance)?.as_ref().to_vec());
        let id = named(&pair(&private)?)?.0;
        Ok(KeptTokenKey { id, place, starts, private })
    }

    /// One that was kept.
    pub(super) fn open(kept: &KeptTokenKey) -> Result<Self, KeysFault> {
        let pair = pair(&kept.private)?;
        let (id, coordinates) = named(&pair)?;
        if id != kept.id {
            return Err(KeysFault::Broken);
        }
        Ok(Self { id, place: kept.place, starts: kept.starts, pair, coordinates })
    }

    /// Names it: its thumbprint after RFC 7638.
    pub fn id(&self) -> &str {
        &self.id
    }

    pub(super) const fn place(&self) -> i64 {
        self.place
    }

    pub(super) const fn starts(&self) -> Timestamp {
        self.starts
    }

    /// What others check with.
    pub fn public(&self) -> Value {
        let (x, y) = &self.coordinates;
        json!({ "kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": self.id, "x": x, "y": y })
    }

    /// A token that says this.
    pub fn sign(&self, claims: &Value) -> Result<Secret, KeysFault> {
        let head = json!({ "alg": "ES256", "typ": "JWT", "kid": self.id });
        let text = format!("{}.{}", BASE64.encode(head.to_string()), BASE64.encode(claims.to_string()));
        let signed = self.pair.sign(&SystemRandom::new(), text.as_bytes()).map_err(|_| KeysFault::Chance)?;
        Ok(Secret::new(format!("{text}.{}", BASE64.encode(signed))))
    }
}

fn pair(private: &[u8]) -> Result<EcdsaKeyPair, KeysFault> {
    EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, private, &SystemRandom::new())
        .map_err(|_| KeysFault::Broken)
}

/// The name of a key, and where its point is. The members of the thumbprint stand in the order of their names.
fn named(pair: &EcdsaKeyPair) -> Result<(String, (String, String)), KeysFault> {
    let point = pair.public_key().as_ref().strip_prefix(&[4]).ok_or(KeysFault::Broken)?;
    let (x, y) = point.split_at_checked(COORDINATE).ok_or(KeysFault::Broken)?;
    let (x, y) = (BASE64.encode(x), BASE64.encode(y));
    let text = format!("{{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"{x}\",\"y\":\"{y}\"}}");
    Ok((BASE64.encode(sha256(text.as_bytes())), (x, y)))
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Key").field("id", &self.id).field("place", &self.place).finish_non_exhaustive()
    }
}

//! Which keys does an issuer sign with?

use jsonwebtoken::{Algorithm, DecodingKey};

use crate::wire::json::Object;
use crate::wire::reader::{self, Limits};

/// Keys in one set; more is not a set of signing keys.
const MAX_KEYS: usize = 100;
/// Keys tried for one token.
const MAX_TRIED: usize = 4;

const LIMITS: Limits = Limits { bytes: 1 << 20, depth: 16, elements: 50_000, keys: 1000, key_bytes: 256 };

/// An issuer's public keys, those that can verify signatures we accept.
#[derive(Debug, Default)]
pub struct KeySet(Vec<SigningKey>);

#[derive(Debug)]
struct SigningKey {
    kid: Option<String>,
    /// The one algorithm it is for, when the set says so.
    only: Option<Algorithm>,
    family: Family,
    key: DecodingKey,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Family {
    Rsa,
    P256,
    P384,
    Ed25519,
}

/// The document is not a key set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the answer is not a JSON Web Key Set with a list of keys")]
pub struct NotAKeySet;

impl KeySet {
    /// Reads a JSON Web Key Set. Keys that are secret, weak, for encryption or of an unknown kind are left out.
    pub fn read(text: &[u8]) -> Result<Self, NotAKeySet> {
        let document = reader::strict(text, &LIMITS).map_err(|_| NotAKeySet)?;
        let keys = document.get("keys").and_then(|keys| keys.as_array()).ok_or(NotAKeySet)?;
        let usable = keys.iter().take(MAX_KEYS).filter_map(|key| key.as_object().and_then(SigningKey::read));
        Ok(Self(usable.collect()))
    }

    /// The keys a token with this header may have been signed with. Without a name in the token there must be no
    /// choice: guessing among keys would let one key stand for another.
    pub fn candidates(&self, kid: Option<&str>, algorithm: Algorithm) -> Vec<DecodingKey> {
        let fits = self.0.iter().filter(|key| key.signs(algorithm));
        let found: Vec<_> = match kid {
            Some(kid) => fits.filter(|key| key.kid.as_deref() == Some(kid)).take(MAX_TRIED).collect(),
            None => fits.collect(),
        };
        if kid.is_none() && found.len() != 1 {
            return Vec::new();
        }
        found.into_iter().map(|key| key.key.clone()).collect()
    }

    /// How many keys can be used.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether no key can be used.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl SigningKey {
    fn read(key: &Object) -> Option<Self> {
        if key.get("use").is_some_and(|purpose| purpose.as_str() != Some("sig")) {
            return None;
        }
        if let Some(operations) = key.get("key_ops") {
            operations.as_array()?.iter().find(|operation| operation.as_str() == Some("verify"))?;
        }
        let only = match key.get("alg") {
            Some(name) => Some(accepted(name.as_str()?)?),
            None => None,
        };
        let (family, decoding) = match (key.str("kty")?, key.str("crv")) {
            ("RSA", _) => (Family::Rsa, rsa(key)?),
            ("EC", Some("P-256")) => (Family::P256, curve(key, 32)?),
            ("EC", Some("P-384")) => (Family::P384, curve(key, 48)?),
            ("OKP", Some("Ed25519")) => (Family::Ed25519, edwards(key)?),
            _ => return None,
        };
        if only.is_some_and(|algorithm| family_of(algorithm) != Some(family)) {
            return None;
        }
        let kid = key.get("kid").and_then(|kid| kid.as_str()).map(str::to_owned);
        Some(Self { kid, only, family, key: decoding })
    }

    fn signs(&self, algorithm: Algorithm) -> bool {
        family_of(algorithm) == Some(self.family) && self.only.is_none_or(|only| only == algorithm)
    }
}

/// The algorithm by its name in a token or key, when it is one we accept: never `none`, never a shared secret.
pub fn accepted(name: &str) -> Option<Algorithm> {
    Some(match name {
        "RS256" => Algorithm::RS256,
        "RS384" => Algorithm::RS384,
        "RS512" => Algorithm::RS512,
        "PS256" => Algorithm::PS256,
        "PS384" => Algorithm::PS384,
        "PS512" => Algorithm::PS512,
        "ES256" => Algorithm::ES256,
        "ES384" => Algorithm::ES384,
        "EdDSA" | "Ed25519" => Algorithm::EdDSA,
        _ => return None,
    })
}

const fn family_of(algorithm: Algorithm) -> Option<Family> {
    Some(match algorithm {
        Algorithm::RS256
        | Algorithm::RS384
        | Algorithm::RS512
        | Algorithm::PS256
        | Algorithm::PS384
        | Algorithm::PS512 => Family::Rsa,
        Algorithm::ES256 => Family::P256,
        Algorithm::ES384 => Family::P384,
        Algorithm::EdDSA => Family::Ed25519,
        _ => return None,
    })
}

fn rsa(key: &Object) -> Option<DecodingKey> {
    let (modulus, exponent) = (bytes(key, "n")?, bytes(key, "e")?);
    let bits = modulus.iter().skip_while(|byte| **byte == 0).count().saturating_mul(8);
    // Below 2048 bits a signature proves too little, above 4096 the verifier refuses.
    (2048..=4096).contains(&bits).then(|| DecodingKey::from_rsa_raw_components(&modulus, &exponent))
}

fn curve(key: &Object, size: usize) -> Option<DecodingKey> {
    let sized = bytes(key, "x")?.len() == size && bytes(key, "y")?.len() == size;
    sized.then(|| DecodingKey::from_ec_components(key.str("x")?, key.str("y")?).ok()).flatten()
}

fn edwards(key: &Object) -> Option<DecodingKey> {
    // The length is checked here because the verifier of jsonwebtoken 11 panics on a shorter one.
    let public = bytes(key, "x")?;
    (public.len() == 32).then(|| DecodingKey::from_ed_der(&public))
}

fn bytes(key: &Object, name: &str) -> Option<Vec<u8>> {
    super::jwt::base64url(key.str(name)?)
}

#[cfg(test)]
mod tests;

//! Signs tokens, good and bad.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::Signer as _;
use jsonwebtoken::{Algorithm, EncodingKey};
use rsa::pkcs1::EncodeRsaPrivateKey as _;
use rsa::rand_core::OsRng;
use rsa::traits::PublicKeyParts as _;
use serde_json::{Value, json};

/// One for all tests: making it takes a while.
static RSA: LazyLock<rsa::RsaPrivateKey> = LazyLock::new(|| rsa::RsaPrivateKey::new(&mut OsRng, 2048).unwrap());

/// A key an issuer signs with.
pub(crate) enum Key {
    Rsa,
    P256(p256::ecdsa::SigningKey),
    Ed25519(ed25519_dalek::SigningKey),
}

impl Key {
    pub(crate) fn p256() -> Self {
        Self::P256(p256::ecdsa::SigningKey::random(&mut OsRng))
    }

    pub(crate) fn ed25519() -> Self {
        Self::Ed25519(ed25519_dalek::SigningKey::from_bytes(&countersign::clock::chance().unwrap()))
    }

    /// The public part, as an issuer publishes it.
    pub(crate) fn jwk(&self, kid: &str) -> Value {
        match self {
            Self::Rsa => {
                json!({ "kty": "RSA", "kid": kid, "use": "sig", "e": b64(&RSA.e().to_bytes_be()), "n": b64(&RSA.n().to_bytes_be()) })
            }
            Self::P256(key) => {
                let point = key.verifying_key().to_encoded_point(false);
                json!({ "kty": "EC", "crv": "P-256", "kid": kid, "x": b64(point.x().unwrap()), "y": b64(point.y().unwrap()) })
            }
            Self::Ed25519(key) => {
                json!({ "kty": "OKP", "crv": "Ed25519", "kid": kid, "x": b64(key.verifying_key().as_bytes()) })
            }
        }
    }

    /// A token signed by this key, in the usual way for it.
    pub(crate) fn token(&self, kid: &str, claims: &Value) -> String {
        let algorithm = match self {
            Self::Rsa => "RS256",
            Self::P256(_) => "ES256",
            Self::Ed25519(_) => "EdDSA",
        };
        self.sign(&json!({ "alg": algorithm, "kid": kid, "typ": "at+jwt" }), claims)
    }

    /// A token with any header, signed by this key.
    pub(crate) fn sign(&self, head: &Value, claims: &Value) -> String {
        let message = message(head, claims);
        let signature = match self {
            Self::Rsa => {
                let key = EncodingKey::from_rsa_der(RSA.to_pkcs1_der().unwrap().as_bytes());
                let pss = head["alg"].as_str().is_some_and(|name| name.starts_with("PS"));
                let algorithm = if pss { Algorithm::PS256 } else { Algorithm::RS256 };
                jsonwebtoken::crypto::sign(message.as_bytes(), &key, algorithm).unwrap()
            }
            Self::P256(key) => {
                let signature: p256::ecdsa::Signature = key.sign(message.as_bytes());
                b64(&signature.to_bytes())
            }
            Self::Ed25519(key) => b64(&key.sign(message.as_bytes()).to_bytes()),
        };
        format!("{message}.{signature}")
    }
}

/// A token signed with HMAC under any secret.
pub(crate) fn hmac(head: &Value, claims: &Value, secret: &[u8]) -> String {
    let message = message(head, claims);
    let key = EncodingKey::from_secret(secret);
    let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &key, Algorithm::HS256).unwrap();
    format!("{message}.{signature}")
}

/// The public RSA key in the two forms an attacker would try as a secret.
pub(crate) fn public_rsa_forms() -> [Vec<u8>; 2] {
    let der = rsa::pkcs1::EncodeRsaPublicKey::to_pkcs1_der(&RSA.to_public_key()).unwrap();
    [RSA.n().to_bytes_be(), der.as_bytes().to_vec()]
}

/// A token nobody signed.
pub(crate) fn unsigned(head: &Value, claims: &Value) -> String {
    format!("{}.", message(head, claims))
}

fn message(head: &Value, claims: &Value) -> String {
    format!("{}.{}", b64(head.to_string().as_bytes()), b64(claims.to_string().as_bytes()))
}

fn b64(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

//! An authenticator and a browser that do what they are told, also what they must not.

use ciborium::Value as Cbor;
use ed25519_dalek::Signer as _;
use jsonwebtoken::{Algorithm, EncodingKey};
use rsa::pkcs1::EncodeRsaPrivateKey as _;
use rsa::traits::PublicKeyParts as _;
use serde_json::{Value, json};
use std::sync::LazyLock;

use crate::digest::sha256;
use crate::passkey::encoded::encode;
use crate::passkey::{Assertion, Nonce, PublicKey, Signed, Site, Used, challenge};

/// Making one takes a while.
static RSA: LazyLock<rsa::RsaPrivateKey> =
    LazyLock::new(|| rsa::RsaPrivateKey::new(&mut rsa::rand_core::OsRng, 2048).unwrap());

pub(crate) enum Key {
    Es256(p256::ecdsa::SigningKey),
    Ed25519(ed25519_dalek::SigningKey),
    Rs256,
}

/// One passkey, and the page it is used at.
pub(crate) struct Authenticator {
    pub(crate) key: Key,
    pub(crate) id: Vec<u8>,
    pub(crate) rp_id: String,
    pub(crate) origin: String,
    pub(crate) flags: u8,
    pub(crate) counter: u32,
    /// Told in the client data besides what is usual.
    pub(crate) also: Value,
}

/// The site of these tests.
pub(crate) fn site() -> Site {
    Site::at(&"https://gw.example.com".parse().unwrap()).unwrap()
}

impl Authenticator {
    /// One with its own key.
    pub(crate) fn es256(number: u8) -> Self {
        Self::with(Key::Es256(p256::ecdsa::SigningKey::from_slice(&[number; 32]).unwrap()), number)
    }

    pub(crate) fn ed25519(number: u8) -> Self {
        Self::with(Key::Ed25519(ed25519_dalek::SigningKey::from_bytes(&[number; 32])), number)
    }

    pub(crate) fn rs256(number: u8) -> Self {
        Self::with(Key::Rs256, number)
    }

    fn with(key: Key, number: u8) -> Self {
        let (rp_id, origin) = ("gw.example.com".to_owned(), "https://gw.example.com".to_owned());
        let also = json!({ "crossOrigin": false, "other_keys_can_be_added_here": "do not compare" });
        Self { key, id: vec![number; 32], rp_id, origin, flags: 0x05, counter: 0, also }
    }

    /// Its key, in the form of COSE.
    pub(crate) fn cose(&self) -> Vec<(Cbor, Cbor)> {
        let members = match &self.key {
            Key::Es256(key) => {
                let point = key.verifying_key().to_encoded_point(false);
                let (x, y) = (point.x().unwrap().to_vec(), point.y().unwrap().to_vec());
                vec![(1, 2.into()), (3, (-7).into()), (-1, 1.into()), (-2, x.into()), (-3, y.into())]
            }
            Key::Ed25519(key) => {
                let x = key.verifying_key().as_bytes().to_vec();
                vec![(1, 1.into()), (3, (-8).into()), (-1, 6.into()), (-2, x.into())]
            }
            Key::Rs256 => {
                let (n, e) = (RSA.n().to_bytes_be(), RSA.e().to_bytes_be());
                vec![(1, 3.into()), (3, (-257).into()), (-1, n.into()), (-2, e.into())]
            }
        };
        members.into_iter().map(|(name, value): (i64, Cbor)| (name.into(), value)).collect()
    }

    pub(crate) fn public_key(&self) -> PublicKey {
        PublicKey::of(&Cbor::Map(self.cose())).unwrap()
    }

    /// What the browser signs for a challenge.
    pub(crate) fn client_data(&self, kind: &str, challenge: &str) -> String {
        let mut data = json!({ "type": kind, "challenge": challenge, "origin": self.origin });
        data.as_object_mut().unwrap().extend(self.also.as_object().unwrap().clone());
        data.to_string()
    }

    /// What the authenticator says of itself.
    pub(crate) fn data(&self) -> Vec<u8> {
        [&sha256(self.rp_id.as_bytes())[..], &[self.flags], &self.counter.to_be_bytes()].concat()
    }

    /// The same with the key it made.
    pub(crate) fn data_with(&self, cose: Vec<(Cbor, Cbor)>) -> Vec<u8> {
        let mut data = self.data();
        data[32] |= 0x40;
        let length = u16::try_from(self.id.len()).unwrap().to_be_bytes();
        data.extend([&[0; 16][..], &length, &self.id].concat());
        data.extend(cbor(&Cbor::Map(cose)));
        data
    }

    pub(crate) fn signature(&self, message: &[u8]) -> Vec<u8> {
        match &self.key {
            Key::Es256(key) => {
                let signature: p256::ecdsa::Signature = key.sign(message);
                signature.to_der().as_bytes().to_vec()
            }
            Key::Ed25519(key) => key.sign(message).to_bytes().to_vec(),
            Key::Rs256 => {
                let key = EncodingKey::from_rsa_der(RSA.to_pkcs1_der().unwrap().as_bytes());
                let text = jsonwebtoken::crypto::sign(message, &key, Algorithm::RS256).unwrap();
                super::Encoded::read(&text).unwrap().bytes().to_vec()
            }
        }
    }

    /// What the browser sends when it is told to make a passkey.
    pub(crate) fn create(&self, options: &Value) -> Value {
        self.created(options["challenge"].as_str().unwrap(), &attested(self.data_with(self.cose())))
    }

    pub(crate) fn created(&self, challenge: &str, attestation: &[u8]) -> Value {
        let client_data = self.client_data("webauthn.create", challenge);
        json!({
            "id": encode(&self.id), "rawId": encode(&self.id), "type": "public-key",
            "authenticatorAttachment": "platform", "clientExtensionResults": {},
            "response": {
                "clientDataJSON": encode(client_data.as_bytes()),
                "attestationObject": encode(attestation),
                "transports": ["internal"],
            },
        })
    }

    /// What it sends when it is told to use one.
    pub(crate) fn get(&self, options: &Value) -> Value {
        self.got(&self.client_data("webauthn.get", options["challenge"].as_str().unwrap()), &self.data())
    }

    pub(crate) fn got(&self, client_data: &str, data: &[u8]) -> Value {
        let signature = self.signature(&[data, &sha256(client_data.as_bytes())].concat());
        json!({
            "id": encode(&self.id), "rawId": encode(&self.id), "type": "public-key",
            "authenticatorAttachment": "platform", "clientExtensionResults": {},
            "response": {
                "clientDataJSON": encode(client_data.as_bytes()),
                "authenticatorData": encode(data),
                "signature": encode(&signature),
                "userHandle": null,
            },
        })
    }

    /// What is kept of an answer it signed.
    pub(crate) fn signs(&self, signed: &Signed<'_>) -> Assertion {
        let nonce = Nonce::from([7; 32]);
        let options = site().request([encode(&self.id).as_str()], &challenge(&nonce, signed));
        self.kept(&self.get(&options), nonce)
    }

    pub(crate) fn kept(&self, used: &Value, nonce: Nonce) -> Assertion {
        let used = Used::read(used.to_string().as_bytes()).unwrap();
        site().assertion(&used, &self.public_key(), nonce).unwrap()
    }
}

pub(crate) fn cbor(value: &Cbor) -> Vec<u8> {
    let mut bytes = Vec::new();
    ciborium::into_writer(value, &mut bytes).unwrap();
    bytes
}

/// An attestation object that attests nothing.
pub(crate) fn attested(data: Vec<u8>) -> Vec<u8> {
    cbor(&Cbor::Map(vec![
        ("fmt".into(), "none".into()),
        ("attStmt".into(), Cbor::Map(vec![])),
        ("authData".into(), data.into()),
    ]))
}

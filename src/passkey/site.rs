//! As which site do authenticators know this gateway, and what are browsers told?
//!
//! What goes to the browser is the JSON that `PublicKeyCredential.parseCreationOptionsFromJSON` and
//! `parseRequestOptionsFromJSON` read; what comes back is what `credential.toJSON()` makes.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use url::{Host, Url};

use super::assertion::Assertion;
use super::encoded::{Encoded, encode};
use super::public_key::{ALGORITHMS, PublicKey};
use super::registration::Registration;
use super::signed::{Nonce, enrolment};
use super::{PasskeyError, malformed};
use crate::digest;
use crate::wire::reader::{Limits, strict};

/// How long a browser lets somebody take, in milliseconds.
const PATIENCE: u32 = 300_000;
/// What comes back from a browser is a few kilobytes.
const LIMITS: Limits = Limits { bytes: 64 << 10, depth: 16, elements: 1024, keys: 256, key_bytes: 256 };

/// This gateway, as a site that passkeys belong to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    rp_id: String,
    origin: String,
}

/// An address at which browsers let nobody have a passkey.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoSite {
    /// It has no name.
    #[error("{0} has no name, and passkeys belong to names; set http.public_url to an https address with a name")]
    Nameless(Url),
    /// Anybody on the way can change its pages.
    #[error("{0} is not https, and away from localhost browsers have no passkeys for it; set http.public_url")]
    Plain(Url),
}

/// Whom a passkey is made for.
#[derive(Clone, Copy, Debug)]
pub struct Person<'a> {
    /// The account.
    pub account: &'a str,
    /// What the authenticator shows of it.
    pub name: &'a str,
}

/// A credential that a browser says was made.
#[derive(Clone, Debug, Deserialize)]
pub struct Created {
    id: Encoded,
    #[serde(rename = "type")]
    kind: String,
    response: Attested,
}

#[derive(Clone, Debug, Deserialize)]
struct Attested {
    #[serde(rename = "clientDataJSON")]
    client_data_json: Encoded,
    #[serde(rename = "attestationObject")]
    attestation_object: Encoded,
}

/// A credential that a browser says was used.
#[derive(Clone, Debug, Deserialize)]
pub struct Used {
    id: Encoded,
    #[serde(rename = "type")]
    kind: String,
    response: Asserted,
}

#[derive(Clone, Debug, Deserialize)]
struct Asserted {
    #[serde(rename = "clientDataJSON")]
    client_data_json: Encoded,
    #[serde(rename = "authenticatorData")]
    authenticator_data: Encoded,
    signature: Encoded,
}

impl Site {
    /// The site at this address. Loopback addresses are the site `localhost`, which has to be visited under that name.
    pub fn at(url: &Url) -> Result<Self, NoSite> {
        let loopback = match url.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        };
        let name = match url.host() {
            _ if loopback => "localhost",
            Some(Host::Domain(name)) => name,
            _ => return Err(NoSite::Nameless(url.clone())),
        };
        if url.scheme() != "https" && !(loopback && url.scheme() == "http") {
            return Err(NoSite::Plain(url.clone()));
        }
        let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
        Ok(Self { rp_id: name.to_owned(), origin: format!("{}://{name}{port}", url.scheme()) })
    }

    /// The name passkeys belong to.
    pub fn rp_id(&self) -> &str {
        &self.rp_id
    }

    /// The only origin at which a page may use them.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// What `navigator.credentials.create` is told: a passkey for this person, on no authenticator that has one of these.
    pub fn creation<'k>(&self, who: Person<'_>, known: impl IntoIterator<Item = &'k str>, nonce: &Nonce) -> Value {
        let parameters: Vec<Value> = ALGORITHMS.map(|alg| json!({ "type": "public-key", "alg": alg })).into();
        json!({
            "rp": { "id": self.rp_id, "name": "Countersign" },
            // Equal for one account, so that an authenticator replaces and does not add; and it says nothing to who reads it.
            "user": {
                "id": encode(&digest::sha256(who.account.as_bytes())),
                "name": who.account,
                "displayName": who.name,
            },
            "challenge": encode(&enrolment(nonce, who.account)),
            "pubKeyCredParams": parameters,
            "timeout": PATIENCE,
            "excludeCredentials": named(known),
            "authenticatorSelection": { "residentKey": "preferred", "userVerification": "required" },
            "attestation": "none",
        })
    }

    /// What `navigator.credentials.get` is told: sign this with one of these; with any, where there are none.
    pub fn request<'k>(&self, known: impl IntoIterator<Item = &'k str>, challenge: &[u8; 32]) -> Value {
        json!({
            "challenge": encode(challenge),
            "timeout": PATIENCE,
            "rpId": self.rp_id,
            "allowCredentials": named(known),
            "userVerification": "required",
        })
    }

    /// The passkey that was made for an account, if this is what came of [`Site::creation`].
    pub fn enrol(&self, created: &Created, account: &str, nonce: &Nonce) -> Result<Registration, PasskeyError> {
        let Created { id, kind, response: Attested { client_data_json, attestation_object } } = created;
        is_public_key(kind)?;
        let both = (client_data_json.bytes(), attestation_object.bytes());
        let made = Registration::of(both, (&self.rp_id, &self.origin), &enrolment(nonce, account))?;
        if made.credential_id == *id { Ok(made) } else { Err(malformed("it has two names")) }
    }

    /// What was signed with a passkey whose key this is, to be checked against what should have been: for an answer with
    /// [`Assertion::verify`], for signing in with [`Assertion::is_over`]. The page's address is checked here.
    pub fn assertion(&self, used: &Used, public_key: &PublicKey, nonce: Nonce) -> Result<Assertion, PasskeyError> {
        is_public_key(&used.kind)?;
        let Asserted { client_data_json, authenticator_data, signature } = used.response.clone();
        Ok(Assertion {
            credential_id: used.id.clone(),
            public_key: public_key.clone(),
            authenticator_data,
            client_data_json,
            signature,
            nonce,
            origin: self.origin.clone(),
            rp_id: self.rp_id.clone(),
        })
    }
}

impl Created {
    /// Reads what the browser sent.
    pub fn read(bytes: &[u8]) -> Result<Self, PasskeyError> {
        read(bytes)
    }
}

impl Used {
    /// Reads what the browser sent.
    pub fn read(bytes: &[u8]) -> Result<Self, PasskeyError> {
        read(bytes)
    }

    /// Names the credential, as it is kept.
    pub fn credential_id(&self) -> String {
        self.id.to_string()
    }
}

/// Browsers add members as they please, but none twice.
fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, PasskeyError> {
    let value = strict(bytes, &LIMITS).map_err(|error| malformed(error.to_string()))?;
    let value = serde_json::to_value(&value).map_err(|error| malformed(error.to_string()))?;
    serde_json::from_value(value).map_err(|error| malformed(error.to_string()))
}

fn named<'k>(known: impl IntoIterator<Item = &'k str>) -> Vec<Value> {
    known.into_iter().map(|id| json!({ "type": "public-key", "id": id })).collect()
}

fn is_public_key(kind: &str) -> Result<(), PasskeyError> {
    if kind == "public-key" { Ok(()) } else { Err(malformed("it is no public key")) }
}

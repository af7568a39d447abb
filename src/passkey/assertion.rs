//! What did the holder of a passkey sign?

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::PasskeyError;
use super::authenticator_data::AuthenticatorData;
use super::client_data::{self, Wanted};
use super::encoded::Encoded;
use super::public_key::PublicKey;
use super::signed::{Nonce, Signed, challenge};
use crate::digest;

/// A signature, with all it takes to check it. It is made by a [`Site`](super::Site), which knows its own addresses, or read
/// from where it was kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Assertion {
    /// The name of the credential. Nothing signed says it.
    pub(super) credential_id: Encoded,
    /// What the signature is checked with.
    pub(super) public_key: PublicKey,
    /// What the authenticator said.
    pub(super) authenticator_data: Encoded,
    /// What the browser said.
    pub(super) client_data_json: Encoded,
    /// The authenticator's signature over both.
    pub(super) signature: Encoded,
    /// The chance in what was signed.
    #[schemars(with = "Encoded")]
    pub(super) nonce: Nonce,
    /// The page that asked.
    pub(super) origin: String,
    /// The site the passkey belongs to.
    pub(super) rp_id: String,
}

impl Assertion {
    /// Whether it is this answer that was signed.
    pub fn verify(&self, signed: &Signed<'_>) -> Result<(), PasskeyError> {
        self.is_over(&challenge(&self.nonce, signed))
    }

    /// Whether it is this challenge that was signed.
    pub fn is_over(&self, challenge: &[u8; 32]) -> Result<(), PasskeyError> {
        let client_data = self.client_data_json.bytes();
        client_data::check(client_data, Wanted { kind: "webauthn.get", challenge, origin: &self.origin })?;
        let data = self.authenticator_data.bytes();
        AuthenticatorData::read(data)?.check(&self.rp_id)?;
        let message = [data, &digest::sha256(client_data)].concat();
        self.public_key.verify(&message, self.signature.bytes())
    }

    /// Names the credential, as it is kept.
    pub fn credential_id(&self) -> String {
        self.credential_id.to_string()
    }

    /// What the signature is checked with.
    pub const fn public_key(&self) -> &PublicKey {
        &self.public_key
    }

    /// The chance in what was signed.
    pub const fn nonce(&self) -> Nonce {
        self.nonce
    }

    /// How often the authenticator says it has signed; 0 where it does not count.
    pub fn counter(&self) -> Result<u32, PasskeyError> {
        AuthenticatorData::read(self.authenticator_data.bytes()).map(|data| data.counter)
    }
}

/// Whether a counter went on. One that stands still or goes back is a second authenticator's, but for those that never count.
pub const fn went_on(known: u32, seen: u32) -> Result<(), PasskeyError> {
    if seen > known || (seen == 0 && known == 0) { Ok(()) } else { Err(PasskeyError::Cloned) }
}

//! Which key did an authenticator make for this account?

use ciborium::Value;

use super::PasskeyError;
use super::authenticator_data::{AuthenticatorData, cbor, member};
use super::client_data::{self, Wanted};
use super::encoded::Encoded;
use super::malformed;
use super::public_key::PublicKey;

/// A passkey that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registration {
    /// The name of the credential.
    pub credential_id: Encoded,
    /// What its signatures are checked with.
    pub public_key: PublicKey,
    /// How often it has signed; 0 where it does not count.
    pub counter: u32,
}

impl Registration {
    /// What the browser gave, if it is what was asked for. The statement about the make of the authenticator is not looked
    /// at, whatever it is.
    pub(super) fn of(
        (client_data_json, attestation_object): (&[u8], &[u8]),
        (rp_id, origin): (&str, &str),
        challenge: &[u8; 32],
    ) -> Result<Self, PasskeyError> {
        client_data::check(client_data_json, Wanted { kind: "webauthn.create", challenge, origin })?;
        let mut rest = attestation_object;
        let whole = cbor(&mut rest)?;
        if !rest.is_empty() {
            return Err(malformed("something follows the attestation object"));
        }
        let part = |name: &str| member(&whole, &Value::from(name));
        let (Some(Value::Text(_)), Some(Value::Map(_))) = (part("fmt"), part("attStmt")) else {
            return Err(malformed("the attestation object lacks `fmt` or `attStmt`"));
        };
        let data = part("authData").and_then(Value::as_bytes);
        let data = AuthenticatorData::read(data.ok_or_else(|| malformed("the attestation object lacks `authData`"))?)?;
        data.check(rp_id)?;
        let (id, key) = data.credential.ok_or_else(|| malformed("the authenticator made no credential"))?;
        Ok(Self { credential_id: id.into(), public_key: PublicKey::of(&key)?, counter: data.counter })
    }
}

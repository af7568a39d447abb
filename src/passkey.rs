//! Did the person who holds this passkey sign exactly this?
//!
//! The side of `WebAuthn` (levels 2 and 3) that relies on what an authenticator signed, over `ring` and `ciborium`. It is our
//! own because the known crate for it needs OpenSSL, and because it chooses challenges itself and keeps them secret. Ours
//! commit to what is signed, so that whoever has a stored [`Assertion`] can check it years later without us.
//!
//! # What is signed
//!
//! A challenge is the plain SHA-256 of an object in canonical JSON (RFC 8785, UTF-8): members sorted, no spaces. `nonce` is
//! the base64url form, without padding, of 32 bytes of chance. For an answer to a call that is
//!
//! ```json
//! {"bounds":{"for":"15m","free":["/limit"],"uses":5},"call":"019a…","digest":"sha256:…","nonce":"…","reason":"checked","schema":"countersign/vote/1","word":"yes"}
//! ```
//!
//! where `digest` names what the person was shown ([`Approval::summary`](crate::approval::Approval::summary)), `word` is `yes`,
//! `no` or `break_glass`, and `bounds` (of a grant) and `reason` are `null` where there is none. To check an assertion: work
//! out that digest; it is the `challenge` of `client_data_json`; `authenticator_data` begins with the SHA-256 of `rp_id` and
//! has the bits 0x01 (somebody was there) and 0x04 (it was checked who) in its 33rd byte; and `signature` is made with
//! `public_key` over `authenticator_data` followed by the SHA-256 of `client_data_json`.
//!
//! Signing in and enrolling have challenges of the same kind under other schemas (`countersign/sign-in/1` with `nonce`,
//! `countersign/passkey/1` with `account` and `nonce`), so that none of the three is ever taken for another.
//!
//! # What is not claimed
//!
//! Attestation is not looked at: which make an authenticator is says nothing about who holds it. An assertion says which key
//! signed; whose key that is says the store (`store/passkeys.rs`), and `credential_id` is signed by nobody. An answer that
//! is sent again says the same about the same call again, which changes nothing.
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

mod assertion;
mod authenticator_data;
mod client_data;
mod encoded;
mod public_key;
mod registration;
mod signed;
mod site;

pub use assertion::{Assertion, went_on};
pub use encoded::{Encoded, NotEncoded};
pub use public_key::{NoKey, PublicKey};
pub use registration::Registration;
pub use signed::{Nonce, Signed, challenge, enrolment, sign_in};
pub use site::{Created, NoSite, Person, Site, Used};

/// Why a passkey proves nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasskeyError {
    /// It cannot be read.
    #[error("what the browser sent of the passkey cannot be read: {0}; try again, or use another browser")]
    Malformed(String),
    /// It was made for something else.
    #[error("the browser says this is `{0}`, and something else was asked for; begin again")]
    Kind(String),
    /// It is about something else.
    #[error("the passkey signed something else than this, or an earlier form of it; look at it again and sign again")]
    Challenge,
    /// Another page asked for it.
    #[error("the passkey was used at {0}, which is not this gateway; go to the gateway's own address")]
    Origin(String),
    /// A page inside another one asked for it.
    #[error("the passkey was used inside a page of somebody else; open the gateway in a tab of its own")]
    Framed,
    /// It belongs to another site.
    #[error("the passkey belongs to another site than this gateway; use the one that was made here")]
    Site,
    /// Nobody was there.
    #[error("nobody touched the passkey; sign again, and touch it")]
    Absent,
    /// Whoever was there may be anybody.
    #[error("the passkey did not check who uses it; use one that asks for a PIN, a finger or a face")]
    Unverified,
    /// Signatures of this kind cannot be checked here.
    #[error("keys of this passkey's kind ({0}) cannot be checked here; use one that has ES256, Ed25519 or RS256")]
    Algorithm(String),
    /// Somebody else signed, or something was changed.
    #[error("the signature of the passkey does not hold; sign again")]
    Signature,
    /// There may be two of it.
    #[error("the passkey counts backwards, as a copy of it would; remove it, and enrol another one")]
    Cloned,
    /// It came too late, or a second time.
    #[error("this took too long, or was done already; begin again")]
    Late,
    /// One account has no more.
    #[error("you have as many passkeys as one may have; remove one first")]
    TooMany,
    /// Nobody can have one here.
    #[error(transparent)]
    NoSite(#[from] NoSite),
    /// Nobody knows it.
    #[error("this passkey is not enrolled for this account, or not any more; use another one, or enrol it")]
    Unknown,
}

fn malformed(why: impl Into<String>) -> PasskeyError {
    PasskeyError::Malformed(why.into())
}

#[cfg(test)]
pub(crate) mod tests;

//! Who makes credentials, and who takes them back?
//!
//! The contract every provider keeps: `plan` looks at nothing but its arguments and says what would be made, or why nothing
//! fits; `mint` makes exactly that and no more; `revoke` may be called again and again, also for what was perhaps never
//! made, and says done only when nobody can use it any more.

use super::material::Material;
use super::wanted::Wanted;
use crate::call::CallId;
use crate::clock::Timestamp;
use crate::digest::Digest;
use crate::secret::Secret;

/// What a provider is asked to make.
#[derive(Clone, Copy, Debug)]
pub struct Order<'a> {
    /// Names the lease; chosen before it is made, so that what is made can carry the name.
    pub lease: &'a str,
    /// What exactly.
    pub wanted: &'a Wanted,
    /// For what and whom.
    pub bearer: &'a Bearer,
    /// Now.
    pub now: Timestamp,
    /// When it must be worth nothing.
    pub expires: Timestamp,
}

/// The call a credential is for, and who asks for it.
#[derive(Clone)]
pub struct Bearer {
    /// Names the call.
    pub call: CallId,
    /// The action digest of the call.
    pub digest: Digest,
    /// Who asks.
    pub principal: String,
    /// The software acting, when proven.
    pub agent: Option<String>,
    /// The person behind it, when proven.
    pub person: Option<String>,
    /// The configured name of the server.
    pub server: String,
    /// What is asked of it: the tool.
    pub target: String,
    /// The token the caller came with, when it came with one.
    pub token: Option<Secret>,
}

/// What a provider made.
#[expect(missing_debug_implementations, reason = "it holds a secret")]
pub struct Minted {
    /// The credential.
    pub material: Material,
    /// What the provider takes it back by. Never a secret.
    pub handle: Option<String>,
    /// When it ends by itself, at the latest.
    pub expires: Timestamp,
    /// What it may be used for, where the provider says so.
    pub scope: Option<String>,
}

/// Why there is no credential. None of the texts holds a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotMinted {
    /// Nothing was made, and asking again does not help.
    #[error("{0}")]
    Refused(String),
    /// Nothing was made; later it may be.
    #[error("{0}")]
    Unavailable(String),
    /// Something was perhaps made, and nobody here knows it. It is taken back, or waited out.
    #[error("{0}")]
    Unsure(String),
}

/// What was made, for whoever takes it back.
#[derive(Clone, Copy, Debug)]
pub struct Gone<'a> {
    /// Names the lease.
    pub lease: &'a str,
    /// What the provider gave for it, if its answer came.
    pub handle: Option<&'a str>,
}

/// What taking back came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Revoked {
    /// Nobody can use it any more.
    Now,
    /// It cannot be taken back; it ends by itself.
    ByItself,
    /// It stays, as it was there before.
    Stays,
}

/// It was not taken back. The text holds no secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NotRevoked(pub String);

impl std::fmt::Debug for Bearer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Bearer").field("call", &self.call).field("principal", &self.principal).finish_non_exhaustive()
    }
}

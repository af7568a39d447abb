//! Did the right people agree to exactly this, and has nobody used it yet?

use crate::digest::Digest;

/// Proof that people agreed to the call this digest names, and that it was claimed for being performed now. Only
/// approval makes one. Not `Clone`: it is used once.
///
/// ```compile_fail
/// let digest = countersign::digest::Digest::of_bytes("call", b"");
/// let forged = countersign::approval::consent::Consent { digest };
/// ```
///
/// ```compile_fail
/// fn copy(consent: &countersign::approval::consent::Consent) -> countersign::approval::consent::Consent {
///     consent.clone()
/// }
/// ```
#[derive(Debug)]
pub struct Consent {
    digest: Digest,
}

impl Consent {
    pub(in crate::approval) const fn new(digest: Digest) -> Self {
        Self { digest }
    }

    /// The call people agreed to.
    pub const fn digest(&self) -> Digest {
        self.digest
    }
}

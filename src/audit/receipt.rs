//! Is the intention written down? Proof that the record of a call is durable.

use crate::digest::Digest;

/// Proof that the intention to perform the call this digest names is in the book. Not `Clone`; performing consumes it.
#[derive(Debug)]
pub struct Receipt {
    digest: Digest,
}

impl Receipt {
    /// Only whoever committed the entry may say so.
    pub(crate) const fn new(digest: Digest) -> Self {
        Self { digest }
    }

    /// The call whose record is durable.
    pub const fn digest(&self) -> Digest {
        self.digest
    }
}

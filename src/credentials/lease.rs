//! What does a call have while it runs? Its credentials, for this call alone; performing it consumes them.

use std::sync::Arc;

use super::placing::Placed;
use super::scrub::Scrub;
use crate::clock::{NoChance, Timestamp, chance};
use crate::digest::{Digest, hex};

/// Everything that was made for one call. Not `Clone`; performing consumes it.
///
/// ```compile_fail
/// fn copy(lease: &countersign::credentials::lease::Lease) -> countersign::credentials::lease::Lease {
///     lease.clone()
/// }
/// ```
#[expect(missing_debug_implementations, reason = "it holds secrets")]
pub struct Lease {
    digest: Digest,
    placed: Placed,
    scrub: Arc<Scrub>,
}

impl Lease {
    /// Only whoever wrote it into the book of leases makes one.
    pub(super) const fn new(digest: Digest, placed: Placed, scrub: Arc<Scrub>) -> Self {
        Self { digest, placed, scrub }
    }

    /// The call it is for.
    pub const fn digest(&self) -> Digest {
        self.digest
    }

    /// Where it goes.
    pub const fn placed(&self) -> &Placed {
        &self.placed
    }

    /// What is taken out of everything that comes back.
    pub const fn scrub(&self) -> &Arc<Scrub> {
        &self.scrub
    }
}

/// A name for a lease: ordered by time, and nobody guesses it.
pub fn name(now: Timestamp) -> Result<String, NoChance> {
    let drawn = chance::<8>()?;
    Ok(format!("{:012x}{}", now.millis() & 0xffff_ffff_ffff, hex(&drawn)))
}

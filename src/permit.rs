//! So it may: the one value that lets a call reach a server.

use crate::approval::consent::Consent;
use crate::call::Call;
use crate::policy::decision::{Grant, Held};

/// Permission to perform one call, once. Not `Clone`; performing consumes it.
///
/// ```compile_fail
/// fn twice(permit: countersign::permit::Permit) {
///     drop(permit);
///     drop(permit);
/// }
/// ```
///
/// ```compile_fail
/// fn copy(permit: &countersign::permit::Permit) -> countersign::permit::Permit {
///     permit.clone()
/// }
/// ```
#[derive(Debug)]
pub struct Permit {
    call: Call,
}

impl Permit {
    /// From a grant for exactly this call.
    pub fn granted(call: Call, grant: &Grant) -> Result<Self, OtherCall> {
        if grant.digest() == call.digest { Ok(Self { call }) } else { Err(OtherCall) }
    }

    /// From people's agreement to exactly this call, which policy asked for.
    #[expect(clippy::needless_pass_by_value, reason = "a consent is used once")]
    pub fn agreed(call: Call, held: &Held, consent: Consent) -> Result<Self, OtherCall> {
        let same = held.digest() == call.digest && consent.digest() == call.digest;
        if same { Ok(Self { call }) } else { Err(OtherCall) }
    }

    /// The call that may be performed.
    pub const fn call(&self) -> &Call {
        &self.call
    }

    /// Spends the permit.
    pub(crate) fn spend(self) -> Call {
        self.call
    }
}

/// The decision was made for another call.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the decision was made for another call; nothing was sent")]
pub struct OtherCall;

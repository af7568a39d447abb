//! So it may: the one value that lets a call reach a server.

use crate::call::Call;
use crate::policy::decision::Grant;

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

    /// The call that may be performed.
    pub const fn call(&self) -> &Call {
        &self.call
    }

    /// Spends the permit.
    pub(crate) fn spend(self) -> Call {
        self.call
    }
}

/// The grant was made for another call.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the decision was made for another call; nothing was sent")]
pub struct OtherCall;

//! Which policies are in force, and how long do they take?
//!
//! A bundle is swapped whole: every judgement sees exactly one and names it.
//!
//! Evaluation runs on the thread of the call. A thread of its own with a watchdog would cost every call two hops between
//! threads, which is as much as the evaluation itself. It is not needed because the loader refuses what the engine's own
//! limit of 50 ms cannot stop: recursion, chains of rules deeper than the workers' stacks of 32 MiB take, and the
//! builtins that run on without looking at the clock; and because what the other builtins make and walk over has a price
//! and each rule a budget. `policy::bounds` says what is left.

use std::sync::Arc;
use std::time::Instant;

use arc_swap::ArcSwapOption;

use crate::digest::Digest;
use crate::policy::bundle::Bundle;
use crate::policy::decision::{Decision, Denial, DenyCode, Judgement};
use crate::policy::evaluate::Visibility;
use crate::policy::input::Input;

/// The policies in force.
#[derive(Debug, Default)]
pub struct Judge(ArcSwapOption<Bundle>);

impl Judge {
    /// With these policies.
    pub fn new(bundle: Bundle) -> Self {
        Self(ArcSwapOption::from_pointee(bundle))
    }

    /// Puts others in force. Judgements that have begun end under the old ones.
    pub fn swap(&self, bundle: Bundle) {
        self.0.store(Some(Arc::new(bundle)));
    }

    /// Names the policies in force.
    pub fn digest(&self) -> Option<Digest> {
        self.0.load().as_ref().map(|bundle| bundle.digest())
    }

    /// Judges a call. Without policies nothing is allowed.
    pub fn decide(&self, input: &Input, digest: Digest) -> Judgement {
        let begun = Instant::now();
        let bundle = self.0.load();
        let Some(bundle) = bundle.as_ref() else {
            let denial = Denial { code: DenyCode::NoPolicy, detail: None };
            return Judgement {
                decision: Decision::Deny(denial),
                findings: Vec::new(),
                shadow: Vec::new(),
                bundle: Digest::of_bytes("bundle", b""),
                micros: 0,
            };
        };
        let judgement = bundle.decide(input, digest, &|| begun.elapsed());
        if let Decision::Deny(Denial { code, detail: Some(detail) }) = &judgement.decision {
            tracing::error!(code = ?code, detail, "the policies failed; the call is denied");
        }
        judgement
    }

    /// Whether a tool is listed. Without policies none is.
    pub fn visible(&self, input: &Input) -> Visibility {
        let begun = Instant::now();
        self.0.load().as_ref().map_or(Visibility::Hidden, |bundle| bundle.visible(input, &|| begun.elapsed()))
    }
}

#[cfg(test)]
mod tests;

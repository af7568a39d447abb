//! Which policies are in force, and how long do they take?
//!
//! A bundle is swapped whole: every judgement sees exactly one and names it.
//!
//! Evaluation runs on the thread of the call. A thread of its own with a watchdog would cost every call two hops between
//! threads, which is as much as the evaluation itself. It is not needed because the loader refuses what the engine's own
//! limit of 50 ms cannot stop: recursion, chains of rules deeper than the workers' stacks of 32 MiB take, and the
//! builtins that run on without looking at the clock; and because what the other builtins make and walk over has a price
//! and each rule a budget. Rules that could still be caught in one endless comparison are known by their text and asked
//! on a thread that can be left behind.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Instant;

use arc_swap::ArcSwapOption;

use crate::clock::{Clock as _, SystemClock, Timestamp};
use crate::digest::Digest;
use crate::policy::bundle::Bundle;
use crate::policy::decision::{Apply, Decision, Denial, DenyCode, Judgement, Release, Withheld};
use crate::policy::evaluate::Visibility;
use crate::policy::input::Input;
use crate::policy::pace::Pace;

use aside::Aside;

mod aside;

/// The policies in force.
#[derive(Debug, Default)]
pub struct Judge {
    bundle: ArcSwapOption<Bundle>,
    since: AtomicI64,
    aside: Aside,
}

impl Judge {
    /// With these policies.
    pub fn new(bundle: Bundle) -> Self {
        let since = AtomicI64::new(SystemClock.now().micros());
        Self { bundle: ArcSwapOption::from_pointee(bundle), since, aside: Aside::default() }
    }

    /// Puts others in force. Judgements that have begun end under the old ones.
    pub fn swap(&self, bundle: Bundle) {
        self.bundle.store(Some(Arc::new(bundle)));
        self.since.store(SystemClock.now().micros(), Ordering::Relaxed);
    }

    /// The policies in force, and since when they are.
    pub fn in_force(&self) -> Option<(Arc<Bundle>, Timestamp)> {
        let since = Timestamp::from_micros(self.since.load(Ordering::Relaxed));
        self.bundle.load_full().map(|bundle| (bundle, since))
    }

    /// Names the policies in force.
    pub fn digest(&self) -> Option<Digest> {
        self.bundle.load().as_ref().map(|bundle| bundle.digest())
    }

    /// Judges a call. Without policies nothing is allowed.
    pub fn decide(&self, input: &Input, digest: Digest) -> Judgement {
        let begun = Instant::now();
        let bundle = self.bundle.load();
        let Some(bundle) = bundle.as_ref() else {
            let denial = Denial { code: DenyCode::NoPolicy, detail: None };
            return Judgement {
                decision: Decision::Deny(denial),
                apply: Apply::default(),
                findings: Vec::new(),
                shadow: Vec::new(),
                bundle: Digest::of_bytes("bundle", b""),
                micros: 0,
            };
        };
        let judgement = match bundle.pace(input) {
            Pace::Quick => bundle.decide(input, digest, &|| begun.elapsed()),
            Pace::Aside => {
                let asked = (Arc::clone(bundle), input.clone());
                let answer = self.aside.ask(move || asked.0.decide(&asked.1, digest, &|| begun.elapsed()));
                answer.unwrap_or_else(|why| {
                    let denial = Denial { code: DenyCode::PolicyTimeout, detail: Some(why.to_owned()) };
                    let micros = u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX);
                    let (apply, findings, shadow) = (Apply::default(), Vec::new(), Vec::new());
                    Judgement {
                        decision: Decision::Deny(denial),
                        apply,
                        findings,
                        shadow,
                        bundle: bundle.digest(),
                        micros,
                    }
                })
            }
        };
        if let Decision::Deny(Denial { code, detail: Some(detail) }) = &judgement.decision {
            tracing::error!(code = ?code, detail, "the policies failed; the call is denied");
        }
        judgement
    }

    /// Judges what came back of a call. Without policies nothing passes.
    pub fn release(&self, input: &Input) -> Release {
        let begun = Instant::now();
        let kept = |code, detail: Option<&str>, bundle| Release {
            withheld: Some(Withheld { code, detail: detail.map(str::to_owned), until: None }),
            redact: Vec::new(),
            mask: Vec::new(),
            labels: BTreeSet::new(),
            findings: Vec::new(),
            shadow: Vec::new(),
            bundle,
            micros: u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX),
        };
        let bundle = self.bundle.load();
        let Some(bundle) = bundle.as_ref() else {
            return kept(DenyCode::NoPolicy, None, Digest::of_bytes("bundle", b""));
        };
        let release = match bundle.pace(input) {
            Pace::Quick => bundle.release(input, &|| begun.elapsed()),
            Pace::Aside => {
                let asked = (Arc::clone(bundle), input.clone());
                let answer = self.aside.ask(move || asked.0.release(&asked.1, &|| begun.elapsed()));
                answer.unwrap_or_else(|why| kept(DenyCode::PolicyTimeout, Some(why), bundle.digest()))
            }
        };
        if let Some(Withheld { code, detail: Some(detail), .. }) = &release.withheld {
            tracing::error!(code = ?code, detail, "the policies failed; the result is withheld");
        }
        release
    }

    /// A result that cannot be shown to rules is not passed on either.
    pub fn unreadable(&self, why: &str) -> Release {
        tracing::error!(why, "a result cannot be shown to the policies; it is withheld");
        Release {
            withheld: Some(Withheld { code: DenyCode::PolicyError, detail: Some(why.to_owned()), until: None }),
            redact: Vec::new(),
            mask: Vec::new(),
            labels: BTreeSet::new(),
            findings: Vec::new(),
            shadow: Vec::new(),
            bundle: self.digest().unwrap_or_else(|| Digest::of_bytes("bundle", b"")),
            micros: 0,
        }
    }

    /// Whether a rule may speak of what comes back of this call. Without policies nothing comes back.
    pub fn speaks_of_result(&self, call: &Input) -> bool {
        self.bundle.load().as_ref().is_some_and(|bundle| bundle.speaks_of_result(call))
    }

    /// The same for a result of this server of which nobody knows the tool.
    pub fn speaks_of_results_from(&self, server: &str) -> bool {
        self.bundle.load().as_ref().is_some_and(|bundle| bundle.speaks_of_results_from(server))
    }

    /// Whether a rule may want something of this call covered or changed.
    pub fn may_cover(&self, call: &Input) -> bool {
        self.bundle.load().as_ref().is_none_or(|bundle| bundle.may_cover(call))
    }

    /// Whether a rule may make a call of this tool wait for people; of any tool, when none is named.
    pub fn may_hold(&self, tool: Option<(&str, &str)>) -> bool {
        self.bundle.load().as_ref().is_some_and(|bundle| bundle.may_hold(tool))
    }

    /// Whether labels of sessions matter to any rule.
    pub fn minds_labels(&self) -> bool {
        self.bundle.load().as_ref().is_some_and(|bundle| bundle.minds_labels())
    }

    /// Whether a tool is listed. Without policies none is.
    pub fn visible(&self, input: &Input) -> Visibility {
        let begun = Instant::now();
        let bundle = self.bundle.load();
        let Some(bundle) = bundle.as_ref() else { return Visibility::Hidden };
        match bundle.pace(input) {
            Pace::Quick => bundle.visible(input, &|| begun.elapsed()),
            Pace::Aside => {
                let asked = (Arc::clone(bundle), input.clone());
                let answer = self.aside.ask(move || asked.0.visible(&asked.1, &|| begun.elapsed()));
                answer.unwrap_or(Visibility::Hidden)
            }
        }
    }
}

#[cfg(test)]
mod tests;

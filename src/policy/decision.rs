//! What did the policies say, and what follows from it?
//!
//! The strictest holds. About a call, in this order: an error denies; `deny` and `hide` deny; without `allow` it is a no;
//! what must be redacted and cannot be, a requirement that is not met and a limit that is exceeded deny; `hold` waits; and
//! only then `allow` lets run. About a result, which was allowed already: an error withholds, `withhold` withholds, and
//! otherwise it passes, changed where it must be. So adding any finding but an `allow` never lets something new run.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::finding::change::Change;
use super::finding::grant::GrantTerms;
use super::finding::hold::HoldTerms;
use super::finding::limit::LimitTerms;
use super::finding::pointer::Pointer;
use super::finding::preview::Preview;
use super::finding::require::Requirement;
use super::finding::span::Span;
use crate::digest::Digest;

pub use super::finding::effect::Effect;
pub use super::finding::{Detail, Finding, Severity};

/// Everything one evaluation about a call came to.
#[derive(Debug)]
pub struct Judgement {
    /// What follows.
    pub decision: Decision,
    /// What must be done before it may run.
    pub apply: Apply,
    /// Every finding that counted, in the order policies were read.
    pub findings: Vec<Finding>,
    /// What packages in shadow mode would have said.
    pub shadow: Vec<Finding>,
    /// Names the bundle, sources and data together.
    pub bundle: Digest,
    /// How long the evaluation took, for the record.
    pub micros: u64,
}

/// The strictest thing anybody said.
#[derive(Debug)]
pub enum Decision {
    /// It may run.
    Allow(Grant),
    /// It may run once people agree.
    Hold(Held),
    /// It may not.
    Deny(Denial),
}

/// What findings that count ask the gateway to do with a call.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Apply {
    /// Changes of the arguments before they are sent.
    pub redact: Vec<Said<Change>>,
    /// Changes of what is recorded and shown.
    pub mask: Vec<Said<Change>>,
    /// What must be there first.
    pub require: Vec<Said<Requirement>>,
    /// What is counted.
    pub limit: Vec<Said<LimitTerms>>,
}

/// What a finding asks for, and which one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Said<T> {
    /// `policy/id`.
    pub finding: String,
    /// What it asks for.
    #[serde(flatten)]
    pub terms: T,
}

/// Proof that policy allowed the call this digest names. Only policy makes one.
///
/// ```compile_fail
/// let digest = countersign::digest::Digest::of_bytes("call", b"");
/// let forged = countersign::policy::decision::Grant { digest };
/// ```
#[derive(Debug)]
pub struct Grant {
    digest: Digest,
}

impl Grant {
    pub(in crate::policy) const fn new(digest: Digest) -> Self {
        Self { digest }
    }

    /// For tests of what comes after policy.
    #[cfg(test)]
    pub(crate) const fn for_a_test(digest: Digest) -> Self {
        Self { digest }
    }

    /// The call that was allowed.
    pub const fn digest(&self) -> Digest {
        self.digest
    }

    /// It counts for the call with exactly these credentials, which the same rules require, and for no other.
    const fn cover(&mut self, digest: Digest) {
        self.digest = digest;
    }

    /// People must agree after all: a limit is exceeded whose rule says so.
    pub fn held(self, by: Said<HoldTerms>) -> Held {
        Held { digest: self.digest, terms: Agreement { all_of: vec![by] } }
    }
}

/// Proof that policy lets people decide about the call this digest names.
#[derive(Debug)]
pub struct Held {
    digest: Digest,
    terms: Agreement,
}

impl Decision {
    /// It counts for the call with exactly these credentials, which the same rules require, and for no other.
    pub fn cover(&mut self, credentials: &Digest) {
        match self {
            Self::Allow(grant) => grant.cover(grant.digest.with(credentials)),
            Self::Hold(held) => held.cover(held.digest.with(credentials)),
            Self::Deny(_) => {}
        }
    }
}

/// What people must agree to: all of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Agreement {
    /// Every hold, each with its own terms. One person may satisfy several.
    pub all_of: Vec<Said<HoldTerms>>,
}

impl Held {
    pub(in crate::policy) const fn new(digest: Digest, terms: Agreement) -> Self {
        Self { digest, terms }
    }

    /// The call that waits.
    pub const fn digest(&self) -> Digest {
        self.digest
    }

    /// Who must agree.
    pub const fn terms(&self) -> &Agreement {
        &self.terms
    }

    const fn cover(&mut self, digest: Digest) {
        self.digest = digest;
    }

    /// The same with one more hold: a limit is exceeded whose rule says so.
    #[must_use]
    pub fn also(mut self, by: Said<HoldTerms>) -> Self {
        self.terms.all_of.push(by);
        self
    }
}

impl Agreement {
    /// The shortest time anybody set; nothing when nobody did.
    pub fn ttl(&self) -> Option<Span> {
        self.all_of.iter().filter_map(|hold| hold.terms.ttl).min()
    }

    /// The widest grant a yes may be: what every hold allows. Nothing when one of them allows none, or when people are shown
    /// what this one call would do: of the next nobody has seen that.
    pub fn widest(&self) -> Option<GrantTerms> {
        let mut all = self.all_of.iter().map(|hold| hold.terms.grant.as_ref().filter(|_| hold.terms.preview.is_none()));
        let first = all.next()??.clone();
        all.try_fold(first, |widest, grant| Some(widest.narrowed(grant?)))
    }

    /// Whether the same people are asked in the same way, whatever the server is asked first: that follows from the
    /// arguments, and people may have changed those.
    pub fn asks_as(&self, other: &Self) -> bool {
        let without = |said: &Said<HoldTerms>| Said {
            finding: said.finding.clone(),
            terms: HoldTerms { preview: None, ..said.terms.clone() },
        };
        self.all_of.iter().map(without).eq(other.all_of.iter().map(without))
    }

    /// What the server is asked first, and for which finding.
    pub fn previews(&self) -> impl Iterator<Item = (&str, &Preview)> {
        self.all_of.iter().filter_map(|said| Some((said.finding.as_str(), said.terms.preview.as_deref()?)))
    }

    /// Everything anybody is shown.
    pub fn show(&self) -> BTreeSet<&Pointer> {
        self.all_of.iter().flat_map(|hold| &hold.terms.show).collect()
    }
}

/// Why a call may not run.
#[derive(Clone, Debug)]
pub struct Denial {
    /// What kind of refusal it is.
    pub code: DenyCode,
    /// For operators and the log: file, line, engine's words. Never for the agent.
    pub detail: Option<String>,
}

/// The kinds of refusal. Some are the author's will, the others faults of author or operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DenyCode {
    /// A rule says no.
    Denied,
    /// A rule hides the tool.
    Hidden,
    /// Nobody allowed it.
    NoRuleAllowed,
    /// A rule keeps the result from the agent.
    Withheld,
    /// Something a rule requires is not there.
    RequirementUnmet,
    /// A rule's limit is exceeded.
    LimitExceeded,
    /// What a rule wants changed could not be.
    RedactionFailed,
    /// There is more than rules can judge.
    InputTooLarge,
    /// A rule failed while it was evaluated.
    PolicyError,
    /// The rules took too long.
    PolicyTimeout,
    /// A finding does not have the form a finding has.
    PolicyMalformed,
    /// No policy is loaded.
    NoPolicy,
}

/// Everything one evaluation about a result came to.
#[derive(Debug)]
pub struct Release {
    /// Why the agent does not get it; none: it passes.
    pub withheld: Option<Withheld>,
    /// Changes of what passes.
    pub redact: Vec<Said<Change>>,
    /// Changes of what is recorded and shown.
    pub mask: Vec<Said<Change>>,
    /// What the session is called from now on, also when the result is withheld.
    pub labels: BTreeSet<String>,
    /// Every finding that counted, in the order policies were read.
    pub findings: Vec<Finding>,
    /// What packages in shadow mode would have said.
    pub shadow: Vec<Finding>,
    /// Names the bundle, sources and data together.
    pub bundle: Digest,
    /// How long the evaluation took, for the record.
    pub micros: u64,
}

/// Why a result does not pass.
#[derive(Clone, Debug)]
pub struct Withheld {
    /// What kind of refusal it is.
    pub code: DenyCode,
    /// For operators and the log. Never for the agent.
    pub detail: Option<String>,
    /// Who may release it; none: nobody.
    pub until: Option<Agreement>,
}

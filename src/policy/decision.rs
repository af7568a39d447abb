//! What did the policies say, and what follows from it?

use schemars::JsonSchema;
use serde::Serialize;

use crate::digest::Digest;

/// Everything one evaluation came to.
#[derive(Debug)]
pub struct Judgement {
    /// What follows.
    pub decision: Decision,
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
}

/// Proof that policy lets people decide about the call this digest names.
#[derive(Debug)]
pub struct Held {
    digest: Digest,
}

impl Held {
    pub(in crate::policy) const fn new(digest: Digest) -> Self {
        Self { digest }
    }

    /// The call that waits.
    pub const fn digest(&self) -> Digest {
        self.digest
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

/// The kinds of refusal. The first three are the author's will, the others are faults of author or operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DenyCode {
    /// A rule says no.
    Denied,
    /// A rule hides the tool.
    Hidden,
    /// Nobody allowed it.
    NoRuleAllowed,
    /// A rule failed while it was evaluated.
    PolicyError,
    /// The rules took too long.
    PolicyTimeout,
    /// A finding does not have the form a finding has.
    PolicyMalformed,
    /// No policy is loaded.
    NoPolicy,
}

/// One thing one rule said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Finding {
    /// The package below `countersign`.
    pub policy: String,
    /// Which word it was said with.
    pub effect: Effect,
    /// Unique in package and effect; `policy/id` names the finding everywhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// For people and the agent, rendered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// For people; never for precedence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub severity: Option<Severity>,
    /// What to do instead, rendered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub advice: Option<String>,
    /// Where to read more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
}

impl Finding {
    /// `package/id`, or the package alone.
    pub fn name(&self) -> String {
        self.id.as_ref().map_or_else(|| self.policy.clone(), |id| format!("{}/{id}", self.policy))
    }
}

/// The words a rule can speak with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// May run.
    Allow,
    /// May not run.
    Deny,
    /// May run once people agree.
    Hold,
    /// Not listed, and a deny when called by name.
    Hide,
    /// Recorded, nothing more.
    Warn,
}

impl Effect {
    const TABLE: [(Self, &'static str); 5] = [
        (Self::Allow, "allow"),
        (Self::Deny, "deny"),
        (Self::Hold, "hold"),
        (Self::Hide, "hide"),
        (Self::Warn, "warn"),
    ];

    /// The word a rule's name says.
    pub fn word(self) -> &'static str {
        Self::TABLE.iter().find(|(effect, _)| *effect == self).map_or("", |(_, word)| word)
    }

    /// The effect a rule's name means, if it means one.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::TABLE.iter().find(|(_, known)| *known == word).map(|(effect, _)| *effect)
    }
}

/// How bad it would be, for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, clippy::allow_attributes, reason = "the words say it")]
pub enum Severity {
    Info,
    Low,
    Medium,
    High,
    Critical,
}

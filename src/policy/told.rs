//! How is a decision told to programs?

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::Serialize;

use super::bundle::Bundle;
use super::decision::{Apply, Decision, DenyCode, Effect, Finding, Judgement, Release, Said};
use super::evaluate::{Visibility, Watch};
use super::finding::hold::HoldTerms;
use super::finding::pointer::Pointer;
use super::finding::span::Span;
use super::input::{Input, Phase};
use crate::digest::Digest;

/// What follows from an input.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(title = "Decision")]
pub struct Told {
    /// The version of this document: 1.
    pub version: u64,
    /// What was decided: `call`, `result` or `list`.
    pub phase: &'static str,
    /// What follows.
    pub outcome: Outcome,
    /// Which kind of refusal, if it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<DenyCode>,
    /// The engine's words when something failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// `policy/id` of the findings the outcome follows from.
    pub because: Vec<String>,
    /// Everything that counted.
    pub findings: Vec<Placed>,
    /// Who must agree, when somebody must.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hold: Option<Agreed>,
    /// What is done before it runs or passes.
    pub apply: Apply,
    /// What the session is called from now on.
    pub labels: BTreeSet<String>,
    /// What packages in shadow mode would have said.
    pub shadow: Vec<Placed>,
    /// Names the bundle that decided.
    pub policy: String,
    /// How long it took.
    pub micros: u64,
}

/// One word for what follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The call may run, when what it is to be changed, required and counted by is done.
    Allow,
    /// It may run once people agree.
    Hold,
    /// It may not.
    Deny,
    /// The result passes, changed where it is to be.
    Pass,
    /// The agent does not get it.
    Withhold,
    /// The tool is listed.
    Visible,
    /// It is not.
    Hidden,
}

/// A finding, and where its rule is written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Placed {
    /// What was said.
    #[serde(flatten)]
    pub finding: Finding,
    /// `file:line`, where it is asked for and only one rule can have said it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
}

/// Who must agree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Agreed {
    /// Every hold, each with its own terms; all are required.
    pub all_of: Vec<Said<HoldTerms>>,
    /// The shortest time any of them waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ttl: Option<Span>,
    /// Everything of the input any of them shows.
    pub show: BTreeSet<Pointer>,
}

impl Outcome {
    /// The word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Hold => "hold",
            Self::Deny => "deny",
            Self::Pass => "pass",
            Self::Withhold => "withhold",
            Self::Visible => "visible",
            Self::Hidden => "hidden",
        }
    }
}

impl Told {
    /// Judges a document as its phase asks. Nothing runs because of it.
    pub fn of(bundle: &Bundle, input: &Input, watch: Watch<'_>) -> Self {
        match input.phase() {
            Phase::Call => Self::of_call(&bundle.decide(input, Digest::of_bytes("call", b""), watch)),
            Phase::Result => Self::of_result(&bundle.release(input, watch)),
            Phase::List => Self::of_list(bundle, input, watch),
        }
    }

    /// With the place of the rule behind every finding.
    #[must_use]
    pub fn at(mut self, place: &dyn Fn(&Finding) -> Option<String>) -> Self {
        for said in self.findings.iter_mut().chain(&mut self.shadow) {
            said.at = place(&said.finding);
        }
        self
    }

    /// About a listing.
    fn of_list(bundle: &Bundle, input: &Input, watch: Watch<'_>) -> Self {
        let outcome = match bundle.visible(input, watch) {
            Visibility::Visible => Outcome::Visible,
            Visibility::Hidden => Outcome::Hidden,
        };
        Self {
            version: 1,
            phase: Phase::List.word(),
            outcome,
            code: None,
            detail: None,
            because: Vec::new(),
            findings: Vec::new(),
            hold: None,
            apply: Apply::default(),
            labels: BTreeSet::new(),
            shadow: Vec::new(),
            policy: bundle.digest().to_string(),
            micros: u64::try_from(watch().as_micros()).unwrap_or(u64::MAX),
        }
    }

    /// About a call.
    pub fn of_call(judgement: &Judgement) -> Self {
        let (outcome, effects): (_, &[Effect]) = match &judgement.decision {
            Decision::Allow(_) => (Outcome::Allow, &[Effect::Allow]),
            Decision::Hold(_) => (Outcome::Hold, &[Effect::Hold]),
            Decision::Deny(_) => (Outcome::Deny, &[Effect::Deny, Effect::Hide]),
        };
        let (code, detail) = match &judgement.decision {
            Decision::Deny(denial) => (Some(denial.code), denial.detail.clone()),
            _ => (None, None),
        };
        let hold = match &judgement.decision {
            Decision::Hold(held) => Some(Agreed::of(held.terms())),
            _ => None,
        };
        Self {
            version: 1,
            phase: Phase::Call.word(),
            outcome,
            code,
            detail,
            because: because(&judgement.findings, effects),
            findings: placed(&judgement.findings),
            hold,
            apply: judgement.apply.clone(),
            labels: BTreeSet::new(),
            shadow: placed(&judgement.shadow),
            policy: judgement.bundle.to_string(),
            micros: judgement.micros,
        }
    }

    /// About a result.
    pub fn of_result(release: &Release) -> Self {
        let withheld = release.withheld.as_ref();
        Self {
            version: 1,
            phase: Phase::Result.word(),
            outcome: if withheld.is_some() { Outcome::Withhold } else { Outcome::Pass },
            code: withheld.map(|withheld| withheld.code),
            detail: withheld.and_then(|withheld| withheld.detail.clone()),
            because: because(&release.findings, &[Effect::Withhold]),
            findings: placed(&release.findings),
            hold: withheld.and_then(|withheld| withheld.until.as_ref()).map(Agreed::of),
            apply: Apply { redact: release.redact.clone(), mask: release.mask.clone(), ..Apply::default() },
            labels: release.labels.clone(),
            shadow: placed(&release.shadow),
            policy: release.bundle.to_string(),
            micros: release.micros,
        }
    }
}

impl Agreed {
    fn of(agreement: &super::decision::Agreement) -> Self {
        let show = agreement.show().into_iter().cloned().collect();
        Self { all_of: agreement.all_of.clone(), ttl: agreement.ttl(), show }
    }
}

fn because(findings: &[Finding], effects: &[Effect]) -> Vec<String> {
    findings.iter().filter(|finding| effects.contains(&finding.effect)).map(Finding::name).collect()
}

fn placed(findings: &[Finding]) -> Vec<Placed> {
    findings.iter().map(|finding| Placed { finding: finding.clone(), at: None }).collect()
}

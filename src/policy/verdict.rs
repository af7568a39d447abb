//! What came of it, as it is printed and exported?
//!
//! One document for all three phases, with the place of the rule behind every finding.

use schemars::JsonSchema;
use serde::Serialize;

use super::bundle::Bundle;
use super::decision::{Agreement, Apply, Decision, DenyCode, Effect, Finding, Judgement, Release};
use super::evaluate::{Visibility, Watch};
use super::input::{Input, Phase};
use crate::digest::Digest;

/// A decision.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Verdict {
    /// The version of this document.
    pub version: u64,
    /// What was being decided.
    pub phase: String,
    /// What follows.
    pub outcome: Outcome,
    /// Why, in one word: `allowed`, `held_for_review`, `passed`, `visible`, or the code of a refusal.
    pub code: String,
    /// For operators: file, line, the engine's words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// The findings that decided, by name.
    pub because: Vec<String>,
    /// Every finding that counted.
    pub findings: Vec<Placed>,
    /// Who must agree; null when nobody must.
    pub hold: Option<Agreement>,
    /// What else is done.
    pub apply: Apply,
    /// What the session is called from now on.
    pub labels: Vec<String>,
    /// What packages in shadow would have said.
    pub shadow: Vec<Placed>,
    /// By which policies.
    pub policy: Policies,
    /// How long it took.
    pub micros: u64,
}

/// What follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The call may run.
    Allow,
    /// The call, or its result, waits for people.
    Hold,
    /// The call may not run.
    Deny,
    /// The result passes.
    Pass,
    /// It does not.
    Withhold,
    /// The tool is listed.
    Visible,
    /// It is not.
    Hidden,
}

/// A finding and where its rule is written.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Placed {
    /// What was said.
    #[serde(flatten)]
    pub finding: Finding,
    /// `file:line`; null when several rules could have said it.
    pub at: Option<String>,
}

/// What names the policies.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Policies {
    /// Sources and data together.
    pub digest: String,
    /// What evaluated them.
    pub engine: String,
}

/// Tells where the rule behind a finding is written.
pub type Places<'p> = &'p dyn Fn(&Finding) -> Option<String>;

/// The engine and its version, as Cargo.toml pins it.
const ENGINE: &str = "regorus 0.14.1";

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

impl Verdict {
    /// Judges a document as its phase asks. Nothing runs because of it.
    pub fn of(bundle: &Bundle, input: &Input, watch: Watch<'_>, places: Places<'_>) -> Self {
        match input.phase() {
            Phase::Call => {
                let digest = Digest::of_bytes("call", b"");
                Self::of_a_call(bundle.decide(input, digest, watch), places)
            }
            Phase::Result => Self::of_a_result(bundle.release(input, watch), places),
            Phase::List => Self::of_a_listing(bundle, input, watch),
        }
    }

    fn of_a_call(judgement: Judgement, places: Places<'_>) -> Self {
        let Judgement { decision, apply, findings, shadow, bundle, micros } = judgement;
        let (outcome, code, detail, word, hold) = match decision {
            Decision::Allow(_) => (Outcome::Allow, "allowed".to_owned(), None, Effect::Allow, None),
            Decision::Hold(held) => {
                (Outcome::Hold, "held_for_review".to_owned(), None, Effect::Hold, Some(held.terms().clone()))
            }
            Decision::Deny(denial) => {
                let word = if denial.code == DenyCode::Hidden { Effect::Hide } else { Effect::Deny };
                (Outcome::Deny, code(denial.code), denial.detail, word, None)
            }
        };
        let because = names(&findings, word);
        let about = (placed(findings, places), placed(shadow, places), policies(bundle));
        Self::from((Phase::Call, outcome, code), detail, because, about).with(hold, apply, Vec::new(), micros)
    }

    fn of_a_result(release: Release, places: Places<'_>) -> Self {
        let Release { withheld, redact, mask, labels, findings, shadow, bundle, micros } = release;
        let because = names(&findings, Effect::Withhold);
        let (outcome, code, detail, hold) = match withheld {
            None => (Outcome::Pass, "passed".to_owned(), None, None),
            Some(withheld) => (Outcome::Withhold, code(withheld.code), withheld.detail, withheld.until),
        };
        let apply = Apply { redact, mask, ..Apply::default() };
        let about = (placed(findings, places), placed(shadow, places), policies(bundle));
        Self::from((Phase::Result, outcome, code), detail, because, about).with(
            hold,
            apply,
            labels.into_iter().collect(),
            micros,
        )
    }

    fn of_a_listing(bundle: &Bundle, input: &Input, watch: Watch<'_>) -> Self {
        let (outcome, code) = match bundle.visible(input, watch) {
            Visibility::Visible => (Outcome::Visible, "visible"),
            Visibility::Hidden => (Outcome::Hidden, "hidden"),
        };
        let about = (Vec::new(), Vec::new(), policies(bundle.digest()));
        let micros = u64::try_from(watch().as_micros()).unwrap_or(u64::MAX);
        Self::from((Phase::List, outcome, code.to_owned()), None, Vec::new(), about).with(
            None,
            Apply::default(),
            Vec::new(),
            micros,
        )
    }

    fn from(
        (phase, outcome, code): (Phase, Outcome, String),
        detail: Option<String>,
        because: Vec<String>,
        (findings, shadow, policy): (Vec<Placed>, Vec<Placed>, Policies),
    ) -> Self {
        Self {
            version: 1,
            phase: phase.word().to_owned(),
            outcome,
            code,
            detail,
            because,
            findings,
            hold: None,
            apply: Apply::default(),
            labels: Vec::new(),
            shadow,
            policy,
            micros: 0,
        }
    }

    fn with(self, hold: Option<Agreement>, apply: Apply, labels: Vec<String>, micros: u64) -> Self {
        Self { hold, apply, labels, micros, ..self }
    }
}

fn names(findings: &[Finding], word: Effect) -> Vec<String> {
    findings.iter().filter(|finding| finding.effect == word).map(Finding::name).collect()
}

fn placed(findings: Vec<Finding>, places: Places<'_>) -> Vec<Placed> {
    findings.into_iter().map(|finding| Placed { at: places(&finding), finding }).collect()
}

fn policies(digest: Digest) -> Policies {
    Policies { digest: digest.to_string(), engine: ENGINE.to_owned() }
}

fn code(code: DenyCode) -> String {
    serde_json::to_value(code).ok().and_then(|word| word.as_str().map(str::to_owned)).unwrap_or_default()
}

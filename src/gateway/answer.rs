//! What is the agent told when it does not get a result?
//!
//! A refusal is written twice: in words a model can act on, and in `_meta` for programs: what class it is, whether
//! repeating can help, why, and what would make it pass. A tool call is refused by a tool error, because hosts hand those
//! to the model; everything else by a JSON-RPC error.

use super::budget::goes_beyond;
use super::tasks::WAIT;
use crate::call::{Action, Call, CallId};
use crate::clock::Timestamp;
use crate::object;
use crate::policy::decision::{Decision, DenyCode, Effect, Finding, Judgement, Said};
use crate::policy::finding::limit::LimitTerms;
use crate::policy::finding::require::Requirement;
use crate::wire::json::{Object, Value};
use crate::wire::message::{Answer, RpcError, code};

/// Where programs find the refusal.
pub const META: &str = "dev.countersign/refusal";

const NOBODY_TO_ASK: &str = "nobody can be asked about a limit yet; ask for less, or later";

/// A request that got no result, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// One word for programs: `denied`, `no_rule_allowed`, `definition_drifted`, `audit_unavailable`, ...
    pub class: &'static str,
    /// Whether the same request may pass later without anybody changing anything.
    pub retry: Retry,
    /// What happened.
    pub reason: String,
    /// What would make it pass.
    pub hint: Option<String>,
    /// `policy/id` of what spoke against it.
    pub findings: Vec<String>,
    /// What the record says instead of the reason, where people and the agent may hear more than it holds.
    pub sealed: Option<String>,
    /// What waits for people meanwhile, if something does.
    pub waits: Option<Waits>,
}

/// What still waits when its client is told to come back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waits {
    /// What `countersign_wait` takes, for a client that does not want to repeat the whole call.
    pub reference: String,
    /// When it ends by itself.
    pub until: Timestamp,
}

/// Whether repeating can help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// The same request will be refused again.
    Useless,
    /// It may pass in a while.
    Later,
}

impl Refusal {
    /// A refusal without findings.
    pub fn new(class: &'static str, retry: Retry, reason: impl Into<String>) -> Self {
        Self { class, retry, reason: reason.into(), hint: None, findings: Vec::new(), sealed: None, waits: None }
    }

    /// The same refusal with what would make it pass.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// A no without a reason.
    pub fn plain() -> Self {
        Self::new("denied", Retry::Useless, "a policy forbids this call")
    }

    /// A call that waits for people.
    pub fn held(reason: impl Into<String>) -> Self {
        Self::new("held", Retry::Useless, reason).hint(NOBODY_TO_ASK)
    }

    /// From what policy said. None when policy said yes.
    pub fn from_judgement(judgement: &Judgement) -> Option<Self> {
        let (class, effects): (_, &[Effect]) = match &judgement.decision {
            Decision::Allow(_) => return None,
            Decision::Hold(_) => ("held", &[Effect::Hold]),
            Decision::Deny(denial) => match denial.code {
                DenyCode::RedactionFailed => (class(denial.code), &[Effect::Redact]),
                DenyCode::RequirementUnmet => (class(denial.code), &[Effect::Require]),
                code => (class(code), &[Effect::Deny, Effect::Hide]),
            },
        };
        let beyond = |finding: &Finding| {
            let named = |said: &&Said<LimitTerms>| finding.effect == Effect::Limit && said.finding == finding.name();
            judgement.apply.limit.iter().filter(named).any(|said| goes_beyond(&judgement.decision, said))
        };
        let spoke = judgement.findings.iter();
        // Of what is required only what is not there speaks against it.
        let lacking = |finding: &Finding| {
            let named = |said: &Said<Requirement>| said.finding == finding.name();
            finding.effect != Effect::Require || judgement.apply.require.iter().any(named)
        };
        let against = |finding: &&Finding| effects.contains(&finding.effect) && lacking(finding) || beyond(finding);
        let spoke: Vec<&Finding> = spoke.filter(against).collect();
        let reasons = join(spoke.iter().filter_map(|finding| finding.reason.as_deref()));
        let advice = join(spoke.iter().filter_map(|finding| finding.advice.as_deref()));
        let (reason, hint) = match class {
            "denied" => (reasons.unwrap_or_else(|| "a policy forbids this call".to_owned()), advice),
            "held" => (
                reasons.unwrap_or_else(|| "this call must be approved by a person".to_owned()),
                Some(NOBODY_TO_ASK.to_owned()),
            ),
            "hidden" => ("there is no such tool for you".to_owned(), Some("use one of the tools that are listed".to_owned())),
            "no_rule_allowed" => (
                "no policy allows this call".to_owned(),
                Some("ask whoever runs this gateway for a rule that allows it".to_owned()),
            ),
            "no_policy" => ("no policy is loaded, so nothing is allowed".to_owned(), None),
            "redaction_failed" => (
                "something in the arguments must be taken out before they are sent, and it cannot be taken out for certain"
                    .to_owned(),
                Some("leave out what must not be sent, or send it in the form the tool describes".to_owned()),
            ),
            "requirement_unmet" => (
                unmet(judgement, reasons),
                advice.or_else(|| Some(remedy(&judgement.apply.require).to_owned())),
            ),
            "policy_timeout" => ("the policies took too long to decide".to_owned(), None),
            _ => ("the policies failed while they judged this call; whoever runs this gateway finds the cause in its log".to_owned(), None),
        };
        let retry = if class == "policy_timeout" { Retry::Later } else { Retry::Useless };
        let findings = spoke.iter().map(|finding| finding.name()).collect();
        Some(Self { class, retry, reason, hint, findings, sealed: None, waits: None })
    }

    /// For the agent: words, and the same for programs.
    pub fn answer(&self, call: Option<&CallId>, action: Option<&Action>) -> Answer {
        let meta = self.meta(call);
        if matches!(action, Some(Action::Tool(_))) {
            let text = object! { "type" => "text", "text" => self.words(call) };
            return Ok(Value::Object(object! {
                "content" => vec![Value::Object(text)],
                "isError" => true,
                "_meta" => object! { META => meta },
            }));
        }
        let code = if self.retry == Retry::Later { code::UNAVAILABLE } else { code::REFUSED };
        Err(RpcError::new(code, self.words(call)).with_data(object! { META => meta }))
    }

    /// The same for a call.
    pub fn of(&self, call: &Call) -> Answer {
        self.answer(Some(&call.id), Some(&call.action))
    }

    fn words(&self, call: Option<&CallId>) -> String {
        let done = match self.class {
            "result_withheld" => "The call was made and its result is withheld",
            "outcome_unrecorded" => "The call was made and its outcome is not known",
            _ => "Not executed",
        };
        let mut text = format!("{done} ({}): {}.", self.class, self.reason.trim_end_matches('.'));
        if let Some(hint) = &self.hint {
            text.push_str(" What to do instead: ");
            text.push_str(hint.trim_end_matches('.'));
            text.push('.');
        }
        if let Some(Waits { reference, .. }) = &self.waits {
            for part in [
                " Or call `",
                WAIT,
                "` with the reference `",
                reference,
                "` to go on waiting, and with an `answer` where somebody asks something.",
            ] {
                text.push_str(part);
            }
        }
        text.push_str(match self.retry {
            Retry::Useless => " Repeating the same call will not help.",
            Retry::Later => " The same call may be tried again later.",
        });
        if let Some(call) = call {
            text.push_str(" Reference: ");
            text.push_str(call.as_str());
            text.push('.');
        }
        text
    }

    fn meta(&self, call: Option<&CallId>) -> Object {
        let mut meta = object! {
            "class" => self.class,
            "retryable" => self.retry == Retry::Later,
            "reason" => self.reason.as_str(),
        };
        if let Some(hint) = &self.hint {
            meta.insert("hint", hint.as_str());
        }
        if !self.findings.is_empty() {
            meta.insert("findings", self.findings.iter().map(Value::from).collect::<Value>());
        }
        if let Some(call) = call {
            meta.insert("call", call.as_str());
        }
        if let Some(Waits { reference, until }) = &self.waits {
            meta.insert("waits", object! { "reference" => reference.as_str(), "until" => until.to_string() });
        }
        meta
    }
}

/// What would bring what is required.
/// What is required and not there. Of a credential that does not fit it says why: asking for less may help.
fn unmet(judgement: &Judgement, reasons: Option<String>) -> String {
    let reasons = reasons.unwrap_or_else(|| "a policy requires something this gateway cannot provide".to_owned());
    let credential = |said: &Said<Requirement>| matches!(said.terms, Requirement::Credential(_));
    match &judgement.decision {
        Decision::Deny(denial) if judgement.apply.require.iter().any(credential) => {
            let why = denial.detail.as_deref().map(|why| format!(" ({why})")).unwrap_or_default();
            format!("{reasons}{why}")
        }
        _ => reasons,
    }
}

fn remedy(lacking: &[Said<Requirement>]) -> &'static str {
    let any = |is: fn(&Requirement) -> bool| lacking.iter().any(|said| is(&said.terms));
    if any(|required| matches!(required, Requirement::Credential(_))) {
        "ask for less, or ask whoever runs this gateway"
    } else if any(|required| matches!(required, Requirement::Prompt(_))) {
        "ask the person you work for to let the hooks of this client report what they ask for: `countersign hook enroll`, \
         then `countersign hook install` with the client's name; it counts from the next prompt on"
    } else {
        "make the call again and say why, in one sentence, in its argument `countersign_reason`"
    }
}

fn join<'a>(texts: impl Iterator<Item = &'a str>) -> Option<String> {
    let texts: Vec<_> = texts.map(|text| text.trim_end_matches('.')).collect();
    (!texts.is_empty()).then(|| texts.join(". "))
}

const fn class(code: DenyCode) -> &'static str {
    match code {
        DenyCode::Denied => "denied",
        DenyCode::Hidden => "hidden",
        DenyCode::NoRuleAllowed => "no_rule_allowed",
        DenyCode::Withheld => "withheld",
        DenyCode::RequirementUnmet => "requirement_unmet",
        DenyCode::LimitExceeded => "limit_exceeded",
        DenyCode::RedactionFailed => "redaction_failed",
        DenyCode::InputTooLarge => "input_too_large",
        DenyCode::PolicyError => "policy_error",
        DenyCode::PolicyTimeout => "policy_timeout",
        DenyCode::PolicyMalformed => "policy_malformed",
        DenyCode::NoPolicy => "no_policy",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_says_the_same_to_a_model_and_to_a_program() {
        let refusal = Refusal {
            class: "denied",
            retry: Retry::Useless,
            reason: "Tables are never dropped by an agent.".into(),
            hint: Some("Open a migration pull request.".into()),
            findings: vec!["destructive/drop".into()],
            sealed: None,
            waits: None,
        };
        let call = CallId::from_record("c-1");
        let told = refusal.answer(Some(&call), Some(&Action::Tool("drop".into()))).unwrap().to_string();
        assert_eq!(
            told,
            r#"{"content":[{"type":"text","text":"Not executed (denied): Tables are never dropped by an agent. What to do instead: Open a migration pull request. Repeating the same call will not help. Reference: c-1."}],"isError":true,"_meta":{"dev.countersign/refusal":{"class":"denied","retryable":false,"reason":"Tables are never dropped by an agent.","hint":"Open a migration pull request.","findings":["destructive/drop"],"call":"c-1"}}}"#
        );
        let told = refusal.answer(None, Some(&Action::Resource("a:1".into()))).unwrap_err();
        assert_eq!(told.code, code::REFUSED);
        assert!(told.data.is_some());
    }
}

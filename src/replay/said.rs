//! What was said about a call, in the form in which two answers are compared?

use std::collections::BTreeSet;

use crate::audit::entry::Verdict;
use crate::policy::decision::{Decision, DenyCode, Judgement, Said as Asked};
use crate::policy::finding::limit::{LimitTerms, Then};
use crate::wire::json::{Object, Value};

/// One answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// What followed.
    pub verdict: Verdict,
    /// Which kind of refusal, if it was one.
    pub code: Option<String>,
    /// Everything that counted.
    pub findings: BTreeSet<Spoken>,
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Spoken {
    /// The word.
    pub effect: String,
    /// `policy/id`.
    pub name: String,
    /// For people.
    pub reason: Option<String>,
}

impl Said {
    /// As the policies say it now, where these limits had not enough left. How much is left is not for the policies to say.
    pub fn of(judgement: &Judgement, exceeded: &BTreeSet<String>) -> Self {
        let (mut verdict, mut code) = match &judgement.decision {
            Decision::Allow(_) => (Verdict::Allow, None),
            Decision::Hold(_) => (Verdict::Hold, None),
            Decision::Deny(denial) => (Verdict::Deny, word(denial.code)),
        };
        let mut deny = |reason| (verdict, code) = (Verdict::Deny, word(reason));
        let over = || judgement.apply.limit.iter().filter(|said| exceeded.contains(&said.finding));
        let waits = |said: &Asked<LimitTerms>| matches!(said.terms.then, Then::Hold(_));
        match &judgement.decision {
            Decision::Deny(_) => {}
            _ if !judgement.apply.require.is_empty() => deny(DenyCode::RequirementUnmet),
            _ if !over().all(waits) => deny(DenyCode::LimitExceeded),
            _ if over().next().is_some() => verdict = Verdict::Hold,
            _ => {}
        }
        let findings = judgement.findings.iter().map(|finding| Spoken {
            effect: finding.effect.word().to_owned(),
            name: finding.name(),
            reason: finding.reason.clone(),
        });
        Self { verdict, code, findings: findings.collect() }
    }

    /// The same without words about changes: what was changed before it was sent stands in the record as it was sent.
    #[must_use]
    pub fn without_changes(mut self) -> Self {
        self.findings.retain(|finding| !matches!(finding.effect.as_str(), "redact" | "mask"));
        self
    }

    /// As it stands in the entry of a decision.
    pub fn recorded(entry: &Object) -> Option<Self> {
        let verdict = match entry.str("outcome")? {
            "allow" => Verdict::Allow,
            "hold" => Verdict::Hold,
            "deny" => Verdict::Deny,
            _ => return None,
        };
        let findings = entry.get("findings").and_then(Value::as_array).unwrap_or_default();
        let spoken = |finding: &Value| {
            let said = |name| finding.get(name).and_then(Value::as_str);
            let policy = said("policy")?;
            let name = said("id").map_or_else(|| policy.to_owned(), |id| format!("{policy}/{id}"));
            let reason = said("reason").map(str::to_owned);
            Some(Spoken { effect: said("effect")?.to_owned(), name, reason })
        };
        let findings = findings.iter().map(spoken).collect::<Option<_>>()?;
        Some(Self { verdict, code: entry.str("code").map(str::to_owned), findings })
    }

    /// Whether this machine was too slow to say anything.
    pub fn ran_out_of_time(&self) -> bool {
        self.code.as_deref() == Some("policy_timeout")
    }

    /// The names of what was said with one of these words.
    pub fn names(&self, effects: &[&str]) -> BTreeSet<&str> {
        let said = self.findings.iter().filter(|finding| effects.contains(&finding.effect.as_str()));
        said.map(|finding| finding.name.as_str()).collect()
    }
}

/// The word the record has for it.
fn word(code: DenyCode) -> Option<String> {
    serde_json::to_value(code).ok()?.as_str().map(str::to_owned)
}

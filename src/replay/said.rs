//! What was said about a call, in the form in which two answers are compared?

use std::collections::BTreeSet;

use crate::audit::entry::Verdict;
use crate::policy::decision::{Decision, DenyCode, Judgement};
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
    /// As the policies say it now.
    pub fn of(judgement: &Judgement) -> Self {
        let (verdict, code) = match &judgement.decision {
            Decision::Allow(_) => (Verdict::Allow, None),
            Decision::Hold(_) => (Verdict::Hold, None),
            Decision::Deny(denial) => (Verdict::Deny, word(denial.code)),
        };
        let findings = judgement.findings.iter().map(|finding| Spoken {
            effect: finding.effect.word().to_owned(),
            name: finding.name(),
            reason: finding.reason.clone(),
        });
        Self { verdict, code, findings: findings.collect() }
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

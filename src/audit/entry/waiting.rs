//! What is written down of a call that waits for people?

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use crate::approval::precondition::{Precondition, Seen};
use crate::passkey::Assertion;
use crate::policy::decision::Agreement;
use crate::policy::finding::grant::GrantTerms;

/// See [`Event::Held`](super::Event::Held).
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Held {
    /// Names everything people are asked about.
    pub digest: String,
    /// Who must agree.
    pub agreement: Agreement,
    /// The person the agent acts for, if one is known. Their own word is a confirmation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub person: Option<String>,
    /// When it ends by itself.
    pub deadline: String,
    /// What the server was asked first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub previews: Vec<Previewed>,
    /// Names the call and what was seen of its effect together, where something was asked. Votes name this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub summary: Option<String>,
}

/// What a server was asked before people were, and what it said.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Previewed {
    /// Who wanted to know: `policy/id`.
    pub finding: String,
    /// The tool that was asked.
    pub tool: String,
    /// The call by which it was; it has entries of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub call: Option<String>,
    /// Names what it said. People were shown more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seen: Option<String>,
    /// Why it said nothing that counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

impl Previewed {
    /// Everything that was asked.
    pub fn of(seen: &[Precondition]) -> Vec<Self> {
        let told = |asked: &Precondition| {
            let (seen, why) = match &asked.seen {
                Seen::Value(taken) => (Some(taken.digest.to_string()), None),
                Seen::Nothing { why } => (None, Some(why.clone())),
            };
            let call = asked.call.as_ref().map(ToString::to_string);
            Self { finding: asked.finding.clone(), tool: asked.preview.tool.clone(), call, seen, why }
        };
        seen.iter().map(told).collect()
    }
}

/// See [`Event::Voted`](super::Event::Voted).
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Voted {
    /// Who.
    pub person: String,
    /// The account they used.
    pub account: String,
    /// `yes`, `no` or `break_glass`.
    pub word: &'static str,
    /// `confirms`: the person the agent acts for; `countersigns`: somebody else.
    pub part: &'static str,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Names what they were shown.
    pub digest: String,
    /// How far a yes reaches beyond the call, where it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bounds: Option<GrantTerms>,
    /// By what they answered: `account`, `session` or `passkey`.
    pub evidence: &'static str,
    /// What the passkey signed, with all it takes to check it against this entry; see [`passkey`](crate::passkey).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assertion: Option<Box<Assertion>>,
    /// Where the approval stands after it.
    pub state: &'static str,
    /// Who still has to agree.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub lacking: Vec<String>,
}

/// See [`Event::Escalated`](super::Event::Escalated).
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Escalated {
    /// Who would not wait.
    pub person: String,
    /// Who still has to agree, and is asked now.
    pub lacking: Vec<String>,
}

/// See [`Event::Viewed`](super::Event::Viewed).
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Viewed {
    /// Who was shown it.
    pub person: String,
    /// By which account.
    pub account: String,
    /// What they were shown. Of each digest only the first time is written down.
    pub digest: String,
}

/// See [`Event::Rushed`](super::Event::Rushed).
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Rushed {
    /// Who agreed.
    pub person: String,
    /// How bad it could be.
    pub risk: &'static str,
    /// For how long they had been shown it.
    pub millis: u64,
}

/// See [`Event::Questioned`](super::Event::Questioned).
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Questioned {
    /// Who wants to know.
    pub person: String,
    /// What.
    pub text: String,
}

/// See [`Event::Explained`](super::Event::Explained).
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Explained {
    /// What the agent, or whoever sits before it, said.
    pub text: String,
    /// `asserted`: nobody has checked it.
    pub provenance: &'static str,
}

/// See [`Event::Edited`](super::Event::Edited).
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Edited {
    /// Who wants it.
    pub person: String,
    /// `proposed`, `made` or `refused`.
    pub outcome: &'static str,
    /// What shall be different: a pointer into the arguments, and JSON that shall stand there.
    pub changes: BTreeMap<String, Option<String>>,
    /// Why; or why not, where it was refused.
    pub reason: String,
    /// Names the call before it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Names the call from then on.
    pub digest: String,
    /// What the server was asked about the changed call.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub previews: Vec<Previewed>,
}

/// See [`Event::Claimed`](super::Event::Claimed).
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Claimed {
    /// Names the one attempt.
    pub attempt: String,
    /// Names what is sent.
    pub digest: String,
    /// Whether those whom the rules ask did not agree, and people broke the glass.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub break_glass: bool,
}

/// See [`Event::Settled`](super::Event::Settled).
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Settled {
    /// `rejected`, `expired`, `cancelled`, `superseded`, `lapsed`, `revoked`, `outcome_unknown`, `succeeded`,
    /// `failed`, `reconciled_succeeded`, `reconciled_failed`.
    pub state: &'static str,
    /// Who did it, if a person did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// Why, or what was found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

//! What is a person shown of a call?

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::answer::Verb;
use super::credential::Credential;
use crate::approval::Approval;
use crate::approval::asker::Asker;
use crate::approval::edit::{Edit, Stands};
use crate::approval::precondition::{Precondition, Seen};
use crate::approval::question::Question;
use crate::approval::state::State;
use crate::approval::vote::{Part, Vote, Voter, Word};
use crate::clock::Timestamp;
use crate::policy::decision::Agreement;
use crate::policy::finding::evidence::Needed;
use crate::policy::finding::grant::GrantTerms;
use crate::store::StoreError;
use crate::store::approvals::KeptApproval;
use crate::wire::reader::{self, Limits};

/// A call that waits for people, or has waited: everything a person needs to answer.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Card {
    /// The form of this object.
    pub version: u32,
    /// Names the call.
    pub id: String,
    /// Where it stands.
    #[schemars(extend("enum" = State::WORDS))]
    pub state: &'static str,
    /// How often it has changed.
    pub revision: i64,
    /// Names everything that was judged and is shown, previews included. An answer names it too.
    #[schemars(regex(pattern = "^sha256:[0-9a-f]{64}$"))]
    pub digest: String,
    /// What would be sent, and why people are asked.
    pub shown: Shown,
    /// What the server was asked first: how much it would do. Asked again before it is sent, and compared.
    pub previews: Vec<Preview>,
    /// Who asked, and so may not be the one who agrees.
    pub asker: Asker,
    /// Who must agree.
    pub agreement: Agreement,
    /// Who has answered, in order.
    pub votes: Vec<Answered>,
    /// What people wanted to know, in order.
    pub questions: Vec<Asked>,
    /// What people wanted to be different, in order.
    pub edits: Vec<Edited>,
    /// When those were asked who would be asked later, if somebody would not wait.
    #[schemars(extend("format" = "date-time"))]
    pub escalated: Option<String>,
    /// The widest grant somebody may make of a yes; nothing where a yes is for this call alone.
    pub grant: Option<GrantTerms>,
    /// The grant because of which nobody is asked.
    pub under: Option<String>,
    /// Whether it was agreed to by people who broke the glass, and not by those the rules ask.
    pub glass_broken: bool,
    /// Who still has to agree, in words.
    pub lacking: Vec<String>,
    /// When it was opened.
    #[schemars(extend("format" = "date-time"))]
    pub opened: String,
    /// When it ends by itself if nobody has agreed.
    #[schemars(extend("format" = "date-time"))]
    pub deadline: String,
    /// When time alone decides next, where it will.
    #[schemars(extend("format" = "date-time"))]
    pub until: Option<String>,
    /// What you may do; nothing where you are nobody who answers.
    pub you: Option<You>,
}

/// The arguments as the record holds them: covered where a rule masks them.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Shown {
    /// The configured name of the server.
    pub server: String,
    /// The JSON-RPC method.
    pub method: String,
    /// The tool, prompt or address, under the server's own name.
    pub target: String,
    /// The parameters as they would be sent.
    pub params: Value,
    /// Where a rule has them covered here and in the record.
    #[serde(default)]
    pub masked: Vec<String>,
    /// Where a rule has something taken out before they are sent.
    #[serde(default)]
    pub redacted: Vec<String>,
    /// Why people are asked.
    pub reason: Option<String>,
    /// The credentials it would run with. They are made when it is agreed to, and not before.
    #[serde(default)]
    pub credentials: Vec<Credential>,
    /// Whatever else the gateway that opened it shows.
    #[serde(flatten)]
    pub more: BTreeMap<String, Value>,
}

/// What the server said of a call's effect before people were asked. Nobody else has checked it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "CardPreview")]
pub struct Preview {
    /// Who wanted to know: `policy/id`.
    pub finding: String,
    /// The server that was asked.
    pub server: String,
    /// The tool that was asked, under the server's own name.
    pub tool: String,
    /// Which part of the result counts; nothing: the whole content.
    pub take: Option<String>,
    /// What it said, as people may see it; nothing where it is too much, or nobody can tell.
    pub value: Value,
    /// Names what it said; nothing where nobody can tell.
    pub digest: Option<String>,
    /// Why nobody can tell.
    pub cannot_tell: Option<String>,
    /// How many per cent more or less a number may be when the call is sent.
    pub may_differ: u32,
    /// Names the call by which it was asked.
    pub call: Option<String>,
    /// All of it in a sentence.
    pub text: String,
}

/// What somebody said.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Answered {
    /// Who, as they were known when they said it.
    pub by: Voter,
    /// What.
    pub word: Word,
    /// Whether they answered for a call of their own.
    pub part: Part,
    /// Why.
    pub reason: Option<String>,
    /// What they were shown.
    pub digest: String,
    /// When.
    #[schemars(extend("format" = "date-time"))]
    pub at: String,
    /// How far a yes reaches beyond the call, where it does.
    pub grant: Option<GrantTerms>,
    /// By what they answered.
    pub evidence: Needed,
}

/// What somebody wanted to know.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Asked {
    /// The person.
    pub by: String,
    /// What.
    pub question: String,
    /// When.
    #[schemars(extend("format" = "date-time"))]
    pub at: String,
    /// What the agent, or whoever sits before it, says. Nobody has checked it.
    pub asserted: Option<String>,
}

/// What somebody wanted to be different.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Edited {
    /// The person. They do not countersign what they changed.
    pub by: String,
    /// What shall stand where, as JSON; nothing where something is taken out.
    pub changes: BTreeMap<String, Option<String>>,
    /// Why.
    pub reason: String,
    /// When.
    #[schemars(extend("format" = "date-time"))]
    pub at: String,
    /// What became of it.
    #[schemars(extend("enum" = ["proposed", "made", "refused"]))]
    pub outcome: &'static str,
    /// Why it was refused.
    pub why_not: Option<String>,
    /// Names the call before it was made.
    pub from: Option<String>,
}

/// What whoever asks may do with a call.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct You {
    /// Who that is.
    pub person: String,
    /// What they can say to it now.
    pub may: Vec<&'static str>,
    /// Why they cannot approve or deny, where they cannot.
    pub why_not: Option<WhyNot>,
    /// The least evidence with which your yes counts; nothing where it counts nowhere.
    pub needs: Option<Needed>,
    /// The evidence with which it counts wherever you are asked.
    pub suffices: Option<Needed>,
}

/// Why somebody cannot approve or deny.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct WhyNot {
    /// One stable word for programs, as in a problem.
    pub code: &'static str,
    /// The same in words.
    pub text: String,
}

impl Shown {
    /// The parameters exactly as they would be sent: in their order, on one line.
    pub fn sent(kept: &KeptApproval) -> Result<String, StoreError> {
        let unreadable = || StoreError::Unreadable(format!("what is shown of {}", kept.approval.id));
        let whole = reader::lenient(kept.shown.as_bytes(), &Limits::REPLY).map_err(|_| unreadable())?;
        whole.get("params").map(ToString::to_string).ok_or_else(unreadable)
    }

    /// As it was kept.
    pub fn of(kept: &KeptApproval) -> Result<Self, StoreError> {
        Self::read(kept.approval.id.as_str(), &kept.shown)
    }

    /// From its text.
    pub fn read(id: &str, text: &str) -> Result<Self, StoreError> {
        serde_json::from_str(text).map_err(|_| StoreError::Unreadable(format!("what is shown of {id}")))
    }
}

impl Card {
    /// For this person, who may be nobody, at this time.
    pub fn of(kept: &KeptApproval, viewer: Option<&Voter>, now: Timestamp) -> Result<Self, StoreError> {
        let approval = &kept.approval;
        Ok(Self {
            version: 1,
            id: approval.id.to_string(),
            state: approval.state.word(),
            revision: kept.version,
            digest: approval.summary().to_string(),
            shown: Shown::of(kept)?,
            previews: approval.seen.iter().map(Preview::of).collect(),
            asker: approval.asker.clone(),
            agreement: approval.agreement.clone(),
            votes: approval.votes.iter().map(Answered::of).collect(),
            questions: approval.questions.iter().map(Asked::of).collect(),
            edits: approval.edits.iter().map(Edited::of).collect(),
            escalated: approval.escalated.map(|at| at.to_string()),
            grant: approval.widest(),
            under: approval.under.as_ref().map(|under| under.grant.to_string()),
            glass_broken: approval.is_glass_broken(),
            lacking: if approval.state == State::Pending { approval.lacking(now) } else { Vec::new() },
            opened: approval.opened.to_string(),
            deadline: approval.deadline.to_string(),
            until: approval.wakes().map(|wakes| wakes.to_string()),
            you: viewer.map(|viewer| You::of(viewer, approval, now)),
        })
    }
}

impl Preview {
    /// What was asked and what came of it.
    pub fn of(asked: &Precondition) -> Self {
        let Precondition { finding, server, preview, call, seen } = asked;
        let (value, digest, cannot_tell, said) = match seen {
            Seen::Value(taken) => {
                let value = taken.shown.as_deref().and_then(|shown| serde_json::from_str(shown).ok());
                let said = format!("{} (said by the server)", taken.in_words());
                (value.unwrap_or_default(), Some(taken.digest.to_string()), None, said)
            }
            Seen::Nothing { why } => (Value::Null, None, Some(why.clone()), format!("cannot tell: {why}")),
        };
        Self {
            finding: finding.clone(),
            server: server.clone(),
            tool: preview.tool.clone(),
            take: preview.take.as_ref().map(ToString::to_string),
            value,
            digest,
            cannot_tell,
            may_differ: preview.may_differ,
            call: call.as_ref().map(ToString::to_string),
            text: format!("Preview by `{}` on server {server}: {said}", preview.tool),
        }
    }
}

impl Answered {
    fn of(vote: &Vote) -> Self {
        Self {
            by: vote.by.clone(),
            word: vote.word,
            part: vote.part,
            reason: vote.reason.clone(),
            digest: vote.digest.to_string(),
            at: vote.at.to_string(),
            grant: vote.bounds.clone(),
            evidence: vote.evidence.claims(),
        }
    }
}

impl Asked {
    fn of(question: &Question) -> Self {
        let Question { by, text, at, answer } = question.clone();
        Self { by, question: text, at: at.to_string(), asserted: answer.map(|said| said.text) }
    }
}

impl Edited {
    fn of(edit: &Edit) -> Self {
        let Edit { by, changes, reason, at, stands } = edit.clone();
        let (outcome, why_not, from) = match stands {
            Stands::Proposed => ("proposed", None, None),
            Stands::Made { from } => ("made", None, Some(from.to_string())),
            Stands::Refused { why } => ("refused", Some(why), None),
        };
        let changes = changes.into_iter().map(|change| (change.at, change.to)).collect();
        Self { by, changes, reason, at: at.to_string(), outcome, why_not, from }
    }
}

impl You {
    fn of(viewer: &Voter, approval: &Approval, now: Timestamp) -> Self {
        let why_not = approval.may_vote(viewer, now).err();
        Self {
            person: viewer.person.clone(),
            may: Verb::open_to(viewer, approval, now),
            why_not: why_not.map(|why| WhyNot { code: why.code(), text: why.to_string() }),
            needs: approval.needs(viewer, now),
            suffices: approval.suffices(viewer, now),
        }
    }
}

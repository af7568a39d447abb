//! What can a person say to a call besides yes and no?

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::{Answer, digest, fit};
use crate::approval::Approval;
use crate::approval::edit::{Change, Edit as Wanted, Stands, Unfit};
use crate::approval::state::State;
use crate::approval::vote::{Evidence, Voter, Word};
use crate::clock::Timestamp;
use crate::gateway::desk::Wish;
use crate::review::fault::Fault;

/// Asking those at once who would be asked after a while.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Escalate {}

/// A question to whoever asked for the call.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Ask {
    /// What you want to know. The agent is told, and what it answers is an assertion nobody has checked.
    #[schemars(length(min = 1, max = 2000))]
    pub question: String,
}

/// A wish that other arguments be sent.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Edit {
    /// The digest of the card you were shown; a wish about another one counts for nothing.
    #[schemars(regex(pattern = "^sha256:[0-9a-f]{64}$"))]
    pub digest: String,
    /// What shall stand where: JSON pointers into the arguments, such as `/limit`.
    #[serde(default)]
    pub set: BTreeMap<String, Value>,
    /// What shall be taken out: JSON pointers into the arguments.
    #[serde(default)]
    pub remove: Vec<String>,
    /// Why; the agent is told.
    #[schemars(length(min = 1, max = 2000))]
    pub reason: String,
}

/// A yes where the rules ask others, in need.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BreakGlass {
    /// The digest of the card you were shown; an answer about another one counts for nothing.
    #[schemars(regex(pattern = "^sha256:[0-9a-f]{64}$"))]
    pub digest: String,
    /// What the need is; kept, and you answer for it.
    #[schemars(length(min = 1, max = 2000))]
    pub reason: String,
}

impl Answer for Escalate {
    const VERB: &'static str = "escalate";
    const ABOUT: &'static str = "Have those asked at once who would be asked after a while";

    fn wish(self, by: Voter, _: &Approval) -> Result<Wish, Fault> {
        Ok(Wish::Escalate(by))
    }

    fn may(by: &Voter, approval: &Approval, now: Timestamp) -> bool {
        approval.may_escalate(by, now).is_ok()
    }
}

impl Answer for Ask {
    const VERB: &'static str = "ask";
    const ABOUT: &'static str = "Ask the agent, or whoever sits before it, something first";

    fn wish(self, by: Voter, _: &Approval) -> Result<Wish, Fault> {
        let text = fit("question", Some(&self.question))?.unwrap_or_default();
        Ok(Wish::Question { by, text })
    }

    fn may(by: &Voter, approval: &Approval, now: Timestamp) -> bool {
        approval.state == State::Pending && approval.asks(by, now).is_ok()
    }
}

impl Answer for Edit {
    const VERB: &'static str = "edit";
    const ABOUT: &'static str =
        "Have other arguments sent, if the tool and the rules take them; you cannot approve them then";

    fn wish(self, by: Voter, _: &Approval) -> Result<Wish, Fault> {
        let (reason, about) = (fit("reason", Some(&self.reason))?.unwrap_or_default(), digest(&self.digest)?);
        let set = self.set.into_iter().map(|(at, to)| Change { at, to: Some(to.to_string()) });
        let removed = self.remove.into_iter().map(|at| Change { at, to: None });
        let changes: Vec<Change> = set.chain(removed).collect();
        for change in &changes {
            let key = if change.to.is_some() { "set" } else { "remove" };
            let malformed = |why: Unfit| Fault::Malformed { key: Some(key.to_owned()), why: why.to_string() };
            change.names().map_err(malformed)?;
        }
        let edit =
            Wanted { by: by.person.clone(), changes, reason, at: Timestamp::default(), stands: Stands::Proposed };
        Ok(Wish::Propose { by, about, edit })
    }

    fn may(by: &Voter, approval: &Approval, now: Timestamp) -> bool {
        approval.proposed_edit().is_none() && <Ask as Answer>::may(by, approval, now)
    }
}

impl Answer for BreakGlass {
    const VERB: &'static str = "break-glass";
    const ABOUT: &'static str = "Agree where the rules ask others, in need: it takes two with that role, and is marked";

    fn wish(self, by: Voter, _: &Approval) -> Result<Wish, Fault> {
        let (reason, digest) = (fit("reason", Some(&self.reason))?, digest(&self.digest)?);
        Ok(Wish::Vote { by, word: Word::BreakGlass, reason, digest, bounds: None, evidence: Evidence::Account })
    }

    fn may(by: &Voter, approval: &Approval, now: Timestamp) -> bool {
        approval.may_break_glass(by, now).is_ok()
    }
}

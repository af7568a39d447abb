//! What can a person say to a call, and what is wished by it?

mod talk;

use std::sync::Arc;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::decided::decided;
use super::fault::{Fault, Standing};
use crate::approval::Approval;
use crate::approval::state::State;
use crate::approval::vote::{Evidence, Voter, Word};
use crate::clock::Timestamp;
use crate::digest::Digest;
use crate::gateway::desk::{Desk, DeskError, Done, Wish};
use crate::policy::finding::grant::GrantTerms;
use crate::wire::reader::{self, Limits, Why};
pub use talk::{Ask, BreakGlass, Edit, Escalate};

/// Reasons are read by people and models: no longer than so many characters.
pub const LONGEST_REASON: usize = 2000;

/// Something a person can say to a call.
pub trait Answer: DeserializeOwned + JsonSchema + Send + 'static {
    /// The last part of its address, and its name.
    const VERB: &'static str;
    /// What it does, in one line.
    const ABOUT: &'static str;

    /// What is wished by it.
    fn wish(self, by: Voter, approval: &Approval) -> Result<Wish, Fault>;

    /// Whether this person could say it now.
    fn may(by: &Voter, approval: &Approval, now: Timestamp) -> bool;
}

/// An answer that was read, and waits for what it is about.
pub type Spoken = Box<dyn FnOnce(Voter, &Approval) -> Result<Wish, Fault> + Send>;

/// One of the things that can be said, for doors that do not know which beforehand.
#[derive(Clone, Copy, Debug)]
pub struct Verb {
    /// See [`Answer::VERB`].
    pub name: &'static str,
    /// See [`Answer::ABOUT`].
    pub about: &'static str,
    /// Reads it from JSON.
    pub read: fn(&[u8]) -> Result<Spoken, Fault>,
    /// See [`Answer::may`].
    pub may: fn(&Voter, &Approval, Timestamp) -> bool,
    /// The form of its JSON.
    pub schema: fn(&mut SchemaGenerator) -> Schema,
}

/// Everything that can be said.
pub static VERBS: [Verb; 9] = [
    Verb::of::<Approve>(),
    Verb::of::<Deny>(),
    Verb::of::<Ask>(),
    Verb::of::<Edit>(),
    Verb::of::<Escalate>(),
    Verb::of::<BreakGlass>(),
    Verb::of::<Revoke>(),
    Verb::of::<Withdraw>(),
    Verb::of::<Reconcile>(),
];

/// A yes.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Approve {
    /// The digest of the card you were shown; an answer about another one counts for nothing.
    #[schemars(regex(pattern = "^sha256:[0-9a-f]{64}$"))]
    pub digest: String,
    /// Why; kept with the answer.
    #[schemars(length(max = 2000))]
    pub reason: Option<String>,
    /// How far the yes reaches beyond this call; if left out, not at all.
    pub grant: Option<GrantTerms>,
}

/// A no.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Deny {
    /// The digest of the card you were shown; an answer about another one counts for nothing.
    #[schemars(regex(pattern = "^sha256:[0-9a-f]{64}$"))]
    pub digest: String,
    /// What the agent should do instead; it is told.
    #[schemars(length(min = 1, max = 2000))]
    pub reason: String,
}

/// Taking back what people agreed to.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Revoke {
    /// Why; kept.
    #[schemars(length(max = 2000))]
    pub reason: Option<String>,
}

/// Giving up a call of one's own.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Withdraw {}

/// What became of a call nobody knows the outcome of.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Reconcile {
    /// Whether it happened.
    pub happened: bool,
    /// How you know; kept.
    #[schemars(length(min = 1, max = 2000))]
    pub evidence: String,
}

impl Answer for Approve {
    const VERB: &'static str = "approve";
    const ABOUT: &'static str = "Agree that it runs, once, exactly as shown; or with `grant`, as often as that says";

    fn wish(self, by: Voter, approval: &Approval) -> Result<Wish, Fault> {
        let (reason, digest) = (fit("reason", self.reason.as_deref())?, digest(&self.digest)?);
        if let Some(bounds) = &self.grant {
            approval.may_grant(bounds)?;
        }
        Ok(Wish::Vote { by, word: Word::Yes, reason, digest, bounds: self.grant, evidence: Evidence::Account })
    }

    fn may(by: &Voter, approval: &Approval, now: Timestamp) -> bool {
        approval.may_vote(by, now).is_ok()
    }
}

impl Answer for Deny {
    const VERB: &'static str = "deny";
    const ABOUT: &'static str = "Say no; the agent is told why";

    fn wish(self, by: Voter, _: &Approval) -> Result<Wish, Fault> {
        let (reason, digest) = (fit("reason", Some(&self.reason))?, digest(&self.digest)?);
        Ok(Wish::Vote { by, word: Word::No, reason, digest, bounds: None, evidence: Evidence::Account })
    }

    fn may(by: &Voter, approval: &Approval, now: Timestamp) -> bool {
        approval.may_vote(by, now).is_ok()
    }
}

impl Answer for Revoke {
    const VERB: &'static str = "revoke";
    const ABOUT: &'static str = "Take back what people agreed to, before it is used";

    fn wish(self, by: Voter, _: &Approval) -> Result<Wish, Fault> {
        Ok(Wish::Revoke(by, fit("reason", self.reason.as_deref())?))
    }

    fn may(by: &Voter, approval: &Approval, now: Timestamp) -> bool {
        matches!(approval.state, State::Approved { .. }) && approval.asks(by, now).is_ok()
    }
}

impl Answer for Withdraw {
    const VERB: &'static str = "withdraw";
    const ABOUT: &'static str = "Give up a call of your own that waits, or was agreed to and not used";

    fn wish(self, by: Voter, approval: &Approval) -> Result<Wish, Fault> {
        if approval.asker.is(&by) { Ok(Wish::Cancel("whoever asked gave it up")) } else { Err(Fault::NotYours) }
    }

    fn may(by: &Voter, approval: &Approval, _: Timestamp) -> bool {
        matches!(approval.state, State::Pending | State::Approved { .. }) && approval.asker.is(by)
    }
}

impl Answer for Reconcile {
    const VERB: &'static str = "reconcile";
    const ABOUT: &'static str = "Write down what became of a call nobody knows the outcome of";

    fn wish(self, by: Voter, _: &Approval) -> Result<Wish, Fault> {
        let evidence = fit("evidence", Some(&self.evidence))?.ok_or(Fault::NoEvidence)?;
        Ok(Wish::Reconcile { by, happened: self.happened, evidence })
    }

    fn may(_: &Voter, approval: &Approval, _: Timestamp) -> bool {
        approval.state == State::Unknown
    }
}

impl Verb {
    const fn of<A: Answer>() -> Self {
        Self {
            name: A::VERB,
            about: A::ABOUT,
            read: spoken::<A>,
            may: A::may,
            schema: SchemaGenerator::subschema_for::<A>,
        }
    }

    /// What this person could say to it now.
    pub fn open_to(voter: &Voter, approval: &Approval, now: Timestamp) -> Vec<&'static str> {
        VERBS.iter().filter(|verb| (verb.may)(voter, approval, now)).map(|verb| verb.name).collect()
    }
}

/// Says it.
pub async fn say(
    desk: &Arc<Desk>,
    id: &str,
    by: Voter,
    spoken: impl FnOnce(Voter, &Approval) -> Result<Wish, Fault>,
) -> Result<Done, Fault> {
    let wish = spoken(by.clone(), &desk.look(id).await?)?;
    let named = match &wish {
        Wish::Vote { digest, .. } | Wish::Propose { about: digest, .. } => Some(*digest),
        _ => None,
    };
    match desk.act(id, wish).await {
        Ok(done) => Ok(done),
        Err(DeskError::Refused(why)) => {
            let stands = desk.look(id).await?;
            Err(Fault::Refused(Box::new(Standing {
                why,
                again: named.is_some() && stands.has_answered(&by),
                state: stands.state.word(),
                by: decided(&stands),
                digest: stands.summary(),
                named,
            })))
        }
        Err(error) => Err(error.into()),
    }
}

fn spoken<A: Answer>(bytes: &[u8]) -> Result<Spoken, Fault> {
    let answer: A = read(bytes)?;
    Ok(Box::new(move |by, approval| answer.wish(by, approval)))
}

/// Reads what somebody says, strictly: what could be read two ways is no answer, and neither is a list in place of an
/// object.
pub fn read<A: DeserializeOwned>(bytes: &[u8]) -> Result<A, Fault> {
    let malformed = |key: Option<&str>, why: String| Fault::Malformed { key: key.map(str::to_owned), why };
    let value = reader::strict(bytes, &Limits::REQUEST).map_err(|error| match &error.why {
        Why::DuplicateKey(key) => malformed(Some(key), error.to_string()),
        _ => malformed(None, error.to_string()),
    })?;
    if value.as_object().is_none() {
        return Err(malformed(None, "write a JSON object".to_owned()));
    }
    let value = serde_json::to_value(&value).map_err(|error| malformed(None, error.to_string()))?;
    serde_path_to_error::deserialize(value).map_err(|error| {
        let (path, why) = (error.path().to_string(), error.inner().to_string());
        match why.strip_prefix("missing field `").and_then(|rest| rest.split('`').next()) {
            Some(missing) => malformed(Some(missing), "it is missing".to_owned()),
            None => malformed(Some(path.as_str()).filter(|path| *path != "."), why),
        }
    })
}

fn digest(text: &str) -> Result<Digest, Fault> {
    Digest::parse(text).ok_or(Fault::NoDigest)
}

/// Without what surrounds it; nothing when nothing is left.
fn fit(key: &'static str, text: Option<&str>) -> Result<Option<String>, Fault> {
    let Some(text) = text.map(str::trim).filter(|text| !text.is_empty()) else { return Ok(None) };
    if text.chars().count() > LONGEST_REASON { Err(Fault::TooLong(key)) } else { Ok(Some(text.to_owned())) }
}

//! What may a program decide, and whose word is it?
//!
//! A program is a voter of its own kind: it has no groups and no roles, so that it counts only where a rule names it, and a hold
//! that names it names no people. So a program is never one of the people a rule wants, and what it says stands in the book
//! as what it is: the word of whoever holds the key of a channel.

use std::sync::Arc;

use http::HeaderMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::signature::{Checker, Claimed};
use crate::approval::vote::Voter;
use crate::facts::Risk;
use crate::gateway::desk::Desk;
use crate::review::answer::{Answer as _, Approve, Deny, read, say};
use crate::review::card::Shown;
use crate::review::fault::Fault;
use crate::review::risk::risk;

/// A program that may decide.
#[derive(Debug)]
pub struct Automation {
    /// Its name.
    pub name: String,
    /// What its own messages are checked with.
    pub key: Option<Checker>,
    /// The highest risk it decides about.
    pub max_risk: Risk,
}

/// What a program says to a call.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Decision {
    /// What.
    pub decision: Decided,
    /// Why. A no needs one.
    pub reason: Option<String>,
    /// The call.
    pub id: String,
    /// What it was shown: the `digest` of the message.
    pub digest: String,
}

/// Yes or no.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Decided {
    /// It may run.
    Approve,
    /// It may not.
    Deny,
}

impl Automation {
    /// What a message of its own says, if it is one.
    pub fn hear(&self, headers: &HeaderMap, body: &[u8], now: crate::clock::Timestamp) -> Result<Decision, Fault> {
        let key = self.key.as_ref().ok_or(Fault::NoRoute)?;
        key.check(Claimed::of(headers)?, body, now)?;
        read(body)
    }

    /// Has it decide about a call, and says where that stands afterwards.
    pub async fn decide(&self, desk: &Arc<Desk>, channel: &str, decision: Decision) -> Result<&'static str, Fault> {
        let Decision { decision, reason, id, digest } = decision;
        let risk = risk(&Shown::of(&desk.kept(&id).await?)?);
        if risk > self.max_risk {
            return Err(Fault::TooRisky { name: self.name.clone(), risk });
        }
        let by = Voter::automation(&self.name, channel);
        let done = match decision {
            Decided::Approve => {
                let yes = Approve { digest, reason, grant: None };
                say(desk, &id, by, |by, approval| yes.wish(by, approval)).await?
            }
            Decided::Deny => {
                let no = Deny { digest, reason: reason.unwrap_or_default() };
                say(desk, &id, by, |by, approval| no.wish(by, approval)).await?
            }
        };
        Ok(done.approval.state.word())
    }
}

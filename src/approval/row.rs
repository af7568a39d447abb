//! How is a stored approval read, so that a damaged one is never a weaker one?
//!
//! A rule may leave members out, and gets what is usual. What was stored left nothing out: a row that lacks a member is
//! damaged, and is an error. Otherwise the loss of `quorum` would make two people one, and the loss of `person` would
//! let whoever asked agree.

use serde::{Deserialize, Deserializer};

use crate::policy::decision::{Agreement, Said};
use crate::policy::finding::evidence::Needed;
use crate::policy::finding::grant::GrantTerms;
use crate::policy::finding::hold::{By, Escalation, HoldTerms, Reviewer};
use crate::policy::finding::pointer::Pointer;
use crate::policy::finding::preview::Preview;
use crate::policy::finding::span::Span;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    all_of: Vec<Hold>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Hold {
    finding: String,
    reviewers: Vec<Reviewer>,
    quorum: u32,
    each: bool,
    // Without these two there is less time and there are fewer people, never more.
    ttl: Option<Span>,
    escalate: Option<Escalation>,
    show: Vec<Pointer>,
    by: By,
    // Without it nothing is granted.
    grant: Option<GrantTerms>,
    // Without it what was seen stands there all the same, and fits the rules no more.
    preview: Option<Box<Preview>>,
    // Without it the terms are not those of the rule any more, and nothing runs: they are compared at the claim.
    evidence: Option<Needed>,
}

/// Reads who must agree, every member of it.
pub(super) fn agreement<'de, D: Deserializer<'de>>(from: D) -> Result<Agreement, D::Error> {
    let Row { all_of } = Row::deserialize(from)?;
    Ok(Agreement { all_of: all_of.into_iter().map(Said::from).collect() })
}

/// Reads what may be null, but not what is not there.
pub(super) fn nullable<'de, D: Deserializer<'de>, T: Deserialize<'de>>(from: D) -> Result<Option<T>, D::Error> {
    Option::deserialize(from)
}

impl From<Hold> for Said<HoldTerms> {
    fn from(hold: Hold) -> Self {
        let Hold { finding, reviewers, quorum, each, ttl, escalate, show, by, grant, preview, evidence } = hold;
        Self {
            finding,
            terms: HoldTerms { reviewers, quorum, each, ttl, escalate, show, by, grant, preview, evidence },
        }
    }
}

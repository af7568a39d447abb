//! How much of what, in how long, and what then?

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::evidence::Needed;
use super::hold::{self, By, Escalation, HoldTerms, Reviewer};
use super::pointer::Pointer;
use super::span::Span;

/// A rate or a budget. Amounts are whole numbers and exact: cents, not euros.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "Written")]
pub struct LimitTerms {
    /// What is counted under. The same key in two rules is two counts.
    pub key: Vec<String>,
    /// How much there may be.
    pub max: i64,
    /// In how long.
    pub per: Span,
    /// How much this call adds.
    pub cost: i64,
    /// What follows when it would be more.
    #[serde(flatten)]
    pub then: Then,
}

/// What follows when a limit would be exceeded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "then", rename_all = "snake_case")]
pub enum Then {
    /// The call may not run.
    Deny,
    /// It may once people agree.
    Hold(HoldTerms),
}

/// A limit as rules write it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    /// What is counted under: `["refunds", input.principal.id]`.
    key: Vec<Named>,
    /// How much there may be, a whole number.
    #[schemars(range(min = 0))]
    max: i64,
    /// In how long, from `1m` to `30d`.
    per: Span,
    /// How much this call adds, a whole number; 1 if left out.
    #[schemars(range(min = 0))]
    cost: Option<i64>,
    /// What follows when it would be more: `deny` if left out, or `hold`, which has a hold's fields beside it.
    then: Option<Word>,
    reviewers: Option<Vec<Reviewer>>,
    quorum: Option<u32>,
    each: Option<bool>,
    ttl: Option<Span>,
    escalate: Option<Escalation>,
    show: Option<Vec<Pointer>>,
    by: Option<By>,
    evidence: Option<Needed>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "a part of `key` is neither a text nor a whole number")]
enum Named {
    Text(String),
    Number(i64),
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Word {
    Deny,
    Hold,
}

/// The shortest and the longest time that is counted over, in seconds.
const PER: std::ops::RangeInclusive<u64> = 60..=30 * 86_400;
/// No key has more parts, and no part is longer.
const PARTS: usize = 8;
const LONGEST: usize = 1024;

impl TryFrom<Written> for LimitTerms {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        let Written { key, max, per, cost, then, reviewers, quorum, each, ttl, escalate, show, by, evidence } = written;
        let key: Vec<String> = key
            .into_iter()
            .map(|part| match part {
                Named::Text(text) => text,
                Named::Number(number) => number.to_string(),
            })
            .collect();
        if !(1..=PARTS).contains(&key.len()) || key.iter().any(|part| part.len() > LONGEST) {
            return Err(format!("`key` has between 1 and {PARTS} parts of at most {LONGEST} bytes"));
        }
        let cost = cost.unwrap_or(1);
        if max < 0 || cost < 0 {
            let name = if max < 0 { "max" } else { "cost" };
            return Err(format!("`{name}` is below 0"));
        }
        if !PER.contains(&per.seconds()) {
            return Err(format!("`per` is {per}, and limits are counted over \"1m\" to \"30d\""));
        }
        let then = match (then.unwrap_or(Word::Deny), reviewers) {
            (Word::Hold, Some(reviewers)) => {
                // A grant would be one for going over the limit again and again.
                let (grant, preview) = (None, None);
                let written =
                    hold::Written { reviewers, quorum, each, ttl, escalate, show, by, grant, preview, evidence };
                Then::Hold(HoldTerms::try_from(written)?)
            }
            (Word::Hold, None) => return Err("`then` is \"hold\" and `reviewers` is missing".to_owned()),
            (Word::Deny, None)
                if quorum.is_none()
                    && each.is_none()
                    && ttl.is_none()
                    && escalate.is_none()
                    && show.is_none()
                    && by.is_none()
                    && evidence.is_none() =>
            {
                Then::Deny
            }
            (Word::Deny, _) => return Err("fields of a hold are there and `then` is not \"hold\"".to_owned()),
        };
        Ok(Self { key, max, per, cost, then })
    }
}

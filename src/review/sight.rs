//! Who is there, and what may they see?

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::Serialize;

use super::fault::Fault;
use crate::approval::people::People;
use crate::approval::vote::Voter;
use crate::approval::{Approval, BREAK_GLASS};
use crate::call::caller::{Caller, Proof};
use crate::clock::Timestamp;

/// The roles that see every call.
pub const SEEING: [&str; 4] = ["reviewer", "auditor", "operator", BREAK_GLASS];

/// Who somebody is here.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Me {
    /// Names the person, whichever account they use.
    pub person: String,
    /// The account they use now.
    pub account: String,
    /// All accounts that are known to be theirs.
    pub accounts: BTreeSet<String>,
    /// Their groups.
    pub groups: BTreeSet<String>,
    /// Their roles.
    pub roles: BTreeSet<String>,
    /// Whether they see every call, and not only those they have a part in.
    pub sees_all: bool,
}

impl Me {
    /// Of somebody who is known.
    pub fn of(voter: &Voter) -> Self {
        let Voter { person, account, accounts, groups, roles } = voter.clone();
        Self { person, account, accounts, groups, roles, sees_all: sees_all(voter) }
    }
}

/// The person who comes in with this proof.
pub fn person(people: &People, caller: &Caller) -> Result<Voter, Fault> {
    people.voter(caller).ok_or_else(|| stranger(caller))
}

/// Whether this call exists for this person.
pub fn sees(voter: &Voter, approval: &Approval, now: Timestamp) -> bool {
    sees_all(voter) || approval.asks(voter, now).is_ok() || approval.asker.is(voter) || approval.has_answered(voter)
}

/// Whether every call exists for this person.
pub fn sees_all(voter: &Voter) -> bool {
    SEEING.iter().any(|role| voter.roles.contains(*role))
}

fn stranger(caller: &Caller) -> Fault {
    let account = caller.principal.clone();
    let why = match (&caller.proof, &caller.agent) {
        (Proof::Nothing, _) => return Fault::Anonymous,
        (_, Some(agent)) => format!("it is held by software (`{agent}`), and only people answer"),
        (Proof::Token { delegation, .. }, None) if !delegation.is_empty() => {
            "it acts for somebody else, and people answer for themselves".to_owned()
        }
        _ => format!(
            "its account stands under nobody in [people], or under two; \
             if it is a person's, add it there: [people.NAME] accounts = [{account:?}]"
        ),
    };
    Fault::NotAPerson { account, why }
}

#[cfg(test)]
mod tests;

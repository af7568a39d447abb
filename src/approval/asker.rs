//! Who asked, and so may not be the one who agrees?

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::vote::Voter;

/// Whoever is behind a call: the person the agent acts for, and everybody who shares in asking.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Asker {
    /// Names the caller for good.
    pub principal: String,
    /// The person the agent acts for, if the proof named one.
    #[serde(deserialize_with = "super::row::nullable")]
    pub person: Option<String>,
    /// Everybody else who had a part in it: the key's owner, who delegated, whoever changed the arguments.
    pub also: BTreeSet<String>,
    /// Every account that is known to be one of theirs.
    pub accounts: BTreeSet<String>,
}

impl Asker {
    /// Whether this is somebody who asked, by whichever account. Everything either is known by is compared, because a
    /// part in it may be known by an account as well as by a person, and a wrong yes only asks somebody else.
    pub fn is(&self, voter: &Voter) -> bool {
        self.is_themselves(voter) || names(voter).any(|name| self.also.contains(name))
    }

    /// Whether an account of the person the agent acts for is this voter's: all such voters are one human being.
    pub(super) fn is_themselves(&self, voter: &Voter) -> bool {
        let theirs = |name: &String| {
            *name == self.principal || self.person.as_ref() == Some(name) || self.accounts.contains(name)
        };
        names(voter).any(theirs)
    }

    /// Whether this is the person the agent acts for.
    pub fn is_owner(&self, voter: &Voter) -> bool {
        self.person.as_ref() == Some(&voter.person)
    }
}

fn names(voter: &Voter) -> impl Iterator<Item = &String> {
    [&voter.person, &voter.account].into_iter().chain(&voter.accounts)
}

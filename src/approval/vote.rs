//! What did a person say, and who were they when they said it?

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use super::evidence::Evidence;
use crate::clock::Timestamp;
use crate::digest::Digest;
use crate::policy::finding::grant::GrantTerms;

/// One person's word about one call. It stays for good.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vote {
    /// Who.
    pub by: Voter,
    /// What.
    pub word: Word,
    /// Whether they answered for a call of their own. Whoever counts the vote says so, not whoever casts it.
    pub part: Part,
    /// Why. A no needs one.
    #[serde(deserialize_with = "super::row::nullable")]
    pub reason: Option<String>,
    /// The call they were shown.
    pub digest: Digest,
    /// When. Whoever counts the vote says so too.
    pub at: Timestamp,
    /// How far a yes reaches beyond the call; nothing: it does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bounds: Option<GrantTerms>,
    /// By what they answered. What was kept without it is the least.
    #[serde(default, skip_serializing_if = "Evidence::is_account")]
    pub evidence: Evidence,
}

/// What somebody says to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Word {
    /// It may run.
    Yes,
    /// It may not.
    No,
    /// It may run although those whom the rule asks have not agreed. Two who may say this must, and each says why.
    BreakGlass,
}

/// In which part somebody answered. The two are never counted for each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// The person the agent acts for, or somebody with another part in the call: they confirm.
    Confirms,
    /// Somebody else: they countersign.
    Countersigns,
}

/// A person who answers, as far as they were proven.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Voter {
    /// Names the person, whichever account they use.
    pub person: String,
    /// The account they used.
    pub account: String,
    /// All accounts that are known to be theirs.
    pub accounts: BTreeSet<String>,
    /// Their groups.
    pub groups: BTreeSet<String>,
    /// Their roles.
    pub roles: BTreeSet<String>,
}

impl Word {
    /// For the record and for people.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::No => "no",
            Self::BreakGlass => "break_glass",
        }
    }
}

impl Part {
    /// For the record and for people.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Confirms => "confirms",
            Self::Countersigns => "countersigns",
        }
    }
}

/// How the account of a program that votes begins. No caller's principal begins so.
const AUTOMATION: &str = "channel:";

impl Voter {
    /// A program that decides by a channel. It has no groups and no roles.
    pub fn automation(name: &str, channel: &str) -> Self {
        Self { person: format!("automation:{name}"), account: format!("{AUTOMATION}{channel}"), ..Self::default() }
    }

    /// Whether this is a program, and never one of the people a rule names.
    pub fn is_automation(&self) -> bool {
        self.account.starts_with(AUTOMATION)
    }

    /// Whether these are one human being.
    pub fn is_same_person(&self, other: &Self) -> bool {
        let mine = |account: &String| *account == self.account || self.accounts.contains(account);
        self.person == other.person || mine(&other.account) || other.accounts.iter().any(mine)
    }
}

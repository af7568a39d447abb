//! Which credentials are out, and what may a person do about it?
//!
//! Who sees them: auditors and operators. Who takes one back: operators, whatever its call does. What is shown holds no secret:
//! the book of leases has none.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::fault::Fault;
use crate::approval::vote::Voter;
use crate::credentials::{Credentials, Ended};
use crate::store::Store;
use crate::store::leases::{KeptLease, LeaseState, Over};

/// The roles that see credentials that are out.
pub const SEEING: [&str; 2] = ["auditor", "operator"];
/// The roles that take one back.
pub const TAKING: [&str; 1] = ["operator"];

/// So many are listed.
const MOST: u32 = 200;

/// A credential that is out, or was.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct LeaseCard {
    /// Names it.
    pub id: String,
    /// The call it is for.
    pub call: String,
    /// Who asked for the call.
    pub principal: String,
    /// The configured name of the server.
    pub server: String,
    /// The configured name of who made it.
    pub provider: String,
    /// What kind of provider that is.
    pub kind: String,
    /// What it reaches, line by line.
    pub reaches: Vec<String>,
    /// What the provider takes it back by; never a secret.
    pub handle: Option<String>,
    /// Where it stands.
    #[schemars(extend("enum" = LeaseState::ALL.map(LeaseState::word)))]
    pub state: &'static str,
    /// When it was ordered.
    #[schemars(extend("format" = "date-time"))]
    pub made: String,
    /// When it ends by itself.
    #[schemars(extend("format" = "date-time"))]
    pub expires: String,
    /// How often it could not be taken back.
    pub tries: u32,
    /// Why not, the last time, or why none was made.
    pub trouble: Option<String>,
    /// Since when it is worth nothing.
    #[schemars(extend("format" = "date-time"))]
    pub ended: Option<String>,
}

/// Credentials somebody may see.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Leases {
    /// The newest first, 200 at most.
    pub items: Vec<LeaseCard>,
}

/// Taking a credential back. Nothing has to be said for it: who did it is written down.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RevokeLease {}

impl LeaseCard {
    /// As it stands in the book.
    pub fn of(kept: KeptLease) -> Self {
        Self {
            id: kept.id,
            call: kept.call,
            principal: kept.principal,
            server: kept.server,
            provider: kept.provider,
            kind: kept.kind,
            reaches: kept.reaches,
            handle: kept.handle,
            state: kept.state.word(),
            made: kept.made.to_string(),
            expires: kept.expires.to_string(),
            tries: kept.tries,
            trouble: kept.trouble,
            ended: kept.ended.map(|ended| ended.to_string()),
        }
    }
}

/// Whether this person may do what is for these roles.
pub fn lets(voter: &Voter, roles: &'static [&'static str]) -> Result<(), Fault> {
    let has = roles.iter().any(|role| voter.roles.contains(*role));
    if has { Ok(()) } else { Err(Fault::RoleRequired(roles)) }
}

/// The credentials that are out, and those that were where they are wanted too.
pub async fn list(store: &Store, viewer: &Voter, over: Over) -> Result<Leases, Fault> {
    lets(viewer, &SEEING)?;
    let kept = store.list_leases(over, MOST).await?;
    Ok(Leases { items: kept.into_iter().map(LeaseCard::of).collect() })
}

/// Takes one back, and says how it stands then. One that is over stays as it is.
pub async fn revoke(credentials: &Arc<Credentials>, store: &Store, id: &str, by: &Voter) -> Result<LeaseCard, Fault> {
    lets(by, &TAKING)?;
    if credentials.end_by_hand(id, &by.person).await? == Ended::Unknown {
        return Err(Fault::UnknownLease);
    }
    store.find_lease(id).await?.map(LeaseCard::of).ok_or(Fault::UnknownLease)
}

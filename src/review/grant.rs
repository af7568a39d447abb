//! Which yes reaches beyond one call, and what may a person do about it?
//!
//! Who sees a grant: whoever sees the call it came of. Who takes it back: anybody the rules asked about that call.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::answer::LONGEST_REASON;
use super::fault::Fault;
use super::sight::sees;
use crate::approval::grant::{Grant, GrantState};
use crate::approval::vote::Voter;
use crate::clock::Timestamp;
use crate::gateway::desk::grants::Ending;
use crate::gateway::desk::{Desk, DeskError};
use crate::policy::finding::grant::GrantTerms;
use crate::store::Store;
use crate::store::grants::Which;

/// So many are listed.
const MOST: i64 = 200;

/// What a person is shown of a grant.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct GrantCard {
    /// The call it came of; names it.
    pub id: String,
    /// Where it stands.
    #[schemars(extend("enum" = GrantState::WORDS))]
    pub state: &'static str,
    /// Names what was agreed to: the call that was shown, and the bounds.
    #[schemars(regex(pattern = "^sha256:[0-9a-f]{64}$"))]
    pub digest: String,
    /// How far it reaches.
    pub bounds: GrantTerms,
    /// Who made it.
    pub by: Vec<String>,
    /// Whose calls it covers.
    pub principal: String,
    /// Of which software, when proven.
    pub agent: Option<String>,
    /// On behalf of whom.
    pub person: Option<String>,
    /// The configured name of the server.
    pub server: String,
    /// The tool, under the server's own name.
    pub tool: String,
    /// How many calls were let run because of it, the one it came of among them.
    pub used: u32,
    /// How many more it covers.
    pub left: u32,
    /// Since when there is one.
    #[schemars(extend("format" = "date-time"))]
    pub made: String,
    /// From when on it covers nothing.
    #[schemars(extend("format" = "date-time"))]
    pub until: String,
    /// Whether you may take it back now.
    pub may_revoke: bool,
}

/// Grants somebody may see.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Grants {
    /// The newest first, 200 at most.
    pub items: Vec<GrantCard>,
}

/// Taking a grant back.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RevokeGrant {
    /// Why; kept.
    #[schemars(length(max = 2000))]
    pub reason: Option<String>,
}

impl GrantCard {
    /// For this person at this time.
    pub fn of(grant: &Grant, viewer: &Voter, now: Timestamp) -> Self {
        let scope = grant.of.scope.as_ref();
        Self {
            id: grant.id().to_string(),
            state: grant.state.word(),
            digest: grant.digest().to_string(),
            bounds: grant.bounds.clone(),
            by: grant.of.votes.iter().map(|vote| vote.by.person.clone()).collect(),
            principal: grant.of.asker.principal.clone(),
            agent: scope.and_then(|scope| scope.agent.clone()),
            person: grant.of.asker.person.clone(),
            server: scope.map(|scope| scope.server.clone()).unwrap_or_default(),
            tool: scope.map(|scope| scope.tool.clone()).unwrap_or_default(),
            used: grant.used,
            left: grant.left(),
            made: grant.made.to_string(),
            until: grant.until.to_string(),
            may_revoke: grant.revoked(viewer, now).is_ok(),
        }
    }
}

/// The grants this person may see.
pub async fn list((store, desk): (&Store, &Arc<Desk>), viewer: &Voter, which: Which) -> Result<Grants, Fault> {
    let now = desk.now().await?;
    let mut items = Vec::new();
    for id in store.grants(which, MOST).await? {
        let grant = desk.grant(&id).await?;
        // Its time may have been over when it was looked at.
        if sees(viewer, &grant.of, now) && (which == Which::All || grant.state == GrantState::Open) {
            items.push(GrantCard::of(&grant, viewer, now));
        }
    }
    Ok(Grants { items })
}

/// Takes a grant back.
pub async fn revoke(desk: &Arc<Desk>, id: &str, by: Voter, said: RevokeGrant) -> Result<GrantCard, Fault> {
    let unknown = |error| match error {
        DeskError::Unknown => Fault::UnknownGrant,
        DeskError::Refused(refused) => Fault::Grant(refused),
        other => other.into(),
    };
    let grant = desk.grant(id).await.map_err(unknown)?;
    if !sees(&by, &grant.of, desk.now().await?) {
        return Err(Fault::UnknownGrant);
    }
    let reason = said.reason.map(|reason| reason.trim().to_owned()).filter(|reason| !reason.is_empty());
    if reason.as_ref().is_some_and(|reason| reason.chars().count() > LONGEST_REASON) {
        return Err(Fault::TooLong("reason"));
    }
    let ended = desk.end_grant(id, Ending::Revoked(by.clone(), reason)).await.map_err(unknown)?;
    Ok(GrantCard::of(&ended, &by, desk.now().await?))
}

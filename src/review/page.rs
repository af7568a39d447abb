//! Which calls may this person see, newest first?

use std::sync::Arc;

use schemars::JsonSchema;
use serde::Serialize;

use super::card::{Card, Shown};
use super::fault::Fault;
use super::sight::sees;
use crate::approval::state::State;
use crate::approval::vote::Voter;
use crate::gateway::desk::{Desk, DeskError};
use crate::store::approvals::KeptApproval;
use crate::store::{Store, StoreError};

/// The states of what is not over, or nobody knows whether it is.
pub const OPEN: [&str; 4] = ["pending", "approved", "executing", "outcome_unknown"];
/// Calls a page has at most.
pub const LARGEST: usize = 100;
/// Calls a page has when nobody says how many.
pub const USUAL: usize = 50;
/// Calls that are looked at for one page; others may be for other people.
const MOST_LOOKED_AT: usize = 1000;
/// Ids that are read at once.
const CHUNK: i64 = 100;

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Only these states; any when there are none.
    pub states: Vec<&'static str>,
    /// So many at most.
    pub limit: usize,
    /// Only what is older than this one.
    pub after: Option<String>,
    /// Only what this person has to do with in this way.
    pub only: Only,
}

/// What somebody has to do with a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Only {
    /// They may see it.
    Visible,
    /// They can approve or deny it now.
    Answerable,
}

/// Calls, newest first.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Page {
    /// The calls. Those that are identical and wait are one of these.
    pub items: Vec<Item>,
    /// Ask again with `after` set to this; nothing where there are no more.
    pub next: Option<String>,
}

/// One call, or several that are identical and wait.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Item {
    /// The newest of them.
    pub card: Card,
    /// How many there are.
    pub count: usize,
    /// All of them, newest first. Each is answered by itself, with the digest of its own card.
    pub ids: Vec<String>,
}

/// A page of the calls this person may see.
pub async fn page((store, desk): (&Store, &Arc<Desk>), viewer: &Voter, wanted: &Wanted) -> Result<Page, Fault> {
    let mut page = Page { items: Vec::new(), next: wanted.after.clone() };
    let mut looked_at = 0_usize;
    loop {
        let ids = store.approvals_in(&wanted.states, page.next.as_deref(), CHUNK).await?;
        let last = i64::try_from(ids.len()).unwrap_or(CHUNK) < CHUNK;
        for id in ids {
            if page.items.len() >= wanted.limit || looked_at >= MOST_LOOKED_AT {
                return Ok(page);
            }
            looked_at = looked_at.saturating_add(1);
            match item((store, desk), viewer, (wanted, &id)).await {
                Ok(item) => page.items.extend(item),
                // One damaged row must not hide all the others.
                Err(Fault::Away(DeskError::Store(StoreError::Unreadable(what)))) => {
                    tracing::error!(call = id, what, "an approval cannot be read and is not listed");
                }
                Err(fault) => return Err(fault),
            }
            page.next = Some(id);
        }
        if last {
            return Ok(Page { next: None, ..page });
        }
    }
}

/// The call as one of a page; nothing when it does not belong there, or is one of those another stands for.
async fn item(
    (store, desk): (&Store, &Arc<Desk>),
    viewer: &Voter,
    (wanted, id): (&Wanted, &str),
) -> Result<Option<Item>, Fault> {
    let (kept, now) = (desk.kept(id).await?, desk.now().await?);
    let fits = wanted.states.is_empty() || wanted.states.contains(&kept.approval.state.word());
    let wanted_of = wanted.only == Only::Visible || kept.approval.may_vote(viewer, now).is_ok();
    if !fits || !wanted_of || !sees(viewer, &kept.approval, now) {
        return Ok(None);
    }
    let mut ids = vec![id.to_owned()];
    if kept.approval.state == State::Pending {
        for other in store.approvals_repeated_by(&kept.approval.repeat).await?.into_iter().rev() {
            if other == id || !is_identical(&kept, &desk.kept(&other).await?)? {
                continue;
            }
            if other.as_str() > id {
                return Ok(None);
            }
            ids.push(other);
        }
    }
    Ok(Some(Item { card: Card::of(&kept, Some(viewer), now)?, count: ids.len(), ids }))
}

/// Whether whoever answers one would be shown the same of the other, and be asked the same.
fn is_identical(one: &KeptApproval, other: &KeptApproval) -> Result<bool, StoreError> {
    let definition = |kept| Ok::<_, StoreError>(Shown::of(kept)?.more.get("definition").cloned());
    Ok(other.approval.state == State::Pending
        && one.approval.repeat == other.approval.repeat
        && one.approval.agreement == other.approval.agreement
        && one.approval.asker == other.approval.asker
        && definition(one)? == definition(other)?)
}

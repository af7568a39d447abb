//! Which calls wait for people, and who said what?
//!
//! One row for each approval, with a version that grows by one with every change; one row for each vote, and none is
//! ever changed. A change is one transaction: the approval as it is after it, only if nobody changed it meanwhile, the vote
//! if it was one, and the lines of the book that say so. It is on the disk before anybody hears of it, whatever
//! `durability` says: what a person decided, and what a held call does, must not be lost with the power.

use super::append::AppendError;
use super::entries::Line;
use super::grants::{GrantRow, GrantStep};
use super::pool::{Pool, reading};
use super::{Store, StoreError};
use crate::approval::Approval;
use crate::approval::vote::Vote;
use crate::channels::notice::Notice;
use crate::clock::Timestamp;
use crate::digest::Digest;

/// An approval as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptApproval {
    /// The approval.
    pub approval: Approval,
    /// How often it has changed.
    pub version: i64,
    /// What people are shown of it: a JSON object.
    pub shown: String,
}

/// One change of an approval.
#[derive(Clone, Debug)]
pub struct Step {
    /// What it is after the change.
    pub approval: Approval,
    /// What it must have been before.
    pub before: Before,
    /// The vote that made the change, if one did.
    pub vote: Option<Vote>,
    /// The grant that was made, or used, with it.
    pub grant: Option<GrantStep>,
    /// What the book says of it.
    pub lines: Vec<Line>,
    /// What people are to be told of it.
    pub notices: Vec<Notice>,
}

/// What an approval must have been before a change.
#[derive(Clone, Debug)]
pub enum Before {
    /// There was none; people are shown this, a JSON object.
    Nothing(String),
    /// It had this version.
    Version(i64),
    /// The same, and people are shown this from now on.
    Shown(i64, String),
}

/// What is open of one caller.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Open {
    /// How many approvals.
    pub count: i64,
    /// When the time decides about the first of them.
    pub next: Option<Timestamp>,
}

/// Approvals to count, newest first.
#[derive(Clone, Debug)]
pub struct Counted {
    /// Those that could be read.
    pub approvals: Vec<Approval>,
    /// The id of the oldest that was looked at; nothing where there are no more.
    pub last: Option<String>,
}

/// What became of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moved {
    /// It is on the disk; the approval has this version now.
    Done(i64),
    /// Somebody else was first. Nothing was changed.
    Stale,
}

/// A step as rows: what both databases bind.
#[derive(Debug)]
pub(super) struct Rows {
    pub(super) approval: Option<ApprovalRow>,
    /// The vote.
    pub(super) vote: Option<Ballot>,
    pub(super) grant: Option<GrantRow>,
    pub(super) lines: Vec<Line>,
    pub(super) notices: Vec<Notice>,
}

/// An approval as a row.
#[derive(Debug)]
pub(super) struct ApprovalRow {
    pub(super) id: String,
    pub(super) state: &'static str,
    pub(super) principal: String,
    pub(super) repeat: String,
    pub(super) moved: i64,
    pub(super) wakes: Option<i64>,
    pub(super) body: String,
    pub(super) before: Before,
}

/// A vote as a row. A person says one thing to one call; an edit makes another of it.
#[derive(Debug)]
pub(super) struct Ballot {
    pub(super) approval: String,
    pub(super) person: String,
    pub(super) digest: String,
    pub(super) at: i64,
    pub(super) body: String,
}

pub(super) const OPEN: &str = "
INSERT INTO approval (id, version, state, principal, repeat, moved, wakes, body, shown)
VALUES ($1, 1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (id) DO NOTHING";

pub(super) const CHANGE: &str = "
UPDATE approval SET version = version + 1, state = $2, moved = $3, wakes = $4, body = $5, shown = COALESCE($7, shown)
WHERE id = $1 AND version = $6";

pub(super) const VOTE: &str = "INSERT INTO vote (approval, person, digest, at, body) VALUES ($1, $2, $3, $4, $5)";

const FIND: &str = "SELECT version, body, shown FROM approval WHERE id = $1";

const VOTES: &str = "SELECT body FROM vote WHERE approval = $1 ORDER BY at, person";

const BEGINNING: &str = "SELECT id FROM approval WHERE id >= $1 AND id < $1 || '~' ORDER BY id LIMIT 2";

const REPEATED: &str = "
SELECT id FROM approval WHERE repeat = $1 AND state IN ('pending', 'approved') ORDER BY id";

const REJECTED: &str = "
SELECT id FROM approval WHERE repeat = $1 AND state = 'rejected' AND moved > $2 ORDER BY moved DESC LIMIT 1";

const WITH_STATE: &str = "
SELECT id FROM approval
WHERE ($1 = '' OR replace($1, ',' || state || ',', '') <> $1) AND ($2 = '' OR id < $2) ORDER BY id DESC LIMIT $3";

const AGREED_TO: &str = "
SELECT id, shown FROM approval
WHERE principal = $1 AND id < $2 AND state IN ('approved', 'executing', 'succeeded', 'reconciled_succeeded')
ORDER BY id DESC LIMIT $3";
const OLDER: &str = "SELECT id, body FROM approval WHERE ($1 = '' OR id < $1) ORDER BY id DESC LIMIT $2";

const DUE: &str = "SELECT id FROM approval WHERE wakes <= $1 ORDER BY wakes LIMIT $2";

const MOVED: &str = "SELECT id, moved FROM approval WHERE moved >= $1 ORDER BY moved";

const OPEN_OF: &str = "
SELECT COUNT(*), MIN(wakes) FROM approval
WHERE principal = $1 AND wakes IS NOT NULL AND state IN ('pending', 'approved', 'executing')";

const OPEN_NOW: &str = "
SELECT state, COUNT(*) FROM approval
WHERE wakes IS NOT NULL AND state IN ('pending', 'approved', 'executing') GROUP BY state ORDER BY state";

const TIME: &str = "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT)";

impl Rows {
    fn of(step: Step, now: Timestamp) -> Result<Self, AppendError> {
        let spelled = |error: serde_json::Error| AppendError::Broken(error.to_string());
        let Step { approval, before, vote, grant, lines, notices } = step;
        let body = serde_json::to_string(&approval).map_err(spelled)?;
        let vote = vote.map(|vote| {
            let body = serde_json::to_string(&vote)?;
            let (approval, digest) = (approval.id.as_str().to_owned(), vote.digest.to_string());
            Ok(Ballot { approval, person: vote.by.person, digest, at: vote.at.micros(), body })
        });
        let row = ApprovalRow {
            id: approval.id.as_str().to_owned(),
            state: approval.state.word(),
            principal: approval.asker.principal.clone(),
            repeat: approval.repeat.to_string(),
            moved: now.micros(),
            wakes: approval.wakes().map(Timestamp::micros),
            body,
            before,
        };
        let grant = grant.map(GrantRow::of).transpose()?;
        Ok(Self { approval: Some(row), vote: vote.transpose().map_err(spelled)?, grant, lines, notices })
    }

    /// The version after it: the approval's, or the grant's where only that changes.
    pub(super) fn version(&self) -> i64 {
        match (&self.approval, &self.grant) {
            (Some(row), _) => row.before.revision(),
            (None, Some(GrantRow { before: Some(version), .. })) => version.saturating_add(1),
            (None, _) => 1,
        }
    }
}

impl Before {
    /// The version after the change.
    pub const fn revision(&self) -> i64 {
        match self {
            Self::Nothing(_) => 1,
            Self::Version(version) | Self::Shown(version, _) => version.saturating_add(1),
        }
    }

    /// What people are shown instead from now on, if it changed.
    pub(super) fn anew(&self) -> Option<&str> {
        if let Self::Shown(_, shown) = self { Some(shown) } else { None }
    }
}

impl Store {
    /// Changes an approval, if it is what it must have been. Not for a request's own future: when it is dropped half-way the
    /// change may or may not be there.
    pub async fn move_approval(&self, step: Step, now: Timestamp) -> Result<Moved, AppendError> {
        self.appender().step(Rows::of(step, now)?).await
    }

    /// The time all gateways of one database agree on: Postgres' own, or this machine's for a file.
    pub async fn time(&self, here: Timestamp) -> Result<Timestamp, StoreError> {
        match self.pool() {
            Pool::Sqlite { .. } => Ok(here),
            Pool::Postgres(db) => {
                let micros: i64 = sqlx::query_scalar(TIME).fetch_one(db).await?;
                Ok(Timestamp::from_micros(micros))
            }
        }
    }

    /// The approval of this call.
    pub async fn find_approval(&self, id: &str) -> Result<Option<KeptApproval>, StoreError> {
        if id.contains('\0') {
            return Ok(None);
        }
        let row: Option<(i64, String, String)> =
            reading!(self.pool(), db => sqlx::query_as(FIND).bind(id).fetch_optional(db).await)?;
        let Some((version, body, shown)) = row else { return Ok(None) };
        let unreadable = |_| StoreError::Unreadable(format!("the approval {id}"));
        let approval: Approval = serde_json::from_str(&body).map_err(unreadable)?;
        // Under a grant those votes count that made it.
        let asked = approval.under.as_ref().map_or(id, |under| under.grant.as_str());
        if approval.id.as_str() != id || !self.were_cast(asked, &approval.votes).await? {
            return Err(StoreError::Unreadable(format!("votes of the approval {id} that are not its own")));
        }
        Ok(Some(KeptApproval { approval, version, shown }))
    }

    /// Whether all of these votes were cast about this approval.
    pub(super) async fn were_cast(&self, id: &str, votes: &[Vote]) -> Result<bool, StoreError> {
        let cast: Vec<String> = reading!(self.pool(), db => sqlx::query_scalar(VOTES).bind(id).fetch_all(db).await)?;
        let unreadable = |_| StoreError::Unreadable(format!("the approval {id}"));
        let cast: Vec<Vote> =
            cast.iter().map(|vote| serde_json::from_str(vote)).collect::<Result<_, _>>().map_err(unreadable)?;
        // A vote that was committed between the two reads is one more; one that differs was not written by us.
        Ok(votes.iter().all(|vote| cast.contains(vote)) && cast.len() >= votes.len())
    }

    /// The ids that begin like this, two at most: enough to tell whether it names one.
    pub async fn approvals_beginning(&self, beginning: &str) -> Result<Vec<String>, StoreError> {
        if beginning.contains('\0') {
            return Ok(Vec::new());
        }
        Ok(reading!(self.pool(), db => sqlx::query_scalar(BEGINNING).bind(beginning).fetch_all(db).await)?)
    }

    /// Ids of approvals that wait, or wait to be used, and mean the same call; the oldest first.
    pub async fn approvals_repeated_by(&self, repeat: &Digest) -> Result<Vec<String>, StoreError> {
        let repeat = repeat.to_string();
        Ok(reading!(self.pool(), db => sqlx::query_scalar(REPEATED).bind(&repeat).fetch_all(db).await)?)
    }

    /// The same call that somebody said no to last, if that was after this.
    pub async fn approval_rejected_after(
        &self,
        repeat: &Digest,
        after: Timestamp,
    ) -> Result<Option<String>, StoreError> {
        let repeat = repeat.to_string();
        Ok(reading!(self.pool(), db => {
            sqlx::query_scalar(REJECTED).bind(&repeat).bind(after.micros()).fetch_optional(db).await
        })?)
    }

    /// Ids of approvals in these states, or in any; the newest first, from the first that is older than `after`.
    pub async fn approvals_in(
        &self,
        states: &[&str],
        after: Option<&str>,
        limit: i64,
    ) -> Result<Vec<String>, StoreError> {
        let after = after.unwrap_or_default();
        if after.contains('\0') {
            return Ok(Vec::new());
        }
        let wanted = if states.is_empty() { String::new() } else { format!(",{},", states.join(",,")) };
        Ok(reading!(self.pool(), db => {
            sqlx::query_scalar(WITH_STATE).bind(&wanted).bind(after).bind(limit).fetch_all(db).await
        })?)
    }

    /// What people were shown of calls of this caller that they agreed to before this one; the newest first.
    pub async fn agreed_to_before(
        &self,
        principal: &str,
        id: &str,
        limit: i64,
    ) -> Result<Vec<(String, String)>, StoreError> {
        if principal.contains('\0') || id.contains('\0') {
            return Ok(Vec::new());
        }
        Ok(reading!(self.pool(), db => {
            sqlx::query_as(AGREED_TO).bind(principal).bind(id).bind(limit).fetch_all(db).await
        })?)
    }

    /// Approvals for counting, newest first, from the first that is older than `after`: whose votes they hold is not looked up,
    /// and what cannot be read is left out.
    pub async fn approvals_to_count(&self, after: Option<&str>, limit: i64) -> Result<Counted, StoreError> {
        let after = after.unwrap_or_default();
        let rows: Vec<(String, String)> =
            reading!(self.pool(), db => sqlx::query_as(OLDER).bind(after).bind(limit).fetch_all(db).await)?;
        let last = rows.last().map(|(id, _)| id.clone());
        Ok(Counted { approvals: rows.iter().filter_map(|(_, body)| serde_json::from_str(body).ok()).collect(), last })
    }

    /// Ids of approvals about which the time has decided something that nobody has written down yet.
    pub async fn approvals_due(&self, now: Timestamp, limit: i64) -> Result<Vec<String>, StoreError> {
        Ok(reading!(self.pool(), db => sqlx::query_scalar(DUE).bind(now.micros()).bind(limit).fetch_all(db).await)?)
    }

    /// Ids of approvals that changed at this time or later, and when.
    pub async fn approvals_moved_since(&self, since: Timestamp) -> Result<Vec<(String, Timestamp)>, StoreError> {
        let rows: Vec<(String, i64)> =
            reading!(self.pool(), db => sqlx::query_as(MOVED).bind(since.micros()).fetch_all(db).await)?;
        Ok(rows.into_iter().map(|(id, moved)| (id, Timestamp::from_micros(moved))).collect())
    }

    /// How many approvals that are not over stand where.
    pub async fn count_open_approvals(&self) -> Result<Vec<(String, u64)>, StoreError> {
        let rows: Vec<(String, i64)> = reading!(self.pool(), db => sqlx::query_as(OPEN_NOW).fetch_all(db).await)?;
        Ok(rows.into_iter().map(|(state, count)| (state, u64::try_from(count).unwrap_or(0))).collect())
    }

    /// What is open of this caller: calls that wait, or run after they waited.
    pub async fn approvals_open_of(&self, principal: &str) -> Result<Open, StoreError> {
        if principal.contains('\0') {
            return Ok(Open::default());
        }
        let (count, next): (i64, Option<i64>) =
            reading!(self.pool(), db => sqlx::query_as(OPEN_OF).bind(principal).fetch_one(db).await)?;
        Ok(Open { count, next: next.map(Timestamp::from_micros) })
    }
}

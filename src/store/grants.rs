//! Which yes reaches beyond one call, and how far has it been used?
//!
//! One row for each grant, with a version that grows by one with every change. A grant is made in the transaction of the
//! vote that makes it, and used in the transaction that opens the approval of the call it lets run: two gateways that want
//! the last use at once bring the same version, and one of them finds that somebody else was first.

use super::append::AppendError;
use super::approvals::{Moved, Rows};
use super::entries::Line;
use super::pool::reading;
use super::{Store, StoreError};
use crate::approval::grant::Grant;
use crate::clock::Timestamp;
use crate::digest::Digest;

/// A grant as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptGrant {
    /// The grant.
    pub grant: Grant,
    /// How often it has changed.
    pub version: i64,
}

/// One change of a grant.
#[derive(Clone, Debug)]
pub struct GrantStep {
    /// What it is after the change.
    pub grant: Grant,
    /// The version it must have had before; nothing: there was none.
    pub before: Option<i64>,
}

/// A grant as a row.
#[derive(Debug)]
pub(super) struct GrantRow {
    pub(super) id: String,
    pub(super) state: &'static str,
    pub(super) whose: String,
    pub(super) server: String,
    pub(super) wakes: Option<i64>,
    pub(super) body: String,
    pub(super) before: Option<i64>,
}

pub(super) const MAKE: &str = "
INSERT INTO grants (id, version, state, whose, server, wakes, body)
VALUES ($1, 1, $2, $3, $4, $5, $6) ON CONFLICT (id) DO NOTHING";

pub(super) const USE: &str = "
UPDATE grants SET version = version + 1, state = $2, wakes = $3, body = $4 WHERE id = $1 AND version = $5";

const FIND: &str = "SELECT version, body FROM grants WHERE id = $1";

const OPEN_FOR: &str = "SELECT id FROM grants WHERE whose = $1 AND wakes IS NOT NULL ORDER BY wakes, id";

const OPEN_OF: &str = "SELECT id FROM grants WHERE server = $1 AND wakes IS NOT NULL ORDER BY id";

const ALL: &str = "SELECT id FROM grants WHERE ($1 = 0 OR wakes IS NOT NULL) ORDER BY id DESC LIMIT $2";

const COUNT: &str = "SELECT COUNT(*) FROM grants WHERE wakes > $1";

const DUE: &str = "SELECT id FROM grants WHERE wakes <= $1 ORDER BY wakes LIMIT $2";

const BEGINNING: &str = "SELECT id FROM grants WHERE id >= $1 AND id < $1 || '~' ORDER BY id LIMIT 2";

/// Which grants are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// Those that cover something.
    Open,
    /// Those that are over as well.
    All,
}

impl GrantRow {
    pub(super) fn of(GrantStep { grant, before }: GrantStep) -> Result<Self, AppendError> {
        let body = serde_json::to_string(&grant).map_err(|error| AppendError::Broken(error.to_string()))?;
        let scope = grant.of.scope.as_ref();
        Ok(Self {
            id: grant.id().as_str().to_owned(),
            state: grant.state.word(),
            whose: scope.map(|scope| scope.whose().to_string()).unwrap_or_default(),
            server: scope.map(|scope| scope.server.clone()).unwrap_or_default(),
            wakes: grant.wakes().map(Timestamp::micros),
            body,
            before,
        })
    }
}

impl Store {
    /// Changes a grant alone, if it is what it must have been. Not for a request's own future.
    pub async fn move_grant(&self, step: GrantStep, lines: Vec<Line>) -> Result<Moved, AppendError> {
        let grant = Some(GrantRow::of(step)?);
        self.appender().step(Rows { approval: None, vote: None, grant, lines, notices: Vec::new() }).await
    }

    /// The grant of this name.
    pub async fn find_grant(&self, id: &str) -> Result<Option<KeptGrant>, StoreError> {
        if id.contains('\0') {
            return Ok(None);
        }
        let row: Option<(i64, String)> =
            reading!(self.pool(), db => sqlx::query_as(FIND).bind(id).fetch_optional(db).await)?;
        let Some((version, body)) = row else { return Ok(None) };
        let unreadable = |_| StoreError::Unreadable(format!("the grant {id}"));
        let grant: Grant = serde_json::from_str(&body).map_err(unreadable)?;
        if grant.id().as_str() != id || !self.were_cast(id, &grant.of.votes).await? {
            return Err(StoreError::Unreadable(format!("votes of the grant {id} that nobody cast")));
        }
        Ok(Some(KeptGrant { grant, version }))
    }

    /// Ids of grants that cover calls of whom this names; what ends first is first.
    pub async fn grants_for(&self, whose: &Digest) -> Result<Vec<String>, StoreError> {
        let whose = whose.to_string();
        Ok(reading!(self.pool(), db => sqlx::query_scalar(OPEN_FOR).bind(&whose).fetch_all(db).await)?)
    }

    /// Ids of grants that cover calls of this server.
    pub async fn grants_of_server(&self, server: &str) -> Result<Vec<String>, StoreError> {
        Ok(reading!(self.pool(), db => sqlx::query_scalar(OPEN_OF).bind(server).fetch_all(db).await)?)
    }

    /// Ids of grants; the newest first.
    pub async fn grants(&self, which: Which, limit: i64) -> Result<Vec<String>, StoreError> {
        let open = i64::from(which == Which::Open);
        Ok(reading!(self.pool(), db => sqlx::query_scalar(ALL).bind(open).bind(limit).fetch_all(db).await)?)
    }

    /// How many grants cover something now.
    pub async fn open_grants(&self, now: Timestamp) -> Result<i64, StoreError> {
        Ok(reading!(self.pool(), db => sqlx::query_scalar(COUNT).bind(now.micros()).fetch_one(db).await)?)
    }

    /// Ids of grants whose time is over and of which nobody has written that down.
    pub async fn grants_due(&self, now: Timestamp, limit: i64) -> Result<Vec<String>, StoreError> {
        Ok(reading!(self.pool(), db => sqlx::query_scalar(DUE).bind(now.micros()).bind(limit).fetch_all(db).await)?)
    }

    /// The ids that begin like this, two at most.
    pub async fn grants_beginning(&self, beginning: &str) -> Result<Vec<String>, StoreError> {
        if beginning.contains('\0') {
            return Ok(Vec::new());
        }
        Ok(reading!(self.pool(), db => sqlx::query_scalar(BEGINNING).bind(beginning).fetch_all(db).await)?)
    }
}

//! How are bodies removed whose time is over?
//!
//! The row of an entry stays, and everything the log has of it; an empty body stands where the sealed one was. What the
//! database holds of a call beside its entries goes with them.

use std::collections::BTreeSet;

use super::log::{hash, signed, unsigned};
use super::pool::{Pool, reading};
use super::{Store, StoreError};
use crate::audit::tree::Hash;
use crate::clock::Timestamp;

/// An entry whose body is there, and that is old enough to be looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OldEntry {
    /// Its place in the log.
    pub place: u64,
    /// Its number.
    pub seq: i64,
    /// The call it belongs to.
    pub call: Option<String>,
    /// When it was written.
    pub at: Timestamp,
    /// The event code.
    pub event: String,
}

const OLD: &str = "
SELECT leaf.place, leaf.seq, entry.call, entry.at, entry.event FROM leaf JOIN entry ON entry.seq = leaf.seq
WHERE leaf.place >= $1 AND leaf.place < $2 AND entry.at < $3 AND length(entry.sealed) > 0
ORDER BY leaf.place LIMIT $4";
const CALLS_SINCE: &str = "SELECT DISTINCT call FROM entry WHERE seq >= $1 AND at >= $2 AND call IS NOT NULL";
const OPEN: &str = "SELECT id FROM approval WHERE wakes IS NOT NULL UNION SELECT call FROM lease WHERE ended IS NULL";
const NODES: &str = "SELECT hash FROM node WHERE level = $1 AND place < $2 ORDER BY place";
const BLANK_SQLITE: &str = "
UPDATE entry SET sealed = X'', body = '' WHERE seq IN (SELECT value FROM json_each($1)) AND sealed IS NOT NULL";
const BLANK: &str = "UPDATE entry SET sealed = '', body = '' WHERE seq = ANY($1) AND sealed IS NOT NULL";
/// What is kept of calls beside their entries, in both spellings. A call that waits keeps everything.
const BESIDE: [(&str, &str); 6] = [
    (
        "DELETE FROM vote WHERE approval IN (SELECT value FROM json_each($1)) AND NOT EXISTS \
         (SELECT 1 FROM approval WHERE approval.id = vote.approval AND wakes IS NOT NULL)",
        "DELETE FROM vote WHERE approval = ANY($1) AND NOT EXISTS \
         (SELECT 1 FROM approval WHERE approval.id = vote.approval AND wakes IS NOT NULL)",
    ),
    (
        "DELETE FROM delivery WHERE due IS NULL AND approval IN (SELECT value FROM json_each($1))",
        "DELETE FROM delivery WHERE due IS NULL AND approval = ANY($1)",
    ),
    (
        "DELETE FROM posted WHERE approval IN (SELECT value FROM json_each($1))",
        "DELETE FROM posted WHERE approval = ANY($1)",
    ),
    (
        "DELETE FROM task WHERE approval IN (SELECT value FROM json_each($1)) AND answer IS NOT NULL",
        "DELETE FROM task WHERE approval = ANY($1) AND answer IS NOT NULL",
    ),
    (
        "DELETE FROM lease WHERE ended IS NOT NULL AND call IN (SELECT value FROM json_each($1))",
        "DELETE FROM lease WHERE ended IS NOT NULL AND call = ANY($1)",
    ),
    (
        "DELETE FROM approval WHERE wakes IS NULL AND id IN (SELECT value FROM json_each($1))",
        "DELETE FROM approval WHERE wakes IS NULL AND id = ANY($1)",
    ),
];

type OldRow = (i64, i64, Option<String>, i64, String);

impl Store {
    /// Entries at these places that are older than this and whose bodies are there.
    pub async fn old_entries(
        &self,
        (from, to): (u64, u64),
        before: Timestamp,
        limit: i64,
    ) -> Result<Vec<OldEntry>, StoreError> {
        let (from, to) = (signed(from), signed(to));
        let rows: Vec<OldRow> = reading!(self.pool(), db => {
            sqlx::query_as(OLD).bind(from).bind(to).bind(before.micros()).bind(limit).fetch_all(db).await
        })?;
        let read = |(place, seq, call, at, event): OldRow| {
            let (place, at) = (unsigned(place), Timestamp::from_micros(at));
            OldEntry { place, seq, call, at, event }
        };
        Ok(rows.into_iter().map(read).collect())
    }

    /// The calls that have an entry that is not older than this, from this number on, and those that wait for people or run.
    pub async fn calls_still_told_of(&self, seq: i64, since: Timestamp) -> Result<BTreeSet<String>, StoreError> {
        let since = since.micros();
        let since: Vec<(String,)> =
            reading!(self.pool(), db => sqlx::query_as(CALLS_SINCE).bind(seq).bind(since).fetch_all(db).await)?;
        let open: Vec<(String,)> = reading!(self.pool(), db => sqlx::query_as(OPEN).fetch_all(db).await)?;
        Ok(since.into_iter().chain(open).map(|(call,)| call).collect())
    }

    /// The hashes of the complete subtrees of so many levels, up to a place among them.
    pub async fn nodes(&self, level: u32, to: u64) -> Result<Vec<Hash>, StoreError> {
        let (level, to) = (i64::from(level), signed(to));
        let rows: Vec<(Vec<u8>,)> =
            reading!(self.pool(), db => sqlx::query_as(NODES).bind(level).bind(to).fetch_all(db).await)?;
        rows.iter().map(|(bytes,)| hash(bytes)).collect()
    }

    /// Removes the bodies of these entries. What was there is overwritten.
    pub async fn remove_bodies(&self, entries: &[i64]) -> Result<(), StoreError> {
        match self.pool() {
            Pool::Sqlite { write, .. } => {
                let db = write.as_ref().ok_or_else(reader)?;
                sqlx::query("PRAGMA secure_delete = ON").execute(db).await?;
                let all = serde_json::to_string(entries).unwrap_or_default();
                sqlx::query(BLANK_SQLITE).bind(all).execute(db).await.map(drop)?;
            }
            Pool::Postgres(db) => sqlx::query(BLANK).bind(entries).execute(db).await.map(drop)?,
        }
        self.appender().wrote();
        Ok(())
    }

    /// Removes what is kept of these calls beside their entries, as far as they are over.
    pub async fn remove_calls(&self, calls: &[String]) -> Result<(), StoreError> {
        for (text, postgres) in BESIDE {
            match self.pool() {
                Pool::Sqlite { write, .. } => {
                    let db = write.as_ref().ok_or_else(reader)?;
                    let all = serde_json::to_string(calls).unwrap_or_default();
                    sqlx::query(text).bind(all).execute(db).await.map(drop)?;
                }
                Pool::Postgres(db) => sqlx::query(postgres).bind(calls).execute(db).await.map(drop)?,
            }
        }
        self.appender().wrote();
        Ok(())
    }
}

fn reader() -> StoreError {
    StoreError::Database("it was opened for reading only".to_owned())
}

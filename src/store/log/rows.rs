//! What does the database hold of entries and of their leaves, before anything is made of it?

use std::collections::BTreeMap;

use super::super::pool::{Pool, reading};
use super::super::{Store, StoreError};
use super::{hash, signed, unsigned};
use crate::audit::tree::Hash;
use crate::clock::Timestamp;

/// An entry as it lies there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawEntry {
    /// Its number.
    pub seq: i64,
    /// The call it belongs to.
    pub call: Option<String>,
    /// Microseconds since 1970.
    pub at: i64,
    /// The event code.
    pub event: String,
    /// Its body, where it is not sealed.
    pub body: String,
    /// Its body, sealed.
    pub sealed: Option<Vec<u8>>,
}

/// A leaf as it lies there, with what is left of its entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawLeaf {
    /// Its place in the log.
    pub place: i64,
    /// The entry's number.
    pub seq: i64,
    /// The leaf before it of the same call.
    pub previous: Option<Vec<u8>>,
    /// What stands for the body.
    pub root: Vec<u8>,
    /// Its hash.
    pub hash: Vec<u8>,
    /// The call, if it belongs to one.
    pub call: Option<String>,
    /// Microseconds since 1970; none where the entry is gone.
    pub at: Option<i64>,
    /// The event code; none where the entry is gone.
    pub event: Option<String>,
    /// Its body, where it is not sealed.
    pub body: Option<String>,
    /// Its body, sealed.
    pub sealed: Option<Vec<u8>>,
}

pub(in crate::store) type EntryRow = (i64, Option<String>, i64, String, String, Option<Vec<u8>>);
type LeafRow = (
    i64,
    i64,
    Option<Vec<u8>>,
    Vec<u8>,
    Vec<u8>,
    Option<String>,
    Option<i64>,
    Option<String>,
    Option<String>,
    Option<Vec<u8>>,
);

pub(in crate::store) const AFTER: &str =
    "SELECT seq, call, at, event, body, sealed FROM entry WHERE seq > $1 ORDER BY seq LIMIT $2";
const MISSED: &str = "
SELECT entry.seq, call, at, event, body, sealed FROM entry LEFT JOIN leaf ON leaf.seq = entry.seq
WHERE entry.seq > $1 AND leaf.seq IS NULL ORDER BY entry.seq LIMIT $2";
const THESE: &str = "SELECT seq, call, at, event, body, sealed FROM entry WHERE seq = ANY($1) ORDER BY seq";
const LEAVES: &str = "
SELECT leaf.place, leaf.seq, leaf.previous, leaf.root, leaf.hash, call, at, event, body, sealed
FROM leaf LEFT JOIN entry ON entry.seq = leaf.seq WHERE leaf.place >= $1 ORDER BY leaf.place LIMIT $2";
const BETWEEN: &str = "SELECT seq, place, hash FROM leaf WHERE seq >= $1 AND seq <= $2";
const OF_SEQ: &str = "
SELECT leaf.place, leaf.seq, leaf.previous, leaf.root, leaf.hash, call, at, event, body, sealed
FROM leaf LEFT JOIN entry ON entry.seq = leaf.seq WHERE leaf.seq = $1";
const LAST_OF_CALL: &str = "
SELECT leaf.hash FROM leaf JOIN entry ON entry.seq = leaf.seq WHERE entry.call = $1 ORDER BY leaf.place DESC LIMIT 1";
const LAST_OF_CALL_SQLITE: &str = "
SELECT leaf.hash FROM leaf WHERE leaf.seq = (SELECT MAX(seq) FROM (
    SELECT seq FROM entry_call WHERE call = $1 AND seq <= (SELECT MAX(seq) FROM leaf)
    UNION ALL SELECT seq FROM entry WHERE seq > (SELECT MAX(seq) FROM entry_call WHERE call = '')
    AND seq <= (SELECT MAX(seq) FROM leaf) AND call = $1))";
const HIGHEST_CALL: &str = "SELECT MAX(call) FROM entry";
const HIGHEST_CALL_SQLITE: &str = "
SELECT MAX(call) FROM (SELECT MAX(call) AS call FROM entry_call
UNION ALL SELECT call FROM entry WHERE seq > (SELECT MAX(seq) FROM entry_call WHERE call = ''))";
const WAITING: &str = "
SELECT CAST(COUNT(*) AS BIGINT), MIN(entry.at) FROM entry LEFT JOIN leaf ON leaf.seq = entry.seq
WHERE entry.seq > $1 AND leaf.seq IS NULL";

impl Store {
    /// Entries after this one.
    pub async fn raw_after(&self, seq: i64, limit: i64) -> Result<Vec<RawEntry>, StoreError> {
        if let Some(found) = self.appender().after(seq, limit) {
            return found;
        }
        let rows: Vec<EntryRow> =
            reading!(self.pool(), db => sqlx::query_as(AFTER).bind(seq).bind(limit).fetch_all(db).await)?;
        Ok(rows.into_iter().map(RawEntry::from).collect())
    }

    /// Entries after this one that have no leaf.
    pub async fn missed_by_log(&self, floor: i64, limit: i64) -> Result<Vec<RawEntry>, StoreError> {
        let rows: Vec<EntryRow> =
            reading!(self.pool(), db => sqlx::query_as(MISSED).bind(floor).bind(limit).fetch_all(db).await)?;
        Ok(rows.into_iter().map(RawEntry::from).collect())
    }

    /// The entries of these numbers, as far as they are there. SQLite leaves no number out.
    pub async fn raw_of(&self, numbers: &[i64]) -> Result<Vec<RawEntry>, StoreError> {
        match self.pool() {
            Pool::Sqlite { .. } => Ok(Vec::new()),
            Pool::Postgres(db) => {
                let rows: Vec<EntryRow> = sqlx::query_as(THESE).bind(numbers).fetch_all(db).await?;
                Ok(rows.into_iter().map(RawEntry::from).collect())
            }
        }
    }

    /// How many entries have no leaf yet, and since when the oldest of them waits.
    pub async fn waits_for_log(&self, floor: i64) -> Result<(i64, Option<Timestamp>), StoreError> {
        let (count, since): (i64, Option<i64>) =
            reading!(self.pool(), db => sqlx::query_as(WAITING).bind(floor).fetch_one(db).await)?;
        Ok((count, since.map(Timestamp::from_micros)))
    }

    /// The last leaves of these calls.
    pub async fn last_leaves(&self, calls: &[String]) -> Result<BTreeMap<String, Hash>, StoreError> {
        let text = match self.pool() {
            Pool::Sqlite { .. } => LAST_OF_CALL_SQLITE,
            Pool::Postgres(_) => LAST_OF_CALL,
        };
        let mut found = BTreeMap::new();
        for call in calls {
            let row: Option<(Vec<u8>,)> =
                reading!(self.pool(), db => sqlx::query_as(text).bind(call).fetch_optional(db).await)?;
            if let Some((bytes,)) = row {
                found.insert(call.clone(), hash(&bytes)?);
            }
        }
        Ok(found)
    }

    /// The call with the highest name.
    pub async fn highest_call(&self) -> Result<Option<String>, StoreError> {
        let text = match self.pool() {
            Pool::Sqlite { .. } => HIGHEST_CALL_SQLITE,
            Pool::Postgres(_) => HIGHEST_CALL,
        };
        let (call,): (Option<String>,) = reading!(self.pool(), db => sqlx::query_as(text).fetch_one(db).await)?;
        Ok(call)
    }

    /// Leaves from a place on, each with what is left of its entry.
    pub async fn raw_leaves(&self, place: u64, limit: i64) -> Result<Vec<RawLeaf>, StoreError> {
        let place = signed(place);
        let rows: Vec<LeafRow> =
            reading!(self.pool(), db => sqlx::query_as(LEAVES).bind(place).bind(limit).fetch_all(db).await)?;
        Ok(rows.into_iter().map(RawLeaf::from).collect())
    }

    /// Place and hash of the leaves of entries between two numbers, both included.
    pub async fn leaves_between(&self, first: i64, last: i64) -> Result<BTreeMap<i64, (u64, Hash)>, StoreError> {
        let rows: Vec<(i64, i64, Vec<u8>)> =
            reading!(self.pool(), db => sqlx::query_as(BETWEEN).bind(first).bind(last).fetch_all(db).await)?;
        let read = |(seq, place, bytes): (i64, i64, Vec<u8>)| Ok((seq, (unsigned(place), hash(&bytes)?)));
        rows.into_iter().map(read).collect()
    }

    /// The leaf of this entry.
    pub async fn raw_leaf_of(&self, seq: i64) -> Result<Option<RawLeaf>, StoreError> {
        let row: Option<LeafRow> =
            reading!(self.pool(), db => sqlx::query_as(OF_SEQ).bind(seq).fetch_optional(db).await)?;
        Ok(row.map(RawLeaf::from))
    }
}

impl From<EntryRow> for RawEntry {
    fn from((seq, call, at, event, body, sealed): EntryRow) -> Self {
        Self { seq, call, at, event, body, sealed }
    }
}

impl From<LeafRow> for RawLeaf {
    fn from((place, seq, previous, root, hash, call, at, event, body, sealed): LeafRow) -> Self {
        Self { place, seq, previous, root, hash, call, at, event, body, sealed }
    }
}

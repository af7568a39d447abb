//! How far was each sink told, and which gateway tells it?
//!
//! A sink is told by one gateway at a time: whoever holds it says so until a moment that another gateway can wait for. How far
//! it was told is moved by the holder alone, after the sink has taken the entries: it may hear some of them twice, and none
//! never.

use super::pool::{reading, storable, writing};
use super::{Store, StoreError};
use crate::clock::Timestamp;

/// A sink as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// The place of the last entry it took.
    pub seq: i64,
    /// When that was.
    pub moved: Timestamp,
    /// Who tells it.
    pub holder: String,
    /// Until when.
    pub until: Timestamp,
    /// Why it did not take the last ones; empty when it did.
    pub why: String,
}

const BEGIN: &str = "
INSERT INTO sink_cursor (name, seq, moved, holder, until, why) VALUES ($1, $2, $3, '', 0, '')
ON CONFLICT (name) DO NOTHING";

const FIND: &str = "SELECT seq, moved, holder, until, why FROM sink_cursor WHERE name = $1";

const HOLD: &str = "UPDATE sink_cursor SET holder = $2, until = $4 WHERE name = $1 AND (holder = $2 OR until <= $3)";

const ADVANCE: &str = "UPDATE sink_cursor SET seq = $3, moved = $4, why = '' WHERE name = $1 AND holder = $2";

const FAIL: &str = "UPDATE sink_cursor SET why = $3 WHERE name = $1 AND holder = $2";

const LET_GO: &str = "UPDATE sink_cursor SET until = 0 WHERE name = $1 AND holder = $2";

const LEAST: &str = "SELECT MIN(seq) FROM sink_cursor WHERE until > $1 OR moved > $1";

const WAITING: &str = "SELECT at FROM entry WHERE seq > $1 ORDER BY seq LIMIT 1";

type Row = (i64, i64, String, i64, String);

impl Store {
    /// Keeps a sink that is told what comes after this place, unless it is kept already.
    pub async fn begin_sink(&self, name: &str, after: i64, now: Timestamp) -> Result<(), StoreError> {
        writing!(self.pool(), db => {
            sqlx::query(BEGIN).bind(name).bind(after).bind(now.micros()).execute(db).await.map(drop)
        })?;
        self.appender().wrote();
        Ok(())
    }

    /// How far it was told; nothing where there is no such sink.
    pub async fn find_sink(&self, name: &str) -> Result<Option<Cursor>, StoreError> {
        let row: Option<Row> = reading!(self.pool(), db => sqlx::query_as(FIND).bind(name).fetch_optional(db).await)?;
        Ok(row.map(|(seq, moved, holder, until, why)| Cursor {
            seq,
            moved: Timestamp::from_micros(moved),
            holder,
            until: Timestamp::from_micros(until),
            why,
        }))
    }

    /// Takes it, or keeps it, until then; false when another gateway has it.
    pub async fn hold_sink(
        &self,
        name: &str,
        holder: &str,
        (now, until): (Timestamp, Timestamp),
    ) -> Result<bool, StoreError> {
        let done = writing!(self.pool(), db => sqlx::query(HOLD)
            .bind(name).bind(holder).bind(now.micros()).bind(until.micros())
            .execute(db).await.map(|done| done.rows_affected() == 1))?;
        self.appender().wrote();
        Ok(done)
    }

    /// Says that it took everything up to this place; false when another gateway tells it by now.
    pub async fn advance_sink(
        &self,
        name: &str,
        holder: &str,
        (seq, now): (i64, Timestamp),
    ) -> Result<bool, StoreError> {
        let done = writing!(self.pool(), db => sqlx::query(ADVANCE)
            .bind(name).bind(holder).bind(seq).bind(now.micros())
            .execute(db).await.map(|done| done.rows_affected() == 1))?;
        self.appender().wrote();
        Ok(done)
    }

    /// Says why it did not.
    pub async fn fail_sink(&self, name: &str, holder: &str, why: &str) -> Result<(), StoreError> {
        storable(why, "what a sink said")?;
        writing!(self.pool(), db => {
            sqlx::query(FAIL).bind(name).bind(holder).bind(why).execute(db).await.map(drop)
        })?;
        self.appender().wrote();
        Ok(())
    }

    /// Lets another gateway have it at once.
    pub async fn let_go_of_sink(&self, name: &str, holder: &str) -> Result<(), StoreError> {
        writing!(self.pool(), db => sqlx::query(LET_GO).bind(name).bind(holder).execute(db).await.map(drop))?;
        self.appender().wrote();
        Ok(())
    }

    /// Up to where every sink was told that took something since then, or that a gateway has told since then; nothing where
    /// there is none.
    pub async fn all_sinks_told(&self, since: Timestamp) -> Result<Option<i64>, StoreError> {
        let (least,): (Option<i64>,) =
            reading!(self.pool(), db => sqlx::query_as(LEAST).bind(since.micros()).fetch_one(db).await)?;
        Ok(least)
    }

    /// When the first entry behind this place was made; nothing where there is none.
    pub async fn waiting_since(&self, place: i64) -> Result<Option<Timestamp>, StoreError> {
        let at: Option<(i64,)> =
            reading!(self.pool(), db => sqlx::query_as(WAITING).bind(place).fetch_optional(db).await)?;
        Ok(at.map(|(at,)| Timestamp::from_micros(at)))
    }
}

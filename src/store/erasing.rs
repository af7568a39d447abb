//! How is a text taken out of the database for good?
//!
//! Its entry keeps what stands for it; every other row that repeats it loses it. What is replaced stands in JSON texts, so the
//! words are given as they are spelled there.

use super::log::rows::{EntryRow, RawEntry};
use super::pool::{Pool, reading, writing};
use super::{Store, StoreError};

const OF_CALL: &str = "SELECT seq, call, at, event, body, sealed FROM entry WHERE call = $1 ORDER BY seq";
const ONE: &str = "SELECT seq, call, at, event, body, sealed FROM entry WHERE seq = $1";
const PUT: &str = "UPDATE entry SET sealed = $1, body = '' WHERE seq = $2 AND sealed = $3";
const GONE: [&str; 4] = [
    "UPDATE approval SET body = REPLACE(body, $1, $2), shown = REPLACE(shown, $1, $2) WHERE id = $3 AND wakes IS NULL",
    "UPDATE vote SET body = REPLACE(body, $1, $2) WHERE approval = $3",
    "UPDATE delivery SET body = REPLACE(body, $1, $2), log = REPLACE(log, $1, $2) WHERE approval = $3",
    "UPDATE posted SET place = REPLACE(place, $1, $2) WHERE approval = $3",
];

impl Store {
    /// This entry as it lies there.
    pub async fn raw_entry(&self, seq: i64) -> Result<Option<RawEntry>, StoreError> {
        let row: Option<EntryRow> =
            reading!(self.pool(), db => sqlx::query_as(ONE).bind(seq).fetch_optional(db).await)?;
        Ok(row.map(RawEntry::from))
    }

    /// All entries of this call as they lie there.
    pub async fn raw_of_call(&self, call: &str) -> Result<Vec<RawEntry>, StoreError> {
        let rows: Vec<EntryRow> = reading!(self.pool(), db => sqlx::query_as(OF_CALL).bind(call).fetch_all(db).await)?;
        Ok(rows.into_iter().map(RawEntry::from).collect())
    }

    /// Puts another sealed body in the place of this one, if it is still there. What was there is overwritten.
    pub async fn put_sealed(&self, seq: i64, (before, after): (&[u8], &[u8])) -> Result<bool, StoreError> {
        if let Pool::Sqlite { write: Some(db), .. } = self.pool() {
            sqlx::query("PRAGMA secure_delete = ON").execute(db).await?;
        }
        let done = writing!(self.pool(), db => {
            sqlx::query(PUT).bind(after).bind(seq).bind(before).execute(db).await.map(|done| done.rows_affected())
        })?;
        self.appender().wrote();
        Ok(done == 1)
    }

    /// Puts other words in the place of these in everything that is kept of this call beside its entries. A call that still
    /// waits keeps them: people are asked about exactly that.
    pub async fn replace_words(&self, call: &str, (words, instead): (&str, &str)) -> Result<u64, StoreError> {
        let mut changed = 0_u64;
        for text in GONE {
            let done = writing!(self.pool(), db => {
                let query = sqlx::query(text).bind(words).bind(instead).bind(call);
                query.execute(db).await.map(|done| done.rows_affected())
            })?;
            changed = changed.saturating_add(done);
        }
        self.appender().wrote();
        Ok(changed)
    }

    /// Takes what was overwritten out of the log of SQLite as well. Postgres does it when it vacuums.
    pub async fn forget_overwritten(&self) -> Result<(), StoreError> {
        if let Pool::Sqlite { write: Some(db), .. } = self.pool() {
            sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(db).await?;
        }
        Ok(())
    }
}

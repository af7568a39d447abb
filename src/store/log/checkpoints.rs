//! Which checkpoints were signed?

use super::super::pool::{reading, writing};
use super::super::{Store, StoreError};
use crate::clock::Timestamp;

/// A checkpoint that was signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptCheckpoint {
    /// How many leaves it covers.
    pub size: i64,
    /// When it was signed, microseconds since 1970.
    pub at: i64,
    /// The signed note.
    pub note: String,
}

type Row = (i64, i64, String);

const PUT_CHECKPOINT: &str = "
INSERT INTO checkpoint (size, at, note) VALUES ($1, $2, $3) ON CONFLICT (size, at) DO NOTHING";
const THIN: &str = "
DELETE FROM checkpoint WHERE at < $1 AND at >= $2 AND EXISTS (SELECT 1 FROM checkpoint AS older
WHERE older.at < checkpoint.at AND older.at / $3 = checkpoint.at / $3)";
const CHECKPOINTS: &str = "SELECT size, at, note FROM checkpoint ORDER BY size, at";
const NEWEST: &str = "SELECT size, at, note FROM checkpoint ORDER BY size DESC, at DESC LIMIT 1";

impl Store {
    /// Keeps a checkpoint.
    pub async fn put_checkpoint(&self, kept: &KeptCheckpoint) -> Result<(), StoreError> {
        writing!(self.pool(), db => {
            sqlx::query(PUT_CHECKPOINT).bind(kept.size).bind(kept.at).bind(&kept.note).execute(db).await.map(drop)
        })?;
        self.appender().wrote();
        Ok(())
    }

    /// Of the checkpoints between two times keeps the first of each span of so many microseconds.
    pub async fn thin_checkpoints(&self, (from, to): (Timestamp, Timestamp), span: i64) -> Result<(), StoreError> {
        writing!(self.pool(), db => {
            sqlx::query(THIN).bind(to.micros()).bind(from.micros()).bind(span).execute(db).await.map(drop)
        })
    }

    /// All checkpoints that are kept, smallest first.
    pub async fn checkpoints(&self) -> Result<Vec<KeptCheckpoint>, StoreError> {
        let rows: Vec<Row> = reading!(self.pool(), db => sqlx::query_as(CHECKPOINTS).fetch_all(db).await)?;
        Ok(rows.into_iter().map(KeptCheckpoint::from).collect())
    }

    /// The checkpoint of the largest log.
    pub async fn newest_checkpoint(&self) -> Result<Option<KeptCheckpoint>, StoreError> {
        let row: Option<Row> = reading!(self.pool(), db => sqlx::query_as(NEWEST).fetch_optional(db).await)?;
        Ok(row.map(KeptCheckpoint::from))
    }
}

impl From<Row> for KeptCheckpoint {
    fn from((size, at, note): Row) -> Self {
        Self { size, at, note }
    }
}

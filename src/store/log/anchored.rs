//! What does each anchor outside have of the log, as far as is known here?

use super::super::pool::{reading, writing};
use super::super::{Store, StoreError};

/// The checkpoint an anchor has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Anchored {
    /// Which anchor.
    pub anchor: String,
    /// How many leaves its checkpoint covers; none where it never had one.
    pub size: i64,
    /// When it got it, microseconds since 1970.
    pub at: i64,
    /// The signed note; empty where it never had one.
    pub note: String,
    /// What it said: a cosignature, a commit, a time stamp in base64, a place.
    pub said: String,
    /// Why it did not take the last one; empty where it did.
    pub trouble: String,
}

type Row = (String, i64, i64, String, String, String);

const ALL: &str = "SELECT anchor, size, at, note, said, trouble FROM anchored ORDER BY anchor";
const PUT: &str = "
INSERT INTO anchored (anchor, size, at, note, said, trouble) VALUES ($1, $2, $3, $4, $5, '')
ON CONFLICT (anchor) DO UPDATE SET size = excluded.size, at = excluded.at, note = excluded.note, said = excluded.said,
trouble = ''";
const TROUBLE: &str = "
INSERT INTO anchored (anchor, size, at, note, said, trouble) VALUES ($1, 0, 0, '', '', $2)
ON CONFLICT (anchor) DO UPDATE SET trouble = excluded.trouble";

impl Store {
    /// What all anchors have, also those that are no longer configured.
    pub async fn anchored(&self) -> Result<Vec<Anchored>, StoreError> {
        let rows: Vec<Row> = reading!(self.pool(), db => sqlx::query_as(ALL).fetch_all(db).await)?;
        Ok(rows.into_iter().map(Anchored::from).collect())
    }

    /// An anchor has this checkpoint now, and no trouble.
    pub async fn put_anchored(&self, has: &Anchored) -> Result<(), StoreError> {
        let Anchored { anchor, size, at, note, said, .. } = has;
        writing!(self.pool(), db => {
            sqlx::query(PUT).bind(anchor).bind(size).bind(at).bind(note).bind(said).execute(db).await.map(drop)
        })?;
        self.appender().wrote();
        Ok(())
    }

    /// An anchor did not take a checkpoint, for this reason.
    pub async fn put_anchor_trouble(&self, anchor: &str, trouble: &str) -> Result<(), StoreError> {
        writing!(self.pool(), db => sqlx::query(TROUBLE).bind(anchor).bind(trouble).execute(db).await.map(drop))?;
        self.appender().wrote();
        Ok(())
    }
}

impl From<Row> for Anchored {
    fn from((anchor, size, at, note, said, trouble): Row) -> Self {
        Self { anchor, size, at, note, said, trouble }
    }
}

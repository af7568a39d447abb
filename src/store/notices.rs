//! Which changes has nobody been told of yet?
//!
//! A notice is written in the transaction of the change it is of, and goes when deliveries stand in its place. Who makes
//! them twice makes the same ones, so two gateways may take the same notice.

use super::pool::{reading, writing};
use super::{Store, StoreError};
use crate::channels::notice::{Notice, What};
use crate::clock::Timestamp;

pub(super) const PUT: &str = "
INSERT INTO notice (id, approval, what, revision, due) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (id) DO NOTHING";

const DUE: &str = "
SELECT id, approval, what, revision, due FROM notice WHERE due <= $1 ORDER BY due, id LIMIT $2";

const DROP_OLD: &str = "DELETE FROM notice WHERE due <= $1";

/// What was to be told later of a call that is over now.
const DROP_LATER: &str = "DELETE FROM notice WHERE approval = $1 AND revision = 0";

impl Store {
    /// What is to be told by now; the oldest first.
    pub async fn notices_due(&self, now: Timestamp, limit: i64) -> Result<Vec<Notice>, StoreError> {
        let rows: Vec<(String, String, String, i64, i64)> = reading!(self.pool(), db => {
            sqlx::query_as(DUE).bind(now.micros()).bind(limit).fetch_all(db).await
        })?;
        let mut due = Vec::with_capacity(rows.len());
        for (id, approval, what, revision, at) in rows {
            if let Some(what) = What::of_word(&what) {
                due.push(Notice { id, approval, what, revision, due: Timestamp::from_micros(at) });
            } else {
                // A newer program wrote it. It must not keep all others from being told.
                tracing::error!(notice = id, what, "a change of a call cannot be told; it is in the record");
                self.put_deliveries(&[], &[&id]).await?;
            }
        }
        Ok(due)
    }

    /// Forgets what was to be told by then.
    pub async fn drop_notices_before(&self, then: Timestamp) -> Result<(), StoreError> {
        self.forget(DROP_OLD, then).await.map(drop)
    }

    /// Forgets what was to be told later of a call that nobody has to answer any more.
    pub async fn drop_later_notices(&self, approval: &str) -> Result<(), StoreError> {
        writing!(self.pool(), db => sqlx::query(DROP_LATER).bind(approval).execute(db).await.map(drop))?;
        self.appender().wrote();
        Ok(())
    }
}

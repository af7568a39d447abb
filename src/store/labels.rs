//! What are sessions called, whichever gateway they come to?
//!
//! A label says what results have made of a session and is never taken back. Sessions whose name outlives a connection,
//! those of modern clients, keep their labels over a restart and share them with other gateways on the store.

use std::collections::BTreeSet;

use super::pool::{reading, storable, writing};
use super::{Store, StoreError};
use crate::clock::Timestamp;

const PUT: &str = "
INSERT INTO session_label (session, label, at) VALUES ($1, $2, $3)
ON CONFLICT (session, label) DO UPDATE SET at = excluded.at";

const LIST: &str = "SELECT label FROM session_label WHERE session = $1";

const SWEEP: &str = "DELETE FROM session_label WHERE at <= $1";

impl Store {
    /// Gives a session labels.
    pub async fn label_session(
        &self,
        session: &str,
        labels: &BTreeSet<String>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        storable(session, "the name of a session")?;
        for label in labels {
            storable(label, "a label")?;
            writing!(self.pool(), db => {
                sqlx::query(PUT).bind(session).bind(label).bind(now.micros()).execute(db).await.map(drop)
            })?;
        }
        self.appender().wrote();
        Ok(())
    }

    /// A session's labels.
    pub async fn labels_of(&self, session: &str) -> Result<BTreeSet<String>, StoreError> {
        storable(session, "the name of a session")?;
        let labels: Vec<String> =
            reading!(self.pool(), db => sqlx::query_scalar(LIST).bind(session).fetch_all(db).await)?;
        Ok(labels.into_iter().collect())
    }

    /// Forgets labels that were given before this.
    pub async fn sweep_labels(&self, before: Timestamp) -> Result<u64, StoreError> {
        self.forget(SWEEP, before).await
    }
}

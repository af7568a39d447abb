//! Which calls go on without their clients, and what came of them?
//!
//! A row is named by a digest of the task's id. The call and its answer are closed under keys that only the id gives (see
//! `gateway::ticket`): who reads the database or a backup learns whose task it is, which approval it waits for and how
//! long it may stay, and nothing else. An answer is written once and never changed.

use super::pool::{reading, storable, writing};
use super::{Store, StoreError};
use crate::clock::Timestamp;
use crate::digest::Digest;

/// A task as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptTask {
    /// The digest of its id, never the id.
    pub name: Digest,
    /// Whose it is.
    pub principal: String,
    /// The approval it waits for; none when it waits for nobody.
    pub approval: Option<String>,
    /// When it was made.
    pub made: Timestamp,
    /// When it was answered, or made.
    pub moved: Timestamp,
    /// When it may be forgotten.
    pub expires: Timestamp,
    /// The call, closed.
    pub request: Vec<u8>,
    /// What came of it, closed.
    pub answer: Option<Vec<u8>>,
}

const PUT: &str = "
INSERT INTO task (name, principal, approval, made, moved, expires, request) VALUES ($1, $2, $3, $4, $4, $5, $6)";

const FIND: &str = "
SELECT principal, approval, made, moved, expires, request, answer FROM task WHERE name = $1 AND expires > $2";

const ANSWER: &str = "UPDATE task SET answer = $2, moved = $3 WHERE name = $1 AND answer IS NULL";

const SWEEP: &str = "DELETE FROM task WHERE expires <= $1";

type Row = (String, Option<String>, i64, i64, i64, Vec<u8>, Option<Vec<u8>>);

impl Store {
    /// Keeps a new task.
    pub async fn put_task(&self, task: &KeptTask) -> Result<(), StoreError> {
        storable(&task.principal, "the caller's name")?;
        let name = task.name.to_string();
        writing!(self.pool(), db => sqlx::query(PUT)
            .bind(&name).bind(&task.principal).bind(task.approval.as_deref())
            .bind(task.made.micros()).bind(task.expires.micros()).bind(&task.request)
            .execute(db).await.map(drop))?;
        self.appender().wrote();
        Ok(())
    }

    /// The task of this name, if it was not forgotten.
    pub async fn find_task(&self, name: Digest, now: Timestamp) -> Result<Option<KeptTask>, StoreError> {
        let text = name.to_string();
        let row: Option<Row> = reading!(self.pool(), db => {
            sqlx::query_as(FIND).bind(&text).bind(now.micros()).fetch_optional(db).await
        })?;
        Ok(row.map(|(principal, approval, made, moved, expires, request, answer)| {
            let [made, moved, expires] = [made, moved, expires].map(Timestamp::from_micros);
            KeptTask { name, principal, approval, made, moved, expires, request, answer }
        }))
    }

    /// Writes down what came of a task. False when something was written before: that stays.
    pub async fn answer_task(&self, name: Digest, answer: &[u8], now: Timestamp) -> Result<bool, StoreError> {
        let name = name.to_string();
        let done = writing!(self.pool(), db => sqlx::query(ANSWER)
            .bind(&name).bind(answer).bind(now.micros())
            .execute(db).await.map(|done| done.rows_affected()))?;
        if done > 0 {
            self.appender().wrote();
        }
        Ok(done > 0)
    }

    /// Forgets tasks whose time is over, and says how many.
    pub async fn sweep_tasks(&self, now: Timestamp) -> Result<u64, StoreError> {
        self.forget(SWEEP, now).await
    }
}

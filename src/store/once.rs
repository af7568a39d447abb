//! What may be used once: a sign-in that has begun, a link for the owner of this machine, a challenge for a passkey?
//!
//! A row is named by a digest of the secret that opens it, so whoever reads the database opens nothing. It is taken by the
//! one statement that removes it: of two who come at once, at one gateway or at two, one gets it.

use super::pool::{reading, storable, writing};
use super::{Store, StoreError};
use crate::clock::Timestamp;
use crate::digest::Digest;

/// Something that may be used once.
#[derive(Clone, Copy, Debug)]
pub struct Once<'a> {
    /// The digest of the secret that opens it.
    pub name: Digest,
    /// What it is for; nobody takes it for something else.
    pub kind: &'static str,
    /// When it stops working.
    pub ends: Timestamp,
    /// What is behind it.
    pub body: &'a str,
}

/// Things of one kind that wait to be used. Whoever has not signed in can begin to, and must not fill the disk by that.
const MOST: i64 = 2_000;

const PUT: &str = "
INSERT INTO once (name, kind, ends, body)
SELECT $1, $2, $3, $4 WHERE (SELECT COUNT(*) FROM once WHERE kind = $2) < $5";

const FIND: &str = "SELECT body FROM once WHERE name = $1 AND kind = $2 AND ends > $3";

const CHANGE: &str = "UPDATE once SET body = $4 WHERE name = $1 AND kind = $2 AND body = $3";

const TAKE: &str = "DELETE FROM once WHERE name = $1 AND kind = $2 AND ends > $3 RETURNING body";

const DROP: &str = "DELETE FROM once WHERE kind = $1";

const SWEEP: &str = "DELETE FROM once WHERE ends <= $1";

impl Store {
    /// Keeps it until it is used or its time is over.
    pub async fn put_once(&self, once: Once<'_>) -> Result<(), StoreError> {
        storable(once.body, "what may be used once")?;
        let name = once.name.to_string();
        let done = writing!(self.pool(), db => sqlx::query(PUT)
            .bind(&name).bind(once.kind).bind(once.ends.micros()).bind(once.body).bind(MOST)
            .execute(db).await.map(|done| done.rows_affected()))?;
        self.appender().wrote();
        if done == 0 { Err(StoreError::Full("sign-ins that were begun, or links that wait")) } else { Ok(()) }
    }

    /// What is behind it. It can still be used after that.
    pub async fn find_once(&self, name: Digest, kind: &str, now: Timestamp) -> Result<Option<String>, StoreError> {
        let name = name.to_string();
        Ok(reading!(self.pool(), db => {
            sqlx::query_scalar(FIND).bind(&name).bind(kind).bind(now.micros()).fetch_optional(db).await
        })?)
    }

    /// Puts something else behind it, unless somebody was first. False when they were, or it is gone.
    pub async fn change_once(
        &self,
        name: Digest,
        kind: &str,
        (before, after): (&str, &str),
    ) -> Result<bool, StoreError> {
        storable(after, "what may be used once")?;
        let name = name.to_string();
        let done = writing!(self.pool(), db => sqlx::query(CHANGE)
            .bind(&name).bind(kind).bind(before).bind(after)
            .execute(db).await.map(|done| done.rows_affected() == 1))?;
        self.appender().wrote();
        Ok(done)
    }

    /// Takes what is behind it. Nothing where there is none of this kind, or no more.
    pub async fn take_once(&self, name: Digest, kind: &str, now: Timestamp) -> Result<Option<String>, StoreError> {
        let name = name.to_string();
        let body: Option<String> = writing!(self.pool(), db => {
            sqlx::query_scalar(TAKE).bind(&name).bind(kind).bind(now.micros()).fetch_optional(db).await
        })?;
        if body.is_some() {
            self.appender().wrote();
        }
        Ok(body)
    }

    /// Takes everything of a kind away.
    pub async fn drop_once(&self, kind: &str) -> Result<(), StoreError> {
        writing!(self.pool(), db => sqlx::query(DROP).bind(kind).execute(db).await.map(drop))?;
        self.appender().wrote();
        Ok(())
    }

    /// Forgets what can no longer be used, and says how much that was.
    pub async fn sweep_once(&self, now: Timestamp) -> Result<u64, StoreError> {
        self.forget(SWEEP, now).await
    }
}

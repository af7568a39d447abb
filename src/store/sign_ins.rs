//! Which browsers are signed in, and as whom?
//!
//! A row is named by a digest of the cookie, so whoever reads the database is signed in nowhere.

use super::pool::{reading, storable, writing};
use super::{Store, StoreError};
use crate::clock::Timestamp;
use crate::digest::Digest;

/// A browser that is signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptSignIn {
    /// The digest of its cookie.
    pub name: Digest,
    /// The account.
    pub account: String,
    /// Since when.
    pub made: Timestamp,
    /// When it was last used, as far as that is written down.
    pub used: Timestamp,
    /// When it is over, however much it is used.
    pub ends: Timestamp,
    /// Who that is and how it was proven, as JSON.
    pub body: String,
}

type Row = (String, String, i64, i64, i64, String);

const ADD: &str = "INSERT INTO sign_in (name, account, made, used, ends, body) VALUES ($1, $2, $3, $4, $5, $6)";

const FIND: &str = "SELECT name, account, made, used, ends, body FROM sign_in WHERE name = $1 AND ends > $2";

const OF: &str =
    "SELECT name, account, made, used, ends, body FROM sign_in WHERE account = $1 AND ends > $2 ORDER BY made, name";

const USED: &str = "UPDATE sign_in SET used = $2 WHERE name = $1 AND used < $2";

const END: &str = "DELETE FROM sign_in WHERE name = $1";

const END_ALL: &str = "DELETE FROM sign_in WHERE account = $1";

const SWEEP: &str = "DELETE FROM sign_in WHERE ends <= $1";

impl Store {
    /// Signs a browser in.
    pub async fn add_sign_in(&self, sign_in: &KeptSignIn) -> Result<(), StoreError> {
        storable(&sign_in.account, "the account")?;
        storable(&sign_in.body, "who signs in")?;
        let name = sign_in.name.to_string();
        writing!(self.pool(), db => sqlx::query(ADD)
            .bind(&name).bind(&sign_in.account).bind(sign_in.made.micros()).bind(sign_in.used.micros())
            .bind(sign_in.ends.micros()).bind(&sign_in.body)
            .execute(db).await.map(drop))?;
        self.appender().wrote();
        Ok(())
    }

    /// The one with this name, if it is not over.
    pub async fn find_sign_in(&self, name: Digest, now: Timestamp) -> Result<Option<KeptSignIn>, StoreError> {
        let name = name.to_string();
        let row: Option<Row> = reading!(self.pool(), db => {
            sqlx::query_as(FIND).bind(&name).bind(now.micros()).fetch_optional(db).await
        })?;
        row.map(read).transpose()
    }

    /// All of one account that are not over, oldest first.
    pub async fn sign_ins_of(&self, account: &str, now: Timestamp) -> Result<Vec<KeptSignIn>, StoreError> {
        storable(account, "the account")?;
        let rows: Vec<Row> = reading!(self.pool(), db => {
            sqlx::query_as(OF).bind(account).bind(now.micros()).fetch_all(db).await
        })?;
        rows.into_iter().map(read).collect()
    }

    /// Writes down that it was used.
    pub async fn used_sign_in(&self, name: Digest, now: Timestamp) -> Result<(), StoreError> {
        let name = name.to_string();
        writing!(self.pool(), db => sqlx::query(USED).bind(&name).bind(now.micros()).execute(db).await.map(drop))?;
        self.appender().wrote();
        Ok(())
    }

    /// Signs one browser out, and says whether it was signed in.
    pub async fn end_sign_in(&self, name: Digest) -> Result<bool, StoreError> {
        let name = name.to_string();
        let done = writing!(self.pool(), db => {
            sqlx::query(END).bind(&name).execute(db).await.map(|done| done.rows_affected())
        })?;
        self.appender().wrote();
        Ok(done > 0)
    }

    /// Signs an account out everywhere, and says in how many browsers.
    pub async fn end_sign_ins_of(&self, account: &str) -> Result<u64, StoreError> {
        storable(account, "the account")?;
        let done = writing!(self.pool(), db => {
            sqlx::query(END_ALL).bind(account).execute(db).await.map(|done| done.rows_affected())
        })?;
        self.appender().wrote();
        Ok(done)
    }

    /// Forgets those that are over, and says how many there were.
    pub async fn sweep_sign_ins(&self, now: Timestamp) -> Result<u64, StoreError> {
        self.forget(SWEEP, now).await
    }
}

fn read((name, account, made, used, ends, body): Row) -> Result<KeptSignIn, StoreError> {
    let name = Digest::parse(&name).ok_or_else(|| StoreError::Unreadable("a browser that is signed in".to_owned()))?;
    let [made, used, ends] = [made, used, ends].map(Timestamp::from_micros);
    Ok(KeptSignIn { name, account, made, used, ends, body })
}

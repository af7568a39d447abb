//! Which API keys are there?

use futures_util::future::{BoxFuture, FutureExt as _};

use super::pool::{reading, storable, writing};
use super::{Store, StoreError};
use crate::call::caller::Person;
use crate::clock::Timestamp;
use crate::digest::Digest;
use crate::identity::{BookFault, KeyBook, KeyBookWrite, Revoked, StoredKey};

type Row = (String, String, String, String, Option<String>, Option<String>, Option<String>, i64, Option<i64>);

const ADD: &str = "
INSERT INTO api_key (id, name, hash, groups, agent, person, person_name, made, revoked)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (id) DO NOTHING";

const FIND: &str = "
SELECT id, name, hash, groups, agent, person, person_name, made, revoked FROM api_key WHERE id = $1";

const LIST: &str = "
SELECT id, name, hash, groups, agent, person, person_name, made, revoked FROM api_key ORDER BY made, id";

const REVOKE: &str = "UPDATE api_key SET revoked = $2 WHERE id = $1 AND revoked IS NULL";

impl Store {
    /// Adds a new key. One that exists already is an error: nothing is overwritten.
    pub async fn add_key(&self, key: &StoredKey) -> Result<(), StoreError> {
        let groups = serde_json::to_string(&key.groups).map_err(|error| StoreError::Database(error.to_string()))?;
        let (hash, user) = (key.hash.to_string(), key.user.as_ref());
        let (person, person_name) = (user.map(|user| &user.id), user.and_then(|user| user.name.as_ref()));
        let texts = [Some(&key.id), Some(&key.name), key.agent.as_ref(), person, person_name];
        for text in texts.into_iter().flatten() {
            storable(text, "the key")?;
        }
        let done = writing!(self.pool(), db => sqlx::query(ADD)
            .bind(&key.id).bind(&key.name).bind(&hash).bind(&groups).bind(&key.agent).bind(person).bind(person_name)
            .bind(key.made.micros()).bind(key.revoked.map(Timestamp::micros))
            .execute(db).await.map(|done| done.rows_affected()))?;
        self.appender().wrote();
        if done == 0 { Err(StoreError::Exists(format!("a key {}", key.id))) } else { Ok(()) }
    }

    /// The key with this public part, revoked or not.
    pub async fn find_key(&self, id: &str) -> Result<Option<StoredKey>, StoreError> {
        if id.contains('\0') {
            return Ok(None);
        }
        let row: Option<Row> = reading!(self.pool(), db => sqlx::query_as(FIND).bind(id).fetch_optional(db).await)?;
        row.map(read).transpose()
    }

    /// All keys in the order they were made.
    pub async fn list_keys(&self) -> Result<Vec<StoredKey>, StoreError> {
        let rows: Vec<Row> = reading!(self.pool(), db => sqlx::query_as(LIST).fetch_all(db).await)?;
        rows.into_iter().map(read).collect()
    }

    /// Takes a key back. The first time counts.
    pub async fn revoke_key(&self, id: &str, now: Timestamp) -> Result<Revoked, StoreError> {
        storable(id, "the key's id")?;
        let done = writing!(self.pool(), db => {
            sqlx::query(REVOKE).bind(id).bind(now.micros()).execute(db).await.map(|done| done.rows_affected())
        })?;
        self.appender().wrote();
        if done > 0 {
            return Ok(Revoked::Now);
        }
        let found = self.find_key(id).await?;
        Ok(found.and_then(|key| key.revoked).map_or(Revoked::Unknown, Revoked::Earlier))
    }
}

impl KeyBook for Store {
    fn find<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<Option<StoredKey>, BookFault>> {
        self.find_key(id).map(told).boxed()
    }
}

impl KeyBookWrite for Store {
    fn add(&self, key: StoredKey) -> BoxFuture<'_, Result<(), BookFault>> {
        async move { told(self.add_key(&key).await) }.boxed()
    }

    fn list(&self) -> BoxFuture<'_, Result<Vec<StoredKey>, BookFault>> {
        self.list_keys().map(told).boxed()
    }

    fn revoke<'a>(&'a self, id: &'a str, now: Timestamp) -> BoxFuture<'a, Result<Revoked, BookFault>> {
        self.revoke_key(id, now).map(told).boxed()
    }
}

fn told<T>(done: Result<T, StoreError>) -> Result<T, BookFault> {
    done.map_err(|error| BookFault(error.to_string()))
}

fn read((id, name, hash, groups, agent, person, person_name, made, revoked): Row) -> Result<StoredKey, StoreError> {
    let unreadable = || StoreError::Unreadable(format!("the key {id}"));
    let hash = Digest::parse(&hash).ok_or_else(unreadable)?;
    let groups = serde_json::from_str(&groups).map_err(|_| unreadable())?;
    let user = person.map(|id| Person { id, name: person_name });
    let revoked = revoked.map(Timestamp::from_micros);
    Ok(StoredKey { id, name, hash, groups, agent, user, made: Timestamp::from_micros(made), revoked })
}

//! Which API keys are there?

use super::pool::{reading, storable, writing};
use super::{Store, StoreError};
use crate::call::caller::Person;
use crate::clock::Timestamp;
use crate::digest::Digest;

/// A key as it is kept: everything but the secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptKey {
    /// The key's public part.
    pub id: String,
    /// Names the caller.
    pub name: String,
    /// What the secret is compared with.
    pub hash: Digest,
    /// Groups its callers are in.
    pub groups: Vec<String>,
    /// The software that holds it.
    pub agent: Option<String>,
    /// The person it was made for.
    pub user: Option<Person>,
    /// When it was made.
    pub made: Timestamp,
    /// When it was taken back; nothing while it is good.
    pub revoked: Option<Timestamp>,
}

/// What taking a key back did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Revocation {
    /// It was good until now.
    Now,
    /// It had been taken back at this time.
    Earlier(Timestamp),
    /// There is no such key.
    Unknown,
}

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
    pub async fn add_key(&self, key: &KeptKey) -> Result<(), StoreError> {
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
        if done == 0 { Err(StoreError::Exists(format!("a key {}", key.id))) } else { Ok(()) }
    }

    /// The key with this public part, revoked or not.
    pub async fn find_key(&self, id: &str) -> Result<Option<KeptKey>, StoreError> {
        if id.contains('\0') {
            return Ok(None);
        }
        let row: Option<Row> = reading!(self.pool(), db => sqlx::query_as(FIND).bind(id).fetch_optional(db).await)?;
        row.map(KeptKey::read).transpose()
    }

    /// All keys in the order they were made.
    pub async fn list_keys(&self) -> Result<Vec<KeptKey>, StoreError> {
        let rows: Vec<Row> = reading!(self.pool(), db => sqlx::query_as(LIST).fetch_all(db).await)?;
        rows.into_iter().map(KeptKey::read).collect()
    }

    /// Takes a key back. The first time counts.
    pub async fn revoke_key(&self, id: &str, now: Timestamp) -> Result<Revocation, StoreError> {
        storable(id, "the key's id")?;
        let done = writing!(self.pool(), db => {
            sqlx::query(REVOKE).bind(id).bind(now.micros()).execute(db).await.map(|done| done.rows_affected())
        })?;
        if done > 0 {
            return Ok(Revocation::Now);
        }
        let found = self.find_key(id).await?;
        Ok(found.and_then(|key| key.revoked).map_or(Revocation::Unknown, Revocation::Earlier))
    }
}

impl KeptKey {
    fn read((id, name, hash, groups, agent, person, person_name, made, revoked): Row) -> Result<Self, StoreError> {
        let unreadable = || StoreError::Unreadable(format!("the key {id}"));
        let hash = Digest::parse(&hash).ok_or_else(unreadable)?;
        let groups = serde_json::from_str(&groups).map_err(|_| unreadable())?;
        let user = person.map(|id| Person { id, name: person_name });
        let revoked = revoked.map(Timestamp::from_micros);
        Ok(Self { id, name, hash, groups, agent, user, made: Timestamp::from_micros(made), revoked })
    }
}

//! Which devices report prompts, and whose?
//!
//! Only what checks a signature is kept: whoever reads the database can report nothing.

use super::pool::{reading, storable, writing};
use super::{Store, StoreError};
use crate::clock::Timestamp;
use crate::identity::Revoked;

/// A device somebody enrolled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptDevice {
    /// Names it, by its key.
    pub id: String,
    /// What its owner calls it.
    pub name: String,
    /// What its signatures are checked with: `whpk_…`.
    pub public_key: String,
    /// Whose calls it reports: principals, or people as they are proven.
    pub principals: Vec<String>,
    /// When it was enrolled.
    pub made: Timestamp,
    /// Since when nothing of it counts.
    pub revoked: Option<Timestamp>,
}

type Row = (String, String, String, String, i64, Option<i64>);

const ADD: &str = "
INSERT INTO device (id, name, public_key, principals, made, revoked) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT DO NOTHING";

const FIND: &str = "SELECT id, name, public_key, principals, made, revoked FROM device WHERE id = $1";

const LIST: &str = "SELECT id, name, public_key, principals, made, revoked FROM device ORDER BY made, id";

const REPORTED: &str = "
SELECT CAST(CASE WHEN EXISTS (SELECT 1 FROM device WHERE revoked IS NULL) OR EXISTS (SELECT 1 FROM tool_use)
THEN 1 ELSE 0 END AS BIGINT)";

const REVOKE: &str = "UPDATE device SET revoked = $2 WHERE id = $1 AND revoked IS NULL";

impl Store {
    /// Enrols a device. One with the same key, or the same name and not revoked, is an error: nothing is overwritten.
    pub async fn add_device(&self, device: &KeptDevice) -> Result<(), StoreError> {
        let KeptDevice { id, name, public_key, principals, made, revoked } = device;
        let principals = serde_json::to_string(principals).map_err(|error| StoreError::Database(error.to_string()))?;
        for text in [id, name, public_key, &principals] {
            storable(text, "the device")?;
        }
        let done = writing!(self.pool(), db => sqlx::query(ADD)
            .bind(id).bind(name).bind(public_key).bind(&principals).bind(made.micros())
            .bind(revoked.map(Timestamp::micros))
            .execute(db).await.map(|done| done.rows_affected()))?;
        self.appender().wrote();
        if done == 0 { Err(StoreError::Exists(format!("a device {name}"))) } else { Ok(()) }
    }

    /// The device of this id, revoked or not.
    pub async fn find_device(&self, id: &str) -> Result<Option<KeptDevice>, StoreError> {
        if id.contains('\0') {
            return Ok(None);
        }
        let row: Option<Row> = reading!(self.pool(), db => sqlx::query_as(FIND).bind(id).fetch_optional(db).await)?;
        row.map(read).transpose()
    }

    /// All devices in the order they were enrolled.
    pub async fn list_devices(&self) -> Result<Vec<KeptDevice>, StoreError> {
        let rows: Vec<Row> = reading!(self.pool(), db => sqlx::query_as(LIST).fetch_all(db).await)?;
        rows.into_iter().map(read).collect()
    }

    /// Whether anything reports anything.
    pub async fn is_reported_to(&self) -> Result<bool, StoreError> {
        let some: i64 = reading!(self.pool(), db => sqlx::query_scalar(REPORTED).fetch_one(db).await)?;
        Ok(some > 0)
    }

    /// Takes a device back. The first time counts.
    pub async fn revoke_device(&self, id: &str, now: Timestamp) -> Result<Revoked, StoreError> {
        storable(id, "the device's id")?;
        let done = writing!(self.pool(), db => {
            sqlx::query(REVOKE).bind(id).bind(now.micros()).execute(db).await.map(|done| done.rows_affected())
        })?;
        self.appender().wrote();
        if done > 0 {
            return Ok(Revoked::Now);
        }
        let found = self.find_device(id).await?;
        Ok(found.and_then(|device| device.revoked).map_or(Revoked::Unknown, Revoked::Earlier))
    }
}

fn read((id, name, public_key, principals, made, revoked): Row) -> Result<KeptDevice, StoreError> {
    let principals = principals_of(&id, &principals)?;
    let (made, revoked) = (Timestamp::from_micros(made), revoked.map(Timestamp::from_micros));
    Ok(KeptDevice { id, name, public_key, principals, made, revoked })
}

pub(super) fn principals_of(id: &str, text: &str) -> Result<Vec<String>, StoreError> {
    serde_json::from_str(text).map_err(|_| StoreError::Unreadable(format!("the device {id}")))
}

//! Which passkeys are there, and whose?
//!
//! Only what checks a signature is kept: whoever reads the database can sign nothing.

use super::pool::{reading, storable, writing};
use super::{Store, StoreError};
use crate::clock::Timestamp;

/// A passkey somebody enrolled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptPasskey {
    /// The name of the credential, in base64url.
    pub id: String,
    /// Whose it is.
    pub account: String,
    /// What they call it.
    pub name: String,
    /// What its signatures are checked with; see [`PublicKey`](crate::passkey::PublicKey).
    pub public_key: String,
    /// How often it had signed when it was used last; 0 where it does not count.
    pub counter: u32,
    /// When it was enrolled.
    pub made: Timestamp,
    /// When it was used last.
    pub used: Option<Timestamp>,
}

type Row = (String, String, String, String, i64, i64, Option<i64>);

const ADD: &str = "
INSERT INTO passkey (id, account, name, public_key, counter, made, used)
VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (id) DO NOTHING";

const FIND: &str = "SELECT id, account, name, public_key, counter, made, used FROM passkey WHERE id = $1";

const OF: &str =
    "SELECT id, account, name, public_key, counter, made, used FROM passkey WHERE account = $1 ORDER BY made, id";

const USED: &str = "
UPDATE passkey SET counter = $2, used = CASE WHEN used > $3 THEN used ELSE $3 END
WHERE id = $1 AND (counter < $2 OR (counter = 0 AND $2 = 0))";

const REMOVE: &str = "DELETE FROM passkey WHERE id = $1 AND account = $2";

impl Store {
    /// Enrols a passkey. One that is there already is an error, whosever it is: nothing is overwritten.
    pub async fn add_passkey(&self, passkey: &KeptPasskey) -> Result<(), StoreError> {
        let KeptPasskey { id, account, name, public_key, counter, made, used } = passkey;
        for text in [id, account, name, public_key] {
            storable(text, "the passkey")?;
        }
        let done = writing!(self.pool(), db => sqlx::query(ADD)
            .bind(id).bind(account).bind(name).bind(public_key).bind(i64::from(*counter))
            .bind(made.micros()).bind(used.map(Timestamp::micros))
            .execute(db).await.map(|done| done.rows_affected()))?;
        self.appender().wrote();
        if done == 0 { Err(StoreError::Exists(format!("a passkey {id}"))) } else { Ok(()) }
    }

    /// The passkey of this name.
    pub async fn find_passkey(&self, id: &str) -> Result<Option<KeptPasskey>, StoreError> {
        if id.contains('\0') {
            return Ok(None);
        }
        let row: Option<Row> = reading!(self.pool(), db => sqlx::query_as(FIND).bind(id).fetch_optional(db).await)?;
        row.map(read).transpose()
    }

    /// All of one account, oldest first.
    pub async fn passkeys_of(&self, account: &str) -> Result<Vec<KeptPasskey>, StoreError> {
        storable(account, "the account")?;
        let rows: Vec<Row> = reading!(self.pool(), db => sqlx::query_as(OF).bind(account).fetch_all(db).await)?;
        rows.into_iter().map(read).collect()
    }

    /// Writes down that it signed, if its counter went on or it never counts; says whether. Of two uses with one counter, at
    /// one gateway or at two, one counts.
    pub async fn used_passkey(&self, id: &str, counter: u32, now: Timestamp) -> Result<bool, StoreError> {
        storable(id, "the passkey")?;
        let done = writing!(self.pool(), db => sqlx::query(USED)
            .bind(id).bind(i64::from(counter)).bind(now.micros())
            .execute(db).await.map(|done| done.rows_affected()))?;
        self.appender().wrote();
        Ok(done > 0)
    }

    /// Forgets one of this account's, and says whether there was one.
    pub async fn remove_passkey(&self, account: &str, id: &str) -> Result<bool, StoreError> {
        storable(account, "the account")?;
        storable(id, "the passkey")?;
        let done = writing!(self.pool(), db => {
            sqlx::query(REMOVE).bind(id).bind(account).execute(db).await.map(|done| done.rows_affected())
        })?;
        self.appender().wrote();
        Ok(done > 0)
    }
}

fn read((id, account, name, public_key, counter, made, used): Row) -> Result<KeptPasskey, StoreError> {
    let counter = u32::try_from(counter).map_err(|_| StoreError::Unreadable(format!("the passkey {id}")))?;
    let (made, used) = (Timestamp::from_micros(made), used.map(Timestamp::from_micros));
    Ok(KeptPasskey { id, account, name, public_key, counter, made, used })
}

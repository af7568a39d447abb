//! Which keys does this gateway sign tokens with? Shared by everyone who shares the database.
//!
//! The private part is sealed with the key that stands outside the database, and what is sealed belongs to its place and its
//! beginning: whoever has only the database can neither sign nor change which key signs when.

use zeroize::Zeroizing;

use super::pool::{reading, storable, writing};
use super::seal::Thing;
use super::{Store, StoreError};
use crate::clock::Timestamp;

/// One key as it is kept.
#[derive(Clone)]
#[expect(missing_debug_implementations, reason = "it holds a private key")]
pub struct KeptTokenKey {
    /// Names it, by its public part.
    pub id: String,
    /// Its place in the order they sign in; there is one key at each.
    pub place: i64,
    /// From when on it signs.
    pub starts: Timestamp,
    /// PKCS #8.
    pub private: Zeroizing<Vec<u8>>,
}

type Row = (String, i64, i64, Vec<u8>);

const ADD: &str = "
INSERT INTO token_key (id, place, starts, private_key) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING";

const LIST: &str = "SELECT id, place, starts, private_key FROM token_key ORDER BY place";

const DROP: &str = "DELETE FROM token_key WHERE place < $1";

impl Store {
    /// Keeps a key, unless there is one at its place already. False when somebody else's is.
    pub async fn add_token_key(&self, key: &KeptTokenKey) -> Result<bool, StoreError> {
        storable(&key.id, "the key")?;
        let name = name(&key.id, key.place, key.starts);
        let sealed = self.0.keys.sealer.seal_thing(Thing { kind: "token_key", name: &name }, &key.private);
        let sealed = sealed.map_err(|error| StoreError::Database(error.to_string()))?;
        let done = writing!(self.pool(), db => sqlx::query(ADD)
            .bind(&key.id).bind(key.place).bind(key.starts.micros()).bind(&sealed)
            .execute(db).await.map(|done| done.rows_affected()))?;
        self.appender().wrote();
        Ok(done > 0)
    }

    /// All keys, in the order they sign in.
    pub async fn list_token_keys(&self) -> Result<Vec<KeptTokenKey>, StoreError> {
        let rows: Vec<Row> = reading!(self.pool(), db => sqlx::query_as(LIST).fetch_all(db).await)?;
        let open = |(id, place, starts, sealed): Row| {
            let starts = Timestamp::from_micros(starts);
            let name = name(&id, place, starts);
            let private = self.0.keys.sealer.open_thing(Thing { kind: "token_key", name: &name }, &sealed);
            let private = private
                .map_err(|closed| StoreError::Unreadable(format!("the key {id} tokens are signed with ({closed})")))?;
            Ok(KeptTokenKey { id, place, starts, private })
        };
        rows.into_iter().map(open).collect()
    }

    /// Forgets the keys before this place.
    pub async fn drop_token_keys(&self, before: i64) -> Result<(), StoreError> {
        writing!(self.pool(), db => sqlx::query(DROP).bind(before).execute(db).await.map(drop))?;
        self.appender().wrote();
        Ok(())
    }
}

fn name(id: &str, place: i64, starts: Timestamp) -> String {
    format!("{id}/{place}/{}", starts.micros())
}

//! Which definitions were seen, and which were agreed to?

use std::collections::BTreeMap;

use super::pool::{reading, storable, writing};
use super::{Store, StoreError};
use crate::catalogue::pins::Pinned;
use crate::clock::Timestamp;
use crate::digest::Digest;

/// A tool as the pins keep it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptPin {
    /// The configured name of the server.
    pub server: String,
    /// The tool, under the server's own name.
    pub tool: String,
    /// What judgement needs of it.
    pub pinned: Pinned,
    /// Who agreed, when somebody did; nobody when being first was agreement.
    pub agreed_by: Option<String>,
    /// The definition seen last, JSON.
    pub definition: String,
    /// When the tool was first seen.
    pub first_seen: Timestamp,
    /// When the definition seen last came.
    pub last_seen: Timestamp,
}

/// A fresh look at a tool that changed something.
#[derive(Clone, Copy, Debug)]
pub struct Sighting<'a> {
    /// The configured name of the server.
    pub server: &'a str,
    /// The tool, under the server's own name.
    pub tool: &'a str,
    /// What is known of it from now on.
    pub pinned: &'a Pinned,
    /// The definition seen, JSON.
    pub definition: &'a str,
    /// When.
    pub at: Timestamp,
}

/// What agreeing did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Agreement {
    /// The definition is agreed to.
    Agreed,
    /// The server shows this other definition by now; nothing was agreed to.
    Moved(Digest),
    /// Nobody has seen such a tool.
    Unknown,
}

type Row = (String, String, Option<String>, Option<String>, String, String, i64, i64, i64);

const LIST: &str = "
SELECT server, tool, agreed, agreed_by, seen, definition, changes, first_seen, last_seen FROM pin
WHERE $1 = '' OR server = $1 ORDER BY server, tool";

const FIND: &str = "
SELECT server, tool, agreed, agreed_by, seen, definition, changes, first_seen, last_seen FROM pin
WHERE server = $1 AND tool = $2";

/// What was agreed to is only set the first time: a look never agrees to anything later, and never undoes it.
const SEE: &str = "
INSERT INTO pin (server, tool, agreed, seen, definition, changes, first_seen, last_seen)
VALUES ($1, $2, $3, $4, $5, $6, $7, $7)
ON CONFLICT (server, tool) DO UPDATE SET seen = excluded.seen, definition = excluded.definition,
    changes = excluded.changes, last_seen = excluded.last_seen";

const AGREE: &str = "
UPDATE pin SET agreed = seen, agreed_by = $4, agreed_at = $5, changes = 0
WHERE server = $1 AND tool = $2 AND seen = $3";

impl Store {
    /// What is known of one server's tools, by name.
    pub async fn pins_of(&self, server: &str) -> Result<BTreeMap<String, Pinned>, StoreError> {
        let kept = self.list_pins(server).await?;
        Ok(kept.into_iter().map(|kept| (kept.tool, kept.pinned)).collect())
    }

    /// All pins of a server, or of every server for an empty name.
    pub async fn list_pins(&self, server: &str) -> Result<Vec<KeptPin>, StoreError> {
        storable(server, "the server's name")?;
        let rows: Vec<Row> = reading!(self.pool(), db => sqlx::query_as(LIST).bind(server).fetch_all(db).await)?;
        rows.into_iter().map(KeptPin::read).collect()
    }

    /// Keeps what a fresh look came to.
    pub async fn see_pin(&self, sighting: Sighting<'_>) -> Result<(), StoreError> {
        let Sighting { server, tool, pinned, definition, at } = sighting;
        storable(tool, "the tool's name")?;
        let (agreed, seen) = (pinned.agreed.map(|digest| digest.to_string()), pinned.seen.to_string());
        let done = writing!(self.pool(), db => sqlx::query(SEE)
            .bind(server).bind(tool).bind(&agreed).bind(&seen).bind(definition)
            .bind(i64::from(pinned.changes)).bind(at.micros())
            .execute(db).await.map(drop));
        self.appender().wrote();
        done
    }

    /// One tool's pin.
    pub async fn find_pin(&self, server: &str, tool: &str) -> Result<Option<KeptPin>, StoreError> {
        storable(server, "the server's name")?;
        storable(tool, "the tool's name")?;
        let row: Option<Row> =
            reading!(self.pool(), db => sqlx::query_as(FIND).bind(server).bind(tool).fetch_optional(db).await)?;
        row.map(KeptPin::read).transpose()
    }

    /// Agrees to the definition with this digest, if it is still the one the server shows.
    pub async fn agree_pin(&self, wish: Wish<'_>) -> Result<Agreement, StoreError> {
        let Wish { server, tool, digest, by, at } = wish;
        storable(server, "the server's name")?;
        storable(tool, "the tool's name")?;
        storable(by, "the name of who agrees")?;
        let seen = digest.to_string();
        let done = writing!(self.pool(), db => sqlx::query(AGREE)
            .bind(server).bind(tool).bind(&seen).bind(by).bind(at.micros())
            .execute(db).await.map(|done| done.rows_affected()))?;
        self.appender().wrote();
        if done > 0 {
            return Ok(Agreement::Agreed);
        }
        let kept = self.find_pin(server, tool).await?;
        Ok(kept.map_or(Agreement::Unknown, |kept| Agreement::Moved(kept.pinned.seen)))
    }
}

/// The wish to agree to a definition.
#[derive(Clone, Copy, Debug)]
pub struct Wish<'a> {
    /// The configured name of the server.
    pub server: &'a str,
    /// The tool, under the server's own name.
    pub tool: &'a str,
    /// The definition that was looked at.
    pub digest: Digest,
    /// Who agrees.
    pub by: &'a str,
    /// When.
    pub at: Timestamp,
}

impl KeptPin {
    fn read(row: Row) -> Result<Self, StoreError> {
        let (server, tool, agreed, agreed_by, seen, definition, changes, first_seen, last_seen) = row;
        let unreadable = || StoreError::Unreadable(format!("the pin of {server}/{tool}"));
        let digest = |text: &str| Digest::parse(text).ok_or_else(unreadable);
        let pinned = Pinned {
            agreed: agreed.as_deref().map(digest).transpose()?,
            seen: digest(&seen)?,
            changes: u32::try_from(changes).map_err(|_| unreadable())?,
        };
        let (first_seen, last_seen) = (Timestamp::from_micros(first_seen), Timestamp::from_micros(last_seen));
        Ok(Self { server, tool, pinned, agreed_by, definition, first_seen, last_seen })
    }
}

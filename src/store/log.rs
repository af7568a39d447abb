//! How does the log over the entries lie in the database?
//!
//! One gateway of all that share the database has the lead for a while and lets the log grow: it takes committed entries that
//! are not in it yet, in the order in which it finds them, gives each a leaf, and moves the size of the log from what it was,
//! in one transaction. Size and epoch are compared when they are moved, so of two that believe they lead only one lets it
//! grow, and the other signs nothing. In SQLite entries come in the order of their numbers. In Postgres a lower number can
//! be committed after a higher one: whoever leads remembers the numbers it has not seen and looks for them again.

pub mod anchored;
pub mod checkpoints;
pub mod rows;

use super::append::AppendError;
use super::key_folder::BookKeys;
use super::pool::{reading, writing};
use super::{Store, StoreError};
use crate::audit::tree::{At, Edge, Hash, join};
use crate::clock::Timestamp;

/// What the database says of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// Its name.
    pub origin: String,
    /// How many leaves it has.
    pub size: u64,
    /// All entries up to this one are in it, or will never be there.
    pub floor: i64,
    /// How often the lead changed.
    pub epoch: i64,
}

/// One more leaf.
#[derive(Clone, Debug)]
pub struct NewLeaf {
    /// The entry's number.
    pub seq: i64,
    /// The leaf before it of the same call.
    pub previous: Option<Hash>,
    /// What stands for the body.
    pub root: Hash,
    /// Its hash.
    pub hash: Hash,
    /// The body, sealed, where it lay open until now.
    pub sealed: Option<Vec<u8>>,
}

/// By how much the log grows.
#[derive(Clone, Debug, Default)]
pub struct Growth {
    /// The size it must have.
    pub from: u64,
    /// The epoch it must have.
    pub epoch: i64,
    /// See [`Head::floor`], after it.
    pub floor: i64,
    /// The leaves, the first of them at the place `from`.
    pub leaves: Vec<NewLeaf>,
    /// What they complete of every eighth level.
    pub nodes: Vec<(At, Hash)>,
}

/// Levels of the tree that are kept, beside that of the leaves.
pub const STEP: u32 = 8;

pub(super) const DATA_KEY: &str = "SELECT data_key FROM log";
const CLAIM: &str = "
INSERT INTO log (name, origin, data_key, size, floor, epoch, holder, until)
VALUES ('book', $1, $2, 0, 0, 0, '', 0) ON CONFLICT (name) DO NOTHING";
const ADD_KEY: &str = "
INSERT INTO log_key (first, origin, key) VALUES ($1, $2, $3) ON CONFLICT (first, origin, key) DO NOTHING";
const KEYS: &str = "SELECT first, origin, key FROM log_key ORDER BY first, origin";
const RENAME: &str = "UPDATE log SET origin = $1, epoch = epoch + 1, holder = '', until = 0";
const HEAD: &str = "SELECT origin, size, floor, epoch FROM log";
const LEAD: &str = "
UPDATE log SET epoch = epoch + (CASE WHEN holder = $1 THEN 0 ELSE 1 END), holder = $1, until = $3
WHERE holder = $1 OR until < $2 RETURNING origin, size, floor, epoch";
const LET_GO: &str = "UPDATE log SET until = 0 WHERE holder = $1";
const HASHES: &str = "SELECT hash FROM leaf WHERE place >= $1 AND place < $2 ORDER BY place";
const NODES: &str = "SELECT hash FROM node WHERE level = $1 AND place >= $2 AND place < $3 ORDER BY place";
/// What both databases say when the log grows.
pub(super) const GROW: &str = "UPDATE log SET size = $1, floor = $2 WHERE size = $3 AND epoch = $4";

type HeadRow = (String, i64, i64, i64);

impl Store {
    /// The keys of this book.
    pub fn keys(&self) -> &BookKeys {
        &self.0.keys
    }

    /// What the database says of the log.
    pub async fn log_head(&self) -> Result<Head, StoreError> {
        let row: HeadRow = reading!(self.pool(), db => sqlx::query_as(HEAD).fetch_one(db).await)?;
        Ok(Head::from(row))
    }

    /// Takes the lead, or keeps it, until a time; none while another gateway has it.
    pub async fn lead_log(&self, name: &str, (now, until): (Timestamp, Timestamp)) -> Result<Option<Head>, StoreError> {
        let row: Option<HeadRow> = writing!(self.pool(), db => {
            sqlx::query_as(LEAD).bind(name).bind(now.micros()).bind(until.micros()).fetch_optional(db).await
        })?;
        Ok(row.map(Head::from))
    }

    /// Gives the lead up.
    pub async fn let_log_go(&self, name: &str) -> Result<(), StoreError> {
        writing!(self.pool(), db => sqlx::query(LET_GO).bind(name).execute(db).await.map(drop))
    }

    /// Lets the log grow, if it is what it was.
    pub async fn grow_log(&self, growth: Growth) -> Result<bool, AppendError> {
        self.appender().grow(growth).await
    }

    /// Makes sure that the disk has everything committed so far.
    pub async fn sync(&self) -> Result<(), AppendError> {
        self.appender().sync().await
    }

    /// The hash of a complete subtree.
    pub async fn subtree(&self, at: At) -> Result<Hash, StoreError> {
        let base = at.level.saturating_div(STEP).saturating_mul(STEP);
        let above = at.level.saturating_sub(base);
        let (from, to) = (at.place << above, at.place.saturating_add(1) << above);
        let (from, to) = (signed(from), signed(to));
        let rows: Vec<(Vec<u8>,)> = if base == 0 {
            reading!(self.pool(), db => sqlx::query_as(HASHES).bind(from).bind(to).fetch_all(db).await)?
        } else {
            let level = i64::from(base);
            reading!(self.pool(), db => {
                sqlx::query_as(NODES).bind(level).bind(from).bind(to).fetch_all(db).await
            })?
        };
        let mut edge = Edge::default();
        for (bytes,) in &rows {
            edge.push(hash(bytes)?, |_, _| ());
        }
        let complete = signed(edge.size()) == to.saturating_sub(from);
        if complete { Ok(edge.root()) } else { Err(StoreError::Unreadable(format!("no hash of the log at {at:?}"))) }
    }

    /// The hash of subtrees side by side.
    pub async fn span(&self, span: &[At]) -> Result<Hash, StoreError> {
        let mut hashes = Vec::with_capacity(span.len());
        for at in span {
            hashes.push(self.subtree(*at).await?);
        }
        join(&hashes).ok_or_else(|| StoreError::Unreadable("an empty part of the log".to_owned()))
    }

    /// The right edge of the log when it had this size.
    pub async fn edge(&self, size: u64) -> Result<Edge, StoreError> {
        let mut peaks = Vec::new();
        for at in Edge::needs(size) {
            peaks.push(self.subtree(at).await?);
        }
        Edge::of(size, peaks).ok_or_else(|| StoreError::Unreadable("the edge of the log".to_owned()))
    }

    /// From which size on which key signs for which name.
    pub async fn log_keys(&self) -> Result<Vec<(u64, String, String)>, StoreError> {
        let rows: Vec<(i64, String, String)> = reading!(self.pool(), db => sqlx::query_as(KEYS).fetch_all(db).await)?;
        Ok(rows.into_iter().map(|(first, origin, key)| (unsigned(first), origin, key)).collect())
    }

    /// From this size on this key signs.
    pub async fn add_log_key(&self, first: u64, origin: &str, key: &str) -> Result<(), StoreError> {
        let first = signed(first);
        writing!(self.pool(), db => {
            sqlx::query(ADD_KEY).bind(first).bind(origin).bind(key).execute(db).await.map(drop)
        })?;
        self.appender().wrote();
        Ok(())
    }

    /// The log ends, and another goes on under this name with the leaves that are there.
    pub async fn rename_log(&self, origin: &str) -> Result<(), StoreError> {
        writing!(self.pool(), db => sqlx::query(RENAME).bind(origin).execute(db).await.map(drop))?;
        self.appender().wrote();
        Ok(())
    }

    /// Gives the log its keys, or finds that it has others.
    pub(super) async fn claim_log(&self) -> Result<(), StoreError> {
        let keys = self.keys();
        let key = keys.signer().verifier();
        let (origin, sealing) = (key.name().to_owned(), keys.sealer.id());
        let claimed = writing!(self.pool(), db => {
            sqlx::query(CLAIM).bind(&origin).bind(&sealing).execute(db).await.map(|done| done.rows_affected())
        })?;
        if claimed > 0 {
            self.add_log_key(0, &origin, &key.to_string()).await?;
        }
        self.check_keys().await
    }

    /// Whether the log was written with these keys.
    pub(super) async fn check_keys(&self) -> Result<(), StoreError> {
        let keys = self.keys();
        let (sealing,): (String,) = reading!(self.pool(), db => sqlx::query_as(DATA_KEY).fetch_one(db).await)?;
        let signing = keys.signer().verifier().to_string();
        let known = self.log_keys().await?;
        let is_ours = known.iter().any(|(_, _, key)| *key == signing);
        if sealing == keys.sealer.id() && is_ours {
            return Ok(());
        }
        Err(StoreError::Keys {
            place: keys.folder.clone().unwrap_or_default(),
            why: "they are not those this database was written with; give the folder of the gateway that made it"
                .to_owned(),
        })
    }
}

impl From<HeadRow> for Head {
    fn from((origin, size, floor, epoch): HeadRow) -> Self {
        Self { origin, size: unsigned(size), floor, epoch }
    }
}

/// A hash as it is bound.
pub(super) fn hash(bytes: &[u8]) -> Result<Hash, StoreError> {
    bytes.try_into().map_err(|_| StoreError::Unreadable("a hash of the log".to_owned()))
}

/// A place of the log as both databases count.
pub fn signed(place: u64) -> i64 {
    i64::try_from(place).unwrap_or(i64::MAX)
}

/// And back.
pub fn unsigned(place: i64) -> u64 {
    u64::try_from(place).unwrap_or(0)
}

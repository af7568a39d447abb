//! Where is it kept? One database for the record, what waits for people, the keys, the pins and open questions: a SQLite file, or Postgres.
//!
//! The queries are the same texts for both databases and go through sqlx. Only the append path is not: see
//! [`append`]. No transaction is ever open while a request's future could be dropped; every write is one statement, but
//! for those of [`approvals`].

pub mod append;
pub mod approvals;
pub mod deliveries;
pub mod devices;
pub mod entries;
mod erasing;
pub mod grants;
pub mod key_folder;
pub mod keys;
pub mod labels;
pub mod leases;
pub mod limits;
pub mod log;
mod migrations;
pub mod notices;
pub mod once;
pub mod parts;
pub mod passkeys;
pub mod pins;
mod pool;
mod postgres;
pub mod pruning;
pub mod reports;
pub mod seal;
pub mod settled;
pub mod sign_ins;
pub mod sinks;
mod sqlite;
pub mod tasks;
pub mod tickets;
pub mod token_keys;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use append::Appender;
use key_folder::{BookKeys, KeyPlace};
use pool::{Pool, writing};
use sqlite::Scratch;

use crate::clock::Timestamp;
use crate::config;

/// Which database, and what a write must survive.
#[derive(Clone, Debug)]
pub struct StoreOptions {
    place: Place,
    durability: Durability,
    keys: KeyPlace,
    origin: Option<String>,
}

#[derive(Clone)]
enum Place {
    Sqlite(PathBuf),
    /// A file of its own that is removed with the store.
    Memory,
    /// May hold a password.
    Postgres(String),
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            Self::Memory => f.write_str("sqlite::memory:"),
            Self::Postgres(_) => f.write_str("postgres://..."),
        }
    }
}

impl StoreOptions {
    /// From an address: `sqlite:PATH`, `sqlite::memory:` or `postgres://...`.
    pub fn new(url: &str, durability: Durability) -> Result<Self, StoreError> {
        let place = if let Some(path) = url.strip_prefix("sqlite:") {
            match path.strip_prefix("//").unwrap_or(path) {
                ":memory:" => Place::Memory,
                path if path.is_empty() || path.contains('?') => return Err(StoreError::Url),
                path => Place::Sqlite(PathBuf::from(path)),
            }
        } else if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            Place::Postgres(url.to_owned())
        } else {
            return Err(StoreError::Url);
        };
        let keys = match &place {
            Place::Sqlite(path) => KeyPlace::Folder(config::keys_beside(path)),
            Place::Memory => KeyPlace::Nowhere,
            Place::Postgres(_) => KeyPlace::Folder(PathBuf::from("countersign-keys")),
        };
        Ok(Self { place, durability, keys, origin: None })
    }

    /// With the keys in this folder.
    #[must_use]
    pub fn with_keys(self, folder: PathBuf) -> Self {
        Self { keys: KeyPlace::Folder(folder), ..self }
    }
}

impl From<&config::Store> for StoreOptions {
    fn from(store: &config::Store) -> Self {
        let place = match &store.url {
            config::Database::Sqlite(path) => Place::Sqlite(path.clone()),
            config::Database::Memory => Place::Memory,
            config::Database::Postgres(address) => Place::Postgres(address.expose().to_owned()),
        };
        let durability = match store.durability {
            config::Durability::Process => Durability::Process,
            config::Durability::Power => Durability::Power,
        };
        let keys = store.keys.clone().map_or(KeyPlace::Nowhere, KeyPlace::Folder);
        Self { place, durability, keys, origin: store.origin.clone() }
    }
}

/// What an acknowledged entry survives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// The end of this process at once; the loss of power after at most one second.
    Process,
    /// The loss of power at once. Every commit waits for the disk.
    Power,
}

/// An open database. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Store(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    pool: Pool,
    appender: Appender,
    place: String,
    keys: BookKeys,
    /// Goes last.
    _scratch: Option<Scratch>,
}

/// How a database is shared with other processes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    /// A gateway that owns its file: a second one is refused.
    Alone,
    /// Writes next to whoever owns the file: `keys`, `pins`, and gateways that clients start one each.
    Beside,
    /// Reads only.
    Reader,
}

impl Store {
    /// Opens for the one gateway that owns the database, and brings the schema up to date. A SQLite file that another
    /// gateway owns is refused; Postgres may be shared.
    pub async fn open(options: &StoreOptions) -> Result<Self, StoreError> {
        Self::open_as(options, Role::Alone).await
    }

    /// Opens for writing while a gateway may own the database: for `keys` and `pins`, and for the gateways that
    /// several clients of one person start.
    pub async fn open_beside(options: &StoreOptions) -> Result<Self, StoreError> {
        Self::open_as(options, Role::Beside).await
    }

    /// Opens for reading while others write. The database must exist.
    pub async fn open_reader(options: &StoreOptions) -> Result<Self, StoreError> {
        Self::open_as(options, Role::Reader).await
    }

    /// Whether there is a database for those who make none. A server that is not there says so itself.
    pub fn must_exist(options: &StoreOptions) -> Result<(), StoreError> {
        match &options.place {
            Place::Sqlite(path) if !path.exists() => Err(StoreError::Missing { place: path.display().to_string() }),
            _ => Ok(()),
        }
    }

    /// The way to add to the book.
    pub fn appender(&self) -> &Appender {
        &self.0.appender
    }

    /// Where it is, for people; never with a password.
    pub fn place(&self) -> &str {
        &self.0.place
    }

    /// Makes everything durable and lets go of the database.
    pub async fn close(&self) {
        self.0.appender.close().await;
        self.0.pool.close().await;
    }

    async fn open_as(options: &StoreOptions, role: Role) -> Result<Self, StoreError> {
        let inner = match &options.place {
            Place::Sqlite(path) => sqlite::open(path, options, role).await?,
            Place::Memory => sqlite::open_scratch(options).await?,
            Place::Postgres(url) => postgres::open(url, options, role).await?,
        };
        let store = Self(Arc::new(inner));
        match role {
            Role::Reader => store.check_keys().await?,
            Role::Alone | Role::Beside => store.claim_log().await?,
        }
        Ok(store)
    }

    fn pool(&self) -> &Pool {
        &self.0.pool
    }

    /// Runs a text that drops what was before a time, and says how much that was.
    async fn forget(&self, text: &'static str, before: Timestamp) -> Result<u64, StoreError> {
        let done = writing!(self.pool(), db => {
            sqlx::query(text).bind(before.micros()).execute(db).await.map(|done| done.rows_affected())
        })?;
        if done > 0 {
            self.appender().wrote();
        }
        Ok(done)
    }
}

/// Why the database cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The address names no database we can use.
    #[error("the store's url names no database; write sqlite: and a path, or postgres://user@host/database")]
    Url,
    /// There is no such file.
    #[error("there is no database at {place}; start the gateway once, or check the store's url")]
    Missing {
        /// Which one.
        place: String,
    },
    /// The file cannot be opened or written.
    #[error("the database {place} cannot be opened: {why}")]
    Unusable {
        /// Which one.
        place: String,
        /// What stands in the way.
        why: String,
    },
    /// The keys of the book cannot be used.
    #[error("the keys of the record at {} cannot be used: {why}", place.display())]
    Keys {
        /// Which file or folder.
        place: PathBuf,
        /// What stands in the way.
        why: String,
    },
    /// Another gateway owns the file.
    #[error("the database {place} is in use by another gateway; stop it first, or give this one its own store.url")]
    Taken {
        /// Which one.
        place: String,
    },
    /// Locks and shared memory do not work there.
    #[error(
        "the database {place} is on a network file system ({kind}), where locks cannot be trusted; use a local disk, or Postgres"
    )]
    Network {
        /// Which one.
        place: String,
        /// Which file system.
        kind: &'static str,
    },
    /// The file is damaged.
    #[error("the database {place} is damaged: {why}; nothing was changed, restore it from a backup")]
    Damaged {
        /// Which one.
        place: String,
        /// The first thing found.
        why: String,
    },
    /// The library has the bug that can corrupt a database with two connections.
    #[error("SQLite {found} can corrupt a database that several connections use; build with SQLite 3.51.3 or later")]
    OldSqlite {
        /// The version that was linked.
        found: String,
    },
    /// A setting did not take effect.
    #[error("the database {place} does not do what was asked: {what}")]
    Refused {
        /// Which one.
        place: String,
        /// Which setting, and what to do.
        what: String,
    },
    /// A newer Countersign made it.
    #[error(
        "the database {place} has schema {found} and this program knows {known}; use the newer countersign that wrote it"
    )]
    Newer {
        /// Which one.
        place: String,
        /// The number found.
        found: i64,
        /// The highest number known.
        known: i64,
    },
    /// An older Countersign made it, and a reader changes nothing.
    #[error(
        "the database {place} has schema {found} and this program needs {known}; start the gateway once to bring it up to date"
    )]
    Older {
        /// Which one.
        place: String,
        /// The number found.
        found: i64,
        /// The number needed.
        known: i64,
    },
    /// Too many wait already.
    #[error("there are too many {0}; try again in a few minutes")]
    Full(&'static str),
    /// There is such a thing already.
    #[error("there is {0} already; nothing was changed")]
    Exists(String),
    /// What is stored cannot be understood.
    #[error("the database holds {0}, which this program cannot read; it was changed by something else")]
    Unreadable(String),
    /// A text no database can hold.
    #[error("{0} holds a zero character, which cannot be stored")]
    Unstorable(&'static str),
    /// The database itself failed.
    #[error("the database failed: {0}")]
    Database(String),
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        // What sqlx says holds no password: addresses are parsed before anything can fail with them.
        Self::Database(error.to_string())
    }
}

//! Where is it kept? One database for the record, the keys and the pins: a SQLite file, or Postgres.
//!
//! The queries are the same texts for both databases and go through sqlx. Only the append path is not: see
//! [`append`]. No transaction is ever open while a request's future could be dropped; every write is one statement.

pub mod append;
pub mod entries;
pub mod keys;
mod migrations;
pub mod pins;
mod pool;
mod postgres;
mod sqlite;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use append::Appender;
use pool::Pool;

/// Which database, and what a write must survive.
#[derive(Clone)]
pub struct StoreOptions {
    /// `sqlite:PATH` or `postgres://...`; may hold a password, so it is never printed.
    pub url: String,
    /// See [`Durability`].
    pub durability: Durability,
}

impl fmt::Debug for StoreOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoreOptions").field("durability", &self.durability).finish_non_exhaustive()
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
        let inner = match Place::read(&options.url)? {
            Place::Sqlite(path) => sqlite::open(path, options.durability, role).await?,
            Place::Postgres(url) => postgres::open(&url, options.durability, role).await?,
        };
        Ok(Self(Arc::new(inner)))
    }

    fn pool(&self) -> &Pool {
        &self.0.pool
    }
}

enum Place {
    Sqlite(PathBuf),
    Postgres(String),
}

impl Place {
    fn read(url: &str) -> Result<Self, StoreError> {
        if let Some(path) = url.strip_prefix("sqlite:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            if path.is_empty() || path.contains('?') || path.starts_with(':') {
                return Err(StoreError::Url);
            }
            return Ok(Self::Sqlite(PathBuf::from(path)));
        }
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            return Ok(Self::Postgres(url.to_owned()));
        }
        Err(StoreError::Url)
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

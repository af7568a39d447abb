//! Where is the record kept, and how surely?

use std::fmt;
use std::path::PathBuf;

use schemars::JsonSchema;

use super::secret::{HIDDEN, Secret};
use super::word::words;

/// The database.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Store {
    /// `sqlite:` and a path, or `postgres://user@host/database`.
    #[schemars(with = "String", extend("default" = "sqlite:countersign.db"))]
    pub url: Database,
    /// What an ordinarily allowed call's entries survive: the end of the process at once and power loss within a
    /// second, or power loss at once.
    #[schemars(extend("default" = "process"))]
    pub durability: Durability,
}

/// Which database.
#[derive(Clone)]
pub enum Database {
    /// A SQLite file.
    Sqlite(PathBuf),
    /// SQLite in memory: gone with the process.
    Memory,
    /// A Postgres address, which may hold a password.
    Postgres(Secret),
}

/// What a record must survive before the deed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// The end of the process.
    Process,
    /// The loss of power.
    Power,
}

words!(Durability: "process" => Process, "power" => Power);

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Database {
    /// Without user, password and parameters.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            Self::Memory => f.write_str("sqlite::memory:"),
            Self::Postgres(address) => match url::Url::parse(address.expose()) {
                Ok(url) => write!(f, "postgres://{}{}", url.host_str().unwrap_or_default(), url.path()),
                Err(_) => write!(f, "postgres://{HIDDEN}"),
            },
        }
    }
}

//! How is one query text run on either database?

use std::time::Duration;

use sqlx::{PgPool, SqlitePool};

use super::StoreError;
use crate::clock::chance;

/// Connections of one kind.
#[derive(Debug)]
pub(super) enum Pool {
    /// Many may read, one writes.
    Sqlite {
        /// Connections that cannot write.
        read: SqlitePool,
        /// One connection; none for those who only read.
        write: Option<SqlitePool>,
    },
    /// Every connection does everything.
    Postgres(PgPool),
}

impl Pool {
    /// Lets go of every connection.
    pub(super) async fn close(&self) {
        match self {
            Self::Sqlite { read, write } => {
                read.close().await;
                if let Some(write) = write {
                    write.close().await;
                }
            }
            Self::Postgres(pool) => pool.close().await,
        }
    }
}

/// Runs one expression with a connection that may read, whichever database it is.
macro_rules! reading {
    ($pool:expr, $db:ident => $run:expr) => {
        match $pool {
            $crate::store::pool::Pool::Sqlite { read: $db, .. } => $run,
            $crate::store::pool::Pool::Postgres($db) => $run,
        }
    };
}

/// Runs one expression with a connection that may write, again after a deadlock, whichever database it is.
macro_rules! writing {
    ($pool:expr, $db:ident => $run:expr) => {{
        let mut tries = 0_u32;
        loop {
            let outcome = match $pool {
                $crate::store::pool::Pool::Sqlite { write: Some($db), .. } => $run,
                $crate::store::pool::Pool::Sqlite { write: None, .. } => {
                    break Err($crate::store::StoreError::Database("it was opened for reading only".to_owned()));
                }
                $crate::store::pool::Pool::Postgres($db) => $run,
            };
            match outcome {
                Ok(done) => break Ok(done),
                Err(error) if tries < $crate::store::pool::RETRIES && $crate::store::pool::passing(&error) => {
                    tries = tries.saturating_add(1);
                    $crate::store::pool::pause(tries).await;
                }
                Err(error) => break Err($crate::store::StoreError::from(error)),
            }
        }
    }};
}

pub(super) use {reading, writing};

/// How often a statement is tried again that lost against another transaction.
pub(super) const RETRIES: u32 = 3;

/// Whether the statement certainly did nothing and may work when it is tried again.
pub(super) fn passing(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
    // Serialization failure and deadlock; SQLite's busy is waited for by the connection itself.
    matches!(code.as_deref(), Some("40001" | "40P01"))
}

/// Waits longer each time, and never as long as the one it collided with.
pub(super) async fn pause(tries: u32) {
    let jitter = chance::<1>().map_or(0, |[byte]| u64::from(byte));
    let millis = 5_u64.saturating_mul(u64::from(tries)).saturating_add(jitter / 16);
    tokio::time::sleep(Duration::from_millis(millis)).await;
}

/// Postgres cannot hold the zero character in a text, so neither database is given one.
pub(super) fn storable(text: &str, what: &'static str) -> Result<(), StoreError> {
    if text.contains('\0') { Err(StoreError::Unstorable(what)) } else { Ok(()) }
}

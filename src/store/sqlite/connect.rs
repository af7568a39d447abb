//! How is the file opened for writing, and did every setting take effect?

use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::{PATIENCE, unusable};
use crate::store::{Durability, StoreError};

/// Between two tries.
const PAUSE: Duration = Duration::from_millis(5);

/// Opens the file for writing and makes sure that every setting took effect. The connection waits for others.
pub(super) fn connect(path: &Path, durability: Durability, place: &str) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(|error| refusal(place, &error))?;
    settings(&connection, durability, place).map_err(|error| match error {
        Setting::Failed(error) => refusal(place, &error),
        Setting::Ignored(what) => StoreError::Refused { place: place.to_owned(), what },
    })?;
    Ok(connection)
}

enum Setting {
    Failed(rusqlite::Error),
    Ignored(String),
}

impl From<rusqlite::Error> for Setting {
    fn from(error: rusqlite::Error) -> Self {
        Self::Failed(error)
    }
}

fn settings(connection: &Connection, durability: Durability, place: &str) -> Result<(), Setting> {
    connection.busy_timeout(PATIENCE)?;
    if connection.is_readonly("main")? {
        return Err(Setting::Ignored("it can only be read; give this user the right to write it".to_owned()));
    }
    let mode = journal(connection)?;
    if mode != "wal" {
        return Err(Setting::Ignored(format!("it keeps journal mode {mode} instead of wal; use a local disk")));
    }
    let (word, number) = match durability {
        Durability::Process => ("NORMAL", 1_i64),
        Durability::Power => ("FULL", 2),
    };
    // Checkpoints wait for the disk, so they are the keeper's.
    let text = format!("PRAGMA synchronous = {word}; PRAGMA wal_autocheckpoint = 0; PRAGMA trusted_schema = OFF;");
    connection.execute_batch(&text)?;
    let found: i64 = connection.query_row("PRAGMA synchronous", [], |row| row.get(0))?;
    if found != number {
        return Err(Setting::Ignored(format!("synchronous is {found} instead of {number}")));
    }
    tracing::debug!(place, sqlite = rusqlite::version(), synchronous = word, "opened the book");
    Ok(())
}

/// Asks for WAL mode. The first to ask in a new file needs it alone, and SQLite does not wait for that by itself.
fn journal(connection: &Connection) -> rusqlite::Result<String> {
    let asked = Instant::now();
    loop {
        let mode = connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0));
        match mode {
            Err(error) if busy(&error) && asked.elapsed() < PATIENCE => std::thread::sleep(PAUSE),
            mode => return mode,
        }
    }
}

fn busy(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
}

fn refusal(place: &str, error: &rusqlite::Error) -> StoreError {
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => {
            StoreError::Damaged { place: place.to_owned(), why: error.to_string() }
        }
        _ => unusable(place, error),
    }
}

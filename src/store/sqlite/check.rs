//! Is this SQLite, and this file, fit to hold the book?

use std::sync::mpsc;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode};

use crate::store::StoreError;

/// The first release in which several connections cannot corrupt a file in WAL mode.
const FIXED: i32 = 3_051_003;

/// Refuses a library with the WAL-reset bug.
pub(super) fn version(number: i32, text: &str) -> Result<(), StoreError> {
    if number >= FIXED { Ok(()) } else { Err(StoreError::OldSqlite { found: text.to_owned() }) }
}

/// How far the file was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Extent {
    /// Every page.
    Whole,
    /// As far as the time went; nothing was wrong so far.
    Begun,
}

/// Looks for damage, for at most this long. What the database says about it is the error.
pub(super) fn damage(connection: &Connection, limit: Option<Duration>) -> Result<Extent, String> {
    let Some(limit) = limit else { return look(connection) };
    let handle = connection.get_interrupt_handle();
    let (done, wait) = mpsc::channel::<()>();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            if wait.recv_timeout(limit) == Err(mpsc::RecvTimeoutError::Timeout) {
                handle.interrupt();
            }
        });
        let looked = look(connection);
        drop(done);
        looked
    })
}

fn look(connection: &Connection) -> Result<Extent, String> {
    match connection.query_row("PRAGMA quick_check(1)", [], |row| row.get::<_, String>(0)) {
        Ok(word) if word == "ok" => Ok(Extent::Whole),
        Ok(found) => Err(found.lines().collect::<Vec<_>>().join("; ")),
        Err(error) => match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase | ErrorCode::SystemIoFailure) | None => {
                Err(error.to_string())
            }
            // Who was interrupted, or cannot look because somebody else is there, has seen no damage.
            Some(_) => Ok(Extent::Begun),
        },
    }
}

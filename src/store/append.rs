//! How is a line added to the book?
//!
//! SQLite's appends go through rusqlite on the caller's own thread, not through sqlx, which hands every statement to
//! a thread of its own. Measured in one run: a write of three lines takes 20 µs at the median and 67 µs at the 99th
//! percentile this way, 51 µs and 143 µs through sqlx, and 32 writers at once share commits without a hop. Both link
//! the same SQLite library, which is what makes two kinds of connection in one process safe. The commit only reaches
//! the operating system's cache; whatever would wait for the disk is the keeper's or a blocking thread's work.
//!
//! Postgres takes a batch as one statement, so that no transaction is ever open between two messages.

use std::sync::{Arc, OnceLock};

use super::StoreError;
use super::approvals::{Moved, Rows};
use super::entries::Line;
use super::log::Growth;
use super::log::rows::RawEntry;
use super::postgres::Ledger;
use super::sqlite::Book;

/// Adds lines to the book, all of a batch or none.
#[derive(Debug)]
pub struct Appender {
    kind: Kind,
    /// Why nothing may begin any more, whatever the database says.
    refused: OnceLock<String>,
}

#[derive(Debug)]
pub(super) enum Kind {
    Sqlite(Book),
    Postgres(Arc<Ledger>),
    /// Opened for reading.
    Nowhere,
}

impl Appender {
    pub(super) const fn new(kind: Kind) -> Self {
        Self { kind, refused: OnceLock::new() }
    }

    /// From now on no call begins, for this reason.
    pub fn refuse(&self, why: String) {
        self.refused.get_or_init(|| why);
    }

    /// Appends before it returns, if that needs no waiting; otherwise nothing was done and [`Appender::append`] must.
    pub fn append_now(&self, lines: &[Line]) -> Option<Result<(), AppendError>> {
        match &self.kind {
            Kind::Sqlite(book) => book.append_now(lines),
            Kind::Postgres(_) => None,
            Kind::Nowhere => Some(Err(AppendError::Reader)),
        }
    }

    /// Appends, waiting for locks, disk and network as long as a write may take. Not for a request's own future: when
    /// it is dropped half-way the lines may or may not be there.
    pub async fn append(&self, lines: Vec<Line>) -> Result<(), AppendError> {
        match &self.kind {
            Kind::Sqlite(book) => book.append(lines).await,
            // Boxed, because it would make the future of every request larger.
            Kind::Postgres(ledger) => Box::pin(ledger.append(&lines)).await,
            Kind::Nowhere => Err(AppendError::Reader),
        }
    }

    /// Changes an approval and appends the lines that say so, in one transaction that is on the disk when this returns.
    pub(super) async fn step(&self, rows: Rows) -> Result<Moved, AppendError> {
        match &self.kind {
            Kind::Sqlite(book) => book.step(rows).await,
            Kind::Postgres(ledger) => ledger.step(rows).await,
            Kind::Nowhere => Err(AppendError::Reader),
        }
    }

    /// Lets the log grow, if it is what it was.
    pub(super) async fn grow(&self, growth: Growth) -> Result<bool, AppendError> {
        match &self.kind {
            Kind::Sqlite(book) => book.grow(growth).await,
            Kind::Postgres(ledger) => ledger.grow(growth).await,
            Kind::Nowhere => Err(AppendError::Reader),
        }
    }

    /// Entries after this one, where they can be read without waiting.
    pub(super) fn after(&self, seq: i64, limit: i64) -> Option<Result<Vec<RawEntry>, StoreError>> {
        match &self.kind {
            Kind::Sqlite(book) => Some(book.after(seq, limit)),
            Kind::Postgres(_) | Kind::Nowhere => None,
        }
    }

    /// Waits until the disk has what was committed.
    pub(super) async fn sync(&self) -> Result<(), AppendError> {
        match &self.kind {
            Kind::Sqlite(book) => book.sync().await,
            // What lets the log grow waits for the disk, and with it for everything before.
            Kind::Postgres(_) => Ok(()),
            Kind::Nowhere => Err(AppendError::Reader),
        }
    }

    /// Whether a new call may begin: its outcome could be written down as well.
    pub fn admits(&self) -> Result<(), AppendError> {
        if let Some(why) = self.refused.get() {
            return Err(AppendError::Diverged(why.clone()));
        }
        match &self.kind {
            Kind::Sqlite(book) => book.admits(),
            // Postgres says so itself when it is asked.
            Kind::Postgres(_) => Ok(()),
            Kind::Nowhere => Err(AppendError::Reader),
        }
    }

    /// Whether the last write worked.
    pub fn healthy(&self) -> bool {
        if self.refused.get().is_some() {
            return false;
        }
        match &self.kind {
            Kind::Sqlite(book) => book.admits().is_ok(),
            Kind::Postgres(ledger) => ledger.healthy(),
            Kind::Nowhere => false,
        }
    }

    #[cfg(test)]
    pub(super) const fn book(&self) -> Option<&Book> {
        match &self.kind {
            Kind::Sqlite(book) => Some(book),
            Kind::Postgres(_) | Kind::Nowhere => None,
        }
    }

    /// Says that another connection committed something, which has to reach the disk like everything else.
    pub(super) fn wrote(&self) {
        if let Kind::Sqlite(book) = &self.kind {
            book.wrote();
        }
    }

    /// Makes everything durable and stops.
    pub(super) async fn close(&self) {
        if let Kind::Sqlite(book) = &self.kind {
            book.close().await;
        }
    }
}

/// Why lines were not added. None of the batch was, or nobody knows.
#[derive(Clone, Debug, thiserror::Error)]
pub enum AppendError {
    /// No room.
    #[error("the disk that holds the record is full; make room, and calls are admitted again by themselves")]
    Full,
    /// The database failed and is being opened again.
    #[error("the record cannot be written: {0}; it is tried again by itself")]
    Broken(String),
    /// Another process kept the database locked.
    #[error("another process keeps the record locked; look for a backup or a shell that has it open")]
    Busy,
    /// It is not the one that was signed.
    #[error(
        "the record is not the one that was signed: {0}; nothing runs before somebody has looked, see `countersign audit verify`"
    )]
    Diverged(String),
    /// It was opened for reading.
    #[error("the record was opened for reading only")]
    Reader,
}

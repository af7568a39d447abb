//! How is a SQLite file opened, and when is it refused?

mod check;
mod connect;
mod grown;
mod guard;
mod insert;
mod keeper;
mod reserve;
mod scratch;
mod step;
#[cfg(test)]
mod tests;
mod writer;

use std::path::Path;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};
use sqlx::ConnectOptions as _;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};

use super::append::{AppendError, Appender, Kind};
use super::approvals::{Moved, Rows};
use super::entries::Line;
use super::key_folder::{BookKeys, KeyPlace, Making};
use super::log::rows::{AFTER, RawEntry};
use super::log::{DATA_KEY, Growth};
use super::pool::Pool;
use super::{Durability, Inner, Role, StoreError, StoreOptions, migrations};
use guard::Guard;
pub(super) use scratch::Scratch;
use writer::{Patience, Writer};

/// SQLite takes `$2` for a name and numbers names as they come, so here the same text says `?2`.
static NUMBERED: LazyLock<String> = LazyLock::new(|| AFTER.replace('$', "?"));

/// How long a write waits for another process.
const PATIENCE: Duration = Duration::from_secs(5);

/// Opens the file, creating it for those who write.
pub(super) async fn open(path: &Path, options: &StoreOptions, role: Role) -> Result<Inner, StoreError> {
    let place = format!("sqlite:{}", path.display());
    check::version(rusqlite::version_number(), rusqlite::version())?;
    let path = guard::settle(path, &place, role)?;
    let read = pool(&path, 4, |options| options.read_only(true));
    if role == Role::Reader {
        check_schema(&read, &place).await?;
        let keys = BookKeys::open(&options.keys, Making::Refused, None)?;
        let pool = Pool::Sqlite { read, write: None };
        return Ok(Inner { pool, appender: Appender::new(Kind::Nowhere), place, keys, _scratch: None });
    }
    let guard = match role {
        Role::Alone => Some(Guard::take(&path, &place)?),
        Role::Beside | Role::Reader => None,
    };
    let durability = options.durability;
    let keys = BookKeys::open(&options.keys, making(&path, &read).await, options.origin.as_deref())?;
    // The file is checked and put into WAL mode by the connection that appends, before sqlx sees it.
    let (opening, label, sealer) = (path.clone(), place.clone(), Arc::clone(&keys.sealer));
    let opened = tokio::task::spawn_blocking(move || Writer::open(&opening, durability, sealer, &label)).await;
    let writer = Arc::new(opened.map_err(|error| StoreError::Database(error.to_string()))??);
    let write = pool(&path, 1, |options| {
        let synchronous = match durability {
            Durability::Process => SqliteSynchronous::Normal,
            Durability::Power => SqliteSynchronous::Full,
        };
        options.journal_mode(SqliteJournalMode::Wal).synchronous(synchronous)
    });
    migrations::migrate_sqlite(&mut *write.acquire().await?, &place).await?;
    let keeper = keeper::start(&writer).map_err(|error| unusable(&place, &error))?;
    let book = Book { writer, keeper: Mutex::new(Some(keeper)), peek: Mutex::default(), guard: Mutex::new(guard) };
    let pool = Pool::Sqlite { read, write: Some(write) };
    Ok(Inner { pool, appender: Appender::new(Kind::Sqlite(book)), place, keys, _scratch: None })
}

/// Keys are made for a book that has none. A file that cannot be read is refused by whoever opens it next, with its reasons.
async fn making(path: &Path, read: &SqlitePool) -> Making {
    if !path.exists() {
        return Making::Allowed;
    }
    let found: Result<Option<String>, _> = sqlx::query_scalar(DATA_KEY).fetch_optional(read).await;
    if matches!(found, Ok(Some(_))) { Making::Refused } else { Making::Allowed }
}

/// Opens a file of its own that is removed with the store.
pub(super) async fn open_scratch(options: &StoreOptions) -> Result<Inner, StoreError> {
    let scratch = Scratch::make()?;
    let options = StoreOptions { keys: KeyPlace::Nowhere, ..options.clone() };
    let inner = open(&scratch.file(), &options, Role::Alone).await?;
    Ok(Inner { place: "sqlite::memory:".to_owned(), _scratch: Some(scratch), ..inner })
}

fn pool(path: &Path, most: u32, wish: impl FnOnce(SqliteConnectOptions) -> SqliteConnectOptions) -> SqlitePool {
    let options = SqliteConnectOptions::new().filename(path).busy_timeout(PATIENCE).disable_statement_logging();
    SqlitePoolOptions::new()
        .max_connections(most)
        .acquire_timeout(PATIENCE)
        // Each connection is a thread and some memory; they come back when they are needed.
        .idle_timeout(Duration::from_mins(1))
        .test_before_acquire(false)
        .connect_lazy_with(wish(options))
}

async fn check_schema(read: &SqlitePool, place: &str) -> Result<(), StoreError> {
    let found: Result<i64, sqlx::Error> = sqlx::query_scalar(migrations::highest()).fetch_one(read).await;
    match found {
        Ok(found) => migrations::check(found, place),
        Err(sqlx::Error::Database(error)) if error.message().contains("no such table") => migrations::check(0, place),
        Err(error) => Err(unusable(place, &error)),
    }
}

fn unusable(place: &str, why: &dyn std::fmt::Display) -> StoreError {
    StoreError::Unusable { place: place.to_owned(), why: why.to_string() }
}

/// The open file as its appender sees it, with the thread that keeps it.
#[derive(Debug)]
pub(super) struct Book {
    writer: Arc<Writer>,
    keeper: Mutex<Option<JoinHandle<()>>>,
    /// Reads what was just written, for the log.
    peek: Mutex<Option<Connection>>,
    /// Held for as long as the file is ours.
    guard: Mutex<Option<Guard>>,
}

impl Book {
    pub(super) fn append_now(&self, lines: &[Line]) -> Option<Result<(), AppendError>> {
        match self.writer.durability() {
            Durability::Power => None,
            Durability::Process => match self.writer.append(lines, Patience::None) {
                Err(AppendError::Busy) => None,
                done => Some(done),
            },
        }
    }

    pub(super) async fn append(&self, lines: Vec<Line>) -> Result<(), AppendError> {
        let writer = Arc::clone(&self.writer);
        let done = tokio::task::spawn_blocking(move || writer.append(&lines, Patience::Long)).await;
        done.unwrap_or_else(|error| Err(AppendError::Broken(error.to_string())))
    }

    pub(super) async fn step(&self, rows: Rows) -> Result<Moved, AppendError> {
        let writer = Arc::clone(&self.writer);
        let done = tokio::task::spawn_blocking(move || writer.step(&rows)).await;
        done.unwrap_or_else(|error| Err(AppendError::Broken(error.to_string())))
    }

    /// On the caller's thread where that needs no waiting: a thread of its own that holds the lock is stopped by a busy machine
    /// just then, and everybody waits for it.
    pub(super) async fn grow(&self, growth: Growth) -> Result<bool, AppendError> {
        match self.writer.grow(&growth, Patience::None) {
            Err(AppendError::Busy) => {}
            done => return done,
        }
        let writer = Arc::clone(&self.writer);
        let done = tokio::task::spawn_blocking(move || writer.grow(&growth, Patience::Long)).await;
        done.unwrap_or_else(|error| Err(AppendError::Broken(error.to_string())))
    }

    /// Entries after this one, read on the caller's thread: a few, and at once.
    pub(super) fn after(&self, seq: i64, limit: i64) -> Result<Vec<RawEntry>, StoreError> {
        let mut peek = self.peek.lock().unwrap_or_else(PoisonError::into_inner);
        let failed = |error: rusqlite::Error| StoreError::Database(error.to_string());
        if peek.is_none() {
            let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
            *peek = Some(Connection::open_with_flags(self.writer.path(), flags).map_err(failed)?);
        }
        let Some(connection) = peek.as_ref() else { return Ok(Vec::new()) };
        let read = || -> rusqlite::Result<Vec<RawEntry>> {
            let mut statement = connection.prepare_cached(&NUMBERED)?;
            let entry = |row: &rusqlite::Row<'_>| {
                Ok(RawEntry {
                    seq: row.get(0)?,
                    call: row.get(1)?,
                    at: row.get(2)?,
                    event: row.get(3)?,
                    body: row.get(4)?,
                    sealed: row.get(5)?,
                })
            };
            statement.query_map((seq, limit), entry)?.collect()
        };
        let found = read().map_err(failed);
        if found.is_err() {
            *peek = None;
        }
        found
    }

    pub(super) async fn sync(&self) -> Result<(), AppendError> {
        let writer = Arc::clone(&self.writer);
        let done = tokio::task::spawn_blocking(move || keeper::flush(&writer)).await;
        let broken = |why: String| AppendError::Broken(why);
        done.map_err(|error| broken(error.to_string()))?.map_err(|error| broken(error.to_string()))
    }

    #[cfg(test)]
    const fn writer(&self) -> &Arc<Writer> {
        &self.writer
    }

    pub(super) fn wrote(&self) {
        self.writer.unsynced();
    }

    pub(super) fn admits(&self) -> Result<(), AppendError> {
        self.writer.admits()
    }

    pub(super) async fn close(&self) {
        self.writer.stop();
        drop(self.peek.lock().unwrap_or_else(PoisonError::into_inner).take());
        let keeper = self.keeper.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(keeper) = keeper
            && tokio::task::spawn_blocking(move || keeper.join()).await.is_err()
        {
            tracing::error!("the thread that keeps the record ended badly");
        }
        drop(self.guard.lock().unwrap_or_else(PoisonError::into_inner).take());
    }
}

impl Drop for Book {
    /// A store that was not closed still makes what it acknowledged durable.
    fn drop(&mut self) {
        self.writer.stop();
        let keeper = self.keeper.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(Err(_)) = keeper.map(JoinHandle::join) {
            tracing::error!("the thread that keeps the record ended badly");
        }
    }
}

//! How do lines get into the file, and what is done when they do not?
//!
//! A fault of the disk ends the connection: a sync that failed is never tried again on it, because the second one can
//! succeed without the data being there. The keeper opens the file again, verifies it, and only then are calls
//! admitted. A full disk gives up the reserve, so that outcomes can still be written, and admits nothing until the
//! keeper could take the reserve up again.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode};

use super::check::{self, Extent};
use super::connect::connect;
use super::insert::{Closed, First, Table};
use super::reserve::Reserve;
use super::{PATIENCE, grown, step, unusable};
use crate::audit::entry::{Entry, Event, Operated};
use crate::clock::{Clock as _, NoChance, SystemClock};
use crate::store::append::AppendError;
use crate::store::approvals::{Moved, Rows};
use crate::store::entries::Line;
use crate::store::log::Growth;
use crate::store::seal::Sealer;
use crate::store::{Durability, StoreError};

/// How long opening may look for damage; the rest is looked at while the gateway runs.
const LOOK: Duration = Duration::from_millis(25);

/// The only connection that appends.
#[derive(Debug)]
pub(super) struct Writer {
    path: PathBuf,
    durability: Durability,
    reserve: Reserve,
    extent: Extent,
    sealer: Arc<Sealer>,
    desk: Mutex<Desk>,
    state: Mutex<State>,
    wake: Condvar,
}

/// What is needed for writing.
#[derive(Debug)]
struct Desk {
    connection: Option<Connection>,
    table: Table,
    /// The last line that was acknowledged.
    last: i64,
}

/// What writers and the keeper tell each other.
#[derive(Debug)]
pub(super) struct State {
    pub(super) condition: Condition,
    /// Lines were committed that the disk may not have.
    pub(super) unsynced: bool,
    /// Roughly the bytes in the write-ahead log that the last checkpoint did not move.
    pub(super) logged: u64,
    /// The store is being closed.
    pub(super) stopping: bool,
}

/// Whether writing works.
#[derive(Clone, Debug)]
pub(super) enum Condition {
    /// It does.
    Well,
    /// There is no room.
    Full,
    /// The connection is gone.
    Broken(String),
}

/// Whether a write waits for other processes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Patience {
    /// Not at all.
    None,
    /// As long as a write may take.
    Long,
}

impl Writer {
    /// Opens the file for appending, having looked for damage.
    pub(super) fn open(
        path: &Path,
        durability: Durability,
        sealer: Arc<Sealer>,
        place: &str,
    ) -> Result<Self, StoreError> {
        let connection = connect(path, durability, place)?;
        let extent = check::damage(&connection, Some(LOOK))
            .map_err(|why| StoreError::Damaged { place: place.to_owned(), why })?;
        connection.busy_timeout(Duration::ZERO).map_err(|error| unusable(place, &error))?;
        let state = State { condition: Condition::Well, unsynced: false, logged: 0, stopping: false };
        Ok(Self {
            path: path.to_owned(),
            durability,
            reserve: Reserve::of(path),
            extent,
            sealer,
            desk: Mutex::new(Desk { connection: Some(connection), table: Table::new(), last: 0 }),
            state: Mutex::new(state),
            wake: Condvar::new(),
        })
    }

    /// Commits these lines together.
    pub(super) fn append(&self, lines: &[Line], patience: Patience) -> Result<(), AppendError> {
        let closed = self.close(lines)?;
        self.work(lines, |desk| desk.commit(&closed, patience))
    }

    /// Changes an approval, commits the lines that say so with it, and waits for the disk.
    pub(super) fn step(&self, rows: &Rows) -> Result<Moved, AppendError> {
        let closed = self.close(&rows.lines)?;
        self.work(&rows.lines, |desk| desk.step(rows, &closed))
    }

    fn close<'l>(&self, lines: &'l [Line]) -> Result<Vec<Closed<'l>>, AppendError> {
        let close = |line: &'l Line| Ok((line, line.sealed(&self.sealer)?));
        let closed: Result<_, NoChance> = lines.iter().map(close).collect();
        closed.map_err(|error| AppendError::Broken(error.to_string()))
    }

    /// Lets the log grow, if it is what it was.
    pub(super) fn grow(&self, growth: &Growth, patience: Patience) -> Result<bool, AppendError> {
        self.work(&[], |desk| desk.with(patience, |_, connection| grown::write(connection, growth)))
            .map(|done| done == First::Done)
    }

    fn work<T>(
        &self,
        lines: &[Line],
        mut work: impl FnMut(&mut Desk) -> rusqlite::Result<T>,
    ) -> Result<T, AppendError> {
        let mut desk = self.desk();
        if let Condition::Broken(why) = &self.state().condition {
            return Err(AppendError::Broken(why.clone()));
        }
        let mut done = work(&mut desk);
        if done.as_ref().is_err_and(|error| Trouble::of(error) == Trouble::NoRoom) {
            self.state().condition = Condition::Full;
            self.wake.notify_all();
            self.reserve.release();
            done = work(&mut desk);
        }
        match done {
            Ok(done) => {
                self.committed(lines);
                Ok(done)
            }
            Err(error) => match Trouble::of(&error) {
                Trouble::Locked => Err(AppendError::Busy),
                Trouble::NoRoom => Err(AppendError::Full),
                Trouble::Fault => {
                    desk.connection = None;
                    drop(desk);
                    Err(self.failed(&error.to_string()))
                }
            },
        }
    }

    /// Whether a new call may begin.
    pub(super) fn admits(&self) -> Result<(), AppendError> {
        match &self.state().condition {
            Condition::Well => Ok(()),
            Condition::Full => Err(AppendError::Full),
            Condition::Broken(why) => Err(AppendError::Broken(why.clone())),
        }
    }

    /// Stops the writer: the connection is not used again until [`Writer::heal`] has put a new one in its place.
    pub(super) fn fail(&self, why: &str) {
        self.desk().connection = None;
        drop(self.failed(why));
    }

    /// Tries to get back to work. It did when the book says so.
    pub(super) fn heal(&self) {
        let condition = self.state().condition.clone();
        let healed = match condition {
            Condition::Well => return,
            Condition::Full => {
                self.reserve.hold().map_err(|error| error.to_string()).and_then(|()| self.resume("room"))
            }
            Condition::Broken(_) => self.reopen().and_then(|()| self.resume("a sound database")),
        };
        match healed {
            Ok(()) => tracing::info!("the record can be written again"),
            Err(why) => self.still(why),
        }
    }

    /// What the disk must have after a checkpoint that others could not finish while lines kept coming.
    pub(super) fn checkpoint(&self) -> rusqlite::Result<()> {
        let desk = self.desk();
        let Some(connection) = &desk.connection else { return Ok(()) };
        connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))
    }

    /// Lets go of the connection; what comes later is refused.
    pub(super) fn retire(&self) {
        self.desk().connection = None;
        self.state().condition = Condition::Broken("the gateway is stopping".to_owned());
    }

    /// Ends the keeper.
    pub(super) fn stop(&self) {
        self.state().stopping = true;
        self.wake.notify_all();
    }

    pub(super) const fn durability(&self) -> Durability {
        self.durability
    }

    pub(super) const fn extent(&self) -> Extent {
        self.extent
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) const fn reserve(&self) -> &Reserve {
        &self.reserve
    }

    pub(super) const fn wake(&self) -> &Condvar {
        &self.wake
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets the file grow by this many pages and no further, as a full disk would.
    #[cfg(test)]
    pub(super) fn leave_room(&self, pages: i64) {
        let desk = self.desk();
        let connection = desk.connection.as_ref().unwrap();
        let count: i64 = connection.query_row("PRAGMA page_count", [], |row| row.get(0)).unwrap();
        let text = format!("PRAGMA max_page_count = {}", count.saturating_add(pages));
        connection.query_row(&text, [], |_| Ok(())).unwrap();
    }

    fn desk(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn committed(&self, lines: &[Line]) {
        // A line touches a page of the table and one of the index, and more when it is long.
        let pages = lines.iter().map(|line| line.body.len().saturating_add(8192)).fold(0_usize, usize::saturating_add);
        let pages = u64::try_from(pages).unwrap_or(u64::MAX);
        let mut state = self.state();
        state.logged = state.logged.saturating_add(pages);
        drop(state);
        self.unsynced();
    }

    /// Something was committed that the disk may not have.
    pub(super) fn unsynced(&self) {
        if !std::mem::replace(&mut self.state().unsynced, true) {
            self.wake.notify_all();
        }
    }

    fn failed(&self, why: &str) -> AppendError {
        tracing::error!(why, "the record failed; no call is admitted until it was opened again and verified");
        self.state().condition = Condition::Broken(why.to_owned());
        self.wake.notify_all();
        AppendError::Broken(why.to_owned())
    }

    fn still(&self, why: String) {
        tracing::error!(why, "the record still cannot be written");
        self.reserve.release();
        let mut state = self.state();
        if matches!(state.condition, Condition::Broken(_)) {
            state.condition = Condition::Broken(why);
        }
    }

    /// A new connection to a file that is sound, holds every acknowledged line, and is on the disk.
    fn reopen(&self) -> Result<(), String> {
        let connection = connect(&self.path, self.durability, "it").map_err(|error| error.to_string())?;
        check::damage(&connection, None)?;
        let busy: i64 = connection
            .query_row("PRAGMA wal_checkpoint(FULL)", [], |row| row.get(0))
            .map_err(|error| error.to_string())?;
        if busy != 0 {
            return Err("another process keeps it locked".to_owned());
        }
        let end: i64 = connection
            .query_row("SELECT COALESCE(MAX(seq), 0) FROM entry", [], |row| row.get(0))
            .map_err(|error| error.to_string())?;
        let mut desk = self.desk();
        if end < desk.last {
            return Err(format!("it ends at line {end}, but line {} was acknowledged", desk.last));
        }
        connection.busy_timeout(Duration::ZERO).map_err(|error| error.to_string())?;
        desk.connection = Some(connection);
        Ok(())
    }

    /// The first line after a gap says that there was one.
    fn resume(&self, found: &str) -> Result<(), String> {
        let detail = format!("after a failure the record found {found}; calls in between were refused");
        let event = Event::Operated(Operated { what: "record_resumed", detail });
        let entry = Entry { call: None, at: SystemClock.now(), event };
        let line = Line::of(&entry).map_err(|error| error.to_string())?;
        let lines = [line];
        let closed = self.close(&lines).map_err(|error| error.to_string())?;
        self.desk().commit(&closed, Patience::Long).map_err(|error| error.to_string())?;
        let mut state = self.state();
        state.condition = Condition::Well;
        state.unsynced = true;
        Ok(())
    }
}

impl Desk {
    fn commit(&mut self, lines: &[Closed<'_>], patience: Patience) -> rusqlite::Result<()> {
        self.last = self.with(patience, |table, connection| table.insert(connection, lines))?;
        Ok(())
    }

    /// On the disk when it returns, however the connection writes otherwise.
    fn step(&mut self, rows: &Rows, closed: &[Closed<'_>]) -> rusqlite::Result<Moved> {
        let last = self.with(Patience::Long, |table, connection| {
            let usual: i64 = connection.query_row("PRAGMA synchronous", [], |row| row.get(0))?;
            connection.execute_batch("PRAGMA synchronous = FULL")?;
            let done = table.insert_after(connection, closed, |connection| step::write(connection, rows));
            if done.is_err() && !connection.is_autocommit() {
                connection.execute_batch("ROLLBACK")?;
            }
            connection.pragma_update(None, "synchronous", usual)?;
            done
        })?;
        let Some(last) = last else { return Ok(Moved::Stale) };
        if !rows.lines.is_empty() {
            self.last = last;
        }
        Ok(Moved::Done(rows.version()))
    }

    fn with<T>(
        &mut self,
        patience: Patience,
        work: impl FnOnce(&mut Table, &Connection) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<T> {
        let Some(connection) = &self.connection else { return Err(rusqlite::Error::InvalidQuery) };
        if patience == Patience::Long {
            connection.busy_timeout(PATIENCE)?;
        }
        let done = work(&mut self.table, connection);
        if done.is_err() && !connection.is_autocommit() {
            connection.execute_batch("ROLLBACK")?;
        }
        if patience == Patience::Long {
            connection.busy_timeout(Duration::ZERO)?;
        }
        done
    }
}

/// What an error of the database means for the writer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trouble {
    Locked,
    NoRoom,
    Fault,
}

impl Trouble {
    fn of(error: &rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Locked,
            Some(ErrorCode::DiskFull) => Self::NoRoom,
            _ => Self::Fault,
        }
    }
}

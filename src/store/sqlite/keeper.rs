//! Who makes sure that the disk has what was committed, and puts right what went wrong?
//!
//! One thread of its own, because everything it does waits for the disk.

use std::fs::File;
use std::io;
use std::mem;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use super::check::{self, Extent};
use super::writer::{Condition, Writer};
use crate::store::Durability;

/// What was committed is on the disk this much later, and the time one sync takes: well within a second.
const LATER: Duration = Duration::from_millis(500);

/// From this size on the write-ahead log is moved into the database.
const LOG: u64 = 8 * 1024 * 1024;

/// From this size on writers wait for it, because it could not be done beside them.
const LONG_LOG: u64 = 8 * LOG;

/// Starts the keeper of this writer; it ends when the writer is stopped.
pub(super) fn start(writer: &Arc<Writer>) -> io::Result<JoinHandle<()>> {
    let writer = Arc::clone(writer);
    thread::Builder::new().name("record-keeper".to_owned()).spawn(move || keep(&writer))
}

fn keep(writer: &Arc<Writer>) {
    if writer.extent() == Extent::Begun {
        look_at_the_rest(writer);
    }
    told(writer.reserve().hold(), "no room could be kept for a full disk");
    let mut disk = Disk { log: wal(writer), open: None };
    while wait(writer) == Ending::Work {
        sync(writer, &mut disk);
        told(checkpoint(writer), "the write-ahead log grows");
        writer.heal();
    }
    writer.retire();
    sync(writer, &mut disk);
}

fn told<E: std::fmt::Display>(done: Result<(), E>, what: &str) {
    if let Err(error) = done {
        tracing::warn!(%error, "{what}");
    }
}

fn sync(writer: &Writer, disk: &mut Disk) {
    let unsynced = mem::replace(&mut writer.state().unsynced, false);
    if unsynced
        && writer.durability() == Durability::Process
        && let Err(error) = disk.sync()
    {
        disk.open = None;
        writer.fail(&format!("the disk did not take it: {error}"));
    }
}

/// Makes sure that the disk has what was committed before.
pub(super) fn flush(writer: &Writer) -> io::Result<()> {
    match writer.durability() {
        Durability::Power => Ok(()),
        Durability::Process => Disk { log: wal(writer), open: None }.sync(),
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Ending {
    Work,
    Stop,
}

/// Sleeps until there is something to do, and then a little longer, so that one sync covers many commits.
fn wait(writer: &Writer) -> Ending {
    let idle =
        |state: &super::writer::State| !state.stopping && !state.unsynced && matches!(state.condition, Condition::Well);
    let mut state = writer.state();
    while idle(&state) {
        state = writer.wake().wait(state).unwrap_or_else(PoisonError::into_inner);
    }
    let waited = writer.wake().wait_timeout_while(state, LATER, |state| !state.stopping);
    let (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
    if state.stopping { Ending::Stop } else { Ending::Work }
}

/// The write-ahead log as a file. Opening it is safe; the database file itself must never be opened and closed here,
/// because closing it would take away SQLite's locks on it.
struct Disk {
    log: PathBuf,
    open: Option<File>,
}

impl Disk {
    fn sync(&mut self) -> io::Result<()> {
        if let Some(file) = &self.open {
            return file.sync_data();
        }
        if let Some(directory) = self.log.parent() {
            File::open(directory)?.sync_all()?;
        }
        match File::open(&self.log) {
            // The last connection moved it into the database and synced that.
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            opened => self.open.insert(opened?).sync_data(),
        }
    }
}

fn wal(writer: &Writer) -> PathBuf {
    let mut name = writer.path().as_os_str().to_owned();
    name.push("-wal");
    PathBuf::from(name)
}

/// Moves a long log into the database on a connection of its own, beside the writer; the next commit after a complete
/// move begins the log anew.
fn checkpoint(writer: &Writer) -> rusqlite::Result<()> {
    let state = writer.state();
    let (logged, well) = (state.logged, matches!(state.condition, Condition::Well));
    drop(state);
    // On a full disk the database must not grow into the room that outcomes need.
    if logged < LOG || !well {
        return Ok(());
    }
    let connection = Connection::open_with_flags(writer.path(), OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    let left: i64 = connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| {
        let (pages, moved): (i64, i64) = (row.get(1)?, row.get(2)?);
        Ok(pages.saturating_sub(moved))
    })?;
    let mut state = writer.state();
    let since = state.logged.saturating_sub(logged);
    if left == 0 || logged < LONG_LOG {
        // What could not be moved counts again only when the log has grown by as much once more.
        state.logged = if left == 0 { since } else { logged.saturating_add(since) };
        return Ok(());
    }
    state.logged = since;
    drop(state);
    writer.checkpoint()
}

/// Looks at the whole file in the background; damage stops the writer.
fn look_at_the_rest(writer: &Arc<Writer>) {
    let writer = Arc::downgrade(writer);
    let look = move || {
        let path = writer.upgrade().map(|writer| writer.path().to_owned())?;
        let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).ok()?;
        let why = check::damage(&connection, None).err()?;
        writer.upgrade()?.fail(&format!("the database is damaged: {why}"));
        Some(())
    };
    let started = thread::Builder::new().name("record-check".to_owned()).spawn(move || {
        if look().is_some() {
            tracing::error!("no call is admitted until the database was restored");
        }
    });
    if let Err(error) = started {
        tracing::warn!(%error, "the database could not be looked at whole");
    }
}

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::check::version;
use super::guard::beside;
use super::writer::Writer;
use crate::audit::entry::{Entry, Event, Fault};
use crate::call::CallId;
use crate::clock::Timestamp;
use crate::gateway::recorder::Recorder;
use crate::store::append::AppendError;
use crate::store::entries::Wanted;
use crate::store::{Durability, Role, Store, StoreOptions};

#[test]
fn a_library_with_the_reset_bug_is_refused() {
    // STO-07
    let table = [(3_007_000, false), (3_051_002, false), (3_051_003, true), (3_052_000, true), (4_000_000, true)];
    for (number, fit) in table {
        assert_eq!(version(number, "x").is_ok(), fit, "{number}");
    }
    assert!(version(rusqlite::version_number(), rusqlite::version()).is_ok());
}

/// A book, the way into it, and what is behind.
struct World {
    directory: tempfile::TempDir,
    store: Store,
    recorder: Recorder,
}

impl World {
    async fn open() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", directory.path().join("book.db").display());
        let store = Store::open(&StoreOptions::new(&url, Durability::Process).unwrap()).await.unwrap();
        let recorder = Recorder::start(store.clone());
        recorder.write(vec![said("first")]).await.unwrap();
        Self { directory, store, recorder }
    }

    fn writer(&self) -> &Arc<Writer> {
        self.store.appender().book().unwrap().writer()
    }

    /// Waits for what the keeper does in its own time.
    async fn until(&self, what: impl Fn(&Self) -> bool) {
        let begun = Instant::now();
        let mut looks = tokio::time::interval(Duration::from_millis(5));
        while !what(self) {
            assert!(begun.elapsed() < Duration::from_secs(20), "it never happened");
            looks.tick().await;
        }
    }

    async fn events(&self) -> Vec<String> {
        let lines = self.store.latest(&Wanted::default(), 100_000).await.unwrap();
        lines.into_iter().map(|line| line.event).collect()
    }
}

fn said(what: &str) -> Entry {
    Entry { call: None, at: Timestamp::from_micros(1), event: Event::Fault(Fault { what: what.to_owned() }) }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_refuses_calls_until_there_is_room() {
    // STO-01, STO-02
    let world = World::open().await;
    let reserve = beside(world.writer().path(), "reserve");
    world.until(|_| reserve.exists()).await;
    world.writer().leave_room(0);
    let refused = world.recorder.write(vec![said(&"x".repeat(100_000))]).await.unwrap_err();
    assert!(refused.to_string().starts_with("audit_unavailable: the disk that holds the record is full"), "{refused}");
    assert!(!world.recorder.healthy());
    assert!(matches!(world.store.appender().admits(), Err(AppendError::Full)));
    // What already happened is still written down where it fits.
    world.recorder.write(vec![said("an outcome")]).await.unwrap();
    world.writer().leave_room(1000);
    world.until(|world| world.recorder.healthy()).await;
    assert!(reserve.exists());
    world.recorder.write(vec![said(&"x".repeat(100_000))]).await.unwrap();
    assert_eq!(world.events().await, ["fault", "fault", "operated", "fault"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_fault_of_the_disk_the_file_is_opened_anew_and_verified() {
    // STO-03
    let world = World::open().await;
    world.writer().fail("the disk did not take it");
    let refused = world.recorder.write(vec![said("lost")]).await.unwrap_err();
    assert!(refused.to_string().contains("the disk did not take it"), "{refused}");
    assert!(!world.recorder.healthy());
    world.until(|world| world.recorder.healthy()).await;
    world.recorder.write(vec![said("again")]).await.unwrap();
    assert_eq!(world.events().await, ["fault", "operated", "fault"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_book_that_lost_acknowledged_lines_is_not_written_again() {
    // STO-03, STO-05
    let world = World::open().await;
    let other = rusqlite::Connection::open(world.writer().path()).unwrap();
    other.busy_timeout(Duration::from_secs(5)).unwrap();
    other.execute("DELETE FROM entry", []).unwrap();
    world.writer().fail("the disk did not take it");
    let forgotten = |world: &World| {
        let why = world.store.appender().admits().unwrap_err().to_string();
        why.contains("it ends at line 0, but line 1 was acknowledged")
    };
    world.until(forgotten).await;
    assert!(!world.recorder.healthy());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_log_is_moved_into_the_database_while_writing_goes_on() {
    let world = World::open().await;
    let size = |name: &str| std::fs::metadata(world.directory.path().join(name)).map_or(0, |found| found.len());
    let begun = Instant::now();
    // The database only grows by what was moved into it.
    while size("book.db") < 4 << 20 {
        assert!(begun.elapsed() < Duration::from_secs(30), "nothing was moved");
        world.recorder.write(vec![said(&"x".repeat(20_000))]).await.unwrap();
    }
    assert!(world.recorder.healthy());
    world.recorder.clone().close().await;
    world.recorder.write(vec![said("late")]).await.unwrap_err();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_locked_book_is_waited_for_and_the_caller_does_not_block_others() {
    let world = World::open().await;
    let other = rusqlite::Connection::open(world.writer().path()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let recorder = world.recorder.clone();
    let write = tokio::spawn(async move { recorder.write(vec![said("patient")]).await });
    // A reader goes on, and the writer is still waiting.
    assert_eq!(world.events().await.len(), 1);
    assert!(!write.is_finished());
    other.execute_batch("COMMIT").unwrap();
    write.await.unwrap().unwrap();
    assert_eq!(world.events().await.len(), 2);
}

#[tokio::test]
async fn the_lines_of_a_call_are_found_wherever_the_index_ends() {
    let mut world = World::open().await;
    let call = CallId::from_record("0199-one");
    let line = |call: &CallId| Entry { call: Some(call.clone()), ..said("x") };
    let mut expected = 0;
    // Up to, at and past the place where the index is brought up to date, and again after a restart.
    for round in 0..700_usize {
        let other = CallId::from_record(&format!("0199-other-{round}"));
        let batch = match round % 4 {
            0 => vec![line(&call)],
            1 => vec![line(&other), line(&call)],
            2 => vec![line(&other), said("none"), line(&call)],
            _ => vec![line(&call), line(&other), said("none"), line(&other), line(&call)],
        };
        let lines_of = |call: &CallId| batch.iter().filter(|entry| entry.call.as_ref() == Some(call)).count();
        expected += lines_of(&call);
        let others = lines_of(&other);
        world.recorder.write(batch).await.unwrap();
        if round % 50 == 7 {
            let found = world.store.of_call(call.as_str(), 10_000).await.unwrap();
            assert_eq!(found.len(), expected, "after round {round}");
            assert!(found.is_sorted_by_key(|line| line.seq));
            assert_eq!(world.store.of_call(other.as_str(), 10).await.unwrap().len(), others);
        }
        if round == 350 {
            world.store.close().await;
            let url = format!("sqlite:{}", world.directory.path().join("book.db").display());
            world.store = Store::open(&StoreOptions::new(&url, Durability::Process).unwrap()).await.unwrap();
            world.recorder = Recorder::start(world.store.clone());
        }
    }
    let book = rusqlite::Connection::open(world.directory.path().join("book.db")).unwrap();
    let (lines, end): (i64, i64) = book
        .query_row("SELECT (SELECT MAX(seq) FROM entry), (SELECT seq FROM entry_call WHERE call = '')", [], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .unwrap();
    assert!((0..=130).contains(&(lines - end)), "the index ends at {end} of {lines}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_who_open_a_new_file_at_once_all_get_it() {
    for round in 0..10 {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("book.db");
        let mut opening = tokio::task::JoinSet::new();
        for _ in 0..12 {
            let path = path.clone();
            let options = StoreOptions::new(&format!("sqlite:{}", path.display()), Durability::Process).unwrap();
            opening.spawn(async move { super::open(&path, &options, Role::Beside).await.map(drop) });
        }
        for opened in opening.join_all().await {
            assert!(opened.is_ok(), "round {round}: {opened:?}");
        }
    }
}

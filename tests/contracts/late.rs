//! In Postgres an entry may appear behind one that was read already: is it read too?

use std::sync::Arc;
use std::time::Duration;

use countersign::gateway::recorder::Recorder;
use countersign::store::Store;
use countersign::store::settled::Tail;
use sqlx::{Connection as _, Executor as _, PgConnection};

use crate::place::{Place, said};

crate::promises![
    an_entry_that_commits_late_is_read_before_those_behind_it,
    a_place_that_stays_empty_is_stepped_over,
    an_export_waits_for_what_may_still_come,
];

const INSERT: &str =
    "INSERT INTO entry (call, at, event, body) VALUES (NULL, 1, 'fault', '{\"event\":\"fault\",\"what\":\"late\"}')";

async fn open(place: &Place) -> PgConnection {
    PgConnection::connect(&place.url).await.unwrap()
}

async fn read(tail: &mut Tail, store: &Store) -> Vec<i64> {
    tail.next(store, 100).await.unwrap().iter().map(|line| line.seq).collect()
}

async fn an_entry_that_commits_late_is_read_before_those_behind_it(place: Arc<Place>) {
    let store = place.open().await;
    let recorder = Recorder::start(store.clone());
    recorder.write(vec![said("first")]).await.unwrap();
    let mut tail = Tail::after(0);
    let first = read(&mut tail, &store).await;
    assert_eq!(first.len(), 1);
    let mut slow = open(&place).await;
    slow.execute("BEGIN").await.unwrap();
    slow.execute(INSERT).await.unwrap();
    recorder.write(vec![said("second")]).await.unwrap();
    // However often is looked: for longer than a transaction may have a place and no number.
    let mut looks = tokio::time::interval(Duration::from_millis(50));
    for _ in 0..40 {
        looks.tick().await;
        assert_eq!(read(&mut tail, &store).await, Vec::<i64>::new(), "nothing is read over the gap");
    }
    slow.execute("COMMIT").await.unwrap();
    assert_eq!(read(&mut tail, &store).await, [first[0] + 1, first[0] + 2]);
    slow.close().await.unwrap();
}

async fn a_place_that_stays_empty_is_stepped_over(place: Arc<Place>) {
    let store = place.open().await;
    let recorder = Recorder::start(store.clone());
    let mut given_up = open(&place).await;
    given_up.execute("BEGIN").await.unwrap();
    given_up.execute(INSERT).await.unwrap();
    given_up.execute("ROLLBACK").await.unwrap();
    recorder.write(vec![said("second")]).await.unwrap();
    // One that began later, and never fills the gap, keeps nothing back.
    let mut other = open(&place).await;
    let mut tail = Tail::after(0);
    let mut looks = tokio::time::interval(Duration::from_millis(50));
    let mut seen = Vec::new();
    while seen.is_empty() {
        looks.tick().await;
        seen = read(&mut tail, &store).await;
    }
    assert_eq!(seen, [2]);
    other.execute("BEGIN").await.unwrap();
    other.execute(INSERT).await.unwrap();
    recorder.write(vec![said("fourth")]).await.unwrap();
    assert_eq!(read(&mut tail, &store).await, Vec::<i64>::new(), "the next gap is waited for anew");
    other.execute("COMMIT").await.unwrap();
    assert_eq!(read(&mut tail, &store).await, [3, 4]);
    other.close().await.unwrap();
    given_up.close().await.unwrap();
}

async fn an_export_waits_for_what_may_still_come(place: Arc<Place>) {
    let store = place.open().await;
    let recorder = Recorder::start(store.clone());
    let mut slow = open(&place).await;
    slow.execute("BEGIN").await.unwrap();
    slow.execute(INSERT).await.unwrap();
    recorder.write(vec![said("second")]).await.unwrap();
    let mut waiting = tokio::spawn({
        let store = store.clone();
        async move { store.settled_end().await.unwrap() }
    });
    let early = tokio::time::timeout(Duration::from_millis(1500), &mut waiting).await;
    assert!(early.is_err(), "another transaction may still fill a place before the end");
    slow.execute("COMMIT").await.unwrap();
    let end = waiting.await.unwrap();
    assert_eq!((end.place, end.settled), (2, true));
    slow.close().await.unwrap();
}

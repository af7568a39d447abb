//! What becomes of a write that loses against another transaction?

use std::sync::Arc;
use std::time::Duration;

use countersign::catalogue::pins::Pinned;
use countersign::clock::Timestamp;
use countersign::digest::Digest;
use countersign::gateway::recorder::Recorder;
use countersign::store::Store;
use countersign::store::entries::Wanted;
use countersign::store::pins::{Agreement, Sighting, Wish};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};

use crate::place::{Place, said};

crate::promises![
    a_write_that_loses_is_tried_three_times_more_and_is_there_once,
    a_write_that_always_loses_is_given_up_after_the_third_time,
    what_was_decided_by_is_read_again_after_losing,
    a_lock_that_nobody_lets_go_is_not_waited_for_without_end,
];

/// Lets writes to a table lose, this many times. A sequence counts on although the transaction is rolled back.
async fn lose(place: &Place, table: &str, code: &str, times: u32) {
    place.meddle("CREATE SEQUENCE tries").await;
    let body =
        format!("IF nextval('tries') <= {times} THEN RAISE 'lost' USING ERRCODE = '{code}'; END IF; RETURN NULL;");
    place.meddle(&format!("CREATE FUNCTION lose() RETURNS trigger AS $$ BEGIN {body} END $$ LANGUAGE plpgsql")).await;
    let trigger = "BEFORE INSERT OR UPDATE";
    place.meddle(&format!("CREATE TRIGGER lose {trigger} ON {table} FOR EACH STATEMENT EXECUTE FUNCTION lose()")).await;
}

/// How often a write was tried.
async fn tries(place: &Place) -> i64 {
    let mut db = PgConnection::connect(&place.url).await.unwrap();
    sqlx::query_scalar("SELECT last_value FROM tries").fetch_one(&mut db).await.unwrap()
}

async fn see(store: &Store, seen: Digest) -> bool {
    let pinned = Pinned { agreed: None, seen, changes: 0 };
    let at = Timestamp::from_micros(1);
    let sighting = Sighting { server: "shop", tool: "sell", pinned: &pinned, definition: "{}", at };
    store.see_pin(sighting).await.is_ok()
}

async fn a_write_that_loses_is_tried_three_times_more_and_is_there_once(place: Arc<Place>) {
    // STO-13
    let store = place.open().await;
    lose(&place, "entry", "40001", 3).await;
    let recorder = Recorder::start(store.clone());
    recorder.write(vec![said("a"), said("b")]).await.unwrap();
    assert!(recorder.healthy());
    assert_eq!(tries(&place).await, 4);
    assert_eq!(store.latest(&Wanted::default(), 10).await.unwrap().len(), 2);
}

async fn a_write_that_always_loses_is_given_up_after_the_third_time(place: Arc<Place>) {
    // STO-13
    let store = place.open().await;
    lose(&place, "pin", "40P01", 1_000_000).await;
    assert!(!see(&store, Digest::of_bytes("t", b"a")).await);
    assert_eq!(tries(&place).await, 4);
    assert_eq!(store.list_pins("").await.unwrap(), []);
}

async fn what_was_decided_by_is_read_again_after_losing(place: Arc<Place>) {
    // STO-13: under this isolation, the update that waited for the other is a real serialization failure.
    let database = place.url.rsplit('/').next().unwrap();
    let isolation = format!("ALTER DATABASE {database} SET default_transaction_isolation = 'repeatable read'");
    place.meddle(&isolation).await;
    let store = place.open().await;
    let (before, after) = (Digest::of_bytes("t", b"a"), Digest::of_bytes("t", b"b"));
    assert!(see(&store, before).await);
    let mut other = changing(&place, after).await;
    let agreeing = {
        let store = store.clone();
        tokio::spawn(async move {
            let at = Timestamp::from_micros(2);
            store.agree_pin(Wish { server: "shop", tool: "sell", digest: before, by: "os:ada", at }).await
        })
    };
    let waits = "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    let mut looks = tokio::time::interval(Duration::from_millis(20));
    let mut watcher = PgConnection::connect(&place.url).await.unwrap();
    while sqlx::query_scalar::<_, i64>(waits).fetch_one(&mut watcher).await.unwrap() == 0 {
        looks.tick().await;
    }
    other.execute("COMMIT").await.unwrap();
    assert_eq!(agreeing.await.unwrap().unwrap(), Agreement::Moved(after));
    assert_eq!(store.list_pins("shop").await.unwrap()[0].pinned.agreed, None);
}

async fn a_lock_that_nobody_lets_go_is_not_waited_for_without_end(place: Arc<Place>) {
    // STO-13: inside the deadline.
    let store = place.open().await;
    assert!(see(&store, Digest::of_bytes("t", b"a")).await);
    let mut other = changing(&place, Digest::of_bytes("t", b"b")).await;
    assert!(!see(&store, Digest::of_bytes("t", b"c")).await);
    other.execute("ROLLBACK").await.unwrap();
    assert!(see(&store, Digest::of_bytes("t", b"c")).await);
}

/// Somebody who is changing the pin and has not yet finished.
async fn changing(place: &Place, seen: Digest) -> PgConnection {
    let mut other = PgConnection::connect(&place.url).await.unwrap();
    other.execute("BEGIN").await.unwrap();
    other.execute(AssertSqlSafe(format!("UPDATE pin SET seen = '{seen}'"))).await.unwrap();
    other
}

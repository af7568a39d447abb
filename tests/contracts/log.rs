//! What does every database promise about the log over the entries?

use std::sync::Arc;

use countersign::audit::verify::Verdict;
use countersign::book::reading::{Brought, prove, verify};
use countersign::book::{BookError, BookKeeper};
use countersign::clock::{HandClock, SystemClock, Timestamp};
use countersign::gateway::recorder::Recorder;
use countersign::store::Store;
use countersign::store::entries::Wanted;

use crate::place::{Database, Place, call, of, said};

crate::promises![
    what_is_written_is_in_the_log_and_signed,
    nobody_reads_a_body_without_the_key,
    two_who_keep_one_log_make_one_log,
    a_log_that_knows_less_than_was_signed_is_refused,
    other_keys_are_refused,
    what_lay_open_before_is_sealed_and_logged,
];

/// Entries of three calls, and of none.
pub(crate) async fn write(recorder: &Recorder, count: u32) {
    for number in 0..count {
        recorder.write(vec![of(&call(number % 3), &format!("secret {number}")), said("between")]).await.unwrap();
    }
}

pub(crate) async fn sign(store: &Store) {
    let keeper = BookKeeper::open(store.clone(), Arc::new(SystemClock)).await.unwrap();
    keeper.finish().await.unwrap();
}

// A48: AUD-17 a leaf is short however long its entry is.
async fn what_is_written_is_in_the_log_and_signed(place: Arc<Place>) {
    let store = place.open().await;
    let recorder = Recorder::start(store.clone());
    write(&recorder, 300).await;
    recorder.write(vec![of(&call(1), &"long ".repeat(40_000))]).await.unwrap();
    sign(&store).await;
    let report = verify(&store, &Brought::default(), |_, _| ()).await.unwrap();
    assert_eq!((report.verdict, report.leaves, report.bodies), (Verdict::Verified, 601, 601), "{report:?}");
    assert_eq!((report.signed, report.checkpoints), (601, 2), "the newest is kept in two places");
    let key = store.keys().signer().verifier();
    for seq in [1, 256, 257, 601] {
        let proven = prove(&store, seq).await.unwrap();
        assert!(proven.leaf.len() < 512 && proven.proof.text().len() < 4096);
        let leaf = countersign::audit::leaf::Leaf::parse(&proven.leaf).unwrap();
        assert!(proven.proof.check(leaf.hash(), key.name(), &key).is_ok());
        assert_eq!(proven.body.unwrap().root().unwrap(), leaf.root);
    }
    write(&recorder, 5).await;
    sign(&store).await;
    let report = verify(&store, &Brought::default(), |_, _| ()).await.unwrap();
    assert_eq!((report.verdict, report.signed), (Verdict::Verified, 611), "{report:?}");
    recorder.close().await;
}

async fn nobody_reads_a_body_without_the_key(place: Arc<Place>) {
    let store = place.open().await;
    let recorder = Recorder::start(store.clone());
    write(&recorder, 3).await;
    let rows = store.raw_after(0, 10).await.unwrap();
    assert!(rows.iter().all(|row| row.body.is_empty() && row.sealed.is_some()));
    let lines = store.latest(&Wanted::default(), 10).await.unwrap();
    assert!(lines[0].body.contains("secret 0"));
    recorder.close().await;
    if let Ok(bytes) = std::fs::read(place.file()) {
        assert!(!bytes.windows(6).any(|part| part == b"secret"), "it is nowhere in the file");
    }
}

// AUD-12: two who believe they keep the log let it grow in turns, and neither signs what the other one did not see.
async fn two_who_keep_one_log_make_one_log(place: Arc<Place>) {
    let store = place.open().await;
    let others = Store::open_beside(&place.options()).await.unwrap();
    let recorder = Recorder::start(store.clone());
    let mut keepers = Vec::new();
    // The clocks are far apart, so that each takes the other's lead for one that is over.
    for (store, micros) in [(&store, 0), (&others, 1 << 40)] {
        let clock = Arc::new(HandClock::at(Timestamp::from_micros(1 << 50 | micros)));
        keepers.push(BookKeeper::open(store.clone(), clock).await.unwrap());
    }
    for _ in 0..20 {
        write(&recorder, 5).await;
        let (one, other) = tokio::join!(keepers[0].finish(), keepers[1].finish());
        for done in [one, other] {
            assert!(matches!(done, Ok(()) | Err(BookError::Store(_) | BookError::Append(_))), "{done:?}");
        }
    }
    sign(&store).await;
    let report = verify(&store, &Brought::default(), |_, _| ()).await.unwrap();
    assert_eq!((report.verdict, report.leaves), (Verdict::Verified, 200), "{report:?}");
    recorder.close().await;
    others.close().await;
}

// STO-05, STO-10: what was signed is remembered outside the database.
async fn a_log_that_knows_less_than_was_signed_is_refused(place: Arc<Place>) {
    let store = place.open().await;
    let recorder = Recorder::start(store.clone());
    write(&recorder, 10).await;
    sign(&store).await;
    let keeper = BookKeeper::open(store.clone(), Arc::new(SystemClock)).await.unwrap();
    for table in ["checkpoint WHERE size > 15", "leaf WHERE place >= 15", "entry WHERE seq > 15"] {
        place.meddle(&format!("DELETE FROM {table}")).await;
    }
    place.meddle("UPDATE log SET size = 15, floor = 15").await;
    let refused = BookKeeper::open(store.clone(), Arc::new(SystemClock)).await.unwrap_err();
    assert!(matches!(refused, BookError::Diverged(_)), "{refused}");
    assert!(refused.to_string().contains("15 entries, and 20 were signed"), "{refused}");
    let report = verify(&store, &Brought::default(), |_, _| ()).await.unwrap();
    assert_eq!(report.verdict, Verdict::Tampered, "{report:?}");
    // A gateway that runs meanwhile notices as well, and lets nothing begin any more.
    assert!(store.appender().admits().is_ok());
    let stop = tokio_util::sync::CancellationToken::new();
    let running = tokio::spawn(keeper.run(stop.clone(), Arc::default()));
    recorder.write(vec![said("more")]).await.unwrap();
    let mut looks = tokio::time::interval(std::time::Duration::from_millis(20));
    while store.appender().admits().is_ok() {
        looks.tick().await;
    }
    assert!(!store.appender().healthy());
    stop.cancel();
    running.await.unwrap();
    recorder.close().await;
}

async fn other_keys_are_refused(place: Arc<Place>) {
    let store = place.open().await;
    store.close().await;
    let elsewhere = tempfile::tempdir().unwrap();
    let other = place.options().with_keys(elsewhere.path().join("keys"));
    let refused = Store::open(&other).await.unwrap_err();
    assert!(refused.to_string().contains("data.key"), "there are none, and none are made: {refused}");
    std::fs::create_dir(elsewhere.path().join("more")).unwrap();
    let fresh = Place::make(Database::Sqlite).await;
    fresh.open().await.close().await;
    let refused = Store::open(&place.options().with_keys(fresh.keys())).await.unwrap_err();
    assert!(refused.to_string().contains("not those this database was written with"), "{refused}");
}

async fn what_lay_open_before_is_sealed_and_logged(place: Arc<Place>) {
    let store = place.open().await;
    place.meddle("INSERT INTO entry (call, at, event, body) VALUES (NULL, 7, 'fault', '{\"what\":\"old\"}')").await;
    sign(&store).await;
    let rows = store.raw_after(0, 10).await.unwrap();
    assert!(rows[0].body.is_empty() && rows[0].sealed.is_some());
    assert!(store.latest(&Wanted::default(), 1).await.unwrap()[0].body.contains("old"));
    let report = verify(&store, &Brought::default(), |_, _| ()).await.unwrap();
    assert_eq!((report.verdict, report.bodies), (Verdict::Verified, 1), "{report:?}");
    store.close().await;
}

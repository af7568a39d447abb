//! What does a SQLite file promise besides?

use std::fs;
use std::sync::Arc;

use countersign::gateway::recorder::Recorder;
use countersign::store::entries::Wanted;
use countersign::store::{Durability, Store, StoreError, StoreOptions};

use crate::place::{Place, said};

crate::promises![
    a_second_gateway_is_refused_and_commands_are_not,
    what_is_no_sound_database_is_named_and_left_alone,
    what_cannot_be_opened_says_why,
    a_book_nobody_keeps_leaves_nothing_behind,
];

async fn a_second_gateway_is_refused_and_commands_are_not(place: Arc<Place>) {
    // STO-06
    let first = place.open().await;
    let error = Store::open(&place.options()).await.unwrap_err();
    assert!(matches!(error, StoreError::Taken { .. }), "{error}");
    assert!(error.to_string().contains("book.db is in use by another gateway"), "{error}");
    // Another name of the same file is the same file.
    let other = place.file().with_file_name("other.db");
    std::os::unix::fs::symlink(place.file(), &other).unwrap();
    let options = StoreOptions::new(&format!("sqlite:{}", other.display()), Durability::Process).unwrap();
    assert!(matches!(Store::open(&options).await, Err(StoreError::Taken { .. })));
    let beside = Recorder::start(Store::open_beside(&place.options()).await.unwrap());
    beside.write(vec![said("from a command")]).await.unwrap();
    beside.close().await;
    Recorder::start(first.clone()).write(vec![said("from the gateway")]).await.unwrap();
    assert_eq!(first.latest(&Wanted::default(), 10).await.unwrap().len(), 2);
    first.close().await;
    drop(first);
    place.open().await;
}

async fn what_is_no_sound_database_is_named_and_left_alone(place: Arc<Place>) {
    // STO-15
    let recorder = Recorder::start(place.open().await);
    for _ in 0..100 {
        recorder.write(vec![said(&"x".repeat(500))]).await.unwrap();
    }
    recorder.close().await;
    let sound = fs::read(place.file()).unwrap();
    let mut holed = sound.clone();
    holed[4096..3 * 4096].fill(0xa5);
    for bytes in [holed, b"this is a letter to somebody".repeat(1000)] {
        fs::write(place.file(), &bytes).unwrap();
        let error = Store::open(&place.options()).await.unwrap_err();
        assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
        assert!(error.to_string().contains("book.db is damaged"), "{error}");
        assert_eq!(fs::read(place.file()).unwrap(), bytes);
    }
    fs::write(place.file(), &sound).unwrap();
    assert_eq!(place.open().await.latest(&Wanted::default(), 1000).await.unwrap().len(), 100);
}

async fn what_cannot_be_opened_says_why(place: Arc<Place>) {
    // STO-06
    let directory = place.file().with_file_name("nested");
    fs::create_dir(&directory).unwrap();
    let cases = [
        (directory.display().to_string(), "it is a directory"),
        (directory.join("none/book.db").display().to_string(), "its directory:"),
    ];
    for (path, why) in cases {
        let options = StoreOptions::new(&format!("sqlite:{path}"), Durability::Process).unwrap();
        let error = Store::open(&options).await.unwrap_err().to_string();
        assert!(error.contains(&path) && error.contains(why), "{error}");
    }
    let error = Store::open_reader(&place.options()).await.unwrap_err();
    assert!(matches!(error, StoreError::Missing { .. }), "{error}");
    assert!(!place.file().exists());
}

async fn a_book_nobody_keeps_leaves_nothing_behind(_: Arc<Place>) {
    let options = StoreOptions::new("sqlite::memory:", Durability::Process).unwrap();
    let [one, two] = [Store::open(&options).await.unwrap(), Store::open(&options).await.unwrap()];
    Recorder::start(one.clone()).write(vec![said("mine")]).await.unwrap();
    assert_eq!(one.latest(&Wanted::default(), 10).await.unwrap().len(), 1);
    assert_eq!(two.latest(&Wanted::default(), 10).await.unwrap().len(), 0);
}

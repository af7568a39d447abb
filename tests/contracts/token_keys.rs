//! What does every database promise about the keys tokens are signed with?

use std::sync::Arc;
use std::time::Duration;

use countersign::clock::Timestamp;
use countersign::credentials::jwt::keys::Keys;
use countersign::store::token_keys::KeptTokenKey;
use serde_json::Value;

use crate::place::Place;
use crate::tickets::gateways;

crate::promises![
    a_key_has_a_place_of_its_own_and_comes_back_as_it_was,
    gateways_that_make_keys_at_once_agree,
    whoever_has_the_database_alone_changes_nothing_unseen,
];

const HOUR: i64 = 3600;

async fn a_key_has_a_place_of_its_own_and_comes_back_as_it_was(place: Arc<Place>) {
    let [store, other] = gateways(&place).await;
    assert!(store.add_token_key(&key("a", 1)).await.unwrap());
    assert!(!other.add_token_key(&key("b", 1)).await.unwrap(), "the place is taken");
    assert!(!other.add_token_key(&key("a", 2)).await.unwrap(), "the key is there");
    assert!(other.add_token_key(&key("c", 2)).await.unwrap());
    drop(store);
    let kept = other.list_token_keys().await.unwrap();
    let kept: Vec<_> =
        kept.iter().map(|key| (key.id.as_str(), key.place, key.starts, key.private.as_slice())).collect();
    assert_eq!(kept, [("a", 1, at(1), &b"private a"[..]), ("c", 2, at(2), b"private c")]);
    other.drop_token_keys(2).await.unwrap();
    assert_eq!(other.list_token_keys().await.unwrap().len(), 1);
}

async fn gateways_that_make_keys_at_once_agree(place: Arc<Place>) {
    let stores = gateways(&place).await;
    let all: Vec<Arc<Keys>> =
        (0..8).map(|who| Arc::new(Keys::new(stores[who % 2].clone(), Duration::from_hours(10)))).collect();
    for hours in [0, 10, 21, 500] {
        let now = at(hours * HOUR);
        let signing = all.iter().map(|keys| {
            let keys = Arc::clone(keys);
            tokio::spawn(async move { keys.current(now).await.unwrap().id().to_owned() })
        });
        let mut ids = Vec::new();
        for id in signing.collect::<Vec<_>>() {
            ids.push(id.await.unwrap());
        }
        assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
        let mut published: Vec<Value> = Vec::new();
        for keys in &all {
            published.push(keys.published(at(hours * HOUR + 2)).await.unwrap());
        }
        assert!(published.iter().all(|keys| *keys == published[0]), "{published:?}");
        let found = published[0]["keys"].as_array().unwrap().iter().filter(|key| key["kid"] == ids[0].as_str()).count();
        assert_eq!(found, 1);
    }
}

async fn whoever_has_the_database_alone_changes_nothing_unseen(place: Arc<Place>) {
    // Which key signs when is sealed with the key itself.
    for change in ["starts = starts - 1", "place = 5", "id = 'b'"] {
        let store = place.open().await;
        store.add_token_key(&key("a", 1)).await.unwrap();
        store.close().await;
        drop(store);
        place.meddle(&format!("UPDATE token_key SET {change}")).await;
        let store = place.open().await;
        let told = store.list_token_keys().await.err().unwrap().to_string();
        assert!(told.contains("does not open") && !told.contains("private a"), "{change}: {told}");
        store.drop_token_keys(i64::MAX).await.unwrap();
        store.close().await;
    }
}

fn key(id: &str, place: i64) -> KeptTokenKey {
    let private = format!("private {id}").into_bytes().into();
    KeptTokenKey { id: id.to_owned(), place, starts: at(place), private }
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros((1_700_000_000 + seconds) * 1_000_000)
}

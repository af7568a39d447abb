use super::*;
use crate::store::{Durability, StoreOptions};

const HOUR: i64 = 3_600_000_000;
const ROTATE: Duration = Duration::from_hours(10);

fn at(hours: i64) -> Timestamp {
    Timestamp::from_micros(hours.saturating_mul(HOUR).saturating_add(1_700_000_000_000_000))
}

async fn store() -> Store {
    Store::open(&StoreOptions::new("sqlite::memory:", Durability::Process).unwrap()).await.unwrap()
}

fn ids(published: &Value) -> Vec<&str> {
    published["keys"].as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn the_next_key_is_published_before_it_signs_and_the_old_one_until_its_last_token_is_dead() {
    let keys = Keys::new(store().await, ROTATE);
    let first = keys.current(at(0)).await.unwrap().id().to_owned();
    let published = keys.published(at(0)).await.unwrap();
    let [now, next] = ids(&published)[..] else { panic!("{published}") };
    assert_eq!(now, first);
    let next = next.to_owned();
    assert_eq!(keys.current(at(9)).await.unwrap().id(), first);
    // It begins as everybody could read before, and another one is published.
    assert_eq!(keys.current(at(10)).await.unwrap().id(), next);
    let published = keys.published(at(10)).await.unwrap();
    assert_eq!(&ids(&published)[..2], [&first, &next]);
    assert_eq!(ids(&published).len(), 3);
    // Of the first one tokens live until an hour later, by clocks that may differ.
    assert_eq!(keys.current(at(11)).await.unwrap().id(), next);
    assert_eq!(ids(&keys.published(at(11)).await.unwrap()).len(), 3);
    assert_eq!(keys.current(at(12)).await.unwrap().id(), next);
    let published = keys.published(at(12)).await.unwrap();
    assert_eq!(ids(&published).len(), 2);
    assert_eq!(ids(&published)[0], next);
}

#[tokio::test]
async fn a_gateway_that_slept_signs_with_what_was_published() {
    let keys = Keys::new(store().await, ROTATE);
    keys.current(at(0)).await.unwrap();
    let published = keys.published(at(0)).await.unwrap();
    let next = ids(&published)[1].to_owned();
    let much_later = at(1000);
    assert_eq!(keys.current(much_later).await.unwrap().id(), next);
    let last = keys.known.lock().await.keys.last().unwrap().starts();
    assert!(last >= after(much_later, LEAD), "{last}");
}

#[tokio::test]
async fn gateways_that_share_a_database_agree_on_the_order() {
    let store = store().await;
    let all: Vec<Keys> = (0..8).map(|_| Keys::new(store.clone(), ROTATE)).collect();
    for hours in [0, 10, 21] {
        let signing = futures_util::future::join_all(all.iter().map(|keys| keys.current(at(hours)))).await;
        let signing: Vec<String> = signing.into_iter().map(|key| key.unwrap().id().to_owned()).collect();
        assert!(signing.iter().all(|id| *id == signing[0]), "{signing:?}");
        let mut documents = Vec::new();
        for keys in &all {
            documents.push(keys.published(after(at(hours), PUBLISHED)).await.unwrap());
        }
        assert!(documents.iter().all(|document| *document == documents[0]), "{documents:?}");
        assert!(ids(&documents[0]).contains(&signing[0].as_str()));
    }
}

#[tokio::test]
async fn whoever_changes_the_database_does_not_change_which_key_signs() {
    let store = store().await;
    let keys = Keys::new(store.clone(), ROTATE);
    keys.current(at(0)).await.unwrap();
    let mut kept = store.list_token_keys().await.unwrap();
    let mut foreign = kept.remove(0);
    foreign.id = "another".to_owned();
    assert!(matches!(Key::open(&foreign), Err(KeysFault::Broken)));
    // A clock that is behind signs with the first key, which is published.
    let behind = Keys::new(store, ROTATE);
    assert_eq!(behind.current(at(-1)).await.unwrap().id(), ids(&keys.published(at(0)).await.unwrap())[0]);
}

#[tokio::test]
async fn whoever_asks_again_and_again_does_not_wear_out_the_database() {
    let store = store().await;
    let (keys, other) = (Keys::new(store.clone(), ROTATE), Keys::new(store.clone(), ROTATE));
    keys.current(at(0)).await.unwrap();
    let before = keys.published(at(0)).await.unwrap();
    other.current(at(10)).await.unwrap();
    // Within a moment nothing is read again; after it what the other one made is there.
    assert_eq!(keys.published(at(0)).await.unwrap(), before);
    assert_eq!(ids(&keys.published(at(1)).await.unwrap()).len(), 3);
    // Whoever is asked first makes them: others would remember that there are none.
    let fresh = Keys::new(self::store().await, ROTATE);
    assert_eq!(ids(&fresh.published(at(0)).await.unwrap()).len(), 2);
    store.close().await;
    assert_eq!(ids(&keys.published(at(2)).await.unwrap()).len(), 3, "what was known last");
    Keys::new(store, ROTATE).published(at(2)).await.unwrap_err();
}

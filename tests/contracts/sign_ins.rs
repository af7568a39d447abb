//! What does every database promise about browsers that are signed in, and about what may be used once?

use std::sync::Arc;

use countersign::clock::Timestamp;
use countersign::digest::Digest;
use countersign::store::once::Once;
use countersign::store::sign_ins::KeptSignIn;

use crate::place::Place;
use crate::tickets::gateways;

crate::promises![
    what_may_be_used_once_is_taken_by_one,
    nobody_takes_what_is_for_something_else_or_over,
    whoever_begins_over_and_over_fills_no_disk,
    a_browser_is_signed_in_until_its_time_is_over_or_somebody_ends_it,
];

async fn what_may_be_used_once_is_taken_by_one(place: Arc<Place>) {
    let stores = gateways(&place).await;
    for number in 0..20 {
        let once = Once { name: digest(number), kind: "link", ends: at(10), body: "behind" };
        stores[0].put_once(once).await.unwrap();
        let taking = (0..16).map(|who| {
            let store = stores[who % stores.len()].clone();
            tokio::spawn(async move { store.take_once(once.name, "link", at(1)).await.unwrap() })
        });
        let mut taken = Vec::new();
        for took in taking.collect::<Vec<_>>() {
            taken.extend(took.await.unwrap());
        }
        assert_eq!(taken, ["behind"]);
    }
}

async fn nobody_takes_what_is_for_something_else_or_over(place: Arc<Place>) {
    let store = place.open().await;
    let put = async |number: u64, kind| {
        store.put_once(Once { name: digest(number), kind, ends: at(10), body: "behind" }).await.unwrap();
    };
    put(1, "link").await;
    assert_eq!(store.take_once(digest(1), "challenge", at(1)).await.unwrap(), None, "another kind");
    assert_eq!(store.take_once(digest(2), "link", at(1)).await.unwrap(), None, "another name");
    assert_eq!(store.take_once(digest(1), "link", at(10)).await.unwrap(), None, "too late");
    assert_eq!(store.take_once(digest(1), "link", at(9)).await.unwrap().as_deref(), Some("behind"));
    put(3, "link").await;
    put(4, "challenge").await;
    store.drop_once("link").await.unwrap();
    assert_eq!(store.take_once(digest(3), "link", at(1)).await.unwrap(), None, "taken away");
    assert_eq!(store.sweep_once(at(9)).await.unwrap(), 0);
    assert_eq!(store.sweep_once(at(10)).await.unwrap(), 1);
}

async fn whoever_begins_over_and_over_fills_no_disk(place: Arc<Place>) {
    let store = place.open().await;
    let put = async |number, kind| store.put_once(Once { name: digest(number), kind, ends: at(10), body: "" }).await;
    let mut kept = 0;
    while put(kept, "begun").await.is_ok() {
        kept += 1;
        assert!(kept < 10_000, "there is no end to it");
    }
    put(kept, "other").await.unwrap();
    store.sweep_once(at(10)).await.unwrap();
    put(kept, "begun").await.unwrap();
}

async fn a_browser_is_signed_in_until_its_time_is_over_or_somebody_ends_it(place: Arc<Place>) {
    let store = place.open().await;
    let sign_in = |number: u64, account: &str, ends| KeptSignIn {
        name: digest(number),
        account: account.to_owned(),
        made: at(number),
        used: at(number),
        ends: at(ends),
        body: "{}".to_owned(),
    };
    for sign_in in [sign_in(1, "alice", 10), sign_in(2, "alice", 20), sign_in(3, "bob", 20)] {
        store.add_sign_in(&sign_in).await.unwrap();
    }
    store.add_sign_in(&sign_in(1, "mallory", 99)).await.unwrap_err();
    assert_eq!(store.find_sign_in(digest(1), at(9)).await.unwrap(), Some(sign_in(1, "alice", 10)));
    assert_eq!(store.find_sign_in(digest(1), at(10)).await.unwrap(), None, "its time is over");
    store.used_sign_in(digest(2), at(7)).await.unwrap();
    store.used_sign_in(digest(2), at(5)).await.unwrap();
    let used = store.find_sign_in(digest(2), at(9)).await.unwrap().unwrap().used;
    assert_eq!(used, at(7), "a clock that goes back makes nothing older");
    assert_eq!(store.sign_ins_of("alice", at(9)).await.unwrap().len(), 2);
    assert!(store.end_sign_in(digest(2)).await.unwrap());
    assert!(!store.end_sign_in(digest(2)).await.unwrap(), "it was ended before");
    assert_eq!(store.end_sign_ins_of("bob").await.unwrap(), 1);
    assert_eq!(store.find_sign_in(digest(3), at(9)).await.unwrap(), None);
    assert_eq!(store.sweep_sign_ins(at(10)).await.unwrap(), 1);
}

fn digest(number: u64) -> Digest {
    Digest::of_bytes("test", &number.to_be_bytes())
}

fn at(seconds: impl TryInto<i64>) -> Timestamp {
    Timestamp::from_micros(seconds.try_into().ok().unwrap() * 1_000_000)
}

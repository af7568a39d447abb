//! Does the book of leases forget nothing, and let one of them take a credential back at a time?

use std::sync::Arc;

use countersign::clock::Timestamp;
use countersign::store::Store;
use countersign::store::leases::{KeptLease, LeaseState, Moved, Over, Step};

use crate::place::Place;

crate::promises!(
    a_lease_is_known_before_it_is_made,
    a_silent_owner_loses_its_leases,
    what_fails_is_due_again,
    what_lapses_is_over
);

const fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros(1_000_000_000_000_000 + seconds * 1_000_000)
}

fn lease(id: &str) -> KeptLease {
    KeptLease {
        id: id.to_owned(),
        call: "call-1".to_owned(),
        principal: "os:ada".to_owned(),
        server: "shop".to_owned(),
        provider: "orders".to_owned(),
        kind: "postgres".to_owned(),
        reaches: vec!["select on public.orders".to_owned()],
        handle: None,
        state: LeaseState::Minting,
        made: at(0),
        expires: at(60),
        tries: 0,
        trouble: None,
        ended: None,
    }
}

fn step(state: LeaseState, trouble: Option<&str>, now: Timestamp) -> Step<'_> {
    Step { state, trouble, next_try: Timestamp::from_micros(now.micros() + 5_000_000), now }
}

async fn state(store: &Store, id: &str) -> LeaseState {
    store.find_lease(id).await.unwrap().unwrap().state
}

async fn a_lease_is_known_before_it_is_made(place: Arc<Place>) {
    let store = place.open().await;
    store.open_lease(&lease("a"), ("one", at(15))).await.unwrap();
    assert_eq!(store.list_leases(Over::LeftOut, 10).await.unwrap(), [lease("a")]);
    assert!(store.open_lease(&lease("a"), ("two", at(15))).await.is_err(), "a name is used once");
    assert_eq!(store.lease_made(("a", "two"), Some("h"), at(50)).await.unwrap(), Moved::No, "somebody else's");
    assert_eq!(store.lease_made(("a", "one"), Some("h"), at(50)).await.unwrap(), Moved::Yes);
    let live = store.find_lease("a").await.unwrap().unwrap();
    assert_eq!((live.state, live.handle.as_deref(), live.expires), (LeaseState::Live, Some("h"), at(50)));
    assert_eq!(store.step_lease(("a", "one"), &step(LeaseState::Revoked, None, at(5))).await.unwrap(), Moved::Yes);
    assert_eq!(
        store.step_lease(("a", "one"), &step(LeaseState::Ending, None, at(6))).await.unwrap(),
        Moved::No,
        "it is over"
    );
    assert!(store.list_leases(Over::LeftOut, 10).await.unwrap().is_empty());
    assert_eq!(store.list_leases(Over::Too, 10).await.unwrap()[0].ended, Some(at(5)));
    store.close().await;
}

async fn a_silent_owner_loses_its_leases(place: Arc<Place>) {
    // A43
    let store = place.open().await;
    for id in ["a", "b", "c"] {
        store.open_lease(&lease(id), (if id == "c" { "three" } else { "one" }, at(15))).await.unwrap();
    }
    store.lease_made(("a", "one"), None, at(60)).await.unwrap();
    assert!(store.due_leases(at(14)).await.unwrap().is_empty());
    assert_eq!(store.take_lease(("a", "two"), (at(14), at(29))).await.unwrap(), Moved::No);
    // One says that it is there, the other does not.
    store.hold_leases("three", at(30)).await.unwrap();
    let mut due = store.due_leases(at(15)).await.unwrap();
    due.sort();
    assert_eq!(due, ["a", "b"]);
    let both = tokio::join!(
        store.take_lease(("a", "two"), (at(15), at(30))),
        store.take_lease(("a", "four"), (at(15), at(30)))
    );
    let won = [both.0.unwrap(), both.1.unwrap()];
    assert_eq!(won.iter().filter(|moved| **moved == Moved::Yes).count(), 1, "one of them has it");
    assert_eq!(state(&store, "a").await, LeaseState::Ending);
    assert_eq!(store.lease_made(("b", "one"), None, at(60)).await.unwrap(), Moved::Yes, "nobody has taken it yet");
    store.take_lease(("b", "two"), (at(15), at(30))).await.unwrap();
    assert_eq!(store.step_lease(("b", "one"), &step(LeaseState::Revoked, None, at(16))).await.unwrap(), Moved::No);
    // Whoever has time that is up has it no longer, however alive it is.
    store.hold_leases("three", at(120)).await.unwrap();
    assert!(store.due_leases(at(60)).await.unwrap().contains(&"c".to_owned()));
    store.close().await;
}

async fn what_fails_is_due_again(place: Arc<Place>) {
    let store = place.open().await;
    store.open_lease(&lease("a"), ("one", at(15))).await.unwrap();
    assert_eq!(store.seize_lease(("a", "person"), at(2)).await.unwrap(), Moved::Yes);
    store.step_lease(("a", "person"), &step(LeaseState::Ending, Some("the database is away"), at(1))).await.unwrap();
    let kept = store.find_lease("a").await.unwrap().unwrap();
    assert_eq!((kept.tries, kept.trouble.as_deref()), (1, Some("the database is away")));
    assert!(store.due_leases(at(5)).await.unwrap().is_empty());
    assert_eq!(store.due_leases(at(6)).await.unwrap(), ["a"]);
    assert_eq!(store.take_lease(("a", "two"), (at(6), at(20))).await.unwrap(), Moved::Yes);
    assert!(store.due_leases(at(7)).await.unwrap().is_empty(), "somebody is at it");
    assert_eq!(store.count_leases().await.unwrap(), [(LeaseState::Ending, 1, 1)]);
    store.step_lease(("a", "two"), &step(LeaseState::Revoked, None, at(8))).await.unwrap();
    assert_eq!(store.seize_lease(("a", "person"), at(9)).await.unwrap(), Moved::No);
    assert!(store.count_leases().await.unwrap().is_empty());
    store.close().await;
}

async fn what_lapses_is_over(place: Arc<Place>) {
    let store = place.open().await;
    store.open_lease(&lease("a"), ("one", at(15))).await.unwrap();
    store.step_lease(("a", "one"), &step(LeaseState::Lapsing, None, at(1))).await.unwrap();
    assert!(store.due_leases(at(59)).await.unwrap().is_empty());
    assert_eq!(store.due_leases(at(60)).await.unwrap(), ["a"]);
    assert_eq!(store.take_lease(("a", "two"), (at(60), at(75))).await.unwrap(), Moved::Yes);
    assert_eq!(state(&store, "a").await, LeaseState::Lapsing, "nobody can take it back");
    store.step_lease(("a", "two"), &step(LeaseState::Lapsed, None, at(60))).await.unwrap();
    assert!(store.list_leases(Over::LeftOut, 10).await.unwrap().is_empty());
    store.close().await;
}

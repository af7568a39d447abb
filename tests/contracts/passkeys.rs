//! What does every database promise about passkeys?

use std::sync::Arc;

use countersign::clock::Timestamp;
use countersign::store::StoreError;
use countersign::store::passkeys::KeptPasskey;

use crate::place::Place;
use crate::tickets::gateways;

crate::promises![a_passkey_belongs_to_one_account_until_it_is_removed, a_counter_goes_on_once_and_never_back];

async fn a_passkey_belongs_to_one_account_until_it_is_removed(place: Arc<Place>) {
    let store = place.open().await;
    let (one, two) = (passkey("AA", "os:ada", 0), passkey("BB", "os:ada", 3));
    for kept in [&two, &one, &passkey("CC", "os:ben", 0)] {
        store.add_passkey(kept).await.unwrap();
    }
    let stolen = store.add_passkey(&passkey("AA", "os:eve", 0)).await.unwrap_err();
    assert!(matches!(stolen, StoreError::Exists(_)), "{stolen}");
    assert_eq!(store.passkeys_of("os:ada").await.unwrap(), [one.clone(), two.clone()]);
    assert_eq!(store.passkeys_of("os:Ada").await.unwrap(), []);
    assert_eq!(store.find_passkey("BB").await.unwrap(), Some(two));
    assert_eq!(store.find_passkey("bb").await.unwrap(), None);
    assert_eq!(store.find_passkey("B\0").await.unwrap(), None);
    assert!(!store.remove_passkey("os:eve", "AA").await.unwrap(), "it is not hers");
    assert!(store.remove_passkey("os:ada", "AA").await.unwrap());
    assert!(!store.remove_passkey("os:ada", "AA").await.unwrap());
    assert_eq!(store.find_passkey("AA").await.unwrap(), None);
    assert!(!store.used_passkey("AA", 1, at(1)).await.unwrap(), "it is gone");
}

async fn a_counter_goes_on_once_and_never_back(place: Arc<Place>) {
    let stores = gateways(&place).await;
    stores[0].add_passkey(&passkey("AA", "os:ada", 0)).await.unwrap();
    stores[0].add_passkey(&passkey("BB", "os:ada", 4)).await.unwrap();
    for (id, counter, seconds, taken, (then, used)) in [
        ("AA", 0, 5, true, (0, 5)),
        ("AA", 0, 3, true, (0, 5)),
        ("AA", 1, 6, true, (1, 6)),
        ("AA", 0, 7, false, (1, 6)),
        ("BB", 5, 5, true, (5, 5)),
        ("BB", 5, 6, false, (5, 5)),
        ("BB", 4, 6, false, (5, 5)),
        ("BB", 0, 6, false, (5, 5)),
        ("BB", u32::MAX, 6, true, (u32::MAX, 6)),
    ] {
        assert_eq!(stores[0].used_passkey(id, counter, at(seconds)).await.unwrap(), taken, "{id} {counter}");
        let kept = stores[0].find_passkey(id).await.unwrap().unwrap();
        assert_eq!((kept.counter, kept.used), (then, Some(at(used))), "{id} {counter}");
    }
    let uses = (0..16_usize).map(|who| {
        let store = stores[who % stores.len()].clone();
        tokio::spawn(async move { store.used_passkey("AA", 9, at(9)).await.unwrap() })
    });
    let mut taken = 0;
    for used in uses.collect::<Vec<_>>() {
        taken += usize::from(used.await.unwrap());
    }
    assert_eq!(taken, 1, "of those who sign with one counter one is no copy");
}

fn passkey(id: &str, account: &str, counter: u32) -> KeptPasskey {
    KeptPasskey {
        id: id.to_owned(),
        account: account.to_owned(),
        name: "phone".to_owned(),
        public_key: "ed25519:AAAA".to_owned(),
        counter,
        made: at(1),
        used: None,
    }
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros(seconds * 1_000_000)
}

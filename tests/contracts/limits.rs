//! What does every database promise about limits and labels?

use std::collections::BTreeSet;
use std::sync::Arc;

use countersign::clock::Timestamp;
use countersign::store::Store;
use countersign::store::limits::{Charge, Charged, Exceeded};

use crate::place::Place;

crate::promises![
    however_many_charge_at_once_there_is_never_more_than_there_may_be,
    a_window_slides_and_has_no_border,
    several_charges_are_made_together_or_not_at_all,
    a_clock_that_jumps_back_frees_nothing,
    amounts_are_exact_and_have_no_end_to_overflow_at,
    what_left_its_window_is_forgotten_and_counts_no_more,
    labels_stay_and_belong_to_one_session,
];

const MINUTE: i64 = 60_000_000;

async fn however_many_charge_at_once_there_is_never_more_than_there_may_be(place: Arc<Place>) {
    let stores = gateways(&place).await;
    let charging = (0..24_usize).map(|who| {
        let store = stores[who % stores.len()].clone();
        tokio::spawn(async move {
            let mut made = 0;
            for _ in 0..3 {
                made += i64::from(is_done(&store.charge(&[charge("a", 20, 1)], at(0)).await.unwrap()));
            }
            made
        })
    });
    let mut made = 0;
    for charged in charging.collect::<Vec<_>>() {
        made += charged.await.unwrap();
    }
    assert_eq!(made, 20, "as much as there may be, however many ask at once");
}

async fn a_window_slides_and_has_no_border(place: Arc<Place>) {
    let store = place.open().await;
    let ask = async |seconds| store.charge(&[charge("a", 3, 1)], at(seconds)).await.unwrap();
    assert_eq!(ask(50).await, Charged::Done(vec![2]));
    assert_eq!(ask(58).await, Charged::Done(vec![1]));
    assert_eq!(ask(59).await, Charged::Done(vec![0]));
    // A minute by the clock has begun, and nothing is free yet.
    for seconds in [60, 61, 109] {
        assert_eq!(ask(seconds).await, exceeded(0, 0, Some(110)), "at {seconds}");
    }
    assert_eq!(ask(110).await, Charged::Done(vec![0]), "what was charged a minute ago counts no more");
    assert_eq!(ask(111).await, exceeded(0, 0, Some(118)));
    assert_eq!(ask(1000).await, Charged::Done(vec![2]));
    let larger = store.charge(&[charge("a", 3, 4)], at(1000)).await.unwrap();
    assert_eq!(larger, exceeded(0, 2, None), "more than there ever may be never fits");
    let two = store.charge(&[charge("a", 3, 3)], at(1001)).await.unwrap();
    assert_eq!(two, exceeded(0, 2, Some(1060)));
    let nothing = store.charge(&[charge("b", 0, 0)], at(0)).await.unwrap();
    assert_eq!(nothing, Charged::Done(vec![0]), "what costs nothing always fits");
}

async fn several_charges_are_made_together_or_not_at_all(place: Arc<Place>) {
    let stores = gateways(&place).await;
    let store = &stores[0];
    let both = [charge("person", 100, 10), charge("team", 25, 10)];
    assert_eq!(store.charge(&both, at(0)).await.unwrap(), Charged::Done(vec![90, 15]));
    assert_eq!(store.charge(&both, at(1)).await.unwrap(), Charged::Done(vec![80, 5]));
    assert_eq!(store.charge(&both, at(2)).await.unwrap(), exceeded(1, 5, Some(60)));
    let alone = store.charge(&both[..1], at(2)).await.unwrap();
    assert_eq!(alone, Charged::Done(vec![70]), "a charge that was refused took nothing");
    assert_eq!(store.charge(&[], at(2)).await.unwrap(), Charged::Done(vec![]));
    // In another order, from two gateways at once, and neither waits for the other for ever.
    let turned = [both[1].clone(), both[0].clone()];
    let charging = (0..16_usize).map(|who| {
        let (store, wanted) = (stores[who % 2].clone(), if who < 8 { both.clone() } else { turned.clone() });
        tokio::spawn(async move { is_done(&store.charge(&wanted, at(600)).await.unwrap()) })
    });
    let mut made = 0;
    for charged in charging.collect::<Vec<_>>() {
        made += i32::from(charged.await.unwrap());
    }
    assert_eq!(made, 2);
}

async fn a_clock_that_jumps_back_frees_nothing(place: Arc<Place>) {
    let store = place.open().await;
    let ask = async |seconds| store.charge(&[charge("a", 2, 1)], at(seconds)).await.unwrap();
    assert_eq!(ask(1000).await, Charged::Done(vec![1]));
    assert_eq!(ask(500).await, Charged::Done(vec![0]), "dated as the one before it");
    for seconds in [0, 499, 561, 1000, 1059] {
        assert_eq!(ask(seconds).await, exceeded(0, 0, Some(1060)), "at {seconds}");
    }
    assert_eq!(ask(1060).await, Charged::Done(vec![1]));
}

async fn amounts_are_exact_and_have_no_end_to_overflow_at(place: Arc<Place>) {
    // POL-10
    let store = place.open().await;
    let max = (1_i64 << 53) + 1;
    let ask = async |cost| store.charge(&[charge("a", max, cost)], at(0)).await.unwrap();
    assert_eq!(ask(max - 1).await, Charged::Done(vec![1]));
    assert_eq!(ask(2).await, exceeded(0, 1, Some(60)));
    assert_eq!(ask(1).await, Charged::Done(vec![0]));
    let ask = async |cost| store.charge(&[charge("b", i64::MAX, cost)], at(0)).await.unwrap();
    assert_eq!(ask(i64::MAX).await, Charged::Done(vec![0]));
    store.charge(&[charge("b", i64::MAX, 1)], at(0)).await.unwrap_err();
    store.charge(&[charge("a\0b", 1, 1)], at(0)).await.unwrap_err();
}

async fn what_left_its_window_is_forgotten_and_counts_no_more(place: Arc<Place>) {
    let store = place.open().await;
    for seconds in [0, 1, 2] {
        store.charge(&[charge("a", 3, 1)], at(seconds)).await.unwrap();
    }
    store.charge(&[charge("b", 3, 1)], at(50)).await.unwrap();
    assert_eq!(store.sweep_charges(at(61)).await.unwrap(), 2, "the last row of a name stays a while");
    assert_eq!(store.charge(&[charge("a", 3, 1)], at(61)).await.unwrap(), Charged::Done(vec![1]));
    assert_eq!(store.charge(&[charge("b", 3, 1)], at(61)).await.unwrap(), Charged::Done(vec![1]));
    assert_eq!(store.sweep_charges(at(10_000)).await.unwrap(), 4);
    assert_eq!(store.charge(&[charge("a", 3, 1)], at(10_000)).await.unwrap(), Charged::Done(vec![2]));
}

async fn labels_stay_and_belong_to_one_session(place: Arc<Place>) {
    let stores = gateways(&place).await;
    let named = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
    let (mine, more) = (named(&["private", "it's; -- \u{202e}"]), named(&["private", "untrusted"]));
    stores[0].label_session("s", &mine, at(1)).await.unwrap();
    stores[1].label_session("s", &more, at(2)).await.unwrap();
    assert_eq!(stores[0].labels_of("s").await.unwrap(), &mine | &more);
    assert_eq!(stores[1].labels_of("t").await.unwrap(), named(&[]));
    assert_eq!(stores[0].sweep_labels(at(1)).await.unwrap(), 1);
    assert_eq!(stores[0].labels_of("s").await.unwrap(), more);
    stores[0].label_session("s", &named(&["a\0b"]), at(1)).await.unwrap_err();
}

/// Two gateways on one database.
async fn gateways(place: &Place) -> [Store; 2] {
    [place.open().await, Store::open_beside(&place.options()).await.unwrap()]
}

fn charge(name: &str, max: i64, cost: i64) -> Charge {
    Charge { name: name.to_owned(), max, per_micros: MINUTE, cost }
}

fn exceeded(charge: usize, left: i64, fits: Option<i64>) -> Charged {
    Charged::Exceeded(vec![Exceeded { charge, left, fits: fits.map(at) }])
}

fn is_done(charged: &Charged) -> bool {
    matches!(charged, Charged::Done(_))
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros(seconds * 1_000_000)
}

//! What does every database promise about tickets?

use std::sync::Arc;

use countersign::clock::Timestamp;
use countersign::digest::Digest;
use countersign::store::Store;
use countersign::store::tickets::{KeptTicket, Room};

use crate::place::Place;

crate::promises![
    a_ticket_is_taken_once_by_whom_it_fits,
    of_many_who_come_with_one_ticket_one_gets_it,
    a_caller_has_so_many_open_tickets_and_no_more,
    tickets_outlive_the_gateway_and_not_their_time,
];

const MOST: u32 = 8;

async fn a_ticket_is_taken_once_by_whom_it_fits(place: Arc<Place>) {
    // PRO-11, PRO-12
    let store = place.open().await;
    let state = [0, 255, 10, 13];
    let ticket = KeptTicket { state: &state, ..ticket(1, "alice") };
    assert_eq!(store.put_ticket(ticket, MOST, at(0)).await.unwrap(), Room::Found);
    let take = async |name, request, time| store.take_ticket(name, request, at(time)).await.unwrap();
    assert_eq!(take(digest(2), ticket.request, 1).await, None, "another ticket");
    assert_eq!(take(ticket.name, digest(2), 1).await, None, "another request");
    assert_eq!(take(ticket.name, ticket.request, 10).await, None, "too late");
    assert_eq!(take(ticket.name, ticket.request, 9).await, Some(state.to_vec()));
    assert_eq!(take(ticket.name, ticket.request, 9).await, None, "used before");
    let nobody = KeptTicket { principal: "a\0b", ..ticket };
    store.put_ticket(nobody, MOST, at(0)).await.unwrap_err();
}

async fn of_many_who_come_with_one_ticket_one_gets_it(place: Arc<Place>) {
    // PRO-12
    let stores = gateways(&place).await;
    for number in 0..20 {
        let ticket = ticket(number, "alice");
        assert_eq!(stores[0].put_ticket(ticket, MOST, at(0)).await.unwrap(), Room::Found);
        let taking = (0..16).map(|who| {
            let store = stores[who % stores.len()].clone();
            tokio::spawn(async move { store.take_ticket(ticket.name, ticket.request, at(1)).await.unwrap() })
        });
        let mut taken = 0;
        for took in taking.collect::<Vec<_>>() {
            taken += usize::from(took.await.unwrap().is_some());
        }
        assert_eq!(taken, 1);
    }
}

async fn a_caller_has_so_many_open_tickets_and_no_more(place: Arc<Place>) {
    let stores = gateways(&place).await;
    let putting = (0..3 * u64::from(MOST)).map(|number| {
        let store = stores[usize::try_from(number).unwrap() % stores.len()].clone();
        tokio::spawn(async move { (number, store.put_ticket(ticket(number, "alice"), MOST, at(0)).await.unwrap()) })
    });
    let mut kept = Vec::new();
    for put in putting.collect::<Vec<_>>() {
        let (number, room) = put.await.unwrap();
        kept.extend((room == Room::Found).then_some(number));
    }
    assert_eq!(kept.len(), 8, "as many as there are places, however many ask at once");
    let store = &stores[0];
    let put = async |number, who: &'static str, time| store.put_ticket(ticket(number, who), MOST, at(time)).await;
    assert_eq!(put(100, "bob", 0).await.unwrap(), Room::Found, "another caller has places of their own");
    let first = digest(kept[0]);
    assert!(store.take_ticket(first, first, at(1)).await.unwrap().is_some());
    assert_eq!(put(101, "alice", 1).await.unwrap(), Room::Found, "an answered question makes room");
    assert_eq!(put(102, "alice", 1).await.unwrap(), Room::Full);
    assert_eq!(put(103, "alice", 10).await.unwrap(), Room::Found, "and so does one that has expired");
}

async fn tickets_outlive_the_gateway_and_not_their_time(place: Arc<Place>) {
    let store = place.open().await;
    let (early, late) = (ticket(1, "alice"), KeptTicket { expires: at(20), ..ticket(2, "alice") });
    for ticket in [early, late] {
        store.put_ticket(ticket, MOST, at(0)).await.unwrap();
    }
    store.close().await;
    drop(store);
    let store = place.open().await;
    assert_eq!(store.sweep_tickets(at(10)).await.unwrap(), 1);
    assert_eq!(store.take_ticket(early.name, early.request, at(0)).await.unwrap(), None, "swept");
    assert!(store.take_ticket(late.name, late.request, at(10)).await.unwrap().is_some());
    assert_eq!(store.sweep_tickets(at(30)).await.unwrap(), 0);
}

/// Two gateways on one database.
/// Two gateways on one database.
pub(crate) async fn gateways(place: &Place) -> [Store; 2] {
    [place.open().await, Store::open_beside(&place.options()).await.unwrap()]
}

fn ticket(number: u64, principal: &str) -> KeptTicket<'_> {
    KeptTicket { name: digest(number), principal, request: digest(number), expires: at(10), state: b"sealed" }
}

fn digest(number: u64) -> Digest {
    Digest::of_bytes("t", &number.to_be_bytes())
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros(seconds * 1_000_000)
}

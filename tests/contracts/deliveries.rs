//! What does every database promise about what people are to be told?

use std::sync::Arc;

use countersign::channels::message::Message;
use countersign::channels::notice::{Notice, What};
use countersign::clock::Timestamp;
use countersign::store::Store;
use countersign::store::approvals::{Before, Moved, Step};
use countersign::store::deliveries::{Attempt, Delivery, Onward, Standing, Wanted};

use crate::approvals::opened_at;
use crate::place::Place;
use crate::tickets::gateways;

crate::promises![
    a_change_and_its_notice_are_there_together,
    deliveries_take_the_place_of_notices_once,
    one_gateway_carries_a_delivery,
    what_became_of_it_is_kept,
    messages_that_are_out_are_found_and_old_ones_forgotten,
    a_channel_is_closed_until_somebody_opens_it,
];

async fn a_change_and_its_notice_are_there_together(place: Arc<Place>) {
    let store = place.open().await;
    let step = |version: Option<i64>| {
        let before = version.map_or_else(|| Before::Nothing("{}".to_owned()), Before::Version);
        let revision = before.revision();
        let notices = vec![notice("a", What::Requested, revision, 5), notice("a", What::Reminded, 0, 90)];
        Step { approval: opened_at("a", 0), before, vote: None, grant: None, lines: Vec::new(), notices }
    };
    assert_eq!(store.move_approval(step(None), at(1)).await.unwrap(), Moved::Done(1));
    assert_eq!(store.move_approval(step(Some(7)), at(1)).await.unwrap(), Moved::Stale);
    assert_eq!(store.notices_due(at(4), 10).await.unwrap(), []);
    let due = store.notices_due(at(5), 10).await.unwrap();
    assert_eq!(due, [notice("a", What::Requested, 1, 5)], "what did not happen is not told");
    store.close().await;
    let store = place.open().await;
    assert_eq!(store.notices_due(at(100), 10).await.unwrap().len(), 2);
    assert_eq!(store.notices_due(at(100), 1).await.unwrap(), due, "the oldest first");
    store.drop_later_notices("a").await.unwrap();
    assert_eq!(store.notices_due(at(100), 10).await.unwrap(), due);
}

async fn deliveries_take_the_place_of_notices_once(place: Arc<Place>) {
    let stores = gateways(&place).await;
    let step = Step {
        approval: opened_at("a", 0),
        before: Before::Nothing("{}".to_owned()),
        vote: None,
        grant: None,
        lines: Vec::new(),
        notices: vec![notice("a", What::Requested, 1, 0)],
    };
    stores[0].move_approval(step, at(0)).await.unwrap();
    let both: Vec<_> = stores
        .iter()
        .cloned()
        .map(|store| {
            tokio::spawn(async move {
                let due = store.notices_due(at(1), 10).await.unwrap();
                let told: Vec<&str> = due.iter().map(|notice| notice.id.as_str()).collect();
                store.put_deliveries(&[delivery("m1", "ops"), delivery("m2", "team")], &told).await.unwrap();
            })
        })
        .collect();
    for one in both {
        one.await.unwrap();
    }
    assert_eq!(stores[0].notices_due(at(1), 10).await.unwrap(), []);
    assert_eq!(stores[0].deliveries(Wanted::default(), 10).await.unwrap().len(), 2, "each once");
    let mut bad = delivery("m3", "ops");
    "a\0".clone_into(&mut bad.to);
    assert!(stores[0].put_deliveries(&[delivery("m4", "ops"), bad], &[]).await.is_err());
    assert_eq!(stores[0].find_delivery("m4").await.unwrap(), None, "all of it or nothing");
}

async fn one_gateway_carries_a_delivery(place: Arc<Place>) {
    let stores = gateways(&place).await;
    stores[0].put_deliveries(&[delivery("m1", "ops")], &[]).await.unwrap();
    assert_eq!(stores[0].deliveries_due("team", at(9), 10).await.unwrap(), []);
    for round in 0..10 {
        let due = stores[0].deliveries_due("ops", at(round * 10), 10).await.unwrap();
        let claims: Vec<_> = (0..9_usize)
            .map(|who| {
                let (store, due) = (stores[who % stores.len()].clone(), due[0].clone());
                tokio::spawn(async move { store.claim_delivery(&due, at(round * 10 + 10)).await.unwrap() })
            })
            .collect();
        let mut won = Vec::new();
        for claim in claims {
            won.extend(claim.await.unwrap());
        }
        assert_eq!(won.len(), 1, "round {round}");
        assert_eq!(i64::from(won[0].tries), round + 1);
        assert_eq!(stores[0].deliveries_due("ops", at(round * 10 + 9), 10).await.unwrap(), [], "it is being carried");
        // Whoever thought they carried an earlier attempt writes nothing down.
        stores[0].settle_delivery(&due[0], attempt(round, "late"), Onward::Over(Standing::Dead)).await.unwrap();
        assert_eq!(state(&stores[0], "m1").await, Standing::Waiting);
    }
}

async fn what_became_of_it_is_kept(place: Arc<Place>) {
    let store = place.open().await;
    store.put_deliveries(&[delivery("m1", "ops"), delivery("m2", "ops"), delivery("m3", "ops")], &[]).await.unwrap();
    for tries in 0..20 {
        let due = store.find_delivery("m1").await.unwrap().unwrap();
        let carried = store.claim_delivery(&due, at(tries + 50)).await.unwrap().unwrap();
        let onward = Onward::Again(at(tries + 1));
        store.settle_delivery(&carried, attempt(tries, "no\0 answer \\u0000"), onward).await.unwrap();
    }
    let kept = store.find_delivery("m1").await.unwrap().unwrap();
    assert_eq!((kept.tries, kept.log.len(), kept.due), (20, 12, Some(at(20))));
    assert_eq!(kept.log.last().unwrap().said, "no\0 answer \\u0000");
    assert!(!store.redeliver("m1", at(30)).await.unwrap(), "it is on its way");
    let carried = store.claim_delivery(&kept, at(60)).await.unwrap().unwrap();
    store.settle_delivery(&carried, attempt(21, "200"), Onward::Over(Standing::Delivered)).await.unwrap();
    assert!(store.redeliver("m1", at(70)).await.unwrap());
    assert_eq!(store.deliveries_due("ops", at(70), 10).await.unwrap().len(), 3);

    let [two, three] = ["m2", "m3"];
    let two = store.find_delivery(two).await.unwrap().unwrap();
    store.postpone_delivery(&two, at(80)).await.unwrap();
    let three = store.find_delivery(three).await.unwrap().unwrap();
    store.merge_delivery(&three).await.unwrap();
    assert_eq!(state(&store, "m3").await, Standing::Merged);
    assert_eq!(store.deliveries_due("ops", at(79), 10).await.unwrap().len(), 1);
    store.merge_delivery(&two).await.unwrap();
    assert_eq!(state(&store, "m2").await, Standing::Waiting, "it is not due any more as it was");
    let counts = store.count_deliveries().await.unwrap();
    assert_eq!(
        counts.iter().map(|count| (count.state, count.count)).collect::<Vec<_>>(),
        [(Standing::Merged, 1), (Standing::Waiting, 2)]
    );
    let waiting = Wanted { channel: Some("ops"), state: Some(Standing::Waiting), ..Wanted::default() };
    assert_eq!(store.deliveries(waiting, 1).await.unwrap().len(), 1);
    assert_eq!(store.find_delivery("m\0").await.unwrap(), None);
}

async fn messages_that_are_out_are_found_and_old_ones_forgotten(place: Arc<Place>) {
    let store = place.open().await;
    store.put_posted(("team", "C1"), "a", "{\"ts\":\"1\"}", at(1)).await.unwrap();
    store.put_posted(("team", "C1"), "a", "{\"ts\":\"2\"}", at(2)).await.unwrap();
    store.put_posted(("team", "C2"), "a", "{\"ts\":\"3\"}", at(9)).await.unwrap();
    store.put_posted(("team", "C1"), "b", "{}", at(9)).await.unwrap();
    let pair = |to: &str, place: &str| (to.to_owned(), place.to_owned());
    assert_eq!(store.posted("team", "a").await.unwrap(), [pair("C1", "{\"ts\":\"2\"}"), pair("C2", "{\"ts\":\"3\"}")]);
    assert_eq!(store.posted("ops", "a").await.unwrap(), []);
    store.put_deliveries(&[delivery("m1", "ops"), delivery("m2", "ops")], &[]).await.unwrap();
    let one = store.find_delivery("m1").await.unwrap().unwrap();
    store.merge_delivery(&one).await.unwrap();
    assert_eq!(store.sweep_deliveries(at(-1)).await.unwrap(), 0);
    assert_eq!(store.sweep_deliveries(at(5)).await.unwrap(), 2);
    assert_eq!(store.find_delivery("m1").await.unwrap(), None);
    assert_eq!(store.posted("team", "a").await.unwrap(), [pair("C2", "{\"ts\":\"3\"}")]);
}

async fn a_channel_is_closed_until_somebody_opens_it(place: Arc<Place>) {
    let store = place.open().await;
    store.close_channel("ops", "410 Gone", at(1)).await.unwrap();
    store.close_channel("ops", "410 Gone again", at(2)).await.unwrap();
    assert_eq!(store.closed_channels().await.unwrap(), [("ops".to_owned(), "410 Gone again".to_owned())]);
    store.reopen_channel("team").await.unwrap();
    store.reopen_channel("ops").await.unwrap();
    assert_eq!(store.closed_channels().await.unwrap(), []);
}

async fn state(store: &Store, id: &str) -> Standing {
    store.find_delivery(id).await.unwrap().unwrap().state
}

fn notice(approval: &str, what: What, revision: i64, due: i64) -> Notice {
    let id = format!("{approval}-{}-{revision}", what.word());
    Notice { id, approval: approval.to_owned(), what, revision, due: at(due) }
}

fn delivery(id: &str, channel: &str) -> Delivery {
    Delivery::new((id.to_owned(), channel.to_owned(), String::new()), Message::test(at(0)), at(0), at(0))
}

fn attempt(seconds: i64, said: &str) -> Attempt {
    Attempt { at: at(seconds), took: 3, said: said.to_owned() }
}

const fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros(seconds * 1_000_000)
}

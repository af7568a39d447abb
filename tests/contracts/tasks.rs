//! What does every database promise about calls that go on without their clients?

use std::sync::Arc;

use countersign::clock::Timestamp;
use countersign::digest::Digest;
use countersign::store::Store;
use countersign::store::tasks::KeptTask;

use crate::place::Place;
use crate::tickets::gateways;

crate::promises![a_task_is_there_until_its_time_is_over, what_came_of_a_task_is_written_once,];

async fn a_task_is_there_until_its_time_is_over(place: Arc<Place>) {
    let store = place.open().await;
    let made = task(1, Some("01J"));
    store.put_task(&made).await.unwrap();
    store.put_task(&made).await.unwrap_err();
    let unwaiting = task(2, None);
    store.put_task(&unwaiting).await.unwrap();
    store.put_task(&KeptTask { principal: "a\0b".into(), ..task(3, None) }).await.unwrap_err();
    drop(store);
    let store = place.open().await;
    assert_eq!(store.find_task(made.name, at(9)).await.unwrap(), Some(made.clone()));
    assert_eq!(store.find_task(unwaiting.name, at(9)).await.unwrap(), Some(unwaiting));
    assert_eq!(store.find_task(digest(9), at(9)).await.unwrap(), None);
    assert_eq!(store.find_task(made.name, at(10)).await.unwrap(), None, "its time is over");
    assert_eq!(store.sweep_tasks(at(9)).await.unwrap(), 0);
    assert_eq!(store.sweep_tasks(at(10)).await.unwrap(), 2);
    assert_eq!(store.find_task(made.name, at(0)).await.unwrap(), None, "it was forgotten");
}

async fn what_came_of_a_task_is_written_once(place: Arc<Place>) {
    let [one, other] = gateways(&place).await;
    for number in 0..20 {
        let made = task(number, None);
        one.put_task(&made).await.unwrap();
        let writing = (0..8_u8).map(|who| {
            let store: Store = if who % 2 == 0 { one.clone() } else { other.clone() };
            tokio::spawn(async move { store.answer_task(made.name, &[who], at(5)).await.unwrap().then_some(who) })
        });
        let mut wrote = Vec::new();
        for writer in writing.collect::<Vec<_>>() {
            wrote.extend(writer.await.unwrap());
        }
        assert_eq!(wrote.len(), 1, "{wrote:?} all wrote");
        let who = wrote[0];
        let found = one.find_task(digest(number), at(6)).await.unwrap().unwrap();
        assert_eq!((found.answer, found.moved), (Some(vec![who]), at(5)));
    }
    assert!(!one.answer_task(digest(99), &[0], at(5)).await.unwrap(), "there is no such task");
}

fn task(number: u64, approval: Option<&str>) -> KeptTask {
    KeptTask {
        name: digest(number),
        principal: "key:alice".into(),
        approval: approval.map(str::to_owned),
        made: at(0),
        moved: at(0),
        expires: at(10),
        request: vec![0, 255, 13],
        answer: None,
    }
}

fn digest(number: u64) -> Digest {
    Digest::of_bytes("t", &number.to_be_bytes())
}

fn at(micros: i64) -> Timestamp {
    Timestamp::from_micros(micros)
}

//! A receiver that is down, slow, hangs or is overrun: nothing is lost, and nobody else waits for it.

use std::collections::{BTreeMap, BTreeSet};

use countersign::approval::vote::Word;
use countersign::channels::routing::route::{Route, Target};
use countersign::channels::routing::{Recipient, Routes};
use countersign::store::deliveries::{Standing, Wanted};

use crate::post::{Post, read_by_people, webhook};
use crate::receiver::{Receiver, Says};

/// Waits until deliveries stand like this.
async fn settled(post: &Post, state: Standing, count: usize) {
    let wanted = Wanted { state: Some(state), ..Wanted::default() };
    let mut looks = tokio::time::interval(std::time::Duration::from_millis(10));
    for _ in 0..3_000 {
        looks.tick().await;
        if post.store.deliveries(wanted, 10_000).await.unwrap().len() == count {
            return;
        }
    }
    panic!("never: {:#?}", post.store.deliveries(Wanted::default(), 10).await.unwrap());
}

/// Waits until every delivery that waits was tried, and is to be tried later than now.
async fn tried(post: &Post) {
    let wanted = Wanted { state: Some(Standing::Waiting), ..Wanted::default() };
    let mut looks = tokio::time::interval(std::time::Duration::from_millis(10));
    for _ in 0..3_000 {
        looks.tick().await;
        let now = post.desk.now().await.unwrap();
        let all = post.store.deliveries(wanted, 100).await.unwrap();
        if !all.is_empty()
            && all.iter().all(|one| {
                one.due.is_some_and(|due| due > now)
                    && one.tries > 0
                    && one.log.len() == usize::try_from(one.tries).unwrap().min(12)
            })
        {
            return;
        }
    }
    panic!("never: {:#?}", post.store.deliveries(Wanted::default(), 10).await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_was_down_for_an_hour_hears_everything_once_it_is_back() {
    // NOT-07, WHK-08, WHK-09, A35: nothing lost, nothing decided twice.
    let receiver = Receiver::start().await;
    receiver.says(Says::status(500));
    let post = Post::open([("ops", webhook(&receiver))]).await;
    post.hold("call-1").await;
    receiver.came(1).await;
    post.says("call-1", "ada", Word::No).await;
    settled(&post, Standing::Waiting, 2).await;
    for step in 1..25 {
        tried(&post).await;
        post.pass(step * 150);
    }
    receiver.says(Says::status(200));
    post.pass(3_800);
    settled(&post, Standing::Delivered, 2).await;
    let came = receiver.all();
    assert!(came.iter().all(|one| one.path == "/in?token=hush"));
    let mut bodies: BTreeMap<&str, BTreeSet<&[u8]>> = BTreeMap::new();
    for one in &came {
        bodies.entry(one.header("webhook-id")).or_default().insert(&one.body);
    }
    assert_eq!(bodies.len(), 2, "one id for each change, however often it was tried");
    assert!(bodies.values().all(|bodies| bodies.len() == 1), "and the same words each time");
    let tries = came.len();
    assert!((30..=60).contains(&tries), "every two minutes or so, not more often: {tries}");
    let times: BTreeSet<&str> = came.iter().map(|one| one.header("webhook-timestamp")).collect();
    assert!(times.len() > 20, "each attempt has its own time: {times:?}");
    let last: BTreeMap<i64, String> =
        came.iter().rev().take(2).map(|one| (one.json()["data"]["revision"].as_i64().unwrap(), one.kind())).collect();
    assert_eq!(last.into_values().collect::<Vec<_>>(), ["approval.requested", "approval.rejected"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_is_the_end_and_it_is_said_aloud() {
    let receiver = Receiver::start().await;
    receiver.says(Says::status(503));
    let post = Post::open([("ops", webhook(&receiver))]).await;
    post.hold("call-1").await;
    tried(&post).await;
    post.pass(86_399);
    settled(&post, Standing::Dead, 1).await;
    assert!(
        post.store.redeliver(receiver.all()[0].header("webhook-id"), post.desk.now().await.unwrap()).await.unwrap()
    );
    receiver.says(Says::status(200));
    post.pass(86_400);
    settled(&post, Standing::Delivered, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_says_when_to_come_back_is_left_alone_until_then() {
    // NOT-07
    let receiver = Receiver::start().await;
    receiver.says_first([Says::Status(429, &[("retry-after", "300")], String::new())]);
    let post = Post::open([("ops", webhook(&receiver))]).await;
    post.hold("call-1").await;
    tried(&post).await;
    let due = post.store.deliveries(Wanted::default(), 1).await.unwrap()[0].due.unwrap();
    assert_eq!(due, crate::post::at(300));
    post.pass(301);
    settled(&post, Standing::Delivered, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_that_hangs_delays_no_other_one() {
    // WHK-05: few carriers for each channel, and none of another's.
    let (slow, quick) = (Receiver::start().await, Receiver::start().await);
    slow.says(Says::Nothing);
    let post = Post::open([("a-slow", webhook(&slow)), ("b-quick", webhook(&quick))]).await;
    for call in 0..40 {
        post.hold(&format!("call-{call:02}")).await;
    }
    quick.came(40).await;
    assert!(slow.all().len() <= 12, "at most four at once, each for half a second: {}", slow.all().len());
}

#[tokio::test(flavor = "multi_thread")]
async fn two_gateways_share_the_work() {
    let receiver = Receiver::start().await;
    let post = Post::open([("ops", webhook(&receiver))]).await;
    post.begin([("ops", webhook(&receiver))]);
    post.begin([("ops", webhook(&receiver))]);
    for call in 0..60 {
        post.hold(&format!("call-{call:02}")).await;
    }
    settled(&post, Standing::Delivered, 60).await;
    assert_eq!(receiver.all().len(), 60, "each once");
}

#[tokio::test(flavor = "multi_thread")]
async fn people_are_asked_again_before_the_time_is_over_and_never_after() {
    // A20, A36
    let receiver = Receiver::start().await;
    let post = Post::open([("ops", webhook(&receiver))]).await;
    post.hold("call-1").await;
    post.hold("call-2").await;
    receiver.came(2).await;
    post.says("call-2", "ada", Word::Yes).await;
    receiver.came(3).await;
    // Three quarters of half an hour.
    post.pass(1_350);
    let came = receiver.came(4).await;
    assert_eq!((came[3].kind().as_str(), &came[3].json()["data"]["id"]), ("approval.reminded", &"call-1".into()));
    post.pass(1_801);
    post.desk.sweep().await;
    let kinds: BTreeSet<String> = receiver.came(6).await[4..].iter().map(crate::receiver::Came::kind).collect();
    assert_eq!(kinds, ["approval.expired".to_owned(), "approval.lapsed".to_owned()].into());
    assert!(
        post.store.notices_due(crate::post::at(1_000_000), 10).await.unwrap().is_empty(),
        "nothing is left to tell"
    );
}

/// What was told, each once however often it was tried.
fn words(receiver: &Receiver) -> BTreeSet<String> {
    receiver.all().into_iter().map(|came| String::from_utf8(came.body).unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_on_its_way_counts_when_too_much_is_asked_at_once() {
    // A36: a receiver that is slow is not asked more often than one that is not.
    let receiver = Receiver::start().await;
    receiver.says_first([Says::Nothing, Says::Nothing, Says::Nothing, Says::Nothing]);
    let post = Post::open([("phone", read_by_people(&receiver))]).await;
    for call in 0..4 {
        post.hold(&format!("call-{call:02}")).await;
        receiver.came(call + 1).await;
    }
    for call in 4..12 {
        post.hold(&format!("call-{call:02}")).await;
    }
    settled(&post, Standing::Delivered, 1).await;
    post.pass(31);
    settled(&post, Standing::Merged, 7).await;
    settled(&post, Standing::Delivered, 6).await;
    let told = words(&receiver);
    assert_eq!(told.iter().filter(|told| told.starts_with("requested call-")).count(), 5, "{told:?}");
    assert!(told.contains("many ") && told.len() == 6, "{told:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn people_are_not_asked_late_for_what_was_decided_meanwhile() {
    // NOT-07: whoever was away hears how it ended, and is asked nothing.
    let receiver = Receiver::start().await;
    receiver.says(Says::status(503));
    let post = Post::open([("phone", read_by_people(&receiver))]).await;
    post.hold("call-1").await;
    post.hold("call-2").await;
    tried(&post).await;
    let before = receiver.all().len();
    post.says("call-1", "ada", Word::No).await;
    receiver.says(Says::status(204));
    post.pass(150);
    settled(&post, Standing::Merged, 1).await;
    settled(&post, Standing::Delivered, 2).await;
    let told: BTreeSet<String> =
        receiver.all().split_off(before).into_iter().map(|came| String::from_utf8(came.body).unwrap()).collect();
    assert!(told.contains("rejected call-1") && told.contains("requested call-2"), "{told:?}");
    assert!(!told.contains("requested call-1"), "{told:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_channel_will_not_take_another_one_tells() {
    // A35: a delivery that fails for good asks somebody else.
    let (gone, other) = (Receiver::start().await, Receiver::start().await);
    gone.says(Says::status(410));
    let post = Post::open([]).await;
    let to = Target::Channel(Recipient { channel: "gone".to_owned(), to: String::new() });
    let routes = Routes { routes: vec![Route { to: vec![to], ..Route::default() }], ..Routes::default() };
    post.begin_routed([("gone", webhook(&gone)), ("other", webhook(&other))], routes);
    post.hold("call-1").await;
    let came = other.came(1).await;
    assert_eq!((came[0].kind().as_str(), gone.all().len()), ("approval.requested", 1));
    // By now it is closed, and nothing is sent there any more.
    post.hold("call-2").await;
    let came = other.came(2).await;
    assert_eq!((came[1].json()["data"]["id"].as_str(), gone.all().len()), (Some("call-2"), 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_receiver_says_stops_nothing() {
    // Six signs that JSON would read as a zero character, in an answer that is kept.
    let receiver = Receiver::start().await;
    let said = "{\"e\":\"\\u0000\"}".to_owned();
    receiver.says_first([Says::Status(500, &[], said.clone()), Says::Status(500, &[], said)]);
    let post = Post::open([("ops", webhook(&receiver))]).await;
    post.hold("call-1").await;
    tried(&post).await;
    post.pass(30);
    receiver.came(2).await;
    post.says("call-1", "ada", Word::No).await;
    post.pass(60);
    post.hold("call-2").await;
    settled(&post, Standing::Delivered, 3).await;
}

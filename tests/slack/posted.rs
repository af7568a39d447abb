//! What is posted, and how every copy of it stays true.

use std::sync::Arc;
use std::time::Duration;

use countersign::approval::vote::Word;
use countersign::channels::Went;
use countersign::channels::message::Message;
use countersign::channels::notice::What;
use countersign::channels::slack::Slack;
use serde_json::json;

use crate::world::{Held, World, at, by_http, labels, options, read};

#[tokio::test]
async fn every_copy_shows_what_was_decided_wherever_it_was() {
    // A26, A31, A56: posted to a channel and to a person; decided elsewhere; both say so, and by whom.
    let world = World::start(by_http()).await;
    world.hold(Held::default()).await;
    assert_eq!(world.carry(&["", "U2"]).await, [What::Requested]);
    for channel in ["C1", "DU2"] {
        let [message] = world.fake.messages(channel).try_into().unwrap();
        assert_eq!(labels(&message), ["Approve", "Deny", "Edit", "Ask", "Open"], "{channel}");
    }
    world.clock.set(at(60));
    world.vote("0193a-1", "ada", Word::Yes).await;
    assert_eq!(world.carry(&["", "U2"]).await, [What::Approved]);
    for channel in ["C1", "DU2"] {
        let [message] = world.fake.messages(channel).try_into().unwrap();
        assert_eq!(labels(&message), ["Open"], "{channel}");
        let text = read(&message["blocks"]);
        assert!(
            text.contains("Approved") && text.contains("ada agreed with the account os:ada at 2027-01-15T08:01:00"),
            "{text}"
        );
    }
    // Two messages, each changed once, although each of two recipients was told.
    assert_eq!((world.fake.asked("chat.postMessage").len(), world.fake.asked("chat.update").len()), (2, 2));
    world.fake.is_content();
}

#[tokio::test]
async fn an_older_message_never_stands_over_a_newer_one() {
    let world = World::start(by_http()).await;
    world.hold(Held { quorum: 2, ..Held::default() }).await;
    let requested = world.message("0193a-1", What::Requested).await;
    world.carry(&[""]).await;
    world.vote("0193a-1", "ada", Word::Yes).await;
    let voted = world.message("0193a-1", What::Voted).await;
    world.vote("0193a-1", "ben", Word::No).await;
    world.carry(&[""]).await;
    let before = world.fake.messages("C1");
    assert!(read(&before[0]["blocks"]).contains("ben said no"), "{before:?}");
    for late in [requested, voted] {
        for _ in 1..3 {
            let parcel = world.parcel("", late.clone());
            assert!(matches!(world.slack.deliver(&parcel, &world.room.store).await, Went::Taken { .. }));
        }
    }
    assert_eq!(world.fake.messages("C1"), before);
    world.fake.is_content();
}

#[tokio::test]
async fn a_gateway_that_was_slow_puts_right_what_it_put_over() {
    // Two gateways change one message: the slower one began first, with what was true then.
    let world = World::start(by_http()).await;
    let other = Slack::new(options(&world.fake, by_http())).unwrap();
    world.hold(Held { quorum: 2, ..Held::default() }).await;
    world.carry(&[""]).await;
    world.vote("0193a-1", "ada", Word::Yes).await;
    let slow = world.fake.hold("chat.update");
    let parcel = world.parcel("", world.message("0193a-1", What::Voted).await);
    let (store, slack) = (world.room.store.clone(), Arc::clone(&world.slack));
    let first = tokio::spawn(async move { slack.deliver(&parcel, &store).await });
    world.fake.until("the slow one", |fake| fake.holds("chat.update").then_some(())).await;
    world.vote("0193a-1", "ben", Word::Yes).await;
    let parcel = world.parcel("", world.message("0193a-1", What::Approved).await);
    assert!(matches!(other.deliver(&parcel, &world.room.store).await, Went::Taken { .. }));
    slow.notify_one();
    assert!(matches!(first.await.unwrap(), Went::Taken { .. }));
    assert_eq!(labels(&world.fake.messages("C1")[0]), ["Open"], "it shows the newest in the end");
    assert_eq!(world.fake.asked("chat.update").len(), 3);
    world.fake.is_content();
}

#[tokio::test]
async fn what_comes_late_is_not_asked_any_more() {
    // NOT-07: Slack was away while it was decided elsewhere; nobody is asked for something that is over.
    let world = World::start(by_http()).await;
    world.hold(Held::default()).await;
    world.fake.script(
        "chat.postMessage",
        &[
            (503, None, json!("away")),
            (500, None, json!({})),
            (200, None, json!({ "ok": false, "error": "internal_error" })),
        ],
    );
    for _ in 0..3 {
        assert!(matches!(world.bring("", "0193a-1", What::Requested).await, Went::Later { after: None, .. }));
        assert_eq!(
            world.state("0193a-1").await,
            "pending",
            "a call goes on waiting, and nothing is approved by itself"
        );
    }
    world.vote("0193a-1", "ada", Word::No).await;
    assert!(matches!(world.bring("", "0193a-1", What::Requested).await, Went::Taken { .. }));
    assert!(world.fake.messages("C1").is_empty());
    world.fake.is_content();
}

#[tokio::test]
async fn what_passes_is_tried_again_and_what_does_not_says_what_to_do() {
    // NOT-07
    let world = World::start(by_http()).await;
    world.hold(Held::default()).await;
    world.fake.script("chat.postMessage", &[(429, Some("7"), json!({ "ok": false, "error": "ratelimited" }))]);
    let went = world.bring("", "0193a-1", What::Requested).await;
    assert!(matches!(went, Went::Later { after: Some(after), .. } if after == Duration::from_secs(7)), "{went:?}");
    for (code, advice) in [
        ("invalid_auth", "bot_token"),
        ("account_inactive", "install it again"),
        ("channel_not_found", "/invite the app there"),
        ("missing_scope", "manifest"),
        ("something_new", "documentation of Slack"),
    ] {
        world.fake.script("chat.postMessage", &[(200, None, json!({ "ok": false, "error": code }))]);
        // Whoever mends the app's token has mended what waits; what is wrong with the message stays so.
        let mendable = ["invalid_auth", "account_inactive", "missing_scope"].contains(&code);
        match world.bring("", "0193a-1", What::Requested).await {
            Went::Later { why, .. } if mendable => assert!(why.contains(code) && why.contains(advice), "{why}"),
            Went::Refused { why } if !mendable => assert!(why.contains(code) && why.contains(advice), "{why}"),
            other => panic!("{code}: {other:?}"),
        }
    }
    assert!(matches!(world.bring("nowhere", "0193a-1", What::Requested).await, Went::Refused { .. }));
    assert!(matches!(world.bring("", "0193a-1", What::Requested).await, Went::Taken { .. }));
    assert!(matches!(world.bring("", "0193a-1", What::Requested).await, Went::Taken { .. }));
    assert_eq!(world.fake.messages("C1").len(), 1, "a delivery that comes twice is posted once");
}

#[tokio::test]
async fn questions_and_answers_stand_in_the_thread_once() {
    let world = World::start(by_http()).await;
    world.hold(Held::default()).await;
    world.carry(&["", "U2"]).await;
    let by = world.room.desk.people.load().of_account("os:ada").unwrap();
    let asks = countersign::gateway::desk::Wish::Question { by, text: "why <!here>?".to_owned() };
    world.room.desk.act("0193a-1", asks).await.unwrap();
    world.carry(&["", "U2"]).await;
    world.clock.set(at(5));
    world.room.desk.act("0193a-1", countersign::gateway::desk::Wish::Explain("*because*".to_owned())).await.unwrap();
    world.carry(&["", "U2"]).await;
    for channel in ["C1", "DU2"] {
        let [ts] = world.fake.stands(channel).try_into().unwrap();
        let thread: Vec<String> =
            world.fake.messages(&format!("{channel}/{ts}")).iter().map(|message| read(&message["blocks"])).collect();
        assert_eq!(thread.len(), 2, "{thread:?}");
        assert!(thread[0].contains("ada asks the agent") && thread[0].contains("why <!here>?"), "{thread:?}");
        assert!(thread[1].contains("nobody has checked") && thread[1].contains("*because*"), "{thread:?}");
        assert!(read(&world.fake.messages(channel)[0]["blocks"]).contains("*because*"));
    }
    world.fake.is_content();
}

#[tokio::test]
async fn a_message_that_was_deleted_is_posted_again_only_where_people_are_asked() {
    let world = World::start(by_http()).await;
    world.hold(Held { quorum: 2, ..Held::default() }).await;
    world.carry(&[""]).await;
    world.fake.remove("C1");
    world.vote("0193a-1", "ada", Word::Yes).await;
    world.carry(&[""]).await;
    assert!(world.fake.messages("C1").is_empty());
    assert!(matches!(world.bring("", "0193a-1", What::Reminded).await, Went::Taken { .. }));
    assert_eq!(world.fake.messages("C1").len(), 1);
    world.fake.is_content();
}

#[tokio::test]
async fn many_calls_are_listed_and_a_test_asks_nobody() {
    let world = World::start(by_http()).await;
    world.hold(Held::default()).await;
    world.hold(Held { id: "0193a-2", ..Held::default() }).await;
    let mut message = world.message("0193a-1", What::Many).await;
    message.matters.extend(world.message("0193a-2", What::Many).await.matters);
    for message in [message, Message::test(world.now())] {
        let parcel = world.parcel("#approvals", message);
        assert!(matches!(world.slack.deliver(&parcel, &world.room.store).await, Went::Taken { .. }));
    }
    let [many, test] = world.fake.messages("C1").try_into().unwrap();
    assert_eq!((labels(&many).len(), labels(&test).len()), (0, 0));
    let listed = many["blocks"].to_string();
    for id in ["0193a-1", "0193a-2"] {
        assert!(listed.contains(&format!("https://gw.example.com/calls/{id}")), "{listed}");
    }
    assert!(read(&test["blocks"]).contains("Nobody has to do anything"));
    world.fake.is_content();
}

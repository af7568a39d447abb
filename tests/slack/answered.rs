//! What is pressed in Slack, and what comes of it.

use countersign::approval::vote::Word;
use countersign::channels::notice::What;
use countersign::store::deliveries::Wanted;
use http::StatusCode;
use serde_json::{Value, json};

use crate::world::{Held, World, at, by_http, labels, read};

#[tokio::test]
async fn one_press_approves_and_the_book_says_by_which_account() {
    // A31, A56
    let world = World::start(by_http()).await;
    world.hold(Held::default()).await;
    world.carry(&[""]).await;
    world.pressed(&world.press("U1", "C1", "Approve")).await;
    let approval = world.room.desk.look("0193a-1").await.unwrap();
    let [vote] = approval.votes.try_into().unwrap();
    assert_eq!((vote.by.person.as_str(), vote.by.account.as_str(), vote.word), ("ada", "slack:T1/U1", Word::Yes));
    assert_eq!(approval.state.word(), "approved");
    let lines = world.room.store.of_call("0193a-1", 10).await.unwrap();
    let book = lines.iter().map(|line| line.body.as_str()).collect::<String>();
    assert!(book.contains("\"account\":\"slack:T1/U1\"") && book.contains("\"evidence\":\"account\""), "{book}");
    let [(who, said)] = world.fake.whispers().try_into().unwrap();
    assert!(who == "U1" && said.contains("You agreed"), "{who}: {said}");
    assert_eq!(world.carry(&[""]).await, [What::Approved]);
    assert_eq!(labels(&world.fake.messages("C1")[0]), ["Open"]);
    assert!(world.room.store.deliveries(Wanted::default(), 1).await.unwrap().is_empty());
    world.fake.is_content();
}

#[tokio::test]
async fn a_no_needs_a_reason_and_is_told_to_the_agent() {
    // A31
    let world = World::start(by_http()).await;
    world.hold(Held::default()).await;
    world.carry(&[""]).await;
    world.pressed(&world.press("U1", "C1", "Deny")).await;
    let empty = world.submit("U1", &[("Reason", "  ")]);
    let (status, said) = world.send(&empty).await;
    let said: Value = serde_json::from_str(&said).unwrap();
    assert_eq!((status, &said["response_action"]), (StatusCode::OK, &json!("errors")));
    assert_eq!(world.state("0193a-1").await, "pending");
    // The same window, filled in.
    let mut filled = world.submit("U1", &[("Reason", "not <today>")]);
    filled["view"]["id"] = empty["view"]["id"].clone();
    world.pressed(&filled).await;
    let approval = world.room.desk.look("0193a-1").await.unwrap();
    assert_eq!((approval.state.word(), approval.votes[0].reason.as_deref()), ("rejected", Some("not <today>")));
    world.carry(&[""]).await;
    let text = read(&world.fake.messages("C1")[0]["blocks"]);
    assert!(text.contains("ada said no with the account slack:T1/U1") && text.contains("not <today>"), "{text}");
    world.fake.is_content();
}

#[tokio::test]
async fn a_press_that_comes_twice_counts_once() {
    // NOT-05, A26: the same answer, and no second vote.
    let world = World::start(by_http()).await;
    world.hold(Held { quorum: 2, ..Held::default() }).await;
    world.carry(&[""]).await;
    let press = world.press("U1", "C1", "Approve");
    let first = world.send(&press).await;
    world.done().await;
    for _ in 0..3 {
        assert_eq!(world.send(&press).await, first);
        world.done().await;
    }
    assert_eq!((world.room.desk.look("0193a-1").await.unwrap().votes.len(), world.fake.whispers().len()), (1, 1));
    // Another press is another one, and the desk still counts one person once.
    world.pressed(&world.press("U1", "C1", "Approve")).await;
    assert_eq!(
        (world.room.desk.look("0193a-1").await.unwrap().votes.len(), world.state("0193a-1").await),
        (1, "pending")
    );
    assert!(world.fake.whispers()[1].1.contains("you answered already"), "{:?}", world.fake.whispers());
    // A question that comes twice is asked once, also from another gateway that has not seen the first.
    world.pressed(&world.press("U2", "C1", "Ask")).await;
    for _ in 0..2 {
        world.pressed(&world.submit("U2", &[("Question", "why?")])).await;
    }
    assert_eq!(world.room.desk.look("0193a-1").await.unwrap().questions.len(), 1);
    world.fake.is_content();
}

#[tokio::test]
async fn of_two_who_press_at_once_one_decides_and_the_other_is_told_by_whom() {
    // A26
    let world = World::start(by_http()).await;
    world.hold(Held::default()).await;
    world.carry(&["", "U2"]).await;
    let yes = world.press("U1", "C1", "Approve");
    world.pressed(&world.press("U2", "DU2", "Deny")).await;
    let no = world.submit("U2", &[("Reason", "stop")]);
    let (one, other) = tokio::join!(world.send(&yes), world.send(&no));
    assert_eq!((one.0, other.0), (StatusCode::OK, StatusCode::OK));
    world.done().await;
    let approval = world.room.desk.look("0193a-1").await.unwrap();
    let [vote] = approval.votes.try_into().unwrap();
    let (winner, loser) = if vote.word == Word::Yes { ("ada", "U2") } else { ("ben", "U1") };
    let lost: Vec<_> = world.fake.whispers().into_iter().filter(|(who, _)| who == loser).collect();
    assert!(
        lost.len() == 1 && lost[0].1.contains("already; nothing was changed") && lost[0].1.contains(winner),
        "{lost:?}"
    );
    world.carry(&["", "U2"]).await;
    assert_eq!(labels(&world.fake.messages("C1")[0]), labels(&world.fake.messages("DU2")[0]));
    world.fake.is_content();
}

#[tokio::test]
async fn other_arguments_are_proposed_for_the_call_that_was_shown() {
    // A29
    let world = World::start(by_http()).await;
    world.hold(Held { arguments: json!({ "amount": 120, "to": "Ada", "tags": ["a"] }), ..Held::default() }).await;
    world.carry(&[""]).await;
    world.pressed(&world.press("U1", "C1", "Edit")).await;
    assert!(
        !world.fake.asked("views.open")[0].to_string().contains("Ada"),
        "nothing is shown before it is known to whom"
    );
    let (_, said) = world.send(&world.submit("U1", &[("amount", "much"), ("Reason", "less")])).await;
    assert!(said.contains("This is no JSON"), "{said}");
    world.pressed(&world.submit("U1", &[("Reason", "less")])).await;
    assert!(world.fake.whispers()[0].1.contains("Nothing was changed"), "{:?}", world.fake.whispers());
    world.pressed(&world.submit("U1", &[("amount", "100"), ("Reason", "less")])).await;
    let [edit] = world.room.desk.look("0193a-1").await.unwrap().edits.try_into().unwrap();
    assert_eq!((edit.by.as_str(), edit.reason.as_str(), edit.changes.len()), ("ada", "less", 1));
    assert_eq!((edit.changes[0].at.as_str(), edit.changes[0].to.as_deref()), ("/amount", Some("100")));
    world.fake.is_content();
}

#[tokio::test]
async fn slack_is_answered_before_anything_slow_is_done() {
    // It waits three seconds, and a window can be opened for as long: before it is asked whose account this is.
    let world = World::with(by_http(), |options| options.by_email = true).await;
    world.hold(Held::default()).await;
    world.carry(&[""]).await;
    let slow = world.fake.hold("views.open");
    assert_eq!(world.send(&world.press("U7", "C1", "Deny")).await.0, StatusCode::OK);
    world.fake.until("a window", |fake| fake.holds("views.open").then_some(())).await;
    slow.notify_one();
    world.done().await;
    world.pressed(&world.submit("U7", &[("Reason", "no")])).await;
    let order = world.fake.order();
    let first = |method: &str| order.iter().position(|asked| asked == method);
    assert!(first("views.open") < first("users.info") && first("users.info").is_some(), "{order:?}");
    assert_eq!(world.state("0193a-1").await, "pending", "whoever Slack does not know says nothing");
    // A window that came too late is told of.
    let mut late = world.press("U1", "C1", "Deny");
    late["trigger_id"] = json!("long.ago");
    world.pressed(&late).await;
    assert!(world.fake.whispers().pop().unwrap().1.contains("expired_trigger_id"), "{:?}", world.fake.whispers());
}

#[tokio::test]
async fn a_message_nobody_wrote_down_is_taken_in_when_it_is_used() {
    // Somebody pulled the plug between the message and its note: the next attempt posts another one.
    let world = World::start(by_http()).await;
    world.hold(Held { quorum: 2, ..Held::default() }).await;
    world.carry(&[""]).await;
    let lost = world.fake.messages("C1")[0].clone();
    let again = world.room.store.clone();
    again.put_posted(("team", "C1"), "0193a-1", r#"{"channel":"C8","ts":"1.1"}"#, at(0)).await.unwrap();
    world.pressed(&world.press("U1", "C1", "Approve")).await;
    world.carry(&[""]).await;
    assert_ne!(world.fake.messages("C1")[0], lost);
    assert!(read(&world.fake.messages("C1")[0]["blocks"]).contains("ada agreed"));
    world.fake.is_content();
}

//! What is pressed comes back over a connection we opened.

use std::sync::Arc;

use countersign::channels::slack::Slack;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::world::{Held, World, by_http, by_socket, options};

/// Listens until it is dropped.
struct Listening(CancellationToken, tokio::task::JoinHandle<()>);

impl Listening {
    async fn to(world: &World) -> Self {
        let listening = Self::of(world, &world.slack);
        world.fake.until("a connection", |fake| (fake.connections().0 == 1).then_some(())).await;
        listening
    }

    fn of(world: &World, slack: &Arc<Slack>) -> Self {
        let stop = CancellationToken::new();
        let task = tokio::spawn(Arc::clone(slack).listen(world.room.clone(), stop.clone()));
        Self(stop, task)
    }

    async fn stop(self) {
        self.0.cancel();
        self.1.await.unwrap();
    }
}

fn envelope(id: &str, payload: &Value) -> Value {
    json!({ "envelope_id": id, "type": "interactive", "accepts_response_payload": true, "payload": payload })
}

async fn answer(world: &World, id: &str) -> Value {
    let is = |answer: &Value| answer["envelope_id"] == id;
    world.fake.until("an answer", |fake| fake.heard().into_iter().find(is)).await
}

#[tokio::test]
async fn a_press_is_answered_by_its_name_and_counts() {
    // A26, A31
    let world = World::start(by_socket()).await;
    world.hold(Held { quorum: 2, ..Held::default() }).await;
    world.carry(&[""]).await;
    let listening = Listening::to(&world).await;
    let press = world.press("U1", "C1", "Approve");
    world.fake.push(&envelope("e1", &press));
    assert_eq!(answer(&world, "e1").await, json!({ "envelope_id": "e1" }));
    world.fake.until("a word", |fake| (fake.whispers().len() == 1).then_some(())).await;
    // NOT-05: Slack sends it again where it is not sure that it came.
    world.fake.push(&envelope("e2", &press));
    assert_eq!(answer(&world, "e2").await, json!({ "envelope_id": "e2" }));
    world.pushed_window("U2").await;
    let wrong = world.submit("U2", &[("Reason", "")]);
    world.fake.push(&envelope("e3", &wrong));
    assert_eq!(answer(&world, "e3").await["payload"]["response_action"], "errors");
    for (id, kind) in [("e4", "events_api"), ("e5", "slash_commands")] {
        world.fake.push(&json!({ "envelope_id": id, "type": kind, "payload": { "type": "x" } }));
        assert_eq!(answer(&world, id).await, json!({ "envelope_id": id }));
    }
    world.fake.push(&envelope("e6", &json!({ "type": "block_actions" })));
    assert_eq!(
        answer(&world, "e6").await,
        json!({ "envelope_id": "e6" }),
        "what is not understood is not sent for ever"
    );
    assert_eq!(world.room.desk.look("0193a-1").await.unwrap().votes.len(), 1);
    listening.stop().await;
    world.fake.until("an end", |fake| (fake.connections().0 == 0).then_some(())).await;
    world.fake.is_content();
}

#[tokio::test]
async fn a_new_connection_stands_before_the_old_one_goes() {
    let world = World::start(by_socket()).await;
    world.hold(Held::default()).await;
    world.carry(&[""]).await;
    let listening = Listening::to(&world).await;
    for (round, reason) in ["warning", "refresh_requested"].into_iter().enumerate() {
        world.fake.push(&json!({ "type": "disconnect", "reason": reason, "debug_info": {} }));
        let stands = |opened: usize| move |fake: &crate::fake::Fake| (fake.connections() == (1, opened)).then_some(());
        world.fake.until("another connection alone", stands(round + 2)).await;
    }
    world.fake.push(&envelope("e1", &world.press("U1", "C1", "Approve")));
    assert_eq!(answer(&world, "e1").await, json!({ "envelope_id": "e1" }));
    world.fake.until("a word", |fake| (fake.whispers().len() == 1).then_some(())).await;
    assert_eq!((world.state("0193a-1").await, world.slack.trouble()), ("approved", None));
    listening.stop().await;
}

#[tokio::test]
async fn a_connection_that_breaks_is_opened_again() {
    // NOT-07: calls wait meanwhile, and nothing is decided.
    let world = World::start(by_socket()).await;
    world.hold(Held::default()).await;
    world.carry(&[""]).await;
    let away = json!({ "ok": false, "error": "internal_error" });
    world
        .fake
        .script("apps.connections.open", &[(503, None, json!({})), (200, None, away), (429, Some("1"), json!({}))]);
    let listening = Listening::to(&world).await;
    assert_eq!(world.fake.asked("apps.connections.open").len(), 4);
    world.fake.push(&json!("drop"));
    world.fake.until("another connection", |fake| (fake.connections() == (1, 2)).then_some(())).await;
    assert_eq!(world.state("0193a-1").await, "pending");
    world.fake.push(&envelope("e1", &world.press("U1", "C1", "Approve")));
    answer(&world, "e1").await;
    world.fake.until("a word", |fake| (fake.whispers().len() == 1).then_some(())).await;
    assert_eq!(world.state("0193a-1").await, "approved");
    listening.stop().await;
}

#[tokio::test]
async fn a_token_that_is_not_good_is_told_of_and_not_hammered_with() {
    let world = World::start(by_socket()).await;
    let refusal = (200, None, json!({ "ok": false, "error": "invalid_auth" }));
    world.fake.script("apps.connections.open", &[refusal.clone(), refusal]);
    let listening = Listening::of(&world, &world.slack);
    world.fake.until("a try", |fake| (fake.asked("apps.connections.open").len() == 2).then_some(())).await;
    let trouble = world.slack.trouble().unwrap();
    assert!(trouble.contains("invalid_auth") && !trouble.contains("xapp"), "{trouble}");
    listening.stop().await;
    // Where presses come as requests there is nothing to listen to.
    let other = Slack::new(options(&world.fake, by_http())).unwrap();
    Listening::of(&world, &other).1.await.unwrap();
}

impl World {
    /// Opens the window of a no over Socket Mode.
    async fn pushed_window(&self, user: &str) {
        self.fake.push(&envelope("window", &self.press(user, "C1", "Deny")));
        self.fake.until("a window", |fake| (!fake.asked("views.open").is_empty()).then_some(())).await;
    }
}

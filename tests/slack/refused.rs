//! Who is not believed, and what is not decided in Slack.

use countersign::approval::vote::Word;
use http::StatusCode;
use serde_json::json;

use crate::world::{Held, World, at, by_http, by_socket, labels, read, signed};

#[tokio::test]
async fn only_what_slack_signed_just_now_is_heard() {
    // NOT-04: another signature, six minutes old, or a body that was read and written again.
    let world = World::start(by_http()).await;
    world.hold(Held::default()).await;
    world.carry(&[""]).await;
    let payload = world.press("U1", "C1", "Approve").to_string();
    let body: String = url::form_urlencoded::Serializer::new(String::new()).append_pair("payload", &payload).finish();
    let now = world.now().seconds();
    let mut other = signed(body.as_bytes(), now);
    other.insert("x-slack-signature", format!("v0={}", "ab".repeat(32)).parse().unwrap());
    let again = body.replace('+', "%20");
    for (name, headers, body) in [
        ("another signature", other, body.as_str()),
        ("six minutes", signed(body.as_bytes(), now - 360), body.as_str()),
        ("from the future", signed(body.as_bytes(), now + 360), body.as_str()),
        ("written again", signed(body.as_bytes(), now), &format!("{again} ")),
        ("not signed", http::HeaderMap::new(), body.as_str()),
    ] {
        assert_eq!(world.request(&headers, body.as_bytes()).await.0, StatusCode::UNAUTHORIZED, "{name}");
    }
    for (name, body) in
        [("nothing", ""), ("two", "payload={}&payload={}"), ("no JSON", "payload=x"), ("a list", "payload=[]")]
    {
        let headers = signed(body.as_bytes(), now);
        assert_eq!(world.request(&headers, body.as_bytes()).await.0, StatusCode::BAD_REQUEST, "{name}");
    }
    let large = "x".repeat((512 << 10) + 1);
    assert_eq!(world.request(&signed(large.as_bytes(), now), large.as_bytes()).await.0, StatusCode::PAYLOAD_TOO_LARGE);
    world.done().await;
    assert!(world.room.desk.look("0193a-1").await.unwrap().votes.is_empty());
    assert_eq!(world.request(&signed(body.as_bytes(), now), body.as_bytes()).await.0, StatusCode::OK);
    world.done().await;
    assert_eq!(world.state("0193a-1").await, "approved");
    let socket = World::start(by_socket()).await;
    assert_eq!(socket.request(&signed(body.as_bytes(), now), body.as_bytes()).await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn an_account_that_is_nobodys_does_nothing_and_learns_how_to_be_linked() {
    // NOT-06, A56
    let world = World::start(by_http()).await;
    world.hold(Held::default()).await;
    world.carry(&[""]).await;
    for (user, team) in [("U99", "T1"), ("U1", "T2")] {
        let mut press = world.press(user, "C1", "Approve");
        press["user"]["team_id"] = json!(team);
        world.pressed(&press).await;
        let (who, said) = world.fake.whispers().pop().unwrap();
        assert!(who == user && said.contains(&format!("[people.NAME] accounts = [\"slack:{team}/{user}\"]")), "{said}");
    }
    world.pressed(&world.press("U99", "C1", "Deny")).await;
    assert!(world.fake.asked("views.open").is_empty(), "a stranger is not asked why not");
    world.pressed(&world.press("U99", "C1", "Edit")).await;
    let shown = read(&world.fake.asked("views.update").pop().unwrap()["view"]);
    assert!(shown.contains("nobody's here") && !shown.contains("120"), "{shown}");
    assert!(world.room.desk.look("0193a-1").await.unwrap().votes.is_empty());
    assert!(
        world.fake.asked("users.info").is_empty(),
        "an e-mail address is no proof unless the configuration says so"
    );
    // Somebody of the list for whom the call does not exist learns nothing of it.
    world.pressed(&world.press("U5", "C1", "Approve")).await;
    assert!(world.fake.whispers().pop().unwrap().1.contains("there is no such call, or it is not for you to see"));
    world.fake.is_content();
}

#[tokio::test]
async fn the_workspace_is_the_one_of_the_app() {
    // NOT-06
    let world = World::with(by_http(), |options| options.team = Some("T1".to_owned())).await;
    world.hold(Held::default()).await;
    world.carry(&[""]).await;
    let mut press = world.press("U1", "C1", "Approve");
    press["team"]["id"] = json!("T2");
    world.pressed(&press).await;
    assert!(world.fake.whispers()[0].1.contains("another one; nothing was done"), "{:?}", world.fake.whispers());
    assert_eq!(world.state("0193a-1").await, "pending");
}

#[tokio::test]
async fn an_address_names_a_person_only_where_that_is_wanted_and_never_a_guest() {
    // NOT-06
    let world = World::with(by_http(), |options| options.by_email = true).await;
    world.hold(Held { quorum: 3, ..Held::default() }).await;
    world.carry(&[""]).await;
    let member = |change: serde_json::Value| {
        let mut member = json!({ "id": "U7", "team_id": "T1", "is_email_confirmed": true, "profile": { "email": "Cy@Example.com" } });
        for (key, value) in change.as_object().unwrap() {
            member[key] = value.clone();
        }
        member
    };
    for wrong in [
        json!({ "team_id": "T2" }),
        json!({ "is_stranger": true }),
        json!({ "deleted": true }),
        json!({ "is_bot": true }),
        json!({ "is_restricted": true }),
        json!({ "is_ultra_restricted": true }),
        json!({ "is_email_confirmed": false }),
        json!({ "profile": {} }),
        json!({ "profile": { "email": "stranger@example.com" } }),
        json!({ "profile": "x" }),
    ] {
        world.fake.member("U7", member(wrong.clone()));
        world.pressed(&world.press("U7", "C1", "Approve")).await;
        assert!(
            world.fake.whispers().pop().unwrap().1.contains("nothing was done"),
            "{wrong}: {:?}",
            world.fake.whispers()
        );
        assert!(world.room.desk.look("0193a-1").await.unwrap().votes.is_empty(), "{wrong}");
    }
    world.fake.member("U7", member(json!({})));
    world.pressed(&world.press("U7", "C1", "Approve")).await;
    let approval = world.room.desk.look("0193a-1").await.unwrap();
    assert_eq!(
        (approval.votes[0].by.person.as_str(), approval.votes[0].by.account.as_str()),
        ("cy@example.com", "slack:T1/U7")
    );
    let now = world.room.desk.people.load().now(&approval.votes[0].by);
    assert_eq!(now.unwrap().person, "cy@example.com", "the vote counts again when the call is claimed");
    world.fake.is_content();
}

#[tokio::test]
async fn what_is_too_much_for_slack_is_refused_whatever_the_button_says() {
    // REN-07: a button that should not be there does nothing.
    let cases = [
        ("0193a-2", Held { severity: "high", ..Held::default() }, "high risk"),
        ("0193a-3", Held { evidence: json!("passkey"), ..Held::default() }, "with a passkey"),
        ("0193a-4", Held { arguments: json!({ "a": "x".repeat(9000) }), ..Held::default() }, "not all of it is shown"),
    ];
    for (id, held, why) in cases {
        let world = World::start(by_http()).await;
        world.hold(Held { id, ..held }).await;
        world.carry(&[""]).await;
        let message = world.fake.messages("C1").pop().unwrap();
        assert!(!labels(&message).contains(&"Approve".to_owned()), "{id}");
        assert!(labels(&message).contains(&"Open to decide".to_owned()), "{id}");
        let mut press = world.press("U1", "C1", "Deny");
        press["actions"][0]["action_id"] = json!("countersign.approve");
        world.pressed(&press).await;
        let (_, said) = world.fake.whispers().pop().unwrap();
        assert!(said.contains(why) && said.contains("Open the call"), "{id}: {said}");
        assert!(world.room.desk.look(id).await.unwrap().votes.is_empty(), "{id}");
        // A no lets nothing run, so it counts.
        world.pressed(&world.press("U1", "C1", "Deny")).await;
        world.pressed(&world.submit("U1", &[("Reason", "no")])).await;
        assert_eq!(world.state(id).await, "rejected", "{id}");
        world.fake.is_content();
    }
}

#[tokio::test]
async fn a_call_of_ones_own_and_one_that_changed_are_not_approved() {
    // APR-04 in this channel, and a digest that is not the call's any more.
    let world = World::start(by_http()).await;
    world.hold(Held { person: Some("bob"), ..Held::default() }).await;
    world.carry(&[""]).await;
    world.pressed(&world.press("U3", "C1", "Approve")).await;
    assert!(world.fake.whispers()[0].1.contains("it is your own call"), "{:?}", world.fake.whispers());
    let mut stale = world.press("U1", "C1", "Approve");
    let about = stale["actions"][0]["value"].as_str().unwrap().to_owned();
    let digest = format!("sha256:{}", "00".repeat(32));
    let about: serde_json::Value = serde_json::from_str(&about).unwrap();
    stale["actions"][0]["value"] = json!(json!({ "call": about["call"], "digest": digest, "revision": 1 }).to_string());
    world.pressed(&stale).await;
    assert!(world.fake.whispers()[1].1.contains("what was shown is not what waits"), "{:?}", world.fake.whispers());
    let mut unknown = world.press("U1", "C1", "Approve");
    unknown["actions"][0]["value"] =
        json!(json!({ "call": "none", "digest": about["digest"], "revision": 1 }).to_string());
    world.pressed(&unknown).await;
    assert!(world.fake.whispers()[2].1.contains("there is no such call"), "{:?}", world.fake.whispers());
    assert!(world.room.desk.look("0193a-1").await.unwrap().votes.is_empty());
    world.clock.set(at(3600));
    world.pressed(&world.press("U1", "C1", "Approve")).await;
    assert_eq!(world.state("0193a-1").await, "expired", "nothing late is in time");
    world.fake.is_content();
}

#[tokio::test]
async fn whoever_cannot_be_told_there_is_told_directly() {
    let world = World::start(by_http()).await;
    world.hold(Held { quorum: 2, ..Held::default() }).await;
    world.bring("C9", "0193a-1", countersign::channels::notice::What::Requested).await;
    world.vote("0193a-1", "ada", Word::Yes).await;
    world.pressed(&world.press("U2", "C9", "Approve")).await;
    assert!(read(&world.fake.messages("DU2")[0]["blocks"]).contains("You agreed"));
    world.fake.is_content();
}

//! Does a server that behaves serve everybody? Both eras, many callers, everything a server may say.

use std::sync::Arc;
use std::time::Duration;

use countersign::digest::canonical;
use countersign::downstream::{CommandOptions, FromServer, Inquiry, Tell};
use countersign::object;
use countersign::secret::Secret;
use countersign::wire::era::{Era, meta};
use countersign::wire::json::{Object, Value};
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;

use super::Story;
use super::world::{Session, connect, fleet_of, methods, new, old, options, server, try_connect};

/// The stories of this file.
pub(crate) const STORIES: &[Story] = &[
    ("a_legacy_client_opens_a_session_with_a_legacy_server", || Box::pin(legacy_meets_legacy())),
    ("a_modern_client_reaches_a_legacy_server", || Box::pin(modern_meets_legacy())),
    ("every_era_reaches_a_modern_server_over_one_child", || Box::pin(one_modern_child())),
    ("what_a_legacy_client_set_once_goes_with_each_of_its_requests", || Box::pin(log_level())),
    ("a_client_meets_its_own_era_at_a_server_of_both", || Box::pin(own_era())),
    ("two_clients_with_ten_thousand_colliding_requests_get_their_own_answers", || Box::pin(collisions())),
    ("progress_comes_in_order_and_before_the_answer", || Box::pin(progress())),
    ("a_cancelled_request_is_cancelled_at_the_server", || Box::pin(cancellation())),
    ("a_server_asks_its_own_client_and_only_what_it_declared", || Box::pin(questions())),
    ("a_subscription_hears_its_own_and_ends_when_the_server_says", || Box::pin(listening())),
    ("a_child_sees_what_is_configured_and_little_else", || Box::pin(surroundings())),
    ("nothing_of_a_child_outlives_its_link", || Box::pin(orphans())),
    ("a_fleet_that_shuts_down_leaves_nobody", || Box::pin(shutdown())),
];

/// The fake's JSON library sorts members; their order says nothing here.
fn assert_same(found: &Value, expected: Object) {
    assert_eq!(canonical(found), canonical(&expected.into()));
}

async fn legacy_meets_legacy() {
    let fleet = fleet_of(options("legacy"));
    let session = connect(server(&fleet), old()).await;
    assert_eq!((session.link.era(), session.link.protocol()), (Era::Legacy, "2025-06-18"));
    assert_eq!(session.link.instructions(), Some("be kind"));
    assert_eq!(session.link.info().str("name"), Some("fake"));
    assert!(session.link.capabilities().contains("tools"));
    session.link.tell(Tell::RootsChanged).await.unwrap();
    let heard = session.heard_by_server().await;
    let expected = ["initialize", "notifications/initialized", "notifications/roots/list_changed", "resources/list"];
    assert_eq!(methods(&heard), expected, "nothing but the handshake and what the client said");
    let opening = heard[0].get("params").unwrap();
    assert_same(
        opening,
        object! {
            "protocolVersion" => "2025-06-18",
            "capabilities" => old().capabilities.clone(),
            "clientInfo" => old().info.clone(),
        },
    );
}

async fn modern_meets_legacy() {
    let fleet = fleet_of(options("legacy"));
    let session = connect(server(&fleet), new()).await;
    assert_eq!((session.link.era(), session.link.protocol()), (Era::Legacy, "2025-11-25"));
    let (mut asking, _events) = session.asking();
    asking.meta = object! { meta::LOG_LEVEL => "info", "traceparent" => "00-ab-cd-01" };
    let answer = session.link.inquire(Inquiry::ListTools(None), asking).await.unwrap().unwrap();
    assert_eq!(answer.get("meta"), Some(&Value::from(object! { "traceparent" => "00-ab-cd-01" })));
    let heard = session.heard_by_server().await;
    let opening = heard.iter().find(|message| message.get("method").and_then(Value::as_str) == Some("initialize"));
    let declared = opening.unwrap().get("params").unwrap().get("capabilities").unwrap();
    assert_same(declared, new().capabilities.clone());
    // The verdict is remembered: the next child is asked the right way at once.
    let again = connect(server(&fleet), new()).await;
    assert_eq!(methods(&again.heard_by_server().await)[..2], ["initialize", "notifications/initialized"]);
}

async fn one_modern_child() {
    let fleet = fleet_of(options("modern"));
    let first = connect(server(&fleet), old()).await;
    let second = connect(server(&fleet), new()).await;
    assert_eq!((first.link.era(), second.link.era()), (Era::Modern, Era::Modern));
    assert_eq!(first.link.info().str("version"), Some("2"));
    assert_eq!(first.place().await.get("pid"), second.place().await.get("pid"), "one child for both");
    first.link.close().await;
    assert!(second.ask().await.is_ok(), "one session's end is not the others'");
}

async fn log_level() {
    let fleet = fleet_of(options("modern"));
    let first = connect(server(&fleet), old()).await;
    let second = connect(server(&fleet), new()).await;
    let (asking, _events) = first.asking();
    first.link.inquire(Inquiry::SetLevel("debug".to_owned()), asking).await.unwrap().unwrap();
    let stamped = first.ask().await.unwrap().unwrap();
    let stamped = stamped.get("meta").unwrap().as_object().unwrap();
    assert_eq!(stamped.str(meta::LOG_LEVEL), Some("debug"));
    assert_eq!(stamped.str(meta::PROTOCOL_VERSION), Some("2026-07-28"));
    assert_same(stamped.get(meta::CLIENT_INFO).unwrap(), old().info.clone());
    assert_same(stamped.get(meta::CLIENT_CAPABILITIES).unwrap(), old().capabilities.clone());
    let other = second.ask().await.unwrap().unwrap();
    assert!(other.get("meta").unwrap().get(meta::LOG_LEVEL).is_none());
}

async fn own_era() {
    let fleet = fleet_of(options("dual"));
    let modern = connect(server(&fleet), new()).await;
    let legacy = connect(server(&fleet), old()).await;
    assert_eq!((modern.link.era(), legacy.link.era()), (Era::Modern, Era::Legacy));
    assert_ne!(modern.place().await.get("pid"), legacy.place().await.get("pid"));
}

/// PRO-15. The server answers every second request before the one that came earlier.
async fn collisions() {
    let fleet = fleet_of(options("swaps"));
    let mut clients = Vec::new();
    for name in ["a", "b"] {
        let session = Arc::new(connect(server(&fleet), new()).await);
        for number in 0..10_000 {
            let session = session.clone();
            let cursor = format!("{name}{number}");
            clients.push(tokio::spawn(async move {
                let answer = session.list(&cursor).await.unwrap().unwrap();
                assert_eq!(answer.get("cursor").and_then(Value::as_str), Some(cursor.as_str()));
            }));
        }
    }
    for client in clients {
        client.await.unwrap();
    }
}

async fn progress() {
    let fleet = fleet_of(options("progress"));
    let session = connect(server(&fleet), old()).await;
    for token in [Value::from("mine"), Value::from(1_i64)] {
        let (mut asking, mut events) = session.asking();
        asking.meta = object! { "progressToken" => token.clone() };
        let answer = session.link.inquire(Inquiry::ListTools(None), asking).await.unwrap().unwrap();
        assert_ne!(answer.get("meta").unwrap().get("progressToken"), Some(&token), "the server sees our own token");
        for count in 1..=5_i64 {
            let Ok(FromServer::Notification(progress)) = events.try_recv() else { panic!("{count} is missing") };
            assert_same(&progress.params.into(), object! { "progressToken" => token.clone(), "progress" => count });
        }
        assert!(events.try_recv().is_err());
    }
}

async fn cancellation() {
    let fleet = fleet_of(options("silent"));
    let session = connect(server(&fleet), old()).await;
    let (asking, _events) = session.asking();
    let (cancelled, reason) = (asking.cancelled.clone(), asking.reason.clone());
    let link = session.link.clone();
    let waiting = tokio::spawn(async move { link.inquire(Inquiry::ListTools(None), asking).await });
    // The fake answers in order: once it lists what it heard, it has the request.
    while !methods(&session.heard_by_server().await).contains(&"tools/list") {}
    reason.set("the person pressed escape".to_owned()).unwrap();
    cancelled.cancel();
    assert_eq!(waiting.await.unwrap().unwrap_err().to_string(), "the request was cancelled");
    let heard = session.heard_by_server().await;
    let find = |method| heard.iter().find(|message| message.get("method").and_then(Value::as_str) == Some(method));
    let told = find("notifications/cancelled").unwrap().get("params").unwrap();
    assert_eq!(told.get("requestId"), find("tools/list").unwrap().get("id"));
    assert_eq!(told.get("reason").and_then(Value::as_str), Some("the person pressed escape"));
}

async fn questions() {
    let fleet = fleet_of(options("asks"));
    let Session { link, mut heard, profile } = connect(server(&fleet), old()).await;
    let answering = tokio::spawn(async move {
        let Some(FromServer::Request { request, answer }) = heard.recv().await else { panic!("no question") };
        assert_eq!(
            (request.method.as_str(), &request.params),
            ("sampling/createMessage", &object! { "maxTokens" => 3 })
        );
        answer.send(Ok(object! { "text" => "yes" }.into())).unwrap();
        heard
    });
    let (events, _rest) = tokio::sync::mpsc::channel(1);
    let asking = countersign::downstream::Asking::new(profile, events);
    let answer = link.inquire(Inquiry::ListTools(None), asking).await.unwrap().unwrap();
    let mut answers: Vec<_> =
        answer.get("answers").unwrap().as_array().unwrap().iter().map(ToString::to_string).collect();
    answers.sort();
    assert_eq!(
        answers,
        [r#"{"error":-32601,"id":"q2","result":null}"#, r#"{"error":null,"id":"q1","result":{"text":"yes"}}"#,]
    );
    assert!(answering.await.unwrap().try_recv().is_err(), "what was not declared is never asked");
}

async fn listening() {
    let fleet = fleet_of(options("ends"));
    let session = connect(server(&fleet), new()).await;
    let (asking, mut events) = session.asking();
    let filter = object! { "toolsListChanged" => true };
    assert!(session.link.inquire(Inquiry::Listen(filter), asking).await.unwrap().is_ok());
    for method in ["notifications/subscriptions/acknowledged", "notifications/tools/list_changed"] {
        let Ok(FromServer::Notification(notification)) = events.try_recv() else { panic!("{method} is missing") };
        assert_eq!(notification.method, method);
    }
}

async fn surroundings() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = options("legacy");
    // TOO-16: nothing is split, expanded or handed to a shell.
    command.args = vec!["$HOME; echo `id`".to_owned(), "two words".to_owned()];
    command.env.push(("TOKEN".to_owned(), Secret::new("hush".to_owned())));
    command.cwd = Some(folder.path().to_owned());
    assert!(!format!("{command:?}").contains("hush"));
    let fleet = fleet_of(command);
    let place = connect(server(&fleet), old()).await.place().await;
    let texts = |name: &str| -> Vec<String> {
        let list = place.get(name).unwrap().as_array().unwrap();
        list.iter().map(|text| text.as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(texts("args"), ["$HOME; echo `id`", "two words"]);
    let real = folder.path().canonicalize().unwrap();
    assert_eq!(place.get("cwd").and_then(Value::as_str), real.to_str());
    let env = texts("env");
    assert!(env.contains(&"TOKEN".to_owned()) && env.contains(&"PATH".to_owned()));
    assert!(std::env::vars().any(|(key, _)| key.starts_with("CARGO")), "there is something to keep back");
    assert!(!env.iter().any(|key| key.starts_with("CARGO")), "{env:?}");
}

/// A server with a child of its own. Both hold a connection to the story as long as they live.
async fn family() -> (CommandOptions, TcpListener) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut command = options("forks");
    let address = listener.local_addr().unwrap().to_string();
    command.env.push(("FAKE_TELL".to_owned(), Secret::new(address)));
    (command, listener)
}

/// Waits until both processes are there; then the returned future waits until both are gone.
async fn witness(listener: &TcpListener) -> impl Future<Output = ()> {
    let mut members = Vec::new();
    for _ in 0..2 {
        let (mut member, _) = listener.accept().await.unwrap();
        assert_eq!(member.read_u8().await.unwrap(), b'!');
        members.push(member);
    }
    async move {
        for mut member in members {
            // Closed or reset: either way nobody holds the other end any more.
            assert!(!matches!(member.read(&mut [0]).await, Ok(1..)));
        }
    }
}

async fn orphans() {
    let (command, listener) = family().await;
    let fleet = fleet_of(command);
    let session = connect(server(&fleet), old()).await;
    let gone = witness(&listener).await;
    drop(session);
    gone.await;
}

async fn shutdown() {
    let (command, listener) = family().await;
    let fleet = fleet_of(command);
    let session = connect(server(&fleet), old()).await;
    let gone = witness(&listener).await;
    fleet.shutdown(Duration::from_secs(1)).await;
    gone.await;
    assert!(session.link.is_closed());
    assert!(session.ask().await.is_err());
    let late = try_connect(server(&fleet), old()).await.err().unwrap().to_string();
    assert!(late.ends_with("the gateway is shutting down"), "nothing is started any more: {late}");
}

//! Does the gateway speak to remote servers as it must, and does it know what it has done when they fail?
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests stop at the first surprise")]
#![allow(missing_docs, clippy::allow_attributes, reason = "a test crate has no readers of its interface")]

#[path = "remote/faults.rs"]
mod faults;
#[path = "remote/kept.rs"]
mod kept;
#[path = "remote/named.rs"]
mod named;
#[path = "remote/server.rs"]
mod server;
#[path = "remote/streams.rs"]
mod streams;
#[path = "remote/tokens.rs"]
mod tokens;
#[path = "remote/trust.rs"]
mod trust;

use std::time::Duration;

use countersign::downstream::http::guard::Private;
use countersign::downstream::http::{Event, Exchanged, HttpFault, HttpOptions, HttpServer, Turn};
use countersign::object;
use countersign::secret::Secret;
use countersign::wire::headers::Routing;
use countersign::wire::json::{Object, Value};
use countersign::wire::message::{Id, Message, Notification, Request, Response};
use http::HeaderMap;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use server::{Say, Seen, Server};

pub(crate) fn options(url: url::Url) -> HttpOptions {
    HttpOptions {
        url,
        headers: vec![("X-Team".to_owned(), Secret::new("blue".to_owned()))],
        tls_sha256: None,
        private: Private::Refused,
        timeout: Duration::from_secs(20),
        oauth: None,
    }
}

pub(crate) fn client(url: url::Url) -> HttpServer {
    HttpServer::new("files".into(), &options(url)).unwrap()
}

pub(crate) fn call() -> Request {
    let params = object! { "name" => "read", "arguments" => object! { "path" => "/a" } };
    Request { id: Id::from(7), method: "tools/call".to_owned(), params }
}

/// Asks with nothing special, and gives what came before the answer.
pub(crate) async fn ask(client: &HttpServer) -> (Result<Exchanged, HttpFault>, Vec<Event>) {
    ask_within(client, Duration::from_secs(20)).await
}

pub(crate) async fn ask_within(client: &HttpServer, timeout: Duration) -> (Result<Exchanged, HttpFault>, Vec<Event>) {
    ask_with(client, &HeaderMap::new(), timeout).await
}

/// The same with headers of its own.
pub(crate) async fn ask_with(
    client: &HttpServer,
    headers: &HeaderMap,
    timeout: Duration,
) -> (Result<Exchanged, HttpFault>, Vec<Event>) {
    let (events, mut heard) = mpsc::channel(64);
    let (request, cancelled, routing) = (call(), CancellationToken::new(), Routing::none());
    let turn = Turn {
        session: Some("s-1"),
        protocol: Some("2025-11-25"),
        request: &request,
        routing: &routing,
        headers,
        timeout,
        cancelled: &cancelled,
    };
    let result = client.exchange(&turn, &events).await;
    let mut all = Vec::new();
    while let Ok(event) = heard.try_recv() {
        all.push(event);
    }
    (result, all)
}

pub(crate) const ANSWER: &str = r#"{"jsonrpc":"2.0","id":7,"result":{"content":[],"unknown":1.50}}"#;

pub(crate) fn result(exchanged: Result<Exchanged, HttpFault>) -> String {
    exchanged.unwrap().answer.unwrap().to_string()
}

#[tokio::test]
async fn a_call_carries_what_is_configured_and_nothing_else() {
    // IDN-03: there is no way in for a client's headers; what arrives is this list, whole.
    let server = Server::start(|_| async { Say::json(ANSWER) }).await;
    let (answer, events) = ask(&client(server.url())).await;
    assert_eq!(result(answer), r#"{"content":[],"unknown":1.50}"#);
    assert!(events.is_empty());
    let seen = &server.seen()[0];
    assert_eq!(seen.body, Message::Request(call()).to_line());
    let mut names: Vec<_> = seen.headers.keys().map(|name| name.as_str().to_owned()).collect();
    names.sort();
    let expected = [
        "accept",
        "content-length",
        "content-type",
        "host",
        "mcp-protocol-version",
        "mcp-session-id",
        "user-agent",
        "x-team",
    ];
    assert_eq!(names, expected);
    assert_eq!(seen.header("accept"), Some("application/json, text/event-stream"));
    assert_eq!(seen.header("mcp-session-id"), Some("s-1"));
    assert_eq!(seen.header("mcp-protocol-version"), Some("2025-11-25"));
    assert_eq!(seen.header("host"), Some(server.address.to_string().as_str()));
}

#[tokio::test]
async fn what_goes_with_one_request_takes_the_place_of_what_lasts() {
    // A40: a lasting secret does not travel beside the one that was made for the call, and neither does it stay.
    let server = Server::start(|_| async { Say::json(ANSWER) }).await;
    let client = client(server.url());
    let mut headers = HeaderMap::new();
    headers.insert("x-team", "made for this call".parse().unwrap());
    headers.insert("authorization", "Bearer made".parse().unwrap());
    result(ask_with(&client, &headers, Duration::from_secs(20)).await.0);
    result(ask(&client).await.0);
    let seen = server.seen();
    let said = |at: usize, name: &str| seen[at].headers.get_all(name).iter().cloned().collect::<Vec<_>>();
    assert_eq!(
        (said(0, "x-team"), said(0, "authorization")),
        (vec!["made for this call".parse().unwrap()], vec!["Bearer made".parse().unwrap()])
    );
    assert_eq!((said(1, "x-team"), said(1, "authorization")), (vec!["blue".parse().unwrap()], vec![]));
}

#[tokio::test]
async fn routing_headers_say_what_the_body_says() {
    let server = Server::start(|_| async { Say::json(ANSWER) }).await;
    let (request, cancelled) = (call(), CancellationToken::new());
    let routing = Routing::of(&request, None);
    let timeout = Duration::from_secs(20);
    let protocol = Some("2026-07-28");
    let turn = Turn {
        session: None,
        protocol,
        request: &request,
        routing: &routing,
        headers: &HeaderMap::new(),
        timeout,
        cancelled: &cancelled,
    };
    client(server.url()).exchange(&turn, &mpsc::channel(1).0).await.unwrap();
    let seen = &server.seen()[0];
    assert_eq!((seen.header("mcp-method"), seen.header("mcp-name")), (Some("tools/call"), Some("read")));
    assert_eq!(seen.header("mcp-session-id"), None);
}

#[tokio::test]
async fn a_new_session_is_reported_and_can_be_ended() {
    let server = Server::start(|seen: Seen| async move {
        if seen.method == "DELETE" {
            Say::whole(200, "text/plain", "")
        } else {
            Say::json(ANSWER).with("Mcp-Session-Id", "new")
        }
    })
    .await;
    let client = client(server.url());
    let exchanged = ask(&client).await.0.unwrap();
    assert_eq!((exchanged.session.as_deref(), exchanged.status), (Some("new"), 200));
    client.end("new", Some("2025-11-25")).await;
    let seen = &server.seen()[1];
    assert_eq!((seen.method.as_str(), seen.header("mcp-session-id")), ("DELETE", Some("new")));
}

#[tokio::test]
async fn what_expects_no_answer_is_posted() {
    let server = Server::start(|_| async { Say::whole(202, "text/plain", "") }).await;
    let client = client(server.url());
    let notification =
        Notification { method: "notifications/cancelled".to_owned(), params: object! { "requestId" => 7_i64 } };
    client.post(Some("s-1"), None, &Message::Notification(notification)).await.unwrap();
    let response = Response::to(Id::from(3), Ok(Value::Object(Object::new())));
    client.post(Some("s-1"), None, &Message::Response(response)).await.unwrap();
    let bodies: Vec<_> = server.seen().into_iter().map(|seen| seen.body).collect();
    let first = r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":7}}"#;
    assert_eq!(bodies, [first, r#"{"jsonrpc":"2.0","id":3,"result":{}}"#]);
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn connections_are_used_again() {
    let server = Server::start(|_| async { Say::json(ANSWER) }).await;
    let client = client(server.url());
    for _ in 0..20 {
        ask(&client).await.0.unwrap();
    }
    assert_eq!(server.connections(), 1);
    let all = (0..8).map(|_| ask(&client));
    for (answer, _) in futures_util::future::join_all(all).await {
        answer.unwrap();
    }
    let opened = server.connections();
    assert!((2..=8).contains(&opened), "{opened}");
    for _ in 0..20 {
        ask(&client).await.0.unwrap();
    }
    assert_eq!((server.connections(), server.seen().len()), (opened, 48));
}

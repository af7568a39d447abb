//! Faults: each has its own name, and each request leaves at most once.

use countersign::downstream::http::Effect;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::*;

fn local(listener: &TcpListener) -> url::Url {
    format!("http://{}/mcp", listener.local_addr().unwrap()).parse().unwrap()
}

/// Reads one request to the end of its body, which our calls end with two braces.
async fn read_request(stream: &mut TcpStream) -> String {
    let mut text = Vec::new();
    let mut piece = [0; 4096];
    while !text.ends_with(b"}}}") {
        let length = stream.read(&mut piece).await.unwrap();
        assert_ne!(length, 0, "the request ended early");
        text.extend_from_slice(&piece[..length]);
    }
    String::from_utf8(text).unwrap()
}

#[tokio::test]
async fn a_server_that_is_not_there_was_sent_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = local(&listener);
    drop(listener);
    let fault = ask(&client(url)).await.0.unwrap_err();
    assert!(matches!(fault, HttpFault::NotSent(_)), "{fault:?}");
    assert_eq!(fault.effect(), Effect::None);
}

#[tokio::test]
async fn a_connection_that_closes_after_the_request_leaves_the_outcome_unknown() {
    // EXE-12: the server counts; there is no second connection and no second request.
    for part in [
        "",
        "HTTP/1.1 200 OK\r\ncontent-le",
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 500\r\n\r\n{",
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = client(local(&listener));
        let serve = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            read_request(&mut stream).await;
            stream.write_all(part.as_bytes()).await.unwrap();
            drop(stream);
        };
        let ((answer, _), ()) = tokio::join!(ask(&client), serve);
        let fault = answer.unwrap_err();
        assert!(matches!(fault, HttpFault::Broken(_)), "{part:?}: {fault:?}");
        assert_eq!(fault.effect(), Effect::Unknown);
        let (again, second) = (listener.accept(), TcpStream::connect(listener.local_addr().unwrap()));
        let (again, second) = tokio::join!(again, second);
        assert_eq!(again.unwrap().1, second.unwrap().local_addr().unwrap(), "nobody connected in between");
    }
}

#[tokio::test]
async fn a_kept_connection_that_was_closed_hands_the_request_to_a_fresh_one() {
    // EXE-12: what the closed connection never carried is sent once, on the next.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = client(local(&listener));
    let reply = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{ANSWER}",
        ANSWER.len()
    );
    let mut requests = 0;
    for _ in 0..5 {
        let serve = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            read_request(&mut stream).await;
            requests += 1;
            stream.write_all(reply.as_bytes()).await.unwrap();
            stream
        };
        let ((answer, _), stream) = tokio::join!(ask(&client), serve);
        answer.unwrap();
        drop(stream);
        news(&listener).await;
    }
    assert_eq!(requests, 5);

    drop(listener);
    let fault = ask(&client).await.0.unwrap_err();
    assert!(matches!(fault, HttpFault::NotSent(_)), "{fault:?}");
}

/// A message there and back: what the network had to tell before it has been heard when it is done.
async fn news(listener: &TcpListener) {
    let (near, far) = tokio::join!(TcpStream::connect(listener.local_addr().unwrap()), listener.accept());
    let (mut near, mut far) = (near.unwrap(), far.unwrap().0);
    far.write_all(b"x").await.unwrap();
    near.read_u8().await.unwrap();
}

#[tokio::test]
async fn refusals_keep_their_status_and_what_the_server_said() {
    // EXE-12: whatever the status, one request.
    let error = r#"{"jsonrpc":"2.0","id":7,"error":{"code":-32020,"message":"no"}}"#;
    for (status, kind, body, code, text) in [
        (400, "application/json", error, Some(-32020), ""),
        (400, "application/json", r#"{"jsonrpc":"2.0","error":{"code":-32000,"message":"loose"}}"#, Some(-32000), ""),
        (403, "text/html", "<h1>No\r\n\u{1b}[31m</h1>", None, "<h1>No   [31m</h1>"),
        (408, "text/plain", "", None, ""),
        (429, "text/plain", "later", None, "later"),
        (500, "application/json", error, Some(-32020), ""),
        (503, "text/plain", "", None, ""),
    ] {
        let server = Server::start(move |_| async move { Say::whole(status, kind, body) }).await;
        let fault = ask(&client(server.url())).await.0.unwrap_err();
        let HttpFault::Refused { status: found, body, text: said } = &fault else { panic!("{fault:?}") };
        assert_eq!((*found, body.as_ref().map(|body| body.code), said.trim()), (status, code, text.trim()));
        let known = matches!(status, 400 | 403 | 429);
        assert_eq!(fault.effect(), if known { Effect::None } else { Effect::Unknown }, "{status}");
        assert_eq!(server.seen().len(), 1, "{status}");
    }
}

#[tokio::test]
async fn a_forgotten_session_has_its_own_name() {
    let server = Server::start(|_| async {
        Say::whole(
            404,
            "application/json",
            r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32001,"message":"Session not found"}}"#,
        )
    })
    .await;
    assert_eq!(ask(&client(server.url())).await.0, Err(HttpFault::SessionGone));
}

#[tokio::test]
async fn a_challenge_is_reported() {
    let server =
        Server::start(|_| async { Say::whole(401, "text/plain", "").with("WWW-Authenticate", "Bearer scope=\"a\"") })
            .await;
    let fault = ask(&client(server.url())).await.0.unwrap_err();
    let HttpFault::Unauthorised { status: 401, challenge, .. } = &fault else { panic!("{fault:?}") };
    assert_eq!((challenge.as_str(), server.seen().len()), ("Bearer scope=\"a\"", 1));
}

#[tokio::test]
async fn redirects_are_not_followed() {
    // PRO-18, SSR-05: neither elsewhere nor on the same origin, whatever the status says about the method.
    for status in [301, 302, 303, 307, 308] {
        let elsewhere = Server::start(|_| async { Say::json(ANSWER) }).await;
        let to = elsewhere.url().to_string();
        let server = Server::start(move |_| {
            let to = to.clone();
            async move { Say::whole(status, "text/plain", "").with("Location", to) }
        })
        .await;
        let fault = ask(&client(server.url())).await.0.unwrap_err();
        assert_eq!(fault, HttpFault::Redirected { status });
        assert_eq!(fault.effect(), if status < 307 { Effect::Unknown } else { Effect::None });
        assert_eq!((server.seen().len(), elsewhere.connections()), (1, 0));
    }
}

#[tokio::test]
async fn a_server_that_stays_silent_is_given_up() {
    let server = Server::start(|_| std::future::pending::<Say>()).await;
    let fault = ask_within(&client(server.url()), Duration::from_millis(200)).await.0.unwrap_err();
    assert_eq!(fault, HttpFault::TimedOut(Effect::Unknown));
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn garbage_is_called_garbage() {
    let other = r#"{"jsonrpc":"2.0","id":8,"result":{}}"#;
    let notification = r#"{"jsonrpc":"2.0","method":"notifications/progress"}"#;
    for (status, kind, body) in [
        (200, "application/json", "{"),
        (200, "application/json", ""),
        (200, "application/json", "[]"),
        (200, "application/json", other),
        (200, "application/json", notification),
        (200, "text/html", ANSWER),
        (200, "", ANSWER),
        (202, "", ""),
        (200, "text/event-stream", "data: {\n\n"),
        (200, "text/event-stream", "data: [1]\n\n"),
    ] {
        let server = Server::start(move |_| async move { Say::whole(status, kind, body) }).await;
        let fault = ask(&client(server.url())).await.0.unwrap_err();
        assert!(matches!(fault, HttpFault::Garbage(_)), "{body}: {fault:?}");
        assert_eq!((fault.effect(), server.seen().len()), (Effect::Unknown, 1));
    }
    let packed = Server::start(|_| async { Say::json(ANSWER).with("Content-Encoding", "gzip") }).await;
    assert!(matches!(ask(&client(packed.url())).await.0, Err(HttpFault::Garbage(_))));
}

#[tokio::test]
async fn an_answer_without_end_is_cut() {
    // PRO-17: as an event, and as a JSON body. The server may not get rid of much more than the limit.
    for (kind, begin) in [("text/event-stream", "data: "), ("application/json", "\"")] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = client(local(&listener));
        let serve = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            read_request(&mut stream).await;
            let head = format!("HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\n\r\n{begin}");
            stream.write_all(head.as_bytes()).await.unwrap();
            let piece = vec![b'a'; 1 << 20];
            let mut sent = 0_usize;
            while sent < 1024 && stream.write_all(&piece).await.is_ok() {
                sent += 1;
            }
            sent
        };
        let ((answer, _), mebibytes) = tokio::join!(ask(&client), serve);
        let fault = answer.unwrap_err();
        assert!(matches!(fault, HttpFault::Garbage(_)), "{fault:?}");
        assert_eq!(fault.effect(), Effect::Unknown);
        assert!((15..64).contains(&mebibytes), "{mebibytes} MiB were taken");
    }
}

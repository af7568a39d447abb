//! Streams: what comes before the answer, what breaks, what is taken up again.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Notify;

use countersign::downstream::http::Effect;

use super::*;

const PROGRESS: &str = r#"{"jsonrpc":"2.0","method":"notifications/progress","params":{"progress":1}}"#;
const QUESTION: &str = r#"{"jsonrpc":"2.0","id":"q","method":"elicitation/create","params":{"message":"?"}}"#;

fn methods(events: &[Event]) -> Vec<String> {
    let method = |event: &Event| match event {
        Event::Notification(told) => told.method.clone(),
        Event::Request(asked) => asked.method.clone(),
    };
    events.iter().map(method).collect()
}

#[tokio::test]
async fn a_stream_gives_its_messages_in_order_and_then_the_answer() {
    let server = Server::start(|_| async {
        Say::events(&format!(
            ": hello\n\nevent: message\ndata: {PROGRESS}\n\ndata: {QUESTION}\n\nevent: other\ndata: no\n\ndata:\n\ndata: {ANSWER}\n\n"
        ))
    })
    .await;
    let client = client(server.url());
    for _ in 0..3 {
        let (answer, events) = ask(&client).await;
        assert_eq!(result(answer), r#"{"content":[],"unknown":1.50}"#);
        assert_eq!(methods(&events), ["notifications/progress", "elicitation/create"]);
    }
    assert_eq!(server.connections(), 1, "a stream that ended leaves its connection");
}

#[tokio::test]
async fn the_answer_is_taken_even_where_the_stream_stays_open() {
    let (open, held) = (Arc::new(Notify::new()), Arc::new(std::sync::Mutex::new(Vec::new())));
    let (told, kept) = (Arc::clone(&open), Arc::clone(&held));
    let server = Server::start(move |_| {
        let (told, kept) = (Arc::clone(&told), Arc::clone(&kept));
        async move {
            let (send, say) = Say::stream();
            tokio::spawn(async move {
                send.send(format!("data: {ANSWER}\n\n")).await.unwrap();
                kept.lock().unwrap().push(send);
                told.notify_one();
            });
            say
        }
    })
    .await;
    let (answer, _) = ask(&client(server.url())).await;
    assert_eq!(result(answer), r#"{"content":[],"unknown":1.50}"#);
    open.notified().await;
}

#[tokio::test]
async fn a_broken_stream_is_taken_up_after_its_last_event() {
    let server = Server::start(|seen: Seen| async move {
        match seen.header("last-event-id") {
            None => Say::events(&format!("id: e1\nretry: 20\ndata:\n\nid: e2\ndata: {PROGRESS}\n\ndata: half an ev")),
            Some(_) => Say::events(&format!("id: e3\ndata: {QUESTION}\n\ndata: {ANSWER}\n\n")),
        }
    })
    .await;
    let (answer, events) = ask(&client(server.url())).await;
    assert_eq!(result(answer), r#"{"content":[],"unknown":1.50}"#);
    assert_eq!(methods(&events), ["notifications/progress", "elicitation/create"]);
    let seen = server.seen();
    // EXE-12: the call itself was sent once; the rest is asked for with a GET.
    assert_eq!(seen.iter().map(|seen| seen.method.as_str()).collect::<Vec<_>>(), ["POST", "GET"]);
    assert_eq!((seen[1].header("last-event-id"), seen[1].header("mcp-session-id")), (Some("e2"), Some("s-1")));
    assert_eq!(seen[1].header("accept"), Some("text/event-stream"));
}

#[tokio::test]
async fn a_broken_stream_that_cannot_be_taken_up_leaves_the_outcome_unknown() {
    let unnumbered = Server::start(|_| async { Say::events(&format!("data: {PROGRESS}\n\n")) }).await;
    let (answer, events) = ask(&client(unnumbered.url())).await;
    assert!(matches!(answer, Err(HttpFault::Broken(_))), "{answer:?}");
    assert_eq!((events.len(), unnumbered.seen().len()), (1, 1));

    let refusing = Server::start(|seen: Seen| async move {
        if seen.method == "GET" {
            Say::whole(405, "text/plain", "no")
        } else {
            Say::events("id: 1\nretry: 1\ndata:\n\n")
        }
    })
    .await;
    let (answer, _) = ask(&client(refusing.url())).await;
    assert!(matches!(answer, Err(HttpFault::Broken(_))), "{answer:?}");
    assert_eq!(refusing.seen().len(), 2);
}

#[tokio::test]
async fn a_modern_stream_is_never_taken_up() {
    let server = Server::start(|_| async { Say::events("id: 1\nretry: 1\ndata:\n\n") }).await;
    let (request, cancelled, routing) = (call(), CancellationToken::new(), Routing::none());
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
    let answer = client(server.url()).exchange(&turn, &mpsc::channel(1).0).await;
    assert!(matches!(answer, Err(HttpFault::Broken(_))), "{answer:?}");
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn a_cancelled_call_closes_its_connection() {
    let (arrived, closed) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (told, gone) = (Arc::clone(&arrived), Arc::clone(&closed));
    let server = Server::start(move |_| {
        let (told, gone) = (Arc::clone(&told), Arc::clone(&gone));
        async move {
            let (send, say) = Say::stream();
            tokio::spawn(async move {
                send.send(format!("data: {PROGRESS}\n\n")).await.unwrap();
                told.notify_one();
                send.closed().await;
                gone.notify_one();
            });
            say
        }
    })
    .await;
    let (client, request, cancelled, routing) =
        (client(server.url()), call(), CancellationToken::new(), Routing::none());
    let timeout = Duration::from_secs(20);
    let turn = Turn {
        session: None,
        protocol: None,
        request: &request,
        routing: &routing,
        headers: &HeaderMap::new(),
        timeout,
        cancelled: &cancelled,
    };
    let (events, mut heard) = mpsc::channel(1);
    let stop = async {
        arrived.notified().await;
        heard.recv().await.unwrap();
        cancelled.cancel();
    };
    let (answer, ()) = tokio::join!(client.exchange(&turn, &events), stop);
    assert!(matches!(answer, Err(HttpFault::Cancelled(Effect::Unknown))), "{answer:?}");
    closed.notified().await;

    let answer = client.exchange(&turn, &events).await;
    assert!(matches!(answer, Err(HttpFault::Cancelled(Effect::None))), "{answer:?}");
    assert_eq!(server.seen().len(), 1, "what is cancelled before is not sent");
}

#[tokio::test]
async fn a_legacy_servers_own_stream_is_heard_and_taken_up_again() {
    let times = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&times);
    let server = Server::start(move |_| {
        let time = counted.fetch_add(1, Ordering::SeqCst);
        async move {
            match time {
                0 => Say::events(&format!("id: a\nretry: 1\ndata: {PROGRESS}\n\n")),
                1 => Say::whole(503, "text/plain", "soon"),
                _ => Say::events(&format!("data: {QUESTION}\n\n")),
            }
        }
    })
    .await;
    let client = client(server.url());
    let (events, mut heard) = mpsc::channel(4);
    let listen = client.listen(Some("s-1"), None, &events);
    let hear = async {
        let first = heard.recv().await.unwrap();
        let second = heard.recv().await.unwrap();
        heard.close();
        while heard.recv().await.is_some() {}
        vec![first, second]
    };
    let (ended, all) = tokio::join!(listen, hear);
    assert_eq!(ended, Ok(()));
    assert_eq!(methods(&all), ["notifications/progress", "elicitation/create"]);
    let seen = server.seen();
    assert_eq!((seen[0].method.as_str(), seen[0].header("last-event-id")), ("GET", None));
    assert_eq!((seen[1].header("last-event-id"), seen[2].header("last-event-id")), (Some("a"), Some("a")));
}

#[tokio::test]
async fn a_server_without_a_stream_of_its_own_says_so() {
    let server = Server::start(|_| async { Say::whole(405, "text/plain", "POST only") }).await;
    let heard = client(server.url()).listen(None, None, &mpsc::channel(1).0).await;
    assert!(matches!(heard, Err(HttpFault::Refused { status: 405, .. })), "{heard:?}");
}

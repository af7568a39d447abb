//! Does a remote server serve its callers, once per request? Sessions, streams, and what breaks between.

use std::sync::Arc;
use std::time::Duration;

use countersign::downstream::http::{HttpOptions, guard};
use countersign::downstream::{Fleet, FromServer, Inquiry, Place, ServerOptions};
use countersign::object;
use countersign::wire::era::Era;
use countersign::wire::json::{Object, Value};

use super::Story;
use super::web::Web;
use super::world::{connect, new, old, server, try_connect};

/// The stories of this file.
pub(crate) const STORIES: &[Story] = &[
    ("a_remote_session_is_opened_used_and_ended", || Box::pin(session())),
    ("a_stream_carries_questions_and_progress_before_the_answer", || Box::pin(stream())),
    ("a_modern_client_reaches_a_legacy_remote_server", || Box::pin(fallback())),
    ("a_modern_remote_server_is_reached_by_both_eras_and_told_of_cancellation", || Box::pin(modern())),
    ("a_forgotten_session_is_opened_again_and_the_request_sent_once_more", || Box::pin(forgotten())),
    ("a_stream_that_breaks_leaves_the_outcome_unknown_and_is_never_repeated", || Box::pin(broken())),
    ("a_legacy_remote_server_hears_of_a_cancellation", || Box::pin(cancelled())),
    ("a_remote_server_that_is_not_there_says_so", || Box::pin(absent())),
];

fn fleet_at(url: url::Url) -> Arc<Fleet> {
    let timeout = Duration::from_secs(10);
    let private = guard::Private::Refused;
    let options = HttpOptions { url, headers: Vec::new(), tls_sha256: None, private, timeout, oauth: None };
    Fleet::new(vec![ServerOptions { name: "fake".into(), place: Place::Remote(options), timeout }])
}

async fn session() {
    let (web, url) = Web::start("legacy").await;
    let fleet = fleet_at(url);
    assert_eq!(server(&fleet).transport(), "http");
    let mut session = connect(server(&fleet), old()).await;
    assert_eq!((session.link.era(), session.link.protocol()), (Era::Legacy, "2025-06-18"));
    // The server's own stream.
    let Some(FromServer::Notification(changed)) = session.heard.recv().await else { panic!("nothing was heard") };
    assert_eq!(changed.method, "notifications/tools/list_changed");
    session.link.close().await;
    let seen = web.until("DELETE s1").await;
    assert_eq!(seen[..2], ["POST initialize -", "POST notifications/initialized s1"]);
}

/// A question on the request's stream, progress after its answer, then the result.
async fn stream() {
    let (web, url) = Web::start("legacy").await;
    let fleet = fleet_at(url);
    let session = connect(server(&fleet), old()).await;
    let (mut asking, mut events) = session.asking();
    asking.meta = object! { "progressToken" => "mine" };
    let answering = tokio::spawn(async move {
        let Some(FromServer::Request { request, answer }) = events.recv().await else { panic!("no question") };
        assert_eq!(request.method, "sampling/createMessage");
        answer.send(Ok(Object::new().into())).unwrap();
        events
    });
    let result = session.link.inquire(Inquiry::ListTools(None), asking).await.unwrap().unwrap();
    assert_eq!(result.get("session").and_then(Value::as_str), Some("s1"));
    let mut events = answering.await.unwrap();
    for count in 1..=3_u64 {
        let Ok(FromServer::Notification(progress)) = events.try_recv() else { panic!("{count} is missing") };
        assert_eq!(progress.params.str("progressToken"), Some("mine"));
        assert_eq!(progress.params.get("progress"), Some(&Value::from(count)));
    }
    assert_eq!(web.header("mcp-protocol-version").as_deref(), Some("2025-06-18"));
    assert_eq!(web.header("mcp-method"), None, "routing headers are modern");
}

async fn fallback() {
    let (web, url) = Web::start("forgets").await;
    let fleet = fleet_at(url);
    let first = connect(server(&fleet), new()).await;
    assert_eq!((first.link.era(), first.link.protocol()), (Era::Legacy, "2025-11-25"));
    let _second = connect(server(&fleet), new()).await;
    assert_eq!(web.count("POST server/discover -"), 1, "what was found out is remembered");
}

async fn modern() {
    let (web, url) = Web::start("modern").await;
    let fleet = fleet_at(url);
    let legacy = connect(server(&fleet), old()).await;
    assert_eq!(legacy.link.era(), Era::Modern);
    let session = connect(server(&fleet), new()).await;
    assert_eq!(session.link.protocol(), "2026-07-28");
    let (mut asking, mut events) = session.asking();
    asking.meta = object! { "progressToken" => 7_i64 };
    let (link, stop) = (session.link.clone(), asking.cancelled.clone());
    let waiting = tokio::spawn(async move { link.inquire(Inquiry::ListTools(None), asking).await });
    let Some(FromServer::Notification(progress)) = events.recv().await else { panic!("no progress") };
    assert_eq!(progress.params.get("progressToken"), Some(&Value::from(7_i64)));
    assert_eq!(web.header("mcp-method").as_deref(), Some("tools/list"));
    assert_eq!(web.header("mcp-protocol-version").as_deref(), Some("2026-07-28"));
    stop.cancel();
    assert_eq!(waiting.await.unwrap().unwrap_err().to_string(), "the request was cancelled");
    web.dropped.cancelled().await;
    assert_eq!(web.count("POST notifications/cancelled -"), 0, "the end of the stream says it");
}

async fn forgotten() {
    let (web, url) = Web::start("forgets").await;
    let fleet = fleet_at(url);
    let session = connect(server(&fleet), old()).await;
    let pinged = session.place().await;
    assert_eq!(pinged, Object::new().into());
    let (asking, mut events) = session.asking();
    let link = session.link.clone();
    let answering = tokio::spawn(async move {
        let Some(FromServer::Request { answer, .. }) = events.recv().await else { panic!("no question") };
        answer.send(Ok(Object::new().into())).unwrap();
    });
    let result = link.inquire(Inquiry::ListTools(None), asking).await.unwrap().unwrap();
    assert_eq!(result.get("session").and_then(Value::as_str), Some("s2"));
    answering.await.unwrap();
    assert_eq!((web.count("POST tools/list s1"), web.count("POST tools/list s2")), (1, 1));
    assert_eq!(web.count("POST initialize -"), 2);
}

/// EXE-12.
async fn broken() {
    let (web, url) = Web::start("breaks").await;
    let fleet = fleet_at(url);
    let session = connect(server(&fleet), old()).await;
    let why = session.ask().await.unwrap_err().to_string();
    assert!(why.contains("whether the call took effect is not known"), "{why}");
    assert_eq!(web.count("POST tools/list s1"), 1);
}

async fn cancelled() {
    let (web, url) = Web::start("hangs").await;
    let fleet = fleet_at(url);
    let session = connect(server(&fleet), old()).await;
    let (asking, _events) = session.asking();
    let (link, stop) = (session.link.clone(), asking.cancelled.clone());
    let waiting = tokio::spawn(async move { link.inquire(Inquiry::ListTools(None), asking).await });
    web.until("POST tools/list s1").await;
    stop.cancel();
    assert!(waiting.await.unwrap().is_err());
    web.until("POST notifications/cancelled s1").await;
}

async fn absent() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/mcp", listener.local_addr().unwrap()).parse().unwrap();
    drop(listener);
    let why = try_connect(server(&fleet_at(url)), old()).await.err().unwrap().to_string();
    assert!(why.starts_with("the server `fake` cannot be reached: nothing was sent: "), "{why}");
}

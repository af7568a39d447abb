//! A small HTTP server that does what a test tells it, and counts.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use futures_util::stream;
use http::{HeaderMap, Method, Response};
use http_body_util::{BodyExt, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

/// One request as it arrived.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}

/// What to answer: a head, and pieces of body as they come.
pub(crate) struct Say {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: mpsc::Receiver<String>,
}

impl Say {
    pub(crate) fn whole(status: u16, kind: &str, body: impl Into<String>) -> Self {
        let (send, receive) = mpsc::channel(1);
        send.try_send(body.into()).unwrap();
        Self { status, headers: vec![("content-type", kind.to_owned())], body: receive }
    }

    pub(crate) fn json(body: impl Into<String>) -> Self {
        Self::whole(200, "application/json", body)
    }

    /// A stream that stays open until the sender is dropped.
    pub(crate) fn stream() -> (mpsc::Sender<String>, Self) {
        let (send, receive) = mpsc::channel(1);
        (send, Self { status: 200, headers: vec![("content-type", "text/event-stream".to_owned())], body: receive })
    }

    pub(crate) fn events(text: &str) -> Self {
        Self::whole(200, "text/event-stream", text)
    }

    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

type Answering = Pin<Box<dyn Future<Output = Say> + Send>>;

/// A running server; dropping it closes everything.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    connections: Arc<AtomicUsize>,
    seen: Arc<Mutex<Vec<Seen>>>,
    _tasks: JoinSet<()>,
}

impl Server {
    pub(crate) async fn start<F, A>(answer: F) -> Self
    where
        F: Fn(Seen) -> A + Send + Sync + 'static,
        A: Future<Output = Say> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (connections, seen) = (Arc::new(AtomicUsize::new(0)), Arc::new(Mutex::new(Vec::new())));
        let answer: Arc<dyn Fn(Seen) -> Answering + Send + Sync> = Arc::new(move |seen| Box::pin(answer(seen)));
        let mut tasks = JoinSet::new();
        let (count, log) = (Arc::clone(&connections), Arc::clone(&seen));
        tasks.spawn(async move {
            let mut open = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::SeqCst);
                let (answer, log) = (Arc::clone(&answer), Arc::clone(&log));
                open.spawn(async move {
                    let service = service_fn(|request| respond(request, &answer, &log));
                    drop(http1::Builder::new().serve_connection(TokioIo::new(stream), service).await);
                });
            }
        });
        Self { address, connections, seen, _tasks: tasks }
    }

    pub(crate) fn url(&self) -> url::Url {
        format!("http://{}/mcp", self.address).parse().unwrap()
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

async fn respond(
    request: http::Request<Incoming>,
    answer: &Arc<dyn Fn(Seen) -> Answering + Send + Sync>,
    log: &Arc<Mutex<Vec<Seen>>>,
) -> Result<Response<http_body_util::combinators::BoxBody<Bytes, Infallible>>, Infallible> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    let seen = Seen {
        method: head.method,
        path: head.uri.path_and_query().map(ToString::to_string).unwrap_or_default(),
        headers: head.headers,
        body: String::from_utf8(body.to_vec()).unwrap(),
    };
    log.lock().unwrap().push(seen.clone());
    let say = answer(seen).await;
    let pieces = stream::unfold(say.body, |mut body| async move {
        let piece = body.recv().await?;
        Some((Ok::<_, Infallible>(Frame::data(Bytes::from(piece))), body))
    });
    let mut response = Response::new(BodyExt::boxed(StreamBody::new(pieces)));
    *response.status_mut() = say.status.try_into().unwrap();
    for (name, value) in say.headers {
        response.headers_mut().append(name, value.parse().unwrap());
    }
    Ok(response)
}

//! A receiver of messages: it keeps what came, answers as it is told, and can hang or be away.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::watch;

/// Something that came.
#[derive(Clone, Debug)]
pub(crate) struct Came {
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

/// What it answers.
#[derive(Clone, Debug)]
pub(crate) enum Says {
    /// This, with these headers.
    Status(u16, &'static [(&'static str, &'static str)], String),
    /// Nothing, ever.
    Nothing,
}

pub(crate) struct Receiver {
    pub(crate) url: String,
    state: Arc<Mutex<State>>,
    count: watch::Receiver<usize>,
    task: tokio::task::JoinHandle<()>,
}

struct State {
    came: Vec<Came>,
    next: VecDeque<Says>,
    then: Says,
    count: watch::Sender<usize>,
}

impl Came {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// What happened, as our own messages say it.
    pub(crate) fn kind(&self) -> String {
        self.json()["type"].as_str().unwrap().to_owned()
    }
}

impl Says {
    pub(crate) fn status(status: u16) -> Self {
        Self::Status(status, &[], String::new())
    }
}

impl Receiver {
    /// One that takes everything.
    pub(crate) async fn start() -> Self {
        let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/in?token=hush", socket.local_addr().unwrap());
        let (count, counted) = watch::channel(0);
        let state = State { came: Vec::new(), next: VecDeque::new(), then: Says::status(204), count };
        let state = Arc::new(Mutex::new(state));
        let task = tokio::spawn(serve(socket, Arc::clone(&state)));
        Self { url, state, count: counted, task }
    }

    /// What it says from now on.
    pub(crate) fn says(&self, then: Says) {
        self.state.lock().unwrap().then = then;
    }

    /// What it says to the next messages, before that.
    pub(crate) fn says_first(&self, next: impl IntoIterator<Item = Says>) {
        self.state.lock().unwrap().next.extend(next);
    }

    /// Everything that came, once there is so much.
    pub(crate) async fn came(&self, count: usize) -> Vec<Came> {
        let mut counted = self.count.clone();
        let enough = tokio::time::timeout(std::time::Duration::from_secs(30), counted.wait_for(|came| *came >= count));
        assert!(enough.await.is_ok(), "never so many as {count}: {:#?}", self.all());
        self.all()
    }

    /// Everything that came until now.
    pub(crate) fn all(&self) -> Vec<Came> {
        self.state.lock().unwrap().came.clone()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(socket: TcpListener, state: Arc<Mutex<State>>) {
    loop {
        let (stream, _) = socket.accept().await.unwrap();
        let state = Arc::clone(&state);
        tokio::spawn(async move {
            let service = service_fn(|request| answer(request, &state));
            drop(hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await);
        });
    }
}

async fn answer(request: Request<Incoming>, state: &Mutex<State>) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map(|body| body.to_bytes().to_vec()).unwrap_or_default();
    let says = {
        let mut state = state.lock().unwrap();
        state.came.push(Came { path: head.uri.to_string(), headers: head.headers, body });
        let count = state.came.len();
        state.count.send_replace(count);
        state.next.pop_front().unwrap_or_else(|| state.then.clone())
    };
    let Says::Status(status, headers, text) = says else { std::future::pending().await };
    let mut reply = Response::builder().status(status);
    for (name, value) in headers {
        reply = reply.header(*name, *value);
    }
    Ok(reply.body(Full::new(Bytes::from(text))).unwrap())
}

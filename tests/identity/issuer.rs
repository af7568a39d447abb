//! An issuer on loopback: it publishes what it is told to, counts who asks, and can go away.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

pub(crate) struct Issuer {
    pub(crate) url: String,
    state: Arc<Mutex<State>>,
    task: tokio::task::JoinHandle<()>,
}

#[derive(Default)]
struct State {
    pages: BTreeMap<String, Page>,
    asked: BTreeMap<String, usize>,
    away: bool,
}

#[derive(Clone)]
enum Page {
    Text(String),
    Moved(String),
}

impl Issuer {
    /// Starts with an `OpenID` document and these keys.
    pub(crate) async fn start(keys: &[serde_json::Value]) -> Self {
        let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", socket.local_addr().unwrap());
        let state = Arc::new(Mutex::new(State::default()));
        let task = tokio::spawn(serve(socket, Arc::clone(&state)));
        let issuer = Self { url, state, task };
        issuer.publish("/.well-known/openid-configuration", &issuer.document(&issuer.url));
        issuer.publish_keys(keys);
        issuer
    }

    pub(crate) fn document(&self, names: &str) -> String {
        serde_json::json!({ "issuer": names, "jwks_uri": format!("{}/keys", self.url) }).to_string()
    }

    pub(crate) fn publish(&self, path: &str, text: &str) {
        self.state.lock().unwrap().pages.insert(path.to_owned(), Page::Text(text.to_owned()));
    }

    pub(crate) fn publish_keys(&self, keys: &[serde_json::Value]) {
        self.publish("/keys", &serde_json::json!({ "keys": keys }).to_string());
    }

    pub(crate) fn move_page(&self, from: &str, to: &str) {
        self.state.lock().unwrap().pages.insert(from.to_owned(), Page::Moved(to.to_owned()));
    }

    pub(crate) fn withdraw(&self, path: &str) {
        self.state.lock().unwrap().pages.remove(path);
    }

    pub(crate) fn go_away(&self, away: bool) {
        self.state.lock().unwrap().away = away;
    }

    pub(crate) fn asked(&self, path: &str) -> usize {
        self.state.lock().unwrap().asked.get(path).copied().unwrap_or(0)
    }
}

impl Drop for Issuer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(socket: TcpListener, state: Arc<Mutex<State>>) {
    loop {
        let (stream, _) = socket.accept().await.unwrap();
        let state = Arc::clone(&state);
        tokio::spawn(async move {
            let service = service_fn(|request| {
                let reply = answer(&request, &state);
                async move { Ok::<_, Infallible>(reply) }
            });
            drop(hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await);
        });
    }
}

fn answer(request: &Request<Incoming>, state: &Mutex<State>) -> Response<String> {
    let mut state = state.lock().unwrap();
    let path = request.uri().path().to_owned();
    let count = state.asked.entry(path.clone()).or_default();
    *count = count.saturating_add(1);
    let (status, location, body) = match state.pages.get(&path).cloned() {
        _ if state.away => (StatusCode::SERVICE_UNAVAILABLE, None, String::new()),
        None => (StatusCode::NOT_FOUND, None, String::new()),
        Some(Page::Moved(to)) => (StatusCode::FOUND, Some(to), String::new()),
        Some(Page::Text(text)) => (StatusCode::OK, None, text),
    };
    let mut reply = Response::new(body);
    *reply.status_mut() = status;
    if let Some(location) = location {
        reply.headers_mut().insert(http::header::LOCATION, location.parse().unwrap());
    }
    reply
}

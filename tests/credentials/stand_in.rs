//! Somebody who is asked for credentials: keeps what came, and answers as it is told.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};

use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpListener;

/// Something that came.
#[derive(Clone, Debug)]
pub(crate) struct Came {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

/// What it answers.
#[derive(Clone, Debug)]
pub(crate) enum Says {
    /// This.
    Status(u16, String),
    /// It takes the request and hangs up.
    HangsUp,
    /// Nothing, ever.
    Nothing,
}

pub(crate) struct StandIn {
    pub(crate) url: String,
    state: Arc<Mutex<State>>,
    task: tokio::task::JoinHandle<()>,
}

#[derive(Default)]
struct State {
    came: Vec<Came>,
    next: VecDeque<Says>,
}

impl Came {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn form(&self) -> BTreeMap<String, String> {
        let fields: Vec<(String, String)> = url::form_urlencoded::parse(&self.body).into_owned().collect();
        let form: BTreeMap<String, String> = fields.iter().cloned().collect();
        assert_eq!(form.len(), fields.len(), "a field came twice: {fields:?}");
        form
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

impl Says {
    pub(crate) fn json(status: u16, value: &Value) -> Self {
        Self::Status(status, value.to_string())
    }
}

impl StandIn {
    /// One that says these things, one after another, and fails with 500 after that.
    pub(crate) async fn start(says: impl IntoIterator<Item = Says>) -> Self {
        let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", socket.local_addr().unwrap());
        let state = Arc::new(Mutex::new(State { came: Vec::new(), next: says.into_iter().collect() }));
        let task = tokio::spawn(serve(socket, Arc::clone(&state)));
        Self { url, state, task }
    }

    /// What it says after everything else.
    pub(crate) fn says(&self, says: Says) {
        self.state.lock().unwrap().next.push_back(says);
    }

    /// Everything that came until now. Whoever asks was answered, so nothing is on its way.
    pub(crate) fn came(&self) -> Vec<Came> {
        self.state.lock().unwrap().came.clone()
    }

    /// An address on which nobody listens.
    pub(crate) async fn nobody() -> String {
        let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
        format!("http://{}", socket.local_addr().unwrap())
    }
}

impl Drop for StandIn {
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

async fn answer(request: Request<Incoming>, state: &Mutex<State>) -> Result<Response<Full<Bytes>>, std::io::Error> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map(|body| body.to_bytes().to_vec()).unwrap_or_default();
    let says = {
        let mut state = state.lock().unwrap();
        let (method, path) = (head.method.to_string(), head.uri.to_string());
        state.came.push(Came { method, path, headers: head.headers, body });
        state.next.pop_front().unwrap_or(Says::Status(500, String::new()))
    };
    match says {
        Says::Status(status, text) => {
            Ok(Response::builder().status(status).body(Full::new(Bytes::from(text))).unwrap())
        }
        Says::HangsUp => Err(std::io::Error::other("it hangs up")),
        Says::Nothing => std::future::pending().await,
    }
}

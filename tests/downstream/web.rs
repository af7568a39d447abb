//! What can a remote server do, well or badly? A server of many parts behind a URL.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, Response, StatusCode};
use futures_util::{StreamExt, stream};
use serde_json::{Value, json};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

/// A running server and what it saw.
#[derive(Clone)]
pub(crate) struct Web {
    part: &'static str,
    /// `POST tools/list s1`, in order: verb, method, session.
    seen: Arc<watch::Sender<Vec<String>>>,
    last: Arc<Mutex<HeaderMap>>,
    sessions: Arc<Mutex<u32>>,
    /// Cancelled when a stream that was being answered is dropped by the client.
    pub(crate) dropped: CancellationToken,
    answers: mpsc::Sender<Value>,
    answered: Arc<tokio::sync::Mutex<mpsc::Receiver<Value>>>,
}

impl Web {
    /// Starts a server that plays this part; gives its URL.
    pub(crate) async fn start(part: &'static str) -> (Self, url::Url) {
        let (answers, answered) = mpsc::channel(8);
        let web = Self {
            part,
            seen: Arc::new(watch::Sender::new(Vec::new())),
            last: Arc::default(),
            sessions: Arc::default(),
            dropped: CancellationToken::new(),
            answers,
            answered: Arc::new(tokio::sync::Mutex::new(answered)),
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/mcp", listener.local_addr().unwrap()).parse().unwrap();
        let router = Router::new().route("/mcp", axum::routing::any(serve)).with_state(web.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        (web, url)
    }

    /// What was seen, once this was.
    pub(crate) async fn until(&self, what: &str) -> Vec<String> {
        let mut seen = self.seen.subscribe();
        seen.wait_for(|seen| seen.iter().any(|line| line == what)).await.unwrap().clone()
    }

    /// How often this was seen.
    pub(crate) fn count(&self, what: &str) -> usize {
        self.seen.borrow().iter().filter(|line| *line == what).count()
    }

    /// A header of the last `tools/list`.
    pub(crate) fn header(&self, name: &str) -> Option<String> {
        self.last.lock().unwrap().get(name).map(|value| value.to_str().unwrap().to_owned())
    }
}

async fn serve(State(web): State<Web>, verb: Method, headers: HeaderMap, body: Bytes) -> Response<Body> {
    let message: Value = serde_json::from_slice(&body).unwrap_or_default();
    let method = message["method"].as_str().unwrap_or("(answer)").to_owned();
    let session = headers.get("mcp-session-id").map_or("-", |value| value.to_str().unwrap()).to_owned();
    if method == "tools/list" {
        headers.clone_into(&mut web.last.lock().unwrap());
    }
    let seen = if verb == Method::POST { format!("POST {method} {session}") } else { format!("{verb} {session}") };
    let reply = web.reply(&verb, &method, &session, message).await;
    web.seen.send_modify(|all| all.push(seen));
    reply
}

fn plain(status: StatusCode) -> Response<Body> {
    Response::builder().status(status).body(Body::empty()).unwrap()
}

fn answer(id: &Value, result: &Value) -> Response<Body> {
    let body = json!({ "jsonrpc": "2.0", "id": id, "result": result }).to_string();
    Response::builder().header("content-type", "application/json").body(body.into()).unwrap()
}

fn event(message: &Value) -> String {
    format!("data: {message}\n\n")
}

fn events(body: Body) -> Response<Body> {
    Response::builder().header("content-type", "text/event-stream").body(body).unwrap()
}

fn notification(method: &str, params: &Value) -> String {
    event(&json!({ "jsonrpc": "2.0", "method": method, "params": params }))
}

/// Tells when it is dropped.
struct Dropped(CancellationToken);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

impl Web {
    async fn reply(&self, verb: &Method, method: &str, session: &str, message: Value) -> Response<Body> {
        let id = &message["id"];
        if *verb == Method::GET {
            if self.part != "legacy" {
                return plain(StatusCode::METHOD_NOT_ALLOWED);
            }
            let hello = notification("notifications/tools/list_changed", &json!({}));
            let open = stream::iter([Ok::<_, std::convert::Infallible>(hello)]).chain(stream::pending());
            return events(Body::from_stream(open));
        }
        match method {
            "(answer)" if *verb == Method::POST => {
                self.answers.send(message).await.unwrap();
                plain(StatusCode::ACCEPTED)
            }
            "server/discover" if self.part != "modern" => plain(StatusCode::BAD_REQUEST),
            "server/discover" => answer(
                id,
                &json!({ "resultType": "complete", "supportedVersions": ["2026-07-28"],
                    "capabilities": { "tools": {} } }),
            ),
            "initialize" if self.part == "modern" => plain(StatusCode::BAD_REQUEST),
            "initialize" => {
                let number = {
                    let mut sessions = self.sessions.lock().unwrap();
                    *sessions = sessions.checked_add(1).unwrap();
                    *sessions
                };
                let mut reply = answer(
                    id,
                    &json!({ "protocolVersion": message["params"]["protocolVersion"], "capabilities": {},
                        "serverInfo": { "name": "web", "version": "1" } }),
                );
                reply.headers_mut().insert("mcp-session-id", format!("s{number}").parse().unwrap());
                reply
            }
            "tools/list" => self.main_part(id, session, &message["params"]),
            _ if id.is_null() => plain(StatusCode::ACCEPTED),
            _ => answer(id, &json!({})),
        }
    }

    fn main_part(&self, id: &Value, session: &str, params: &Value) -> Response<Body> {
        let token = &params["_meta"]["progressToken"];
        let last = event(&json!({ "jsonrpc": "2.0", "id": id, "result": { "tools": [], "session": session } }));
        match self.part {
            "forgets" if session == "s1" => plain(StatusCode::NOT_FOUND),
            "hangs" | "modern" => {
                let guard = Dropped(self.dropped.clone());
                let first = notification("notifications/progress", &json!({ "progressToken": token, "progress": 1 }));
                let open = stream::iter([Ok::<_, std::convert::Infallible>(first)]).chain(stream::pending());
                events(Body::from_stream(open.inspect(move |_| {
                    let _held = &guard;
                })))
            }
            "breaks" => events(Body::from(notification("notifications/message", &json!({ "level": "info" })))),
            _ => {
                let question = event(&json!({ "jsonrpc": "2.0", "id": "q", "method": "sampling/createMessage" }));
                let progress: Vec<_> = (1..=3)
                    .map(|count| {
                        notification("notifications/progress", &json!({ "progressToken": token, "progress": count }))
                    })
                    .collect();
                let answered = self.answered.clone();
                let rest = stream::once(async move {
                    answered.lock().await.recv().await.unwrap();
                    [progress.concat(), last].concat()
                });
                let all = stream::once(async { question }).chain(rest);
                events(Body::from_stream(all.map(Ok::<_, std::convert::Infallible>)))
            }
        }
    }
}

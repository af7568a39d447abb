//! A Slack on loopback. It keeps messages as a real one does, refuses what is not in the documented form, and can be told to
//! be slow, busy or away. Its Socket Mode sends what a test gives it and waits for the answer.

use std::collections::{BTreeMap, VecDeque};
use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use futures_util::{SinkExt as _, StreamExt as _};
use http::{HeaderMap, Request, Response, StatusCode, header};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, mpsc};
use tokio_tungstenite::accept_hdr_async;
use tokio_tungstenite::tungstenite::Message as Frame;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request as Asked, Response as Answered};

use crate::rules;

pub(crate) const BOT: &str = "xoxb-1-93kd02ks8ah2";
pub(crate) const APP: &str = "xapp-1-93kd02ks8ah2";

/// A status, when to come again, and a body.
pub(crate) type Scripted = (u16, Option<&'static str>, Value);

/// One that runs until it is dropped.
#[derive(Clone)]
pub(crate) struct Fake(Arc<Inner>);

struct Inner {
    url: String,
    sockets: String,
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Default)]
struct State {
    /// Every request that was taken or not: the method and its arguments.
    asked: Vec<(String, Value)>,
    /// What is wrong with what was asked.
    wrong: Vec<String>,
    /// Messages by channel and time.
    messages: BTreeMap<(String, String), Value>,
    /// Answers that are given before anything else, by method.
    script: BTreeMap<String, VecDeque<Scripted>>,
    members: BTreeMap<String, Value>,
    triggers: Vec<String>,
    tickets: Vec<String>,
    lines: Vec<mpsc::UnboundedSender<Value>>,
    open: usize,
    opened: usize,
    /// Methods whose next answer waits.
    gates: BTreeMap<String, Arc<Notify>>,
    /// What came back over Socket Mode.
    heard: Vec<Value>,
    count: u64,
}

impl Fake {
    pub(crate) async fn start() -> Self {
        let http = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let sockets = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let inner = Inner {
            url: format!("http://{}/api/", http.local_addr().unwrap()),
            sockets: format!("ws://{}/link", sockets.local_addr().unwrap()),
            state: Mutex::default(),
            changed: Notify::new(),
        };
        let fake = Self(Arc::new(inner));
        tokio::spawn(fake.clone().serve(http));
        tokio::spawn(fake.clone().link(sockets));
        fake
    }

    pub(crate) fn url(&self) -> url::Url {
        self.0.url.parse().unwrap()
    }

    fn with<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let done = change(&mut self.0.state.lock().unwrap());
        self.0.changed.notify_waiters();
        done
    }

    /// Waits until there is something.
    pub(crate) async fn until<T>(&self, what: &str, look: impl Fn(&Self) -> Option<T>) -> T {
        let wait = async {
            loop {
                let changed = self.0.changed.notified();
                tokio::pin!(changed);
                changed.as_mut().enable();
                if let Some(found) = look(self) {
                    return found;
                }
                changed.await;
            }
        };
        let waited = tokio::time::timeout(std::time::Duration::from_secs(30), wait).await;
        waited.unwrap_or_else(|_| panic!("{what} never came: {:?}", self.asked("")))
    }

    /// The next answers of a method.
    pub(crate) fn script(&self, method: &str, answers: &[Scripted]) {
        self.with(|state| state.script.entry(method.to_owned()).or_default().extend(answers.iter().cloned()));
    }

    /// Has the next answer of a method wait until it is let go.
    pub(crate) fn hold(&self, method: &str) -> Arc<Notify> {
        let gate = Arc::new(Notify::new());
        self.with(|state| drop(state.gates.insert(method.to_owned(), Arc::clone(&gate))));
        gate
    }

    /// Whether somebody waits for it.
    pub(crate) fn holds(&self, method: &str) -> bool {
        !self.0.state.lock().unwrap().gates.contains_key(method)
    }

    /// Every method that was asked, in order.
    pub(crate) fn order(&self) -> Vec<String> {
        self.0.state.lock().unwrap().asked.iter().map(|(method, _)| method.clone()).collect()
    }

    pub(crate) fn member(&self, id: &str, member: Value) {
        self.with(|state| drop(state.members.insert(id.to_owned(), member)));
    }

    /// Lets a window be opened once.
    pub(crate) fn trigger(&self, id: &str) {
        self.with(|state| state.triggers.push(id.to_owned()));
    }

    /// What was asked of this method, or of all.
    pub(crate) fn asked(&self, method: &str) -> Vec<Value> {
        let of = |(name, arguments): &(String, Value)| (method.is_empty() || name == method).then(|| arguments.clone());
        self.0.state.lock().unwrap().asked.iter().filter_map(of).collect()
    }

    /// The window that was shown last.
    pub(crate) fn window(&self) -> Value {
        let state = self.0.state.lock().unwrap();
        let shown = state.asked.iter().rev().find(|(method, _)| method.starts_with("views."));
        shown.unwrap().1["view"].clone()
    }

    /// The messages that stand in a channel, the oldest first.
    pub(crate) fn messages(&self, channel: &str) -> Vec<Value> {
        let state = self.0.state.lock().unwrap();
        state.messages.iter().filter(|((known, _), _)| known == channel).map(|(_, message)| message.clone()).collect()
    }

    /// Where they stand.
    pub(crate) fn stands(&self, channel: &str) -> Vec<String> {
        let state = self.0.state.lock().unwrap();
        state.messages.keys().filter(|(known, _)| known == channel).map(|(_, ts)| ts.clone()).collect()
    }

    pub(crate) fn remove(&self, channel: &str) {
        self.with(|state| state.messages.retain(|(known, _), _| known != channel));
    }

    /// What it was told in private: to whom, and what.
    pub(crate) fn whispers(&self) -> Vec<(String, String)> {
        let told = |told: Value| (told["user"].as_str().unwrap().to_owned(), crate::reading::read(&told["blocks"]));
        self.asked("chat.postEphemeral").into_iter().map(told).collect()
    }

    /// Sends an envelope over the newest connection.
    pub(crate) fn push(&self, envelope: &Value) {
        self.with(|state| {
            state.lines.iter().rev().any(|line| line.send(envelope.clone()).is_ok()).then_some(()).unwrap();
        });
    }

    pub(crate) fn heard(&self) -> Vec<Value> {
        self.0.state.lock().unwrap().heard.clone()
    }

    /// Connections that stand, and those there ever were.
    pub(crate) fn connections(&self) -> (usize, usize) {
        let state = self.0.state.lock().unwrap();
        (state.open, state.opened)
    }

    /// Nothing that was asked was in another form than the documented one.
    pub(crate) fn is_content(&self) {
        let wrong = &self.0.state.lock().unwrap().wrong;
        assert!(wrong.is_empty(), "{wrong:#?}");
    }

    async fn serve(self, socket: TcpListener) {
        loop {
            let (stream, _) = socket.accept().await.unwrap();
            let fake = self.clone();
            tokio::spawn(async move {
                let service = service_fn(|request: Request<Incoming>| async {
                    let (head, body) = request.into_parts();
                    let body = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
                    let method = head.uri.path().strip_prefix("/api/").unwrap_or_default().to_owned();
                    let gate = fake.with(|state| state.gates.remove(&method));
                    if let Some(gate) = gate {
                        gate.notified().await;
                    }
                    Ok::<_, Infallible>(fake.with(|state| state.answer(&method, &head.headers, &body, &fake.0.sockets)))
                });
                drop(hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await);
            });
        }
    }

    async fn link(self, socket: TcpListener) {
        loop {
            let (stream, _) = socket.accept().await.unwrap();
            tokio::spawn(self.clone().line(stream));
        }
    }

    async fn line(self, stream: TcpStream) {
        let fake = self.clone();
        // Each address is good for one connection.
        #[expect(clippy::result_large_err, reason = "the form the handshake asks for")]
        let callback = move |asked: &Asked, answered: Answered| -> Result<Answered, ErrorResponse> {
            let ticket = asked.uri().query().unwrap_or_default().to_owned();
            let known = fake.with(|state| {
                let at = state.tickets.iter().position(|known| *known == ticket);
                at.map(|at| state.tickets.remove(at)).is_some()
            });
            if known { Ok(answered) } else { Err(Response::builder().status(403).body(None).unwrap()) }
        };
        let Ok(mut socket) = accept_hdr_async(stream, callback).await else { return };
        let (sender, mut envelopes) = mpsc::unbounded_channel();
        self.with(|state| {
            state.lines.push(sender);
            state.open += 1;
        });
        drop(socket.send(Frame::text(json!({ "type": "hello", "num_connections": 1 }).to_string())).await);
        self.with(|state| state.opened += 1);
        loop {
            tokio::select! {
                envelope = envelopes.recv() => {
                    let Some(envelope) = envelope else { break };
                    if envelope == "drop" {
                        break;
                    }
                    drop(socket.send(Frame::text(envelope.to_string())).await);
                }
                frame = socket.next() => match frame {
                    Some(Ok(Frame::Text(text))) => {
                        let answer = serde_json::from_str(&text).unwrap();
                        self.with(|state| state.heard.push(answer));
                    }
                    Some(Ok(Frame::Close(_)) | Err(_)) | None => break,
                    Some(Ok(_)) => {}
                },
            }
        }
        self.with(|state| state.open -= 1);
    }
}

impl State {
    fn answer(&mut self, method: &str, headers: &HeaderMap, body: &[u8], sockets: &str) -> Response<String> {
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let form = matches!(method, "users.info" | "auth.test" | "apps.connections.open");
        let kind = if form { "application/x-www-form-urlencoded" } else { "application/json; charset=utf-8" };
        let token = if method == "apps.connections.open" { APP } else { BOT };
        let arguments: Value = if form {
            let pairs = url::form_urlencoded::parse(body);
            pairs
                .map(|(key, value)| (key.into_owned(), Value::from(value.into_owned())))
                .collect::<serde_json::Map<_, _>>()
                .into()
        } else {
            serde_json::from_slice(body).unwrap_or_default()
        };
        self.asked.push((method.to_owned(), arguments.clone()));
        if let Some((status, after, answer)) = self.script.get_mut(method).and_then(VecDeque::pop_front) {
            let reply = Response::builder().status(status);
            let reply = after.into_iter().fold(reply, |reply, after| reply.header(header::RETRY_AFTER, after));
            return reply.body(answer.to_string()).unwrap();
        }
        let said = if text(header::AUTHORIZATION) != format!("Bearer {token}") {
            Err("invalid_auth")
        } else if text(header::CONTENT_TYPE) != kind {
            self.wrong.push(format!("{method} came as {}", text(header::CONTENT_TYPE)));
            Err("invalid_post_type")
        } else if let Some(why) = (!form).then(|| rules::check(method, &arguments).err()).flatten() {
            self.wrong.push(format!("{method}: {why}: {arguments}"));
            Err("invalid_blocks")
        } else {
            self.carry(method, &arguments, sockets)
        };
        let answer = match said {
            Ok(mut answer) => {
                answer["ok"] = json!(true);
                answer
            }
            Err(code) => json!({ "ok": false, "error": code }),
        };
        Response::builder().status(StatusCode::OK).body(answer.to_string()).unwrap()
    }

    fn carry(&mut self, method: &str, arguments: &Value, sockets: &str) -> Result<Value, &'static str> {
        self.count += 1;
        let text = |key: &str| arguments[key].as_str().unwrap_or_default().to_owned();
        // A message to a person stands in a channel of the two.
        let channel = match text("channel") {
            person if person.starts_with('U') => format!("D{person}"),
            name if name == "#approvals" => "C1".to_owned(),
            id => id,
        };
        match method {
            "chat.postMessage" if !channel.starts_with(['C', 'D']) => Err("channel_not_found"),
            "chat.postMessage" => {
                let ts = format!("1700000000.{:06}", self.count);
                let thread = arguments.get("thread_ts").and_then(Value::as_str).map(|ts| format!("{channel}/{ts}"));
                self.messages.insert((thread.unwrap_or_else(|| channel.clone()), ts.clone()), arguments.clone());
                Ok(json!({ "channel": channel, "ts": ts }))
            }
            "chat.update" => {
                let message = self.messages.get_mut(&(channel, text("ts"))).ok_or("message_not_found")?;
                *message = arguments.clone();
                Ok(json!({}))
            }
            "chat.postEphemeral" if channel.starts_with("C9") => Err("not_in_channel"),
            "chat.postEphemeral" => Ok(json!({ "message_ts": "1700000000.000001" })),
            "views.open" => {
                let trigger = text("trigger_id");
                let at = self.triggers.iter().position(|known| *known == trigger).ok_or("expired_trigger_id")?;
                self.triggers.remove(at);
                Ok(json!({ "view": { "id": format!("V{}", self.count), "hash": "h" } }))
            }
            "views.update" => Ok(json!({ "view": {} })),
            "users.info" => self.members.get(&text("user")).map(|user| json!({ "user": user })).ok_or("user_not_found"),
            "auth.test" => Ok(json!({ "team_id": "T1", "user_id": "UBOT" })),
            "apps.connections.open" => {
                let ticket = format!("ticket={}", self.count);
                self.tickets.push(ticket.clone());
                Ok(json!({ "url": format!("{sockets}?{ticket}") }))
            }
            _ => Err("unknown_method"),
        }
    }
}

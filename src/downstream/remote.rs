//! How does one session speak with a remote server? Requests over HTTP, and what the server says meanwhile.
//!
//! The transport (`http`) knows nothing of callers; here a request gets its own id and progress token, its patience and
//! its cancellation, and a forgotten session is opened again. A request the server refused because it had forgotten
//! the session was not carried out, so it is sent once more; nothing else is ever sent twice.

mod ear;
mod opening;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use http::HeaderMap;
use tokio::sync::{Mutex, mpsc};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::asking::{Asking, Broken, ClientProfile, Reply};
use super::handshake::{self, Hello};
use super::http::{Effect, Event, HttpFault, Turn};
use super::link::{Order, Purpose};
use super::sink::Sink;
use crate::catalogue::tool::Tool;
use crate::object;
use crate::wire::era::Era;
use crate::wire::headers::{Annotations, Routing};
use crate::wire::json::{Number, Value};
use crate::wire::message::{Answer, Message, Notification, Request, code};
use ear::{Ear, Heard};

/// One session with a remote server; for a modern server, which has none, one client's way to it.
#[derive(Debug)]
pub(super) struct Remote {
    ear: Arc<Ear>,
    hello: Hello,
    profile: Arc<ClientProfile>,
    next: AtomicU64,
    reopening: Mutex<()>,
    ended: CancellationToken,
}

impl Remote {
    /// What the server said of itself.
    pub(super) const fn hello(&self) -> &Hello {
        &self.hello
    }

    /// Whether the session was ended by us.
    pub(super) fn is_gone(&self) -> bool {
        self.ended.is_cancelled()
    }

    /// Asks the server and waits for its answer, the caller's loss of interest, or too long a silence.
    pub(super) async fn call(&self, mut order: Order<'_>, asking: &Asking) -> Reply {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let token = order.params.get_mut("_meta").and_then(Value::as_object_mut).and_then(|meta| {
            let theirs = meta.get("progressToken").cloned()?;
            meta.insert("progressToken", id);
            Some(theirs)
        });
        let request = Request { id: id.into(), method: order.method.to_owned(), params: order.params };
        let routing = match self.hello.era {
            Era::Modern => Routing::of(&request, order.tool.and_then(annotations).as_ref()),
            Era::Legacy => Routing::none(),
        };
        let outgoing = Outgoing {
            id,
            request: &request,
            routing: &routing,
            headers: &order.headers,
            token,
            purpose: order.purpose,
        };
        let session = self.ear.session();
        match self.exchange(&outgoing, session.as_deref(), asking).await {
            Err(Lost::Fault(fault)) if session.is_some() && is_forgotten(&fault) => {
                if let Err(why) = self.reopen(session).await {
                    return Reply::NotSent(format!("{why}; nothing was sent"));
                }
                let session = self.ear.session();
                into_reply(self.exchange(&outgoing, session.as_deref(), asking).await)
            }
            done => into_reply(done),
        }
    }

    async fn exchange(&self, outgoing: &Outgoing<'_>, session: Option<&str>, asking: &Asking) -> Result<Answer, Lost> {
        let patience = asking.timeout;
        let (said, mut hears) = mpsc::channel(16);
        let mut guard = Guard { remote: self, id: outgoing.id, purpose: outgoing.purpose, over: Over::No };
        let stop = CancellationToken::new();
        let turn = Turn {
            session,
            protocol: Some(&self.hello.protocol),
            request: outgoing.request,
            routing: outgoing.routing,
            headers: outgoing.headers,
            timeout: patience.saturating_mul(Asking::STRETCH),
            cancelled: &stop,
        };
        let sink = Arc::new(Sink::new(asking.events.clone()));
        let work = self.ear.http.exchange(&turn, &said);
        tokio::pin!(work);
        let mut deadline = after(patience);
        let mut given_up = None;
        loop {
            tokio::select! {
                biased;
                () = asking.cancelled.cancelled(), if given_up.is_none() => {
                    given_up = Some(GivenUp::ByCaller);
                    guard.tell(asking.reason.get().map(String::as_str));
                    stop.cancel();
                }
                () = tokio::time::sleep_until(deadline), if given_up.is_none() => {
                    given_up = Some(GivenUp::BySilence(patience));
                    guard.tell(Some("the gateway waited long enough"));
                    stop.cancel();
                }
                Some(event) = hears.recv() => {
                    if self.hear(outgoing, event, &sink).await == Heard::Progress {
                        deadline = after(patience);
                    }
                }
                done = &mut work => {
                    guard.over = Over::Yes;
                    while let Ok(event) = hears.try_recv() {
                        self.hear(outgoing, event, &sink).await;
                    }
                    return match (done, given_up) {
                        (Ok(exchanged), _) => Ok(exchanged.answer),
                        (Err(fault), None) => Err(Lost::Fault(fault)),
                        (Err(fault), Some(given_up)) => Err(Lost::GivenUp(given_up, fault.effect())),
                    };
                }
            }
        }
    }

    /// Passes on what came before the answer, with the caller's own progress token in its place.
    async fn hear(&self, outgoing: &Outgoing<'_>, event: Event, sink: &Arc<Sink>) -> Heard {
        match event {
            Event::Notification(mut notification) if notification.method == "notifications/progress" => {
                let ours = notification.params.get("progressToken").and_then(Value::as_number);
                let matches = ours.and_then(Number::as_u64) == Some(outgoing.id);
                if let (true, Some(token)) = (matches, outgoing.token.clone()) {
                    notification.params.insert("progressToken", token);
                    self.ear.notify(*notification, sink).await;
                }
                Heard::Progress
            }
            Event::Notification(notification) => {
                self.ear.notify(*notification, sink).await;
                Heard::Other
            }
            Event::Request(request) => {
                self.ear.question(*request, sink).await;
                Heard::Other
            }
        }
    }

    /// Tells the server something that has no answer.
    pub(super) async fn notify(&self, notification: Notification) -> Result<(), Broken> {
        let posted = self.ear.post(&Message::Notification(notification)).await;
        posted.map_err(|fault| match fault.effect() {
            Effect::None => Broken::NotSent(fault.to_string()),
            Effect::Unknown => Broken::NoAnswer(fault.to_string()),
        })
    }

    /// Opens the session again, unless another request already did.
    async fn reopen(&self, forgotten: Option<Arc<str>>) -> Result<(), String> {
        let one_at_a_time = self.reopening.lock().await;
        if self.ear.session() != forgotten {
            return Ok(());
        }
        let opened = opening::initialize(&self.ear.http, &self.profile).await;
        let (_, session) = opened.map_err(|refusal| refusal.in_words())?;
        self.ear.set_session(session.map(Into::into));
        self.begin().await?;
        drop(one_at_a_time);
        Ok(())
    }

    /// The end of a legacy handshake; from here on the server may speak on its own.
    async fn begin(&self) -> Result<(), String> {
        let posted = self.ear.post(&Message::Notification(handshake::initialized())).await;
        posted.map_err(|fault| fault.to_string())?;
        tokio::spawn(ear::listen(self.ear.clone(), self.ended.clone()));
        Ok(())
    }

    /// Ends the session.
    pub(super) async fn close(&self) {
        self.ended.cancel();
        self.ear.end().await;
    }
}

impl Drop for Remote {
    fn drop(&mut self) {
        self.ended.cancel();
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let ear = self.ear.clone();
            runtime.spawn(async move { ear.end().await });
        }
    }
}

/// One request on its way.
struct Outgoing<'a> {
    id: u64,
    request: &'a Request,
    routing: &'a Routing,
    headers: &'a HeaderMap,
    /// The caller's own progress token.
    token: Option<Value>,
    purpose: Purpose,
}

enum Lost {
    Fault(HttpFault),
    GivenUp(GivenUp, Effect),
}

enum GivenUp {
    ByCaller,
    BySilence(Duration),
}

/// Tells a legacy server that nobody waits any more, also when the caller just goes away. A modern one sees it by the
/// end of the connection.
struct Guard<'a> {
    remote: &'a Remote,
    id: u64,
    purpose: Purpose,
    over: Over,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Over {
    No,
    Yes,
}

impl Guard<'_> {
    fn tell(&mut self, reason: Option<&str>) {
        self.over = Over::Yes;
        if self.remote.hello.era == Era::Modern || self.purpose == Purpose::Handshake {
            return;
        }
        let mut params = object! { "requestId" => self.id };
        if let Some(reason) = reason {
            params.insert("reason", reason);
        }
        let message = Message::Notification(Notification { method: "notifications/cancelled".to_owned(), params });
        let ear = self.remote.ear.clone();
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                if let Err(fault) = ear.post(&message).await {
                    tracing::debug!(%fault, "the server was not told of a cancellation");
                }
            });
        }
    }
}

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        if self.over == Over::No {
            self.tell(None);
        }
    }
}

fn into_reply(done: Result<Answer, Lost>) -> Reply {
    const LOOK: &str = "whether the call took effect is not known, so look before repeating it";
    let lost = match done {
        Ok(answer) => return Reply::Answered(answer),
        Err(lost) => lost,
    };
    match lost {
        // A server that refuses in JSON-RPC has answered, whatever the status is.
        Lost::Fault(HttpFault::Refused { body: Some(error), .. }) => Reply::Answered(Err(error)),
        Lost::Fault(fault) if fault.effect() == Effect::None => Reply::NotSent(fault.to_string()),
        Lost::Fault(fault) => Reply::Unknown(format!("{fault}; {LOOK}")),
        Lost::GivenUp(GivenUp::ByCaller, Effect::None) => {
            Reply::NotSent("the request was cancelled before it was sent".to_owned())
        }
        Lost::GivenUp(GivenUp::ByCaller, Effect::Unknown) => Reply::Cancelled,
        Lost::GivenUp(GivenUp::BySilence(patience), effect) => {
            let seconds = patience.as_secs();
            match effect {
                Effect::None => Reply::NotSent(format!("no connection within {seconds} seconds; nothing was sent")),
                Effect::Unknown => {
                    Reply::Unknown(format!("the server gave no answer within {seconds} seconds; {LOOK}"))
                }
            }
        }
    }
}

/// Some servers say 400 of a session they do not know, and mean 404. Either way the request was not carried out.
fn is_forgotten(fault: &HttpFault) -> bool {
    match fault {
        HttpFault::SessionGone => true,
        HttpFault::Refused { status: 400, body: Some(error), .. } => {
            error.code != code::INVALID_PARAMS && error.message.to_ascii_lowercase().contains("session id")
        }
        _ => false,
    }
}

/// Annotations nobody can follow are not followed; the catalogue keeps such tools out of lists.
fn annotations(tool: &Tool) -> Option<Annotations> {
    Annotations::of(tool.input_schema()?).ok()
}

fn after(patience: Duration) -> Instant {
    const AGE: Duration = Duration::from_hours(24 * 365);
    let now = Instant::now();
    now.checked_add(patience.min(AGE)).unwrap_or(now)
}

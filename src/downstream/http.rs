//! How is a server spoken to over HTTP? The client side of Streamable HTTP, both eras.
//!
//! The connections are our own, over hyper, and not reqwest's. Measured against the bench's tool server on two cores,
//! p50 at 1 and at 32 connections: own 71 and 270 µs, hyper-util's client 74 and 330, reqwest 85 and 445 (and a third
//! fewer calls a second). More important, only hyper's own connection hands an unsent request back, so that "nothing was
//! sent" and "nobody can tell" are never confused.
//!
//! What can reach a server is what is written here: the configured headers, a token of our own, the session, the
//! protocol version and the routing headers. A client's own headers have no way in. Redirects are never followed,
//! proxies of the environment never used, answers never asked for compressed, requests never sent twice.

mod answer;
mod dial;
mod fault;
pub mod fetch;
pub mod guard;
mod line;
mod options;
mod pool;
mod tls;

pub use fault::{Effect, HttpFault};
pub use options::HttpOptions;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method, Request as HttpRequest};
use http_body_util::Full;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use self::answer::{Kind, Messages, Next};
use self::dial::Dialer;
use self::options::value;
use self::pool::{Pool, Reply, Sent};
use super::oauth::Oauth;
use crate::wire::headers::{MODERN, PROTOCOL_VERSION, Routing, SESSION_ID};
use crate::wire::message::{Answer, Message, Notification, Request, code};

/// A resumed stream waits this long where the server names no pause, and within these bounds where it does.
const PAUSE: Duration = Duration::from_secs(1);
const PAUSE_BOUNDS: (Duration, Duration) = (Duration::from_millis(20), Duration::from_secs(30));
/// Failed attempts in a row to resume a stream.
const ATTEMPTS: u32 = 5;

/// One server that is spoken to over HTTP.
pub struct HttpServer {
    name: Arc<str>,
    target: String,
    headers: HeaderMap,
    timeout: Duration,
    pool: Arc<Pool>,
    oauth: Option<Arc<Oauth>>,
}

/// One request and what goes with it.
#[derive(Clone, Copy, Debug)]
pub struct Turn<'a> {
    /// The legacy session, once there is one.
    pub session: Option<&'a str>,
    /// The protocol version, once it is agreed.
    pub protocol: Option<&'a str>,
    /// What is asked.
    pub request: &'a Request,
    /// Modern routing headers, or none.
    pub routing: &'a Routing,
    /// What goes with this request alone, in the place of what goes with all of them.
    pub headers: &'a HeaderMap,
    /// For the whole of it, streams and resumption included.
    pub timeout: Duration,
    /// Ends the wait and closes the connection, which a modern server reads as a cancellation.
    pub cancelled: &'a CancellationToken,
}

/// What a request came to.
#[derive(Clone, Debug, PartialEq)]
pub struct Exchanged {
    /// The server's own answer.
    pub answer: Answer,
    /// The session it opened, if it did.
    pub session: Option<String>,
    /// The HTTP status.
    pub status: u16,
}

/// What arrives on a stream beside answers, in order. Boxed, because a channel makes room for many at once.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// Expects nothing.
    Notification(Box<Notification>),
    /// Expects an answer by [`HttpServer::post`].
    Request(Box<Request>),
}

impl HttpServer {
    /// Prepares everything; connects to nothing.
    pub fn new(name: Arc<str>, options: &HttpOptions) -> Result<Self, HttpFault> {
        let url = &options.url;
        let tls = match url.scheme() {
            "http" if options.tls_sha256.is_some() => {
                return Err(HttpFault::Options("`tls_sha256` needs an https URL".to_owned()));
            }
            "http" => None,
            "https" => Some(tls::config(options.tls_sha256)?),
            other => return Err(HttpFault::Options(format!("`{other}` URLs are not spoken; use http or https"))),
        };
        if !url.username().is_empty() || url.password().is_some() {
            return Err(HttpFault::Options("its URL holds credentials; put them into a header".to_owned()));
        }
        let target = match url.query() {
            Some(query) => format!("{}?{query}", url.path()),
            None => url.path().to_owned(),
        };
        let reach = guard::reach_of(url, options.private);
        let pool = Arc::new(Pool::new(Dialer::new(url, reach, tls)?));
        let headers = options::headers(options)?;
        let oauth = options.oauth.as_ref().map(|options| Oauth::new(Arc::clone(&name), url, reach, options));
        Ok(Self { name, target, headers, timeout: options.timeout, pool, oauth })
    }

    /// Asks and waits for the answer. What the server says before it goes to `events`, in order.
    pub async fn exchange(&self, turn: &Turn<'_>, events: &mpsc::Sender<Event>) -> Result<Exchanged, HttpFault> {
        let sent = Sent::default();
        let work = Box::pin(self.ask(turn, events, &sent));
        tokio::select! {
            biased;
            () = turn.cancelled.cancelled() => Err(HttpFault::Cancelled(sent.effect())),
            done = tokio::time::timeout(turn.timeout, work) => {
                done.unwrap_or_else(|_| Err(HttpFault::TimedOut(sent.effect())))
            }
        }
    }

    /// Sends what expects no answer: a notification, or our answer to a server's request.
    pub async fn post(
        &self,
        session: Option<&str>,
        protocol: Option<&str>,
        message: &Message,
    ) -> Result<(), HttpFault> {
        let sent = Sent::default();
        let work = async {
            let request = self.request(Method::POST, session, protocol, message.to_line().into())?;
            // Some servers answer a notification with a page of their own; only the status counts.
            self.deliver(request, &sent).await.map(Reply::release)
        };
        let done = tokio::time::timeout(self.timeout, Box::pin(work)).await;
        done.unwrap_or_else(|_| Err(HttpFault::TimedOut(sent.effect())))
    }

    /// Listens to what a legacy server says on its own account. Comes back when nobody takes the events any more, or
    /// when there is no stream to be had; a stream that breaks is taken up again.
    pub async fn listen(
        &self,
        session: Option<&str>,
        protocol: Option<&str>,
        events: &mpsc::Sender<Event>,
    ) -> Result<(), HttpFault> {
        let none = HeaderMap::new();
        let reply = tokio::time::timeout(self.timeout, self.get((session, protocol), &none, None));
        let mut messages = Messages::new(reply.await.unwrap_or(Err(HttpFault::TimedOut(Effect::None)))?);
        loop {
            tokio::select! {
                () = events.closed() => return Ok(()),
                next = messages.next() => match next? {
                    Next::Message(message) => hand_on(message, events).await,
                    Next::End(why) => {
                        tracing::debug!(server = %self.name, why, "the server's own stream broke and is taken up again");
                        self.resume((session, protocol), &HeaderMap::new(), &mut messages).await?;
                    }
                },
            }
        }
    }

    /// Tells a legacy server that the session is over. Nothing depends on whether it hears it.
    pub async fn end(&self, session: &str, protocol: Option<&str>) {
        let sent = Sent::default();
        let Ok(request) = self.request(Method::DELETE, Some(session), protocol, Bytes::new()) else { return };
        let done = tokio::time::timeout(self.timeout.min(Duration::from_secs(5)), self.deliver(request, &sent)).await;
        match done.unwrap_or_else(|_| Err(HttpFault::TimedOut(sent.effect()))) {
            Ok(reply) => reply.release(),
            Err(fault) => tracing::debug!(server = %self.name, %fault, "the session could not be ended"),
        }
    }

    /// The address a person must open to let the gateway use this server, if one is waited for.
    pub fn sign_in(&self) -> Option<String> {
        self.oauth.as_ref().and_then(|oauth| oauth.sign_in())
    }

    async fn ask(&self, turn: &Turn<'_>, events: &mpsc::Sender<Event>, sent: &Sent) -> Result<Exchanged, HttpFault> {
        let mut body = String::with_capacity(256);
        turn.request.write(&mut body);
        let mut request = self.request(Method::POST, turn.session, turn.protocol, body.into())?;
        turn.routing.apply(request.headers_mut());
        replace(request.headers_mut(), turn.headers);
        let reply = self.deliver(request, sent).await?;
        let kind = answer::kind(&reply)?;
        let session = reply.head.headers.get(&SESSION_ID).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let status = reply.head.status.as_u16();
        let answer = match kind {
            Kind::Json => answer::json(reply, &turn.request.id).await?,
            Kind::Stream => {
                let session = session.as_deref().or(turn.session);
                self.follow(turn, session, Messages::new(reply), events).await?
            }
            Kind::Accepted => return Err(HttpFault::Garbage("it accepts the request and answers nothing".to_owned())),
        };
        Ok(Exchanged { answer, session, status })
    }

    /// Reads a stream up to the answer.
    async fn follow(
        &self,
        turn: &Turn<'_>,
        session: Option<&str>,
        mut messages: Messages,
        events: &mpsc::Sender<Event>,
    ) -> Result<Answer, HttpFault> {
        loop {
            match messages.next().await? {
                Next::Message(Message::Response(response)) if response.id.as_ref() == Some(&turn.request.id) => {
                    messages.finish();
                    return Ok(response.outcome);
                }
                Next::Message(message) => hand_on(message, events).await,
                // Only legacy servers can be asked for the rest, and only where they numbered their events.
                Next::End(why) => {
                    let modern = turn.protocol.is_some_and(|version| version >= MODERN);
                    if modern || messages.decoder().last_id().is_none() {
                        return Err(HttpFault::Broken(why));
                    }
                    let resumed = self.resume((session, turn.protocol), turn.headers, &mut messages).await;
                    resumed.map_err(|fault| HttpFault::Broken(format!("{why}, and could not be resumed: {fault}")))?;
                }
            }
        }
    }

    /// Opens the stream again after the last event, when the server's pause is over.
    async fn resume(
        &self,
        (session, protocol): (Option<&str>, Option<&str>),
        headers: &HeaderMap,
        messages: &mut Messages,
    ) -> Result<(), HttpFault> {
        let mut pause = messages.decoder().retry().unwrap_or(PAUSE).clamp(PAUSE_BOUNDS.0, PAUSE_BOUNDS.1);
        let mut attempt = 1;
        loop {
            tokio::time::sleep(pause).await;
            let get = self.get((session, protocol), headers, messages.decoder().last_id());
            let fault = match tokio::time::timeout(self.timeout, get).await {
                Ok(Ok(reply)) => {
                    messages.resume(reply);
                    return Ok(());
                }
                Ok(Err(fault @ (HttpFault::NotSent(_) | HttpFault::Broken(_)))) => fault,
                Ok(Err(HttpFault::Refused { status, body, text })) if status >= 500 => {
                    HttpFault::Refused { status, body, text }
                }
                Ok(Err(fault)) => return Err(fault),
                Err(_) => HttpFault::TimedOut(Effect::None),
            };
            if attempt >= ATTEMPTS {
                return Err(fault);
            }
            attempt = attempt.saturating_add(1);
            pause = pause.saturating_mul(2).min(PAUSE_BOUNDS.1);
        }
    }

    async fn get(
        &self,
        (session, protocol): (Option<&str>, Option<&str>),
        headers: &HeaderMap,
        last_id: Option<&str>,
    ) -> Result<Reply, HttpFault> {
        let mut request = self.request(Method::GET, session, protocol, Bytes::new())?;
        request.headers_mut().insert(ACCEPT, HeaderValue::from_static("text/event-stream"));
        if let Some(id) = last_id {
            request.headers_mut().insert("last-event-id", value("the last event's id", id)?);
        }
        replace(request.headers_mut(), headers);
        let reply = self.deliver(request, &Sent::default()).await?;
        match answer::kind(&reply)? {
            Kind::Stream => Ok(reply),
            Kind::Json | Kind::Accepted => Err(HttpFault::Garbage("it is not an event stream".to_owned())),
        }
    }

    /// Sends a request and lets only a success through. A server that answers with a challenge has done nothing, so the
    /// request may go to it once more, with a token.
    async fn deliver(&self, mut request: HttpRequest<Full<Bytes>>, sent: &Sent) -> Result<Reply, HttpFault> {
        // A token of our own would take the place of one that was made for this request.
        let ours = |_: &&Arc<Oauth>| !request.headers().contains_key(AUTHORIZATION);
        let Some(oauth) = self.oauth.as_ref().filter(ours) else { return self.once(request, sent).await };
        let token = oauth.token().await.map_err(|why| HttpFault::NotSent(why.to_string()))?;
        authorise(&mut request, token.as_deref())?;
        let mut again = request.clone();
        let (status, challenge) = match self.once(request, sent).await {
            Err(HttpFault::Unauthorised { status, challenge, .. }) => (status, challenge),
            other => return other,
        };
        sent.not();
        let refused = |hint| HttpFault::Unauthorised { status, challenge: challenge.clone(), hint };
        if status != 401 && !challenge.contains("insufficient_scope") {
            return Err(refused(String::new()));
        }
        oauth.renew(token.as_deref(), &challenge).await.map_err(|why| refused(format!(": {why}")))?;
        let token = oauth.token().await.map_err(|why| refused(format!(": {why}")))?;
        authorise(&mut again, token.as_deref())?;
        self.once(again, sent).await
    }

    async fn once(&self, request: HttpRequest<Full<Bytes>>, sent: &Sent) -> Result<Reply, HttpFault> {
        let session = request.headers().contains_key(&SESSION_ID);
        match answer::success(self.pool.send(request, sent).await?).await {
            // The server may also say that it has no such method; that is about the method, not about the session.
            Err(HttpFault::Refused { status: 404, body, .. })
                if session && body.as_ref().is_none_or(|error| error.code != code::METHOD_NOT_FOUND) =>
            {
                Err(HttpFault::SessionGone)
            }
            other => other,
        }
    }

    fn request(
        &self,
        method: Method,
        session: Option<&str>,
        protocol: Option<&str>,
        body: Bytes,
    ) -> Result<HttpRequest<Full<Bytes>>, HttpFault> {
        let mut request = HttpRequest::new(Full::new(body));
        *request.uri_mut() =
            self.target.parse().map_err(|_| HttpFault::Options("its URL has no usable path".to_owned()))?;
        *request.headers_mut() = self.headers.clone();
        if method == Method::POST {
            request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        if let Some(session) = session {
            request.headers_mut().insert(SESSION_ID, value("the session id", session)?);
        }
        if let Some(protocol) = protocol {
            request.headers_mut().insert(PROTOCOL_VERSION, value("the protocol version", protocol)?);
        }
        *request.method_mut() = method;
        Ok(request)
    }
}

impl fmt::Debug for HttpServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpServer").field("name", &self.name).finish_non_exhaustive()
    }
}

/// A response that answers nothing we asked here is dropped: it has no owner.
async fn hand_on(message: Message, events: &mpsc::Sender<Event>) {
    let event = match message {
        Message::Request(request) => Event::Request(Box::new(request)),
        Message::Notification(notification) => Event::Notification(Box::new(notification)),
        Message::Response(_) => return,
    };
    // Nobody listens any more: the answer is still worth waiting for.
    drop(events.send(event).await);
}

fn authorise(request: &mut HttpRequest<Full<Bytes>>, token: Option<&str>) -> Result<(), HttpFault> {
    let Some(token) = token else { return Ok(()) };
    let mut bearer = value("the token", &format!("Bearer {token}"))?;
    bearer.set_sensitive(true);
    request.headers_mut().insert(AUTHORIZATION, bearer);
    Ok(())
}

/// What goes with one request alone takes the place of what would go with it otherwise.
fn replace(headers: &mut HeaderMap, own: &HeaderMap) {
    for (name, value) in own {
        headers.insert(name.clone(), value.clone());
    }
}

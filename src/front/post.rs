//! What happens to one HTTP request at the MCP endpoint?
//!
//! In this order, each step refusing on its own: host and origin, identity, form, body, JSON, headers against body,
//! session. Only what passed all of them becomes a request of the gateway.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::header::{ACCEPT, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderValue, Method as Verb, Request as HttpRequest, StatusCode};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use tokio::sync::mpsc;

use super::body::{Body, Heartbeat};
use super::client::{self, Unreadable};
use super::http::Listener;
use super::refusal::{self, Reply};
use super::stream::{self, Reads};
use crate::audit::entry::Rejected;
use crate::call::caller::Caller;
use crate::gateway::session::{Door, Scope, Session};
use crate::identity::{Arrival, guard};
use crate::wire::era::{Era, version};
use crate::wire::headers::{self, PROTOCOL_VERSION, SESSION_ID};
use crate::wire::message::{Message, Notification, Request, RpcError, code};

/// How long the body of a request may take to arrive.
const BODY_PATIENCE: Duration = Duration::from_secs(15);
/// How much is read of what is refused for its size, and for how long.
const REST: (usize, Duration) = (64 << 20, Duration::from_secs(5));
/// Messages that may wait for a legacy client's stream.
const WAITING: usize = 128;

impl Listener {
    /// Answers one request at `/mcp` or `/mcp/{server}`.
    pub(super) async fn endpoint(self: &Arc<Self>, server: Option<&str>, request: HttpRequest<Incoming>) -> Reply {
        let (head, body) = request.into_parts();
        let headers = &head.headers;
        if let Some(reply) = self.turned_away(headers, head.uri.authority().map(http::uri::Authority::as_str)).await {
            return reply;
        }
        let arrival = Arrival { headers, query: head.uri.query(), server };
        let caller = match self.identity.identify(arrival, self.gateway.clock.now()).await {
            Ok(caller) => caller,
            Err(challenge) => {
                self.record("rejected_identity", challenge.reason().to_owned(), None).await;
                return refusal::challenge(challenge.status(), challenge.header(), &challenge.to_string());
            }
        };
        let Some(scope) = self.gateway.scope(server) else {
            return refusal::plain(
                StatusCode::NOT_FOUND,
                "there is no such server behind this gateway; see `countersign check`",
            );
        };
        match head.method {
            Verb::POST => self.post(headers, body, caller, scope).await,
            Verb::GET => self.open_stream(headers, &caller, &scope),
            Verb::DELETE => match self.session(headers, &caller, &scope) {
                Ok(session) => {
                    self.gateway.close_session(&session).await;
                    refusal::empty(StatusCode::NO_CONTENT)
                }
                Err(reply) => *reply,
            },
            _ => refusal::method_not_allowed("POST, GET, DELETE"),
        }
    }

    /// Host, origin and framing: what a browser or a smuggler would get wrong.
    async fn turned_away(&self, headers: &HeaderMap, authority: Option<&str>) -> Option<Reply> {
        if headers.contains_key(TRANSFER_ENCODING) && headers.contains_key(CONTENT_LENGTH) {
            let text = "a request has either a Content-Length or a Transfer-Encoding, never both";
            return Some(refusal::and_close(refusal::plain(StatusCode::BAD_REQUEST, text)));
        }
        let refused = guard::admit_request(headers, authority, &self.rules).err()?;
        self.record("rejected_origin", refused.to_string(), None).await;
        Some(refusal::plain(StatusCode::FORBIDDEN, &refused.to_string()))
    }

    async fn post(
        self: &Arc<Self>,
        headers: &HeaderMap,
        mut body: Incoming,
        caller: Arc<Caller>,
        scope: Scope,
    ) -> Reply {
        if let Some(reply) = unacceptable(headers) {
            return reply;
        }
        let bytes = match self.read_body(headers, &mut body).await {
            Ok(bytes) => bytes,
            Err((status, why)) => {
                self.gateway.tasks.spawn(hear_out(body));
                self.record("rejected_parse", why.clone(), Some(&caller)).await;
                return refusal::and_close(refusal::error(status, None, RpcError::new(code::INVALID_REQUEST, why)));
            }
        };
        let message = match client::read(&bytes, &self.limits) {
            Ok(message) => message,
            Err(Unreadable { id, error }) => {
                self.record("rejected_parse", error.message.clone(), Some(&caller)).await;
                return refusal::error(StatusCode::BAD_REQUEST, id, error);
            }
        };
        match message {
            Message::Request(request) => self.request(headers, caller, scope, request).await,
            Message::Notification(notification) => self.notification(headers, &caller, &scope, notification).await,
            Message::Response(response) => match self.session(headers, &caller, &scope) {
                Ok(session) => {
                    session.answered(response.id.as_ref(), response.outcome);
                    refusal::empty(StatusCode::ACCEPTED)
                }
                Err(reply) => *reply,
            },
        }
    }

    async fn request(
        self: &Arc<Self>,
        headers: &HeaderMap,
        caller: Arc<Caller>,
        scope: Scope,
        request: Request,
    ) -> Reply {
        let id = request.id.clone();
        let header = headers.get(PROTOCOL_VERSION).and_then(|value| value.to_str().ok());
        // An `initialize` with a modern `_meta` asks for a method its own revision took away. The header alone says
        // less: a client that falls back to `initialize` may still send the header of its first try.
        let modern = client::claimed_version(&request).is_some()
            || (request.method != "initialize" && header.is_some_and(|header| header >= version::LATEST_MODERN));
        if let Err(mismatch) = headers::check(headers, &request, None) {
            self.record("rejected_protocol", mismatch.to_string(), Some(&caller)).await;
            return refusal::error(StatusCode::BAD_REQUEST, Some(id), mismatch.to_error());
        }
        if !modern && request.method == "initialize" {
            return self.initialize(caller, scope, request).await;
        }
        let session = if modern {
            let said = client::from_meta(&request, &self.gateway.versions());
            let session = said.and_then(|client| self.gateway.shared_session(caller, scope, Door::Http, client));
            match session {
                Ok(session) => session,
                Err(error) => return refusal::error(StatusCode::BAD_REQUEST, Some(id), error),
            }
        } else {
            match self.session(headers, &caller, &scope) {
                Ok(session) => session,
                Err(reply) => return *reply,
            }
        };
        if let Some(error) = self.gateway.check_mirrored(&session, headers, &request) {
            self.record("rejected_protocol", error.message.clone(), Some(&session.caller)).await;
            return refusal::error(StatusCode::BAD_REQUEST, Some(id), error);
        }
        let era = session.client.era;
        let steps = self.gateway.take(&session, request);
        stream::reply(era, id, steps, reads(headers)).await
    }

    async fn initialize(self: &Arc<Self>, caller: Arc<Caller>, scope: Scope, request: Request) -> Reply {
        let Request { id, params, .. } = request;
        if let Err(bad) = crate::wire::method::Method::Initialize.check(&params) {
            let error = RpcError::new(code::INVALID_PARAMS, bad.to_string());
            return refusal::error(StatusCode::BAD_REQUEST, Some(id), error);
        }
        let opened = match self.gateway.agree_on_version(params.str("protocolVersion").unwrap_or_default()) {
            Ok(protocol) => {
                let client = client::from_initialize(&params, protocol);
                self.gateway.open_session(caller, scope, Door::Http, client).await
            }
            Err(error) => Err(error),
        };
        let session = match opened {
            Ok(session) => session,
            Err(error) => return refusal::error(StatusCode::OK, Some(id), error),
        };
        let answer = self.gateway.welcome(&session).await;
        if answer.is_err() {
            self.gateway.close_session(&session).await;
            return refusal::json(StatusCode::OK, Some(id), answer);
        }
        let mut reply = refusal::json(StatusCode::OK, Some(id), answer);
        if let Ok(value) = HeaderValue::from_str(&session.id) {
            reply.headers_mut().insert(SESSION_ID, value);
        }
        reply
    }

    async fn notification(
        &self,
        headers: &HeaderMap,
        caller: &Arc<Caller>,
        scope: &Scope,
        notification: Notification,
    ) -> Reply {
        // A modern client has nothing to notify over HTTP; what it says concerns nobody and is accepted.
        if headers.contains_key(SESSION_ID) {
            match self.session(headers, caller, scope) {
                Ok(session) => self.gateway.client_says(&session, notification).await,
                Err(reply) => return *reply,
            }
        }
        refusal::empty(StatusCode::ACCEPTED)
    }

    /// A legacy client's stream for what belongs to no request.
    fn open_stream(&self, headers: &HeaderMap, caller: &Arc<Caller>, scope: &Scope) -> Reply {
        if !headers.contains_key(SESSION_ID) {
            return refusal::method_not_allowed("POST, DELETE");
        }
        if reads(headers) == Reads::Json {
            return refusal::plain(StatusCode::NOT_ACCEPTABLE, "this is a stream of events: accept text/event-stream");
        }
        let session = match self.session(headers, caller, scope) {
            Ok(session) => session,
            Err(reply) => return *reply,
        };
        let limit = self.gateway.settings.streams_per_principal;
        if self.gateway.sessions.streams_of(&caller.principal) >= limit {
            let text = format!("{limit} streams are open for this caller, which is the limit; close some");
            return refusal::plain(StatusCode::TOO_MANY_REQUESTS, &text);
        }
        let (out, messages) = mpsc::channel(WAITING);
        session.listeners.attach(out);
        stream::stream(Body::Session { messages, heartbeat: Heartbeat::default() })
    }

    /// The legacy session a request belongs to. Somebody else's does not exist.
    fn session(&self, headers: &HeaderMap, caller: &Caller, scope: &Scope) -> Result<Arc<Session>, Box<Reply>> {
        let refuse = |status, text: &str| {
            Err(Box::new(refusal::error(status, None, RpcError::new(code::INVALID_REQUEST, text))))
        };
        let Some(id) = headers.get(SESSION_ID).and_then(|value| value.to_str().ok()) else {
            return refuse(StatusCode::BAD_REQUEST, "the Mcp-Session-Id header is missing; send `initialize` first");
        };
        let found = self.gateway.sessions.find(id, caller, scope).filter(|session| session.client.era == Era::Legacy);
        let Some(session) = found else {
            return refuse(StatusCode::NOT_FOUND, "there is no such session; send `initialize` again");
        };
        match headers.get(PROTOCOL_VERSION).map(HeaderValue::to_str) {
            None => {}
            Some(Ok(protocol)) if protocol == session.client.protocol => {}
            Some(_) => {
                return refuse(StatusCode::BAD_REQUEST, "the MCP-Protocol-Version header is not the version agreed on");
            }
        }
        session.touch(self.gateway.clock.now());
        Ok(session)
    }

    async fn read_body(&self, headers: &HeaderMap, body: &mut Incoming) -> Result<Bytes, (StatusCode, String)> {
        let limit = self.limits.bytes;
        let too_large = || (StatusCode::PAYLOAD_TOO_LARGE, format!("the body is larger than {limit} bytes"));
        let announced = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
        if announced.is_some_and(|length| length > limit) {
            return Err(too_large());
        }
        let reading = async {
            let mut first: Option<Bytes> = None;
            let mut rest = BytesMut::new();
            while let Some(frame) = body.frame().await {
                let frame = frame.map_err(|_| (StatusCode::BAD_REQUEST, "the body broke off".to_owned()))?;
                let Ok(data) = frame.into_data() else { continue };
                match (&first, rest.is_empty()) {
                    (None, true) => first = Some(data),
                    (Some(start), true) => {
                        rest.extend_from_slice(start);
                        rest.extend_from_slice(&data);
                    }
                    _ => rest.extend_from_slice(&data),
                }
                if rest.len().max(first.as_ref().map_or(0, Bytes::len)) > limit {
                    return Err(too_large());
                }
            }
            Ok(if rest.is_empty() { first.unwrap_or_default() } else { rest.freeze() })
        };
        tokio::time::timeout(BODY_PATIENCE, reading)
            .await
            .unwrap_or_else(|_| Err((StatusCode::REQUEST_TIMEOUT, "the body did not arrive within 15 s".to_owned())))
    }

    pub(super) async fn record(&self, class: &'static str, why: String, caller: Option<&Arc<Caller>>) {
        let principal = caller.map(|caller| caller.principal.clone());
        let rejected = Rejected { class, why, transport: Door::Http.word(), principal, method: None };
        // What is refused needs no record to be refused: a full disk must not turn a no into anything else.
        if let Err(error) = self.gateway.write_rejected(rejected).await {
            tracing::error!(error = %error, "a refusal could not be recorded");
        }
    }
}

/// Reads what a refused client is still sending, for a moment. A connection that is closed with something unread takes
/// the answer with it, and the client learns nothing.
async fn hear_out(mut body: Incoming) {
    let rest = async {
        let mut left = REST.0;
        while let Some(Ok(frame)) = body.frame().await {
            let length = frame.data_ref().map_or(0, Bytes::len);
            let Some(less) = left.checked_sub(length) else { return };
            left = less;
        }
    };
    // Whoever sends more or takes longer is cut off.
    drop(tokio::time::timeout(REST.1, rest).await);
}

/// Media types and encodings that are not read here.
fn unacceptable(headers: &HeaderMap) -> Option<Reply> {
    let content = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media = content.split(';').next().unwrap_or_default().trim();
    if !media.eq_ignore_ascii_case("application/json") {
        return Some(refusal::plain(StatusCode::UNSUPPORTED_MEDIA_TYPE, "send Content-Type: application/json"));
    }
    // PAR-15: nothing is inflated here, so nothing can blow up.
    if headers.get(CONTENT_ENCODING).is_some_and(|encoding| encoding != "identity") {
        return Some(refusal::plain(StatusCode::UNSUPPORTED_MEDIA_TYPE, "send the body without Content-Encoding"));
    }
    None
}

fn reads(headers: &HeaderMap) -> Reads {
    let mut accepts = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok()).peekable();
    let anything = accepts.peek().is_none();
    if anything
        || accepts
            .any(|accept| accept.contains("text/event-stream") || accept.contains("*/*") || accept.contains("text/*"))
    {
        Reads::Both
    } else {
        Reads::Json
    }
}

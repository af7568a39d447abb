//! What happens to one HTTP request at the MCP endpoint?
//!
//! In this order, each step refusing on its own: host and origin, identity, form, body, JSON, headers against body,
//! session. Only what passed all of them becomes a request of the gateway.

use std::sync::Arc;

use http::header::ACCEPT;
use http::{HeaderMap, HeaderValue, Method as Verb, Request as HttpRequest, StatusCode};
use hyper::body::Incoming;
use tokio::sync::mpsc;

use super::body::{Body, Heartbeat};
use super::client::{self, Unreadable};
use super::http::Listener;
use super::intake::{self, Stranger};
use super::refusal::{self, Reply};
use super::stream::{self, Reads};
use crate::call::caller::{Caller, Proof};
use crate::gateway::exchange::{Beside, Token};
use crate::gateway::session::{Door, Scope, Session};
use crate::identity::Arrival;
use crate::secret::Secret;
use crate::telemetry::trace::context::Context;
use crate::wire::era::{Era, version};
use crate::wire::headers::{self, PROTOCOL_VERSION, SESSION_ID};
use crate::wire::message::{Message, Notification, Request, RpcError, code};

/// Messages that may wait for a legacy client's stream.
const WAITING: usize = 128;

impl Listener {
    /// Answers one request at `/mcp` or `/mcp/{server}`.
    pub(super) async fn endpoint(self: &Arc<Self>, server: Option<&str>, request: HttpRequest<Incoming>) -> Reply {
        let (head, body) = request.into_parts();
        let headers = &head.headers;
        if let Err(stranger) = self.admit(&head).await {
            let reply = refusal::plain(stranger.status(), &stranger.to_string());
            return if matches!(stranger, Stranger::Framing) { refusal::and_close(reply) } else { reply };
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

    async fn post(
        self: &Arc<Self>,
        headers: &HeaderMap,
        mut body: Incoming,
        caller: Arc<Caller>,
        scope: Scope,
    ) -> Reply {
        if let Err(why) = intake::is_json(headers) {
            return refusal::plain(StatusCode::UNSUPPORTED_MEDIA_TYPE, why);
        }
        let bytes = match intake::read_body(headers, &mut body, self.limits.bytes).await {
            Ok(bytes) => bytes,
            Err((status, why)) => {
                self.gateway.tasks.spawn(intake::hear_out(body));
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
        let steps = self.gateway.take(&session, request, self.beside(headers, &session));
        stream::reply(era, id, steps, reads(headers)).await
    }

    fn beside(&self, headers: &HeaderMap, session: &Session) -> Beside {
        Beside { around: self.around(headers), token: self.token(headers, session) }
    }

    /// The token the caller came with, where somebody exchanges it for another; nobody else has any use for it.
    fn token(&self, headers: &HeaderMap, session: &Session) -> Token {
        if !matches!(session.caller.proof, Proof::Token { .. }) || !self.gateway.credentials.takes_tokens() {
            return Token::default();
        }
        let proof = Arrival::from(headers).proof();
        Token(proof.ok().map(|token| Secret::new(token.to_owned())))
    }

    /// The trace an HTTP request is part of, where anybody wants to know.
    fn around(&self, headers: &HeaderMap) -> Option<Context> {
        self.gateway.tracer.get()?;
        let said = |name| headers.get(name).and_then(|value| value.to_str().ok());
        Context::read(said("traceparent")?, said("tracestate"))
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

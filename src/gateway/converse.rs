//! What do a server and a client say to each other while a call runs?
//!
//! Everything a server says before its answer is passed on in its order; a question goes to the client the call came
//! from, and to nobody else. A modern client cannot be asked while it waits: its call is answered with the question, and
//! the client comes back with the reply (see `rounds`).

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use super::Gateway;
use super::exchange::{Exchange, loud_enough};
use super::reach::Reach;
use super::release::Scrutiny;
use super::session::{Scope, not_declared};
use crate::audit::receipt::Receipt;
use crate::call::Action;
use crate::credentials::lease::Lease;
use crate::credentials::scrub::Scrub;
use crate::downstream::{self, Asking, FromServer, Link, Reply};
use crate::object;
use crate::permit::Permit;
use crate::wire::era::Era;
use crate::wire::era::inputs::{self, InputRequired};
use crate::wire::json::{Object, Value};
use crate::wire::message::{Answer, Id, Message, Notification, Request, RpcError, code};

/// Messages of one call that may wait for a slow client.
const WAITING: usize = 64;
/// How long a person may take to answer a server's question.
const PATIENCE: Duration = Duration::from_mins(10);

impl Gateway {
    /// Sends a permitted call and carries what is said until its answer. Where rules may speak of the result, what the
    /// server says in words before it has to wait for it and is given back.
    pub(super) async fn converse(
        self: &Arc<Self>,
        exchange: &Arc<Exchange>,
        link: &Arc<Link>,
        (permit, lease, receipt): (Permit, Option<Lease>, Receipt),
        scrutiny: &Scrutiny,
    ) -> (Reply, Vec<Notification>) {
        let mut unsaid = Vec::new();
        let server: Arc<str> = Arc::clone(&permit.call().server);
        if link.era() == Era::Modern
            && let Some(reply) = self.subscribe(exchange, link, &server, &permit.call().action)
        {
            return (reply, unsaid);
        }
        let (events, mut arriving) = mpsc::channel(WAITING);
        let sending = self.sending(exchange, permit.call(), link);
        let asking = Asking {
            meta: sending.meta(&exchange.meta),
            cancelled: exchange.cancelled.clone(),
            timeout: self.settings.timeout(&server),
            ..Asking::new(Arc::clone(&exchange.session.client.profile), events)
        };
        let scrub = lease.as_ref().map(|lease| Arc::clone(lease.scrub()));
        let performing = self.perform_on(link, (permit, lease, receipt), asking);
        tokio::pin!(performing);
        loop {
            tokio::select! {
                biased;
                Some(event) = arriving.recv() => {
                    if let Some(event) = sayable(scrubbed(event, scrub.as_deref()), scrutiny, &mut unsaid) {
                        self.pass_on(exchange, &server, event, scrutiny).await;
                    }
                }
                reply = &mut performing => {
                    // What came before the answer is said before it.
                    while let Ok(event) = arriving.try_recv() {
                        if let Some(event) = sayable(scrubbed(event, scrub.as_deref()), scrutiny, &mut unsaid) {
                            self.pass_on(exchange, &server, event, scrutiny).await;
                        }
                    }
                    self.sent(sending, &reply);
                    return (reply, unsaid);
                }
            }
        }
    }

    /// Performs it, in a process of the call's own where its credentials need one.
    pub(super) async fn perform_on(
        &self,
        link: &Arc<Link>,
        (permit, lease, receipt): (Permit, Option<Lease>, Receipt),
        asking: Asking,
    ) -> Reply {
        let own = match &lease {
            Some(lease) if lease.placed().needs_process() => {
                let Some(server) = self.fleet.server(&permit.call().server) else {
                    return Reply::NotSent("the server is not configured any more; nothing was sent".to_owned());
                };
                let started = server.start_for(lease, Arc::clone(&asking.profile), asking.events.clone());
                match Box::pin(started).await {
                    Ok(own) => Some(own),
                    Err(unreachable) => return Reply::NotSent(unreachable.to_string()),
                }
            }
            _ => None,
        };
        let reply = downstream::perform(permit, lease, receipt, own.as_ref().unwrap_or(link), asking).await;
        if let Some(own) = own {
            // It has nothing left to do, and its credential goes now; nobody waits until it is gone too.
            self.tasks.spawn(async move { own.close().await });
        }
        reply
    }

    /// A modern server is not subscribed to: it is listened to, for as long as the session wants to hear of a resource.
    fn subscribe(
        self: &Arc<Self>,
        exchange: &Exchange,
        link: &Arc<Link>,
        server: &Arc<str>,
        action: &Action,
    ) -> Option<Reply> {
        match action {
            Action::Subscribe(uri) => self.follow_resource(&exchange.session, server, link, uri),
            Action::Unsubscribe(uri) => exchange.session.unfollow(uri),
            _ => return None,
        }
        Some(Reply::Answered(Ok(Value::Object(Object::new()))))
    }

    /// Says what had to wait.
    pub(super) async fn catch_up(&self, exchange: &Arc<Exchange>, server: &Arc<str>, unsaid: Vec<Notification>) {
        for notification in unsaid {
            self.pass_notification(exchange, server, notification).await;
        }
    }

    async fn pass_on(
        self: &Arc<Self>,
        exchange: &Arc<Exchange>,
        server: &Arc<str>,
        event: FromServer,
        scrutiny: &Scrutiny,
    ) {
        match event {
            FromServer::Notification(notification) => self.pass_notification(exchange, server, notification).await,
            FromServer::Request { request, answer } => {
                // A person may take minutes; progress must not wait for them.
                let (gateway, exchange, server) = (Arc::clone(self), Arc::clone(exchange), Arc::clone(server));
                let scrutiny = scrutiny.clone();
                self.tasks.spawn(async move {
                    let outcome = match gateway.may_ask(&exchange, &scrutiny, &request).await {
                        Ok(()) => gateway.ask_client(&exchange, &server, request).await,
                        Err(error) => Err(error),
                    };
                    // The server may have lost interest; then its call ends in its own way.
                    drop(answer.send(outcome));
                });
            }
            FromServer::Closed(why) => tracing::warn!(server = &**server, why, "connection closed during a call"),
        }
    }

    async fn pass_notification(&self, exchange: &Arc<Exchange>, server: &Arc<str>, notification: Notification) {
        match notification.method.as_str() {
            "notifications/message" => {
                let level = notification.params.str("level").unwrap_or("info");
                if exchange.log_level().is_some_and(|wanted| loud_enough(level, wanted)) {
                    exchange.outlet.say(notification).await;
                }
            }
            method if method.ends_with("/list_changed") || method == "notifications/resources/updated" => {
                exchange.session.hear(server, notification);
            }
            _ => {
                exchange.outlet.say(notification).await;
            }
        }
    }

    /// Asks the client what its server asks.
    pub(super) async fn ask_client(&self, exchange: &Arc<Exchange>, server: &Arc<str>, request: Request) -> Answer {
        let session = &exchange.session;
        can_be_asked(&session.client.profile.capabilities, &request)?;
        self.note_question(exchange, server, &request.method);
        let params = signed_by(server, &session.scope, &request.method, request.params);
        match session.client.era {
            Era::Modern => self.ask_by_round(exchange, request.method, params).await,
            Era::Legacy => {
                let (id, heard) = session.question();
                let question = Message::Request(Request { id: id.clone(), method: request.method, params });
                if !exchange.outlet.say(question).await {
                    session.forget(&id);
                    return Err(RpcError::new(code::UNAVAILABLE, "the client has gone; nobody can answer"));
                }
                let answer = self.await_reply(exchange, heard).await;
                session.forget(&id);
                answer
            }
        }
    }

    /// Asks a legacy client everything a modern server wants to know, and puts the replies beside the parameters.
    pub(super) async fn gather(
        &self,
        exchange: &Arc<Exchange>,
        reach: &Reach,
        result: &Value,
        params: &mut Object,
    ) -> Result<(), RpcError> {
        let server: Arc<str> = reach.server().name().into();
        let Some(InputRequired { questions, state }) = InputRequired::of(result) else {
            let text = format!("the server `{server}` asks for input in a form that cannot be read");
            return Err(RpcError::new(code::UNAVAILABLE, text));
        };
        let mut responses = Object::new();
        for (number, question) in questions.into_iter().enumerate() {
            // The id is the server's business only as a name; over this link it never sees it.
            let id = Id::from(u64::try_from(number).unwrap_or(u64::MAX));
            let request = Request { id, method: question.method, params: question.params };
            responses.insert(question.key, self.ask_client(exchange, &server, request).await?);
        }
        inputs::again(params, responses, state);
        Ok(())
    }

    /// Waits for a reply as long as anybody may still give one.
    pub(super) async fn await_reply(&self, exchange: &Exchange, heard: oneshot::Receiver<Answer>) -> Answer {
        let gone = |why: &str| Err(RpcError::new(code::UNAVAILABLE, why));
        tokio::select! {
            answer = heard => answer.unwrap_or_else(|_| gone("the client has gone; nobody can answer")),
            () = exchange.cancelled.cancelled() => gone("the client cancelled its call; nobody will answer"),
            () = tokio::time::sleep(PATIENCE) => gone("nobody answered in time"),
        }
    }
}

/// What a server says, without the credentials it was given.
fn scrubbed(event: FromServer, scrub: Option<&Scrub>) -> FromServer {
    match scrub {
        Some(scrub) => scrub.event(event),
        None => event,
    }
}

/// What may be said before the result was judged: that something moves, and what belongs to no result. Words wait.
fn sayable(event: FromServer, scrutiny: &Scrutiny, unsaid: &mut Vec<Notification>) -> Option<FromServer> {
    let FromServer::Notification(mut notification) = event else { return Some(event) };
    match notification.method.as_str() {
        _ if scrutiny.is_none() => {}
        "notifications/progress" => notification.params = only_numbers(notification.params),
        method if method.ends_with("/list_changed") || method == "notifications/resources/updated" => {}
        _ => {
            if unsaid.len() < WAITING {
                unsaid.push(notification);
            }
            return None;
        }
    }
    Some(FromServer::Notification(notification))
}

/// Progress without words: which request, how far, of how much.
fn only_numbers(params: Object) -> Object {
    let said = |(name, value): &(String, Value)| match name.as_str() {
        // The client's own word for its request.
        "progressToken" => true,
        "progress" | "total" => value.as_number().is_some(),
        _ => false,
    };
    params.into_iter().filter(said).collect()
}

/// Whether the client declared that it can answer this.
fn can_be_asked(capabilities: &Object, request: &Request) -> Result<(), RpcError> {
    let needed = match request.method.as_str() {
        "sampling/createMessage" => "sampling",
        "elicitation/create" => "elicitation",
        "roots/list" => "roots",
        _ => return Ok(()),
    };
    if capabilities.contains(needed) { Ok(()) } else { Err(not_declared(&request.method)) }
}

/// Among several servers, a question says which of them asks, so that a person does not take one for another.
fn signed_by(server: &str, scope: &Scope, method: &str, mut params: Object) -> Object {
    if *scope == Scope::All {
        let mut meta = params.object("_meta").cloned().unwrap_or_default();
        meta.insert("dev.countersign/server", server);
        if method == "elicitation/create"
            && let Some(Value::String(message)) = params.get_mut("message")
        {
            message.insert_str(0, &format!("[{server}] "));
        }
        params.insert("_meta", meta);
    }
    params
}

/// A question as it stands in the answer to a modern client.
pub(super) fn as_input_request(method: &str, params: Object) -> Object {
    let mut request = object! { "method" => method };
    if !params.is_empty() {
        request.insert("params", params);
    }
    request
}

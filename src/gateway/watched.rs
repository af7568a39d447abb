//! What does the operator hear of a request while it is worked on?
//!
//! How long it took, always, which costs atomics; and what happened, where its trace is kept. Where no traces are wanted
//! nothing is put together for them.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Instant;

use super::Gateway;
use super::answer::Refusal;
use super::exchange::Exchange;
use super::session::{Door, Session};
use super::weigh::Weighed;
use crate::approval::state::State;
use crate::call::{Action, Call, CallId};
use crate::digest::Digest;
use crate::downstream::{Link, Reply};
use crate::policy::decision::{Decision, Judgement, Release};
use crate::policy::input::Input;
use crate::telemetry::metrics::instrument::{Counter, OTHER};
use crate::telemetry::trace::context::Context;
use crate::telemetry::trace::{Kind, Span, name};
use crate::telemetry::tracer::{Traced, Under};
use crate::wire::era::Era;
use crate::wire::json::{Object, Value};
use crate::wire::message::{Answer, Id, code};
use crate::wire::method::Method;

/// Stands for every code that is not known here, where labels must be few.
const UNCOMMON: &str = "_OTHER";

/// What is remembered of a request for whoever watches.
#[derive(Debug)]
pub struct Watched {
    begun: Instant,
    /// Nothing where nobody waits for an answer.
    method: Option<&'static str>,
    /// The call it became, the first one if it became several.
    subject: OnceLock<Subject>,
    /// Why it got no result, where we say so.
    refused: OnceLock<&'static str>,
    traced: Option<Box<Place>>,
}

/// A place in a trace, while others still speak of it.
#[derive(Debug)]
struct Place {
    context: Context,
    span: Mutex<Option<Box<Span>>>,
}

#[derive(Debug)]
struct Subject {
    server: Arc<str>,
    tool: Option<Arc<crate::catalogue::tool::Tool>>,
}

/// What a server is sent, until it has answered.
#[derive(Debug)]
pub(super) struct Sending {
    begun: Instant,
    subject: Subject,
    method: &'static str,
    transport: &'static str,
    traced: Option<Traced>,
}

impl Watched {
    /// Of a request whose answer nobody waits for.
    pub fn unattended() -> Self {
        Self { begun: Instant::now(), method: None, subject: OnceLock::new(), refused: OnceLock::new(), traced: None }
    }

    /// It became this call.
    pub(super) fn found(&self, call: &Call) {
        self.subject.get_or_init(|| Subject { server: Arc::clone(&call.server), tool: call.tool.clone() });
        self.on_span(|span| about(span, call));
    }

    /// It gets no result from its server, for this reason.
    pub(super) fn refused(&self, refusal: &Refusal) {
        // The first reason is the reason.
        self.refused.get_or_init(|| refusal.class);
    }

    /// The same, with what the client hears.
    pub(super) fn refuse(&self, refusal: &Refusal, (id, action): (Option<&CallId>, &Action)) -> (Answer, Era) {
        self.refused(refusal);
        (refusal.answer(id, Some(action)), Era::Legacy)
    }

    /// Says something of its span, if it has one that is kept.
    fn on_span(&self, say: impl FnOnce(&mut Span)) {
        if let Some(place) = &self.traced
            && let Some(span) = place.span.lock().unwrap_or_else(PoisonError::into_inner).as_mut()
        {
            say(span);
        }
    }

    fn context(&self) -> Option<&Context> {
        self.traced.as_ref().map(|place| &place.context)
    }
}

impl Gateway {
    /// Whether this gateway is being stopped.
    pub fn is_leaving(&self) -> bool {
        self.leaving.is_cancelled()
    }

    /// Begins to watch a request. What stands in its `_meta` says to which trace it belongs, and where nothing does, the HTTP
    /// request it came by; where both do, one is linked.
    pub(super) fn watch(
        &self,
        session: &Session,
        (id, method): (&Id, &str),
        (meta, around): (&Object, Option<Context>),
    ) -> Watched {
        let method = match Method::parse(method) {
            // What stays open until something happens is no operation.
            Some(Method::Listen | Method::TaskResult) => return Watched::unattended(),
            Some(method) => method.name(),
            None => OTHER,
        };
        let mut watched = Watched { method: Some(method), ..Watched::unattended() };
        let Some(tracer) = self.tracer.get().filter(|_| method != "ping") else { return watched };
        let said = meta.str("traceparent").and_then(|parent| Context::read(parent, meta.str("tracestate")));
        let under = said.as_ref().or(around.as_ref()).map_or(Under::Nothing, Under::Elsewhere);
        let Some(Traced { context, span }) = tracer.begin(under, (Kind::Server, method), self.clock.now()) else {
            return watched;
        };
        let span = span.map(|mut span| {
            describe(&mut span, session, id);
            if let (Some(_), Some(around)) = (&said, around) {
                span.link(around);
            }
            span
        });
        watched.traced = Some(Box::new(Place { context, span: Mutex::new(span) }));
        watched
    }

    /// What the rules say of a call.
    pub(super) fn rules_on_call(&self, input: &Input, digest: Digest) -> Judgement {
        let judgement = self.judge.decide(input, digest);
        self.metrics.policy.with(["call"], |took| took.micros(judgement.micros));
        judgement
    }

    /// What they say of what came back.
    pub(super) fn rules_on_result(&self, input: &Input) -> Release {
        let release = self.judge.release(input);
        self.metrics.policy.with(["result"], |took| took.micros(release.micros));
        release
    }

    /// The call was judged.
    pub(super) fn judged(&self, exchange: &Exchange, weighed: &Weighed, refused: Option<&Refusal>) {
        let decision = match &weighed.judgement.decision {
            Decision::Deny(_) => "deny",
            _ if refused.is_some() => "deny",
            Decision::Hold(_) => "hold",
            Decision::Allow(_) => "allow",
        };
        self.metrics.calls.with([decision, &weighed.call.server], Counter::one);
        exchange.watched.on_span(|span| {
            span.say(name::DECISION, decision);
            span.say(name::POLICY, &weighed.judgement.bundle.to_string());
        });
    }

    /// The call waits for people, or goes on without its client; `held` is how it is known from now on.
    pub(super) fn held(&self, exchange: &Exchange, held: &CallId, deadline: Option<&str>) {
        let (Some(tracer), Some(context)) = (self.tracer.get(), exchange.watched.context()) else { return };
        let first = tracer.remembered(held);
        exchange.watched.on_span(|span| {
            span.say(name::CALL, held.as_str());
            if let Some(deadline) = deadline {
                let said = [(name::CALL, held.as_str()), (name::HOLD_DEADLINE, deadline)];
                span.event(self.clock.now(), name::HELD, &said);
            }
            if let Some(first) = first {
                span.link(first);
            }
        });
        tracer.remember(held, context);
    }

    /// Where the approval stood when its waiter went on.
    pub(super) fn went_on(&self, exchange: &Exchange, state: &State) {
        exchange.watched.on_span(|span| {
            span.say(name::HOLD_STATE, state.word());
            if matches!(state, State::Approved { .. }) {
                span.event(self.clock.now(), name::AGREED, &[]);
            }
        });
    }

    /// The answer goes out.
    pub(super) fn answered(&self, exchange: &Exchange, answer: &Answer) {
        let watched = &exchange.watched;
        let Some(method) = watched.method else { return };
        let wrong = watched.refused.get().copied().or_else(|| wrong(answer));
        let (server, tool) = watched.subject.get().map_or(("", ""), Subject::labels);
        let labels = [method, server, tool, wrong.unwrap_or_default(), transport_of(exchange.session.door)];
        self.metrics.server.with(labels, |took| took.took(watched.begun.elapsed()));
        let span =
            watched.traced.as_ref().and_then(|place| place.span.lock().unwrap_or_else(PoisonError::into_inner).take());
        if let (Some(mut span), Some(tracer)) = (span, self.tracer.get()) {
            fail(&mut span, answer, wrong);
            tracer.end(*span, self.clock.now());
        }
    }

    /// The call is sent to its server. What the server is told beside it is `meta` with the place of this in the trace.
    pub(super) fn sending(&self, exchange: &Exchange, call: &Call, link: &Link) -> Sending {
        let method = Method::parse(call.action.method()).map_or(OTHER, Method::name);
        let subject = Subject { server: Arc::clone(&call.server), tool: call.tool.clone() };
        let traced = self.tracer.get().and_then(|tracer| {
            let first = tracer.recall(&call.id);
            let under = match (exchange.watched.context(), &first) {
                (Some(above), _) => Under::Here(above),
                (None, Some(first)) => Under::After(first),
                (None, None) => Under::Nothing,
            };
            let mut traced = tracer.begin(under, (Kind::Client, method), self.clock.now())?;
            if let Some(span) = &mut traced.span {
                about(span, call);
                span.say(name::PROTOCOL, link.protocol());
                span.say(name::TRANSPORT, link.transport());
                // Below a request of a client that one is linked, where it is another.
                if let (Under::After(_), Some(first)) = (under, &first) {
                    span.link(first.clone());
                }
            }
            Some(traced)
        });
        Sending { begun: Instant::now(), subject, method, transport: link.transport(), traced }
    }

    /// The server has answered, or never will.
    pub(super) fn sent(&self, sending: Sending, reply: &Reply) {
        let Sending { begun, subject, method, transport, traced } = sending;
        let wrong = match reply {
            Reply::Answered(answer) => wrong(answer),
            Reply::NotSent(_) => Some("not_sent"),
            Reply::Unknown(_) => Some("outcome_unknown"),
            Reply::Cancelled => Some("cancelled"),
        };
        let (server, tool) = subject.labels();
        let labels = [method, server, tool, wrong.unwrap_or_default(), transport];
        self.metrics.client.with(labels, |took| took.took(begun.elapsed()));
        if let (Some(Traced { span: Some(mut span), .. }), Some(tracer)) = (traced, self.tracer.get()) {
            match reply {
                Reply::Answered(answer) => fail(&mut span, answer, wrong),
                _ => fail(&mut span, &Ok(Value::Null), wrong),
            }
            tracer.end(*span, self.clock.now());
        }
    }
}

impl Sending {
    /// What the server is told beside the call.
    pub(super) fn meta(&self, meta: &Object) -> Object {
        let mut meta = meta.clone();
        if let Some(Traced { context, .. }) = &self.traced {
            meta.insert("traceparent", context.parent());
            match &context.state {
                Some(state) => meta.insert("tracestate", &**state),
                None => drop(meta.remove("tracestate")),
            }
        }
        meta
    }

    /// It is asked for people who decide about another call.
    pub(super) fn is_preview_of(&mut self, call: &CallId) {
        if let Some(Traced { span: Some(span), .. }) = &mut self.traced {
            span.say(name::PREVIEW_OF, call.as_str());
        }
    }
}

impl Subject {
    /// Server and tool as metrics know them. Only a tool of the pinned catalogue has a name.
    fn labels(&self) -> (&str, &str) {
        (&self.server, self.tool.as_ref().map_or("", |tool| &tool.name))
    }
}

fn describe(span: &mut Span, session: &Session, id: &Id) {
    span.say(name::REQUEST, &id.to_string());
    span.say(name::PROTOCOL, &session.client.protocol);
    span.say(name::TRANSPORT, transport_of(session.door));
    if session.door == Door::Http {
        span.say(name::NETWORK_PROTOCOL, "http");
    }
    // A modern client has none; what its requests share here is no session of the protocol.
    if session.client.era == Era::Legacy {
        span.say(name::SESSION, &session.id);
    }
}

fn about(span: &mut Span, call: &Call) {
    span.say(name::CALL, call.id.as_str());
    span.say(name::SERVER, &call.server);
    match &call.action {
        Action::Tool(tool) => span.about_tool(call.action.method(), tool),
        Action::Prompt(prompt) => span.say(name::PROMPT, prompt),
        _ => {}
    }
}

fn fail(span: &mut Span, answer: &Answer, wrong: Option<&'static str>) {
    let code = answer.as_ref().err().map(|error| error.code.to_string());
    if let Some(code) = &code {
        span.say(name::STATUS, code);
    }
    match (wrong, &code) {
        (Some(UNCOMMON), Some(code)) => span.fail(code),
        (Some(wrong), _) => span.fail(wrong),
        (None, _) => {}
    }
}

const fn transport_of(door: Door) -> &'static str {
    match door {
        Door::Stdio => "pipe",
        Door::Http => "tcp",
    }
}

/// In which way an answer says that something went wrong, in one of few words: a server may make up its own codes.
fn wrong(answer: &Answer) -> Option<&'static str> {
    match answer {
        Ok(result) => (result.get("isError").and_then(Value::as_bool) == Some(true)).then_some("tool_error"),
        Err(error) => Some(match error.code {
            code::PARSE => "-32700",
            code::INVALID_REQUEST => "-32600",
            code::METHOD_NOT_FOUND => "-32601",
            code::INVALID_PARAMS => "-32602",
            code::INTERNAL => "-32603",
            code::RESOURCE_NOT_FOUND => "-32002",
            code::REFUSED => "-32001",
            code::UNAVAILABLE => "-32003",
            _ => UNCOMMON,
        }),
    }
}

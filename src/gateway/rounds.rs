//! How does a question reach a client that only ever asks, and how does its reply find the way back?
//!
//! A modern client gets the question as the answer to its call and sends the call again with the reply and a ticket. The
//! ticket is random, works once, for the same caller, the same request and a short time; what it stands for never leaves
//! the gateway. It stands either for a call that is still running (the server behind is legacy and waits), or for the
//! state a modern server wants back.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use super::Gateway;
use super::converse::as_input_request;
use super::exchange::Exchange;
use super::outlet::{Step, Steps};
use super::reach::Reach;
use crate::clock::{Timestamp, chance};
use crate::digest::{Digest, push_hex};
use crate::object;
use crate::wire::era::inputs::InputRequired;
use crate::wire::json::{Object, Value};
use crate::wire::message::{Answer, Id, Request, RpcError, code};

/// How long a ticket is good for.
const LIFETIME_MICROS: i64 = 600_000_000;
/// Open tickets one caller may have.
const MOST_PER_CALLER: usize = 64;
/// The key of the one question a round carries.
const KEY: &str = "q";

/// The tickets that are out.
#[derive(Debug, Default)]
pub struct Rounds(Mutex<BTreeMap<String, Parked>>);

#[derive(Debug)]
struct Parked {
    principal: String,
    fingerprint: Digest,
    expires: Timestamp,
    what: Waiting,
}

/// What a ticket stands for.
#[derive(Debug)]
pub enum Waiting {
    /// A call that runs on: its other end, and where the reply goes.
    Call {
        /// What it says next.
        steps: Steps,
        /// Takes the client's `inputResponses`.
        reply: oneshot::Sender<Object>,
        /// Cancels the call.
        cancel: CancellationToken,
    },
    /// What a modern server wants back.
    State(String),
}

impl Rounds {
    fn park(&self, exchange: &Exchange, what: Waiting, now: Timestamp) -> Result<String, RpcError> {
        let bytes = chance::<32>().map_err(|error| RpcError::new(code::INTERNAL, error.to_string()))?;
        let mut ticket = String::with_capacity(64);
        for byte in bytes {
            push_hex(byte, &mut ticket);
        }
        let principal = exchange.session.caller.principal.clone();
        let mut open = self.open();
        open.retain(|_, parked| parked.expires > now);
        if open.values().filter(|parked| parked.principal == principal).count() >= MOST_PER_CALLER {
            let text = format!("more than {MOST_PER_CALLER} questions are open for this caller; answer some first");
            return Err(RpcError::new(code::REFUSED, text));
        }
        let expires = Timestamp::from_micros(now.micros().saturating_add(LIFETIME_MICROS));
        open.insert(ticket.clone(), Parked { principal, fingerprint: exchange.fingerprint, expires, what });
        Ok(ticket)
    }

    /// Takes what a ticket stands for. It is gone afterwards, also when it did not fit.
    pub fn redeem(
        &self,
        ticket: &str,
        principal: &str,
        fingerprint: Digest,
        now: Timestamp,
    ) -> Result<Waiting, RpcError> {
        let refuse = || {
            let text = "this `requestState` is not valid: it was used before, has expired, or belongs to another request; send the call anew without it";
            RpcError::new(code::INVALID_PARAMS, text)
        };
        let mut open = self.open();
        let fits = open.get(ticket).is_some_and(|parked| {
            parked.principal == principal && parked.fingerprint == fingerprint && parked.expires > now
        });
        if !fits {
            return Err(refuse());
        }
        open.remove(ticket).map(|parked| parked.what).ok_or_else(refuse)
    }

    /// Drops what has expired; a call that waits behind a ticket sees that nobody comes.
    pub fn sweep(&self, now: Timestamp) {
        self.open().retain(|_, parked| parked.expires > now);
    }

    fn open(&self) -> MutexGuard<'_, BTreeMap<String, Parked>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Gateway {
    /// Answers the client's call with a question and waits for it to come back with the reply.
    pub(super) async fn ask_by_round(&self, exchange: &Arc<Exchange>, method: String, params: Object) -> Answer {
        let _one_at_a_time = exchange.asking.lock().await;
        let (reply, came_back) = oneshot::channel();
        let (before, steps) = exchange.outlet.hand_over();
        let waiting = Waiting::Call { steps, reply, cancel: exchange.cancelled.clone() };
        let ticket = self.rounds.park(exchange, waiting, self.clock.now())?;
        let question = object! {
            "resultType" => "input_required",
            "inputRequests" => object! { KEY => as_input_request(&method, params) },
            "requestState" => ticket,
        };
        if before.send(Step::Answer(Ok(Value::Object(question)))).await.is_err() {
            return Err(RpcError::new(code::UNAVAILABLE, "the client has gone; nobody can answer"));
        }
        let (answer, heard) = oneshot::channel();
        let mapped = async {
            let outcome = match came_back.await {
                Ok(mut responses) => responses.remove(KEY).ok_or_else(|| {
                    RpcError::new(code::INVALID_PARAMS, "the client came back without the reply that was asked for")
                }),
                Err(_) => Err(RpcError::new(code::UNAVAILABLE, "the client did not come back with a reply")),
            };
            drop(answer.send(outcome));
        };
        let ((), answer) = tokio::join!(mapped, self.await_reply(exchange, heard));
        answer
    }

    /// Asks a legacy client everything a modern server wants to know, and puts the replies beside the parameters.
    pub(super) async fn gather(
        &self,
        exchange: &Arc<Exchange>,
        reach: &Reach,
        result: &Value,
        params: &mut Object,
    ) -> Result<(), RpcError> {
        let Some(wanted) = InputRequired::of(result) else {
            let text = format!("the server `{}` asks for input in a form that cannot be read", reach.server().name());
            return Err(RpcError::new(code::UNAVAILABLE, text));
        };
        let server: Arc<str> = reach.server().name().into();
        let mut responses = Object::new();
        for (number, question) in wanted.questions.into_iter().enumerate() {
            // The id is the server's business only as a name; over this link it never sees it.
            let id = Id::from(u64::try_from(number).unwrap_or(u64::MAX));
            let request = Request { id, method: question.method, params: question.params };
            responses.insert(question.key, self.ask_client(exchange, &server, request).await?);
        }
        drop(params.remove("inputResponses"));
        drop(params.remove("requestState"));
        if !responses.is_empty() {
            params.insert("inputResponses", responses);
        }
        if let Some(state) = wanted.state {
            params.insert("requestState", state);
        }
        Ok(())
    }

    /// Puts a ticket of ours in the place of a modern server's own state, which never leaves the gateway.
    pub(super) fn seal_state(&self, exchange: &Exchange, result: &mut Value) -> Result<(), RpcError> {
        let Some(object) = result.as_object_mut() else { return Ok(()) };
        if let Some(Value::String(state)) = object.get("requestState") {
            let waiting = Waiting::State(state.clone());
            let ticket = self.rounds.park(exchange, waiting, self.clock.now())?;
            object.insert("requestState", ticket);
        }
        Ok(())
    }
}

/// Names a request without what changes from round to round.
pub fn fingerprint(method: &str, params: &Object) -> Digest {
    let lasting: Object = params
        .iter()
        .filter(|(key, _)| !matches!(*key, "_meta" | "inputResponses" | "requestState"))
        .map(|(key, value)| (key, value.clone()))
        .collect();
    Digest::of_object(method, &lasting)
}

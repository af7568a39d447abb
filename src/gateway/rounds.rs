//! How does a question reach a client that only ever asks, and how does its reply find the way back?
//!
//! A modern client gets the question as the answer to its call and sends the call again with the reply and a ticket. The
//! ticket is random, works once, for the same caller, endpoint and request and a short time.
//!
//! It stands either for what a modern server wants back, or for a call that is still running because the server behind
//! is legacy and waits. The first is kept in the store, sealed (see `ticket`): any gateway on the store can take it, also
//! after a restart, and the database sees to it that one does. The second lives and ends with the process that holds
//! the server's connection; whoever brings its ticket elsewhere is told so.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{mpsc, oneshot};

use super::Gateway;
use super::converse::as_input_request;
use super::exchange::Exchange;
use super::outlet::{Step, Steps};
use super::session::{Name, Session};
use super::ticket::{Closed, Good, Ticket, belonging};
use crate::clock::{NoChance, Timestamp};
use crate::digest::Digest;
use crate::object;
use crate::store::StoreError;
use crate::store::tickets::{KeptTicket, Room};
use crate::wire::json::{Object, Value};
use crate::wire::message::{Answer, Request, RpcError, code};

/// How long a ticket is good for.
const LIFETIME_MICROS: i64 = 600_000_000;
/// Open tickets of either kind one caller may have.
const MOST_PER_CALLER: u32 = 64;
/// The key of the one question a round carries.
const KEY: &str = "q";

/// The calls that wait for their clients to come back, under the digests of their tickets.
#[derive(Debug, Default)]
pub struct Rounds {
    waiting: Mutex<BTreeMap<Digest, Waiting>>,
    /// When the store was last rid of tickets that had expired.
    swept: AtomicI64,
}

/// A call that runs on.
#[derive(Debug)]
struct Waiting {
    exchange: Arc<Exchange>,
    expires: Timestamp,
    /// What it says next.
    steps: Steps,
    /// Takes the client's reply.
    reply: oneshot::Sender<Answer>,
}

impl Rounds {
    /// Lets a call wait. What it said until now is heard at the end returned here, and what it says later by whoever
    /// comes with the ticket.
    fn park(
        &self,
        ticket: &Ticket,
        exchange: &Arc<Exchange>,
        now: Timestamp,
    ) -> Result<(mpsc::Sender<Step>, oneshot::Receiver<Answer>), RpcError> {
        let principal = &exchange.session.caller.principal;
        let mut waiting = self.waiting();
        waiting.retain(|_, call| call.expires > now);
        let open = waiting.values().filter(|call| call.exchange.session.caller.principal == *principal).count();
        if u32::try_from(open).is_ok_and(|open| open < MOST_PER_CALLER) {
            let (before, steps) = exchange.outlet.hand_over();
            let (reply, came_back) = oneshot::channel();
            let call = Waiting { exchange: Arc::clone(exchange), expires: until(now), steps, reply };
            waiting.insert(ticket.name(), call);
            exchange.rename(&exchange.session, Name::Away(ticket.name()));
            return Ok((before, came_back));
        }
        Err(too_many())
    }

    /// Takes the call this request comes back to, if it waits here. It does not wait any longer afterwards; one that does
    /// not fit goes on waiting for the one it belongs to.
    fn resume(&self, session: &Arc<Session>, request: &Request, now: Timestamp) -> Option<Waiting> {
        let name = brought(&request.params).filter(|ticket| ticket.good() == Good::Here)?.name();
        let mut waiting = self.waiting();
        let call = waiting.get(&name).filter(|call| call.expires > now)?;
        let fingerprint = Some(fingerprint(&request.method, &request.params));
        let same = belonging(session, fingerprint) == belonging(&call.exchange.session, call.exchange.fingerprint);
        if same && call.exchange.rename(session, session.name(&request.id)) { waiting.remove(&name) } else { None }
    }

    fn waiting(&self) -> MutexGuard<'_, BTreeMap<Digest, Waiting>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Gateway {
    /// What a call says that was answered with a question, when this request brings the reply and the call still runs.
    pub(super) fn take_back(&self, session: &Arc<Session>, request: &Request) -> Option<Steps> {
        let Waiting { steps, reply, .. } = self.rounds.resume(session, request, self.clock.now())?;
        let response = request.params.object("inputResponses").and_then(|responses| responses.get(KEY).cloned());
        let without = || {
            let text = "the client came back without the reply that was asked for";
            RpcError::new(code::INVALID_PARAMS, text)
        };
        // A call that ended meanwhile has said so in its steps.
        drop(reply.send(response.ok_or_else(without)));
        Some(steps)
    }

    /// Answers the client's call with a question and waits for it to come back with the reply.
    pub(super) async fn ask_by_round(&self, exchange: &Arc<Exchange>, method: String, params: Object) -> Answer {
        let _one_at_a_time = exchange.asking.lock().await;
        let ticket = Ticket::for_call().map_err(no_chance)?;
        let (before, came_back) = self.rounds.park(&ticket, exchange, self.clock.now())?;
        let question = object! {
            "resultType" => "input_required",
            "inputRequests" => object! { KEY => as_input_request(&method, params) },
            "requestState" => ticket.text(),
        };
        if before.send(Step::Answer(Box::new(Ok(Value::Object(question))))).await.is_err() {
            // Nobody has the ticket. Without it nobody listens either, and the call is cancelled.
            drop(self.rounds.waiting().remove(&ticket.name()));
        }
        self.await_reply(exchange, came_back).await
    }

    /// Puts a ticket of ours in the place of a modern server's own state.
    pub(super) async fn seal_state(&self, exchange: &Exchange, result: &mut Value) -> Result<(), RpcError> {
        let Some(result) = result.as_object_mut() else { return Ok(()) };
        let Some(Value::String(state)) = result.get("requestState") else { return Ok(()) };
        let ticket = Ticket::for_state().map_err(no_chance)?;
        let request = belonging(&exchange.session, exchange.fingerprint);
        let Some(sealed) = ticket.seal(Closed::State, state, request) else {
            return Err(RpcError::new(code::INTERNAL, "the server's `requestState` is too long to be kept"));
        };
        let (now, principal) = (self.clock.now(), exchange.session.caller.principal.as_str());
        let kept = KeptTicket { name: ticket.name(), principal, request, expires: until(now), state: &sealed };
        match self.store.put_ticket(kept, MOST_PER_CALLER, now).await.map_err(unkept)? {
            Room::Found => result.insert("requestState", ticket.text()),
            Room::Full => return Err(too_many()),
        }
        Ok(())
    }

    /// Puts a modern server's own state back in the place of our ticket. Whatever else a client calls its state is refused.
    pub(super) async fn unseal_state(&self, exchange: &Exchange, params: &mut Object) -> Result<(), RpcError> {
        let Some(ticket) = brought(params) else { return Ok(()) };
        let refused = |text: &str| Err(RpcError::new(code::INVALID_PARAMS, text));
        match ticket.good() {
            Good::Anywhere => {}
            Good::Here | Good::Nowhere => return refused(SPENT),
            Good::Elsewhere => return refused(ELSEWHERE),
        }
        let request = belonging(&exchange.session, exchange.fingerprint);
        let Some(sealed) = self.store.take_ticket(ticket.name(), request, self.clock.now()).await.map_err(unkept)?
        else {
            return refused(SPENT);
        };
        let Some(state) = ticket.open(Closed::State, sealed, request) else {
            tracing::error!("a server's state in the store was changed by something else; its ticket was refused");
            return refused(SPENT);
        };
        params.insert("requestState", state);
        Ok(())
    }

    /// Drops what has expired; a call that waits behind a ticket sees that nobody comes.
    pub(super) async fn sweep_rounds(&self, now: Timestamp) {
        self.rounds.waiting().retain(|_, call| call.expires > now);
        // An expired ticket in the store only takes room: an idle gateway need not wake its database for it.
        let last = self.rounds.swept.load(Ordering::Relaxed);
        if now.micros().saturating_sub(last) < LIFETIME_MICROS {
            return;
        }
        self.rounds.swept.store(now.micros(), Ordering::Relaxed);
        if let Err(error) = self.store.sweep_tickets(now).await {
            tracing::warn!(%error, "tickets that have expired stay in the store until the next time");
        }
        for swept in [self.store.sweep_once(now).await, self.store.sweep_sign_ins(now).await] {
            if let Err(error) = swept {
                tracing::warn!(%error, "what nobody can be signed in by stays in the store until the next time");
            }
        }
        self.sweep_counts(now).await;
    }
}

const SPENT: &str = "this `requestState` is not valid: it was used before, has expired, or belongs to another request or \
                     caller; send the call anew without it";

const ELSEWHERE: &str = "this `requestState` belongs to a call that waits for its reply in another process of this \
                         gateway, or waited in one that has ended; if several gateways share the work, come back to \
                         the one that asked, otherwise send the call anew without it";

fn brought(params: &Object) -> Option<Ticket> {
    params.str("requestState").map(Ticket::brought)
}

fn until(now: Timestamp) -> Timestamp {
    Timestamp::from_micros(now.micros().saturating_add(LIFETIME_MICROS))
}

fn too_many() -> RpcError {
    let text = format!("more than {MOST_PER_CALLER} questions are open for this caller; answer some first");
    RpcError::new(code::REFUSED, text)
}

fn no_chance(error: NoChance) -> RpcError {
    RpcError::new(code::INTERNAL, error.to_string())
}

#[expect(clippy::needless_pass_by_value, reason = "made for map_err")]
fn unkept(error: StoreError) -> RpcError {
    tracing::error!(%error, "the tickets of open questions cannot be kept");
    let text = "the store of this gateway fails, so no question can be asked or answered; whoever runs it finds the \
                cause in its log";
    RpcError::new(code::UNAVAILABLE, text)
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

//! How does a task come about, run, and go on after whoever ran it has died?

use std::sync::Arc;

use super::kept::{Asked, seal_answer};
use super::{Gateway, told};
use crate::approval::state::{End, State};
use crate::approval::{Approval, UNUSED_MICROS};
use crate::call::{Action, Call, CallId, Parts};
use crate::clock::Timestamp;
use crate::gateway::Turned;
use crate::gateway::answer::{Refusal, Retry, Waits};
use crate::gateway::desk::Waiting;
use crate::gateway::exchange::Exchange;
use crate::gateway::hold::{Attended, Joined};
use crate::gateway::reach::Reach;
use crate::gateway::session::Session;
use crate::gateway::ticket::Ticket;
use crate::gateway::weigh::Weighed;
use crate::object;
use crate::policy::decision::Decision;
use crate::store::tasks::KeptTask;
use crate::wire::era::{self, Era};
use crate::wire::json::{Object, Value};
use crate::wire::message::{Answer, Id, Notification};
use crate::wire::method::Method;

/// How long what came of a task is kept after the last moment at which it can begin.
const KEPT_MICROS: i64 = 3_600_000_000;
/// What a host may tell its model at once: 2025-11-25.
const AT_ONCE: &str = "io.modelcontextprotocol/model-immediate-response";

/// How a task begins.
enum Begun {
    /// It waits for people at this place.
    Waits(Waiting),
    /// It goes on at once.
    Goes(Stage),
}

/// How a task goes on.
enum Stage {
    /// It waits for nobody.
    Goes(Box<Weighed>),
    /// It waited before, in a process that is not there any more or for a session that has ended.
    Returns(Box<Call>),
    /// It was turned away at once.
    Turned(Refusal),
}

/// A task, while it runs here.
struct Task {
    keeper: Keeper,
    kept: KeptTask,
    exchange: Arc<Exchange>,
}

/// Keeps what comes of a call for its client. What comes of a call that people agreed to is kept before the book says that it
/// is over: from then on everybody may ask.
pub(in crate::gateway) struct Keeper {
    pub(super) ticket: Ticket,
}

impl Gateway {
    /// Makes a task of a call. Its client has the handle when it is in the store, and not before.
    pub(in crate::gateway) async fn begin_task(
        self: &Arc<Self>,
        exchange: &Arc<Exchange>,
        reach: &Reach,
        weighed: Weighed,
    ) -> Answer {
        let session = &exchange.session;
        let (action, own) = (weighed.call.action.clone(), weighed.call.id.clone());
        let asked = weighed.asked().clone();
        self.held(exchange, &own, None);
        let begun = match &weighed.judgement.decision {
            Decision::Hold(_) => match self.take_place(exchange, reach, Box::new(weighed)).await {
                Ok(waiter) => Begun::Waits(waiter.place()),
                // The extension leaves it to us whether a call becomes a task.
                Err(refusal) if session.client.era == Era::Modern => {
                    exchange.watched.refused(&refusal);
                    return refusal.answer(Some(&own), Some(&action));
                }
                Err(refusal) => Begun::Goes(Stage::Turned(refusal)),
            },
            Decision::Allow(_) | Decision::Deny(_) => Begun::Goes(Stage::Goes(Box::new(weighed))),
        };
        let approval = match &begun {
            Begun::Waits(place) => self.desk.look(place.id()).await.ok(),
            Begun::Goes(_) => None,
        };
        let (ticket, kept) = match self.keep_call(exchange, &asked, approval.as_ref()).await {
            Ok(kept) => kept,
            // Its place is given up with it; the approval goes on waiting for the same call.
            Err(refusal) => return refusal.answer(Some(&own), Some(&action)),
        };
        let standing = told::stands(None, approval.as_ref(), self.clock.now());
        let handle = told::task(ticket.text(), &kept, &standing, session.client.era);
        match begun {
            Begun::Waits(place) => self.stand_at(session, (ticket, kept.name), place),
            Begun::Goes(stage) => {
                let exchange = Arc::new(Exchange::unattended(session, exchange.id.clone(), exchange.kept()));
                self.own_tasks.take(kept.name, &exchange.cancelled);
                let task = Task { keeper: Keeper { ticket }, kept, exchange };
                let (gateway, server) = (Arc::clone(self), Arc::clone(&asked.server));
                self.tasks.spawn(async move { gateway.run_task(task, server, stage).await });
            }
        }
        Ok(Value::Object(match session.client.era {
            Era::Modern => {
                let mut result = handle;
                result.insert("resultType", "task");
                result
            }
            Era::Legacy => {
                let words = handle.str("statusMessage").unwrap_or("it runs").to_owned();
                object! { "task" => handle, "_meta" => object! { AT_ONCE => words } }
            }
        }))
    }

    /// Keeps a call so that it can go on without its client: under a new id, which only the client gets.
    async fn keep_call(
        &self,
        exchange: &Exchange,
        asked: &Call,
        approval: Option<&Approval>,
    ) -> Result<(Ticket, KeptTask), Refusal> {
        let lost = |what: &dyn std::fmt::Display| {
            tracing::error!(error = %what, "a call cannot be kept for its client");
            let reason = "the call must wait, and it cannot be kept right now";
            Refusal::new("approvals_unavailable", Retry::Later, reason)
                .hint("whoever runs this gateway finds the cause in its log")
        };
        let ticket = Ticket::for_task().map_err(|error| lost(&error))?;
        let Action::Tool(tool) = &asked.action else { return Err(lost(&"it is no call of a tool")) };
        let (session, server) = (&exchange.session, asked.server.to_string());
        let (params, meta) = (asked.params.clone(), exchange.kept());
        let request = Asked { server, tool: tool.clone(), params, meta };
        let request = request.seal(&ticket, &session.caller).ok_or_else(|| lost(&"it cannot be closed"))?;
        let made = self.clock.now();
        let begins = approval.map_or(made, |approval| approval.deadline.max(made));
        let expires = begins.micros().saturating_add(UNUSED_MICROS).saturating_add(KEPT_MICROS);
        let kept = KeptTask {
            name: ticket.name(),
            principal: session.caller.principal.clone(),
            approval: approval.map(|approval| approval.id.to_string()),
            made,
            moved: made,
            expires: Timestamp::from_micros(expires),
            request,
            answer: None,
        };
        self.store.put_task(&kept).await.map_err(|error| lost(&error))?;
        Ok((ticket, kept))
    }

    /// What a client hears that is told to come back: also by which reference it can go on waiting.
    pub(in crate::gateway) async fn with_reference(
        &self,
        exchange: &Exchange,
        asked: &Call,
        (id, refusal): (&CallId, Refusal),
    ) -> Refusal {
        let session = &exchange.session;
        if refusal.class != "held" || !matches!(asked.action, Action::Tool(_)) || session.takes_tasks() {
            return refusal;
        }
        let Ok(approval) = self.desk.look(id.as_str()).await else { return refusal };
        let until = approval.deadline;
        // Where it cannot be kept, the same call still finds its approval.
        match self.keep_call(exchange, asked, Some(&approval)).await {
            Ok((ticket, _)) => Refusal { waits: Some(Waits { reference: ticket.text().to_owned(), until }), ..refusal },
            Err(_) => refusal,
        }
    }

    /// Takes a task up that nobody here runs. Nothing when it cannot go on here.
    pub(super) async fn resume_task(
        self: &Arc<Self>,
        session: &Arc<Session>,
        (ticket, kept): (Ticket, KeptTask),
    ) -> Result<(), Refusal> {
        let stop = session.ended.child_token();
        if !self.own_tasks.take(kept.name, &stop) {
            return Ok(());
        }
        match self.reopen(session, &ticket, &kept).await {
            Ok((asked, meta)) => {
                let exchange = Arc::new(Exchange::unattended(session, Id::from(0), meta));
                let (gateway, server) = (Arc::clone(self), Arc::clone(&asked.server));
                self.own_tasks.hand_on(kept.name, &stop, &exchange.cancelled);
                let task = Task { keeper: Keeper { ticket }, kept, exchange };
                let stage = Stage::Returns(Box::new(asked));
                self.tasks.spawn(async move { gateway.run_task(task, server, stage).await });
                Ok(())
            }
            Err(refusal) => {
                self.own_tasks.end(kept.name);
                Err(refusal)
            }
        }
    }

    /// The call that was kept, as it would be made now, and what its client said beside it.
    pub(super) async fn reopen(
        self: &Arc<Self>,
        session: &Arc<Session>,
        ticket: &Ticket,
        kept: &KeptTask,
    ) -> Result<(Call, Object), Refusal> {
        let gone = |reason: String| Refusal::new("superseded", Retry::Useless, reason).hint("make the call anew");
        let opened = Asked::open(ticket, kept.request.clone(), &session.caller);
        let (Some(Asked { server, tool, params, meta }), Some(id)) = (opened, &kept.approval) else {
            return Err(gone("the call is not one that can be taken up by this caller".to_owned()));
        };
        let Some(reach) = session.reaches.get(server.as_str()) else {
            return Err(gone(format!("the server `{server}` is not offered here")));
        };
        let offer = self.offer(session, reach, &tool).await?;
        let Some(offer) = offer else {
            return Err(gone(format!("the server `{server}` has no tool `{tool}` any more")));
        };
        let call = Call::new(Parts {
            id: CallId::from_record(id),
            caller: Arc::clone(&session.caller),
            server: server.into(),
            action: Action::Tool(tool),
            params,
            tool: Some(offer.tool),
            arrived: self.clock.now(),
            naming: self.store.keys().naming.clone(),
        });
        Ok((call, meta))
    }

    async fn run_task(self: Arc<Self>, task: Task, server: Arc<str>, stage: Stage) {
        let Task { keeper, kept, exchange } = task;
        let session = Arc::clone(&exchange.session);
        if let Some(reach) = session.reaches.get(&server)
            && let Some((answer, spoken)) = self.go_through(&exchange, reach, (stage, &keeper)).await
            && self.is_this_answer(&kept, &answer).await
        {
            self.keep(&keeper, &session, answer, spoken).await;
        }
        self.own_tasks.end(kept.name);
        exchange.end();
        self.tell_task(&session, &keeper.ticket).await;
    }

    /// Nothing when the task is not over and may go on elsewhere.
    async fn go_through(
        self: &Arc<Self>,
        exchange: &Arc<Exchange>,
        reach: &Reach,
        (stage, keeper): (Stage, &Keeper),
    ) -> Option<(Answer, Era)> {
        let refused = |refusal: &Refusal, id| Some((refusal.answer(id, Some(&a_tool())), Era::Legacy));
        let leave = match stage {
            Stage::Turned(refusal) => return refused(&refusal, None),
            Stage::Goes(weighed) => self.settle(exchange, reach, *weighed).await,
            Stage::Returns(call) => match self.join(exchange, reach, (&*call, call.id.as_str())).await {
                Ok(Joined::Waiter(waiter)) => self.see_through(exchange, reach, waiter, Attended::Nobody).await,
                // Somebody who made the same call waits for it, or it is over and its approval says so.
                Ok(Joined::Taken | Joined::Superseded) => return None,
                Err(refusal) => return refused(&refusal, Some(&call.id)),
            },
        };
        match leave {
            Ok(leave) => Some(self.carry_out(exchange, leave, Some(keeper)).await),
            Err(Turned { refusal, id }) => refused(&refusal, id.as_ref()),
        }
    }

    /// Whether the approval is over, or the answer is all there will be: another gateway may run the task.
    async fn is_this_answer(self: &Arc<Self>, kept: &KeptTask, answer: &Answer) -> bool {
        let Some(id) = &kept.approval else { return true };
        let Ok(approval) = self.desk.look(id).await else { return true };
        let class = class(answer);
        match approval.state {
            State::Pending | State::Executing(_) => false,
            State::Approved { .. } => class != Some("cancelled"),
            State::Ended(End::Succeeded | End::Failed) => class != Some("performed_already"),
            State::Unknown | State::Ended(_) => true,
        }
    }

    /// Keeps an answer as the client will hear it, unless there is one.
    pub(in crate::gateway) async fn keep(&self, keeper: &Keeper, session: &Session, answer: Answer, spoken: Era) {
        let answer = as_heard(session, answer, spoken);
        let Some(sealed) = seal_answer(&keeper.ticket, &answer, &session.caller) else { return };
        if let Err(error) = self.store.answer_task(keeper.ticket.name(), &sealed, self.clock.now()).await {
            tracing::error!(%error, "what came of a call could not be kept for its client");
        }
    }

    /// Tells the client that its task has moved, where it listens.
    pub(super) async fn tell_task(self: &Arc<Self>, session: &Arc<Session>, ticket: &Ticket) {
        let Ok(Some(found)) = self.find_task(session, ticket.text()).await else { return };
        let (stands, era) = (found.stands(self.clock.now()), session.client.era);
        let (method, params) = match era {
            Era::Modern => ("notifications/tasks", told::detailed(ticket.text(), &found.kept, &stands, era)),
            Era::Legacy => ("notifications/tasks/status", told::task(ticket.text(), &found.kept, &stands, era)),
        };
        session.listeners.tell(Notification { method: method.to_owned(), params });
    }
}

/// An answer as it is said to this client, who cannot be asked anything any more.
pub(super) fn as_heard(session: &Session, answer: Answer, spoken: Era) -> Answer {
    let (era, method) = (session.client.era, Method::CallTool.name());
    let result = answer.map_err(|error| era::error_to_client(spoken, era, method, error))?;
    if matches!(result.get("resultType").and_then(Value::as_str), Some("input_required" | "task")) {
        let reason = "the server wants to ask something before it answers, which can only be passed on while the call itself \
                      is open; the call may or may not have had an effect";
        let refusal = Refusal::new("outcome_unknown", Retry::Useless, reason)
            .hint("look for what it did, then make the call itself, without a task or a reference");
        return refusal.answer(None, Some(&a_tool()));
    }
    Ok(era::result_to_client(spoken, era, method, result))
}

/// Refusals of tools are the tool's result; which tool it was does not matter to their form.
const fn a_tool() -> Action {
    Action::Tool(String::new())
}

fn class(answer: &Answer) -> Option<&str> {
    let meta = answer.as_ref().ok()?.get("_meta")?.get(crate::gateway::answer::META)?;
    meta.get("class")?.as_str()
}

//! What may a client ask about a task, and what is it told?

use std::sync::Arc;
use std::time::Duration;

use super::kept::open_answer;
use super::standing::is_still;
use super::told::{Stands, detailed, related, stands, task};
use super::{EXTENSION, Gateway};
use crate::approval::Approval;
use crate::approval::state::{End, State};
use crate::clock::Timestamp;
use crate::gateway::desk::Wish;
use crate::gateway::exchange::Exchange;
use crate::gateway::hold::{question, said};
use crate::gateway::session::Session;
use crate::gateway::ticket::Ticket;
use crate::object;
use crate::store::tasks::KeptTask;
use crate::wire::era::Era;
use crate::wire::json::{Object, Value};
use crate::wire::message::{Answer, RpcError, code};
use crate::wire::method::Method;

/// How often a client that waits for the end of a task looks again.
const LOOK: Duration = Duration::from_millis(250);

/// A task of a client that asked for it.
pub(super) struct Found {
    /// What the store has of it.
    pub(super) kept: KeptTask,
    /// Where its approval stood just before the answer was looked for. An answer is kept before an approval says that the call
    /// is over, so where both are missing nothing came of it.
    pub(super) approval: Option<Approval>,
    /// What came of it.
    pub(super) answer: Option<Answer>,
    /// Whether somebody here was at it just before that was looked for.
    pub(super) here: bool,
}

impl Found {
    /// Where the task stands. An approval that fits no more ends before the answer is kept that says why: where somebody here
    /// is about to say it, nothing is said in its place.
    pub(super) fn stands(&self, now: Timestamp) -> Stands {
        let superseded = |approval: &Approval| approval.state == State::Ended(End::Superseded);
        if self.here && self.answer.is_none() && self.approval.as_ref().is_some_and(superseded) {
            return Stands::Working("it is looked at once more".to_owned());
        }
        stands(self.answer.clone(), self.approval.as_ref(), now)
    }
}

impl Gateway {
    /// Answers a question about one of our own tasks.
    pub(in crate::gateway) async fn about_task(
        self: &Arc<Self>,
        exchange: &Exchange,
        method: Method,
        params: &Object,
    ) -> Answer {
        let session = &exchange.session;
        let era = session.client.era;
        if era == Era::Modern && !session.takes_tasks() {
            return Err(not_declared());
        }
        let id = params.str("taskId").unwrap_or_default();
        let Some(found) = self.find_task(session, id).await? else { return Err(unknown(id)) };
        match method {
            Method::TaskCancel => self.cancel_task(session, id, &found).await,
            Method::TaskUpdate => self.update_task(&found, params).await,
            Method::TaskResult => self.task_result(exchange, id).await,
            _ => {
                let stands = found.stands(self.clock.now());
                if matches!(stands, Stands::Working(_)) {
                    self.go_on(session, id, &found).await?;
                }
                let mut task = detailed(id, &found.kept, &stands, era);
                if let Some((key, question)) = asked_of(session, &found) {
                    task.insert("status", "input_required");
                    task.insert("inputRequests", object! { key => question });
                }
                Ok(Value::Object(task))
            }
        }
    }

    /// The task of this id, if it is this caller's. Somebody else's does not exist.
    pub(super) async fn find_task(&self, session: &Session, id: &str) -> Result<Option<Found>, RpcError> {
        let ticket = Ticket::brought(id);
        let look = async || {
            let kept =
                self.store.find_task(ticket.name(), self.clock.now()).await.map_err(|error| unreadable(&error))?;
            Ok::<_, RpcError>(kept.filter(|kept| kept.principal == session.caller.principal))
        };
        let Some(mut kept) = look().await? else { return Ok(None) };
        let here = self.own_tasks.has(kept.name);
        let approval = match &kept.approval {
            Some(id) => Some(self.desk.look(id).await.map_err(|error| unreadable(&error))?),
            None => None,
        };
        if kept.answer.is_none() && approval.as_ref().is_some_and(|approval| !approval.is_open()) {
            let Some(again) = look().await? else { return Ok(None) };
            kept = again;
        }
        let answer = match kept.answer.take() {
            None => None,
            Some(sealed) => match open_answer(&ticket, sealed, &session.caller) {
                Some(answer) => Some(answer),
                None => return Ok(None),
            },
        };
        Ok(Some(Found { kept, approval, answer, here }))
    }

    /// Sees to it that a task that waits is waited for by somebody.
    async fn go_on(self: &Arc<Self>, session: &Arc<Session>, id: &str, found: &Found) -> Result<(), RpcError> {
        let waits = found.kept.approval.is_some() && found.answer.is_none();
        if !waits || self.own_tasks.has(found.kept.name) {
            return Ok(());
        }
        if let Some(approval) = found.approval.as_ref().filter(|approval| is_still(approval)) {
            // Where somebody waits with the same call, that is who goes on.
            if let Some(waiting) = self.desk.wait(approval.id.as_str()) {
                self.stand_at(session, (Ticket::brought(id), found.kept.name), waiting);
            }
            return Ok(());
        }
        let resumed = self.resume_task(session, (Ticket::brought(id), found.kept.clone())).await;
        resumed.map_err(|refusal| RpcError::new(code::UNAVAILABLE, refusal.reason))
    }

    /// Takes what the client says to what it was asked. What was not asked, or not of it, is passed over: people agree
    /// elsewhere.
    async fn update_task(self: &Arc<Self>, found: &Found, params: &Object) -> Answer {
        let done = Ok(Value::Object(Object::new()));
        let Some(approval) = &found.approval else { return done };
        let Some((number, _)) = approval.open_question() else { return done };
        let responses = params.object("inputResponses");
        let response = responses.and_then(|responses| responses.get(&format!("question-{number}")));
        if let Some(text) = response.and_then(said) {
            self.explain(approval.id.as_str(), text).await.map_err(|error| unreadable(&error))?;
        }
        done
    }

    async fn cancel_task(self: &Arc<Self>, session: &Session, id: &str, found: &Found) -> Answer {
        if let Some(approval) = &found.kept.approval
            && let Err(error) = self.desk.act(approval, Wish::Cancel("the client wants its task no more")).await
        {
            tracing::debug!(call = approval, %error, "a task its client gave up runs or is over already");
        }
        self.own_tasks.stop(found.kept.name);
        if session.client.era == Era::Modern {
            return Ok(Value::Object(Object::new()));
        }
        let Some(found) = self.find_task(session, id).await? else { return Err(unknown(id)) };
        let stands = found.stands(self.clock.now());
        Ok(Value::Object(task(id, &found.kept, &stands, Era::Legacy)))
    }

    /// What a task came to, once it has: 2025-11-25.
    async fn task_result(self: &Arc<Self>, exchange: &Exchange, id: &str) -> Answer {
        let session = &exchange.session;
        let mut looks = tokio::time::interval(LOOK);
        looks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = looks.tick() => {}
                () = exchange.cancelled.cancelled() => {
                    return Err(RpcError::new(code::UNAVAILABLE, "the client waits no more"));
                }
            }
            let Some(found) = self.find_task(session, id).await? else { return Err(unknown(id)) };
            match found.stands(self.clock.now()) {
                Stands::Working(_) => self.go_on(session, id, &found).await?,
                Stands::Cancelled => return Err(RpcError::new(code::INVALID_REQUEST, "the task was cancelled")),
                Stands::Over(answer) => return answer.map(|result| related(id, result)),
            }
        }
    }
}

/// What people want to know of whoever asked, under a name of its own, where the client can be asked.
fn asked_of(session: &Session, found: &Found) -> Option<(String, Object)> {
    session.capability("elicitation").filter(|_| session.client.era == Era::Modern)?;
    let approval = found.approval.as_ref().filter(|approval| approval.state == State::Pending)?;
    let (number, open) = approval.open_question()?;
    let request = object! { "method" => "elicitation/create", "params" => question(&open.text) };
    Some((format!("question-{number}"), request))
}

/// What a client hears that speaks of tasks without having said that it takes them.
pub(in crate::gateway) fn not_declared() -> RpcError {
    let extensions = object! { EXTENSION => Object::new() };
    RpcError::new(code::MISSING_CAPABILITY, format!("the client did not declare the extension {EXTENSION}"))
        .with_data(object! { "requiredCapabilities" => object! { "extensions" => extensions } })
}

fn unknown(id: &str) -> RpcError {
    let shown: String = id.chars().take(200).collect();
    RpcError::new(code::INVALID_PARAMS, format!("there is no task `{shown}`, or it was forgotten after its time"))
}

fn unreadable(error: &dyn std::error::Error) -> RpcError {
    tracing::error!(%error, "a task cannot be read");
    RpcError::new(code::UNAVAILABLE, "the store of this gateway fails; whoever runs it finds the cause in its log")
}

//! What does a client ask for, and who answers it?

use std::sync::Arc;

use super::Gateway;
use super::exchange::{Beside, Exchange};
use super::intent::Known;
use super::outlet::{Outlet, Steps};
use super::reach::Reach;
use super::resolve::Resolved;
use super::rounds;
use super::session::Session;
use super::tasks;
use crate::audit::entry::Event;
use crate::call::{Call, CallId, Parts};
use crate::clock::chance;
use crate::intent::meta::OURS;
use crate::unbroken::unbroken;
use crate::wire::era::{self, Era};
use crate::wire::json::{Object, Value};
use crate::wire::message::{Answer, Request, RpcError, code};
use crate::wire::method::Method;

/// Rounds a server may need before it is told that enough is enough.
const MOST_ROUNDS: usize = 10;

impl Gateway {
    /// Takes a request in, from within this trace. Its answer, and what is said before it, comes out of the steps.
    pub fn take(self: &Arc<Self>, session: &Arc<Session>, request: Request, beside: Beside) -> Steps {
        session.touch(self.clock.now());
        if let Some(steps) = self.take_back(session, &request) {
            return steps;
        }
        let (outlet, steps) = Outlet::new();
        let (gateway, session) = (Arc::clone(self), Arc::clone(session));
        // In a box, because the scheduler moves what it is given several times.
        self.tasks.spawn(unbroken(Box::pin(async move { gateway.serve(session, outlet, (request, beside)).await })));
        steps
    }

    async fn serve(
        self: Arc<Self>,
        session: Arc<Session>,
        outlet: Outlet,
        (request, Beside { around, token }): (Request, Beside),
    ) {
        let Request { id, method, mut params } = request;
        let Some((name, cancelled)) = session.begin(&id) else {
            let error =
                RpcError::new(code::INVALID_REQUEST, format!("the id `{id}` is still in use by an open request"));
            outlet.answer(Err(error)).await;
            return;
        };
        let fingerprint = (session.client.era == Era::Modern).then(|| rounds::fingerprint(&method, &params));
        let mut meta = match params.remove("_meta") {
            Some(Value::Object(meta)) => meta,
            _ => Object::new(),
        };
        // Nobody but the gateway says this.
        drop(meta.remove(OURS));
        let watched = self.watch(&session, (&id, &method), (&meta, around));
        let asking = tokio::sync::Mutex::new(());
        let known = std::sync::Mutex::new(Some((Arc::clone(&session), name)));
        let why = std::sync::OnceLock::new();
        let exchange =
            Exchange { session, id, known, outlet, cancelled, meta, fingerprint, asking, watched, token, why };
        let exchange = Arc::new(exchange);
        let answer = if exchange.hanging_up_cancels() {
            tokio::select! {
                answer = self.answer(&exchange, &method, params) => answer,
                // The answer's own future sees the token and ends with a record; it must not be dropped half way.
                never = self.cancel_when_deserted(&exchange) => match never {},
            }
        } else {
            self.answer(&exchange, &method, params).await
        };
        exchange.end();
        self.answered(&exchange, &answer);
        exchange.outlet.answer(answer).await;
    }

    async fn cancel_when_deserted(&self, exchange: &Exchange) -> std::convert::Infallible {
        exchange.outlet.deserted().await;
        exchange.cancelled.cancel();
        std::future::pending().await
    }

    async fn answer(self: &Arc<Self>, exchange: &Arc<Exchange>, name: &str, mut params: Object) -> Answer {
        let session = &exchange.session;
        let era = session.client.era;
        let Some(method) = Method::parse(name).filter(|method| method.is_of(era)) else {
            let why = format!("no method `{}` is served here", name.chars().take(80).collect::<String>());
            return self.reject(session, "rejected_method", name, RpcError::new(code::METHOD_NOT_FOUND, why)).await;
        };
        // The TypeScript SDK 1.x repeats with every question about a task that it wants one; here it says nothing.
        if matches!(method, Method::TaskGet | Method::TaskResult) && session.knows_wanted_tasks() {
            drop(params.remove("task"));
        }
        if let Err(bad) = method.check(&params) {
            let error = RpcError::new(code::INVALID_PARAMS, bad.to_string());
            return self.reject(session, "rejected_params", name, error).await;
        }
        let answer = match method {
            Method::Ping => Ok(Value::Object(Object::new())),
            Method::Initialize => Err(RpcError::new(code::INVALID_REQUEST, "this session is initialised already")),
            Method::Discover => self.discover(session).await,
            Method::ListTools | Method::ListPrompts | Method::ListResources | Method::ListTemplates => {
                self.list(exchange, method).await
            }
            Method::SetLevel => self.set_level(session, params.str("level").unwrap_or_default()).await,
            Method::Listen => Box::pin(self.listen(exchange, params)).await,
            Method::TaskList => self.list_tasks(session).await,
            Method::TaskGet | Method::TaskResult | Method::TaskUpdate | Method::TaskCancel
                if tasks::is_ours(params.str("taskId").unwrap_or_default()) =>
            {
                Box::pin(self.about_task(exchange, method, &params)).await
            }
            Method::CallTool if params.str("name") == Some(tasks::WAIT) && self.offers_wait(session) => {
                Box::pin(self.wait_on(exchange, &params)).await
            }
            Method::CallTool
            | Method::ReadResource
            | Method::Subscribe
            | Method::Unsubscribe
            | Method::GetPrompt
            | Method::Complete
            | Method::TaskGet
            | Method::TaskResult
            | Method::TaskUpdate
            | Method::TaskCancel => return self.call(exchange, method, params).await,
        };
        answer.map(|result| era::result_to_client(Era::Legacy, era, name, result))
    }

    /// A request that can have an effect: found, performed, and performed again while its server needs more input and
    /// the client cannot come back with it by itself.
    pub(super) async fn call(self: &Arc<Self>, exchange: &Arc<Exchange>, method: Method, params: Object) -> Answer {
        // Before anything is taken out of the arguments: they are compared with those the client's hook saw.
        let mut known =
            if method == Method::CallTool { self.intent(exchange, &params).await } else { Known::default() };
        let resolved = match self.resolve(exchange, method, params).await {
            Ok(resolved) => resolved,
            Err(astray) => return self.turn_away(exchange, method, astray).await,
        };
        let Resolved { reach, action, mut params, tool, rationale } = resolved;
        known.intent.rationale = rationale;
        exchange.why.get_or_init(|| known.intent);
        let session = &exchange.session;
        if let Err(error) = self.unseal_state(exchange, &mut params).await {
            return self.reject(session, "rejected_state", method.name(), error).await;
        }
        let manner = self.manner(exchange, reach, (method, &mut params)).await;
        for _ in 0..MOST_ROUNDS {
            let id = match chance() {
                Ok(chance) => CallId::new(self.clock.now(), chance),
                Err(error) => return Err(RpcError::new(code::INTERNAL, error.to_string())),
            };
            if let Some(mismatched) = known.mismatched.take() {
                self.write(vec![self.entry(&id, Event::Mismatched(mismatched))]).await?;
            }
            let call = Call::new(Parts {
                id,
                caller: Arc::clone(&session.caller),
                server: reach.server().name().into(),
                action: action.clone(),
                params: if may_need_more(session, reach) { params.clone() } else { std::mem::take(&mut params) },
                tool: tool.clone(),
                arrived: self.clock.now(),
                naming: self.store.keys().naming.clone(),
            });
            exchange.watched.found(&call);
            let (answer, spoken) = self.perform(exchange, reach, (call, manner)).await;
            let mut result = match answer {
                Ok(result) => result,
                Err(error) => return Err(era::error_to_client(spoken, session.client.era, method.name(), error)),
            };
            name_task(session, reach, &mut result);
            let unfinished = result.get("resultType").and_then(Value::as_str) == Some("input_required");
            if unfinished && session.client.era == Era::Legacy {
                if params.is_empty() {
                    let text = "the server speaks another protocol than a moment ago; make the call again";
                    return Err(RpcError::new(code::UNAVAILABLE, text));
                }
                self.gather(exchange, reach, &result, &mut params).await?;
                continue;
            }
            if unfinished {
                self.seal_state(exchange, &mut result).await?;
            }
            return Ok(era::result_to_client(spoken, session.client.era, method.name(), result));
        }
        Err(RpcError::new(
            code::UNAVAILABLE,
            format!("the server asked for more input {MOST_ROUNDS} times; the call was given up"),
        ))
    }
}

/// Whether the call may have to be made again with more: a modern server asks for it, and a legacy client cannot come back.
fn may_need_more(session: &Session, reach: &Reach) -> bool {
    let asks = reach.live().is_none_or(|link| link.era() == Era::Modern);
    asks && session.client.era == Era::Legacy
}

/// Among several servers a task's id carries its server's name, so that later questions about it find the way.
fn name_task(session: &Session, reach: &Reach, result: &mut Value) {
    if session.reaches.len() < 2 {
        return;
    }
    let task = match result.get("task") {
        Some(_) => result.as_object_mut().and_then(|result| result.get_mut("task")),
        None if result.get("resultType").and_then(Value::as_str) == Some("task") => Some(result),
        None => None,
    };
    if let Some(Value::String(id)) = task.and_then(Value::as_object_mut).and_then(|task| task.get_mut("taskId"))
        && !tasks::is_ours(id)
    {
        id.insert_str(0, crate::catalogue::naming::SEPARATOR);
        id.insert_str(0, reach.server().name());
    }
}

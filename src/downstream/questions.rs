//! May a server ask that, and who answers? Questions from a server to the client of its session.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use super::asking::FromServer;
use super::sink::{Delivery, Patience, Sink};
use crate::wire::json::Object;
use crate::wire::message::{Answer, Request, RpcError, code};

/// The questions one connection has open.
#[derive(Debug)]
pub(super) struct Questions(Arc<Semaphore>);

/// How many may be open at once.
const OPEN: usize = 64;

impl Default for Questions {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(OPEN)))
    }
}

impl Questions {
    /// A place for a question that the session's client declared it answers. A modern server may not ask at all.
    pub(super) fn admit(&self, method: &str, declared: Option<&Object>) -> Result<OwnedSemaphorePermit, RpcError> {
        let refuse = |why: String| Err(RpcError::new(code::METHOD_NOT_FOUND, why));
        let Some(declared) = declared else { return refuse("a server asks nothing here".to_owned()) };
        let needs = match method {
            "sampling/createMessage" => "sampling",
            "elicitation/create" => "elicitation",
            "roots/list" => "roots",
            _ if method.starts_with("tasks/") => "tasks",
            _ => return refuse(format!("no client answers `{method}`")),
        };
        if !declared.contains(needs) {
            return refuse(format!("the client did not declare `{needs}`"));
        }
        let full = |_| RpcError::new(code::INTERNAL, "too many open questions");
        self.0.clone().try_acquire_owned().map_err(full)
    }
}

/// Puts a question to the client.
pub(super) async fn put(request: Request, sink: Option<Arc<Sink>>) -> Result<oneshot::Receiver<Answer>, RpcError> {
    let (answer, answered) = oneshot::channel();
    let delivery = match sink {
        Some(sink) => sink.deliver(FromServer::Request { request, answer }, Patience::Wait).await,
        None => Delivery::Missed,
    };
    match delivery {
        Delivery::Done => Ok(answered),
        Delivery::Missed => Err(RpcError::new(code::INTERNAL, "the client hears no questions now")),
    }
}

/// The client's answer, or that there is none.
pub(super) async fn hear(answered: oneshot::Receiver<Answer>) -> Answer {
    let nobody = |_| Err(RpcError::new(code::INTERNAL, "the client went away without an answer"));
    answered.await.unwrap_or_else(nobody)
}

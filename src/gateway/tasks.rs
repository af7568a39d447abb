//! How does a call go on whose client does not wait for its answer?
//!
//! A client that speaks of tasks gets a handle at once and asks later what became of it. There are two ways of speaking:
//! the extension of 2026-07-28, where we decide which calls become tasks (those that wait for people), and the tasks of
//! 2025-11-25, where the client does. A server with tasks of its own keeps its own; ours are for all the others.
//!
//! A task is in the store before its client has the handle. Only under a task may a call run while nobody listens; and
//! only in the process, and for the session, that its client used last: after a restart it goes on when its client asks
//! for it, with whatever proof of itself that client has then. Several gateways may wait for one task, because only one
//! of them can claim its approval.
//!
//! Who speaks of no tasks is told to come back, with the same call or with [`WAIT`] and a reference, which is the id of
//! a task that never runs by itself.

mod asked;
mod kept;
mod run;
mod standing;
mod told;
mod wait;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub(super) use asked::not_declared;
pub(super) use run::Keeper;
pub(super) use wait::definition;

use tokio_util::sync::CancellationToken;

use super::Gateway;
use super::exchange::Exchange;
use super::reach::Reach;
use super::session::Session;
use super::ticket;
use crate::clock::Timestamp;
use crate::digest::Digest;
use crate::policy::decision::Decision;
use crate::wire::era::{Era, version};
use crate::wire::json::{Object, Value};
use crate::wire::method::Method;

/// The tool that goes on waiting for a call that waits for people.
pub(super) const WAIT: &str = "countersign_wait";
/// The extension's name among capabilities.
pub(super) const EXTENSION: &str = "io.modelcontextprotocol/tasks";

/// How a client waits for the answer to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Manner {
    /// It keeps its request open.
    Open,
    /// It takes a task where the call waits for people: the extension.
    Directed,
    /// It wants a task: 2025-11-25.
    Wanted,
}

impl Manner {
    /// Whether a call that was judged like this becomes a task.
    pub(super) const fn is_task(self, decision: &Decision) -> bool {
        match self {
            Self::Open => false,
            Self::Directed => matches!(decision, Decision::Hold(_)),
            Self::Wanted => true,
        }
    }
}

/// The tasks that run here, by their names, and what stops them.
#[derive(Debug, Default)]
pub(super) struct Running(Mutex<BTreeMap<Digest, CancellationToken>>);

impl Running {
    /// Takes a task up; false when somebody here has.
    fn take(&self, name: Digest, stop: &CancellationToken) -> bool {
        let mut running = self.running();
        if running.contains_key(&name) {
            return false;
        }
        running.insert(name, stop.clone());
        true
    }

    /// What stops a task from now on. It stops at once if it was told to before.
    fn hand_on(&self, name: Digest, before: &CancellationToken, stop: &CancellationToken) {
        self.running().insert(name, stop.clone());
        if before.is_cancelled() {
            stop.cancel();
        }
    }

    fn end(&self, name: Digest) {
        self.running().remove(&name);
    }

    fn stop(&self, name: Digest) {
        if let Some(stop) = self.running().get(&name) {
            stop.cancel();
        }
    }

    fn has(&self, name: Digest) -> bool {
        self.running().contains_key(&name)
    }

    fn running(&self) -> MutexGuard<'_, BTreeMap<Digest, CancellationToken>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Session {
    /// Whether this client declared that it takes tasks we direct.
    pub(super) fn takes_tasks(&self) -> bool {
        self.client.era == Era::Modern
            && self.capability("extensions").is_some_and(|extensions| extensions.contains(EXTENSION))
    }

    /// Whether tasks of 2025-11-25 may be spoken of.
    pub(super) fn knows_wanted_tasks(&self) -> bool {
        self.client.era == Era::Legacy && self.client.protocol == version::V2025_11_25
    }
}

impl Gateway {
    /// Forgets tasks whose time is over.
    pub(super) async fn sweep_tasks(&self, now: Timestamp) {
        if let Err(error) = self.store.sweep_tasks(now).await {
            tracing::warn!(%error, "tasks whose time is over stay in the store until the next time");
        }
    }

    /// How the client of this call waits. What only says so is taken out of the parameters.
    pub(super) async fn manner(
        self: &Arc<Self>,
        exchange: &Exchange,
        reach: &Reach,
        (method, params): (Method, &mut Object),
    ) -> Manner {
        let session = &exchange.session;
        let wanted = session.knows_wanted_tasks() && params.contains("task");
        if method != Method::CallTool || !(wanted || session.takes_tasks()) {
            return Manner::Open;
        }
        // A server that cannot be reached is met again in a moment, by the call itself.
        let Ok(link) = self.attach(session, reach).await else { return Manner::Open };
        if has_tasks(link.capabilities(), link.era()) {
            return Manner::Open;
        }
        if wanted {
            drop(params.remove("task"));
            return Manner::Wanted;
        }
        Manner::Directed
    }
}

/// Whether a server keeps tasks of its own.
pub(super) fn has_tasks(capabilities: &Object, era: Era) -> bool {
    match era {
        Era::Modern => capabilities.object("extensions").is_some_and(|extensions| extensions.contains(EXTENSION)),
        Era::Legacy => {
            let requests = capabilities.object("tasks").and_then(|tasks| tasks.object("requests"));
            requests.and_then(|requests| requests.object("tools")).is_some_and(|tools| tools.contains("call"))
        }
    }
}

/// Says of a tool that it may be called as a task, unless its server has said something: 2025-11-25.
pub(super) fn mark(definition: &mut Object) {
    let mut execution = definition.object("execution").cloned().unwrap_or_default();
    if !execution.contains("taskSupport") {
        execution.insert("taskSupport", "optional");
        definition.insert("execution", execution);
    }
}

/// Whether a task of this id is ours.
pub(super) fn is_ours(id: &str) -> bool {
    id.starts_with(ticket::TASK)
}

/// Says among an endpoint's features that calls can be tasks, in the client's own way of speaking.
pub(super) fn declare(capabilities: &mut Object, session: &Session) {
    let mut put = |path: &[&str]| {
        let mut place = &mut *capabilities;
        for name in path {
            if place.object(name).is_none() {
                place.insert(*name, Object::new());
            }
            let Some(Value::Object(inner)) = place.get_mut(name) else { return };
            place = inner;
        }
    };
    match session.client.era {
        Era::Modern => put(&["extensions", EXTENSION]),
        Era::Legacy if session.knows_wanted_tasks() => {
            put(&["tasks", "cancel"]);
            put(&["tasks", "requests", "tools", "call"]);
        }
        Era::Legacy => {}
    }
}

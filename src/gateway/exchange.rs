//! One request of one client, while it is worked on.

use std::sync::{Arc, LazyLock, Mutex, OnceLock, PoisonError};

use tokio_util::sync::CancellationToken;

use super::outlet::Outlet;
use super::session::{Door, Name, Session};
use super::watched::Watched;
use crate::intent::Intent;
use crate::intent::meta::OURS;
use crate::secret::Secret;
use crate::telemetry::trace::context::Context;
use crate::wire::era::Era;
use crate::wire::json::{Object, Value};
use crate::wire::message::Id;

/// Everything a request needs while it runs.
#[derive(Debug)]
pub struct Exchange {
    /// Whose request it is.
    pub session: Arc<Session>,
    /// The client's id for it, the first one.
    pub id: Id,
    /// Where it is known as running, and as what; none once it has ended.
    pub known: Mutex<Option<(Arc<Session>, Name)>>,
    /// Where it speaks.
    pub outlet: Outlet,
    /// Raised when the client no longer wants it.
    pub cancelled: CancellationToken,
    /// The `_meta` the client sent.
    pub meta: Object,
    /// Names the request without what changes from round to round; legacy clients know no rounds.
    pub fingerprint: Option<crate::digest::Digest>,
    /// One question at a time reaches a client that answers by coming back.
    pub asking: tokio::sync::Mutex<()>,
    /// What whoever watches hears of it.
    pub watched: Watched,
    /// What its caller came with.
    pub token: Token,
    /// Why it is made, once that was looked for.
    pub why: OnceLock<Intent>,
}

/// What comes with a request beside its message.
#[derive(Debug, Default)]
pub struct Beside {
    /// The trace it is part of.
    pub around: Option<Context>,
    /// What its caller came with.
    pub token: Token,
}

/// The token a caller came with, kept only where a provider of credentials exchanges it for another.
#[derive(Clone, Default)]
pub struct Token(pub Option<Secret>);

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Token").finish_non_exhaustive()
    }
}

impl Exchange {
    /// The same request of the same client, while nobody waits for its answer: what is said is heard by nobody. What was kept
    /// of why it is made comes with what its client said beside it.
    pub fn unattended(session: &Arc<Session>, id: Id, mut meta: Object) -> Self {
        drop(meta.remove("progressToken"));
        let why = OnceLock::from(known(&mut meta));
        let (name, cancelled) = (session.number(), session.ended.child_token());
        session.adopt(name.clone(), &cancelled);
        let known = Mutex::new(Some((Arc::clone(session), name)));
        let (outlet, _nobody_listens) = Outlet::new();
        let (session, asking) = (Arc::clone(session), tokio::sync::Mutex::new(()));
        let watched = Watched::unattended();
        let token = Token::default();
        Self { session, id, known, outlet, cancelled, meta, fingerprint: None, asking, watched, token, why }
    }

    /// Goes by another name from now on, perhaps on another session. False when an open request has that name.
    pub fn rename(&self, session: &Arc<Session>, name: Name) -> bool {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        // What has ended meanwhile needs no name; somebody only fetches its answer.
        if known.is_none() {
            return true;
        }
        if !session.adopt(name.clone(), &self.cancelled) {
            return false;
        }
        if let Some((before, old)) = known.replace((Arc::clone(session), name)) {
            before.end(&old);
        }
        true
    }

    /// Nobody works on it any more; its name is free.
    pub fn end(&self) {
        if let Some((session, name)) = self.known.lock().unwrap_or_else(PoisonError::into_inner).take() {
            session.end(&name);
        }
    }

    /// Whether a client that hangs up thereby cancels: modern HTTP says so, legacy HTTP says no.
    pub fn hanging_up_cancels(&self) -> bool {
        self.session.client.era == Era::Modern && self.session.door == Door::Http
    }

    /// The lowest level of log messages the client wants on this request; legacy clients say it once per session.
    pub fn log_level(&self) -> Option<&str> {
        match self.session.client.era {
            Era::Legacy => Some("debug"),
            Era::Modern => self.meta.str("io.modelcontextprotocol/logLevel"),
        }
    }

    /// Why it is made, as far as that is known.
    pub fn intent(&self) -> &Intent {
        static NOTHING: LazyLock<Intent> = LazyLock::new(Intent::default);
        self.why.get().unwrap_or(&NOTHING)
    }

    /// What its client said beside it, and why it is made: for whoever goes on with it later.
    pub fn kept(&self) -> Object {
        let mut meta = self.meta.clone();
        if let Some(why) = self.why.get().filter(|why| !why.is_nothing())
            && let Ok(text) = serde_json::to_string(why)
        {
            meta.insert(OURS, text);
        }
        meta
    }

    /// The caller's trace.
    pub fn traceparent(&self) -> Option<&str> {
        self.meta.get("traceparent").and_then(Value::as_str)
    }
}

/// Takes what was kept of why a call is made from beside it.
pub(super) fn known(meta: &mut Object) -> Intent {
    let kept = meta.remove(OURS);
    kept.and_then(|text| serde_json::from_str(text.as_str()?).ok()).unwrap_or_default()
}

/// The standard's log levels, mildest first.
const LEVELS: [&str; 8] = ["debug", "info", "notice", "warning", "error", "critical", "alert", "emergency"];

/// Whether a message of one level is wanted by somebody who asked for another.
pub fn loud_enough(level: &str, wanted: &str) -> bool {
    let rank = |name| LEVELS.iter().position(|level| *level == name);
    match (rank(level), rank(wanted)) {
        (Some(level), Some(wanted)) => level >= wanted,
        // An unknown level is shown: hiding what we do not understand would lose it.
        _ => true,
    }
}

//! Who is connected right now?

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::Gateway;
use super::reach::Reach;
use super::session::{Client, Door, Opening, Scope, Session};
use crate::audit::entry::{Entry, Event, SessionEvent};
use crate::call::caller::Caller;
use crate::clock::{Timestamp, chance};
use crate::digest::{Digest, hex};
use crate::wire::era::Era;
use crate::wire::message::{RpcError, code};

/// A legacy session nobody used for this long is closed.
const LEGACY_IDLE_MICROS: i64 = 3_600_000_000;
/// What a modern client's requests share is dropped after this long; the next request makes it anew.
const MODERN_IDLE_MICROS: i64 = 300_000_000;

/// The open sessions.
#[derive(Debug)]
pub struct Sessions {
    open: Mutex<BTreeMap<String, Arc<Session>>>,
    most_per_principal: usize,
}

impl Sessions {
    /// None yet.
    pub fn new(most_per_principal: usize) -> Self {
        Self { open: Mutex::default(), most_per_principal }
    }

    /// The session of this id, if it is this caller's and on this endpoint. A stranger's does not exist for anybody else.
    pub fn find(&self, id: &str, caller: &Caller, scope: &Scope) -> Option<Arc<Session>> {
        let session = self.open().get(id).cloned()?;
        let same = session.caller.principal == caller.principal && session.scope == *scope;
        (same && !session.ended.is_cancelled()).then_some(session)
    }

    /// How many are open.
    pub fn count(&self) -> usize {
        self.open().len()
    }

    /// How many streams one caller holds open.
    pub fn streams_of(&self, principal: &str) -> usize {
        let open: Vec<_> =
            self.open().values().filter(|session| session.caller.principal == principal).cloned().collect();
        open.iter().map(|session| session.listeners.open()).sum()
    }

    fn add(&self, session: &Arc<Session>) -> Result<(), RpcError> {
        let mut open = self.open();
        let principal = &session.caller.principal;
        if open.values().filter(|known| known.caller.principal == *principal).count() >= self.most_per_principal {
            let text = format!(
                "{} sessions are open for this caller, which is the limit; close some",
                self.most_per_principal
            );
            return Err(RpcError::new(code::REFUSED, text));
        }
        open.insert(session.id.clone(), Arc::clone(session));
        Ok(())
    }

    fn open(&self) -> MutexGuard<'_, BTreeMap<String, Arc<Session>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Gateway {
    /// The endpoint's scope for a server's name, if there is such a server.
    pub fn scope(&self, server: Option<&str>) -> Option<Scope> {
        match server {
            None => Some(Scope::All),
            Some(name) => self.fleet.server(name).map(|server| Scope::One(server.name().into())),
        }
    }

    /// Opens a session for a legacy client.
    pub async fn open_session(
        &self,
        caller: Arc<Caller>,
        scope: Scope,
        door: Door,
        client: Client,
    ) -> Result<Arc<Session>, RpcError> {
        let id = random_id()?;
        let session = Arc::new(self.opening(id, caller, scope, (door, client)));
        self.sessions.add(&session)?;
        if let Err(error) = self.write_session("opened", &session).await {
            drop(self.sessions.open().remove(&session.id));
            return Err(error);
        }
        Ok(session)
    }

    /// What all requests of one modern client share: the same caller, the same endpoint, the same declared capabilities.
    pub fn shared_session(
        &self,
        caller: Arc<Caller>,
        scope: Scope,
        door: Door,
        client: Client,
    ) -> Result<Arc<Session>, RpcError> {
        let profile = &client.profile;
        let named = crate::object! {
            "principal" => caller.principal.as_str(),
            "agent" => caller.agent.as_deref(),
            "scope" => match &scope { Scope::All => "", Scope::One(server) => server },
            "door" => door.word(),
            "protocol" => client.protocol.as_str(),
            "capabilities" => &profile.capabilities,
            "info" => &profile.info,
        };
        let id = format!("shared-{}", Digest::of_object("session", &named));
        if let Some(session) = self.sessions.find(&id, &caller, &scope) {
            return Ok(session);
        }
        let session = Arc::new(self.opening(id, caller, scope, (door, client)));
        self.sessions.add(&session)?;
        Ok(session)
    }

    fn opening(&self, id: String, caller: Arc<Caller>, scope: Scope, (door, client): (Door, Client)) -> Session {
        let servers = self.fleet.servers().filter(|server| match &scope {
            Scope::All => true,
            Scope::One(name) => **name == *server.name(),
        });
        let reaches = servers.map(|server| (Arc::from(server.name()), Reach::new(Arc::clone(server)))).collect();
        Session::open(Opening { id, caller, scope, door, client, reaches, now: self.clock.now() })
    }

    /// Ends a session: its requests are cancelled, its connections closed.
    pub async fn close_session(&self, session: &Arc<Session>) {
        drop(self.sessions.open().remove(&session.id));
        if session.ended.is_cancelled() {
            return;
        }
        session.ended.cancel();
        for reach in session.reaches.values() {
            reach.close().await;
        }
        if session.client.era == Era::Legacy
            && let Err(error) = self.write_session("closed", session).await
        {
            tracing::error!(session = session.id, error = %error, "the end of a session could not be recorded");
        }
    }

    /// Lets what runs end within this time. Whoever waits for people hears at once that they must come back: their approval
    /// is kept, and any gateway that has the database goes on with it.
    pub async fn wind_up(&self, most: Duration) {
        self.leaving.cancel();
        self.underway.close();
        if tokio::time::timeout(most, self.underway.wait()).await.is_err() {
            let calls = self.underway.len();
            tracing::warn!(calls, "calls still ran when their time was over; whether they took effect is not known");
        }
    }

    /// Who ended a call that was given up.
    pub(super) fn quitter(&self) -> &'static str {
        if self.leaving.is_cancelled() { "shutdown" } else { "client" }
    }

    /// Ends every session.
    pub async fn close_all(&self) {
        let open: Vec<_> = self.sessions.open().values().cloned().collect();
        for session in open {
            self.close_session(&session).await;
        }
    }

    /// Ends what nobody has used for long. Called now and then.
    pub async fn sweep(&self) {
        let now = self.clock.now();
        self.sweep_rounds(now).await;
        self.desk.sweep().await;
        self.sweep_tasks(now).await;
        self.sweep_reports(now).await;
        let idle: Vec<_> = self.sessions.open().values().filter(|session| is_idle(session, now)).cloned().collect();
        for session in idle {
            self.close_session(&session).await;
        }
    }

    async fn write_session(&self, what: &'static str, session: &Session) -> Result<(), RpcError> {
        let event = SessionEvent {
            what,
            session: session.id.clone(),
            principal: session.caller.principal.clone(),
            client: session.client.name(),
            protocol: session.client.protocol.clone(),
        };
        self.write(vec![Entry { call: None, at: self.clock.now(), event: Event::Session(event) }]).await
    }
}

fn is_idle(session: &Session, now: Timestamp) -> bool {
    // Standard input has one client; its session ends with it.
    if session.door == Door::Stdio && session.client.era == Era::Legacy {
        return false;
    }
    let limit = if session.client.era == Era::Legacy { LEGACY_IDLE_MICROS } else { MODERN_IDLE_MICROS };
    let idle = now.micros().saturating_sub(session.last_used().micros());
    idle > limit && !session.is_busy() && session.listeners.open() == 0
}

fn random_id() -> Result<String, RpcError> {
    let bytes = chance::<24>().map_err(|error| RpcError::new(code::INTERNAL, error.to_string()))?;
    Ok(hex(&bytes))
}

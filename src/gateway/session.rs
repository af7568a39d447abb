//! Who is on the other end, and how does this client reach each server?
//!
//! A legacy client opens a session by `initialize`. A modern client opens none: everything it sends under one identity
//! with the same declared capabilities shares one, so that a legacy server behind gets one connection and its questions
//! find the right person.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use super::listeners::Listeners;
use super::memory::Memory;
use super::reach::Reach;
use crate::call::caller::Caller;
use crate::clock::Timestamp;
use crate::digest::Digest;
use crate::downstream::ClientProfile;
use crate::policy::imprint::Shared;
use crate::policy::input::{self, Part};
use crate::wire::era::Era;
use crate::wire::json::{Object, Value};
use crate::wire::message::{Answer, Id, RpcError, code};

/// Which servers an endpoint offers.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// All of them, under prefixed names.
    All,
    /// One, under its own names.
    One(Arc<str>),
}

/// The transport a client came in by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// Standard input and output.
    Stdio,
    /// Streamable HTTP.
    Http,
}

impl Door {
    /// The word in the record and in policies.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Stdio => "stdio",
            Self::Http => "http",
        }
    }
}

/// What a client said about itself. All of it is a claim.
#[derive(Clone, Debug)]
pub struct Client {
    /// How it speaks.
    pub era: Era,
    /// The version agreed on.
    pub protocol: String,
    /// What it can be asked for, as servers will hear it.
    pub profile: Arc<ClientProfile>,
}

impl Client {
    /// What the client calls itself.
    pub fn name(&self) -> Option<String> {
        let name = self.profile.info.str("name")?;
        Some(match self.profile.info.str("version") {
            Some(version) => format!("{name} {version}"),
            None => name.to_owned(),
        })
    }
}

/// One client as the gateway knows it.
#[derive(Debug)]
pub struct Session {
    /// Unguessable; never a proof of anything.
    pub id: String,
    /// Whose it is. Every request on it is proven again and must be the same.
    pub caller: Arc<Caller>,
    /// What it can see.
    pub scope: Scope,
    /// Where it came in.
    pub door: Door,
    /// What it said of itself.
    pub client: Client,
    /// What policies see of caller and client, made once.
    pub parts: Parts,
    /// The way to each server in scope.
    pub reaches: BTreeMap<Arc<str>, Reach>,
    /// Who hears what belongs to no request.
    pub listeners: Listeners,
    /// Ends everything that belongs to the session.
    pub ended: CancellationToken,
    asked: Mutex<BTreeMap<u64, oneshot::Sender<Answer>>>,
    running: Mutex<BTreeMap<Name, CancellationToken>>,
    followed: Mutex<BTreeMap<String, CancellationToken>>,
    next: AtomicU64,
    /// What came before.
    pub memory: Memory,
    used: Mutex<Timestamp>,
}

/// What a running request goes by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Name {
    /// The client's id, as it was written.
    Id(String),
    /// The digest of a ticket, while the client has a question for its answer: its id is free then, and may well be used
    /// by another client that shares the session.
    Away(Digest),
    /// A number of ours, where ids name nothing.
    Number(u64),
}

/// What policies see of a session.
#[derive(Clone, Debug)]
pub struct Parts {
    /// Who asks.
    pub principal: Part,
    /// What the client says of itself.
    pub client: Part,
    /// Both as the book keeps them, once there was a call.
    pub shared: OnceLock<Shared>,
}

/// Everything a session starts with.
#[derive(Debug)]
pub struct Opening {
    /// See [`Session::id`].
    pub id: String,
    /// See [`Session::caller`].
    pub caller: Arc<Caller>,
    /// See [`Session::scope`].
    pub scope: Scope,
    /// See [`Session::door`].
    pub door: Door,
    /// See [`Session::client`].
    pub client: Client,
    /// See [`Session::reaches`].
    pub reaches: BTreeMap<Arc<str>, Reach>,
    /// When.
    pub now: Timestamp,
}

impl Session {
    /// Opens a session.
    pub fn open(opening: Opening) -> Self {
        let Opening { id, caller, scope, door, client, reaches, now } = opening;
        let parts = Parts {
            principal: input::principal(&caller),
            client: input::client(&client.profile.info, &client.protocol, door.word()),
            shared: OnceLock::new(),
        };
        Self {
            parts,
            listeners: Listeners::new(client.era),
            id,
            caller,
            scope,
            door,
            client,
            reaches,
            ended: CancellationToken::new(),
            asked: Mutex::default(),
            running: Mutex::default(),
            followed: Mutex::default(),
            next: AtomicU64::new(1),
            memory: Memory::new(now),
            used: Mutex::new(now),
        }
    }

    /// Remembers that the session was used.
    pub fn touch(&self, now: Timestamp) {
        *lock(&self.used) = now;
    }

    /// When the session was used last.
    pub fn last_used(&self) -> Timestamp {
        *lock(&self.used)
    }

    /// Whether a request of this session is being worked on.
    pub fn is_busy(&self) -> bool {
        !lock(&self.running).is_empty()
    }

    /// An id for a question to the client, and where its answer will be.
    pub fn question(&self) -> (Id, oneshot::Receiver<Answer>) {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let (answer, heard) = oneshot::channel();
        lock(&self.asked).insert(number, answer);
        (Id::from(number), heard)
    }

    /// Forgets a question nobody waits for any more.
    pub fn forget(&self, id: &Id) {
        if let Some(number) = number(id) {
            drop(lock(&self.asked).remove(&number));
        }
    }

    /// Hands a client's answer to whoever asked. False when nobody did: it is dropped and disturbs nothing.
    pub fn answered(&self, id: Option<&Id>, answer: Answer) -> bool {
        let Some(number) = id.and_then(number) else { return false };
        let asked = lock(&self.asked).remove(&number);
        asked.is_some_and(|asked| asked.send(answer).is_ok())
    }

    /// Makes a request known, so that the client can cancel it. None when the client uses an id that is still open.
    pub fn begin(&self, id: &Id) -> Option<(Name, CancellationToken)> {
        let (name, token) = (self.name(id), self.ended.child_token());
        self.adopt(name.clone(), &token).then_some((name, token))
    }

    /// What a request goes by that the client waits for. Modern clients over HTTP cancel by hanging up, and many with one
    /// key and one description share a session, each counting its requests from one.
    pub fn name(&self, id: &Id) -> Name {
        match (self.client.era, self.door) {
            (Era::Modern, Door::Http) => self.number(),
            _ => Name::Id(id.to_value().to_string()),
        }
    }

    /// A name for what no id names.
    pub fn number(&self) -> Name {
        Name::Number(self.next.fetch_add(1, Ordering::Relaxed))
    }

    /// Makes a request known. False when an open one has that name.
    pub fn adopt(&self, name: Name, token: &CancellationToken) -> bool {
        let mut running = lock(&self.running);
        if running.contains_key(&name) {
            return false;
        }
        running.insert(name, token.clone());
        true
    }

    /// Begins to follow one resource; none when it is followed already.
    pub fn follow(&self, uri: &str) -> Option<CancellationToken> {
        let mut followed = lock(&self.followed);
        if followed.contains_key(uri) {
            return None;
        }
        let token = self.ended.child_token();
        followed.insert(uri.to_owned(), token.clone());
        Some(token)
    }

    /// Stops following a resource.
    pub fn unfollow(&self, uri: &str) {
        if let Some(token) = lock(&self.followed).remove(uri) {
            token.cancel();
        }
    }

    /// The request is over.
    pub fn end(&self, name: &Name) {
        drop(lock(&self.running).remove(name));
    }

    /// The client no longer wants this request.
    pub fn cancel(&self, id: &Value) {
        if let Some(token) = lock(&self.running).get(&Name::Id(id.to_string())) {
            token.cancel();
        }
    }

    /// What the client can be asked for.
    pub fn capability(&self, name: &str) -> Option<&Object> {
        self.client.profile.capabilities.object(name)
    }
}

fn number(id: &Id) -> Option<u64> {
    match id {
        Id::Number(number) => number.as_u64(),
        Id::String(_) => None,
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What a client hears that asked for something it did not declare it can answer.
pub fn not_declared(method: &str) -> RpcError {
    RpcError::new(code::METHOD_NOT_FOUND, format!("the client did not declare that it can answer `{method}`"))
}

//! How is a server reached the first time, and every time after? Start it, find out what it speaks, remember that.
//!
//! A client is matched with the same era at the server wherever the server has it, because nothing needs translation
//! then: a legacy client opens with `initialize`, a modern one with `server/discover`, and only what refuses is tried the
//! other way. What was learned is kept until it turns out wrong.

use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::sync::{Mutex, mpsc};
use tokio_util::sync::CancellationToken;

use super::Unreachable;
use super::asking::{ClientProfile, FromServer};
use super::connection::Connection;
use super::handshake::Hello;
use super::http::HttpServer;
use super::link::Link;
use super::opening::{Opened, Opener};
use super::options::{CommandOptions, Place, ServerOptions};
use super::remote::Remote;
use super::rest::Rest;
use super::sink::Sink;
use super::speech::{Other, Speech};
use crate::credentials::lease::Lease;
use crate::wire::era::Era;

/// One configured server.
#[derive(Debug)]
pub struct Server {
    options: ServerOptions,
    /// The way to a remote server, or why it cannot be used as it is configured.
    http: Option<Result<Arc<HttpServer>, String>>,
    rest: Arc<Rest>,
    memory: Mutex<Memory>,
    /// Cancelled when nothing is to be started any more.
    over: CancellationToken,
}

#[derive(Debug, Default)]
struct Memory {
    speech: Speech,
    /// The one child of a modern server, and what it said of itself.
    common: Option<(Arc<Connection>, Hello)>,
    open: Vec<Weak<Connection>>,
    sessions: Vec<Weak<Remote>>,
}

/// A short pause is waited out; a longer one is an answer.
const WORTH_WAITING: Duration = Duration::from_millis(600);

impl Server {
    pub(super) fn new(options: ServerOptions) -> Arc<Self> {
        let http = match &options.place {
            Place::Command(_) => None,
            Place::Remote(place) => {
                let http = HttpServer::new(options.name.clone(), place);
                Some(http.map(Arc::new).map_err(|fault| fault.to_string()))
            }
        };
        Arc::new(Self { options, http, rest: Arc::default(), memory: Mutex::default(), over: CancellationToken::new() })
    }

    /// Its configured name.
    pub fn name(&self) -> &str {
        &self.options.name
    }

    /// How long it may stay silent, as configured.
    pub fn timeout(&self) -> Duration {
        self.options.timeout
    }

    /// `stdio` or `http`.
    pub fn transport(&self) -> &'static str {
        match &self.options.place {
            Place::Command(_) => "stdio",
            Place::Remote(_) => "http",
        }
    }

    /// A link for one upstream session: its own connection to a legacy server, a share of the common one to a modern
    /// server. `events` hears what belongs to no single request.
    pub async fn connect(
        self: &Arc<Self>,
        profile: Arc<ClientProfile>,
        events: mpsc::Sender<FromServer>,
    ) -> Result<Arc<Link>, Unreachable> {
        let connecting = async {
            match &self.options.place {
                Place::Command(command) => self.connect_command(command, &profile, events).await,
                Place::Remote(_) => self.connect_remote(profile.clone(), events).await,
            }
        };
        let connected = tokio::select! {
            biased;
            () = self.over.cancelled() => Err("the gateway is shutting down".to_owned()),
            connected = connecting => connected,
        };
        connected.map_err(|why| Unreachable { server: self.options.name.clone(), why })
    }

    /// A link to a process that is started for one call, with the credentials of that call and for nobody else. It ends when
    /// the link is closed.
    pub async fn start_for(
        self: &Arc<Self>,
        lease: &Lease,
        profile: Arc<ClientProfile>,
        events: mpsc::Sender<FromServer>,
    ) -> Result<Arc<Link>, Unreachable> {
        let why = |why: &str| Unreachable { server: self.options.name.clone(), why: why.to_owned() };
        let Place::Command(command) = &self.options.place else {
            return Err(why("it is no program, and cannot be started for one call"));
        };
        let command = command.with(lease);
        let wants = Era::of(&profile.protocol).unwrap_or(Era::Legacy);
        let opening = self.memory.lock().await.speech.opening(wants);
        let way = Opener { name: &self.options.name, command: &command, profile: &profile, events: &events };
        let opened = tokio::select! {
            biased;
            () = self.over.cancelled() => Err("the gateway is shutting down".to_owned()),
            opened = Box::pin(way.open(opening)) => opened,
        };
        // What a process says that cannot start may hold what it was started with.
        let Opened { connection, hello, .. } = opened.map_err(|fault| why(&lease.scrub().text(&fault)))?;
        let connection = Arc::new(connection);
        if hello.era == Era::Modern {
            connection.attach(Arc::new(Sink::new(events)));
        }
        let mut memory = self.memory.lock().await;
        memory.open.retain(|open| open.strong_count() > 0);
        memory.open.push(Arc::downgrade(&connection));
        Ok(Link::lent(self.options.name.clone(), (hello, connection), lease.digest()))
    }

    /// A session of its own with a remote server; what it speaks is found out once.
    async fn connect_remote(
        &self,
        profile: Arc<ClientProfile>,
        events: mpsc::Sender<FromServer>,
    ) -> Result<Arc<Link>, String> {
        let http = match &self.http {
            Some(Ok(http)) => http,
            Some(Err(why)) => return Err(why.clone()),
            None => return Err("it is no remote server".to_owned()),
        };
        let wants = Era::of(&profile.protocol).unwrap_or(Era::Legacy);
        let opening = self.memory.lock().await.speech.opening(wants);
        let opened = Remote::open(&self.options.name, http, profile, events, opening).await;
        let mut memory = self.memory.lock().await;
        match opened {
            Ok(opened) => {
                memory.speech.learn(opened.remote.hello().era, opened.refused);
                let remote = Arc::new(opened.remote);
                memory.sessions.retain(|session| session.strong_count() > 0);
                memory.sessions.push(Arc::downgrade(&remote));
                Ok(Link::remote(self.options.name.clone(), remote))
            }
            Err(why) => {
                memory.speech = Speech::default();
                Err(why)
            }
        }
    }

    async fn connect_command(
        &self,
        command: &CommandOptions,
        profile: &Arc<ClientProfile>,
        events: mpsc::Sender<FromServer>,
    ) -> Result<Arc<Link>, String> {
        let mut memory = self.memory.lock().await;
        let wants = Era::of(&profile.protocol).unwrap_or(Era::Legacy);
        if let Some((connection, hello)) = memory.common.clone()
            && memory.speech.shares(wants)
        {
            if !connection.is_gone() {
                return Ok(Link::common(self.options.name.clone(), hello, connection, events));
            }
            memory.common = None;
        }
        self.wait_out().await?;
        let opening = memory.speech.opening(wants);
        let way = Opener { name: &self.options.name, command, profile, events: &events };
        // A probe is made once, under the lock; connections whose era is known open side by side.
        let (opened, mut memory) = if opening.other == Other::Known && opening.first == Era::Legacy {
            drop(memory);
            (way.open(opening).await, self.memory.lock().await)
        } else {
            (way.open(opening).await, memory)
        };
        let opened = match opened {
            Ok(opened) => opened,
            Err(why) => {
                // What we knew may be wrong now: the next attempt asks again.
                memory.speech = Speech::default();
                self.rest.died(Duration::ZERO, &why);
                return Err(why);
            }
        };
        let Opened { connection, hello, refused } = opened;
        memory.speech.learn(hello.era, refused);
        connection.watch(self.rest.clone());
        let connection = Arc::new(connection);
        memory.open.retain(|open| open.strong_count() > 0);
        memory.open.push(Arc::downgrade(&connection));
        Ok(match hello.era {
            Era::Legacy => Link::own(self.options.name.clone(), hello, connection),
            Era::Modern => {
                let alive = memory.common.take().filter(|(connection, _)| !connection.is_gone());
                let (connection, hello) = alive.unwrap_or((connection, hello));
                memory.common = Some((connection.clone(), hello.clone()));
                Link::common(self.options.name.clone(), hello, connection, events)
            }
        })
    }

    /// Waits out a short pause after a death; says so when it is a long one.
    async fn wait_out(&self) -> Result<(), String> {
        let Some((left, why)) = self.rest.remaining() else { return Ok(()) };
        if left <= WORTH_WAITING {
            tokio::time::sleep(left).await;
            return Ok(());
        }
        let seconds = left.as_secs().saturating_add(1);
        Err(format!("{why}; it is started again at the next request in {seconds} s or later"))
    }

    /// Ends everything that runs for this server.
    pub(super) async fn shutdown(&self, grace: Duration) {
        self.over.cancel();
        let Memory { common, open, sessions, .. } = std::mem::take(&mut *self.memory.lock().await);
        drop(common);
        let open: Vec<_> = open.iter().filter_map(Weak::upgrade).collect();
        let sessions: Vec<_> = sessions.iter().filter_map(Weak::upgrade).collect();
        let children = futures_util::future::join_all(open.iter().map(|connection| connection.close(grace)));
        let farewells = futures_util::future::join_all(sessions.iter().map(|session| session.close()));
        let (_, farewells) = tokio::join!(children, tokio::time::timeout(grace, farewells));
        if farewells.is_err() {
            tracing::debug!(server = %self.options.name, "not every session could be ended in time");
        }
    }
}

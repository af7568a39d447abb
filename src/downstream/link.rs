//! How does one session reach one server? A link: the session's own connection, or its share of a common one.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::HeaderMap;
use tokio::sync::mpsc;

use super::asking::{Asking, Broken, FromServer, Inquiry, Reply, Tell};
use super::connection::Connection;
use super::handshake::Hello;
use super::remote::Remote;
use super::sink::Sink;
use crate::catalogue::tool::Tool;
use crate::digest::Digest;
use crate::wire::era::{self, Era, Sender, meta};
use crate::wire::json::{Object, Value};
use crate::wire::message::{Answer, RpcError, code};

/// A session's way to a server.
#[derive(Debug)]
pub struct Link {
    server: Arc<str>,
    hello: Hello,
    peer: Peer,
    /// The one call whose credentials the process was started with.
    lent: Option<Digest>,
    /// What a legacy client set, for a modern server that must be told with each request.
    level: Mutex<Option<String>>,
}

/// What is at the other end.
#[derive(Debug)]
pub(super) enum Peer {
    /// A child process of this session alone.
    Own(Arc<Connection>),
    /// A remote server.
    Remote(Arc<Remote>),
    /// A child process that serves everybody.
    Common {
        /// The connection.
        connection: Arc<Connection>,
        /// This link's number there.
        number: u64,
    },
}

/// What a request is for, which decides who else hears of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Opening the connection.
    Handshake,
    /// A question that changes nothing.
    Inquiry,
    /// A stream of notifications.
    Listening,
    /// A call with a permit.
    Effect,
}

/// One request on its way to a server.
#[derive(Debug)]
pub(super) struct Order<'a> {
    pub(super) method: &'a str,
    pub(super) params: Object,
    pub(super) purpose: Purpose,
    /// The tool that is called, whose definition may ask for headers.
    pub(super) tool: Option<&'a Tool>,
    /// What goes with this one request over HTTP, in the place of what goes with all of them.
    pub(super) headers: HeaderMap,
}

/// How long a child has to end when its link is closed.
const GRACE: Duration = Duration::from_secs(2);

impl Link {
    /// Over a connection of its own.
    pub(super) fn own(server: Arc<str>, hello: Hello, connection: Arc<Connection>) -> Arc<Self> {
        Arc::new(Self { server, hello, peer: Peer::Own(connection), lent: None, level: Mutex::default() })
    }

    /// Over HTTP.
    pub(super) fn remote(server: Arc<str>, remote: Arc<Remote>) -> Arc<Self> {
        let hello = remote.hello().clone();
        Arc::new(Self { server, hello, peer: Peer::Remote(remote), lent: None, level: Mutex::default() })
    }

    /// Over a connection others use too.
    pub(super) fn common(
        server: Arc<str>,
        hello: Hello,
        connection: Arc<Connection>,
        events: mpsc::Sender<FromServer>,
    ) -> Arc<Self> {
        let number = connection.attach(Arc::new(Sink::new(events)));
        Arc::new(Self { server, hello, peer: Peer::Common { connection, number }, lent: None, level: Mutex::default() })
    }

    /// To a process that was started with the credentials of this one call.
    pub(super) fn lent(server: Arc<str>, (hello, connection): (Hello, Arc<Connection>), call: Digest) -> Arc<Self> {
        Arc::new(Self { server, hello, peer: Peer::Own(connection), lent: Some(call), level: Mutex::default() })
    }

    /// The one call the process at the other end was started for.
    pub(super) const fn is_lent_to(&self) -> Option<Digest> {
        self.lent
    }

    /// Whether what is sent carries headers.
    pub(super) const fn has_headers(&self) -> bool {
        matches!(self.peer, Peer::Remote(_))
    }

    /// The server's configured name.
    pub fn server_name(&self) -> &str {
        &self.server
    }

    /// Which way the server speaks on this link.
    pub fn era(&self) -> Era {
        self.hello.era
    }

    /// What the server can do.
    pub fn capabilities(&self) -> &Object {
        &self.hello.capabilities
    }

    /// What the server calls itself. A claim.
    pub fn info(&self) -> &Object {
        &self.hello.info
    }

    /// What the server would like models to know.
    pub fn instructions(&self) -> Option<&str> {
        self.hello.instructions.as_deref()
    }

    /// The protocol version spoken on this link.
    pub fn protocol(&self) -> &str {
        &self.hello.protocol
    }

    /// What carries it, as network conventions call it.
    pub fn transport(&self) -> &'static str {
        match &self.peer {
            Peer::Own(_) | Peer::Common { .. } => "pipe",
            Peer::Remote(_) => "tcp",
        }
    }

    /// Whether nothing can be sent any more; connect again for the next request.
    pub fn is_closed(&self) -> bool {
        match &self.peer {
            Peer::Own(connection) | Peer::Common { connection, .. } => connection.is_gone(),
            Peer::Remote(remote) => remote.is_gone(),
        }
    }

    /// Ends the session with the server. A child that serves only this session ends with it.
    pub async fn close(&self) {
        match &self.peer {
            Peer::Own(connection) => connection.close(GRACE).await,
            Peer::Common { connection, number } => connection.detach(*number),
            Peer::Remote(remote) => remote.close().await,
        }
    }

    /// Asks something that changes nothing.
    pub async fn inquire(&self, what: Inquiry, mut asking: Asking) -> Result<Answer, Broken> {
        let purpose = match (&what, self.hello.era) {
            (Inquiry::SetLevel(level), Era::Modern) => {
                *self.level.lock().unwrap_or_else(PoisonError::into_inner) = Some(level.clone());
                return Ok(Ok(Object::new().into()));
            }
            (Inquiry::Listen(_), Era::Legacy) => {
                let why = "a legacy server has no `subscriptions/listen`";
                return Ok(Err(RpcError::new(code::METHOD_NOT_FOUND, why)));
            }
            (Inquiry::Listen(_), Era::Modern) => {
                asking.timeout = Duration::MAX;
                Purpose::Listening
            }
            _ => Purpose::Inquiry,
        };
        let (method, params) = match (what, self.hello.era) {
            (Inquiry::Ping, Era::Modern) => ("server/discover", Object::new()),
            (what, _) => what.into_parts(),
        };
        match self.send(Order { method, params, purpose, tool: None, headers: HeaderMap::new() }, &asking).await {
            Reply::Answered(answer) => Ok(answer),
            Reply::NotSent(why) => Err(Broken::NotSent(why)),
            Reply::Unknown(why) => Err(Broken::NoAnswer(why)),
            Reply::Cancelled => Err(Broken::Cancelled),
        }
    }

    /// Tells the server something that has no answer. Modern servers are told nothing of the kind.
    pub async fn tell(&self, notification: Tell) -> Result<(), Broken> {
        let notification = notification.into_notification();
        match (self.hello.era, &self.peer) {
            (Era::Modern, _) => Ok(()),
            (Era::Legacy, Peer::Remote(remote)) => remote.notify(notification).await,
            (Era::Legacy, Peer::Own(connection) | Peer::Common { connection, .. }) => {
                connection.notify(notification).await
            }
        }
    }

    /// Sends a request as this server expects it. Whoever comes here has a permit or an inquiry.
    pub(super) async fn send(&self, mut order: Order<'_>, asking: &Asking) -> Reply {
        // Log messages about a subscription could not be told from those about a call, of whomever.
        let meta = asking.meta.clone();
        let meta = if order.purpose == Purpose::Listening { meta.into() } else { self.with_level(meta) };
        order.params.insert("_meta", meta);
        let sender = Sender { capabilities: &asking.profile.capabilities, info: &asking.profile.info };
        order.params = era::request_to_server(self.hello.era, order.params, sender);
        match &self.peer {
            Peer::Own(connection) | Peer::Common { connection, .. } => connection.call(order, asking).await,
            Peer::Remote(remote) => remote.call(order, asking).await,
        }
    }

    fn with_level(&self, mut meta: Object) -> Value {
        let level = self.level.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(level) = level.as_deref()
            && !meta.contains(meta::LOG_LEVEL)
        {
            meta.insert(meta::LOG_LEVEL, level);
        }
        meta.into()
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        if let Peer::Common { connection, number } = &self.peer {
            connection.detach(*number);
        }
    }
}

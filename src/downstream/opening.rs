//! How is one connection to a child opened, whatever it speaks? One way, and if that is refused the other.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

use super::asking::{ClientProfile, FromServer};
use super::child;
use super::connection::{Claim, Connection};
use super::handshake::{self, Hello, PROBE, Refusal, SECOND_CHANCE, STARTUP};
use super::options::CommandOptions;
use super::sink::Sink;
use super::speech::{Opening, Other};
use crate::wire::era::{self, Era};

/// Everything that opening a connection needs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Opener<'a> {
    pub(super) name: &'a Arc<str>,
    pub(super) command: &'a CommandOptions,
    pub(super) profile: &'a Arc<ClientProfile>,
    pub(super) events: &'a mpsc::Sender<FromServer>,
}

/// An open connection.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) connection: Connection,
    pub(super) hello: Hello,
    /// The way the server turned out not to speak.
    pub(super) refused: Option<Era>,
}

enum Probed {
    Hello(Hello),
    Refused(Refusal),
}

impl Opened {
    fn new(connection: Connection, hello: Hello, refused: Option<Era>) -> Self {
        if hello.era == Era::Modern {
            connection.claim(Claim::Everybody);
        }
        Self { connection, hello, refused }
    }
}

impl Opener<'_> {
    /// Opens a connection, or says for a person why not.
    pub(super) async fn open(self, opening: Opening) -> Result<Opened, String> {
        let connection = self.start().await?;
        match (opening.first, opening.other) {
            (Era::Legacy, Other::Known) => match self.initialize(&connection, STARTUP).await {
                Ok(hello) => Ok(Opened::new(connection, hello, None)),
                Err(refusal) => Err(refusal.in_words()),
            },
            (Era::Modern, Other::Known) => match handshake::discover(&connection, self.profile, STARTUP).await {
                Ok(hello) => Ok(Opened::new(connection, hello, None)),
                Err(refusal) => Err(refusal.in_words()),
            },
            (Era::Legacy, Other::Try) => self.legacy_first(connection).await,
            (Era::Modern, Other::Try) => self.modern_first(connection).await,
        }
    }

    /// A server without sessions refuses `initialize`, or dies of it.
    async fn legacy_first(self, connection: Connection) -> Result<Opened, String> {
        let refusal = match self.initialize(&connection, STARTUP).await {
            Ok(hello) => return Ok(Opened::new(connection, hello, None)),
            Err(Refusal::Silent) => return Err(Refusal::Silent.in_words()),
            Err(refusal) => refusal,
        };
        let connection = self.alive(connection).await?;
        match handshake::discover(&connection, self.profile, PROBE).await {
            Ok(hello) => Ok(Opened::new(connection, hello, Some(Era::Legacy))),
            Err(_) => Err(refusal.in_words()),
        }
    }

    /// Some legacy servers die of an unknown request before `initialize`, some ignore it, some hang, and some are only
    /// slow to start: after a while both ways are tried at once, and a child that stays deaf is replaced by one that
    /// hears nothing but `initialize`.
    async fn modern_first(self, connection: Connection) -> Result<Opened, String> {
        let probed = {
            let asked = handshake::discover(&connection, self.profile, STARTUP);
            tokio::pin!(asked);
            match tokio::time::timeout(PROBE, &mut asked).await {
                Ok(Ok(hello)) => Probed::Hello(hello),
                Ok(Err(refusal)) => Probed::Refused(refusal),
                Err(_) => match self.initialize(&connection, SECOND_CHANCE).await {
                    Ok(hello) => Probed::Hello(hello),
                    Err(refusal) => match tokio::time::timeout(Duration::ZERO, &mut asked).await {
                        Ok(Ok(hello)) => Probed::Hello(hello),
                        _ => Probed::Refused(refusal),
                    },
                },
            }
        };
        let refusal = match probed {
            Probed::Hello(hello) if hello.era == Era::Modern => return Ok(Opened::new(connection, hello, None)),
            Probed::Hello(hello) => return Ok(Opened::new(connection, hello, Some(Era::Modern))),
            Probed::Refused(refusal) => refusal,
        };
        if let Some(why) = handshake::is_modern(&refusal) {
            return Err(why);
        }
        // A child that answered may be asked the other way; one that is gone or deaf is replaced once.
        let connection = match refusal {
            Refusal::Silent => self.start().await?,
            _ => self.alive(connection).await?,
        };
        match self.initialize(&connection, STARTUP).await {
            Ok(hello) => Ok(Opened::new(connection, hello, Some(Era::Modern))),
            Err(refusal) => Err(refusal.in_words()),
        }
    }

    /// Opens a session and lets the server speak to it.
    async fn initialize(self, connection: &Connection, limit: Duration) -> Result<Hello, Refusal> {
        let hello = handshake::initialize(connection, self.profile, limit).await?;
        let client = Era::of(&self.profile.protocol).unwrap_or(Era::Legacy);
        let declared = era::capabilities_for_legacy_server(client, &self.profile.capabilities);
        connection.claim(Claim::Own { declared });
        connection.attach(Arc::new(Sink::new(self.events.clone())));
        let told = connection.notify(handshake::initialized()).await;
        told.map(|()| hello).map_err(|_| Refusal::Gone(connection.obituary().to_owned()))
    }

    async fn start(self) -> Result<Connection, String> {
        let spawned = child::spawn(self.name, self.command).await.map_err(|error| error.to_string())?;
        Ok(Connection::open(self.name.clone(), spawned.stdout, spawned.stdin, Some(spawned.child)))
    }

    /// The same connection, or a new one if it is gone.
    async fn alive(self, connection: Connection) -> Result<Connection, String> {
        if connection.is_gone() { self.start().await } else { Ok(connection) }
    }
}

//! Where else is what is written down told, and may anything run while it is not?
//!
//! The book itself is what is waiting to be told: a sink is a place in it, up to which it was told. One gateway of several tells
//! a sink at a time; it moves the place after the sink has taken the entries, so a sink may hear some of them twice, and none
//! never. Every write has a deadline. Where a sink is required and falls behind, nothing new runs until it has caught up; one
//! that is not required never keeps anything from running.

mod file;
pub mod gate;
mod post;
mod syslog;
mod telling;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use url::Url;

use self::gate::Gate;
use crate::audit::export::{Format, Record};
use crate::clock::{Clock, NoChance, chance};
use crate::digest::hex;
use crate::downstream::http::guard::Private;
use crate::secret::Secret;
use crate::store::{Store, StoreError};

/// One place that is told.
#[derive(Clone, Debug)]
pub struct Sink {
    /// Names it, also in the database: under another name it begins anew.
    pub name: String,
    /// In which form.
    pub format: Format,
    /// What it is.
    pub kind: Kind,
    /// Whether nothing may run while it is behind, and by how much it may be.
    pub required: Option<Duration>,
    /// How long one write may take.
    pub timeout: Duration,
    /// Where it begins.
    pub from: Beginning,
}

/// Where a new sink begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beginning {
    /// With what is written from now on.
    Now,
    /// With the first entry there is.
    First,
}

/// What a sink is.
#[derive(Clone)]
pub enum Kind {
    /// A file that grows, and is put aside when it is large.
    File {
        /// Where.
        path: PathBuf,
        /// From how many bytes on it is put aside.
        rotate: u64,
    },
    /// A collector that takes several records in one request.
    Http {
        /// Where.
        url: Url,
        /// What every request carries.
        headers: BTreeMap<String, Secret>,
        /// Whether it may be inside.
        private: Private,
    },
    /// A collector that speaks RFC 5424.
    Syslog {
        /// Where, and over what.
        to: Wire,
        /// How long a message may be.
        longest: usize,
        /// Whether it may be inside.
        private: Private,
    },
}

/// Over what messages go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wire {
    /// A connection, open.
    Tcp(String, u16),
    /// A connection with TLS, and the only certificate that is taken, if one is named.
    Tls(String, u16, Option<[u8; 32]>),
    /// Datagrams.
    Udp(String, u16),
    /// A socket of this machine that takes datagrams.
    Unix(PathBuf),
}

/// A record and its text.
#[derive(Debug)]
struct Told {
    record: Record,
    text: String,
}

/// All sinks of a gateway.
#[derive(Debug)]
pub struct Sinks {
    store: Store,
    clock: Arc<dyn Clock>,
    all: Vec<Sink>,
    gate: Arc<Gate>,
    /// Names this gateway among those that may tell a sink.
    holder: String,
}

/// Why there are no sinks.
#[derive(Debug, thiserror::Error)]
pub enum SinkError {
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Nobody can be named.
    #[error(transparent)]
    Chance(#[from] NoChance),
}

impl Sinks {
    /// Sinks for the book of this store. What is required is looked at before anything may run.
    pub async fn start(store: Store, clock: Arc<dyn Clock>, sinks: Vec<Sink>) -> Result<Arc<Self>, SinkError> {
        let now = clock.now();
        for sink in &sinks {
            let after = match sink.from {
                Beginning::Now => store.end().await?,
                Beginning::First => 0,
            };
            store.begin_sink(&sink.name, after, now).await?;
        }
        let gate = Arc::new(Gate::new(&sinks, Arc::clone(&clock)));
        gate.look(&store).await?;
        let holder = hex(&chance::<8>()?);
        Ok(Arc::new(Self { store, clock, all: sinks, gate, holder }))
    }

    /// What says whether anything may run.
    pub fn gate(&self) -> Arc<Gate> {
        Arc::clone(&self.gate)
    }

    /// Tells every sink until everything stops.
    pub async fn run(self: Arc<Self>, stop: CancellationToken) {
        let tellers = TaskTracker::new();
        for sink in self.all.clone() {
            tellers.spawn(Arc::clone(&self).tell(sink, stop.clone()));
        }
        if self.gate.watches() {
            let (gate, store, stop) = (self.gate(), self.store.clone(), stop);
            tellers.spawn(async move { gate.watch(&store, &stop).await });
        }
        tellers.close();
        tellers.wait().await;
    }
}

impl std::fmt::Debug for Kind {
    /// Without what may be secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File { path, .. } => write!(f, "file {}", path.display()),
            Self::Http { url, .. } => write!(f, "http {}", url.host_str().unwrap_or_default()),
            Self::Syslog { to, .. } => write!(f, "syslog {to:?}"),
        }
    }
}

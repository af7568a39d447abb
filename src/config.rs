//! What was the gateway told to do?
//!
//! One file, then environment, then flags; checked whole before anything starts. What cannot be understood is an error
//! and never a default.

pub mod anchors;
pub mod catalogue;
pub mod channels;
pub mod check;
mod complaint;
pub mod credentials;
mod facts;
mod fault;
pub mod identity;
pub mod intent;
pub mod limits;
pub mod listen;
pub mod measure;
mod origin;
pub mod people;
mod plain;
pub mod policy;
pub mod reach;
mod reading;
mod reference;
pub mod resources;
pub mod retention;
pub mod review;
pub mod routing;
pub mod sample;
pub mod schema;
mod section;
pub mod servers;
pub mod sinks;
pub mod source;
mod standard;
pub mod store;
pub mod telemetry;
mod tree;
mod word;

use std::collections::BTreeMap;

use schemars::JsonSchema;

pub use self::anchors::Anchor;
pub use self::catalogue::Catalogue;
pub use self::channels::Channel;
pub use self::credentials::{Credential, Leases};
pub use self::fault::closest;
pub use self::fault::{Excerpt, Fault, Faults, Place};
pub use self::identity::{Claims, Identity, Issuer};
pub use self::intent::{Intent, Prompts};
pub use self::limits::Limits;
pub use self::listen::{Accept, Http, ProofKind, Revision};
pub use self::measure::{Bytes, Period};
pub use self::origin::{Origin, Setting};
pub use self::people::Person;
pub use self::policy::Policy;
pub use self::reach::{Fingerprint, Oauth, Program, Reach, Remote};
pub use self::reading::Source;
pub use self::retention::Retention;
pub use self::review::{EmailVerified, GroupRoles, PersonClaims, Provider, Review};
pub use self::routing::{Filter, Hours, OnCall, Route};
pub use self::servers::{Arguments, PinRule, Server, ServerName, Trust};
pub use self::sinks::Sink;
pub use self::source::{Found, Request, Surroundings};
pub use self::store::{Database, Durability, Store, keys_beside};
pub use self::telemetry::{Format, Level, Log, Telemetry};
use crate::policy::lint::Known;
use crate::policy::lint::reviewers::Reviewers;

/// Everything the gateway was told, understood and checked.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Config {
    /// A free word, seen by policies.
    #[schemars(extend("default" = "development"))]
    pub environment: String,
    /// The compliance zone this gateway stands in, seen by policies.
    #[schemars(extend("default" = ""))]
    pub zone: String,
    /// Where clients connect.
    pub http: Option<Http>,
    /// Who vouches for callers.
    #[schemars(with = "Option<Identity>")]
    pub identity: Identity,
    /// The people who may be asked, by their names.
    #[schemars(extend("default" = {}))]
    pub people: BTreeMap<String, Person>,
    /// Who hears of a call that waits. None: every channel of everything.
    #[schemars(extend("default" = []))]
    pub routes: Vec<Route>,
    /// Hours that routes name.
    #[schemars(extend("default" = {}))]
    pub hours: BTreeMap<String, Hours>,
    /// Who is on call, for routes.
    #[schemars(extend("default" = {}))]
    pub on_call: BTreeMap<String, OnCall>,
    /// The pages people answer on.
    #[schemars(with = "Option<Review>")]
    pub review: Review,
    /// By which channels people are asked, by their names.
    #[schemars(extend("default" = {}))]
    pub channels: BTreeMap<String, Channel>,
    /// The servers that hold the tools.
    #[schemars(with = "BTreeMap<String, Server>", extend("default" = {}))]
    pub servers: BTreeMap<ServerName, Server>,
    /// Who makes credentials for single calls.
    #[schemars(with = "BTreeMap<String, Credential>", extend("default" = {}))]
    pub credentials: BTreeMap<ServerName, Credential>,
    /// How credentials that are out are taken care of.
    #[schemars(with = "Option<Leases>")]
    pub leases: Leases,
    /// What judges.
    #[schemars(with = "Option<Policy>")]
    pub policy: Policy,
    /// What is known of the things calls touch.
    #[schemars(with = "Option<Catalogue>")]
    pub catalogue: Catalogue,
    /// Where the record is kept.
    #[schemars(with = "Option<Store>")]
    pub store: Store,
    /// What is kept of what people ask their agents for.
    #[schemars(with = "Option<Intent>")]
    pub intent: Intent,
    /// Where else the record is told.
    #[schemars(extend("default" = []))]
    pub sinks: Vec<Sink>,
    /// Who outside keeps checkpoints of the record.
    #[schemars(extend("default" = []))]
    pub anchors: Vec<Anchor>,
    /// How long the record keeps what.
    #[schemars(with = "Option<Retention>")]
    pub retention: Retention,
    /// How much may come in.
    #[schemars(with = "Option<Limits>")]
    pub limits: Limits,
    /// What the operator is told.
    #[schemars(with = "Option<Log>")]
    pub log: Log,
    /// What whoever watches the gateway is told.
    #[schemars(with = "Option<Telemetry>")]
    pub telemetry: Telemetry,
    /// Where all of this is from.
    #[schemars(skip)]
    pub source: Source,
}

/// Why there is no configuration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// The file that was named or found cannot be read.
    #[error("cannot read the configuration {path}: {why}; name another with --config or COUNTERSIGN_CONFIG")]
    Unreadable {
        /// Which file.
        path: String,
        /// What the system says.
        why: String,
    },
    /// It says things that are wrong; all of them.
    #[error("the configuration has {count}:\n\n{0}", count = .0.count())]
    Faulty(Faults),
    /// Nothing stands behind the gateway.
    #[error("no server is configured; add [servers.NAME] with `command` or `url` to {place}")]
    NoServers {
        /// Where it should stand.
        place: String,
    },
    /// No listener is configured.
    #[error("no listener is configured; add [http] to {place}")]
    NoListener {
        /// Where it should stand.
        place: String,
    },
}

impl Config {
    /// The listener, for commands that cannot work without.
    pub fn listener(&self) -> Result<&Http, ConfigError> {
        self.http.as_ref().ok_or_else(|| ConfigError::NoListener { place: self.source.place() })
    }

    /// Whom rules can name as reviewers; none where no people are listed.
    pub fn reviewers(&self) -> Option<Reviewers> {
        let vouching = self.identity.issuers.len().saturating_add(self.review.providers.len());
        people::reviewers(&self.people, vouching, &self.review.roles, channels::automations(&self.channels))
    }

    /// Whom rules can name at all.
    pub fn known(&self) -> Known {
        let takes = |server: &Server| server.credentials.iter().map(|taking| taking.from.clone()).collect();
        let servers = self.servers.iter().map(|(name, server)| (name.to_string(), takes(server)));
        let lenders = credentials::lenders(self.credentials.keys().map(ToString::to_string), servers);
        Known { reviewers: self.reviewers(), lenders: Some(lenders) }
    }

    /// The servers, for commands that cannot work without.
    pub fn some_servers(&self) -> Result<&BTreeMap<ServerName, Server>, ConfigError> {
        if self.servers.is_empty() {
            return Err(ConfigError::NoServers { place: self.source.place() });
        }
        Ok(&self.servers)
    }
}

#[cfg(test)]
mod tests;

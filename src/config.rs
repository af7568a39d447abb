//! What was the gateway told to do?
//!
//! One file, then environment, then flags; checked whole before anything starts. What cannot be understood is an error
//! and never a default.

pub mod identity;
pub mod limits;
pub mod listen;
pub mod measure;
pub mod policy;
pub mod secret;
pub mod servers;
pub mod store;
pub mod telemetry;
mod word;

use std::collections::BTreeMap;

use schemars::JsonSchema;

pub use self::identity::{Claims, Identity, Issuer};
pub use self::limits::Limits;
pub use self::listen::{Accept, Http, ProofKind, Revision};
pub use self::measure::{Bytes, Period};
pub use self::policy::Policy;
pub use self::secret::Secret;
pub use self::servers::{Fingerprint, Oauth, PinRule, Program, Reach, Remote, Server, ServerName, Trust};
pub use self::store::{Database, Durability, Store};
pub use self::telemetry::{Format, Level, Log};

/// Everything the gateway was told, understood and checked.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Config {
    /// A free word, seen by policies.
    #[schemars(extend("default" = "development"))]
    pub environment: String,
    /// Where clients connect.
    pub http: Option<Http>,
    /// Who vouches for callers.
    #[schemars(with = "Option<Identity>")]
    pub identity: Identity,
    /// The servers that hold the tools.
    #[schemars(with = "BTreeMap<String, Server>")]
    pub servers: BTreeMap<ServerName, Server>,
    /// What judges.
    #[schemars(with = "Option<Policy>")]
    pub policy: Policy,
    /// Where the record is kept.
    #[schemars(with = "Option<Store>")]
    pub store: Store,
    /// How much may come in.
    #[schemars(with = "Option<Limits>")]
    pub limits: Limits,
    /// What the operator is told.
    #[schemars(with = "Option<Log>")]
    pub log: Log,
}

//! What does the configuration say about calls?

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use jiff::tz::TimeZone;

use super::session::Door;
use crate::catalogue::pins::FirstSight;
use crate::credentials::placing::Placement;
use crate::facts::plan::Plan;
use crate::policy::finding::span::Span;
use crate::policy::input::{Part, Trust};

/// What the gateway was told, as far as calls are concerned.
#[derive(Clone, Debug)]
pub struct Settings {
    /// A free word that policies see.
    pub environment: String,
    /// The compliance zone the gateway stands in; empty when nobody said.
    pub compliance_zone: String,
    /// Whose hours and weekdays policies see.
    pub zone: TimeZone,
    /// The oldest version a client may speak.
    pub minimum_protocol: String,
    /// How long a list may take.
    pub list_timeout: Duration,
    /// Bytes the arguments of one call may have.
    pub argument_bytes: usize,
    /// Streams one caller may hold open.
    pub streams_per_principal: usize,
    /// Sessions one caller may hold open.
    pub sessions_per_principal: usize,
    /// How long a call that waits for people keeps its client waiting.
    pub approval_wait: Duration,
    /// The same for some principals, and some doors.
    pub approval_waits: BTreeMap<String, Duration>,
    /// Calls of one caller that may wait for people.
    pub waiting_per_caller: usize,
    /// Calls that may wait for people at once here.
    pub waiting: usize,
    /// What is kept of what hooks report.
    pub reports: Reports,
    /// How often a gateway says that it still has the credentials it made.
    pub lease_check: Span,
    /// Per server.
    pub servers: BTreeMap<String, ServerSettings>,
}

/// What is kept of what hooks report.
#[derive(Clone, Debug)]
pub struct Reports {
    /// What of a prompt.
    pub prompts: Prompts,
    /// For how long.
    pub keep: Duration,
    /// Where hooks on this machine leave it.
    pub folder: Option<PathBuf>,
}

/// What is kept of a prompt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prompts {
    /// Its words, without secrets.
    Text,
    /// What names its words.
    Digest,
    /// Nothing.
    Off,
}

/// What the configuration says about one server.
#[derive(Clone, Debug)]
pub struct ServerSettings {
    /// How long a call may take without a sign of life.
    pub timeout: Duration,
    /// Whether being seen first is being agreed to.
    pub first_sight: FirstSight,
    /// Whether arguments are checked against the tool's schema.
    pub arguments: Arguments,
    /// Whether what the server says of its tools may loosen a decision.
    pub trust: Trust,
    /// What policies see of it.
    pub part: Part,
    /// Which arguments of its tools are read, and as what.
    pub plan: Plan,
    /// Whether the model is asked why it makes a call that a rule may hold.
    pub rationale: bool,
    /// Where credentials go that are made for one call.
    pub credentials: Vec<Placement>,
}

/// Whether arguments are checked against the tool's schema before they are judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arguments {
    /// They are.
    Checked,
    /// They are not: for a server whose schemas are broken.
    Unchecked,
}

const PATIENCE: Duration = Duration::from_mins(2);

impl Settings {
    /// How long a call to this server may take without a sign of life.
    pub fn timeout(&self, server: &str) -> Duration {
        self.servers.get(server).map_or(PATIENCE, |server| server.timeout)
    }

    /// How long this client is kept waiting for people: by who it is, by where it came in, or as everybody.
    pub fn wait_of(&self, principal: &str, door: Door) -> Duration {
        let own = self.approval_waits.get(principal).or_else(|| self.approval_waits.get(door.word()));
        own.copied().unwrap_or(self.approval_wait)
    }

    /// Whether a tool of this server that was never seen before may be called. A server nobody configured: no.
    pub fn first_sight(&self, server: &str) -> FirstSight {
        self.servers.get(server).map_or(FirstSight::Waits, |server| server.first_sight)
    }

    /// Whether the model is asked why it makes calls of this server.
    pub fn asks_why(&self, server: &str) -> bool {
        self.servers.get(server).is_none_or(|server| server.rationale)
    }

    /// Whether arguments for this server are checked.
    pub fn checks_arguments(&self, server: &str) -> bool {
        self.servers.get(server).is_none_or(|server| server.arguments == Arguments::Checked)
    }
}

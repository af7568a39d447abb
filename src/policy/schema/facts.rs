//! What is the form of what the gateway read out of arguments and results?
//!
//! The readers' own types, put together as the gateway puts them together.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::facts::{Risk, money, path, secret, url};

/// What SQL in the arguments would do. Its reader's type takes this place.
pub(super) type Sql = BTreeMap<String, Value>;
/// What command lines in the arguments would do. Its reader's type takes this place.
pub(super) type Shell = BTreeMap<String, Value>;

/// What the gateway read out of the arguments.
#[derive(JsonSchema, Serialize, Debug)]
#[serde(deny_unknown_fields)]
pub(super) struct Facts {
    /// The worst of everything that was read; low when nothing was.
    risk: Risk,
    /// Whether all of it could be read for certain.
    complete: bool,
    /// What SQL would do, all arguments together; missing where no argument is SQL.
    #[schemars(default, with = "Sql")]
    #[serde(skip_serializing_if = "Option::is_none")]
    sql: Option<Sql>,
    /// What command lines would do, all arguments together; missing where no argument is one.
    #[schemars(default, with = "Shell")]
    #[serde(skip_serializing_if = "Option::is_none")]
    shell: Option<Shell>,
    /// How much money moves; missing where no argument is an amount.
    #[schemars(default, with = "Money")]
    #[serde(skip_serializing_if = "Option::is_none")]
    money: Option<Money>,
    /// Where paths lead.
    paths: Vec<Path>,
    /// Where URLs lead.
    urls: Vec<Url>,
    /// Which secrets are given away, and where they stand; never their values.
    secrets: Vec<secret::Found>,
    /// What the call touches, and what the catalogue says of it.
    resources: Vec<Resource>,
    /// How large the arguments are.
    bytes: u64,
}

/// An amount and where it stands.
#[derive(JsonSchema, Serialize, Debug)]
pub(super) struct Money {
    #[serde(flatten)]
    facts: money::Facts,
    /// JSON pointer into the arguments.
    argument: String,
}

/// A path and where it stands.
#[derive(JsonSchema, Serialize, Debug)]
pub(super) struct Path {
    #[serde(flatten)]
    facts: path::Facts,
    /// JSON pointer into the arguments.
    argument: String,
    /// As it was written.
    raw: String,
    /// The name of the catalogue's entry it belongs to.
    #[schemars(default, with = "String")]
    #[serde(skip_serializing_if = "Option::is_none")]
    resource: Option<String>,
}

/// A URL and where it stands.
#[derive(JsonSchema, Serialize, Debug)]
pub(super) struct Url {
    #[serde(flatten)]
    facts: url::Facts,
    /// JSON pointer into the arguments.
    argument: String,
}

/// Something a call touches.
#[derive(JsonSchema, Serialize, Debug)]
#[serde(deny_unknown_fields)]
pub(super) struct Resource {
    /// What it is.
    kind: ResourceKind,
    /// Its name.
    name: String,
    /// What is done with it.
    access: Access,
    /// Whether the catalogue knows it. If not, what it says below is `unknown`.
    known: bool,
    /// Who answers for it.
    owner: String,
    /// How sensitive it is.
    sensitivity: String,
    /// Where it may be.
    zone: String,
    /// What it is used for: production, staging.
    environment: String,
    /// Which rules of law or trade it falls under.
    compliance: BTreeSet<String>,
    /// Whatever else the catalogue says.
    tags: BTreeMap<String, Value>,
}

/// What a resource is.
#[derive(JsonSchema, Serialize, Debug)]
#[serde(rename_all = "snake_case")]
#[expect(dead_code, reason = "only its schema is wanted")]
enum ResourceKind {
    Table,
    Host,
    Path,
    Repository,
    Tool,
}

/// What is done with a resource.
#[derive(JsonSchema, Serialize, Debug)]
#[serde(rename_all = "snake_case")]
#[expect(dead_code, reason = "only its schema is wanted")]
enum Access {
    Read,
    Write,
    Use,
}

/// What the gateway read out of a result.
#[derive(JsonSchema, Serialize, Debug)]
#[serde(deny_unknown_fields)]
pub(super) struct ResultFacts {
    /// Which secrets are in it, and where they stand; never their values.
    secrets: Vec<secret::Found>,
    /// Whether its text tells the agent what to do.
    injection: Injection,
    /// Where URLs in it lead.
    urls: Vec<url::Facts>,
}

/// Whether a text tells the agent what to do.
#[derive(JsonSchema, Serialize, Debug)]
#[serde(deny_unknown_fields)]
struct Injection {
    /// Whether it looks like that.
    suspected: bool,
    /// Why.
    reasons: BTreeSet<String>,
}

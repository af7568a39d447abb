//! What is written down of how long things are kept?

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

/// See [`Event::Pruned`](super::Event::Pruned). Whoever checks the record believes that a body was removed on purpose because
/// this names its place; nothing else of it counts.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Pruned {
    /// The places in the log of the entries whose bodies go: `0-17,19,22-40`.
    pub places: String,
    /// How many they are.
    pub entries: u64,
    /// Which kinds of entries go, and before when they must have been written.
    pub before: BTreeMap<&'static str, String>,
    /// The folder of the archive that holds these bodies, by its name.
    pub archive: String,
    /// Names everything in that archive: the SHA-256 of its file `files`.
    pub digest: String,
    /// How many entries stay although their time is over, by the hold that keeps them.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub held: BTreeMap<String, u64>,
    /// Who did it; `retention` where the configuration says so.
    pub by: String,
}

/// See [`Event::Preserved`](super::Event::Preserved).
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Preserved {
    /// `held` or `released`.
    pub what: &'static str,
    /// Names the hold.
    pub hold: String,
    /// The one call it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub call: Option<String>,
    /// It is about what has to do with this one: who asked, or who answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub principal: Option<String>,
    /// It is about what was written from this time on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// It is about what was written before this time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// Who did it.
    pub by: String,
    /// Why.
    pub reason: String,
}

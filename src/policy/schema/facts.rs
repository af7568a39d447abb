//! What is the form of what the gateway read out of results?
//!
//! What it read out of arguments has the reader's own form, [`crate::facts::told::Facts`].

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::Serialize;

use crate::facts::{secret, url};

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

//! What is written down of a call's credentials? Everything but themselves.

use schemars::JsonSchema;
use serde::Serialize;

/// See [`Event::Leased`](super::Event::Leased).
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Leased {
    /// Names the lease.
    pub lease: String,
    /// The configured name of who made it.
    pub provider: String,
    /// What kind of provider that is.
    pub kind: &'static str,
    /// The rules that require it.
    pub findings: Vec<String>,
    /// What it reaches, line by line.
    pub reaches: Vec<String>,
    /// Where it went.
    pub into: Vec<String>,
    /// What the provider takes it back by.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub handle: Option<String>,
    /// When it ends by itself.
    pub expires: String,
    /// Whether it was there before and stays.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub standing: bool,
}

/// See [`Event::LeaseEnded`](super::Event::LeaseEnded).
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct LeaseEnded {
    /// Names the lease.
    pub lease: String,
    /// The configured name of who made it.
    pub provider: String,
    /// What became of it.
    pub end: LeaseEnd,
    /// Who ended it: `call`, `reaper`, or a person.
    pub by: String,
    /// Why it was not made, or could not be taken back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// Whether the server repeated it in something it said; it was taken out.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub repeated: bool,
}

/// What became of a lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LeaseEnd {
    /// It was taken back: nobody can use it any more.
    Revoked,
    /// It cannot be taken back, and ends by itself.
    Lapses,
    /// It could not be taken back. It is tried again until it is.
    Stuck,
    /// None was made.
    NotMade,
    /// It was there before, and stays.
    Stays,
}

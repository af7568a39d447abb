//! What is written down of a yes that reaches beyond one call?

use schemars::JsonSchema;
use serde::Serialize;

use crate::policy::decision::Agreement;
use crate::policy::finding::grant::GrantTerms;

/// See [`Event::GrantMade`](super::Event::GrantMade).
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct GrantMade {
    /// Names what was agreed to: the call that was shown, and how far it reaches.
    pub digest: String,
    /// How far it reaches.
    pub bounds: GrantTerms,
    /// Whose votes made it.
    pub people: Vec<String>,
    /// For whom.
    pub principal: String,
    /// For which software, when proven.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// The configured name of the server.
    pub server: String,
    /// The tool.
    pub tool: String,
    /// Names the tool's definition.
    pub definition: String,
    /// From when on it covers nothing.
    pub until: String,
}

/// See [`Event::GrantUsed`](super::Event::GrantUsed).
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct GrantUsed {
    /// The call the grant came of.
    pub grant: String,
    /// Names the call it lets run.
    pub digest: String,
    /// Who would have had to agree.
    pub agreement: Agreement,
    /// Whose votes made it.
    pub people: Vec<String>,
    /// How many more calls it covers.
    pub left: u32,
    /// From when on it covers nothing.
    pub until: String,
}

/// See [`Event::GrantEnded`](super::Event::GrantEnded).
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct GrantEnded {
    /// `used_up`, `over`, `revoked` or `superseded`.
    pub state: &'static str,
    /// Who did it, if a person did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// How many calls were let run because of it, the one it came of among them.
    pub used: u32,
}

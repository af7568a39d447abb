//! What is written down of why calls are made?

use schemars::JsonSchema;
use serde::Serialize;

use crate::intent::Provenance;

/// See [`Event::Prompted`](super::Event::Prompted). The words are not here: the book is for good, and they are kept for a while.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Prompted {
    /// The software that reports: `claude-code`.
    pub client: String,
    /// The device, as its owner calls it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
    /// Whoever came with a key of their own and not from a device.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub principal: Option<String>,
    /// The client's own name for the conversation.
    pub session: String,
    /// The client's own name for what this prompt leads to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub turn: Option<String>,
    /// The model at work.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Names the words.
    pub digest: String,
    /// How surely it is known that this was asked for.
    pub provenance: Provenance,
}

/// See [`Event::Mismatched`](super::Event::Mismatched).
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Mismatched {
    /// Whose call arrived.
    pub principal: String,
    /// The client's own name for the use of the tool.
    pub tool_use: String,
    /// The software that reported it.
    pub client: String,
    /// The device it was reported from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
    /// The tool that was reported.
    pub reported_tool: String,
    /// Names the arguments that were reported.
    pub reported: String,
    /// The tool that arrived, by the name the client used.
    pub arrived_tool: String,
    /// Names the arguments that arrived.
    pub arrived: String,
}

//! What is the form of what rules see of why a call is made?

use schemars::JsonSchema;
use serde::Serialize;

/// Why it is asked. What the model says of it is a claim; a prompt is never a permission.
#[derive(JsonSchema, Serialize, Debug)]
#[serde(deny_unknown_fields)]
pub(super) struct Intent {
    /// What somebody asked the agent for. Its words are not here.
    prompt: Prompt,
    /// Why the model says it makes the call.
    rationale: Rationale,
    /// Which model decided to.
    model: Model,
    /// The software that reported it; null when nothing did.
    client: Option<String>,
    /// The enrolled device it was reported from; null when it was none.
    device: Option<String>,
    /// The use of the tool that was reported is not the one that arrived: something changed it on the way.
    mismatch: bool,
}

/// What somebody asked the agent for.
#[derive(JsonSchema, Serialize, Debug)]
#[serde(deny_unknown_fields)]
struct Prompt {
    /// How it is known.
    provenance: Provenance,
    /// Names its words; null when it is missing.
    digest: Option<String>,
}

/// Why the model says it makes a call.
#[derive(JsonSchema, Serialize, Debug)]
#[serde(deny_unknown_fields)]
struct Rationale {
    /// claimed or missing.
    provenance: Provenance,
    /// Names its words; null when it is missing.
    digest: Option<String>,
    /// Its words, at most 300 characters, without secrets; null when it is missing.
    text: Option<String>,
}

/// Which model decided to make a call.
#[derive(JsonSchema, Serialize, Debug)]
#[serde(deny_unknown_fields)]
struct Model {
    /// How it is known.
    provenance: Provenance,
    /// As the client names it; null when it is missing.
    name: Option<String>,
}

/// How something is known, the surest first.
#[derive(JsonSchema, Serialize, Debug)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "KnownHow")]
#[expect(dead_code, reason = "only its schema is wanted")]
enum Provenance {
    /// The gateway saw it itself.
    Observed,
    /// The client's own hook reported it, on an enrolled device, for exactly this use of the tool.
    Captured,
    /// The client says so, or it was found by its likeness.
    Asserted,
    /// The model says so.
    Claimed,
    /// Nobody knows it.
    Missing,
}

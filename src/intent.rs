//! What was it asked to do?
//!
//! Not what is called, but why: the prompt somebody gave the agent, the reason the model gives for this call, and how each of
//! them is known. A prompt is tied to a call by the id that the client gave this use of a tool *and* by the arguments; what
//! was only found by its likeness is worth less, and what the model says of itself least.
//!
//! A prompt is never a permission. Rules see how a prompt is known and its digest, not its words: what rules see stays in
//! the book for good, prompts are kept for a while, and a rule that looked for words in a prompt would be a rule that
//! whoever writes prompts can talk to. A rationale is in front of rules, people and the book, as the call's own arguments are.
//!
//! Two words: a *reason* is what a rule says, and trusted; a *rationale* is what the model says.
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

pub mod client;
pub mod envelope;
pub mod join;
pub mod meta;
pub mod rationale;
pub mod redact;
pub mod report;
#[cfg(test)]
mod tests;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use client::Client;

/// How something is known, the surest first. What is not known at all has none of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Provenance {
    /// The gateway saw it itself.
    Observed,
    /// The client's own hook reported it, on an enrolled device, for exactly this use of the tool.
    Captured,
    /// The client says so, or it was found by its likeness.
    Asserted,
    /// The model says so.
    Claimed,
}

/// What is known of why a call is made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "IntentTold")]
pub struct Intent {
    /// What somebody asked the agent for. Nothing: nobody knows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prompt: Option<Prompt>,
    /// Why the model says it makes the call. Its own words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rationale: Option<Rationale>,
    /// Which model decided to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<Model>,
    /// Who reported it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<Source>,
    /// The client's own name for this use of the tool.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tool_use: Option<String>,
    /// The client's own name for the conversation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// The use of the tool that was reported is not the one that arrived: something changed it on the way.
    #[serde(skip_serializing_if = "is_false")]
    pub mismatch: bool,
}

/// What somebody asked the agent for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "IntentPrompt")]
pub struct Prompt {
    /// Names its words, as they were before anything was taken out.
    pub digest: String,
    /// How it is known.
    pub provenance: Provenance,
}

/// Why the model says it makes a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "IntentRationale")]
pub struct Rationale {
    /// Names its words, as they came.
    pub digest: String,
    /// How it is known: it is always a claim.
    pub provenance: Provenance,
    /// Its words, shortened, without secrets.
    pub text: String,
}

/// Which model decided to make a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "IntentModel")]
pub struct Model {
    /// As the client names it.
    pub name: String,
    /// How it is known.
    pub provenance: Provenance,
}

/// Who reported something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "IntentSource")]
pub struct Source {
    /// The software: `claude-code`, or the name a framework gives itself.
    pub client: String,
    /// The device, as its owner calls it. Nothing: somebody who came with a key of a caller.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
}

/// For serde.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands it over like that")]
const fn is_false(said: &bool) -> bool {
    !*said
}

impl Provenance {
    /// The word in rules, on cards and in the book.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Observed => "observed",
            Self::Captured => "captured",
            Self::Asserted => "asserted",
            Self::Claimed => "claimed",
        }
    }

    /// The word for what may not be known at all.
    pub const fn word_of(known: Option<Self>) -> &'static str {
        match known {
            Some(known) => known.word(),
            None => "missing",
        }
    }
}

impl Intent {
    /// Whether nothing at all is known.
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }

    /// How the prompt is known.
    pub fn prompt_provenance(&self) -> Option<Provenance> {
        self.prompt.as_ref().map(|prompt| prompt.provenance)
    }

    /// How the rationale is known.
    pub fn rationale_provenance(&self) -> Option<Provenance> {
        self.rationale.as_ref().map(|rationale| rationale.provenance)
    }

    /// How the prompt is known, for people: what happened, never that it is true.
    pub fn prompt_in_words(&self) -> String {
        let by = self.source.as_ref().map_or_else(String::new, Source::in_words);
        match (self.prompt_provenance(), self.mismatch) {
            (_, true) => {
                format!("none: what {by} reported of this use of the tool is not what arrived")
            }
            (Some(Provenance::Observed), _) => "seen by the gateway itself".to_owned(),
            (Some(Provenance::Captured), _) => format!("captured by {by}"),
            (Some(Provenance::Asserted), _) => {
                format!("asserted by {by}: no enrolled device reported exactly this call")
            }
            (Some(Provenance::Claimed), _) => "claimed by the model".to_owned(),
            (None, _) if self.source.is_some() => format!("missing: {by} reported the call, and no prompt before it"),
            (None, _) => "missing: no hook reported this call".to_owned(),
        }
    }
}

impl Source {
    /// For people: `Claude Code hook on laptop-7`.
    pub fn in_words(&self) -> String {
        let client =
            Client::from_word(&self.client).map_or_else(|| self.client.clone(), |client| client.label().to_owned());
        match &self.device {
            Some(device) => format!("{client} hook on {device}"),
            None => format!("{client}, with a caller's own key"),
        }
    }
}

//! What does a hook tell the gateway?
//!
//! One form for every client and every framework, over HTTP and in the folder beside the database: either a prompt somebody
//! gave, or a use of a tool that comes next. Arguments are told as their digest; whoever cannot make one sends them, and
//! only their digest is kept.
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::wire::json::{Object, Value};
use crate::wire::reader::{Limits, Malformed, strict};

/// What a hook reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The software: `claude-code`, or the name a framework gives itself.
    pub client: String,
    /// The client's own name for the conversation.
    pub session: String,
    /// The client's own name for what one prompt leads to.
    pub turn: Option<String>,
    /// The model at work.
    pub model: Option<String>,
    /// When, in microseconds since 1970; without it, when it arrives.
    pub at: Option<i64>,
    /// What.
    pub told: Told,
}

/// What happened at the client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// Somebody asked for something.
    Prompt {
        /// Names the words.
        digest: Digest,
        /// The words, where they may leave the device.
        text: Option<String>,
    },
    /// The agent is about to use a tool.
    ToolUse {
        /// The client's own name for it.
        id: Option<String>,
        /// The tool, as the client names it.
        tool: String,
        /// Names the arguments.
        arguments: Digest,
    },
}

/// A report as it is written: with either `prompt` or `tool_use`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "HookReport", title = "What is sent to POST /hooks/v1")]
pub struct Written {
    /// The software that reports, such as `my-agent`: small letters, digits, `.`, `_` and `-`.
    #[schemars(regex(pattern = "^[a-z0-9][a-z0-9._-]{0,63}$"))]
    client: String,
    /// Your own name for the conversation.
    #[schemars(length(min = 1, max = 256))]
    session: String,
    /// Your own name for what one prompt leads to, if you have one. Said with a prompt and with the uses of tools it led to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 256))]
    turn: Option<String>,
    /// The model at work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 256))]
    model: Option<String>,
    /// When, in microseconds since 1970, no more than five minutes from now. Default: when it arrives.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    at: Option<i64>,
    /// Somebody asked for something.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    prompt: Option<WrittenPrompt>,
    /// The agent is about to use a tool.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tool_use: Option<WrittenUse>,
}

/// What somebody asked for: its words, or only their digest.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "HookPrompt")]
struct WrittenPrompt {
    /// The words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    /// `sha256:` and the SHA-256, in hex, of `prompt`, a zero byte and the words in UTF-8, before a secret was taken out of them.
    /// Default: that of `text`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>", regex(pattern = "^sha256:[0-9a-f]{64}$"))]
    digest: Option<Digest>,
}

/// A use of a tool, before its call is sent.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "HookToolUse")]
struct WrittenUse {
    /// Your own name for it. Send it with the call as `_meta["dev.countersign/toolUseId"]`; without one, the call is only found
    /// by its likeness.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 256))]
    id: Option<String>,
    /// The tool: the name the call will have, with or without something before it.
    #[schemars(length(min = 1, max = 256))]
    tool: String,
    /// The arguments exactly as they will be sent. Only their digest is kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    arguments: Option<BTreeMap<String, serde_json::Value>>,
    /// The digest alone: `sha256:` and the SHA-256, in hex, of `arguments`, a zero byte and the arguments in RFC 8785 form.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>", regex(pattern = "^sha256:[0-9a-f]{64}$"))]
    digest: Option<Digest>,
}

/// A text that is no report.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoReport {
    /// Not JSON, or JSON that means two things.
    #[error("the report cannot be read: {0}")]
    Malformed(#[from] Malformed),
    /// Another form.
    #[error("this is not a report: {0}; `countersign hook schema` says what one is")]
    Form(String),
}

/// Bytes of a prompt's words that are kept.
pub const MOST_WORDS: usize = 32 << 10;
/// The longest report.
pub const LONGEST: usize = 2 << 20;
/// The longest name in one.
const LONGEST_NAME: usize = 256;

impl Report {
    /// Names arguments.
    pub fn arguments(arguments: &Object) -> Digest {
        Digest::of_object("arguments", arguments)
    }

    /// From its text.
    pub fn read(text: &[u8]) -> Result<Self, NoReport> {
        let limits = Limits { bytes: LONGEST, ..Limits::REQUEST };
        let exact = strict(text, &limits)?;
        let written: Written = serde_json::from_slice(text).map_err(|error| NoReport::Form(error.to_string()))?;
        let arguments = exact.get("tool_use").and_then(|tool_use| tool_use.get("arguments")).and_then(Value::as_object);
        written.into_report(arguments)
    }

    /// As a text that is a report again.
    pub fn write(&self) -> String {
        let (prompt, tool_use) = match &self.told {
            Told::Prompt { digest, text } => (Some(WrittenPrompt { text: text.clone(), digest: Some(*digest) }), None),
            Told::ToolUse { id, tool, arguments } => {
                let (id, tool) = (id.clone(), tool.clone());
                (None, Some(WrittenUse { id, tool, arguments: None, digest: Some(*arguments) }))
            }
        };
        let Self { client, session, turn, model, at, .. } = self.clone();
        let written = Written { client, session, turn, model, at, prompt, tool_use };
        serde_json::to_string(&written).unwrap_or_default()
    }

    /// The same with other words of a prompt, or none.
    #[must_use]
    pub fn with_words(mut self, words: impl FnOnce(&str) -> Option<String>) -> Self {
        if let Told::Prompt { text, .. } = &mut self.told {
            *text = text.as_deref().and_then(words);
        }
        self
    }
}

impl Written {
    fn into_report(self, exact: Option<&Object>) -> Result<Report, NoReport> {
        let Self { client, session, turn, model, at, prompt, tool_use } = self;
        let form = |what: &str| Err(NoReport::Form(what.to_owned()));
        let word = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._-".contains(&byte);
        if client.is_empty() || client.len() > 64 || !client.bytes().all(word) {
            return form("`client` has 1 to 64 small letters, digits, `.`, `_` and `-`");
        }
        let told = match (prompt, tool_use) {
            (Some(WrittenPrompt { text, digest }), None) => {
                // Whoever takes a secret out of the words names them as they were.
                let own = || text.as_ref().map(|text| Digest::of_bytes("prompt", text.as_bytes()));
                match digest.or_else(own) {
                    Some(digest) => Told::Prompt { digest, text },
                    None => return form("a `prompt` has a `text` or a `digest`"),
                }
            }
            (None, Some(WrittenUse { id, tool, arguments: _, digest })) => {
                let arguments = match (exact.map(Report::arguments), digest) {
                    (Some(own), Some(said)) if own != said => return form("`digest` is not the one of `arguments`"),
                    (Some(digest), _) | (None, Some(digest)) => digest,
                    (None, None) => return form("a `tool_use` has `arguments` or their `digest`"),
                };
                Told::ToolUse { id, tool, arguments }
            }
            _ => return form("it has either `prompt` or `tool_use`"),
        };
        let names = match &told {
            Told::ToolUse { id, tool, .. } => [id.as_ref(), Some(tool)],
            Told::Prompt { .. } => [None, None],
        };
        let all = names.into_iter().chain([Some(&session), turn.as_ref(), model.as_ref()]).flatten();
        let plain = |name: &String| {
            !name.is_empty() && name.len() <= LONGEST_NAME && !name.chars().any(crate::visible::is_harmful)
        };
        if !all.into_iter().all(plain) {
            return form("`session`, `turn`, `model`, `id` and `tool` have 1 to 256 visible characters");
        }
        Ok(Report { client, session, turn, model, at, told })
    }
}

/// The JSON Schema of a report.
pub fn schema() -> schemars::Schema {
    schemars::generate::SchemaSettings::default().into_generator().into_root_schema_for::<Written>()
}

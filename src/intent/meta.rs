//! What does a client say of a call beside its arguments?
//!
//! Names only: they find what a hook reported, and prove nothing by themselves.
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

use crate::wire::json::{Object, Value};

/// Where the gateway itself keeps what it knows of a call that waits; never taken from a client.
pub const OURS: &str = "dev.countersign/intent";

/// Names for this use of a tool. The last is Codex's, which other software uses too and nobody promises.
const TOOL_USE: [(&str, bool); 3] =
    [("dev.countersign/toolUseId", true), ("claudecode/toolUseId", true), ("callId", false)];
/// Names for the conversation.
const SESSION: [&str; 5] = [
    "dev.countersign/session",
    "threadId",
    "vscode.conversationId",
    "antigravity.google/conversation_id",
    "ai.opencode/sessionID",
];
/// Where Codex says which model is at work.
const CODEX: &str = "x-codex-turn-metadata";
/// No name is longer.
const LONGEST: usize = 256;

/// What a client says beside a call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Named {
    /// Its id for the use of the tool.
    pub tool_use: Option<String>,
    /// Whether its hook certainly reports the same id.
    pub surely: bool,
    /// Its name for the conversation.
    pub session: Option<String>,
    /// The model at work.
    pub model: Option<String>,
}

impl Named {
    /// What a call's `_meta` says.
    pub fn of(meta: &Object) -> Self {
        let text = |name: &str| meta.str(name).and_then(plain);
        let tool_use = TOOL_USE.iter().find_map(|(name, surely)| Some((text(name)?, *surely)));
        let model = match meta.get(CODEX) {
            Some(Value::Object(turn)) => turn.str("model").and_then(plain),
            _ => None,
        };
        Self {
            surely: tool_use.as_ref().is_some_and(|(_, surely)| *surely),
            tool_use: tool_use.map(|(id, _)| id),
            session: SESSION.iter().find_map(|name| text(name)),
            model,
        }
    }
}

fn plain(text: &str) -> Option<String> {
    let fits = !text.is_empty() && text.len() <= LONGEST && !text.chars().any(crate::visible::is_harmful);
    fits.then(|| text.to_owned())
}

//! What do a client's settings need so that it reports prompts, and how does that get in and out?
//!
//! Settings are the user's and may hold hooks of others: ours are put behind them, and taken out alone.
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

use serde_json::{Value, json};

use super::document::{Format, NotEdited};
use super::jsonc::{append, cut};
use super::node::Node;
use crate::intent::client::Client;

/// The file of the user's that has hooks, below their own folder; for VS Code below the project.
pub const fn file(client: Client) -> &'static str {
    match client {
        Client::ClaudeCode => ".claude/settings.json",
        Client::Codex => ".codex/hooks.json",
        Client::Gemini => ".gemini/settings.json",
        Client::Cursor => ".cursor/hooks.json",
        Client::Vscode => ".github/hooks/countersign.json",
    }
}

/// What a person has to do or know then.
pub const fn advice(client: Client) -> &'static str {
    match client {
        Client::ClaudeCode => "Claude Code reads it when it starts next; `/hooks` shows it.",
        Client::Codex => "Then open `/hooks` in Codex and trust it: a hook that was not looked at does not run.",
        Client::Gemini => "Gemini CLI reads it when it starts next; `/hooks panel` shows it.",
        Client::Cursor => "Cursor reads it when it is saved.",
        Client::Vscode => {
            "Leave it out where ~/.claude/settings.json has the hooks of Claude Code: VS Code runs those as well."
        }
    }
}

/// The settings, where there are no others.
pub fn settings(client: Client, command: &str) -> Value {
    let hook = |timeout: u64| json!({ "type": "command", "command": command, "timeout": timeout });
    let of = |prompt: &str, tool: &str, matcher: &str, timeout: u64| {
        json!({ "hooks": {
            prompt: [{ "hooks": [hook(timeout)] }],
            tool: [{ "matcher": matcher, "hooks": [hook(timeout)] }],
        } })
    };
    match client {
        Client::ClaudeCode | Client::Codex => of("UserPromptSubmit", "PreToolUse", "mcp__.*", 5),
        // Here times are milliseconds.
        Client::Gemini => of("BeforeAgent", "BeforeTool", "mcp_.*", 5_000),
        Client::Cursor => json!({ "version": 1, "hooks": {
            "beforeSubmitPrompt": [{ "command": command }],
            "beforeMCPExecution": [{ "command": command }],
        } }),
        Client::Vscode => json!({ "hooks": { "UserPromptSubmit": [hook(5)], "PreToolUse": [hook(5)] } }),
    }
}

/// Whether settings start this command already.
pub fn has(text: &str, command: &str) -> bool {
    Format::Jsonc.read(text).is_ok_and(|root| mentions(&root, command))
}

/// Settings with the hook in them.
pub fn with(client: Client, text: &str, command: &str) -> Result<String, NotEdited> {
    let wanted = settings(client, command);
    if text.trim_start_matches('\u{feff}').trim().is_empty() {
        let mut whole = serde_json::to_string_pretty(&wanted).map_err(|_| NotEdited::Unsure)?;
        whole.push('\n');
        return Ok(whole);
    }
    let mut text = text.to_owned();
    for (name, value) in wanted.as_object().into_iter().flatten() {
        match value.as_object() {
            None => text = place(&text, &[], name, value)?,
            Some(events) => {
                text = place(&text, &[], name, &json!({}))?;
                for (event, hooks) in events {
                    text = place(&text, &[name], event, &json!([]))?;
                    for hook in hooks.as_array().into_iter().flatten() {
                        let root = Format::Jsonc.read(&text).map_err(|_| NotEdited::Unsure)?;
                        let list = root.at([name.as_str(), event]).ok_or(NotEdited::Unsure)?;
                        text = append(&text, list, &hook.to_string()).ok_or(NotEdited::Unsure)?;
                    }
                }
            }
        }
    }
    if has(&text, command) { Ok(text) } else { Err(NotEdited::Unsure) }
}

/// The text with a member, which is put there only if there is none of this name.
fn place(text: &str, path: &[&str], name: &str, value: &Value) -> Result<String, NotEdited> {
    let root = Format::Jsonc.read(text).map_err(|_| NotEdited::Unsure)?;
    let map = root.at(path.iter().copied()).filter(|map| map.is_map()).ok_or(NotEdited::Unsure)?;
    if map.get(name).is_some() {
        return Ok(text.to_owned());
    }
    append(text, map, &format!("{}: {value}", super::jsonc::quoted(name))).ok_or(NotEdited::Unsure)
}

/// Settings without what starts this command; everything else stays.
pub fn without(text: &str, command: &str) -> String {
    let mut text = text.to_owned();
    // Each turn takes one out; more than a few there never are.
    for _ in 0..16 {
        let Ok(root) = Format::Jsonc.read(&text) else { return text };
        let events = root.get("hooks").map(Node::members).unwrap_or_default();
        let found = events.iter().find_map(|event| {
            let list = &event.value;
            let index = list.items().iter().position(|item| mentions(item, command))?;
            cut(&text, list, index)
        });
        match found {
            Some(shorter) => text = shorter,
            None => return text,
        }
    }
    text
}

fn mentions(node: &Node, command: &str) -> bool {
    node.text() == Some(command)
        || node.items().iter().any(|item| mentions(item, command))
        || node.members().iter().any(|member| mentions(&member.value, command))
}

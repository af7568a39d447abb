//! What do a client's settings need so that it reports?
//!
//! Printed for a person to put there: settings are theirs, may hold hooks of others, and some clients want each hook looked at
//! before they run it.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;
use serde_json::{Value, json};

use super::Named;
use crate::cli::exit::Exit;
use crate::cli::output::Output;
use crate::intent::client::Client;

/// What `hook install` takes.
#[derive(Args, Debug)]
pub struct InstallArgs {
    /// The client
    #[arg(value_name = "claude-code|codex|gemini|cursor|vscode", hide_possible_values = true)]
    client: Named,
    /// Only print; this is what it does
    #[arg(long)]
    print: bool,
    /// The device's own file, where it is not the user's
    #[arg(long, value_name = "FILE")]
    device: Option<PathBuf>,
}

/// Runs the command.
pub fn run(args: &InstallArgs, out: &mut Output<'_>) -> anyhow::Result<Exit> {
    let client = Client::from(args.client);
    let program = std::env::current_exe().context("cannot tell where this program is")?;
    let mut command = format!("{} hook {}", quoted(&program.display().to_string()), client.word());
    if let Some(file) = &args.device {
        let file = std::path::absolute(file)?;
        command.push_str(" --device ");
        command.push_str(&quoted(&file.display().to_string()));
    }
    let (file, advice) = place(client);
    out.line(&format!("Put this into {file}, beside what is there:\n"))?;
    out.lines(&serde_json::to_string_pretty(&settings(client, &command))?)?;
    out.line(&format!("\n{advice}"))?;
    Ok(Exit::Done)
}

/// As a shell wants it.
fn quoted(path: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+@%,:".contains(c);
    if path.chars().all(plain) { path.to_owned() } else { format!("'{}'", path.replace('\'', "'\\''")) }
}

const fn place(client: Client) -> (&'static str, &'static str) {
    match client {
        Client::ClaudeCode => {
            ("~/.claude/settings.json", "Claude Code reads it when it starts next; `/hooks` shows it.")
        }
        Client::Codex => (
            "~/.codex/hooks.json",
            "Then open `/hooks` in Codex and trust it: a hook that was not looked at does not run.",
        ),
        Client::Gemini => {
            ("~/.gemini/settings.json", "Gemini CLI reads it when it starts next; `/hooks panel` shows it.")
        }
        Client::Cursor => ("~/.cursor/hooks.json", "Cursor reads it when it is saved."),
        Client::Vscode => (
            ".github/hooks/countersign.json",
            "Leave it out where ~/.claude/settings.json has the hooks of Claude Code: VS Code runs those as well.",
        ),
    }
}

fn settings(client: Client, command: &str) -> Value {
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

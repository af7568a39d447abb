//! What does a client's own hook say?
//!
//! Each client starts a command at certain moments and hands it one JSON object. Which member says what differs; what we want
//! of it does not, so a client is a row of a table. Only what is needed is read, and only of tools behind an MCP server: what
//! the agent does with its own tools is not ours to collect.
//!
//! The names are those of the clients' own documentation, as of November 2026: Claude Code (code.claude.com/docs, hooks),
//! Codex (codex-rs/hooks, the generated schemas), Gemini CLI (docs/hooks/reference.md), Cursor (cursor.com/docs/hooks, where
//! `tool_input` is JSON inside a string) and VS Code (agents/reference/hooks-reference, which spells its own members in camel
//! case and shares Claude's settings files, so that both spellings come).
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

use super::report::{Report, Told};
use crate::digest::Digest;
use crate::wire::json::{Object, Value};
use crate::wire::reader::{Limits, Malformed, strict};

/// A client whose hooks are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Client {
    /// Claude Code.
    ClaudeCode,
    /// Codex.
    Codex,
    /// Gemini CLI.
    Gemini,
    /// Cursor.
    Cursor,
    /// VS Code with Copilot.
    Vscode,
}

/// Which member of its objects says what; the first that is there counts.
struct Form {
    event: &'static [&'static str],
    prompt_event: &'static str,
    tool_event: &'static str,
    session: &'static [&'static str],
    turn: &'static [&'static str],
    tool_use: &'static [&'static str],
    /// How the name of a tool behind an MCP server begins; empty where the event is about no others.
    behind: &'static str,
}

/// An object that is none of this client's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// Not JSON, or JSON that means two things.
    #[error("standard input is not what a hook is given: {0}")]
    Malformed(#[from] Malformed),
    /// A member is not there.
    #[error("standard input is not what {client} gives a hook: `{member}` is missing; see `countersign hook install`")]
    Missing {
        /// Whose hook was meant.
        client: &'static str,
        /// What is missing.
        member: &'static str,
    },
}

impl Client {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::ClaudeCode, Self::Codex, Self::Gemini, Self::Cursor, Self::Vscode];

    /// The word on the command line and in reports.
    pub const fn word(self) -> &'static str {
        match self {
            Self::ClaudeCode => "claude-code",
            Self::Codex => "codex",
            Self::Gemini => "gemini",
            Self::Cursor => "cursor",
            Self::Vscode => "vscode",
        }
    }

    /// For people.
    pub const fn label(self) -> &'static str {
        match self {
            Self::ClaudeCode => "Claude Code",
            Self::Codex => "Codex",
            Self::Gemini => "Gemini CLI",
            Self::Cursor => "Cursor",
            Self::Vscode => "VS Code",
        }
    }

    /// The client a word means.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|client| client.word() == word)
    }

    /// What a hook of it prints when it has nothing to say. Cursor blocks a call whose hook prints no JSON; the others take
    /// silence for what it is.
    pub const fn nothing(self) -> &'static str {
        match self {
            Self::Cursor => "{}\n",
            Self::ClaudeCode | Self::Codex | Self::Gemini | Self::Vscode => "",
        }
    }

    /// Whether a hook of it that fails is only told of. A failure of Cursor's may block what it was asked about.
    pub const fn bears_failure(self) -> bool {
        !matches!(self, Self::Cursor)
    }

    /// Whether the client names the turn with a prompt *and* with what the agent does in it. Claude Code does not promise the
    /// first, so there the newest prompt of the conversation counts where none has the same name.
    pub const fn names_turns(self) -> bool {
        matches!(self, Self::Codex | Self::Cursor)
    }

    const fn form(self) -> Form {
        let claude = Form {
            event: &["hook_event_name"],
            prompt_event: "UserPromptSubmit",
            tool_event: "PreToolUse",
            session: &["session_id"],
            turn: &["prompt_id"],
            tool_use: &["tool_use_id"],
            behind: "mcp__",
        };
        match self {
            Self::ClaudeCode => claude,
            Self::Codex => Form { turn: &["turn_id"], ..claude },
            Self::Gemini => {
                Form { prompt_event: "BeforeAgent", tool_event: "BeforeTool", turn: &[], tool_use: &[], ..claude }
            }
            Self::Cursor => Form {
                prompt_event: "beforeSubmitPrompt",
                tool_event: "beforeMCPExecution",
                session: &["conversation_id"],
                turn: &["generation_id"],
                tool_use: &[],
                behind: "",
                ..claude
            },
            Self::Vscode => Form {
                event: &["hookEventName", "hook_event_name"],
                session: &["sessionId", "session_id"],
                turn: &[],
                behind: "mcp_",
                ..claude
            },
        }
    }

    /// What a hook was given, as a report. Nothing for moments and tools that are none of ours.
    pub fn read(self, payload: &[u8]) -> Result<Option<Report>, Unreadable> {
        match strict(payload, &Limits::REQUEST)? {
            // VS Code runs what stands in Claude Code's settings as well.
            Value::Object(said) if self == Self::ClaudeCode && !said.contains("hook_event_name") => {
                Self::Vscode.told(&said)
            }
            Value::Object(said) => self.told(&said),
            _ => Err(self.missing("hook_event_name")),
        }
    }

    fn told(self, said: &Object) -> Result<Option<Report>, Unreadable> {
        let form = self.form();
        let first = |names: &[&str]| names.iter().find_map(|name| said.str(name)).map(str::to_owned);
        let event = first(form.event).ok_or_else(|| self.missing("hook_event_name"))?;
        let told = if event == form.prompt_event {
            let prompt = said.str("prompt").ok_or_else(|| self.missing("prompt"))?;
            Told::Prompt { digest: Digest::of_bytes("prompt", prompt.as_bytes()), text: Some(prompt.to_owned()) }
        } else if event == form.tool_event {
            let Some(tool) = self.tool(said, &form)? else { return Ok(None) };
            let input = self.input(said)?;
            Told::ToolUse { id: first(form.tool_use), tool, arguments: Report::arguments(&input) }
        } else {
            return Ok(None);
        };
        let session = first(form.session).ok_or_else(|| self.missing("session_id"))?;
        let (turn, model) = (first(form.turn), first(&["model"]));
        Ok(Some(Report { client: self.word().to_owned(), session, turn, model, at: None, told }))
    }

    fn tool(self, said: &Object, form: &Form) -> Result<Option<String>, Unreadable> {
        let name = said.str("tool_name").ok_or_else(|| self.missing("tool_name"))?;
        // Older versions of Gemini CLI put less before the name, and say beside it where the tool is.
        let ours = name.starts_with(form.behind) || said.object("mcp_context").is_some();
        Ok(ours.then(|| name.to_owned()))
    }

    fn input(self, said: &Object) -> Result<Object, Unreadable> {
        match said.get("tool_input") {
            Some(Value::Object(input)) => Ok(input.clone()),
            Some(Value::String(text)) if self == Self::Cursor => match strict(text.as_bytes(), &Limits::REQUEST)? {
                Value::Object(input) => Ok(input),
                _ => Err(self.missing("tool_input")),
            },
            None | Some(Value::Null) => Ok(Object::new()),
            Some(_) => Err(self.missing("tool_input")),
        }
    }

    const fn missing(self, member: &'static str) -> Unreadable {
        Unreadable::Missing { client: self.label(), member }
    }
}

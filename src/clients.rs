//! Which agents' clients are on this machine, and which servers do their files name?
//!
//! A client is a row of a table: where its files stand on each system, how they are written, where the servers are in them and
//! how one is described. Files are handed in as text and handed back as text; nothing here reads or writes. An edit changes
//! one entry and leaves every other byte alone, and what it took away stands in a [`journal`], so that it can be put back.
//!
//! The places are those of the clients' own documentation and of other tools' tables, as of November 2026. `JetBrains`' AI
//! Assistant has no file of its own that is documented: its settings import the one of Claude Desktop.
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

pub mod document;
pub mod entry;
pub mod gate;
pub mod hooks;
pub mod journal;
mod jsonc;
pub mod node;
pub mod place;
pub mod section;
mod toml;
mod yaml;

use serde::{Deserialize, Serialize};

use self::document::{Format, NotEdited, NotRead};
use self::entry::Original;
use self::node::Node;

/// A client whose files are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Client {
    /// Claude Code.
    ClaudeCode,
    /// Claude Desktop.
    ClaudeDesktop,
    /// Cursor.
    Cursor,
    /// VS Code.
    Vscode,
    /// Windsurf.
    Windsurf,
    /// Zed.
    Zed,
    /// Codex.
    Codex,
    /// Gemini CLI.
    Gemini,
    /// Goose.
    Goose,
    /// Junie, in the editors of `JetBrains`.
    Junie,
}

/// Whose servers a file, or a part of it, names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// The user's, everywhere.
    User,
    /// The user's, in one project.
    Local,
    /// Everybody's who works in a project.
    Project,
    /// Those an organisation gave out; only it may change them.
    Managed,
}

/// A server that a client's file names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Whose file.
    pub client: Client,
    /// Whose servers.
    pub scope: Scope,
    /// How the client calls it.
    pub name: String,
    /// Where it stands in the file.
    pub path: Vec<String>,
    /// What it is.
    pub original: Original,
}

impl Client {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::ClaudeCode,
        Self::ClaudeDesktop,
        Self::Cursor,
        Self::Vscode,
        Self::Windsurf,
        Self::Zed,
        Self::Codex,
        Self::Gemini,
        Self::Goose,
        Self::Junie,
    ];

    /// The word on the command line.
    pub const fn word(self) -> &'static str {
        match self {
            Self::ClaudeCode => "claude-code",
            Self::ClaudeDesktop => "claude-desktop",
            Self::Cursor => "cursor",
            Self::Vscode => "vscode",
            Self::Windsurf => "windsurf",
            Self::Zed => "zed",
            Self::Codex => "codex",
            Self::Gemini => "gemini",
            Self::Goose => "goose",
            Self::Junie => "junie",
        }
    }

    /// For people.
    pub const fn label(self) -> &'static str {
        match self {
            Self::ClaudeCode => "Claude Code",
            Self::ClaudeDesktop => "Claude Desktop",
            Self::Cursor => "Cursor",
            Self::Vscode => "VS Code",
            Self::Windsurf => "Windsurf",
            Self::Zed => "Zed",
            Self::Codex => "Codex",
            Self::Gemini => "Gemini CLI",
            Self::Goose => "Goose",
            Self::Junie => "Junie",
        }
    }

    /// The client of a word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|client| client.word() == word)
    }

    /// How its files are written.
    pub const fn format(self) -> Format {
        match self {
            Self::Codex => Format::Toml,
            Self::Goose => Format::Yaml,
            _ => Format::Jsonc,
        }
    }

    /// Under which name its servers stand.
    pub const fn root(self) -> &'static str {
        match self {
            Self::Vscode => "servers",
            Self::Zed => "context_servers",
            Self::Codex => "mcp_servers",
            Self::Goose => "extensions",
            _ => "mcpServers",
        }
    }
}

impl Scope {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::User, Self::Local, Self::Project, Self::Managed];

    /// The word on the command line.
    pub const fn word(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Local => "local",
            Self::Project => "project",
            Self::Managed => "managed",
        }
    }

    /// The scope of a word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.word() == word)
    }
}

/// The servers a file names, in its order.
pub fn found(client: Client, scope: Scope, text: &str) -> Result<Vec<Found>, NotRead> {
    let root = client.format().read(text)?;
    let mut all = Vec::new();
    let mut take = |scope: Scope, ahead: &[&str]| {
        let path = ahead.iter().copied().chain([client.root()]);
        for member in root.at(path.clone()).map(Node::members).unwrap_or_default() {
            let path = path.clone().chain([member.name.as_str()]).map(str::to_owned).collect();
            let original = entry::read(client, &member.value);
            all.push(Found { client, scope, name: member.name.clone(), path, original });
        }
    };
    take(scope, &[]);
    if client == Client::ClaudeCode && scope == Scope::User {
        let projects = root.get("projects").map(Node::members).unwrap_or_default();
        for project in projects {
            take(Scope::Local, &["projects", &project.name]);
        }
    }
    Ok(all)
}

/// The entry at a path, if it can be edited.
pub fn locate<'a>(format: Format, root: &'a Node, path: &[String]) -> Result<&'a Node, NotEdited> {
    let mut at = root;
    let mut others: Vec<&Node> = Vec::new();
    for name in path {
        let next = at.get(name).ok_or(NotEdited::Gone)?;
        others.extend(at.members().iter().map(|member| &member.value).filter(|value| !std::ptr::eq(*value, next)));
        at = next;
    }
    let within = |node: &&Node| meets(node, at);
    if format == Format::Toml && others.iter().any(within) { Err(NotEdited::Scattered) } else { Ok(at) }
}

/// Whether something of a value stands within another.
fn meets(node: &Node, other: &Node) -> bool {
    match node.members() {
        [] => other.span.contains(&node.span.start),
        members => members.iter().any(|member| meets(&member.value, other)),
    }
}

#[cfg(test)]
mod tests;

//! How does a client reach a server?
//!
//! Clients fill in variables in some places of their files. What a text stands for only they know, so such a text stays with
//! the client, which hands what it made of it to the gateway in a variable.
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

use super::Client;
use super::node::Node;

/// A server as a client's file describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Original {
    /// A program the client starts.
    Program(Program),
    /// A server elsewhere.
    Remote(Remote),
    /// The gateway stands before it, as this server of its configuration.
    Guarded(Option<String>),
    /// Something the gateway cannot stand before; says why.
    Odd(&'static str),
}

/// A program a client starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// The program.
    pub command: String,
    /// Its arguments.
    pub args: Vec<String>,
    /// Variables it gets.
    pub env: Vec<(String, String)>,
    /// Variables it gets from wherever the client has them.
    pub handed: Vec<String>,
    /// Where it runs.
    pub cwd: Option<String>,
}

/// A server elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remote {
    /// Its address.
    pub url: String,
    /// Headers every request carries.
    pub headers: Vec<(String, String)>,
    /// Headers whose value is in a variable: the header, what stands before the value, the variable.
    pub behind: Vec<(String, &'static str, String)>,
}

impl Original {
    /// For people.
    pub const fn transport(&self) -> &'static str {
        match self {
            Self::Program(_) | Self::Guarded(_) => "stdio",
            Self::Remote(_) => "http",
            Self::Odd(_) => "other",
        }
    }
}

/// What a client puts into the texts of its file.
pub fn fills_in(client: Client, text: &str) -> bool {
    match client {
        Client::ClaudeCode | Client::Cursor | Client::Vscode | Client::Windsurf | Client::Junie => text.contains("${"),
        Client::Gemini => text
            .split('$')
            .skip(1)
            .any(|rest| rest.starts_with(|c: char| c == '{' || c == '_' || c.is_ascii_alphabetic())),
        Client::ClaudeDesktop | Client::Zed | Client::Codex | Client::Goose => false,
    }
}

const UNREAD: Original = Original::Odd("it is written in a way that is not known");
const STREAM: &str = "it is reached over server-sent events alone, which the gateway does not speak";

/// Reads an entry.
pub fn read(client: Client, entry: &Node) -> Original {
    match client {
        Client::Goose => goose(entry),
        Client::Codex => codex(entry),
        Client::Zed if entry.get("command").is_some_and(Node::is_map) => {
            Original::Odd("it is in an old form of Zed's; Zed changes it when its settings are migrated")
        }
        Client::Zed if entry.get("settings").is_some() && entry.get("command").is_none() => {
            Original::Odd("an extension of Zed starts it")
        }
        _ => usual(client, entry),
    }
}

fn text(entry: &Node, name: &str) -> Option<String> {
    entry.get(name).and_then(Node::text).map(str::to_owned)
}

/// A list that is absent is empty; one that holds something else is not understood.
fn texts(entry: &Node, name: &str) -> Option<Vec<String>> {
    entry.get(name).map_or_else(|| Some(Vec::new()), Node::texts)
}

fn pairs(entry: &Node, name: &str) -> Option<Vec<(String, String)>> {
    entry.get(name).map_or_else(|| Some(Vec::new()), Node::pairs)
}

fn usual(client: Client, entry: &Node) -> Original {
    let kind = text(entry, "type").unwrap_or_default();
    if matches!(kind.as_str(), "sse") || (client == Client::Gemini && entry.get("url").is_some()) {
        return Original::Odd(STREAM);
    }
    if kind == "ws" {
        return Original::Odd("it is reached over a WebSocket, which the gateway does not speak");
    }
    if entry.get("envFile").is_some() {
        return Original::Odd("the client reads its variables from a file; write them under `env`");
    }
    if entry.get("headersHelper").is_some() {
        return Original::Odd("a program of the client's makes its headers");
    }
    let url = ["url", "serverUrl", "httpUrl"].iter().find_map(|name| text(entry, name));
    match (text(entry, "command"), url) {
        (Some(command), None) => program(entry, command, ["args", "env"], Vec::new()),
        (None, Some(url)) => remote(url, pairs(entry, "headers"), Vec::new()),
        _ => UNREAD,
    }
}

fn codex(entry: &Node) -> Original {
    match (text(entry, "command"), text(entry, "url")) {
        (Some(command), None) => match texts(entry, "env_vars") {
            Some(handed) => program(entry, command, ["args", "env"], handed),
            None => UNREAD,
        },
        (None, Some(url)) => {
            let Some(behind) = pairs(entry, "env_http_headers") else { return UNREAD };
            let bearer = text(entry, "bearer_token_env_var");
            let bearer = bearer.map(|variable| ("Authorization".to_owned(), "Bearer ", variable));
            let behind = behind.into_iter().map(|(header, variable)| (header, "", variable)).chain(bearer).collect();
            remote(url, pairs(entry, "http_headers"), behind)
        }
        _ => UNREAD,
    }
}

fn goose(entry: &Node) -> Original {
    let kind = text(entry, "type").unwrap_or_default();
    match (kind.as_str(), text(entry, "cmd"), text(entry, "uri")) {
        ("stdio", Some(command), None) => match texts(entry, "env_keys") {
            Some(handed) => program(entry, command, ["args", "envs"], handed),
            None => UNREAD,
        },
        ("streamable_http", None, Some(url)) => match texts(entry, "env_keys") {
            Some(keys) if keys.is_empty() => remote(url, pairs(entry, "headers"), Vec::new()),
            _ => Original::Odd("Goose fills variables of its keyring into its headers"),
        },
        ("sse", ..) => Original::Odd(STREAM),
        ("builtin" | "platform" | "frontend" | "inline_python", ..) => Original::Odd("it is a part of Goose"),
        _ => UNREAD,
    }
}

fn program(entry: &Node, command: String, [args, env]: [&str; 2], handed: Vec<String>) -> Original {
    let (Some(args), Some(env)) = (texts(entry, args), pairs(entry, env)) else { return UNREAD };
    let name = command.rsplit(['/', '\\']).next().unwrap_or_default();
    if name.trim_end_matches(".exe") == "countersign" && args.iter().any(|arg| arg == "run") {
        let at = args.iter().position(|arg| arg == "--server").and_then(|at| args.get(at.saturating_add(1)));
        return Original::Guarded(at.cloned());
    }
    if handed.iter().any(|name| name.starts_with("COUNTERSIGN_")) {
        return Original::Odd("it is handed variables that are the gateway's own");
    }
    Original::Program(Program { command, args, env, handed, cwd: text(entry, "cwd") })
}

fn remote(
    url: String,
    headers: Option<Vec<(String, String)>>,
    behind: Vec<(String, &'static str, String)>,
) -> Original {
    if !url.starts_with("http://") && !url.starts_with("https://") && !url.starts_with('$') {
        return Original::Odd("its address is neither http nor https");
    }
    headers.map_or(UNREAD, |headers| Original::Remote(Remote { url, headers, behind }))
}

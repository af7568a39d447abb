//! How does a client's server stand in our own configuration?
//!
//! As `[servers.NAME]`, appended to the file's end and touching nothing else. A literal text is written so that it stays
//! literal; one that only the client can fill in becomes a variable with an empty default, because a variable that is not set
//! must not keep the other servers from running.
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

use super::document::{Format, New};
use super::entry::{Original, Program, Remote, fills_in};
use super::node::{Kind, Node};
use super::toml::{key, written};
use super::{Client, Found};
use crate::address::{Kind as Place, host_kind};

/// No server's name is longer.
const LONGEST: usize = 24;

/// What becomes of secrets that stand in a client's file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Secrets {
    /// They stand in the configuration, which nobody else may read.
    Stay,
    /// Each gets a file of its own beside it.
    Move,
}

/// A server, ready for the configuration.
#[derive(Clone, PartialEq, Eq)]
#[expect(missing_debug_implementations, reason = "it holds secrets")]
pub struct Section {
    /// Its name.
    pub name: String,
    /// What the table says.
    pub members: Vec<(&'static str, New)>,
    /// Texts that only the client can fill in, and the variables it hands them over in.
    pub filled: Vec<(String, String)>,
    /// Variables that the client hands over.
    pub handed: Vec<String>,
    /// Files of secrets beside the configuration, and what stands in each.
    pub files: Vec<(String, String)>,
    /// How many secrets stand in the table itself.
    pub literal: usize,
    /// Whether plain http or a private address has to be let through.
    pub private: bool,
}

/// The name a server can have in the configuration; the client's own as far as it goes.
pub fn name(text: &str, taken: impl Fn(&str) -> bool) -> String {
    let mut plain = String::new();
    for c in text.chars().map(|c| c.to_ascii_lowercase()) {
        if c.is_ascii_lowercase() || c.is_ascii_digit() {
            plain.push(c);
        } else if !plain.ends_with('-') && !plain.is_empty() {
            plain.push('-');
        }
    }
    if !plain.starts_with(|c: char| c.is_ascii_lowercase()) {
        plain.insert_str(0, "server-");
    }
    let cut = |most: usize| plain.chars().take(most).collect::<String>().trim_end_matches('-').to_owned();
    let first = cut(LONGEST);
    if !taken(&first) {
        return first;
    }
    let numbered = (2_u32..).map(|number| {
        let tail = format!("-{number}");
        cut(LONGEST.saturating_sub(tail.len())) + &tail
    });
    numbered.take(10_000).find(|name| !taken(name)).unwrap_or(first)
}

/// A server under a name; nothing for what the gateway cannot stand before.
pub fn section(found: &Found, name: &str, secrets: Secrets) -> Option<Section> {
    let section = Section {
        name: name.to_owned(),
        members: Vec::new(),
        filled: Vec::new(),
        handed: Vec::new(),
        files: Vec::new(),
        literal: 0,
        private: false,
    };
    let mut writer = Writer { client: found.client, secrets, section };
    match &found.original {
        Original::Program(program) => writer.program(program),
        Original::Remote(remote) => writer.remote(remote),
        Original::Guarded(_) | Original::Odd(_) => return None,
    }
    Some(writer.section)
}

struct Writer {
    client: Client,
    secrets: Secrets,
    section: Section,
}

impl Writer {
    fn program(&mut self, program: &Program) {
        let command = self.text(&program.command, "command");
        let args = program
            .args
            .iter()
            .zip(1_u32..)
            .map(|(arg, at)| self.value(arg, &format!("arg {at}"), looks_secret(arg)))
            .collect();
        let cwd = match &program.cwd {
            // Where the client starts it, as before.
            None => "${PWD}".to_owned(),
            Some(cwd) if cwd.starts_with(['/', '~']) || cwd.contains(':') || fills_in(self.client, cwd) => {
                self.text(cwd, "cwd")
            }
            Some(cwd) => format!("${{PWD}}/{}", self.text(cwd, "cwd")),
        };
        let mut env: Vec<(String, String)> = Vec::new();
        for (name, value) in &program.env {
            let secret = names_secret(name) || looks_secret(value);
            env.push((name.clone(), self.value(value, name, secret)));
        }
        for name in &program.handed {
            env.push((name.clone(), format!("${{{name}:-not-set}}")));
        }
        self.section.handed.clone_from(&program.handed);
        self.section.members.extend([("command", New::Text(command)), ("args", New::List(args))]);
        self.section.members.push(("cwd", New::Text(cwd)));
        if !env.is_empty() {
            self.section.members.push(("env", New::Map(env)));
        }
    }

    fn remote(&mut self, remote: &Remote) {
        let url = self.text(&remote.url, "url");
        let mut headers: Vec<(String, String)> = Vec::new();
        for (name, value) in &remote.headers {
            headers.push((name.clone(), self.value(value, name, names_secret(name) || looks_secret(value))));
        }
        for (name, ahead, variable) in &remote.behind {
            headers.push((name.clone(), format!("{ahead}${{{variable}:-not-set}}")));
            self.section.handed.push(variable.clone());
        }
        let parsed = url::Url::parse(&remote.url).ok();
        // The client reaches it there, so that much is let through, for this server alone.
        self.section.private = parsed.is_some_and(|url| {
            let kind = url.host().map(|host| host_kind(&host));
            let near = matches!(kind, Some(Place::Loopback | Place::Private | Place::Shared | Place::LinkLocal));
            url.scheme() == "http" || near
        });
        self.section.members.push(("url", New::Text(url)));
        if !headers.is_empty() {
            self.section.members.push(("headers", New::Map(headers)));
        }
    }

    /// A text, so that it means in our file what it meant in the client's.
    fn text(&mut self, text: &str, called: &str) -> String {
        if !fills_in(self.client, text) {
            return text.replace("${", "$${");
        }
        let variable = format!("MCP_{}_{}", loud(&self.section.name), loud(called));
        // What is there when nobody fills it in must keep no other server from running.
        let otherwise = match called {
            "url" => "https://not-set.invalid/",
            "cwd" => ".",
            _ => "not-set",
        };
        let reference = format!("${{{variable}:-{otherwise}}}");
        self.section.filled.push((variable, text.to_owned()));
        reference
    }

    fn value(&mut self, text: &str, called: &str, secret: bool) -> String {
        if !secret || text.is_empty() || fills_in(self.client, text) {
            return self.text(text, called);
        }
        // A file's last line end is not part of it, so a text that has one would not come back.
        if self.secrets == Secrets::Stay || text.ends_with(['\n', '\r']) {
            self.section.literal = self.section.literal.saturating_add(1);
            return self.text(text, called);
        }
        let file = format!("secrets/{}.{}", self.section.name, loud(called).to_ascii_lowercase());
        let reference = format!("${{file:{file}}}");
        self.section.files.push((file, text.to_owned()));
        reference
    }
}

/// As a variable's name.
fn loud(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' }).collect()
}

/// Whether a name is one that secrets have.
pub fn names_secret(name: &str) -> bool {
    let name = loud(name);
    let parts = ["TOKEN", "SECRET", "PASSWORD", "PASSWD", "KEY", "AUTH", "CREDENTIAL", "COOKIE", "DSN", "PAT"];
    name.split('_').any(|word| parts.contains(&word))
        || parts.iter().take(4).any(|part| name.contains(part))
        || name.ends_with("KEY")
        || name.contains("AUTHORIZATION")
}

/// Whether a text begins as the secrets of well known services do.
fn looks_secret(text: &str) -> bool {
    let known = ["sk-", "ghp_", "gho_", "github_pat_", "glpat-", "xoxb-", "xoxp-", "AKIA", "eyJ", "AIza", "Bearer "];
    text.len() >= 12 && known.iter().any(|start| text.starts_with(start))
}

impl Section {
    /// The table, as it is appended; the first line says where it is from.
    pub fn text(&self, from: &str) -> String {
        let from: String = from.chars().filter(|c| !c.is_control()).collect();
        let mut text = format!("\n[servers.{}] # {from}\n", self.name);
        for (name, value) in &self.members {
            text.extend([name, " = ", &written(value), "\n"]);
        }
        if self.private {
            text.push_str("allow_private = true\n");
        }
        text
    }

    /// Whether a configuration has this server under this name, just so. What its owner added about it does not matter.
    pub fn stands_in(&self, config: &str) -> Standing {
        let Ok(root) = Format::Toml.read(config) else { return Standing::Other };
        let Some(there) = root.at(["servers", &self.name]) else { return Standing::Free };
        let ours = ["command", "args", "cwd", "env", "url", "headers"];
        let same = ours.iter().all(|name| {
            let wanted = self.members.iter().find(|(member, _)| member == name);
            match (wanted, there.get(name)) {
                (Some((_, wanted)), Some(node)) => says(node, wanted),
                (None, None) => true,
                _ => false,
            }
        });
        if same { Standing::Same } else { Standing::Other }
    }

    /// Every text that is nobody's to see: whatever stands in variables and headers, and what looks like a secret elsewhere.
    pub fn hidden(found: &Found) -> Vec<String> {
        let mut all: Vec<String> = match &found.original {
            Original::Program(program) => {
                let args = program.args.iter().filter(|arg| looks_secret(arg)).cloned();
                args.chain(program.env.iter().map(|(_, value)| value.clone())).collect()
            }
            Original::Remote(remote) => {
                let query = remote.url.split_once('?').map(|(_, query)| query);
                let login =
                    remote.url.split_once("://").and_then(|(_, rest)| rest.split_once('@')).map(|(login, _)| login);
                query
                    .into_iter()
                    .chain(login)
                    .map(str::to_owned)
                    .chain(remote.headers.iter().map(|(_, value)| value.clone()))
                    .collect()
            }
            Original::Guarded(_) | Original::Odd(_) => Vec::new(),
        };
        all.retain(|value| !value.is_empty() && !fills_in(found.client, value));
        all
    }
}

/// Who has a name in the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Nobody.
    Free,
    /// This server.
    Same,
    /// Another one.
    Other,
}

fn says(node: &Node, value: &New) -> bool {
    match value {
        New::Text(text) => matches!(&node.kind, Kind::Text(there) if there == text),
        New::List(all) => node.texts().as_ref() == Some(all),
        New::Map(pairs) => {
            let sorted = |mut pairs: Vec<(String, String)>| {
                pairs.sort();
                pairs
            };
            node.pairs().map(sorted) == Some(sorted(pairs.clone()))
        }
    }
}

/// The name of a key, as TOML writes it.
pub fn quoted_key(name: &str) -> String {
    key(name)
}

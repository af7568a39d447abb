//! What stands in a client's file in the place of a server?
//!
//! The gateway's own command line, under the server's name. Whatever else the entry says stays: whether it is on, how long a
//! call may take, which tools the client allows.
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

use super::document::{Format, New, NotEdited};
use super::node::Node;
use super::{Client, locate};

/// How the gateway is started in the place of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gate {
    /// The program, by its whole path: clients with a window know no `PATH`.
    pub program: String,
    /// Its configuration.
    pub config: String,
    /// The server, by its name there.
    pub server: String,
    /// Texts that only the client can fill in, and the variables it hands them over in.
    pub filled: Vec<(String, String)>,
    /// Variables that the client hands over.
    pub handed: Vec<String>,
}

impl Gate {
    /// What the program is started with.
    pub fn args(&self) -> Vec<String> {
        ["run", "--server", &self.server, "--config", &self.config].map(str::to_owned).to_vec()
    }

    /// The members an entry loses, and those it gets.
    fn members(&self, client: Client, entry: &Node) -> (&'static [&'static str], Vec<(&'static str, New)>) {
        let (program, args) = (New::Text(self.program.clone()), New::List(self.args()));
        let handed = || New::List(self.handed.clone());
        match client {
            Client::Goose => {
                let kind = ("type", New::Text("stdio".to_owned()));
                let mut new = vec![kind, ("cmd", program), ("args", args)];
                if !self.handed.is_empty() {
                    new.push(("env_keys", handed()));
                }
                (&["type", "cmd", "args", "envs", "env_keys", "uri", "headers"], new)
            }
            Client::Codex => {
                let mut new = vec![("command", program), ("args", args)];
                if !self.handed.is_empty() {
                    new.push(("env_vars", handed()));
                }
                (
                    &[
                        "command",
                        "args",
                        "env",
                        "env_vars",
                        "cwd",
                        "url",
                        "bearer_token_env_var",
                        "http_headers",
                        "env_http_headers",
                    ],
                    new,
                )
            }
            _ => {
                let mut new = Vec::new();
                if entry.get("type").is_some() {
                    new.push(("type", New::Text("stdio".to_owned())));
                }
                new.extend([("command", program), ("args", args)]);
                if !self.filled.is_empty() {
                    new.push(("env", New::Map(self.filled.clone())));
                }
                (&["type", "command", "args", "env", "cwd", "url", "serverUrl", "httpUrl", "headers"], new)
            }
        }
    }

    /// The client's file with the gateway in the place of the server at a path.
    pub fn put(&self, client: Client, text: &str, path: &[String]) -> Result<String, NotEdited> {
        let format = client.format();
        let root = format.read(text).map_err(|_| NotEdited::Unsure)?;
        let entry = locate(format, &root, path)?;
        let (gone, new) = self.members(client, entry);
        let changed = format.rewrite(text, entry, gone, &new)?;
        let read = format.read(&changed).map_err(|_| NotEdited::Unsure)?;
        let there = locate(format, &read, path)?;
        let says = |name: &str, value: &New| there.get(name).is_some_and(|node| is(node, value));
        if new.iter().all(|(name, value)| says(name, value)) { Ok(changed) } else { Err(NotEdited::Unsure) }
    }
}

fn is(node: &Node, value: &New) -> bool {
    match value {
        New::Text(text) => node.text() == Some(text),
        New::List(all) => node.texts().as_ref() == Some(all),
        New::Map(pairs) => node.pairs().as_ref() == Some(pairs),
    }
}

/// The text of an entry, as it stands: what is taken out when it is put back.
pub fn fragment(format: Format, text: &str, path: &[String]) -> Result<String, NotEdited> {
    let root = format.read(text).map_err(|_| NotEdited::Unsure)?;
    let entry = locate(format, &root, path)?;
    text.get(format.place(text, entry)).map(str::to_owned).ok_or(NotEdited::Unsure)
}

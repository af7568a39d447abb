//! What was changed, and how is it taken back?
//!
//! Where a file is as we left it, it becomes what it was, byte for byte. Where somebody edited it since, only the entries that
//! still are as we left them become what they were, and everything else stays. What can be neither is told with both texts,
//! and stays in the journal.
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

use serde::{Deserialize, Serialize};

use super::document::{Format, NotEdited};
use super::gate::fragment;
use super::hooks;
use super::node::Node;
use super::section::Section;
use super::{Client, Scope, found, locate};
use crate::digest::{hex, sha256};

/// Everything that was changed and not taken back.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_debug_implementations, reason = "it holds what stood in files, secrets too")]
pub struct Journal {
    /// The form of this file.
    pub version: u32,
    /// Changes of clients' files, in their order.
    pub changes: Vec<Change>,
    /// What was added to configurations of ours for them.
    pub additions: Vec<Addition>,
}

/// One client's file, changed once.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_debug_implementations, reason = "it holds what stood in files, secrets too")]
pub struct Change {
    /// When, for people.
    pub at: String,
    /// Whose file.
    pub client: Client,
    /// The file itself, behind every link.
    pub file: String,
    /// What names it as it was. Empty after a part was taken back.
    pub before: String,
    /// What names it as we left it.
    pub after: String,
    /// The whole file as it was.
    pub original: String,
    /// Whether there was such a file.
    pub existed: bool,
    /// The entries.
    pub entries: Vec<Kept>,
    /// The command that was put into it as a hook.
    pub hook: Option<String>,
}

/// One entry.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_debug_implementations, reason = "it holds what stood in files, secrets too")]
pub struct Kept {
    /// How the client calls it.
    pub name: String,
    /// Whose.
    pub scope: Scope,
    /// Where it stands in the file.
    pub path: Vec<String>,
    /// What stood there.
    pub original: String,
    /// What we put there.
    pub ours: String,
    /// The server it leads to.
    pub server: String,
    /// The configuration that has it.
    pub config: String,
}

/// What was appended to a configuration.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_debug_implementations, reason = "it may hold secrets")]
pub struct Addition {
    /// The configuration.
    pub config: String,
    /// The server.
    pub server: String,
    /// The text.
    pub text: String,
    /// Files of secrets beside it.
    pub files: Vec<String>,
}

/// What taking a change back comes to.
#[derive(Clone, PartialEq, Eq)]
#[expect(missing_debug_implementations, reason = "it holds what stood in files, secrets too")]
pub struct Undone {
    /// How.
    pub way: Way,
    /// The file, as it has to be.
    pub text: String,
    /// Names of entries that became what they were.
    pub back: Vec<String>,
    /// Entries that stay as they are, and why.
    pub left: Vec<(Kept, Why)>,
}

/// How a change is taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// The file becomes what it was, byte for byte.
    Whole,
    /// It is what it was already.
    Already,
    /// Entry by entry, because the file was edited since.
    Merged,
}

/// Why an entry stays as it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Why {
    /// Somebody changed it.
    #[error("it was edited since")]
    Edited {
        /// What stands there now.
        now: String,
    },
    /// Somebody took it out.
    #[error("it was taken out since")]
    Gone,
    /// The file is not what it was.
    #[error("the file cannot be edited safely as it is now: {0}")]
    Unsafe(String),
}

/// What names a text.
pub fn named(text: &str) -> String {
    hex(&sha256(text.as_bytes()))
}

impl Change {
    /// What the file becomes when this is taken back.
    pub fn undo(&self, now: &str) -> Undone {
        let names = || self.entries.iter().map(|kept| kept.name.clone()).collect();
        let digest = named(now);
        if digest == self.after {
            return Undone { way: Way::Whole, text: self.original.clone(), back: names(), left: Vec::new() };
        }
        if digest == self.before {
            return Undone { way: Way::Already, text: now.to_owned(), back: names(), left: Vec::new() };
        }
        let mut undone = Undone { way: Way::Merged, text: now.to_owned(), back: Vec::new(), left: Vec::new() };
        if let Some(command) = &self.hook {
            undone.text = hooks::without(now, command);
        }
        for kept in &self.entries {
            match kept.put_back(self.client, &undone.text) {
                Ok(text) => {
                    undone.text = text;
                    undone.back.push(kept.name.clone());
                }
                Err(why) => undone.left.push((kept.clone(), why)),
            }
        }
        undone
    }

    /// Every text in it that is nobody's to see.
    pub fn hidden(&self) -> Vec<String> {
        let found = [Scope::User, Scope::Project].map(|scope| found(self.client, scope, &self.original));
        found.into_iter().flatten().flatten().flat_map(|found| Section::hidden(&found)).collect()
    }

    /// What is left of it after a part was taken back.
    #[must_use]
    pub fn with_only(&self, left: Vec<Kept>) -> Self {
        // Neither text may ever be taken for the whole file again.
        Self { before: String::new(), after: String::new(), entries: left, ..self.clone() }
    }
}

impl Kept {
    fn put_back(&self, client: Client, text: &str) -> Result<String, Why> {
        let format = client.format();
        let unsafe_now = |why: String| Why::Unsafe(why);
        let root = format.read(text).map_err(|why| unsafe_now(why.to_string()))?;
        let entry = locate(format, &root, &self.path).map_err(|why| match why {
            NotEdited::Gone => Why::Gone,
            why => unsafe_now(why.to_string()),
        })?;
        let now = fragment(format, text, &self.path).map_err(|why| unsafe_now(why.to_string()))?;
        if now != self.ours && !self.says_the_same(client, entry) {
            // What was there before may be there again: then nothing is left to do.
            return if now == self.original { Ok(text.to_owned()) } else { Err(Why::Edited { now }) };
        }
        format.put_back(text, entry, &self.original).map_err(|why| unsafe_now(why.to_string()))
    }

    /// A client that wrote its file anew may have put other blanks into it.
    fn says_the_same(&self, client: Client, entry: &Node) -> bool {
        let format = client.format();
        let alone = match format {
            // A table names its whole path, a block does not.
            Format::Jsonc | Format::Toml => format.read(&self.ours),
            Format::Yaml => format.read(&format!("extensions:\n{}", self.ours)),
        };
        let Ok(alone) = alone else { return false };
        let ours = match format {
            Format::Jsonc => Some(&alone),
            Format::Toml | Format::Yaml => alone.at(self.path.iter().map(String::as_str)),
        };
        ours.is_some_and(|ours| ours.says(entry))
    }
}

impl Journal {
    /// What was added for servers that no client is led to any more; it leaves the journal.
    pub fn unused(&mut self) -> Vec<Addition> {
        let used = |addition: &Addition| {
            let mut kept = self.changes.iter().flat_map(|change| &change.entries);
            kept.any(|kept| kept.server == addition.server && kept.config == addition.config)
        };
        let (used, unused) = self.additions.iter().cloned().partition(used);
        self.additions = used;
        unused
    }
}

impl Addition {
    /// The configuration without it; nothing where somebody changed it.
    pub fn taken_out(&self, config: &str) -> Option<String> {
        let mut places = config.match_indices(&self.text);
        let (at, _) = places.next()?;
        if places.next().is_some() {
            return None;
        }
        let (before, after) = config.split_at_checked(at)?;
        let after = after.get(self.text.len()..)?;
        let rest = format!("{before}{after}");
        // Lines and tables that somebody added below would lose what they are about.
        let ends = after.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('#'));
        let mended = Format::Toml.read(&rest).is_ok_and(|root| root.at(["servers", &self.server]).is_none());
        (mended && ends.is_none_or(|line| line.starts_with('['))).then_some(rest)
    }
}

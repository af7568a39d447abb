//! What is known of the things a call touches?
//!
//! The operator tags tables, hosts, paths, repositories and tools in files of their own. What no entry names is not
//! known, and says so in every field: unknown is the strictest.
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

mod pattern;

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Serialize;

pub use pattern::{Pattern, Unfit};

use pattern::{Fit, Name};

/// What a resource is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "ResourceKind")]
pub enum Kind {
    /// A table, view or other relation of a database.
    Table,
    /// A host that is talked to.
    Host,
    /// A file or folder.
    Path,
    /// A place for source code.
    Repository,
    /// The tool itself.
    Tool,
}

/// What happens to a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "ResourceAccess")]
pub enum Access {
    /// It is read.
    Read,
    /// It is changed.
    Write,
    /// Nobody knows which.
    Use,
}

/// What the operator says of a resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "ResourceTags")]
pub struct Tags {
    /// Who answers for it; `unknown` when nobody said.
    pub owner: String,
    /// How sensitive it is, in the operator's words; `unknown` when nobody said.
    pub sensitivity: String,
    /// Its compliance zone; `unknown` when nobody said.
    pub zone: String,
    /// production, staging; `unknown` when nobody said.
    pub environment: String,
    /// What it is subject to.
    pub compliance: BTreeSet<String>,
    /// Whatever else the operator says.
    pub tags: BTreeMap<String, String>,
}

/// A resource that a call touches, and what is known of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Resource {
    /// What it is.
    pub kind: Kind,
    /// Its name as the facts have it; of tables `*` is everything.
    pub name: String,
    /// What happens to it.
    pub access: Access,
    /// Whether the catalogue knows it.
    pub known: bool,
    /// What it says.
    #[serde(flatten)]
    pub tags: Tags,
}

/// One entry of a catalogue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Which resources it is about.
    pub pattern: Pattern,
    /// The only server whose calls it is about.
    pub server: Option<String>,
    /// What it says.
    pub tags: Tags,
}

/// Everything the operator says of resources.
#[derive(Clone, Debug, Default)]
pub struct Catalogue {
    entries: BTreeMap<Kind, Entries>,
}

/// Entries of one kind: by the last part of their name, and those with a star.
#[derive(Clone, Debug, Default)]
struct Entries {
    named: BTreeMap<String, Vec<Entry>>,
    starred: Vec<Entry>,
}

/// What stands where nothing is known.
pub const UNKNOWN: &str = "unknown";

impl Default for Tags {
    fn default() -> Self {
        let unknown = || UNKNOWN.to_owned();
        Self {
            owner: unknown(),
            sensitivity: unknown(),
            zone: unknown(),
            environment: unknown(),
            compliance: BTreeSet::new(),
            tags: BTreeMap::new(),
        }
    }
}

impl Catalogue {
    /// From entries; where two say something of the same resource and neither is the more specific, their places in
    /// the list.
    pub fn new(entries: Vec<Entry>) -> Result<Self, Vec<(usize, usize)>> {
        let mut seen = BTreeMap::new();
        let mut clashes = Vec::new();
        let mut catalogue = Self::default();
        for (at, entry) in entries.into_iter().enumerate() {
            if let Some(first) = seen.get(&(entry.pattern.clone(), entry.server.clone())) {
                clashes.push((*first, at));
                continue;
            }
            seen.insert((entry.pattern.clone(), entry.server.clone()), at);
            let all = catalogue.entries.entry(entry.pattern.kind()).or_default();
            match entry.pattern.last() {
                Some(last) => all.named.entry(last.to_owned()).or_default().push(entry),
                None => all.starred.push(entry),
            }
        }
        if clashes.is_empty() { Ok(catalogue) } else { Err(clashes) }
    }

    /// A resource that a call of this server touches. Several when its name may mean several, each with what is said of
    /// one of them.
    pub(super) fn about(&self, kind: Kind, name: &str, access: Access, server: &str) -> Vec<Resource> {
        let resource = |tags: Option<&Tags>| Resource {
            kind,
            name: name.to_owned(),
            access,
            known: tags.is_some(),
            tags: tags.cloned().unwrap_or_default(),
        };
        let Some(all) = self.entries.get(&kind) else { return vec![resource(None)] };
        let name = Name::of(kind, name);
        let named = name.last().and_then(|last| all.named.get(last)).into_iter().flatten();
        let fits = named
            .chain(&all.starred)
            .filter(|entry| entry.server.as_deref().is_none_or(|own| own == server))
            .map(|entry| (entry.pattern.fit(&name), entry));
        let (mut sure, mut maybe) = (None, BTreeMap::new());
        for (fit, entry) in fits {
            let rank = (entry.pattern.rank(), entry.server.is_some());
            let better = |best: &Option<((usize, bool), &Entry)>| best.as_ref().is_none_or(|(other, _)| *other < rank);
            match fit {
                Fit::Sure if better(&sure) => sure = Some((rank, entry)),
                Fit::Maybe => {
                    let best = maybe.entry(entry.pattern.qualifier()).or_default();
                    if better(best) {
                        *best = Some((rank, entry));
                    }
                }
                Fit::Sure | Fit::No => {}
            }
        }
        if let Some((_, entry)) = sure {
            return vec![resource(Some(&entry.tags))];
        }
        let maybe: Vec<&Entry> = maybe.into_values().flatten().map(|(_, entry)| entry).collect();
        // A star says nothing of a name without its schema, so that the table may be none of them.
        let none = maybe.iter().all(|entry| entry.pattern.last().is_none());
        let known = maybe.into_iter().map(|entry| resource(Some(&entry.tags)));
        known.chain(none.then(|| resource(None))).collect()
    }

    /// The tool itself, if an entry names it.
    pub(super) fn tool(&self, name: &str, server: &str) -> Option<Resource> {
        self.entries.get(&Kind::Tool)?;
        self.about(Kind::Tool, &format!("{server}/{name}"), Access::Use, server)
            .into_iter()
            .find(|resource| resource.known)
    }
}

#[cfg(test)]
mod tests;

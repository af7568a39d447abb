//! Which resources does a pattern name?

use super::Kind;
use crate::facts::path::{self, Style};
use crate::facts::url;

/// A name with or without a star.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pattern {
    kind: Kind,
    /// Parts of the name; of a host the last one first.
    parts: Vec<String>,
    star: bool,
}

/// Why a text is no pattern: what should stand there, and an example.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unfit(pub &'static str, pub &'static str);

/// The name of a resource, in parts.
#[derive(Clone, Debug)]
pub(super) struct Name {
    parts: Vec<String>,
}

/// Whether a pattern names a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fit {
    Sure,
    /// The name is written without what would tell.
    Maybe,
    No,
}

impl Pattern {
    /// Reads a pattern: `crm.*`, `*.acme.example`, `/srv/work/**`, `acme/*`, `bank/transfer`.
    pub fn read(kind: Kind, text: &str) -> Result<Self, Unfit> {
        let unfit = match kind {
            Kind::Table => Unfit("a table without quotes, or a schema with a star", "crm.*"),
            Kind::Host => Unfit("a host, or a domain behind `*.`", "*.acme.example"),
            Kind::Path => Unfit("a path from the root on, or a folder before `/**`", "/srv/work/**"),
            Kind::Repository => Unfit("a repository with its owner, an owner with a star, or a path", "acme/*"),
            Kind::Tool => Unfit("a server and its tool, or a server with a star", "bank/transfer"),
        };
        let (inner, star) = match kind {
            _ if is_path(kind, text) => text.strip_suffix("/**").map_or((text, false), |inner| (inner, true)),
            Kind::Table => strip(text, text.strip_suffix(".*")),
            Kind::Host => strip(text, text.strip_prefix("*.")),
            Kind::Path | Kind::Repository | Kind::Tool => strip(text, text.strip_suffix("/*")),
        };
        let inner = if is_path(kind, text) && inner.is_empty() { "/" } else { inner };
        let plain = |text: &str| !text.is_empty() && !text.contains(|c: char| c.is_control() || "*?\"'`[]".contains(c));
        let fine = match kind {
            _ if is_path(kind, text) => {
                let read = path::read(inner, style(inner), &[]);
                read.complete && read.absolute
            }
            Kind::Path => false,
            Kind::Host => {
                let read = url::read(&format!("https://{inner}/"));
                read.complete && read.host.is_some() && plain(inner) && !inner.contains(['/', '@', '?', '#'])
            }
            Kind::Table => inner.split('.').all(plain),
            Kind::Repository | Kind::Tool => {
                inner.split('/').all(plain) && inner.split('/').count() == if star { 1 } else { 2 }
            }
        };
        if !fine {
            return Err(unfit);
        }
        let name = if kind == Kind::Host { url::read(&format!("https://{inner}/")).host } else { None };
        let parts = Name::of(kind, name.as_deref().unwrap_or(inner)).parts;
        Ok(Self { kind, parts, star })
    }

    /// What it is about.
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// The last part of every name it fits, if that is always the same.
    pub(super) fn last(&self) -> Option<&str> {
        (!self.star).then(|| self.parts.last().map(String::as_str)).flatten()
    }

    /// The more parts it names, the more specific it is; of as many, the one without a star.
    pub(super) fn rank(&self) -> usize {
        self.parts.len().saturating_mul(2).saturating_add(usize::from(!self.star))
    }

    /// What stands before the last part.
    pub(super) fn qualifier(&self) -> &[String] {
        if self.star { &self.parts } else { self.parts.split_last().map_or(&[], |(_, before)| before) }
    }

    pub(super) fn fit(&self, name: &Name) -> Fit {
        if self.kind == Kind::Table {
            return self.fit_table(name);
        }
        let longer = name.parts.len() > self.parts.len() && self.star;
        // A folder is one of those below it, a domain is not.
        let same = name.parts.len() == self.parts.len() && (!self.star || is_rooted(&name.parts));
        if (longer || same) && name.parts.starts_with(&self.parts) { Fit::Sure } else { Fit::No }
    }

    /// A table may be written without its schema, by whoever writes the pattern and by whoever writes the statement.
    fn fit_table(&self, name: &Name) -> Fit {
        let Some((last, before)) = name.parts.split_last().filter(|(last, _)| *last != "*") else { return Fit::No };
        let own = self.qualifier();
        if !self.star && self.parts.last() != Some(last) {
            return Fit::No;
        }
        if before.ends_with(own) || self.star && before.starts_with(own) {
            Fit::Sure
        } else if own.ends_with(before) {
            Fit::Maybe
        } else {
            Fit::No
        }
    }
}

impl Name {
    pub(super) fn of(kind: Kind, name: &str) -> Self {
        let split = |by: char| name.split(by).filter(|part| !part.is_empty()).map(str::to_owned);
        let parts = match kind {
            _ if is_path(kind, name) => {
                // A share is no path of this machine, and a drive no folder.
                let root = match name {
                    _ if name.starts_with("//") || name.starts_with("\\\\") => "//",
                    _ if has_drive(name) => "/:",
                    _ => "/",
                };
                let tidy = path::read(name, style(name), &[]).path;
                let names = tidy.split('/').filter(|part| !part.is_empty()).map(str::to_owned);
                std::iter::once(root.to_owned()).chain(names).collect()
            }
            // Whether two tables are told apart by case, only the server knows.
            Kind::Table => name.split('.').map(str::to_lowercase).collect(),
            Kind::Host if name.contains(':') => vec![name.to_owned()],
            Kind::Host => split('.').rev().collect(),
            Kind::Repository => {
                split('/').map(|part| part.to_lowercase().trim_end_matches(".git").to_owned()).collect()
            }
            Kind::Path | Kind::Tool => split('/').collect(),
        };
        Self { parts }
    }

    pub(super) fn last(&self) -> Option<&str> {
        self.parts.last().map(String::as_str)
    }
}

fn strip<'a>(text: &'a str, inner: Option<&'a str>) -> (&'a str, bool) {
    inner.map_or((text, false), |inner| (inner, true))
}

fn is_path(kind: Kind, text: &str) -> bool {
    matches!(kind, Kind::Path | Kind::Repository) && (text.starts_with(['/', '\\']) || has_drive(text))
}

fn is_rooted(parts: &[String]) -> bool {
    parts.first().is_some_and(|first| first.starts_with('/'))
}

fn style(text: &str) -> Style {
    if text.starts_with('\\') || text.starts_with("//") || has_drive(text) { Style::Windows } else { Style::Posix }
}

fn has_drive(text: &str) -> bool {
    text.as_bytes().get(1) == Some(&b':') && text.starts_with(|c: char| c.is_ascii_alphabetic())
}

//! How is a client's file read, and one entry of it changed?
//!
//! Every edit puts a text into a place of the old text, so whatever stands elsewhere stays byte for byte: comments, odd
//! indentation, line ends, a byte order mark. What cannot be edited so is refused with its reason.
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

use std::ops::Range;

use super::jsonc::{self, quoted};
use super::node::{Kind, Member, Node};
use super::{toml, yaml};

/// How a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// JSON, with comments and trailing commas where somebody put them.
    Jsonc,
    /// TOML.
    Toml,
    /// The YAML that Goose writes.
    Yaml,
}

/// A file that cannot be understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what}")]
pub struct NotRead {
    /// The line, from one.
    pub line: usize,
    /// What is wrong there.
    pub what: &'static str,
}

/// What is put into an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum New {
    /// A text.
    Text(String),
    /// Texts.
    List(Vec<String>),
    /// Names and texts.
    Map(Vec<(String, String)>),
}

impl New {
    /// On one line, as JSON; YAML reads it as well.
    pub(super) fn json(&self) -> String {
        match self {
            Self::Text(text) => quoted(text),
            Self::List(all) => format!("[{}]", all.iter().map(|one| quoted(one)).collect::<Vec<_>>().join(", ")),
            Self::Map(pairs) => {
                let pair = |(name, value): &(String, String)| format!("{}: {}", quoted(name), quoted(value));
                format!("{{{}}}", pairs.iter().map(pair).collect::<Vec<_>>().join(", "))
            }
        }
    }
}

impl Format {
    /// The whole file.
    pub fn read(self, text: &str) -> Result<Node, NotRead> {
        match self {
            // A file somebody made and never filled says nothing.
            Self::Jsonc if text.trim_start_matches('\u{feff}').trim().is_empty() => {
                Ok(Node { span: 0..0, kind: Kind::Map(Vec::new()) })
            }
            Self::Jsonc => jsonc::read(text),
            Self::Toml => toml::read(text),
            Self::Yaml => yaml::read(text),
        }
    }

    /// What is taken out when an entry is put back as it was.
    pub fn place(self, text: &str, entry: &Node) -> Range<usize> {
        match self {
            Self::Jsonc => entry.span.clone(),
            Self::Toml | Self::Yaml => inner(text, &entry.span),
        }
    }

    /// The text with an entry replaced by what stood there before.
    pub fn put_back(self, text: &str, entry: &Node, original: &str) -> Result<String, NotEdited> {
        let changed = jsonc::apply(text, &[(self.place(text, entry), original.to_owned())]);
        self.read(&changed).map_err(|_| NotEdited::Unsure)?;
        Ok(changed)
    }

    /// The text with one entry changed: the members `gone` go, and `new` stands where the first of them stood.
    pub fn rewrite(self, text: &str, entry: &Node, gone: &[&str], new: &[(&str, New)]) -> Result<String, NotEdited> {
        let changed = match self {
            Self::Jsonc => jsonc::rewrite(text, entry, gone, new),
            Self::Toml => toml::rewrite(text, entry, gone, new)?,
            Self::Yaml => yaml::rewrite(text, entry, gone, new),
        };
        // What was written is read again: a mistake of ours must not cost anybody a file.
        self.read(&changed).map_err(|_| NotEdited::Unsure)?;
        Ok(changed)
    }
}

/// Why an entry is not edited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotEdited {
    /// It is written in a way that only a rewrite of more could change.
    #[error("it is written on one line; write it as a table of its own, `[mcp_servers.NAME]`")]
    Inline,
    /// Its parts stand apart.
    #[error("its parts stand apart; put its tables one below the other")]
    Scattered,
    /// The text that would come out is not what was meant.
    #[error("it cannot be changed without touching what stands around it")]
    Unsure,
    /// It is not there any more.
    #[error("it is not there any more")]
    Gone,
}

/// From the beginning of the line of `start` to the end of the line of `end`, with its line end.
pub(super) fn lines(text: &str, range: &Range<usize>) -> Range<usize> {
    let start = text.get(..range.start).and_then(|head| head.rfind('\n')).map_or(0, |at| at.saturating_add(1));
    let start = if start == 0 && text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { start };
    let rest = text.get(range.end..).unwrap_or_default();
    let end = rest.find('\n').map_or(text.len(), |at| range.end.saturating_add(at).saturating_add(1));
    start..end
}

/// The same without its line end.
pub(super) fn inner(text: &str, range: &Range<usize>) -> Range<usize> {
    let lines = lines(text, range);
    let whole = text.get(lines.clone()).unwrap_or_default();
    let trimmed = whole.strip_suffix('\n').unwrap_or(whole);
    let trimmed = trimmed.strip_suffix('\r').unwrap_or(trimmed);
    lines.start..lines.start.saturating_add(trimmed.len())
}

/// How lines end in a text.
pub(super) fn line_end(text: &str) -> &'static str {
    if text.contains("\r\n") { "\r\n" } else { "\n" }
}

/// Members that take whole lines: those that go are cut out, and the new lines stand where the first stood.
pub(super) fn replace_lines(text: &str, members: &[&Member], new: &[String]) -> String {
    let mut ranges: Vec<Range<usize>> = members.iter().map(|member| lines(text, &member.span)).collect();
    ranges.sort_by_key(|range| range.start);
    let end = line_end(text);
    let edits: Vec<(Range<usize>, String)> = ranges
        .into_iter()
        .enumerate()
        .map(|(index, range)| {
            let ended = text.get(range.clone()).is_some_and(|lines| lines.ends_with('\n'));
            let tail = if ended { end } else { "" };
            (range, if index == 0 { format!("{}{tail}", new.join(end)) } else { String::new() })
        })
        .collect();
    jsonc::apply(text, &edits)
}

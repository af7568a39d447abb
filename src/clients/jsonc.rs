//! What does a JSON file with comments say, and how is a part of it replaced?
//!
//! Comments, trailing commas and a byte order mark are read over and stay where they are. What JSON with comments does not
//! know is an error: a file that is not understood is not edited.
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

use std::ops::Range;

use super::document::{New, NotRead};
use super::node::{Kind, Member, Node};

/// No client's file is nested deeper.
const DEEPEST: usize = 64;

struct Reader<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
}

/// Reads a text.
pub(super) fn read(text: &str) -> Result<Node, NotRead> {
    let mut reader = Reader { text, at: 0, depth: 0 };
    if text.starts_with('\u{feff}') {
        reader.at = '\u{feff}'.len_utf8();
    }
    reader.space()?;
    let root = reader.value()?;
    reader.space()?;
    if reader.at == text.len() { Ok(root) } else { Err(reader.wrong("something stands after the end")) }
}

impl Reader<'_> {
    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn wrong(&self, what: &'static str) -> NotRead {
        let line = self.text.get(..self.at).unwrap_or_default().matches('\n').count().saturating_add(1);
        NotRead { line, what }
    }

    fn skip(&mut self, bytes: usize) {
        self.at = self.at.saturating_add(bytes).min(self.text.len());
    }

    fn take(&mut self, wanted: char) -> bool {
        let there = self.peek() == Some(wanted);
        if there {
            self.skip(wanted.len_utf8());
        }
        there
    }

    /// Blanks and comments.
    fn space(&mut self) -> Result<(), NotRead> {
        loop {
            let rest = self.rest();
            let blanks = rest.len().saturating_sub(rest.trim_start_matches([' ', '\t', '\r', '\n']).len());
            if blanks > 0 {
                self.skip(blanks);
            } else if rest.starts_with("//") {
                let line = rest.find('\n').unwrap_or(rest.len());
                self.skip(line);
            } else if rest.starts_with("/*") {
                let end = rest.find("*/").ok_or_else(|| self.wrong("a comment has no end"))?;
                self.skip(end.saturating_add(2));
            } else {
                return Ok(());
            }
        }
    }

    fn value(&mut self) -> Result<Node, NotRead> {
        let start = self.at;
        self.depth = self.depth.saturating_add(1);
        if self.depth > DEEPEST {
            return Err(self.wrong("this is nested too deeply"));
        }
        let kind = match self.peek() {
            Some('{') => self.map()?,
            Some('[') => self.list()?,
            Some('"') => Kind::Text(self.string()?),
            _ => self.plain()?,
        };
        self.depth = self.depth.saturating_sub(1);
        Ok(Node { span: start..self.at, kind })
    }

    fn map(&mut self) -> Result<Kind, NotRead> {
        self.skip(1);
        let mut members = Vec::new();
        loop {
            self.space()?;
            if self.take('}') {
                return Ok(Kind::Map(members));
            }
            let start = self.at;
            let name = self.string()?;
            self.space()?;
            if !self.take(':') {
                return Err(self.wrong("a `:` should stand here"));
            }
            self.space()?;
            let value = self.value()?;
            members.push(Member { name, span: start..value.span.end, value });
            self.space()?;
            if !self.take(',') && self.peek() != Some('}') {
                return Err(self.wrong("a `,` or a `}` should stand here"));
            }
        }
    }

    fn list(&mut self) -> Result<Kind, NotRead> {
        self.skip(1);
        let mut all = Vec::new();
        loop {
            self.space()?;
            if self.take(']') {
                return Ok(Kind::List(all));
            }
            all.push(self.value()?);
            self.space()?;
            if !self.take(',') && self.peek() != Some(']') {
                return Err(self.wrong("a `,` or a `]` should stand here"));
            }
        }
    }

    fn string(&mut self) -> Result<String, NotRead> {
        let rest = self.rest();
        let mut escaped = false;
        let end = rest.char_indices().skip(1).find(|(_, c)| {
            let ends = *c == '"' && !escaped;
            escaped = *c == '\\' && !escaped;
            ends
        });
        let literal = match end {
            Some((end, _)) if rest.starts_with('"') => rest.get(..=end).unwrap_or_default(),
            _ => return Err(self.wrong("a text in double quotes should stand here")),
        };
        let length = literal.len();
        let text = serde_json::from_str(literal).map_err(|_| self.wrong("this text cannot be read"))?;
        self.skip(length);
        Ok(text)
    }

    fn plain(&mut self) -> Result<Kind, NotRead> {
        let rest = self.rest();
        let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || "+-.".contains(c))).unwrap_or(rest.len());
        let word = rest.get(..end).unwrap_or_default();
        let known =
            matches!(word, "true" | "false" | "null") || serde_json::from_str::<serde_json::Number>(word).is_ok();
        if !known {
            return Err(self.wrong("a value should stand here"));
        }
        let kind = Kind::Plain(word.to_owned());
        self.skip(end);
        Ok(kind)
    }
}

/// A text with some members of one object replaced: those with these names go, and the new ones stand where the first stood.
pub(super) fn rewrite(text: &str, entry: &Node, gone: &[&str], new: &[(&str, New)]) -> String {
    let members = entry.members();
    let goes = |member: &Member| gone.contains(&member.name.as_str());
    let rendered: Vec<String> = new.iter().map(|(name, value)| format!("{}: {}", quoted(name), value.json())).collect();
    let Some(first) = members.iter().position(goes) else {
        return text.to_owned();
    };
    let between = members.get(first).map(|member| space_before(text, entry, &member.span)).unwrap_or_default();
    let mut edits: Vec<(Range<usize>, String)> = Vec::new();
    let stays = |(index, member): &(usize, &Member)| *index == first || !goes(member);
    let staying: Vec<(usize, &Member)> = members.iter().enumerate().filter(stays).collect();
    for (place, (index, member)) in staying.iter().enumerate() {
        if *index == first {
            edits.push((member.span.clone(), rendered.join(&format!(",{between}"))));
        }
        let next = staying.get(place.saturating_add(1));
        let following = members.get(index.saturating_add(1));
        match (next, following, members.last()) {
            // Everything up to the next one that stays, with the commas that went with it.
            (Some((next, kept)), Some(following), _) if index.saturating_add(1) < *next => {
                edits.push((following.span.start..kept.span.start, String::new()));
            }
            (None, Some(_), Some(last)) => edits.push((member.span.end..last.span.end, String::new())),
            _ => {}
        }
    }
    apply(text, &edits)
}

/// What stands between members: a line's end and its indentation, or one blank.
fn space_before<'a>(text: &'a str, around: &Node, within: &Range<usize>) -> &'a str {
    let ahead = text.get(around.span.start..within.start).unwrap_or_default();
    let blank = ahead.len().saturating_sub(ahead.trim_end_matches([' ', '\t', '\r', '\n']).len());
    let space = ahead.get(ahead.len().saturating_sub(blank)..).unwrap_or_default();
    match space.rfind('\n') {
        Some(line) => {
            let start =
                if space.get(..line).is_some_and(|head| head.ends_with('\r')) { line.saturating_sub(1) } else { line };
            space.get(start..).unwrap_or(" ")
        }
        None => " ",
    }
}

/// A text with something put behind the last thing in a list or an object.
pub(super) fn append(text: &str, into: &Node, what: &str) -> Option<String> {
    let last = match &into.kind {
        Kind::Map(members) => members.last().map(|member| &member.span),
        Kind::List(all) => all.last().map(|node| &node.span),
        Kind::Text(_) | Kind::Plain(_) => return None,
    };
    let (at, what) = match last {
        Some(last) => (last.end, format!(",{}{what}", space_before(text, into, last))),
        None => (into.span.start.saturating_add(1), what.to_owned()),
    };
    Some(apply(text, &[(at..at, what)]))
}

/// A text without one thing of a list, and the comma that went with it.
pub(super) fn cut(text: &str, list: &Node, index: usize) -> Option<String> {
    let all = list.items();
    let span = &all.get(index)?.span;
    let before = index.checked_sub(1).and_then(|before| all.get(before));
    let range = match (before, all.get(index.saturating_add(1))) {
        (Some(before), _) => before.span.end..span.end,
        (None, Some(after)) => span.start..after.span.start,
        (None, None) => span.clone(),
    };
    Some(apply(text, &[(range, String::new())]))
}

/// Puts texts into places, which do not overlap and stand in their order.
pub(super) fn apply(text: &str, edits: &[(Range<usize>, String)]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for (range, new) in edits {
        out.push_str(text.get(at..range.start).unwrap_or_default());
        out.push_str(new);
        at = range.end;
    }
    out.push_str(text.get(at..).unwrap_or_default());
    out
}

/// A text as JSON writes it; YAML and TOML read it the same way.
pub(super) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

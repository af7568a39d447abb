//! What does Goose's YAML say, and how is one extension of it changed?
//!
//! Only what Goose itself writes is understood: mappings and lists in blocks, lists and mappings on one line, plain and quoted
//! texts. Anchors, tags, tabs and texts over several lines within an extension are an error, so that nothing is edited that
//! might mean something else. What stands outside `extensions` is not looked into.
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

use std::ops::Range;

use super::document::{New, NotRead, replace_lines};
use super::node::{Kind, Member, Node};

mod flow;

/// The one part of the file that is read.
const PART: &str = "extensions";

struct Line<'a> {
    number: usize,
    start: usize,
    indent: usize,
    /// Without indentation, comment and line end.
    said: &'a str,
}

impl Line<'_> {
    fn end(&self) -> usize {
        self.start.saturating_add(self.indent).saturating_add(self.said.len())
    }

    fn begin(&self) -> usize {
        self.start.saturating_add(self.indent)
    }

    const fn wrong(&self, what: &'static str) -> NotRead {
        NotRead { line: self.number, what }
    }

    fn is_item(&self) -> bool {
        self.said == "-" || self.said.starts_with("- ")
    }
}

/// Reads a text.
pub(super) fn read(text: &str) -> Result<Node, NotRead> {
    let lines = lines(text);
    let mut members = Vec::new();
    let top = |line: &Line<'_>| line.indent == 0 && !line.is_item() && !line.said.starts_with(['#', '%']);
    let mut at = 0;
    while let Some(line) = lines.get(at) {
        let length = lines.iter().skip(at.saturating_add(1)).take_while(|line| !top(line)).count();
        let block = lines.get(at..=at.saturating_add(length)).unwrap_or_default();
        if top(line) && key_of(line.said).is_some_and(|(name, _)| name == PART) {
            members.push(member(block)?);
        }
        at = at.saturating_add(length).saturating_add(1);
    }
    let end = members.last().map_or(0, |member: &Member| member.span.end);
    Ok(Node { span: 0..end, kind: Kind::Map(members) })
}

/// The lines that say something.
fn lines(text: &str) -> Vec<Line<'_>> {
    let mut start = 0_usize;
    let mut all = Vec::new();
    for (index, whole) in text.split_inclusive('\n').enumerate() {
        let mark = if index == 0 && whole.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        let bare = whole.get(mark..).unwrap_or_default();
        let indent = bare.len().saturating_sub(bare.trim_start_matches(' ').len());
        let said = flow::without_comment(bare.get(indent..).unwrap_or_default()).trim_end();
        if !said.is_empty() && said != "---" {
            all.push(Line { number: index.saturating_add(1), start: start.saturating_add(mark), indent, said });
        }
        start = start.saturating_add(whole.len());
    }
    all
}

/// A line's name and what follows its colon.
fn key_of(said: &str) -> Option<(String, &str)> {
    let (name, rest) = if said.starts_with(['"', '\'']) {
        let (name, rest) = flow::quoted(said)?;
        (name, rest.trim_start().strip_prefix(':')?)
    } else {
        let at = said.find(": ").or_else(|| said.ends_with(':').then(|| said.len().saturating_sub(1)))?;
        let (name, rest) = said.split_at_checked(at)?;
        (name.trim_end().to_owned(), rest.strip_prefix(':')?)
    };
    let odd = name.is_empty() || name.starts_with(['&', '*', '!', '?', '-', '{', '[', '|', '>', '@', '`', '\t']);
    (!odd && (rest.is_empty() || rest.starts_with([' ', '\t']))).then(|| (name, rest.trim()))
}

/// A name and its value, which may take the lines below.
fn member(block: &[Line<'_>]) -> Result<Member, NotRead> {
    let Some((first, below)) = block.split_first() else {
        return Err(NotRead { line: 0, what: "nothing stands here" });
    };
    let (name, rest) = key_of(first.said).ok_or_else(|| first.wrong("a name and a `:` should stand here"))?;
    let end = block.last().map_or_else(|| first.end(), Line::end);
    let value = match (rest, below.first()) {
        ("", None) => Node { span: first.end()..first.end(), kind: Kind::Plain("null".to_owned()) },
        ("", Some(next)) if next.is_item() => list(below)?,
        ("", Some(next)) if next.indent > first.indent => map(below)?,
        ("", Some(next)) => return Err(next.wrong("this is indented too little")),
        (_, None) => {
            let start = first.end().saturating_sub(rest.len());
            let kind =
                flow::read(rest).ok_or_else(|| first.wrong("this value is written in a way that is not known"))?;
            Node { span: start..first.end(), kind }
        }
        (_, Some(next)) => return Err(next.wrong("a text over several lines cannot be edited safely")),
    };
    // An entry is its name and all below it.
    let value = if value.is_map() && rest.is_empty() { Node { span: first.begin()..end, ..value } } else { value };
    Ok(Member { name, span: first.begin()..end, value })
}

fn map(block: &[Line<'_>]) -> Result<Node, NotRead> {
    let indent = block.first().map_or(0, |line| line.indent);
    let starts = |line: &Line<'_>| line.indent == indent && !line.is_item();
    if let Some(line) = block.iter().find(|line| line.indent < indent || line.said.starts_with('\t')) {
        return Err(line.wrong("this is indented too little, or with a tab"));
    }
    let members = groups(block, starts).into_iter().map(member).collect::<Result<Vec<_>, _>>()?;
    Ok(Node { span: span(block), kind: Kind::Map(members) })
}

fn list(block: &[Line<'_>]) -> Result<Node, NotRead> {
    let indent = block.first().map_or(0, |line| line.indent);
    let item = |line: &Line<'_>| {
        let said = line.said.strip_prefix('-').filter(|_| line.is_item() && line.indent == indent).map(str::trim);
        let kind = said
            .and_then(flow::read)
            .ok_or_else(|| line.wrong("an item of a list is written in a way that is not known"))?;
        Ok(Node { span: line.begin()..line.end(), kind })
    };
    Ok(Node { span: span(block), kind: Kind::List(block.iter().map(item).collect::<Result<_, _>>()?) })
}

fn span(block: &[Line<'_>]) -> Range<usize> {
    block.first().map_or(0, Line::begin)..block.last().map_or(0, Line::end)
}

/// The lines, cut before each that starts something.
fn groups<'a, 'b>(block: &'b [Line<'a>], starts: impl Fn(&Line<'a>) -> bool) -> Vec<&'b [Line<'a>]> {
    let mut rest = block;
    let mut all = Vec::new();
    while !rest.is_empty() {
        let length = rest.iter().skip(1).take_while(|line| !starts(line)).count().saturating_add(1);
        let (group, after) = rest.split_at_checked(length).unwrap_or((rest, &[]));
        all.push(group);
        rest = after;
    }
    all
}

/// A text with some members of one extension replaced.
pub(super) fn rewrite(text: &str, entry: &Node, gone: &[&str], new: &[(&str, New)]) -> String {
    let going: Vec<&Member> = entry.members().iter().filter(|member| gone.contains(&member.name.as_str())).collect();
    let indent = going.first().map_or("", |first| {
        let head = text.get(..first.span.start).unwrap_or_default();
        head.get(head.trim_end_matches(' ').len()..).unwrap_or_default()
    });
    let new: Vec<String> = new.iter().map(|(name, value)| format!("{indent}{name}: {}", value.json())).collect();
    replace_lines(text, &going, &new)
}

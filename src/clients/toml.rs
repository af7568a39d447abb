//! What does a TOML file say, and how is one table of it changed?
//!
//! `toml_edit` reads; the text is edited by hand, because it writes every line end as a line feed.
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

use std::ops::Range;

use toml_edit::{Array, Document, InlineTable, Item, Key, TableLike, Value};

use super::document::{New, NotEdited, NotRead, replace_lines};
use super::node::{Kind, Member, Node};

struct Reader<'a> {
    text: &'a str,
    /// What stands before the text that is read: a byte order mark.
    ahead: usize,
}

/// Reads a text.
pub(super) fn read(text: &str) -> Result<Node, NotRead> {
    let bare = text.trim_start_matches('\u{feff}');
    let document = Document::parse(bare).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        let line = bare.get(..at).unwrap_or_default().matches('\n').count().saturating_add(1);
        NotRead { line, what: "this is not TOML" }
    })?;
    let reader = Reader { text: bare, ahead: text.len().saturating_sub(bare.len()) };
    Ok(reader.table(document.as_table(), None))
}

impl Reader<'_> {
    fn moved(&self, span: Option<Range<usize>>) -> Option<Range<usize>> {
        span.map(|span| span.start.saturating_add(self.ahead)..span.end.saturating_add(self.ahead))
    }

    fn table(&self, table: &dyn TableLike, own: Option<Range<usize>>) -> Node {
        let members: Vec<Member> = table
            .iter()
            .map(|(name, item)| {
                let key = table.get_key_value(name).map(|(key, _)| key);
                self.member(name, key, item)
            })
            .collect();
        let all = members.iter().map(|member| &member.span);
        let span = self.moved(own).iter().chain(all).cloned().reduce(joined).unwrap_or_default();
        Node { span, kind: Kind::Map(members) }
    }

    fn member(&self, name: &str, key: Option<&Key>, item: &Item) -> Member {
        let value = self.item(item);
        let value_span = value.span.clone();
        // The key of a table stands in its header, which is in the table's span already.
        let key = self.moved(key.and_then(Key::span)).filter(|_| matches!(item, Item::Value(_)));
        let span = match key {
            Some(key) => joined(key, value_span),
            None => value_span,
        };
        Member { name: name.to_owned(), span, value }
    }

    fn item(&self, item: &Item) -> Node {
        match item {
            Item::None => Node { span: 0..0, kind: Kind::Plain(String::new()) },
            Item::Value(value) => self.value(value),
            Item::Table(table) => self.table(table, table.span()),
            Item::ArrayOfTables(tables) => {
                let all: Vec<Node> = tables.iter().map(|table| self.table(table, table.span())).collect();
                let span = all.iter().map(|node| node.span.clone()).reduce(joined).unwrap_or_default();
                Node { span, kind: Kind::List(all) }
            }
        }
    }

    fn value(&self, value: &Value) -> Node {
        let span = self.moved(value.span()).unwrap_or_default();
        match value {
            Value::String(text) => Node { span, kind: Kind::Text(text.value().clone()) },
            Value::Array(array) => self.array(array, span),
            Value::InlineTable(table) => Node { span, kind: self.inline(table) },
            Value::Integer(_) | Value::Float(_) | Value::Boolean(_) | Value::Datetime(_) => {
                let written = self.text.get(value.span().unwrap_or_default()).unwrap_or_default();
                Node { span, kind: Kind::Plain(written.to_owned()) }
            }
        }
    }

    fn array(&self, array: &Array, span: Range<usize>) -> Node {
        Node { span, kind: Kind::List(array.iter().map(|value| self.value(value)).collect()) }
    }

    fn inline(&self, table: &InlineTable) -> Kind {
        self.table(table, None).kind
    }
}

fn joined(one: Range<usize>, other: Range<usize>) -> Range<usize> {
    one.start.min(other.start)..one.end.max(other.end)
}

/// A text with some members of one table replaced.
pub(super) fn rewrite(text: &str, entry: &Node, gone: &[&str], new: &[(&str, New)]) -> Result<String, NotEdited> {
    // Only a table with a header has lines of its own.
    if !text.get(entry.span.start..).is_some_and(|rest| rest.starts_with('[')) {
        return Err(NotEdited::Inline);
    }
    let going: Vec<&Member> = entry.members().iter().filter(|member| gone.contains(&member.name.as_str())).collect();
    let new: Vec<String> = new.iter().map(|(name, value)| format!("{name} = {}", written(value))).collect();
    Ok(replace_lines(text, &going, &new))
}

/// A text as TOML writes it.
pub(super) fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

/// A name as TOML writes it.
pub(super) fn key(name: &str) -> String {
    Key::new(name).to_string()
}

/// On one line.
pub(super) fn written(value: &New) -> String {
    match value {
        New::Text(text) => quoted(text),
        New::List(all) => format!("[{}]", all.iter().map(|one| quoted(one)).collect::<Vec<_>>().join(", ")),
        New::Map(pairs) => {
            let pair = |(name, value): &(String, String)| format!("{} = {}", key(name), quoted(value));
            format!("{{ {} }}", pairs.iter().map(pair).collect::<Vec<_>>().join(", "))
        }
    }
}

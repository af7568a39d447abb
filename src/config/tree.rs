//! What was said, and where, before anything is made of it?
//!
//! The file's values with their places, with what the environment and the flags say put over them.

use std::collections::BTreeMap;
use std::ops::Range;

use toml_edit::{Array, Document, Item, Key, TableLike, Value};

use super::fault::{Fault, Original, Place};

/// A value and where it stands.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub content: Content,
    pub at: At,
}

/// A key's value, and where the key stands.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub key: At,
    pub node: Node,
}

/// The entries of one table.
pub(super) type Entries = BTreeMap<String, Entry>;

/// What a value is.
#[derive(Clone, Debug)]
pub(super) enum Content {
    Text(String),
    Whole(i64),
    Truth(bool),
    List(Vec<Node>),
    Table(Entries),
    /// From the environment or a flag, where everything is text.
    Loose(String),
    /// A kind of TOML value no setting has.
    Other(&'static str),
}

/// Where a value stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum At {
    File(Range<usize>),
    Environment(String),
    Flag(String),
    Default,
}

/// Prefix of the variables that hold settings.
const PREFIX: &str = "COUNTERSIGN_";
/// The sections a variable can reach: those whose keys are known beforehand.
const SECTIONS: [&str; 6] = ["http", "policy", "store", "limits", "log", "telemetry"];

/// A number of this size may be a secret somebody forgot to put in quotes.
const LONG: u64 = 10_000;

impl Content {
    /// What it is, for people.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) | Self::Loose(_) => "a text",
            Self::Whole(_) => "a whole number",
            Self::Truth(_) => "true or false",
            Self::List(_) => "a list",
            Self::Table(_) => "a table",
            Self::Other(kind) => kind,
        }
    }
}

/// Reads the file's text; what is not TOML is one fault.
pub(super) fn plant(original: &mut Original) -> Result<Entries, Box<Fault>> {
    let document = Document::parse(original.text.clone()).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        Box::new(Fault {
            what: format!("this is not TOML: {}", error.message().replace('\n', ", ")),
            place: Place::File(original.unread(at)),
            next: "correct the line; strings stand in quotes, a table begins with [name]".to_owned(),
        })
    })?;
    Ok(entries(document.as_table(), &mut original.strings))
}

/// Puts the variables of the environment over the file.
pub(super) fn graft_environment(root: &mut Entries, variables: &BTreeMap<String, String>) {
    for (name, value) in variables {
        let Some(rest) = name.strip_prefix(PREFIX) else { continue };
        if is_service_link(rest) {
            continue;
        }
        let rest = rest.to_ascii_lowercase();
        if matches!(rest.as_str(), "environment" | "zone") {
            graft(root, &[&rest], value, &At::Environment(name.clone()));
        } else if let Some((section, key)) = rest.split_once('_')
            && SECTIONS.contains(&section)
        {
            graft(root, &[section, key], value, &At::Environment(name.clone()));
        }
    }
}

/// Puts a flag over everything. `path` is the setting's dotted name.
pub(super) fn graft_flag(root: &mut Entries, path: &str, value: &str) {
    let steps: Vec<&str> = path.split('.').collect();
    graft(root, &steps, value, &At::Flag(path.to_owned()));
}

/// Puts a value at the end of this path.
pub(super) fn graft(table: &mut Entries, path: &[&str], value: &str, at: &At) {
    let (step, rest) = match path {
        [] => return,
        [step, rest @ ..] => (*step, rest),
    };
    if rest.is_empty() {
        let node = Node { content: Content::Loose(value.to_owned()), at: at.clone() };
        table.insert(step.to_owned(), Entry { key: at.clone(), node });
        return;
    }
    let entry = table.entry(step.to_owned()).or_insert_with(|| Entry {
        key: at.clone(),
        node: Node { content: Content::Table(Entries::new()), at: at.clone() },
    });
    // Something that is no table is a fault of its own, found when the section is read.
    if let Content::Table(inner) = &mut entry.node.content {
        graft(inner, rest, value, at);
    }
}

/// Variables an orchestrator sets for a service of our name (`COUNTERSIGN_HTTP_PORT_80_TCP`) are not about us.
fn is_service_link(rest: &str) -> bool {
    rest.ends_with("_SERVICE_HOST")
        || rest.contains("_SERVICE_PORT")
        || rest.ends_with("_PORT")
        || rest.contains("_PORT_")
}

fn entries(table: &dyn TableLike, strings: &mut Vec<Range<usize>>) -> Entries {
    let mut all = Entries::new();
    for (name, item) in table.iter() {
        let key = span(table.key(name).and_then(Key::span));
        if let Some(node) = node(item, &key, strings) {
            all.insert(name.to_owned(), Entry { key, node });
        }
    }
    all
}

fn node(item: &Item, key: &At, strings: &mut Vec<Range<usize>>) -> Option<Node> {
    let content = match item {
        Item::None => return None,
        Item::Value(found) => return Some(value(found, strings)),
        Item::Table(table) => Content::Table(entries(table, strings)),
        Item::ArrayOfTables(tables) => Content::List(
            tables
                .iter()
                .map(|table| Node { content: Content::Table(entries(table, strings)), at: span(table.span()) })
                .collect(),
        ),
    };
    // A table made by a dotted key or a deeper header has no header of its own.
    let at = item.span().map_or_else(|| key.clone(), At::File);
    Some(Node { content, at })
}

fn value(value: &Value, strings: &mut Vec<Range<usize>>) -> Node {
    let content = match value {
        Value::String(text) => {
            strings.extend(value.span());
            Content::Text(text.value().clone())
        }
        Value::Integer(number) if number.value().unsigned_abs() >= LONG => {
            strings.extend(value.span());
            Content::Whole(*number.value())
        }
        Value::Integer(number) => Content::Whole(*number.value()),
        Value::Boolean(truth) => Content::Truth(*truth.value()),
        Value::Float(_) => Content::Other("a number with a fraction"),
        Value::Datetime(_) => Content::Other("a date or time"),
        Value::Array(items) => Content::List(list(items, strings)),
        Value::InlineTable(table) => Content::Table(entries(table, strings)),
    };
    Node { content, at: span(value.span()) }
}

fn list(items: &Array, strings: &mut Vec<Range<usize>>) -> Vec<Node> {
    items.iter().map(|item| value(item, strings)).collect()
}

fn span(found: Option<Range<usize>>) -> At {
    At::File(found.unwrap_or(0..0))
}

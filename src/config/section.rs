//! What does one table of the file say?
//!
//! A section is asked for its keys one by one. What is wrong is noted and reading goes on, so that a person sees every
//! fault at once; what nobody asked for is unknown, and that is a fault too.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::Value as Shown;

use super::fault::{Fault, Original, Subject};
use super::origin::{Origin, Setting};
use super::reference::follow;
use super::source::Surroundings;
use super::tree::{At, Content, Entries, Node};
use crate::secret::{HIDDEN, Secret};

/// Reads a tree, and keeps what was found.
pub(super) struct Reader<'a> {
    pub original: &'a Original,
    pub around: &'a Surroundings,
    /// What paths in the file are relative to.
    pub directory: &'a Path,
    pub faults: RefCell<Vec<Fault>>,
    pub settings: RefCell<Vec<Setting>>,
    /// Where each setting stands, by its dotted name, and whether that place may be shown.
    pub places: RefCell<BTreeMap<String, (At, Subject)>>,
}

/// One table being read.
pub(super) struct Section<'a> {
    reader: &'a Reader<'a>,
    name: String,
    entries: &'a Entries,
    at: At,
    asked: RefCell<Vec<&'static str>>,
}

/// Something was wrong and has been noted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Noted;

/// A value, unless a fault was noted instead.
pub(super) type Reading<T> = Result<T, Noted>;

/// What should stand here: in words, and an example.
#[derive(Clone, Copy)]
pub(super) struct Wanted(pub &'static str, pub &'static str);

/// A text somebody wrote, its references followed.
pub(super) struct Given {
    pub text: String,
    pub at: At,
    references: Vec<String>,
}

/// Whether a text may be shown to people.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Privacy {
    /// Shown, unless it was read from another file.
    Open,
    /// Shown, unless it was made with a reference.
    OpenAsWritten,
    Secret,
}

static NOTHING: Entries = Entries::new();

impl<'a> Section<'a> {
    /// The whole file.
    pub(super) fn root(reader: &'a Reader<'a>, entries: &'a Entries) -> Self {
        Self { reader, name: String::new(), entries, at: At::Default, asked: RefCell::default() }
    }

    /// Whether the key is there.
    pub(super) fn has(&self, key: &str) -> bool {
        self.entries.contains_key(key)
    }

    /// Whether the key's text is written with one of these characters, or is no text.
    pub(super) fn written(&self, key: &str, with: [char; 3]) -> bool {
        self.entries.get(key).is_none_or(|entry| match &entry.node.content {
            Content::Text(text) | Content::Loose(text) => text.contains(with),
            _ => true,
        })
    }

    /// The table's dotted name.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Where the table stands.
    pub(super) fn at(&self) -> &At {
        &self.at
    }

    /// What it says.
    pub(super) fn entries(&self) -> &'a Entries {
        self.entries
    }

    /// What reads it.
    pub(super) fn reader(&self) -> &'a Reader<'a> {
        self.reader
    }

    /// Counts these keys as known.
    pub(super) fn ask(&self, keys: &[&'static str]) {
        self.asked.borrow_mut().extend(keys);
    }

    /// The keys known so far, in order.
    pub(super) fn asked(&self) -> Vec<&'static str> {
        let asked: BTreeSet<&str> = self.asked.borrow().iter().copied().collect();
        asked.into_iter().collect()
    }

    /// A text with a default.
    pub(super) fn text(&self, key: &'static str, default: &str) -> Reading<String> {
        self.parsed(key, Wanted("a text", "a text"), default, |text| Some(text.to_owned()))
    }

    /// A value read from text, with a default in the same form.
    pub(super) fn parsed<T>(
        &self,
        key: &'static str,
        wanted: Wanted,
        default: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Reading<T> {
        if let Some(value) = self.optional(key, wanted, &parse)? {
            return Ok(value);
        }
        self.record(self.path(key), Shown::from(default), &At::Default, &[]);
        parse(default).ok_or(Noted)
    }

    /// A value read from text that may be missing.
    pub(super) fn optional<T>(
        &self,
        key: &'static str,
        wanted: Wanted,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Reading<Option<T>> {
        let Some(given) = self.given(key, Privacy::Open)? else { return Ok(None) };
        match parse(&given.text) {
            Some(value) => Ok(Some(value)),
            None => Err(self.bad(&given, wanted, Subject::Shown)),
        }
    }

    /// A value read from text that must be there.
    pub(super) fn required<T>(
        &self,
        key: &'static str,
        wanted: Wanted,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Reading<T> {
        match self.optional(key, wanted, parse)? {
            Some(value) => Ok(value),
            None => Err(self.missing(key, wanted)),
        }
    }

    /// The text of a key, if it is there.
    pub(super) fn given(&self, key: &'static str, privacy: Privacy) -> Reading<Option<Given>> {
        let Some(node) = self.node(key) else { return Ok(None) };
        let given = self.follow(node, privacy)?;
        self.record(self.path(key), shown(&given, privacy), &given.at, &given.references);
        Ok(Some(given))
    }

    /// A list of texts. In the environment and in flags they are separated by commas.
    pub(super) fn texts(&self, key: &'static str, default: &[&str], privacy: Privacy) -> Reading<Vec<Given>> {
        let Some(node) = self.node(key) else {
            self.record(self.path(key), Shown::from(default), &At::Default, &[]);
            let given = |text: &&str| Given::plain((*text).to_owned(), &At::Default);
            return Ok(default.iter().map(given).collect());
        };
        let all: Vec<Reading<Given>> = match &node.content {
            Content::List(items) => items.iter().map(|item| self.follow(item, privacy)).collect(),
            Content::Loose(text) => text
                .split(',')
                .map(str::trim)
                .filter(|part| !part.is_empty())
                .map(|part| Ok(Given::plain(part.to_owned(), &node.at)))
                .collect(),
            _ => return Err(self.wrong_kind(node, "a list of texts")),
        };
        let all: Vec<Given> = all.into_iter().collect::<Reading<_>>()?;
        let values = all.iter().map(|given| shown(given, privacy)).collect();
        let references: Vec<String> = all.iter().flat_map(|given| given.references.clone()).collect();
        self.record(self.path(key), Shown::Array(values), &node.at, &references);
        Ok(all)
    }

    /// A table whose keys are free and whose values are texts.
    pub(super) fn pairs(&self, key: &'static str, privacy: Privacy) -> Reading<Vec<(String, Given)>> {
        let Some(node) = self.node(key) else { return Ok(Vec::new()) };
        self.pairs_in(key, node, privacy)
    }

    fn pairs_in(&self, key: &str, node: &Node, privacy: Privacy) -> Reading<Vec<(String, Given)>> {
        let Content::Table(entries) = &node.content else { return Err(self.wrong_kind(node, "a table of texts")) };
        let all: Vec<Reading<(String, Given)>> = entries
            .iter()
            .map(|(name, entry)| {
                let given = self.follow(&entry.node, privacy)?;
                let path = format!("{}.{name}", self.path(key));
                self.record(path, shown(&given, privacy), &given.at, &given.references);
                Ok((name.clone(), given))
            })
            .collect();
        all.into_iter().collect()
    }

    /// The same for a table whose own name is free too.
    pub(super) fn words_of(&self, name: &str) -> Reading<Vec<(String, Given)>> {
        let Some(entry) = self.entries.get(name) else { return Ok(Vec::new()) };
        self.pairs_in(name, &entry.node, Privacy::Open)
    }

    /// A table inside this one; an empty one where there is none.
    pub(super) fn table(&self, key: &'static str) -> Reading<Self> {
        match self.node(key) {
            None => Ok(self.inner(self.path(key), &NOTHING, At::Default)),
            Some(node) => self.entered(self.path(key), node),
        }
    }

    /// The tables of a list.
    pub(super) fn tables(&self, key: &'static str) -> Reading<Vec<Self>> {
        let Some(node) = self.node(key) else { return Ok(Vec::new()) };
        let Content::List(items) = &node.content else { return Err(self.wrong_kind(node, "a list of tables")) };
        let entered = |(index, item)| self.entered(format!("{}.{index}", self.path(key)), item);
        items.iter().enumerate().map(entered).collect()
    }

    /// The tables of a table whose keys are names. Each name comes with its place.
    pub(super) fn named(&self, key: &'static str) -> Reading<Vec<(String, At, Reading<Self>)>> {
        let Some(node) = self.node(key) else { return Ok(Vec::new()) };
        let Content::Table(entries) = &node.content else { return Err(self.wrong_kind(node, "a table of tables")) };
        let entered = |(name, entry): (&String, &'a super::tree::Entry)| {
            (name.clone(), entry.key.clone(), self.entered(format!("{}.{name}", self.path(key)), &entry.node))
        };
        Ok(entries.iter().map(entered).collect())
    }

    /// The path a value names.
    pub(super) fn resolve(&self, given: &Given) -> PathBuf {
        self.relative(given, &given.text)
    }

    /// A path inside a value: relative to the file's directory, or to where the program was started when it was said
    /// there.
    pub(super) fn relative(&self, given: &Given, path: &str) -> PathBuf {
        match given.at {
            At::File(_) | At::Default => self.reader.directory.join(path),
            At::Environment(_) | At::Flag(_) => self.reader.around.directory.join(path),
        }
    }

    /// Lists what was hidden as a whole because a part of it may be secret, without that part.
    pub(super) fn reveal(&self, key: &str, shown: &str) {
        let name = self.path(key);
        let mut settings = self.reader.settings.borrow_mut();
        if let Some(setting) = settings.iter_mut().rfind(|setting| setting.name == name) {
            setting.value = Shown::from(shown);
        }
    }

    /// What paths of this file are relative to.
    pub(super) fn directory(&self) -> &'a Path {
        self.reader.directory
    }

    /// Records a value nobody wrote, made of others.
    pub(super) fn derived(&self, key: &'static str, value: impl Into<Shown>) {
        self.record(self.path(key), value.into(), &At::Default, &[]);
    }

    /// The value of a key, which is known from now on.
    pub(super) fn node(&self, key: &'static str) -> Option<&'a Node> {
        self.asked.borrow_mut().push(key);
        self.entries.get(key).map(|entry| &entry.node)
    }

    /// The dotted name of a key.
    pub(super) fn path(&self, key: &str) -> String {
        if self.name.is_empty() { key.to_owned() } else { format!("{}.{key}", self.name) }
    }

    fn inner(&self, name: String, entries: &'a Entries, at: At) -> Self {
        Self { reader: self.reader, name, entries, at, asked: RefCell::default() }
    }

    /// A table inside this one, under this dotted name.
    pub(super) fn entered(&self, name: String, node: &'a Node) -> Reading<Self> {
        let Content::Table(entries) = &node.content else { return Err(self.wrong_kind(node, "a table")) };
        self.reader.places.borrow_mut().insert(name.clone(), (node.at.clone(), Subject::Hidden));
        Ok(self.inner(name, entries, node.at.clone()))
    }

    /// The text of a value, its references followed.
    pub(super) fn follow(&self, node: &Node, privacy: Privacy) -> Reading<Given> {
        let text = match &node.content {
            Content::Text(text) => text,
            Content::Loose(text) => {
                return Ok(Given::plain(text.clone(), &node.at));
            }
            _ => return Err(self.wrong_kind(node, "a text")),
        };
        let followed = follow(text, self.reader.directory, self.reader.around)
            .map_err(|end| self.note(&node.at, end.what, end.next, Subject::Hidden))?;
        if privacy == Privacy::Secret && followed.text.is_empty() && !text.is_empty() {
            let what = format!("nothing stands behind ${{{}}}", followed.names.join("}, ${"));
            return Err(self.note(&node.at, what, "give it a value".to_owned(), Subject::Hidden));
        }
        Ok(Given { text: followed.text, at: node.at.clone(), references: followed.names })
    }

    /// Keeps a value that counts, for those who ask where it is from.
    pub(super) fn record(&self, name: String, value: Shown, at: &At, references: &[String]) {
        let subject = if value == HIDDEN { Subject::Hidden } else { Subject::Shown };
        let origin = match at {
            At::File(span) => {
                let (line, _) = self.reader.original.position(span.start);
                Origin::File { file: self.reader.original.name.clone(), line }
            }
            At::Environment(name) => Origin::Environment(name.clone()),
            At::Flag(name) => Origin::Flag(name.clone()),
            At::Default => Origin::Default,
        };
        self.reader.places.borrow_mut().insert(name.clone(), (at.clone(), subject));
        self.reader.settings.borrow_mut().push(Setting { name, value, origin, references: references.to_vec() });
    }
}

impl Given {
    /// A text without references.
    pub(super) fn plain(text: String, at: &At) -> Self {
        Self { text, at: at.clone(), references: Vec::new() }
    }

    /// The names of the references in it.
    pub(super) fn references(&self) -> &[String] {
        &self.references
    }

    /// The text, as a secret.
    pub(super) fn secret(self) -> Secret {
        Secret::new(self.text)
    }
}

fn shown(given: &Given, privacy: Privacy) -> Shown {
    let open = match privacy {
        Privacy::Open => !given.references.iter().any(|name| name.starts_with("file:")),
        Privacy::OpenAsWritten => given.references.is_empty(),
        Privacy::Secret => false,
    };
    Shown::from(if open { given.text.as_str() } else { HIDDEN })
}

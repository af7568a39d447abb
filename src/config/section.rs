//! What does one table of the file say?
//!
//! A section is asked for its keys one by one. What is wrong is noted and reading goes on, so that a person sees every
//! fault at once; what nobody asked for is unknown, and that is a fault too.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value as Shown;

use super::fault::{Fault, Original, Place, Subject, closest};
use super::origin::{Origin, Setting};
use super::reference::follow;
use super::secret::{HIDDEN, Secret};
use super::source::Surroundings;
use super::tree::{At, Content, Entries, Node};
use super::word::Word;

/// Reads a tree, and keeps what was found.
pub(super) struct Reader<'a> {
    pub original: &'a Original,
    pub around: &'a Surroundings,
    /// What paths in the file are relative to.
    pub directory: &'a Path,
    pub faults: RefCell<Vec<Fault>>,
    pub settings: RefCell<Vec<Setting>>,
    /// Where each setting stands, by its dotted name.
    pub places: RefCell<BTreeMap<String, At>>,
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

    /// The table's dotted name.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// A text with a default.
    pub(super) fn text(&self, key: &'static str, default: &str) -> Reading<String> {
        self.parsed(key, Wanted("a text", "a text"), default, |text| Some(text.to_owned()))
    }

    /// One word of a few.
    pub(super) fn word<T: Word>(&self, key: &'static str, default: T) -> Reading<T> {
        let Some(given) = self.given(key, Privacy::Open)? else {
            self.record(self.path(key), Shown::from(default.word()), &At::Default, &[]);
            return Ok(default);
        };
        T::of(&given.text).ok_or_else(|| {
            let words: Vec<&str> = T::WORDS.iter().map(|(word, _)| *word).collect();
            let next = match closest(&given.text, words.iter().copied()) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => format!("write one of: {}", words.join(", ")),
            };
            self.note(&given.at, format!("`{}` is no `{key}`", given.text), next, Subject::Shown)
        })
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
            let given = |text: &&str| Given { text: (*text).to_owned(), at: At::Default, references: Vec::new() };
            return Ok(default.iter().map(given).collect());
        };
        let all: Vec<Reading<Given>> = match &node.content {
            Content::List(items) => items.iter().map(|item| self.follow(item, privacy)).collect(),
            Content::Loose(text) => text
                .split(',')
                .map(str::trim)
                .filter(|part| !part.is_empty())
                .map(|part| Ok(Given { text: part.to_owned(), at: node.at.clone(), references: Vec::new() }))
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

    /// A whole number of at least one.
    pub(super) fn count(&self, key: &'static str, default: u64) -> Reading<usize> {
        let number =
            self.number(key, default, Wanted("a whole number of at least 1", "64"), |text| text.parse().ok())?;
        usize::try_from(number).map_err(|_| Noted)
    }

    /// A number of at least one, from a TOML number or from text.
    pub(super) fn number(
        &self,
        key: &'static str,
        default: u64,
        wanted: Wanted,
        parse: impl Fn(&str) -> Option<u64>,
    ) -> Reading<u64> {
        let Some(node) = self.node(key) else {
            self.record(self.path(key), Shown::from(default), &At::Default, &[]);
            return Ok(default);
        };
        let (given, found) = match &node.content {
            Content::Whole(number) => (
                Given { text: number.to_string(), at: node.at.clone(), references: Vec::new() },
                u64::try_from(*number).ok(),
            ),
            Content::Text(_) | Content::Loose(_) => {
                let given = self.follow(node, Privacy::Open)?;
                let found = parse(&given.text);
                (given, found)
            }
            _ => return Err(self.wrong_kind(node, wanted.0)),
        };
        let number = found.filter(|number| *number > 0).ok_or_else(|| self.bad(&given, wanted, Subject::Shown))?;
        self.record(self.path(key), Shown::from(number), &given.at, &given.references);
        Ok(number)
    }

    /// True or false; false by default.
    pub(super) fn truth(&self, key: &'static str) -> Reading<bool> {
        const WANTED: Wanted = Wanted("true or false", "false");
        let (value, at) = match self.node(key) {
            None => (false, At::Default),
            Some(Node { content: Content::Truth(value), at }) => (*value, at.clone()),
            Some(node @ Node { content: Content::Text(_) | Content::Loose(_), at }) => {
                let given = self.follow(node, Privacy::Open)?;
                (given.text.parse().map_err(|_| self.bad(&given, WANTED, Subject::Shown))?, at.clone())
            }
            Some(node) => return Err(self.wrong_kind(node, WANTED.0)),
        };
        self.record(self.path(key), Shown::from(value), &at, &[]);
        Ok(value)
    }

    /// A table inside this one; an empty one where there is none.
    pub(super) fn table(&self, key: &'static str) -> Reading<Section<'a>> {
        match self.node(key) {
            None => Ok(self.inner(self.path(key), &NOTHING, At::Default)),
            Some(node) => self.entered(self.path(key), node),
        }
    }

    /// The tables of a list.
    pub(super) fn tables(&self, key: &'static str) -> Reading<Vec<Section<'a>>> {
        let Some(node) = self.node(key) else { return Ok(Vec::new()) };
        let Content::List(items) = &node.content else { return Err(self.wrong_kind(node, "a list of tables")) };
        let entered = |(index, item)| self.entered(format!("{}.{index}", self.path(key)), item);
        items.iter().enumerate().map(entered).collect()
    }

    /// The tables of a table whose keys are names. Each name comes with its place.
    pub(super) fn named(&self, key: &'static str) -> Reading<Vec<(String, At, Reading<Section<'a>>)>> {
        let Some(node) = self.node(key) else { return Ok(Vec::new()) };
        let Content::Table(entries) = &node.content else { return Err(self.wrong_kind(node, "a table of tables")) };
        let entered = |(name, entry): (&String, &'a super::tree::Entry)| {
            (name.clone(), entry.key.clone(), self.entered(format!("{}.{name}", self.path(key)), &entry.node))
        };
        Ok(entries.iter().map(entered).collect())
    }

    /// Counts these keys as known without reading them.
    pub(super) fn excuse(&self, keys: &[&'static str]) {
        self.asked.borrow_mut().extend(keys);
    }

    /// Notes each of these keys that is there: it belongs elsewhere.
    pub(super) fn refuse(&self, keys: &[&'static str], elsewhere: &str) {
        self.excuse(keys);
        for (key, entry) in keys.iter().filter_map(|key| self.entries.get_key_value(*key)) {
            let what = format!("`{key}` is for {elsewhere}");
            self.note(&entry.key, what, "take it away".to_owned(), Subject::Shown);
        }
    }

    /// Notes what is wrong with the table as a whole.
    pub(super) fn fault(&self, what: String, next: &str) -> Noted {
        self.note(&self.at, what, next.to_owned(), Subject::Hidden)
    }

    /// Keys nobody asked for are unknown.
    pub(super) fn close(self) {
        let mut asked = self.asked.take();
        asked.sort_unstable();
        asked.dedup();
        for (key, entry) in self.entries.iter().filter(|(key, _)| !asked.contains(&key.as_str())) {
            let table = if self.name.is_empty() { "at the top".to_owned() } else { format!("in [{}]", self.name) };
            let meant = closest(key, asked.iter().copied()).map(|meant| match &entry.key {
                At::Environment(name) => {
                    let stem = name.len().saturating_sub(key.len());
                    format!("{}{}", name.get(..stem).unwrap_or_default(), meant.to_uppercase())
                }
                _ => meant.to_owned(),
            });
            let next = match meant {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => format!("known here: {}", asked.join(", ")),
            };
            self.note(&entry.key, format!("unknown key `{key}` {table}"), next, Subject::Shown);
        }
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

    /// Shows what was hidden as a whole because a part of it may be secret.
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

    /// Notes that a value is not what should stand there.
    pub(super) fn bad(&self, given: &Given, wanted: Wanted, subject: Subject) -> Noted {
        let Wanted(noun, example) = wanted;
        let what = match subject {
            Subject::Shown => format!("`{}` is not {noun}", given.text),
            Subject::Hidden => format!("this is not {noun}"),
        };
        self.note(&given.at, what, format!("write {noun}, such as `{example}`"), subject)
    }

    /// Notes that a key must be there and is not.
    pub(super) fn missing(&self, key: &str, wanted: Wanted) -> Noted {
        let Wanted(noun, example) = wanted;
        let table = if self.name.is_empty() { "the file".to_owned() } else { format!("[{}]", self.name) };
        self.note(
            &self.at,
            format!("{table} has no `{key}`"),
            format!("add `{key} = \"{example}\"`, {noun}"),
            Subject::Hidden,
        )
    }

    /// Notes anything.
    pub(super) fn note(&self, at: &At, what: String, next: String, subject: Subject) -> Noted {
        let fault = Fault { what, place: self.reader.place(at, subject), next };
        self.reader.faults.borrow_mut().push(fault);
        Noted
    }

    /// Records a value nobody wrote, made of others.
    pub(super) fn derived(&self, key: &'static str, value: impl Into<Shown>) {
        self.record(self.path(key), value.into(), &At::Default, &[]);
    }

    fn node(&self, key: &'static str) -> Option<&'a Node> {
        self.asked.borrow_mut().push(key);
        self.entries.get(key).map(|entry| &entry.node)
    }

    fn path(&self, key: &str) -> String {
        if self.name.is_empty() { key.to_owned() } else { format!("{}.{key}", self.name) }
    }

    fn inner(&self, name: String, entries: &'a Entries, at: At) -> Section<'a> {
        Section { reader: self.reader, name, entries, at, asked: RefCell::default() }
    }

    fn entered(&self, name: String, node: &'a Node) -> Reading<Section<'a>> {
        let Content::Table(entries) = &node.content else { return Err(self.wrong_kind(node, "a table")) };
        self.reader.places.borrow_mut().insert(name.clone(), node.at.clone());
        Ok(self.inner(name, entries, node.at.clone()))
    }

    fn follow(&self, node: &Node, privacy: Privacy) -> Reading<Given> {
        let text = match &node.content {
            Content::Text(text) => text,
            Content::Loose(text) => {
                return Ok(Given { text: text.clone(), at: node.at.clone(), references: Vec::new() });
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

    fn wrong_kind(&self, node: &Node, wanted: &str) -> Noted {
        let what = format!("{wanted} should stand here, not {}", node.content.kind());
        self.note(&node.at, what, format!("write {wanted}"), Subject::Hidden)
    }

    fn record(&self, name: String, value: Shown, at: &At, references: &[String]) {
        let origin = match at {
            At::File(span) => {
                let (line, _) = self.reader.original.position(span.start);
                Origin::File { file: self.reader.original.name.clone(), line }
            }
            At::Environment(name) => Origin::Environment(name.clone()),
            At::Flag(name) => Origin::Flag(name.clone()),
            At::Default => Origin::Default,
        };
        self.reader.places.borrow_mut().insert(name.clone(), at.clone());
        self.reader.settings.borrow_mut().push(Setting { name, value, origin, references: references.to_vec() });
    }
}

impl Reader<'_> {
    /// A place in words.
    pub(super) fn place(&self, at: &At, subject: Subject) -> Place {
        match at {
            At::File(span) => Place::File(self.original.excerpt(span, subject)),
            At::Environment(name) => Place::Environment(name.clone()),
            At::Flag(name) => Place::Flag(name.clone()),
            At::Default => Place::Nowhere,
        }
    }
}

impl Given {
    /// The text, as a secret.
    pub(super) fn secret(self) -> Secret {
        Secret::new(self.text)
    }
}

fn shown(given: &Given, privacy: Privacy) -> Shown {
    let open = match privacy {
        Privacy::Open => true,
        Privacy::OpenAsWritten => given.references.is_empty(),
        Privacy::Secret => false,
    };
    Shown::from(if open { given.text.as_str() } else { HIDDEN })
}

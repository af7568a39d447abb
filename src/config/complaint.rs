//! What does a section say about what is wrong in it?

use super::fault::{Fault, Place, Subject, closest};
use super::section::{Given, Noted, Reader, Section, Wanted};
use super::tree::{At, Node};

impl Section<'_> {
    /// Counts these keys as known without reading them.
    pub(super) fn excuse(&self, keys: &[&'static str]) {
        self.ask(keys);
    }

    /// Notes each of these keys that is there: it belongs elsewhere.
    pub(super) fn refuse(&self, keys: &[&'static str], elsewhere: &str) {
        self.excuse(keys);
        for (key, entry) in keys.iter().filter_map(|key| self.entries().get_key_value(*key)) {
            let what = format!("`{key}` is for {elsewhere}");
            self.note(&entry.key, what, "take it away".to_owned(), Subject::Shown);
        }
    }

    /// Notes what is wrong with the table as a whole.
    pub(super) fn fault(&self, what: String, next: &str) -> Noted {
        self.note(self.at(), what, next.to_owned(), Subject::Hidden)
    }

    /// Keys nobody asked for are unknown.
    pub(super) fn close(&self) {
        let asked = self.asked();
        for (key, entry) in self.entries().iter().filter(|(key, _)| !asked.contains(&key.as_str())) {
            let table = if self.name().is_empty() { "at the top".to_owned() } else { format!("in [{}]", self.name()) };
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

    /// Notes that a value is not what should stand there.
    pub(super) fn bad(&self, given: &Given, wanted: Wanted, subject: Subject) -> Noted {
        let Wanted(noun, example) = wanted;
        let (told, subject) = given.told(subject);
        self.note(&given.at, format!("{told} is not {noun}"), format!("write {noun}, such as `{example}`"), subject)
    }

    /// Notes that a key must be there and is not.
    pub(super) fn missing(&self, key: &str, wanted: Wanted) -> Noted {
        let Wanted(noun, example) = wanted;
        let table = if self.name().is_empty() { "the file".to_owned() } else { format!("[{}]", self.name()) };
        self.note(
            self.at(),
            format!("{table} has no `{key}`"),
            format!("add `{key} = \"{example}\"`, {noun}"),
            Subject::Hidden,
        )
    }

    /// Notes anything.
    pub(super) fn note(&self, at: &At, what: String, next: String, subject: Subject) -> Noted {
        let reader = self.reader();
        let fault = Fault { what, place: reader.place(at, subject), next };
        reader.faults.borrow_mut().push(fault);
        Noted
    }

    /// Notes that a value is of another kind. What stands there may be a secret in the wrong place.
    pub(super) fn wrong_kind(&self, node: &Node, wanted: &str) -> Noted {
        let what = format!("{wanted} should stand here, not {}", node.content.kind());
        self.note(&node.at, what, format!("write {wanted}"), Subject::Hidden)
    }
}

impl Given {
    /// The value in words, and whether its place may be shown. What stands behind a reference is never told.
    pub(super) fn told(&self, subject: Subject) -> (String, Subject) {
        match (self.references(), subject) {
            ([], Subject::Shown) => (format!("`{}`", self.text), Subject::Shown),
            ([], Subject::Hidden) => ("this".to_owned(), Subject::Hidden),
            (names, _) => (format!("what stands behind ${{{}}}", names.join("}, ${")), Subject::Hidden),
        }
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

//! Which words, numbers and truths does a section hold?

use serde_json::Value as Shown;

use super::fault::{Subject, closest};
use super::section::{Given, Noted, Privacy, Reading, Section, Wanted};
use super::tree::{At, Content, Node};
use super::word::Word;

impl Section<'_> {
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
            let (told, subject) = given.told(Subject::Shown);
            self.note(&given.at, format!("{told} is no `{key}`"), next, subject)
        })
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
            Content::Whole(number) => (Given::plain(number.to_string(), &node.at), u64::try_from(*number).ok()),
            Content::Text(_) | Content::Loose(_) => {
                let given = self.follow(node, Privacy::Open)?;
                let found = parse(&given.text);
                (given, found)
            }
            _ => return Err(self.wrong_kind(node, wanted.0)),
        };
        let number = found.filter(|number| *number > 0).ok_or_else(|| self.bad(&given, wanted, Subject::Shown))?;
        self.record(self.path(key), Shown::from(number), &given.at, given.references());
        Ok(number)
    }

    /// True or false; false by default.
    pub(super) fn truth(&self, key: &'static str) -> Reading<bool> {
        self.truth_or(key, false)
    }

    /// True or false.
    pub(super) fn truth_or(&self, key: &'static str, default: bool) -> Reading<bool> {
        const WANTED: Wanted = Wanted("true or false", "false");
        let (value, at) = match self.node(key) {
            None => (default, At::Default),
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
}

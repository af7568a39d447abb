//! How is a message written for a receiver that has a form of its own?
//!
//! A body with holes: `{sentence}`, `{risk}`, `{page}` and so on. In JSON each is filled as the content of a string, so that
//! nothing in it can end the string; in text it is one line. Words of others never become Markdown where the hole says
//! `{sentence:markdown}`. Receivers have words of their own for how bad something is: `{risk.priority}` is what the list
//! `priority` of the words says for the risk. A body is tried with everything that can happen before it is used.
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

pub mod line;
mod sample;
pub mod words;

use std::collections::BTreeMap;

use self::line::{line, markdown};
use self::words::SHORT;
use super::message::{Matter, Message};

/// Characters of what may stand in a title.
const TITLE: usize = 120;

/// Lists of words: what stands for each value, and under `else` for every other.
pub type Lists = BTreeMap<String, BTreeMap<String, String>>;

/// What the receiver takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// JSON.
    Json,
    /// Text.
    Text,
}

/// A body with holes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    kind: Kind,
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Fixed(String),
    Hole { field: Field, form: Form },
    Word { field: Field, list: BTreeMap<String, String> },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Plain,
    Markdown,
}

/// What can stand in a hole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Field {
    Headline,
    Sentence,
    Risk,
    Id,
    Page,
    State,
    Reason,
    Deadline,
    Asker,
    Server,
    Target,
    What,
    Digest,
    Credentials,
}

/// Why a body cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateFault {
    /// Nothing is called so.
    #[error("nothing stands for `{{{0}}}`; write one of {known}, or `{{{{{0}}}}}` for the text itself", known = Field::all())]
    Unknown(String),
    /// There is no list of this name.
    #[error("`{{{hole}}}` asks for the list `{list}`, which is not among the words; add it, or write `{{{field}}}`")]
    NoList {
        /// The hole.
        hole: String,
        /// The list it names.
        list: String,
        /// What the list would be about.
        field: &'static str,
    },
    /// A list leaves something out.
    #[error("the list `{list}` says nothing for `{value}`; add that word, or `else` for all others")]
    NoWord {
        /// The list.
        list: String,
        /// What it leaves out.
        value: String,
    },
    /// What comes out is not JSON.
    #[error("filled in, this is no JSON: {0}; holes stand inside quotes")]
    NotJson(String),
}

impl Template {
    /// Reads a body, and tries it with everything that can happen.
    pub fn read(text: &str, kind: Kind, lists: &Lists) -> Result<Self, TemplateFault> {
        let mut parts = Vec::new();
        let mut fixed = String::new();
        let mut rest = text;
        while let Some((before, from)) = rest.split_once('{') {
            fixed.push_str(before);
            if let Some((name, after)) = from.strip_prefix('{').and_then(|inner| named(inner, "}}")) {
                fixed.push('{');
                fixed.push_str(name);
                fixed.push('}');
                rest = after;
            } else if let Some((name, after)) = named(from, "}") {
                parts.push(Part::Fixed(std::mem::take(&mut fixed)));
                parts.push(hole(name, lists)?);
                rest = after;
            } else {
                fixed.push('{');
                rest = from;
            }
        }
        fixed.push_str(rest);
        parts.push(Part::Fixed(fixed));
        let template = Self { kind, parts };
        template.tried()?;
        Ok(template)
    }

    /// The body for a message.
    pub fn render(&self, message: &Message) -> String {
        let mut body = String::new();
        for part in &self.parts {
            match part {
                Part::Fixed(text) => body.push_str(text),
                Part::Hole { field, form } => {
                    let text = field.of(message);
                    let text = if *form == Form::Markdown { markdown(&text) } else { text };
                    body.push_str(&self.spelled(&text));
                }
                Part::Word { field, list } => {
                    body.push_str(&self.spelled(word(list, &field.of(message)).unwrap_or_default()));
                }
            }
        }
        body
    }

    /// What the receiver is told that it gets.
    pub const fn media_type(&self) -> &'static str {
        match self.kind {
            Kind::Json => "application/json",
            Kind::Text => "text/plain; charset=utf-8",
        }
    }

    fn spelled(&self, text: &str) -> String {
        match self.kind {
            Kind::Text => text.to_owned(),
            Kind::Json => {
                let quoted = serde_json::Value::from(text).to_string();
                quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or_default().to_owned()
            }
        }
    }

    fn tried(&self) -> Result<(), TemplateFault> {
        if self.kind == Kind::Text {
            return Ok(());
        }
        for message in sample::messages() {
            serde_json::from_str::<serde_json::Value>(&self.render(&message))
                .map_err(|error| TemplateFault::NotJson(error.to_string()))?;
        }
        Ok(())
    }
}

impl Field {
    const ALL: [(&'static str, Self); 14] = [
        ("headline", Self::Headline),
        ("sentence", Self::Sentence),
        ("risk", Self::Risk),
        ("id", Self::Id),
        ("page", Self::Page),
        ("state", Self::State),
        ("reason", Self::Reason),
        ("deadline", Self::Deadline),
        ("asker", Self::Asker),
        ("server", Self::Server),
        ("target", Self::Target),
        ("what", Self::What),
        ("digest", Self::Digest),
        ("credentials", Self::Credentials),
    ];

    fn all() -> String {
        Self::ALL.map(|(name, _)| format!("`{{{name}}}`")).join(", ")
    }

    /// What stands in the hole. Several calls are told of in one sentence, and only what they share is said besides.
    fn of(self, message: &Message) -> String {
        let one = message.matter();
        let of_one = |text: &dyn Fn(&Matter) -> String| one.map(text).unwrap_or_default();
        match self {
            Self::Headline => words::headline(message.what).to_owned(),
            Self::Sentence => match message.matters.as_slice() {
                [] => "Countersign reaches you here; nothing waits because of this.".to_owned(),
                [matter] => words::sentence(matter),
                [first, ..] => format!("{}; and {} more", words::sentence(first), message.count().saturating_sub(1)),
            },
            Self::Risk => words::risk(message).word().to_owned(),
            Self::Id => of_one(&|matter| line(&matter.id, SHORT)),
            Self::Page => message.page().unwrap_or_default(),
            Self::State => of_one(&|matter| matter.state.clone()),
            Self::Reason => of_one(&words::reason),
            Self::Deadline => of_one(&|matter| matter.deadline.clone()),
            Self::Asker => of_one(&words::asker),
            Self::Server => of_one(&|matter| line(&matter.server, SHORT)),
            Self::Target => of_one(&|matter| line(&matter.target, TITLE)),
            Self::What => message.what.word().to_owned(),
            Self::Digest => of_one(&|matter| matter.digest.clone()),
            Self::Credentials => of_one(&|matter| words::credentials(matter).join("; ")),
        }
    }

    /// Everything it can be, where that is a few words.
    fn values(self) -> Option<Vec<&'static str>> {
        match self {
            Self::Risk => Some(sample::RISKS.map(crate::facts::Risk::word).to_vec()),
            Self::What => Some(super::notice::What::ALL.map(super::notice::What::word).to_vec()),
            Self::State => Some([crate::approval::state::State::WORDS.as_slice(), &[""]].concat()),
            _ => None,
        }
    }
}

/// A name that ends like this.
fn named<'a>(text: &'a str, end: &str) -> Option<(&'a str, &'a str)> {
    let (name, after) = text.split_once(end)?;
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | ':' | '_');
    (!name.is_empty() && name.starts_with(|c: char| c.is_ascii_lowercase()) && name.chars().all(plain))
        .then_some((name, after))
}

fn hole(name: &str, lists: &Lists) -> Result<Part, TemplateFault> {
    let field = |wanted: &str| Field::ALL.iter().find(|(known, _)| *known == wanted).copied();
    let unknown = || TemplateFault::Unknown(name.to_owned());
    if let Some((wanted, "markdown")) = name.split_once(':') {
        return Ok(Part::Hole { field: field(wanted).ok_or_else(unknown)?.1, form: Form::Markdown });
    }
    let Some((wanted, list_name)) = name.split_once('.') else {
        return Ok(Part::Hole { field: field(name).ok_or_else(unknown)?.1, form: Form::Plain });
    };
    let (told, field) = field(wanted).ok_or_else(unknown)?;
    let values = field.values().ok_or_else(unknown)?;
    let list = lists.get(list_name).ok_or_else(|| TemplateFault::NoList {
        hole: name.to_owned(),
        list: list_name.to_owned(),
        field: told,
    })?;
    match values.iter().find(|value| word(list, value).is_none()) {
        Some(value) => Err(TemplateFault::NoWord { list: list_name.to_owned(), value: (*value).to_owned() }),
        None => Ok(Part::Word { field, list: list.clone() }),
    }
}

fn word<'a>(list: &'a BTreeMap<String, String>, value: &str) -> Option<&'a str> {
    list.get(value).or_else(|| list.get("else")).map(String::as_str)
}

#[cfg(test)]
pub(in crate::channels) mod tests;

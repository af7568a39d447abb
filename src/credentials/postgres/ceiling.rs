//! What may any role get at most? What the configuration says, relation by relation.
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What can be done with rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "RowVerb")]
pub enum Verb {
    /// Rows are read.
    Select,
    /// Rows are added.
    Insert,
    /// Rows are changed.
    Update,
    /// Rows are removed.
    Delete,
}

/// A relation with its schema, as the database spells them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Relation {
    /// The schema.
    pub schema: String,
    /// The relation; `*` stands for every one, in a ceiling.
    pub name: String,
}

/// What roles may get at most.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ceiling(BTreeMap<Relation, BTreeSet<Verb>>);

/// A text that names no relation.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` names no relation; write schema.relation, such as public.orders or public.*")]
pub struct NoRelation(String);

impl Verb {
    /// As SQL spells it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Select => "select",
            Self::Insert => "insert",
            Self::Update => "update",
            Self::Delete => "delete",
        }
    }

    /// What a word means.
    pub fn of(word: &str) -> Option<Self> {
        [Self::Select, Self::Insert, Self::Update, Self::Delete].into_iter().find(|verb| verb.word() == word)
    }
}

impl Relation {
    /// A relation as it is written, in this schema where it names none. Names without quotes are small letters.
    pub fn of(text: &str, schema: &str) -> Result<Self, NoRelation> {
        let refuse = || NoRelation(text.chars().take(80).collect());
        let parts: Vec<&str> = text.split('.').collect();
        let (schema, name) = match parts.as_slice() {
            [name] => (schema, *name),
            [schema, name] => (*schema, *name),
            _ => return Err(refuse()),
        };
        let fits = |part: &str| !part.is_empty() && part.len() <= 63 && !part.contains(['"', '\0', '*']);
        if !fits(schema) || name != "*" && !fits(name) {
            return Err(refuse());
        }
        Ok(Self { schema: schema.to_owned(), name: name.to_owned() })
    }
}

impl fmt::Display for Relation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.schema, self.name)
    }
}

impl TryFrom<String> for Relation {
    type Error = NoRelation;

    fn try_from(text: String) -> Result<Self, NoRelation> {
        if text.contains('.') { Self::of(&text, "") } else { Err(NoRelation(text)) }
    }
}

impl From<Relation> for String {
    fn from(relation: Relation) -> Self {
        relation.to_string()
    }
}

impl Ceiling {
    /// Of these lines.
    pub fn new(lines: impl IntoIterator<Item = (Relation, BTreeSet<Verb>)>) -> Self {
        Self(lines.into_iter().collect())
    }

    /// What may be done with this relation: what is said of it alone, or else of everything in its schema.
    pub fn of(&self, relation: &Relation) -> BTreeSet<Verb> {
        let every = || Relation { schema: relation.schema.clone(), name: "*".to_owned() };
        self.0.get(relation).or_else(|| self.0.get(&every())).cloned().unwrap_or_default()
    }
}

/// Verbs in words, in one order.
pub fn words(verbs: &BTreeSet<Verb>) -> String {
    verbs.iter().map(|verb| verb.word()).collect::<Vec<_>>().join(", ")
}

//! What stands in a client's file, and where?
//!
//! One tree for every format, with the place of each value in the text: what is edited is the text between two places, so
//! nothing else can change.
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

use std::ops::Range;

/// A value and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// What is replaced when this is replaced.
    pub span: Range<usize>,
    /// What it is.
    pub kind: Kind,
}

/// What a value is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Names and values.
    Map(Vec<Member>),
    /// Values.
    List(Vec<Node>),
    /// A text.
    Text(String),
    /// A number, a truth, nothing: as it is written.
    Plain(String),
}

/// A name and its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The name.
    pub name: String,
    /// From the name to the end of the value.
    pub span: Range<usize>,
    /// The value.
    pub value: Node,
}

impl Node {
    /// Its members, if it has any.
    pub fn members(&self) -> &[Member] {
        match &self.kind {
            Kind::Map(members) => members,
            Kind::List(_) | Kind::Text(_) | Kind::Plain(_) => &[],
        }
    }

    /// Its values, if it is a list.
    pub fn items(&self) -> &[Self] {
        match &self.kind {
            Kind::List(all) => all,
            Kind::Map(_) | Kind::Text(_) | Kind::Plain(_) => &[],
        }
    }

    /// Whether it has names and values.
    pub const fn is_map(&self) -> bool {
        matches!(self.kind, Kind::Map(_))
    }

    /// The value of a name. Of two with the same name the last counts, as for every client.
    pub fn get(&self, name: &str) -> Option<&Self> {
        self.members().iter().rev().find(|member| member.name == name).map(|member| &member.value)
    }

    /// What a path of names leads to.
    pub fn at<'a>(&self, path: impl IntoIterator<Item = &'a str>) -> Option<&Self> {
        path.into_iter().try_fold(self, Self::get)
    }

    /// Its text, if it is one; numbers as they are written.
    pub fn text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Text(text) | Kind::Plain(text) => Some(text),
            Kind::Map(_) | Kind::List(_) => None,
        }
    }

    /// Its texts, if it is a list of them.
    pub fn texts(&self) -> Option<Vec<String>> {
        match &self.kind {
            Kind::List(all) => all.iter().map(|one| one.text().map(str::to_owned)).collect(),
            Kind::Map(_) | Kind::Text(_) | Kind::Plain(_) => None,
        }
    }

    /// Its names and texts, if it has only such.
    pub fn pairs(&self) -> Option<Vec<(String, String)>> {
        let pair = |member: &Member| Some((member.name.clone(), member.value.text()?.to_owned()));
        if self.is_map() { self.members().iter().map(pair).collect() } else { None }
    }

    /// Whether both say the same, wherever they stand and in whatever order their names are.
    pub fn says(&self, other: &Self) -> bool {
        match (&self.kind, &other.kind) {
            (Kind::Map(ours), Kind::Map(theirs)) => {
                ours.len() == theirs.len()
                    && ours.iter().all(|member| other.get(&member.name).is_some_and(|value| member.value.says(value)))
            }
            (Kind::List(ours), Kind::List(theirs)) => {
                ours.len() == theirs.len() && ours.iter().zip(theirs).all(|(one, other)| one.says(other))
            }
            (ours, theirs) => ours == theirs,
        }
    }
}

//! What is taken out before something is sent, shown or written down?
//!
//! A policy names places by pointers and says what stands there afterwards. A pointer that meets nothing changes
//! nothing; one that cannot be followed for certain is an error, and whoever asked must then send and show nothing. A
//! pointer goes on below a text that holds JSON: the text is read strictly, changed and written again; every other part
//! of a value stays byte for byte what it was.
//!
//! A pattern is looked for in every text and number below its place and in the names of members, also inside embedded
//! JSON, where it meets what the text means and not how it is escaped.
//!
//! A mask never fails: where it cannot go on it covers the whole of what it stands before.

mod embedded;
mod mirror;
mod place;
mod walk;

use std::collections::BTreeSet;

use regex::{NoExpand, Regex};

use crate::digest::Digest;
use crate::policy::finding::change::{self as said, Change, MASKED};
use crate::wire::json::{Object, Value};
use crate::wire::reader::Limits;

pub use mirror::{content_key, in_result, is_bare};
pub use place::{Place, Step};

use walk::{Fate, Walk};

/// A text shorter than this is too ordinary to be looked for where no pointer leads.
const TELLING: usize = 6;
/// More different texts than this are not looked for elsewhere.
const MOST_TAKEN: usize = 20_000;
/// How many texts are looked for in one go.
const AT_ONCE: usize = 256;

/// One change, ready to be made.
#[derive(Clone, Debug)]
pub struct Edit {
    place: Place,
    steps: Vec<Step>,
    how: How,
    pattern: Option<Regex>,
}

/// What stands at a place afterwards.
#[derive(Clone, Debug)]
pub enum How {
    /// This text.
    Replace(String),
    /// Nothing.
    Remove,
    /// A mark, equal for equal values.
    Mask(Mask),
}

/// What makes marks. Whoever does not have the key cannot try out which value a mark stands for. Without a key all marks
/// are alike.
#[derive(Clone, Default)]
pub struct Mask(Option<[u8; 32]>);

/// What was changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Pointers to the places, from the root the policy counts from.
    pub at: BTreeSet<String>,
    /// Texts that stood there.
    taken: BTreeSet<String>,
}

/// Why a change cannot be made for certain.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unapplied {
    /// The pointer names something that cannot be changed.
    #[error(
        "`{0}` names nothing that can be changed; it begins with /call/arguments, /result/content, /result/structured or /result/text"
    )]
    Place(String),
    /// The pattern is none.
    #[error("the pattern cannot be used: {0}")]
    Pattern(String),
    /// A pointer goes on below a text that is not JSON, or is JSON that can be read two ways.
    #[error("the text at {0} is not JSON that means one thing only, so the pointer cannot be followed into it")]
    NotJson(String),
    /// What the pattern looks for stands there in escapes that were not undone.
    #[error("the text at {0} holds what is looked for in escaped form, outside of JSON that can be read")]
    Escaped(String),
    /// JSON in a text in JSON in a text, without end.
    #[error("the text at {0} holds JSON within JSON, too deep to follow")]
    TooDeep(String),
    /// The change makes something of another kind where only one kind can stand.
    #[error("{0} cannot be replaced or removed as a whole")]
    Whole(String),
    /// The changed value is too large, or too much would have to be looked for.
    #[error("the change makes or finds too much")]
    TooMuch,
}

impl Mask {
    /// With a key nobody else has.
    pub const fn new(key: [u8; 32]) -> Self {
        Self(Some(key))
    }

    /// The mark for a text.
    pub fn mark(&self, text: &str) -> String {
        let Some(key) = &self.0 else { return MASKED.to_owned() };
        let mut keyed = key.to_vec();
        keyed.extend_from_slice(text.as_bytes());
        let digest = Digest::of_bytes("mask", &keyed);
        let mut mark = format!("{MASKED} ");
        for byte in digest.as_bytes().iter().take(8) {
            crate::digest::push_hex(*byte, &mut mark);
        }
        mark
    }
}

impl std::fmt::Debug for Mask {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Mask")
    }
}

impl Edit {
    /// Reads where a change is made and what it looks for there.
    pub fn new(path: &str, how: How, pattern: Option<&str>) -> Result<Self, Unapplied> {
        let (place, steps) = place::read(path).ok_or_else(|| Unapplied::Place(path.to_owned()))?;
        let pattern = pattern.map(Regex::new).transpose();
        let pattern = pattern.map_err(|error| Unapplied::Pattern(error.to_string()))?;
        Ok(Self { place, steps, how, pattern })
    }

    /// What a rule wants sent or passed on.
    pub fn of(change: &Change) -> Result<Self, Unapplied> {
        let how = match &change.how {
            said::How::Replace(with) => How::Replace(with.clone()),
            said::How::Remove => How::Remove,
        };
        Self::with(change, how)
    }

    /// The same place, covered for those who read what happened.
    pub fn masking(change: &Change, mask: &Mask) -> Result<Self, Unapplied> {
        Self::with(change, How::Mask(mask.clone()))
    }

    fn with(change: &Change, how: How) -> Result<Self, Unapplied> {
        let pattern = change.pattern.as_ref().map(|pattern| pattern.regex().clone());
        Ok(Self { pattern, ..Self::new(&change.path.to_string(), how, None)? })
    }

    /// What is changed: arguments, or which part of a result.
    pub const fn place(&self) -> Place {
        self.place
    }

    /// The text with every match of the pattern changed.
    fn matched(&self, pattern: &Regex, text: &str) -> String {
        match &self.how {
            How::Replace(with) => pattern.replace_all(text, NoExpand(with)).into_owned(),
            How::Remove => pattern.replace_all(text, NoExpand("")).into_owned(),
            How::Mask(mask) => {
                let each = |found: &regex::Captures<'_>| mask.mark(found.get(0).map_or("", |whole| whole.as_str()));
                pattern.replace_all(text, each).into_owned()
            }
        }
    }

    /// What stands in the place of a value; none when nothing does.
    fn instead_of(&self, value: &Value) -> Option<Value> {
        match &self.how {
            How::Replace(with) => Some(Value::from(with.as_str())),
            How::Remove => None,
            How::Mask(mask) => Some(Value::from(mask.mark(&crate::digest::canonical(value)))),
        }
    }
}

/// Changes the arguments among a call's parameters. After an error they are no good for anything.
pub fn in_arguments(edits: &[Edit], params: &mut Object) -> Result<Changes, Unapplied> {
    let mut changes = Changes::default();
    for edit in edits.iter().filter(|edit| edit.place == Place::Arguments) {
        let Some(arguments) = params.get_mut("arguments") else { continue };
        let mut walk = Walk::new(edit, Place::Arguments.pointer(), &mut changes);
        let fate = walk.go(arguments, &edit.steps)?;
        let whole = || Unapplied::Whole(Place::Arguments.pointer().to_owned());
        match (fate, &edit.how, arguments.as_object()) {
            (Fate::Drop, ..) => *arguments = Value::Object(Object::new()),
            (Fate::Keep, How::Replace(_) | How::Remove, None) => return Err(whole()),
            (Fate::Keep, ..) => {}
        }
    }
    within_bounds(params.get("arguments"), changes)
}

/// Covers all arguments of a call.
pub fn all_arguments(mask: &Mask, params: &mut Object) -> Changes {
    let mut changes = Changes::default();
    if let Some(arguments) = params.get_mut("arguments") {
        changes.take(arguments);
        changes.at.insert(Place::Arguments.pointer().to_owned());
        *arguments = Value::from(mask.mark(&crate::digest::canonical(arguments)));
    }
    changes
}

impl Changes {
    /// Whether nothing was changed.
    pub fn is_none(&self) -> bool {
        self.at.is_empty()
    }

    /// A text about the value, without what was taken out of it.
    pub fn scrubbed(&self, text: &str) -> String {
        let mut left = text.to_owned();
        // The longest first, so that no part of a longer one is left over.
        let mut taken: Vec<&String> = self.taken.iter().collect();
        taken.sort_by_key(|text| std::cmp::Reverse(text.len()));
        for text in taken {
            if left.contains(text.as_str()) {
                left = left.replace(text.as_str(), MASKED);
            }
        }
        left
    }

    /// What was taken out, as patterns to look for elsewhere.
    fn patterns(&self) -> Result<Vec<Regex>, Unapplied> {
        if self.taken.len() > MOST_TAKEN {
            return Err(Unapplied::TooMuch);
        }
        let mut taken: Vec<&String> = self.taken.iter().collect();
        taken.sort_by_key(|text| std::cmp::Reverse(text.len()));
        let spelled = |text: &&String| {
            let escaped = regex::escape(text);
            // A number is only looked for as a whole one.
            if text.bytes().all(|byte| byte.is_ascii_digit()) { format!(r"\b{escaped}\b") } else { escaped }
        };
        let chunks = taken.chunks(AT_ONCE).map(|some| some.iter().map(spelled).collect::<Vec<_>>().join("|"));
        let build = |text: String| regex::RegexBuilder::new(&text).size_limit(64 << 20).build();
        chunks.map(build).collect::<Result<_, _>>().map_err(|_| Unapplied::TooMuch)
    }

    /// Remembers the texts of a value that goes.
    fn take(&mut self, value: &Value) {
        match value {
            Value::String(text) => {
                self.take_text(text);
                if let Some(inner) = embedded::container(text) {
                    self.take(&inner);
                }
            }
            Value::Number(number) => self.take_text(number.as_str()),
            Value::Array(items) => items.iter().for_each(|item| self.take(item)),
            Value::Object(members) => members.iter().for_each(|(_, value)| self.take(value)),
            Value::Null | Value::Bool(_) => {}
        }
    }

    fn take_text(&mut self, text: &str) {
        if text.chars().take(TELLING).count() == TELLING && !self.taken.contains(text) {
            self.taken.insert(text.to_owned());
        }
    }
}

fn within_bounds(value: Option<&Value>, changes: Changes) -> Result<Changes, Unapplied> {
    let fits = changes.is_none() || value.is_none_or(|value| value.weight() <= Limits::REPLY.bytes);
    if fits { Ok(changes) } else { Err(Unapplied::TooMuch) }
}

#[cfg(test)]
mod tests;

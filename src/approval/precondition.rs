//! Is what people were shown of a call's effect still so when the call is sent?
//!
//! Before people are asked, the server is: how many rows would this touch? What it says stands on the card, and is compared
//! with what it says at the claim. That narrows the time in which the world can change behind people's backs; it does not
//! close it, because the call itself comes after the second question.
//!
//! What was seen is kept as it may be shown, with its digest and, where it is a number nobody covers, the number. The book
//! has the digest alone, and that names the call too, so that equal answers to two calls do not look equal.

pub mod measure;

use serde::{Deserialize, Serialize};

use super::row;
use crate::call::CallId;
use crate::digest::{Digest, canonical};
use crate::object;
use crate::policy::finding::change::MASKED;
use crate::policy::finding::pointer::{Pointer, Step};
use crate::policy::finding::preview::Preview;
use crate::wire::json::Value;
use crate::wire::reader::{Limits, lenient};
use measure::Measure;

/// No more previews are made for one call.
pub const MOST: usize = 4;
/// So many bytes of what was seen are shown; of more, the digest.
const LONGEST: usize = 4 << 10;
/// So much of it stands in a sentence.
const QUOTED: usize = 120;

/// What was asked of the server for people, and what it said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Precondition {
    /// Who wanted to know: `policy/id`.
    pub finding: String,
    /// The server that was asked.
    pub server: String,
    /// What.
    pub preview: Preview,
    /// Names the call by which it was asked; nothing where none was made.
    #[serde(deserialize_with = "row::nullable")]
    pub call: Option<CallId>,
    /// What it said.
    pub seen: Seen,
}

/// What a server said to a preview.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Seen {
    /// This.
    Value(Taken),
    /// Nothing that counts, and why.
    Nothing {
        /// In words.
        why: String,
    },
}

/// A part of a result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Taken {
    /// Names it together with the call that waits.
    pub digest: Digest,
    /// The number it is, if it is one and nobody covers it.
    #[serde(deserialize_with = "row::nullable")]
    pub number: Option<Measure>,
    /// What people see of it, as JSON; nothing where that is too much.
    #[serde(deserialize_with = "row::nullable")]
    pub shown: Option<String>,
}

/// What is not any more what people were shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unlike {
    /// For people and the agent: both values.
    pub words: String,
    /// For the book: both digests.
    pub sealed: String,
}

impl Precondition {
    /// Whether what is seen now may stand in the place of what people were shown. What nobody could see then is not compared.
    pub fn compare(&self, now: &Seen) -> Result<(), Unlike> {
        let Seen::Value(then) = &self.seen else { return Ok(()) };
        let Preview { tool, may_differ, .. } = &self.preview;
        match now {
            Seen::Value(now) if then.holds(now, *may_differ) => Ok(()),
            Seen::Value(now) => Err(Unlike {
                words: format!(
                    "`{tool}` said {} when people were asked, and says {} now",
                    then.in_words(),
                    now.in_words()
                ),
                sealed: format!(
                    "what `{tool}` says is not what people were shown: {} then, {} now",
                    then.digest, now.digest
                ),
            }),
            Seen::Nothing { why } => Err(Unlike {
                words: format!(
                    "`{tool}` said {} when people were asked, and what it says now cannot be told: {why}",
                    then.in_words()
                ),
                sealed: format!("what `{tool}` says cannot be told any more; it was {}", then.digest),
            }),
        }
    }
}

impl Seen {
    /// Nothing that counts.
    pub fn nothing(why: impl Into<String>) -> Self {
        Self::Nothing { why: why.into() }
    }

    /// The part of a result that counts. `covered` is the same result as people may see it.
    pub fn of(waits: &CallId, take: Option<&Pointer>, (result, covered): (&Value, &Value)) -> Self {
        let Some(value) = part(result, take) else {
            let place = take.map_or_else(|| "content".to_owned(), ToString::to_string);
            return Self::nothing(format!("the result has nothing at {place}"));
        };
        let shown = part(covered, take).unwrap_or_else(|| Value::from(MASKED));
        let bare = shown == value;
        let number = Measure::of(&value);
        // Numbers that are equal have one name, however they are written.
        let named = number.as_ref().map_or_else(|| canonical(&value), Measure::name);
        let digest = Digest::of_object("seen", &object! { "call" => waits.as_str(), "value" => named });
        let shown = Some(shown.to_string()).filter(|shown| shown.len() <= LONGEST);
        Self::Value(Taken { digest, number: number.filter(|_| bare), shown })
    }
}

impl Taken {
    fn holds(&self, now: &Self, may_differ: u32) -> bool {
        if self.digest == now.digest {
            return true;
        }
        let numbers = self.number.as_ref().zip(now.number.as_ref());
        numbers.is_some_and(|(then, now)| then.is_within(now, may_differ))
    }

    /// What people see of it, in a sentence.
    pub fn in_words(&self) -> String {
        if let Some(number) = &self.number {
            return number.in_words();
        }
        match &self.shown {
            Some(shown) if shown.chars().count() <= QUOTED => shown.clone(),
            Some(shown) => format!("{}…", shown.chars().take(QUOTED).collect::<String>()),
            None => format!("more than {LONGEST} bytes ({})", self.digest),
        }
    }
}

/// Follows a pointer, also into texts that are JSON: many servers answer in no other way.
fn part(result: &Value, take: Option<&Pointer>) -> Option<Value> {
    take.map_or_else(|| result.get("content").cloned(), |take| below(result, take.steps()))
}

fn below(value: &Value, steps: &[Step]) -> Option<Value> {
    let Some((step, rest)) = steps.split_first() else { return Some(value.clone()) };
    let Step::Name(name) = step else { return None };
    match value {
        Value::Object(members) => below(members.get(name)?, rest),
        Value::Array(items) => below(items.get(name.parse::<usize>().ok()?)?, rest),
        Value::String(text) => match lenient(text.as_bytes(), &Limits::REPLY).ok()? {
            // A text in a text is no place anybody means.
            Value::String(_) => None,
            inner => below(&inner, steps),
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests;

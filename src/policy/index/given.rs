//! What does one input say about a statement, before anybody runs it?

use std::collections::BTreeSet;

use regorus::Value;
use regorus::unstable::BoolOp;

use crate::policy::footprint::{Glance, inside};
use crate::policy::input::Key;

/// What is known of a statement, or of all statements of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Truth {
    /// It does not hold, and does not fail either.
    No,
    /// It holds.
    Yes,
    /// It holds or not, and does not fail.
    Open,
    /// It may fail.
    Unclear,
}

/// What one input shows. Of a result that has not come yet nothing is known.
#[derive(Clone, Copy, Debug)]
pub struct Sight<'s> {
    /// What rules are picked by.
    pub key: &'s Key,
    /// Parts of the input.
    pub glance: &'s Glance<'s>,
    /// Whether there is a result in it, if there will be one.
    pub result: Shown,
    /// What a list is walked by.
    pub item: Option<&'s Value>,
}

/// Whether a part of the input is there to be looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// It is.
    Now,
    /// It will be.
    Later,
}

/// A statement that can be looked up.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Test {
    /// A part of the input, by the number of its place.
    At(usize, Wanted),
    /// It cannot fail, and is undefined unless there is something at each of these places.
    Needs(BTreeSet<usize>),
    /// A part of what a list is walked by.
    Item(Vec<Value>, Wanted),
    /// All of these, for one item of the list at this place at least. Then it may still fail.
    Walk(usize, Vec<Self>),
    /// One of the ways something comes about; without any it never does.
    Any(Vec<super::Condition>),
    /// The opposite.
    Not(Box<Self>),
}

/// What is wanted of a part of the input.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Wanted {
    /// Anything but `false`.
    True,
    /// A list that is counted: one with something in it. Counting what has no length fails.
    Counted,
    /// The same, with nothing in it.
    Empty,
    /// This is among its items.
    Has(Value),
    /// This comparison with it on the left.
    Is(BoolOp, Value),
    /// One of these.
    In(BTreeSet<Value>),
    /// A name in this object, of something that is not `false`.
    Names(Value),
}

impl Test {
    /// What no input makes true.
    pub(super) const fn never() -> Self {
        Self::Any(Vec::new())
    }

    pub(super) fn truth(&self, sight: &Sight<'_>) -> Truth {
        match self {
            Self::At(place, wanted) => match sight.at(*place) {
                Ok(value) => wanted.truth(value),
                Err(later) => later,
            },
            Self::Needs(places) => {
                let gone = |place: &usize| matches!(sight.at(*place), Ok(Value::Undefined));
                if places.iter().any(gone) { Truth::No } else { Truth::Open }
            }
            Self::Item(path, wanted) => {
                sight.item.map_or(Truth::Unclear, |item| wanted.truth(inside(item, path).unwrap_or(&Value::Undefined)))
            }
            Self::Walk(place, tests) => match sight.at(*place) {
                Ok(value) => walk(value, |item| {
                    let sight = Sight { item: Some(item), ..*sight };
                    all(tests.iter().map(|test| test.truth(&sight)))
                }),
                Err(later) => later,
            },
            Self::Any(ways) => any(ways.iter().map(|way| way.truth(sight))),
            Self::Not(test) => match test.truth(sight) {
                Truth::No => Truth::Yes,
                Truth::Yes => Truth::No,
                other => other,
            },
        }
    }

    /// Whether it never fails, whatever the input is.
    pub(super) fn is_safe(&self) -> bool {
        match self {
            Self::At(_, wanted) | Self::Item(_, wanted) => !matches!(wanted, Wanted::Counted | Wanted::Empty),
            Self::Walk(..) => false,
            Self::Needs(_) => true,
            Self::Any(ways) => ways.iter().all(super::Condition::is_safe),
            Self::Not(test) => test.is_safe(),
        }
    }
}

impl<'s> Sight<'s> {
    fn at(&self, place: usize) -> Result<&'s Value, Truth> {
        let late = self.result == Shown::Later && self.glance.is_below(place, &["result", "phase"]);
        // A list that is counted might be none.
        if late { Err(Truth::Unclear) } else { Ok(self.glance.at(place)) }
    }
}

impl Wanted {
    fn truth(&self, value: &Value) -> Truth {
        if *value == Value::Undefined {
            return Truth::No;
        }
        let known = |holds| if holds { Truth::Yes } else { Truth::No };
        match self {
            Self::True => known(*value != Value::Bool(false)),
            Self::Counted => is_empty(value).map_or(Truth::Unclear, |empty| known(!empty)),
            Self::Empty => is_empty(value).map_or(Truth::Unclear, known),
            Self::Has(item) => known(match value {
                Value::Array(items) => items.contains(item),
                Value::Set(items) => items.contains(item),
                Value::Object(members) => members.values().any(|member| member == item),
                _ => false,
            }),
            Self::Is(op, other) => known(match op {
                BoolOp::Lt => value < other,
                BoolOp::Le => value <= other,
                BoolOp::Eq => value == other,
                BoolOp::Ge => value >= other,
                BoolOp::Gt => value > other,
                BoolOp::Ne => value != other,
            }),
            Self::In(items) => known(items.contains(value)),
            // A number may be made a text first.
            Self::Names(_) if matches!(value, Value::Number(_)) => Truth::Open,
            Self::Names(members) => {
                let member = members.as_object().ok().and_then(|members| members.get(value));
                known(member.is_some_and(|member| *member != Value::Bool(false)))
            }
        }
    }
}

/// Longer lists are left to the interpreter.
const LONGEST: usize = 32;

/// Whether no item holds. Nothing else is known: what comes behind may fail.
fn walk<'v>(list: &'v Value, holds: impl Fn(&'v Value) -> Truth) -> Truth {
    let none = match list {
        Value::Undefined => true,
        Value::Array(items) if items.len() <= LONGEST => items.iter().all(|item| holds(item) == Truth::No),
        Value::Set(items) if items.len() <= LONGEST => items.iter().all(|item| holds(item) == Truth::No),
        Value::Object(members) if members.len() <= LONGEST => members.values().all(|item| holds(item) == Truth::No),
        _ => false,
    };
    if none { Truth::No } else { Truth::Unclear }
}

fn is_empty(value: &Value) -> Option<bool> {
    match value {
        Value::Array(items) => Some(items.is_empty()),
        Value::Set(items) => Some(items.is_empty()),
        Value::Object(members) => Some(members.is_empty()),
        _ => None,
    }
}

/// All of them, one after the other: what comes behind one that does not hold is not run.
pub(super) fn all(truths: impl Iterator<Item = Truth>) -> Truth {
    let mut together = Truth::Yes;
    for truth in truths {
        match truth {
            Truth::No | Truth::Unclear => return truth,
            Truth::Open => together = Truth::Open,
            Truth::Yes => {}
        }
    }
    together
}

/// Any of them; each is run.
fn any(truths: impl Iterator<Item = Truth>) -> Truth {
    let mut together = Truth::No;
    for truth in truths {
        together = match (truth, together) {
            (Truth::Unclear, _) => return Truth::Unclear,
            (Truth::Yes, _) | (_, Truth::Yes) => Truth::Yes,
            (Truth::Open, _) => Truth::Open,
            (Truth::No, before) => before,
        };
    }
    together
}

//! What else in a result says the same?
//!
//! Tools that give structured content repeat it as text, whole or piece by piece, and a change at one place must not
//! leave the other as it was. Three things are done, in this order:
//!
//! 1. A text block that says the same as a part of the structured content is changed as that part is, and the other way
//!    round. Same means the same JSON, whatever its spaces, or the same text.
//! 2. What was taken out at one place, when it is telling enough (six characters), is taken out wherever else it stands
//!    in the result: in prose, in links, in members no rule sees.
//! 3. Shorter values that stand in prose only cannot be told from ordinary words; they stay. A rule that must not let them
//!    pass withholds the result.

use super::walk::{Fate, Walk};
use super::{Changes, Edit, How, Place, Step, Unapplied, embedded, within_bounds};
use crate::wire::json::{Object, Value};

/// Where a result keeps its parts.
const CONTENTS: [&str; 3] = ["content", "contents", "messages"];
const STRUCTURED: &str = "structuredContent";

/// Changes a result. After an error it is no good for anything.
pub fn in_result(edits: &[Edit], result: &mut Object) -> Result<Changes, Unapplied> {
    let mut changes = Changes::default();
    for edit in edits {
        match edit.place {
            Place::Arguments => {}
            Place::Result => whole(edit, result, &mut changes)?,
            Place::Structured => structured(edit, result, &mut changes)?,
            Place::Content | Place::Text => content(edit, result, &mut changes)?,
        }
    }
    everywhere(edits, result, &mut changes)?;
    let whole = Value::Object(std::mem::take(result));
    let changes = within_bounds(Some(&whole), changes);
    if let Value::Object(whole) = whole {
        *result = whole;
    }
    changes
}

/// Where the content of a result stands; none when a result has none and is structured as a whole.
pub fn content_key(result: &Object) -> Option<&'static str> {
    CONTENTS.into_iter().find(|key| result.get(key).is_some_and(|content| content.as_array().is_some()))
}

/// Whether a result without content is itself what is structured.
pub fn is_bare(result: &Object) -> bool {
    content_key(result).is_none() && !result.contains(STRUCTURED)
}

/// A pattern in all of a result. All of it cannot become something else: that is what withholding is for.
fn whole(edit: &Edit, result: &mut Object, changes: &mut Changes) -> Result<(), Unapplied> {
    if edit.pattern.is_none() {
        return Err(Unapplied::Whole(Place::Result.pointer().to_owned()));
    }
    in_object(edit, &[], Place::Result, result, changes).map(drop)
}

fn structured(edit: &Edit, result: &mut Object, changes: &mut Changes) -> Result<(), Unapplied> {
    if is_bare(result) {
        if edit.steps.is_empty() && edit.pattern.is_none() {
            return Err(Unapplied::Whole(Place::Structured.pointer().to_owned()));
        }
        return in_object(edit, &edit.steps, Place::Structured, result, changes).map(drop);
    }
    let Some(place) = result.get_mut(STRUCTURED) else { return Ok(()) };
    let before = place.clone();
    if Walk::new(edit, Place::Structured.pointer(), changes).go(place, &edit.steps)? == Fate::Drop {
        drop(result.remove(STRUCTURED));
    }
    let Some(blocks) = content_key(result).and_then(|key| result.get_mut(key)) else { return Ok(()) };
    texts(blocks, "/result/content", &mut |text, at| {
        let mut said = embedded::container(text).unwrap_or_else(|| Value::from(text.as_str()));
        let Some(rest) = reached(&before, &edit.steps, &said) else { return Ok(()) };
        let fate = Walk::new(edit, at, changes).go(&mut said, rest)?;
        *text = match (fate, said) {
            (Fate::Drop, _) => String::new(),
            (Fate::Keep, Value::String(said)) => said,
            (Fate::Keep, said) => said.to_string(),
        };
        Ok(())
    })
}

/// The steps that are left where the structured content says the same as a text; below the end of the pointer it is the
/// end of the pointer.
fn reached<'s>(value: &Value, steps: &'s [Step], said: &Value) -> Option<&'s [Step]> {
    if same(value, said) {
        return Some(steps);
    }
    let rest = steps.split_first();
    match value {
        Value::Object(members) => members.iter().find_map(|(name, value)| match rest {
            Some((step, rest)) => step.meets(name).then(|| reached(value, rest, said))?,
            None => reached(value, steps, said),
        }),
        Value::Array(items) => items.iter().enumerate().find_map(|(at, value)| match rest {
            Some((step, rest)) => step.counts(at).then(|| reached(value, rest, said))?,
            None => reached(value, steps, said),
        }),
        _ => None,
    }
}

fn content(edit: &Edit, result: &mut Object, changes: &mut Changes) -> Result<(), Unapplied> {
    let Some(key) = content_key(result) else { return Ok(()) };
    let Some(blocks) = result.get_mut(key) else { return Ok(()) };
    let before = blocks.clone();
    if edit.place == Place::Text {
        texts(blocks, Place::Content.pointer(), &mut |text, at| {
            let mut value = Value::String(std::mem::take(text));
            if Walk::new(edit, at, changes).go(&mut value, &[])? == Fate::Keep
                && let Value::String(changed) = value
            {
                *text = changed;
            }
            Ok(())
        })?;
    } else if Walk::new(edit, Place::Content.pointer(), changes).go(blocks, &edit.steps)? == Fate::Drop {
        *blocks = Value::Array(Vec::new());
    }
    if !matches!(blocks, Value::Array(_)) {
        return Err(Unapplied::Whole(Place::Content.pointer().to_owned()));
    }
    // Blocks that went have no place any more to be compared with, so texts are compared by what they say.
    let (mut said, mut says) = (before, blocks.clone());
    let (said, says) = (collected(&mut said)?, collected(&mut says)?);
    let Some(structured) = result.get_mut(STRUCTURED) else { return Ok(()) };
    if said.len() == says.len() {
        for (before, after) in said.iter().zip(&says).filter(|(before, after)| before != after) {
            follow(structured, before, after, edit, changes);
        }
    } else {
        for before in said.iter().filter(|before| !says.contains(before)) {
            follow(structured, before, "", edit, changes);
        }
    }
    Ok(())
}

/// Lets the structured content say what a text says now wherever it said what that text said before.
fn follow(structured: &mut Value, before: &str, after: &str, edit: &Edit, changes: &mut Changes) {
    let read = |text: &str| embedded::container(text).unwrap_or_else(|| Value::from(text));
    let (before, after) = (read(before), read(after));
    let emptied = matches!(edit.how, How::Remove) && after.as_str() == Some("");
    let after = if emptied { Value::Null } else { after };
    replace(structured, &before, &after, &mut Place::Structured.pointer().to_owned(), changes);
}

fn replace(value: &mut Value, before: &Value, after: &Value, at: &mut String, changes: &mut Changes) {
    if same(value, before) {
        *value = after.clone();
        changes.at.insert(at.clone());
        return;
    }
    let mut below = |name: &str, value: &mut Value| {
        let length = at.len();
        at.push('/');
        at.push_str(&super::place::escaped(name));
        replace(value, before, after, at, changes);
        at.truncate(length);
    };
    match value {
        Value::Object(members) => {
            let names: Vec<String> = members.iter().map(|(name, _)| name.to_owned()).collect();
            names.iter().zip(members.values_mut()).for_each(|(name, value)| below(name, value));
        }
        Value::Array(items) => {
            items.iter_mut().enumerate().for_each(|(number, value)| below(&number.to_string(), value));
        }
        _ => {}
    }
}

/// Takes what was taken out of its places out of everything else.
fn everywhere(edits: &[Edit], result: &mut Object, changes: &mut Changes) -> Result<(), Unapplied> {
    let how = edits.iter().find(|edit| edit.place != Place::Arguments).map(|edit| edit.how.clone());
    let Some(how) = how.filter(|_| !changes.is_none()) else { return Ok(()) };
    for pattern in changes.patterns()? {
        let edit = Edit { place: Place::Result, steps: Vec::new(), how: how.clone(), pattern: Some(pattern) };
        in_object(&edit, &[], Place::Result, result, changes)?;
    }
    Ok(())
}

fn in_object(
    edit: &Edit,
    steps: &[Step],
    place: Place,
    object: &mut Object,
    changes: &mut Changes,
) -> Result<Fate, Unapplied> {
    let mut value = Value::Object(std::mem::take(object));
    let fate = Walk::new(edit, place.pointer(), changes).go(&mut value, steps);
    if let Value::Object(changed) = value {
        *object = changed;
    }
    fate
}

fn collected(blocks: &mut Value) -> Result<Vec<String>, Unapplied> {
    let mut found = Vec::new();
    texts(blocks, "", &mut |text, _| {
        found.push(text.clone());
        Ok(())
    })?;
    Ok(found)
}

/// What is done with a text and its pointer.
type Each<'a> = &'a mut dyn FnMut(&mut String, &str) -> Result<(), Unapplied>;

/// Every text block, whichever kind of result it stands in.
fn texts(value: &mut Value, at: &str, each: Each<'_>) -> Result<(), Unapplied> {
    match value {
        Value::Array(items) => {
            for (number, item) in items.iter_mut().enumerate() {
                texts(item, &format!("{at}/{number}"), each)?;
            }
            Ok(())
        }
        Value::Object(block) => {
            if let Some(Value::String(text)) = block.get_mut("text") {
                each(text, &format!("{at}/text"))?;
            }
            for name in ["resource", "content"] {
                if let Some(inner) = block.get_mut(name) {
                    texts(inner, &format!("{at}/{name}"), each)?;
                }
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

/// Whether two values say the same, whatever the order of members and the spelling of numbers.
fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => one == other || one.as_f64() == other.as_f64(),
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            let found = |(name, value): (&str, &Value)| other.get(name).is_some_and(|other| same(value, other));
            one.len() == other.len() && one.iter().all(found)
        }
        (one, other) => one == other,
    }
}

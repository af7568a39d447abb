//! What may a session do for this call? A policy of the operator, with what the call names in the places that were left for it.
//!
//! A session policy only takes away: a session can do what both it and the role allow. What comes from the call stands inside
//! one text and can neither end it nor mean more than itself: a value with a wildcard or a variable of Amazon's is refused, and
//! so is one with `/` or `:` where it could lead elsewhere than the text around it says.
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

use serde_json::{Map, Value};

use crate::policy::finding::pointer::{Pointer, Step};
use crate::visible::harmless;
use crate::wire::json::{Object, Value as Argument};

/// Amazon takes no longer one.
const LONGEST: usize = 2048;

/// A session policy whose resources and conditions may have places such as `{/bucket}`.
#[derive(Clone, Debug, PartialEq)]
pub struct Template(Value);

/// A policy for one call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filled {
    /// As it is sent.
    pub text: String,
    /// For people, statement by statement.
    pub reaches: Vec<String>,
}

/// Why a text is no template; says what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NoTemplate(String);

impl Template {
    /// Reads JSON. Statements say `Effect`, `Action` and `Resource`, so that people can be told what they reach.
    pub fn parse(text: &str) -> Result<Self, NoTemplate> {
        let value: Value = serde_json::from_str(text).map_err(|error| NoTemplate(format!("it is no JSON: {error}")))?;
        known(&value, &["Version", "Id", "Statement"])?;
        let statements = statements(&value);
        if statements.is_empty() {
            return Err(NoTemplate("it has no `Statement`".to_owned()));
        }
        for statement in statements {
            let statement = known(statement, &["Sid", "Effect", "Action", "Resource", "Condition"])?;
            if !matches!(statement.get("Effect").and_then(Value::as_str), Some("Allow" | "Deny")) {
                return Err(NoTemplate("a statement has an `Effect`: `Allow` or `Deny`".to_owned()));
            }
            for key in ["Action", "Resource"] {
                if texts(statement.get(key)).is_none_or(|texts| texts.is_empty()) {
                    return Err(NoTemplate(format!("a statement has `{key}`: a text or a list of texts")));
                }
            }
            for (key, value) in statement {
                holes(value, matches!(key.as_str(), "Resource" | "Condition"))?;
            }
        }
        Ok(Self(value))
    }

    /// The policy for a call with these arguments; or why there is none.
    pub fn fill(&self, arguments: Option<&Object>) -> Result<Filled, String> {
        let mut value = self.0.clone();
        fill_all(&mut value, arguments)?;
        let text = value.to_string();
        if text.chars().count() > LONGEST {
            return Err(format!("the session policy is longer than the {LONGEST} characters Amazon takes"));
        }
        if text.chars().any(|c| c > '\u{ff}') {
            return Err("the session policy holds a character that Amazon takes in none (beyond U+00FF)".to_owned());
        }
        let reaches = statements(&value).into_iter().map(sentence).collect();
        Ok(Filled { text, reaches })
    }
}

fn known<'a>(value: &'a Value, keys: &[&str]) -> Result<&'a Map<String, Value>, NoTemplate> {
    let object = value.as_object().ok_or_else(|| NoTemplate("a policy and its statements are objects".to_owned()))?;
    match object.keys().find(|key| !keys.contains(&key.as_str())) {
        None => Ok(object),
        Some(key) => Err(NoTemplate(format!(
            "`{key}` is not taken here, since nobody could be told what it reaches; known: {}",
            keys.join(", ")
        ))),
    }
}

fn statements(policy: &Value) -> Vec<&Value> {
    match policy.get("Statement") {
        Some(Value::Array(all)) => all.iter().collect(),
        Some(one) => vec![one],
        None => Vec::new(),
    }
}

/// A text or a list of texts.
fn texts(value: Option<&Value>) -> Option<Vec<&str>> {
    match value? {
        Value::String(text) => Some(vec![text]),
        Value::Array(all) => all.iter().map(Value::as_str).collect(),
        _ => None,
    }
}

fn sentence(statement: &Value) -> String {
    let of = |key| texts(statement.get(key)).unwrap_or_default().join(", ");
    let effect = statement.get("Effect").and_then(Value::as_str).unwrap_or_default().to_ascii_lowercase();
    let only = statement.get("Condition").map_or_else(String::new, |condition| format!(", only where {condition}"));
    harmless(&format!("{effect} {} on {}{only}", of("Action"), of("Resource"))).into_owned()
}

/// Every place must be one that can be filled.
fn holes(value: &Value, allowed: bool) -> Result<(), NoTemplate> {
    match value {
        Value::String(text) => {
            let mut rest = text.as_str();
            while let Some(found) = hole(rest) {
                let (_, pointer, after) = found.map_err(NoTemplate)?;
                if !allowed {
                    return Err(NoTemplate(format!("`{{{pointer}}}` may stand in `Resource` and `Condition` alone")));
                }
                rest = after;
            }
            Ok(())
        }
        Value::Array(all) => all.iter().try_for_each(|value| holes(value, allowed)),
        Value::Object(members) => members.iter().try_for_each(|(name, value)| {
            holes(&Value::String(name.clone()), false)?;
            holes(value, allowed)
        }),
        _ => Ok(()),
    }
}

fn fill_all(value: &mut Value, arguments: Option<&Object>) -> Result<(), String> {
    match value {
        Value::String(text) => {
            *text = fill(text, arguments)?;
            Ok(())
        }
        Value::Array(all) => all.iter_mut().try_for_each(|value| fill_all(value, arguments)),
        Value::Object(members) => members.values_mut().try_for_each(|value| fill_all(value, arguments)),
        _ => Ok(()),
    }
}

fn fill(text: &str, arguments: Option<&Object>) -> Result<String, String> {
    let (mut filled, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(found) = hole(rest) {
        let (before, pointer, after) = found?;
        filled.push_str(before);
        let value = argument(arguments, &pointer)?;
        // Below what stands before it a value may go as deep as it likes; and one that is the whole text is what was meant.
        let below = after.is_empty() && (filled.is_empty() || filled.ends_with('/'));
        if !below && value.contains(['/', ':']) {
            return Err(format!(
                "the argument {pointer} holds `/` or `:`, which would lead elsewhere in the session policy; only at the end, after \
                 a `/`, may it have them"
            ));
        }
        filled.push_str(value);
        rest = after;
    }
    filled.push_str(rest);
    Ok(filled)
}

/// What a call says at a place, if it means itself and nothing more.
fn argument<'a>(arguments: Option<&'a Object>, pointer: &Pointer) -> Result<&'a str, String> {
    let found = arguments.and_then(|arguments| at(arguments, pointer.steps()));
    let text = found.and_then(Argument::as_str).filter(|text| !text.is_empty());
    let text = text.ok_or_else(|| format!("the session policy needs the argument {pointer}, which is no text here"))?;
    if text.contains(['*', '?', '$']) || text.chars().any(char::is_control) {
        return Err(format!(
            "the argument {pointer} holds `*`, `?`, `$` or a control character, which would mean more than itself in a policy"
        ));
    }
    Ok(text)
}

fn at<'a>(arguments: &'a Object, steps: &[Step]) -> Option<&'a Argument> {
    let (first, rest) = steps.split_first()?;
    let Step::Name(first) = first else { return None };
    rest.iter().try_fold(arguments.get(first)?, |value, step| match (step, value) {
        (Step::Name(name), Argument::Object(object)) => object.get(name),
        (Step::Name(name), Argument::Array(items)) => items.get(name.parse::<usize>().ok()?),
        _ => None,
    })
}

/// The first place of a text: what stands before it, where it points, and what stands after it.
fn hole(text: &str) -> Option<Result<(&str, Pointer, &str), String>> {
    let (before, inside) = text.split_once("{/")?;
    let Some((name, after)) = inside.split_once('}') else {
        return Some(Err("a place such as `{/bucket}` is not closed".to_owned()));
    };
    Some(match Pointer::try_from(format!("/{name}")) {
        Ok(pointer) if !pointer.steps().contains(&Step::Every) => Ok((before, pointer, after)),
        _ => Err(format!("`{{/{name}}}` names no argument; write one such as `{{/bucket}}`")),
    })
}

#[cfg(test)]
mod tests;

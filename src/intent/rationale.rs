//! Why does the model say it makes the call?
//!
//! Clients without hooks can give nothing but the model's own words, so a tool that a rule may hold is listed with one more
//! argument. It is optional, because a model that must give a reason makes one up; it is taken out before the arguments are
//! checked, judged, named and sent, so that neither server nor rules see another call than without it; and a tool whose schema
//! does not let something be added to it safely is left alone.
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

use super::{Provenance, Rationale, redact};
use crate::digest::Digest;
use crate::object;
use crate::wire::json::{Object, Value};

/// The argument.
pub const ARGUMENT: &str = "countersign_reason";
/// The longest reason, in characters.
pub const LONGEST: usize = 300;

const DESCRIPTION: &str = "Why you make this call, in one sentence, for the person who may have to approve it. It is not \
                           sent to the tool.";

/// Members of a schema that say something of the whole object, so that one more member could break what they say.
const WHOLE: [&str; 10] = [
    "$ref",
    "$dynamicRef",
    "allOf",
    "anyOf",
    "oneOf",
    "not",
    "if",
    "propertyNames",
    "maxProperties",
    "dependentSchemas",
];

/// A reason that is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`countersign_reason` is a text")]
pub struct NoReason;

/// Whether the argument can be added to a tool with this input schema.
pub fn fits(schema: &Object) -> bool {
    let clash = schema.object("properties").is_some_and(|properties| properties.contains(ARGUMENT));
    let plain = schema.str("type") == Some("object") && !WHOLE.iter().any(|word| schema.contains(word));
    let patterns = schema.object("patternProperties").is_some_and(|patterns| !patterns.is_empty());
    plain && !clash && !patterns
}

/// Adds the argument to a tool as it is listed. False where it was left alone.
pub fn offer(definition: &mut Object) -> bool {
    let Some(Value::Object(schema)) = definition.get_mut("inputSchema") else { return false };
    if !fits(schema) {
        return false;
    }
    let said = object! { "type" => "string", "maxLength" => 300_u64, "description" => DESCRIPTION };
    match schema.get_mut("properties") {
        Some(Value::Object(properties)) => properties.insert(ARGUMENT, said),
        Some(_) => return false,
        None => schema.insert("properties", object! { ARGUMENT => said }),
    }
    true
}

/// Takes the reason out of a call's arguments.
pub fn take(params: &mut Object) -> Result<Option<Rationale>, NoReason> {
    let Some(Value::Object(arguments)) = params.get_mut("arguments") else { return Ok(None) };
    match arguments.remove(ARGUMENT) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(said(&text)),
        Some(_) => Err(NoReason),
    }
}

/// A reason in these words; nothing when there are none.
fn said(text: &str) -> Option<Rationale> {
    let digest = Digest::of_bytes("reason", text.as_bytes()).to_string();
    let short: String = text.trim().chars().take(LONGEST).collect();
    let text = redact::kept(&short, LONGEST.saturating_mul(4));
    (!text.is_empty()).then_some(Rationale { digest, provenance: Provenance::Claimed, text })
}

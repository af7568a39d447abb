//! What may stand in a finding, word by word? The form rules write, read strictly: whatever is not known is refused.

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::change::{self, Change};
use super::effect::Effect;
use super::hold;
use super::require;
use super::{Detail, label, limit};

/// The fields every finding may have.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Words {
    /// Small letters, digits and hyphens; unique in package and effect. `package/id` names the finding everywhere.
    id: Option<String>,
    /// For people and the agent. `{call.tool}` is filled in from the input, `{data.x}` from data.
    reason: Option<String>,
    /// For people; never for precedence.
    severity: Option<super::Severity>,
    /// What to do instead, filled in like the reason.
    advice: Option<String>,
    /// Where to read more.
    link: Option<String>,
}

/// Reads the fields that one effect has and others have not.
pub(in crate::policy) fn read(effect: Effect, own: Map<String, Value>) -> Result<Detail, String> {
    if let Some((name, _)) = own.iter().find(|(_, value)| value.is_null()) {
        return Err(format!("`{}` is null", name.chars().take(80).collect::<String>()));
    }
    match effect {
        Effect::Withhold if own.is_empty() => Ok(Detail::None),
        Effect::Withhold if own.contains_key("preview") => {
            Err("`preview` is a field of a hold: what a result holds is there already".to_owned())
        }
        Effect::Hold | Effect::Withhold => form::<hold::Written>(own)?.try_into().map(Detail::Hold),
        Effect::Redact => Change::try_from(form::<change::Redact>(own)?).map(Detail::Change),
        Effect::Mask => Change::try_from(form::<change::Mask>(own)?).map(Detail::Change),
        Effect::Require => form::<require::Written>(own)?.try_into().map(Detail::Require),
        Effect::Limit => form::<limit::Written>(own)?.try_into().map(Detail::Limit),
        Effect::Label => form::<label::Written>(own).map(|written| Detail::Label { label: written.label }),
        Effect::Allow | Effect::Deny | Effect::Hide | Effect::Warn => match own.keys().next() {
            None => Ok(Detail::None),
            Some(name) => {
                Err(format!("`{}` is not a field of `{}`", name.chars().take(80).collect::<String>(), effect.word()))
            }
        },
    }
}

fn form<T: DeserializeOwned>(own: Map<String, Value>) -> Result<T, String> {
    serde_json::from_value(Value::Object(own)).map_err(|error| error.to_string())
}

/// Everything a finding of this effect may have, by name.
pub fn fields(effect: Effect) -> Vec<String> {
    let schema = schema(effect, &mut SchemaGenerator::default());
    let properties = schema.get("properties").and_then(Value::as_object);
    properties.into_iter().flat_map(|properties| properties.keys().cloned()).collect()
}

/// The JSON Schema of one finding of this effect, when it is written as an object.
pub fn schema(effect: Effect, generator: &mut SchemaGenerator) -> Schema {
    let words = Words::json_schema(generator);
    let mut schema = match effect {
        Effect::Hold | Effect::Withhold => hold::Written::json_schema(generator),
        Effect::Redact => change::Redact::json_schema(generator),
        Effect::Mask => change::Mask::json_schema(generator),
        Effect::Require => require::Written::json_schema(generator),
        Effect::Limit => limit::Written::json_schema(generator),
        Effect::Label => label::Written::json_schema(generator),
        Effect::Allow | Effect::Deny | Effect::Hide | Effect::Warn => return words,
    };
    let common = words.get("properties").and_then(Value::as_object);
    if let Some(all) = schema.get_mut("properties").and_then(Value::as_object_mut) {
        all.extend(common.into_iter().flatten().map(|(name, field)| (name.clone(), field.clone())));
    }
    if effect == Effect::Withhold {
        schema.remove("required");
        if let Some(all) = schema.get_mut("properties").and_then(Value::as_object_mut) {
            drop(all.remove("preview"));
        }
    }
    schema
}

//! Do the arguments fit the schema the tool was pinned with?
//!
//! Checked before policy, so that nobody judges or signs for a call its server would refuse. A schema is text from a
//! server: it is measured before it is compiled, its patterns run in linear time or with few steps of backtracking, and
//! references to other places are never fetched.

use jsonschema::{PatternOptions, Validator};
use serde_json::Value as Json;

use crate::wire::json::{Object, Value};

/// Largest schema that is compiled, in bytes of JSON.
const LARGEST: usize = 256 << 10;
/// Deepest schema that is compiled.
const DEEPEST: usize = 32;
/// Largest compiled pattern.
const LARGEST_PATTERN: usize = 1 << 20;
/// Steps a pattern with look-around may take; then the arguments count as not fitting.
const MOST_STEPS: usize = 20_000;

/// A tool's compiled schema.
#[derive(Debug)]
pub struct Schema(Form);

#[derive(Debug)]
enum Form {
    /// The tool has no schema, or one that everything fits.
    Anything,
    Compiled(Box<Validator>),
    Refused(String),
}

/// Why arguments are not sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// They break the schema.
    #[error("the arguments do not fit the tool's schema: {0}")]
    Arguments(String),
    /// The schema itself cannot be used.
    #[error(
        "the schema of this tool cannot be used to check arguments: {0}; set `arguments = \"unchecked\"` for this server to call it all the same"
    )]
    Schema(String),
}

impl Schema {
    /// Compiles the `inputSchema` of a definition.
    pub fn compile(schema: Option<&Object>) -> Self {
        let Some(schema) = schema else { return Self(Form::Anything) };
        Self(match compile(schema) {
            Ok(validator) => Form::Compiled(Box::new(validator)),
            Err(why) => Form::Refused(why),
        })
    }

    /// Checks arguments; a call without any has none.
    pub fn check(&self, arguments: Option<&Object>) -> Result<(), Unfit> {
        let validator = match &self.0 {
            Form::Anything => return Ok(()),
            Form::Refused(why) => return Err(Unfit::Schema(why.clone())),
            Form::Compiled(validator) => validator,
        };
        let instance = match arguments {
            None => Ok(Json::Object(serde_json::Map::new())),
            Some(arguments) => serde_json::to_value(arguments),
        };
        let instance = instance.map_err(|error| Unfit::Arguments(error.to_string()))?;
        validator.validate(&instance).map_err(|error| {
            let path = error.instance_path().to_string();
            let place = if path.is_empty() { "the arguments".to_owned() } else { format!("`{path}`") };
            // The masked form leaves the values out: they may be secrets, and this text is logged.
            Unfit::Arguments(format!("{place}: {}", error.masked()))
        })
    }
}

fn compile(schema: &Object) -> Result<Validator, String> {
    let text = schema.to_string();
    if text.len() > LARGEST {
        return Err(format!("it is larger than {LARGEST} bytes"));
    }
    if depth(&Value::Object(schema.clone())) > DEEPEST {
        return Err(format!("it is deeper than {DEEPEST} levels"));
    }
    let schema = serde_json::to_value(schema).map_err(|error| error.to_string())?;
    let linear = PatternOptions::regex().size_limit(LARGEST_PATTERN).dfa_size_limit(LARGEST_PATTERN);
    let options = jsonschema::options().offline();
    options.clone().with_pattern_options(linear).build(&schema).or_else(|_| {
        let bounded = PatternOptions::fancy_regex()
            .backtrack_limit(MOST_STEPS)
            .size_limit(LARGEST_PATTERN)
            .dfa_size_limit(LARGEST_PATTERN);
        options.with_pattern_options(bounded).build(&schema).map_err(|error| error.to_string())
    })
}

fn depth(value: &Value) -> usize {
    let inner = match value {
        Value::Array(items) => items.iter().map(depth).max(),
        Value::Object(object) => object.iter().map(|(_, value)| depth(value)).max(),
        _ => return 0,
    };
    inner.unwrap_or(0).saturating_add(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object;

    fn schema(property: Object) -> Schema {
        Schema::compile(Some(&object! {
            "type" => "object",
            "properties" => object! { "x" => property },
            "required" => vec![Value::from("x")],
        }))
    }

    #[test]
    fn arguments_that_break_the_schema_are_named_by_place_and_not_by_value() {
        // TOO-13
        let schema = schema(object! { "type" => "integer", "maximum" => 10_i64 });
        assert_eq!(schema.check(Some(&object! { "x" => 3_i64 })), Ok(()));
        let refused = schema.check(Some(&object! { "x" => "hunter2" })).unwrap_err().to_string();
        assert!(refused.contains("`/x`") && !refused.contains("hunter2"), "{refused}");
        assert!(schema.check(None).unwrap_err().to_string().contains("required"));
        assert_eq!(Schema::compile(None).check(None), Ok(()));
    }

    #[test]
    fn a_catastrophic_pattern_costs_nothing() {
        // TOO-12: exponential in a backtracking engine, linear here.
        let evil = schema(object! { "type" => "string", "pattern" => "^(a+)+$" });
        let text = format!("{}!", "a".repeat(5_000));
        assert!(matches!(evil.check(Some(&object! { "x" => text.as_str() })), Err(Unfit::Arguments(_))));
        // The same with look-around, which only the bounded engine speaks: it gives up, and giving up is not fitting.
        let evil = schema(object! { "type" => "string", "pattern" => "^(?=b|a)((a|a)*)*\\1$" });
        assert!(matches!(evil.check(Some(&object! { "x" => text.as_str() })), Err(Unfit::Arguments(_))));
        let huge = schema(object! { "type" => "string", "pattern" => "(\\w{500}){500}" });
        assert!(matches!(huge.check(Some(&object! { "x" => "a" })), Err(Unfit::Schema(_))));
    }

    #[test]
    fn schemas_that_are_too_large_or_point_elsewhere_are_not_used() {
        let mut deep = object! { "type" => "string" };
        for _ in 0..40 {
            deep = object! { "allOf" => vec![Value::Object(deep)] };
        }
        assert!(matches!(Schema::compile(Some(&deep)).check(None), Err(Unfit::Schema(_))));
        let remote = schema(object! { "$ref" => "https://example.com/schema.json" });
        assert!(matches!(remote.check(None), Err(Unfit::Schema(_))));
    }
}

//! Which forms have input, findings and decisions? For editors, for the check of misspelt fields, and for whoever writes
//! a rule.

use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::finding::effect::Effect;
use super::finding::written;
use super::told::Told;

mod document;
mod facts;
mod fields;
mod intent;

pub use fields::{Fields, Known};

/// The JSON Schema of the input, as it stands in `policies/schema/input.json`.
pub fn input() -> Value {
    schemars::schema_for!(document::Document).to_value()
}

/// The JSON Schema of what follows from an input.
pub fn decision() -> Value {
    SchemaSettings::default().for_serialize().into_generator().into_root_schema_for::<Told>().to_value()
}

/// The JSON Schema of what a package may say: for each word, its findings.
pub fn finding() -> Value {
    let mut generator = SchemaGenerator::default();
    let mut words = Map::new();
    for effect in Effect::ALL {
        let finding = written::schema(effect, &mut generator);
        words.insert(effect.word().to_owned(), json!({ "type": "array", "items": finding }));
    }
    words.insert("mode".to_owned(), json!({ "enum": ["enforce", "shadow"] }));
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Findings",
        "description": "What a package below `countersign` may say, by word. One finding, one text or `true` may stand in the place of a list.",
        "type": "object",
        "properties": words,
        "$defs": generator.take_definitions(true),
    })
}

#[cfg(test)]
mod tests;

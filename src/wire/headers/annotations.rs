//! Which arguments of a tool are mirrored into headers? Its schema's `x-mcp-header` annotations, checked.
//!
//! An annotation in the wrong place makes the whole tool unusable by rule of the specification: a client over HTTP
//! leaves such a tool out of its list, so that nobody routes on a header that means something else than it seems.

use http::HeaderName;

use super::PARAM;
use crate::wire::json::{Object, Value};

const ANNOTATION: &str = "x-mcp-header";

/// The mirrored arguments of one tool: header and path of each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Annotations(Vec<(HeaderName, Vec<String>)>);

/// Why a tool's annotations cannot be followed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadAnnotation {
    /// Not a string, empty, or with signs a header name cannot have.
    #[error("`x-mcp-header` of `{0}` is not a header name")]
    Name(String),
    /// Two properties claim one header.
    #[error("the header `{0}` is claimed by two properties")]
    Twice(String),
    /// Only strings, whole numbers and truth values can be mirrored.
    #[error("`x-mcp-header` of `{0}` needs the type string, integer or boolean")]
    Type(String),
    /// Under arrays, alternatives or references a value has no fixed place.
    #[error("an `x-mcp-header` stands where its value has no fixed place")]
    Place,
}

impl Annotations {
    /// Reads the annotations of a tool's input schema.
    pub fn of(schema: &Object) -> Result<Self, BadAnnotation> {
        let mut found = Self::default();
        if schema.contains(ANNOTATION) {
            return Err(BadAnnotation::Place);
        }
        found.collect(schema, &mut Vec::new())?;
        Ok(found)
    }

    /// Whether nothing is mirrored.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&HeaderName, &[String])> {
        self.0.iter().map(|(name, path)| (name, path.as_slice()))
    }

    pub(super) fn path(&self, header: &HeaderName) -> Option<&[String]> {
        self.iter().find(|(name, _)| *name == header).map(|(_, path)| path)
    }

    fn collect(&mut self, schema: &Object, path: &mut Vec<String>) -> Result<(), BadAnnotation> {
        for (keyword, value) in schema.iter() {
            match (keyword, value) {
                ("properties", Value::Object(properties)) => {
                    for (name, property) in properties.iter() {
                        let Value::Object(property) = property else { continue };
                        path.push(name.to_owned());
                        if let Some(header) = property.get(ANNOTATION) {
                            self.add(header, property, path)?;
                        }
                        self.collect(property, path)?;
                        path.pop();
                    }
                }
                // These hold data, in which the word means nothing.
                (ANNOTATION | "default" | "const" | "enum" | "examples", _) => {}
                (_, value) if mentions(value) => return Err(BadAnnotation::Place),
                _ => {}
            }
        }
        Ok(())
    }

    fn add(&mut self, header: &Value, property: &Object, path: &[String]) -> Result<(), BadAnnotation> {
        let place = path.join(".");
        let Some(name) = header.as_str().filter(|name| !name.is_empty()) else {
            return Err(BadAnnotation::Name(place));
        };
        let Ok(full) = HeaderName::from_bytes(format!("{PARAM}{name}").as_bytes()) else {
            return Err(BadAnnotation::Name(place));
        };
        if !matches!(property.str("type"), Some("string" | "integer" | "boolean")) {
            return Err(BadAnnotation::Type(place));
        }
        if self.path(&full).is_some() {
            return Err(BadAnnotation::Twice(name.to_owned()));
        }
        self.0.push((full, path.to_vec()));
        Ok(())
    }
}

/// Whether an annotation stands anywhere in a part of the schema where none may. The depth is bounded by the reader.
fn mentions(value: &Value) -> bool {
    match value {
        Value::Object(object) => object.iter().any(|(keyword, value)| match keyword {
            ANNOTATION => true,
            "default" | "const" | "enum" | "examples" => false,
            _ => mentions(value),
        }),
        Value::Array(items) => items.iter().any(mentions),
        _ => false,
    }
}

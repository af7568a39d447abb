//! Does a reference to the input lead somewhere?

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde_json::Value;

use crate::policy::finding::pointer::{Pointer, Step};
use crate::policy::syntax::Part;

/// Every field there is.
#[derive(Debug)]
pub struct Fields(Field);

#[derive(Debug, Default)]
struct Field {
    inside: BTreeMap<String, Self>,
    /// Each element of a list, each member of a table whose names nobody knows.
    each: Option<Box<Self>>,
    /// Whatever there may be below it.
    open: bool,
}

/// Whether a reference leads somewhere.
#[derive(Debug, PartialEq, Eq)]
pub enum Known {
    /// It does, or it is not about the input.
    Yes,
    /// It does not.
    No {
        /// The reference up to the step that is wrong.
        wrong: String,
        /// What may have been meant.
        meant: Option<String>,
    },
}

impl Fields {
    /// Read from the schema.
    pub fn of_the_input() -> &'static Self {
        static FIELDS: LazyLock<Fields> = LazyLock::new(|| {
            let schema = super::input();
            let mut root = Field::default();
            read(&schema, &schema, &mut root);
            Fields(root)
        });
        &FIELDS
    }

    /// Whether a resolved reference leads somewhere.
    pub fn know(&self, path: &[Part]) -> Known {
        let [Part::Name(root), rest @ ..] = path else { return Known::Yes };
        if root != "input" {
            return Known::Yes;
        }
        let (mut field, mut so_far) = (&self.0, "input".to_owned());
        for step in rest {
            if field.open {
                return Known::Yes;
            }
            let name = match step {
                Part::Name(name) => name,
                Part::Any => {
                    let Some(each) = &field.each else { return Known::Yes };
                    (field, so_far) = (each, format!("{so_far}[_]"));
                    continue;
                }
            };
            let Some(next) = field.inside.get(name).or(field.each.as_deref()) else {
                let known = field.inside.keys().map(String::as_str);
                let near =
                    known.map(|known| (strsim::damerau_levenshtein(name, known), known)).filter(|(far, _)| *far <= 2);
                let meant = near.min().map(|(_, known)| format!("{so_far}.{known}"));
                return Known::No { wrong: format!("{so_far}.{name}"), meant };
            };
            field = next;
            so_far = format!("{so_far}.{name}");
        }
        Known::Yes
    }

    /// Whether a pointer leads somewhere.
    pub fn lead(&self, pointer: &Pointer) -> bool {
        let steps = pointer.steps().iter().map(|step| match step {
            Step::Name(name) => Part::Name(name.clone()),
            Step::Every => Part::Any,
        });
        let path: Vec<Part> = std::iter::once(Part::Name("input".to_owned())).chain(steps).collect();
        self.know(&path) == Known::Yes
    }
}

/// Words that say something about what a value is.
const SAYS: [&str; 9] = ["type", "$ref", "anyOf", "oneOf", "allOf", "properties", "enum", "const", "items"];

fn read(schema: &Value, whole: &Value, field: &mut Field) {
    let said = |word: &str| schema.get(word);
    if let Some(pointer) = said("$ref").and_then(Value::as_str)
        && let Some(target) = whole.pointer(pointer.trim_start_matches('#'))
    {
        read(target, whole, field);
    }
    for word in ["anyOf", "oneOf", "allOf"] {
        for way in said(word).and_then(Value::as_array).into_iter().flatten() {
            read(way, whole, field);
        }
    }
    let properties = said("properties").and_then(Value::as_object);
    for (name, inside) in properties.into_iter().flatten() {
        read(inside, whole, field.inside.entry(name.clone()).or_default());
    }
    let more = said("additionalProperties").filter(|more| more.is_object() || **more == true);
    for each in said("items").into_iter().chain(more) {
        read(each, whole, field.each.get_or_insert_default());
    }
    field.open |= *schema == true || !SAYS.iter().any(|word| said(word).is_some());
}

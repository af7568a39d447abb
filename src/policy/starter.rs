//! Which policies does one start with? The set under `policies/`, carried in the program for the demonstration.

use super::bundle::{Source, Sources};

const POLICIES: [(&str, &str); 4] = [
    ("policies/destructive.rego", include_str!("../../policies/destructive.rego")),
    ("policies/drift.rego", include_str!("../../policies/drift.rego")),
    ("policies/everyday.rego", include_str!("../../policies/everyday.rego")),
    ("policies/exports.rego", include_str!("../../policies/exports.rego")),
];
const DATA: (&str, &str) = ("policies/data.json", include_str!("../../policies/data.json"));

/// The set as sources.
pub fn sources() -> Sources {
    let source = |(path, text): (&str, &str)| Source { path: path.to_owned(), text: text.to_owned() };
    Sources { policies: POLICIES.into_iter().map(source).collect(), data: vec![source(DATA)] }
}

//! Is the description fresh, and does it hold together?

use std::collections::BTreeSet;

use super::*;

const KEPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/openapi.json");

#[test]
fn the_document_kept_with_the_examples_is_fresh() {
    let kept = std::fs::read_to_string(KEPT).unwrap_or_default();
    assert!(
        kept == document_text(),
        "examples/openapi.json is stale; run: cargo run -- approvals schema > examples/openapi.json"
    );
}

#[test]
fn everything_the_document_refers_to_is_in_it() {
    let document = document();
    let text = document.to_string();
    let mut named = BTreeSet::new();
    for (at, _) in text.match_indices("\"#/") {
        let pointer = text.split_at(at).1.split('"').nth(1).unwrap().trim_start_matches('#');
        assert!(document.pointer(pointer).is_some(), "nothing is at {pointer}");
        named.insert(pointer.to_owned());
    }
    assert!(named.len() > 10, "{named:?}");
    let schemas = document["components"]["schemas"].as_object().unwrap();
    for name in schemas.keys() {
        assert!(named.contains(&format!("/components/schemas/{name}")), "nobody refers to {name}");
        let schema = json!({ "$ref": format!("#/components/schemas/{name}"), "components": document["components"] });
        jsonschema::draft202012::new(&schema).unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}

#[test]
fn every_operation_has_a_name_of_its_own_and_every_code_a_status() {
    let document = document();
    let operations =
        document["paths"].as_object().unwrap().values().flat_map(|path| path.as_object().unwrap().values());
    let names: Vec<&str> = operations.map(|operation| operation["operationId"].as_str().unwrap()).collect();
    let distinct: BTreeSet<&&str> = names.iter().collect();
    assert_eq!(distinct.len(), names.len(), "{names:?}");
    assert!(VERBS.iter().all(|verb| names.contains(&verb.name)));
    let codes: BTreeSet<&str> = CODES.iter().map(|(code, ..)| *code).collect();
    assert_eq!(codes.len(), CODES.len());
    assert!(CODES.iter().all(|(_, status, _)| (400..600).contains(status)));
}

//! The schema says what the reader does.

use std::collections::BTreeMap;

use super::*;
use crate::config::tests::{WHOLE, complaint, read};

const KEPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/countersign.schema.json");

#[test]
fn the_schema_kept_with_the_examples_is_fresh() {
    let kept = std::fs::read_to_string(KEPT).unwrap_or_default();
    assert!(
        kept == schema_text(),
        "examples/countersign.schema.json is stale; run: cargo run -- config schema > examples/countersign.schema.json"
    );
}

#[test]
fn the_schema_knows_every_key_the_reader_knows() {
    let schema = schema();
    let properties = |pointer: &str| -> Vec<String> {
        let found = schema.pointer(&format!("{pointer}/properties")).unwrap_or_else(|| panic!("no {pointer}"));
        found.as_object().unwrap().keys().cloned().collect()
    };
    let tables = BTreeMap::from([
        ("", ""),
        ("[http]\n", "/definitions/Http"),
        ("[identity]\n", "/definitions/Identity"),
        ("[[identity.issuers]]\nissuer = \"https://e.com\"\naudience = \"x\"\n", "/definitions/Issuer"),
        (
            "[[identity.issuers]]\nissuer = \"https://e.com\"\naudience = \"x\"\n[identity.issuers.claims]\n",
            "/definitions/Claims",
        ),
        ("[people.ada]\n", "/definitions/Person"),
        ("[people.ada]\n[people.ada.quiet]\nzone = \"UTC\"\nto = \"07:00\"\n", "/definitions/Quiet"),
        (
            "[people.ada]\n[people.ada.away]\nfrom = \"2026-01-01T00:00:00Z\"\nto = \"2026-01-02T00:00:00Z\"\n",
            "/definitions/Away",
        ),
        ("[[routes]]\nto = []\n", "/definitions/Route"),
        ("[hours.a]\nzone = \"UTC\"\n", "/definitions/Hours"),
        ("[on_call.a]\nurl = \"https://e.com\"\n", "/definitions/OnCall"),
        ("[policy]\n", "/definitions/Policy"),
        ("[store]\n", "/definitions/Store"),
        ("[limits]\n", "/definitions/Limits"),
        ("[log]\n", "/definitions/Log"),
        ("[servers.a]\ncommand = \"x\"\n", "/definitions/Server"),
        ("[servers.a]\nurl = \"https://e.com\"\n[servers.a.oauth]\n", "/definitions/Server/properties/oauth"),
    ]);
    for (table, pointer) in tables {
        let error = complaint(&format!("{table}zzzzzzzzzzzz = 1"));
        let (_, known) = error.split_once("known here: ").unwrap_or_else(|| panic!("{error}"));
        let mut known: Vec<String> = known.lines().next().unwrap().split(", ").map(str::to_owned).collect();
        let mut told = properties(pointer);
        known.sort();
        told.sort();
        assert_eq!(known, told, "{table}");
    }
}

#[test]
fn the_schema_tells_the_defaults_that_count() {
    let schema = schema();
    let config = read("[http]\n").unwrap();
    let mut compared = 0;
    for setting in &config.source.settings {
        let Some((section, key)) = setting.name.split_once('.') else { continue };
        let definitions =
            [("http", "Http"), ("policy", "Policy"), ("store", "Store"), ("limits", "Limits"), ("log", "Log")];
        let Some((_, definition)) = definitions.iter().find(|(name, _)| *name == section) else { continue };
        let pointer = format!("/definitions/{definition}/properties/{key}/default");
        if let Some(default) = schema.pointer(&pointer) {
            assert_eq!(&setting.value, default, "{}", setting.name);
            compared += 1;
        }
    }
    assert!(compared >= 14, "{compared}");
}

#[test]
fn the_schema_accepts_what_the_reader_accepts() {
    let validator = jsonschema::validator_for(&schema()).unwrap();
    let as_json = |text: &str| -> Value { toml_edit::de::from_str(text).unwrap() };
    let errors: Vec<String> = validator.iter_errors(&as_json(WHOLE)).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:?}");
    assert!(validator.is_valid(&as_json("")));
    for wrong in [
        "environmnet = \"x\"",
        "[servers.a]\ntimeout = \"1s\"",
        "[servers.a]\ncommand = \"x\"\nurl = \"https://e.com\"",
        "[servers.a]\ncommand = \"x\"\ntrust = \"maybe\"",
        "[log]\nlevel = \"loud\"",
        "[limits]\ndepth = \"x\"",
        "[people.ada]\naccounts = \"os:ada\"",
        "[people.ada]\nrole = [\"x\"]",
        "[[routes]]\nlast = true",
        "[[routes]]\nto = []\nrisk_from = \"bad\"",
        "[on_call.a]\nfallback = [\"ada\"]",
        "[on_call.a]\npeople = [\"ada\"]\nurl = \"https://e.com\"",
        "[hours.a]\nzone = \"UTC\"\nfrom = \"9:00\"",
        "[people.ada.quiet]\nfrom = \"09:00\"",
    ] {
        assert!(!validator.is_valid(&as_json(wrong)), "{wrong}");
    }
}

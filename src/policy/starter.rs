//! Which policies does one start with? The set under `policies/`, carried in the program for the demonstration.

use super::bundle::{Source, Sources};

const POLICIES: [(&str, &str); 15] = [
    ("policies/database.rego", include_str!("../../policies/database.rego")),
    ("policies/dataflow.rego", include_str!("../../policies/dataflow.rego")),
    ("policies/destructive.rego", include_str!("../../policies/destructive.rego")),
    ("policies/drift.rego", include_str!("../../policies/drift.rego")),
    ("policies/everyday.rego", include_str!("../../policies/everyday.rego")),
    ("policies/exports.rego", include_str!("../../policies/exports.rego")),
    ("policies/filesystem.rego", include_str!("../../policies/filesystem.rego")),
    ("policies/git.rego", include_str!("../../policies/git.rego")),
    ("policies/http.rego", include_str!("../../policies/http.rego")),
    ("policies/payments.rego", include_str!("../../policies/payments.rego")),
    ("policies/place.rego", include_str!("../../policies/place.rego")),
    ("policies/privileged.rego", include_str!("../../policies/privileged.rego")),
    ("policies/shell.rego", include_str!("../../policies/shell.rego")),
    ("policies/unknown.rego", include_str!("../../policies/unknown.rego")),
    ("policies/zones.rego", include_str!("../../policies/zones.rego")),
];
const DATA: (&str, &str) = ("policies/data.json", include_str!("../../policies/data.json"));

/// The set as sources.
pub fn sources() -> Sources {
    let source = |(path, text): (&str, &str)| Source { path: path.to_owned(), text: text.to_owned() };
    Sources { policies: POLICIES.into_iter().map(source).collect(), data: vec![source(DATA)] }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::PathBuf;

    use super::*;
    use crate::policy::bundle::Bundle;
    use crate::policy::files::{Include, read};
    use crate::policy::sample::{call, document, still, word};

    #[test]
    fn the_program_carries_every_policy_of_the_set() {
        let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
        let there = read(&[root.join("policies")], Include::Policies).unwrap();
        let texts = |sources: &Sources| sources.policies.iter().map(|file| file.text.clone()).collect::<BTreeSet<_>>();
        let gate = std::fs::read_to_string(root.join("policies/gate.rego")).unwrap();
        let mut there = texts(&there);
        assert!(there.remove(&gate), "the gate is for tests and for OPA only");
        assert_eq!(texts(&sources()), there);
    }

    #[test]
    fn a_shop_is_read_and_neither_emptied_nor_destroyed() {
        let bundle = Bundle::load(&sources()).unwrap_or_else(|problems| panic!("{problems:#?}"));
        for (tool, arguments, wanted, finding) in [
            ("list_products", "{}", "allow", "everyday/agreed-tools"),
            ("find_orders", "{\"customer\": \"Ada\"}", "allow", "everyday/agreed-tools"),
            // The samples act in production, where a tool nobody has looked at waits.
            ("export_customers", "{\"limit\": 50}", "hold", "unknown/unmapped-tool"),
            ("export_customers", "{\"limit\": 1200}", "Denied", "exports/too-many-rows"),
            ("export_customers", "{}", "Denied", "exports/without-limit"),
            ("drop_table", "{\"table\": \"orders\"}", "Denied", "destructive/destroys"),
        ] {
            let call = call(tool, arguments);
            let judgement = bundle.decide(&document(&call), call.digest, &still);
            assert_eq!(word(&judgement), wanted, "{tool} {arguments}");
            assert!(judgement.findings.iter().any(|said| said.name() == finding), "{judgement:?}");
        }
    }
}

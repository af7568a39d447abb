//! Where are the policies?

use std::path::PathBuf;

use schemars::JsonSchema;

/// What judges.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Policy {
    /// Files or directories of `.rego` and `data.json`.
    #[schemars(with = "Vec<String>", extend("default" = ["policies"]))]
    pub paths: Vec<PathBuf>,
}

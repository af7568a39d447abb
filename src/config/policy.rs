//! Where are the policies?

use std::path::PathBuf;

use schemars::JsonSchema;

use super::section::{Privacy, Reading, Section};

/// What judges.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Policy {
    /// Files or directories of `.rego` and `data.json`.
    #[schemars(with = "Vec<String>", extend("default" = ["policies"]))]
    pub paths: Vec<PathBuf>,
}

impl Policy {
    pub(super) fn read(section: &Section<'_>) -> Reading<Self> {
        let paths = section.texts("paths", &["policies"], Privacy::Open);
        let paths = paths.map(|paths| paths.iter().map(|path| section.resolve(path)).collect());
        section.close();
        Ok(Self { paths: paths? })
    }
}

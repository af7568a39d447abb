//! Which files say what is known of tables, hosts, paths and repositories?

use std::path::PathBuf;

use schemars::JsonSchema;

use super::section::{Privacy, Reading, Section};

/// What is known of the things calls touch.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Catalogue {
    /// Files of `[[resource]]` tables.
    #[schemars(with = "Vec<String>", extend("default" = []))]
    pub files: Vec<PathBuf>,
}

impl Catalogue {
    pub(super) fn read(section: &Section<'_>) -> Reading<Self> {
        let files = section.texts("files", &[], Privacy::Open);
        let files = files.map(|files| files.iter().map(|file| section.resolve(file)).collect());
        section.close();
        Ok(Self { files: files? })
    }
}

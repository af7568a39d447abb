//! How long is what kept?

use std::path::{Path, PathBuf};

use schemars::JsonSchema;

use super::fault::Subject;
use super::measure::Period;
use super::section::{Privacy, Reading, Section, Wanted};
use super::store::Database;

/// How long the record keeps what. What is older is written into an archive and removed, once a day; what names it stays, so
/// that every proof still holds. What has no time here is kept for good.
#[derive(Clone, Debug, Default, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Retention {
    /// Calls and everything about them, counted from the last that is told of each, and grants.
    pub calls: Option<Period>,
    /// Sessions that were opened or closed.
    pub sessions: Option<Period>,
    /// Lists that were given.
    pub lists: Option<Period>,
    /// What was not let in, or asked for nothing there is.
    pub rejected: Option<Period>,
    /// What hooks reported of prompts.
    pub prompts: Option<Period>,
    /// Tools that were seen, changed or agreed to.
    pub definitions: Option<Period>,
    /// What was done with the gateway, and its faults.
    pub operations: Option<Period>,
    /// The folder for archives of what is removed, a folder for each. Default: beside the database file and named after it
    /// (`countersign-archive`), or beside this file when the record is in Postgres.
    #[schemars(with = "Option<String>")]
    pub archive: Option<PathBuf>,
}

impl Retention {
    pub(super) fn read(section: &Section<'_>, database: Option<&Database>) -> Reading<Self> {
        let time = |key| section.optional(key, Wanted("a time with its unit", "400d"), Period::parse);
        let (calls, sessions, lists) = (time("calls"), time("sessions"), time("lists"));
        let (rejected, prompts) = (time("rejected"), time("prompts"));
        let (definitions, operations) = (time("definitions"), time("operations"));
        let archive = section.given("archive", Privacy::Open).and_then(|given| match given {
            Some(given) if given.text.is_empty() => {
                Err(section.bad(&given, Wanted("a folder", "countersign-archive"), Subject::Hidden))
            }
            given => Ok(given.map(|given| section.resolve(&given))),
        });
        section.close();
        let archive = archive?.or_else(|| {
            let folder = beside(database?, section.directory())?;
            // As it would be written in the file.
            let shown = folder.strip_prefix(section.directory()).unwrap_or(&folder);
            section.derived("archive", shown.display().to_string());
            Some(folder)
        });
        Ok(Self {
            calls: calls?,
            sessions: sessions?,
            lists: lists?,
            rejected: rejected?,
            prompts: prompts?,
            definitions: definitions?,
            operations: operations?,
            archive,
        })
    }

    /// Whether anything has a time.
    pub fn is_set(&self) -> bool {
        let Self { calls, sessions, lists, rejected, prompts, definitions, operations, archive: _ } = self;
        [calls, sessions, lists, rejected, prompts, definitions, operations].iter().any(|time| time.is_some())
    }
}

fn beside(database: &Database, directory: &Path) -> Option<PathBuf> {
    match database {
        Database::Sqlite(path) => {
            let mut name = path.file_stem()?.to_owned();
            name.push("-archive");
            Some(path.with_file_name(name))
        }
        Database::Memory => None,
        Database::Postgres(_) => Some(directory.join("countersign-archive")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::reading::alone;
    use super::*;

    fn read(text: &str) -> Result<Retention, String> {
        let text = format!("[retention]\n{text}\n");
        alone(&text, |root| root.table("retention").and_then(|section| Retention::read(&section, None)))
    }

    #[test]
    fn each_class_has_a_time_or_is_kept() {
        let said = read("calls = \"400d\"\nsessions = \"90d\"\narchive = \"old\"").unwrap();
        assert_eq!(said.calls.map(|time| time.duration().as_secs()), Some(400 * 86_400));
        assert!(said.is_set() && said.lists.is_none() && said.archive.is_some());
        assert!(!read("").unwrap().is_set());
        for bad in ["calls = \"0d\"", "calls = \"1y\"", "votes = \"1d\"", "archive = \"\""] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}

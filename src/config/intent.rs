//! What is kept of what people ask their agents for?

use std::path::{Path, PathBuf};

use schemars::JsonSchema;

use super::fault::Subject;
use super::measure::Period;
use super::section::{Privacy, Reading, Section, Wanted};
use super::store::Database;
use super::word::words;

/// Why calls are made, as hooks of clients report it.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Intent {
    /// What is kept of a prompt: `text`, its words without secrets; `digest`, only what names them; `off`, nothing.
    #[schemars(extend("default" = "text"))]
    pub prompts: Prompts,
    /// For how long it is kept. What names a prompt stays in the record for good.
    #[schemars(extend("default" = "7d"))]
    pub keep: Period,
    /// The folder in which hooks on this machine leave what they report. Default: beside the database file and named after it
    /// (`countersign-reports`); none when the record is in Postgres, where hooks report over HTTP.
    #[schemars(with = "Option<String>")]
    pub folder: Option<PathBuf>,
}

/// What is kept of a prompt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prompts {
    /// Its words, without secrets.
    Text,
    /// What names its words.
    Digest,
    /// Nothing.
    Off,
}

impl Intent {
    pub(super) fn read(section: &Section<'_>, database: Option<&Database>) -> Reading<Self> {
        let prompts = section.word("prompts", Prompts::Text);
        let keep = section.parsed("keep", Wanted("a time with its unit", "7d"), "7d", Period::parse);
        let folder = section.given("folder", Privacy::Open).and_then(|given| match given {
            Some(given) if given.text.is_empty() => {
                Err(section.bad(&given, Wanted("a folder", "countersign-reports"), Subject::Hidden))
            }
            given => Ok(given.map(|given| section.resolve(&given))),
        });
        section.close();
        let folder = folder?.or_else(|| {
            let folder = beside(database?)?;
            // As it would be written in the file.
            let shown = folder.strip_prefix(section.directory()).unwrap_or(&folder);
            section.derived("folder", shown.display().to_string());
            Some(folder)
        });
        Ok(Self { prompts: prompts?, keep: keep?, folder })
    }
}

fn beside(database: &Database) -> Option<PathBuf> {
    let Database::Sqlite(path) = database else { return None };
    let mut name = Path::new(path).file_stem()?.to_owned();
    name.push("-reports");
    Some(path.with_file_name(name))
}

words!(Prompts: "text" => Text, "digest" => Digest, "off" => Off);

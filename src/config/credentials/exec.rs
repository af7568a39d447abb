//! Which commands make a credential, and take it back?

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use schemars::JsonSchema;

use super::super::measure::Period;
use super::super::section::{Privacy, Reading, Section, Wanted};
use crate::secret::Secret;

/// Commands that print credentials.
#[derive(Clone, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Exec {
    /// Makes one: reads one JSON object, prints `{"value", "expires_at", "id"}`. Program and arguments one by one, no shell.
    #[schemars(with = "Vec<String>")]
    pub mint: Program,
    /// Takes one back: reads `{"lease", "id"}`. Absent: what is made ends by itself.
    #[schemars(with = "Option<Vec<String>>")]
    pub revoke: Option<Program>,
    /// What rules may ask for.
    #[schemars(extend("default" = []))]
    pub scopes: Vec<String>,
    /// Variables the commands get, besides the few every program needs.
    #[schemars(extend("default" = {}))]
    pub env: BTreeMap<String, Secret>,
    /// How long a command may take, 20 s at most.
    #[schemars(extend("default" = "10s"))]
    pub timeout: Period,
}

/// One command.
#[derive(Clone)]
pub struct Program {
    /// The program and its arguments.
    pub command: Vec<String>,
    /// Where it runs: the folder of the configuration.
    pub cwd: PathBuf,
}

const COMMAND: Wanted =
    Wanted("a list: the program and its arguments, one by one", "[\"/usr/local/bin/mint\", \"--short\"]");
const TIMEOUT: Wanted = Wanted("a time of at most 20 s", "10s");

impl Exec {
    pub(super) fn read(section: &Section<'_>) -> Reading<Self> {
        let mint = program(section, "mint").and_then(|mint| mint.ok_or_else(|| section.missing("mint", COMMAND)));
        let revoke = program(section, "revoke");
        let scopes = super::spelling::scopes(section);
        let env = section.pairs("env", Privacy::Secret);
        let timeout = section.parsed("timeout", TIMEOUT, "10s", |text| {
            Period::parse(text).filter(|period| period.duration().as_secs() <= 20)
        });
        Ok(Self {
            mint: mint?,
            revoke: revoke?,
            scopes: scopes?,
            env: env?.into_iter().map(|(name, given)| (name, given.secret())).collect(),
            timeout: timeout?,
        })
    }
}

fn program(section: &Section<'_>, key: &'static str) -> Reading<Option<Program>> {
    if !section.has(key) {
        section.ask(&[key]);
        return Ok(None);
    }
    let given = section.texts(key, &[], Privacy::OpenAsWritten)?;
    let command: Vec<String> = given.into_iter().map(|given| given.text).collect();
    if command.first().is_none_or(String::is_empty) {
        return Err(section.missing(key, COMMAND));
    }
    Ok(Some(Program { command, cwd: section.directory().to_owned() }))
}

impl fmt::Debug for Exec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exec").field("mint", &self.mint).field("scopes", &self.scopes).finish_non_exhaustive()
    }
}

impl fmt::Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Program").field("program", &self.command.first()).finish_non_exhaustive()
    }
}

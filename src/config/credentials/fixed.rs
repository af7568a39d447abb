//! Which lasting secret is handed out, where nothing better can be had?

use std::fmt;

use schemars::JsonSchema;

use super::super::fault::Subject;
use super::super::sample::is_sample;
use super::super::section::{Privacy, Reading, Section, Wanted};
use crate::credentials::material::SHORTEST;
use crate::secret::Secret;

/// A secret that is there already, and stays.
#[derive(Clone, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Fixed {
    /// The secret: `${TOKEN}` or `${file:/run/secrets/token}`.
    pub value: Secret,
    /// What rules may ask for. It reaches whatever it reaches all the same.
    #[schemars(extend("default" = []))]
    pub scopes: Vec<String>,
}

const VALUE: Wanted = Wanted("a reference to a secret of at least 8 characters", "${GITHUB_TOKEN}");

impl Fixed {
    pub(super) fn read(section: &Section<'_>) -> Reading<Self> {
        let value = section.given("value", Privacy::Secret).and_then(|given| {
            let given = given.ok_or_else(|| section.missing("value", VALUE))?;
            if given.text.len() < SHORTEST || is_sample(&given.text) {
                return Err(section.bad(&given, VALUE, Subject::Hidden));
            }
            Ok(given.secret())
        });
        let scopes = super::spelling::scopes(section);
        Ok(Self { value: value?, scopes: scopes? })
    }
}

impl fmt::Debug for Fixed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fixed").finish_non_exhaustive()
    }
}

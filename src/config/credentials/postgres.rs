//! Which database makes roles, and what may they reach?

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;

use super::super::fault::Subject;
use super::super::measure::Period;
use super::super::sample::is_sample;
use super::super::section::{Given, Privacy, Reading, Section, Wanted};
use crate::credentials::postgres::ceiling::{Ceiling, Relation, Verb};
use crate::secret::Secret;

/// A Postgres database that gets a role for each call.
#[derive(Clone, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Postgres {
    /// The login that makes the roles: it has `CREATEROLE`, and may hand on everything in `ceiling`.
    pub url: Secret,
    /// Where relations without a schema are looked for.
    #[schemars(extend("default" = "public"))]
    pub schema: String,
    /// What any role may get at most: relation (or `schema.*`) = verbs out of select, insert, update and delete.
    #[schemars(with = "BTreeMap<String, Vec<Verb>>")]
    pub ceiling: Ceiling,
    /// How long one statement of a role may take.
    #[schemars(extend("default" = "30s"))]
    pub statement_timeout: Period,
    /// How many connections a role may have, 20 at most.
    #[schemars(extend("default" = 2))]
    pub connections: u32,
}

const URL: Wanted = Wanted("the address of a Postgres database", "postgres://countersign:${PASSWORD}@db:5432/shop");
const VERBS: Wanted = Wanted("verbs out of select, insert, update and delete", "select, update");

impl Postgres {
    pub(super) fn read(section: &Section<'_>) -> Reading<Self> {
        let url = section.given("url", Privacy::Secret).and_then(|given| url(section, given));
        let schema = section.parsed("schema", Wanted("the name of a schema", "public"), "public", |text| {
            let fits = !text.is_empty() && text.len() <= 63 && !text.contains(['"', '.', '*', '\0']);
            fits.then(|| text.to_owned())
        });
        let ceiling = match &schema {
            Ok(schema) => ceiling(section, schema),
            Err(noted) => Err(*noted),
        };
        let statement_timeout =
            section.parsed("statement_timeout", Wanted("a time with its unit", "30s"), "30s", Period::parse);
        let connections = connections(section);
        Ok(Self {
            url: url?,
            schema: schema?,
            ceiling: ceiling?,
            statement_timeout: statement_timeout?,
            connections: connections?,
        })
    }
}

fn connections(section: &Section<'_>) -> Reading<u32> {
    let number =
        section.number("connections", 2, Wanted("a number between 1 and 20", "2"), |text| text.parse().ok())?;
    let fits = u32::try_from(number).ok().filter(|number| *number <= 20);
    fits.ok_or_else(|| section.fault(format!("{number} connections for one role are too many"), "20 at most"))
}

fn url(section: &Section<'_>, given: Option<Given>) -> Reading<Secret> {
    let given = given.ok_or_else(|| section.missing("url", URL))?;
    let fits = given.text.starts_with("postgres://") || given.text.starts_with("postgresql://");
    if !fits || is_sample(&given.text) {
        return Err(section.bad(&given, URL, Subject::Hidden));
    }
    Ok(given.secret())
}

fn ceiling(section: &Section<'_>, schema: &str) -> Reading<Ceiling> {
    if !section.has("ceiling") {
        return Err(section
            .missing("ceiling", Wanted("what roles may reach at most", "{ \"public.orders\" = \"select, update\" }")));
    }
    let pairs = section.pairs("ceiling", Privacy::Open)?;
    let line = |(name, given): (String, Given)| {
        let relation = Relation::of(&name, schema).map_err(|no_relation| {
            section.note(&given.at, no_relation.to_string(), "name each relation once".to_owned(), Subject::Shown)
        });
        let verbs = given.text.split(',').map(|word| Verb::of(word.trim())).collect::<Option<_>>();
        let verbs = verbs.ok_or_else(|| section.bad(&given, VERBS, Subject::Shown));
        Ok((relation?, verbs?))
    };
    let lines: Vec<Reading<_>> = pairs.into_iter().map(line).collect();
    Ok(Ceiling::new(lines.into_iter().collect::<Reading<Vec<_>>>()?))
}

impl fmt::Debug for Postgres {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Postgres").field("ceiling", &self.ceiling).finish_non_exhaustive()
    }
}

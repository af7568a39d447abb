//! How and when is somebody told?
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;

use super::Recipient;
use super::hours::Hours;
use crate::channels::notice::What;
use crate::clock::Timestamp;
use crate::facts::Risk;

/// Somebody who can be told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Person {
    /// Where they are told: everywhere.
    pub reach: Vec<Recipient>,
    /// When they are let alone.
    pub quiet: Option<Quiet>,
    /// When somebody else is told in their place.
    pub away: Option<Away>,
}

/// Hours in which somebody hears only of what cannot wait. Reminders and escalations always reach them.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Quiet {
    /// Which hours.
    #[schemars(flatten)]
    pub hours: Hours,
    /// What is as bad as this reaches them in any case.
    #[schemars(extend("default" = "high"))]
    pub unless: Risk,
}

/// A time in which somebody else is told. That alone lets nobody answer: a delegate can only answer where a rule asks them too.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Away {
    /// From when on, as RFC 3339.
    #[schemars(with = "String")]
    pub from: Timestamp,
    /// Until when, as RFC 3339.
    #[schemars(with = "String")]
    pub to: Timestamp,
    /// Who is told instead. Absent: nobody.
    pub delegate: Option<String>,
}

impl Quiet {
    /// Whether this does not reach them now.
    pub fn silences(&self, (what, risk): (What, Risk), now: Timestamp) -> bool {
        risk < self.unless && !matches!(what, What::Escalated | What::Reminded) && self.hours.contain(now)
    }
}

impl Away {
    fn covers(&self, now: Timestamp) -> bool {
        (self.from..self.to).contains(&now)
    }
}

/// Whoever is told where this person is meant: themselves, or who stands in for them, or for those in turn; nobody where they
/// are all away.
pub(super) fn present<'a>(people: &'a BTreeMap<String, Person>, name: &'a str, now: Timestamp) -> Option<&'a Person> {
    let mut asked = BTreeSet::new();
    let mut name = name;
    while asked.insert(name) {
        let person = people.get(name)?;
        match person.away.as_ref().filter(|away| away.covers(now)) {
            None => return Some(person),
            Some(away) => name = away.delegate.as_deref()?,
        }
    }
    None
}

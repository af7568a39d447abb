//! Which rights would this statement need? Exactly those its syntax tree names, or those the rule's scope does.
//!
//! A statement that was not read for certain, that does more than read and change rows, or that calls what nobody here
//! knows gets no role at all. A change finds its rows before it changes them, so that it may read what it changes.
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::Options;
use super::ceiling::{Relation, Verb, words};
use crate::credentials::provider::NotMinted;
use crate::credentials::wanted::{About, Asked, Planned, Unfit};
use crate::facts::merged::Sql;
use crate::facts::sql::{Kind, Statement};

/// What a role gets.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rights {
    /// Relation by relation.
    pub(super) on: BTreeMap<Relation, BTreeSet<Verb>>,
}

/// Reads back what was planned.
pub(super) fn rights(terms: &serde_json::Value) -> Result<Rights, NotMinted> {
    Rights::deserialize(terms).map_err(|_| NotMinted::Refused("what was planned is no list of rights".to_owned()))
}

/// What role would be made for this call.
pub(super) fn plan(options: &Options, asked: &Asked<'_>, about: &About<'_>) -> Result<Planned, Unfit> {
    let name = &asked.credential.provider;
    let told = asked.credential.scope.as_deref().map(|scope| of_scope(scope, &options.schema)).transpose()?;
    let rights = match (&about.facts.sql, &told) {
        (Some(sql), told) => {
            let rights = of_sql(sql, &options.schema)?;
            if let Some(told) = told {
                within(&rights, |relation| told.on.get(relation).cloned().unwrap_or_default()).map_err(|beyond| {
                    Unfit(format!("the statement needs {beyond}, which is more than the rule's scope for `{name}`"))
                })?;
            }
            rights
        }
        (None, Some(told)) => told.clone(),
        (None, None) => {
            return Err(Unfit(format!(
                "the call holds no SQL that could be read, and the rule names no `scope` for `{name}`; say in [servers.{}.facts] which argument is SQL, or write a scope such as \"select on public.orders\"",
                about.call.server
            )));
        }
    };
    within(&rights, |relation| options.ceiling.of(relation)).map_err(|beyond| {
        Unfit(format!("the statement needs {beyond}, which is more than [credentials.{name}.ceiling] allows"))
    })?;
    let reaches = rights.on.iter().map(|(relation, verbs)| format!("{} on {relation}", words(verbs))).collect();
    let terms = serde_json::to_value(&rights).map_err(|error| Unfit(error.to_string()))?;
    Ok(Planned { scope: asked.credential.scope.clone(), reaches, ttl: asked.ttl, standing: false, terms })
}

/// Says what is more than may be.
fn within(rights: &Rights, may: impl Fn(&Relation) -> BTreeSet<Verb>) -> Result<(), String> {
    for (relation, verbs) in &rights.on {
        let allowed = may(relation);
        let beyond: BTreeSet<Verb> = verbs.difference(&allowed).copied().collect();
        if !beyond.is_empty() {
            return Err(format!("{} on {relation}", words(&beyond)));
        }
    }
    Ok(())
}

/// `select, update on public.orders; select on public.items`.
fn of_scope(scope: &str, schema: &str) -> Result<Rights, Unfit> {
    let refuse = |line: &str| {
        Unfit(format!(
            "`{}` is no scope of a Postgres role; write \"select, update on public.orders; select on public.items\"",
            line.trim()
        ))
    };
    let mut rights = Rights::default();
    for line in scope.split(';').filter(|line| !line.trim().is_empty()) {
        let (verbs, relations) = line.split_once(" on ").ok_or_else(|| refuse(line))?;
        let verbs: Option<BTreeSet<Verb>> = verbs.split(',').map(|word| Verb::of(word.trim())).collect();
        let verbs = verbs.ok_or_else(|| refuse(line))?;
        for relation in relations.split(',') {
            let relation = Relation::of(relation.trim(), schema).map_err(|_| refuse(line))?;
            if relation.name == "*" {
                return Err(refuse(line));
            }
            rights.on.entry(relation).or_default().extend(&verbs);
        }
    }
    if rights.on.is_empty() { Err(refuse(scope)) } else { Ok(rights) }
}

fn of_sql(sql: &Sql, schema: &str) -> Result<Rights, Unfit> {
    if !sql.complete {
        return Err(Unfit(
            "the statement could not be read for certain, so nobody can say what its role would need".to_owned(),
        ));
    }
    if let Some(function) = sql.deeds.functions.iter().next() {
        return Err(Unfit(format!(
            "the statement calls `{}`, and nobody can say what a role would need for that",
            function.name
        )));
    }
    let mut rights = Rights::default();
    let (mut kinds, mut named) = (BTreeSet::new(), BTreeSet::new());
    for statement in &sql.details {
        kinds.extend(&statement.kinds);
        named.extend(statement.reads.iter().chain(&statement.writes));
        of_statement(statement, schema, &mut rights)?;
    }
    // What is not in one of the statements is in something that runs inside of one.
    let whole = sql.deeds.kinds.is_subset(&kinds);
    if !whole || sql.deeds.reads.iter().chain(&sql.deeds.writes).any(|relation| !named.contains(relation)) {
        return Err(Unfit("the statement runs others inside of it; no role is made for that".to_owned()));
    }
    Ok(rights)
}

fn of_statement(statement: &Statement, schema: &str, rights: &mut Rights) -> Result<(), Unfit> {
    let mut changes = BTreeSet::new();
    for kind in &statement.kinds {
        match kind {
            Kind::Select | Kind::Explain | Kind::Transaction => {}
            Kind::Insert => drop(changes.insert(Verb::Insert)),
            Kind::Update => changes.extend([Verb::Update, Verb::Select]),
            Kind::Delete => changes.extend([Verb::Delete, Verb::Select]),
            Kind::Merge => changes.extend([Verb::Insert, Verb::Update, Verb::Delete, Verb::Select]),
            _ => {
                let why = "the statement does more than read and change rows; no role is made for that";
                return Err(Unfit(why.to_owned()));
            }
        }
    }
    let mut add = |name: &str, verbs: &BTreeSet<Verb>| {
        // Quotes are not told, and without them names are small letters. A role for what is spelt otherwise reaches nothing.
        let relation = Relation::of(&name.to_lowercase(), schema).ok().filter(|relation| relation.name != "*");
        let relation = relation.ok_or_else(|| {
            Unfit(format!("`{}` is no relation a role could be limited to", name.chars().take(80).collect::<String>()))
        })?;
        rights.on.entry(relation).or_default().extend(verbs);
        Ok::<(), Unfit>(())
    };
    for name in &statement.reads {
        add(name, &BTreeSet::from([Verb::Select]))?;
    }
    for name in &statement.writes {
        add(name, &changes)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;

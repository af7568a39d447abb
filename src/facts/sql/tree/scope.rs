//! Which relation does a name stand for?

use std::collections::BTreeSet;

use sqlparser::ast::{Ident, ObjectName};

use super::{Tree, named};
use crate::facts::sql::Dialect;

/// A common table expression in sight.
#[derive(Clone, Debug)]
pub(super) struct Cte {
    pub(super) name: String,
    /// The relations it reads, kept where it can be written through.
    pub(super) reads: BTreeSet<String>,
}

/// A relation of a query, by the name its columns go by.
#[derive(Clone, Debug)]
pub(super) struct Source {
    /// Lower-case.
    pub(super) alias: String,
    /// Nothing when it is a query, a function or a common table expression.
    pub(super) relation: Option<String>,
}

impl Tree<'_> {
    /// A name as the dialect compares names.
    pub(super) fn folded(&self, name: &Ident) -> String {
        match (self.dialect, name.quote_style) {
            (Dialect::Postgres | Dialect::Snowflake, Some(_)) => name.value.clone(),
            (Dialect::Snowflake, None) => name.value.to_uppercase(),
            (Dialect::Postgres | Dialect::Mysql | Dialect::Sqlite | Dialect::Mssql | Dialect::Bigquery, _) => {
                name.value.to_lowercase()
            }
        }
    }

    /// The common table expression that a name means, if it means one.
    pub(super) fn cte(&self, name: &ObjectName) -> Option<&Cte> {
        let [single] = name.0.as_slice() else { return None };
        let folded = self.folded(single.as_ident()?);
        self.ctes.iter().rev().find(|cte| cte.name == folded)
    }

    /// The relation that a name or an alias of the nearest query means.
    pub(super) fn aliased(&self, name: &ObjectName) -> Option<&Source> {
        let [single] = name.0.as_slice() else { return None };
        let alias = single.as_ident()?.value.to_lowercase();
        self.sources.last()?.iter().find(|source| source.alias == alias)
    }

    /// Notes a column where its relation is certain.
    pub(super) fn column(&mut self, names: &[Ident]) {
        let Some((column, qualifiers)) = names.split_last() else { return };
        if column.value.starts_with('@') {
            return;
        }
        let relation = match qualifiers {
            [] => match self.sources.last().map(Vec::as_slice) {
                Some([only]) if !is_word(column) => only.relation.as_deref(),
                _ => None,
            },
            [alias] => {
                let mut frames = self.sources.iter().rev().flatten();
                let found = frames.find(|source| source.alias.eq_ignore_ascii_case(&alias.value));
                found.and_then(|source| source.relation.as_deref())
            }
            several => {
                let written: Vec<&str> = several.iter().map(|name| name.value.as_str()).collect();
                let written = written.join(".");
                let mut frames = self.sources.iter().rev().flatten();
                frames.find_map(|source| source.relation.as_deref().filter(|name| name.eq_ignore_ascii_case(&written)))
            }
        };
        if let Some(relation) = relation {
            self.tally.column(relation, &column.value);
        }
    }

    /// Notes all columns, of one relation of the query or of every one.
    pub(super) fn all_columns(&mut self, of: Option<&ObjectName>) {
        let relations: Vec<String> = match of {
            Some(name) => self.aliased(name).and_then(|source| source.relation.clone()).into_iter().collect(),
            None => self.sources.last().into_iter().flatten().filter_map(|source| source.relation.clone()).collect(),
        };
        for relation in relations {
            self.tally.column(&relation, "*");
        }
    }

    /// The names that the nearest query's columns go by.
    pub(super) fn own(&self) -> Vec<String> {
        self.sources.last().into_iter().flatten().map(|source| source.alias.clone()).collect()
    }

    /// Puts a relation among those of the nearest query.
    pub(super) fn enter(&mut self, alias: Option<&Ident>, name: Option<&ObjectName>, relation: Option<String>) {
        let last = name.and_then(|name| name.0.last()).and_then(|part| part.as_ident());
        let alias = alias.or(last).map(|name| name.value.to_lowercase()).unwrap_or_default();
        if let Some(frame) = self.sources.last_mut() {
            frame.push(Source { alias, relation });
        }
    }

    /// Reads a relation and gives its name, or nothing when it is none: a common table expression or a variable.
    pub(super) fn relation(&mut self, name: &ObjectName) -> Option<String> {
        let local = self.dialect == Dialect::Mssql
            && name.0.last().and_then(|part| part.as_ident()).is_some_and(|name| name.value.starts_with('@'));
        if local || self.cte(name).is_some() {
            return None;
        }
        let computed = name.0.iter().any(|part| part.as_ident().is_none());
        if computed {
            self.tally.doubt(crate::facts::sql::Reason::DynamicText);
        }
        let linked = self.dialect == Dialect::Mssql && name.0.len() >= 4;
        if linked {
            self.tally.note(crate::facts::sql::Kind::Network, crate::facts::Risk::High);
        }
        Some(named(name)).filter(|name| !name.is_empty())
    }
}

/// Whether an unquoted name is a value and no column.
fn is_word(name: &Ident) -> bool {
    const VALUES: [&str; 12] = [
        "current_date",
        "current_time",
        "current_timestamp",
        "current_user",
        "session_user",
        "user",
        "localtime",
        "localtimestamp",
        "true",
        "false",
        "default",
        "current_role",
    ];
    name.quote_style.is_none() && VALUES.iter().any(|value| name.value.eq_ignore_ascii_case(value))
}

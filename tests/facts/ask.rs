//! What do the facts say, in the words a rule sees?

use std::collections::BTreeSet;

use countersign::facts::sql::{Dialect, read};
use serde_json::Value;

/// Every dialect and its word.
pub(super) const DIALECTS: [(Dialect, &str); 6] = [
    (Dialect::Postgres, "postgres"),
    (Dialect::Mysql, "mysql"),
    (Dialect::Sqlite, "sqlite"),
    (Dialect::Mssql, "mssql"),
    (Dialect::Snowflake, "snowflake"),
    (Dialect::Bigquery, "bigquery"),
];

/// The risks, from harmless to worst.
const RISKS: [&str; 4] = ["low", "medium", "high", "critical"];

/// The facts of a text, as JSON.
#[derive(Debug)]
pub(super) struct Answer(Value);

pub(super) fn ask(sql: &str, dialect: Dialect) -> Answer {
    Answer(serde_json::to_value(read(sql, dialect)).unwrap())
}

/// How bad the word is.
pub(super) fn rank(risk: &str) -> usize {
    RISKS.iter().position(|word| *word == risk).unwrap_or_else(|| panic!("there is no risk `{risk}`"))
}

impl Answer {
    pub(super) fn set(&self, field: &str) -> BTreeSet<String> {
        self.0[field].as_array().unwrap().iter().map(|word| word.as_str().unwrap().to_owned()).collect()
    }

    pub(super) fn risk(&self) -> &str {
        self.0["risk"].as_str().unwrap()
    }

    pub(super) fn complete(&self) -> bool {
        self.0["complete"].as_bool().unwrap()
    }

    pub(super) fn limit(&self) -> Option<u64> {
        self.0["limit"].as_u64()
    }
}

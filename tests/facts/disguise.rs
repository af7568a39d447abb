//! In how many dresses can the same statement come?

use std::collections::BTreeSet;

use countersign::facts::sql::Dialect;

use super::ask::Answer;
use super::case::Case;
use super::chance::Chance;
use super::split::{Part, join, split};

/// The same statement in another dress. `alike`: nothing but the looks changed, so that it is read as surely as before.
#[derive(Debug)]
pub(super) struct Disguise {
    pub(super) sql: String,
    pub(super) alike: bool,
}

pub(super) fn disguises(case: &Case, plain: &Answer) -> Vec<Disguise> {
    let mut out = Vec::new();
    let changed = |sql: String, alike: bool| Disguise { sql, alike };
    out.push(changed(format!("SELECT 1; {}", case.sql), false));
    let Some(parts) = split(&case.sql, case.dialect) else { return out };
    let mut chance = Chance::new(u64::try_from(case.sql.len()).unwrap());
    // Case.
    out.push(changed(join(&parts, str::to_lowercase), true));
    out.push(changed(join(&parts, str::to_uppercase), true));
    out.push(changed(join(&parts, |code| odd_case(code, &mut chance)), true));
    // Spaces and comments.
    let line = if case.dialect == Dialect::Bigquery { " # ; '\n" } else { " -- ; '\n" };
    for gap in ["  ", "\n", "\t", "\r\n", "/**/", " /* ; ' \" ` */ ", line, "/* -- */"] {
        out.push(changed(join(&parts, |code| code.replace(' ', gap)), true));
        out.push(changed(join(&parts, |code| some_gaps(code, gap, &mut chance)), true));
    }
    out.push(changed(format!("/* x */ {} -- y", case.sql), true));
    out.push(changed(format!("\n\n{}\n;\n", case.sql), true));
    out.push(changed(join(&parts, |code| code.replace(',', " , ").replace(')', " ) ")), true));
    // Quotes.
    let names: BTreeSet<String> = plain.set("writes").into_iter().chain(plain.set("reads")).collect();
    let quoted = join(&parts, |code| quote_names(code, &names, case.dialect));
    if quoted != case.sql {
        out.push(changed(quoted, false));
    }
    out.extend(wrapped(case, &parts));
    out
}

/// Behind a common table expression, or inside one.
fn wrapped(case: &Case, parts: &[Part]) -> Vec<Disguise> {
    let mut out = Vec::new();
    let Some(Part::Code(begin)) = parts.first() else { return out };
    let first = begin.split_whitespace().next().unwrap_or_default().to_ascii_uppercase();
    let changes = matches!(first.as_str(), "INSERT" | "UPDATE" | "DELETE");
    let several = case.sql.contains(';');
    let goes = first == "SELECT"
        || changes && matches!(case.dialect, Dialect::Postgres | Dialect::Sqlite | Dialect::Mssql)
        || first != "INSERT" && changes && case.dialect == Dialect::Mysql;
    if several || !goes {
        return out;
    }
    out.push(Disguise { sql: format!("WITH zz AS (SELECT 1) {}", case.sql), alike: false });
    out.push(Disguise { sql: format!("with\n\"z z\"as(select 1){}", case.sql), alike: false });
    if changes && case.dialect == Dialect::Postgres {
        let returning = if case.sql.contains("RETURNING") { "" } else { " RETURNING 1" };
        for sql in [
            format!("WITH zz AS ({}{returning}) SELECT 1", case.sql),
            format!("WITH a AS (SELECT 1), zz AS MATERIALIZED (/* x */{}{returning}) TABLE zz", case.sql),
            format!("WITH zz AS NOT MATERIALIZED (\n{}{returning}\n) SELECT * FROM zz LIMIT 1", case.sql),
            format!("EXPLAIN ANALYZE {}", case.sql),
            format!("EXPLAIN (COSTS OFF, ANALYZE) {}", case.sql),
        ] {
            out.push(Disguise { sql, alike: false });
        }
    }
    out
}

fn odd_case(code: &str, chance: &mut Chance) -> String {
    let mut one = |c: char| if chance.below(2) == 0 { c.to_ascii_lowercase() } else { c.to_ascii_uppercase() };
    code.chars().map(&mut one).collect()
}

fn some_gaps(code: &str, gap: &str, chance: &mut Chance) -> String {
    let mut out = String::new();
    for c in code.chars() {
        if c == ' ' && chance.below(2) == 0 {
            out.push_str(gap);
        } else {
            out.push(c);
        }
    }
    out
}

/// The relations in quotes where they stood without; each part of a name on its own.
fn quote_names(code: &str, names: &BTreeSet<String>, dialect: Dialect) -> String {
    let (open, close) = match dialect {
        Dialect::Mysql | Dialect::Bigquery => ('`', '`'),
        Dialect::Mssql => ('[', ']'),
        _ => ('"', '"'),
    };
    let part_of = |word: &str| names.iter().any(|name| name.split('.').any(|part| part == word));
    let mut out = String::new();
    let mut rest = code;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))).unwrap_or(rest.len());
        let (word, tail) = rest.split_at(end);
        let function = tail.trim_start().starts_with('(') && !out.trim_end().to_lowercase().ends_with("into");
        if !word.is_empty() && part_of(word) && !function {
            out.push(open);
            out.push_str(word);
            out.push(close);
        } else {
            out.push_str(word);
        }
        let step = tail.chars().next().map_or(0, char::len_utf8);
        out.push_str(&tail[..step]);
        rest = &tail[step..];
    }
    out
}

//! What are the arguments of a server's tools?

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::fault::{Subject, closest};
use super::section::{Privacy, Reading, Section, Wanted};
use super::tree::{At, Content, Node};
use super::word::Word;
use crate::facts::money::{Unit, is_currency};
use crate::facts::path::Style;
use crate::facts::plan::{Currency, Kind, Money, Paths, Told};
use crate::facts::{shell, sql};

/// What an argument is, as the schema of the file says it.
#[derive(Debug)]
pub(super) struct Fact;

/// Kinds that are told by a table.
const TABLES: [&str; 4] = ["sql", "shell", "path", "money"];
/// Kinds that are told by a word.
const WORDS: [&str; 2] = ["url", "none"];

const ARGUMENT: Wanted = Wanted("the name of an argument, or a JSON pointer from the arguments on", "/transfer/amount");

/// Reads `facts` of a server or a tool.
pub(super) fn read(section: &Section<'_>) -> Reading<Told> {
    let Some(node) = section.node("facts") else { return Ok(Told::new()) };
    let table = section.entered(section.path("facts"), node)?;
    let read = table.entries().iter().map(|(name, entry)| {
        let name = argument(&table, name, &entry.key);
        let kind = kind(&table, name.as_deref().unwrap_or("?"), &entry.node);
        Ok((name?, kind?))
    });
    read.collect::<Vec<Reading<_>>>().into_iter().collect()
}

fn argument(table: &Section<'_>, name: &str, at: &At) -> Reading<String> {
    let meant = match name {
        "" | "/" => "",
        name if name.starts_with('/') && is_pointer(name) => return Ok(name.to_owned()),
        name if name.starts_with('/') => "; in a pointer `~` is written `~0`",
        name if name.contains('/') => "; a pointer begins with `/`",
        name => return Ok(name.to_owned()),
    };
    let Wanted(noun, example) = ARGUMENT;
    let next = format!("write {noun}, such as `{example}`{meant}");
    Err(table.note(at, format!("`{name}` is not {noun}"), next, Subject::Shown))
}

fn kind(table: &Section<'_>, name: &str, node: &Node) -> Reading<Kind> {
    match &node.content {
        Content::Table(_) => of_table(&table.entered(table.path(name), node)?),
        Content::Text(_) | Content::Loose(_) => {
            let given = table.follow(node, Privacy::Open)?;
            table.record(table.path(name), given.text.as_str().into(), &given.at, given.references());
            match given.text.as_str() {
                "url" => Ok(Kind::Url),
                "none" => Ok(Kind::Nothing),
                other => {
                    let next = match closest(other, WORDS.into_iter().chain(TABLES)) {
                        Some(meant) if TABLES.contains(&meant) => format!("did you mean {}?", example(meant)),
                        Some(meant) => format!("did you mean `{meant}`?"),
                        None => format!("write \"url\", \"none\", {}", TABLES.map(example).join(", ")),
                    };
                    let (told, subject) = given.told(Subject::Shown);
                    Err(table.note(&given.at, format!("{told} is nothing an argument can be"), next, subject))
                }
            }
        }
        _ => Err(table.wrong_kind(node, "\"url\", \"none\" or a table such as { sql = \"postgres\" }")),
    }
}

fn of_table(section: &Section<'_>) -> Reading<Kind> {
    let there: Vec<&str> = TABLES.into_iter().filter(|kind| section.has(kind)).collect();
    section.excuse(&TABLES);
    let kind = match there.as_slice() {
        ["sql"] => section.word("sql", sql::Dialect::Postgres).map(Kind::Sql),
        ["shell"] => section.word("shell", shell::Dialect::Posix).map(Kind::Shell),
        ["path"] => {
            let style = section.word("path", Style::Posix);
            let roots = section.texts("roots", &[], Privacy::Open);
            let roots = roots?.into_iter().map(|root| root.text).collect::<Vec<_>>();
            style.map(|style| Kind::Path(Paths { style: Some(style), roots: roots.into() }))
        }
        ["money"] => section.table("money").and_then(|money| of_money(&money)).map(Kind::Money),
        [] => {
            section.excuse(&["roots"]);
            let known = section.entries().keys().all(|key| key == "roots");
            let next = format!("write {}, or the word \"url\"", TABLES.map(example).join(", "));
            known.then(|| section.fault("this does not say what the argument is".to_owned(), &next));
            Err(super::section::Noted)
        }
        many => {
            section.excuse(&["roots"]);
            let what = format!("an argument cannot be `{}` at once", many.join("` and `"));
            Err(section.fault(what, "keep the one that it is"))
        }
    };
    if !there.contains(&"path") {
        section.refuse(&["roots"], "an argument that is a `path`");
    }
    section.close();
    kind
}

fn of_money(section: &Section<'_>) -> Reading<Money> {
    let wanted = Wanted("a JSON pointer to the currency, or a code of ISO 4217", "/currency");
    let currency = section.required("currency", wanted, |text| {
        if text.starts_with('/') {
            is_pointer(text).then(|| Currency::At(text.to_owned()))
        } else {
            is_currency(text).then(|| Currency::Fixed(text.to_owned()))
        }
    });
    let unit = section.required("unit", Wanted("minor (cents) or major (euros)", "minor"), Unit::of);
    section.close();
    Ok(Money { currency: currency?, unit: unit? })
}

fn is_pointer(text: &str) -> bool {
    let fine = |step: &str| !step.is_empty() && step.split('~').skip(1).all(|rest| rest.starts_with(['0', '1']));
    text.strip_prefix('/').is_some_and(|steps| steps.split('/').all(fine))
}

fn example(kind: &str) -> String {
    match kind {
        "money" => "{ money = { currency = \"/currency\", unit = \"minor\" } }".to_owned(),
        "sql" => "{ sql = \"postgres\" }".to_owned(),
        "shell" => "{ shell = \"bash\" }".to_owned(),
        _ => "{ path = \"posix\", roots = [\"/srv/work\"] }".to_owned(),
    }
}

impl Word for sql::Dialect {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("postgres", Self::Postgres),
        ("mysql", Self::Mysql),
        ("mariadb", Self::Mysql),
        ("sqlite", Self::Sqlite),
        ("mssql", Self::Mssql),
        ("snowflake", Self::Snowflake),
        ("bigquery", Self::Bigquery),
    ];

    fn word(self) -> &'static str {
        first_word(self)
    }
}

impl Word for shell::Dialect {
    const WORDS: &'static [(&'static str, Self)] =
        &[("posix", Self::Posix), ("bash", Self::Bash), ("powershell", Self::PowerShell), ("cmd", Self::Cmd)];

    fn word(self) -> &'static str {
        first_word(self)
    }
}

impl Word for Style {
    const WORDS: &'static [(&'static str, Self)] = &[("posix", Self::Posix), ("windows", Self::Windows)];

    fn word(self) -> &'static str {
        first_word(self)
    }
}

impl Word for Unit {
    const WORDS: &'static [(&'static str, Self)] = &[("minor", Self::Minor), ("major", Self::Major)];

    fn word(self) -> &'static str {
        first_word(self)
    }
}

fn first_word<T: Word + PartialEq>(value: T) -> &'static str {
    T::WORDS.iter().find(|(_, known)| *known == value).map_or("", |(word, _)| word)
}

fn words<T: Word>() -> Vec<&'static str> {
    T::WORDS.iter().map(|(word, _)| *word).collect()
}

impl JsonSchema for Fact {
    fn schema_name() -> Cow<'static, str> {
        "Fact".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "What an argument is.",
            "oneOf": [
                { "type": "string", "enum": WORDS, "description": "An address; or nothing that is read, whatever its name." },
                {
                    "type": "object",
                    "description": "SQL, in the dialect of the connection.",
                    "properties": { "sql": { "type": "string", "enum": words::<sql::Dialect>() } },
                    "required": ["sql"],
                    "additionalProperties": false
                },
                {
                    "type": "object",
                    "description": "A command line.",
                    "properties": { "shell": { "type": "string", "enum": words::<shell::Dialect>() } },
                    "required": ["shell"],
                    "additionalProperties": false
                },
                {
                    "type": "object",
                    "description": "A path, and the folders it should be under.",
                    "properties": {
                        "path": { "type": "string", "enum": words::<Style>() },
                        "roots": { "type": "array", "items": { "type": "string" }, "default": [] }
                    },
                    "required": ["path"],
                    "additionalProperties": false
                },
                {
                    "type": "object",
                    "description": "An amount of money.",
                    "properties": { "money": {
                        "type": "object",
                        "properties": {
                            "currency": { "type": "string", "description": "A JSON pointer to the currency, or a code of ISO 4217." },
                            "unit": { "type": "string", "enum": words::<Unit>(), "description": "minor counts cents, major euros." }
                        },
                        "required": ["currency", "unit"],
                        "additionalProperties": false
                    } },
                    "required": ["money"],
                    "additionalProperties": false
                }
            ]
        })
    }
}

#[cfg(test)]
mod tests;

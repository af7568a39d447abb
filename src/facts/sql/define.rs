//! What does a statement define?

mod stored;

use sqlparser::tokenizer::Token;

use self::stored::{code, place, principal};
use super::statement::Reading;
use super::words::Words;
use super::{Dialect, Kind, Reason};
use crate::facts::Risk;

/// Words that may stand before what is defined.
const ADJECTIVES: [&str; 26] = [
    "temporary",
    "temp",
    "local",
    "global",
    "unlogged",
    "unique",
    "fulltext",
    "spatial",
    "clustered",
    "nonclustered",
    "columnstore",
    "primary xml",
    "virtual",
    "external",
    "foreign",
    "transient",
    "volatile",
    "hybrid",
    "iceberg",
    "dynamic",
    "secure",
    "recursive",
    "snapshot",
    "event",
    "aggregate",
    "search",
];

/// Reads CREATE.
#[expect(clippy::too_many_lines, reason = "one arm for each beginning of a statement")]
pub(super) fn create(reading: &mut Reading<'_>, tokens: &[Token]) {
    let mut words = Words::new(tokens);
    words.skip(1);
    let replaces = words.eat("or replace");
    words.eat("or alter");
    if words.eat("definer") {
        words.eat_token(&Token::Eq);
        while !words.done() && !words.is_any(&["procedure", "function", "trigger", "event", "view", "sql", "aggregate"])
        {
            words.skip(1);
        }
        reading.tally.raise(Risk::High);
    }
    if words.eat("algorithm") {
        words.skip(2);
    }
    if words.eat("sql security") {
        words.skip(1);
    }
    let event = words.is("event") && !words.ahead(1).is_some_and(|next| super::words::is(next, "trigger"));
    while !event && words.eat_any(&ADJECTIVES) {}
    let before = tokens.get(..words.at()).unwrap_or_default();
    let external = before.iter().any(|token| super::words::is(token, "external") || super::words::is(token, "foreign"));
    if code(reading, &mut words) || principal(reading, &mut words) || place(reading, &mut words) {
        return;
    }
    let tally = &mut *reading.tally;
    if words.eat_any(&["table", "materialized view", "view", "sequence", "stream", "model"]) {
        let view = tokens.get(..words.at()).unwrap_or_default().iter().any(|token| super::words::is(token, "view"));
        tally.note(Kind::Create, if replaces && !view { Risk::High } else { Risk::Medium });
        words.eat("if not exists");
        if let Some(name) = words.name() {
            tally.write(name);
        }
        if external {
            tally.note(Kind::Network, Risk::High);
        }
        if words.any(&["connection", "engine"]) && words.any(&["federated", "connect"]) {
            tally.note(Kind::Network, Risk::High);
        }
        return body(reading, tokens, words);
    }
    if words.eat("index") {
        tally.note(Kind::Create, Risk::Medium);
        if let Some(at) = words.find(&["on"]) {
            words.go(at.saturating_add(1));
            words.eat("only");
            tally.deeds.writes.extend(words.name());
        }
        return;
    }
    let known = words.is_any(&[
        "schema",
        "database",
        "type",
        "domain",
        "collation",
        "statistics",
        "synonym",
        "file",
        "warehouse",
        "tag",
        "text",
        "conversion",
        "partition",
        "fulltext",
        "xml",
        "queue",
        "default",
    ]);
    let privileged = words.is_any(&[
        "extension",
        "operator",
        "cast",
        "transform",
        "tablespace",
        "access",
        "stream",
        "alert",
        "model",
        "resource",
        "network",
        "contract",
        "message",
        "service",
        "broker",
    ]);
    tally.note(Kind::Create, if known && !replaces { Risk::Medium } else { Risk::High });
    if replaces && words.is_any(&["schema", "database"]) {
        tally.note(Kind::Drop, Risk::Critical);
        tally.write("*".to_owned());
    }
    if words.eat("database") && words.any(&["clone"]) || words.is("schema") && words.any(&["clone"]) {
        tally.read("*".to_owned());
    }
    // A schema may be made with what is in it.
    let more =
        words.find(&["create", "grant"]).filter(|_| !known || words.any_run("create table") || words.any_run("grant"));
    if !known && !privileged || more.is_some() {
        tally.doubt(Reason::UnknownNode);
    }
}

/// The query or the relation a definition takes its rows from.
fn body(reading: &mut Reading<'_>, tokens: &[Token], mut words: Words<'_>) {
    let starts = |words: &Words<'_>| {
        words.is_any(&["select", "with", "values", "table", "execute", "exec"])
            || words.peek() == Some(&Token::LParen)
                && words.ahead(1).is_some_and(|next| {
                    ["select", "with", "values", "table"].iter().any(|word| super::words::is(next, word))
                        || *next == Token::LParen
                })
    };
    let mut tail = None;
    while !words.done() {
        if words.eat("as") {
            if starts(&words) {
                tail = Some(words.at());
                break;
            }
        } else if words.is("select") || words.is("values") && reading.dialect == Dialect::Mysql {
            tail = Some(words.at());
            break;
        } else if words.eat("clone") || words.eat("copy") && reading.dialect == Dialect::Bigquery {
            reading.tally.deeds.reads.extend(words.name());
        } else if !words.skip_brackets() {
            words.skip(1);
        }
    }
    let Some(at) = tail else { return };
    let mut rest = tokens.get(at..).unwrap_or_default().to_vec();
    // `WITH NO DATA` and `WITH CHECK OPTION` stand behind the query.
    let end = rest.iter().enumerate().rposition(|(index, token)| {
        super::words::is(token, "with")
            && rest.get(index.saturating_add(1)).is_some_and(|next| {
                ["no", "data", "check", "cascaded", "local", "read", "schemabinding"]
                    .iter()
                    .any(|word| super::words::is(next, word))
            })
    });
    if let Some(end) = end.filter(|end| *end > 0) {
        rest.truncate(end);
    }
    reading.tally.deeds.kinds.insert(Kind::Select);
    let mut kept = std::mem::take(&mut reading.tally.deeds.unbounded);
    reading.tail(rest);
    // A view only says what to read.
    let view = tokens.iter().take(6).any(|token| super::words::is(token, "view"))
        && !tokens.iter().take(6).any(|token| super::words::is(token, "materialized"));
    if view {
        reading.tally.deeds.unbounded.clear();
    }
    reading.tally.deeds.unbounded.append(&mut kept);
}

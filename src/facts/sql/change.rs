//! What does ALTER, DROP, TRUNCATE, RENAME or COMMENT change?

use sqlparser::tokenizer::Token;

use super::statement::Reading;
use super::words::{self, Words};
use super::{Dialect, Kind, Reason};
use crate::facts::Risk;

/// Reads ALTER, DROP, TRUNCATE, RENAME and COMMENT.
pub(super) fn read(reading: &mut Reading<'_>, tokens: &[Token]) {
    let mut words = Words::new(tokens);
    match () {
        () if words.eat("drop") => drop(reading, words),
        () if words.eat("undrop") => reading.tally.note(Kind::Create, Risk::High),
        () if words.eat("truncate") => {
            reading.tally.note(Kind::Truncate, Risk::High);
            words.eat("table");
            words.eat("if exists");
            loop {
                words.eat("only");
                let Some(name) = words.name() else { break };
                words.eat_token(&Token::Mul);
                reading.tally.deeds.unbounded.insert(name.clone());
                reading.tally.write(name);
                if !words.eat_token(&Token::Comma) {
                    break;
                }
            }
        }
        () if words.eat("rename") => {
            reading.tally.note(Kind::Alter, Risk::High);
            if words.eat_any(&["user", "role"]) {
                return reading.tally.note(Kind::Role, Risk::High);
            }
            words.eat_any(&["table", "tables"]);
            while let Some(name) = words.name() {
                if name != "to" && !name.eq_ignore_ascii_case("to") {
                    reading.tally.write(name);
                }
                words.eat_token(&Token::Comma);
            }
        }
        () if words.eat("comment") => {
            reading.tally.note(Kind::Alter, Risk::Medium);
            words.eat("if exists");
            words.eat("on");
            let column = words.is("column");
            if words.eat_any(&["table", "view", "materialized view", "foreign table", "column"])
                && let Some(name) = words.name()
            {
                let relation = name.rsplit_once('.').filter(|_| column).map_or(name.as_str(), |(relation, _)| relation);
                reading.tally.write(relation.to_owned());
            }
        }
        () => {
            words.eat("alter");
            alter(reading, words);
        }
    }
}

#[expect(clippy::too_many_lines, reason = "one arm for each beginning of a statement")]
fn drop(reading: &mut Reading<'_>, mut words: Words<'_>) {
    let tally = &mut *reading.tally;
    let cascade = words.any(&["cascade"]);
    words.eat_any(&["temporary", "external", "foreign", "snapshot"]);
    if words.is_any(&["database", "schema", "dataset", "catalog"]) {
        let whole = words.is("database")
            || reading.dialect == Dialect::Mysql
            || cascade
            || reading.dialect == Dialect::Snowflake;
        tally.note(Kind::Drop, if whole { Risk::Critical } else { Risk::High });
        tally.write("*".to_owned());
        return;
    }
    if words.eat("owned") {
        tally.note(Kind::Role, Risk::Critical);
        tally.note(Kind::Drop, Risk::Critical);
        return tally.write("*".to_owned());
    }
    tally.note(Kind::Drop, Risk::High);
    let server_role = words.is("server") && words.ahead(1).is_some_and(|next| words::is(next, "role"));
    if server_role || words.is_any(&["role", "user", "login", "group", "application", "credential", "share"]) {
        return tally.note(Kind::Role, Risk::High);
    }
    if words.eat("prepare") {
        tally.deeds.kinds.clear();
        tally.note(Kind::Prepare, Risk::Low);
        tally.seen = Some(Risk::Low);
        return;
    }
    if words.eat_any(&["table", "materialized view", "view", "sequence", "tables"]) {
        words.eat("if exists");
        let names = words.names();
        if names.is_empty() {
            tally.doubt(Reason::Unparsable);
        }
        tally.deeds.writes.extend(names);
        words.eat_any(&["cascade constraints", "cascade", "restrict", "purge"]);
        if !words.done() {
            tally.doubt(Reason::Unparsable);
        }
        return;
    }
    let on = words.is_any(&["index", "trigger", "policy", "rule", "row"]);
    let known = on
        || words.is_any(&[
            "function",
            "procedure",
            "proc",
            "routine",
            "aggregate",
            "type",
            "domain",
            "collation",
            "extension",
            "event",
            "language",
            "cast",
            "operator",
            "server",
            "subscription",
            "publication",
            "stage",
            "stream",
            "task",
            "pipe",
            "warehouse",
            "integration",
            "tag",
            "file",
            "masking",
            "statistics",
            "synonym",
            "assembly",
            "default",
            "constraint",
            "text",
            "access",
            "user",
            "model",
            "tablespace",
            "resource",
            "storage",
            "all",
            "search",
            "vector",
            "alert",
            "secret",
            "network",
            "fulltext",
            "conversion",
            "transform",
            "package",
        ]);
    if !known {
        tally.doubt(Reason::Unparsable);
    }
    if on && let Some(at) = words.find(&["on"]) {
        words.go(at.saturating_add(1));
        tally.deeds.writes.extend(words.name());
    }
}

#[expect(clippy::too_many_lines, reason = "one arm for each beginning of a statement")]
fn alter(reading: &mut Reading<'_>, mut words: Words<'_>) {
    let tally = &mut *reading.tally;
    words.eat_any(&["foreign", "external", "dynamic", "iceberg", "materialized", "online", "ignore", "offline"]);
    let server_role = words.is("server") && words.ahead(1).is_some_and(|next| words::is(next, "role"));
    if server_role
        || words.is_any(&[
            "role",
            "user",
            "login",
            "group",
            "authorization",
            "application",
            "credential",
            "account",
            "organization",
        ]) && !words.ahead(1).is_some_and(|next| words::is(next, "mapping"))
    {
        let strong = [
            "superuser",
            "createrole",
            "createdb",
            "replication",
            "bypassrls",
            "member",
            "sysadmin",
            "admin",
            "default_role",
            "rsa_public_key",
        ];
        tally.note(Kind::Alter, Risk::High);
        return tally.note(
            Kind::Role,
            if words.any(&strong) || words.is_any(&["server", "account"]) { Risk::Critical } else { Risk::High },
        );
    }
    if words.eat("default privileges") {
        tally.note(Kind::Alter, Risk::High);
        return tally.note(Kind::Grant, Risk::High);
    }
    if words.eat("system") {
        tally.note(Kind::Admin, Risk::Critical);
        return tally.note(Kind::Setting, Risk::Critical);
    }
    if words.eat("session") {
        return tally.note(Kind::Setting, Risk::Medium);
    }
    if words.is_any(&[
        "database",
        "schema",
        "instance",
        "server",
        "resource",
        "tablespace",
        "availability",
        "endpoint",
        "service",
        "cluster",
    ]) && !words.any(&["options"])
        || words.is("server")
    {
        tally.note(Kind::Alter, Risk::High);
        if words.is_any(&["database", "instance", "server", "resource", "availability", "cluster"]) {
            tally.note(Kind::Setting, Risk::High);
        }
        if words.any(&["drop", "rename", "swap"]) {
            tally.write("*".to_owned());
        }
        return;
    }
    let relation = words.eat_any(&["table", "view", "sequence"]);
    if relation {
        words.eat_any(&["all in tablespace", "if exists"]);
        words.eat("only");
        if let Some(name) = words.name() {
            tally.write(name);
        } else {
            tally.doubt(Reason::Unparsable);
        }
        let hard = [
            "drop",
            "rename",
            "alter",
            "modify",
            "change",
            "disable",
            "owner",
            "truncate",
            "exchange",
            "detach",
            "switch",
            "discard",
            "import",
            "swap",
            "enable",
            "set",
            "reset",
            "no",
            "force",
            "inherit",
            "replica",
            "remove",
            "unset",
            "reorganize",
            "coalesce",
            "convert",
            "type",
            "engine",
        ];
        let adds =
            words.is("add") && !words.any(&["drop", "rename", "modify", "change", "disable", "exchange", "truncate"]);
        let known = words.any(&hard)
            || adds
            || words.is_any(&[
                "cluster",
                "validate",
                "attach",
                "as",
                "comment",
                "suspend",
                "resume",
                "refresh",
                "restart",
                "increment",
                "auto_increment",
                "with",
                "rebuild",
                "check",
                "nocheck",
                "order",
                "analyze",
                "start",
                "maxvalue",
                "minvalue",
                "cache",
                "cycle",
                "owned",
            ]);
        let swaps = words.is("as") || words.is("with");
        tally.note(Kind::Alter, if adds || !words.any(&hard) && !swaps { Risk::Medium } else { Risk::High });
        for target in ["to", "with", "from"] {
            if let Some(at) = words
                .find(&[target])
                .filter(|_| words.any_run("rename to") || words.any(&["swap", "switch", "exchange"]))
            {
                let mut other = words;
                other.go(at.saturating_add(1));
                other.eat("table");
                tally.deeds.writes.extend(other.name());
            }
        }
        if words.any_run("data directory") || words.any_run("index directory") {
            tally.note(Kind::FileIo, Risk::Critical);
        }
        if !known {
            tally.doubt(Reason::Unparsable);
        }
        // The query of a view.
        if swaps && let Some(at) = words.find(&["select"]) {
            let mut tail = words;
            tail.go(at);
            let rest = tail.rest().to_vec();
            reading.tail(rest);
            reading.tally.deeds.unbounded.clear();
        }
        return;
    }
    tally.note(Kind::Alter, Risk::High);
    if words.is_any(&["procedure", "proc", "function", "trigger", "event", "task"])
        && words.any(&["as", "begin", "do", "returns"])
    {
        tally.doubt(Reason::StoredCode);
    }
    if words.is_any(&["function", "procedure", "routine"]) && words.any_run("security definer") {
        tally.note(Kind::Role, Risk::Critical);
    }
    if words.is_any(&["subscription", "publication", "user", "integration", "stage", "connection", "storage"]) {
        tally.note(Kind::Network, Risk::High);
    }
    if words.is_any(&["index", "trigger", "policy", "rule"])
        && let Some(at) = words.find(&["on"])
    {
        words.go(at.saturating_add(1));
        tally.deeds.writes.extend(words.name());
    }
    if words.done() {
        tally.doubt(Reason::Unparsable);
    }
}

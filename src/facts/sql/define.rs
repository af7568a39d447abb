//! What does a statement define, change or drop?

use sqlparser::tokenizer::Token;

use super::statement::Reading;
use super::words::Words;
use super::{Dialect, Kind, Reason};
use crate::facts::Risk;

/// What can be defined that is a relation: its words, and whether it keeps rows.
const RELATIONS: [&str; 4] = ["table", "view", "materialized view", "sequence"];

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
pub(super) fn create(reading: &mut Reading<'_>, tokens: Vec<Token>) {
    let mut words = Words::new(&tokens);
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
    if words.eat_any(&["table", "materialized view", "view", "sequence", "stream", "tag table"]) {
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
        return body(reading, &tokens, words);
    }
    if words.eat("index") {
        tally.note(Kind::Create, Risk::Medium);
        if let Some(at) = words.find(&["on"]) {
            words.go(at.saturating_add(1));
            words.eat("only");
            tally.writes.extend(words.name());
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
            reading.tally.reads.extend(words.name());
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
    reading.tally.kinds.insert(Kind::Select);
    let mut kept = std::mem::take(&mut reading.tally.unbounded);
    reading.tail(rest);
    // A view only says what to read.
    let view = tokens.iter().take(6).any(|token| super::words::is(token, "view"))
        && !tokens.iter().take(6).any(|token| super::words::is(token, "materialized"));
    if view {
        reading.tally.unbounded.clear();
    }
    reading.tally.unbounded.append(&mut kept);
}

/// Code that is stored: procedures, functions, triggers, events, rules, plugins.
fn code(reading: &mut Reading<'_>, words: &mut Words<'_>) -> bool {
    let tally = &mut *reading.tally;
    if words.is_any(&["assembly", "language", "procedural", "trusted"]) || words.any(&["soname"]) {
        tally.note(Kind::Create, Risk::Critical);
        tally.note(Kind::HostExec, Risk::Critical);
        return true;
    }
    let trigger = words.is("trigger") || words.is("rule") || words.is("policy");
    if !trigger
        && !words.is_any(&[
            "procedure",
            "proc",
            "function",
            "event",
            "task",
            "package",
            "macro",
            "job",
            "pipe",
            "constraint",
            "row",
            "masking",
            "table function",
        ])
        || words.is("row") && !words.any(&["policy"])
    {
        return false;
    }
    tally.note(Kind::Create, Risk::High);
    if !words.is("policy") {
        tally.doubt(Reason::StoredCode);
    }
    if words.any_run("security definer") || words.any_run("execute as owner") || words.any_run("execute as self") {
        tally.note(Kind::Role, Risk::Critical);
    }
    let foreign = ["plpython3u", "plpythonu", "plperlu", "pltclu", "plsh", "c", "plr"];
    let quoted = words.rest().iter().filter_map(super::words::text).any(|text| foreign.contains(&text));
    if let Some(at) = words.find(&["language"]) {
        let mut language = *words;
        language.go(at.saturating_add(1));
        if language.is_any(&foreign) || quoted {
            tally.note(Kind::HostExec, Risk::Critical);
        }
    }
    if words.any_run("remote with connection")
        || words.any(&["api_integration", "endpoint", "external_access_integrations"])
    {
        tally.note(Kind::Network, Risk::Critical);
    }
    if trigger && let Some(at) = words.find(&["on"]) {
        words.go(at.saturating_add(1));
        if words.is_any(&["database", "all", "schema"]) {
            tally.write("*".to_owned());
        } else {
            tally.writes.extend(words.name());
        }
    }
    true
}

/// Who may do something: roles, users, logins and what they show.
fn principal(reading: &mut Reading<'_>, words: &mut Words<'_>) -> bool {
    let mapping = words.is("user") && words.ahead(1).is_some_and(|next| super::words::is(next, "mapping"));
    if mapping
        || !words.is_any(&[
            "role",
            "user",
            "login",
            "group",
            "credential",
            "certificate",
            "symmetric",
            "asymmetric",
            "master",
            "application",
            "share",
            "security",
            "column",
            "authorization",
        ])
    {
        return false;
    }
    reading.tally.note(Kind::Create, Risk::High);
    let strong = [
        "superuser",
        "createrole",
        "createdb",
        "replication",
        "bypassrls",
        "accountadmin",
        "securityadmin",
        "sysadmin",
    ];
    reading.tally.note(Kind::Role, if words.any(&strong) { Risk::Critical } else { Risk::High });
    true
}

/// Where data come from or go to: servers, subscriptions, stages.
fn place(reading: &mut Reading<'_>, words: &mut Words<'_>) -> bool {
    if !words.is_any(&[
        "server",
        "subscription",
        "publication",
        "stage",
        "connection",
        "user",
        "integration",
        "storage",
        "notification",
        "api",
        "wrapper",
        "data",
        "endpoint",
        "remote",
        "git",
        "repository",
        "catalog",
        "replication",
        "failover",
        "secret",
        "managed",
        "event",
    ]) {
        return false;
    }
    let tally = &mut *reading.tally;
    tally.note(Kind::Create, Risk::High);
    let leaves = words.is_any(&["subscription", "publication", "replication", "failover"]);
    tally.note(Kind::Network, if leaves { Risk::Critical } else { Risk::High });
    if words.is("publication") {
        if words.any_run("for all tables") {
            tally.read("*".to_owned());
        } else if let Some(at) = words.find(&["table"]) {
            words.go(at.saturating_add(1));
            tally.reads.extend(words.names());
        }
    }
    true
}

/// Reads ALTER, DROP, TRUNCATE, RENAME and COMMENT.
pub(super) fn change(reading: &mut Reading<'_>, tokens: &[Token]) {
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
                reading.tally.unbounded.insert(name.clone());
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
    if words.is_any(&["role", "user", "login", "group", "application", "credential", "server role", "share"]) {
        return tally.note(Kind::Role, Risk::High);
    }
    if words.eat("prepare") {
        tally.kinds.clear();
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
        tally.writes.extend(names);
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
    if on {
        if let Some(at) = words.find(&["on"]) {
            words.go(at.saturating_add(1));
            tally.writes.extend(words.name());
        }
    }
}

fn alter(reading: &mut Reading<'_>, mut words: Words<'_>) {
    let tally = &mut *reading.tally;
    words.eat_any(&["foreign", "external", "dynamic", "iceberg", "materialized", "online", "ignore", "offline"]);
    if words.is_any(&[
        "role",
        "user",
        "login",
        "group",
        "authorization",
        "server role",
        "application",
        "credential",
        "account",
        "organization",
    ]) && !words.ahead(1).is_some_and(|next| super::words::is(next, "mapping"))
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
            if let Some(at) = words.find(&[target]).filter(|_| words.any(&["rename", "swap", "switch", "exchange"])) {
                let mut other = words;
                other.go(at.saturating_add(1));
                other.eat("table");
                tally.writes.extend(other.name());
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
            reading.tally.unbounded.clear();
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
        tally.writes.extend(words.name());
    }
    if !words.is_any(&RELATIONS) && words.done() {
        tally.doubt(Reason::Unparsable);
    }
}

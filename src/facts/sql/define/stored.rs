//! Which code is stored, who may act, and where do data come from or go to?

use super::super::Kind;
use super::super::Reason;
use super::super::statement::Reading;
use super::super::words::{self, Words};
use crate::facts::Risk;

/// Code that is stored: procedures, functions, triggers, events, rules, plugins.
pub(super) fn code(reading: &mut Reading<'_>, words: &mut Words<'_>) -> bool {
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
    let quoted = words.rest().iter().filter_map(words::text).any(|text| foreign.contains(&text));
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
    let rule = words.is("rule");
    if trigger && let Some(at) = words.find(if rule { &["to"] } else { &["on"] }) {
        words.go(at.saturating_add(1));
        if words.is_any(&["database", "all", "schema"]) {
            tally.write("*".to_owned());
        } else {
            tally.deeds.writes.extend(words.name());
        }
    }
    true
}

/// Who may do something: roles, users, logins and what they show.
pub(super) fn principal(reading: &mut Reading<'_>, words: &mut Words<'_>) -> bool {
    let mapping = words.is("user") && words.ahead(1).is_some_and(|next| words::is(next, "mapping"));
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
pub(super) fn place(reading: &mut Reading<'_>, words: &mut Words<'_>) -> bool {
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
            tally.deeds.reads.extend(words.names());
        }
    }
    true
}

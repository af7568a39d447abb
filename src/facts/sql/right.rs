//! Which rights are given or taken?

use sqlparser::tokenizer::Token;

use super::Kind;
use super::statement::Reading;
use super::words::Words;
use crate::facts::Risk;

/// Rights that lead to the server's machine or to all others.
const STRONG: [&str; 14] = [
    "super",
    "file",
    "shutdown",
    "process",
    "superuser",
    "pg_execute_server_program",
    "pg_read_server_files",
    "pg_write_server_files",
    "control",
    "impersonate",
    "ownership",
    "manage",
    "system_user",
    "sysadmin",
];

/// Reads GRANT, REVOKE, DENY and REASSIGN.
pub(super) fn read(reading: &mut Reading<'_>, tokens: &[Token]) {
    let mut words = Words::new(tokens);
    let tally = &mut *reading.tally;
    if words.eat("reassign") {
        tally.note(Kind::Role, Risk::Critical);
        return tally.write("*".to_owned());
    }
    tally.note(Kind::Grant, Risk::High);
    let gives = words.is("grant");
    words.skip(1);
    let end = words.find(&["on", "to", "from"]);
    let of_roles = end.is_some_and(|at| {
        let mut at_end = words;
        at_end.go(at);
        !at_end.is("on")
    });
    // `GRANT CREATE TABLE TO x` and `GRANT ALL TO x` are rights without a place.
    let rights = [
        "create", "all", "connect", "select", "insert", "update", "delete", "alter", "view", "execute", "backup",
        "usage", "process", "reload",
    ];
    if of_roles && !words.is_any(&rights) {
        tally.note(Kind::Role, if gives { Risk::Critical } else { Risk::High });
    }
    let everywhere = words
        .rest()
        .windows(4)
        .any(|run| matches!(run, [on, Token::Mul, Token::Period, Token::Mul] if super::words::is(on, "on")));
    let passed_on = words.any_run("with grant option") || words.any_run("with admin option");
    if gives && (everywhere || passed_on || words.any(&STRONG)) {
        tally.note(Kind::Role, Risk::Critical);
    }
}

//! What does a statement do to the server, and which statements only keep order?

use sqlparser::tokenizer::Token;

use super::statement::Reading;
use super::words::Words;
use super::{Dialect, Kind, Reason, dynamic};
use crate::facts::Risk;

/// Statements that their first words say enough about.
const PLAIN: &[(&str, Kind, Risk)] = &[
    ("begin", Kind::Transaction, Risk::Low),
    ("start transaction", Kind::Transaction, Risk::Low),
    ("commit", Kind::Transaction, Risk::Low),
    ("rollback", Kind::Transaction, Risk::Low),
    ("savepoint", Kind::Transaction, Risk::Low),
    ("release", Kind::Transaction, Risk::Low),
    ("abort", Kind::Transaction, Risk::Low),
    ("end", Kind::Transaction, Risk::Low),
    ("xa", Kind::Transaction, Risk::Low),
    ("save", Kind::Transaction, Risk::Low),
    ("break", Kind::Block, Risk::Low),
    ("continue", Kind::Block, Risk::Low),
    ("leave", Kind::Block, Risk::Low),
    ("iterate", Kind::Block, Risk::Low),
    ("goto", Kind::Block, Risk::Low),
    ("throw", Kind::Block, Risk::Low),
    ("raiserror", Kind::Block, Risk::Low),
    ("signal", Kind::Block, Risk::Low),
    ("resignal", Kind::Block, Risk::Low),
    ("null", Kind::Block, Risk::Low),
    ("help", Kind::Select, Risk::Low),
    ("listen", Kind::Admin, Risk::Medium),
    ("unlisten", Kind::Admin, Risk::Medium),
    ("notify", Kind::Admin, Risk::Medium),
    ("waitfor", Kind::Admin, Risk::Medium),
    ("checkpoint", Kind::Admin, Risk::Medium),
    ("reindex", Kind::Admin, Risk::Medium),
    ("cluster", Kind::Admin, Risk::Medium),
    ("optimize", Kind::Admin, Risk::Medium),
    ("repair", Kind::Admin, Risk::Medium),
    ("check", Kind::Admin, Risk::Medium),
    ("checksum", Kind::Admin, Risk::Medium),
    ("cache", Kind::Admin, Risk::Medium),
    ("refresh materialized view", Kind::Admin, Risk::Medium),
    ("security label", Kind::Grant, Risk::High),
    ("flush", Kind::Admin, Risk::High),
    ("kill", Kind::Admin, Risk::High),
    ("dbcc", Kind::Admin, Risk::High),
    ("reconfigure", Kind::Admin, Risk::High),
    ("purge", Kind::Admin, Risk::High),
    ("start", Kind::Admin, Risk::High),
    ("stop", Kind::Admin, Risk::High),
    ("binlog", Kind::Admin, Risk::High),
    ("restart", Kind::Admin, Risk::Critical),
    ("shutdown", Kind::Admin, Risk::Critical),
    ("install", Kind::HostExec, Risk::Critical),
    ("uninstall", Kind::Admin, Risk::High),
    ("change", Kind::Network, Risk::Critical),
    ("clone", Kind::Network, Risk::Critical),
    ("revert", Kind::Role, Risk::High),
    ("setuser", Kind::Role, Risk::Critical),
    ("disable trigger", Kind::Alter, Risk::High),
    ("enable trigger", Kind::Alter, Risk::High),
    ("add signature", Kind::Grant, Risk::High),
    ("update statistics", Kind::Admin, Risk::Medium),
    ("system", Kind::ClientMeta, Risk::Critical),
    ("source", Kind::ClientMeta, Risk::Critical),
    ("readtext", Kind::Select, Risk::Medium),
    ("get diagnostics", Kind::Block, Risk::Low),
    ("suspend", Kind::Admin, Risk::High),
    ("resume", Kind::Admin, Risk::High),
];

/// Reads a statement that begins with none of the words others know.
pub(super) fn read(reading: &mut Reading<'_>, tokens: &[Token]) {
    let mut words = Words::new(tokens);
    let tally = &mut *reading.tally;
    let Some((found, kind, risk)) = PLAIN.iter().find(|(plain, _, _)| words.eat(plain)) else {
        tally.effect = true;
        if reading.dialect == Dialect::Mssql && matches!(tokens.first(), Some(Token::Word(_))) {
            return dynamic::procedure_alone(reading, tokens);
        }
        return tally.doubt(Reason::Unparsable);
    };
    tally.note(*kind, *risk);
    match *found {
        "flush" if words.any(&["read"]) => tally.note(Kind::Lock, Risk::High),
        "change" | "clone" => tally.note(Kind::Admin, Risk::Critical),
        "shutdown" | "restart" if !words.done() && !words.is("with") => tally.doubt(Reason::Unparsable),
        "refresh materialized view" => {
            words.eat("concurrently");
            tally.deeds.writes.extend(words.name());
        }
        "disable trigger" | "enable trigger" => {
            if let Some(at) = words.find(&["on"]) {
                words.go(at.saturating_add(1));
                tally.deeds.writes.extend(words.name());
            }
        }
        _ => {}
    }
    // A statement that ends here says nothing more; one that goes on may hide another.
    let short = matches!(*kind, Kind::Transaction | Kind::Block);
    if short && words.any(&["select", "insert", "update", "delete", "drop", "truncate", "alter", "exec", "grant"]) {
        tally.doubt(Reason::Unparsable);
    }
}

//! Which text becomes a statement, and what runs that cannot be seen?

use sqlparser::tokenizer::{Token, Word};

use super::statement::{Reading, word};
use super::words::{Words, is, text};
use super::{Dialect, FunctionClass, Kind, Reason, function};
use crate::facts::Risk;

/// Reads DO, EXEC, EXECUTE, PREPARE, CALL, cursors and what a block says.
pub(super) fn read(reading: &mut Reading<'_>, tokens: &[Token]) {
    let mut words = Words::new(tokens);
    let dialect = reading.dialect;
    match () {
        () if words.eat("do") => block(reading, tokens, words),
        () if words.eat("execute immediate") => dynamic(reading, words),
        () if words.eat("execute task")
            || words.eat("execute alert")
            || words.eat("execute managed task")
            || words.eat("execute notebook") =>
        {
            reading.tally.note(Kind::Execute, Risk::High);
            reading.tally.doubt(Reason::StoredCode);
        }
        () if words.is("exec") || words.is("execute") => {
            words.skip(1);
            execute(reading, words);
        }
        () if words.eat("prepare") => prepare(reading, words),
        () if words.eat("deallocate") => {
            reading.tally.note(if dialect == Dialect::Mssql { Kind::Block } else { Kind::Prepare }, Risk::Low);
        }
        () if words.eat("call") => {
            reading.tally.note(Kind::Call, Risk::High);
            reading.tally.doubt(Reason::Procedure);
            procedure(reading, words);
        }
        () if words.is_any(&["fetch", "move"]) => {
            reading.tally.note(Kind::Execute, Risk::Medium);
            if dialect != Dialect::Mssql {
                reading.tally.returns = true;
            }
        }
        () if words.is_any(&["open", "close"]) => {
            reading.tally.note(Kind::Block, Risk::Low);
            let queries = words.find(&["for"]);
            if let Some(at) = queries {
                let rest = tokens.get(at.saturating_add(1)..).unwrap_or_default().to_vec();
                reading.tail(rest);
            }
        }
        () if words.eat("declare") => declare(reading, tokens, words),
        () => {
            // What is printed, raised or given back may be computed.
            words.skip(1);
            reading.tally.note(Kind::Block, Risk::Low);
            words.eat_any(&["query", "next", "notice", "exception", "table"]);
            if words.any(&["execute"]) {
                return dynamic(reading, words);
            }
            value(reading, words.rest());
        }
    }
}

/// Reads an expression or a query for what it calls and reads.
fn value(reading: &mut Reading<'_>, tokens: &[Token]) {
    if !tokens.iter().any(|token| *token == Token::LParen || is(token, "select")) {
        return;
    }
    let mut rest = Vec::new();
    if !tokens.first().is_some_and(|first| is(first, "select") || is(first, "with")) {
        rest.push(word("SELECT"));
    }
    rest.extend(tokens.iter().filter(|token| !matches!(token, Token::Assignment)).cloned());
    let had = reading.tally.deeds.kinds.contains(&Kind::Select);
    reading.tail(rest);
    if !had {
        reading.tally.deeds.kinds.remove(&Kind::Select);
    }
}

/// PostgreSQL runs a block; MySQL computes values and throws them away.
fn block(reading: &mut Reading<'_>, tokens: &[Token], words: Words<'_>) {
    if reading.dialect == Dialect::Mysql {
        reading.tally.note(Kind::Select, Risk::Low);
        return value(reading, words.rest());
    }
    reading.tally.note(Kind::Block, Risk::High);
    reading.tally.doubt(Reason::Block);
    let language =
        tokens.iter().position(|token| is(token, "language")).and_then(|at| tokens.get(at.saturating_add(1)));
    let plain = match language {
        Some(Token::Word(Word { value, .. })) => {
            value.eq_ignore_ascii_case("plpgsql") || value.eq_ignore_ascii_case("sql")
        }
        Some(token) => text(token).is_some_and(|text| text.eq_ignore_ascii_case("plpgsql")),
        None => true,
    };
    if !plain {
        return reading.tally.note(Kind::HostExec, Risk::Critical);
    }
    if let Some(body) = tokens.iter().find_map(text) {
        let body = body.to_owned();
        reading.text(&body);
    }
}

/// Reads text that becomes a statement here, if it stands here.
fn dynamic(reading: &mut Reading<'_>, words: Words<'_>) {
    reading.tally.note(Kind::Dynamic, Risk::High);
    reading.tally.doubt(Reason::DynamicText);
    let texts: Vec<String> =
        words.rest().iter().filter_map(text).filter(|text| text.trim().contains(' ')).map(str::to_owned).collect();
    for text in texts {
        let before = reading.tally.reasons.clone();
        reading.text(&text);
        // The text may be a part of one; what it lacks is no news.
        reading.tally.reasons.extend(before);
    }
    // A file of a stage.
    if words.is("from") {
        reading.tally.note(Kind::FileIo, Risk::Critical);
    }
}

fn execute(reading: &mut Reading<'_>, mut words: Words<'_>) {
    if words.eat("as") {
        return reading.tally.note(Kind::Role, Risk::Critical);
    }
    if words.peek() == Some(&Token::LParen) || words.peek().is_some_and(|token| text(token).is_some()) {
        reading.tally.note(Kind::Execute, Risk::High);
        if let Some(at) = words.find(&["at"]) {
            let remote = words.rest().len() > at.saturating_sub(words.at());
            if remote {
                reading.tally.note(Kind::Network, Risk::Critical);
            }
        }
        return dynamic(reading, words);
    }
    // plpgsql's `EXECUTE format(..)`, and SQL Server's `EXEC @result = procedure`.
    let result = matches!((words.peek(), words.ahead(1)), (Some(Token::Word(Word { value, .. })), Some(Token::Eq)) if value.starts_with('@'));
    if result {
        words.skip(2);
    }
    reading.tally.note(Kind::Execute, Risk::High);
    if reading.dialect == Dialect::Mssql {
        reading.tally.doubt(Reason::Procedure);
        return procedure(reading, words);
    }
    if reading.dialect == Dialect::Postgres && words.any(&["format", "quote_ident"]) {
        return dynamic(reading, words);
    }
    reading.tally.doubt(Reason::Prepared);
}

/// Procedures whose name says what they do.
const PROCEDURES: &[(&str, Kind, Risk)] = &[
    ("xp_cmdshell", Kind::HostExec, Risk::Critical),
    ("sp_oacreate", Kind::HostExec, Risk::Critical),
    ("sp_oamethod", Kind::HostExec, Risk::Critical),
    ("sp_execute_external_script", Kind::HostExec, Risk::Critical),
    ("sp_start_job", Kind::HostExec, Risk::Critical),
    ("sp_add_job", Kind::HostExec, Risk::Critical),
    ("sp_add_jobstep", Kind::HostExec, Risk::Critical),
    ("xp_reg", Kind::FileIo, Risk::Critical),
    ("xp_instance_reg", Kind::FileIo, Risk::Critical),
    ("xp_dirtree", Kind::FileIo, Risk::Critical),
    ("xp_subdirs", Kind::FileIo, Risk::Critical),
    ("xp_fileexist", Kind::FileIo, Risk::Critical),
    ("xp_create_subdir", Kind::FileIo, Risk::Critical),
    ("xp_delete_file", Kind::FileIo, Risk::Critical),
    ("xp_copy_file", Kind::FileIo, Risk::Critical),
    ("xp_readerrorlog", Kind::FileIo, Risk::High),
    ("xp_fixeddrives", Kind::FileIo, Risk::High),
    ("sp_attach_db", Kind::Attach, Risk::Critical),
    ("sp_detach_db", Kind::Attach, Risk::Critical),
    ("sp_configure", Kind::Setting, Risk::Critical),
    ("sp_addsrvrolemember", Kind::Role, Risk::Critical),
    ("sp_addrolemember", Kind::Role, Risk::Critical),
    ("sp_droprolemember", Kind::Role, Risk::High),
    ("sp_addlogin", Kind::Role, Risk::Critical),
    ("sp_adduser", Kind::Role, Risk::High),
    ("sp_grantdbaccess", Kind::Role, Risk::High),
    ("sp_password", Kind::Role, Risk::Critical),
    ("sp_setapprole", Kind::Role, Risk::Critical),
    ("sp_addlinkedserver", Kind::Network, Risk::Critical),
    ("sp_addlinkedsrvlogin", Kind::Network, Risk::Critical),
    ("sp_send_dbmail", Kind::Network, Risk::Critical),
    ("sp_invoke_external_rest_endpoint", Kind::Network, Risk::Critical),
    ("xp_sendmail", Kind::Network, Risk::Critical),
    ("sp_rename", Kind::Alter, Risk::High),
    ("sp_procoption", Kind::Admin, Risk::Critical),
    ("sp_executesql", Kind::Dynamic, Risk::High),
    ("sp_prepexec", Kind::Dynamic, Risk::High),
    ("sp_msforeachtable", Kind::Dynamic, Risk::High),
    ("sp_msforeachdb", Kind::Dynamic, Risk::High),
];

/// Reads a procedure that is called by its name alone.
pub(super) fn procedure_alone(reading: &mut Reading<'_>, tokens: &[Token]) {
    execute(reading, Words::new(tokens));
}

fn procedure(reading: &mut Reading<'_>, mut words: Words<'_>) {
    let Some(name) = words.name() else { return reading.tally.doubt(Reason::Unparsable) };
    let lower = name.to_ascii_lowercase();
    let last = lower.rsplit('.').next().unwrap_or_default();
    if let Some((_, kind, risk)) = PROCEDURES.iter().find(|(known, _, _)| last.starts_with(known)) {
        reading.tally.note(*kind, *risk);
        let class = match kind {
            Kind::HostExec => FunctionClass::Program,
            Kind::FileIo => FunctionClass::File,
            Kind::Network => FunctionClass::Network,
            Kind::Dynamic => FunctionClass::Dynamic,
            _ => FunctionClass::Admin,
        };
        reading.tally.function(name.clone(), class);
        if *kind == Kind::Dynamic {
            dynamic(reading, words);
        }
    } else if let Some(class) = function::class(&name, reading.dialect) {
        reading.tally.function(name.clone(), class);
    }
    // A name of four parts is another server's.
    if reading.dialect == Dialect::Mssql && name.matches('.').count() >= 3 {
        reading.tally.note(Kind::Network, Risk::Critical);
    }
    value(reading, words.rest());
    reading.tally.raise(Risk::High);
}

fn prepare(reading: &mut Reading<'_>, mut words: Words<'_>) {
    if words.is("transaction") {
        return reading.tally.note(Kind::Transaction, Risk::Low);
    }
    reading.tally.note(Kind::Prepare, Risk::Low);
    words.name();
    if words.eat("from") {
        return dynamic(reading, words);
    }
    words.skip_brackets();
    if words.eat("as") {
        let rest = words.rest().to_vec();
        return reading.tail(rest);
    }
    reading.tally.doubt(Reason::Unparsable);
}

/// A variable, or a cursor with its query.
fn declare(reading: &mut Reading<'_>, tokens: &[Token], words: Words<'_>) {
    reading.tally.note(Kind::Block, Risk::Low);
    let cursor = words.any(&["cursor"]);
    if cursor && let Some(at) = words.find(&["for"]) {
        let rest = tokens.get(at.saturating_add(1)..).unwrap_or_default().to_vec();
        return reading.tail(rest);
    }
    let at = words
        .rest()
        .iter()
        .position(|token| *token == Token::Eq || *token == Token::Assignment || is(token, "default"));
    if let Some(at) = at {
        value(reading, words.rest().get(at.saturating_add(1)..).unwrap_or_default());
    }
}

//! What comes in or goes out: files, programs, buckets, other databases?

use sqlparser::tokenizer::{Token, Word};

use super::statement::Reading;
use super::tally::{Tally, binds};
use super::words::{Words, is, text};
use super::{Dialect, Kind, Reason};
use crate::facts::Risk;

/// Reads statements that carry rows or files, and those that lock or show.
#[expect(clippy::too_many_lines, reason = "one arm for each beginning of a statement")]
pub(super) fn read(reading: &mut Reading<'_>, tokens: &[Token]) {
    let mut words = Words::new(tokens);
    let tally = &mut *reading.tally;
    match () {
        () if words.eat("copy into") => snowflake(reading, words),
        () if words.eat("copy") => copy(reading, words),
        () if words.eat("load data overwrite") => load_bigquery(tally, words, Risk::High),
        () if words.eat("load data into") => load_bigquery(tally, words, Risk::Medium),
        () if words.eat_any(&["load data", "load xml"]) => load_mysql(tally, words),
        () if words.eat("load index") => tally.note(Kind::Admin, Risk::Medium),
        // A library of the server.
        () if words.eat("load") => {
            tally.note(Kind::HostExec, Risk::Critical);
            tally.note(Kind::FileIo, Risk::Critical);
        }
        () if words.eat("export data") => {
            tally.note(Kind::Export, Risk::Critical);
            if let Some(at) = words.find(&["as"]) {
                let rest = tokens.get(at.saturating_add(1)..).unwrap_or_default().to_vec();
                reading.tail(rest);
            }
        }
        () if words.eat_any(&["export", "unload"]) => {
            tally.note(Kind::Export, Risk::Critical);
            tally.doubt(Reason::UnknownNode);
        }
        () if words.eat("put") || words.eat("get") => {
            if reading.dialect != Dialect::Snowflake {
                // `GET DIAGNOSTICS`
                return if words.any(&["diagnostics"]) {
                    tally.note(Kind::Block, Risk::Low);
                } else {
                    tally.doubt(Reason::Unparsable);
                };
            }
            let puts = tokens.first().is_some_and(|first| is(first, "put"));
            tally.note(if puts { Kind::Import } else { Kind::Export }, Risk::Critical);
            tally.note(Kind::FileIo, Risk::Critical);
            let stage = tokens.iter().find_map(stage);
            if puts { tally.deeds.writes.extend(stage) } else { tally.deeds.reads.extend(stage) }
        }
        () if words.eat("list") || words.eat("ls") => {
            tally.note(Kind::Select, Risk::Low);
            tally.deeds.reads.extend(tokens.iter().find_map(stage));
            tally.returns = true;
        }
        () if words.eat("remove") || words.eat("rm") => {
            tally.note(Kind::Delete, Risk::High);
            let stage = tokens.iter().find_map(stage);
            tally.deeds.unbounded.extend(stage.clone());
            tally.deeds.writes.extend(stage);
        }
        () if words.eat("bulk insert") => {
            tally.note(Kind::Import, Risk::Critical);
            tally.note(Kind::FileIo, Risk::Critical);
            tally.deeds.writes.extend(words.name());
        }
        () if words.eat("import foreign schema") => {
            tally.note(Kind::Create, Risk::High);
            tally.note(Kind::Network, Risk::High);
        }
        () if words.eat("import") => {
            tally.note(Kind::Import, Risk::Critical);
            tally.note(Kind::FileIo, Risk::Critical);
        }
        () if words.is("backup") || words.is("restore") => backup(tally, words),
        () if words.eat("attach") => {
            tally.note(Kind::Attach, Risk::Critical);
            tally.note(Kind::FileIo, Risk::Critical);
        }
        () if words.eat("detach") => tally.note(Kind::Attach, Risk::Medium),
        () if words.eat("vacuum") => {
            if let Some(at) = words.find(&["into"]) {
                tally.note(Kind::Export, Risk::Critical);
                tally.note(Kind::FileIo, Risk::Critical);
                tally.read("*".to_owned());
                tally.deeds.unbounded.insert("*".to_owned());
                let target = tokens.get(at.saturating_add(1)..).unwrap_or_default();
                if target.contains(&Token::LParen) {
                    tally.doubt(Reason::DynamicText);
                }
            }
            tally.note(Kind::Admin, Risk::Medium);
        }
        () if words.eat("lock") => {
            tally.note(Kind::Lock, Risk::Medium);
        }
        () if words.eat("unlock") => tally.note(Kind::Lock, Risk::Low),
        () if words.eat("handler") => handler(tally, words),
        () if words.eat("assert") => {
            let mut rest = vec![super::statement::word("SELECT")];
            let end = words.find(&["as"]).unwrap_or(tokens.len());
            rest.extend(tokens.get(1..end).unwrap_or_default().iter().cloned());
            let mut inner = Tally::default();
            Reading {
                dialect: reading.dialect,
                tally: &mut inner,
                inside: reading.inside,
                tails: reading.tails.saturating_add(1),
            }
            .rows(rest);
            inner.deeds.unbounded.clear();
            tally.join(inner);
            tally.limit = None;
        }
        () => {
            words.eat("show");
            tally.note(Kind::Select, Risk::Low);
            tally.returns = true;
            if reading.dialect == Dialect::Bigquery || words.done() {
                tally.doubt(Reason::Unparsable);
            }
        }
    }
}

/// A stage of Snowflake, or a bucket.
fn stage(token: &Token) -> Option<String> {
    match token {
        Token::Word(Word { value, .. }) if value.starts_with('@') => Some(value.clone()),
        token => text(token).filter(|text| text.starts_with('@')).map(str::to_owned),
    }
}

fn copy(reading: &mut Reading<'_>, mut words: Words<'_>) {
    let tally = &mut *reading.tally;
    words.eat("binary");
    let mut query = None;
    let mut table = None;
    if words.peek() == Some(&Token::LParen) {
        let from = words.at().saturating_add(1);
        words.skip_brackets();
        query = Some((from, words.at().saturating_sub(1)));
    } else {
        words.eat("only");
        table = words.name();
        words.skip_brackets();
    }
    let out = words.is("to");
    if !out && !words.is("from") {
        tally.doubt(Reason::Unparsable);
    }
    words.skip(1);
    let program = words.is("program");
    let stream = words.is_any(&["stdout", "stdin"]);
    tally.note(if out { Kind::Export } else { Kind::Import }, Risk::Medium);
    tally.returns |= out && stream;
    if program {
        tally.note(Kind::HostExec, Risk::Critical);
    } else if !stream {
        tally.note(Kind::FileIo, Risk::Critical);
    }
    match (table, out) {
        (Some(table), true) => {
            tally.raise(Risk::High);
            tally.column(&table, "*");
            tally.deeds.unbounded.insert(table.clone());
            tally.read(table);
        }
        (Some(table), false) => tally.write(table),
        (None, _) => {}
    }
    let Some((from, to)) = query else { return };
    let tokens = words_between(words, from, to);
    let mut inner = Tally::default();
    Reading {
        dialect: reading.dialect,
        tally: &mut inner,
        inside: reading.inside,
        tails: reading.tails.saturating_add(1),
    }
    .statement(tokens);
    let bounded = inner.deeds.unbounded.is_empty();
    let limit = inner.limit;
    reading.tally.join(inner);
    reading.tally.limit = limit;
    if !bounded && out {
        reading.tally.raise(Risk::High);
    }
}

fn words_between(words: Words<'_>, from: usize, to: usize) -> Vec<Token> {
    let mut inside = words;
    inside.go(from);
    let length = to.saturating_sub(from);
    inside.rest().iter().take(length).cloned().collect()
}

fn snowflake(reading: &mut Reading<'_>, mut words: Words<'_>) {
    let tally = &mut *reading.tally;
    let target = words.peek().and_then(|token| stage(token).or_else(|| text(token).map(str::to_owned)));
    let is_url = |name: &str| name.contains("://");
    if let Some(target) = target {
        tally.note(Kind::Export, Risk::Critical);
        if is_url(&target) {
            tally.note(Kind::Network, Risk::Critical);
        }
        tally.write(target);
        words.skip(1);
        if words.eat("from") {
            if words.peek() == Some(&Token::LParen) {
                let from = words.at().saturating_add(1);
                words.skip_brackets();
                let tokens = words_between(words, from, words.at().saturating_sub(1));
                reading.tail(tokens);
            } else if let Some(name) = words.name() {
                tally.deeds.unbounded.insert(name.clone());
                tally.read(name);
            }
        }
        return;
    }
    tally.note(Kind::Import, Risk::Medium);
    tally.deeds.writes.extend(words.name());
    words.skip_brackets();
    words.eat("from");
    if let Some(from) = words.peek().and_then(text).filter(|from| is_url(from)) {
        tally.note(Kind::Network, Risk::High);
        return tally.read(from.to_owned());
    }
    if words.peek() == Some(&Token::LParen) {
        let from = words.at().saturating_add(1);
        words.skip_brackets();
        let tokens = words_between(words, from, words.at().saturating_sub(1));
        reading.tail(tokens);
        return reading.tally.deeds.unbounded.clear();
    }
    tally.deeds.reads.extend(words.peek().and_then(stage).or_else(|| words.name()));
}

fn load_bigquery(tally: &mut Tally, mut words: Words<'_>, risk: Risk) {
    tally.note(Kind::Import, risk);
    tally.note(Kind::Network, risk);
    words.eat_any(&["temp table", "temporary table", "table"]);
    tally.deeds.writes.extend(words.name());
}

fn load_mysql(tally: &mut Tally, mut words: Words<'_>) {
    tally.note(Kind::Import, Risk::Critical);
    tally.note(Kind::FileIo, Risk::Critical);
    if words.any(&["url", "s3"]) {
        tally.note(Kind::Network, Risk::Critical);
    }
    if let Some(at) = words.find(&["into"]) {
        words.go(at.saturating_add(1));
        words.eat("table");
        tally.deeds.writes.extend(words.name());
    } else {
        tally.doubt(Reason::Unparsable);
    }
}

fn backup(tally: &mut Tally, mut words: Words<'_>) {
    let keeps = words.eat("backup");
    if !keeps {
        words.eat("restore");
    }
    if words.is_any(&["stage", "lock", "unlock"]) {
        return tally.note(Kind::Lock, Risk::High);
    }
    let looks = words.is_any(&["filelistonly", "headeronly", "verifyonly", "labelonly"]);
    tally.note(Kind::Admin, Risk::Critical);
    tally.note(Kind::FileIo, Risk::Critical);
    if looks {
        return;
    }
    tally.note(if keeps { Kind::Export } else { Kind::Import }, Risk::Critical);
    if words.any(&["url"]) {
        tally.note(Kind::Network, Risk::Critical);
    }
    if keeps {
        tally.read("*".to_owned());
        tally.deeds.unbounded.insert("*".to_owned());
    } else {
        tally.write("*".to_owned());
        tally.deeds.unbounded.insert("*".to_owned());
    }
}

/// MySQL reads a relation row by row.
fn handler(tally: &mut Tally, mut words: Words<'_>) {
    tally.note(Kind::Select, Risk::Low);
    let Some(name) = words.name() else { return tally.doubt(Reason::Unparsable) };
    if !words.eat("read") {
        tally.read(name);
        return;
    }
    tally.returns = true;
    let mut limit = Some(1);
    if let Some(at) = words.find(&["limit"]) {
        words.go(at.saturating_add(1));
        limit = match (words.peek(), words.ahead(1)) {
            (Some(Token::Number(rows, _)), None) => rows.parse().ok(),
            _ => None,
        };
    }
    tally.limit = limit;
    if !binds(limit) {
        tally.deeds.unbounded.insert(name.clone());
    }
    tally.read(name);
}

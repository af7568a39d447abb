//! Which words would the parser misread?
//!
//! It takes `ONLY` for a relation and MySQL's modifiers for names, and does not know `TOP` before a change. They are taken
//! out, and what they said is noted.

use sqlparser::tokenizer::Token;

use super::statement::word;
use super::tally::{Tally, binds};
use super::words::{Words, is};
use super::{Dialect, Kind};
use crate::facts::Risk;

/// Takes out what would be misread. Gives the limit that `TOP` sets to a change.
pub(super) fn repair(tokens: &mut Vec<Token>, dialect: Dialect, tally: &mut Tally) -> Option<u64> {
    everywhere(tokens, dialect);
    cursor(tokens);
    if matches!(dialect, Dialect::Postgres | Dialect::Mysql | Dialect::Snowflake) {
        table(tokens);
    }
    match dialect {
        Dialect::Postgres => {
            only(tokens);
            None
        }
        Dialect::Mysql => {
            modifiers(tokens);
            share(tokens, tally);
            side_by_side(tokens);
            into(tokens, tally);
            None
        }
        Dialect::Mssql => mssql(tokens),
        Dialect::Bigquery => {
            handed(tokens);
            None
        }
        Dialect::Sqlite | Dialect::Snowflake => None,
    }
}

/// `WHERE CURRENT OF c` is one row.
fn cursor(tokens: &mut [Token]) {
    if !tokens.iter().any(|token| is(token, "current")) {
        return;
    }
    let place = (0..tokens.len()).find(|at| {
        let mut words = Words::new(tokens);
        words.go(*at);
        words.eat("where current of") && matches!(words.peek(), Some(Token::Word(_)))
    });
    let Some(at) = place else { return };
    let one = [word("CTID"), Token::Eq, Token::Number("1".to_owned(), false)];
    for (old, new) in tokens.iter_mut().skip(at.saturating_add(1)).zip(one) {
        *old = new;
    }
}

/// `LOCK IN SHARE MODE`, which the parser knows as `FOR SHARE` only.
fn share(tokens: &mut Vec<Token>, tally: &mut Tally) {
    let mut words = Words::new(tokens);
    if let Some(at) = words.find(&["lock"]) {
        words.go(at);
        if words.eat("lock in share mode") && words.done() {
            tokens.truncate(at);
            tally.note(Kind::Lock, Risk::Medium);
        }
    }
}

/// `UPDATE a, b SET` is a join.
fn side_by_side(tokens: &mut Vec<Token>) {
    let words = Words::new(tokens);
    let Some(set) = words.find(&["set"]).filter(|_| words.is("update")) else { return };
    let mut depth = 0_usize;
    let mut out = Vec::with_capacity(tokens.len().saturating_add(4));
    for (at, token) in std::mem::take(tokens).into_iter().enumerate() {
        match token {
            Token::LParen => depth = depth.saturating_add(1),
            Token::RParen => depth = depth.saturating_sub(1),
            _ => {}
        }
        if at < set && depth == 0 && token == Token::Comma {
            out.extend([word("CROSS"), word("JOIN")]);
        } else {
            out.push(token);
        }
    }
    *tokens = out;
}

/// BigQuery hands models and whole relations to functions (`f(MODEL m, TABLE t)`).
fn handed(tokens: &mut Vec<Token>) {
    if !tokens.iter().any(|token| is(token, "model") || is(token, "table")) {
        return;
    }
    let mut out: Vec<Token> = Vec::with_capacity(tokens.len());
    let mut old = std::mem::take(tokens).into_iter().peekable();
    while let Some(token) = old.next() {
        let opens = matches!(out.last(), Some(Token::LParen | Token::Comma));
        let named = opens && matches!(old.peek(), Some(Token::Word(_)));
        if named && is(&token, "model") {
            continue;
        }
        if named && is(&token, "table") {
            out.extend([Token::LParen, word("SELECT"), Token::Mul, word("FROM")]);
            while let Some(part) = old.next_if(|token| matches!(token, Token::Word(_) | Token::Period | Token::Minus)) {
                out.push(part);
            }
            out.push(Token::RParen);
            continue;
        }
        out.push(token);
    }
    *tokens = out;
}

/// Says that a change is bounded after all.
pub(super) fn bound(tally: &mut Tally, rows: u64) {
    tally.limit = Some(rows);
    if binds(Some(rows)) {
        let writes = std::mem::take(&mut tally.deeds.writes);
        tally.deeds.unbounded.retain(|relation| !writes.contains(relation));
        tally.deeds.writes = writes;
        tally.seen = Some(if tally.deeds.functions.is_empty() { Risk::Medium } else { tally.risk() });
    }
}

/// `TABLE t` is `SELECT * FROM t`.
fn table(tokens: &mut Vec<Token>) {
    if !tokens.iter().any(|token| is(token, "table")) {
        return;
    }
    let with = tokens.first().is_some_and(|first| is(first, "with"));
    let mut out = Vec::with_capacity(tokens.len().saturating_add(2));
    let mut old = std::mem::take(tokens).into_iter().peekable();
    while let Some(token) = old.next() {
        let head = out.last().is_none_or(|last: &Token| {
            *last == Token::LParen
                || with && *last == Token::RParen
                || ["union", "all", "distinct", "except", "intersect"].iter().any(|word| is(last, word))
        });
        if head && is(&token, "table") && matches!(old.peek(), Some(Token::Word(_))) {
            out.extend([word("SELECT"), Token::Mul, word("FROM")]);
        } else {
            out.push(token);
        }
    }
    *tokens = out;
}

/// `ONLY t`, `ONLY (t)` and `t *` are `t`: with or without its children.
fn only(tokens: &mut Vec<Token>) {
    const BEFORE: [&str; 6] = ["from", "join", "update", "into", "using", "table"];
    const AFTER: [&str; 10] = ["where", "join", "order", "group", "limit", "set", "left", "inner", "as", "using"];
    if !tokens.iter().any(|token| *token == Token::Mul || is(token, "only")) {
        return;
    }
    let any = |token: &Token, words: &[&str]| words.iter().any(|word| is(token, word));
    let mut out: Vec<Token> = Vec::with_capacity(tokens.len());
    let mut old = std::mem::take(tokens).into_iter().peekable();
    let mut closes = false;
    while let Some(token) = old.next() {
        let opens = out.last().is_some_and(|last| *last == Token::Comma || any(last, &BEFORE));
        let named = match old.peek() {
            Some(next) => matches!(next, Token::Word(_) | Token::LParen) && !any(next, &["from", "where"]),
            None => false,
        };
        if opens && named && is(&token, "only") {
            closes = old.next_if_eq(&Token::LParen).is_some();
            continue;
        }
        if closes && token == Token::RParen {
            closes = false;
            continue;
        }
        // `FROM t *`, an old way to say what is said anyway.
        let ends = old.peek().is_none_or(|next| matches!(next, Token::Comma | Token::RParen) || any(next, &AFTER));
        if token == Token::Mul && ends && follows_relation(&out) {
            continue;
        }
        out.push(token);
    }
    *tokens = out;
}

/// Whether the last tokens are a relation's name right after FROM or its like.
fn follows_relation(tokens: &[Token]) -> bool {
    let mut back = tokens.iter().rev();
    loop {
        if !matches!(back.next(), Some(Token::Word(_))) {
            return false;
        }
        match back.next() {
            Some(Token::Period) => {}
            Some(token) => return is(token, "from") || is(token, "join") || is(token, "update"),
            None => return false,
        }
    }
}

/// Words of MySQL that say how and not what.
fn modifiers(tokens: &mut Vec<Token>) {
    const HOW: [&str; 15] = [
        "low_priority",
        "high_priority",
        "delayed",
        "quick",
        "ignore",
        "sql_small_result",
        "sql_big_result",
        "sql_buffer_result",
        "sql_no_cache",
        "sql_cache",
        "sql_calc_found_rows",
        "straight_join",
        "distinctrow",
        "concurrent",
        "all",
    ];
    let mut open = false;
    let mut next_is = Vec::with_capacity(tokens.len());
    for at in 0..tokens.len() {
        let next = tokens.get(at.saturating_add(1));
        next_is.push((next == Some(&Token::LParen), matches!(next, None | Some(Token::Period | Token::Comma))));
    }
    let mut places = next_is.into_iter();
    tokens.retain(|token| {
        let (called, ends) = places.next().unwrap_or_default();
        let head = ["select", "insert", "update", "delete", "replace"].iter().any(|word| is(token, word));
        // `REPLACE(` and `INSERT(` are functions.
        if head && (!called || is(token, "select")) {
            open = true;
        } else if open && !ends && HOW.iter().any(|word| is(token, word)) {
            return false;
        } else if !is(token, "distinct") {
            open = false;
        }
        true
    });
}

/// `AS MATERIALIZED (` says how, and `WITH .. REPLACE` is an INSERT; `SAFE.f` is `f`.
fn everywhere(tokens: &mut Vec<Token>, dialect: Dialect) {
    let with = tokens.first().is_some_and(|first| is(first, "with"));
    if with {
        let mut out: Vec<Token> = Vec::with_capacity(tokens.len());
        let mut old = std::mem::take(tokens).into_iter().peekable();
        while let Some(token) = old.next() {
            let after_as = out.last().is_some_and(|last| is(last, "as"));
            let opens = old.peek() == Some(&Token::LParen);
            if after_as && is(&token, "materialized") && opens {
                continue;
            }
            if after_as && is(&token, "not") && old.peek().is_some_and(|next| is(next, "materialized")) {
                old.next();
                continue;
            }
            let replaces = is(&token, "replace")
                && out.last() == Some(&Token::RParen)
                && old.peek().is_some_and(|next| is(next, "into"));
            out.push(if replaces { word("INSERT") } else { token });
        }
        *tokens = out;
    }
    if dialect == Dialect::Bigquery && tokens.iter().any(|token| is(token, "safe")) {
        let mut safe = false;
        let dots: Vec<bool> =
            (0..tokens.len()).map(|at| tokens.get(at.saturating_add(1)) == Some(&Token::Period)).collect();
        let mut dots = dots.into_iter();
        tokens.retain(|token| {
            let before_dot = dots.next().unwrap_or_default();
            let drops = is(token, "safe") && before_dot || safe && *token == Token::Period;
            safe = is(token, "safe") && before_dot;
            !drops
        });
    }
}

/// `INTO OUTFILE`, `INTO DUMPFILE` and `INTO @variable` may stand nearly anywhere.
fn into(tokens: &mut Vec<Token>, tally: &mut Tally) {
    let place = (0..tokens.len()).find(|at| {
        let next = tokens.get(at.saturating_add(1));
        tokens.get(*at).is_some_and(|token| is(token, "into"))
            && next.is_some_and(|next| {
                is(next, "outfile")
                    || is(next, "dumpfile")
                    || matches!(next, Token::Word(name) if name.value.starts_with('@'))
            })
    });
    let Some(start) = place else { return };
    let mut words = Words::new(tokens);
    words.go(start.saturating_add(1));
    if words.is_any(&["outfile", "dumpfile"]) {
        tally.note(Kind::Export, Risk::Critical);
        tally.note(Kind::FileIo, Risk::Critical);
    }
    while !words.done()
        && !words.is_any(&["from", "where", "for", "lock", "group", "order", "limit", "union", "having"])
        && words.peek() != Some(&Token::RParen)
    {
        words.skip(1);
    }
    let end = words.at().min(tokens.len());
    tokens.drain(start..end);
}

fn mssql(tokens: &mut Vec<Token>) -> Option<u64> {
    // `OPTION (..)` at the end says how.
    let mut words = Words::new(tokens);
    if let Some(at) = words.find(&["option"]) {
        words.go(at.saturating_add(1));
        if words.skip_brackets() && words.done() {
            tokens.truncate(at);
        }
    }
    let changes = |token: &Token| is(token, "delete") || is(token, "update") || is(token, "insert");
    let first = tokens
        .iter()
        .position(changes)
        .filter(|at| *at == 0 || tokens.first().is_some_and(|first| is(first, "with")))?;
    let top = first.saturating_add(1);
    let mut rows = None;
    let mut words = Words::new(tokens);
    words.go(top);
    if words.eat("top") {
        let start = words.at();
        if !words.skip_brackets() {
            words.skip(1);
        }
        let number = tokens.get(start..words.at()).unwrap_or_default().iter().filter_map(|token| match token {
            Token::Number(digits, _) => digits.parse().ok(),
            _ => None,
        });
        let numbers: Vec<u64> = number.collect();
        let plain = !words.eat("percent") && words.at().saturating_sub(start) <= 3;
        rows = numbers.first().copied().filter(|_| plain && numbers.len() == 1);
        let end = words.at().min(tokens.len());
        tokens.drain(top..end);
    }
    // `DELETE FROM a FROM t a` and `DELETE t` are `DELETE a FROM t a` and `DELETE FROM t`.
    if tokens.get(first).is_some_and(|token| is(token, "delete")) {
        let mut words = Words::new(tokens);
        words.go(top);
        let from = words.eat("from");
        words.name();
        let second = words.is("from");
        if from && second {
            tokens.remove(top);
        } else if !from && !second {
            tokens.insert(top, word("FROM"));
        }
    }
    rows
}

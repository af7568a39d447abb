//! Can a text be parsed without harm?
//!
//! The parser calls itself for each bracket and builds chains that lean to one side, which are taken down by calls
//! as deep as they are long. Both are bounded here, so that a small stack is enough.

use sqlparser::tokenizer::Token;

use super::Reason;
use super::words::is;

/// What is longer is not read.
pub(super) const LONGEST: usize = 256 * 1024;

/// Brackets and CASE inside one another.
const DEEPEST: usize = 40;

/// Tokens side by side without a comma, which is how long a chain can be.
const LONGEST_CHAIN: usize = 3000;

/// UNION and its like side by side.
const MOST_SETS: usize = 400;

/// Statements in one text.
const MOST_STATEMENTS: usize = 1000;

/// Tokens in one text, after values in lists were left out. The parser takes microseconds for each.
const MOST_TOKENS: usize = 8192;

/// Values side by side that are kept; more say nothing new.
const MOST_VALUES: usize = 16;

/// Leaves out most of long lists of values: they cost time and say nothing.
pub(super) fn thin(tokens: &mut Vec<Token>) {
    if tokens.len() <= MOST_VALUES {
        return;
    }
    let mut drop = vec![false; tokens.len()];
    let (mut at, mut depth, mut values, mut rows, mut inserts) = (0_usize, 0_usize, 0_usize, 0_usize, false);
    while let Some(token) = tokens.get(at) {
        let mut length = 1;
        match token {
            Token::Comma
                if depth > 0
                    && is_value(tokens.get(at.saturating_add(1)))
                    && ends(tokens.get(at.saturating_add(2))) =>
            {
                length = 2;
                values = values.saturating_add(1);
                if values > MOST_VALUES {
                    mark(&mut drop, at, length);
                }
            }
            Token::Comma if depth == 0 && inserts => {
                if let Some(row) = row(tokens.get(at.saturating_add(1)..).unwrap_or_default()) {
                    length = row.saturating_add(1);
                    rows = rows.saturating_add(1);
                    if rows > MOST_VALUES {
                        mark(&mut drop, at, length);
                    }
                }
            }
            Token::LParen => (depth, values) = (depth.saturating_add(1), 0),
            Token::RParen => (depth, values) = (depth.saturating_sub(1), 0),
            Token::SemiColon | Token::EOF => (depth, rows, inserts) = (0, 0, false),
            Token::Word(_) => {
                inserts |= is(token, "insert") || is(token, "replace");
                values = 0;
            }
            _ => {}
        }
        at = at.saturating_add(length);
    }
    let mut drop = drop.into_iter();
    tokens.retain(|_| !drop.next().unwrap_or_default());
}

fn mark(drop: &mut [bool], at: usize, length: usize) {
    drop.iter_mut().skip(at).take(length).for_each(|drop| *drop = true);
}

fn is_value(token: Option<&Token>) -> bool {
    match token {
        Some(
            Token::Number(..)
            | Token::SingleQuotedString(_)
            | Token::DoubleQuotedString(_)
            | Token::HexStringLiteral(_),
        ) => true,
        Some(token) => is(token, "null") || is(token, "true") || is(token, "false"),
        None => false,
    }
}

fn ends(token: Option<&Token>) -> bool {
    matches!(token, Some(Token::Comma | Token::RParen))
}

/// How many tokens a row of nothing but values has.
fn row(tokens: &[Token]) -> Option<usize> {
    if tokens.first() != Some(&Token::LParen) {
        return None;
    }
    let inside = tokens
        .iter()
        .skip(1)
        .take_while(|token| is_value(Some(token)) || matches!(token, Token::Comma | Token::Minus))
        .count();
    let close = inside.saturating_add(1);
    (tokens.get(close) == Some(&Token::RParen)).then(|| close.saturating_add(1))
}

/// Whether tokens may be parsed.
pub(super) fn check(tokens: &[Token]) -> Result<(), Reason> {
    if tokens.len() > MOST_TOKENS {
        return Err(Reason::TooLong);
    }
    let mut statements = 0_usize;
    let mut levels = vec![Level::default()];
    for token in tokens {
        match token {
            Token::LParen | Token::LBracket | Token::LBrace => {
                levels.push(Level::default());
                if levels.len() > DEEPEST {
                    return Err(Reason::TooDeep);
                }
            }
            Token::RParen | Token::RBracket | Token::RBrace => {
                levels.pop();
                if levels.is_empty() {
                    levels.push(Level::default());
                }
            }
            Token::SemiColon | Token::EOF => {
                statements = statements.saturating_add(1);
                if statements > MOST_STATEMENTS {
                    return Err(Reason::TooLong);
                }
                levels.truncate(1);
                levels.fill(Level::default());
            }
            _ => {}
        }
        let Some(level) = levels.last_mut() else { continue };
        level.chain = if *token == Token::Comma { 0 } else { level.chain.saturating_add(1) };
        if is(token, "union") || is(token, "except") || is(token, "intersect") || is(token, "minus") {
            level.sets = level.sets.saturating_add(1);
        }
        if level.chain > LONGEST_CHAIN || level.sets > MOST_SETS {
            return Err(Reason::TooDeep);
        }
    }
    Ok(())
}

/// What stands between the same brackets.
#[derive(Clone, Debug, Default)]
struct Level {
    chain: usize,
    sets: usize,
}

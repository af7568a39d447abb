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

/// Whether tokens may be parsed.
pub(super) fn check(tokens: &[Token]) -> Result<(), Reason> {
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

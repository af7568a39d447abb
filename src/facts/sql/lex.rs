//! Which tokens does a text consist of?
//!
//! They are the parser's own, but cut by each dialect's rules for comments and quotes, several times as fast, and
//! without the spaces. Commands of the client program are taken out here, because no lexer of a server knows them.

mod keyword;
mod operator;
mod quoted;

use std::collections::BTreeSet;

use sqlparser::tokenizer::{Token, Word};

use super::{Dialect, Reason};

/// What a text consists of.
#[derive(Debug, Default)]
pub(super) struct Lexed {
    /// The tokens. `EOF` stands where a batch ends (`GO`).
    pub(super) tokens: Vec<Token>,
    /// The commands of the client program.
    pub(super) commands: Vec<String>,
    pub(super) reasons: BTreeSet<Reason>,
}

/// Cuts a text into tokens.
pub(super) fn lex(text: &str, dialect: Dialect) -> Lexed {
    let mut lexer = Lexer { text, bytes: text.as_bytes(), at: 0, dialect, escaped: false, out: Lexed::default() };
    lexer.out.tokens.reserve(text.len().checked_div(4).unwrap_or_default().min(4096));
    while let Some(byte) = lexer.peek(0) {
        lexer.token(byte);
    }
    lexer.out
}

struct Lexer<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    dialect: Dialect,
    /// Whether the last string had escapes, which a string in the next line continues.
    escaped: bool,
    out: Lexed,
}

impl Lexer<'_> {
    fn token(&mut self, byte: u8) {
        match byte {
            b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c => self.skip(1),
            b'-' if self.peek(1) == Some(b'-') && self.starts_comment() => self.line_comment(),
            b'#' if matches!(self.dialect, Dialect::Mysql | Dialect::Bigquery) => self.line_comment(),
            b'/' if self.peek(1) == Some(b'/') && self.dialect == Dialect::Snowflake => self.line_comment(),
            b'/' if self.peek(1) == Some(b'*') => self.block_comment(),
            _ if self.starts_command(byte) => self.command(),
            b'\'' | b'"' | b'`' => self.quoted(byte),
            b'[' if matches!(self.dialect, Dialect::Mssql | Dialect::Sqlite) => self.identifier(b'[', b']'),
            b'$' if self.dollar() => {}
            b'0'..=b'9' => self.number(),
            b'.' if self.peek(1).is_some_and(|next| next.is_ascii_digit()) && !self.after_name() => self.number(),
            b'A'..=b'Z' | b'a'..=b'z' | b'_' => self.word(),
            b'@' | b'#' if self.starts_variable() => self.word(),
            b'@' if self.dialect == Dialect::Snowflake => self.stage(),
            0x80.. => self.foreign(),
            0..=0x1f | 0x7f => {
                self.out.reasons.insert(Reason::OddCharacter);
                self.skip(1);
            }
            _ => self.operator(),
        }
    }

    fn peek(&self, ahead: usize) -> Option<u8> {
        self.bytes.get(self.at.saturating_add(ahead)).copied()
    }

    fn skip(&mut self, count: usize) {
        self.at = self.at.saturating_add(count);
    }

    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn since(&self, start: usize) -> String {
        self.text.get(start..self.at).unwrap_or_default().to_owned()
    }

    fn push(&mut self, token: Token) {
        self.out.tokens.push(token);
    }

    /// `--` begins a comment, but in MySQL only before a space.
    fn starts_comment(&self) -> bool {
        self.dialect != Dialect::Mysql || self.peek(2).is_none_or(|byte| byte <= b' ')
    }

    fn line_comment(&mut self) {
        let rest = self.rest();
        let line = rest.split('\n').next().unwrap_or_default();
        // Some servers end a comment at these, others read on.
        let doubt = line.trim_end_matches('\r').contains(['\r', '\u{85}', '\u{2028}', '\u{2029}']);
        let length = match (self.dialect, line.find('\r')) {
            (Dialect::Postgres, Some(end)) => end,
            _ => line.len(),
        };
        self.skip(length);
        if doubt {
            self.out.reasons.insert(Reason::OddCharacter);
        }
    }

    fn block_comment(&mut self) {
        let nests = matches!(self.dialect, Dialect::Postgres | Dialect::Mssql);
        let mut depth = 0_usize;
        loop {
            match (self.peek(0), self.peek(1)) {
                (Some(b'/'), Some(b'*')) if nests || depth == 0 => {
                    depth = depth.saturating_add(1);
                    self.skip(2);
                }
                (Some(b'*'), Some(b'/')) => {
                    depth = depth.saturating_sub(1);
                    self.skip(2);
                    if depth == 0 {
                        return;
                    }
                }
                (Some(_), _) => self.skip(1),
                (None, _) => {
                    self.out.reasons.insert(Reason::Unclosed);
                    return;
                }
            }
        }
    }

    fn at_start(&self) -> bool {
        matches!(self.out.tokens.last(), None | Some(Token::SemiColon | Token::EOF))
    }

    /// Whether only spaces stand before this in its line.
    fn at_line_start(&self) -> bool {
        let before = self.bytes.get(..self.at).unwrap_or_default();
        before.iter().rev().find(|byte| !matches!(byte, b' ' | b'\t')).is_none_or(|byte| matches!(byte, b'\n' | b'\r'))
    }

    fn starts_command(&self, byte: u8) -> bool {
        match (self.dialect, byte) {
            (_, b'\\') => true,
            (Dialect::Sqlite, b'.') => self.at_start() && self.peek(1).is_some_and(|next| next.is_ascii_alphabetic()),
            (Dialect::Mssql, b':' | b'!') | (Dialect::Snowflake, b'!') => self.at_start(),
            (Dialect::Mysql, _) if byte.is_ascii_alphabetic() => {
                self.at_start()
                    && self.at_line_start()
                    && super::client::MYSQL.iter().any(|word| {
                        let (name, rest) = self.rest().split_at_checked(word.len()).unwrap_or_default();
                        name.eq_ignore_ascii_case(word) && rest.starts_with([' ', '\t'])
                    })
            }
            _ => false,
        }
    }

    /// A command of the client reaches to the end of its line.
    fn command(&mut self) {
        let line = self.rest().lines().next().unwrap_or_default().to_owned();
        self.skip(line.len().max(1));
        // `\g` and `\G` only send what was written.
        if !matches!(line.trim_end().trim_end_matches(';'), "\\g" | "\\G" | "\\gx") {
            self.out.commands.push(line);
        }
        self.push(Token::SemiColon);
    }

    fn after_name(&self) -> bool {
        matches!(self.out.tokens.last(), Some(Token::Word(_) | Token::RParen | Token::RBracket))
    }

    /// A variable or a temporary table begins like this.
    fn starts_variable(&self) -> bool {
        let named = matches!(self.dialect, Dialect::Mysql | Dialect::Bigquery | Dialect::Sqlite);
        self.dialect == Dialect::Mssql || named && self.peek(0) == Some(b'@')
    }

    fn in_word(&self, byte: u8) -> bool {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'_' | 0x80.. => true,
            b'$' => !matches!(self.dialect, Dialect::Bigquery),
            b'@' | b'#' => self.dialect == Dialect::Mssql,
            _ => false,
        }
    }

    fn word(&mut self) {
        if self.prefixed() {
            return;
        }
        let start = self.at;
        while self.peek(0).is_some_and(|byte| byte == b'@') {
            self.skip(1);
        }
        if self.at > start
            && let Some(quote @ (b'`' | b'\'' | b'"')) = self.peek(0)
        {
            self.skip(1);
            let name = self.until(quote, false);
            self.push(Token::Word(Word { value: format!("@{name}"), quote_style: None, keyword: keyword::NONE }));
            return;
        }
        while self.peek(0).is_some_and(|byte| self.in_word(byte) || byte == b'#' && self.at == start) {
            self.skip(1);
        }
        let value = self.since(start);
        if self.dialect == Dialect::Mssql && value.eq_ignore_ascii_case("go") && self.ends_batch(start) {
            self.push(Token::EOF);
            return;
        }
        let keyword = keyword::of(&value);
        self.push(Token::Word(Word { value, quote_style: None, keyword }));
    }

    /// `GO` stands alone in its line, or with a number.
    fn ends_batch(&mut self, start: usize) -> bool {
        let rest = self.rest().lines().next().unwrap_or_default();
        let alone = rest.trim().trim_end_matches(';').chars().all(|c| c.is_ascii_digit());
        let length = rest.len();
        let before = self.bytes.get(..start).unwrap_or_default();
        let first = before.iter().rev().find(|byte| !matches!(byte, b' ' | b'\t'));
        let alone = alone && first.is_none_or(|byte| matches!(byte, b'\n' | b'\r'));
        if alone {
            self.skip(length);
        }
        alone
    }

    /// `@stage/path`, as one name.
    fn stage(&mut self) {
        let start = self.at;
        self.skip(1);
        if self.peek(0) == Some(b'\'') || self.peek(0) == Some(b'"') {
            let quote = self.peek(0).unwrap_or_default();
            self.skip(1);
            self.until(quote, false);
        }
        while let Some(byte) = self.peek(0) {
            let comment = matches!((byte, self.peek(1)), (b'/', Some(b'*' | b'/')) | (b'-', Some(b'-')));
            if comment || !(byte.is_ascii_alphanumeric() || b"_$./~%-=+:*\"".contains(&byte) || byte >= 0x80) {
                break;
            }
            self.skip(1);
        }
        let value = self.since(start);
        self.push(Token::Word(Word { value, quote_style: Some('"'), keyword: keyword::NONE }));
    }

    /// Letters of other scripts begin a word; spaces and marks of other scripts are read differently by each server.
    fn foreign(&mut self) {
        let Some(first) = self.rest().chars().next() else { return self.skip(1) };
        if first.is_alphabetic() {
            return self.word();
        }
        // The mark at the head of a file.
        if !(first == '\u{feff}' && self.at == 0) {
            self.out.reasons.insert(Reason::OddCharacter);
        }
        self.skip(first.len_utf8());
    }

    fn number(&mut self) {
        let start = self.at;
        if self.peek(0) == Some(b'0') && matches!(self.peek(1), Some(b'x' | b'X')) {
            self.skip(2);
            let digits = self.at;
            while self.peek(0).is_some_and(|byte| byte.is_ascii_hexdigit() || byte == b'_') {
                self.skip(1);
            }
            let value = self.since(digits);
            return self.push(Token::HexStringLiteral(value));
        }
        while let Some(byte) = self.peek(0) {
            let exponent = matches!(byte, b'e' | b'E')
                && matches!(
                    (self.peek(1), self.peek(2)),
                    (Some(b'0'..=b'9'), _) | (Some(b'+' | b'-'), Some(b'0'..=b'9'))
                );
            match byte {
                b'0'..=b'9' | b'.' | b'_' => self.skip(1),
                _ if exponent => self.skip(2),
                _ => break,
            }
        }
        // MySQL lets names begin with digits.
        if self.dialect == Dialect::Mysql && self.peek(0).is_some_and(|byte| self.in_word(byte)) {
            while self.peek(0).is_some_and(|byte| self.in_word(byte)) {
                self.skip(1);
            }
            let value = self.since(start);
            return self.push(Token::Word(Word { value, quote_style: None, keyword: keyword::NONE }));
        }
        let value = self.since(start).replace('_', "");
        self.push(Token::Number(value, false));
    }
}

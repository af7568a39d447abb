//! Where do words, names and strings begin and end, by each database's own rules?
//!
//! It allocates nothing and never goes back, so that any text is read in linear time. What two settings of one server,
//! or two servers, would read in different ways is a doubt.

use super::super::Dialect;
use super::doubt::{self, Doubts};

/// A piece of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// A word without quotes: a keyword or a name.
    Word(&'a str),
    /// A name in quotes, without them.
    Name(&'a str),
    /// A string; the pieces of one string are one.
    Text,
    /// A number.
    Number,
    /// A variable or parameter, with its mark: `@x`, `$1`, `:x`.
    Variable(&'a str),
    /// Any other character.
    Sign(u8),
    /// The text is over.
    End,
}

/// A reader that goes through the text once. A copy of it looks ahead.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lexer<'a> {
    pub(super) text: &'a str,
    pub(super) bytes: &'a [u8],
    pub(super) at: usize,
    pub(super) dialect: Dialect,
    /// Whether it is inside a comment that is executed.
    executed: bool,
    /// Whether nothing but spaces stands before this on its line.
    pub(super) fresh_line: bool,
    pub(super) doubts: Doubts,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(text: &'a str, dialect: Dialect) -> Self {
        let bytes = text.as_bytes();
        Self { text, bytes, at: 0, dialect, executed: false, fresh_line: true, doubts: Doubts::default() }
    }

    pub(super) fn doubt(&mut self, doubt: u8) {
        self.doubts.add(doubt);
    }

    pub(super) fn doubts(&self) -> Doubts {
        self.doubts
    }

    /// Whether the token that comes next is the first of its line.
    pub(super) fn begins_line(&mut self) -> bool {
        self.skip_blank();
        self.fresh_line
    }

    /// The token after the one that comes next was read, without going there.
    pub(super) fn peek(&self) -> Token<'a> {
        let mut ahead = *self;
        ahead.next()
    }

    pub(super) fn next(&mut self) -> Token<'a> {
        self.skip_blank();
        self.fresh_line = false;
        let Some(byte) = self.byte(0) else { return Token::End };
        match byte {
            b'\'' => self.plain_string(),
            b'"' => self.double_quoted(),
            b'`' if self.is(&[Dialect::Mysql, Dialect::Sqlite, Dialect::Bigquery]) => {
                let escapes = self.dialect == Dialect::Bigquery;
                Token::Name(self.quoted(b'`', escapes))
            }
            b'[' if self.is(&[Dialect::Mssql]) => Token::Name(self.quoted(b']', false)),
            // A bracket within brackets does not count in SQLite.
            b'[' if self.is(&[Dialect::Sqlite]) => self.bracketed(),
            b'$' => self.dollar(),
            b'@' | b':' | b'?' => self.marked(byte),
            b'#' if self.dialect == Dialect::Mssql => self.word_from(self.at),
            b'0'..=b'9' => self.number(),
            b'a'..=b'z' | b'A'..=b'Z' | b'_' => self.prefixed(byte),
            0x80.. => self.word_from(self.at),
            _ => {
                self.step(1);
                Token::Sign(byte)
            }
        }
    }

    pub(super) fn is(&self, dialects: &[Dialect]) -> bool {
        dialects.contains(&self.dialect)
    }

    pub(super) fn byte(&self, ahead: usize) -> Option<u8> {
        self.bytes.get(self.at.saturating_add(ahead)).copied()
    }

    pub(super) fn step(&mut self, count: usize) {
        self.at = self.at.saturating_add(count);
    }

    pub(super) fn since(&self, start: usize) -> &'a str {
        self.text.get(start..self.at).unwrap_or_default()
    }

    pub(super) fn skip_blank(&mut self) {
        while let Some(byte) = self.byte(0) {
            let after = self.byte(1);
            match byte {
                b' ' | b'\t' | b'\x0c' => self.step(1),
                b'\n' | b'\r' => {
                    self.step(1);
                    self.fresh_line = true;
                }
                b'-' if after == Some(b'-') && self.dashes_comment() => self.skip_line(),
                b'/' if after == Some(b'/') && self.dialect == Dialect::Snowflake => self.skip_line(),
                b'#' if self.is(&[Dialect::Mysql, Dialect::Bigquery]) => self.skip_line(),
                b'/' if after == Some(b'*') => self.comment(),
                b'*' if after == Some(b'/') && self.executed => {
                    self.executed = false;
                    self.step(2);
                }
                0..0x20 | 0x7f => {
                    self.doubts.add(if byte == 0 { Doubts::NUL } else { Doubts::ODD });
                    self.step(1);
                }
                0x80.. => {
                    // The word itself is read later; here it matters only whether it is none.
                    let Some(c) = self.text.get(self.at..).and_then(|rest| rest.chars().next()) else { return };
                    if !doubt::is_blank(c) {
                        return;
                    }
                    self.doubts.add(Doubts::ODD);
                    self.step(c.len_utf8());
                }
                _ => return,
            }
        }
    }

    /// MySQL wants a space after the dashes.
    fn dashes_comment(&self) -> bool {
        self.dialect != Dialect::Mysql || self.byte(2).is_none_or(|byte| byte <= b' ' || byte == 0x7f)
    }

    fn skip_line(&mut self) {
        while let Some(byte) = self.byte(0) {
            // A bare carriage return ends a comment in some databases and not in others.
            if byte == b'\r' && self.byte(1) != Some(b'\n') {
                self.doubts.add(Doubts::EDGE);
            }
            match byte {
                b'\n' => return,
                b'\r' if self.dialect == Dialect::Postgres || self.byte(1) == Some(b'\n') => return,
                0 => self.doubts.add(Doubts::NUL),
                _ => {}
            }
            self.step(1);
        }
    }

    fn comment(&mut self) {
        self.step(2);
        if self.dialect == Dialect::Mysql && self.executable() {
            return;
        }
        let nests = self.is(&[Dialect::Postgres, Dialect::Mssql]);
        let mut depth: usize = 1;
        while let Some(byte) = self.byte(0) {
            match (byte, self.byte(1)) {
                (b'*', Some(b'/')) => {
                    self.step(2);
                    depth = depth.saturating_sub(1);
                    if depth == 0 {
                        return;
                    }
                }
                (b'/', Some(b'*')) => {
                    self.step(2);
                    if nests {
                        depth = depth.saturating_add(1);
                    } else if self.byte(0) != Some(b'/') {
                        self.doubts.add(Doubts::EDGE);
                    }
                }
                _ => {
                    if byte == 0 {
                        self.doubts.add(Doubts::NUL);
                    }
                    self.step(1);
                }
            }
        }
        self.doubts.add(Doubts::UNCLOSED);
    }

    /// `/*!`, `/*!50000` and MariaDB's `/*M!`: what is inside is code.
    fn executable(&mut self) -> bool {
        let mark = match (self.byte(0), self.byte(1)) {
            (Some(b'!'), _) => 1,
            (Some(b'M'), Some(b'!')) => 2,
            _ => return false,
        };
        self.step(mark);
        let digits = (0..6).take_while(|ahead| self.byte(*ahead).is_some_and(|byte| byte.is_ascii_digit())).count();
        if digits >= 5 {
            self.step(digits);
        }
        self.doubts.add(Doubts::EXECUTED);
        self.executed = true;
        true
    }

    /// `@x`, `@@x`, `:x`, `?`, but `::` is a cast.
    fn marked(&mut self, mark: u8) -> Token<'a> {
        let start = self.at;
        self.step(1);
        if mark == b':' && self.byte(0) == Some(b':') {
            self.step(1);
            return Token::Sign(b':');
        }
        if mark == b'@' && self.byte(0) == Some(b'@') {
            self.step(1);
        }
        let named = self.byte(0).is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80);
        // Operators in Postgres: `a @> b`, `a ? 'b'`; there `@x` is an operator and a name.
        if !named || self.dialect == Dialect::Postgres && mark != b':' {
            return Token::Sign(mark);
        }
        self.take_name();
        Token::Variable(self.since(start))
    }

    fn number(&mut self) -> Token<'a> {
        let start = self.at;
        let hex = self.byte(0) == Some(b'0') && matches!(self.byte(1), Some(b'x' | b'X'));
        self.step(if hex { 2 } else { 1 });
        while let Some(byte) = self.byte(0) {
            let exponent = matches!(byte, b'e' | b'E') && !hex;
            if exponent && matches!(self.byte(1), Some(b'+' | b'-')) {
                self.step(2);
            } else if byte.is_ascii_digit() || byte == b'.' || exponent || hex && byte.is_ascii_hexdigit() {
                self.step(1);
            } else {
                break;
            }
        }
        // MySQL lets names begin with digits; elsewhere `1FROM` is two things.
        let named = self.byte(0).is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_');
        if named && self.dialect == Dialect::Mysql && !self.since(start).contains('.') {
            return self.word_from(start);
        }
        Token::Number
    }

    pub(super) fn word_from(&mut self, start: usize) -> Token<'a> {
        self.take_name();
        Token::Word(self.since(start))
    }

    /// Goes to the end of a name, and doubts letters that look like others.
    pub(super) fn take_name(&mut self) {
        while let Some(byte) = self.byte(0) {
            match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'$' => {
                    let rest = self.bytes.get(self.at..).unwrap_or_default();
                    let usual = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$');
                    self.step(rest.iter().take_while(usual).count());
                }
                b'#' | b'@' if self.dialect == Dialect::Mssql => self.step(1),
                0x80.. => {
                    let Some(c) = self.text.get(self.at..).and_then(|rest| rest.chars().next()) else { return };
                    if doubt::is_blank(c) {
                        return;
                    }
                    if doubt::is_disguise(c) {
                        self.doubts.add(Doubts::ODD);
                    }
                    self.step(c.len_utf8());
                }
                _ => return,
            }
        }
    }
}

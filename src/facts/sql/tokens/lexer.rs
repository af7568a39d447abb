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
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    dialect: Dialect,
    /// Whether it is inside a comment that is executed.
    executed: bool,
    /// Whether nothing but spaces stands before this on its line.
    fresh_line: bool,
    doubts: Doubts,
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

    fn is(&self, dialects: &[Dialect]) -> bool {
        dialects.contains(&self.dialect)
    }

    fn byte(&self, ahead: usize) -> Option<u8> {
        self.bytes.get(self.at.saturating_add(ahead)).copied()
    }

    fn step(&mut self, count: usize) {
        self.at = self.at.saturating_add(count);
    }

    fn since(&self, start: usize) -> &'a str {
        self.text.get(start..self.at).unwrap_or_default()
    }

    fn skip_blank(&mut self) {
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

    fn plain_string(&mut self) -> Token<'a> {
        match self.dialect {
            Dialect::Bigquery => self.long_string(b'\''),
            Dialect::Mysql | Dialect::Snowflake => {
                self.quoted(b'\'', true);
            }
            Dialect::Postgres => {
                // Another setting of the server takes a backslash before a quote for an escape.
                if self.quoted(b'\'', false).contains("\\'") || self.bytes.get(self.at.wrapping_sub(2)) == Some(&b'\\')
                {
                    self.doubts.add(Doubts::MODE);
                }
            }
            Dialect::Sqlite | Dialect::Mssql => {
                self.quoted(b'\'', false);
            }
        }
        Token::Text
    }

    fn double_quoted(&mut self) -> Token<'a> {
        match self.dialect {
            Dialect::Mysql => {
                self.quoted(b'"', true);
                Token::Text
            }
            Dialect::Bigquery => {
                self.long_string(b'"');
                Token::Text
            }
            _ => Token::Name(self.quoted(b'"', false)),
        }
    }

    /// Everything to the closing quote; twice the quote is the quote itself.
    fn quoted(&mut self, close: u8, escapes: bool) -> &'a str {
        self.step(1);
        let start = self.at;
        while let Some(byte) = self.byte(0) {
            if byte == close {
                if self.byte(1) != Some(close) {
                    let inside = self.since(start);
                    self.step(1);
                    return inside;
                }
                self.step(2);
            } else if byte == b'\\' && escapes {
                self.step(2);
            } else {
                if byte == 0 {
                    self.doubts.add(Doubts::NUL);
                }
                self.step(1);
            }
        }
        self.doubts.add(Doubts::UNCLOSED);
        self.since(start)
    }

    fn bracketed(&mut self) -> Token<'a> {
        let start = self.at.saturating_add(1);
        while let Some(byte) = self.byte(0) {
            if byte == b']' {
                let inside = self.since(start);
                self.step(1);
                return Token::Name(inside);
            }
            self.step(1);
        }
        self.doubts.add(Doubts::UNCLOSED);
        Token::Name("")
    }

    /// BigQuery's strings: three quotes or one; a backslash keeps the next character in, raw or not.
    fn long_string(&mut self, quote: u8) {
        let long = self.byte(1) == Some(quote) && self.byte(2) == Some(quote);
        self.step(if long { 3 } else { 1 });
        while let Some(byte) = self.byte(0) {
            if byte == b'\\' {
                self.step(2);
            } else if byte == quote && (!long || self.byte(1) == Some(quote) && self.byte(2) == Some(quote)) {
                self.step(if long { 3 } else { 1 });
                return;
            } else {
                if byte == 0 {
                    self.doubts.add(Doubts::NUL);
                }
                self.step(1);
            }
        }
        self.doubts.add(Doubts::UNCLOSED);
    }

    /// `$1`, `$tag$…$tag$`, or Snowflake's `$$…$$`.
    fn dollar(&mut self) -> Token<'a> {
        let start = self.at;
        self.step(1);
        if self.is(&[Dialect::Postgres, Dialect::Snowflake]) {
            let tagged = self.dialect == Dialect::Postgres && !self.byte(0).is_some_and(|byte| byte.is_ascii_digit());
            let name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80;
            while tagged && self.byte(0).is_some_and(name) {
                self.step(1);
            }
            if self.byte(0) == Some(b'$') {
                self.step(1);
                let tag = self.since(start);
                let rest = self.text.get(self.at..).unwrap_or_default();
                if let Some(end) = rest.find(tag) {
                    self.step(end.saturating_add(tag.len()));
                } else {
                    self.at = self.bytes.len();
                    self.doubts.add(Doubts::UNCLOSED);
                }
                return Token::Text;
            }
            self.at = start.saturating_add(1);
        }
        self.take_name();
        Token::Variable(self.since(start))
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

    /// A word, or the letters before a string: `E'…'`, `N'…'`, `U&"…"`, `rb'''…'''`.
    fn prefixed(&mut self, first: u8) -> Token<'a> {
        match (self.dialect, first, self.byte(1), self.byte(2)) {
            (Dialect::Postgres, b'e' | b'E', Some(b'\''), _) => {
                self.step(1);
                self.escaped_string()
            }
            (Dialect::Postgres, b'u' | b'U', Some(b'&'), Some(quote @ (b'\'' | b'"'))) => {
                self.step(2);
                // The characters are written as numbers.
                self.doubts.add(Doubts::MODE);
                if quote == b'"' { self.double_quoted() } else { self.plain_string() }
            }
            (Dialect::Bigquery, b'r' | b'R' | b'b' | b'B', Some(b'\'' | b'"'), _) => {
                self.step(1);
                self.next_string()
            }
            (Dialect::Bigquery, b'r' | b'R' | b'b' | b'B', Some(b'r' | b'R' | b'b' | b'B'), Some(b'\'' | b'"')) => {
                self.step(2);
                self.next_string()
            }
            (_, b'n' | b'N' | b'x' | b'X' | b'b' | b'B', Some(b'\''), _) => {
                self.step(1);
                self.plain_string()
            }
            _ => self.word_from(self.at),
        }
    }

    fn next_string(&mut self) -> Token<'a> {
        if self.byte(0) == Some(b'"') { self.double_quoted() } else { self.plain_string() }
    }

    /// `E'…'`; it goes on in the next string if only a line break stands between.
    fn escaped_string(&mut self) -> Token<'a> {
        loop {
            self.quoted(b'\'', true);
            let mut ahead = *self;
            ahead.fresh_line = false;
            ahead.skip_blank();
            if !(ahead.fresh_line && ahead.byte(0) == Some(b'\'')) {
                return Token::Text;
            }
            self.doubts.add(Doubts::EDGE);
            self.at = ahead.at;
        }
    }

    fn word_from(&mut self, start: usize) -> Token<'a> {
        self.take_name();
        Token::Word(self.since(start))
    }

    /// Goes to the end of a name, and doubts letters that look like others.
    fn take_name(&mut self) {
        while let Some(byte) = self.byte(0) {
            match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'$' => self.step(1),
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

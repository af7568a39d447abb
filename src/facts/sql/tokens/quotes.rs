//! Where does what stands in quotes end?

use super::super::Dialect;
use super::doubt::Doubts;
use super::lexer::{Lexer, Token};

impl<'a> Lexer<'a> {
    pub(super) fn plain_string(&mut self) -> Token<'a> {
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

    pub(super) fn double_quoted(&mut self) -> Token<'a> {
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
    pub(super) fn quoted(&mut self, close: u8, escapes: bool) -> &'a str {
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

    pub(super) fn bracketed(&mut self) -> Token<'a> {
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
    pub(super) fn long_string(&mut self, quote: u8) {
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
    pub(super) fn dollar(&mut self) -> Token<'a> {
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

    /// A word, or the letters before a string: `E'…'`, `N'…'`, `U&"…"`, `rb'''…'''`.
    pub(super) fn prefixed(&mut self, first: u8) -> Token<'a> {
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

    pub(super) fn next_string(&mut self) -> Token<'a> {
        if self.byte(0) == Some(b'"') { self.double_quoted() } else { self.plain_string() }
    }

    /// `E'…'`; it goes on in the next string if only a line break stands between.
    pub(super) fn escaped_string(&mut self) -> Token<'a> {
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
}

//! Where does something in quotes end, and what does it say?

use sqlparser::ast::DollarQuotedString;
use sqlparser::tokenizer::{Token, Word};

use super::{Lexer, keyword};
use crate::facts::sql::{Dialect, Reason};

impl Lexer<'_> {
    pub(super) fn quoted(&mut self, quote: u8) {
        let escapes = matches!(self.dialect, Dialect::Mysql | Dialect::Bigquery | Dialect::Snowflake);
        match (quote, self.dialect) {
            (b'\'' | b'"', Dialect::Bigquery) => self.triple_or_single(quote, true),
            (b'\'', _) => {
                self.skip(1);
                self.escaped &= matches!(self.out.tokens.last(), Some(Token::SingleQuotedString(_)));
                let text = self.until(b'\'', escapes || self.escaped);
                self.string(text);
            }
            (b'"', Dialect::Mysql) => {
                self.skip(1);
                let text = self.until(b'"', true);
                self.push(Token::DoubleQuotedString(text));
            }
            (b'`', Dialect::Bigquery) => self.path(),
            (b'`', Dialect::Mysql | Dialect::Sqlite) | (b'"', _) => self.identifier(quote, quote),
            _ => {
                self.out.reasons.insert(Reason::Unparsable);
                self.skip(1);
            }
        }
    }

    /// Strings side by side are one (`'a' 'b'`).
    fn string(&mut self, text: String) {
        let joins = matches!(self.dialect, Dialect::Mysql | Dialect::Postgres);
        match self.out.tokens.last_mut() {
            Some(Token::SingleQuotedString(last)) if joins => last.push_str(&text),
            _ => self.push(Token::SingleQuotedString(text)),
        }
    }

    /// The text up to a closing quote, which is doubled inside.
    pub(super) fn until(&mut self, quote: u8, escapes: bool) -> String {
        let mut text = String::new();
        let mut start = self.at;
        loop {
            match self.peek(0) {
                None => {
                    self.out.reasons.insert(Reason::Unclosed);
                    break;
                }
                Some(b'\\') if escapes => self.skip(2),
                Some(byte) if byte == quote => {
                    if self.peek(1) != Some(quote) {
                        break;
                    }
                    self.skip(1);
                    text.push_str(&self.since(start));
                    self.skip(1);
                    start = self.at;
                }
                Some(_) => self.skip(1),
            }
        }
        let end = self.at.min(self.bytes.len());
        text.push_str(self.text.get(start..end).unwrap_or_default());
        self.skip(1);
        text
    }

    pub(super) fn identifier(&mut self, open: u8, close: u8) {
        self.skip(1);
        let value = self.until(close, false);
        let quote_style = Some(char::from(open));
        self.push(Token::Word(Word { value, quote_style, keyword: keyword::NONE }));
    }

    /// A path in backticks is several names (`project.data.table`).
    fn path(&mut self) {
        self.skip(1);
        let value = self.until(b'`', true);
        for (index, part) in value.split('.').enumerate() {
            if index > 0 {
                self.push(Token::Period);
            }
            self.push(Token::Word(Word { value: part.to_owned(), quote_style: Some('`'), keyword: keyword::NONE }));
        }
    }

    fn triple_or_single(&mut self, quote: u8, escapes: bool) {
        let triple = self.peek(1) == Some(quote) && self.peek(2) == Some(quote);
        if !triple {
            self.skip(1);
            let text = self.until_single(quote, escapes);
            return self.push(Token::SingleQuotedString(text));
        }
        self.skip(3);
        let start = self.at;
        loop {
            match self.peek(0) {
                None => {
                    self.out.reasons.insert(Reason::Unclosed);
                    break;
                }
                Some(b'\\') if escapes => self.skip(2),
                Some(byte) if byte == quote && self.peek(1) == Some(quote) && self.peek(2) == Some(quote) => break,
                Some(_) => self.skip(1),
            }
        }
        let text = self.since(start);
        self.skip(3);
        self.push(Token::SingleQuotedString(text));
    }

    /// BigQuery has no doubled quotes.
    fn until_single(&mut self, quote: u8, escapes: bool) -> String {
        let start = self.at;
        while self.peek(0).is_some_and(|byte| byte != quote) {
            let covers = escapes && self.peek(0) == Some(b'\\');
            self.skip(if covers { 2 } else { 1 });
        }
        if self.peek(0).is_none() {
            self.out.reasons.insert(Reason::Unclosed);
        }
        let text = self.since(start);
        self.skip(1);
        text
    }

    /// A string with letters before it (`E'..'`, `N'..'`, `x'..'`, `r".."`, `U&'..'`).
    pub(super) fn prefixed(&mut self) -> bool {
        let (Some(first), second, third) = (self.peek(0), self.peek(1), self.peek(2)) else { return false };
        let first = first.to_ascii_lowercase();
        if first == b'u' && second == Some(b'&') && matches!(third, Some(b'\'' | b'"')) {
            // The escapes may spell any name.
            self.out.reasons.insert(Reason::OddCharacter);
            self.skip(2);
            self.quoted(third.unwrap_or(b'\''));
            return true;
        }
        if self.dialect == Dialect::Bigquery {
            let short = matches!(first, b'r' | b'b') && matches!(second, Some(b'\'' | b'"'));
            let long = matches!((first, second), (b'r', Some(b'b' | b'B')) | (b'b', Some(b'r' | b'R')));
            let long = long && matches!(third, Some(b'\'' | b'"'));
            if short || long {
                self.skip(if long { 2 } else { 1 });
                let quote = self.peek(0).unwrap_or(b'\'');
                // In a raw string a backslash still keeps the quote after it.
                self.triple_or_single(quote, true);
            }
            return short || long;
        }
        if second != Some(b'\'') || !matches!(first, b'e' | b'n' | b'b' | b'x') {
            return false;
        }
        let escapes = match (first, self.dialect) {
            (b'e', Dialect::Postgres) | (b'n', Dialect::Mysql | Dialect::Snowflake) => true,
            (b'e', _) => return false,
            _ => false,
        };
        self.skip(2);
        let text = self.until(b'\'', escapes);
        self.escaped = escapes && self.dialect == Dialect::Postgres;
        self.push(match first {
            b'x' => Token::HexStringLiteral(text),
            b'b' => Token::SingleQuotedByteStringLiteral(text),
            _ => Token::SingleQuotedString(text),
        });
        true
    }

    /// `$tag$ .. $tag$`, `$1` and `$name`.
    pub(super) fn dollar(&mut self) -> bool {
        let rest = self.rest();
        let body = rest.get(1..).unwrap_or_default();
        let length =
            body.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_' || *byte >= 0x80).count();
        let closes = body.as_bytes().get(length) == Some(&b'$');
        let numbered = body.starts_with(|c: char| c.is_ascii_digit());
        let quotes = match self.dialect {
            Dialect::Postgres => closes && !numbered,
            Dialect::Snowflake => closes && length == 0,
            Dialect::Mysql | Dialect::Sqlite | Dialect::Mssql | Dialect::Bigquery => false,
        };
        let Some(tag) = rest.get(..length.saturating_add(if quotes { 2 } else { 1 })) else { return false };
        if quotes {
            let text = rest.get(tag.len()..).unwrap_or_default();
            let found = text.find(tag);
            let value = text.get(..found.unwrap_or(text.len())).unwrap_or_default().to_owned();
            let skipped = tag.len().saturating_mul(2).saturating_add(value.len());
            self.skip(skipped);
            if found.is_none() {
                self.out.reasons.insert(Reason::Unclosed);
            }
            self.push(Token::DollarQuotedString(DollarQuotedString { value, tag: None }));
            return true;
        }
        if length == 0 || self.dialect == Dialect::Mssql {
            return false;
        }
        let tag = tag.to_owned();
        self.skip(tag.len());
        self.push(Token::Placeholder(tag));
        true
    }
}

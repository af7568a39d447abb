//! Which words come next?

use sqlparser::tokenizer::{Token, Word};

/// A place among tokens.
#[derive(Clone, Copy, Debug)]
pub(super) struct Words<'a> {
    tokens: &'a [Token],
    at: usize,
}

impl<'a> Words<'a> {
    pub(super) fn new(tokens: &'a [Token]) -> Self {
        Self { tokens, at: 0 }
    }

    pub(super) fn at(&self) -> usize {
        self.at
    }

    pub(super) fn peek(&self) -> Option<&'a Token> {
        self.ahead(0)
    }

    pub(super) fn ahead(&self, count: usize) -> Option<&'a Token> {
        self.tokens.get(self.at.saturating_add(count))
    }

    pub(super) fn done(&self) -> bool {
        self.peek().is_none()
    }

    pub(super) fn rest(&self) -> &'a [Token] {
        self.tokens.get(self.at..).unwrap_or_default()
    }

    pub(super) fn skip(&mut self, count: usize) {
        self.at = self.at.saturating_add(count);
    }

    pub(super) fn next(&mut self) -> Option<&'a Token> {
        let token = self.peek();
        self.skip(1);
        token
    }

    /// Whether an unquoted word stands here.
    pub(super) fn is(&self, word: &str) -> bool {
        self.peek().is_some_and(|token| is(token, word))
    }

    pub(super) fn is_any(&self, words: &[&str]) -> bool {
        words.iter().any(|word| self.is(word))
    }

    /// Goes over these words if all of them stand here, one space between them.
    pub(super) fn eat(&mut self, words: &str) -> bool {
        let mut ahead = *self;
        for word in words.split(' ') {
            if !ahead.is(word) {
                return false;
            }
            ahead.skip(1);
        }
        *self = ahead;
        true
    }

    pub(super) fn eat_any(&mut self, words: &[&str]) -> bool {
        words.iter().any(|word| self.eat(word))
    }

    pub(super) fn eat_token(&mut self, token: &Token) -> bool {
        let found = self.peek() == Some(token);
        if found {
            self.skip(1);
        }
        found
    }

    /// Whether one of these words stands anywhere in the rest.
    pub(super) fn any(&self, words: &[&str]) -> bool {
        self.rest().iter().any(|token| words.iter().any(|word| is(token, word)))
    }

    /// Whether these words stand side by side anywhere in the rest.
    pub(super) fn any_run(&self, words: &str) -> bool {
        let mut ahead = *self;
        while !ahead.done() {
            if ahead.eat(words) {
                return true;
            }
            ahead.skip(1);
        }
        false
    }

    /// The place, outside brackets, of the first of these words.
    pub(super) fn find(&self, words: &[&str]) -> Option<usize> {
        let mut depth = 0_usize;
        for (index, token) in self.tokens.iter().enumerate().skip(self.at) {
            match token {
                Token::LParen | Token::LBracket => depth = depth.saturating_add(1),
                Token::RParen | Token::RBracket => depth = depth.saturating_sub(1),
                token if depth == 0 && words.iter().any(|word| is(token, word)) => return Some(index),
                _ => {}
            }
        }
        None
    }

    /// Goes to a place.
    pub(super) fn go(&mut self, at: usize) {
        self.at = at;
    }

    /// Goes over everything in brackets, if they open here.
    pub(super) fn skip_brackets(&mut self) -> bool {
        if !matches!(self.peek(), Some(Token::LParen | Token::LBracket)) {
            return false;
        }
        let mut depth = 0_usize;
        while let Some(token) = self.next() {
            match token {
                Token::LParen | Token::LBracket => depth = depth.saturating_add(1),
                Token::RParen | Token::RBracket => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth == 0 {
                break;
            }
        }
        true
    }

    /// A name with its schema, and goes over it.
    pub(super) fn name(&mut self) -> Option<String> {
        let Some(Token::Word(first)) = self.peek() else { return None };
        let mut name = written(first);
        self.skip(1);
        while self.peek() == Some(&Token::Period) {
            match self.ahead(1) {
                Some(Token::Word(part)) => {
                    name.push('.');
                    name.push_str(&written(part));
                    self.skip(2);
                }
                Some(Token::Period) => {
                    name.push('.');
                    self.skip(1);
                }
                Some(Token::Mul) => {
                    name.push_str(".*");
                    self.skip(2);
                }
                _ => self.skip(1),
            }
        }
        Some(name)
    }

    /// Names with commas between them.
    pub(super) fn names(&mut self) -> Vec<String> {
        let mut names = Vec::new();
        while let Some(name) = self.name() {
            names.push(name);
            self.skip_brackets();
            if !self.eat_token(&Token::Comma) {
                break;
            }
        }
        names
    }
}

/// Whether a token is this word, without quotes.
pub(super) fn is(token: &Token, word: &str) -> bool {
    matches!(token, Token::Word(Word { value, quote_style: None, .. }) if value.eq_ignore_ascii_case(word))
}

/// What a string says.
pub(super) fn text(token: &Token) -> Option<&str> {
    match token {
        Token::SingleQuotedString(text) | Token::DoubleQuotedString(text) => Some(text),
        Token::DollarQuotedString(text) => Some(&text.value),
        _ => None,
    }
}

/// A name as it is written, without quotes unless a dot inside would mislead.
fn written(word: &Word) -> String {
    part(&word.value, word.quote_style)
}

/// A part of a name, without quotes unless a dot inside would mislead.
pub(super) fn part(value: &str, quote: Option<char>) -> String {
    match quote {
        Some(quote) if value.contains('.') && !value.starts_with('@') => {
            let close = if quote == '[' { ']' } else { quote };
            format!("{quote}{value}{close}")
        }
        _ => value.to_owned(),
    }
}

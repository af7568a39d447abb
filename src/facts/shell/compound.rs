//! How do keywords make commands of commands?

use super::lexer::{Lexer, Read, Token};
use super::script::{Reason, Simple};
use super::word::{Expansion, Word};

impl Lexer<'_, '_> {
    pub(super) fn body(&mut self) -> Read<()> {
        self.expect("do")?;
        self.list()?;
        self.expect("done")
    }

    pub(super) fn branches(&mut self) -> Read<()> {
        loop {
            // `if` or `elif`
            self.take()?;
            self.list()?;
            self.expect("then")?;
            self.list()?;
            match self.take()? {
                token if token.is_word("fi") => return Ok(()),
                token if token.is_word("else") => {
                    self.list()?;
                    return self.expect("fi");
                }
                token if token.is_word("elif") => self.ahead = Some(token),
                _ => return Err(Reason::Unreadable),
            }
        }
    }

    pub(super) fn each(&mut self) -> Read<()> {
        self.take()?;
        // Arithmetic loops are not read.
        let Token::Word(mut name) = self.take()? else { return Err(Reason::Unreadable) };
        name.assigns = Some(name.text.len());
        self.newlines()?;
        let mut value = None::<Word>;
        if self.look()?.is_word("in") {
            self.take()?;
            while let Token::Word(word) = self.look()? {
                // One value stands for all: the worst that can be said of them.
                let worse = |value: &Word| word.is_unknown() || !value.is_unknown() && !is_number(&word.text);
                if value.as_ref().is_none_or(worse) {
                    value = Some(word.clone());
                }
                self.take()?;
            }
        } else {
            name.holds(Expansion::Unknown);
        }
        if let Some(value) = value {
            name.holds(value.expansion);
            name.text.push('=');
            name.text.push_str(&value.text);
        }
        self.made(Simple { assignments: vec![name], ..Simple::default() })?;
        while matches!(self.look()?, Token::Semicolon | Token::Newline) {
            self.take()?;
        }
        self.body()
    }

    pub(super) fn cases(&mut self) -> Read<()> {
        self.take()?;
        let Token::Word(_) = self.take()? else { return Err(Reason::Unreadable) };
        self.newlines()?;
        self.expect("in")?;
        loop {
            self.newlines()?;
            match self.take()? {
                token if token.is_word("esac") => return Ok(()),
                Token::Open => continue,
                Token::Word(_) => {}
                _ => return Err(Reason::Unreadable),
            }
            match self.take()? {
                Token::Pipe => continue,
                Token::Close => {}
                _ => return Err(Reason::Unreadable),
            }
            self.list()?;
            match self.take()? {
                Token::CaseEnd => {}
                token if token.is_word("esac") => return Ok(()),
                _ => return Err(Reason::Unreadable),
            }
        }
    }

    /// `[[ … ]]`: only what is substituted inside matters.
    pub(super) fn condition(&mut self) -> Read<()> {
        self.bash_only();
        let mut words = Vec::new();
        self.take()?;
        self.condition = true;
        loop {
            match self.take()? {
                Token::End => return Err(Reason::Unreadable),
                Token::Word(word) if word.bare() == "]]" => break,
                Token::Word(word) => words.push(word),
                _ => {}
            }
        }
        self.condition = false;
        for three in words.windows(3) {
            if let [left, sign, right] = three
                && matches!(sign.bare(), "-eq" | "-ne" | "-lt" | "-gt" | "-le" | "-ge")
            {
                self.calculate(&left.text);
                self.calculate(&right.text);
            }
        }
        words.insert(0, Word::literal("[["));
        self.made(Simple { words, ..Simple::default() })
    }

    /// `((…))`: arithmetic in bash, two groups elsewhere.
    pub(super) fn double_bracket(&mut self) -> Read<()> {
        if !self.arithmetic()? {
            return self.between(Token::is_close);
        }
        self.bash_only();
        self.take()?;
        Ok(())
    }
}

/// Whether it is a number, or a row of numbers in braces.
fn is_number(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit() || b"-{}.".contains(&byte))
}

//! How do tokens make commands?

use super::MOST_COMMANDS;
use super::lexer::{Lexer, Read, Token};
use super::script::{Document, Reason, Redirect, RedirectKind, Simple};
use super::word::Word;

/// Words that end a list where a command could begin.
const CLOSERS: [&str; 8] = ["then", "fi", "elif", "else", "do", "done", "esac", "}"];

impl Lexer<'_, '_> {
    /// A whole text.
    pub(super) fn whole(&mut self) -> Read<()> {
        self.list()?;
        if !self.pending.is_empty() {
            return Err(Reason::Unreadable);
        }
        if matches!(self.take()?, Token::End) { Ok(()) } else { Err(Reason::Unreadable) }
    }

    /// Commands up to what a caller must find next.
    pub(super) fn list(&mut self) -> Read<()> {
        loop {
            match self.look()? {
                Token::Newline | Token::Semicolon => {
                    self.take()?;
                }
                Token::End | Token::Close | Token::CaseEnd => return Ok(()),
                Token::Word(word) if CLOSERS.contains(&word.bare()) => return Ok(()),
                _ => {
                    let first = self.script.simples.len();
                    self.chain()?;
                    if matches!(self.look()?, Token::Background) {
                        self.take()?;
                        self.made_since(first).for_each(|simple| simple.background = true);
                    }
                }
            }
        }
    }

    fn chain(&mut self) -> Read<()> {
        loop {
            self.pipeline()?;
            if !matches!(self.look()?, Token::And | Token::Or) {
                return Ok(());
            }
            self.take()?;
            self.newlines()?;
        }
    }

    fn pipeline(&mut self) -> Read<()> {
        loop {
            if self.look()?.is_word("!") {
                self.take()?;
            } else if self.look()?.is_word("time") {
                let Token::Word(word) = self.take()? else { return Err(Reason::Unreadable) };
                self.made(Simple { words: vec![word], ..Simple::default() })?;
                while self.look()?.is_word("-p") || self.look()?.is_word("--") {
                    self.take()?;
                }
                // Where it is a program, it has options that write.
                if matches!(self.look()?, Token::Word(word) if word.text.starts_with('-')) {
                    self.note(Reason::TwoReadings);
                }
                if matches!(self.look()?, Token::Newline | Token::Semicolon | Token::End) {
                    return Ok(());
                }
            } else {
                break;
            }
        }
        let mut piped = false;
        loop {
            let first = self.script.simples.len();
            self.command()?;
            let goes_on = matches!(self.look()?, Token::Pipe);
            for simple in self.made_since(first) {
                simple.from |= piped;
                simple.to |= goes_on;
            }
            if !goes_on {
                return Ok(());
            }
            self.take()?;
            self.newlines()?;
            piped = true;
        }
    }

    fn made_since(&mut self, first: usize) -> impl Iterator<Item = &mut Simple> {
        self.script.simples.iter_mut().skip(first)
    }

    pub(super) fn newlines(&mut self) -> Read<()> {
        while matches!(self.look()?, Token::Newline) {
            self.take()?;
        }
        Ok(())
    }

    fn command(&mut self) -> Read<()> {
        let first = self.script.simples.len();
        let keyword = match self.look()? {
            Token::Open => "(".to_owned(),
            Token::Word(word) => word.bare().to_owned(),
            _ => String::new(),
        };
        self.deeper()?;
        match keyword.as_str() {
            "(" if self.cursor.peek() == Some('(') => self.double_bracket()?,
            "(" => self.between(Token::is_close)?,
            "{" => self.between(|token| token.is_word("}"))?,
            "if" => self.branches()?,
            "while" | "until" => {
                self.take()?;
                self.list()?;
                self.body()?;
            }
            "for" | "select" => self.each()?,
            "case" => self.cases()?,
            "[[" => self.condition()?,
            "function" => {
                self.bash_only();
                self.take()?;
                let Token::Word(name) = self.take()? else { return Err(Reason::Unreadable) };
                if matches!(self.look()?, Token::Open) {
                    self.take()?;
                    self.close()?;
                }
                self.function(&name)?;
            }
            "coproc" => return Err(Reason::Unreadable),
            _ => {
                self.simple()?;
                self.depth = self.depth.saturating_sub(1);
                return Ok(());
            }
        }
        self.depth = self.depth.saturating_sub(1);
        self.redirects(first)
    }

    /// Redirects after a group: they are the group's, so everything inside has them.
    fn redirects(&mut self, first: usize) -> Read<()> {
        let mut redirects = Vec::new();
        while let Token::Redirect(kind) = *self.look()? {
            self.take()?;
            redirects.push(self.redirected(kind)?);
        }
        if redirects.is_empty() {
            return Ok(());
        }
        let input = redirects.iter().any(|redirect| redirect.kind.is_input());
        let output = redirects.iter().any(|redirect| !redirect.kind.is_input());
        for simple in self.made_since(first) {
            simple.from |= input;
            simple.to |= output;
        }
        self.made(Simple { redirects, ..Simple::default() })
    }

    pub(super) fn made(&mut self, mut simple: Simple) -> Read<()> {
        if self.script.simples.len() >= MOST_COMMANDS {
            return Err(Reason::TooLarge);
        }
        simple.inside.clone_from(&self.inside);
        self.script.simples.push(simple);
        Ok(())
    }

    pub(super) fn between(&mut self, end: impl Fn(&Token) -> bool) -> Read<()> {
        self.take()?;
        self.list()?;
        let token = self.take()?;
        if end(&token) { Ok(()) } else { Err(Reason::Unreadable) }
    }

    pub(super) fn close(&mut self) -> Read<()> {
        if self.take()?.is_close() { Ok(()) } else { Err(Reason::Unreadable) }
    }

    pub(super) fn expect(&mut self, word: &str) -> Read<()> {
        if self.take()?.is_word(word) { Ok(()) } else { Err(Reason::Unreadable) }
    }

    fn function(&mut self, name: &Word) -> Read<()> {
        if name.bare().is_empty() {
            return Err(Reason::Unreadable);
        }
        self.script.functions.push(name.text.clone());
        self.newlines()?;
        if self.look()?.is_word("[[")
            || matches!(self.look()?, Token::Word(word) if !word.bare().is_empty())
            || matches!(self.look()?, Token::Open)
        {
            return self.command();
        }
        Err(Reason::Unreadable)
    }

    fn simple(&mut self) -> Read<()> {
        let mut simple = Simple::default();
        loop {
            match self.look()? {
                Token::Word(_) => {
                    let Token::Word(word) = self.take()? else { return Err(Reason::Unreadable) };
                    if simple.words.is_empty() && word.assigns.is_some() {
                        simple.assignments.push(word);
                    } else {
                        simple.words.push(word);
                    }
                }
                Token::Redirect(kind) => {
                    let kind = *kind;
                    self.take()?;
                    simple.redirects.push(self.redirected(kind)?);
                }
                Token::Open => {
                    let alone = simple.assignments.is_empty() && simple.redirects.is_empty();
                    let ([name], true) = (simple.words.as_slice(), alone) else { return Err(Reason::Unreadable) };
                    let name = name.clone();
                    self.take()?;
                    self.close()?;
                    return self.function(&name);
                }
                _ => break,
            }
        }
        if simple.words.is_empty() && simple.assignments.is_empty() && simple.redirects.is_empty() {
            return Err(Reason::Unreadable);
        }
        self.made(simple)
    }

    fn redirected(&mut self, kind: RedirectKind) -> Read<Redirect> {
        let Token::Word(target) = self.take()? else { return Err(Reason::Unreadable) };
        let mut document = None;
        if matches!(kind, RedirectKind::Document | RedirectKind::Tabs) {
            let index = self.script.documents.len();
            // The end is compared as written; one that holds an expansion is too odd to follow.
            if !target.is_literal() {
                return Err(Reason::Unreadable);
            }
            let tabs = kind == RedirectKind::Tabs;
            let (end, quoted) = (target.text.clone(), target.quoted);
            self.script.documents.push(Document { end, tabs, quoted, body: Word::default() });
            self.pending.push(index);
            document = Some(index);
        }
        Ok(Redirect { kind, target, document })
    }
}

impl Token {
    pub(super) fn is_word(&self, text: &str) -> bool {
        matches!(self, Self::Word(word) if word.bare() == text)
    }

    pub(super) const fn is_close(&self) -> bool {
        matches!(self, Self::Close)
    }
}

impl RedirectKind {
    pub(super) const fn is_input(self) -> bool {
        matches!(self, Self::Read | Self::Both | Self::Document | Self::Tabs | Self::Text)
    }
}

//! Which character comes next?

/// A place in a text that only moves forward.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cursor<'a> {
    rest: &'a str,
}

impl<'a> Cursor<'a> {
    pub(super) const fn new(text: &'a str) -> Self {
        Self { rest: text }
    }

    /// The next character as it stands.
    pub(super) fn raw(&self) -> Option<char> {
        self.rest.chars().next()
    }

    /// The next character after line continuations, which are nothing outside of single quotes.
    pub(super) fn peek(&mut self) -> Option<char> {
        while let Some(rest) = self.rest.strip_prefix("\\\n") {
            self.rest = rest;
        }
        self.raw()
    }

    pub(super) fn bump(&mut self) -> Option<char> {
        let mut characters = self.rest.chars();
        let next = characters.next();
        self.rest = characters.as_str();
        next
    }

    /// Moves past this character, if it is next.
    pub(super) fn eat(&mut self, wanted: char) -> bool {
        let there = self.peek() == Some(wanted);
        if there {
            self.bump();
        }
        there
    }

    /// The next line, without its end.
    pub(super) fn line(&mut self) -> Option<&'a str> {
        if self.rest.is_empty() {
            return None;
        }
        let (line, rest) = self.rest.split_once('\n').unwrap_or((self.rest, ""));
        self.rest = rest;
        Some(line)
    }

    pub(super) const fn rest(&self) -> &'a str {
        self.rest
    }

    /// What stands between an earlier rest and here.
    pub(super) fn since(&self, earlier: &'a str) -> &'a str {
        earlier.get(..earlier.len().saturating_sub(self.rest.len())).unwrap_or_default()
    }
}

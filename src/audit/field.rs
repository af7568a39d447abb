//! What are the fields of a body, so that each can be committed to, shown and erased by itself?
//!
//! A field is a value that holds no other: a text, a number, a word, an empty list, an empty object. Its bytes are the JSON
//! text exactly as it stands in the body, so that nobody has to agree about how a number is written. Its name is its JSON
//! pointer (RFC 6901). Fields are counted from zero in the order in which they stand.

#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

use std::borrow::Cow;
use std::collections::BTreeSet;

/// One field of a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field<'a> {
    /// Where it stands.
    pub pointer: String,
    /// The JSON text of its value.
    pub value: &'a str,
}

/// A text that is no JSON we wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is no JSON text: something is wrong at byte {0}")]
pub struct NoBody(pub usize);

/// Nothing we write is deeper.
const DEEPEST: usize = 160;

/// All fields of a body, in order. White space between values is no form of ours and is refused.
pub fn fields(body: &str) -> Result<Vec<Field<'_>>, NoBody> {
    let mut found = Vec::with_capacity(32);
    each_field(body, |pointer, value| found.push(Field { pointer: pointer.to_owned(), value }))?;
    Ok(found)
}

/// Calls this for every field of a body, in order, and copies none of them.
pub fn each_field<'a>(body: &'a str, found: impl FnMut(&str, &'a str)) -> Result<(), NoBody> {
    let mut reader = Reader { body, at: 0, pointer: String::new(), found };
    reader.value(0)?;
    if reader.at == body.len() { Ok(()) } else { Err(NoBody(reader.at)) }
}

struct Reader<'a, F> {
    body: &'a str,
    at: usize,
    pointer: String,
    found: F,
}

/// The names of one object so far. Most objects are small.
#[derive(Default)]
struct Names<'a> {
    few: Vec<Cow<'a, str>>,
    many: BTreeSet<Cow<'a, str>>,
}

impl<'a> Names<'a> {
    const FEW: usize = 24;

    /// Whether it was not there before.
    fn add(&mut self, name: Cow<'a, str>) -> bool {
        if self.few.contains(&name) {
            return false;
        }
        if self.few.len() < Self::FEW {
            self.few.push(name);
            return true;
        }
        self.many.insert(name)
    }
}

impl<'a, F: FnMut(&str, &'a str)> Reader<'a, F> {
    fn value(&mut self, depth: usize) -> Result<(), NoBody> {
        let start = self.at;
        match self.peek() {
            Some(open @ (b'{' | b'[')) if depth < DEEPEST => {
                self.step();
                let close = if open == b'{' { b'}' } else { b']' };
                if self.take(close) {
                    self.found(start);
                    return Ok(());
                }
                self.members(depth, (open, close))
            }
            Some(b'"') => {
                self.text()?;
                self.found(start);
                Ok(())
            }
            Some(b'-' | b'0'..=b'9' | b't' | b'f' | b'n') => {
                while self.peek().is_some_and(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
                {
                    self.step();
                }
                self.found(start);
                Ok(())
            }
            _ => Err(NoBody(self.at)),
        }
    }

    fn members(&mut self, depth: usize, (open, close): (u8, u8)) -> Result<(), NoBody> {
        let outside = self.pointer.len();
        let (mut place, mut names) = (0_usize, Names::default());
        loop {
            self.pointer.push('/');
            if open == b'{' {
                let spelled = self.text()?;
                let name = self.name(spelled)?;
                // Of two members with one name readers keep one or the other.
                if !names.add(name) || !self.take(b':') {
                    return Err(NoBody(self.at));
                }
            } else {
                self.pointer.push_str(&place.to_string());
                place = place.saturating_add(1);
            }
            self.value(depth.saturating_add(1))?;
            self.pointer.truncate(outside);
            if self.take(close) {
                return Ok(());
            }
            if !self.take(b',') {
                return Err(NoBody(self.at));
            }
        }
    }

    /// Puts a member's name into the pointer.
    fn name(&mut self, spelled: &'a str) -> Result<Cow<'a, str>, NoBody> {
        let name = if spelled.contains('\\') {
            Cow::Owned(serde_json::from_str::<String>(spelled).map_err(|_| NoBody(self.at))?)
        } else {
            Cow::Borrowed(spelled.get(1..spelled.len().saturating_sub(1)).ok_or(NoBody(self.at))?)
        };
        if name.contains(['~', '/']) {
            self.pointer.push_str(&name.replace('~', "~0").replace('/', "~1"));
        } else {
            self.pointer.push_str(&name);
        }
        Ok(name)
    }

    /// Passes over a text and gives it with its quotes.
    fn text(&mut self) -> Result<&'a str, NoBody> {
        let start = self.at;
        if !self.take(b'"') {
            return Err(NoBody(start));
        }
        loop {
            match self.peek() {
                Some(b'"') => {
                    self.step();
                    return self.body.get(start..self.at).ok_or(NoBody(start));
                }
                Some(b'\\') => self.at = self.at.saturating_add(2),
                Some(_) => self.step(),
                None => return Err(NoBody(start)),
            }
        }
    }

    fn found(&mut self, start: usize) {
        let value = self.body.get(start..self.at).unwrap_or_default();
        (self.found)(&self.pointer, value);
    }

    fn peek(&self) -> Option<u8> {
        self.body.as_bytes().get(self.at).copied()
    }

    fn step(&mut self) {
        self.at = self.at.saturating_add(1);
    }

    fn take(&mut self, byte: u8) -> bool {
        let is_there = self.peek() == Some(byte);
        if is_there {
            self.step();
        }
        is_there
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_that_holds_no_other_is_a_field() {
        let body = r#"{"a":1.50,"b":{"x/y":"q\"","~":[true,null,{}]},"\u0061\n":[]}"#;
        let found: Vec<_> = fields(body).unwrap().into_iter().map(|field| (field.pointer, field.value)).collect();
        let found: Vec<_> = found.iter().map(|(pointer, value)| (pointer.as_str(), *value)).collect();
        assert_eq!(
            found,
            [
                ("/a", "1.50"),
                ("/b/x~1y", r#""q\"""#),
                ("/b/~0/0", "true"),
                ("/b/~0/1", "null"),
                ("/b/~0/2", "{}"),
                ("/a\n", "[]"),
            ]
        );
        assert_eq!(fields("7").unwrap(), [Field { pointer: String::new(), value: "7" }]);
    }

    #[test]
    fn what_we_did_not_write_is_refused() {
        for body in [
            "",
            "{",
            "{\"a\"}",
            "[1,]",
            "[1 ]",
            "{} ",
            "\"open",
            "\"open\\",
            "x",
            "[[1]",
            "{\"a\":1,}",
            "{1:2}",
            "{\"a\":1,\"\\u0061\":2}",
        ] {
            assert!(fields(body).is_err(), "{body}");
        }
        assert!(fields(&"[".repeat(100_000)).is_err(), "depth ends before the stack does");
    }
}

//! Is it JSON, and is it JSON that means one thing only? Bytes to the value tree, two ways.
//!
//! [`strict`] is for what clients send and policy judges: no key twice (also not hidden behind an escape or another
//! Unicode form), no number that any parser would round, nothing too deep, too wide or too long. Numbers come out in one
//! canonical form: whole numbers of up to 64 bits as digits (`1.0` is `1`, `1E2` is `100`, `-0` is `0`), other numbers
//! as the shortest decimal that is the same double; what fits neither is refused.
//!
//! [`lenient`] is for what servers send, which passes untouched: numbers keep their text, repeated keys stay repeated.

mod number;

use std::collections::BTreeSet;

use unicode_normalization::UnicodeNormalization;

use super::json::{Number, Object, Value};

/// How much JSON is too much.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Length of the whole text.
    pub bytes: usize,
    /// Objects and arrays inside each other.
    pub depth: usize,
    /// Values in the whole text.
    pub elements: usize,
    /// Members of one object.
    pub keys: usize,
    /// Length of one key.
    pub key_bytes: usize,
}

impl Limits {
    /// For requests.
    pub const REQUEST: Self = Self { bytes: 4 << 20, depth: 64, elements: 50_000, keys: 10_000, key_bytes: 256 };
    /// For what servers answer: larger, but never without end.
    pub const REPLY: Self =
        Self { bytes: 16 << 20, depth: 128, elements: 2_000_000, keys: 1_000_000, key_bytes: 1 << 20 };
}

/// Why a text was refused, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{why} (at byte {at})")]
pub struct Malformed {
    /// What is wrong.
    pub why: Why,
    /// How far the reader had come.
    pub at: usize,
}

/// What is wrong with a text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Why {
    /// Not JSON at all.
    #[error("this is not JSON: {0}")]
    Syntax(&'static str),
    /// The text starts with a byte order mark.
    #[error("a byte order mark stands before the JSON; send plain UTF-8")]
    ByteOrderMark,
    /// The bytes are not UTF-8.
    #[error("the text is not UTF-8")]
    NotUtf8,
    /// An escape names half a character.
    #[error("a \\u escape names half of a surrogate pair")]
    LoneSurrogate,
    /// Two members of one object have the same name.
    #[error("the key `{0}` stands twice in one object")]
    DuplicateKey(String),
    /// A number some parser would round.
    #[error("the number {0} cannot be kept exactly; send whole numbers of up to 64 bits, or a string")]
    NumberRange(String),
    /// Past one of the limits.
    #[error("the message is too large: more than {limit} {what}")]
    TooMuch {
        /// Of what.
        what: &'static str,
        /// How many are allowed.
        limit: usize,
    },
}

impl Why {
    /// Whether the text could not be read at all, as opposed to being read and refused.
    pub const fn is_syntax(&self) -> bool {
        matches!(self, Self::Syntax(_) | Self::ByteOrderMark | Self::NotUtf8 | Self::LoneSurrogate)
    }
}

/// Reads what a client sent.
pub fn strict(text: &[u8], limits: &Limits) -> Result<Value, Malformed> {
    read(text, limits, true)
}

/// Reads what a server sent.
pub fn lenient(text: &[u8], limits: &Limits) -> Result<Value, Malformed> {
    read(text, limits, false)
}

fn read(bytes: &[u8], limits: &Limits, strict: bool) -> Result<Value, Malformed> {
    let refuse = |why, at| Err(Malformed { why, at });
    if bytes.len() > limits.bytes {
        return refuse(Why::TooMuch { what: "bytes", limit: limits.bytes }, limits.bytes);
    }
    if bytes.starts_with(b"\xef\xbb\xbf") {
        return refuse(Why::ByteOrderMark, 0);
    }
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => return refuse(Why::NotUtf8, error.valid_up_to()),
    };
    let mut reader = Reader { text, at: 0, limits, strict, elements: 0 };
    reader.skip_space();
    let value = reader.value(0)?;
    reader.skip_space();
    if reader.at == text.len() { Ok(value) } else { reader.fail(Why::Syntax("something follows the value")) }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    limits: &'a Limits,
    strict: bool,
    elements: usize,
}

type Read<T> = Result<T, Malformed>;

impl Reader<'_> {
    fn fail<T>(&self, why: Why) -> Read<T> {
        Err(Malformed { why, at: self.at })
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    const fn step(&mut self) {
        self.at = self.at.saturating_add(1);
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.step();
        }
    }

    fn eat(&mut self, byte: u8) -> bool {
        let there = self.peek() == Some(byte);
        if there {
            self.step();
        }
        there
    }

    fn slice(&self, from: usize) -> &str {
        self.text.get(from..self.at).unwrap_or_default()
    }

    fn value(&mut self, depth: usize) -> Read<Value> {
        self.elements = self.elements.saturating_add(1);
        if self.elements > self.limits.elements {
            return self.fail(Why::TooMuch { what: "values", limit: self.limits.elements });
        }
        match self.peek() {
            Some(b'{') => self.object(depth.saturating_add(1)).map(Value::Object),
            Some(b'[') => self.array(depth.saturating_add(1)),
            Some(b'"') => self.string().map(Value::String),
            Some(b'-' | b'0'..=b'9') => self.number().map(Value::Number),
            Some(b't') => self.word("true", Value::Bool(true)),
            Some(b'f') => self.word("false", Value::Bool(false)),
            Some(b'n') => self.word("null", Value::Null),
            Some(_) => self.fail(Why::Syntax("a value was expected")),
            None => self.fail(Why::Syntax("the text ends too early")),
        }
    }

    fn word(&mut self, word: &'static str, value: Value) -> Read<Value> {
        if self.text.get(self.at..).is_some_and(|rest| rest.starts_with(word)) {
            self.at = self.at.saturating_add(word.len());
            return Ok(value);
        }
        self.fail(Why::Syntax("a value was expected"))
    }

    fn enter(&mut self, depth: usize) -> Read<()> {
        if depth > self.limits.depth {
            return self.fail(Why::TooMuch { what: "levels", limit: self.limits.depth });
        }
        self.step();
        self.skip_space();
        Ok(())
    }

    fn array(&mut self, depth: usize) -> Read<Value> {
        self.enter(depth)?;
        let mut items = Vec::new();
        if self.eat(b']') {
            return Ok(Value::Array(items));
        }
        loop {
            self.skip_space();
            items.push(self.value(depth)?);
            self.skip_space();
            if self.eat(b']') {
                return Ok(Value::Array(items));
            }
            if !self.eat(b',') {
                return self.fail(Why::Syntax("`,` or `]` was expected"));
            }
        }
    }

    fn object(&mut self, depth: usize) -> Read<Object> {
        self.enter(depth)?;
        let mut object = Object::new();
        let mut seen = Keys::default();
        if self.eat(b'}') {
            return Ok(object);
        }
        loop {
            self.skip_space();
            if self.peek() != Some(b'"') {
                return self.fail(Why::Syntax("a key was expected"));
            }
            let key = self.string()?;
            if key.len() > self.limits.key_bytes {
                return self.fail(Why::TooMuch { what: "bytes in one key", limit: self.limits.key_bytes });
            }
            if object.len() >= self.limits.keys {
                return self.fail(Why::TooMuch { what: "keys in one object", limit: self.limits.keys });
            }
            if self.strict && !seen.add(&key, &object) {
                return self.fail(Why::DuplicateKey(key));
            }
            self.skip_space();
            if !self.eat(b':') {
                return self.fail(Why::Syntax("`:` was expected"));
            }
            self.skip_space();
            let value = self.value(depth)?;
            object.push(key, value);
            self.skip_space();
            if self.eat(b'}') {
                return Ok(object);
            }
            if !self.eat(b',') {
                return self.fail(Why::Syntax("`,` or `}` was expected"));
            }
        }
    }

    fn string(&mut self) -> Read<String> {
        self.step();
        let mut out = String::new();
        let mut clean = self.at;
        loop {
            match self.peek() {
                Some(b'"') => {
                    out.push_str(self.slice(clean));
                    self.step();
                    return Ok(out);
                }
                Some(b'\\') => {
                    out.push_str(self.slice(clean));
                    self.step();
                    let character = self.escape()?;
                    out.push(character);
                    clean = self.at;
                }
                Some(byte) if byte < 0x20 => return self.fail(Why::Syntax("a control character stands in a string")),
                Some(_) => self.step(),
                None => return self.fail(Why::Syntax("a string has no end")),
            }
        }
    }

    fn escape(&mut self) -> Read<char> {
        let letter = self.peek();
        self.step();
        Ok(match letter {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode(),
            _ => return self.fail(Why::Syntax("an unknown escape")),
        })
    }

    fn unicode(&mut self) -> Read<char> {
        let first = self.hex4()?;
        let scalar = match first {
            0xd800..=0xdbff => {
                if !(self.eat(b'\\') && self.eat(b'u')) {
                    return self.fail(Why::LoneSurrogate);
                }
                let second = self.hex4()?;
                if !(0xdc00..=0xdfff).contains(&second) {
                    return self.fail(Why::LoneSurrogate);
                }
                0x10000_u32.saturating_add((first & 0x3ff) << 10).saturating_add(second & 0x3ff)
            }
            0xdc00..=0xdfff => return self.fail(Why::LoneSurrogate),
            other => other,
        };
        char::from_u32(scalar).map_or_else(|| self.fail(Why::LoneSurrogate), Ok)
    }

    fn hex4(&mut self) -> Read<u32> {
        let from = self.at;
        self.at = self.at.saturating_add(4);
        let digits = self.text.get(from..self.at).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
        match digits.and_then(|digits| u32::from_str_radix(digits, 16).ok()) {
            Some(value) => Ok(value),
            None => self.fail(Why::Syntax("a \\u escape needs four hex digits")),
        }
    }

    fn digits(&mut self) -> bool {
        let from = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.step();
        }
        self.at > from
    }

    fn number(&mut self) -> Read<Number> {
        let from = self.at;
        self.eat(b'-');
        let whole = self.at;
        let leading_zero = self.peek() == Some(b'0');
        if !self.digits() || (leading_zero && self.at.saturating_sub(whole) > 1) {
            return self.fail(Why::Syntax("a number is not written as JSON writes numbers"));
        }
        let mut plain = true;
        if self.eat(b'.') {
            plain = false;
            if !self.digits() {
                return self.fail(Why::Syntax("digits must follow the point of a number"));
            }
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            plain = false;
            self.step();
            if !self.eat(b'+') {
                self.eat(b'-');
            }
            if !self.digits() {
                return self.fail(Why::Syntax("digits must follow the exponent of a number"));
            }
        }
        let text = self.slice(from);
        if !self.strict || (plain && text.len() <= 18 && text != "-0") {
            return Ok(Number::from_text(text));
        }
        match number::canonical(text) {
            Some(canonical) => Ok(Number::from_text(&canonical)),
            None => self.fail(Why::NumberRange(text.chars().take(40).collect())),
        }
    }
}

/// The keys one object has had so far. Few are compared one by one; many go into a set.
#[derive(Default)]
struct Keys {
    folded: BTreeSet<String>,
    composed: bool,
}

impl Keys {
    /// Adds a key; false if it was there already, in whichever Unicode form.
    fn add(&mut self, key: &str, object: &Object) -> bool {
        if !self.composed && key.is_ascii() && object.len() < 12 {
            return !object.contains(key);
        }
        if !self.composed {
            self.composed = true;
            self.folded.extend(object.iter().map(|(known, _)| known.nfc().collect::<String>()));
        }
        self.folded.insert(key.nfc().collect())
    }
}

#[cfg(test)]
mod tests;

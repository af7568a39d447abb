//! Is there JSON in a text, and what does it say?

use crate::wire::json::Value;
use crate::wire::reader::{Limits, lenient, strict};

/// What a text holds when the whole of it is JSON that can be read one way only. Numbers keep how they were written, so
/// that what is not changed is written again as it was.
pub(super) fn read(text: &str) -> Option<Value> {
    strict(text.as_bytes(), &Limits::REPLY).ok()?;
    lenient(text.as_bytes(), &Limits::REPLY).ok()
}

/// The same for texts that look as if they were meant to be JSON: an object, a list, or a quoted text.
pub(super) fn container(text: &str) -> Option<Value> {
    let begins = text.trim_start_matches([' ', '\t', '\n', '\r']).chars().next();
    matches!(begins, Some('{' | '[' | '"')).then(|| read(text))?
}

/// The text with the escapes of JSON undone wherever they stand; none when there are none.
pub(super) fn unescaped(text: &str) -> Option<String> {
    if !text.contains('\\') {
        return None;
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\\') {
        out.push_str(before);
        let (character, after) = escape(after).unwrap_or(('\\', after));
        out.push(character);
        rest = after;
    }
    out.push_str(rest);
    Some(out)
}

fn escape(text: &str) -> Option<(char, &str)> {
    let (letter, rest) = text.split_at_checked(1)?;
    let plain = match letter {
        "\"" => '"',
        "\\" => '\\',
        "/" => '/',
        "n" => '\n',
        "r" => '\r',
        "t" => '\t',
        "u" => {
            let (first, rest) = unit(rest)?;
            if let Some(character) = char::from_u32(first) {
                return Some((character, rest));
            }
            let (second, rest) = unit(rest.strip_prefix("\\u")?)?;
            let units = [u16::try_from(first).ok()?, u16::try_from(second).ok()?];
            let character = char::decode_utf16(units).next()?.ok()?;
            return Some((character, rest));
        }
        _ => return None,
    };
    Some((plain, rest))
}

fn unit(text: &str) -> Option<(u32, &str)> {
    let (digits, rest) = text.split_at_checked(4)?;
    let hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    hex.then(|| u32::from_str_radix(digits, 16).ok()).flatten().map(|unit| (unit, rest))
}

//! Do versions of MySQL and MariaDB read this text differently?
//!
//! What stands in `/*! .. */`, `/*!50000 .. */` or MariaDB's `/*M! .. */` runs, from some version on or in one of the two. The
//! text is read with it and without it, and both readings hold.

use super::{Dialect, Facts, Reason, read_one};
use crate::facts::Risk;

/// The facts of a text with comments that some versions run; nothing when there are none.
pub(super) fn of(text: &str, dialect: Dialect) -> Option<Facts> {
    if dialect != Dialect::Mysql || !text.contains("/*!") && !text.contains("/*M!") {
        return None;
    }
    let (with, without) = both(text)?;
    let mut facts = read_one(&with, dialect);
    let other = read_one(&without, dialect);
    facts.deeds.join(other.deeds);
    facts.reasons.extend(other.reasons);
    facts.reasons.insert(Reason::ExecutableComment);
    facts.limit = facts.limit.zip(other.limit).map(|(one, other)| one.max(other));
    facts.risk = facts.risk.max(other.risk).max(Risk::High);
    facts.complete = false;
    facts.read_only = false;
    Some(facts)
}

/// The text with what such comments hold, and without it; nothing when they stand in quotes only.
fn both(text: &str) -> Option<(String, String)> {
    let (mut with, mut without) = (String::new(), String::new());
    let mut rest = text;
    let mut open = 0_usize;
    let mut found = false;
    while let Some(first) = rest.chars().next() {
        let taken = if let Some(body) = rest.strip_prefix("/*!").or_else(|| rest.strip_prefix("/*M!")) {
            found = true;
            open = open.saturating_add(1);
            let digits = body.bytes().take_while(u8::is_ascii_digit).count().min(6);
            with.push(' ');
            without.push(' ');
            rest = body.get(if digits >= 5 { digits } else { 0 }..).unwrap_or_default();
            continue;
        } else if open > 0 && rest.starts_with("*/") {
            open = open.saturating_sub(1);
            with.push(' ');
            rest = rest.get(2..).unwrap_or_default();
            continue;
        } else if matches!(first, '\'' | '"' | '`') {
            quoted(rest, first)
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end.saturating_add(2))
        } else if first == '#' || rest.starts_with("-- ") || rest.starts_with("--\n") || rest.starts_with("--\t") {
            rest.find('\n').unwrap_or(rest.len())
        } else {
            first.len_utf8()
        };
        let piece = rest.get(..taken).unwrap_or(rest);
        with.push_str(piece);
        if open == 0 {
            without.push_str(piece);
        }
        rest = rest.get(taken..).unwrap_or_default();
    }
    found.then_some((with, without))
}

/// How long a text in quotes is.
fn quoted(text: &str, quote: char) -> usize {
    let mut chars = text.char_indices().skip(1).peekable();
    while let Some((at, char)) = chars.next() {
        if char == '\\' && quote != '`' {
            chars.next();
        } else if char == quote {
            if chars.peek().is_some_and(|(_, next)| *next == quote) {
                chars.next();
            } else {
                return at.saturating_add(1);
            }
        }
    }
    text.len()
}

//! What does a value on one line say?
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

use super::super::node::{Kind, Member, Node};

/// A value; nothing where it is written in a way that is not known.
pub(super) fn read(text: &str) -> Option<Kind> {
    let (kind, rest) = value(text.trim(), false)?;
    rest.trim().is_empty().then_some(kind)
}

/// The line without what follows a ` #`.
pub(super) fn without_comment(line: &str) -> &str {
    let mut quote = None;
    let mut before = ' ';
    for (at, c) in line.char_indices() {
        match (quote, c) {
            (None, '#') if before.is_whitespace() => return line.get(..at).unwrap_or_default(),
            (None, '"' | '\'') if " [{,:-".contains(before) => quote = Some(c),
            (Some(open), _) if open == c && !(c == '"' && before == '\\') => quote = None,
            _ => {}
        }
        before = if before == '\\' && c == '\\' { ' ' } else { c };
    }
    line
}

/// A quoted text at the beginning, and what follows it.
pub(super) fn quoted(text: &str) -> Option<(String, &str)> {
    if let Some(body) = text.strip_prefix('\'') {
        let mut said = String::new();
        let mut rest = body;
        loop {
            let (before, after) = rest.split_once('\'')?;
            said.push_str(before);
            match after.strip_prefix('\'') {
                Some(more) => {
                    said.push('\'');
                    rest = more;
                }
                None => return Some((said, after)),
            }
        }
    }
    let mut escaped = false;
    let (end, _) = text.char_indices().skip(1).find(|(_, c)| {
        let ends = *c == '"' && !escaped;
        escaped = *c == '\\' && !escaped;
        ends
    })?;
    let literal = text.get(..=end).filter(|literal| literal.starts_with('"'))?;
    // Escapes that only YAML has are not known.
    Some((serde_json::from_str(literal).ok()?, text.get(end.saturating_add(1)..)?))
}

fn value(text: &str, within: bool) -> Option<(Kind, &str)> {
    match text.chars().next()? {
        '"' | '\'' => quoted(text).map(|(text, rest)| (Kind::Text(text), rest)),
        '[' => list(text),
        '{' => map(text),
        '&' | '*' | '!' | '|' | '>' | '%' | '@' | '`' | '?' | '#' => None,
        _ => Some(plain(text, within)),
    }
}

fn plain(text: &str, within: bool) -> (Kind, &str) {
    let end = if within { text.find([',', ']', '}']).unwrap_or(text.len()) } else { text.len() };
    let (said, rest) = text.split_at_checked(end).unwrap_or((text, ""));
    let said = said.trim();
    let word = said.to_ascii_lowercase();
    let special = matches!(word.as_str(), "true" | "false" | "null" | "~") || said.parse::<f64>().is_ok();
    (if special { Kind::Plain(said.to_owned()) } else { Kind::Text(said.to_owned()) }, rest)
}

fn list(text: &str) -> Option<(Kind, &str)> {
    let mut rest = text.strip_prefix('[')?.trim_start();
    let mut all = Vec::new();
    loop {
        if let Some(after) = rest.strip_prefix(']') {
            return Some((Kind::List(all), after));
        }
        let (kind, after) = value(rest, true)?;
        all.push(Node { span: 0..0, kind });
        rest = next(after, ']')?;
    }
}

fn map(text: &str) -> Option<(Kind, &str)> {
    let mut rest = text.strip_prefix('{')?.trim_start();
    let mut all = Vec::new();
    loop {
        if let Some(after) = rest.strip_prefix('}') {
            return Some((Kind::Map(all), after));
        }
        let (name, after) = if rest.starts_with(['"', '\'']) {
            quoted(rest)?
        } else {
            let (name, after) = rest.split_at_checked(rest.find(':')?)?;
            (name.trim().to_owned(), after)
        };
        let (kind, after) = value(after.trim_start().strip_prefix(':')?.trim_start(), true)?;
        all.push(Member { name, span: 0..0, value: Node { span: 0..0, kind } });
        rest = next(after, '}')?;
    }
}

/// Past a comma, or before the end.
fn next(text: &str, end: char) -> Option<&str> {
    let text = text.trim_start();
    if text.starts_with(end) { Some(text) } else { text.strip_prefix(',').map(str::trim_start) }
}

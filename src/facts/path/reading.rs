//! In which other ways might a server read a path?

use std::collections::BTreeSet;

use unicode_normalization::UnicodeNormalization as _;

use super::{Reason, Style};

/// How often percent-encoding is undone.
const DECODINGS: usize = 3;

/// The other readings of a text, and the reasons for them.
pub(super) fn others(text: &str, style: Style, reasons: &mut BTreeSet<Reason>) -> Vec<String> {
    let mut others = Vec::new();
    if text.is_empty() {
        reasons.insert(Reason::Empty);
    }
    let trimmed = text.trim();
    if trimmed.len() != text.len() {
        reasons.insert(Reason::OuterSpaces);
        others.push(trimmed.to_owned());
    }
    if text.contains(|c: char| c.is_control() && c != '\0') {
        reasons.insert(Reason::Control);
        others.push(text.chars().filter(|c| !c.is_control()).collect());
    }
    let seen = trimmed.chars().filter(|c| !is_invisible(*c)).nfkc().collect::<String>();
    if seen != trimmed.nfc().collect::<String>() {
        reasons.insert(Reason::Folded);
        others.push(seen.clone());
    }
    let mut decoded = seen;
    for _ in 0..DECODINGS {
        let Some(next) = decode(&decoded) else { break };
        reasons.insert(Reason::Encoded);
        others.push(next.clone());
        decoded = next;
    }
    for reading in others.clone().iter().map(String::as_str).chain([trimmed]) {
        if let Some((before, _)) = reading.split_once('\0') {
            reasons.insert(Reason::Nul);
            others.push(before.to_owned());
        }
        if let Some(inside) = from_url(reading) {
            reasons.insert(Reason::Url);
            others.push(inside);
        }
        if replaced_by_a_shell(reading, style) {
            reasons.insert(Reason::Variable);
        }
        if reading.contains(['*', '?']) && !reading.starts_with("\\\\?\\") && !reading.starts_with("//?/") {
            reasons.insert(Reason::Wildcard);
        }
    }
    if trimmed.starts_with('~') {
        reasons.insert(Reason::Home);
    }
    if style == Style::Posix {
        on_posix(trimmed, &mut others, reasons);
    }
    others
}

/// Readings by servers that take a backslash for a slash, and what is behind `/proc/self/root`.
fn on_posix(text: &str, others: &mut Vec<String>, reasons: &mut BTreeSet<Reason>) {
    let so_far = || others.iter().map(String::as_str).chain([text]);
    let slashes: Vec<String> = so_far()
        .filter(|text| text.contains('\\'))
        .map(|text| without_drive(&text.replace('\\', "/")).to_owned())
        .collect();
    if !slashes.is_empty() {
        reasons.insert(Reason::Backslash);
    }
    let links: Vec<String> = so_far().chain(slashes.iter().map(String::as_str)).filter_map(behind_process).collect();
    if !links.is_empty() {
        reasons.insert(Reason::ProcessLink);
    }
    others.extend(slashes);
    others.extend(links);
}

/// Undoes one layer of percent-encoding; nothing when there is none.
fn decode(text: &str) -> Option<String> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    let mut found = false;
    while let Some(byte) = rest.next() {
        let mut next = rest.clone();
        let digit = |byte: Option<u8>| byte.and_then(|byte| char::from(byte).to_digit(16));
        let code = if byte == b'%' { digit(next.next()).zip(digit(next.next())) } else { None };
        match code.and_then(|(high, low)| u8::try_from(high.saturating_mul(16).saturating_add(low)).ok()) {
            Some(byte) => {
                found = true;
                rest = next;
                out.push(byte);
            }
            None => out.push(byte),
        }
    }
    // Two bytes that no strict decoder takes for a dot and a slash, and that careless ones do.
    let overlong = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    found.then(|| overlong(&replace(&replace(&out, [0xc0, 0xae], b'.'), [0xc0, 0xaf], b'/')))
}

fn replace(bytes: &[u8], pair: [u8; 2], by: u8) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((first, after)) = rest.split_first() {
        if let Some(behind) = rest.strip_prefix(&pair) {
            out.push(by);
            rest = behind;
        } else {
            out.push(*first);
            rest = after;
        }
    }
    out
}

/// The path in a `file:` URL.
fn from_url(text: &str) -> Option<String> {
    let (scheme, rest) = text.split_once(':')?;
    let is_scheme =
        scheme.len() > 1 && scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'));
    if !is_scheme || !(scheme.eq_ignore_ascii_case("file") || rest.starts_with("//")) {
        return None;
    }
    let path = rest.strip_prefix("//").map_or(rest, |rest| rest.find('/').and_then(|at| rest.get(at..)).unwrap_or("/"));
    // As in `file:///C:/folder`.
    let drive = path.strip_prefix('/').filter(|path| path.as_bytes().get(1) == Some(&b':'));
    Some(drive.unwrap_or(path).to_owned())
}

fn replaced_by_a_shell(text: &str, style: Style) -> bool {
    let named =
        |rest: &str| rest.starts_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '{' | '(' | '@' | '*' | '!'));
    let dollar =
        text.match_indices('$').any(|(at, sign)| named(text.get(at.saturating_add(sign.len())..).unwrap_or_default()));
    let mut percents = text.split('%').skip(1);
    let percent = style == Style::Windows
        && percents.next().is_some_and(|name| {
            name.starts_with(|c: char| c.is_alphabetic() || c == '_') && !name.contains(['/', '\\'])
        })
        && percents.next().is_some();
    let stream = text.to_ascii_lowercase().contains("::$data") || text.to_ascii_lowercase().contains(":$i30");
    dollar && !(stream && style == Style::Windows) || percent || text.contains('`')
}

/// What a path through another process's view leads to: `/proc/self/root/etc` is `/etc`.
fn behind_process(text: &str) -> Option<String> {
    let names: Vec<&str> = text.split('/').filter(|name| !name.is_empty() && *name != ".").collect();
    let at = names.iter().position(|name| matches!(*name, "root" | "cwd"))?;
    let before = names.get(..at)?;
    if before.first() != Some(&"proc") || !text.starts_with('/') || before.contains(&"..") {
        return None;
    }
    let root = names.iter().rposition(|name| matches!(*name, "root" | "cwd"))?;
    let rest = names.get(root.saturating_add(1)..)?;
    Some(format!("/{}", rest.join("/")))
}

fn without_drive(text: &str) -> &str {
    let mut letters = text.chars();
    let drive = letters.next().is_some_and(|c| c.is_ascii_alphabetic()) && letters.next() == Some(':');
    if drive { letters.as_str() } else { text }
}

fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

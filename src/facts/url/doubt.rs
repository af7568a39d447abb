//! What in the text of a URL do clients read in different ways?

use std::collections::BTreeSet;

use unicode_normalization::UnicodeNormalization as _;

use super::Reason;

/// Everything in the text that some client reads differently. The text begins with its scheme.
pub(super) fn doubts(text: &str) -> BTreeSet<Reason> {
    let rest = text.split_once(':').map_or(text, |(_, rest)| rest);
    let end = rest.find(['?', '#']).unwrap_or(rest.len());
    let (before_query, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
    let authority = authority(text);
    let host = host(authority);
    let path = before_query.trim_start_matches(['/', '\\']).split_once(['/', '\\']).map_or("", |(_, path)| path);
    let lower = before_query.to_ascii_lowercase();
    let slashes = rest.chars().take_while(|c| matches!(c, '/' | '\\')).count();
    let usual = slashes == 2 || slashes == 3 && text.starts_with("file:");
    // What comes right behind the host without a path, or behind a backslash, is the host for some.
    let bare = !before_query.trim_start_matches(['/', '\\']).contains(['/', '\\']);
    let loose = bare && after.contains('@') || path.contains('@') && before_query.contains('\\');
    // An IPv6 address is the one place for brackets.
    let bracketed = before_query.replacen(host, "", usize::from(host.starts_with('[')));
    let found = [
        (Reason::Backslash, before_query.contains('\\')),
        (Reason::Slashes, is_special(text) && !usual),
        (Reason::AtSign, authority.matches('@').count() > 1 || loose),
        (Reason::EncodedHost, host.contains('%') && !host.starts_with('[')),
        (Reason::FoldedHost, folds(host)),
        (Reason::Pattern, bracketed.contains(['{', '}', '[', ']'])),
        (Reason::HiddenDots, hides_dots(&lower)),
        (Reason::Parameter, path.contains(';') || path.to_ascii_lowercase().contains("%3b")),
        (Reason::EncodedSlash, lower.contains("%2f") || lower.contains("%5c")),
        (Reason::EncodedTwice, encoded_twice(&lower)),
        (Reason::RepeatedSlash, before_query.trim_start_matches('/').contains("//")),
        (Reason::Control, text.contains(|c: char| c.is_control()) || encodes_control(&lower)),
    ];
    found.into_iter().filter_map(|(reason, there)| there.then_some(reason)).collect()
}

/// What stands between the slashes and the path, as browsers see it.
pub(super) fn authority(text: &str) -> &str {
    let rest = text.split_once(':').map_or(text, |(_, rest)| rest);
    let inside = match rest.strip_prefix("//") {
        Some(inside) if !is_special(text) || text.starts_with("file:") => inside,
        _ => rest.trim_start_matches(['/', '\\']),
    };
    let ends: &[char] = if is_special(text) { &['/', '?', '#', '\\'] } else { &['/', '?', '#'] };
    inside.split(ends).next().unwrap_or_default()
}

/// The host in an authority, as it was written.
pub(super) fn host(authority: &str) -> &str {
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    match host.find(']') {
        Some(end) => host.get(..=end).unwrap_or(host),
        None => host.split(':').next().unwrap_or_default(),
    }
}

/// Cuts out the network card of an IPv6 address: what stands before, the card, what stands after.
pub(super) fn zone(text: &str) -> Option<(&str, &str, &str)> {
    let open = text.find('[')?;
    let close = text.find(']').filter(|close| *close > open)?;
    let from = text.find('%').filter(|from| (open..close).contains(from))?;
    Some((text.get(..from)?, text.get(from..close)?, text.get(close..)?))
}

/// Whether characters of a host become others, or vanish, on the way to a name server.
fn folds(host: &str) -> bool {
    if host.is_ascii() {
        return false;
    }
    let lower = host.to_lowercase();
    let vanishing =
        |c: char| matches!(c, 'ß' | 'ς' | '。' | '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}');
    lower.nfkc().ne(lower.chars()) || host.contains(vanishing)
}

fn hides_dots(lower: &str) -> bool {
    lower.split(['/', '\\']).any(|segment| {
        let name = segment.split(';').next().unwrap_or_default();
        name != segment && matches!(name, "." | "..") || matches!(segment, "%2e" | "%2e." | ".%2e" | "%2e%2e")
    })
}

fn encoded_twice(lower: &str) -> bool {
    let hex = |c: Option<char>| c.is_some_and(|c| c.is_ascii_hexdigit());
    lower.match_indices("%25").any(|(at, code)| {
        let mut next = lower.get(at.saturating_add(code.len())..).unwrap_or_default().chars();
        hex(next.next()) && hex(next.next())
    })
}

fn encodes_control(lower: &str) -> bool {
    lower.contains("%7f")
        || ["%0", "%1"].iter().any(|high| {
            let next = |at: usize| lower.get(at.saturating_add(2)..).and_then(|rest| rest.chars().next());
            lower.match_indices(high).any(|(at, _)| next(at).is_some_and(|c| c.is_ascii_hexdigit()))
        })
}

fn is_special(text: &str) -> bool {
    text.split_once(':').is_some_and(|(scheme, _)| super::is_special(scheme))
}

//! What is a path on Windows?

use std::collections::BTreeSet;

use super::{Reason, Tidy};

/// Names that are devices in every folder, whatever follows after a dot.
const DEVICES: [&str; 6] = ["con", "prn", "aux", "nul", "conin$", "conout$"];

/// Puts a path in order and says what about it is not certain.
pub(super) fn tidy(text: &str, reasons: &mut BTreeSet<Reason>) -> Tidy {
    let text = text.replace('\\', "/").to_lowercase();
    let plain = plain(&text, reasons);
    let (drive, absolute, rest) = start(&plain, reasons);
    let names: Vec<String> = rest.split('/').map(|name| tidy_name(name, reasons)).collect();
    Tidy::walk(drive, absolute, names.iter().map(String::as_str))
}

/// Undoes `\\?\` and `\\.\`: what follows is a drive, a share or a device.
fn plain(text: &str, reasons: &mut BTreeSet<Reason>) -> String {
    if text.starts_with("/??/") {
        reasons.insert(Reason::Device);
    }
    let (mut rest, mut share) = (text, false);
    while let Some(inner) = rest.strip_prefix("//?/").or_else(|| rest.strip_prefix("//./")) {
        reasons.insert(Reason::Device);
        let inner = inner.strip_prefix("globalroot/").unwrap_or(inner);
        share = inner.starts_with("unc/");
        rest = inner.strip_prefix("unc/").unwrap_or(inner);
    }
    if share { format!("//{rest}") } else { rest.to_owned() }
}

/// The drive or share, whether the path begins at its root, and the rest.
fn start<'a>(text: &'a str, reasons: &mut BTreeSet<Reason>) -> (String, bool, &'a str) {
    if let Some(share) = text.strip_prefix("//") {
        reasons.insert(Reason::Share);
        return server(share, reasons);
    }
    let mut letters = text.chars();
    let drive = letters.next().filter(char::is_ascii_alphabetic).filter(|_| letters.next() == Some(':'));
    let rest = letters.as_str();
    match drive {
        Some(letter) if rest.starts_with('/') => (format!("{letter}:"), true, rest),
        Some(letter) => {
            reasons.insert(Reason::DriveRelative);
            (format!("{letter}:"), false, rest)
        }
        None => {
            if text.starts_with('/') {
                reasons.insert(Reason::DriveRelative);
            }
            (String::new(), text.starts_with('/'), text)
        }
    }
}

/// `//server/share` and what follows.
fn server<'a>(text: &'a str, reasons: &mut BTreeSet<Reason>) -> (String, bool, &'a str) {
    let (mut drive, mut rest, mut parts) = ("/".to_owned(), text, 0_u8);
    while parts < 2 && !rest.is_empty() {
        let (name, after) = rest.split_once('/').unwrap_or((rest, ""));
        let name = tidy_name(name, reasons);
        rest = after;
        // No server is called so, and `//./` would be a device.
        if !matches!(name.as_str(), "" | "." | "?") {
            drive.push('/');
            drive.push_str(&name);
            parts = parts.saturating_add(1);
        }
    }
    (if parts == 0 { "//".to_owned() } else { drive }, true, rest)
}

fn tidy_name(name: &str, reasons: &mut BTreeSet<Reason>) -> String {
    if matches!(name, "" | "." | "..") {
        return name.to_owned();
    }
    let file = name.split(':').next().unwrap_or_default();
    if file.len() != name.len() {
        reasons.insert(Reason::Stream);
    }
    let tidy = file.trim_end_matches(['.', ' ']);
    if tidy.len() != file.len() {
        reasons.insert(Reason::TrailingDots);
    }
    let before_dot = tidy.split('.').next().unwrap_or_default().trim_end();
    let numbered = before_dot.strip_prefix("com").or_else(|| before_dot.strip_prefix("lpt")).is_some_and(|number| {
        matches!(number, "0" | "1" | "2" | "3" | "4" | "5" | "6" | "7" | "8" | "9" | "¹" | "²" | "³")
    });
    if numbered || DEVICES.contains(&before_dot) {
        reasons.insert(Reason::Device);
    }
    let short = before_dot.rsplit_once('~').is_some_and(|(start, number)| {
        !start.is_empty() && !number.is_empty() && number.chars().all(|c| c.is_ascii_digit())
    });
    if short {
        reasons.insert(Reason::ShortName);
    }
    // A name of dots and spaces only: some systems climb, others stay.
    if tidy.is_empty() && file.starts_with("..") { "..".to_owned() } else { tidy.to_owned() }
}

//! Which parts of a text are code and which are quoted?

use countersign::facts::sql::Dialect;

/// A part of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Code(String),
    Quoted(String),
}

/// The parts, if the text has only plain quotes and no comments: what is stranger is a case of its own in the tables.
pub(super) fn split(text: &str, dialect: Dialect) -> Option<Vec<Part>> {
    let strange = ["\\", "--", "/*", "#", "$", "//", "'''", "\"\"\"", "E'", "U&'", "r'", "\0", "\r", "\n"];
    let odd = |c: char| !c.is_ascii();
    if strange.iter().any(|mark| text.contains(mark)) || text.contains(odd) || text.starts_with(['.', '!']) {
        return None;
    }
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find(|c| ['\'', '"', '`'].contains(&c) || c == '[' && brackets(dialect)) {
        let close = match &rest[start..=start] {
            "[" => "]",
            quote => quote,
        };
        let mut end = start + 1;
        loop {
            end += rest[end..].find(close)? + 1;
            if !rest[end..].starts_with(close) {
                break;
            }
            end += 1;
        }
        parts.push(Part::Code(rest[..start].to_owned()));
        parts.push(Part::Quoted(rest[start..end].to_owned()));
        rest = &rest[end..];
    }
    parts.push(Part::Code(rest.to_owned()));
    Some(parts)
}

fn brackets(dialect: Dialect) -> bool {
    matches!(dialect, Dialect::Mssql | Dialect::Sqlite)
}

/// The text again, with its code changed.
pub(super) fn join(parts: &[Part], mut change: impl FnMut(&str) -> String) -> String {
    parts
        .iter()
        .map(|part| match part {
            Part::Code(code) => change(code),
            Part::Quoted(text) => text.clone(),
        })
        .collect()
}

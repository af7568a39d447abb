//! What stands behind `${…}`?
//!
//! `${VAR}`, `${VAR:-default}` and `${file:/path}`; `$${` is a plain `${`, and `${PWD}` is where the gateway was started. A
//! reference that leads nowhere is an error: a gateway that sends the text `${TOKEN}` as a password hides the mistake.

use std::path::Path;

use super::source::Surroundings;

/// A text with its references followed, perhaps to a secret.
#[derive(Clone)]
pub(super) struct Followed {
    pub text: String,
    /// The names in the order of the text; never what they stand for.
    pub names: Vec<String>,
}

/// A reference that leads nowhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct DeadEnd {
    pub what: String,
    pub next: String,
}

/// Follows every reference in the text. Files are relative to `directory`.
pub(super) fn follow(text: &str, directory: &Path, around: &Surroundings) -> Result<Followed, DeadEnd> {
    let mut followed = Followed { text: String::with_capacity(text.len()), names: Vec::new() };
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        if let Some(escaped) = before.strip_suffix('$') {
            followed.text.push_str(escaped);
            followed.text.push_str("${");
            rest = after;
            continue;
        }
        followed.text.push_str(before);
        let (name, beyond) = after.split_once('}').ok_or_else(|| DeadEnd {
            what: "a `${` without its `}`".to_owned(),
            next: "close it, or write `$${` for a plain `${`".to_owned(),
        })?;
        let (shown, value) = resolve(name, directory, around)?;
        followed.text.push_str(&value);
        followed.names.push(shown);
        rest = beyond;
    }
    followed.text.push_str(rest);
    Ok(followed)
}

fn resolve(name: &str, directory: &Path, around: &Surroundings) -> Result<(String, String), DeadEnd> {
    if let Some(path) = name.strip_prefix("file:") {
        let content = around.read(&directory.join(path)).map_err(|error| DeadEnd {
            what: format!("cannot read the file `{path}`: {error}"),
            next: "make it readable to this user, or name another file".to_owned(),
        })?;
        let line = content.strip_suffix('\n').unwrap_or(&content);
        return Ok((name.to_owned(), line.strip_suffix('\r').unwrap_or(line).to_owned()));
    }
    let (variable, default) = match name.split_once(":-") {
        Some((variable, default)) => (variable, Some(default)),
        None => (name, None),
    };
    if !is_variable(variable) {
        return Err(DeadEnd {
            what: "a reference that names no variable".to_owned(),
            next: "write ${VAR}, ${VAR:-default} or ${file:/path}; `$${` is a plain `${`".to_owned(),
        });
    }
    let set = around.variables.get(variable).filter(|value| default.is_none() || !value.is_empty());
    let value = set.map(String::as_str).or(default).ok_or_else(|| DeadEnd {
        what: format!("the variable `{variable}` is not set"),
        next: format!("set {variable}, or write ${{{variable}:-default}}"),
    })?;
    Ok((variable.to_owned(), value.to_owned()))
}

fn is_variable(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes.next().is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

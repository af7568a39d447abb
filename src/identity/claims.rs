//! What do the claims of a token say about the caller?
//!
//! Only what the issuer signed in the configured places counts. A claim such as `on_behalf_of`, or a header, proves
//! nothing: a person stands behind an agent when the token names one in the claim of the mapping, or when the token
//! came out of an exchange and carries `act` (RFC 8693): then its subject is the person and `act` the agent.

use crate::call::caller::{Caller, Person, Proof};
use crate::wire::json::{Object, Value};

/// Exchanges behind one token; more are no story anybody can follow.
const MAX_ACTORS: usize = 8;
/// Length of a name; an issuer that needs more is broken.
const MAX_NAME: usize = 512;
const MAX_GROUPS: usize = 1000;

/// Which claim says what. A name is looked up whole first, then as a path with dots.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimNames {
    /// Names the caller for good.
    pub principal: String,
    /// Names the person behind it.
    pub user: String,
    /// The person's name, for people to read.
    pub name: String,
    /// The groups it is in.
    pub groups: String,
    /// The software acting.
    pub agent: String,
}

impl Default for ClaimNames {
    fn default() -> Self {
        Self {
            principal: "sub".into(),
            user: "email".into(),
            name: "name".into(),
            groups: "groups".into(),
            agent: "azp".into(),
        }
    }
}

/// The claims cannot be read as the mapping says. Never answered by guessing: a missing group may be one that denies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unreadable;

/// The caller a verified token names.
pub fn caller(claims: &Object, issuer: &str, names: &ClaimNames, expires: i64) -> Result<Caller, Unreadable> {
    let subject = text(claims, &names.principal)?.ok_or(Unreadable)?;
    let delegation = actors(claims)?;
    let person = text(claims, &names.user)?;
    // After an exchange the subject is a person even when no other claim says so.
    let id = if delegation.is_empty() { person } else { person.or_else(|| Some(subject.clone())) };
    let name = text(claims, &names.name)?;
    let agent = match delegation.first() {
        Some(actor) => Some(actor.clone()),
        None => text(claims, &names.agent)?,
    };
    Ok(Caller {
        principal: format!("{issuer}#{subject}"),
        agent,
        user: id.map(|id| Person { id, name }),
        groups: groups(claims, &names.groups)?,
        proof: Proof::Token { issuer: issuer.to_owned(), scopes: scopes(claims)?, delegation, expires },
    })
}

/// Who acts for whom, the one acting now first.
fn actors(claims: &Object) -> Result<Vec<String>, Unreadable> {
    let mut found = Vec::new();
    let mut next = claims.get("act");
    while let Some(actor) = next {
        let actor = actor.as_object().ok_or(Unreadable)?;
        let subject = text(actor, "sub")?.ok_or(Unreadable)?;
        found.push(match text(actor, "iss")? {
            Some(issuer) => format!("{issuer}#{subject}"),
            None => subject,
        });
        if found.len() > MAX_ACTORS {
            return Err(Unreadable);
        }
        next = actor.get("act");
    }
    Ok(found)
}

fn groups(claims: &Object, name: &str) -> Result<Vec<String>, Unreadable> {
    let Some(value) = find(claims, name) else {
        // Some issuers leave groups out when there are many and point elsewhere. An absent list would look like none.
        let elsewhere = claims.object("_claim_names").is_some_and(|names| names.contains(name));
        return if elsewhere { Err(Unreadable) } else { Ok(Vec::new()) };
    };
    words(value)
}

fn scopes(claims: &Object) -> Result<Vec<String>, Unreadable> {
    claims.get("scope").or_else(|| claims.get("scp")).map_or_else(|| Ok(Vec::new()), words)
}

/// A list of names: an array of strings, or one string with commas or spaces between them.
fn words(value: &Value) -> Result<Vec<String>, Unreadable> {
    let mut found = match value {
        Value::Null => Vec::new(),
        Value::Array(items) => {
            items.iter().map(|item| item.as_str().and_then(clean).ok_or(Unreadable)).collect::<Result<_, _>>()?
        }
        Value::String(text) if text.contains(',') => text.split(',').filter_map(clean).collect(),
        Value::String(text) => text.split_ascii_whitespace().filter_map(clean).collect(),
        _ => return Err(Unreadable),
    };
    if found.len() > MAX_GROUPS {
        return Err(Unreadable);
    }
    found.sort();
    found.dedup();
    Ok(found)
}

/// A claim that is a name. Absent, null and empty are nothing; another type is an error.
fn text(claims: &Object, name: &str) -> Result<Option<String>, Unreadable> {
    match find(claims, name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.is_empty() => Ok(None),
        Some(Value::String(text)) => clean(text).map(Some).ok_or(Unreadable),
        Some(_) => Err(Unreadable),
    }
}

fn clean(text: &str) -> Option<String> {
    let text = text.trim();
    let plain = !text.is_empty() && text.len() <= MAX_NAME && !text.chars().any(char::is_control);
    plain.then(|| text.to_owned())
}

fn find<'a>(claims: &'a Object, name: &str) -> Option<&'a Value> {
    if let Some(value) = claims.get(name) {
        return Some(value);
    }
    let mut parts = name.split('.');
    let first = claims.get(parts.next()?)?;
    parts.try_fold(first, |value, part| value.get(part))
}

#[cfg(test)]
mod tests;

//! Which secrets do arguments give away?
//!
//! Found by their known forms, by the names they stand under, and by where they stand in a URL or a connection string.
//! The answer says where and what kind; a secret itself is never in it, also not as the name of a member. What is
//! encoded once more (base64, percent-encoding) is not undone.
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

mod forms;
mod named;
mod scan;

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::Serialize;

use crate::wire::json::Value;

/// How deep members are followed.
const DEEPEST: usize = 128;

/// How many findings are told.
const MOST: usize = 100;

/// How many bytes of text are looked at altogether.
const MOST_BYTES: usize = 8 << 20;

/// The longest name of a member that is repeated in a place.
const LONGEST_NAME: usize = 128;

/// Which secrets the arguments hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "SecretFacts")]
pub struct Facts {
    /// Each kind of secret once for each place, in the order of the arguments.
    pub found: Vec<Found>,
    /// Whether everything was looked at.
    pub complete: bool,
    /// Why not.
    pub reasons: BTreeSet<Reason>,
}

/// A secret in the arguments.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[schemars(rename = "SecretFound")]
pub struct Found {
    /// JSON pointer to the text that holds it. A name that is too long or holds a secret itself is `*`.
    pub at: String,
    /// What it is.
    pub class: Class,
}

/// What kind of secret it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "SecretClass")]
pub enum Class {
    /// A private key as text.
    PrivateKey,
    /// A cloud's key: AWS, Google, Azure, `DigitalOcean`.
    CloudKey,
    /// A token of a place for source code: GitHub, GitLab, Bitbucket.
    SourceToken,
    /// A registry's token: npm, `PyPI`, Docker, crates.io.
    RegistryToken,
    /// A messenger's token or hook: Slack, Telegram, Discord.
    MessengerToken,
    /// A payment service's key: Stripe, Square.
    PaymentKey,
    /// A model provider's key: `OpenAI`, Anthropic and others.
    ModelKey,
    /// Another service's token with a known form.
    ServiceToken,
    /// A signed token of three parts (JWT).
    SignedToken,
    /// What stands behind `Bearer` or `Basic`.
    Authorization,
    /// A URL with a password.
    UrlPassword,
    /// A connection string with a password or a key.
    ConnectionString,
    /// A value under a name like `password` that looks like one.
    Password,
    /// A value under a name like `token` that looks like one.
    NamedToken,
}

/// Why not everything was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "SecretReason")]
pub enum Reason {
    /// Members inside members, deeper than is followed.
    TooDeep,
    /// More text than is looked at.
    TooLong,
    /// More findings than are told.
    TooMany,
}

/// Looks for secrets in arguments, in one pass over their texts.
pub fn read(arguments: &Value) -> Facts {
    let mut search = Search { left: MOST_BYTES, place: String::new(), facts: Facts::default() };
    search.value(arguments, None, 0);
    let mut facts = search.facts;
    facts.complete = facts.reasons.is_empty();
    facts
}

struct Search {
    left: usize,
    place: String,
    facts: Facts,
}

impl Search {
    fn value(&mut self, value: &Value, name: Option<Class>, depth: usize) {
        if depth > DEEPEST {
            self.facts.reasons.insert(Reason::TooDeep);
            return;
        }
        let deeper = depth.saturating_add(1);
        match value {
            Value::String(text) => self.text(text, name),
            Value::Number(number) => self.text(number.as_str(), name),
            Value::Array(items) => {
                for (at, item) in items.iter().enumerate() {
                    self.step(&at.to_string(), |search| search.value(item, name, deeper));
                }
            }
            Value::Object(members) => {
                for (key, value) in members.iter() {
                    let classes = self.classes(key);
                    let shown = if classes.is_empty() && key.len() <= LONGEST_NAME { escaped(key) } else { "*".into() };
                    self.step(&shown, |search| {
                        search.tell(&classes);
                        search.value(value, named::class(key), deeper);
                    });
                }
            }
            Value::Null | Value::Bool(_) => {}
        }
    }

    fn text(&mut self, text: &str, name: Option<Class>) {
        let mut classes = self.classes(text);
        // A known form says more than a name.
        if let Some(class) = name.filter(|_| classes.is_empty() && named::looks_secret(text)) {
            classes.insert(class);
        }
        self.tell(&classes);
    }

    fn classes(&mut self, text: &str) -> BTreeSet<Class> {
        let Some(left) = self.left.checked_sub(text.len()) else {
            self.facts.reasons.insert(Reason::TooLong);
            return BTreeSet::new();
        };
        self.left = left;
        scan::classes(text)
    }

    fn tell(&mut self, classes: &BTreeSet<Class>) {
        for class in classes {
            if self.facts.found.len() >= MOST {
                self.facts.reasons.insert(Reason::TooMany);
                return;
            }
            let found = Found { at: self.place.clone(), class: *class };
            if !self.facts.found.contains(&found) {
                self.facts.found.push(found);
            }
        }
    }

    fn step(&mut self, name: &str, then: impl FnOnce(&mut Self)) {
        let before = self.place.len();
        self.place.push('/');
        self.place.push_str(name);
        then(self);
        self.place.truncate(before);
    }
}

fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests;

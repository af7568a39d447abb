//! What would be made for this call? Known before anybody decides, shown to whoever does, and part of the call's digest.
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::call::Call;
use crate::digest::Digest;
use crate::facts::told::Facts;
use crate::policy::finding::require::Credential;
use crate::policy::finding::span::Span;

/// One credential, before it is made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    /// The rules that require it: `policy/id`.
    pub findings: Vec<String>,
    /// The configured name of who makes it.
    pub provider: String,
    /// What kind of provider that is.
    pub kind: Kind,
    /// What it may be used for, in the provider's own words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// What it reaches, line by line, for people.
    pub reaches: Vec<String>,
    /// How long it can be used at most.
    pub ttl: Span,
    /// Whether it is there already and stays: nothing is made, and nothing ends.
    pub standing: bool,
    /// Where it goes, for people.
    pub into: Vec<String>,
    /// Exactly what the provider is asked for, in its own form. Never a secret.
    pub terms: serde_json::Value,
    /// Whether a rule covers some of the arguments: what it reaches may repeat them, and is not repeated then.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub covered: bool,
}

/// What makes credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "CredentialKind")]
pub enum Kind {
    /// A role of a Postgres database.
    Postgres,
    /// A command of the operator.
    Exec,
    /// A token the gateway signs itself.
    Jwt,
    /// A token somebody else gives for another (RFC 8693).
    TokenExchange,
    /// A secret of Vault or `OpenBao`.
    Vault,
    /// A session of Amazon Web Services.
    AwsSts,
    /// A secret that is there already.
    Fixed,
}

/// What is known of a call when its credential is planned.
#[derive(Clone, Copy, Debug)]
pub struct About<'a> {
    /// The call.
    pub call: &'a Call,
    /// What its arguments say.
    pub facts: &'a Facts,
}

/// What rules ask of one provider for one call.
#[derive(Clone, Debug)]
pub struct Asked<'a> {
    /// What is asked.
    pub credential: &'a Credential,
    /// How long at most, of what the rule and the configuration say.
    pub ttl: Span,
}

/// What one provider would make, as far as the provider says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planned {
    /// See [`Wanted::scope`].
    pub scope: Option<String>,
    /// See [`Wanted::reaches`].
    pub reaches: Vec<String>,
    /// See [`Wanted::ttl`]: how long it really can be used, if that is longer than what was asked.
    pub ttl: Span,
    /// See [`Wanted::standing`].
    pub standing: bool,
    /// See [`Wanted::terms`].
    pub terms: serde_json::Value,
}

/// Why nothing fits. For whoever wrote the rule or the configuration; the text says what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unfit(pub String);

impl Kind {
    /// The word the configuration uses.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Postgres => "postgres",
            Self::Exec => "exec",
            Self::Jwt => "jwt",
            Self::TokenExchange => "token_exchange",
            Self::Vault => "vault",
            Self::AwsSts => "aws_sts",
            Self::Fixed => "fixed",
        }
    }

    /// What a word means.
    pub fn of(word: &str) -> Option<Self> {
        let all = [Self::Postgres, Self::Exec, Self::Jwt, Self::TokenExchange, Self::Vault, Self::AwsSts, Self::Fixed];
        all.into_iter().find(|kind| kind.word() == word)
    }
}

impl Wanted {
    /// What it reaches, for the record and for people: without what a rule covers.
    pub fn told(&self) -> Vec<String> {
        if self.covered {
            return vec!["a rule covers some of the arguments, and so what this reaches".to_owned()];
        }
        self.reaches.clone()
    }

    /// The same of all of it.
    #[must_use]
    pub fn recorded(&self) -> Self {
        let terms = if self.covered { serde_json::Value::Null } else { self.terms.clone() };
        Self { reaches: self.told(), terms, ..self.clone() }
    }

    /// Names what is wanted of all providers together; nothing where nothing is.
    pub fn digest(all: &[Self]) -> Option<Digest> {
        if all.is_empty() {
            return None;
        }
        // The same struct always spells the same text.
        let text = serde_json::to_string(all).unwrap_or_default();
        Some(Digest::of_bytes("credentials", text.as_bytes()))
    }
}

/// The words of a scope that are not among what may be asked for.
pub fn beyond<'a>(scope: &'a str, ceiling: &[String]) -> Vec<&'a str> {
    scope.split_ascii_whitespace().filter(|word| !ceiling.iter().any(|known| known == word)).collect()
}

/// A scope in words, each of which the configuration allows. Where it lists none, rules name none.
pub fn worded(asked: &Asked<'_>, ceiling: &[String]) -> Result<Option<String>, Unfit> {
    let name = &asked.credential.provider;
    let Some(scope) = &asked.credential.scope else {
        if ceiling.is_empty() {
            return Ok(None);
        }
        let why = format!("the rule names no `scope` for `{name}`; it may ask for: {}", ceiling.join(", "));
        return Err(Unfit(why));
    };
    let words: Vec<&str> = scope.split_ascii_whitespace().collect();
    if words.is_empty() {
        return Err(Unfit(format!("the rule's `scope` for `{name}` is empty")));
    }
    let beyond = beyond(scope, ceiling);
    if beyond.is_empty() {
        return Ok(Some(words.join(" ")));
    }
    let may = if ceiling.is_empty() { "nothing".to_owned() } else { ceiling.join(", ") };
    Err(Unfit(format!(
        "`{}` is more than `{name}` may be asked for ([credentials.{name}] allows: {may})",
        beyond.join(" ")
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_rule_covers_is_not_repeated_and_is_named_all_the_same() {
        let wanted = Wanted {
            findings: vec!["db/login".to_owned()],
            provider: "cloud".to_owned(),
            kind: Kind::AwsSts,
            scope: None,
            reaches: vec!["s3:GetObject on arn:aws:s3:::records/4711".to_owned()],
            ttl: Span::of_seconds(900).unwrap(),
            standing: false,
            into: Vec::new(),
            terms: serde_json::json!({ "policy": "4711" }),
            covered: true,
        };
        let text = serde_json::to_string(&wanted.recorded()).unwrap();
        assert!(!text.contains("4711") && text.contains("a rule covers some of the arguments"), "{text}");
        let open = Wanted { covered: false, ..wanted.clone() };
        assert_eq!(open.recorded(), open);
        let other = Wanted { terms: serde_json::json!({ "policy": "4712" }), ..wanted.clone() };
        assert_ne!(Wanted::digest(&[wanted]), Wanted::digest(&[other]), "another policy is another credential");
        assert_eq!(Wanted::digest(&[]), None);
    }
}

//! Which parts of a text?

use std::collections::BTreeMap;
use std::sync::{LazyLock, RwLock};

use regex::Regex;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A regular expression for parts of texts, compiled. Equal when its text is.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(extend("format" = "regex"))]
pub struct Pattern(Regex);

/// A text that is no pattern.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoPattern {
    /// It cannot be compiled.
    #[error("`pattern` cannot be used: {0}")]
    Bad(String),
    /// It fits between any two characters.
    #[error("`pattern` fits where there is nothing, so it would fit everywhere; use `+` instead of `*`")]
    Empty,
}

/// The largest compiled pattern, as large as the engine's own.
const LARGEST: usize = 100 << 10;
/// How many are kept compiled. Patterns stand in policies, so there are few.
const KEPT: usize = 1024;

impl Pattern {
    /// Compiled.
    pub const fn regex(&self) -> &Regex {
        &self.0
    }
}

impl TryFrom<String> for Pattern {
    type Error = NoPattern;

    fn try_from(text: String) -> Result<Self, NoPattern> {
        static KNOWN: LazyLock<RwLock<BTreeMap<String, Regex>>> = LazyLock::new(RwLock::default);
        // Compiling again is always right, so a lock that is poisoned is left alone.
        if let Some(known) = KNOWN.read().ok().and_then(|known| known.get(&text).cloned()) {
            return Ok(Self(known));
        }
        let regex = regex::RegexBuilder::new(&text).size_limit(LARGEST).build().map_err(|error| {
            let words = error.to_string();
            NoPattern::Bad(words.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned())
        })?;
        if regex.is_match("") {
            return Err(NoPattern::Empty);
        }
        if let Ok(mut known) = KNOWN.write()
            && known.len() < KEPT
        {
            known.insert(text, regex.clone());
        }
        Ok(Self(regex))
    }
}

impl From<Pattern> for String {
    fn from(pattern: Pattern) -> Self {
        pattern.0.as_str().to_owned()
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_str() == other.0.as_str()
    }
}

impl Eq for Pattern {}

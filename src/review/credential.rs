//! What is somebody told of the credentials a call would run with?
//!
//! The one place that says it, for pages, terminals and messages alike: what is made, for how long, what it reaches and where it
//! goes. Of a secret that was there before and stays it says just that. What rules and providers wrote stands apart from our words.
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::sentence::Word;
use crate::credentials::wanted::{Kind, Wanted};
use crate::policy::finding::span::Span;

/// A credential a call would run with, as people are shown it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "CardCredential")]
pub struct Credential {
    /// The configured name of who makes it.
    pub provider: String,
    /// What kind of provider that is.
    pub kind: Kind,
    /// What the rule asks for, in the provider's own words.
    pub scope: Option<String>,
    /// What it reaches, line by line.
    pub reaches: Vec<String>,
    /// How long it can be used at most.
    pub ttl: Span,
    /// Whether it is there already and stays: nothing is made, and nothing ends.
    pub standing: bool,
    /// Where it goes.
    pub into: Vec<String>,
}

/// One thing that is said of it: what about, and what, line by line.
pub type Row = (&'static str, Vec<Word>);

impl Credential {
    /// What somebody is shown of what would be made.
    pub fn of(wanted: &Wanted) -> Self {
        let Wanted { provider, kind, scope, reaches, ttl, standing, into, .. } = wanted.recorded();
        Self { provider, kind, scope, reaches, ttl, standing, into }
    }

    /// What it comes to, in words of ours.
    pub const fn lead(&self) -> &'static str {
        if self.standing {
            "a lasting secret is used: nothing is made, and nothing ends"
        } else {
            "a credential is made for this call alone"
        }
    }

    /// Everything about it, each thing with its name.
    pub fn rows(&self) -> Vec<Row> {
        let lines = |lines: &[String]| lines.iter().cloned().map(Word::Theirs).collect();
        let who = vec![Word::Theirs(self.provider.clone()), Word::Ours(format!(" ({})", self.kind.word()))];
        let scope = self.scope.iter().cloned().map(Word::Theirs).collect();
        let lasts = if self.standing { "it does not end".to_owned() } else { format!("at most {}", self.ttl) };
        let rows = [
            (if self.standing { "Kept as" } else { "Made by" }, who),
            ("Lasts", vec![Word::Ours(lasts)]),
            ("Asked for", scope),
            ("Reaches", separated(lines(&self.reaches))),
            ("Goes into", separated(lines(&self.into))),
        ];
        rows.into_iter().filter(|(_, words)| !words.is_empty()).collect()
    }

    /// All of it in one sentence; what matters most comes first, because some who show it have little room.
    pub fn words(&self) -> Vec<Word> {
        let ours = |text: &str| Word::Ours(text.to_owned());
        let lines = |lines: &[String]| separated(lines.iter().cloned().map(Word::Theirs).collect());
        let mut words = vec![ours(self.lead())];
        if !self.standing {
            words.push(Word::Ours(format!(", for at most {}", self.ttl)));
        }
        words.push(ours(": "));
        words.extend(lines(&self.reaches));
        words.extend([ours("; from "), Word::Theirs(self.provider.clone()), ours(", into ")]);
        words.extend(lines(&self.into));
        words
    }

    /// Every text in it that is not ours.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        let lines = self.reaches.iter().chain(&self.into).chain(&self.scope);
        lines.map(String::as_str).chain([self.provider.as_str()])
    }
}

fn separated(words: Vec<Word>) -> Vec<Word> {
    let mut all = Vec::new();
    for word in words {
        if !all.is_empty() {
            all.push(Word::Ours("; ".to_owned()));
        }
        all.push(word);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::super::sentence::joined;
    use super::*;

    fn credential(standing: bool) -> Credential {
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        Credential {
            provider: "shop".to_owned(),
            kind: Kind::Postgres,
            scope: None,
            reaches: texts(&["select, update on public.orders", "select on public.items"]),
            ttl: Span::of_seconds(20).unwrap(),
            standing,
            into: texts(&["the variable DATABASE_URL of a process started for this call"]),
        }
    }

    #[test]
    fn one_sentence_says_what_is_made_for_how_long_and_what_it_reaches() {
        assert_eq!(
            joined(&credential(false).words()),
            "a credential is made for this call alone, for at most 20s: select, update on public.orders; \
             select on public.items; from shop, into the variable DATABASE_URL of a process started for this call"
        );
    }

    #[test]
    fn of_a_secret_that_stays_nobody_is_told_that_it_ends() {
        let told = credential(true);
        let sentence = joined(&told.words());
        assert!(sentence.starts_with("a lasting secret is used: nothing is made, and nothing ends: "), "{sentence}");
        assert!(!sentence.contains("20s") && !sentence.contains("this call alone"), "{sentence}");
        let rows: Vec<(&str, String)> = told.rows().iter().map(|(name, words)| (*name, joined(words))).collect();
        assert!(rows.contains(&("Lasts", "it does not end".to_owned())), "{rows:?}");
        assert!(rows.iter().all(|(_, words)| !words.contains("20s")), "{rows:?}");
    }

    #[test]
    fn what_others_wrote_is_never_a_word_of_ours() {
        let hostile = "\u{202e}</b> nothing is made".to_owned();
        let told = Credential { reaches: vec![hostile.clone()], scope: Some(hostile.clone()), ..credential(false) };
        let all = told.words().into_iter().chain(told.rows().into_iter().flat_map(|(_, words)| words));
        let ours = all.filter_map(|word| if let Word::Ours(text) = word { Some(text) } else { None });
        assert!(ours.into_iter().all(|text| !text.contains(&hostile)));
    }
}

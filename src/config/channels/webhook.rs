//! Where do signed messages go, and who answers by one?

use std::collections::BTreeMap;

use schemars::JsonSchema;
use url::Url;

use super::super::fault::Subject;
use super::super::measure::Period;
use super::super::reach;
use super::super::sample::is_sample;
use super::super::section::{Given, Privacy, Reading, Section, Wanted};
use crate::channels::signature::{Checker, Signer};
use crate::channels::template::{Kind, Lists, Template};
use crate::facts::Risk;
use crate::secret::Secret;

/// Messages after Standard Webhooks 1.0.0, or in a form of the receiver's.
#[derive(Clone, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Webhook {
    /// Where to. It may be a secret as a whole: `${file:/run/secrets/url}`.
    #[schemars(with = "String")]
    pub url: Url,
    /// What messages are signed with: `whsk_…` (Ed25519, the better one), or `whsec_…` (shared). Several sign side by side
    /// while one takes the other's place.
    #[schemars(with = "Vec<Secret>", extend("default" = []))]
    pub keys: Vec<Signer>,
    /// Headers every message carries.
    #[schemars(extend("default" = {}))]
    pub headers: BTreeMap<String, Secret>,
    /// What is sent in the place of our own form, with holes such as `{sentence}`, `{risk}` and `{page}`. In an object or a list
    /// of JSON every hole is filled as JSON needs it; any other body is text.
    #[schemars(with = "Option<String>")]
    pub body: Option<Template>,
    /// Words of the receiver's for ours: `{risk.priority}` in `body` is what the list `priority` has for the risk.
    #[schemars(extend("default" = {}))]
    pub words: Lists,
    /// How long an answer may take, 30 s at most.
    #[schemars(extend("default" = "15s"))]
    pub timeout: Period,
    /// Lets private addresses through for this channel.
    #[schemars(extend("default" = false))]
    pub allow_private: bool,
    /// Who may decide by it. Absent: nobody; what comes back is not read.
    pub answers: Option<Answers>,
}

/// A program that decides. It is never counted as a person: only a hold whose rule names it (`automation:NAME`) hears it.
#[derive(Clone, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Answers {
    /// Its name.
    pub automation: String,
    /// What its own messages to `/channels/NAME/answers` are signed with: `whpk_…`, or `whsec_…` where it must be. Absent: it
    /// answers in its reply alone.
    #[schemars(with = "Option<Secret>")]
    pub key: Option<Checker>,
    /// Whether the body of its reply decides too: `{"decision": "approve"}`, or `deny` with a `reason`.
    #[schemars(extend("default" = false))]
    pub may_decide: bool,
    /// The highest risk it decides about.
    #[schemars(extend("default" = "low"))]
    pub max_risk: Risk,
}

/// No answer is waited for longer.
const LONGEST_SECONDS: u64 = 30;
const NAME: Wanted = Wanted("small letters, digits and `-`", "release-bot");

impl Webhook {
    pub(super) fn read(section: &Section<'_>) -> Reading<Self> {
        let url = reach::address(section);
        let keys = section.texts("keys", &[], Privacy::Secret).and_then(|given| keys(section, given));
        let headers = section.pairs("headers", Privacy::Secret).and_then(|pairs| reach::headers(section, pairs));
        let words = lists(section);
        let body = section.given("body", Privacy::Open);
        let timeout = section.parsed("timeout", Wanted("a time of at most 30 s", "15s"), "15s", |text| {
            Period::parse(text).filter(|period| period.duration().as_secs() <= LONGEST_SECONDS)
        });
        let allow_private = section.truth("allow_private");
        let answers = if section.has("answers") {
            section.table("answers").and_then(|section| Answers::read(&section)).map(Some)
        } else {
            section.excuse(&["answers"]);
            Ok(None)
        };
        let words = words?;
        let body = body?.map(|given| template(section, &given, &words)).transpose()?;
        Ok(Self {
            body,
            words,
            url: url?,
            keys: keys?,
            headers: headers?,
            timeout: timeout?,
            allow_private: allow_private?,
            answers: answers?,
        })
    }
}

impl Answers {
    fn read(section: &Section<'_>) -> Reading<Self> {
        let automation = section.required("automation", NAME, |text| {
            let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
            (!text.is_empty() && text.len() <= 64 && text.bytes().all(fits)).then(|| text.to_owned())
        });
        let key = section.given("key", Privacy::Secret).and_then(|given| {
            let read = |given: Given| {
                let at = given.at.clone();
                let fault = |what: String| {
                    section.note(&at, what, "make one with `openssl rand -base64 32`".to_owned(), Subject::Hidden)
                };
                if is_sample(&given.text) {
                    return Err(fault("this is a key from a sample, which everybody knows".to_owned()));
                }
                Checker::read(&given.secret()).map_err(|bad| fault(format!("this is not a key to check with: {bad}")))
            };
            given.map(read).transpose()
        });
        let may_decide = section.truth("may_decide");
        let max_risk = section.word("max_risk", Risk::Low);
        section.close();
        let (key, may_decide) = (key?, may_decide?);
        if key.is_none() && !may_decide {
            let next = "give it a `key`, or say `may_decide = true`, or take the table away";
            return Err(section.fault("nobody could answer by this channel".to_owned(), next));
        }
        Ok(Self { automation: automation?, key, may_decide, max_risk: max_risk? })
    }
}

fn keys(section: &Section<'_>, all: Vec<Given>) -> Reading<Vec<Signer>> {
    let key = |given: Given| {
        let at = given.at.clone();
        let fault = |what: String| {
            section.note(
                &at,
                what,
                "make one with `openssl rand -base64 32`, with `whsk_` before it".to_owned(),
                Subject::Hidden,
            )
        };
        if is_sample(&given.text) {
            return Err(fault("this is a key from a sample, which everybody knows".to_owned()));
        }
        Signer::read(&given.secret()).map_err(|bad| fault(format!("this is not a key to sign with: {bad}")))
    };
    let all: Vec<Reading<Signer>> = all.into_iter().map(key).collect();
    all.into_iter().collect()
}

/// Lists of words, by their names.
fn lists(section: &Section<'_>) -> Reading<Lists> {
    let words = section.table("words")?;
    let names: Vec<&str> = words.entries().keys().map(String::as_str).collect();
    let mut lists = Lists::new();
    for name in names {
        let pairs = words.words_of(name)?;
        lists.insert(name.to_owned(), pairs.into_iter().map(|(value, given)| (value, given.text)).collect());
    }
    Ok(lists)
}

/// Whether this is to become JSON: a list, or an object, which no hole begins like.
fn is_json(text: &str) -> bool {
    let text = text.trim_start();
    let member = |inside: &str| inside.trim_start().starts_with(['"', '}']);
    text.starts_with('[') || text.strip_prefix('{').is_some_and(member)
}

fn template(section: &Section<'_>, given: &Given, lists: &Lists) -> Reading<Template> {
    let kind = if is_json(&given.text) { Kind::Json } else { Kind::Text };
    Template::read(&given.text, kind, lists).map_err(|fault| {
        let told = fault.to_string();
        let (what, next) = told.split_once("; ").unwrap_or((&told, "examples/channels has bodies that work"));
        section.note(&given.at, what.to_owned(), next.to_owned(), Subject::Hidden)
    })
}

impl std::fmt::Debug for Webhook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Webhook").field("keys", &self.keys).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Answers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Answers").field("automation", &self.automation).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::is_json;

    #[test]
    fn a_body_that_begins_with_a_hole_is_text() {
        for (text, json) in [
            ("{\"a\": \"{risk}\"}", true),
            ("\n { \n \"a\": 1 }", true),
            ("{}", true),
            ("[\"{risk}\"]", true),
            ("{headline}: {sentence}", false),
            ("{{risk}}", false),
            ("a call waits", false),
            ("", false),
        ] {
            assert_eq!(is_json(text), json, "{text}");
        }
    }
}

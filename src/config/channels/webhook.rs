//! Where do signed messages go, and who answers by one?

use std::collections::BTreeMap;

use schemars::JsonSchema;
use url::Url;

use super::super::fault::Subject;
use super::super::measure::Period;
use super::super::reach;
use super::super::sample::is_sample;
use super::super::section::{Given, Privacy, Reading, Section, Wanted};
use super::RiskWord;
use crate::channels::signature::{Checker, Signer};
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
    pub max_risk: RiskWord,
}

/// No answer is waited for longer.
const LONGEST_SECONDS: u64 = 30;
const NAME: Wanted = Wanted("small letters, digits and `-`", "release-bot");

impl Webhook {
    pub(super) fn read(section: &Section<'_>) -> Reading<Self> {
        let url = reach::address(section);
        let keys = section.texts("keys", &[], Privacy::Secret).and_then(|given| keys(section, given));
        let headers = section.pairs("headers", Privacy::Secret).and_then(|pairs| reach::headers(section, pairs));
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
        Ok(Self {
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
        let max_risk = section.word("max_risk", RiskWord::Low);
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

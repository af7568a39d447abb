//! How are names, scopes and addresses of providers written?

use std::collections::BTreeSet;

use url::Url;

use super::super::fault::Subject;
use super::super::measure::Period;
use super::super::reach;
use super::super::sample::is_sample;
use super::super::section::{Given, Privacy, Reading, Section, Wanted};
use crate::policy::finding::span::Span;
use crate::secret::Secret;

/// No name or scope is longer.
const LONGEST: usize = 512;
/// No answer is waited for longer.
const PATIENCE_SECONDS: u64 = 30;

/// A text in one line.
pub(super) fn name(text: &str) -> Option<String> {
    let fits = !text.trim().is_empty() && text.len() <= LONGEST && !text.chars().any(char::is_control);
    fits.then(|| text.to_owned())
}

/// Words rules may ask for: each as RFC 6749 spells a scope, and once.
pub(super) fn scopes(section: &Section<'_>) -> Reading<Vec<String>> {
    const WORD: Wanted = Wanted("a scope: signs without blanks, quotes and backslashes", "orders.read");
    let given = section.texts("scopes", &[], Privacy::Open)?;
    let mut seen = BTreeSet::new();
    let read = given.into_iter().map(|given| {
        let fits = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\');
        if given.text.is_empty() || given.text.len() > LONGEST || !given.text.bytes().all(fits) {
            return Err(section.bad(&given, WORD, Subject::Shown));
        }
        if !seen.insert(given.text.clone()) {
            return Err(section.note(
                &given.at,
                "it stands here twice".to_owned(),
                "leave one out".to_owned(),
                Subject::Shown,
            ));
        }
        Ok(given.text)
    });
    read.collect::<Vec<_>>().into_iter().collect()
}

/// Who signs or takes tokens, exactly as it is written.
pub(super) fn issuer(section: &Section<'_>, key: &'static str) -> Reading<Option<String>> {
    let given = section.given(key, Privacy::Open)?;
    given.map(|given| reach::issuer(section, &given).map(|_| given.text)).transpose()
}

/// Where somebody else is asked.
pub(super) fn address(section: &Section<'_>, example: &'static str) -> Reading<Url> {
    if !section.has("url") {
        section.excuse(&["url"]);
        return Err(section.missing("url", Wanted("an https address", example)));
    }
    reach::address(section)
}

/// Where else they are asked: an address without a query.
pub(super) fn other_address(section: &Section<'_>, key: &'static str) -> Reading<Option<Url>> {
    let given = section.given(key, Privacy::Open)?;
    given.map(|given| reach::issuer(section, &given)).transpose()
}

/// A secret, which is none that everybody knows.
pub(super) fn secret(section: &Section<'_>, key: &'static str) -> Reading<Option<Secret>> {
    match section.given(key, Privacy::Secret)? {
        Some(given) if is_sample(&given.text) => Err(reach::sample(section, &given)),
        Some(given) if given.text.is_empty() || given.text.chars().any(char::is_control) => {
            Err(section.bad(&given, Wanted("a secret in one line", "${SECRET}"), Subject::Hidden))
        }
        given => Ok(given.map(Given::secret)),
    }
}

/// How long an answer may take.
pub(super) fn timeout(section: &Section<'_>) -> Reading<Period> {
    section.parsed("timeout", Wanted("a time of at most 30 s", "10s"), "10s", |text| {
        Period::parse(text).filter(|period| period.duration().as_secs() <= PATIENCE_SECONDS)
    })
}

/// How long what is made lives, where nobody can ask for less.
pub(super) fn lifetime(section: &Section<'_>) -> Reading<Option<Span>> {
    section.optional("lifetime", Wanted("a whole number and `s`, `m`, `h` or `d`", "5m"), |text| {
        Span::try_from(text.to_owned()).ok()
    })
}

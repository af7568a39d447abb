//! What is a link by which somebody answers, and when is it worth nothing?
//!
//! It is for one person, one call, and exactly what that person was told of; as soon as the call is another or waits no more,
//! it is void. Opening it changes nothing, however often and by whomever. To answer takes, besides what stands in the link, a
//! code that stands beside it in the message and is never part of an address, and something only the page it opens says: who
//! opens every address and presses every button has neither. Five wrong codes end it, one answer uses it up.
//!
//! It proves no more than that somebody reads the messages of that person. So it answers only where the operator said that
//! this is enough, and never for what a rule wants a signed-in browser or a passkey for.
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

pub mod kept;

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use crate::approval::Approval;
use crate::approval::state::State;
use crate::clock::Timestamp;
use crate::digest::{Digest, hex};
use crate::facts::Risk;

/// Wrong codes that end a link.
pub const MOST_WRONG: u32 = 5;
/// How long a page that was opened can be answered on.
const PAGE_LASTS_MICROS: i64 = 3_600_000_000;

/// How bad a call may be at most for a link to be enough to answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum LinkRule {
    /// It never is: a link leads to the call, and who opens it signs in there.
    #[default]
    Never,
    /// For what can do no harm.
    Low,
    /// For what can do little.
    Medium,
}

/// What can be said by a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verb {
    /// Yes.
    Approve,
    /// No.
    Deny,
}

/// The secret in a link.
#[derive(Clone)]
#[expect(missing_debug_implementations, reason = "a secret has no form that may be printed")]
pub struct Token(Zeroizing<String>);

/// What is behind a link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Link {
    /// The call.
    pub call: String,
    /// What the person was told of. An answer is about that.
    pub digest: Digest,
    /// The person, as listed.
    pub person: String,
    /// What they may say by it.
    pub verbs: Vec<Verb>,
    /// The digest of the code that goes with it.
    pub code: Digest,
    /// How often a code was tried.
    pub tried: u32,
}

/// Why a link is worth nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Void {
    /// Nobody is asked any more.
    #[error("this call waits for nobody any more: somebody decided, or its time is over")]
    Over,
    /// It is about something else now.
    #[error("this call was changed since the message was sent; a newer message tells of it as it is now")]
    Changed,
}

impl LinkRule {
    /// Whether a link is enough to answer what could be this bad.
    pub const fn lets(self, risk: Risk) -> bool {
        match self {
            Self::Never => false,
            Self::Low => matches!(risk, Risk::Low),
            Self::Medium => matches!(risk, Risk::Low | Risk::Medium),
        }
    }
}

impl Verb {
    /// As it is written in a form.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Deny => "deny",
        }
    }
}

impl Token {
    /// A new one, of this chance.
    pub fn of(chance: &[u8; 32]) -> Self {
        Self(Zeroizing::new(hex(chance)))
    }

    /// One that came back; nothing where it can be none.
    pub fn read(text: &str) -> Option<Self> {
        let fits = text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        fits.then(|| Self(Zeroizing::new(text.to_owned())))
    }

    /// The secret, for the one place that sends it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// What it is kept as.
    pub fn name(&self) -> Digest {
        Digest::of_bytes("decision link", self.0.as_bytes())
    }

    /// What a code that goes with it is kept as: to try codes takes the link.
    pub fn code(&self, code: &str) -> Digest {
        Digest::of_bytes("decision code", format!("{} {code}", &*self.0).as_bytes())
    }

    /// What only a page opened by it, at about this time, says.
    pub fn page(&self, now: Timestamp) -> String {
        format!("{}-{}", now.micros(), self.page_of(now.micros()))
    }

    /// Whether this was said by such a page, not long ago.
    pub fn is_of_page(&self, said: &str, now: Timestamp) -> bool {
        let Some((micros, rest)) = said.split_once('-') else { return false };
        let Ok(micros) = micros.parse::<i64>() else { return false };
        let age = now.micros().saturating_sub(micros);
        (0..=PAGE_LASTS_MICROS).contains(&age) && bool::from(self.page_of(micros).as_bytes().ct_eq(rest.as_bytes()))
    }

    fn page_of(&self, micros: i64) -> String {
        hex(Digest::of_bytes("decision page", format!("{} {micros}", &*self.0).as_bytes()).as_bytes())
    }
}

impl Link {
    /// Why it is worth nothing, where it is.
    pub fn void(&self, approval: &Approval, now: Timestamp) -> Option<Void> {
        if approval.state != State::Pending || approval.due(now).is_some() {
            Some(Void::Over)
        } else if approval.summary() != self.digest {
            Some(Void::Changed)
        } else {
            None
        }
    }

    /// Whether this is its code.
    pub fn is_code(&self, token: &Token, code: &str) -> bool {
        token.code(code).as_bytes().ct_eq(self.code.as_bytes()).into()
    }
}

/// Four digits of this chance.
pub fn code(chance: [u8; 8]) -> Zeroizing<String> {
    let number = u64::from_be_bytes(chance) % 10_000;
    let mut digits = Zeroizing::new(String::with_capacity(4));
    // Writing into a text cannot fail.
    write!(digits, "{number:04}").unwrap_or_default();
    digits
}

/// Whether somebody typed a code at all.
pub fn is_a_code(text: &str) -> bool {
    text.len() == 4 && text.bytes().all(|digit| digit.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds.saturating_mul(1_000_000))
    }

    #[test]
    fn a_link_is_enough_only_for_what_the_operator_said() {
        for (rule, enough) in [
            (LinkRule::default(), [false, false, false, false]),
            (LinkRule::Low, [true, false, false, false]),
            (LinkRule::Medium, [true, true, false, false]),
        ] {
            let risks = [Risk::Low, Risk::Medium, Risk::High, Risk::Critical];
            assert_eq!(risks.map(|risk| rule.lets(risk)), enough, "{rule:?}");
        }
    }

    #[test]
    fn only_a_page_of_this_link_that_is_not_old_can_be_answered_on() {
        // NOT-02
        let (mine, other) = (Token::of(&[1; 32]), Token::of(&[2; 32]));
        let page = mine.page(at(1000));
        let signed = page.split_once('-').unwrap().1.to_owned();
        for (said, now, fine) in [
            (page.clone(), 1000, true),
            (page.clone(), 1000 + 3600, true),
            (page.clone(), 1000 + 3601, false),
            (page, 999, false),
            (other.page(at(1000)), 1000, false),
            (format!("{}-{signed}", 1001 * 1_000_000), 1001, false),
            (String::new(), 1000, false),
            (format!("x-{signed}"), 1000, false),
        ] {
            assert_eq!(mine.is_of_page(&said, at(now)), fine, "{said} at {now}");
        }
    }

    #[test]
    fn what_is_kept_opens_nothing() {
        let token = Token::of(&[7; 32]);
        assert_eq!(token.expose().len(), 64);
        assert!(Token::read(token.expose()).is_some());
        for text in ["", "07", &"g".repeat(64), &"A".repeat(64), &token.name().to_string()] {
            assert!(Token::read(text).is_none(), "{text}");
        }
        let link = Link {
            call: "01".to_owned(),
            digest: Digest::of_bytes("t", b"t"),
            person: "ada".to_owned(),
            verbs: vec![Verb::Approve, Verb::Deny],
            code: token.code("0042"),
            tried: 0,
        };
        let kept = serde_json::to_string(&link).unwrap();
        assert!(!kept.contains(token.expose()) && !kept.contains("0042"), "{kept}");
        assert!(link.is_code(&token, "0042") && !link.is_code(&token, "42") && !link.is_code(&token, "0043"));
        assert!(!link.is_code(&Token::of(&[8; 32]), "0042"), "a code is of one link");
        assert_eq!(code([0, 0, 0, 0, 0, 0, 0, 7]).as_str(), "0007");
        assert!(is_a_code("0007") && !is_a_code("007") && !is_a_code("00a7") && !is_a_code("٠٠٠٧"));
    }
}

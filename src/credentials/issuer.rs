//! What did somebody who makes credentials answer, and may one have been made that nobody here knows?
//!
//! Nothing of an answer gets into a text but its status and a word out of a list of ours: what a stranger says of an error may
//! repeat the secret it was sent.

use std::time::Duration;

use http::{Request, StatusCode};
use url::Url;
use zeroize::Zeroizing;

use super::provider::{NotMinted, NotRevoked, Order};
use crate::clock::Timestamp;
use crate::downstream::http::fetch::fetch;
use crate::downstream::http::guard::{Private, reach_of};
use crate::downstream::http::{Effect, HttpFault};
use crate::visible::harmless;

/// How much later than ordered a credential may end: clocks differ.
const SLACK_SECONDS: i64 = 60;
/// Characters of a text about a connection that are shown.
const TOLD: usize = 300;

/// Somebody who is asked for credentials.
#[derive(Clone, Debug)]
pub(super) struct Issuer {
    /// For people, at the beginning of a sentence.
    pub who: &'static str,
    /// Whether they may stand in a private network.
    pub private: Private,
    /// How long they may take.
    pub patience: Duration,
    /// Where their errors name themselves, and the names.
    pub errors: Errors,
}

/// Reads the name of an error out of a body.
#[derive(Clone, Copy, Debug)]
pub(super) struct Errors {
    /// The word, wherever it stands.
    pub find: fn(&[u8]) -> Option<String>,
    /// What they may be called, and whether asking later may help.
    pub known: &'static [(&'static str, Later)],
}

/// Whether asking later may help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Later {
    May,
    Never,
}

/// What a request is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Something that comes before.
    Before,
    /// A credential is made, or taken back.
    Making,
}

/// Why there is no answer that counts.
#[derive(Clone, Debug)]
pub(super) struct Missed {
    /// The status, if they answered.
    pub status: Option<u16>,
    why: NotMinted,
}

impl Issuer {
    /// Asks once. An answer is a success; it is wiped from memory when it is let go.
    pub(super) async fn ask(
        &self,
        url: &Url,
        request: Request<Vec<u8>>,
        step: Step,
    ) -> Result<Zeroizing<Vec<u8>>, Missed> {
        let answer = fetch(request, reach_of(url, self.private), self.patience).await;
        let mut response = answer.map_err(|fault| self.unanswered(&fault, step))?;
        let body = Zeroizing::new(std::mem::take(response.body_mut()));
        if response.status().is_success() {
            return Ok(body);
        }
        Err(self.refused(response.status(), &body, step))
    }

    fn unanswered(&self, fault: &HttpFault, step: Step) -> Missed {
        let told: String = harmless(&fault.to_string()).chars().take(TOLD).collect();
        let why = match (fault.effect(), step) {
            (Effect::Unknown, Step::Making) => {
                NotMinted::Unsure(format!("{} gave no answer that counts, and may have done it: {told}", self.who))
            }
            _ => NotMinted::Unavailable(format!("{} cannot be asked now: {told}", self.who)),
        };
        Missed { status: None, why }
    }

    fn refused(&self, status: StatusCode, body: &[u8], step: Step) -> Missed {
        let found = (self.errors.find)(body);
        let known = found.and_then(|found| self.errors.known.iter().find(|(known, _)| *known == found));
        let named = known.map_or_else(String::new, |(name, _)| format!(" ({name})"));
        let (who, number) = (self.who, status.as_u16());
        let later = known.is_some_and(|(_, later)| *later == Later::May);
        let why = match number {
            429 | 503 => NotMinted::Unavailable(format!("{who} is busy or away: status {number}{named}")),
            400..=407 | 409..=499 if later => {
                NotMinted::Unavailable(format!("{who} is busy or away: status {number}{named}"))
            }
            400..=407 | 409..=499 => NotMinted::Refused(format!("{who} refused: status {number}{named}")),
            300..=399 => NotMinted::Refused(format!(
                "{who} redirects with status {number}, and redirects are never followed; configure the final address"
            )),
            // One that broke, or a machine before it that lost the answer, may have done it.
            _ if step == Step::Making => {
                NotMinted::Unsure(format!("{who} failed with status {number}{named}, and may have done it"))
            }
            _ => NotMinted::Unavailable(format!("{who} failed with status {number}{named}")),
        };
        Missed { status: Some(number), why }
    }
}

impl Missed {
    /// Nothing was asked.
    pub(super) fn refused(why: &str) -> Self {
        Self { status: None, why: NotMinted::Refused(why.to_owned()) }
    }
}

impl From<Missed> for NotMinted {
    fn from(missed: Missed) -> Self {
        missed.why
    }
}

impl From<Missed> for NotRevoked {
    fn from(missed: Missed) -> Self {
        Self(missed.why.to_string())
    }
}

/// Where somebody is, as plans say it: without a query, which may hold a secret.
pub(super) fn place(url: &Url) -> String {
    let mut place = url.clone();
    place.set_query(None);
    place.to_string()
}

/// What is ordered was planned by another provider, or with another configuration.
pub(super) fn other() -> NotMinted {
    NotMinted::Refused("the configuration was changed after this was planned; make the call again".to_owned())
}

/// When what was made ends, if that is not later than what was ordered. With a reason when it is.
pub(super) fn ends(order: &Order<'_>, ends: Timestamp) -> Result<Timestamp, String> {
    let latest = order.expires.micros().saturating_add(SLACK_SECONDS.saturating_mul(1_000_000));
    if ends <= order.now {
        return Err("what was made is over already".to_owned());
    }
    if ends.micros() <= latest {
        return Ok(ends);
    }
    Err(format!("what was made lives until {ends}, and only until {} was agreed", order.expires))
}

/// So many seconds from then on.
pub(super) fn later(from: Timestamp, seconds: i64) -> Timestamp {
    Timestamp::from_micros(from.micros().saturating_add(seconds.saturating_mul(1_000_000)))
}

//! How is a link made, looked at, tried and used up?
//!
//! It is kept under the digest of its secret, so whoever reads the store answers nothing by it. Each try of a code is counted
//! before the code is looked at, so that nobody tries more of them by trying many at once. Whatever keeps a link from being
//! made, the message still leads to the call: there one signs in.

use url::Url;
use zeroize::Zeroizing;

use super::{Link, LinkRule, MOST_WRONG, Token, Verb, code};
use crate::channels::message::Matter;
use crate::clock::{NoChance, Timestamp, chance};
use crate::digest::Digest;
use crate::policy::finding::evidence::Needed;
use crate::store::once::Once;
use crate::store::{Store, StoreError};

const KIND: &str = "decision";
/// More who try codes of one link at the same moment are told that it works no more.
const MOST_AT_ONCE: u32 = 16;

/// Makes the links of a channel.
#[derive(Clone, Debug)]
pub struct Links {
    store: Store,
    pages: Option<Url>,
    rule: LinkRule,
}

/// Where a message about a call leads.
#[derive(Clone)]
pub enum Leads {
    /// Nowhere: no pages are served.
    Nowhere,
    /// To the call, where one signs in.
    ToCall(String),
    /// To a page where this person answers with this code.
    ToAnswer {
        /// The address: a secret.
        url: Zeroizing<String>,
        /// The code: never part of an address.
        code: Zeroizing<String>,
    },
}

/// What came of a code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tried {
    /// It is the right one.
    Right(Link),
    /// It is not, and so many more may be tried.
    Wrong(u32),
    /// It is not, and it was the last.
    Ended,
    /// The link works no more, or never did.
    Nothing,
}

/// Why there is no link.
#[derive(Debug, thiserror::Error)]
enum NoLink {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Chance(#[from] NoChance),
    #[error("the call says no time at which it ends")]
    Deadline,
}

impl Links {
    /// Links to pages at this address, for what this rule says.
    pub const fn new(store: Store, pages: Option<Url>, rule: LinkRule) -> Self {
        Self { store, pages, rule }
    }

    /// Where a message about this call leads this person, who may be nobody that is listed.
    pub async fn lead(&self, matter: &Matter, person: Option<&str>, now: Timestamp) -> Leads {
        let enough = self.rule.lets(matter.risk) && matter.evidence == Needed::Account && matter.state == "pending";
        if let (Some(pages), Some(person), true) = (&self.pages, person, enough) {
            match self.make(pages, matter, person, now).await {
                Ok(leads) => return leads,
                Err(error) => {
                    tracing::warn!(call = matter.id, %error, "no link to answer by was made; the message leads to the call");
                }
            }
        }
        matter.page.clone().map_or(Leads::Nowhere, Leads::ToCall)
    }

    async fn make(&self, pages: &Url, matter: &Matter, person: &str, now: Timestamp) -> Result<Leads, NoLink> {
        let deadline: jiff::Timestamp = matter.deadline.parse().map_err(|_| NoLink::Deadline)?;
        let ends = Timestamp::from_micros(deadline.as_microsecond());
        let digest = Digest::parse(&matter.digest).filter(|_| ends > now).ok_or(NoLink::Deadline)?;
        let token = Token::of(&Zeroizing::new(chance::<32>()?));
        let code = code(chance::<8>()?);
        let link = Link {
            call: matter.id.clone(),
            digest,
            person: person.to_owned(),
            verbs: vec![Verb::Approve, Verb::Deny],
            code: token.code(&code),
            tried: 0,
        };
        let body = written(&link)?;
        self.store.put_once(Once { name: token.name(), kind: KIND, ends, body: &body }).await?;
        let root = pages.as_str().trim_end_matches('/');
        Ok(Leads::ToAnswer { url: Zeroizing::new(format!("{root}/l/{}", token.expose())), code })
    }
}

impl std::fmt::Debug for Leads {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Nowhere => f.write_str("Nowhere"),
            Self::ToCall(page) => f.debug_tuple("ToCall").field(page).finish(),
            Self::ToAnswer { .. } => f.debug_struct("ToAnswer").finish_non_exhaustive(),
        }
    }
}

/// What is behind a link. Looking changes nothing.
pub async fn look(store: &Store, token: &Token, now: Timestamp) -> Result<Option<Link>, StoreError> {
    store.find_once(token.name(), KIND, now).await?.map(|text| read(&text)).transpose()
}

/// Tries a code.
pub async fn attempt(store: &Store, token: &Token, code: &str, now: Timestamp) -> Result<Tried, StoreError> {
    for _ in 0..MOST_AT_ONCE {
        let Some(before) = store.find_once(token.name(), KIND, now).await? else { return Ok(Tried::Nothing) };
        let link = read(&before)?;
        if link.tried >= MOST_WRONG {
            return Ok(Tried::Nothing);
        }
        let link = Link { tried: link.tried.saturating_add(1), ..link };
        if !store.change_once(token.name(), KIND, (&before, &written(&link)?)).await? {
            continue;
        }
        if link.is_code(token, code) {
            return Ok(Tried::Right(link));
        }
        if link.tried < MOST_WRONG {
            return Ok(Tried::Wrong(MOST_WRONG.saturating_sub(link.tried)));
        }
        store.take_once(token.name(), KIND, now).await?;
        return Ok(Tried::Ended);
    }
    Ok(Tried::Nothing)
}

/// Uses it up; false where somebody else did.
pub async fn use_up(store: &Store, token: &Token, now: Timestamp) -> Result<bool, StoreError> {
    Ok(store.take_once(token.name(), KIND, now).await?.is_some())
}

/// Gives it back to whoever used it for an answer that could not be written down, or came too late.
pub async fn give_back(store: &Store, token: &Token, link: &Link, ends: Timestamp) -> Result<(), StoreError> {
    store.put_once(Once { name: token.name(), kind: KIND, ends, body: &written(link)? }).await
}

/// Ends every link: for a gateway whose channels make none any more.
pub async fn end_all(store: &Store) -> Result<(), StoreError> {
    store.drop_once(KIND).await
}

fn written(link: &Link) -> Result<String, StoreError> {
    serde_json::to_string(link).map_err(|_| StoreError::Unstorable("a link"))
}

fn read(text: &str) -> Result<Link, StoreError> {
    serde_json::from_str(text).map_err(|_| StoreError::Unreadable("a link by which somebody answers".to_owned()))
}

#[cfg(test)]
mod tests;

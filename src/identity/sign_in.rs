//! Which person sits at this browser?
//!
//! A browser that signed in carries a cookie of 256 random bits; the store has its digest, who that is, and until when. What
//! a form must bring with it ([`SignIn::form_token`]) follows from the cookie, so that no other site can make a browser
//! answer, and nothing more has to be kept. A sign-in ends when it was not used for a while, when its time is over, and when
//! somebody ends it; it then ends at every gateway on the store.

pub mod oidc;
pub mod owner;

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use crate::call::caller::{Caller, Person, Proof};
use crate::clock::{NoChance, Timestamp, chance};
use crate::digest::{Digest, hex};
use crate::store::sign_ins::KeptSignIn;
use crate::store::{Store, StoreError};

/// How exactly it is known when a browser was last used: not every request writes.
const USED_WITHIN_MICROS: i64 = 1_000_000;

/// By what a browser was signed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum How {
    /// The link that the gateway printed when it was started.
    Link,
    /// A passkey.
    Passkey,
    /// An identity provider.
    Provider,
}

/// A browser that is signed in.
#[derive(Clone, Debug)]
pub struct SignIn {
    /// The person.
    pub caller: Arc<Caller>,
    /// By what.
    pub how: How,
    /// Since when.
    pub made: Timestamp,
    /// When it was last used, as far as that is written down.
    pub used: Timestamp,
    /// Until when, however much it is used.
    pub ends: Timestamp,
    /// The digest of its cookie, which names it.
    pub name: Digest,
    form_token: String,
}

/// For how long a browser is signed in.
#[derive(Clone, Copy, Debug)]
pub struct Lasting {
    /// Without being used.
    pub idle: Duration,
    /// In any case.
    pub longest: Duration,
}

/// What a browser gets to be known by: a secret.
#[expect(missing_debug_implementations, reason = "a secret has no form that may be printed by accident")]
pub struct Cookie(Zeroizing<String>);

/// Why nobody could be signed in.
#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No random numbers.
    #[error(transparent)]
    Chance(#[from] NoChance),
}

/// Who is signed in, as it is kept.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    how: How,
    user: Option<String>,
    name: Option<String>,
    groups: Vec<String>,
    proof: KeptProof,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
enum KeptProof {
    Owner { uid: u32 },
    Token { issuer: String, expires: i64 },
}

/// Only people at a browser are signed in.
#[derive(Debug, thiserror::Error)]
#[error("{0} was not proven in a way in which people sign in")]
struct NotAPerson(String);

impl Cookie {
    /// The secret, for the one place that sends it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// One that came back. Whether it is anybody's is not known yet.
    pub fn read(text: &str) -> Self {
        Self(Zeroizing::new(text.to_owned()))
    }

    fn make() -> Result<Self, NoChance> {
        Ok(Self(Zeroizing::new(hex(&*Zeroizing::new(chance::<32>()?)))))
    }

    fn name(&self) -> Digest {
        Digest::of_bytes("sign-in", self.0.as_bytes())
    }

    fn form_token(&self) -> String {
        hex(Digest::of_bytes("sign-in form", self.0.as_bytes()).as_bytes())
    }
}

impl SignIn {
    /// Signs a browser in.
    pub async fn begin(
        store: &Store,
        (caller, how): (&Caller, How),
        lasting: Lasting,
        now: Timestamp,
    ) -> Result<Cookie, SignInError> {
        let unspeakable = |error: String| StoreError::Database(error);
        let kept = Kept::of(caller, how).map_err(|error| unspeakable(error.to_string()))?;
        let cookie = Cookie::make()?;
        let sign_in = KeptSignIn {
            name: cookie.name(),
            account: caller.principal.clone(),
            made: now,
            used: now,
            ends: later(now, lasting.longest),
            body: serde_json::to_string(&kept).map_err(|error| unspeakable(error.to_string()))?,
        };
        store.add_sign_in(&sign_in).await?;
        Ok(cookie)
    }

    /// Who carries this cookie; nobody when it is over. That counts as using it.
    pub async fn find(
        store: &Store,
        cookie: &Cookie,
        lasting: Lasting,
        now: Timestamp,
    ) -> Result<Option<Self>, StoreError> {
        let Some(found) = Self::look(store, cookie, lasting, now).await? else { return Ok(None) };
        if now.micros().saturating_sub(found.used.micros()) > USED_WITHIN_MICROS {
            store.used_sign_in(found.name, now).await?;
        }
        Ok(Some(found))
    }

    /// The same for a page that looks by itself: nobody uses it by that.
    pub async fn look(
        store: &Store,
        cookie: &Cookie,
        lasting: Lasting,
        now: Timestamp,
    ) -> Result<Option<Self>, StoreError> {
        let Some(kept) = store.find_sign_in(cookie.name(), now).await? else { return Ok(None) };
        if later(kept.used, lasting.idle) <= now {
            return Ok(None);
        }
        let unreadable = |_| StoreError::Unreadable("who is signed in".to_owned());
        let Kept { how, user, name, groups, proof } = serde_json::from_str(&kept.body).map_err(unreadable)?;
        let user = user.map(|id| Person { id, name });
        let caller = Caller { principal: kept.account, agent: None, user, groups, proof: proof.proof() };
        let KeptSignIn { name, made, used, ends, .. } = kept;
        Ok(Some(Self { caller: Arc::new(caller), how, made, used, ends, name, form_token: cookie.form_token() }))
    }

    /// What a form of ours carries, and no form of anybody else.
    pub fn form_token(&self) -> &str {
        &self.form_token
    }

    /// Whether a form is one of ours.
    pub fn is_ours(&self, token: &str) -> bool {
        self.form_token.as_bytes().ct_eq(token.as_bytes()).into()
    }
}

impl Kept {
    fn of(caller: &Caller, how: How) -> Result<Self, NotAPerson> {
        let proof = match &caller.proof {
            Proof::Owner { uid } => KeptProof::Owner { uid: *uid },
            Proof::Token { issuer, delegation, expires, .. } if delegation.is_empty() && caller.agent.is_none() => {
                KeptProof::Token { issuer: issuer.clone(), expires: *expires }
            }
            _ => return Err(NotAPerson(caller.principal.clone())),
        };
        let (user, name) = caller.user.clone().map(|user| (user.id, user.name)).unzip();
        Ok(Self { how, user, name: name.flatten(), groups: caller.groups.clone(), proof })
    }
}

impl KeptProof {
    fn proof(self) -> Proof {
        match self {
            Self::Owner { uid } => Proof::Owner { uid },
            Self::Token { issuer, expires } => {
                Proof::Token { issuer, scopes: Vec::new(), delegation: Vec::new(), expires }
            }
        }
    }
}

pub(super) fn later(time: Timestamp, by: Duration) -> Timestamp {
    let micros = i64::try_from(by.as_micros()).unwrap_or(i64::MAX);
    Timestamp::from_micros(time.micros().saturating_add(micros))
}

#[cfg(test)]
mod tests;

//! Which keys does this issuer sign with just now?
//!
//! Keys are fetched when they are first needed and again before they are 45 seconds old, so that a key the issuer took
//! back is refused within a minute (a verified token is remembered for at most 15 seconds more). While the issuer
//! cannot be reached the last keys stay good for an hour; then nobody gets in by its tokens until it is back.

use std::sync::Arc;

use arc_swap::ArcSwap;
use jsonwebtoken::DecodingKey;
use tokio::sync::{Mutex, OwnedMutexGuard};
use url::Url;

use super::challenge::Reason;
use super::discovery::{Clients, Reach, Source};
use super::jwt::Token;
use super::key_set::KeySet;
use crate::clock::Timestamp;

/// From this age on keys are fetched again beside the calls.
const AGING: i64 = 30;
/// From this age on a call waits for the fetch.
const OLD: i64 = 45;
/// From this age on keys are worth nothing, whatever the reason they could not be fetched again.
const DEAD: i64 = 3600;
/// Between two fetches that were not due: nobody can make us hammer an issuer.
const PAUSE: i64 = 10;

/// One issuer's keys, kept fresh.
#[derive(Debug)]
pub struct IssuerKeys {
    source: Source,
    kept: ArcSwap<Kept>,
    fetching: Arc<Mutex<()>>,
}

#[derive(Clone, Debug, Default)]
struct Kept {
    keys: Option<(Arc<KeySet>, Timestamp)>,
    tried: Option<Timestamp>,
    health: Health,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Health {
    #[default]
    Good,
    Away,
}

impl IssuerKeys {
    /// Keys of this issuer, from that address or by discovery. Nothing is fetched yet.
    pub(super) fn new(issuer: &str, jwks_uri: Option<Url>, reach: Reach, clients: &Clients) -> Self {
        let source = Source::new(issuer, jwks_uri, reach, clients);
        Self { source, kept: ArcSwap::default(), fetching: Arc::default() }
    }

    /// The keys that may have signed this token. A name nobody knows may be a new key, so it is asked for once more.
    pub async fn for_token(self: &Arc<Self>, token: &Token<'_>, now: Timestamp) -> Result<Vec<DecodingKey>, Reason> {
        let (kept, keys) = self.current(now).await?;
        let find = |keys: &KeySet| keys.candidates(token.kid.as_deref(), token.algorithm);
        let mut found = find(&keys);
        if found.is_empty() && kept.rested(now) {
            let (_, keys) = self.refresh(&kept, now).await.usable(now)?;
            found = find(&keys);
        }
        if found.is_empty() { Err(Reason::SigningKey) } else { Ok(found) }
    }

    async fn current(self: &Arc<Self>, now: Timestamp) -> Result<(Arc<Kept>, Arc<KeySet>), Reason> {
        let kept = self.kept.load_full();
        let age = kept.age(now);
        let kept = match kept.health {
            Health::Good if (0..AGING).contains(&age) => kept,
            Health::Good if (0..OLD).contains(&age) => self.refresh_beside(kept, now),
            Health::Away if !kept.rested(now) => kept,
            Health::Away if (0..DEAD).contains(&age) => self.refresh_beside(kept, now),
            Health::Good | Health::Away => self.refresh(&kept, now).await,
        };
        kept.usable(now)
    }

    /// Starts a fetch unless one is under way, and goes on with what is there.
    fn refresh_beside(self: &Arc<Self>, kept: Arc<Kept>, now: Timestamp) -> Arc<Kept> {
        if let Ok(turn) = Arc::clone(&self.fetching).try_lock_owned() {
            drop(tokio::spawn(Arc::clone(self).fetch(turn, now)));
        }
        kept
    }

    /// Waits for a fetch: the one under way, or a new one. It runs as a task of its own, so that callers that give up
    /// cannot leave it half done and ask again and again.
    async fn refresh(self: &Arc<Self>, seen: &Arc<Kept>, now: Timestamp) -> Arc<Kept> {
        let turn = Arc::clone(&self.fetching).lock_owned().await;
        if Arc::ptr_eq(seen, &self.kept.load()) {
            let fetched = tokio::spawn(Arc::clone(self).fetch(turn, now)).await;
            if fetched.is_err() {
                tracing::error!(issuer = self.source.issuer, "fetching the keys of the issuer ended early");
            }
        }
        self.kept.load_full()
    }

    async fn fetch(self: Arc<Self>, turn: OwnedMutexGuard<()>, now: Timestamp) {
        let keys = match self.source.fetch().await {
            Ok(keys) => Some((Arc::new(keys), now)),
            Err(fault) => {
                tracing::warn!(issuer = self.source.issuer, %fault, "the keys of the issuer cannot be fetched");
                None
            }
        };
        let health = if keys.is_some() { Health::Good } else { Health::Away };
        let keys = keys.or_else(|| self.kept.load().keys.clone());
        self.kept.store(Arc::new(Kept { keys, tried: Some(now), health }));
        drop(turn);
    }
}

impl Kept {
    /// Seconds since the keys were fetched; beyond every limit when there are none. Negative when the clock went back.
    fn age(&self, now: Timestamp) -> i64 {
        self.keys.as_ref().map_or(i64::MAX, |(_, fetched)| now.seconds().saturating_sub(fetched.seconds()))
    }

    fn rested(&self, now: Timestamp) -> bool {
        self.tried.is_none_or(|tried| !(0..PAUSE).contains(&now.seconds().saturating_sub(tried.seconds())))
    }

    fn usable(self: Arc<Self>, now: Timestamp) -> Result<(Arc<Self>, Arc<KeySet>), Reason> {
        let keys = self.keys.as_ref().filter(|_| self.age(now) < DEAD).map(|(keys, _)| Arc::clone(keys));
        keys.map(|keys| (self, keys)).ok_or(Reason::IssuerAway)
    }
}

//! Which key signs now, which signs next, and which can still be needed to check a token?
//!
//! All gateways that share a database share the keys. There are always two at least: the one that signs, and the next, which
//! everybody can read long before it signs. A key that has signed its last is published until the last token of it is dead.
//! The order is the one of the places in the database: of two gateways that make a key at the same moment one gets the place,
//! and the other takes what it finds there.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::Mutex;

use super::key::Key;
use crate::clock::Timestamp;
use crate::store::{Store, StoreError};

/// How long a key signs where the configuration does not say.
pub const USUAL_ROTATION: Duration = Duration::from_hours(7 * 24);
/// No token of these keys lives longer, since none can be taken back.
pub const LONGEST_TOKEN: Duration = Duration::from_hours(1);
/// How long a key is published at least before it signs, the very first one aside.
const LEAD: Duration = Duration::from_mins(15);
/// How far the clocks of gateways may be apart.
const SKEW: Duration = Duration::from_mins(5);
/// Who signs looks so often whether the others changed something.
const FRESH: Duration = Duration::from_mins(1);
/// Whoever asks for the public keys is not told older ones than this, and cannot make the database work more often.
const PUBLISHED: Duration = Duration::from_secs(1);
/// Two keys are missing at first, and each may be made by somebody else.
const TRIES: usize = 8;

/// The keys tokens are signed with.
#[derive(Debug)]
pub struct Keys {
    store: Store,
    rotate: Duration,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    keys: Vec<Arc<Key>>,
    /// When they were read.
    read: Option<Timestamp>,
    /// When they were last wanted from the database for others, also if it failed.
    wanted: Option<Timestamp>,
}

/// Why nothing can be signed. The text holds no secret.
#[derive(Debug, thiserror::Error)]
pub enum KeysFault {
    /// The database failed.
    #[error("the keys tokens are signed with cannot be read or made: {0}")]
    Store(#[from] StoreError),
    /// No random numbers.
    #[error("the operating system gives no random numbers, so nothing can be signed")]
    Chance,
    /// What is kept is no key, or another one.
    #[error(
        "a key tokens are signed with is damaged in the database; delete the rows of token_key, and new ones are made"
    )]
    Broken,
    /// The database failed a moment ago, and nothing was known before.
    #[error("the keys tokens are signed with cannot be told yet; ask again in a moment")]
    NotYet,
    /// Others made keys again and again.
    #[error("other gateways change the keys tokens are signed with all the time; look at their clocks")]
    Restless,
}

impl Keys {
    /// Keys that sign for so long, one after another.
    pub fn new(store: Store, rotate: Duration) -> Self {
        Self { store, rotate, known: Mutex::default() }
    }

    /// The key that signs now. Makes what is missing, and forgets what nobody needs.
    pub async fn current(&self, now: Timestamp) -> Result<Arc<Key>, KeysFault> {
        let mut known = self.known.lock().await;
        self.complete(&mut known, now).await?;
        self.forget(&mut known, now).await?;
        signing(&known.keys, now).ok_or(KeysFault::Broken)
    }

    /// The keys everybody may know, as RFC 7517 writes them. Where the database fails, those known last; never none, which
    /// others would remember.
    pub async fn published(&self, now: Timestamp) -> Result<Value, KeysFault> {
        let mut known = self.known.lock().await;
        if is_older(known.wanted, now, PUBLISHED) {
            known.wanted = Some(now);
            let read = match known.read(&self.store, now).await {
                Ok(()) if known.keys.is_empty() => self.complete(&mut known, now).await,
                read => read,
            };
            if let Err(fault) = read {
                tracing::warn!(error = %fault, "the keys that are published may be old");
            }
        }
        if known.keys.is_empty() {
            return Err(KeysFault::NotYet);
        }
        let keys: Vec<Value> = known.keys.iter().map(|key| key.public()).collect();
        Ok(json!({ "keys": keys }))
    }

    async fn complete(&self, known: &mut Known, now: Timestamp) -> Result<(), KeysFault> {
        for _ in 0..TRIES {
            if is_older(known.read, now, FRESH) || missing(&known.keys, now, self.rotate).is_some() {
                known.read(&self.store, now).await?;
            }
            let Some((place, starts)) = missing(&known.keys, now, self.rotate) else { return Ok(()) };
            // Somebody who was first is found at the next reading.
            self.store.add_token_key(&Key::make(place, starts)?).await?;
        }
        Err(KeysFault::Restless)
    }

    async fn forget(&self, known: &mut Known, now: Timestamp) -> Result<(), KeysFault> {
        let needed = needed(&known.keys, now);
        if known.keys.first().is_some_and(|first| first.place() < needed) {
            self.store.drop_token_keys(needed).await?;
            known.keys.retain(|key| key.place() >= needed);
        }
        Ok(())
    }
}

impl Known {
    async fn read(&mut self, store: &Store, now: Timestamp) -> Result<(), KeysFault> {
        let kept = store.list_token_keys().await?;
        self.keys = kept.iter().map(|kept| Key::open(kept).map(Arc::new)).collect::<Result<_, _>>()?;
        self.read = Some(now);
        Ok(())
    }
}

/// A clock that was set back makes it old too.
fn is_older(read: Option<Timestamp>, now: Timestamp, than: Duration) -> bool {
    read.is_none_or(|read| now < read || now >= after(read, than))
}

/// The place and the beginning of the key that is missing; none when the next one is there.
fn missing(keys: &[Arc<Key>], now: Timestamp, rotate: Duration) -> Option<(i64, Timestamp)> {
    match keys.last() {
        None => Some((1, now)),
        Some(last) if last.starts() <= now => {
            let starts = after(last.starts(), rotate).max(after(now, LEAD));
            Some((last.place().saturating_add(1), starts))
        }
        Some(_) => None,
    }
}

/// The last key that has begun. Before the very first has, by a clock that is behind, the first.
fn signing(keys: &[Arc<Key>], now: Timestamp) -> Option<Arc<Key>> {
    keys.iter().rfind(|key| key.starts() <= now).or_else(|| keys.first()).cloned()
}

/// The place from which on keys are needed: of those before it every token is dead.
fn needed(keys: &[Arc<Key>], now: Timestamp) -> i64 {
    let dead = |next: &&Arc<Key>| after(next.starts(), LONGEST_TOKEN.saturating_add(SKEW)) <= now;
    keys.iter().rev().find(dead).map_or(i64::MIN, |first| first.place())
}

fn after(time: Timestamp, period: Duration) -> Timestamp {
    let micros = i64::try_from(period.as_micros()).unwrap_or(i64::MAX);
    Timestamp::from_micros(time.micros().saturating_add(micros))
}

#[cfg(test)]
mod tests;

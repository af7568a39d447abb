//! Which API keys are there?

use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock};

use futures_util::future::BoxFuture;

use crate::call::caller::Person;
use crate::clock::Timestamp;
use crate::digest::Digest;

/// A key as it is kept: everything but the secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredKey {
    /// The key's public part.
    pub id: String,
    /// Names the caller; several keys may share it, so that one can be replaced without a gap.
    pub name: String,
    /// What the secret is compared with; see [`super::api_key::fingerprint`].
    pub hash: Digest,
    /// Groups its callers are in.
    pub groups: Vec<String>,
    /// The software that holds it.
    pub agent: Option<String>,
    /// The person it was made for.
    pub user: Option<Person>,
    /// When it was made.
    pub made: Timestamp,
    /// When it was taken back; nothing while it is good.
    pub revoked: Option<Timestamp>,
}

/// Where keys are looked up.
pub trait KeyBook: Send + Sync {
    /// The key with this public part, revoked or not.
    fn find<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<Option<StoredKey>, BookFault>>;
}

/// Where keys are made and taken back.
pub trait KeyBookWrite: KeyBook {
    /// Adds a new key. An id that exists already is a fault: nothing is overwritten.
    fn add(&self, key: StoredKey) -> BoxFuture<'_, Result<(), BookFault>>;

    /// All keys in the order they were made.
    fn list(&self) -> BoxFuture<'_, Result<Vec<StoredKey>, BookFault>>;

    /// Takes a key back.
    fn revoke<'a>(&'a self, id: &'a str, now: Timestamp) -> BoxFuture<'a, Result<Revoked, BookFault>>;
}

/// What taking a key back did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Revoked {
    /// It was good until now.
    Now,
    /// It had been taken back at this time.
    Earlier(Timestamp),
    /// There is no such key.
    Unknown,
}

/// The book could not be read or written.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the book of keys cannot be used: {0}")]
pub struct BookFault(pub String);

/// A book that lasts as long as the process, for tests and the demo.
#[derive(Debug, Default)]
pub struct MemoryBook(RwLock<BTreeMap<String, StoredKey>>);

impl MemoryBook {
    /// A book with these keys.
    pub fn with(keys: impl IntoIterator<Item = StoredKey>) -> Self {
        Self(RwLock::new(keys.into_iter().map(|key| (key.id.clone(), key)).collect()))
    }
}

impl KeyBook for MemoryBook {
    fn find<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<Option<StoredKey>, BookFault>> {
        let found = self.0.read().unwrap_or_else(PoisonError::into_inner).get(id).cloned();
        Box::pin(async { Ok(found) })
    }
}

impl KeyBookWrite for MemoryBook {
    fn add(&self, key: StoredKey) -> BoxFuture<'_, Result<(), BookFault>> {
        let mut keys = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let result = if keys.contains_key(&key.id) {
            Err(BookFault(format!("there is a key {} already", key.id)))
        } else {
            keys.insert(key.id.clone(), key);
            Ok(())
        };
        Box::pin(async { result })
    }

    fn list(&self) -> BoxFuture<'_, Result<Vec<StoredKey>, BookFault>> {
        let mut keys: Vec<_> = self.0.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect();
        keys.sort_by(|a, b| a.made.cmp(&b.made).then_with(|| a.id.cmp(&b.id)));
        Box::pin(async { Ok(keys) })
    }

    fn revoke<'a>(&'a self, id: &'a str, now: Timestamp) -> BoxFuture<'a, Result<Revoked, BookFault>> {
        let mut keys = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let result = match keys.get_mut(id) {
            None => Revoked::Unknown,
            Some(StoredKey { revoked: Some(earlier), .. }) => Revoked::Earlier(*earlier),
            Some(key) => {
                key.revoked = Some(now);
                Revoked::Now
            }
        };
        Box::pin(async move { Ok(result) })
    }
}

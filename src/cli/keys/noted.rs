//! How does it come into the record that a key was made or taken back?

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

use crate::audit::entry::{Event, Operated};
use crate::clock::Timestamp;
use crate::gateway::recorder::Recorder;
use crate::identity::{BookFault, KeyBook, KeyBookWrite, Revoked, StoredKey};
use crate::store::Store;

/// The keys of a store, and whoever changes them.
#[derive(Clone, Copy, Debug)]
pub struct Noted<'a> {
    /// The store.
    pub store: &'a Store,
    /// As the machine knows them.
    pub by: &'a str,
}

impl Noted<'_> {
    async fn note(&self, what: &'static str, detail: String) -> Result<(), BookFault> {
        let written = Recorder::note(self.store, None, Event::Operated(Operated { what, detail })).await;
        written.map_err(|error| BookFault(error.to_string()))
    }
}

impl KeyBook for Noted<'_> {
    fn find<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<Option<StoredKey>, BookFault>> {
        self.store.find(id)
    }
}

impl KeyBookWrite for Noted<'_> {
    /// Written down first: no key works that the record does not know of.
    fn add(&self, key: StoredKey) -> BoxFuture<'_, Result<(), BookFault>> {
        async move {
            let groups = if key.groups.is_empty() { "no group".to_owned() } else { key.groups.join(", ") };
            let agent = key.agent.as_deref().unwrap_or("any software");
            let user = key.user.as_ref().map_or("nobody", |user| user.id.as_str());
            let detail = format!(
                "{} made the key {} for {}: in {groups}, for {agent}, on behalf of {user}",
                self.by, key.id, key.name
            );
            self.note("key_made", detail).await?;
            self.store.add(key).await
        }
        .boxed()
    }

    fn list(&self) -> BoxFuture<'_, Result<Vec<StoredKey>, BookFault>> {
        self.store.list()
    }

    /// Taken back first: a record that cannot be written keeps no key alive.
    fn revoke<'a>(&'a self, id: &'a str, now: Timestamp) -> BoxFuture<'a, Result<Revoked, BookFault>> {
        async move {
            let done = self.store.revoke(id, now).await?;
            if done == Revoked::Now {
                self.note("key_revoked", format!("{} took back the key {id}", self.by)).await?;
            }
            Ok(done)
        }
        .boxed()
    }
}

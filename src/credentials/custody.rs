//! Who takes it back? Whoever got it for a call, when the call is over; and if that is forgotten, because a client went away
//! or something failed, then as the custody itself goes.

use std::sync::Arc;
use std::time::Duration;

use super::lending::Credentials;
use super::provider::{Gone, Revoked};
use super::scrub::Scrub;
use crate::audit::entry::{Entry, Event, LeaseEnd, LeaseEnded};
use crate::call::CallId;
use crate::clock::Timestamp;
use crate::store::leases::{LeaseState, Step};
use crate::telemetry::metrics::instrument::Counter;

/// One credential that is out.
#[derive(Clone, Debug)]
pub(super) struct Item {
    pub(super) lease: String,
    pub(super) provider: String,
    pub(super) handle: Option<String>,
    pub(super) expires: Timestamp,
}

/// The credentials of one call, while it runs.
#[expect(missing_debug_implementations, reason = "it holds secrets")]
pub struct Custody {
    credentials: Arc<Credentials>,
    call: CallId,
    items: Vec<Item>,
    scrub: Option<Arc<Scrub>>,
}

/// So long an answer waits for its credentials to be taken back.
const ENOUGH: Duration = Duration::from_secs(3);
/// A lease that cannot be taken back is tried again after a while, at first soon.
const FIRST_PAUSE: i64 = 2_000_000;
const LONGEST_PAUSE: i64 = 300_000_000;

impl Custody {
    pub(super) const fn new(credentials: Arc<Credentials>, call: CallId) -> Self {
        Self { credentials, call, items: Vec::new(), scrub: None }
    }

    pub(super) fn add(&mut self, item: Item) {
        self.items.push(item);
    }

    pub(super) fn watch(&mut self, scrub: Arc<Scrub>) {
        self.scrub = Some(scrub);
    }

    /// Takes everything back, and says what is written down of it.
    pub async fn end(mut self) -> Vec<Event> {
        let items = std::mem::take(&mut self.items);
        let repeated = self.scrub.as_ref().is_some_and(|scrub| scrub.found());
        let credentials = Arc::clone(&self.credentials);
        // A client that goes away meanwhile changes nothing: what was begun is ended.
        let mut ending = self.credentials.tasks.spawn(async move { credentials.take_all_back(items, repeated).await });
        if let Ok(ended) = tokio::time::timeout(ENOUGH, &mut ending).await {
            return ended.unwrap_or_default();
        }
        // The answer does not wait for a provider that is slow; what comes of it is written down when it is known.
        let (credentials, call) = (Arc::clone(&self.credentials), self.call.clone());
        self.credentials.tasks.spawn(async move {
            let events = ending.await.unwrap_or_default();
            credentials.note(&call, events).await;
        });
        Vec::new()
    }
}

impl Drop for Custody {
    fn drop(&mut self) {
        if self.items.is_empty() {
            return;
        }
        let items = std::mem::take(&mut self.items);
        let repeated = self.scrub.as_ref().is_some_and(|scrub| scrub.found());
        let (credentials, call) = (Arc::clone(&self.credentials), self.call.clone());
        self.credentials.tasks.spawn(async move {
            let events = credentials.take_all_back(items, repeated).await;
            credentials.note(&call, events).await;
        });
    }
}

impl Credentials {
    async fn take_all_back(&self, items: Vec<Item>, repeated: bool) -> Vec<Event> {
        let each = items.iter().map(|item| self.take_back(item, "call", 0));
        let ended = futures_util::future::join_all(each).await;
        ended.into_iter().map(|ended| Event::LeaseEnded(LeaseEnded { repeated, ..ended })).collect()
    }

    /// Takes one back that its call never got.
    pub(super) async fn take_back_now(&self, item: Item, call: &CallId) {
        let ended = self.take_back(&item, "call", 0).await;
        self.note(call, vec![Event::LeaseEnded(ended)]).await;
    }

    /// Takes one back, and keeps in the book of leases what came of it. What fails is tried again until it works.
    pub(super) async fn take_back(&self, item: &Item, by: &str, tries: u32) -> LeaseEnded {
        let revoked = match self.maker(&item.provider) {
            Some(maker) => maker.revoke(&Gone { lease: &item.lease, handle: item.handle.as_deref() }).await,
            None => Err(super::provider::NotRevoked(format!(
                "there is no [credentials.{}] any more; put it back until its credentials are gone",
                item.provider
            ))),
        };
        let now = self.clock.now();
        let (state, end, why) = match revoked {
            Ok(Revoked::Now) => (LeaseState::Revoked, LeaseEnd::Revoked, None),
            Ok(Revoked::Stays) => (LeaseState::Standing, LeaseEnd::Stays, None),
            Ok(Revoked::ByItself) if item.expires <= now => (LeaseState::Lapsed, LeaseEnd::Lapses, None),
            Ok(Revoked::ByItself) => (LeaseState::Lapsing, LeaseEnd::Lapses, None),
            Err(why) => (LeaseState::Ending, LeaseEnd::Stuck, Some(why.to_string())),
        };
        if let Some(why) = &why {
            self.metrics.stuck.with([&item.provider], Counter::one);
            tracing::error!(
                lease = item.lease,
                provider = item.provider,
                why,
                "a credential could not be taken back; it is tried again"
            );
        }
        let pause = FIRST_PAUSE.saturating_mul(1_i64.checked_shl(tries.min(20)).unwrap_or(1)).min(LONGEST_PAUSE);
        let next_try = Timestamp::from_micros(now.micros().saturating_add(pause));
        let step = Step { state, trouble: why.as_deref(), next_try, now };
        if let Err(error) = self.store.step_lease((&item.lease, &self.owner), &step).await {
            tracing::error!(lease = item.lease, %error, "the book of leases cannot be written; it is looked for again");
        }
        LeaseEnded {
            lease: item.lease.clone(),
            provider: item.provider.clone(),
            end,
            by: by.to_owned(),
            why,
            repeated: false,
        }
    }

    /// Writes down what happened beside a call.
    pub(super) async fn note(&self, call: &CallId, events: Vec<Event>) {
        let at = self.clock.now();
        let entries = events.into_iter().map(|event| Entry { call: Some(call.clone()), at, event }).collect();
        if let Err(error) = self.recorder.write(entries).await {
            tracing::error!(%call, %error, "what became of a credential could not be written down; the book of leases has it");
        }
    }
}

//! Who lends, and keeps count? Every credential that is out stands in the book of leases, from before it is made until nobody
//! can use it any more.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio_util::task::TaskTracker;

use super::custody::{Custody, Item};
use super::jwt::keys::Keys;
use super::lease::{self, Lease};
use super::maker::{Maker, Makers};
use super::material::SHORTEST;
use super::placing::{Placed, Placement};
use super::provider::{Bearer, Minted, NotMinted, Order};
use super::scrub::Scrub;
use super::wanted::Wanted;
use crate::audit::entry::{Event, Leased};
use crate::clock::{Clock, SystemClock, Timestamp};
use crate::gateway::recorder::Recorder;
use crate::policy::finding::span::Span;
use crate::secret::Secret;
use crate::store::Store;
use crate::store::leases::{KeptLease, LeaseState, Moved, Step};
use crate::telemetry::metrics::Metrics;

/// Everything that lends.
#[derive(Debug)]
pub struct Credentials {
    pub(super) makers: BTreeMap<Arc<str>, Maker>,
    keys: Option<Arc<Keys>>,
    pub(super) store: Store,
    pub(super) recorder: Recorder,
    pub(super) clock: Arc<dyn Clock>,
    /// This gateway, as long as it runs.
    pub(super) owner: String,
    /// How often it says that it is there.
    pub(super) pulse: Span,
    pub(super) metrics: Arc<Metrics>,
    /// What still has to be taken back.
    pub(super) tasks: TaskTracker,
}

/// What a call got: what it runs with, what ends it, and what is written down before it is used.
pub struct Lent {
    /// For [`crate::downstream::perform`].
    pub lease: Lease,
    /// Ends it.
    pub custody: Custody,
    /// What is written down first.
    pub events: Vec<Event>,
}

/// Why a call has no credential. The text holds no secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotLent {
    /// Asking again may help.
    #[error("the credential `{0}` cannot be made now: {1}")]
    Later(String, String),
    /// Asking again does not help.
    #[error("the credential `{0}` cannot be made: {1}")]
    Never(String, String),
}

impl std::fmt::Debug for Lent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lent").field("events", &self.events).finish_non_exhaustive()
    }
}

/// A credential may end this much later than was agreed, for clocks that differ.
const SKEW: i64 = 60_000_000;

impl Credentials {
    /// Of these providers.
    pub fn new(
        Makers { all, keys }: Makers,
        (store, recorder): (Store, Recorder),
        (clock, pulse): (Arc<dyn Clock>, Span),
        metrics: Arc<Metrics>,
    ) -> Arc<Self> {
        let makers = all.into_iter().map(|maker| (Arc::clone(&maker.name), maker)).collect();
        // Without chance there is a name all the same: it only tells gateways apart that run at once.
        let owner = lease::name(clock.now()).unwrap_or_else(|_| format!("{}", std::process::id()));
        Arc::new(Self { makers, keys, store, recorder, clock, owner, pulse, metrics, tasks: TaskTracker::new() })
    }

    /// For a command beside the gateways.
    pub fn beside(makers: Makers, store: Store, pulse: Span) -> Arc<Self> {
        let recorder = Recorder::start(store.clone());
        Self::new(makers, (store, recorder), (Arc::new(SystemClock), pulse), Arc::default())
    }

    /// What tokens are signed with, where any are.
    pub fn token_keys(&self) -> Option<Arc<Keys>> {
        self.keys.clone()
    }

    /// Whether the tokens callers came with are exchanged for others.
    pub fn takes_tokens(&self) -> bool {
        self.makers.values().any(Maker::takes_tokens)
    }

    /// The provider of this name.
    pub fn maker(&self, name: &str) -> Option<&Maker> {
        self.makers.get(name)
    }

    /// When others may think that this gateway is gone, unless it says something until then.
    pub(super) fn until(&self, now: Timestamp) -> Timestamp {
        let micros = i64::try_from(self.pulse.seconds()).unwrap_or(i64::MAX).saturating_mul(3_000_000);
        Timestamp::from_micros(now.micros().saturating_add(micros))
    }

    /// Makes what a call needs. The decision must be durable by now. Goes on when nobody waits for it any more, so that
    /// nothing that was made is forgotten.
    pub async fn lend(
        self: &Arc<Self>,
        wanted: Vec<Wanted>,
        placements: Vec<Placement>,
        bearer: Bearer,
    ) -> Result<Lent, NotLent> {
        let this = Arc::clone(self);
        let names = wanted.iter().map(|wanted| wanted.provider.as_str()).collect::<Vec<_>>().join(", ");
        let making = self.tasks.spawn(async move { this.make_all(&wanted, &placements, &bearer).await });
        let gone = || NotLent::Later(names, "the gateway is stopping".to_owned());
        making.await.unwrap_or_else(|_| Err(gone()))
    }

    async fn make_all(
        self: &Arc<Self>,
        wanted: &[Wanted],
        placements: &[Placement],
        bearer: &Bearer,
    ) -> Result<Lent, NotLent> {
        let mut custody = Custody::new(Arc::clone(self), bearer.call.clone());
        let (mut placed, mut secrets, mut events) = (Placed::default(), Vec::<Secret>::new(), Vec::new());
        for wanted in wanted {
            // Where this ends early, whatever was made until then is taken back as custody goes.
            let (item, minted) = self.make(wanted, bearer).await?;
            events.push(leased(wanted, &item, &minted));
            custody.add(item);
            let mut ours = placements.iter().filter(|placement| *placement.provider == *wanted.provider);
            let put = |placement: &Placement| placed.put(&placement.places, &minted.material);
            let done = fits(&minted).and_then(|()| ours.try_for_each(put).map_err(|lacks| lacks.to_string()));
            done.map_err(|why| NotLent::Never(wanted.provider.clone(), why))?;
            secrets.extend(minted.material.secrets().cloned());
        }
        let scrub = Arc::new(Scrub::of(secrets.iter().chain(placed.texts())));
        custody.watch(Arc::clone(&scrub));
        Ok(Lent { lease: Lease::new(bearer.digest, placed, scrub), custody, events })
    }

    /// Makes one credential; it stands in the book before and after.
    async fn make(&self, wanted: &Wanted, bearer: &Bearer) -> Result<(Item, Minted), NotLent> {
        let later = |why: String| NotLent::Later(wanted.provider.clone(), why);
        let never = |why: String| NotLent::Never(wanted.provider.clone(), why);
        let maker = self.maker(&wanted.provider).ok_or_else(|| never("it is not configured any more".to_owned()))?;
        let now = self.clock.now();
        let ttl = i64::try_from(wanted.ttl.seconds()).unwrap_or(i64::MAX).saturating_mul(1_000_000);
        let expires = Timestamp::from_micros(now.micros().saturating_add(ttl));
        let id = lease::name(now).map_err(|error| later(error.to_string()))?;
        let kept = KeptLease {
            id: id.clone(),
            call: bearer.call.to_string(),
            principal: bearer.principal.clone(),
            server: bearer.server.clone(),
            provider: wanted.provider.clone(),
            kind: wanted.kind.word().to_owned(),
            reaches: wanted.told(),
            handle: None,
            state: LeaseState::Minting,
            made: now,
            expires,
            tries: 0,
            trouble: None,
            ended: None,
        };
        let opened = self.store.open_lease(&kept, (&self.owner, self.until(now))).await;
        opened.map_err(|error| later(format!("the book of leases cannot be written: {error}")))?;
        crate::gateway::failpoint::Failpoint::Minting.reached();
        let begun = std::time::Instant::now();
        let order = Order { lease: &id, wanted, bearer, now, expires };
        let made = maker.mint(&order).await;
        self.metrics.minted(&wanted.provider, begun.elapsed(), made.is_ok());
        let item = Item { lease: id, provider: wanted.provider.clone(), handle: None, expires };
        let minted = match made {
            Ok(minted) => minted,
            Err(why) => return Err(self.not_made(item, wanted, (why, bearer)).await),
        };
        crate::gateway::failpoint::Failpoint::Minted.reached();
        let item = Item { handle: minted.handle.clone(), ..item };
        let too_long = minted.expires.micros() > expires.micros().saturating_add(SKEW);
        let ends = minted.expires.min(expires);
        let moved = self.store.lease_made((&item.lease, &self.owner), minted.handle.as_deref(), ends).await;
        let why = match moved {
            Ok(Moved::Yes) if too_long && !wanted.standing => "it lives longer than was agreed".to_owned(),
            Ok(Moved::Yes) => return Ok((item, minted)),
            Ok(Moved::No) => "it took so long that it was given up".to_owned(),
            Err(error) => format!("the book of leases cannot be written: {error}"),
        };
        self.take_back_now(item, &bearer.call).await;
        Err(if too_long { never(why) } else { later(why) })
    }

    /// None was made, or perhaps one was: then it is taken back like any other.
    async fn not_made(&self, item: Item, wanted: &Wanted, (why, bearer): (NotMinted, &Bearer)) -> NotLent {
        let provider = wanted.provider.clone();
        let text = match why {
            NotMinted::Unavailable(text) => NotLent::Later(provider, text),
            NotMinted::Refused(text) => NotLent::Never(provider, text),
            NotMinted::Unsure(text) => {
                self.take_back_now(item, &bearer.call).await;
                return NotLent::Later(provider, text);
            }
        };
        let now = self.clock.now();
        let why = text.to_string();
        let step = Step { state: LeaseState::NotMade, trouble: Some(&why), next_try: now, now };
        if let Err(error) = self.store.step_lease((&item.lease, &self.owner), &step).await {
            tracing::warn!(lease = item.lease, %error, "a credential that was not made is looked for all the same");
        }
        text
    }
}

/// What was made must be a credential that can be kept out of results.
fn fits(minted: &Minted) -> Result<(), String> {
    let short = minted.material.secrets().any(|secret| secret.expose().len() < SHORTEST);
    if short {
        Err(format!("it has fewer than {SHORTEST} characters, and could not be kept out of results"))
    } else {
        Ok(())
    }
}

fn leased(wanted: &Wanted, item: &Item, minted: &Minted) -> Event {
    Event::Leased(Leased {
        lease: item.lease.clone(),
        provider: wanted.provider.clone(),
        kind: wanted.kind.word(),
        findings: wanted.findings.clone(),
        reaches: wanted.told(),
        into: wanted.into.clone(),
        handle: item.handle.clone(),
        expires: minted.expires.to_string(),
        standing: wanted.standing,
    })
}

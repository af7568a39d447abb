//! How does what happened reach those who are to hear of it?
//!
//! Two steps, each of which may be done twice without harm. Notices become deliveries, one for each channel and recipient, named
//! after what they are of. Deliveries are claimed by one gateway for a while, carried, and written down. Each channel has its
//! own few carriers, so that one that is slow or down delays nobody else, and no call waits for any of them.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde::Deserialize;
use tokio::sync::{Notify, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use url::Url;

use super::automation::{Decided, Decision};
use super::message::{Matter, Message};
use super::notice::{Notice, What};
use super::{Channel, Channels, Parcel, Went};
use crate::approval::state::State;
use crate::clock::{Timestamp, chance};
use crate::digest::Digest;
use crate::gateway::desk::Desk;
use crate::review::answer::read;
use crate::review::fault::Fault;
use crate::store::deliveries::{Attempt, Delivery, Onward, Standing};
use crate::store::{Store, StoreError};

/// Where notices become deliveries, and deliveries are carried.
#[derive(Debug)]
pub struct Outbox {
    desk: Arc<Desk>,
    store: Store,
    channels: Channels,
    pages: Option<Url>,
    made: Notify,
    /// Channels whose last message was not taken.
    failing: Mutex<BTreeSet<String>>,
}

/// How often somebody looks for what other gateways, and the time, have to tell.
const LOOK: Duration = Duration::from_millis(250);
/// How often a channel is looked after that was not told of anything.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// So many notices are taken at once.
const MOST_NOTICES: i64 = 128;
/// So many messages are carried by one channel at once.
const CARRIERS: usize = 4;
/// How long a gateway has beyond what the channel may take, before another one may carry the message.
const MARGIN: Duration = Duration::from_secs(5);

impl Outbox {
    /// An outbox for these channels; people find calls below this address.
    pub fn new(desk: Arc<Desk>, store: Store, channels: Channels, pages: Option<Url>) -> Arc<Self> {
        Arc::new(Self { desk, store, channels, pages, made: Notify::new(), failing: Mutex::default() })
    }

    /// Its channels.
    pub const fn channels(&self) -> &Channels {
        &self.channels
    }

    /// Where people find calls.
    pub const fn pages(&self) -> Option<&Url> {
        self.pages.as_ref()
    }

    /// The channels whose last message was not taken, as far as this gateway knows.
    pub fn failing(&self) -> Vec<String> {
        self.failing.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    /// Works until everything stops.
    pub async fn run(self: Arc<Self>, stop: CancellationToken) {
        let carriers = TaskTracker::new();
        for name in self.channels.keys() {
            carriers.spawn(Arc::clone(&self).attend(name.clone(), stop.clone()));
        }
        carriers.close();
        let mut ticks = tokio::time::interval(LOOK);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut following = self.desk.follow();
        loop {
            let heard = async {
                match &mut following {
                    Some(following) => drop(following.next().await),
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = stop.cancelled() => break,
                () = heard => {}
                _ = ticks.tick() => {}
            }
            if let Err(error) = self.tell().await {
                tracing::warn!(%error, "what happened to calls is not told yet; it is tried again by itself");
            }
        }
        carriers.wait().await;
    }

    /// Makes deliveries of everything that is to be told by now.
    pub async fn tell(&self) -> Result<(), StoreError> {
        loop {
            let now = self.desk.now().await?;
            let notices = self.store.notices_due(now, MOST_NOTICES).await?;
            let all = i64::try_from(notices.len()).unwrap_or(MOST_NOTICES) < MOST_NOTICES;
            for notice in &notices {
                self.make(notice, now).await?;
            }
            if !notices.is_empty() {
                self.made.notify_waiters();
            }
            if all {
                return Ok(());
            }
        }
    }

    async fn make(&self, notice: &Notice, now: Timestamp) -> Result<(), StoreError> {
        let kept = match self.store.find_approval(&notice.approval).await {
            Ok(Some(kept)) => kept,
            Ok(None) => return self.store.drop_notice(&notice.id).await,
            Err(StoreError::Unreadable(what)) => {
                tracing::error!(notice = notice.id, what, "a change of a call cannot be told; it is in the record");
                return self.store.drop_notice(&notice.id).await;
            }
            Err(error) => return Err(error),
        };
        let pending = kept.approval.due(now).is_none() && kept.approval.state == State::Pending;
        // What was to be told later is told only if it is still so.
        let told_early = notice.what == What::Escalated && kept.approval.escalated.is_some();
        let moot = notice.revision == 0 && (!pending || told_early);
        if !moot {
            for (name, channel) in &self.channels {
                let matter = Matter::of(&kept, channel.details, self.pages.as_ref(), now)?;
                let in_vain = channel.is_read_by_people() && notice.what.asks() && !pending;
                if in_vain || !channel.hears(notice.what, &matter) {
                    continue;
                }
                let message = Message::of(notice.what, notice.due, matter);
                let id = delivery_id(name, "", &notice.id);
                let delivery = Delivery::new((id, name.clone(), String::new()), message, now, now);
                self.store.put_delivery(&delivery).await?;
            }
        }
        if !kept.approval.is_open() {
            self.store.drop_later_notices(&notice.approval).await?;
        }
        self.store.drop_notice(&notice.id).await
    }

    /// Looks after one channel.
    async fn attend(self: Arc<Self>, name: String, stop: CancellationToken) {
        let carriers = Arc::new(Semaphore::new(CARRIERS));
        let carried = TaskTracker::new();
        let mut ticks = tokio::time::interval(LOOK_AGAIN);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                () = self.made.notified() => {}
                _ = ticks.tick() => {}
            }
            if let Err(error) = self.carry(&name, (&carriers, &carried), &stop).await {
                tracing::warn!(channel = name, %error, "nothing is delivered; it is tried again by itself");
            }
        }
        carried.close();
        carried.wait().await;
    }

    /// Carries what a channel is to be given by now.
    async fn carry(
        self: &Arc<Self>,
        name: &str,
        (carriers, carried): (&Arc<Semaphore>, &TaskTracker),
        stop: &CancellationToken,
    ) -> Result<(), StoreError> {
        let Some(patience) = self.channels.get(name).map(Channel::patience) else { return Ok(()) };
        loop {
            let due = self.store.deliveries_due(name, self.desk.now().await?, MOST_NOTICES).await?;
            if due.is_empty() || self.is_closed(name).await? {
                return Ok(());
            }
            for delivery in due {
                let permit = tokio::select! {
                    () = stop.cancelled() => return Ok(()),
                    permit = Arc::clone(carriers).acquire_owned() => permit,
                };
                let Ok(permit) = permit else { return Ok(()) };
                let until = later(self.desk.now().await?, patience.saturating_add(MARGIN));
                let Some(claimed) = self.store.claim_delivery(&delivery, until).await? else { continue };
                let outbox = Arc::clone(self);
                carried.spawn(async move {
                    outbox.deliver(&claimed).await;
                    drop(permit);
                });
            }
        }
    }

    async fn is_closed(&self, name: &str) -> Result<bool, StoreError> {
        Ok(self.store.closed_channels().await?.iter().any(|(closed, _)| closed == name))
    }

    /// One attempt at a delivery that was claimed.
    async fn deliver(&self, delivery: &Delivery) {
        let Some(channel) = self.channels.get(&delivery.channel) else { return };
        let Ok(now) = self.desk.now().await else { return };
        let (to, message) = (delivery.to.clone(), delivery.message.clone());
        let parcel = Parcel { id: delivery.id.clone(), to, message, attempt: delivery.tries, now };
        let begun = Instant::now();
        let (went, reply) = channel.deliver(&parcel).await;
        let took = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.note(&delivery.channel, matches!(went, Went::Taken { .. }));
        let (onward, said) = self.onward(delivery, went, now).await;
        let attempt = Attempt { at: now, took, said };
        if let Err(error) = self.store.settle_delivery(delivery, attempt, onward).await {
            tracing::warn!(delivery = delivery.id, %error, "what became of a delivery is not written down; it is made again");
        }
        if let Some(reply) = reply {
            self.decide((&delivery.channel, channel), &parcel.message, &reply).await;
        }
    }

    fn note(&self, channel: &str, taken: bool) {
        let mut failing = self.failing.lock().unwrap_or_else(PoisonError::into_inner);
        if taken {
            failing.remove(channel);
        } else {
            failing.insert(channel.to_owned());
        }
    }

    async fn onward(&self, delivery: &Delivery, went: Went, now: Timestamp) -> (Onward, String) {
        let (name, id) = (delivery.channel.as_str(), delivery.id.as_str());
        match went {
            Went::Taken { said } => (Onward::Over(Standing::Delivered), said),
            Went::Later { why, after } => {
                let byte = chance::<1>().map_or(128, |[byte]| byte);
                let Some(at) = super::patience::next((delivery.made, now), delivery.tries, after, byte) else {
                    tracing::error!(
                        channel = name,
                        delivery = id,
                        why,
                        "a message is given up; people can still answer in the inbox"
                    );
                    return (Onward::Over(Standing::Dead), why);
                };
                tracing::warn!(channel = name, delivery = id, why, again = %at, "a message was not taken");
                (Onward::Again(at), why)
            }
            Went::Refused { why } => {
                tracing::error!(channel = name, delivery = id, why, "a message cannot be delivered");
                (Onward::Over(Standing::Dead), why)
            }
            Went::Gone { why } => {
                tracing::error!(
                    channel = name,
                    why,
                    "the channel is closed; `countersign channels test {name}` opens it again"
                );
                if let Err(error) = self.store.close_channel(name, &why, now).await {
                    tracing::warn!(channel = name, %error, "that it is closed is not written down");
                }
                (Onward::Over(Standing::Dead), why)
            }
        }
    }

    /// Has a program decide that may, by its reply. A reply that is no decision is none.
    async fn decide(&self, (name, channel): (&str, &Channel), message: &Message, reply: &[u8]) {
        let (Some(automation), Some(matter)) = (&channel.answers, message.matter()) else { return };
        let said: Result<Replied, Fault> = read(reply);
        let decided = match said {
            Ok(Replied { decision, reason }) => {
                let (id, digest) = (matter.id.clone(), matter.digest.clone());
                automation.decide(&self.desk, name, Decision { decision, reason, id, digest }).await
            }
            Err(fault) => Err(fault),
        };
        match decided {
            Ok(state) => tracing::info!(channel = name, call = matter.id, state, "a program has decided"),
            Err(fault) => tracing::warn!(channel = name, call = matter.id, %fault, "a reply decides nothing"),
        }
    }
}

/// What stands in a reply that decides about the message it is to.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Replied {
    decision: Decided,
    reason: Option<String>,
}

/// Names a delivery: the same one for the same change, channel and recipient. Without a full stop, which would end the
/// id in what is signed.
pub fn delivery_id(channel: &str, to: &str, notice: &str) -> String {
    let named = [channel, to, notice].join("\0");
    let digest = Digest::of_bytes("delivery", named.as_bytes()).to_string();
    format!("msg_{}", digest.trim_start_matches("sha256:").get(..32).unwrap_or_default())
}

fn later(now: Timestamp, by: Duration) -> Timestamp {
    Timestamp::from_micros(now.micros().saturating_add(i64::try_from(by.as_micros()).unwrap_or(i64::MAX)))
}

//! How is a message carried, and how does it go on when it was not taken?
//!
//! Each channel has its own few carriers, so that one that is slow or down delays nobody else.

use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use serde::Deserialize;
use tokio::sync::{Notify, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::{MOST_NOTICES, Outbox, delivery_id, later};
use crate::channels::automation::{Decided, Decision};
use crate::channels::message::Message;
use crate::channels::{Channel, Parcel, Went, patience};
use crate::clock::{Timestamp, chance};
use crate::review::answer::read;
use crate::review::fault::Fault;
use crate::store::StoreError;
use crate::store::deliveries::{Attempt, Delivery, Onward, Standing};

/// How often a channel is looked after that was not told of anything.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// So many messages are carried by one channel at once.
const CARRIERS: usize = 4;
/// How long a gateway has beyond what the channel may take, before another one may carry the message.
const MARGIN: Duration = Duration::from_secs(5);

impl Outbox {
    /// Looks after one channel.
    pub(super) async fn attend(self: Arc<Self>, name: String, stop: CancellationToken) {
        let carriers = Arc::new(Semaphore::new(CARRIERS));
        let carried = TaskTracker::new();
        let mut ticks = tokio::time::interval(LOOK_AGAIN);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                () = self.made_for(&name) => {}
                _ = ticks.tick() => {}
            }
            if let Err(error) = self.carry(&name, (&carriers, &carried), &stop).await {
                tracing::warn!(channel = name, %error, "nothing is delivered; it is tried again by itself");
            }
        }
        carried.close();
        carried.wait().await;
    }

    /// Says that there may be something to carry.
    pub(super) fn wake(&self) {
        self.made.values().for_each(Notify::notify_one);
    }

    async fn made_for(&self, name: &str) {
        match self.made.get(name) {
            Some(made) => made.notified().await,
            None => std::future::pending().await,
        }
    }

    /// Carries what a channel is to be given by now.
    async fn carry(
        self: &Arc<Self>,
        name: &str,
        (carriers, carried): (&Arc<Semaphore>, &TaskTracker),
        stop: &CancellationToken,
    ) -> Result<(), StoreError> {
        let Some(channel) = self.channels.get(name) else { return Ok(()) };
        loop {
            let due = self.store.deliveries_due(name, self.desk.now().await?, MOST_NOTICES).await?;
            if due.is_empty() || self.is_closed(name).await? {
                return Ok(());
            }
            let due = if channel.is_read_by_people() { self.without_storms(due).await? } else { due };
            for delivery in due {
                let permit = tokio::select! {
                    () = stop.cancelled() => return Ok(()),
                    permit = Arc::clone(carriers).acquire_owned() => permit,
                };
                let Ok(permit) = permit else { return Ok(()) };
                let until = later(self.desk.now().await?, channel.patience().saturating_add(MARGIN));
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
        let parcel = Parcel { id: delivery.id.clone(), to, message, now };
        let begun = Instant::now();
        let carried = tokio::time::timeout(channel.patience(), channel.deliver(&parcel, &self.store)).await;
        let late = || Went::Later { why: "it took longer than it may".to_owned(), after: None };
        let (went, reply) = carried.unwrap_or_else(|_| (late(), None));
        let took = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.note(&delivery.channel, matches!(went, Went::Taken { .. }));
        // Before it is written down that it was delivered: a program that is asked again says the same, and one that is not says nothing.
        if let Some(reply) = reply {
            self.decide((&delivery.channel, channel), &parcel.message, &reply).await;
        }
        let (onward, said) = self.onward(delivery, went, now).await;
        let attempt = Attempt { at: now, took, said };
        if let Err(error) = self.store.settle_delivery(delivery, attempt, onward).await {
            tracing::warn!(delivery = delivery.id, %error, "what became of a delivery is not written down; it is made again");
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

    /// Tells every other channel that needs no address what somebody was to be asked who cannot be told.
    async fn tell_instead(&self, delivery: &Delivery, now: Timestamp) {
        let (what, Some(matter)) = (delivery.message.what, delivery.message.matter()) else { return };
        if !what.asks() {
            return;
        }
        let others = |(name, _): &(&String, &Channel)| **name != delivery.channel;
        let open = |(name, _): &(&String, &Channel)| !self.routes.addressed.contains(*name);
        let takes = |(_, channel): &(&String, &Channel)| channel.filter.takes(what, matter.risk);
        let made: Vec<Delivery> = self
            .channels
            .iter()
            .filter(|one| others(one) && open(one) && takes(one))
            .map(|(name, _)| {
                let id = delivery_id(name, "", &format!("in the place of {}", delivery.id));
                Delivery::new((id, name.clone(), String::new()), delivery.message.clone(), now, now)
            })
            .collect();
        if let Err(error) = self.store.put_deliveries(&made, &[]).await {
            tracing::warn!(delivery = delivery.id, %error, "nobody else is told");
        }
        self.wake();
    }

    async fn onward(&self, delivery: &Delivery, went: Went, now: Timestamp) -> (Onward, String) {
        let (name, id) = (delivery.channel.as_str(), delivery.id.as_str());
        match went {
            Went::Taken { said } => (Onward::Over(Standing::Delivered), said),
            Went::Later { why, after } => {
                let byte = chance::<1>().map_or(128, |[byte]| byte);
                let Some(at) = patience::next((delivery.made, now), delivery.tries, after, byte) else {
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
                self.tell_instead(delivery, now).await;
                tracing::error!(channel = name, delivery = id, why, "a message cannot be delivered");
                (Onward::Over(Standing::Dead), why)
            }
            Went::Gone { why } => {
                self.tell_instead(delivery, now).await;
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

//! What is told at once where too much would be told one by one?

use std::collections::{BTreeMap, BTreeSet};

use super::{Outbox, delivery_id};
use crate::approval::state::State;
use crate::channels::digest::{Many, Waiting, plan};
use crate::channels::message::{Matter, Message};
use crate::clock::Timestamp;
use crate::store::StoreError;
use crate::store::deliveries::{Delivery, Standing, Wanted};

/// So many of a channel's last messages are looked at for when somebody was asked.
const MOST_LOOKED_AT: i64 = 256;

impl Outbox {
    /// What of this is delivered now, one by one. What is gathered meanwhile is due later; what one message tells of is
    /// delivered as that message.
    pub(super) async fn without_storms(&self, due: Vec<Delivery>) -> Result<Vec<Delivery>, StoreError> {
        let (asking, mut now_due): (Vec<Delivery>, Vec<Delivery>) =
            self.still_asking(due).await?.into_iter().partition(|one| one.message.what.asks() && one.tries == 0);
        let mut by_recipient: BTreeMap<String, Vec<Delivery>> = BTreeMap::new();
        for one in asking {
            by_recipient.entry(one.to.clone()).or_default().push(one);
        }
        for (to, waiting) in by_recipient {
            now_due.extend(self.calmed(&to, waiting).await?);
        }
        Ok(now_due)
    }

    async fn calmed(&self, to: &str, all: Vec<Delivery>) -> Result<Vec<Delivery>, StoreError> {
        let Some(channel) = all.first().map(|one| one.channel.clone()) else { return Ok(all) };
        let now = self.desk.now().await?;
        let waiting: Vec<Waiting> = all.iter().filter_map(waiting).collect();
        let plan = plan(&waiting, &self.asked((&channel, to), now).await?, now);
        let found = |id: &String| all.iter().find(|one| one.id == *id);
        if let Some(many) = &plan.many {
            self.store.put_deliveries(&[gathered((&channel, to), many, &all, now)], &[]).await?;
            for one in many.all().filter_map(found) {
                self.store.merge_delivery(one).await?;
            }
            // It is due at once.
            self.wake();
        }
        if let Some(again) = plan.again {
            for one in plan.later.iter().filter_map(found) {
                self.store.postpone_delivery(one, again).await?;
            }
        }
        let singly: BTreeSet<&String> = plan.singly.iter().collect();
        Ok(all.iter().filter(|one| singly.contains(&one.id)).cloned().collect())
    }

    /// Without what asks people about a call that nobody can answer any more: what became of it is told by another message.
    async fn still_asking(&self, due: Vec<Delivery>) -> Result<Vec<Delivery>, StoreError> {
        let mut still = Vec::with_capacity(due.len());
        for one in due {
            let call = one.approval.as_deref().filter(|_| one.message.what.asks());
            let kept = match call {
                // One that cannot be read keeps no other message from being carried.
                Some(call) => self.store.find_approval(call).await.ok().flatten(),
                None => None,
            };
            if kept.is_some_and(|kept| kept.approval.state != State::Pending) {
                self.store.merge_delivery(&one).await?;
            } else {
                still.push(one);
            }
        }
        Ok(still)
    }

    /// When this recipient was asked singly; what is on its way to them is asked now.
    async fn asked(&self, (channel, to): (&str, &str), now: Timestamp) -> Result<Vec<Timestamp>, StoreError> {
        let wanted = Wanted { channel: Some(channel), ..Wanted::default() };
        let last = self.store.deliveries(wanted, MOST_LOOKED_AT).await?;
        let singly = |one: &&Delivery| one.to == to && one.message.what.asks() && one.state != Standing::Merged;
        let when = |one: &Delivery| match one.log.last() {
            Some(attempt) => Some(attempt.at),
            None => (one.tries > 0).then_some(now),
        };
        Ok(last.iter().filter(singly).filter_map(when).collect())
    }
}

fn waiting(delivery: &Delivery) -> Option<Waiting> {
    let matter = delivery.message.matter()?;
    Some(Waiting { id: delivery.id.clone(), made: delivery.made, risk: matter.risk })
}

/// One message in the place of several; the same one for the same ones.
fn gathered((channel, to): (&str, &str), many: &Many, all: &[Delivery], now: Timestamp) -> Delivery {
    let named = many.named.iter().filter_map(|id| all.iter().find(|one| one.id == *id));
    let matters: Vec<Matter> = named.filter_map(|one| one.message.matter().cloned()).collect();
    let ids: Vec<&str> = many.all().map(String::as_str).collect();
    let message = Message::many(now, matters, many.counted.len());
    let id = delivery_id(channel, to, &ids.join(" "));
    Delivery::new((id, channel.to_owned(), to.to_owned()), message, now, now)
}

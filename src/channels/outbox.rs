//! How does what happened reach those who are to hear of it?
//!
//! Two steps, each of which may be done twice without harm. Notices become deliveries, one for each channel and recipient, named
//! after what they are of. Deliveries are claimed by one gateway for a while, carried, and written down; no call waits for any
//! of it. Whoever was told of a call hears of its end too, wherever routes lead by then.

mod carrying;
mod storm;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use url::Url;

use super::message::{Details, Matter, Message};
use super::notice::{Notice, What};
use super::on_call::Duties;
use super::routing::asked::AskedNow;
use super::routing::{Recipient, Routes, Told, recipients};
use super::slack::Slack;
use super::slack::answer::Room;
use super::{Channel, Channels};
use crate::approval::state::State;
use crate::clock::Timestamp;
use crate::digest::Digest;
use crate::gateway::desk::Desk;
use crate::store::approvals::KeptApproval;
use crate::store::deliveries::{Delivery, Wanted};
use crate::store::{Store, StoreError};

/// Where notices become deliveries, and deliveries are carried.
#[derive(Debug)]
pub struct Outbox {
    desk: Arc<Desk>,
    store: Store,
    channels: Channels,
    routes: Routes,
    duties: Duties,
    pages: Option<Url>,
    /// Wakes whoever looks after a channel, also one who is about to look away.
    made: BTreeMap<String, Notify>,
    /// Channels whose last message was not taken.
    failing: Mutex<BTreeSet<String>>,
}

/// How often somebody looks for what other gateways, and the time, have to tell.
const LOOK: Duration = Duration::from_millis(250);
/// How often messages that are long over are forgotten, and how long they are kept.
const SWEEP: Duration = Duration::from_mins(10);
const KEPT: Duration = Duration::from_hours(7 * 24);
/// A gateway without channels forgets what nobody was told of in so long.
const OLD: Duration = Duration::from_hours(24);
/// So many notices are taken at once.
const MOST_NOTICES: i64 = 128;

impl Outbox {
    /// An outbox for these channels; people find calls below this address.
    pub fn new(
        (desk, store): (Arc<Desk>, Store),
        channels: Channels,
        (routes, duties): (Routes, Duties),
        pages: Option<Url>,
    ) -> Arc<Self> {
        let made = channels.keys().map(|name| (name.clone(), Notify::new())).collect();
        Arc::new(Self { desk, store, channels, routes, duties, pages, made, failing: Mutex::default() })
    }

    /// Its channels.
    pub const fn channels(&self) -> &Channels {
        &self.channels
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
        let rooms: Vec<&Arc<Slack>> = self.channels.values().filter_map(Channel::slack).collect();
        for slack in &rooms {
            carriers.spawn(Arc::clone(slack).listen(self.room(), stop.clone()));
        }
        carriers.close();
        let mut ticks = tokio::time::interval(LOOK);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        // Whoever has nobody to tell looks at nothing.
        let tells = !self.channels.is_empty();
        let mut following = tells.then(|| self.desk.follow()).flatten();
        let mut sweeps = tokio::time::interval(SWEEP);
        sweeps.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
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
                _ = ticks.tick(), if tells => {}
                _ = sweeps.tick() => self.sweep().await,
            }
            if tells && let Err(error) = self.tell().await {
                tracing::warn!(%error, "what happened to calls is not told yet; it is tried again by itself");
            }
        }
        carriers.wait().await;
        for slack in rooms {
            slack.tasks.close();
            slack.tasks.wait().await;
        }
    }

    /// Where what comes back by a channel is brought.
    pub fn room(&self) -> Room {
        Room { desk: Arc::clone(&self.desk), store: self.store.clone(), pages: self.pages.clone() }
    }

    /// Forgets messages that are long over.
    async fn sweep(&self) {
        let swept = async {
            let now = self.desk.now().await?;
            if self.channels.is_empty() {
                // A gateway beside this one may have channels; what nobody told in a day, nobody wants to hear.
                self.store.drop_notices_before(earlier(now, OLD)).await?;
            }
            self.store.sweep_deliveries(earlier(now, KEPT)).await
        };
        if let Err(error) = swept.await {
            tracing::warn!(%error, "messages that are long over are not forgotten yet");
        }
    }

    /// Makes deliveries of everything that is to be told by now.
    pub async fn tell(&self) -> Result<(), StoreError> {
        loop {
            let now = self.desk.now().await?;
            let notices = self.store.notices_due(now, MOST_NOTICES).await?;
            let all = i64::try_from(notices.len()).unwrap_or(MOST_NOTICES) < MOST_NOTICES;
            if !notices.is_empty() {
                let mut made = Vec::new();
                for notice in &notices {
                    made.extend(self.made_of(notice, now).await?);
                }
                let told: Vec<&str> = notices.iter().map(|notice| notice.id.as_str()).collect();
                self.store.put_deliveries(&made, &told).await?;
                self.wake();
            }
            if all {
                return Ok(());
            }
        }
    }

    /// The deliveries a notice becomes.
    async fn made_of(&self, notice: &Notice, now: Timestamp) -> Result<Vec<Delivery>, StoreError> {
        let kept = match self.store.find_approval(&notice.approval).await {
            Ok(Some(kept)) => kept,
            Ok(None) => return Ok(Vec::new()),
            Err(error) => return untold(notice, error),
        };
        if !kept.approval.is_open() {
            self.store.drop_later_notices(&notice.approval).await?;
        }
        let pending = kept.approval.due(now).is_none() && kept.approval.state == State::Pending;
        // What was to be told later is told only if it is still so.
        let told_early = notice.what == What::Escalated && kept.approval.escalated.is_some();
        if notice.revision == 0 && (!pending || told_early) {
            return Ok(Vec::new());
        }
        let mut made = Vec::new();
        let hearers = match self.hearers(&kept, notice, now).await {
            Ok(hearers) => hearers,
            Err(error) => return untold(notice, error),
        };
        for (to, matter) in hearers {
            // People need not be asked what nobody can answer any more.
            let people = self.channels.get(&to.channel).is_some_and(Channel::is_read_by_people);
            if people && notice.what.asks() && !pending {
                continue;
            }
            let id = delivery_id(&to.channel, &to.to, &notice.id);
            let message = Message::of(notice.what, notice.due, matter);
            made.push(Delivery::new((id, to.channel, to.to), message, now, now));
        }
        Ok(made)
    }

    /// Who hears of it, and what each of them is told.
    async fn hearers(
        &self,
        kept: &KeptApproval,
        notice: &Notice,
        now: Timestamp,
    ) -> Result<Vec<(Recipient, Matter)>, StoreError> {
        let matter = |details| Matter::of(kept, details, self.pages.as_ref(), now);
        let thin = matter(Details::Thin)?;
        let asked = AskedNow::of(&kept.approval, &self.desk.people.load(), now);
        let on_call = self.duties.now().await;
        let told = Told { matter: &thin, what: notice.what, asked: &asked, on_call: &on_call, now };
        let closed = self.store.closed_channels().await?;
        let heard = recipients(&self.routes.without(closed.iter().map(|(name, _)| name)), &told);
        if let Some(beside) = heard.beside {
            tracing::warn!(call = thin.id, what = notice.what.word(), "{}", beside.text());
        }
        let mut all = heard.recipients;
        if !notice.what.asks() {
            let before = Wanted { approval: Some(&thin.id), ..Wanted::default() };
            for delivery in self.store.deliveries(before, MOST_NOTICES).await? {
                let takes = |channel: &Channel| channel.filter.takes(notice.what, thin.risk);
                if self.channels.get(&delivery.channel).is_some_and(takes) {
                    all.insert(Recipient { channel: delivery.channel, to: delivery.to });
                }
            }
        }
        let mut hearers = Vec::new();
        for recipient in all {
            let Some(channel) = self.channels.get(&recipient.channel) else { continue };
            let matter = if channel.details == Details::Thin { thin.clone() } else { matter(channel.details)? };
            hearers.push((recipient, matter));
        }
        Ok(hearers)
    }
}

/// What cannot be read must not keep everything else from being told.
fn untold(notice: &Notice, error: StoreError) -> Result<Vec<Delivery>, StoreError> {
    let StoreError::Unreadable(what) = error else { return Err(error) };
    tracing::error!(notice = notice.id, what, "a change of a call cannot be told; it is in the record");
    Ok(Vec::new())
}

/// Names a delivery: the same one for the same change, channel and recipient. Without a full stop, which would end the
/// id in what is signed.
pub fn delivery_id(channel: &str, to: &str, notice: &str) -> String {
    let named = [channel, to, notice].join("\0");
    let digest = Digest::of_bytes("delivery", named.as_bytes()).to_string();
    format!("msg_{}", digest.trim_start_matches("sha256:").get(..32).unwrap_or_default())
}

fn earlier(now: Timestamp, by: Duration) -> Timestamp {
    Timestamp::from_micros(now.micros().saturating_sub(i64::try_from(by.as_micros()).unwrap_or(i64::MAX)))
}

fn later(now: Timestamp, by: Duration) -> Timestamp {
    Timestamp::from_micros(now.micros().saturating_add(i64::try_from(by.as_micros()).unwrap_or(i64::MAX)))
}

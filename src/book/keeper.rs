//! When does the log grow, and when is it signed?

use std::mem;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::BookError;
use super::growth::{Links, grow};
use super::memory::{Remembered, compare};
use super::watch::{BATCH, Watch};
use crate::audit::checkpoint::Checkpoint;
use crate::audit::note::Signer;
use crate::audit::tree::Edge;
use crate::clock::{Clock, Timestamp, chance};
use crate::digest::hex;
use crate::store::Store;
use crate::store::log::checkpoints::KeptCheckpoint;
use crate::store::log::rows::RawEntry;
use crate::store::log::{Head, signed, unsigned};
use crate::telemetry::metrics::Metrics;

/// How often is looked for entries, also of other processes.
const LOOK: Duration = Duration::from_millis(100);
/// So many are written at once: calls wait meanwhile.
const CHUNK: usize = 24;
/// How long a lead lasts that nobody renews.
const LEAD_MICROS: i64 = 5_000_000;
/// How often a log is signed that grows.
const SIGN_MICROS: i64 = 1_000_000;
/// How often a log is signed that does not: silence is told from a log that ended.
const HEARTBEAT_MICROS: i64 = 600_000_000;
/// Nothing was signed.
const NEVER: (u64, Timestamp) = (0, Timestamp::from_micros(0));
/// Checkpoints older than this are thinned out.
const EVERY_ONE_MICROS: i64 = 3_600_000_000;

/// How far the log is behind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lag {
    /// Leaves under the last checkpoint.
    pub size: u64,
    /// When that was signed, here or elsewhere as far as this gateway knows.
    pub signed: Option<Timestamp>,
    /// Since when the oldest entry waits that is not under a checkpoint; none when there is none.
    pub waits_since: Option<Timestamp>,
}

/// Keeps the log of a store, if no other gateway does.
#[derive(Debug)]
pub struct BookKeeper {
    store: Store,
    clock: Arc<dyn Clock>,
    name: String,
    remembered: Remembered,
    lag: Mutex<Lag>,
    leads: AtomicBool,
}

/// Whether what is known of the log is still so.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kept {
    Same,
    Anew,
}

/// What whoever leads knows.
#[derive(Debug)]
struct Lead {
    head: Head,
    edge: Edge,
    links: Links,
    watch: Watch,
    first: bool,
    signed: (u64, Timestamp),
    /// When the lead was taken or renewed.
    taken: Timestamp,
}

impl BookKeeper {
    /// Looks whether the database is the one that was signed.
    pub async fn open(store: Store, clock: Arc<dyn Clock>) -> Result<Arc<Self>, BookError> {
        let remembered = Remembered::of(&store);
        if let Some(note) = remembered.read()? {
            compare(&store, &store.log_head().await?, &note).await?;
        }
        let name = hex(&chance::<8>().map_err(|_| BookError::Stopping)?);
        Ok(Arc::new(Self { store, clock, name, remembered, lag: Mutex::default(), leads: AtomicBool::default() }))
    }

    /// How far the log is behind, as far as this gateway knows.
    pub fn lag(&self) -> Lag {
        *self.lag.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether this gateway is the one that keeps the log, as far as it knows.
    pub fn leads(&self) -> bool {
        self.leads.load(Ordering::Relaxed)
    }

    /// Keeps the log until everything stops, and then once more.
    pub async fn run(self: Arc<Self>, stop: CancellationToken, metrics: Arc<Metrics>) {
        let mut lead = None;
        let mut ticks = tokio::time::interval(LOOK);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = ticks.tick() => {}
            }
            match self.turn(&mut lead).await {
                Ok(()) if self.lag().waits_since.is_none() => metrics.log.caught_up(self.clock.now()),
                Ok(()) => {}
                Err(error) => {
                    lead = None;
                    self.trouble(&error);
                }
            }
            self.leads.store(lead.is_some(), Ordering::Relaxed);
        }
    }

    /// Brings every entry into the log and signs it: when a gateway leaves, and for whoever wants to read the log now.
    pub async fn finish(&self) -> Result<(), BookError> {
        let mut lead = None;
        self.lead(&mut lead).await?;
        let Some(mut ours) = lead else { return Ok(()) };
        if self.catch_up(&mut ours, Vec::new()).await? {
            self.sign(&mut ours).await?;
        }
        Ok(self.store.let_log_go(&self.name).await?)
    }

    fn trouble(&self, error: &BookError) {
        if let BookError::Diverged(why) = error {
            self.store.appender().refuse(why.clone());
        }
        tracing::error!(%error, "the log is not kept");
    }

    /// Nothing is written while nothing happens, so that a gateway at rest leaves its disk alone.
    async fn turn(&self, lead: &mut Option<Lead>) -> Result<(), BookError> {
        let found = match lead {
            Some(ours) => ours.watch.next(&self.store, ours.first).await?,
            None => Vec::new(),
        };
        let (waits, signed) = match lead {
            Some(ours) => (!found.is_empty(), ours.signed),
            None => self.follow().await?,
        };
        let (since, grown) = (self.since(signed.1), lead.as_ref().is_some_and(|ours| ours.head.size > signed.0));
        if !waits && !grown && since < HEARTBEAT_MICROS {
            return Ok(());
        }
        let kept = self.lead(lead).await? == Kept::Same;
        let Some(ours) = lead else { return Ok(()) };
        if !self.catch_up(ours, if kept { found } else { Vec::new() }).await? {
            *lead = None;
            return Ok(());
        }
        let due = if ours.head.size > ours.signed.0 { SIGN_MICROS } else { HEARTBEAT_MICROS };
        if self.since(ours.signed.1) >= due {
            self.sign(ours).await?;
        }
        Ok(())
    }

    /// How long ago it was. A clock that was set back does not keep the log unsigned.
    fn since(&self, at: Timestamp) -> i64 {
        let since = self.clock.now().micros().saturating_sub(at.micros());
        if since < 0 { i64::MAX } else { since }
    }

    /// Takes or keeps the lead. Whoever takes it looks first whether the database is the one that was signed.
    async fn lead(&self, lead: &mut Option<Lead>) -> Result<Kept, BookError> {
        // Renewing it is a write of its own. Whoever lost it without knowing does not get the log to grow.
        if lead.as_ref().is_some_and(|ours| self.since(ours.taken) < LEAD_MICROS / 2) {
            return Ok(Kept::Same);
        }
        let (now, taken) = (self.store.time(self.clock.now()).await?, self.clock.now());
        let until = Timestamp::from_micros(now.micros().saturating_add(LEAD_MICROS));
        let Some(head) = self.store.lead_log(&self.name, (now, until)).await? else {
            *lead = None;
            return Ok(Kept::Anew);
        };
        if let Some(ours) = lead
            && ours.head == head
        {
            ours.taken = taken;
            return Ok(Kept::Same);
        }
        if let Some(note) = self.remembered.read()? {
            compare(&self.store, &head, &note).await?;
        }
        let edge = self.store.edge(head.size).await?;
        let links = Links::new(self.store.highest_call().await?);
        let watch = Watch::from(head.floor);
        let last = self.store.newest_checkpoint().await?;
        let signed = last.map_or(NEVER, |last| (unsigned(last.size), Timestamp::from_micros(last.at)));
        *lead = Some(Lead { head, edge, links, watch, first: true, signed, taken });
        Ok(Kept::Anew)
    }

    /// Brings every entry into the log; false when another gateway does.
    async fn catch_up(&self, ours: &mut Lead, mut found: Vec<RawEntry>) -> Result<bool, BookError> {
        loop {
            if found.is_empty() {
                found = ours.watch.next(&self.store, ours.first).await?;
            }
            let more = found.len() >= usize::try_from(BATCH).unwrap_or(usize::MAX);
            ours.first = ours.first && more;
            if found.is_empty() {
                return Ok(true);
            }
            let oldest = found.iter().map(|entry| Timestamp::from_micros(entry.at)).min();
            self.tell(|lag| lag.waits_since = lag.waits_since.or(oldest));
            let unknown = ours.links.unknown(&found);
            ours.links.learn(self.store.last_leaves(&unknown).await?);
            if !self.add(ours, mem::take(&mut found)).await? {
                return Ok(false);
            }
            if !more {
                return Ok(true);
            }
        }
    }

    /// Adds entries; false when another gateway let the log grow meanwhile. Leaves are made beside the calls, on a thread that
    /// holds nothing anybody waits for, and written a few at a time.
    async fn add(&self, ours: &mut Lead, entries: Vec<RawEntry>) -> Result<bool, BookError> {
        let (head, mut edge, mut links) = (ours.head.clone(), mem::take(&mut ours.edge), mem::take(&mut ours.links));
        let (sealer, now) = (Arc::clone(&self.store.keys().sealer), self.clock.now());
        let mut watch = mem::replace(&mut ours.watch, Watch::from(head.floor));
        let made = tokio::task::spawn_blocking(move || {
            let (mut head, mut growths, mut rest) = (head, Vec::new(), entries);
            while !rest.is_empty() {
                let after = rest.split_off(rest.len().min(CHUNK));
                let few = mem::replace(&mut rest, after);
                watch.saw(&few, now);
                let floor = watch.floor();
                growths.push(grow((&head, &mut edge), &mut links, few, (&sealer, floor))?);
                (head.size, head.floor) = (edge.size(), floor);
            }
            Ok::<_, BookError>((head, (edge, links, watch), growths))
        });
        let (head, (edge, links, watch), growths) = made.await.map_err(|_| BookError::Stopping)??;
        for growth in growths {
            if !self.store.grow_log(growth).await? {
                return Ok(false);
            }
            // Calls come first.
            tokio::task::yield_now().await;
        }
        (ours.head, ours.edge, ours.links, ours.watch) = (head, edge, links, watch);
        Ok(true)
    }

    /// Signs what the disk has.
    async fn sign(&self, ours: &mut Lead) -> Result<(), BookError> {
        self.store.sync().await?;
        let (keys, now) = (self.store.keys(), self.clock.now());
        let origin = ours.head.origin.clone();
        let said = Checkpoint { origin, size: ours.head.size, root: ours.edge.root(), at: Some(now) };
        let key = self.key_in_force(&said.origin).await?;
        let next = keys.next_signer()?.filter(|next| next.verifier().name() == said.origin);
        // Who is to believe the new key is told so by the old one, over the same text.
        let handing = next.as_ref().map(|next| next.line(&said.text())).unwrap_or_default();
        let note = said.sign(&key) + &handing;
        let kept = KeptCheckpoint { size: signed(said.size), at: now.micros(), note };
        self.store.put_checkpoint(&kept).await?;
        if let Some(next) = next {
            self.store.add_log_key(said.size, &said.origin, &next.verifier().to_string()).await?;
            keys.change(next)?;
        }
        self.remembered.write(&kept.note)?;
        let day = |micros: i64| Timestamp::from_micros(now.micros().saturating_sub(micros));
        let old = (day(EVERY_ONE_MICROS.saturating_mul(2)), day(EVERY_ONE_MICROS));
        self.store.thin_checkpoints(old, HEARTBEAT_MICROS).await?;
        ours.signed = (said.size, now);
        self.tell(|lag| *lag = Lag { size: said.size, signed: Some(now), waits_since: None });
        Ok(())
    }

    /// The key that signs now. Another gateway may have changed it for another in the folder they share.
    async fn key_in_force(&self, origin: &str) -> Result<Arc<Signer>, BookError> {
        let keys = self.store.keys();
        let listed = self.store.log_keys().await?;
        let newest = listed.iter().rfind(|(_, of, _)| of == origin).map(|(_, _, key)| key.clone());
        let is_it = |key: &Signer| newest.as_deref() == Some(key.verifier().to_string().as_str());
        if !is_it(&keys.signer()) {
            keys.reload()?;
        }
        let key = keys.signer();
        if is_it(&key) {
            return Ok(key);
        }
        let newest = newest.unwrap_or_else(|| "none".to_owned());
        Err(BookError::Nothing(format!(
            "the key beside the database signs no more; put the one in force into the folder of keys: {newest}"
        )))
    }

    /// What another gateway signed, and whether anything waits.
    async fn follow(&self) -> Result<(bool, (u64, Timestamp)), BookError> {
        let head = self.store.log_head().await?;
        let (waiting, since) = self.store.waits_for_log(head.floor).await?;
        let last = self.store.newest_checkpoint().await?;
        let said = last.as_ref().map_or(NEVER, |last| (unsigned(last.size), Timestamp::from_micros(last.at)));
        if let Some(last) = last
            && self.lag().signed != Some(said.1)
        {
            if let Some(note) = self.remembered.read()? {
                compare(&self.store, &head, &note).await?;
            }
            self.remembered.write(&last.note)?;
        }
        let waits = waiting > 0;
        self.tell(|lag| {
            *lag = Lag { size: said.0, signed: (said.0 > 0).then_some(said.1), waits_since: since.filter(|_| waits) };
        });
        Ok((waits || head.size > said.0, said))
    }

    fn tell(&self, change: impl FnOnce(&mut Lag)) {
        change(&mut self.lag.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

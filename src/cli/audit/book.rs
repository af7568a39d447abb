//! Which entries are asked for, and who asks?
//!
//! Taking entries out is itself written down, before anybody has them. Whoever may read the record and not write it is refused,
//! unless they say that nothing shall be written down; then the proof says so too. That is for copies: a backup that somebody
//! was handed cannot be written to, and whoever can copy the database needs no command of ours.

use std::collections::BTreeMap;
use std::io::{IsTerminal as _, Write as _};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;

use crate::audit::entry::{Event, Operated};
use crate::audit::export::proof::Filter;
use crate::audit::export::{Leaf, Record};
use crate::audit::standing::{Ends, Standing};
use crate::audit::tree::Hash;
use crate::book::BookKeeper;
use crate::cli::Global;
use crate::cli::exit::Exit;
use crate::cli::span::moment;
use crate::clock::{Clock as _, SystemClock, Timestamp};
use crate::digest::hex;
use crate::gateway::recorder::Recorder;
use crate::identity::local;
use crate::store::entries::{Wanted, Written};
use crate::store::log::unsigned;
use crate::store::settled::End;
use crate::store::{Store, StoreOptions};

/// How often is looked whether the gateway that keeps the log has caught up; it does within a second.
const LOOKS: u32 = 30;
/// Entries read at once.
const BATCH: i64 = 500;
/// Clocks of several gateways may be so far apart: entries of the period are looked for a little before and behind it.
const SLACK_MICROS: i64 = 600_000_000;

/// A stretch of time.
#[derive(Args, Clone, Debug)]
pub(super) struct Period {
    /// From when on: 30m, 24h, 7d, a date or a time in RFC 3339; from the first entry if left out
    #[arg(long, value_name = "WHEN")]
    from: Option<String>,
    /// Up to when; now if left out
    #[arg(long, value_name = "WHEN")]
    to: Option<String>,
}

/// The same, understood.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    pub(super) from: Option<Timestamp>,
    pub(super) to: Option<Timestamp>,
}

/// The book, opened for somebody.
#[derive(Debug)]
pub(super) struct Book {
    pub(super) store: Store,
    /// Who asks, as the machine knows them.
    pub(super) by: String,
    /// When.
    pub(super) now: Timestamp,
    /// Whether it is written down that they did.
    pub(super) recorded: bool,
}

/// The places of a period.
#[derive(Clone, Copy, Debug)]
pub(super) struct Places {
    /// Nothing before or at this one is looked at.
    after: i64,
    pub(super) end: End,
}

impl Period {
    pub(super) fn bounds(&self, now: Timestamp) -> anyhow::Result<Bounds> {
        let read = |text: &Option<String>| text.as_deref().map(|text| moment(text, now)).transpose();
        let bounds = Bounds { from: read(&self.from)?, to: read(&self.to)? };
        if let (Some(from), Some(to)) = (bounds.from, bounds.to)
            && from >= to
        {
            return Err(Exit::Usage.error("the period ends before it begins; give --from a time before --to"));
        }
        Ok(bounds)
    }
}

impl Bounds {
    pub(super) fn holds(&self, at: Timestamp) -> bool {
        self.from.is_none_or(|from| at >= from) && self.to.is_none_or(|to| at < to)
    }

    /// For the proof, and for whoever wants the same again.
    pub(super) fn filter(&self, wanted: &Wanted) -> Filter {
        Filter {
            from: self.from.map(|at| at.to_string()),
            to: self.to.map(|at| at.to_string()),
            call: Some(wanted.call.clone()).filter(|call| !call.is_empty()),
            events: wanted.events.clone(),
        }
    }
}

impl Book {
    pub(super) async fn open(global: &Global, unrecorded: bool) -> anyhow::Result<Self> {
        let options = StoreOptions::from(&global.store()?);
        Store::must_exist(&options)?;
        let store = if unrecorded {
            Store::open_reader(&options).await?
        } else {
            Store::open_beside(&options).await.context(
                "what is taken out of the record is itself written down in it, and this record cannot be written here; \
                 ask somebody who may, or say --unrecorded for a copy",
            )?
        };
        Ok(Self { store, by: local::caller().principal, now: SystemClock.now(), recorded: !unrecorded })
    }

    /// Writes down what is taken.
    pub(super) async fn note(&self, what: &'static str, detail: &str) -> anyhow::Result<()> {
        if !self.recorded {
            return Ok(());
        }
        let event = Event::Operated(Operated { what, detail: format!("{} {detail}", self.by) });
        let written = Recorder::note(&self.store, None, event).await;
        written.context("that this was taken cannot be written down, so nothing was given out")
    }

    pub(super) async fn places(&self, bounds: Bounds) -> anyhow::Result<Places> {
        let end = self.store.settled_end().await?;
        if self.recorded {
            self.wait_for_log(end.place).await?;
        }
        let shifted = |at: Timestamp, by: i64| Timestamp::from_micros(at.micros().saturating_add(by));
        let after = match bounds.from {
            Some(from) => self.store.place_after(shifted(from, SLACK_MICROS.saturating_neg())).await?.saturating_sub(1),
            None => 0,
        };
        let last = match bounds.to {
            Some(to) => self.store.place_after(shifted(to, SLACK_MICROS)).await?.min(end.place),
            None => end.place,
        };
        Ok(Places { after, end: End { place: last, ..end } })
    }

    /// Reads entries a few at a time, and hands each to `each`.
    pub(super) async fn read(
        &self,
        places: Places,
        (wanted, bounds): (&Wanted, Bounds),
        mut each: impl FnMut(&Record) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let mut progress = Progress::new();
        let (mut after, mut count) = (places.after, 0_u64);
        loop {
            let lines = self.store.following(wanted, after, BATCH).await?;
            let Some(last) = lines.last() else { return Ok(()) };
            after = last.seq;
            let mut leaves = self.leaves(&lines).await?;
            for line in lines.iter().filter(|line| line.seq <= places.end.place && bounds.holds(line.at)) {
                each(&Record::of(line, leaves.remove(&line.seq)))?;
                count = count.saturating_add(1);
            }
            progress.tell(count);
            if after >= places.end.place {
                return Ok(());
            }
        }
    }

    /// Lets the log catch up, so that what is given out names what was signed for it: here, or by the gateway that keeps it.
    async fn wait_for_log(&self, last: i64) -> anyhow::Result<()> {
        BookKeeper::open(self.store.clone(), Arc::new(SystemClock)).await?.finish().await?;
        let mut looks = tokio::time::interval(Duration::from_millis(100));
        for _ in 0..LOOKS {
            looks.tick().await;
            let signed = self.store.newest_checkpoint().await?.map_or(0, |newest| unsigned(newest.size));
            if last == 0 || self.place(Some(last)).await?.is_some_and(|place| place < signed) {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Where these lines stand in the log, as far as they do.
    async fn leaves(&self, lines: &[Written]) -> anyhow::Result<BTreeMap<i64, Leaf>> {
        let (Some(first), Some(last)) = (lines.first(), lines.last()) else { return Ok(BTreeMap::new()) };
        let mut found = BTreeMap::new();
        let few = i64::try_from(lines.len()).unwrap_or(i64::MAX).saturating_mul(4);
        if last.seq.saturating_sub(first.seq) <= few {
            found = self.store.leaves_between(first.seq, last.seq).await?;
        } else {
            for line in lines {
                found.extend(self.store.leaves_between(line.seq, line.seq).await?);
            }
        }
        let leaf = |(seq, (index, hash)): (i64, (u64, Hash))| (seq, Leaf { index, hash: hex(&hash) });
        Ok(found.into_iter().map(leaf).collect())
    }

    /// The log before the first and with the last of these entries.
    pub(super) async fn ends(&self, first: Option<i64>, last: Option<i64>) -> anyhow::Result<Ends> {
        let mut ends = Ends::default();
        if let Some(place) = self.place(first).await? {
            ends.before = Some(self.standing(place).await?);
        }
        if let Some(place) = self.place(last).await? {
            ends.after = Some(self.standing(place.saturating_add(1)).await?);
        }
        Ok(ends)
    }

    async fn place(&self, seq: Option<i64>) -> anyhow::Result<Option<u64>> {
        let Some(seq) = seq else { return Ok(None) };
        Ok(self.store.leaves_between(seq, seq).await?.get(&seq).map(|(place, _)| *place))
    }

    /// The log when it had this size, and the first checkpoint that covers that.
    async fn standing(&self, size: u64) -> anyhow::Result<Standing> {
        let root = hex(&self.store.edge(size).await?.root());
        let kept = self.store.checkpoints().await?.into_iter().find(|kept| unsigned(kept.size) >= size.max(1));
        Ok(Standing { size, root, checkpoint: kept.map(|kept| kept.note).unwrap_or_default() })
    }
}

/// Tells somebody who watches how far it is.
struct Progress {
    watched: bool,
    told: bool,
}

impl Progress {
    fn new() -> Self {
        Self { watched: std::io::stderr().is_terminal(), told: false }
    }

    fn tell(&mut self, count: u64) {
        if self.watched {
            self.told = true;
            // Where nobody can be told, nothing is lost.
            drop(write!(std::io::stderr(), "\r{count} entries"));
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.told {
            drop(write!(std::io::stderr(), "\r\u{1b}[K"));
        }
    }
}

//! What is removed when its time is over, and what stays?
//!
//! Each entry is of one class, and each class has its time. A call goes as a whole, once its last entry is old enough and nobody
//! waits for it any more. What goes is first in an archive that was read back (see [`archives`](super::archives)); then an entry
//! says which bodies go and which archive has them, and is signed for; then the bodies go. Whatever is cut off in between leaves
//! everything where it was, and the next time does it anew. Leaves, hashes and checkpoints stay for good: every proof holds.
//!
//! Nothing is removed from a record that is not what was signed.
//!
//! What is under a [hold](super::holds) stays, and what a sink was not told of yet. What says that something was removed, erased or held is of no class and stays.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::archives::{self, Archived};
use super::holds::{Hold, Kept, holds, kept_by};
use super::reading::{Brought, verify};
use super::{BookError, BookKeeper};
use crate::audit::entry::{Event, Pruned};
use crate::audit::places::Places;
use crate::clock::{Clock, Timestamp};
use crate::gateway::failpoint::Failpoint;
use crate::gateway::recorder::Recorder;
use crate::store::Store;
use crate::store::append::AppendError;
use crate::store::log::checkpoints::KeptCheckpoint;
use crate::store::log::unsigned;
use crate::store::pruning::OldEntry;

/// A kind of entries that are kept equally long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// Everything about calls and grants.
    Calls,
    /// Sessions that were opened or closed.
    Sessions,
    /// Lists that were given.
    Lists,
    /// What was not let in, or asked for nothing there is.
    Rejected,
    /// What hooks reported.
    Prompts,
    /// Tools that were seen, changed or agreed to.
    Definitions,
    /// What was done with the gateway, and its faults.
    Operations,
}

impl Class {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Calls, Self::Sessions, Self::Lists, Self::Rejected, Self::Prompts, Self::Definitions, Self::Operations];

    /// Its word in the configuration and in the record.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Calls => "calls",
            Self::Sessions => "sessions",
            Self::Lists => "lists",
            Self::Rejected => "rejected",
            Self::Prompts => "prompts",
            Self::Definitions => "definitions",
            Self::Operations => "operations",
        }
    }

    /// The class of an entry; none for what stays for good, and for what is not known here.
    pub fn of(event: &str, of_call: bool) -> Option<Self> {
        Some(match event {
            "erased" | "pruned" | "preserved" => return None,
            _ if of_call => Self::Calls,
            "grant_made" | "grant_used" | "grant_ended" => Self::Calls,
            "session" => Self::Sessions,
            "listed" => Self::Lists,
            "rejected" | "refused" => Self::Rejected,
            "prompted" | "mismatched" => Self::Prompts,
            "definition" => Self::Definitions,
            "operated" | "fault" | "asked" | "cancelled" => Self::Operations,
            _ => return None,
        })
    }
}

/// Before when entries of each class go. What is not named stays.
pub type Times = BTreeMap<Class, Timestamp>;

/// What would go.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// Where in the log.
    pub places: Places,
    /// How many of each class.
    pub counts: BTreeMap<Class, u64>,
    /// How many stay because of which hold.
    pub held: BTreeMap<String, u64>,
    /// How many stay until the sinks were told of them.
    pub untold: u64,
    seqs: Vec<i64>,
    calls: BTreeSet<String>,
    holds: Vec<Hold>,
    newest: Option<KeptCheckpoint>,
}

/// What went.
#[derive(Clone, Debug, Default)]
pub struct Done {
    /// How many bodies.
    pub entries: u64,
    /// The archives that hold them.
    pub archives: Vec<Archived>,
    /// How many stayed because of which hold.
    pub held: BTreeMap<String, u64>,
    /// How many stayed until the sinks were told of them.
    pub untold: u64,
}

/// No archive holds more.
const MOST: usize = 200_000;
/// Rows read at once.
const BATCH: i64 = 4096;
/// Bodies removed at once: calls wait meanwhile.
const FEW: usize = 256;
/// A sink that took nothing for longer, and that no gateway tells, is not waited for.
const LATELY_MICROS: i64 = 86_400_000_000;
/// Runs of places one entry names.
const RUNS: usize = 4096;
/// Clocks of several gateways may be so far apart.
const SLACK_MICROS: i64 = 600_000_000;
/// How long it takes until what was written is signed for, at the most.
const SIGNED: Duration = Duration::from_secs(15);
/// How often is looked.
const LOOK: Duration = Duration::from_millis(100);

/// Looks what would go.
pub async fn plan(store: &Store, times: &Times, now: Timestamp) -> Result<Plan, BookError> {
    let Some(newest) = store.newest_checkpoint().await? else { return Ok(Plan::default()) };
    let Some(latest) = times.values().max().copied() else { return Ok(Plan::default()) };
    let mut plan = Plan { holds: holds(store).await?, ..Plan::default() };
    let mut still = match times.get(&Class::Calls) {
        Some(before) => {
            let early = Timestamp::from_micros(before.micros().saturating_sub(SLACK_MICROS));
            store.calls_still_told_of(store.place_after(early).await?, *before).await?
        }
        None => BTreeSet::new(),
    };
    let lately = Timestamp::from_micros(now.micros().saturating_sub(LATELY_MICROS));
    let told = store.all_sinks_told(lately).await?;
    if let Some(told) = told {
        let always = Timestamp::from_micros(i64::MIN);
        still.extend(store.calls_still_told_of(told.saturating_add(1), always).await?);
    }
    let kept = kept_by(store, &plan.holds).await?;
    let (size, mut from) = (unsigned(newest.size), 0);
    while plan.seqs.len() < MOST {
        let some = store.old_entries((from, size), latest, BATCH).await?;
        let Some(last) = some.last() else { break };
        from = last.place.saturating_add(1);
        for entry in some {
            if plan.seqs.len() < MOST {
                plan.look(entry, times, (&still, &kept, told.unwrap_or(i64::MAX)));
            }
        }
    }
    plan.newest = Some(newest);
    Ok(plan)
}

impl Plan {
    fn look(&mut self, entry: OldEntry, times: &Times, (still, kept, told): (&BTreeSet<String>, &Kept, i64)) {
        let Some(class) = Class::of(&entry.event, entry.call.is_some()) else { return };
        let is_over = times.get(&class).is_some_and(|before| entry.at < *before);
        if is_over && entry.seq > told {
            self.untold = self.untold.saturating_add(1);
            return;
        }
        if !is_over || entry.call.as_ref().is_some_and(|call| still.contains(call)) {
            return;
        }
        if let Some(hold) = kept.of(entry.seq, entry.call.as_deref()) {
            let count = self.held.entry(hold.to_owned()).or_default();
            *count = count.saturating_add(1);
            return;
        }
        self.places.push(entry.place);
        self.seqs.push(entry.seq);
        self.calls.extend(entry.call);
        let count = self.counts.entry(class).or_default();
        *count = count.saturating_add(1);
    }
}

/// Removes what is older than it may be, into archives in this folder.
pub async fn prune(
    store: &Store,
    clock: &Arc<dyn Clock>,
    (times, place): (&Times, &Path),
    by: &str,
) -> Result<Done, BookError> {
    let mut done = Done::default();
    wait_until_signed(store, clock).await?;
    is_sound(store).await?;
    loop {
        let plan = plan(store, times, clock.now()).await?;
        done.held.clone_from(&plan.held);
        done.untold = plan.untold;
        let Some(newest) = plan.newest.as_ref().filter(|_| !plan.places.is_empty()) else { return Ok(done) };
        let archive = archives::write(store, (place, clock.now()), &plan.places, newest).await?;
        Failpoint::Archived.reached();
        say(store, (&plan, &archive), times, by).await?;
        wait_until_signed(store, clock).await?;
        Failpoint::Pruning.reached();
        if holds(store).await? != plan.holds {
            let why =
                "somebody put something under a hold, or released it, meanwhile; nothing was removed, run this again";
            return Err(BookError::Nothing(why.to_owned()));
        }
        for few in plan.seqs.chunks(FEW) {
            store.remove_bodies(few).await?;
            // Calls come first.
            tokio::task::yield_now().await;
        }
        let calls: Vec<String> = plan.calls.into_iter().collect();
        for few in calls.chunks(FEW) {
            store.remove_calls(few).await?;
        }
        store.forget_overwritten().await?;
        done.entries = done.entries.saturating_add(plan.places.count());
        done.archives.push(archive);
    }
}

/// Nothing is taken out of a record in which somebody changed something: it may be what shows it, or a hold that is missing.
async fn is_sound(store: &Store) -> Result<(), BookError> {
    let report = verify(store, &Brought::default(), |_, _| ()).await?;
    match report.findings.first() {
        None => Ok(()),
        Some(finding) => Err(BookError::Nothing(format!(
            "the record is not what was signed: {}; nothing is removed before somebody has looked, see `countersign audit verify`",
            finding.what
        ))),
    }
}

/// Written down first: what is gone without a word about it looks like tampering, and is meant to.
async fn say(store: &Store, (plan, archive): (&Plan, &Archived), times: &Times, by: &str) -> Result<(), BookError> {
    let before = times.iter().filter(|(class, _)| plan.counts.contains_key(class));
    let before: BTreeMap<&'static str, String> = before.map(|(class, at)| (class.word(), at.to_string())).collect();
    for places in plan.places.chunks(RUNS) {
        let event = Event::Pruned(Pruned {
            places: places.to_string(),
            entries: places.count(),
            before: before.clone(),
            archive: archive.name.clone(),
            digest: archive.digest.clone(),
            held: plan.held.clone(),
            by: by.to_owned(),
        });
        let written = Recorder::note(store, None, event).await;
        written.map_err(|error| AppendError::Broken(error.to_string()))?;
    }
    Ok(())
}

/// Waits until everything written so far is in the log and signed for, by whoever keeps it.
async fn wait_until_signed(store: &Store, clock: &Arc<dyn Clock>) -> Result<(), BookError> {
    let end = store.end().await?;
    if end == 0 {
        return Ok(());
    }
    let looking = async {
        let mut looks = tokio::time::interval(LOOK);
        loop {
            BookKeeper::open(store.clone(), Arc::clone(clock)).await?.finish().await?;
            let size = store.newest_checkpoint().await?.map_or(0, |newest| unsigned(newest.size));
            if store.leaves_between(end, end).await?.values().any(|(place, _)| *place < size) {
                return Ok(());
            }
            looks.tick().await;
        }
    };
    let late = "what would be removed is not signed for yet: is a gateway stuck? Nothing was removed, run this again";
    tokio::time::timeout(SIGNED, looking).await.unwrap_or_else(|_| Err(BookError::Nothing(late.to_owned())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_says_that_something_went_stays() {
        for event in ["erased", "pruned", "preserved"] {
            assert_eq!((Class::of(event, true), Class::of(event, false)), (None, None), "{event}");
        }
        assert_eq!(Class::of("voted", true), Some(Class::Calls));
        assert_eq!(Class::of("fault", true), Some(Class::Calls), "a call goes as a whole");
        assert_eq!(Class::of("fault", false), Some(Class::Operations));
        assert_eq!(Class::of("something new", false), None, "what is not known stays");
    }
}

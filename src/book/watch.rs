//! Which entries are not in the log yet?
//!
//! In Postgres a lower number may be committed after a higher one. A number that was passed over is looked for again until
//! nobody can commit it any more; only then does the floor move past it.

use std::collections::BTreeMap;

use crate::clock::Timestamp;
use crate::store::log::rows::RawEntry;
use crate::store::{Store, StoreError};

/// What was seen of the entries' numbers.
#[derive(Debug)]
pub(super) struct Watch {
    seen: i64,
    /// Numbers below it that were not there, and since when they are looked for.
    gaps: BTreeMap<i64, Timestamp>,
}

/// Statements of ours end after seconds; a number that is not there after this long belongs to one that was undone.
const FORGOTTEN_MICROS: i64 = 600_000_000;

/// So many are read at once.
pub(super) const BATCH: i64 = 128;

/// A jump this wide is no gap between writers: somebody moved the counter.
const WIDEST: i64 = 100_000;

impl Watch {
    /// Everything up to this number is in the log or will never be there.
    pub(super) const fn from(floor: i64) -> Self {
        Self { seen: floor, gaps: BTreeMap::new() }
    }

    /// The next entries, in the order in which they are to be added. The first look after a change of the lead finds what
    /// others passed over.
    pub(super) async fn next(&self, store: &Store, first: bool) -> Result<Vec<RawEntry>, StoreError> {
        if first {
            return store.missed_by_log(self.seen, BATCH).await;
        }
        let gaps: Vec<i64> = self.gaps.keys().copied().collect();
        let mut found = if gaps.is_empty() { Vec::new() } else { store.raw_of(&gaps).await? };
        found.extend(store.raw_after(self.seen, BATCH).await?);
        Ok(found)
    }

    /// These entries were found.
    pub(super) fn saw(&mut self, entries: &[RawEntry], now: Timestamp) {
        for entry in entries {
            if entry.seq <= self.seen {
                self.gaps.remove(&entry.seq);
                continue;
            }
            let from = self.seen.saturating_add(1).max(entry.seq.saturating_sub(WIDEST));
            self.gaps.extend((from..entry.seq).map(|gap| (gap, now)));
            self.seen = entry.seq;
        }
        self.gaps.retain(|_, since| now.micros().saturating_sub(since.micros()) < FORGOTTEN_MICROS);
    }

    /// Everything up to here is in the log or will never be there.
    pub(super) fn floor(&self) -> i64 {
        self.gaps.keys().next().map_or(self.seen, |gap| gap.saturating_sub(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(seq: i64) -> RawEntry {
        RawEntry { seq, call: None, at: 0, event: String::new(), body: String::new(), sealed: None }
    }

    // AUD-11: what is committed late under a lower number is not passed over.
    #[test]
    fn a_number_that_is_missing_is_looked_for_until_nobody_can_commit_it() {
        let at = Timestamp::from_micros;
        let mut watch = Watch::from(0);
        watch.saw(&[entry(1), entry(2), entry(5)], at(0));
        assert_eq!((watch.floor(), watch.gaps.len()), (2, 2));
        watch.saw(&[entry(4), entry(6)], at(1));
        assert_eq!((watch.floor(), watch.seen), (2, 6));
        watch.saw(&[], at(FORGOTTEN_MICROS));
        assert_eq!((watch.floor(), watch.gaps.len()), (6, 0));
    }
}

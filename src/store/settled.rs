//! Up to where can no entry come any more?
//!
//! SQLite has one writer at a time, so places are committed in their order. In Postgres a place is taken before its transaction
//! commits: an entry may appear behind one that was read already. Whoever goes on from the last place they saw would never
//! read it. So a gap is not stepped over until every transaction that may fill it is over: those that are younger than the
//! gap cannot. A place is taken moments before its transaction has a number, so the count begins a little later.

use std::time::{Duration, Instant};

use super::entries::{Wanted, Written};
use super::pool::Pool;
use super::{Store, StoreError};

/// How long a transaction may have taken a place and have no number.
const MOMENT: Duration = Duration::from_secs(1);
/// How long the end of the book is waited for.
const PATIENCE: Duration = Duration::from_secs(10);
const LOOK: Duration = Duration::from_millis(50);

/// The number the next transaction gets.
const NEXT: &str = "SELECT CAST(CAST(pg_snapshot_xmax(pg_current_snapshot()) AS TEXT) AS BIGINT)";
/// The number of the oldest transaction that is not over.
const OLDEST: &str = "SELECT CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS TEXT) AS BIGINT)";

/// Reads the book as it grows, every entry once and in order, from a place on.
#[derive(Debug)]
pub struct Tail {
    last: i64,
    /// Up to here no entry can come any more.
    settled: i64,
    doubt: Option<Doubt>,
}

/// A gap.
#[derive(Debug)]
struct Doubt {
    /// The last place that could be seen behind it.
    upto: i64,
    seen: Instant,
    /// Whoever may fill it has a lower number.
    below: Option<i64>,
}

/// The end of the book, and whether all before it is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct End {
    /// The last place.
    pub place: i64,
    /// False where another transaction stayed open for so long that it was not waited for.
    pub settled: bool,
}

impl Tail {
    /// Behind this place.
    pub const fn after(last: i64) -> Self {
        Self { last, settled: 0, doubt: None }
    }

    /// The place of the last entry that was read.
    pub const fn last(&self) -> i64 {
        self.last
    }

    /// What comes next, so many entries at most. Nothing where there is nothing yet, or where an earlier entry may still come.
    pub async fn next(&mut self, store: &Store, limit: i64) -> Result<Vec<Written>, StoreError> {
        let mut lines = store.following(&Wanted::default(), self.last, limit).await?;
        if let Pool::Postgres(db) = store.pool() {
            let whole = self.whole(&lines);
            if whole == 0 && !lines.is_empty() {
                let upto = lines.last().map_or(self.last, |line| line.seq);
                self.wait(db, upto).await?;
            }
            let whole = self.whole(&lines);
            lines.truncate(whole);
        }
        if let Some(line) = lines.last() {
            self.last = line.seq;
            self.doubt = None;
        }
        Ok(lines)
    }

    /// How many of these follow each other without a gap that could still be filled.
    fn whole(&self, lines: &[Written]) -> usize {
        let mut last = self.last;
        let follows = |line: &&Written| {
            let follows = line.seq == last.saturating_add(1) || line.seq <= self.settled;
            last = line.seq;
            follows
        };
        lines.iter().take_while(follows).count()
    }

    /// One look at whether the gap can still be filled.
    async fn wait(&mut self, db: &sqlx::PgPool, upto: i64) -> Result<(), StoreError> {
        let doubt = self.doubt.get_or_insert_with(|| Doubt { upto, seen: Instant::now(), below: None });
        match doubt.below {
            None if doubt.seen.elapsed() < MOMENT => {}
            None => doubt.below = Some(sqlx::query_scalar(NEXT).fetch_one(db).await?),
            Some(below) => {
                let oldest: i64 = sqlx::query_scalar(OLDEST).fetch_one(db).await?;
                if oldest >= below {
                    self.settled = doubt.upto;
                    self.doubt = None;
                }
            }
        }
        Ok(())
    }
}

impl Store {
    /// The end of the book, when all that may come before it is there.
    pub async fn settled_end(&self) -> Result<End, StoreError> {
        let place = self.end().await?;
        let Pool::Postgres(db) = self.pool() else { return Ok(End { place, settled: true }) };
        tokio::time::sleep(MOMENT).await;
        let below: i64 = sqlx::query_scalar(NEXT).fetch_one(db).await?;
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            let oldest: i64 = sqlx::query_scalar(OLDEST).fetch_one(db).await?;
            if oldest >= below {
                return Ok(End { place, settled: true });
            }
            tokio::time::sleep(LOOK).await;
        }
        Ok(End { place, settled: false })
    }
}

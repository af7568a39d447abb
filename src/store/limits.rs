//! How much of a limit is used up, whichever gateway asks?
//!
//! Every charge is a row: when, how much, and the sum of everything charged under the same name until then. The window
//! slides with the charge that asks: what counts is exactly what was charged in the time `per` before it, so there is no
//! border at which twice as much would pass, as fixed windows have, and nothing is estimated, as counters of two windows
//! do. The sum makes it cheap: what was charged in a window is the difference of two rows, however many lie between.
//!
//! Rows of one name are numbered without a gap, and the number is the key. So two who charge at the same time, at one
//! gateway or at two, want the same number, and the database lets one have it; the other looks again. One statement adds
//! the rows of all names or none, and no transaction is open between looking and charging.
//!
//! Times never go back: a charge is dated no earlier than the one before it, and a window ends at the later of now and
//! the last charge. A clock that jumps back keeps a limit used up for longer and never frees any of it.

use super::pool::{pause, reading, storable, writing};
use super::{Store, StoreError};
use crate::clock::Timestamp;

/// What is charged under one name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Charge {
    /// What is counted together.
    pub name: String,
    /// How much there may be in a window.
    pub max: i64,
    /// How long the window is.
    pub per_micros: i64,
    /// How much this charge adds.
    pub cost: i64,
}

/// What a charge came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Charged {
    /// All of it was charged; for each charge, how much is left.
    Done(Vec<i64>),
    /// Nothing was charged, because these would have gone beyond what there may be.
    Exceeded(Vec<Exceeded>),
}

/// A charge that did not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exceeded {
    /// Which of the charges, in the order they were asked for.
    pub charge: usize,
    /// How much is left in the window.
    pub left: i64,
    /// From when on the same charge fits, when nothing else is charged until then; never, when it is larger than the
    /// whole limit.
    pub fits: Option<Timestamp>,
}

/// Gateways that charge the same name at once try again this often.
const MOST_TRIES: u32 = 200;

/// How long a name nobody charges any more is remembered beyond its window. Long enough for a charge that was under
/// way when its last row went.
const REMEMBERED_MICROS: i64 = 3_600_000_000;

/// The last row of a name, and the sum before the first one in the window.
const LOOK: &str = "
SELECT last.number, last.at, last.total, COALESCE((
    SELECT first.total - first.cost FROM charge AS first
    WHERE first.name = $1 AND first.at > CASE WHEN last.at > $2 THEN last.at - $3 ELSE $2 - $3 END
    ORDER BY first.number LIMIT 1), last.total)
FROM charge AS last WHERE last.name = $1 ORDER BY last.number DESC LIMIT 1";

/// When the row was charged that has to leave the window before another charge fits.
const IN_THE_WAY: &str = "SELECT at FROM charge WHERE name = $1 AND total >= $2 ORDER BY number LIMIT 1";

const ROW: &str = "INSERT INTO charge (name, number, at, cost, total, expires) VALUES ";
/// How many fields a row has.
const FIELDS: usize = 6;

/// What left its window is not needed, but the last row of a name says how far its numbers are.
const SWEEP: &str = "
DELETE FROM charge WHERE expires <= $1 AND (expires <= $2 OR number < (
    SELECT MAX(later.number) FROM charge AS later WHERE later.name = charge.name))";

/// How far one name is.
#[derive(Clone, Copy, Debug, Default)]
struct Stand {
    number: i64,
    at: i64,
    total: i64,
    used: i64,
}

impl Store {
    /// Which of these would not fit now. Nothing is charged.
    pub async fn exceeded(&self, charges: &[Charge], now: Timestamp) -> Result<Vec<Exceeded>, StoreError> {
        Ok(self.standing(charges, now).await?.1)
    }

    /// Charges all of these or none of them. Two charges under one name are not for one call.
    pub async fn charge(&self, charges: &[Charge], now: Timestamp) -> Result<Charged, StoreError> {
        let mut tries = 0_u32;
        loop {
            let (stands, exceeded) = self.standing(charges, now).await?;
            if !exceeded.is_empty() {
                return Ok(Charged::Exceeded(exceeded));
            }
            if charges.is_empty() || self.insert(charges, &stands, now).await? {
                let left = charges.iter().zip(&stands);
                let left =
                    left.map(|(charge, stand)| charge.max.saturating_sub(stand.used).saturating_sub(charge.cost));
                return Ok(Charged::Done(left.collect()));
            }
            tries = tries.saturating_add(1);
            if tries >= MOST_TRIES {
                return Err(StoreError::Database("too many gateways charge one limit at once".to_owned()));
            }
            pause(tries.min(4)).await;
        }
    }

    /// How far each name is, and which of the charges do not fit.
    async fn standing(&self, charges: &[Charge], now: Timestamp) -> Result<(Vec<Stand>, Vec<Exceeded>), StoreError> {
        let (mut stands, mut exceeded) = (Vec::with_capacity(charges.len()), Vec::new());
        for (number, charge) in charges.iter().enumerate() {
            storable(&charge.name, "the name of a limit")?;
            let stand = self.stand(charge, now).await?;
            if stand.total.checked_add(charge.cost).is_none() {
                return Err(StoreError::Database("the sum of a limit is too large to be kept".to_owned()));
            }
            let left = charge.max.saturating_sub(stand.used).max(0);
            if charge.cost > left {
                exceeded.push(Exceeded { charge: number, left, fits: self.fits(charge, stand).await? });
            }
            stands.push(stand);
        }
        Ok((stands, exceeded))
    }

    /// Forgets what counts no more, and says how many rows that were.
    pub async fn sweep_charges(&self, now: Timestamp) -> Result<u64, StoreError> {
        let long_ago = now.micros().saturating_sub(REMEMBERED_MICROS);
        let done = writing!(self.pool(), db => {
            sqlx::query(SWEEP).bind(now.micros()).bind(long_ago).execute(db).await.map(|done| done.rows_affected())
        })?;
        if done > 0 {
            self.appender().wrote();
        }
        Ok(done)
    }

    async fn stand(&self, charge: &Charge, now: Timestamp) -> Result<Stand, StoreError> {
        let row: Option<(i64, i64, i64, i64)> = reading!(self.pool(), db => sqlx::query_as(LOOK)
            .bind(&charge.name).bind(now.micros()).bind(charge.per_micros).fetch_optional(db).await)?;
        let Some((number, at, total, before)) = row else { return Ok(Stand::default()) };
        Ok(Stand { number, at, total, used: total.saturating_sub(before) })
    }

    async fn fits(&self, charge: &Charge, stand: Stand) -> Result<Option<Timestamp>, StoreError> {
        if charge.cost > charge.max {
            return Ok(None);
        }
        let gone = stand.total.saturating_add(charge.cost).saturating_sub(charge.max);
        let at: Option<i64> = reading!(self.pool(), db => {
            sqlx::query_scalar(IN_THE_WAY).bind(&charge.name).bind(gone).fetch_optional(db).await
        })?;
        Ok(at.map(|at| Timestamp::from_micros(at.saturating_add(charge.per_micros))))
    }

    /// Adds a row for each charge. False when somebody else was first at one of them; then none was added.
    async fn insert(&self, charges: &[Charge], stands: &[Stand], now: Timestamp) -> Result<bool, StoreError> {
        let row = |at: usize| {
            let fields = (1..=FIELDS).map(|field| format!("${}", at.saturating_mul(FIELDS).saturating_add(field)));
            format!("({})", fields.collect::<Vec<_>>().join(", "))
        };
        let text = format!("{ROW}{}", (0..charges.len()).map(row).collect::<Vec<_>>().join(", "));
        let done = writing!(self.pool(), db => {
            let mut query = sqlx::query(sqlx::AssertSqlSafe(text.clone()));
            for (charge, stand) in charges.iter().zip(stands) {
                let at = now.micros().max(stand.at);
                query = query.bind(&charge.name).bind(stand.number.saturating_add(1)).bind(at).bind(charge.cost)
                    .bind(stand.total.saturating_add(charge.cost)).bind(at.saturating_add(charge.per_micros));
            }
            match query.execute(db).await {
                Ok(_) => Ok(true),
                Err(sqlx::Error::Database(error)) if error.is_unique_violation() => Ok(false),
                Err(error) => Err(error),
            }
        })?;
        if done {
            self.appender().wrote();
        }
        Ok(done)
    }
}

//! What is on its way to a channel, and what became of what was?
//!
//! One row for each message, channel and recipient. Whoever carries it moves `due` into the future first, by a statement that
//! only one can win: while somebody carries it, it is due for nobody else, and if they die it becomes due again. So a message
//! may come twice, under the same id, and never not at all.

use super::pool::{reading, storable, writing};
use super::{Store, StoreError};
use crate::channels::message::Message;
use crate::clock::Timestamp;

/// A delivery as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// Names it; receivers know it by this.
    pub id: String,
    /// The channel.
    pub channel: String,
    /// To whom, in words of the channel.
    pub to: String,
    /// The call; none in a test.
    pub approval: Option<String>,
    /// What.
    pub message: Message,
    /// Where it stands.
    pub state: Standing,
    /// When it was made.
    pub made: Timestamp,
    /// When it is tried next; nothing when it is not.
    pub due: Option<Timestamp>,
    /// How often it was tried.
    pub tries: u32,
    /// What became of the last attempts, the last one last.
    pub log: Vec<Attempt>,
}

/// Where a delivery stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is tried, or tried again.
    Waiting,
    /// The channel took it.
    Delivered,
    /// Nobody tries any more.
    Dead,
    /// Another message says it too.
    Merged,
}

/// What became of one attempt.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attempt {
    /// When it began.
    pub at: Timestamp,
    /// How long it took, in milliseconds.
    pub took: u64,
    /// What came of it, for people.
    pub said: String,
}

/// How a delivery goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Onward {
    /// It stands so from now on.
    Over(Standing),
    /// It is tried again at this time.
    Again(Timestamp),
}

/// What is looked for among deliveries.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wanted<'a> {
    /// Of this channel only.
    pub channel: Option<&'a str>,
    /// Standing so only.
    pub state: Option<Standing>,
    /// Of this call only.
    pub approval: Option<&'a str>,
}

/// Attempts that are kept of one delivery.
const MOST_ATTEMPTS: usize = 12;

const DROP_NOTICE: &str = "DELETE FROM notice WHERE id = $1";

const PUT: &str = "
INSERT INTO delivery (id, channel, recipient, approval, what, state, made, due, tries, body, log)
VALUES ($1, $2, $3, $4, $5, 'waiting', $6, $7, 0, $8, '[]') ON CONFLICT (id) DO NOTHING";

const DUE: &str = "
SELECT id, channel, recipient, approval, state, made, due, tries, body, log FROM delivery
WHERE channel = $1 AND due <= $2 ORDER BY due, id LIMIT $3";

const CLAIM: &str = "UPDATE delivery SET due = $3, tries = tries + 1 WHERE id = $1 AND due = $2";

const SETTLE: &str =
    "UPDATE delivery SET state = $2, due = $3, log = $4 WHERE id = $1 AND tries = $5 AND state = 'waiting'";

const POSTPONE: &str = "UPDATE delivery SET due = $3 WHERE id = $1 AND due = $2";

const MERGE: &str = "UPDATE delivery SET state = 'merged', due = NULL WHERE id = $1 AND due = $2";

const GIVE_UP: &str = "UPDATE delivery SET state = 'dead', due = NULL WHERE id = $1";

const AGAIN: &str = "UPDATE delivery SET state = 'waiting', due = $2 WHERE id = $1 AND due IS NULL";

const FIND: &str = "
SELECT id, channel, recipient, approval, state, made, due, tries, body, log FROM delivery WHERE id = $1";

const LIST: &str = "
SELECT id, channel, recipient, approval, state, made, due, tries, body, log FROM delivery
WHERE ($1 = '' OR channel = $1) AND ($2 = '' OR state = $2)
ORDER BY made DESC, id LIMIT $3";

const OF_CALL: &str = "
SELECT id, channel, recipient, approval, state, made, due, tries, body, log FROM delivery
WHERE approval = $1 AND ($2 = '' OR channel = $2) AND ($3 = '' OR state = $3) ORDER BY made DESC, id LIMIT $4";

const COUNT: &str = "
SELECT channel, state, COUNT(*), MAX(tries), MIN(made) FROM delivery GROUP BY channel, state ORDER BY channel, state";

const SWEEP: &str = "DELETE FROM delivery WHERE made <= $1";

const POSTED: &str = "
INSERT INTO posted (channel, recipient, approval, place, at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (channel, recipient, approval) DO UPDATE SET place = excluded.place, at = excluded.at";

const PLACES: &str = "SELECT recipient, place FROM posted WHERE channel = $1 AND approval = $2 ORDER BY recipient";

const SWEEP_POSTED: &str = "DELETE FROM posted WHERE at <= $1";

const CLOSE: &str = "
INSERT INTO closed_channel (name, at, why) VALUES ($1, $2, $3) ON CONFLICT (name) DO UPDATE SET at = $2, why = $3";

const REOPEN: &str = "DELETE FROM closed_channel WHERE name = $1";

const CLOSED: &str = "SELECT name, why FROM closed_channel ORDER BY name";

type Row = (String, String, String, Option<String>, String, i64, Option<i64>, i64, String, String);

/// How many deliveries of a channel stand so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counted {
    /// The channel.
    pub channel: String,
    /// Where they stand.
    pub state: Standing,
    /// How many.
    pub count: i64,
    /// The most attempts one of them took.
    pub tries: i64,
    /// When the oldest was made.
    pub oldest: Timestamp,
}

impl Standing {
    /// Wherever one can stand.
    pub const ALL: [Self; 4] = [Self::Waiting, Self::Delivered, Self::Dead, Self::Merged];

    /// One word for the store, for programs and for people.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Delivered => "delivered",
            Self::Dead => "dead",
            Self::Merged => "merged",
        }
    }

    /// What this word means.
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.word() == word)
    }
}

impl Delivery {
    /// One that was not tried yet.
    pub fn new((id, channel, to): (String, String, String), message: Message, made: Timestamp, due: Timestamp) -> Self {
        let approval = message.matter().map(|matter| matter.id.clone());
        let (state, log) = (Standing::Waiting, Vec::new());
        Self { id, channel, to, approval, message, state, made, due: Some(due), tries: 0, log }
    }

    fn read((id, channel, to, approval, state, made, due, tries, body, log): Row) -> Result<Self, StoreError> {
        let unreadable = || StoreError::Unreadable(format!("the delivery {id}"));
        let message: Message = serde_json::from_str(&body).map_err(|_| unreadable())?;
        let log: Vec<Attempt> = serde_json::from_str(&log).map_err(|_| unreadable())?;
        let state = Standing::of_word(&state).ok_or_else(unreadable)?;
        let tries = u32::try_from(tries).map_err(|_| unreadable())?;
        let (made, due) = (Timestamp::from_micros(made), due.map(Timestamp::from_micros));
        Ok(Self { id, channel, to, approval, message, state, made, due, tries, log })
    }
}

impl Store {
    /// Keeps deliveries until they are made, but those that stand there already, and forgets the notices in whose place they
    /// stand; all of it or nothing.
    pub async fn put_deliveries(&self, deliveries: &[Delivery], told: &[&str]) -> Result<(), StoreError> {
        let mut bodies = Vec::with_capacity(deliveries.len());
        for delivery in deliveries {
            storable(&delivery.to, "a recipient")?;
            bodies.push(serde_json::to_string(&delivery.message).map_err(|_| StoreError::Unstorable("a message"))?);
        }
        writing!(self.pool(), db => async {
            let mut open = db.begin().await?;
            for (delivery, body) in deliveries.iter().zip(&bodies) {
                sqlx::query(PUT)
                    .bind(&delivery.id).bind(&delivery.channel).bind(&delivery.to).bind(&delivery.approval)
                    .bind(delivery.message.what.word()).bind(delivery.made.micros())
                    .bind(delivery.due.map(Timestamp::micros)).bind(body)
                    .execute(&mut *open).await?;
            }
            for notice in told {
                sqlx::query(DROP_NOTICE).bind(*notice).execute(&mut *open).await?;
            }
            open.commit().await
        }.await)?;
        self.appender().wrote();
        Ok(())
    }

    /// What a channel is to be given by now; the oldest first.
    pub async fn deliveries_due(&self, channel: &str, now: Timestamp, limit: i64) -> Result<Vec<Delivery>, StoreError> {
        let rows: Vec<Row> = reading!(self.pool(), db => {
            sqlx::query_as(DUE).bind(channel).bind(now.micros()).bind(limit).fetch_all(db).await
        })?;
        let mut due = Vec::with_capacity(rows.len());
        for row in rows {
            let id = row.0.clone();
            match Delivery::read(row) {
                Ok(delivery) => due.push(delivery),
                // One that cannot be read must not keep all others from being carried.
                Err(error) => {
                    tracing::error!(delivery = id, %error, "a message is given up");
                    writing!(self.pool(), db => sqlx::query(GIVE_UP).bind(&id).execute(db).await.map(drop))?;
                }
            }
        }
        Ok(due)
    }

    /// Takes a delivery to carry it until then; nothing when somebody else does.
    pub async fn claim_delivery(&self, delivery: &Delivery, until: Timestamp) -> Result<Option<Delivery>, StoreError> {
        let due = delivery.due.map(Timestamp::micros);
        let won = writing!(self.pool(), db => sqlx::query(CLAIM)
            .bind(&delivery.id).bind(due).bind(until.micros())
            .execute(db).await.map(|done| done.rows_affected() == 1))?;
        self.appender().wrote();
        let tries = delivery.tries.saturating_add(1);
        Ok(won.then(|| Delivery { due: Some(until), tries, ..delivery.clone() }))
    }

    /// Writes down what became of an attempt, unless somebody else has tried meanwhile.
    pub async fn settle_delivery(
        &self,
        carried: &Delivery,
        attempt: Attempt,
        onward: Onward,
    ) -> Result<(), StoreError> {
        let (state, due) = match onward {
            Onward::Over(state) => (state, None),
            Onward::Again(at) => (Standing::Waiting, Some(at.micros())),
        };
        let kept = carried.log.len().saturating_sub(MOST_ATTEMPTS.saturating_sub(1));
        let log: Vec<&Attempt> = carried.log.iter().skip(kept).chain([&attempt]).collect();
        let log = serde_json::to_string(&log).map_err(|_| StoreError::Unstorable("an attempt"))?;
        writing!(self.pool(), db => sqlx::query(SETTLE)
            .bind(&carried.id).bind(state.word()).bind(due).bind(&log).bind(i64::from(carried.tries))
            .execute(db).await.map(drop))?;
        self.appender().wrote();
        Ok(())
    }

    /// Has it tried later than it would be, unless somebody carries it already.
    pub async fn postpone_delivery(&self, delivery: &Delivery, until: Timestamp) -> Result<(), StoreError> {
        let due = delivery.due.map(Timestamp::micros);
        writing!(self.pool(), db => sqlx::query(POSTPONE)
            .bind(&delivery.id).bind(due).bind(until.micros()).execute(db).await.map(drop))?;
        self.appender().wrote();
        Ok(())
    }

    /// Says that another message tells it too, unless somebody carries it already.
    pub async fn merge_delivery(&self, delivery: &Delivery) -> Result<(), StoreError> {
        let due = delivery.due.map(Timestamp::micros);
        writing!(self.pool(), db => sqlx::query(MERGE).bind(&delivery.id).bind(due).execute(db).await.map(drop))?;
        self.appender().wrote();
        Ok(())
    }

    /// Has one delivered again that is not on its way. False when there is none, or it is.
    pub async fn redeliver(&self, id: &str, now: Timestamp) -> Result<bool, StoreError> {
        if id.contains('\0') {
            return Ok(false);
        }
        let done = writing!(self.pool(), db => sqlx::query(AGAIN).bind(id).bind(now.micros())
            .execute(db).await.map(|done| done.rows_affected() == 1))?;
        self.appender().wrote();
        Ok(done)
    }

    /// The delivery with this id.
    pub async fn find_delivery(&self, id: &str) -> Result<Option<Delivery>, StoreError> {
        if id.contains('\0') {
            return Ok(None);
        }
        let row: Option<Row> = reading!(self.pool(), db => sqlx::query_as(FIND).bind(id).fetch_optional(db).await)?;
        row.map(Delivery::read).transpose()
    }

    /// Deliveries, the newest first. What cannot be read is left out.
    pub async fn deliveries(&self, wanted: Wanted<'_>, limit: i64) -> Result<Vec<Delivery>, StoreError> {
        let (channel, approval) = (wanted.channel.unwrap_or_default(), wanted.approval.unwrap_or_default());
        if channel.contains('\0') || approval.contains('\0') {
            return Ok(Vec::new());
        }
        let state = wanted.state.map_or("", Standing::word);
        // Each has an index of its own; one text for both would have none.
        let rows: Vec<Row> = if approval.is_empty() {
            reading!(self.pool(), db => {
                sqlx::query_as(LIST).bind(channel).bind(state).bind(limit).fetch_all(db).await
            })?
        } else {
            reading!(self.pool(), db => {
                sqlx::query_as(OF_CALL).bind(approval).bind(channel).bind(state).bind(limit).fetch_all(db).await
            })?
        };
        Ok(rows.into_iter().filter_map(|row| Delivery::read(row).ok()).collect())
    }

    /// How many deliveries of each channel stand where.
    pub async fn count_deliveries(&self) -> Result<Vec<Counted>, StoreError> {
        let rows: Vec<(String, String, i64, i64, i64)> =
            reading!(self.pool(), db => sqlx::query_as(COUNT).fetch_all(db).await)?;
        let counted = |(channel, state, count, tries, oldest): (String, String, i64, i64, i64)| {
            let state = Standing::of_word(&state)?;
            Some(Counted { channel, state, count, tries, oldest: Timestamp::from_micros(oldest) })
        };
        Ok(rows.into_iter().filter_map(counted).collect())
    }

    /// Forgets deliveries that were made before this, and says how many. What still waited then is on a channel that is closed, or
    /// that nobody has any more.
    pub async fn sweep_deliveries(&self, before: Timestamp) -> Result<u64, StoreError> {
        self.forget(SWEEP_POSTED, before).await?;
        self.forget(SWEEP, before).await
    }

    /// Remembers where a channel put its message about a call, so that it can be changed later.
    pub async fn put_posted(
        &self,
        (channel, to): (&str, &str),
        approval: &str,
        place: &str,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        storable(place, "the place of a message")?;
        writing!(self.pool(), db => sqlx::query(POSTED)
            .bind(channel).bind(to).bind(approval).bind(place).bind(at.micros()).execute(db).await.map(drop))?;
        self.appender().wrote();
        Ok(())
    }

    /// Where a channel put its messages about a call: to whom, and the place.
    pub async fn posted(&self, channel: &str, approval: &str) -> Result<Vec<(String, String)>, StoreError> {
        Ok(reading!(self.pool(), db => sqlx::query_as(PLACES).bind(channel).bind(approval).fetch_all(db).await)?)
    }

    /// Gives a channel nothing more: its receiver wants no more.
    pub async fn close_channel(&self, name: &str, why: &str, at: Timestamp) -> Result<(), StoreError> {
        writing!(self.pool(), db => sqlx::query(CLOSE).bind(name).bind(at.micros()).bind(why)
            .execute(db).await.map(drop))?;
        self.appender().wrote();
        Ok(())
    }

    /// Gives a channel everything again.
    pub async fn reopen_channel(&self, name: &str) -> Result<(), StoreError> {
        writing!(self.pool(), db => sqlx::query(REOPEN).bind(name).execute(db).await.map(drop))?;
        self.appender().wrote();
        Ok(())
    }

    /// The channels that are given nothing, and why.
    pub async fn closed_channels(&self) -> Result<Vec<(String, String)>, StoreError> {
        Ok(reading!(self.pool(), db => sqlx::query_as(CLOSED).fetch_all(db).await)?)
    }
}

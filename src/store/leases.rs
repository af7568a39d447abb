//! Which credentials are out, and who takes them back?
//!
//! A row is there before anything is made, so that a crash at any point leaves something to look for. Whoever makes one says
//! again and again that it is still there (`held_until`); a lease whose owner fell silent, or whose time is up, is taken over
//! by whoever looks first. Every step is a conditional update: only one of them takes it back at a time.

use super::pool::{reading, storable, writing};
use super::{Store, StoreError};
use crate::clock::Timestamp;

/// A credential that is out, or was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptLease {
    /// Names it.
    pub id: String,
    /// The call it is for.
    pub call: String,
    /// Who asked for the call.
    pub principal: String,
    /// The configured name of the server.
    pub server: String,
    /// The configured name of the provider.
    pub provider: String,
    /// What kind of provider that is.
    pub kind: String,
    /// What it reaches, line by line.
    pub reaches: Vec<String>,
    /// What the provider takes it back by.
    pub handle: Option<String>,
    /// Where it stands.
    pub state: LeaseState,
    /// When it was ordered.
    pub made: Timestamp,
    /// When it ends by itself.
    pub expires: Timestamp,
    /// How often it could not be taken back.
    pub tries: u32,
    /// Why not, the last time.
    pub trouble: Option<String>,
    /// Since when it is worth nothing.
    pub ended: Option<Timestamp>,
}

/// Where a lease stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeaseState {
    /// The provider was asked, or is about to be.
    Minting,
    /// A call runs with it.
    Live,
    /// It is to be taken back.
    Ending,
    /// It cannot be taken back and ends by itself.
    Lapsing,
    /// It was taken back.
    Revoked,
    /// It ended by itself.
    Lapsed,
    /// Nothing was made.
    NotMade,
    /// It was there before, and stays.
    Standing,
}

/// Whether the row was still as expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moved {
    /// It is done.
    Yes,
    /// Somebody else was faster.
    No,
}

type Row = (
    String,
    String,
    String,
    String,
    String,
    String,
    String,
    Option<String>,
    String,
    i64,
    i64,
    i64,
    Option<String>,
    Option<i64>,
);

const COLUMNS: &str =
    "id, call, principal, server, provider, kind, reaches, handle, state, made, expires, tries, trouble, ended";

const OPEN: &str = "
INSERT INTO lease (id, call, principal, server, provider, kind, reaches, state, made, expires, owner, held_until, tries, next_try)
VALUES ($1, $2, $3, $4, $5, $6, $7, 'minting', $8, $9, $10, $11, 0, 0)";

const MADE: &str = "
UPDATE lease SET state = 'live', handle = $2, expires = $3 WHERE id = $1 AND state = 'minting' AND owner = $4";

/// Whoever owns it, or whoever took it over, says how it went on.
const STEP: &str = "
UPDATE lease SET state = $3, trouble = $4, tries = tries + $5, next_try = $6, ended = $7
WHERE id = $1 AND owner = $2 AND ended IS NULL";

const OWNS: &str = "
SELECT CAST(CASE WHEN EXISTS (SELECT 1 FROM lease WHERE ended IS NULL AND owner = $1 AND state IN ('minting', 'live'))
THEN 1 ELSE 0 END AS BIGINT)";

const HOLD: &str = "UPDATE lease SET held_until = $2 WHERE owner = $1 AND state IN ('minting', 'live')";

/// The owner fell silent, the time is up, or it is to be tried again.
const DUE: &str = "
SELECT id FROM lease WHERE ended IS NULL AND (
    (state IN ('minting', 'live') AND (held_until <= $1 OR expires <= $1))
    OR (state = 'ending' AND next_try <= $1 AND held_until <= $1)
    OR (state = 'lapsing' AND expires <= $1))
ORDER BY expires LIMIT 1000";

const TAKE: &str = "
UPDATE lease SET owner = $2, held_until = $3, state = CASE WHEN state = 'lapsing' THEN 'lapsing' ELSE 'ending' END
WHERE id = $1 AND ended IS NULL AND (
    (state IN ('minting', 'live') AND (held_until <= $4 OR expires <= $4))
    OR (state = 'ending' AND next_try <= $4 AND held_until <= $4)
    OR (state = 'lapsing' AND expires <= $4))";

/// A person wants it back, whoever has it.
const SEIZE: &str = "
UPDATE lease SET owner = $2, held_until = $3, state = 'ending' WHERE id = $1 AND state IN ('minting', 'live', 'ending')";

const COUNT: &str = "
SELECT state, CAST(COUNT(*) AS BIGINT), CAST(SUM(CASE WHEN tries > 0 THEN 1 ELSE 0 END) AS BIGINT)
FROM lease WHERE ended IS NULL GROUP BY state";

impl LeaseState {
    /// All of them, in the order in which they come.
    pub const ALL: [Self; 8] = [
        Self::Minting,
        Self::Live,
        Self::Ending,
        Self::Lapsing,
        Self::Revoked,
        Self::Lapsed,
        Self::NotMade,
        Self::Standing,
    ];

    /// The word of the database, and for people.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Minting => "minting",
            Self::Live => "live",
            Self::Ending => "ending",
            Self::Lapsing => "lapsing",
            Self::Revoked => "revoked",
            Self::Lapsed => "lapsed",
            Self::NotMade => "not_made",
            Self::Standing => "standing",
        }
    }

    /// Whether nothing comes after it.
    pub const fn is_over(self) -> bool {
        matches!(self, Self::Revoked | Self::Lapsed | Self::NotMade | Self::Standing)
    }

    fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.word() == word)
    }
}

/// What a step leaves behind.
#[derive(Clone, Debug)]
pub struct Step<'a> {
    /// Where it stands now.
    pub state: LeaseState,
    /// Why it could not be taken back, if that is so.
    pub trouble: Option<&'a str>,
    /// When it is tried again.
    pub next_try: Timestamp,
    /// Now.
    pub now: Timestamp,
}

impl Store {
    /// Says that a credential is about to be made, by this gateway, which is there until then at least.
    pub async fn open_lease(&self, lease: &KeptLease, (owner, until): (&str, Timestamp)) -> Result<(), StoreError> {
        let reaches = serde_json::to_string(&lease.reaches).map_err(|error| StoreError::Database(error.to_string()))?;
        for text in [&lease.call, &lease.principal, &lease.server, &lease.provider, &reaches] {
            storable(text, "the lease")?;
        }
        let KeptLease { id, call, principal, server, provider, kind, .. } = lease;
        writing!(self.pool(), db => sqlx::query(OPEN)
            .bind(id).bind(call).bind(principal).bind(server).bind(provider).bind(kind).bind(&reaches)
            .bind(lease.made.micros()).bind(lease.expires.micros()).bind(owner).bind(until.micros())
            .execute(db).await.map(|_| ()))?;
        self.appender().wrote();
        Ok(())
    }

    /// Says that it was made.
    pub async fn lease_made(
        &self,
        (id, owner): (&str, &str),
        handle: Option<&str>,
        expires: Timestamp,
    ) -> Result<Moved, StoreError> {
        storable(handle.unwrap_or_default(), "what the lease is taken back by")?;
        let done = writing!(self.pool(), db => sqlx::query(MADE)
            .bind(id).bind(handle).bind(expires.micros()).bind(owner)
            .execute(db).await.map(|done| done.rows_affected()))?;
        self.appender().wrote();
        Ok(moved(done))
    }

    /// Says how it went on.
    pub async fn step_lease(&self, (id, owner): (&str, &str), step: &Step<'_>) -> Result<Moved, StoreError> {
        let trouble = step.trouble.map(|trouble| trouble.replace('\0', " "));
        let ended = step.state.is_over().then(|| step.now.micros());
        let done = writing!(self.pool(), db => sqlx::query(STEP)
            .bind(id).bind(owner).bind(step.state.word()).bind(&trouble).bind(i64::from(trouble.is_some()))
            .bind(step.next_try.micros()).bind(ended)
            .execute(db).await.map(|done| done.rows_affected()))?;
        self.appender().wrote();
        Ok(moved(done))
    }

    /// Says that this gateway is there until then.
    pub async fn hold_leases(&self, owner: &str, until: Timestamp) -> Result<(), StoreError> {
        // A gateway that has none leaves the disk alone.
        let owns: i64 = reading!(self.pool(), db => sqlx::query_scalar(OWNS).bind(owner).fetch_one(db).await)?;
        if owns == 0 {
            return Ok(());
        }
        writing!(self.pool(), db => {
            sqlx::query(HOLD).bind(owner).bind(until.micros()).execute(db).await.map(|_| ())
        })?;
        self.appender().wrote();
        Ok(())
    }

    /// The leases that nobody takes care of, and those whose time is up.
    pub async fn due_leases(&self, now: Timestamp) -> Result<Vec<String>, StoreError> {
        Ok(reading!(self.pool(), db => sqlx::query_scalar(DUE).bind(now.micros()).fetch_all(db).await)?)
    }

    /// Takes such a lease over until then, unless somebody else did.
    pub async fn take_lease(
        &self,
        (id, owner): (&str, &str),
        (now, until): (Timestamp, Timestamp),
    ) -> Result<Moved, StoreError> {
        let done = writing!(self.pool(), db => sqlx::query(TAKE)
            .bind(id).bind(owner).bind(until.micros()).bind(now.micros())
            .execute(db).await.map(|done| done.rows_affected()))?;
        self.appender().wrote();
        Ok(moved(done))
    }

    /// Takes a lease over because a person wants it back.
    pub async fn seize_lease(&self, (id, owner): (&str, &str), until: Timestamp) -> Result<Moved, StoreError> {
        storable(id, "the lease's id")?;
        let done = writing!(self.pool(), db => sqlx::query(SEIZE)
            .bind(id).bind(owner).bind(until.micros())
            .execute(db).await.map(|done| done.rows_affected()))?;
        self.appender().wrote();
        Ok(moved(done))
    }

    /// The lease of this id.
    pub async fn find_lease(&self, id: &str) -> Result<Option<KeptLease>, StoreError> {
        if id.contains('\0') {
            return Ok(None);
        }
        let text = sqlx::AssertSqlSafe(format!("SELECT {COLUMNS} FROM lease WHERE id = $1"));
        let row: Option<Row> = reading!(self.pool(), db => sqlx::query_as(text).bind(id).fetch_optional(db).await)?;
        row.map(read).transpose()
    }

    /// Leases that are not over, or all of them, the newest first.
    pub async fn list_leases(&self, over: Over, most: u32) -> Result<Vec<KeptLease>, StoreError> {
        let which = match over {
            Over::LeftOut => "WHERE ended IS NULL",
            Over::Too => "",
        };
        let text = format!("SELECT {COLUMNS} FROM lease {which} ORDER BY made DESC, id DESC LIMIT $1");
        let text = sqlx::AssertSqlSafe(text);
        let rows: Vec<Row> =
            reading!(self.pool(), db => sqlx::query_as(text).bind(i64::from(most)).fetch_all(db).await)?;
        rows.into_iter().map(read).collect()
    }

    /// How many leases stand where, of those that are not over, and how many of them could not be taken back.
    pub async fn count_leases(&self) -> Result<Vec<(LeaseState, u64, u64)>, StoreError> {
        let rows: Vec<(String, i64, i64)> = reading!(self.pool(), db => sqlx::query_as(COUNT).fetch_all(db).await)?;
        let number = |count: i64| u64::try_from(count).unwrap_or(0);
        Ok(rows
            .into_iter()
            .filter_map(|(state, all, stuck)| Some((LeaseState::of(&state)?, number(all), number(stuck))))
            .collect())
    }
}

/// Whether leases that are over are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    /// They are.
    Too,
    /// They are not.
    LeftOut,
}

const fn moved(rows: u64) -> Moved {
    if rows > 0 { Moved::Yes } else { Moved::No }
}

fn read(row: Row) -> Result<KeptLease, StoreError> {
    let (id, call, principal, server, provider, kind, reaches, handle, state, made, expires, tries, trouble, ended) =
        row;
    let unreadable = || StoreError::Unreadable(format!("the lease {id}"));
    let reaches = serde_json::from_str(&reaches).map_err(|_| unreadable())?;
    let state = LeaseState::of(&state).ok_or_else(unreadable)?;
    let (made, expires) = (Timestamp::from_micros(made), Timestamp::from_micros(expires));
    let ended = ended.map(Timestamp::from_micros);
    let tries = u32::try_from(tries).unwrap_or(u32::MAX);
    Ok(KeptLease {
        id,
        call,
        principal,
        server,
        provider,
        kind,
        reaches,
        handle,
        state,
        made,
        expires,
        tries,
        trouble,
        ended,
    })
}

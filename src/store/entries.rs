//! How is the book read?

use super::pool::{Pool, reading};
use super::seal::{Belongs, Sealer};
use super::{Store, StoreError};
use crate::audit::commitment::Opened;
use crate::audit::entry::{Entry, Event};
use crate::call::CallId;
use crate::clock::{NoChance, Timestamp};
use crate::object;
use crate::policy::kept::Kept;
use crate::wire::json::Value;

/// One line of the book as it is appended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    pub(super) call: Option<CallId>,
    pub(super) at: Timestamp,
    pub(super) event: &'static str,
    pub(super) body: String,
    /// Texts it names, which are kept before it.
    pub(super) kept: Vec<Kept>,
}

impl Line {
    /// Spells an entry out. It fails only for an entry that JSON cannot hold, which no type of ours can make.
    pub fn of(entry: &Entry) -> Result<Self, serde_json::Error> {
        let body = serde_json::to_string(&entry.event)?;
        let kept = match &entry.event {
            Event::Decided(decided) => decided.input.kept().map(Kept::clone).to_vec(),
            _ => Vec::new(),
        };
        Ok(Self { call: entry.call.clone(), at: entry.at, event: entry.event.tag(), body, kept })
    }

    /// Its body as it lies in the database.
    pub(super) fn sealed(&self, sealer: &Sealer) -> Result<Vec<u8>, NoChance> {
        let of = Belongs { event: self.event, call: self.call.as_ref().map(CallId::as_str), at: self.at.micros() };
        sealer.seal(of, &self.body)
    }
}

/// One line of the book as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// Its place in the book. Grows, not always by one.
    pub seq: i64,
    /// The call it belongs to, if it belongs to one.
    pub call: Option<CallId>,
    /// When.
    pub at: Timestamp,
    /// The event code.
    pub event: String,
    /// Everything about it, a JSON object on one line.
    pub body: String,
}

/// Which lines are asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Only of calls whose id begins like this; empty for all.
    pub call: String,
    /// Only these event codes; empty for all.
    pub events: Vec<String>,
}

type Row = (i64, Option<String>, i64, String, String, Option<Vec<u8>>);

const LATEST: &str = "
SELECT seq, call, at, event, body, sealed FROM entry
WHERE ($1 = '' OR replace($1, ',' || event || ',', '') <> $1) AND ($2 = '' OR (call >= $2 AND call < $2 || '~'))
ORDER BY seq DESC LIMIT $3";

const FOLLOWING: &str = "
SELECT seq, call, at, event, body, sealed FROM entry
WHERE ($1 = '' OR replace($1, ',' || event || ',', '') <> $1) AND ($2 = '' OR (call >= $2 AND call < $2 || '~'))
AND seq > $3 ORDER BY seq LIMIT $4";

const OF_CALL: &str = "
SELECT seq, call, at, event, body, sealed FROM entry WHERE call >= $1 AND call < $1 || '~' ORDER BY seq LIMIT $2";

/// SQLite's index by call ends a little before the table does.
const OF_CALL_SQLITE: &str = "
SELECT seq, call, at, event, body, sealed FROM entry
WHERE (seq IN (SELECT seq FROM entry_call WHERE call >= $1 AND call < $1 || '~')
    OR seq > (SELECT MAX(seq) FROM entry_call WHERE call = ''))
AND call >= $1 AND call < $1 || '~' ORDER BY seq LIMIT $2";

const BEFORE: &str = "
SELECT seq, call, at, event, body, sealed FROM entry
WHERE seq < $2 AND seq >= $3 AND replace($1, ',' || event || ',', '') <> $1 ORDER BY seq DESC LIMIT $4";

const AT: &str = "SELECT at FROM entry WHERE seq <= $1 ORDER BY seq DESC LIMIT 1";

const SINCE: &str = "
SELECT CAST(COALESCE((SELECT MIN(seq) FROM entry WHERE at >= $1), (SELECT MAX(seq) + 1 FROM entry), 1) AS BIGINT)";

const NEWEST_OF: &str = "
SELECT CAST(COALESCE((SELECT seq FROM entry WHERE event = $1 ORDER BY seq DESC LIMIT 1 OFFSET $2), 0) AS BIGINT)";

const END: &str = "SELECT CAST(COALESCE(MAX(seq), 0) AS BIGINT) FROM entry";

impl Store {
    /// The newest lines, oldest first.
    pub async fn latest(&self, wanted: &Wanted, limit: i64) -> Result<Vec<Written>, StoreError> {
        if wanted.is_impossible() {
            return Ok(Vec::new());
        }
        let events = wanted.filter();
        let mut rows: Vec<Row> = reading!(self.pool(), db => {
            sqlx::query_as(LATEST).bind(&events).bind(&wanted.call).bind(limit).fetch_all(db).await
        })?;
        rows.reverse();
        Ok(rows.into_iter().map(|row| self.written(row)).collect())
    }

    /// The lines after this one, oldest first.
    pub async fn following(&self, wanted: &Wanted, after: i64, limit: i64) -> Result<Vec<Written>, StoreError> {
        if wanted.is_impossible() {
            return Ok(Vec::new());
        }
        let events = wanted.filter();
        let rows: Vec<Row> = reading!(self.pool(), db => {
            sqlx::query_as(FOLLOWING).bind(&events).bind(&wanted.call).bind(after).bind(limit).fetch_all(db).await
        })?;
        Ok(rows.into_iter().map(|row| self.written(row)).collect())
    }

    /// The lines with these event codes before one place and not before another, newest first. Looks at nothing else.
    pub async fn between(
        &self,
        events: &[&str],
        (before, from): (i64, i64),
        limit: i64,
    ) -> Result<Vec<Written>, StoreError> {
        let events = format!(",{},", events.join(",,"));
        let rows: Vec<Row> = reading!(self.pool(), db => {
            sqlx::query_as(BEFORE).bind(&events).bind(before).bind(from).bind(limit).fetch_all(db).await
        })?;
        Ok(rows.into_iter().map(|row| self.written(row)).collect())
    }

    /// The place behind the last line that is not younger. Looks at few lines however many there are, and so is right only
    /// as far as times grow with places.
    pub async fn place_after(&self, time: Timestamp) -> Result<i64, StoreError> {
        let (mut low, mut high) = (0, self.end().await?.saturating_add(1));
        while low < high {
            let middle = low.midpoint(high);
            let at: Option<(i64,)> =
                reading!(self.pool(), db => sqlx::query_as(AT).bind(middle).fetch_optional(db).await)?;
            if at.is_none_or(|(at,)| at <= time.micros()) { low = middle.saturating_add(1) } else { high = middle }
        }
        Ok(low)
    }

    /// Everything about the calls whose id begins like this, oldest first.
    pub async fn of_call(&self, beginning: &str, limit: i64) -> Result<Vec<Written>, StoreError> {
        if beginning.contains('\0') {
            return Ok(Vec::new());
        }
        let text = match self.pool() {
            Pool::Sqlite { .. } => OF_CALL_SQLITE,
            Pool::Postgres(_) => OF_CALL,
        };
        let rows: Vec<Row> =
            reading!(self.pool(), db => sqlx::query_as(text).bind(beginning).bind(limit).fetch_all(db).await)?;
        Ok(rows.into_iter().map(|row| self.written(row)).collect())
    }

    /// The place of the first line that is not older; behind the last when all are. Looks at every line before it.
    pub async fn since(&self, time: Timestamp) -> Result<i64, StoreError> {
        let (first,): (i64,) =
            reading!(self.pool(), db => sqlx::query_as(SINCE).bind(time.micros()).fetch_one(db).await)?;
        Ok(first)
    }

    /// The place of the oldest among the newest so many lines of an event; zero when there are fewer.
    pub async fn newest_of(&self, event: &str, count: i64) -> Result<i64, StoreError> {
        let before = count.saturating_sub(1).max(0);
        let (first,): (i64,) =
            reading!(self.pool(), db => sqlx::query_as(NEWEST_OF).bind(event).bind(before).fetch_one(db).await)?;
        Ok(first)
    }

    /// A line with its body opened. What does not open says so in its body: one line that somebody changed must not keep anybody
    /// from the others.
    fn written(&self, (seq, call, at, event, body, sealed): Row) -> Written {
        let of = Belongs { event: &event, call: call.as_deref(), at };
        let is_pruned = sealed.as_ref().is_some_and(Vec::is_empty);
        let body = match sealed.map(|sealed| self.keys().sealer.open(of, &sealed)) {
            None => body,
            // Its time was over. See `pruning`.
            Some(_) if is_pruned => object! { "event" => event.as_str(), "pruned" => true }.to_string(),
            Some(Ok(opened)) => shown(&opened),
            Some(Err(closed)) => object! { "unreadable" => closed.to_string() }.to_string(),
        };
        Written { seq, call: call.as_deref().map(CallId::from_record), at: Timestamp::from_micros(at), event, body }
    }

    /// The place of the last line; zero for an empty book.
    pub async fn end(&self) -> Result<i64, StoreError> {
        let (end,): (i64,) = reading!(self.pool(), db => sqlx::query_as(END).fetch_one(db).await)?;
        Ok(end)
    }
}

/// The body, and what was erased of it by name.
fn shown(opened: &Opened) -> String {
    let erased: Vec<Value> = opened.erased().map(Value::from).collect();
    let body = opened.body();
    match body.strip_suffix('}') {
        Some(open) if !erased.is_empty() => format!("{open},\"erased\":{}}}", Value::from(erased)),
        _ => body.to_owned(),
    }
}

impl Wanted {
    /// No line holds a zero character, and Postgres does not even take the question.
    fn is_impossible(&self) -> bool {
        self.call.contains('\0') || self.events.iter().any(|event| event.contains('\0'))
    }

    /// All codes in one text, each between commas, because the two databases bind lists differently.
    fn filter(&self) -> String {
        if self.events.is_empty() { String::new() } else { format!(",{},", self.events.join(",,")) }
    }
}

//! How is a Postgres database opened, when is it refused, and how are lines added to it?
//!
//! With `durability = "process"` commits do not wait for the disk (`synchronous_commit = off`): the server promises to
//! write them within three times its `wal_writer_delay`, 600 ms unless somebody changed it. A server that would take
//! longer than a second is asked to wait for the disk at every commit instead.

mod grown;
mod step;

use std::str::FromStr as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgConnection, PgPool, PgPoolOptions};
use sqlx::{ConnectOptions as _, Connection as _};

use super::append::{AppendError, Appender, Kind};
use super::approvals::{Moved, Rows};
use super::entries::Line;
use super::key_folder::{BookKeys, Making};
use super::log::{DATA_KEY, Growth};
use super::parts::Known;
use super::pool::{self, Pool};
use super::seal::Sealer;
use super::{Durability, Inner, Role, StoreError, StoreOptions, migrations};
use crate::audit::entry::{Entry, Event, Operated};
use crate::clock::{Clock as _, SystemClock, Timestamp};

/// How long a write may take before it counts as failed.
const PATIENCE: Duration = Duration::from_secs(5);

/// The same for one that waits for somebody else's, in the database's own words.
const LOCKED: &str = "5s";

/// How long the server may keep a commit from the disk.
const LONGEST: i64 = 1000;

/// How often a failed database is tried again.
const AGAIN: Duration = Duration::from_millis(500);

/// Opens the database, and brings its schema up to date for those who write.
pub(super) async fn open(url: &str, wanted: &StoreOptions, role: Role) -> Result<Inner, StoreError> {
    let options = PgConnectOptions::from_str(url).map_err(|_| StoreError::Url)?;
    let place = place(&options);
    let options = options.application_name("countersign").disable_statement_logging();
    let mut first =
        options.clone().options([(MARK, MARKED)]).connect().await.map_err(|error| refusal(&place, &error))?;
    let commit = commit_mode(&mut first, wanted.durability, &place).await?;
    match role {
        Role::Alone | Role::Beside => migrations::migrate_postgres(&mut first, &place).await?,
        Role::Reader => check_schema(&mut first, &place).await?,
    }
    let named: Option<String> = sqlx::query_scalar(DATA_KEY).fetch_optional(&mut first).await?;
    first.close().await?;
    let making = if named.is_none() && role != Role::Reader { Making::Allowed } else { Making::Refused };
    let keys = BookKeys::open(&wanted.keys, making, wanted.origin.as_deref())?;
    let options = options.options([(MARK, MARKED), ("synchronous_commit", commit), ("lock_timeout", LOCKED)]);
    let pool = PgPoolOptions::new()
        .max_connections(8)
        .acquire_timeout(PATIENCE)
        // A write that meets a dead connection is refused and the next one gets a fresh one; asking first costs each
        // write a round trip.
        .test_before_acquire(false)
        .connect_with(options)
        .await
        .map_err(|error| refusal(&place, &error))?;
    let kind = match role {
        Role::Reader => Kind::Nowhere,
        Role::Alone | Role::Beside => Kind::Postgres(Ledger::new(pool.clone(), Arc::clone(&keys.sealer))),
    };
    Ok(Inner { pool: Pool::Postgres(pool), appender: Appender::new(kind), place, keys, _scratch: None })
}

/// A setting of our own: whoever does not find it talks through something that changes sessions underneath.
const MARK: &str = "countersign.session";
const MARKED: &str = "own";

async fn commit_mode(db: &mut PgConnection, durability: Durability, place: &str) -> Result<&'static str, StoreError> {
    let refused = |what: &str| StoreError::Refused { place: place.to_owned(), what: what.to_owned() };
    let ask = "SELECT current_setting('countersign.session', true), current_setting('fsync'),
        (SELECT CAST(setting AS BIGINT) FROM pg_settings WHERE name = 'wal_writer_delay')";
    // A statement with a name might meet one of another connection's, behind exactly what is looked for here.
    let asked = sqlx::query_as(ask).persistent(false).fetch_one(db);
    let (mark, fsync, delay): (Option<String>, String, i64) = asked.await?;
    if mark.as_deref() != Some(MARKED) {
        return Err(refused(POOLER));
    }
    match (durability, fsync.as_str()) {
        (_, "on") => {}
        (Durability::Power, _) => return Err(refused(UNSYNCED)),
        (Durability::Process, _) => warn(place, "it runs with fsync = off: commits may not survive the loss of power"),
    }
    match durability {
        Durability::Power => Ok("on"),
        Durability::Process if delay.saturating_mul(3) < LONGEST => Ok("off"),
        Durability::Process => {
            warn(place, "its wal_writer_delay is too long, so every commit waits for the disk");
            Ok("on")
        }
    }
}

fn warn(place: &str, what: &str) {
    tracing::warn!(place, "{what}");
}

const UNSYNCED: &str = "it runs with fsync = off, so durability = \"power\" cannot be kept; turn fsync on";

const POOLER: &str = "settings given with the connection do not reach the database, as behind PgBouncer and other proxies \
                      that share connections; connect to Postgres directly";

async fn check_schema(db: &mut PgConnection, place: &str) -> Result<(), StoreError> {
    let found: Result<i64, sqlx::Error> = sqlx::query_scalar(migrations::highest()).fetch_one(db).await;
    match found {
        Ok(found) => migrations::check(found, place),
        // There is no such table.
        Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some("42P01") => migrations::check(0, place),
        Err(error) => Err(error.into()),
    }
}

/// The address without user and password.
fn place(options: &PgConnectOptions) -> String {
    let database = options.get_database().unwrap_or_default();
    match options.get_socket() {
        Some(socket) => format!("postgres://{}:{}/{database}", socket.display(), options.get_port()),
        None => format!("postgres://{}:{}/{database}", options.get_host(), options.get_port()),
    }
}

fn refusal(place: &str, error: &sqlx::Error) -> StoreError {
    let (place, why) = (place.to_owned(), error.to_string());
    // How PgBouncer answers a setting it would have to keep per session.
    if why.contains("unsupported startup parameter") {
        return StoreError::Refused { place, what: POOLER.to_owned() };
    }
    StoreError::Unusable { place, why }
}

/// One statement for a whole batch; the order is that of the arrays.
const INSERT: &str = "
INSERT INTO entry (call, at, event, body, sealed)
SELECT line.call, line.at, line.event, '', line.sealed
FROM UNNEST($1::TEXT[], $2::BIGINT[], $3::TEXT[], $4::BYTEA[]) WITH ORDINALITY AS line (call, at, event, sealed, place)
ORDER BY line.place";

/// The same, with the texts the lines name and nobody is known to have kept.
const INSERT_AND_KEEP: &str = "
WITH kept AS (
    INSERT INTO part (name, body)
    SELECT text.name, text.body FROM UNNEST($5::TEXT[], $6::TEXT[]) WITH ORDINALITY AS text (name, body, place)
    ORDER BY text.place ON CONFLICT (name) DO NOTHING
)
INSERT INTO entry (call, at, event, body, sealed)
SELECT line.call, line.at, line.event, '', line.sealed
FROM UNNEST($1::TEXT[], $2::BIGINT[], $3::TEXT[], $4::BYTEA[]) WITH ORDINALITY AS line (call, at, event, sealed, place)
ORDER BY line.place";

/// The book in Postgres.
#[derive(Debug)]
pub(super) struct Ledger {
    pool: PgPool,
    healthy: AtomicBool,
    known: Mutex<Known>,
    sealer: Arc<Sealer>,
    own: Weak<Self>,
}

impl Ledger {
    fn new(pool: PgPool, sealer: Arc<Sealer>) -> Arc<Self> {
        Arc::new_cyclic(|own| Self {
            pool,
            healthy: AtomicBool::new(true),
            known: Mutex::default(),
            sealer,
            own: Weak::clone(own),
        })
    }

    pub(super) fn healthy(&self) -> bool {
        self.healthy.load(Ordering::Acquire)
    }

    pub(super) async fn append(&self, lines: &[Line]) -> Result<(), AppendError> {
        let done = self.insert(lines).await;
        match &done {
            Ok(()) => self.healthy.store(true, Ordering::Release),
            Err(error) => {
                tracing::error!(%error, "the record failed");
                self.ail();
            }
        }
        done
    }

    /// Changes an approval and appends the lines that say so. The transaction is a task of its own: nobody drops it
    /// half-way, and it waits for the disk.
    pub(super) async fn step(&self, rows: Rows) -> Result<Moved, AppendError> {
        let (pool, bodies) = (self.pool.clone(), sealed(&rows.lines, &self.sealer)?);
        let work = tokio::spawn(async move { step::write(&pool, &rows, &bodies).await });
        let late = |_| Err(AppendError::Broken("the database did not answer in time".to_owned()));
        let done = tokio::time::timeout(PATIENCE, work)
            .await
            .map_or_else(late, |done| done.unwrap_or_else(|error| Err(AppendError::Broken(error.to_string()))));
        if let Err(error) = &done {
            tracing::error!(%error, "a change of an approval failed, or nobody knows whether it did");
            self.ail();
        }
        done
    }

    /// Lets the log grow, if it is what it was. A task of its own, like every transaction.
    pub(super) async fn grow(&self, growth: Growth) -> Result<bool, AppendError> {
        let pool = self.pool.clone();
        let work = tokio::spawn(async move { grown::write(&pool, &growth).await });
        let done = work.await.map_err(|error| AppendError::Broken(error.to_string()))?;
        done.map_err(|error| trouble(&error))
    }

    async fn insert(&self, lines: &[Line]) -> Result<(), AppendError> {
        let calls: Vec<_> = lines.iter().map(|line| line.call.as_ref().map(crate::call::CallId::as_str)).collect();
        let times: Vec<_> = lines.iter().map(|line| Timestamp::micros(line.at)).collect();
        let events: Vec<_> = lines.iter().map(|line| line.event).collect();
        let bodies = sealed(lines, &self.sealer)?;
        let lacking = self.known().lacking(lines.iter().flat_map(|line| &line.kept));
        let (names, texts): (Vec<_>, Vec<_>) = lacking.iter().map(|kept| (kept.name(), kept.body())).unzip();
        let work = async {
            let mut tries = 0_u32;
            loop {
                let text = if names.is_empty() { INSERT } else { INSERT_AND_KEEP };
                let query = sqlx::query(text).bind(&calls).bind(&times).bind(&events).bind(&bodies);
                let query = if names.is_empty() { query } else { query.bind(&names).bind(&texts) };
                match query.execute(&self.pool).await {
                    Ok(_) => {
                        self.known().learn(lacking);
                        return Ok(());
                    }
                    Err(error) if tries < pool::RETRIES && pool::passing(&error) => {
                        tries = tries.saturating_add(1);
                        pool::pause(tries).await;
                    }
                    Err(error) => return Err(trouble(&error)),
                }
            }
        };
        let late = |_| Err(AppendError::Broken("the database did not answer in time".to_owned()));
        tokio::time::timeout(PATIENCE, work).await.unwrap_or_else(late)
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From the first failure on, writes a line of its own until one stays, so that health returns without a call.
    fn ail(&self) {
        if !self.healthy.swap(false, Ordering::AcqRel) {
            return;
        }
        let own = Weak::clone(&self.own);
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(AGAIN).await;
                let Some(ledger) = own.upgrade() else { return };
                if ledger.pool.is_closed() || ledger.resume().await.is_ok() {
                    return;
                }
            }
        });
    }

    async fn resume(&self) -> Result<(), AppendError> {
        let detail = "after a failure the database answers again; calls in between were refused".to_owned();
        let event = Event::Operated(Operated { what: "record_resumed", detail });
        let entry = Entry { call: None, at: SystemClock.now(), event };
        let line = Line::of(&entry).map_err(|error| AppendError::Broken(error.to_string()))?;
        self.insert(&[line]).await?;
        self.healthy.store(true, Ordering::Release);
        Ok(())
    }
}

fn sealed(lines: &[Line], sealer: &Sealer) -> Result<Vec<Vec<u8>>, AppendError> {
    let closed: Result<_, _> = lines.iter().map(|line| line.sealed(sealer)).collect();
    closed.map_err(|error| AppendError::Broken(error.to_string()))
}

fn trouble(error: &sqlx::Error) -> AppendError {
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
    match code.as_deref() {
        Some("53100") => AppendError::Full,
        _ => AppendError::Broken(error.to_string()),
    }
}

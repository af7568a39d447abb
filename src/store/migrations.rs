//! Which tables are there, and how do they come about?
//!
//! Every change of the schema has one number and one text for both databases; words in braces stand for what the two
//! spell differently. A number is never changed once it was released.

mod leases;
mod log;
mod reports;
mod token_keys;

use sqlx::{AssertSqlSafe, Executor as _, PgConnection, Row as _, SqliteConnection};

use super::StoreError;

/// One step, in both spellings.
struct Migration {
    number: i64,
    text: &'static str,
}

const ALL: &[Migration] = &[
    Migration { number: 1, text: FIRST },
    Migration { number: 2, text: TICKETS },
    Migration { number: 3, text: LIMITS },
    Migration { number: 4, text: PARTS },
    Migration { number: 5, text: APPROVALS },
    Migration { number: 6, text: TASKS },
    Migration { number: 7, text: VOTES },
    Migration { number: 8, text: GRANTS },
    Migration { number: 9, text: SIGN_INS },
    Migration { number: 10, text: DELIVERIES },
    Migration { number: 11, text: log::LOG },
    Migration { number: 12, text: reports::REPORTS },
    Migration { number: 13, text: log::SINKS },
    Migration { number: 14, text: log::ANCHORS },
    Migration { number: 15, text: leases::LEASES },
    Migration { number: 16, text: "" },
    Migration { number: 17, text: token_keys::TOKEN_KEYS },
];

/// Digests and lists are kept as text, times as microseconds since 1970.
const FIRST: &str = "
CREATE TABLE entry (
    seq {counter},
    call TEXT {bytewise},
    at {integer} NOT NULL,
    event TEXT NOT NULL,
    body TEXT NOT NULL
) {strict};
{by_call};
CREATE TABLE api_key (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    hash TEXT NOT NULL,
    groups TEXT NOT NULL,
    agent TEXT,
    person TEXT,
    person_name TEXT,
    made {integer} NOT NULL,
    revoked {integer}
) {strict};
CREATE TABLE pin (
    server TEXT {bytewise} NOT NULL,
    tool TEXT {bytewise} NOT NULL,
    agreed TEXT,
    agreed_by TEXT,
    agreed_at {integer},
    seen TEXT NOT NULL,
    definition TEXT NOT NULL,
    changes {integer} NOT NULL,
    first_seen {integer} NOT NULL,
    last_seen {integer} NOT NULL,
    PRIMARY KEY (server, tool)
) {strict};
";

const TICKETS: &str = "
CREATE TABLE ticket (
    name TEXT {bytewise} PRIMARY KEY,
    principal TEXT {bytewise} NOT NULL,
    place {integer} NOT NULL,
    request TEXT {bytewise} NOT NULL,
    expires {integer} NOT NULL,
    state {bytes} NOT NULL,
    UNIQUE (principal, place)
) {strict};
CREATE INDEX ticket_expires ON ticket (expires);
";

/// What was charged under limits, and what sessions are called.
const LIMITS: &str = "
CREATE TABLE charge (
    name TEXT {bytewise} NOT NULL,
    number {integer} NOT NULL,
    at {integer} NOT NULL,
    cost {integer} NOT NULL,
    total {integer} NOT NULL,
    expires {integer} NOT NULL,
    PRIMARY KEY (name, number)
) {strict};
CREATE INDEX charge_at ON charge (name, at);
CREATE INDEX charge_total ON charge (name, total);
CREATE INDEX charge_expires ON charge (expires);
CREATE TABLE session_label (
    session TEXT {bytewise} NOT NULL,
    label TEXT {bytewise} NOT NULL,
    at {integer} NOT NULL,
    PRIMARY KEY (session, label)
) {strict};
";

/// Texts that entries name by their digest.
const PARTS: &str = "
CREATE TABLE part (
    name TEXT {bytewise} PRIMARY KEY,
    body TEXT NOT NULL
) {strict};
";

/// What waits for people, and every vote.
const APPROVALS: &str = "
CREATE TABLE approval (
    id TEXT {bytewise} PRIMARY KEY,
    version {integer} NOT NULL,
    state TEXT NOT NULL,
    principal TEXT {bytewise} NOT NULL,
    repeat TEXT NOT NULL,
    moved {integer} NOT NULL,
    wakes {integer},
    body TEXT NOT NULL,
    shown TEXT NOT NULL
) {strict};
CREATE INDEX approval_repeat ON approval (repeat);
CREATE INDEX approval_moved ON approval (moved);
CREATE INDEX approval_wakes ON approval (wakes) WHERE wakes IS NOT NULL;
CREATE INDEX approval_open ON approval (principal) WHERE wakes IS NOT NULL;
CREATE TABLE vote (
    approval TEXT {bytewise} NOT NULL,
    person TEXT {bytewise} NOT NULL,
    at {integer} NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (approval, person)
) {strict};
";

/// Calls that go on without their clients.
const TASKS: &str = "
CREATE TABLE task (
    name TEXT {bytewise} PRIMARY KEY,
    principal TEXT {bytewise} NOT NULL,
    approval TEXT {bytewise},
    made {integer} NOT NULL,
    moved {integer} NOT NULL,
    expires {integer} NOT NULL,
    request {bytes} NOT NULL,
    answer {bytes}
) {strict};
CREATE INDEX task_expires ON task (expires);
";

/// Who spoke of a call before it was edited may speak again. What was kept before people could do more than vote says so:
/// a row that leaves something out is taken for damaged.
const VOTES: &str = "
UPDATE approval SET body = substr(body, 1, length(body) - 1) || ',\"escalated\":null,\"questions\":[],\"edits\":[]}';
ALTER TABLE vote RENAME TO vote_once;
CREATE TABLE vote (
    approval TEXT {bytewise} NOT NULL,
    person TEXT {bytewise} NOT NULL,
    digest TEXT NOT NULL,
    at {integer} NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (approval, person, digest)
) {strict};
INSERT INTO vote (approval, person, digest, at, body) SELECT approval, person, '', at, body FROM vote_once;
DROP TABLE vote_once;
";

/// How far a yes reaches beyond one call.
const GRANTS: &str = "
CREATE TABLE grants (
    id TEXT {bytewise} PRIMARY KEY,
    version {integer} NOT NULL,
    state TEXT NOT NULL,
    whose TEXT NOT NULL,
    server TEXT {bytewise} NOT NULL,
    wakes {integer},
    body TEXT NOT NULL
) {strict};
CREATE INDEX grants_whose ON grants (whose) WHERE wakes IS NOT NULL;
CREATE INDEX grants_wakes ON grants (wakes) WHERE wakes IS NOT NULL;
";

/// Browsers that are signed in, what may be used once on the way there, and the keys people sign their answers with. What
/// opens something is kept as its digest only. The last index finds what a caller was allowed before.
const SIGN_INS: &str = "
CREATE TABLE once (
    name TEXT {bytewise} PRIMARY KEY,
    kind TEXT NOT NULL,
    ends {integer} NOT NULL,
    body TEXT NOT NULL
) {strict};
CREATE TABLE sign_in (
    name TEXT {bytewise} PRIMARY KEY,
    account TEXT {bytewise} NOT NULL,
    made {integer} NOT NULL,
    used {integer} NOT NULL,
    ends {integer} NOT NULL,
    body TEXT NOT NULL
) {strict};
CREATE INDEX sign_in_account ON sign_in (account);
CREATE TABLE passkey (
    id TEXT {bytewise} PRIMARY KEY,
    account TEXT {bytewise} NOT NULL,
    name TEXT NOT NULL,
    public_key TEXT NOT NULL,
    counter {integer} NOT NULL,
    made {integer} NOT NULL,
    used {integer}
) {strict};
CREATE INDEX passkey_account ON passkey (account);
CREATE INDEX approval_principal ON approval (principal, id);
";

/// What people are to be told, what is on its way to them, where their messages are, and who wants no more.
const DELIVERIES: &str = "
CREATE TABLE notice (
    id TEXT {bytewise} PRIMARY KEY,
    approval TEXT {bytewise} NOT NULL,
    what TEXT NOT NULL,
    revision {integer} NOT NULL,
    due {integer} NOT NULL
) {strict};
CREATE INDEX notice_due ON notice (due);
CREATE INDEX notice_approval ON notice (approval);
CREATE TABLE delivery (
    id TEXT {bytewise} PRIMARY KEY,
    channel TEXT {bytewise} NOT NULL,
    recipient TEXT {bytewise} NOT NULL,
    approval TEXT {bytewise},
    what TEXT NOT NULL,
    state TEXT NOT NULL,
    made {integer} NOT NULL,
    due {integer},
    tries {integer} NOT NULL,
    body TEXT NOT NULL,
    log TEXT NOT NULL
) {strict};
CREATE INDEX delivery_due ON delivery (channel, due) WHERE due IS NOT NULL;
CREATE INDEX delivery_made ON delivery (made);
CREATE INDEX delivery_approval ON delivery (approval) WHERE approval IS NOT NULL;
CREATE TABLE posted (
    channel TEXT {bytewise} NOT NULL,
    recipient TEXT {bytewise} NOT NULL,
    approval TEXT {bytewise} NOT NULL,
    place TEXT NOT NULL,
    at {integer} NOT NULL,
    PRIMARY KEY (channel, recipient, approval)
) {strict};
CREATE TABLE closed_channel (
    name TEXT {bytewise} PRIMARY KEY,
    at {integer} NOT NULL,
    why TEXT NOT NULL
) {strict};
";

const POSTGRES_BY_CALL: &str = "CREATE INDEX entry_call ON entry (call) WHERE call IS NOT NULL";

/// An index that is filled by hand (see `sqlite/insert.rs`); its line without a call says how far.
const SQLITE_BY_CALL: &str = "
CREATE TABLE entry_call (
    call TEXT NOT NULL,
    seq INTEGER NOT NULL,
    PRIMARY KEY (call, seq)
) STRICT, WITHOUT ROWID;
INSERT INTO entry_call (call, seq) VALUES ('', 0)";

const RECORD: &str = "CREATE TABLE IF NOT EXISTS schema_version (number {integer} PRIMARY KEY) {strict}";
const HIGHEST: &str = "SELECT CAST(COALESCE(MAX(number), 0) AS BIGINT) FROM schema_version";
const DONE: &str = "INSERT INTO schema_version (number) VALUES ($1)";

/// The schema this program needs.
pub(super) fn known() -> i64 {
    ALL.iter().map(|migration| migration.number).max().unwrap_or(0)
}

/// Whether a reader can use the schema that is there.
pub(super) fn check(found: i64, place: &str) -> Result<(), StoreError> {
    let (known, place) = (known(), place.to_owned());
    match found {
        found if found > known => Err(StoreError::Newer { place, found, known }),
        found if found < known => Err(StoreError::Older { place, found, known }),
        _ => Ok(()),
    }
}

/// Brings a SQLite file up to date, all or nothing.
pub(super) async fn migrate_sqlite(db: &mut SqliteConnection, place: &str) -> Result<(), StoreError> {
    db.execute("BEGIN IMMEDIATE").await?;
    let done = async {
        db.execute(AssertSqlSafe(spelled(RECORD, Spelling::Sqlite))).await?;
        let found: i64 = db.fetch_one(HIGHEST).await?.try_get(0)?;
        for migration in missing(found, place)? {
            db.execute(AssertSqlSafe(spelled(migration.text, Spelling::Sqlite))).await?;
            sqlx::query(DONE).bind(migration.number).execute(&mut *db).await?;
        }
        Ok(())
    }
    .await;
    db.execute(if done.is_ok() { "COMMIT" } else { "ROLLBACK" }).await?;
    done
}

/// Brings a Postgres database up to date, all or nothing, one replica at a time.
pub(super) async fn migrate_postgres(db: &mut PgConnection, place: &str) -> Result<(), StoreError> {
    db.execute("BEGIN").await?;
    let done = async {
        // "Countersign" in the first bytes of a lock number nobody else is likely to use.
        db.execute("SELECT pg_advisory_xact_lock(4859230912017)").await?;
        db.execute(AssertSqlSafe(spelled(RECORD, Spelling::Postgres))).await?;
        let found: i64 = db.fetch_one(HIGHEST).await?.try_get(0)?;
        for migration in missing(found, place)? {
            db.execute(sqlx::raw_sql(AssertSqlSafe(spelled(migration.text, Spelling::Postgres)))).await?;
            sqlx::query(DONE).bind(migration.number).execute(&mut *db).await?;
        }
        Ok(())
    }
    .await;
    db.execute(if done.is_ok() { "COMMIT" } else { "ROLLBACK" }).await?;
    done
}

/// The schema number found, for those who change nothing.
pub(super) const fn highest() -> &'static str {
    HIGHEST
}

fn missing(found: i64, place: &str) -> Result<impl Iterator<Item = &'static Migration>, StoreError> {
    if found > known() {
        return Err(StoreError::Newer { place: place.to_owned(), found, known: known() });
    }
    Ok(ALL.iter().filter(move |migration| migration.number > found))
}

#[derive(Clone, Copy)]
enum Spelling {
    Sqlite,
    Postgres,
}

fn spelled(text: &str, spelling: Spelling) -> String {
    let words = match spelling {
        Spelling::Sqlite => [
            ("{counter}", "INTEGER PRIMARY KEY"),
            ("{integer}", "INTEGER"),
            ("{bytes}", "BLOB"),
            ("{bytewise}", ""),
            ("{by_call}", SQLITE_BY_CALL),
            ("{strict}", "STRICT"),
        ],
        Spelling::Postgres => [
            ("{counter}", "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY"),
            ("{integer}", "BIGINT"),
            ("{bytes}", "BYTEA"),
            ("{bytewise}", "COLLATE \"C\""),
            ("{by_call}", POSTGRES_BY_CALL),
            ("{strict}", ""),
        ],
    };
    words.iter().fold(text.to_owned(), |text, (word, spelled)| text.replace(word, spelled))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_count_up_without_a_gap() {
        let numbers: Vec<_> = ALL.iter().map(|migration| migration.number).collect();
        assert_eq!(numbers, (1..=known()).collect::<Vec<_>>());
    }

    #[test]
    fn both_spellings_are_complete() {
        for migration in ALL {
            for spelling in [Spelling::Sqlite, Spelling::Postgres] {
                assert!(!spelled(migration.text, spelling).contains('{'));
            }
        }
    }
}

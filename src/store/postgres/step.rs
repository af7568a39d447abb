//! How does a change of an approval become rows?

use sqlx::PgPool;

use super::{INSERT_AND_KEEP, trouble};
use crate::call::CallId;
use crate::clock::Timestamp;
use crate::store::append::AppendError;
use crate::store::approvals::{Ballot, Before, CHANGE, Moved, OPEN, Rows, VOTE};
use crate::store::pool;

/// One transaction, on the disk when it returns.
pub(super) async fn write(pool: &PgPool, rows: &Rows) -> Result<Moved, AppendError> {
    let mut tries = 0_u32;
    loop {
        match attempt(pool, rows).await {
            Err(error) if tries < pool::RETRIES && pool::passing(&error) => {
                tries = tries.saturating_add(1);
                pool::pause(tries).await;
            }
            done => return done.map_err(|error| trouble(&error)),
        }
    }
}

async fn attempt(pool: &PgPool, rows: &Rows) -> Result<Moved, sqlx::Error> {
    let mut open = pool.begin().await?;
    sqlx::query("SET LOCAL synchronous_commit = on").execute(&mut *open).await?;
    let query = match &rows.before {
        Before::Nothing(shown) => sqlx::query(OPEN)
            .bind(&rows.id)
            .bind(rows.state)
            .bind(&rows.principal)
            .bind(&rows.repeat)
            .bind(rows.moved)
            .bind(rows.wakes)
            .bind(&rows.body)
            .bind(shown),
        Before::Version(version) | Before::Shown(version, _) => sqlx::query(CHANGE)
            .bind(&rows.id)
            .bind(rows.state)
            .bind(rows.moved)
            .bind(rows.wakes)
            .bind(&rows.body)
            .bind(*version)
            .bind(rows.before.anew()),
    };
    if query.execute(&mut *open).await?.rows_affected() != 1 {
        open.rollback().await?;
        return Ok(Moved::Stale);
    }
    if let Some(Ballot { person, digest, at, body }) = &rows.vote {
        let query = sqlx::query(VOTE).bind(&rows.id).bind(person).bind(digest).bind(at).bind(body);
        query.execute(&mut *open).await?;
    }
    let lines = &rows.lines;
    let calls: Vec<_> = lines.iter().map(|line| line.call.as_ref().map(CallId::as_str)).collect();
    let times: Vec<_> = lines.iter().map(|line| Timestamp::micros(line.at)).collect();
    let events: Vec<_> = lines.iter().map(|line| line.event).collect();
    let bodies: Vec<_> = lines.iter().map(|line| line.body.as_str()).collect();
    let mut kept: Vec<_> = lines.iter().flat_map(|line| &line.kept).collect();
    // Every gateway takes texts in the same order, or two would wait for each other.
    kept.sort_unstable();
    kept.dedup();
    let (names, texts): (Vec<_>, Vec<_>) = kept.iter().map(|kept| (kept.name(), kept.body())).unzip();
    let query = sqlx::query(INSERT_AND_KEEP).bind(&calls).bind(&times).bind(&events).bind(&bodies);
    query.bind(&names).bind(&texts).execute(&mut *open).await?;
    open.commit().await?;
    Ok(Moved::Done(rows.version()))
}

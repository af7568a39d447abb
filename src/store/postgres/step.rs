//! How does a change of an approval become rows?

use sqlx::{PgConnection, PgPool};

use super::{INSERT_AND_KEEP, trouble};
use crate::call::CallId;
use crate::channels::notice::Notice;
use crate::clock::Timestamp;
use crate::store::append::AppendError;
use crate::store::approvals::{ApprovalRow, Ballot, Before, CHANGE, Moved, OPEN, Rows, VOTE};
use crate::store::grants::{GrantRow, MAKE, USE};
use crate::store::notices::PUT;
use crate::store::pool;

/// One transaction, on the disk when it returns.
pub(super) async fn write(pool: &PgPool, rows: &Rows, bodies: &[Vec<u8>]) -> Result<Moved, AppendError> {
    let mut tries = 0_u32;
    loop {
        match attempt(pool, rows, bodies).await {
            Err(error) if tries < pool::RETRIES && pool::passing(&error) => {
                tries = tries.saturating_add(1);
                pool::pause(tries).await;
            }
            done => return done.map_err(|error| trouble(&error)),
        }
    }
}

async fn attempt(pool: &PgPool, rows: &Rows, bodies: &[Vec<u8>]) -> Result<Moved, sqlx::Error> {
    let mut open = pool.begin().await?;
    sqlx::query("SET LOCAL synchronous_commit = on").execute(&mut *open).await?;
    let changed = put(&mut open, rows.approval.as_ref()).await? && grant(&mut open, rows.grant.as_ref()).await?;
    if !changed {
        open.rollback().await?;
        return Ok(Moved::Stale);
    }
    if let Some(Ballot { approval, person, digest, at, body }) = &rows.vote {
        let query = sqlx::query(VOTE).bind(approval).bind(person).bind(digest).bind(at).bind(body);
        query.execute(&mut *open).await?;
    }
    for Notice { id, approval, what, revision, due } in &rows.notices {
        let query = sqlx::query(PUT).bind(id).bind(approval).bind(what.word()).bind(revision).bind(due.micros());
        query.execute(&mut *open).await?;
    }
    let lines = &rows.lines;
    let calls: Vec<_> = lines.iter().map(|line| line.call.as_ref().map(CallId::as_str)).collect();
    let times: Vec<_> = lines.iter().map(|line| Timestamp::micros(line.at)).collect();
    let events: Vec<_> = lines.iter().map(|line| line.event).collect();
    let mut kept: Vec<_> = lines.iter().flat_map(|line| &line.kept).collect();
    // Every gateway takes texts in the same order, or two would wait for each other.
    kept.sort_unstable();
    kept.dedup();
    let (names, texts): (Vec<_>, Vec<_>) = kept.iter().map(|kept| (kept.name(), kept.body())).unzip();
    let query = sqlx::query(INSERT_AND_KEEP).bind(&calls).bind(&times).bind(&events).bind(bodies);
    query.bind(&names).bind(&texts).execute(&mut *open).await?;
    open.commit().await?;
    Ok(Moved::Done(rows.version()))
}

/// Whether it was what it must have been.
async fn put(open: &mut PgConnection, row: Option<&ApprovalRow>) -> Result<bool, sqlx::Error> {
    let Some(ApprovalRow { id, state, principal, repeat, moved, wakes, body, before }) = row else { return Ok(true) };
    let query = match before {
        Before::Nothing(shown) => sqlx::query(OPEN)
            .bind(id)
            .bind(state)
            .bind(principal)
            .bind(repeat)
            .bind(moved)
            .bind(wakes)
            .bind(body)
            .bind(shown),
        Before::Version(version) | Before::Shown(version, _) => sqlx::query(CHANGE)
            .bind(id)
            .bind(state)
            .bind(moved)
            .bind(wakes)
            .bind(body)
            .bind(*version)
            .bind(before.anew()),
    };
    Ok(query.execute(open).await?.rows_affected() == 1)
}

async fn grant(open: &mut PgConnection, row: Option<&GrantRow>) -> Result<bool, sqlx::Error> {
    let Some(GrantRow { id, state, whose, server, wakes, body, before }) = row else { return Ok(true) };
    let query = match before {
        None => sqlx::query(MAKE).bind(id).bind(state).bind(whose).bind(server).bind(wakes).bind(body),
        Some(version) => sqlx::query(USE).bind(id).bind(state).bind(wakes).bind(body).bind(*version),
    };
    Ok(query.execute(open).await?.rows_affected() == 1)
}

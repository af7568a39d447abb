//! How does a change of an approval become rows?

use std::sync::LazyLock;

use rusqlite::{Connection, params};

use super::insert::First;
use crate::channels::notice::Notice;
use crate::store::approvals::{ApprovalRow, Ballot, Before, CHANGE, OPEN, Rows, VOTE};
use crate::store::grants::{GrantRow, MAKE, USE};
use crate::store::notices::PUT;

/// SQLite takes `$2` for a name and numbers names as they come, so here the same texts say `?2`.
static NUMBERED: LazyLock<[String; 6]> =
    LazyLock::new(|| [OPEN, CHANGE, VOTE, MAKE, USE, PUT].map(|text| text.replace('$', "?")));

/// Writes the approval, the vote and the grant inside a transaction that is open; or finds that somebody else was first.
pub(super) fn write(connection: &Connection, rows: &Rows) -> rusqlite::Result<First> {
    let [open, change, cast, make, use_up, tell] = &*NUMBERED;
    let mut changed = true;
    if let Some(ApprovalRow { id, state, principal, repeat, moved, wakes, body, before }) = &rows.approval {
        let done = match before {
            Before::Nothing(shown) => {
                let values = params![id, state, principal, repeat, moved, wakes, body, shown];
                connection.prepare_cached(open)?.execute(values)?
            }
            Before::Version(version) | Before::Shown(version, _) => {
                let values = params![id, state, moved, wakes, body, version, before.anew()];
                connection.prepare_cached(change)?.execute(values)?
            }
        };
        changed = done == 1;
    }
    if let Some(GrantRow { id, state, whose, server, wakes, body, before }) = &rows.grant
        && changed
    {
        let done = match before {
            None => connection.prepare_cached(make)?.execute(params![id, state, whose, server, wakes, body])?,
            Some(version) => connection.prepare_cached(use_up)?.execute(params![id, state, wakes, body, version])?,
        };
        changed = done == 1;
    }
    if !changed {
        return Ok(First::Stale);
    }
    if let Some(Ballot { approval, person, digest, at, body }) = &rows.vote {
        connection.prepare_cached(cast)?.execute(params![approval, person, digest, at, body])?;
    }
    for Notice { id, approval, what, revision, due } in &rows.notices {
        connection.prepare_cached(tell)?.execute(params![id, approval, what.word(), revision, due.micros()])?;
    }
    Ok(First::Done)
}

//! How does a change of an approval become rows?

use rusqlite::{Connection, params};

use super::insert::First;
use crate::store::approvals::{Before, CHANGE, OPEN, Rows, VOTE};

/// Writes the approval and the vote inside a transaction that is open; or finds that somebody else was first.
pub(super) fn write(connection: &Connection, rows: &Rows) -> rusqlite::Result<First> {
    let Rows { id, state, principal, repeat, moved, wakes, body, before, vote, lines: _ } = rows;
    let changed = match before {
        Before::Nothing(shown) => {
            let values = params![id, state, principal, repeat, moved, wakes, body, shown];
            connection.prepare_cached(OPEN)?.execute(values)?
        }
        Before::Version(version) => {
            connection.prepare_cached(CHANGE)?.execute(params![id, state, moved, wakes, body, version])?
        }
    };
    if changed != 1 {
        return Ok(First::Stale);
    }
    if let Some((person, at, body)) = vote {
        connection.prepare_cached(VOTE)?.execute(params![id, person, at, body])?;
    }
    Ok(First::Done)
}

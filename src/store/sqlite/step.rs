//! How does a change of an approval become rows?

use std::sync::LazyLock;

use rusqlite::{Connection, params};

use super::insert::First;
use crate::store::approvals::{Ballot, Before, CHANGE, OPEN, Rows, VOTE};

/// SQLite takes `$2` for a name and numbers names as they come, so here the same texts say `?2`.
static NUMBERED: LazyLock<[String; 3]> = LazyLock::new(|| [OPEN, CHANGE, VOTE].map(|text| text.replace('$', "?")));

/// Writes the approval and the vote inside a transaction that is open; or finds that somebody else was first.
pub(super) fn write(connection: &Connection, rows: &Rows) -> rusqlite::Result<First> {
    let Rows { id, state, principal, repeat, moved, wakes, body, before, vote, lines: _ } = rows;
    let [open, change, cast] = &*NUMBERED;
    let changed = match before {
        Before::Nothing(shown) => {
            let values = params![id, state, principal, repeat, moved, wakes, body, shown];
            connection.prepare_cached(open)?.execute(values)?
        }
        Before::Version(version) | Before::Shown(version, _) => {
            let values = params![id, state, moved, wakes, body, version, before.anew()];
            connection.prepare_cached(change)?.execute(values)?
        }
    };
    if changed != 1 {
        return Ok(First::Stale);
    }
    if let Some(Ballot { person, digest, at, body }) = vote {
        connection.prepare_cached(cast)?.execute(params![id, person, digest, at, body])?;
    }
    Ok(First::Done)
}

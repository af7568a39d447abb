//! How does the log grow?

use std::sync::LazyLock;

use rusqlite::{Connection, params};

use super::insert::First;
use crate::store::log::{GROW, Growth, signed};

/// SQLite takes `$2` for a name and numbers names as they come, so here the same text says `?2`.
static NUMBERED: LazyLock<String> = LazyLock::new(|| GROW.replace('$', "?"));

const LEAF: &str = "INSERT INTO leaf (place, seq, previous, root, hash) VALUES (?,?,?,?,?)";
const NODE: &str = "INSERT INTO node (level, place, hash) VALUES (?,?,?)";
const SEAL: &str = "UPDATE entry SET body = '', sealed = ? WHERE seq = ? AND sealed IS NULL";

/// Writes leaves inside a transaction of their own; or finds that the log is not what it was.
pub(super) fn write(connection: &Connection, growth: &Growth) -> rusqlite::Result<First> {
    let Growth { from, epoch, floor, leaves, nodes } = growth;
    let size = signed(from.saturating_add(u64::try_from(leaves.len()).unwrap_or(u64::MAX)));
    connection.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
    if connection.prepare_cached(&NUMBERED)?.execute(params![size, floor, signed(*from), epoch])? != 1 {
        connection.execute_batch("ROLLBACK")?;
        return Ok(First::Stale);
    }
    let mut statement = connection.prepare_cached(LEAF)?;
    for (place, leaf) in (signed(*from)..).zip(leaves) {
        statement.execute(params![place, leaf.seq, leaf.previous, leaf.root, leaf.hash])?;
    }
    let mut statement = connection.prepare_cached(NODE)?;
    for (at, hash) in nodes {
        statement.execute(params![at.level, signed(at.place), hash])?;
    }
    for leaf in leaves {
        if let Some(sealed) = &leaf.sealed {
            connection.prepare_cached(SEAL)?.execute(params![sealed, leaf.seq])?;
        }
    }
    connection.prepare_cached("COMMIT")?.execute([])?;
    Ok(First::Done)
}

//! How do lines become rows?
//!
//! A commit costs the pages it touches, because each is written to the log whole. Lines go to the end of their table, a
//! page or two. An index by call would be a page more in every commit, which is half of all that is written while one
//! call comes after the other. So it is a table of its own, brought up to date every so many lines, in the transaction
//! that writes the last of them; whoever reads looks also at the lines behind its end.

use std::collections::BTreeSet;

use rusqlite::{Connection, Statement};

use crate::policy::kept::Kept;
use crate::store::entries::Line;
use crate::store::parts::{KEEP, Known};

/// Lines of one commit that are one statement, and so need no other to begin and end a transaction.
const ONE: &str = "INSERT INTO entry (call, at, event, body, sealed) VALUES (?,?,?,'',?)";
const TWO: &str = "INSERT INTO entry (call, at, event, body, sealed) VALUES (?,?,?,'',?),(?,?,?,'',?)";
const THREE: &str = "INSERT INTO entry (call, at, event, body, sealed) VALUES (?,?,?,'',?),(?,?,?,'',?),(?,?,?,'',?)";

const INDEX: &str = "
INSERT INTO entry_call (call, seq)
SELECT call, seq FROM entry WHERE call IS NOT NULL AND seq > (SELECT MAX(seq) FROM entry_call WHERE call = '')";
const INDEXED: &str = "UPDATE entry_call SET seq = (SELECT MAX(seq) FROM entry) WHERE call = ''";

/// The index is this many lines behind at most, beside those of the last commit.
const BEHIND: usize = 128;

/// A line and its body as it will lie there: closed before anybody holds the lock.
pub(super) type Closed<'a> = (&'a Line, Vec<u8>);

/// The end of the table, as one writer knows it.
#[derive(Debug)]
pub(super) struct Table {
    /// Lines written since the index was up to date. Others may have written more; the statement sees them too.
    behind: usize,
    known: Known,
}

impl Table {
    /// Whoever wrote before may have stopped anywhere.
    pub(super) fn new() -> Self {
        Self { behind: BEHIND, known: Known::default() }
    }

    /// Commits lines together and returns the number of the last.
    pub(super) fn insert(&mut self, connection: &Connection, lines: &[Closed<'_>]) -> rusqlite::Result<i64> {
        let behind = self.behind.saturating_add(lines.len());
        let lacking = self.known.lacking(lines.iter().flat_map(|(line, _)| &line.kept));
        let text = match lines {
            _ if behind > BEHIND || !lacking.is_empty() => None,
            [_] => Some(ONE),
            [_, _] => Some(TWO),
            [_, _, _] => Some(THREE),
            _ => None,
        };
        let last = if let Some(text) = text {
            put(&mut *connection.prepare_cached(text)?, lines)?;
            connection.last_insert_rowid()
        } else {
            let index = if behind > BEHIND { Index::Due } else { Index::Later };
            begin(connection)?;
            let last = finish(connection, &lacking, lines, index)?;
            self.known.learn(lacking);
            last
        };
        self.behind = if behind > BEHIND { 0 } else { behind };
        Ok(last)
    }

    /// Commits lines together with what comes first, and returns the number of the last; nothing is done when what
    /// comes first says that it cannot be.
    pub(super) fn insert_after(
        &mut self,
        connection: &Connection,
        lines: &[Closed<'_>],
        first: impl FnOnce(&Connection) -> rusqlite::Result<First>,
    ) -> rusqlite::Result<Option<i64>> {
        begin(connection)?;
        if first(connection)? == First::Stale {
            connection.execute_batch("ROLLBACK")?;
            return Ok(None);
        }
        let lacking = self.known.lacking(lines.iter().flat_map(|(line, _)| &line.kept));
        let last = finish(connection, &lacking, lines, Index::Later)?;
        self.known.learn(lacking);
        Ok(Some(last))
    }
}

/// Whether what comes first could be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum First {
    Done,
    Stale,
}

fn begin(connection: &Connection) -> rusqlite::Result<()> {
    connection.prepare_cached("BEGIN IMMEDIATE")?.execute([]).map(drop)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Index {
    Due,
    Later,
}

/// What comes after the beginning of a transaction, and its end.
fn finish(
    connection: &Connection,
    lacking: &BTreeSet<&Kept>,
    lines: &[Closed<'_>],
    index: Index,
) -> rusqlite::Result<i64> {
    for text in lacking {
        connection.prepare_cached(KEEP)?.execute((text.name(), text.body()))?;
    }
    let mut statement = connection.prepare_cached(ONE)?;
    lines.chunks(1).try_for_each(|line| put(&mut statement, line))?;
    let last = connection.last_insert_rowid();
    if index == Index::Due {
        connection.prepare_cached(INDEX)?.execute([])?;
        connection.prepare_cached(INDEXED)?.execute([])?;
    }
    connection.prepare_cached("COMMIT")?.execute([])?;
    Ok(last)
}

fn put(statement: &mut Statement<'_>, lines: &[Closed<'_>]) -> rusqlite::Result<()> {
    let mut place = 0_usize;
    let mut next = || {
        place = place.saturating_add(1);
        place
    };
    for (line, body) in lines {
        statement.raw_bind_parameter(next(), line.call.as_ref().map(crate::call::CallId::as_str))?;
        statement.raw_bind_parameter(next(), line.at.micros())?;
        statement.raw_bind_parameter(next(), line.event)?;
        statement.raw_bind_parameter(next(), body)?;
    }
    statement.raw_execute().map(drop)
}

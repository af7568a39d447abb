//! Which leaves do these entries become?

use std::collections::BTreeMap;

use super::BookError;
use crate::audit::commitment::{Opened, Salt};
use crate::audit::leaf::Leaf;
use crate::audit::tree::{Edge, Hash};
use crate::clock::chance;
use crate::digest::sha256;
use crate::store::log::rows::RawEntry;
use crate::store::log::{Growth, Head, NewLeaf, STEP};
use crate::store::seal::{Belongs, Sealer};

/// The last leaf of each call, as far as it is known.
#[derive(Debug, Default)]
pub(super) struct Links {
    last: BTreeMap<String, Hash>,
    /// Calls named higher than this are either known here or have no leaf yet: names of calls grow with time.
    bound: String,
}

/// More calls than this are not remembered.
const MOST: usize = 100_000;

impl Links {
    /// With nothing known of any call up to this one.
    pub(super) fn new(bound: Option<String>) -> Self {
        Self { last: BTreeMap::new(), bound: bound.unwrap_or_default() }
    }

    /// The calls of these entries that may have leaves and are not known.
    pub(super) fn unknown(&self, entries: &[RawEntry]) -> Vec<String> {
        let calls = entries.iter().filter_map(|entry| entry.call.as_ref());
        let mut calls: Vec<_> =
            calls.filter(|call| **call <= self.bound && !self.last.contains_key(*call)).cloned().collect();
        calls.sort_unstable();
        calls.dedup();
        calls
    }

    /// These calls have these last leaves.
    pub(super) fn learn(&mut self, found: BTreeMap<String, Hash>) {
        self.last.extend(found);
    }

    fn follow(&mut self, call: &str, hash: Hash) -> Option<Hash> {
        let before = self.last.insert(call.to_owned(), hash);
        while self.last.len() > MOST {
            let Some((oldest, _)) = self.last.pop_first() else { break };
            self.bound = self.bound.clone().max(oldest);
        }
        before
    }

    fn before(&self, call: &str) -> Option<Hash> {
        self.last.get(call).copied()
    }
}

/// Adds these entries to the log.
pub(super) fn grow(
    (head, edge): (&Head, &mut Edge),
    links: &mut Links,
    entries: Vec<RawEntry>,
    (sealer, floor): (&Sealer, i64),
) -> Result<Growth, BookError> {
    let mut growth = Growth { from: head.size, epoch: head.epoch, floor, ..Growth::default() };
    for entry in entries {
        let seq = entry.seq;
        let (root, closed) = stand_for(&entry, sealer).map_err(|why| BookError::Entry { seq, why })?;
        let previous = entry.call.as_deref().and_then(|call| links.before(call));
        let RawEntry { call, at, event, .. } = entry;
        let hash = Leaf { at, entry: seq, event, call: call.clone(), previous, root }.hash();
        if let Some(call) = &call {
            links.follow(call, hash);
        }
        edge.push(hash, |at, hash| {
            if at.level > 0 && at.level.is_multiple_of(STEP) {
                growth.nodes.push((at, hash));
            }
        });
        growth.leaves.push(NewLeaf { seq, previous, root, hash, sealed: closed });
    }
    Ok(growth)
}

/// What stands for the body; and how it lies sealed from now on, if it lay open. What does not open has its closed bytes stand
/// for it: the log goes on, and whoever verifies it is told.
fn stand_for(entry: &RawEntry, sealer: &Sealer) -> Result<(Hash, Option<Vec<u8>>), String> {
    let of = Belongs { event: &entry.event, call: entry.call.as_deref(), at: entry.at };
    if let Some(bytes) = &entry.sealed {
        let opened = sealer.open(of, bytes).ok().and_then(|opened| opened.root().ok());
        return Ok((opened.unwrap_or_else(|| sha256(bytes)), None));
    }
    let salt = Salt::new(chance().map_err(|error| error.to_string())?);
    let opened = Opened::Whole { salt, body: entry.body.clone() };
    let bytes = sealer.seal_again(of, &opened).map_err(|error| error.to_string())?;
    let root = opened.root().map_err(|error| error.to_string())?;
    Ok((root, Some(bytes)))
}

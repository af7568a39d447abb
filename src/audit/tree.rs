//! What is the Merkle tree over the leaves, and how is something proven of it?
//!
//! RFC 6962 with SHA-256. The hash of a complete subtree has coordinates: its level, and its place among those of its level;
//! level 0 holds the leaves. Whoever keeps the hashes gives them out by coordinates, from wherever they are.

#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

use crate::digest::sha256;

/// A hash of the tree.
pub type Hash = [u8; 32];

/// Where a complete subtree's hash stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct At {
    /// How many levels it has below it.
    pub level: u32,
    /// Its place among those of its level.
    pub place: u64,
}

/// The hash of a leaf.
pub fn leaf_hash(leaf: &[u8]) -> Hash {
    let mut bytes = Vec::with_capacity(leaf.len().saturating_add(1));
    bytes.push(0);
    bytes.extend_from_slice(leaf);
    sha256(&bytes)
}

/// The hash of two subtrees side by side.
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    let mut bytes = [0_u8; 65];
    let (tag, both) = bytes.split_at_mut(1);
    tag.fill(1);
    for (place, byte) in both.iter_mut().zip(left.iter().chain(right)) {
        *place = *byte;
    }
    sha256(&bytes)
}

/// The right edge of a tree: all it takes to add leaves and to know the root.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Edge {
    size: u64,
    /// The complete subtrees, largest first: one for each bit of the size.
    peaks: Vec<Hash>,
}

impl Edge {
    /// The coordinates of the subtrees whose hashes make the edge of a tree of this size, largest first.
    pub fn needs(size: u64) -> Vec<At> {
        let mut before = 0_u64;
        let levels = (0..u64::BITS).rev().filter(|level| size & bit(*level) != 0);
        levels
            .map(|level| {
                let at = At { level, place: before >> level };
                before |= bit(level);
                at
            })
            .collect()
    }

    /// From these hashes; none when they are not as many as are needed.
    pub fn of(size: u64, peaks: Vec<Hash>) -> Option<Self> {
        (peaks.len() == Self::needs(size).len()).then_some(Self { size, peaks })
    }

    /// How many leaves.
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Adds a leaf, and says which subtrees that completed: the leaf itself first.
    pub fn push(&mut self, leaf: Hash, completed: impl FnMut(At, Hash)) {
        let fits = self.graft(0, leaf, completed);
        debug_assert!(fits, "a leaf fits everywhere");
    }

    /// Adds a complete subtree of so many levels of which there is only the hash, and says what that completed: the subtree
    /// itself first. False where none of that size can begin.
    pub fn graft(&mut self, levels: u32, subtree: Hash, mut completed: impl FnMut(At, Hash)) -> bool {
        if bit(levels) == 0 || self.size & bit(levels).saturating_sub(1) != 0 {
            return false;
        }
        let (mut hash, mut level) = (subtree, levels);
        completed(At { level, place: self.size >> level }, hash);
        while self.size & bit(level) != 0 {
            let Some(left) = self.peaks.pop() else { break };
            hash = node_hash(&left, &hash);
            level = level.saturating_add(1);
            completed(At { level, place: self.size >> level }, hash);
        }
        self.peaks.push(hash);
        self.size = self.size.saturating_add(bit(levels));
        true
    }

    /// The root.
    pub fn root(&self) -> Hash {
        let mut peaks = self.peaks.iter().rev();
        let Some(last) = peaks.next() else { return sha256(b"") };
        peaks.fold(*last, |right, left| node_hash(left, &right))
    }
}

/// One subtree of a tree, complete or at its right edge, as the hashes that make it.
fn span(from: u64, to: u64) -> Vec<At> {
    let place = |at: At| At { level: at.level, place: at.place.saturating_add(from >> at.level) };
    Edge::needs(to.saturating_sub(from)).into_iter().map(place).collect()
}

/// The spans whose hashes prove that a leaf is in a tree, the nearest first.
pub fn inclusion(place: u64, size: u64) -> Vec<Vec<At>> {
    let (mut from, mut to, mut path) = (0_u64, size, Vec::new());
    while to.saturating_sub(from) > 1 {
        let middle = from.saturating_add(split(to.saturating_sub(from)));
        if place < middle {
            path.push(span(middle, to));
            to = middle;
        } else {
            path.push(span(from, middle));
            from = middle;
        }
    }
    path.reverse();
    path
}

/// The spans whose hashes prove that a tree of one size is the beginning of a larger one.
pub fn consistency(old: u64, new: u64) -> Vec<Vec<At>> {
    let (mut from, mut to, mut path) = (0_u64, new, Vec::new());
    let mut whole = true;
    if old == 0 || old >= new {
        return path;
    }
    while old != to {
        let middle = from.saturating_add(split(to.saturating_sub(from)));
        if old <= middle {
            path.push(span(middle, to));
            to = middle;
        } else {
            path.push(span(from, middle));
            from = middle;
            whole = false;
        }
    }
    if !whole {
        path.push(span(from, to));
    }
    path.reverse();
    path
}

/// The hash of a span from the hashes that make it.
pub fn join(hashes: &[Hash]) -> Option<Hash> {
    let mut last = hashes.iter().rev();
    let right = *last.next()?;
    Some(last.fold(right, |right, left| node_hash(left, &right)))
}

/// The root of a tree of this size which this leaf is in, if the proof has the right length.
pub fn root_of_inclusion(leaf: Hash, place: u64, size: u64, proof: &[Hash]) -> Option<Hash> {
    if place >= size {
        return None;
    }
    let (mut node, mut last, mut hash) = (place, size.saturating_sub(1), leaf);
    for other in proof {
        if last == 0 {
            return None;
        }
        if node & 1 == 1 || node == last {
            hash = node_hash(other, &hash);
            while node & 1 == 0 && node != 0 {
                (node, last) = (node >> 1, last >> 1);
            }
        } else {
            hash = node_hash(&hash, other);
        }
        (node, last) = (node >> 1, last >> 1);
    }
    (last == 0).then_some(hash)
}

/// Whether the proof says that the old tree is the beginning of the new one.
pub fn is_consistent((old, old_root): (u64, &Hash), (new, new_root): (u64, &Hash), proof: &[Hash]) -> bool {
    if old > new || (old == new && (old_root != new_root || !proof.is_empty())) {
        return false;
    }
    if old == 0 || old == new {
        return proof.is_empty();
    }
    let mut rest = proof.iter();
    let first = if old.is_power_of_two() { Some(old_root) } else { rest.next() };
    let Some(first) = first else { return false };
    let (mut node, mut last) = (old.saturating_sub(1), new.saturating_sub(1));
    while node & 1 == 1 {
        (node, last) = (node >> 1, last >> 1);
    }
    let (mut before, mut after) = (*first, *first);
    for other in rest {
        if last == 0 {
            return false;
        }
        if node & 1 == 1 || node == last {
            before = node_hash(other, &before);
            after = node_hash(other, &after);
            while node & 1 == 0 && node != 0 {
                (node, last) = (node >> 1, last >> 1);
            }
        } else {
            after = node_hash(&after, other);
        }
        (node, last) = (node >> 1, last >> 1);
    }
    last == 0 && before == *old_root && after == *new_root
}

/// The largest power of two smaller than this, which is two or more.
const fn split(size: u64) -> u64 {
    bit(u64::BITS.saturating_sub(1).saturating_sub(size.saturating_sub(1).leading_zeros()))
}

const fn bit(level: u32) -> u64 {
    match 1_u64.checked_shl(level) {
        Some(bit) => bit,
        None => 0,
    }
}

#[cfg(test)]
mod tests;

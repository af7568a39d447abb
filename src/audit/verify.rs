//! Is this log what was signed, and is every body what its leaf stands for?
//!
//! Leaves come one after the other, from a database or from files. Each is looked at by itself and with those before it: is it
//! the leaf of its entry, does its body have the root it stands for, does it follow the last leaf of its call. At each size for
//! which something was signed, remembered or kept elsewhere, the root must be the one that was signed for. What was left out,
//! and what could not be looked at, is said as well: an answer is only as good as what was looked at.

#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

mod claims;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

pub use self::claims::{Claim, Claims, Trust};
use super::commitment::Opened;
use super::leaf::Leaf;
use super::tree::{At, Edge, Hash};
use crate::digest::hex;

/// One leaf as it was found.
#[derive(Clone, Debug)]
pub struct Item {
    /// Its place.
    pub place: u64,
    /// What it is called where it was found: an entry's number, or a line of a file.
    pub name: String,
    /// The hash the tree has for it.
    pub hash: Hash,
    /// What it says; none where only the hash is left.
    pub leaf: Option<Leaf>,
    /// The body.
    pub body: Body,
}

/// What was found of a body.
#[derive(Clone, Debug)]
pub enum Body {
    /// It is open.
    Open(Opened),
    /// It does not open, for this reason.
    Closed(String),
    /// It is not there.
    Gone,
}

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The place in the log, where it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<u64>,
    /// In words.
    pub what: String,
}

/// What came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Everything that was looked at is what was signed.
    Verified,
    /// Something is not.
    Tampered,
    /// What is there is what was signed, and something is missing, by name.
    Incomplete,
    /// It cannot be said: no key fits.
    Undecidable,
}

/// All of it.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// What came out.
    pub verdict: Verdict,
    /// The log's name.
    pub origin: String,
    /// How many leaves were looked at.
    pub leaves: u64,
    /// The root over them.
    pub root: String,
    /// How many bodies were opened and are what their leaves stand for.
    pub bodies: u64,
    /// How many checkpoints were checked against the leaves.
    pub checkpoints: u64,
    /// The size of the largest one.
    pub signed: u64,
    /// What is wrong.
    pub findings: Vec<Finding>,
    /// What is missing, and why that is known.
    pub missing: Vec<Finding>,
    /// What was erased, by place.
    pub erased: Vec<Finding>,
    /// What was not checked.
    pub unchecked: Vec<String>,
}

/// Reads a log from its beginning.
#[derive(Debug)]
pub struct Verifier {
    claims: Claims,
    edge: Edge,
    last: BTreeMap<String, Hash>,
    gone: BTreeSet<Hash>,
    pruned: u64,
    report: Report,
}

/// Of each kind of finding no more than this are named.
const NAMED: usize = 100;

impl Verifier {
    /// Of the log of this name, against what was signed. Bodies before `pruned` may be gone: that was agreed to and is in the
    /// log.
    pub fn new(origin: &str, claims: Claims, pruned: u64) -> Self {
        let report = Report {
            verdict: Verdict::Verified,
            origin: origin.to_owned(),
            leaves: 0,
            root: String::new(),
            bodies: 0,
            checkpoints: 0,
            signed: 0,
            findings: Vec::new(),
            missing: Vec::new(),
            erased: Vec::new(),
            unchecked: Vec::new(),
        };
        Self { claims, edge: Edge::default(), last: BTreeMap::new(), gone: BTreeSet::new(), pruned, report }
    }

    /// The next leaf. Gives the hashes of the subtrees it completes, of every `step`th level.
    pub fn look(&mut self, item: &Item, step: u32) -> Vec<(At, Hash)> {
        let expected = self.edge.size();
        if item.place != expected {
            self.find(Some(expected), format!("the leaf is missing; {} follows", item.name));
        }
        self.look_at_leaf(item);
        let mut completed = Vec::new();
        self.edge.push(item.hash, |at, hash| {
            if at.level > 0 && at.level.is_multiple_of(step) {
                completed.push((at, hash));
            }
        });
        self.compare();
        completed
    }

    /// Something whoever reads found by itself.
    pub fn find(&mut self, place: Option<u64>, what: String) {
        note(&mut self.report.findings, place, what);
    }

    /// Something that is not there, and of which it is known why.
    pub fn lack(&mut self, place: Option<u64>, what: String) {
        note(&mut self.report.missing, place, what);
    }

    /// Something nobody looked at.
    pub fn skip(&mut self, what: String) {
        self.report.unchecked.push(what);
    }

    /// How far it is.
    pub const fn edge(&self) -> &Edge {
        &self.edge
    }

    /// There are no more leaves, and something believed must have been signed for all of them: whoever hands over files can leave
    /// out what was signed for more.
    pub fn end_of_files(self) -> Report {
        let mut report = self.end();
        if report.signed < report.leaves && report.verdict != Verdict::Tampered {
            report.verdict = Verdict::Undecidable;
        }
        report
    }

    /// There are no more leaves. In a database that grows the last of them are not signed for yet.
    pub fn end(mut self) -> Report {
        let (size, root) = (self.edge.size(), self.edge.root());
        for (claim, why) in self.claims.beyond(size) {
            let what = format!(
                "the log ends at {size} leaves, and {why} says {}: its end was cut off, or it was replaced by an older one",
                claim.size
            );
            self.find(Some(size), what);
        }
        for what in self.claims.faults() {
            self.find(None, what);
        }
        let Self { claims, mut report, .. } = self;
        (report.leaves, report.root) = (size, hex(&root));
        if size > report.signed && claims.any() {
            let tail = size.saturating_sub(report.signed);
            report.unchecked.push(format!("the last {tail} leaves: no checkpoint covers them yet"));
        }
        report.unchecked.extend(claims.unchecked());
        report.verdict = match () {
            () if !report.findings.is_empty() => Verdict::Tampered,
            () if report.signed == 0 && size > 0 => Verdict::Undecidable,
            () if !report.missing.is_empty() => Verdict::Incomplete,
            () => Verdict::Verified,
        };
        report
    }

    fn look_at_leaf(&mut self, Item { place, name, hash, leaf, body }: &Item) {
        let place = Some(*place);
        let Some(leaf) = leaf else {
            self.gone.insert(*hash);
            if place.is_some_and(|place| place < self.pruned) {
                self.lack(place, format!("{name} was removed after its time, as the log says"));
            } else {
                self.find(place, format!("{name} was removed"));
            }
            return;
        };
        if leaf.hash() != *hash {
            self.find(place, format!("{name} was changed: its leaf is not the one in the tree"));
        }
        let last = leaf.call.as_ref().and_then(|call| self.last.insert(call.clone(), *hash));
        let follows = last == leaf.previous || leaf.previous.is_some_and(|previous| self.gone.contains(&previous));
        if !follows {
            self.find(place, format!("{name} does not follow the last leaf of its call"));
        }
        self.look_at_body(place, name, (&leaf.root, body));
    }

    fn look_at_body(&mut self, place: Option<u64>, name: &str, (root, body): (&Hash, &Body)) {
        match body {
            Body::Open(opened) if opened.root().as_ref() == Ok(root) => {
                self.report.bodies = self.report.bodies.saturating_add(1);
                for pointer in opened.erased() {
                    note(&mut self.report.erased, place, format!("{name}: {pointer}"));
                }
            }
            Body::Open(_) => {
                self.find(place, format!("the body of {name} was changed: it is not what its leaf stands for"));
            }
            Body::Closed(why) => self.find(place, format!("the body of {name} cannot be read: {why}")),
            Body::Gone if place.is_some_and(|place| place < self.pruned) => {
                self.lack(place, format!("the body of {name} was removed after its time, as the log says"));
            }
            Body::Gone => self.find(place, format!("the body of {name} was removed")),
        }
    }

    fn compare(&mut self) {
        let size = self.edge.size();
        let claims = self.claims.at(size);
        if claims.is_empty() {
            return;
        }
        let root = self.edge.root();
        for Claim { root: signed, from, .. } in claims {
            if signed == root {
                self.report.checkpoints = self.report.checkpoints.saturating_add(1);
                self.report.signed = size;
            } else {
                let good = self.report.signed;
                self.find(
                    Some(size),
                    format!(
                        "{from} was signed for {size} leaves and other ones than these: something from place {good} to \
                         place {} was changed, added, removed or moved",
                        size.saturating_sub(1)
                    ),
                );
            }
        }
    }
}

fn note(list: &mut Vec<Finding>, place: Option<u64>, what: String) {
    if list.len() < NAMED {
        list.push(Finding { place, what });
    } else if let Some(last) = list.last_mut() {
        *last = Finding { place: None, what: "and more of the kind".to_owned() };
    }
}

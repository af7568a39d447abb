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
use super::places::Places;
use super::pruned::Pruning;
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
    /// It is gone here, and an archive has it.
    Archived(Opened),
    /// It does not open, for this reason.
    Closed(String),
    /// It is not there.
    Gone,
    /// Whoever wrote this down left it out, and says so.
    Left,
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
    /// How many of them an archive had.
    pub archived: u64,
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
    /// Leaves whose bodies are not there.
    bodiless: Places,
    /// Leaves whose bodies were left out.
    left: Places,
    /// Leaves of which there are only hashes.
    unread: Places,
    prunings: Vec<Pruning>,
    report: Report,
}

/// Of each kind of finding no more than this are named.
const NAMED: usize = 100;

impl Verifier {
    /// Of the log of this name, against what was signed.
    pub fn new(origin: &str, claims: Claims) -> Self {
        let report = Report {
            verdict: Verdict::Verified,
            origin: origin.to_owned(),
            leaves: 0,
            root: String::new(),
            bodies: 0,
            archived: 0,
            checkpoints: 0,
            signed: 0,
            findings: Vec::new(),
            missing: Vec::new(),
            erased: Vec::new(),
            unchecked: Vec::new(),
        };
        Self {
            claims,
            edge: Edge::default(),
            last: BTreeMap::new(),
            gone: BTreeSet::new(),
            bodiless: Places::default(),
            left: Places::default(),
            unread: Places::default(),
            prunings: Vec::new(),
            report,
        }
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

    /// So many levels of leaves of which there is only the hash over all of them. Gives what `look` gives.
    pub fn pass(&mut self, levels: u32, subtree: Hash, step: u32) -> Vec<(At, Hash)> {
        let (from, mut completed) = (self.edge.size(), Vec::new());
        let grafted = self.edge.graft(levels, subtree, |at, hash| {
            if at.level > levels && at.level.is_multiple_of(step) {
                completed.push((at, hash));
            }
        });
        if !grafted {
            self.find(Some(from), "leaves were left out where none can be".to_owned());
        }
        self.unread.extend(from..self.edge.size());
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
        let within = self.claims.passed(self.edge.size()).filter(|claim| self.unread.holds(claim.size));
        let within: Vec<String> = within.map(|claim| claim.from.clone()).collect();
        for from in within {
            self.skip(format!("{from}: it is for leaves that are not all here"));
        }
        self.account();
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
            self.find(place, format!("{name} was removed"));
            return;
        };
        if leaf.hash() != *hash {
            self.find(place, format!("{name} was changed: its leaf is not the one in the tree"));
        }
        let last = leaf.call.as_ref().and_then(|call| self.last.insert(call.clone(), *hash));
        let unknown = |previous| self.gone.contains(&previous) || !self.unread.is_empty();
        let follows = last == leaf.previous || leaf.previous.is_some_and(unknown);
        if !follows {
            self.find(place, format!("{name} does not follow the last leaf of its call"));
        }
        self.look_at_body(place, name, (leaf, body));
    }

    fn look_at_body(&mut self, place: Option<u64>, name: &str, (leaf, body): (&Leaf, &Body)) {
        match body {
            Body::Open(opened) | Body::Archived(opened) if opened.root().as_ref() == Ok(&leaf.root) => {
                self.report.bodies = self.report.bodies.saturating_add(1);
                self.report.archived =
                    self.report.archived.saturating_add(u64::from(matches!(body, Body::Archived(_))));
                self.prunings.extend(place.and_then(|place| Pruning::read(leaf, place, opened.body())));
                for pointer in opened.erased() {
                    note(&mut self.report.erased, place, format!("{name}: {pointer}"));
                }
            }
            Body::Open(_) => {
                self.find(place, format!("the body of {name} was changed: it is not what its leaf stands for"));
            }
            Body::Archived(_) => {
                self.find(place, format!("the body an archive has of {name} is not what its leaf stands for"));
            }
            Body::Closed(why) => self.find(place, format!("the body of {name} cannot be read: {why}")),
            Body::Gone => self.bodiless.extend(place),
            Body::Left => self.left.extend(place),
        }
    }

    /// What is gone must have been named by an entry that stands in the same log.
    fn account(&mut self) {
        let mut gone = std::mem::take(&mut self.bodiless);
        for pruning in std::mem::take(&mut self.prunings) {
            let (named, rest) = gone.divide(&pruning.places);
            gone = rest;
            if !named.is_empty() {
                self.lack(None, pruning.words(&named));
            }
        }
        for (first, last) in gone.spans() {
            let whose = if first == last { "its body was".to_owned() } else { format!("the bodies up to {last} were") };
            self.find(Some(first), format!("{whose} removed, and no entry of the log says so"));
        }
        for (what, places) in [("bodies", std::mem::take(&mut self.left)), ("leaves", std::mem::take(&mut self.unread))]
        {
            if !places.is_empty() {
                let (count, places) = (places.count(), places.shown());
                self.lack(None, format!("{count} {what} are not in this part of the record: those at {places}"));
            }
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

//! What is known of one statement so far?

use std::collections::BTreeSet;

use super::deeds::Deeds;
use super::{Function, FunctionClass, Kind, Reason, Statement};
use crate::facts::Risk;

/// A limit above this is no bound.
const MOST_ROWS: u64 = 10_000;

/// What one statement does, as far as it was read.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    pub(super) deeds: Deeds,
    pub(super) reasons: BTreeSet<Reason>,
    /// How bad it is by what was seen; reasons and unbounded reads come on top.
    pub(super) seen: Option<Risk>,
    pub(super) limit: Option<u64>,
    /// Whether rows come back.
    pub(super) returns: bool,
    /// Whether something changes, leaves or runs.
    pub(super) effect: bool,
}

impl Tally {
    /// Notes a kind and how bad it is on its own.
    pub(super) fn note(&mut self, kind: Kind, risk: Risk) {
        self.deeds.kinds.insert(kind);
        self.raise(risk);
        self.effect |= !matches!(kind, Kind::Select | Kind::Explain | Kind::Transaction);
    }

    pub(super) fn raise(&mut self, risk: Risk) {
        self.seen = self.seen.max(Some(risk));
    }

    pub(super) fn doubt(&mut self, reason: Reason) {
        self.reasons.insert(reason);
    }

    pub(super) fn read(&mut self, relation: String) {
        self.deeds.reads.insert(relation);
    }

    pub(super) fn write(&mut self, relation: String) {
        self.deeds.writes.insert(relation);
    }

    pub(super) fn column(&mut self, relation: &str, column: &str) {
        let columns = &mut self.deeds.columns;
        if let Some(columns) = columns.get_mut(relation) {
            if !columns.contains(column) {
                columns.insert(column.to_owned());
            }
        } else {
            columns.insert(relation.to_owned(), BTreeSet::from([column.to_owned()]));
        }
    }

    /// Notes a function with an effect, and what the effect makes of the statement.
    pub(super) fn function(&mut self, name: String, class: FunctionClass) {
        self.deeds.functions.insert(Function { name, class });
        self.effect = true;
        match class {
            FunctionClass::File => self.note(Kind::FileIo, Risk::Critical),
            FunctionClass::Program => self.note(Kind::HostExec, Risk::Critical),
            FunctionClass::Network => self.note(Kind::Network, Risk::Critical),
            FunctionClass::Dynamic => {
                self.note(Kind::Dynamic, Risk::High);
                self.doubt(Reason::DynamicText);
            }
            FunctionClass::Admin => self.note(Kind::Admin, Risk::High),
            FunctionClass::Writes | FunctionClass::Waits | FunctionClass::Unknown => self.raise(Risk::Medium),
        }
    }

    /// Joins what another reading of the same statement found.
    pub(super) fn join(&mut self, other: Self) {
        self.deeds.join(other.deeds);
        self.reasons.extend(other.reasons);
        self.seen = self.seen.max(other.seen);
        self.limit = both(self.limit, other.limit);
        self.returns |= other.returns;
        self.effect |= other.effect;
    }

    pub(super) fn risk(&self) -> Risk {
        let read = if self.deeds.unbounded.is_empty() { Risk::Low } else { Risk::Medium };
        let opaque = if self.reasons.is_empty() { Risk::Low } else { Risk::High };
        self.seen.unwrap_or(Risk::Low).max(read).max(opaque)
    }

    pub(super) fn statement(&self) -> Statement {
        Statement {
            kinds: self.deeds.kinds.clone(),
            reads: self.deeds.reads.clone(),
            writes: self.deeds.writes.clone(),
            bounded: self.deeds.unbounded.is_empty() && self.reasons.is_empty(),
            limit: self.limit,
            risk: self.risk(),
        }
    }
}

/// Whether a limit holds so few rows that it is a bound.
pub(super) fn binds(limit: Option<u64>) -> bool {
    limit.is_some_and(|rows| rows <= MOST_ROWS)
}

/// The limit of rows that come after one another.
pub(super) fn both(one: Option<u64>, other: Option<u64>) -> Option<u64> {
    one.zip(other).map(|(one, other)| one.saturating_add(other))
}

/// The smaller of two limits, of which either may be missing.
pub(super) fn least(one: Option<u64>, other: Option<u64>) -> Option<u64> {
    one.into_iter().chain(other).min()
}

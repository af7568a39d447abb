//! What do the words alone say, without a tree?
//!
//! A second opinion that shares no code with the parser: one walk over the text, which claims only what no harmless
//! statement of the dialect can contain. A name, a string or a comment never counts.

mod danger;
mod doubt;
mod head;
mod lexer;
mod quotes;
mod walk;
mod word;

use std::collections::BTreeSet;

use super::{Dialect, Function, Kind, Reason};
use crate::facts::Risk;

/// What the words of a text say for certain. There may be more in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Opinion {
    /// What is done for sure.
    pub(super) kinds: BTreeSet<Kind>,
    /// How bad it is at least.
    pub(super) risk: Risk,
    /// How many statements there are at least.
    pub(super) statements: usize,
    /// What two readers would read in different ways.
    pub(super) doubts: BTreeSet<Reason>,
    /// The functions that are called for sure, of those that reach out of the database.
    pub(super) functions: BTreeSet<Function>,
}

/// Walks over the text once.
pub(super) fn opinion(text: &str, dialect: Dialect) -> Opinion {
    walk::Walk::new(text, dialect).run()
}

#[cfg(test)]
mod tests;

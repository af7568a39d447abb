//! What would other policies have said about what was asked before?
//!
//! Recorded inputs are judged again, by nothing but the record and the policies: no server is asked, nothing is written.
//! Every input is complete (see [`crate::policy::imprint`]), so the same policies give the same decisions, and whatever
//! differs is the policies' doing.

pub mod history;
pub mod said;
pub mod tally;

use std::collections::BTreeMap;

use crate::gateway::judge::Judge;
use crate::policy::bundle::Bundle;
use history::{Covered, Past};
use said::Said;
use tally::{Change, Tally};

/// Judges recorded calls by other policies.
#[derive(Debug)]
pub struct Replay {
    judge: Judge,
    /// Policies that decided before, where they are needed; none where their files are not kept.
    before: BTreeMap<String, Option<Judge>>,
    tally: Tally,
}

impl Replay {
    /// By these policies.
    pub fn by(bundle: Bundle) -> Self {
        Self { judge: Judge::new(bundle), before: BTreeMap::new(), tally: Tally::default() }
    }

    /// The policies this decision was made by, if they are needed and not known yet.
    pub fn lacks<'p>(&self, past: &'p Past) -> Option<&'p str> {
        (past.covered == Covered::Some && !self.before.contains_key(&past.policy)).then_some(past.policy.as_str())
    }

    /// Policies that decided before.
    pub fn learn(&mut self, name: &str, bundle: Option<Bundle>) {
        self.before.insert(name.to_owned(), bundle.map(Judge::new));
    }

    /// Judges one call again.
    pub fn judge(&mut self, past: &Past) {
        let input = match &past.input {
            Ok(input) => input,
            Err(gap) => return self.tally.skip(gap.kind()),
        };
        if past.said.ran_out_of_time() {
            return self.tally.skip("the policies took too long then");
        }
        if past.said.code.as_deref() == Some("limit_exceeded") && past.exceeded.is_empty() {
            return self.tally.skip("their limits could not be counted then");
        }
        let said = |judge: &Judge| {
            let said = Said::of(&judge.decide(input, past.digest), &past.exceeded);
            if past.changed { said.without_changes() } else { said }
        };
        let now = said(&self.judge);
        if now.ran_out_of_time() {
            return self.tally.skip("the policies took too long just now");
        }
        // What is covered was judged uncovered, so the policies of then are asked again about what is left of it.
        let then = match past.covered {
            Covered::Nothing if past.changed => Some(past.said.clone().without_changes()),
            Covered::Nothing => Some(past.said.clone()),
            Covered::Some => {
                self.tally.skip("their arguments are covered in the record, and were compared covered");
                self.before.get(&past.policy).and_then(Option::as_ref).map(said)
            }
        };
        match then {
            Some(then) => self.tally.count(Change::between(&then, &now), past),
            None => self.tally.skip("the policies that judged them are not kept"),
        }
    }

    /// A result that was judged, of which only the measures are kept.
    pub fn pass(&mut self, results: u64) {
        self.tally.results = self.tally.results.saturating_add(results);
    }

    /// What it came to.
    pub fn end(self) -> Tally {
        self.tally
    }
}

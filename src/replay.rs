//! What would other policies have said about what was asked before?
//!
//! Recorded inputs are judged again, by nothing but the record and the policies: no server is asked, nothing is written.
//! Every input is complete (see [`crate::policy::imprint`]), so the same policies give the same decisions, and whatever
//! differs is the policies' doing.

pub mod history;
pub mod said;
pub mod tally;

use crate::gateway::judge::Judge;
use crate::policy::bundle::Bundle;
use history::Past;
use said::Said;
use tally::{Change, Tally};

/// Judges recorded calls by other policies.
#[derive(Debug)]
pub struct Replay {
    judge: Judge,
    tally: Tally,
}

impl Replay {
    /// By these policies.
    pub fn by(bundle: Bundle) -> Self {
        Self { judge: Judge::new(bundle), tally: Tally::default() }
    }

    /// Judges one call again.
    pub fn judge(&mut self, past: &Past) {
        let input = match &past.input {
            Ok(input) => input,
            Err(gap) => return self.tally.skip(gap.kind()),
        };
        let now = Said::of(&self.judge.decide(input, past.digest));
        if now.ran_out_of_time() {
            return self.tally.skip("the policies took too long just now");
        }
        self.tally.count(Change::between(&past.said, &now), past);
    }

    /// What it came to.
    pub fn end(self) -> Tally {
        self.tally
    }
}

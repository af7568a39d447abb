//! Whom does a call ask by now?
//!
//! By the rules and the list of people, and by the clock: those who are asked later are not among them until then. A group is
//! the people of the list who are in it; whoever an issuer says is in it too has no address here, and finds the call in the inbox.
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

use std::collections::BTreeSet;

use crate::approval::Approval;
use crate::approval::people::People;
use crate::clock::Timestamp;
use crate::policy::finding::hold::Reviewer;

/// Whom the holds of a call ask.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AskedNow {
    /// As the rules name them.
    pub reviewers: BTreeSet<Reviewer>,
    /// The people of the list who could answer, had they not yet.
    pub people: BTreeSet<String>,
    /// Those of them who have.
    pub answered: BTreeSet<String>,
}

impl AskedNow {
    /// By this list, at this time.
    pub fn of(approval: &Approval, people: &People, now: Timestamp) -> Self {
        let mut asked = Self { reviewers: approval.reviewers(now), ..Self::default() };
        for voter in people.everybody().filter(|voter| approval.asks(voter, now).is_ok()) {
            if approval.has_answered(&voter) {
                asked.answered.insert(voter.person.clone());
            }
            asked.people.insert(voter.person);
        }
        asked
    }

    /// Whether this reviewer is asked. A group or a role is where a rule names it, because who else is in it says nothing of
    /// whose turn it is; a person is where a rule asks them in whatever way.
    pub fn is(&self, reviewer: &Reviewer) -> bool {
        let by_name = |name: &String| self.people.contains(name);
        self.reviewers.contains(reviewer) || matches!(reviewer, Reviewer::User(name) if by_name(name))
    }
}

//! Have enough of the right people agreed?
//!
//! Every hold has its own terms, and all of them must be met. One person may count for several holds and for several of
//! the reviewers one hold names, but is one person everywhere: a quorum of two needs two human beings.

use super::Approval;
use super::vote::{Vote, Voter, Word};
use crate::clock::Timestamp;
use crate::policy::decision::Said;
use crate::policy::finding::hold::{By, HoldTerms, Reviewer};

/// How each hold stands.
pub(super) struct Standing<'a>(Vec<Hold<'a>>);

struct Hold<'a> {
    said: &'a Said<HoldTerms>,
    people: usize,
    /// Reviewers that `each` asks for and that nobody stands for.
    missing: Vec<&'a Reviewer>,
}

impl<'a> Standing<'a> {
    /// By the votes there are, with whoever their voters are to count as.
    pub(super) fn of(approval: &'a Approval, now: Timestamp, who: &dyn Fn(&'a Vote) -> Option<&'a Voter>) -> Self {
        let yes = approval.votes.iter().filter(|vote| vote.word == Word::Yes);
        let voters: Vec<&Voter> = yes.filter_map(who).collect();
        let hold = |said: &'a Said<HoldTerms>| {
            let mut people: Vec<&Voter> = Vec::new();
            for voter in voters.iter().filter(|voter| counts(&said.terms, voter, approval, now)) {
                if !people.iter().any(|known| known.is_same_person(voter)) {
                    people.push(voter);
                }
            }
            let stands_for = |reviewer: &&Reviewer| !people.iter().any(|voter| is(reviewer, voter, approval));
            let missing =
                if said.terms.each { said.terms.reviewers.iter().filter(stands_for).collect() } else { vec![] };
            Hold { said, people: people.len(), missing }
        };
        Self(approval.agreement.all_of.iter().map(hold).collect())
    }

    /// Whether nobody is missing. A call that waits for nobody in particular is never agreed to.
    pub(super) fn is_met(&self) -> bool {
        !self.0.is_empty() && self.0.iter().all(Hold::is_met)
    }

    /// Who is missing, in words.
    pub(super) fn lacking(&self) -> Vec<String> {
        self.0.iter().filter(|hold| !hold.is_met()).map(Hold::words).collect()
    }
}

impl Hold<'_> {
    fn wanted(&self) -> usize {
        usize::try_from(self.said.terms.quorum.max(1)).unwrap_or(usize::MAX)
    }

    fn is_met(&self) -> bool {
        self.people >= self.wanted() && self.missing.is_empty()
    }

    fn words(&self) -> String {
        let names = |reviewers: &[&Reviewer]| {
            reviewers.iter().map(|reviewer| String::from((*reviewer).clone())).collect::<Vec<_>>().join(", ")
        };
        let finding = &self.said.finding;
        if self.people < self.wanted() {
            let all: Vec<&Reviewer> = self.said.terms.reviewers.iter().collect();
            return format!("{finding}: {} of {} among {}", self.people, self.wanted(), names(&all));
        }
        format!("{finding}: also {}", names(&self.missing))
    }
}

/// Whether this person's word counts for a hold.
pub(super) fn counts(terms: &HoldTerms, voter: &Voter, approval: &Approval, now: Timestamp) -> bool {
    if terms.by == By::Other && approval.asker.is(voter) {
        return false;
    }
    let later = terms.escalate.iter().filter(|escalation| {
        let after = i64::try_from(escalation.after.seconds()).unwrap_or(i64::MAX).saturating_mul(1_000_000);
        now.micros() >= approval.opened.micros().saturating_add(after)
    });
    let asked = terms.reviewers.iter().chain(later.flat_map(|escalation| &escalation.to));
    asked.into_iter().any(|reviewer| is(reviewer, voter, approval))
}

fn is(reviewer: &Reviewer, voter: &Voter, approval: &Approval) -> bool {
    match reviewer {
        Reviewer::Owner => approval.asker.is_owner(voter),
        Reviewer::User(name) => *name == voter.person,
        Reviewer::Group(name) => voter.groups.contains(name),
        Reviewer::Role(name) => voter.roles.contains(name),
    }
}

//! Have enough of the right people agreed?
//!
//! Every hold has its own terms, and all of them must be met. One person may count for several holds and for several of
//! the reviewers one hold names, but is one person everywhere: a quorum of two needs two human beings.
//!
//! A word counts for what its speaker was asked when they spoke. So time alone never makes an agreement, and a clock
//! that goes back never takes one away. It counts only with the evidence a hold wants, see [`evidence`](super::evidence).

use super::Approval;
use super::asker::Asker;
use super::vote::{Part, Vote, Voter, Word};
use crate::clock::Timestamp;
use crate::policy::decision::Said;
use crate::policy::finding::evidence::Needed;
use crate::policy::finding::hold::{By, Escalation, HoldTerms, Reviewer};

/// The role of those who may agree where a rule asks others, in need. Nobody has it who was not given it by name.
pub const BREAK_GLASS: &str = "break-glass";
/// How many of them it takes.
const GLASS_QUORUM: usize = 2;

/// Whether people broke the glass: two human beings with that role, both of whom had no part in asking.
pub(super) fn is_glass_broken<'a>(approval: &'a Approval, who: &dyn Fn(&'a Vote) -> Option<&'a Voter>) -> bool {
    let asked = approval.summary();
    let broke = approval.votes.iter().filter(|vote| vote.word == Word::BreakGlass && vote.digest == asked);
    let same = |vote: &'a Vote| who(vote).filter(|now| now.person == vote.by.person);
    let humans = Human::of(broke.map(|vote| Yes::new(vote, same(vote), approval)), &approval.asker);
    let strictest = Some(approval.strictest());
    let may = |human: &&Human<'_>| {
        let proven = human.0.iter().filter(|yes| yes.shows >= strictest).filter_map(|yes| yes.now);
        !human.asks(approval) && proven.into_iter().any(|now| may_break_glass(now, approval))
    };
    humans.iter().filter(may).count() >= GLASS_QUORUM
}

/// Whether this person could be one of them.
pub(super) fn may_break_glass(voter: &Voter, approval: &Approval) -> bool {
    !voter.person.is_empty() && voter.roles.contains(BREAK_GLASS) && !approval.asker.is(voter)
}

/// How each hold stands.
pub(super) struct Standing<'a>(Vec<Hold<'a>>);

struct Hold<'a> {
    said: &'a Said<HoldTerms>,
    people: usize,
    /// Reviewers that `each` asks for and that nobody stands for. People who are asked later stand for none of them.
    missing: Vec<&'a Reviewer>,
}

/// One human being, by every account they said yes with.
struct Human<'a>(Vec<Yes<'a>>);

struct Yes<'a> {
    vote: &'a Vote,
    /// Who they are now; nothing when they may not vote any more.
    now: Option<&'a Voter>,
    /// The evidence of it; nothing when the signature in it does not hold.
    shows: Option<Needed>,
}

impl<'a> Standing<'a> {
    /// By the votes there are, with whoever their voters are to count as.
    pub(super) fn of(approval: &'a Approval, who: &dyn Fn(&'a Vote) -> Option<&'a Voter>) -> Self {
        let asked = approval.agreed_about();
        let yes = approval.votes.iter().filter(|vote| vote.word == Word::Yes && vote.digest == asked);
        // Nobody becomes somebody else: whoever answers to another name now has not said anything yet.
        let same = |vote: &'a Vote| who(vote).filter(|now| now.person == vote.by.person);
        let humans = Human::of(yes.map(|vote| Yes::new(vote, same(vote), approval)), &approval.asker);
        let hold = |said: &'a Said<HoldTerms>| {
            let people: Vec<&Human<'_>> = humans.iter().filter(|human| human.counts(&said.terms, approval)).collect();
            let nobody = |reviewer: &&Reviewer| !people.iter().any(|human| human.is(reviewer, &said.terms, approval));
            let missing = if said.terms.each { said.terms.reviewers.iter().filter(nobody).collect() } else { vec![] };
            Hold { said, people: people.len(), missing }
        };
        Self(approval.agreement.all_of.iter().map(hold).collect())
    }

    /// Whether nobody is missing. A call that waits for nobody in particular is never agreed to.
    pub(super) fn is_met(&self) -> bool {
        !self.0.is_empty() && self.0.iter().all(Hold::is_met)
    }

    /// Who is missing, in words: of those who are asked by now.
    pub(super) fn lacking(&self, approval: &Approval, now: Timestamp) -> Vec<String> {
        self.0.iter().filter(|hold| !hold.is_met()).map(|hold| hold.words(approval, now)).collect()
    }
}

impl Hold<'_> {
    fn wanted(&self) -> usize {
        usize::try_from(self.said.terms.quorum.max(1)).unwrap_or(usize::MAX)
    }

    fn is_met(&self) -> bool {
        self.people >= self.wanted() && self.missing.is_empty()
    }

    fn words(&self, approval: &Approval, now: Timestamp) -> String {
        let names = |reviewers: &mut dyn Iterator<Item = &Reviewer>| {
            reviewers.map(Reviewer::to_string).collect::<Vec<_>>().join(", ")
        };
        let (finding, evidence) = (&self.said.finding, self.said.terms.needs().suffix());
        if self.people < self.wanted() {
            let all = names(&mut asked(&self.said.terms, approval, now));
            return format!("{finding}: {} of {} among {all}{evidence}", self.people, self.wanted());
        }
        format!("{finding}: also {}{evidence}", names(&mut self.missing.iter().copied()))
    }
}

impl<'a> Human<'a> {
    /// Puts together whoever is linked, also by way of others: two accounts that share a third are one person's.
    fn of(all: impl Iterator<Item = Yes<'a>>, asker: &Asker) -> Vec<Self> {
        all.fold(Vec::new(), |humans, yes| {
            let (same, mut humans): (Vec<Self>, Vec<Self>) =
                humans.into_iter().partition(|human| human.said(&yes, asker));
            humans.push(Self(same.into_iter().flat_map(|human| human.0).chain([yes]).collect()));
            humans
        })
    }

    fn said(&self, yes: &Yes<'a>, asker: &Asker) -> bool {
        let pairs = self.0.iter().flat_map(Yes::voters).flat_map(|mine| yes.voters().map(move |other| (mine, other)));
        pairs.into_iter().any(|(mine, other)| same(asker, mine, other))
    }

    /// Whether they had a part in asking, when they said yes or now.
    fn asks(&self, approval: &Approval) -> bool {
        self.0.iter().any(|yes| {
            yes.vote.part == Part::Confirms || yes.voters().into_iter().any(|voter| approval.asker.is(voter))
        })
    }

    fn counts(&self, terms: &HoldTerms, approval: &Approval) -> bool {
        let own = terms.by == By::Other && self.asks(approval);
        !own && self.0.iter().any(|yes| yes.counting(terms, approval).is_some())
    }

    fn is(&self, reviewer: &Reviewer, terms: &HoldTerms, approval: &Approval) -> bool {
        self.0.iter().filter_map(|yes| yes.counting(terms, approval)).any(|voter| is(reviewer, voter, approval))
    }
}

impl<'a> Yes<'a> {
    fn new(vote: &'a Vote, now: Option<&'a Voter>, approval: &Approval) -> Self {
        Self { vote, now, shows: approval.shown_by(vote) }
    }

    fn voters(&self) -> impl Iterator<Item = &'a Voter> + use<'a> {
        [Some(&self.vote.by), self.now].into_iter().flatten()
    }

    fn counting(&self, terms: &HoldTerms, approval: &Approval) -> Option<&'a Voter> {
        let proven = self.shows >= Some(terms.needs());
        self.now.filter(|now| proven && counts(terms, now, approval, self.vote.at))
    }
}

/// Whether these are one human being, also where only the call knows that both accounts are whoever's it is.
pub(super) fn same(asker: &Asker, one: &Voter, other: &Voter) -> bool {
    one.is_same_person(other) || (asker.is_themselves(one) && asker.is_themselves(other))
}

/// Whether this person's word counts for a hold when it is said at this time.
pub(super) fn counts(terms: &HoldTerms, voter: &Voter, approval: &Approval, said: Timestamp) -> bool {
    // Somebody without a name was not proven to be anybody.
    let nobody = voter.person.is_empty();
    let own = terms.by == By::Other && approval.asker.is(voter);
    !nobody && !own && asked(terms, approval, said).any(|reviewer| is(reviewer, voter, approval))
}

/// Who is asked at this time: those the hold lists, and later others too.
fn asked<'a>(
    terms: &'a HoldTerms,
    approval: &'a Approval,
    at: Timestamp,
) -> impl Iterator<Item = &'a Reviewer> + use<'a> {
    let later = terms.escalate.iter().filter(move |escalation| is_due(escalation, approval, at));
    terms.reviewers.iter().chain(later.flat_map(|escalation| &escalation.to))
}

/// Whether those who are asked later are asked at this time: because so much time has gone by, or because somebody
/// would not wait for it.
pub(super) fn is_due(escalation: &Escalation, approval: &Approval, at: Timestamp) -> bool {
    let waited = at.micros().saturating_sub(approval.asked_at().micros());
    let after = i64::try_from(escalation.after.seconds()).unwrap_or(i64::MAX).saturating_mul(1_000_000);
    waited >= after || approval.escalated.is_some_and(|since| since <= at)
}

fn is(reviewer: &Reviewer, voter: &Voter, approval: &Approval) -> bool {
    match reviewer {
        Reviewer::Automation(name) => {
            voter.is_automation() && voter.person.strip_prefix("automation:") == Some(name.as_str())
        }
        // Whatever it is called, it is nobody.
        _ if voter.is_automation() => false,
        Reviewer::Owner => approval.asker.is_owner(voter),
        Reviewer::User(name) => *name == voter.person,
        Reviewer::Group(name) => voter.groups.contains(name),
        Reviewer::Role(name) => voter.roles.contains(name),
    }
}

//! Is there any order of things in which something runs twice, or without the agreement of people?
//!
//! Every reachable state of a small world is looked at: one row that changes only for whoever read its latest version,
//! two replicas that may be stale and may crash between any two steps, three people, and time. Jana's agent asks. Two
//! people of operations must agree: Bob, who can lose his group, and Carol, who has two accounts.

use std::collections::VecDeque;
use std::rc::Rc;

use super::*;

/// How long a step of time is. Pending and approved last two of them, a lease lasts one.
const STEP: i64 = 150;
const LAST: i64 = 5;

fn people() -> [Voter; 4] {
    let ops = |name| person(name, &["ops"]);
    [ops("jana"), ops("bob"), ops("carol"), linked(ops("carol-phone"), &["oidc:carol"])]
}

fn clock(step: i64) -> Timestamp {
    at(step * STEP)
}

#[derive(Clone)]
struct World {
    row: Rc<Approval>,
    now: i64,
    bob_may: bool,
    replicas: [Replica; 2],
    /// How often it was sent, and whether the server did it.
    sent: u8,
    happened: bool,
}

#[derive(Clone, Default)]
struct Replica {
    copy: Copy,
    hand: Hand,
}

/// What a replica has read. How old a stale copy is makes no difference: nothing is written with it.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Copy {
    #[default]
    None,
    Latest,
    Stale,
}

/// What a replica is doing with its own memory; a crash empties it.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Hand {
    #[default]
    Empty,
    /// It claimed, and will send this until then.
    Leave(Digest, Timestamp),
    /// It sent, and was told whether it was done.
    Sent(bool),
}

type Look = (&'static str, Option<Timestamp>, String, Vec<(usize, bool)>);
type Key = (Look, i64, bool, u8, bool, [(Copy, Hand); 2]);

fn look(approval: &Approval) -> Look {
    let attempt = match &approval.state {
        State::Executing(attempt) => attempt.id.clone(),
        _ => String::new(),
    };
    let people = people();
    let vote = |vote: &Vote| (people.iter().position(|known| *known == vote.by).unwrap(), vote.word == Word::Yes);
    (approval.state.word(), approval.wakes(), attempt, approval.votes.iter().map(vote).collect())
}

struct Search {
    /// How far behind the second replica's clock is.
    behind: i64,
    people: [Voter; 4],
    seen: BTreeSet<Key>,
    queue: VecDeque<World>,
    words: BTreeSet<&'static str>,
    sent: usize,
    lost: usize,
}

impl Search {
    fn run(behind: i64) -> Self {
        let ttl = Some(span(2 * STEP.unsigned_abs()));
        let row = Rc::new(open(vec![HoldTerms { quorum: 2, ttl, ..asks(&["group:ops"]) }]));
        let replicas = [Replica::default(), Replica::default()];
        let first = World { row, now: 0, bob_may: true, replicas, sent: 0, happened: false };
        let mut search = Self {
            behind,
            people: people(),
            seen: BTreeSet::new(),
            queue: VecDeque::new(),
            words: BTreeSet::new(),
            sent: 0,
            lost: 0,
        };
        search.reach(first);
        while let Some(world) = search.queue.pop_front() {
            search.steps(&world);
        }
        search
    }

    fn reach(&mut self, world: World) {
        let hands = [0, 1].map(|mine: usize| (world.replicas[mine].copy, world.replicas[mine].hand));
        let key = (look(&world.row), world.now, world.bob_may, world.sent, world.happened, hands);
        if self.seen.insert(key) {
            self.check(&world);
            self.queue.push_back(world);
        }
    }

    /// What holds in every state.
    fn check(&mut self, world: &World) {
        let stands = world.row.state.word();
        self.words.insert(stands);
        self.sent += usize::from(world.sent);
        assert!(world.sent <= 1, "I2: sent twice");
        let idle = world.replicas.iter().all(|replica| replica.hand == Hand::Empty);
        match world.row.state {
            State::Pending | State::Approved { .. } => assert!(world.sent == 0 && idle, "I1: {stands}"),
            State::Ended(
                End::Rejected | End::Expired | End::Cancelled | End::Superseded | End::Lapsed | End::Revoked,
            ) => assert!(world.sent == 0 && idle, "I6: {stands}"),
            State::Ended(End::Succeeded) => assert!(world.sent == 1 && world.happened, "I10"),
            State::Ended(End::Failed) => assert!(world.sent == 1 && !world.happened, "I10"),
            // With one clock for all, what somebody found when they looked stays true.
            State::Ended(End::ReconciledSucceeded) => assert!(world.happened, "I10"),
            State::Ended(End::ReconciledFailed) => assert!(self.behind > 0 || !world.happened, "I10"),
            State::Executing(_) | State::Unknown => {}
        }
        // I11: with nobody there, time brings it to an end, or to where somebody has to look.
        let far = Timestamp::from_micros(i64::MAX);
        let rest = world.row.due(far).unwrap_or_else(|| (*world.row).clone());
        assert!(!rest.is_open() && rest.due(far).is_none(), "I11: {stands}");
        assert!(world.sent == 0 || matches!(rest.state, State::Unknown | State::Ended(_)), "I10: {stands}");
    }

    fn steps(&mut self, world: &World) {
        if world.now < LAST {
            self.reach(World { now: world.now + 1, ..world.clone() });
        }
        self.reach(World { bob_may: false, ..world.clone() });
        for mine in 0..2 {
            let time = clock(world.now - if mine == 1 { self.behind } else { 0 });
            let with = |change: &dyn Fn(&mut Replica)| {
                let mut next = world.clone();
                change(&mut next.replicas[mine]);
                next
            };
            self.reach(with(&|replica| *replica = Replica::default()));
            self.reach(with(&|replica| replica.copy = Copy::Latest));
            self.sends(world, mine, time);
            let copy = match world.replicas[mine].copy {
                Copy::None => continue,
                // Whatever it makes of it, it finds that the row is another by now and reads it again.
                Copy::Stale => {
                    self.lost += 1;
                    self.reach(with(&|replica| replica.copy = Copy::None));
                    continue;
                }
                Copy::Latest => &world.row,
            };
            if let Some(due) = copy.due(time) {
                self.write(world, mine, due, None);
            }
            self.claims(world, mine, copy, time);
            for (event, hand) in self.events(world, mine, time) {
                match copy.after(event, time) {
                    Ok(next) => self.write(world, mine, next.approval, hand),
                    // What came of it is told too late; it is left to whoever looks.
                    Err(_) if hand.is_some() => self.reach(with(&|replica| replica.hand = Hand::Empty)),
                    Err(_) => {}
                }
            }
        }
    }

    /// Everything but a claim, and what the replica has in hand afterwards if that changes.
    fn events(&self, world: &World, mine: usize, time: Timestamp) -> Vec<(Event<'static>, Option<Hand>)> {
        let mut events: Vec<(Event<'static>, Option<Hand>)> = vec![(Event::Cancelled, None)];
        for (place, voter) in self.people.iter().enumerate().filter(|(place, _)| *place != 1 || world.bob_may) {
            events.push((Event::Voted(says(Word::Yes, voter)), None));
            if place != 3 {
                events.push((Event::Voted(says(Word::No, voter)), None));
                events.push((Event::Revoked(voter.clone()), None));
            }
        }
        let attempt = format!("attempt-{mine}");
        let lease = Timestamp::from_micros(time.micros() + STEP * SECOND);
        match world.replicas[mine].hand {
            Hand::Empty => {}
            Hand::Leave(..) => events.push((Event::Renewed { attempt, lease }, None)),
            Hand::Sent(done) => {
                let end = if done { Outcome::Succeeded } else { Outcome::Failed };
                events.push((Event::Renewed { attempt: attempt.clone(), lease }, None));
                events.push((Event::Finished { attempt: attempt.clone(), end }, Some(Hand::Empty)));
                events.push((Event::Finished { attempt, end: Outcome::Unknown }, Some(Hand::Empty)));
            }
        }
        events.push((Event::Reconciled { happened: world.happened }, None));
        events
    }

    fn claims(&mut self, world: &World, mine: usize, copy: &Approval, time: Timestamp) {
        let lease = Timestamp::from_micros(time.micros() + STEP * SECOND);
        let people = people();
        let now = |voter: &Voter| {
            people.iter().find(|known| known.person == voter.person && (world.bob_may || known.person != "bob"))
        };
        let attempt = Attempt { id: format!("attempt-{mine}"), lease };
        let other = Claim { attempt: attempt.clone(), digest: digest("other"), now: &now };
        assert!(copy.after(Event::Claimed(other), time).is_err(), "I3: leave for something else");
        let claim = Claim { attempt, digest: digest("this"), now: &now };
        let Ok(next) = copy.after(Event::Claimed(claim), time) else { return };
        let said = |name: &str| copy.votes.iter().any(|vote| vote.by.person == name && vote.word == Word::Yes);
        assert!(world.bob_may && said("bob") && (said("carol") || said("carol-phone")), "I4: no quorum");
        assert!(copy.votes.len() == 2 && !said("jana"), "I4: {:?}", copy.votes);
        let given = Hand::Leave(next.consent.unwrap().digest(), lease);
        self.write(world, mine, next.approval, Some(given));
    }

    /// Whoever was given leave looks at their lease once more, and sends; the server does it or not (EXE-07).
    fn sends(&mut self, world: &World, mine: usize, time: Timestamp) {
        let Hand::Leave(what, lease) = world.replicas[mine].hand else { return };
        assert_eq!(what, world.row.digest, "I3: something else was sent");
        for happened in [true, false] {
            let mut next = world.clone();
            if time < lease {
                (next.sent, next.happened) = (world.sent + 1, happened);
                next.replicas[mine].hand = Hand::Sent(happened);
            } else {
                next.replicas[mine].hand = Hand::Empty;
            }
            self.reach(next);
        }
    }

    /// Changes the row, which is the one that was read, and leaves the other replica with a stale copy. The answer may
    /// get lost on the way, and then the replica knows nothing of what it wrote (EXE-05).
    fn write(&mut self, world: &World, mine: usize, row: Approval, hand: Option<Hand>) {
        let reconciled = matches!(row.state, State::Ended(End::ReconciledSucceeded | End::ReconciledFailed));
        match world.row.state {
            State::Ended(_) => panic!("I5: {:?} became {:?}", world.row.state, row.state),
            State::Unknown => assert!(reconciled, "I5: {:?}", row.state),
            _ => assert!(!reconciled, "I5: {:?}", world.row.state),
        }
        assert!(row.votes.starts_with(&world.row.votes), "I7: an answer was lost");
        let mut next = World { row: Rc::new(row), ..world.clone() };
        for replica in &mut next.replicas {
            replica.copy = if replica.copy == Copy::None { Copy::None } else { Copy::Stale };
        }
        next.replicas[mine].copy = Copy::None;
        let mut lost = next.clone();
        lost.replicas[mine].hand = Hand::Empty;
        self.reach(lost);
        next.replicas[mine].hand = hand.unwrap_or(next.replicas[mine].hand);
        next.replicas[mine].copy = Copy::Latest;
        self.reach(next);
    }
}

/// APR-01, APR-02, EXE-01, EXE-02, EXE-03, EXE-05, EXE-06, EXE-07: in no order does it run twice or unagreed.
#[test]
fn nothing_runs_twice_or_without_agreement_in_any_order() {
    let search = Search::run(0);
    assert!(search.seen.len() > 1_000, "only {} states", search.seen.len());
    // The search reached what it is about.
    assert!(search.sent > 100 && search.lost > 100, "{} {}", search.sent, search.lost);
    let words = ["approved", "cancelled", "executing", "expired", "failed", "lapsed", "outcome_unknown", "pending"];
    let more = ["reconciled_failed", "reconciled_succeeded", "rejected", "revoked", "succeeded"];
    assert_eq!(search.words, words.into_iter().chain(more).collect());
}

/// TIM-03: the same with one replica's clock behind by the length of a lease.
#[test]
fn nothing_runs_twice_when_clocks_differ() {
    let search = Search::run(1);
    assert!(search.seen.len() > 1_000 && search.sent > 100, "only {} states", search.seen.len());
}

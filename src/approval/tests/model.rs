//! Does the machine do what a plain model does, whatever happens in whichever order and at whatever time?
//!
//! The model knows people by number, reviewers as sets of numbers, and time in seconds. It shares no line with the
//! machine. Time goes forwards and backwards (TIM-02).

use proptest::prelude::*;

use super::*;

/// Which human being each of the eight voters is: two of them are second accounts.
const HUMAN: [usize; 8] = [0, 0, 2, 2, 4, 5, 6, 7];
const OWN: usize = 0;
const OPS: &[usize] = &[0, 1, 2, 3, 4];
const SEC: &[usize] = &[3, 4, 5];
const BOSSES: &[usize] = &[6, 3, 1];

fn voters() -> [Voter; 8] {
    [
        person("jana", &["ops"]),
        linked(person("j-smith", &["ops", "bosses"]), &["slack:jana"]),
        person("bob", &["ops"]),
        linked(person("bob-phone", &["ops", "sec", "bosses"]), &["oidc:bob"]),
        person("carol", &["ops", "sec"]),
        person("dave", &["sec"]),
        person("erin", &["bosses"]),
        person("frank", &[]),
    ]
}

struct Rule {
    listed: Vec<&'static [usize]>,
    later: Option<i64>,
    quorum: usize,
    each: bool,
    own: bool,
}

/// The same agreement for the machine and for the model.
fn agreements(which: usize) -> (Vec<HoldTerms>, Vec<Rule>) {
    let rule =
        |listed: &[&'static [usize]]| Rule { listed: listed.to_vec(), later: None, quorum: 1, each: false, own: false };
    let both = ["group:ops", "group:sec"];
    let confirm = || (HoldTerms { by: By::Owner, ..asks(&["user"]) }, Rule { own: true, ..rule(&[&[0]]) });
    let pairs = match which {
        0 => vec![(HoldTerms { quorum: 2, ..asks(&["group:ops"]) }, Rule { quorum: 2, ..rule(&[OPS]) })],
        1 => vec![(asks(&["group:ops"]), rule(&[OPS])), (asks(&["group:sec"]), rule(&[SEC]))],
        2 => vec![(
            HoldTerms { each: true, quorum: 2, escalate: Some(later(60, &["group:bosses"])), ..asks(&both) },
            Rule { each: true, quorum: 2, later: Some(60), ..rule(&[OPS, SEC]) },
        )],
        3 => vec![(
            HoldTerms { escalate: Some(later(120, &["group:bosses"])), ..asks(&["user:nobody"]) },
            Rule { later: Some(120), ..rule(&[&[]]) },
        )],
        4 => vec![confirm(), (asks(&["group:sec"]), rule(&[SEC]))],
        5 => vec![(
            HoldTerms { by: By::Owner, quorum: 3, ..asks(&both) },
            Rule { own: true, quorum: 3, ..rule(&[OPS, SEC]) },
        )],
        6 => vec![confirm()],
        7 => vec![(asks(&["group:ops"]), rule(&[OPS]))],
        _ => vec![],
    };
    pairs.into_iter().unzip()
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Stands {
    Pending,
    Approved(i64),
    Runs(i64),
    Unknown,
    Over(&'static str),
}

struct Model {
    rules: Vec<Rule>,
    stands: Stands,
    said: Vec<(usize, bool, i64)>,
}

#[derive(Clone, Debug)]
enum Act {
    Vote { who: usize, yes: bool, right: bool, reason: bool },
    Cancel,
    Supersede,
    Revoke(usize),
    Claim { right: bool, lost: BTreeSet<usize>, lease: i64 },
    Renew { right: bool, lease: i64 },
    Finish { right: bool, end: usize },
    Reconcile(bool),
}

impl Model {
    fn asked(rule: &Rule, who: usize, when: i64) -> bool {
        let listed = rule.listed.iter().any(|set| set.contains(&who));
        let escalated = rule.later.is_some_and(|after| when >= after) && BOSSES.contains(&who);
        (rule.own || HUMAN[who] != OWN) && (listed || escalated)
    }

    fn met(&self, lost: &BTreeSet<usize>) -> bool {
        let met = |rule: &Rule| {
            let counted: BTreeSet<usize> = (self.said.iter())
                .filter(|(who, yes, when)| *yes && !lost.contains(who) && Self::asked(rule, *who, *when))
                .map(|(who, ..)| *who)
                .collect();
            let people: BTreeSet<usize> = counted.iter().map(|who| HUMAN[*who]).collect();
            let each = || rule.listed.iter().all(|set| set.iter().any(|who| counted.contains(who)));
            people.len() >= rule.quorum && (!rule.each || each())
        };
        !self.rules.is_empty() && self.rules.iter().all(met)
    }

    fn ends(&self) -> Option<(i64, Stands)> {
        match self.stands {
            Stands::Pending => Some((900, Stands::Over("expired"))),
            Stands::Approved(until) => Some((until, Stands::Over("lapsed"))),
            Stands::Runs(lease) => Some((lease, Stands::Unknown)),
            Stands::Unknown | Stands::Over(_) => None,
        }
    }

    fn take_in(&mut self, now: i64) -> bool {
        let over = self.ends().filter(|(when, _)| now >= *when);
        over.is_some_and(|(_, stands)| {
            self.stands = stands;
            true
        })
    }

    /// Whether it gives leave to perform the call, or the code of why nothing happened.
    fn act(&mut self, act: &Act, now: i64) -> Result<bool, &'static str> {
        if self.ends().is_some_and(|(when, _)| now >= when) {
            return Err("late");
        }
        let asked = |who: usize| match self.rules.iter().any(|rule| Self::asked(rule, who, now)) {
            true => Ok(()),
            false if HUMAN[who] == OWN => Err("own_call"),
            false => Err("not_eligible"),
        };
        self.stands = match (act, self.stands) {
            (Act::Vote { who, yes, right, reason }, Stands::Pending) => {
                asked(*who)?;
                if self.said.iter().any(|(earlier, ..)| HUMAN[*earlier] == HUMAN[*who]) {
                    return Err("already_voted");
                }
                if !right {
                    return Err("stale");
                }
                if !yes && !reason {
                    return Err("reason_required");
                }
                self.said.push((*who, *yes, now));
                match yes {
                    false => Stands::Over("rejected"),
                    true if self.met(&BTreeSet::new()) => Stands::Approved(now + 300),
                    true => Stands::Pending,
                }
            }
            (Act::Cancel, Stands::Pending | Stands::Approved(_)) => Stands::Over("cancelled"),
            (Act::Supersede, Stands::Pending | Stands::Approved(_)) => Stands::Over("superseded"),
            (Act::Revoke(who), Stands::Approved(_)) => {
                asked(*who)?;
                Stands::Over("revoked")
            }
            (Act::Claim { right: false, .. }, Stands::Approved(_)) => return Err("stale"),
            (Act::Claim { lost, .. }, Stands::Approved(_)) if !self.met(lost) => return Err("quorum_gone"),
            (Act::Claim { lease, .. }, Stands::Approved(_)) if *lease <= 0 => return Err("late"),
            (Act::Claim { lease, .. }, Stands::Approved(_)) => {
                self.stands = Stands::Runs(now + lease);
                return Ok(true);
            }
            (Act::Renew { right: true, lease }, Stands::Runs(old)) => Stands::Runs(old.max(now + lease)),
            (Act::Finish { right: true, end: 0 }, Stands::Runs(_)) => Stands::Over("succeeded"),
            (Act::Finish { right: true, end: 1 }, Stands::Runs(_)) => Stands::Over("failed"),
            (Act::Finish { right: true, .. }, Stands::Runs(_)) => Stands::Unknown,
            (Act::Reconcile(true), Stands::Unknown) => Stands::Over("reconciled_succeeded"),
            (Act::Reconcile(false), Stands::Unknown) => Stands::Over("reconciled_failed"),
            _ => return Err("not_open"),
        };
        Ok(false)
    }
}

fn perform(machine: &Approval, act: &Act, now: i64) -> Result<Next, Refused> {
    let people = voters();
    let shown = |right: bool| digest(if right { "this" } else { "other" });
    let name = |right: bool| if right { "attempt-1" } else { "attempt-2" }.to_owned();
    match act.clone() {
        Act::Vote { who, yes, right, reason } => {
            let word = if yes { Word::Yes } else { Word::No };
            let reason = reason.then(|| "because".to_owned());
            machine.after(Event::Voted(Vote { digest: shown(right), reason, ..says(word, &people[who]) }), at(now))
        }
        Act::Cancel => machine.after(Event::Cancelled, at(now)),
        Act::Supersede => machine.after(Event::Superseded, at(now)),
        Act::Revoke(who) => machine.after(Event::Revoked(people[who].clone()), at(now)),
        Act::Claim { right, lost, lease } => {
            let still = |voter: &Voter| {
                let place = people.iter().position(|known| known.person == voter.person)?;
                (!lost.contains(&place)).then_some(&people[place])
            };
            let claim = Claim { attempt: attempt(now + lease), digest: shown(right), now: &still };
            machine.after(Event::Claimed(claim), at(now))
        }
        Act::Renew { right, lease } => {
            machine.after(Event::Renewed { attempt: name(right), lease: at(now + lease) }, at(now))
        }
        Act::Finish { right, end } => {
            let end = [Outcome::Succeeded, Outcome::Failed, Outcome::Unknown][end];
            machine.after(Event::Finished { attempt: name(right), end }, at(now))
        }
        Act::Reconcile(happened) => machine.after(Event::Reconciled { happened }, at(now)),
    }
}

#[derive(Clone, Debug)]
enum Step {
    /// The clock moves.
    Moves(i64),
    /// The clock goes to when time decides next, or a second beside it.
    Wakes(i64),
    /// Somebody takes in what time has decided.
    TakesIn,
    Does(Act),
}

fn act() -> impl Strategy<Value = Act> {
    let mostly = || prop::bool::weighted(0.9);
    let lost = || prop_oneof![3 => Just(BTreeSet::new()), 1 => prop::collection::btree_set(0..8_usize, 0..3)];
    prop_oneof![
        8 => (0..8_usize, mostly(), mostly(), mostly())
            .prop_map(|(who, yes, right, reason)| Act::Vote { who, yes, right, reason }),
        1 => Just(Act::Cancel),
        1 => Just(Act::Supersede),
        1 => (0..8_usize).prop_map(Act::Revoke),
        4 => (mostly(), lost(), prop_oneof![-1..2_i64, Just(30)])
            .prop_map(|(right, lost, lease)| Act::Claim { right, lost, lease }),
        1 => (mostly(), -10..60_i64).prop_map(|(right, lease)| Act::Renew { right, lease }),
        1 => (mostly(), 0..3_usize).prop_map(|(right, end)| Act::Finish { right, end }),
        1 => any::<bool>().prop_map(Act::Reconcile),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        2 => prop_oneof![Just(0_i64), 0..30_i64, 50..70_i64, -90..0_i64, Just(-3600), Just(600)].prop_map(Step::Moves),
        1 => (-1..2_i64).prop_map(Step::Wakes),
        1 => Just(Step::TakesIn),
        12 => act().prop_map(Step::Does),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// TIM-02, APR-02, APR-03, APR-04, APR-08: state, refusals, leave and time agree after every step.
    #[test]
    fn the_machine_does_what_the_model_does(which in 0..9_usize, steps in prop::collection::vec(step(), 1..40)) {
        let (holds, rules) = agreements(which);
        let mut machine = open(holds);
        let mut model = Model { rules, stands: Stands::Pending, said: vec![] };
        let (mut now, mut given, mut over) = (0, 0, None);
        for step in steps {
            match step {
                Step::Moves(by) => now += by,
                Step::Wakes(beside) => now = model.ends().map_or(now, |(when, _)| when + beside),
                Step::TakesIn => {
                    let due = machine.due(at(now));
                    prop_assert_eq!(due.is_some(), model.take_in(now));
                    machine = due.unwrap_or(machine);
                }
                Step::Does(act) => {
                    let before = machine.clone();
                    let outcome = perform(&machine, &act, now);
                    let leave = outcome.as_ref().map(|next| next.consent.is_some()).map_err(|refused| refused.code());
                    prop_assert_eq!(leave, model.act(&act, now), "{:?} at {}", act, now);
                    if let Ok(next) = outcome {
                        given += usize::from(next.consent.is_some());
                        prop_assert!(next.approval.votes.starts_with(&before.votes), "an answer was lost");
                        machine = next.approval;
                    }
                }
            }
            let word = match model.stands {
                Stands::Pending => "pending",
                Stands::Approved(_) => "approved",
                Stands::Runs(_) => "executing",
                Stands::Unknown => "outcome_unknown",
                Stands::Over(word) => word,
            };
            prop_assert_eq!(machine.state.word(), word);
            prop_assert_eq!(machine.wakes(), model.ends().map(|(when, _)| at(when)));
            prop_assert_eq!(machine.votes.len(), model.said.len());
            prop_assert!(given <= 1, "leave was given twice");
            prop_assert!(over.is_none_or(|over| over == word), "{:?} came back to life as {}", over, word);
            let ended = (machine.wakes().is_none() && word != "outcome_unknown").then_some(word);
            over = over.or(ended);
        }
    }
}

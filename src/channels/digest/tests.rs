//! Storms, small and large.
#![expect(clippy::arithmetic_side_effects, reason = "the sums of tests are small, and a test may stop")]

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

const SECOND: i64 = 1_000_000;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros((10_000 + seconds) * SECOND)
}

fn one(id: &str, made: i64, risk: Risk) -> Waiting {
    Waiting { id: id.to_owned(), made: at(made), risk }
}

fn storm(count: usize, made: i64) -> Vec<Waiting> {
    (0..count).map(|number| one(&format!("d{number:03}"), made, Risk::Medium)).collect()
}

fn sizes(plan: &Plan) -> (usize, usize, usize, usize) {
    let many = plan.many.as_ref();
    let of = |list: fn(&Many) -> &Vec<String>| many.map_or(0, |many| list(many).len());
    (plan.singly.len(), of(|many| &many.named), of(|many| &many.counted), plan.later.len())
}

#[test]
fn a_storm_becomes_a_few_messages_and_a_list() {
    // A36, AVL-09: grouped, and each is still answered for itself.
    for (count, asked, age, expected) in [
        (0, vec![], 0, (0, 0, 0, 0)),
        (5, vec![], 0, (5, 0, 0, 0)),
        (6, vec![], 0, (5, 0, 0, 1)),
        (40, vec![], 0, (5, 0, 0, 35)),
        (40, vec![], 29, (5, 0, 0, 35)),
        (40, vec![], 30, (5, 25, 10, 0)),
        (40, vec![-59, -30, -1], 0, (2, 0, 0, 38)),
        (40, vec![-59, -30, -20, -10, -1, 0], 30, (0, 25, 15, 0)),
        // A minute later they may be asked again, and what a clock that went back wrote is as good as nothing.
        (6, vec![-60, -61, -62, -63, -64], 0, (5, 0, 0, 1)),
        (6, vec![1, 2, 3, 4, 5], 0, (5, 0, 0, 1)),
        (6, vec![], -5, (6, 0, 0, 0)),
        // Alone in a list is no list.
        (1, vec![-5; 5], 10, (0, 0, 0, 1)),
        (1, vec![-5; 5], 30, (1, 0, 0, 0)),
    ] {
        let asked: Vec<Timestamp> = asked.into_iter().map(at).collect();
        let plan = plan(&storm(count, -age), &asked, at(0));
        assert_eq!(sizes(&plan), expected, "{count} {asked:?} {age}");
    }
}

#[test]
fn the_worst_come_first_and_what_is_critical_waits_for_nothing() {
    let mut waiting = storm(30, 0);
    waiting.push(one("high", 0, Risk::High));
    waiting.extend((0..9).map(|number| one(&format!("critical{number}"), 0, Risk::Critical)));
    let full: Vec<Timestamp> = vec![at(-1); 5];
    let plan = plan(&waiting, &full, at(30));
    assert_eq!(sizes(&plan), (9, 25, 6, 0));
    assert!(plan.singly.iter().all(|id| id.starts_with("critical")), "{:?}", plan.singly);
    assert_eq!(plan.many.unwrap().named[0], "high");
    let free = super::plan(&waiting[28..31], &[], at(0));
    assert_eq!(free.singly, ["high", "d028", "d029"]);
}

#[test]
fn what_is_left_says_when_to_look_again() {
    let look = |waiting: &[Waiting], asked: &[i64]| {
        let asked: Vec<Timestamp> = asked.iter().copied().map(at).collect();
        plan(waiting, &asked, at(0)).again
    };
    assert_eq!(look(&storm(3, -10), &[-50, -40, -5, -4, -3]), Some(at(10)));
    assert_eq!(look(&storm(3, -10), &[-20, -19, -18, -17, -16]), Some(at(20)));
    assert_eq!(look(&storm(7, -10), &[]), Some(at(20)));
    assert_eq!(look(&storm(4, -10), &[]), None);
}

fn risks() -> impl Strategy<Value = Risk> {
    prop::sample::select(vec![Risk::Low, Risk::Medium, Risk::High, Risk::Critical])
}

proptest! {
    #[test]
    fn nothing_is_lost_and_nothing_is_said_twice(
        waiting in prop::collection::vec((-40_i64..5, risks()), 0..80),
        asked in prop::collection::vec(-70_i64..5, 0..9),
    ) {
        let number = |(id, (made, risk)): (usize, (i64, Risk))| one(&format!("d{id}"), made, risk);
        let waiting: Vec<Waiting> = waiting.into_iter().enumerate().map(number).collect();
        let asked: Vec<Timestamp> = asked.into_iter().map(at).collect();
        let plan = plan(&waiting, &asked, at(0));
        let many = plan.many.iter().flat_map(Many::all);
        let mut told: Vec<&String> = plan.singly.iter().chain(many).chain(&plan.later).collect();
        told.sort();
        let mut all: Vec<&String> = waiting.iter().map(|one| &one.id).collect();
        all.sort();
        prop_assert_eq!(told, all);
        prop_assert_eq!(plan.again.is_some(), !plan.later.is_empty());
        prop_assert!(plan.again.is_none_or(|again| again > at(0)));
        prop_assert!(plan.many.is_none_or(|many| (1..=MOST_NAMED).contains(&many.named.len())));
        let singly: BTreeSet<&String> = plan.singly.iter().collect();
        for one in waiting.iter().filter(|one| one.risk == Risk::Critical) {
            prop_assert!(singly.contains(&one.id));
        }
    }

    /// A whole storm, second by second, as somebody who carries deliveries would play it.
    #[test]
    fn nobody_is_flooded_and_nothing_waits_long(arrivals in prop::collection::vec(0_i64..150, 1..120)) {
        let mut waiting: Vec<Waiting> = Vec::new();
        let (mut asked, mut lists): (Vec<Timestamp>, Vec<Timestamp>) = (Vec::new(), Vec::new());
        let mut told = 0;
        for second in 0..200 {
            let now = at(second);
            for (number, _) in arrivals.iter().enumerate().filter(|(_, made)| **made == second) {
                waiting.push(one(&format!("d{number}"), second, Risk::Medium));
            }
            let plan = plan(&waiting, &asked, now);
            asked.extend(plan.singly.iter().map(|_| now));
            let many: BTreeSet<&String> = plan.many.iter().flat_map(Many::all).collect();
            lists.extend(plan.many.iter().map(|_| now));
            told += plan.singly.len() + many.len();
            waiting.retain(|one| plan.later.contains(&one.id));
            prop_assert!(waiting.iter().all(|one| now.micros() - one.made.micros() < GATHERED));
            let lately = |times: &[Timestamp]| times.iter().filter(|time| now.micros() - time.micros() < MINUTE).count();
            // Two lists in a minute, or what would be alone in them.
            prop_assert!(lately(&asked) + lately(&lists) <= MOST_SINGLY + 2, "{} {}", lately(&asked), lately(&lists));
        }
        prop_assert_eq!(told, arrivals.len());
    }
}

//! Have enough of the right people agreed?

use super::*;

/// Applies one yes after another, a second apart; whether it is approved after each of them, or why it was not counted.
fn run(holds: Vec<HoldTerms>, voters: &[Voter]) -> Vec<Result<&'static str, &'static str>> {
    let mut approval = open(holds);
    let mut words = vec![];
    for (second, voter) in (1..).zip(voters) {
        match yes(&approval, voter, second) {
            Ok(next) => approval = next,
            Err(refused) => {
                words.push(Err(refused.code()));
                continue;
            }
        }
        words.push(Ok(approval.state.word()));
        assert_eq!(approval.lacking(at(second)).is_empty(), approval.state.word() == "approved");
    }
    words
}

/// APR-07, A22: people are counted, not hats and not accounts.
#[test]
fn a_quorum_of_two_needs_two_human_beings() {
    let two = |names: &[&str]| vec![HoldTerms { quorum: 2, ..asks(names) }];
    let (bob, carol) = (person("bob", &["ops", "sec"]), person("carol", &["ops"]));
    let phone = linked(person("bob-phone", &["sec"]), &["oidc:bob"]);
    let rows = [
        (two(&["group:ops"]), vec![bob.clone(), carol.clone()], vec![Ok("pending"), Ok("approved")]),
        (two(&["group:ops", "group:sec"]), vec![bob.clone()], vec![Ok("pending")]),
        (
            two(&["group:ops", "group:sec"]),
            vec![bob.clone(), phone.clone(), bob.clone(), carol.clone()],
            vec![Ok("pending"), Err("already_voted"), Err("already_voted"), Ok("approved")],
        ),
        // The link is known from either side.
        (two(&["group:ops", "group:sec"]), vec![phone, bob], vec![Ok("pending"), Err("already_voted")]),
        (two(&["group:ops"]), vec![carol, person("dave", &["dev"])], vec![Ok("pending"), Err("not_eligible")]),
        (
            // Nobody asks for no quorum; if it is stored, it is one.
            vec![HoldTerms { quorum: 0, ..asks(&["group:ops"]) }],
            vec![person("erin", &["ops"])],
            vec![Ok("approved")],
        ),
    ];
    for (holds, voters, expected) in rows {
        assert_eq!(run(holds.clone(), &voters), expected, "{holds:?}");
    }
}

/// APR-07: two accounts become one person's by way of a third that voted too, and only after they voted.
#[test]
fn accounts_that_are_linked_after_the_votes_are_one_person_at_the_claim() {
    let (a, b, c) = (person("a", &["ops"]), person("b", &["ops"]), person("c", &["ops"]));
    let holds = vec![HoldTerms { quorum: 2, ..asks(&["group:ops"]) }, asks(&["group:ops"])];
    let three = vec![HoldTerms { quorum: 3, ..asks(&["group:ops"]) }];
    let mut voted = open(three);
    for voter in [&a, &c, &b] {
        voted = yes(&voted, voter, 1).unwrap();
    }
    assert_eq!(voted.state.word(), "approved");
    let chain = linked(b, &["oidc:a", "oidc:c"]);
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        let ordered = order.iter().map(|place| voted.votes[*place].clone()).collect();
        let same = Approval { votes: ordered, agreement: agreement(holds.clone()), ..voted.clone() };
        assert!(claim_as_voted(&same, 2).is_ok());
        let now = |voter: &Voter| [&a, &chain, &c].into_iter().find(|known| known.person == voter.person);
        assert_eq!(claim(&same, 2, &now).unwrap_err(), Refused::QuorumGone, "{order:?}");
        // The one in between may not vote any more. The other two are still one person.
        let without = |voter: &Voter| now(voter).filter(|known| known.person != "b");
        let linked_then = Approval {
            votes: same.votes.iter().map(|vote| Vote { by: now(&vote.by).unwrap().clone(), ..vote.clone() }).collect(),
            ..same.clone()
        };
        assert_eq!(claim(&linked_then, 2, &without).unwrap_err(), Refused::QuorumGone, "{order:?}");
    }
}

/// APR-06, APR-07: that two accounts are the asker's only the call knows; they are one person all the same.
#[test]
fn two_accounts_of_who_asked_confirm_once() {
    let holds = vec![HoldTerms { by: By::Owner, quorum: 2, ..asks(&["group:ops"]) }];
    let other = linked(person("j-smith", &["ops"]), &["slack:jana"]);
    let voters = [person("jana", &["ops"]), other, person("bob", &["ops"])];
    assert_eq!(run(holds, &voters), [Ok("pending"), Err("already_voted"), Ok("approved")]);
}

#[test]
fn each_of_the_reviewers_is_stood_for_and_people_are_still_counted() {
    let each = |quorum| vec![HoldTerms { each: true, quorum, ..asks(&["group:ops", "group:sec"]) }];
    let (ops, more, sec) = (person("bob", &["ops"]), person("carol", &["ops"]), person("dave", &["sec"]));
    let both = person("erin", &["ops", "sec"]);
    assert_eq!(run(each(2), &[ops.clone(), more.clone()]), [Ok("pending"), Ok("pending")]);
    assert_eq!(run(each(2), &[ops.clone(), more, sec.clone()]), [Ok("pending"), Ok("pending"), Ok("approved")]);
    assert_eq!(run(each(1), &[ops.clone(), sec]), [Ok("pending"), Ok("approved")]);
    assert_eq!(run(each(1), std::slice::from_ref(&both)), [Ok("approved")]);
    assert_eq!(run(each(2), &[both, ops]), [Ok("pending"), Ok("approved")]);
}

/// A23: escalation adds people. It stands for nobody who was asked by name, and makes no quorum smaller.
#[test]
fn people_asked_later_do_not_stand_for_those_each_asks_for() {
    let terms =
        HoldTerms { each: true, escalate: Some(later(1, &["group:bosses"])), ..asks(&["group:ops", "user:dave"]) };
    let (boss, bob, dave) = (person("erin", &["bosses"]), person("bob", &["ops"]), person("dave", &[]));
    let voters = [boss.clone(), bob, dave];
    assert_eq!(run(vec![terms.clone()], &voters), [Ok("pending"), Ok("pending"), Ok("approved")]);
    let waits = yes(&open(vec![terms.clone()]), &boss, 1).unwrap();
    assert_eq!(waits.lacking(at(1)), ["rules/hold-0: also group:ops, user:dave"]);
    // Somebody who is asked later and is one of those listed is one of those listed.
    let listed = person("dave", &["bosses", "ops"]);
    assert_eq!(run(vec![terms], &[listed]), [Ok("approved")]);
}

#[test]
fn every_hold_must_be_met_and_one_person_may_meet_several() {
    let holds = vec![asks(&["group:ops"]), HoldTerms { quorum: 2, ..asks(&["group:sec", "group:ops"]) }];
    let (both, sec, sec2) = (person("bob", &["ops", "sec"]), person("dave", &["sec"]), person("erin", &["sec"]));
    assert_eq!(run(holds.clone(), &[both, sec.clone()]), [Ok("pending"), Ok("approved")]);
    assert_eq!(run(holds, &[sec, sec2, person("carol", &["ops"])]), [Ok("pending"), Ok("pending"), Ok("approved")]);
}

/// B10: a confirmation is never a second person's signature.
#[test]
fn to_confirm_is_not_to_countersign() {
    let confirm = HoldTerms { by: By::Owner, ..asks(&["user"]) };
    let holds = vec![confirm, asks(&["group:ops"])];
    let (jana, bob) = (person("jana", &["ops"]), person("bob", &["ops"]));
    assert_eq!(run(holds.clone(), std::slice::from_ref(&jana)), [Ok("pending")]);
    assert_eq!(run(holds.clone(), std::slice::from_ref(&bob)), [Ok("pending")]);
    assert_eq!(run(holds, &[jana, bob.clone()]), [Ok("pending"), Ok("approved")]);
    // Also when what tied them to the asker is not known any more at the claim: what they said stays a confirmation.
    let other = linked(person("j-smith", &["ops"]), &["oidc:jana"]);
    let mixed = HoldTerms { by: By::Owner, ..asks(&["group:ops"]) };
    let voted = yes(&open(vec![mixed, asks(&["group:ops"])]), &other, 1).unwrap();
    let voted = yes(&voted, &bob, 2).unwrap();
    assert_eq!(voted.state.word(), "approved");
    let untied = person("j-smith", &["ops"]);
    let without_bob = |voter: &Voter| (voter.person == "j-smith").then_some(&untied);
    // And when it was written into the store as something else.
    for part in [Part::Confirms, Part::Countersigns] {
        let mut stored = voted.clone();
        stored.votes[0].part = part;
        assert_eq!(claim(&stored, 3, &without_bob).unwrap_err(), Refused::QuorumGone);
    }
}

/// APR-08: who may agree is asked again at the claim.
#[test]
fn a_vote_counts_at_the_claim_only_if_its_voter_may_still_vote() {
    let voted = approved();
    let bob = person("bob", &["ops"]);
    let rows = [
        ("unchanged", Some(bob.clone()), true),
        ("with another group too", Some(person("bob", &["ops", "dev"])), true),
        ("gone", None, false),
        ("without the group", Some(person("bob", &["dev"])), false),
        ("now an account of the asker's", Some(linked(bob.clone(), &["slack:jana"])), false),
        ("somebody else who may", Some(person("carol", &["ops"])), false),
        ("somebody else by the same account", Some(linked(person("carol", &["ops"]), &["oidc:bob"])), false),
        ("the asker", Some(person("jana", &["ops"])), false),
    ];
    for (what, now, counts) in rows {
        let outcome = claim(&voted, 20, &|_| now.as_ref());
        assert_eq!(
            outcome.map(|next| next.consent.is_some()).map_err(Refused::code),
            if counts { Ok(true) } else { Err("quorum_gone") },
            "{what}"
        );
    }
    // It is asked for everybody, not only for enough of them, and losing one who was not needed loses nothing.
    let two = HoldTerms { quorum: 2, ..asks(&["group:ops"]) };
    let waits = yes(&open(vec![two]), &bob, 1).unwrap();
    let voted = yes(&waits, &person("carol", &["ops"]), 2).unwrap();
    assert_eq!(claim(&voted, 3, &|voter| (voter.person == "bob").then_some(&bob)).unwrap_err(), Refused::QuorumGone);
}

/// APR-24: a row somebody wrote into by hand does not run.
#[test]
fn a_state_without_the_votes_for_it_is_not_claimed() {
    let waits = open(vec![asks(&["group:ops"])]);
    let state = State::Approved { until: at(300) };
    let forged = Approval { state: state.clone(), ..waits.clone() };
    assert_eq!(claim_as_voted(&forged, 1).unwrap_err(), Refused::QuorumGone);
    let no = no(&waits, &person("bob", &["ops"]), 1).unwrap();
    let mut forged = Approval { state, ..no };
    assert_eq!(claim_as_voted(&forged, 2).unwrap_err(), Refused::QuorumGone);
    forged.votes.extend(approved().votes.into_iter().map(|vote| Vote { by: person("carol", &["ops"]), ..vote }));
    assert_eq!(claim_as_voted(&forged, 2).unwrap_err(), Refused::QuorumGone, "there was a no");
    let mut other = approved();
    other.votes[0].digest = digest("other");
    assert_eq!(claim_as_voted(&other, 20).unwrap_err(), Refused::QuorumGone, "the yes was to something else");
    let mut twice = approved();
    twice.agreement.all_of[0].terms.quorum = 2;
    twice.votes.push(twice.votes[0].clone());
    assert_eq!(claim_as_voted(&twice, 20).unwrap_err(), Refused::QuorumGone, "one vote is there twice");
}

/// APR-19: nobody is left who could agree, so nobody does.
#[test]
fn what_nobody_may_agree_to_expires() {
    let everybody = [person("bob", &["ops"]), person("jana", &["ops"]), Voter::default(), person("gone", &[])];
    let empty = asks(&[]);
    for holds in [vec![], vec![empty], vec![asks(&["group:gone"])], vec![asks(&["user"])]] {
        let waits = open(holds);
        for voter in &everybody {
            assert!(yes(&waits, voter, 1).is_err(), "{:?} {voter:?}", waits.agreement);
        }
        let forged = Approval { state: State::Approved { until: at(300) }, ..waits.clone() };
        assert_eq!(claim_as_voted(&forged, 1).unwrap_err(), Refused::QuorumGone);
        assert_eq!(waits.due(waits.deadline).unwrap().state, State::Ended(End::Expired));
    }
}

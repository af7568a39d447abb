//! Who may answer, and as what?

use super::*;

/// B10, APR-06, A21: nobody who had a part in asking agrees for somebody else, by whichever account.
#[test]
fn whoever_asked_is_refused_by_every_account_and_every_part() {
    let by = |name: &str, account: &str| Voter { account: account.to_owned(), ..person(name, &["ops"]) };
    let own = [
        ("the person", person("jana", &["ops"])),
        ("a linked account under another name", by("j-smith", "slack:jana")),
        ("an account that is linked to one of theirs", linked(person("other", &["ops"]), &["oidc:jana"])),
        ("the agent's own account", by("robot", "key:agent")),
        ("the agent's own name", person("key:agent", &["ops"])),
        ("somebody the agent's key is linked to", linked(person("other", &["ops"]), &["key:agent"])),
        ("the key's owner", person("key-owner", &["ops"])),
        ("who delegated", person("delegator", &["ops"])),
        ("who changed the arguments", person("editor", &["ops"])),
        ("who changed them, by account", by("somebody", "editor")),
        ("who changed them, by a linked account", linked(person("somebody", &["ops"]), &["editor"])),
    ];
    for (who, voter) in own {
        let waits = open(vec![asks(&["group:ops"])]);
        assert!(waits.asker.is(&voter), "{who}");
        assert_eq!(waits.may_vote(&voter, at(1)), Err(Refused::OwnCall), "{who}");
        assert_eq!(yes(&waits, &voter, 1), Err(Refused::OwnCall), "{who}");
        assert_eq!(no(&waits, &voter, 1), Err(Refused::OwnCall), "{who}");
        let revoked = plain(&approved(), Event::Revoked(voter.clone()), 11);
        assert_eq!(revoked, Err(Refused::OwnCall), "{who}");
    }
}

/// A22: who a reviewer is, for each way to name one.
#[test]
fn a_hold_asks_whom_its_reviewers_name() {
    let lead = Voter { roles: ["lead".to_owned()].into(), ..person("lea", &[]) };
    let nameless = Voter { groups: ["ops".to_owned()].into(), ..Voter::default() };
    let jana = person("jana", &["ops"]);
    let owner = HoldTerms { by: By::Owner, ..asks(&["user"]) };
    let either = HoldTerms { by: By::Owner, ..asks(&["user", "group:ops"]) };
    let rows = [
        (asks(&["user:bob"]), person("bob", &[]), Ok(())),
        (asks(&["user:bob"]), person("carol", &[]), Err(Refused::NotAsked)),
        // An account of that name is not that person.
        (asks(&["user:bob"]), linked(person("carol", &[]), &["bob"]), Err(Refused::NotAsked)),
        (asks(&["user:jana"]), jana.clone(), Err(Refused::OwnCall)),
        (asks(&["group:ops"]), person("bob", &["dev", "ops"]), Ok(())),
        (asks(&["group:ops"]), person("bob", &["ops2", "Ops"]), Err(Refused::NotAsked)),
        (asks(&["role:lead"]), lead.clone(), Ok(())),
        (asks(&["group:lead"]), lead, Err(Refused::NotAsked)),
        (asks(&["role:ops"]), person("bob", &["ops"]), Err(Refused::NotAsked)),
        (asks(&["group:ops"]), nameless.clone(), Err(Refused::NotAsked)),
        (owner.clone(), jana.clone(), Ok(())),
        (owner.clone(), person("bob", &["ops"]), Err(Refused::NotAsked)),
        (owner.clone(), person("delegator", &["ops"]), Err(Refused::OwnCall)),
        (owner.clone(), nameless, Err(Refused::NotAsked)),
        // Known to be theirs is enough to be refused as somebody else, and too little to be them.
        (owner, linked(person("j-smith", &[]), &["oidc:jana"]), Err(Refused::OwnCall)),
        (either.clone(), jana, Ok(())),
        (either, person("bob", &["ops"]), Ok(())),
    ];
    for (terms, voter, expected) in rows {
        let waits = open(vec![terms.clone()]);
        assert_eq!(waits.may_vote(&voter, at(1)), expected, "{terms:?} {voter:?}");
        assert_eq!(yes(&waits, &voter, 1).map(|_| ()), expected, "{terms:?} {voter:?}");
    }
}

#[test]
fn without_a_person_behind_the_agent_nobody_is_its_owner() {
    let names = (CallId::from("call-1".to_owned()), digest("this"), digest("again"));
    for person_behind in [None, Some(String::new())] {
        let asker = Asker { person: person_behind, ..Asker::default() };
        let terms = HoldTerms { by: By::Owner, ..asks(&["user"]) };
        let waits = Approval::open(names.clone(), asker, agreement(vec![terms]), at(0));
        for voter in [person("jana", &["ops"]), Voter::default()] {
            assert!(waits.may_vote(&voter, at(1)).is_err());
        }
    }
}

/// A33: more people are asked later; nobody is asked less.
#[test]
fn escalation_asks_more_people_exactly_in_time() {
    let waits = open(vec![HoldTerms { escalate: Some(later(60, &["group:bosses"])), ..asks(&["group:ops"]) }]);
    let (boss, bob) = (person("erin", &["bosses"]), person("bob", &["ops"]));
    let own = person("jana", &["bosses"]);
    let before = at(60).micros() - 1;
    assert_eq!(waits.may_vote(&boss, Timestamp::from_micros(before)), Err(Refused::NotAsked));
    assert_eq!(waits.may_vote(&boss, at(60)), Ok(()));
    assert_eq!(waits.may_vote(&bob, at(60)), Ok(()));
    assert_eq!(waits.may_vote(&own, at(60)), Err(Refused::OwnCall));
    assert_eq!(waits.lacking(at(59)), ["rules/hold-0: 0 of 1 among group:ops"]);
    assert_eq!(waits.lacking(at(60)), ["rules/hold-0: 0 of 1 among group:ops, group:bosses"]);
    assert_eq!(yes(&waits, &boss, 60).unwrap().state.word(), "approved");
}

/// TIM-02: what was said in time stays said when the clock goes back, and one replica's clock is behind (TIM-03).
#[test]
fn who_was_asked_when_they_answered_counts_whatever_the_clock_says_afterwards() {
    let terms = HoldTerms { quorum: 2, escalate: Some(later(60, &["group:bosses"])), ..asks(&["group:ops"]) };
    let one = yes(&open(vec![terms]), &person("erin", &["bosses"]), 61).unwrap();
    let both = yes(&one, &person("bob", &["ops"]), 59).unwrap();
    assert_eq!(both.state.word(), "approved");
    assert!(claim_as_voted(&both, 58).is_ok());
}

/// A word is about what was asked: nothing is agreed to because time passes and nobody does anything.
#[test]
fn time_alone_makes_no_agreement() {
    let late = HoldTerms { escalate: Some(later(60, &["group:ops"])), ..asks(&["group:gone"]) };
    let one = yes(&open(vec![asks(&["group:ops"]), late]), &person("bob", &["ops"]), 10).unwrap();
    assert_eq!(one.state, State::Pending);
    assert!(one.due(at(61)).is_none());
    assert_eq!(one.lacking(at(61)), ["rules/hold-1: 0 of 1 among group:gone, group:ops"]);
    assert_eq!(yes(&one, &person("carol", &["ops"]), 61).unwrap().state.word(), "approved");
}

/// B10: who says which part it was, and when, is whoever counts.
#[test]
fn a_vote_is_recorded_as_what_it_was_and_not_as_what_it_claims() {
    let either = HoldTerms { by: By::Owner, quorum: 3, ..asks(&["user", "group:ops"]) };
    let one = yes(&open(vec![either]), &person("jana", &[]), 1).unwrap();
    let two = yes(&one, &person("delegator", &["ops"]), 2).unwrap();
    let three = yes(&two, &person("bob", &["ops"]), 3).unwrap();
    let parts: Vec<_> = three.votes.iter().map(|vote| (vote.part, vote.at)).collect();
    assert_eq!(parts, [(Part::Confirms, at(1)), (Part::Confirms, at(2)), (Part::Countersigns, at(3))]);
}

/// Whoever asks "could I?" is told what would come of it.
#[test]
fn may_vote_says_what_a_vote_would_come_to() {
    let voters = [
        person("bob", &["ops"]),
        linked(person("bobby", &["ops"]), &["oidc:bob"]),
        person("carol", &["ops"]),
        person("dave", &[]),
        person("jana", &["ops"]),
    ];
    let two = yes(&open(vec![HoldTerms { quorum: 2, ..asks(&["group:ops"]) }]), &voters[0], 5).unwrap();
    for approval in everywhere().into_iter().chain([two]) {
        for voter in &voters {
            for seconds in [0, 10, 11, 49, 50, 309, 310, 899, 900, 10_000] {
                let told = approval.may_vote(voter, at(seconds));
                assert_eq!(told, yes(&approval, voter, seconds).map(|_| ()), "{:?} {voter:?}", approval.state);
            }
        }
    }
}

#[test]
fn asks_tells_who_is_asked_wherever_it_stands() {
    for approval in everywhere() {
        assert_eq!(approval.asks(&person("bob", &["ops"]), at(100_000)), Ok(()));
        assert_eq!(approval.asks(&person("dave", &[]), at(100_000)), Err(Refused::NotAsked));
        assert_eq!(approval.asks(&person("jana", &["ops"]), at(100_000)), Err(Refused::OwnCall));
    }
}

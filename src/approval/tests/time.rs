//! What happens in which order, and what can no longer?

use super::*;

/// APR-03, APR-10: nothing late is in time, to the microsecond.
#[test]
fn it_ends_exactly_at_its_time() {
    let rows = [
        (open(vec![asks(&["group:ops"])]), 900, State::Ended(End::Expired)),
        (open(vec![HoldTerms { ttl: Some(span(60)), ..asks(&["group:ops"]) }]), 60, State::Ended(End::Expired)),
        (open(vec![HoldTerms { ttl: Some(span(90_000)), ..asks(&["group:ops"]) }]), 86_400, State::Ended(End::Expired)),
        (approved(), 310, State::Ended(End::Lapsed)),
        (executing(), 50, State::Unknown),
    ];
    for (approval, seconds, state) in rows {
        let before = Timestamp::from_micros(at(seconds).micros() - 1);
        assert_eq!(approval.wakes(), Some(at(seconds)));
        assert_eq!(approval.due(before), None);
        let over = approval.due(at(seconds)).unwrap();
        assert_eq!(over.state, state);
        assert_eq!(approval.due(at(seconds + 100_000)).as_ref(), Some(&over));
        assert_eq!(over.due(Timestamp::from_micros(i64::MAX)), None);
        assert_eq!((over.wakes(), over.is_open()), (None, false));
    }
}

#[test]
fn the_shortest_time_of_all_holds_is_the_time() {
    let hold = |seconds: Option<u64>| HoldTerms { ttl: seconds.map(span), ..asks(&["group:ops"]) };
    assert_eq!(open(vec![hold(Some(600)), hold(None), hold(Some(60))]).deadline, at(60));
    assert_eq!(open(vec![hold(None)]).deadline, at(900));
    let names = (CallId::from("call-1".to_owned()), digest("this"), digest("again"));
    let last = Timestamp::from_micros(i64::MAX);
    assert_eq!(Approval::open(names, asker(), agreement(vec![hold(None)]), last).deadline, last);
}

/// APR-03, TIM-05, TIM-06: what time has decided is taken in before anything else.
#[test]
fn nothing_happens_to_what_time_has_ended_but_its_end() {
    let waits = open(vec![asks(&["group:ops"])]);
    let bob = person("bob", &["ops"]);
    assert_eq!(yes(&waits, &bob, 900), Err(Refused::Late));
    assert_eq!(plain(&waits, Event::Cancelled, 900), Err(Refused::Late));
    assert_eq!(claim_as_voted(&approved(), 310).unwrap_err(), Refused::Late);
    assert_eq!(plain(&approved(), Event::Revoked(bob), 310), Err(Refused::Late));
    assert_eq!(plain(&executing(), finished(Outcome::Succeeded), 50), Err(Refused::Late));
    let renewed = Event::Renewed { attempt: "attempt-1".to_owned(), lease: at(80) };
    assert_eq!(plain(&executing(), renewed, 50), Err(Refused::Late));
}

fn every_event() -> Vec<Event<'static>> {
    let (bob, carol) = (person("bob", &["ops"]), person("carol", &["ops"]));
    vec![
        Event::Voted(says(Word::Yes, &bob)),
        Event::Voted(says(Word::Yes, &carol)),
        Event::Voted(says(Word::No, &carol)),
        Event::Cancelled,
        Event::Superseded,
        Event::Revoked(carol),
        Event::Claimed(Claim { attempt: attempt(1_000_000), digest: digest("this"), now: &|_| None }),
        Event::Renewed { attempt: "attempt-1".to_owned(), lease: at(1_000_000) },
        finished(Outcome::Succeeded),
        finished(Outcome::Failed),
        finished(Outcome::Unknown),
        Event::Reconciled { happened: true },
        Event::Reconciled { happened: false },
    ]
}

/// TIM-02: an end is an end, at any time, also an earlier one. Of what is unknown somebody can only say what it was.
#[test]
fn nothing_leaves_an_end() {
    for approval in everywhere() {
        for seconds in [-1_000_000, 0, 10, 60, 1_000_000] {
            for event in every_event() {
                let (state, name) = (&approval.state, format!("{event:?}"));
                let reconciled = matches!(event, Event::Reconciled { .. });
                let outcome = plain(&approval, event, seconds);
                match state {
                    State::Ended(_) => assert_eq!(outcome, Err(Refused::Stands(state.word())), "{name}"),
                    State::Unknown if reconciled => assert!(matches!(outcome.unwrap().state, State::Ended(_))),
                    State::Unknown => assert_eq!(outcome, Err(Refused::Stands("outcome_unknown")), "{name}"),
                    _ => assert!(!reconciled || outcome.is_err(), "{name} {state:?}"),
                }
            }
            assert!(approval.is_open() || approval.due(at(seconds)).is_none());
        }
    }
}

/// APR-02: whichever comes first; a no that is counted before the claim wins.
#[test]
fn one_no_ends_it_however_many_said_yes() {
    let waits = open(vec![HoldTerms { quorum: 2, ..asks(&["group:ops"]) }, asks(&["group:sec"])]);
    let one = yes(&waits, &person("bob", &["ops"]), 1).unwrap();
    let over = no(&one, &person("dave", &["sec"]), 2).unwrap();
    assert_eq!(over.state, State::Ended(End::Rejected));
    assert_eq!(over.votes.len(), 2);
    assert_eq!(yes(&over, &person("carol", &["ops"]), 3), Err(Refused::Stands("rejected")));
}

#[test]
fn a_no_needs_a_reason_and_a_yes_does_not() {
    let waits = open(vec![asks(&["group:ops"])]);
    for reason in [None, Some(String::new()), Some(" \n".to_owned())] {
        let vote = Vote { reason, ..says(Word::No, &person("bob", &["ops"])) };
        assert_eq!(plain(&waits, Event::Voted(vote), 1), Err(Refused::NoReason));
    }
    assert!(yes(&waits, &person("bob", &["ops"]), 1).is_ok());
}

/// APR-04: one vote, however often it is delivered, and whatever it says the next time.
#[test]
fn an_answer_is_given_once() {
    let two = open(vec![HoldTerms { quorum: 2, ..asks(&["group:ops"]) }]);
    let bob = person("bob", &["ops"]);
    let one = yes(&two, &bob, 1).unwrap();
    for second in 2..7 {
        assert_eq!(yes(&one, &bob, second), Err(Refused::Voted));
    }
    assert_eq!(no(&one, &bob, 8), Err(Refused::Voted));
    assert_eq!(yes(&approved(), &bob, 11), Err(Refused::Stands("approved")));
}

/// APR-05, APR-15, A19: a vote is about what was shown.
#[test]
fn a_vote_for_another_digest_is_not_counted() {
    let waits = open(vec![asks(&["group:ops"])]);
    for word in [Word::Yes, Word::No] {
        for other in ["older", "again"] {
            let vote = Vote { digest: digest(other), ..says(word, &person("bob", &["ops"])) };
            assert_eq!(plain(&waits, Event::Voted(vote), 1), Err(Refused::OtherCall));
        }
    }
}

/// A19, EXE-06: an agreement is used once, for exactly what was agreed to.
#[test]
fn a_claim_is_for_exactly_this_and_there_is_one() {
    let voted = approved();
    let bob = person("bob", &["ops"]);
    let other = Claim { attempt: attempt(50), digest: digest("other"), now: &|_| Some(&bob) };
    assert_eq!(voted.after(Event::Claimed(other), at(20)).unwrap_err(), Refused::OtherCall);
    let next = claim_as_voted(&voted, 20).unwrap();
    assert_eq!(next.consent.unwrap().digest(), voted.digest);
    assert_eq!(next.approval.state, State::Executing(attempt(50)));
    assert_eq!(claim_as_voted(&next.approval, 21).unwrap_err(), Refused::Stands("executing"));
    for approval in everywhere().iter().filter(|approval| approval.state.word() != "approved") {
        assert!(claim_as_voted(approval, 20).is_err(), "{:?}", approval.state);
    }
    // Nothing else, wherever it stands, gives leave.
    for event in every_event() {
        let name = format!("{event:?}");
        assert!(!voted.after(event, at(20)).is_ok_and(|next| next.consent.is_some()), "{name}");
    }
}

type Make = fn(&Voter) -> Event<'static>;

/// APR-11: to cancel or to take back wins only before the claim.
#[test]
fn what_runs_is_not_taken_back() {
    let bob = person("bob", &["ops"]);
    let carol = person("carol", &["ops"]);
    let rows: [(Make, bool, &str); 3] = [
        (|_| Event::Cancelled, true, "cancelled"),
        (|_| Event::Superseded, true, "superseded"),
        (|by| Event::Revoked(by.clone()), false, "revoked"),
    ];
    for (event, while_pending, word) in rows {
        // Whoever could have agreed may take it back, not only who did.
        for by in [&bob, &carol] {
            assert_eq!(plain(&approved(), event(by), 20).unwrap().state.word(), word);
            let late = plain(&executing(), event(by), 21);
            assert_eq!(late, Err(Refused::Stands("executing")));
        }
        let pending = plain(&open(vec![asks(&["group:ops"])]), event(&bob), 1);
        assert_eq!(pending.is_ok(), while_pending, "{word}");
    }
    let stranger = Event::Revoked(person("dave", &[]));
    assert_eq!(plain(&approved(), stranger, 20), Err(Refused::NotAsked));
}

/// EXE-07: nobody gets leave to perform it for a time that is over.
#[test]
fn a_lease_that_is_over_is_none() {
    let voted = approved();
    let bob = person("bob", &["ops"]);
    for (lease, expected) in [(19, Err(Refused::Late)), (20, Err(Refused::Late)), (21, Ok("executing"))] {
        let claim = Claim { attempt: attempt(lease), digest: digest("this"), now: &|_| Some(&bob) };
        let next = voted.after(Event::Claimed(claim), at(20)).map(|next| next.approval.state.word());
        assert_eq!(next, expected, "{lease}");
    }
}

#[test]
fn only_whoever_performs_it_renews_and_ends_it_and_no_lease_gets_shorter() {
    let renew = |attempt: &str, lease| Event::Renewed { attempt: attempt.to_owned(), lease: at(lease) };
    let runs = executing();
    assert_eq!(plain(&runs, renew("attempt-1", 80), 25).unwrap().wakes(), Some(at(80)));
    assert_eq!(plain(&runs, renew("attempt-1", 30), 25).unwrap().wakes(), Some(at(50)));
    assert_eq!(plain(&runs, renew("attempt-2", 80), 25), Err(Refused::Stands("executing")));
    let other = Event::Finished { attempt: "attempt-2".to_owned(), end: Outcome::Succeeded };
    assert_eq!(plain(&runs, other, 25), Err(Refused::Stands("executing")));
    for (end, word) in
        [(Outcome::Succeeded, "succeeded"), (Outcome::Failed, "failed"), (Outcome::Unknown, "outcome_unknown")]
    {
        assert_eq!(plain(&runs, finished(end), 25).unwrap().state.word(), word);
    }
}

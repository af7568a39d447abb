//! What does every database promise about calls that wait for people?

use std::collections::BTreeSet;
use std::sync::Arc;

use countersign::approval::Approval;
use countersign::approval::asker::Asker;
use countersign::approval::event::Event as Happening;
use countersign::approval::state::State;
use countersign::approval::vote::{Evidence, Part, Vote, Voter, Word};
use countersign::audit::entry::{Entry, Event, Fault};
use countersign::call::CallId;
use countersign::clock::Timestamp;
use countersign::digest::Digest;
use countersign::gateway::desk::Wish;
use countersign::store::Store;
use countersign::store::approvals::{Before, Moved, Open, Step};
use countersign::store::entries::{Line, Wanted};

use crate::place::Place;

crate::promises![
    a_change_has_one_winner_however_many_want_it,
    what_changed_and_what_the_book_says_of_it_are_there_together,
    what_was_kept_is_read_as_it_was,
    what_waits_is_found_by_state_time_and_repetition,
    one_person_votes_once,
];

const SECOND: i64 = 1_000_000;

async fn a_change_has_one_winner_however_many_want_it(place: Arc<Place>) {
    // EXE-06, APR-01: one winner each time, at one gateway or at several.
    let beside = async || Store::open_beside(&place.options()).await.unwrap();
    let stores = [place.open().await, beside().await, beside().await];
    for round in 0..20 {
        let id = format!("call-{round}");
        assert_eq!(open(&stores[0], &id).await, Moved::Done(1));
        let claims = (0..9_usize).map(|who| {
            let (store, approval) = (stores[who % 3].clone(), waiting(&id));
            tokio::spawn(async move {
                let cancelled = approval.after(Happening::Cancelled, at(1)).unwrap().approval;
                let step = Step {
                    approval: cancelled,
                    before: Before::Version(1),
                    vote: None,
                    grant: None,
                    lines: vec![line(&id_of(&approval), &format!("winner {who}"))],
                    notices: Vec::new(),
                };
                store.move_approval(step, at(1)).await.unwrap()
            })
        });
        let mut won = 0;
        for claim in claims.collect::<Vec<_>>() {
            won += usize::from(claim.await.unwrap() == Moved::Done(2));
        }
        assert_eq!(won, 1, "round {round}");
        let lines = stores[1].of_call(&id_of(&waiting(&format!("call-{round}"))), 10).await.unwrap();
        assert_eq!(lines.len(), 2, "who lost wrote nothing: {lines:?}");
    }
}

async fn what_changed_and_what_the_book_says_of_it_are_there_together(place: Arc<Place>) {
    let store = place.open().await;
    assert_eq!(open(&store, "a").await, Moved::Done(1));
    assert_eq!(open(&store, "a").await, Moved::Stale, "an id is used once");
    let stale = Step {
        approval: waiting("a"),
        before: Before::Version(7),
        vote: Some(vote("ben", 3)),
        grant: None,
        lines: vec![line("a", "never")],
        notices: Vec::new(),
    };
    assert_eq!(store.move_approval(stale, at(3)).await.unwrap(), Moved::Stale);
    let kept = store.find_approval("a").await.unwrap().unwrap();
    assert_eq!((kept.version, kept.approval.votes.len()), (1, 0));
    let lines = store.latest(&Wanted::default(), 10).await.unwrap();
    assert_eq!(lines.len(), 1, "{lines:?}");
}

async fn what_was_kept_is_read_as_it_was(place: Arc<Place>) {
    let store = place.open().await;
    open(&store, "a").await;
    let answer = vote("ben", 5);
    let voted = waiting("a").after(Happening::Voted(answer.clone()), at(5)).unwrap().approval;
    assert!(matches!(voted.state, State::Approved { .. }));
    let step = Step {
        approval: voted.clone(),
        before: Before::Version(1),
        vote: voted.votes.last().cloned(),
        grant: None,
        lines: vec![line("a", "voted")],
        notices: Vec::new(),
    };
    assert_eq!(store.move_approval(step, at(5)).await.unwrap(), Moved::Done(2));
    store.close().await;
    let kept = place.open().await.find_approval("a").await.unwrap().unwrap();
    assert_eq!((kept.approval, kept.version, kept.shown.as_str()), (voted, 2, r#"{"tool":"drop"}"#));
    // APR-24: a vote somebody wrote into the table is not counted, and nothing is done with what it belongs to.
    for sql in ["UPDATE vote SET body = replace(body, 'ben', 'eve')", "DELETE FROM vote"] {
        place.meddle(sql).await;
        assert!(Store::open_reader(&place.options()).await.unwrap().find_approval("a").await.is_err(), "{sql}");
    }
}

async fn what_waits_is_found_by_state_time_and_repetition(place: Arc<Place>) {
    let store = place.open().await;
    for id in ["a", "b", "c"] {
        open(&store, id).await;
    }
    let cancelled = waiting("b").after(Happening::Cancelled, at(2)).unwrap().approval;
    let step = Step {
        approval: cancelled,
        before: Before::Version(1),
        vote: None,
        grant: None,
        lines: vec![line("b", "gone")],
        notices: Vec::new(),
    };
    store.move_approval(step, at(2)).await.unwrap();
    let words = |ids: Vec<String>| ids.join(" ");
    assert_eq!(words(store.approvals_in(&["pending"], None, 10).await.unwrap()), "c a");
    assert_eq!(words(store.approvals_in(&["pending", "cancelled"], None, 2).await.unwrap()), "c b");
    assert_eq!(words(store.approvals_in(&[], None, 10).await.unwrap()), "c b a");
    assert_eq!(words(store.approvals_in(&[], Some("c"), 1).await.unwrap()), "b");
    assert_eq!(words(store.approvals_in(&["pending"], Some("c"), 10).await.unwrap()), "a");
    assert_eq!(words(store.approvals_in(&[], Some("a"), 10).await.unwrap()), "");
    let counted = store.approvals_to_count(None, 2).await.unwrap();
    let ids: Vec<_> = counted.approvals.iter().map(|approval| approval.id.as_str()).collect();
    assert_eq!((ids, counted.last.as_deref()), (vec!["c", "b"], Some("b")));
    let counted = store.approvals_to_count(Some("b"), 2).await.unwrap();
    assert_eq!((counted.approvals.len(), counted.last.as_deref()), (1, Some("a")));
    assert_eq!(store.approvals_to_count(Some("a"), 2).await.unwrap().last, None);
    assert_eq!(words(store.approvals_repeated_by(&repeat()).await.unwrap()), "a c");
    assert_eq!(words(store.approvals_beginning("a").await.unwrap()), "a");
    assert_eq!(store.approvals_open_of("key:bot").await.unwrap(), Open { count: 2, next: Some(waiting("a").deadline) });
    let deadline = waiting("a").deadline;
    assert_eq!(words(store.approvals_due(Timestamp::from_micros(deadline.micros() - 1), 10).await.unwrap()), "");
    assert_eq!(store.approvals_due(deadline, 10).await.unwrap().len(), 2);
    assert_eq!(store.approvals_moved_since(at(1)).await.unwrap(), [("b".to_owned(), at(2))]);
    let agreed = Approval { state: State::Approved { until: deadline }, ..waiting("c") };
    let step = Step {
        approval: agreed,
        before: Before::Version(1),
        vote: None,
        grant: None,
        lines: vec![line("c", "said")],
        notices: Vec::new(),
    };
    store.move_approval(step, at(3)).await.unwrap();
    let before = async |principal, id| {
        let found = store.agreed_to_before(principal, id, 10).await.unwrap();
        found.into_iter().map(|(id, _)| id).collect::<Vec<_>>()
    };
    assert_eq!(before("key:bot", "d").await, ["c"]);
    assert!(before("key:bot", "c").await.is_empty(), "only what came before it");
    assert!(before("key:other", "d").await.is_empty(), "only the same caller's");
    assert!(store.find_approval("nobody's").await.unwrap().is_none());
    assert!(store.find_approval("a\0").await.unwrap().is_none());
}

async fn one_person_votes_once(place: Arc<Place>) {
    // APR-04, also against whoever would write past the machine.
    let store = place.open().await;
    open(&store, "a").await;
    for version in [1, 2] {
        let step = Step {
            approval: Approval { votes: vec![vote("ben", 1)], ..waiting("a") },
            before: Before::Version(version),
            vote: Some(vote("ben", version)),
            grant: None,
            lines: vec![line("a", "voted")],
            notices: Vec::new(),
        };
        assert_eq!(store.move_approval(step, at(1)).await.is_ok(), version == 1);
    }
    assert_eq!(store.find_approval("a").await.unwrap().unwrap().version, 2, "nothing of the second vote is there");
}

async fn open(store: &Store, id: &str) -> Moved {
    let step = Step {
        approval: waiting(id),
        before: Before::Nothing(r#"{"tool":"drop"}"#.to_owned()),
        vote: None,
        grant: None,
        lines: vec![line(id, "opened")],
        notices: Vec::new(),
    };
    store.move_approval(step, at(0)).await.unwrap()
}

fn waiting(id: &str) -> Approval {
    opened_at(id, 0)
}

/// One that somebody with the role must agree to, and opened then.
pub(crate) fn opened_at(id: &str, micros: i64) -> Approval {
    let terms = serde_json::json!({ "all_of": [{ "finding": "p/x", "reviewers": ["role:reviewer"] }] });
    let asker = Asker { principal: "key:bot".to_owned(), ..Asker::default() };
    let named = (CallId::from_record(id), Digest::of_bytes("call", id.as_bytes()), repeat());
    Approval::open(named, asker, serde_json::from_value(terms).unwrap(), Timestamp::from_micros(micros))
}

/// Somebody who may agree.
pub(crate) fn voter(person: &str) -> Voter {
    let roles = BTreeSet::from(["reviewer".to_owned()]);
    Voter { person: person.to_owned(), account: format!("os:{person}"), roles, ..Voter::default() }
}

/// Their yes.
pub(crate) fn said_by(by: Voter, digest: Digest) -> Wish {
    Wish::Vote { by, word: Word::Yes, reason: None, digest, bounds: None, evidence: Evidence::Account }
}

fn vote(person: &str, seconds: i64) -> Vote {
    let by = voter(person);
    let digest = Digest::of_bytes("call", b"a");
    Vote {
        by,
        word: Word::Yes,
        part: Part::Countersigns,
        reason: None,
        digest,
        at: at(seconds),
        bounds: None,
        evidence: Evidence::Account,
    }
}

fn line(call: &str, what: &str) -> Line {
    let event = Event::Fault(Fault { what: what.to_owned() });
    Line::of(&Entry { call: Some(CallId::from_record(call)), at: at(0), event }).unwrap()
}

fn id_of(approval: &Approval) -> String {
    approval.id.as_str().to_owned()
}

fn repeat() -> Digest {
    Digest::of_bytes("repeat", b"the same")
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros(seconds * SECOND)
}

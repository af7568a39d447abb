//! What else can people do than say yes or no?

use super::*;
use crate::approval::edit::{Change, Edit, Stands};

fn edit(reason: &str) -> Edit {
    let changes = vec![Change { at: "/limit".into(), to: Some("100".into()) }];
    Edit {
        by: "somebody".into(),
        changes,
        reason: reason.into(),
        at: at(-7),
        stands: Stands::Refused { why: "x".into() },
    }
}

fn about(approval: &Approval, word: Word, by: &Voter) -> Vote {
    Vote { digest: approval.digest, reason: Some("seen".into()), ..says(word, by) }
}

#[test]
fn somebody_who_is_asked_may_ask_those_at_once_who_would_be_asked_later() {
    // A33
    let bob = person("bob", &["ops"]);
    let erin = person("erin", &["bosses"]);
    let waits = open(vec![HoldTerms { escalate: Some(later(600, &["group:bosses"])), ..asks(&["group:ops"]) }]);
    assert_eq!(yes(&waits, &erin, 10), Err(Refused::NotAsked));
    assert_eq!(plain(&waits, Event::Escalated(erin.clone()), 10), Err(Refused::NotAsked), "only who is asked");
    let escalated = plain(&waits, Event::Escalated(bob.clone()), 10).unwrap();
    assert_eq!(escalated.escalated, Some(at(10)));
    assert_eq!(escalated.lacking(at(11)), ["rules/hold-0: 0 of 1 among group:ops, group:bosses"]);
    assert!(matches!(yes(&escalated, &erin, 11).unwrap().state, State::Approved { .. }));
    assert_eq!(plain(&escalated, Event::Escalated(bob.clone()), 12), Err(Refused::NobodyLater));
    assert_eq!(plain(&waits, Event::Escalated(bob.clone()), 700), Err(Refused::NobodyLater), "time has done it");
    let nobody = open(vec![asks(&["group:ops"])]);
    assert_eq!(plain(&nobody, Event::Escalated(bob), 10), Err(Refused::NobodyLater));
}

#[test]
fn what_somebody_wants_to_know_is_answered_in_order_and_decides_nothing() {
    // A34
    let (bob, erin) = (person("bob", &["ops"]), person("erin", &["bosses"]));
    let waits = open(vec![asks(&["group:ops"])]);
    let ask = |approval: &Approval, by: &Voter, text: &str| {
        plain(approval, Event::Questioned { by: by.clone(), text: text.into() }, 1)
    };
    assert_eq!(ask(&waits, &erin, "why?"), Err(Refused::NotAsked));
    assert_eq!(ask(&waits, &bob, " \n"), Err(Refused::NoWords));
    assert_eq!(plain(&waits, Event::Told("because".into()), 1), Err(Refused::NothingAsked));
    let asked = ask(&ask(&waits, &bob, "why?").unwrap(), &bob, "whose?").unwrap();
    assert_eq!(asked.open_question().unwrap().1.text, "why?");
    let told = plain(&asked, Event::Told("because".into()), 2).unwrap();
    assert_eq!((told.open_question().unwrap().1.text.as_str(), &told.state), ("whose?", &State::Pending));
    assert_eq!(told.questions[0].answer.as_ref().unwrap().text, "because");
    let full = (0..18).fold(told, |approval, _| ask(&approval, &bob, "and?").unwrap());
    assert_eq!(ask(&full, &bob, "and?"), Err(Refused::TooMuch));
}

#[test]
fn an_edit_begins_the_agreement_anew_and_whoever_made_it_is_out() {
    // A32, APR-05, APR-06
    let [bob, carol, dave] = ["bob", "carol", "dave"].map(|name| person(name, &["ops"]));
    let waits = yes(&open(vec![HoldTerms { quorum: 2, ..asks(&["group:ops"]) }]), &carol, 1).unwrap();
    let wish = |approval: &Approval, reason: &str| {
        plain(approval, Event::Proposed { by: bob.clone(), about: approval.digest, edit: edit(reason) }, 2)
    };
    assert_eq!(wish(&waits, ""), Err(Refused::NoWords));
    let proposed = wish(&waits, "fewer rows").unwrap();
    let wanted = proposed.proposed_edit().unwrap();
    assert_eq!(
        (wanted.by.as_str(), wanted.at, proposed.digest),
        ("bob", at(2), waits.digest),
        "nothing is changed by a wish"
    );
    assert_eq!(wish(&proposed, "fewer still"), Err(Refused::TooMuch));
    let stale = Event::Proposed { by: bob.clone(), about: digest("older"), edit: edit("fewer") };
    assert_eq!(plain(&waits, stale, 2), Err(Refused::OtherCall));
    let other = digest("the other");
    let edited = plain(&proposed, Event::Edited { to: other, scope: None, seen: vec![] }, 3).unwrap();
    assert_eq!(edited.digest, other);
    assert_eq!(edited.made_edits().next().unwrap().stands, Stands::Made { from: waits.digest });
    let vote = |approval: &Approval, by: &Voter| plain(approval, Event::Voted(about(approval, Word::Yes, by)), 4);
    assert_eq!(vote(&edited, &bob), Err(Refused::OwnCall), "whoever changed it does not countersign it");
    assert_eq!(yes(&edited, &dave, 4), Err(Refused::OtherCall), "a vote about the call before");
    let one = vote(&edited, &dave).unwrap();
    assert_eq!(one.state, State::Pending, "what was said of the call before counts for nothing");
    let two = vote(&one, &carol).unwrap();
    assert!(matches!(two.state, State::Approved { .. }), "who spoke of the call before may speak again");
    assert_eq!(wish(&two, "once more"), Err(Refused::Stands("approved")));
    let refused = plain(&proposed, Event::Unedited { why: "the schema".into() }, 3).unwrap();
    assert!(refused.proposed_edit().is_none() && refused.digest == waits.digest);
    assert_eq!(plain(&refused, Event::Edited { to: other, scope: None, seen: vec![] }, 3), Err(Refused::NothingAsked));
    assert!(
        matches!(yes(&refused, &bob, 4).unwrap().state, State::Approved { .. }),
        "a refused wish makes nobody an editor"
    );
}

#[test]
fn the_glass_is_broken_by_two_who_may_and_say_why() {
    // A23, APR-18
    let glass = |name: &str| Voter { roles: [BREAK_GLASS.to_owned()].into(), ..person(name, &[]) };
    let waits = open(vec![HoldTerms { quorum: 3, ..asks(&["group:ops"]) }]);
    let break_it = |approval: &Approval, by: &Voter, seconds| {
        plain(approval, Event::Voted(about(approval, Word::BreakGlass, by)), seconds)
    };
    assert_eq!(break_it(&waits, &person("bob", &["ops"]), 1), Err(Refused::NoGlass));
    let jana = linked(glass("jana-s"), &["oidc:jana"]);
    assert_eq!(break_it(&waits, &jana, 1), Err(Refused::OwnCall), "not who asked");
    let silent = Vote { reason: None, ..about(&waits, Word::BreakGlass, &glass("erin")) };
    assert_eq!(plain(&waits, Event::Voted(silent), 1), Err(Refused::NoReason));
    let one = break_it(&waits, &glass("erin"), 1).unwrap();
    assert_eq!((&one.state, one.is_glass_broken()), (&State::Pending, false), "alone nobody does");
    let phone = linked(glass("erin-phone"), &["oidc:erin"]);
    assert_eq!(break_it(&one, &phone, 2), Err(Refused::Voted), "two accounts are not two people");
    let two = break_it(&one, &glass("frank"), 2).unwrap();
    assert!(matches!(two.state, State::Approved { .. }) && two.is_glass_broken());
    let [erin, frank, plain] = [glass("erin"), glass("frank"), person("frank", &[])];
    let claimed = |known: &[&Voter]| {
        let now = |voter: &Voter| known.iter().find(|known| known.person == voter.person).copied();
        claim(&two, 3, &now).map(|next| next.consent.is_some())
    };
    assert_eq!(claimed(&[&erin, &frank]), Ok(true));
    assert_eq!(claimed(&[&erin, &plain]), Err(Refused::QuorumGone), "the role is looked at again");
}

#[test]
fn nothing_of_it_happens_to_a_call_that_is_over() {
    let bob = person("bob", &["ops"]);
    let over = plain(&open(vec![asks(&["group:ops"])]), Event::Cancelled, 1).unwrap();
    let events = [
        Event::Escalated(bob.clone()),
        Event::Questioned { by: bob.clone(), text: "why?".into() },
        Event::Told("because".into()),
        Event::Proposed { by: bob.clone(), about: over.digest, edit: edit("fewer") },
        Event::Edited { to: digest("other"), scope: None, seen: vec![] },
        Event::Unedited { why: "no".into() },
        Event::Voted(about(&over, Word::BreakGlass, &bob)),
    ];
    for event in events {
        let said = format!("{event:?}");
        assert_eq!(plain(&over, event, 2), Err(Refused::Stands("cancelled")), "{said}");
    }
}

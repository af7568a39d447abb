//! Do words about less than people were shown count for nothing?

use super::*;

fn watched() -> Approval {
    Approval { seen: vec![counted(12)], ..open(vec![asks(&["group:ops"])]) }
}

fn names(digest: Digest, by: &Voter) -> Event<'static> {
    Event::Voted(Vote { digest, ..says(Word::Yes, by) })
}

/// B06
#[test]
fn a_word_names_what_was_seen_or_counts_for_nothing() {
    let (waits, bob) = (watched(), person("bob", &["ops"]));
    assert_ne!(waits.summary(), waits.digest);
    assert_eq!(plain(&waits, names(waits.digest, &bob), 1), Err(Refused::OtherCall), "the call alone");
    let other = Approval { seen: vec![counted(13)], ..waits.clone() };
    assert_eq!(plain(&waits, names(other.summary(), &bob), 1), Err(Refused::OtherCall), "another count");
    let agreed = plain(&waits, names(waits.summary(), &bob), 1).unwrap();
    assert!(matches!(agreed.state, State::Approved { .. }) && agreed.has_answered(&bob));
    // What is sent is named as ever.
    let next = claim_as_voted(&agreed, 20).unwrap();
    assert_eq!(next.consent.unwrap().digest(), waits.digest);
    // Somebody who writes another count into the store has nobody's agreement to it.
    let forged = Approval { seen: vec![counted(5120)], ..agreed.clone() };
    assert_eq!(claim_as_voted(&forged, 20).unwrap_err(), Refused::QuorumGone);
    assert_eq!(claim_as_voted(&Approval { seen: vec![], ..agreed }, 20).unwrap_err(), Refused::QuorumGone);
}

#[test]
fn where_nothing_was_asked_the_call_is_all_there_is() {
    let waits = open(vec![asks(&["group:ops"])]);
    assert_eq!(waits.summary(), waits.digest);
}

/// B03, B06
#[test]
fn an_edit_begins_anew_with_what_was_seen_of_it() {
    let (waits, bob) = (watched(), person("bob", &["ops"]));
    let change = edit::Change { at: "/limit".into(), to: Some("1".into()) };
    let stands = edit::Stands::Proposed;
    let edit = Edit { by: String::new(), changes: vec![change], reason: "less".into(), at: at(0), stands };
    let about = |about| Event::Proposed { by: bob.clone(), about, edit: edit.clone() };
    assert_eq!(plain(&waits, about(waits.digest), 1), Err(Refused::OtherCall));
    let proposed = plain(&waits, about(waits.summary()), 1).unwrap();
    let edited =
        plain(&proposed, Event::Edited { to: digest("other"), scope: None, seen: vec![counted(3)] }, 2).unwrap();
    assert_eq!((edited.digest, edited.seen.as_slice()), (digest("other"), &[counted(3)][..]));
    assert_eq!(edited.made_edits().next().unwrap().stands, edit::Stands::Made { from: waits.summary() });
    let carol = person("carol", &["ops"]);
    for before in [waits.summary(), edited.digest] {
        assert_eq!(plain(&edited, names(before, &carol), 3), Err(Refused::OtherCall));
    }
    assert!(plain(&edited, names(edited.summary(), &carol), 3).is_ok());
}

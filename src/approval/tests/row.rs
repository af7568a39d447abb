//! Does an approval come back from the store as it went in?

use serde_json::{Value, json};

use super::*;
use crate::approval::edit::{Change, Edit, Stands};
use crate::passkey::tests::authenticator::Authenticator;
use crate::policy::finding::evidence::Needed;

/// One with everything that can be there.
fn full() -> Vec<Approval> {
    let rich = HoldTerms {
        each: true,
        quorum: 2,
        ttl: Some(span(600)),
        escalate: Some(later(60, &["role:lead"])),
        by: By::Owner,
        preview: Some(Box::new(counted(1).preview)),
        ..asks(&["user", "user:bob", "group:ops"])
    };
    let voted = yes(&open(vec![rich, asks(&["group:ops"])]), &person("bob", &["ops"]), 1).unwrap();
    let bob = person("bob", &["ops"]);
    let change = |to: Option<&str>| Change { at: "/limit".into(), to: to.map(str::to_owned) };
    let stands = Stands::Proposed;
    let edit = Edit {
        by: String::new(),
        changes: vec![change(Some("1")), change(None)],
        reason: "less".into(),
        at: at(0),
        stands,
    };
    let talked = [
        Event::Escalated(bob.clone()),
        Event::Questioned { by: bob.clone(), text: "why?".into() },
        Event::Told("because".into()),
        Event::Questioned { by: bob.clone(), text: "whose?".into() },
        Event::Proposed { by: bob.clone(), about: voted.digest, edit: edit.clone() },
        Event::Unedited { why: "no".into() },
        Event::Proposed { by: bob, about: voted.digest, edit: edit.clone() },
        Event::Edited {
            to: digest("other"),
            scope: None,
            seen: vec![counted(7), seen(Seen::nothing("nobody answers"))],
        },
    ];
    let talked = talked.into_iter().fold(voted.clone(), |before, event| plain(&before, event, 2).unwrap());
    let about = talked.summary();
    let talked = plain(&talked, Event::Proposed { by: person("carol", &["ops"]), about, edit }, 2).unwrap();
    let wants = HoldTerms { evidence: Some(Needed::Passkey), ..asks(&["group:ops"]) };
    let signs = open(vec![wants]);
    let vote = says(Word::Yes, &person("bob", &["ops"]));
    let assertion = Authenticator::ed25519(1).signs(&vote.signed(&signs.id));
    let vote = Vote { evidence: Evidence::Passkey(Box::new(assertion)), ..vote };
    let signed = plain(&signs, Event::Voted(vote), 1).unwrap();
    everywhere().into_iter().chain([voted, talked, signed]).collect()
}

#[test]
fn it_comes_back_equal_in_every_state() {
    let words: BTreeSet<&str> = everywhere().iter().map(|approval| approval.state.word()).collect();
    assert_eq!(words.len(), 14, "every state there is");
    for approval in full() {
        let text = serde_json::to_string(&approval).unwrap();
        assert_eq!(serde_json::from_str::<Approval>(&text).unwrap(), approval, "{text}");
    }
}

/// Every place in a tree, by its pointer.
fn places(value: &Value, at: &str, out: &mut Vec<String>) {
    out.push(at.to_owned());
    match value {
        Value::Object(members) => {
            members.iter().for_each(|(name, inner)| places(inner, &format!("{at}/{name}"), out));
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(place, inner)| places(inner, &format!("{at}/{place}"), out));
        }
        _ => {}
    }
}

fn damaged(approval: &Approval, damage: impl Fn(&mut Value, &str) -> bool) -> Vec<String> {
    let whole = serde_json::to_value(approval).unwrap();
    let mut all = vec![];
    places(&whole, "", &mut all);
    let mut accepted = vec![];
    for place in all {
        let mut copy = whole.clone();
        if damage(&mut copy, &place) && serde_json::from_value::<Approval>(copy).is_ok() {
            accepted.push(place);
        }
    }
    accepted
}

#[test]
fn a_member_nobody_knows_is_an_error_wherever_it_is() {
    for approval in full() {
        let more = |whole: &mut Value, place: &str| match whole.pointer_mut(place) {
            Some(Value::Object(members)) => members.insert("more".to_owned(), json!(1)).is_none(),
            _ => false,
        };
        assert_eq!(damaged(&approval, more), [""; 0], "{:?}", approval.state);
    }
}

/// A lost quorum is not a quorum of one, and a lost person is not nobody.
#[test]
fn a_member_that_is_lost_is_an_error_and_never_a_default() {
    for approval in full() {
        let less = |whole: &mut Value, place: &str| {
            let (parent, name) = place.rsplit_once('/').unwrap_or_default();
            match whole.pointer_mut(parent) {
                Some(Value::Object(members)) => members.remove(name).is_some(),
                _ => false,
            }
        };
        // These are not written when there are none. Without them fewer people are asked, and less is granted, never more; and
        // what was seen is compared with what a preview of another form says: never. A vote without evidence has the least, and a
        // hold without is not the rule's any more, which is looked at before anything runs.
        let lost = damaged(&approval, less);
        let optional = ["/ttl", "/escalate", "/grant", "/scope", "/under", "/bounds", "/evidence", "/all_of/0/preview"];
        let strict: Vec<_> = lost.iter().filter(|at| !optional.iter().any(|end| at.ends_with(end))).collect();
        assert_eq!(strict, [""; 0], "{:?}", approval.state);
    }
}

#[test]
fn a_member_of_another_kind_is_an_error() {
    for approval in full() {
        for wrong in [json!({"x": 1}), json!(-1.5), json!([true]), json!("no such word")] {
            let other = |whole: &mut Value, place: &str| {
                whole.pointer_mut(place).is_some_and(|value| {
                    // One word for another is a change and not damage.
                    let changes = !(value.is_string() && wrong.is_string()
                        || place.ends_with("/reason")
                        || place.ends_with("/person")
                        || place.ends_with("/to"));
                    *value = wrong.clone();
                    changes
                })
            };
            assert_eq!(damaged(&approval, other), [""; 0], "{wrong} {:?}", approval.state);
        }
        let null = |whole: &mut Value, place: &str| {
            whole.pointer_mut(place).is_some_and(|value| {
                *value = Value::Null;
                true
            })
        };
        let nulls = damaged(&approval, null);
        let known = [
            "/reason",
            "/asker/person",
            "/ttl",
            "/escalate",
            "/escalated",
            "/answer",
            "/to",
            "/grant",
            "/scope",
            "/under",
            "/bounds",
            "/all_of/0/evidence",
            "/preview",
            "/take",
            "/call",
            "/number",
            "/shown",
        ];
        assert!(nulls.iter().all(|at| known.iter().any(|end| at.ends_with(end))), "{nulls:?}");
    }
    for (at, word) in [
        ("/state", "done"),
        ("/digest", "sha256:1"),
        ("/agreement/all_of/0/by", "anyone"),
        ("/agreement/all_of/0/reviewers/0", "everybody"),
    ] {
        let mut row = serde_json::to_value(open(vec![asks(&["group:ops"])])).unwrap();
        *row.pointer_mut(at).unwrap() = json!(word);
        assert!(serde_json::from_value::<Approval>(row).is_err(), "{at}");
    }
}

//! Has every fault a code that is described?

use super::*;
use crate::policy::finding::evidence::Needed;

/// All there are: another one does not compile here until it stands below.
const fn stands_below(why: Refused) -> bool {
    match why {
        Refused::Stands(_)
        | Refused::Late
        | Refused::OtherCall
        | Refused::OwnCall
        | Refused::NotAsked
        | Refused::Voted
        | Refused::NoGlass
        | Refused::Evidence(_)
        | Refused::Signature
        | Refused::NoReason
        | Refused::NobodyLater
        | Refused::NoWords
        | Refused::NothingAsked
        | Refused::TooMuch
        | Refused::TooWide
        | Refused::QuorumGone => true,
    }
}

const REFUSALS: [Refused; 16] = [
    Refused::Stands("expired"),
    Refused::Late,
    Refused::OtherCall,
    Refused::OwnCall,
    Refused::NotAsked,
    Refused::Voted,
    Refused::NoGlass,
    Refused::Evidence(Needed::Passkey),
    Refused::Signature,
    Refused::NoReason,
    Refused::NobodyLater,
    Refused::NoWords,
    Refused::NothingAsked,
    Refused::TooMuch,
    Refused::TooWide,
    Refused::QuorumGone,
];

#[test]
fn whatever_the_machine_refuses_has_a_status() {
    let digest = Digest::of_bytes("call", b"");
    for why in REFUSALS {
        assert!(stands_below(why));
        let standing = Standing { why, again: false, state: "expired", by: None, digest, named: Some(digest) };
        let problem = Fault::Refused(Box::new(standing)).problem();
        assert_eq!(problem.code, why.code());
        assert!((400..500).contains(&problem.status), "{} is {}", problem.code, problem.status);
        assert_eq!(problem.state, Some("expired"));
    }
}

#[test]
fn who_answered_already_hears_that_and_not_that_it_is_over() {
    // APR-04: repeated by the same person, also after it was decided.
    let digest = Digest::of_bytes("call", b"");
    for why in [Refused::Voted, Refused::Stands("approved"), Refused::Late] {
        let standing = Standing { why, again: true, state: "approved", by: None, digest, named: Some(digest) };
        let problem = Fault::Refused(Box::new(standing)).problem();
        assert_eq!((problem.code, problem.status, problem.state), ("already_voted", 409, Some("approved")));
    }
    let standing = Standing { why: Refused::OtherCall, again: true, state: "pending", by: None, digest, named: None };
    assert_eq!(Fault::Refused(Box::new(standing)).code(), "stale", "that was another answer");
}

#[test]
fn every_other_fault_has_one_too() {
    let away = || DeskError::Store(StoreError::Unreadable("a row".to_owned()));
    for (fault, status) in [
        (Fault::Stranger(StatusCode::FORBIDDEN, String::new()), 403),
        (Fault::Stranger(StatusCode::BAD_REQUEST, String::new()), 400),
        (Fault::Anonymous, 401),
        (Fault::NotAPerson { account: String::new(), why: String::new() }, 403),
        (Fault::NoRoute, 404),
        (Fault::Method("GET"), 405),
        (Fault::Media(""), 415),
        (Fault::Body(StatusCode::PAYLOAD_TOO_LARGE, String::new()), 413),
        (Fault::Body(StatusCode::REQUEST_TIMEOUT, String::new()), 408),
        (Fault::Body(StatusCode::BAD_REQUEST, String::new()), 400),
        (Fault::Unknown, 404),
        (Fault::UnknownGrant, 404),
        (Fault::TooWide(TooWide::None), 400),
        (Fault::Grant(Refused::NotAsked), 403),
        (Fault::Grant(Refused::Stands("over")), 409),
        (Fault::NotYours, 403),
        (Fault::Crowded, 503),
        (Fault::Busy, 503),
        (Fault::Away(away()), 503),
    ] {
        assert_eq!(fault.problem().status, status, "{fault:?}");
    }
    assert!(!Fault::Away(away()).to_string().contains("a row"), "what is in the store stays there");
}

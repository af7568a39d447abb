//! Does an answer count only with the evidence the rules want, when it is said and when the call is claimed?

use super::*;
use crate::approval::grant::{Asked, Grant};
use crate::approval::scope::Scope;
use crate::passkey::tests::authenticator::Authenticator;
use crate::policy::finding::evidence::Needed;
use crate::policy::finding::grant::GrantTerms;

fn wants(names: &[&str], evidence: Needed) -> HoldTerms {
    HoldTerms { evidence: Some(evidence), ..asks(names) }
}

fn by(evidence: Evidence, word: Word, voter: &Voter) -> Vote {
    let reason = Some("seen".to_owned());
    Vote { reason, evidence, ..says(word, voter) }
}

/// An answer to this, signed.
fn signs(key: &Authenticator, approval: &Approval, vote: Vote) -> Vote {
    let vote = Vote { digest: approval.summary(), ..vote };
    let assertion = key.signs(&vote.signed(&approval.id));
    Vote { evidence: Evidence::Passkey(Box::new(assertion)), ..vote }
}

fn signed(key: u8, approval: &Approval, word: Word, voter: &Voter) -> Vote {
    signs(&Authenticator::ed25519(key), approval, by(Evidence::Account, word, voter))
}

fn voted(approval: &Approval, vote: Vote) -> Result<Approval, Refused> {
    plain(approval, Event::Voted(vote), 1)
}

/// A21, A22, IDN-13: an account is not a browser, a browser is not a passkey, and each is what is below it.
#[test]
fn a_yes_counts_with_what_the_rule_wants_and_with_more() {
    let bob = person("bob", &["ops"]);
    let levels = [Needed::Account, Needed::Session, Needed::Passkey];
    for needed in levels {
        let waits = open(vec![wants(&["group:ops"], needed)]);
        assert_eq!((waits.needs(&bob, at(1)), waits.suffices(&bob, at(1))), (Some(needed), Some(needed)));
        assert_eq!(waits.needs(&person("eve", &[]), at(1)), None);
        for shown in levels {
            let evidence = if shown == Needed::Account { Evidence::Account } else { Evidence::SignedIn };
            let plain = by(evidence, Word::Yes, &bob);
            let vote = if shown == Needed::Passkey { signs(&Authenticator::es256(1), &waits, plain) } else { plain };
            let state = voted(&waits, vote).map(|next| next.state.word());
            assert_eq!(
                state,
                if shown >= needed { Ok("approved") } else { Err(Refused::Evidence(needed)) },
                "{shown:?}"
            );
        }
        assert_eq!(voted(&waits, by(Evidence::Account, Word::No, &bob)).unwrap().state.word(), "rejected");
    }
    let refused = Refused::Evidence(Needed::Passkey);
    assert_eq!(refused.code(), "evidence_required");
    assert!(refused.to_string().contains("with a passkey of yours"), "{refused}");
    let waits = open(vec![wants(&["group:ops"], Needed::Passkey)]);
    assert_eq!(waits.lacking(at(1)), ["rules/hold-0: 0 of 1 among group:ops, with a passkey"]);
}

/// A22: it is taken where it counts for one hold, and the others still wait for somebody.
#[test]
fn a_yes_counts_for_those_holds_whose_evidence_it_has() {
    let (bob, carol) = (person("bob", &["ops"]), person("carol", &["ops"]));
    let waits = open(vec![asks(&["group:ops"]), wants(&["group:ops"], Needed::Passkey)]);
    assert_eq!((waits.needs(&bob, at(1)), waits.suffices(&bob, at(1))), (Some(Needed::Account), Some(Needed::Passkey)));
    let half = voted(&waits, by(Evidence::SignedIn, Word::Yes, &bob)).unwrap();
    assert_eq!(half.state, State::Pending);
    assert_eq!(half.lacking(at(2)), ["rules/hold-1: 0 of 1 among group:ops, with a passkey"]);
    let whole = voted(&half, signed(1, &half, Word::Yes, &carol)).unwrap();
    claim_as_voted(&whole, 2).unwrap();
    let alone = voted(&waits, signed(1, &waits, Word::Yes, &bob)).unwrap();
    claim_as_voted(&alone, 2).unwrap();
}

/// A21, A22, IDN-12: what was written into the store by hand, and what was signed for something else, lets nothing run.
#[test]
fn every_signature_is_checked_again_at_the_claim() {
    let bob = person("bob", &["ops"]);
    let waits = open(vec![wants(&["group:ops"], Needed::Passkey)]);
    let good = voted(&waits, signed(1, &waits, Word::Yes, &bob)).unwrap();
    claim_as_voted(&good, 2).unwrap();
    let other = Approval { id: CallId::from("call-2".to_owned()), ..waits.clone() };
    let foreign = signed(1, &other, Word::Yes, &bob).evidence;
    let refusal = signed(1, &waits, Word::BreakGlass, &bob).evidence;
    for evidence in [Evidence::Account, Evidence::SignedIn, foreign.clone(), refusal.clone()] {
        let mut forged = good.clone();
        forged.votes[0].evidence = evidence;
        assert_eq!(claim_as_voted(&forged, 2).unwrap_err(), Refused::QuorumGone);
    }
    for change in [|vote: &mut Vote| vote.reason = None, |vote: &mut Vote| vote.reason = Some("more".to_owned())] {
        let mut forged = good.clone();
        change(&mut forged.votes[0]);
        assert_eq!(claim_as_voted(&forged, 2).unwrap_err(), Refused::QuorumGone);
    }
    for evidence in [foreign, refusal] {
        // Also where less would have been enough: whoever sends a signature means it.
        for approval in [&waits, &open(vec![asks(&["group:ops"])])] {
            let false_yes = by(evidence.clone(), Word::Yes, &bob);
            assert_eq!(voted(approval, false_yes).unwrap_err(), Refused::Signature);
            let no = voted(approval, by(evidence.clone(), Word::No, &bob)).unwrap();
            assert_eq!((no.state.word(), &no.votes[0].evidence), ("rejected", &Evidence::Account));
        }
    }
}

/// A22, A23: breaking the glass is in the place of every hold, so it takes what the strictest wants, of both.
#[test]
fn breaking_the_glass_takes_the_evidence_too() {
    let glass = |name: &str| Voter { roles: [BREAK_GLASS.to_owned()].into(), ..person(name, &[]) };
    let (erin, fred) = (glass("erin"), glass("fred"));
    let waits = open(vec![asks(&["group:ops"]), wants(&["group:ops"], Needed::Passkey)]);
    assert_eq!(waits.needs(&erin, at(1)), Some(Needed::Passkey));
    let weak = by(Evidence::SignedIn, Word::BreakGlass, &erin);
    assert_eq!(voted(&waits, weak).unwrap_err(), Refused::Evidence(Needed::Passkey));
    let one = voted(&waits, signed(1, &waits, Word::BreakGlass, &erin)).unwrap();
    let both = voted(&one, signed(2, &waits, Word::BreakGlass, &fred)).unwrap();
    assert!(both.is_glass_broken());
    claim_as_voted(&both, 2).unwrap();
    let mut forged = both;
    forged.votes[1].evidence = Evidence::SignedIn;
    assert!(!forged.is_glass_broken());
    assert_eq!(claim_as_voted(&forged, 2).unwrap_err(), Refused::QuorumGone);
}

/// A22, B03: a use of a grant stands on the yes that made it, as it was signed, and on no less.
#[test]
fn a_grant_stands_on_what_was_signed() {
    let bounds: GrantTerms = serde_json::from_value(serde_json::json!({ "uses": 5, "for": "15m" })).unwrap();
    let hold = |evidence| HoldTerms { grant: Some(bounds.clone()), evidence, ..asks(&["group:ops"]) };
    let bob = person("bob", &["ops"]);
    let waits = open(vec![hold(Some(Needed::Passkey))]).with_scope(grant::some_scope());
    let yes = Vote { bounds: Some(bounds.clone()), ..by(Evidence::Account, Word::Yes, &bob) };
    let weak = waits.after(Event::Voted(yes.clone()), at(1)).unwrap_err();
    assert_eq!(weak, Refused::Evidence(Needed::Passkey));
    let vote = signs(&Authenticator::ed25519(1), &waits, yes);
    let narrow: GrantTerms = serde_json::from_value(serde_json::json!({ "uses": 2, "for": "15m" })).unwrap();
    let changed = Vote { bounds: Some(narrow), ..vote.clone() };
    assert_eq!(waits.after(Event::Voted(changed), at(1)).unwrap_err(), Refused::Signature, "signed for another reach");
    let made = *waits.after(Event::Voted(vote), at(1)).unwrap().grant.unwrap();
    let used = |made: &Grant, evidence| {
        let agreement = agreement(vec![hold(evidence)]);
        let scope: Scope = waits.scope.clone().unwrap();
        let named = (CallId::from("call-9".to_owned()), digest("that"), digest("again"));
        let asked = Asked { named, asker: asker(), scope: &scope, agreement: &agreement };
        made.used(asked, &|voter| Some(voter).filter(|voter| **voter == bob).map(|_| &bob), at(2)).map(|(_, use_)| use_)
    };
    let approval = used(&made, Some(Needed::Passkey)).unwrap();
    let now = |voter: &Voter| Some(&bob).filter(|bob| *bob == voter);
    let claim = |approval: &Approval| {
        let claim = Claim { attempt: attempt(30), digest: digest("that"), now: &now };
        approval.after(Event::Claimed(claim), at(3)).map(drop)
    };
    claim(&approval).unwrap();
    let mut forged = approval;
    forged.votes[0].evidence = Evidence::SignedIn;
    assert_eq!(claim(&forged), Err(Refused::QuorumGone));
    let mut forged = made.clone();
    forged.of.votes[0].evidence = Evidence::Account;
    used(&forged, Some(Needed::Passkey)).unwrap_err();
    // Rules that want less or more by now are other rules: people are asked again.
    used(&made, None).unwrap_err();
    used(&made, Some(Needed::Session)).unwrap_err();
}

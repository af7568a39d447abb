//! Does a grant ever cover what people did not agree to?

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::approval::grant::{Asked, GrantState, Uncovered};
use crate::call::caller::{Caller, Proof};
use crate::call::{Action, Call, Parts};
use crate::catalogue::tool::{Pin, Tool};
use crate::digest::Naming;
use crate::facts::risk::Risk;
use crate::policy::finding::grant::{GrantTerms, TooWide};
use crate::policy::finding::pointer::Pointer;
use crate::wire::json::{Object, Value};
use crate::wire::reader::{self, Limits};
use scope::Differs;

/// What the rules of these tests let somebody leave open.
const FREE: [&str; 2] = ["/limit", "/where/id"];

fn bounds(uses: u32, minutes: u32, free: &[&str]) -> GrantTerms {
    serde_json::from_value(json!({ "uses": uses, "for": format!("{minutes}m"), "free": free })).unwrap()
}

fn widest() -> GrantTerms {
    bounds(5, 15, &FREE)
}

fn granting(names: &[&str]) -> HoldTerms {
    HoldTerms { grant: Some(widest()), ..asks(names) }
}

fn places() -> Vec<Pointer> {
    widest().free.into_iter().collect()
}

fn object(text: &str) -> Object {
    let Value::Object(object) = reader::strict(text.as_bytes(), &Limits::REQUEST).unwrap() else { panic!("{text}") };
    object
}

/// A call of the agent, under this id, with these arguments.
fn call(id: &str, arguments: &Object) -> Call {
    called(id, arguments, "key:agent", r#"{"name":"export"}"#)
}

fn called(id: &str, arguments: &Object, principal: &str, definition: &str) -> Call {
    let server: std::sync::Arc<str> = "shop".into();
    let tool = Tool::new(&server, object(definition), Pin::Agreed).unwrap();
    let proof = Proof::Key { id: "1".into() };
    let caller = Caller { principal: principal.into(), agent: None, user: None, groups: vec![], proof };
    let params = crate::object! { "name" => tool.name.as_str(), "arguments" => arguments.clone() };
    Call::new(Parts {
        id: CallId::from_record(id),
        caller: caller.into(),
        server,
        action: Action::Tool(tool.name.clone()),
        params,
        tool: Some(tool.into()),
        arrived: at(0),
        naming: Naming::new([5; 32]),
    })
}

/// What the call is to a grant of `call-1`.
fn scoped(call: &Call, risk: Risk) -> Option<Scope> {
    Scope::of(call, &asker(), risk, (&CallId::from_record("call-1"), places()))
}

/// One that a grant can be made of.
pub(super) fn some_scope() -> Option<Scope> {
    scoped(&call("call-1", &shown()), Risk::Medium)
}

fn shown() -> Object {
    object(r#"{"limit":10,"table":"orders","where":{"id":1,"to":["a","b"]}}"#)
}

fn waits(holds: Vec<HoldTerms>) -> Approval {
    open(holds).with_scope(scoped(&call("call-1", &shown()), Risk::Medium))
}

fn with(by: &Voter, bounds: Option<GrantTerms>) -> Vote {
    Vote { bounds, ..says(Word::Yes, by) }
}

fn says_with(approval: &Approval, by: &Voter, bounds: Option<GrantTerms>) -> Result<Next, Refused> {
    approval.after(Event::Voted(with(by, bounds)), at(10))
}

/// Bob of operations makes one.
fn granted(bounds: GrantTerms) -> Grant {
    *says_with(&waits(vec![granting(&["group:ops"])]), &person("bob", &["ops"]), Some(bounds)).unwrap().grant.unwrap()
}

/// A use of it, with whoever agreed being who they were.
fn used(grant: &Grant, call: &Call, holds: Vec<HoldTerms>, seconds: i64) -> Result<(Grant, Approval), Uncovered> {
    used_at_risk(grant, (call, Risk::Medium), holds, seconds)
}

fn used_at_risk(
    grant: &Grant,
    (call, risk): (&Call, Risk),
    holds: Vec<HoldTerms>,
    seconds: i64,
) -> Result<(Grant, Approval), Uncovered> {
    let scope = scoped(call, risk).unwrap();
    let agreement = agreement(holds);
    let named = (call.id.clone(), call.digest, digest("again"));
    let asked = Asked { named, asker: asker(), scope: &scope, agreement: &agreement };
    let voters: Vec<&Voter> = grant.of.votes.iter().map(|vote| &vote.by).collect();
    grant.used(asked, &|voter| voters.iter().find(|known| **known == voter).copied(), at(seconds))
}

fn ops() -> Vec<HoldTerms> {
    vec![granting(&["group:ops"])]
}

#[test]
fn a_plain_yes_grants_nothing_and_bounds_wider_than_the_rules_are_refused() {
    // B03
    let bob = person("bob", &["ops"]);
    assert!(says_with(&waits(ops()), &bob, None).unwrap().grant.is_none());
    for (wide, why) in [
        (bounds(6, 15, &[]), "`uses` is 6, and the rules allow at most 5"),
        (bounds(5, 16, &[]), "`for` is 16m, and the rules allow at most 15m"),
        (bounds(2, 1, &["/table"]), "`free` has `/table`, and the rules let /limit, /where/id be free"),
        (bounds(2, 1, &["/where"]), "`free` has `/where`"),
        (bounds(2, 1, &["/limit/deep"]), "`free` has `/limit/deep`"),
    ] {
        let told = waits(ops()).may_grant(&wide).unwrap_err().to_string();
        assert!(told.contains(why), "{told}");
        assert!(matches!(says_with(&waits(ops()), &bob, Some(wide)), Err(Refused::TooWide)));
    }
    let none = waits(vec![granting(&["group:ops"]), asks(&["group:ops"])]);
    assert_eq!(none.may_grant(&bounds(2, 1, &[])), Err(TooWide::None), "every hold must allow one");
    assert_eq!(open(ops()).may_grant(&bounds(2, 1, &[])), Err(TooWide::None), "what is pinned must be known");
    assert!(scoped(&call("call-1", &shown()), Risk::Critical).is_none(), "the worst is never granted");
}

#[test]
fn several_holds_allow_what_each_of_them_does() {
    let narrow = HoldTerms { grant: Some(bounds(3, 60, &["/limit", "/table"])), ..asks(&["group:ops"]) };
    assert_eq!(waits(vec![granting(&["group:ops"]), narrow]).agreement.widest(), Some(bounds(3, 15, &["/limit"])));
}

#[test]
fn a_grant_needs_as_many_people_as_the_call_with_the_same_bounds() {
    let two = || waits(vec![HoldTerms { quorum: 2, ..granting(&["group:ops"]) }]);
    let (bob, carol, dave) = (person("bob", &["ops"]), person("carol", &["ops"]), person("dave", &["ops"]));
    let (some, other) = (bounds(3, 5, &["/limit"]), bounds(3, 5, &[]));
    for (first, second, makes) in [
        (Some(some.clone()), Some(some.clone()), true),
        (Some(some.clone()), Some(other), false),
        (Some(some.clone()), None, false),
        (None, Some(some), false),
    ] {
        let one = says_with(&two(), &bob, first.clone()).unwrap();
        assert!(one.grant.is_none(), "one of two");
        let both = says_with(&one.approval, &carol, second.clone()).unwrap();
        assert!(matches!(both.approval.state, State::Approved { .. }), "each yes counts for the call");
        assert_eq!(both.grant.is_some(), makes, "{first:?} {second:?}");
        assert!(both.grant.iter().all(|grant| grant.of.votes.len() == 2));
        assert!(says_with(&both.approval, &dave, None).is_err());
    }
    // Whoever asked has no part in it, and neither has a word that is no yes.
    let own = Voter { person: "jana".into(), ..person("jana", &["ops"]) };
    assert!(says_with(&waits(ops()), &own, Some(widest())).is_err());
    let no = Vote { bounds: Some(widest()), ..says(Word::No, &bob) };
    assert!(matches!(waits(ops()).after(Event::Voted(no), at(1)), Err(Refused::TooWide)));
}

#[test]
fn a_call_is_covered_only_while_everything_that_is_pinned_is_equal() {
    // B03: nothing is wider than what was shown, but at the places that were left open.
    let grant = granted(bounds(5, 15, &["/limit"]));
    let try_one = |arguments: &str| used(&grant, &call("call-2", &object(arguments)), ops(), 20).map(drop);
    let pinned = |at: &str| Err(Uncovered::Differs(Differs::Place(Pointer::try_from(at.to_owned()).unwrap())));
    let rest = || Err(Uncovered::Differs(Differs::Rest));
    for (arguments, covered) in [
        (r#"{"limit":10,"table":"orders","where":{"id":1,"to":["a","b"]}}"#, Ok(())),
        (r#"{"table":"orders","where":{"to":["a","b"],"id":1},"limit":9999}"#, Ok(())),
        (r#"{"limit":{"a":[]},"table":"orders","where":{"id":1,"to":["a","b"]}}"#, Ok(())),
        (r#"{"table":"orders","where":{"id":1,"to":["a","b"]}}"#, Ok(())),
        (r#"{"limit":10,"table":"orders","where":{"id":2,"to":["a","b"]}}"#, pinned("/where/id")),
        (r#"{"limit":10,"table":"orders","where":{"to":["a","b"]}}"#, pinned("/where/id")),
        (r#"{"limit":10,"table":"order","where":{"id":1,"to":["a","b"]}}"#, rest()),
        (r#"{"limit":10,"table":"orders","where":{"id":1,"to":["b","a"]}}"#, rest()),
        (r#"{"limit":10,"table":"orders","where":{"id":1,"to":["a","b"]},"more":null}"#, rest()),
        (r#"{"limit":10,"where":{"id":1,"to":["a","b"]}}"#, rest()),
        (r#"{"limit":10,"table":"orders","where":[1]}"#, rest()),
        ("{}", rest()),
    ] {
        assert_eq!(try_one(arguments), covered, "{arguments}");
    }
    let same = shown();
    let other = |call: &Call| used(&grant, call, ops(), 20).map(drop);
    let whose = Err(Uncovered::Differs(Differs::Whose));
    assert_eq!(other(&called("call-2", &same, "key:other", r#"{"name":"export"}"#)), whose);
    assert_eq!(other(&called("call-2", &same, "key:agent", r#"{"name":"import"}"#)), whose);
    // B12
    let changed = called("call-2", &same, "key:agent", r#"{"name":"export","description":"x"}"#);
    assert_eq!(other(&changed), Err(Uncovered::Differs(Differs::Definition)));
    let worse = used_at_risk(&grant, (&call("call-2", &same), Risk::High), ops(), 20).map(drop);
    assert_eq!(worse, Err(Uncovered::Differs(Differs::Risk)));
}

#[test]
fn what_the_rules_ask_now_must_be_what_was_agreed_to() {
    let grant = granted(bounds(5, 15, &["/limit"]));
    let again = call("call-2", &shown());
    let asked = |holds: Vec<HoldTerms>| used(&grant, &again, holds, 20).map(drop);
    let hold = || granting(&["group:ops"]);
    let allows = |grant: Option<GrantTerms>| vec![HoldTerms { grant, ..hold() }];
    assert_eq!(asked(ops()), Ok(()));
    assert_eq!(asked(allows(Some(bounds(9, 60, &FREE)))), Ok(()), "more may be granted now");
    assert_eq!(asked(vec![]), Err(Uncovered::Agreement));
    assert_eq!(asked(vec![HoldTerms { quorum: 2, ..hold() }]), Err(Uncovered::Agreement));
    assert_eq!(asked(vec![granting(&["group:sec"])]), Err(Uncovered::Agreement));
    assert_eq!(asked(vec![hold(), hold()]), Err(Uncovered::Agreement), "a hold that was not there");
    assert_eq!(asked(allows(None)), Err(Uncovered::TooWide(TooWide::None)));
    for narrower in [bounds(4, 15, &FREE), bounds(5, 14, &FREE), bounds(5, 15, &["/where/id"])] {
        assert!(matches!(asked(allows(Some(narrower))), Err(Uncovered::TooWide(_))));
    }
    // Of several holds that were met, fewer may be asked for now.
    let both = waits(vec![granting(&["group:ops"]), granting(&["group:ops"])]);
    let both = says_with(&both, &person("bob", &["ops"]), Some(bounds(5, 15, &["/limit"]))).unwrap().grant.unwrap();
    assert!(used(&both, &again, ops(), 20).is_ok());
}

#[test]
fn it_ends_with_its_last_use_its_time_and_whoever_takes_it_back() {
    let bob = person("bob", &["ops"]);
    let grant = granted(bounds(3, 15, &[]));
    assert_eq!((grant.left(), grant.until), (2, at(10 + 15 * 60)));
    let again = call("call-2", &shown());
    let (second, _) = used(&grant, &again, ops(), 20).unwrap();
    let (third, _) = used(&second, &again, ops(), 20).unwrap();
    assert_eq!((third.state, third.left(), third.wakes()), (GrantState::UsedUp, 0, None));
    assert_eq!(used(&third, &again, ops(), 20).map(drop), Err(Uncovered::Ended));
    assert!(used(&grant, &again, ops(), 10 + 15 * 60 - 1).is_ok());
    assert_eq!(used(&grant, &again, ops(), 10 + 15 * 60).map(drop), Err(Uncovered::Ended));
    assert_eq!(grant.due(at(10 + 15 * 60)).map(|over| over.state), Some(GrantState::Over));
    assert_eq!(grant.due(at(10 + 15 * 60 - 1)), None);
    let revoked = grant.revoked(&bob, at(20)).unwrap();
    assert_eq!(used(&revoked, &again, ops(), 21).map(drop), Err(Uncovered::Ended));
    assert_eq!(revoked.revoked(&bob, at(22)), Err(Refused::Stands("revoked")));
    assert_eq!(grant.revoked(&person("eve", &[]), at(20)), Err(Refused::NotAsked));
    assert_eq!(grant.revoked(&person("jana", &["ops"]), at(20)), Err(Refused::OwnCall));
    assert_eq!(grant.revoked(&bob, at(10_000)), Err(Refused::Late));
    assert!(grant.superseded().unwrap().superseded().is_err());
}

#[test]
fn a_use_is_an_approval_whose_people_are_counted_again() {
    let grant = granted(bounds(3, 15, &[]));
    let again = call("call-2", &shown());
    let (_, approval) = used(&grant, &again, ops(), 20).unwrap();
    assert_eq!(approval.state, State::Approved { until: at(320) });
    assert_eq!((approval.digest, approval.votes.len()), (again.digest, 1));
    let bob = person("bob", &["ops"]);
    let claim = |now: Option<&Voter>, seconds| {
        let claim = Claim { attempt: attempt(seconds + 30), digest: again.digest, now: &|_| now };
        approval.after(Event::Claimed(claim), at(seconds)).map(|next| next.consent.map(|consent| consent.digest()))
    };
    let (still, left) = (&bob, &person("bob", &[]));
    assert_eq!(claim(Some(still), 21), Ok(Some(again.digest)), "consent is for the call that runs");
    assert_eq!(claim(Some(left), 21), Err(Refused::QuorumGone));
    assert_eq!(claim(None, 21), Err(Refused::QuorumGone));
    assert_eq!(claim(Some(still), 320), Err(Refused::Late));
    // Already when it is taken, so that no use is lost for it; the same when whoever asks turns out to be who agreed.
    let scope = scoped(&again, Risk::Medium).unwrap();
    let agreement = agreement(ops());
    let asked = |asker| Asked {
        named: (again.id.clone(), again.digest, digest("again")),
        asker,
        scope: &scope,
        agreement: &agreement,
    };
    assert_eq!(grant.used(asked(asker()), &|_| None, at(20)).map(drop), Err(Uncovered::QuorumGone));
    let also = Asker { also: ["bob".to_owned()].into(), ..asker() };
    assert_eq!(grant.used(asked(also), &|_| Some(still), at(20)).map(drop), Err(Uncovered::QuorumGone));
    // Without the grant the votes are about something else.
    let forged = Approval { under: None, ..approval.clone() };
    assert!(claim_as_voted(&Approval { digest: digest("this"), ..forged.clone() }, 21).is_ok());
    let claimed = Claim { attempt: attempt(60), digest: again.digest, now: &|_| Some(still) };
    assert!(matches!(forged.after(Event::Claimed(claimed), at(21)), Err(Refused::QuorumGone)));
    let text = serde_json::to_string(&approval).unwrap();
    assert_eq!(serde_json::from_str::<Approval>(&text).unwrap(), approval);
    let text = serde_json::to_string(&grant).unwrap();
    assert_eq!(serde_json::from_str::<Grant>(&text).unwrap(), grant);
    assert!(!text.contains("orders"), "arguments are named and never kept: {text}");
}

#[test]
fn an_edit_begins_what_is_pinned_anew() {
    // The votes before it count for nothing, also with the same bounds.
    let two = waits(vec![HoldTerms { quorum: 2, ..granting(&["group:ops"]) }]);
    let (bob, carol, dave) = (person("bob", &["ops"]), person("carol", &["ops"]), person("dave", &["ops"]));
    let some = || Some(bounds(3, 5, &["/limit"]));
    let voted = says_with(&two, &bob, some()).unwrap().approval;
    let edit = Edit {
        by: String::new(),
        changes: vec![edit::Change { at: "/table".into(), to: Some("\"archive\"".into()) }],
        reason: "old ones".into(),
        at: at(0),
        stands: edit::Stands::Proposed,
    };
    let proposed = plain(&voted, Event::Proposed { by: dave, about: voted.digest, edit }, 2).unwrap();
    let archive = object(r#"{"limit":10,"table":"archive","where":{"id":1,"to":["a","b"]}}"#);
    let scope = scoped(&call("call-1", &archive), Risk::Medium);
    let edited = plain(&proposed, Event::Edited { to: digest("other"), scope, seen: vec![] }, 3).unwrap();
    let about_it = |by: &Voter| Event::Voted(Vote { digest: digest("other"), ..with(by, some()) });
    let one = edited.after(about_it(&carol), at(4)).unwrap();
    assert!(one.grant.is_none() && one.approval.state == State::Pending);
    let both = one.approval.after(about_it(&bob), at(5)).unwrap().grant.unwrap();
    assert_eq!(both.of.votes.len(), 2);
    let holds = || vec![HoldTerms { quorum: 2, ..granting(&["group:ops"]) }];
    assert!(used(&both, &call("call-2", &archive), holds(), 20).is_ok());
    assert!(used(&both, &call("call-2", &shown()), holds(), 20).is_err());
}

fn small() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![(0_i64..3).prop_map(Value::from), Just(Value::from("x")), Just(Value::Null)];
    leaf.prop_recursive(3, 16, 3, |inner| {
        let member = prop_oneof![Just("limit"), Just("where"), Just("id"), Just("table")];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::Array),
            prop::collection::btree_map(member, inner, 0..4).prop_map(|members| Value::Object(
                members.into_iter().collect::<Vec<_>>().into_iter().fold(Object::new(), |mut object, (name, value)| {
                    object.insert(name, value);
                    object
                })
            )),
        ]
    })
}

fn arguments() -> impl Strategy<Value = Object> {
    small().prop_map(|value| value.as_object().cloned().unwrap_or_default())
}

/// Every leaf by the members and elements that lead to it, but for what stands at or below a free place. It shares no line
/// with the machine.
fn leaves(value: &Value, at: &str, free: &BTreeSet<String>, objects: bool, out: &mut BTreeSet<String>) {
    if objects && free.contains(at) {
        return;
    }
    match value {
        Value::Object(members) => {
            out.insert(format!("{at} is an object"));
            members.iter().for_each(|(name, inner)| leaves(inner, &format!("{at}/{name}"), free, objects, out));
        }
        Value::Array(items) => {
            out.insert(format!("{at} is an array of {}", items.len()));
            // Nothing in an array is free.
            items.iter().enumerate().for_each(|(n, inner)| leaves(inner, &format!("{at}/{n}"), free, false, out));
        }
        other => {
            out.insert(format!("{at} = {other}"));
        }
    }
}

proptest! {
    /// B03: never covered unless every pinned place is equal, and always covered when it is.
    #[test]
    fn a_use_is_covered_when_every_pinned_place_is_equal_and_only_then(
        one in arguments(), two in arguments(), free in prop::sample::subsequence(FREE.to_vec(), 0..=2)
    ) {
        let names: BTreeSet<String> = free.iter().map(|at| (*at).to_owned()).collect();
        let pinned = |arguments: &Object| {
            let mut all = BTreeSet::new();
            leaves(&Value::Object(arguments.clone()), "", &names, true, &mut all);
            all
        };
        let places: BTreeSet<Pointer> = names.iter().map(|at| Pointer::try_from(at.clone()).unwrap()).collect();
        let (shown, asked) = (scoped(&call("call-1", &one), Risk::Low).unwrap(), scoped(&call("call-2", &two), Risk::Low).unwrap());
        prop_assert_eq!(shown.is_again(&asked, &places).is_ok(), pinned(&one) == pinned(&two));
        prop_assert!(shown.is_again(&scoped(&call("call-3", &one), Risk::Low).unwrap(), &BTreeSet::new()).is_ok(), "the held call itself");
    }

    /// In whatever order calls come and however the clock goes, no more run than were agreed to.
    #[test]
    fn there_are_never_more_uses_than_bounds(uses in 2_u32..6, times in prop::collection::vec((0_i64..1200, 0_i64..3), 0..40)) {
        let mut grant = granted(bounds(uses.min(5), 15, &["/limit"]));
        let mut ran = 1;
        for (seconds, limit) in times {
            let mut arguments = shown();
            arguments.insert("limit", limit);
            if let Ok((after, _)) = used(&grant, &call("call-2", &arguments), ops(), 10 + seconds) {
                prop_assert!(seconds < 15 * 60);
                grant = after;
                ran += 1;
            }
        }
        prop_assert!(ran <= grant.bounds.uses && ran == grant.used);
    }
}

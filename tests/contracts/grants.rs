//! What does every database promise about a yes that reaches beyond one call?

use std::sync::Arc;

use countersign::approval::asker::Asker;
use countersign::approval::event::Event as Happening;
use countersign::approval::grant::{Grant, GrantState};
use countersign::approval::people::{Listed, People};
use countersign::approval::scope::Scope;
use countersign::approval::vote::{Evidence, Part, Vote, Word};
use countersign::approval::{Approval, Next};
use countersign::audit::entry::Entry;
use countersign::call::caller::{Caller, Proof};
use countersign::call::{Action, Call, CallId, Parts};
use countersign::catalogue::tool::{Pin, Tool};
use countersign::clock::{SystemClock, Timestamp};
use countersign::digest::{Digest, Naming};
use countersign::facts::risk::Risk;
use countersign::gateway::desk::grants::{Ending, Use};
use countersign::gateway::desk::{Desk, Wish};
use countersign::object;
use countersign::policy::decision::Agreement;
use countersign::policy::finding::grant::GrantTerms;
use countersign::store::Store;
use countersign::store::approvals::{Before, Moved, Step};
use countersign::store::entries::Wanted;
use countersign::store::grants::{GrantStep, Which};
use serde_json::json;
use tokio::sync::Barrier;

use crate::approvals::voter;
use crate::place::Place;

crate::promises![
    a_grant_is_kept_with_the_vote_that_made_it_and_found_again,
    race_for_the_uses_of_a_grant_has_as_many_winners_as_it_has_uses,
    a_grant_nobody_voted_for_is_not_read,
];

/// Who want a use at the same moment, half of them at another gateway.
const CLAIMANTS: usize = 8;

fn bounds(uses: u32) -> GrantTerms {
    serde_json::from_value(json!({ "uses": uses, "for": "15m", "free": [] })).unwrap()
}

fn agreement() -> Agreement {
    let hold = json!({ "finding": "p/x", "reviewers": ["role:reviewer"], "grant": { "uses": 100, "for": "1h" } });
    serde_json::from_value(json!({ "all_of": [hold] })).unwrap()
}

fn asker() -> Asker {
    Asker { principal: "key:bot".to_owned(), ..Asker::default() }
}

fn call(id: &str) -> Call {
    let server: Arc<str> = "shop".into();
    let tool = Tool::new(&server, object! { "name" => "export" }, Pin::Agreed).unwrap();
    let proof = Proof::Key { id: "1".to_owned() };
    let principal = "key:bot".to_owned();
    Call::new(Parts {
        id: CallId::from_record(id),
        caller: Caller { principal, agent: None, user: None, groups: Vec::new(), proof }.into(),
        server,
        action: Action::Tool("export".to_owned()),
        params: object! { "name" => "export", "arguments" => object! { "table" => "orders" } },
        tool: Some(tool.into()),
        arrived: Timestamp::from_micros(0),
        naming: Naming::new([5; 32]),
    })
}

/// What a call is to the grant of another.
fn scope(call: &Call, grant: &str) -> Scope {
    Scope::of(call, &asker(), Risk::Low, (&CallId::from_record(grant), [])).unwrap()
}

fn waiting(id: &str, now: Timestamp) -> Approval {
    let call = call(id);
    let named = (call.id.clone(), call.digest, Digest::of_bytes("repeat", id.as_bytes()));
    Approval::open(named, asker(), agreement(), now).with_scope(Some(scope(&call, id)))
}

/// An approval that waits, and the yes of somebody that makes a grant of so many uses.
async fn granted(desk: &Arc<Desk>, id: &str, uses: u32) -> Grant {
    let approval = waiting(id, desk.now().await.unwrap());
    let digest = approval.digest;
    assert!(desk.open(approval, "{}".to_owned(), Vec::new()).await.unwrap());
    let yes = Wish::Vote {
        by: voter("ben"),
        word: Word::Yes,
        reason: None,
        digest,
        bounds: Some(bounds(uses)),
        evidence: Evidence::Account,
    };
    *desk.act(id, yes).await.unwrap().grant.unwrap()
}

fn wanted(id: &str, grant: &str) -> Use {
    let call = call(id);
    Use {
        named: (call.id.clone(), call.digest, Digest::of_bytes("repeat", id.as_bytes())),
        asker: asker(),
        scope: scope(&call, grant),
        agreement: agreement(),
        shown: "{}".to_owned(),
        entries: Vec::<Entry>::new(),
    }
}

fn desk(store: Store) -> Arc<Desk> {
    let desk = Desk::new(store, Arc::new(SystemClock));
    let listed = |set: &str| [set.to_owned()].into();
    let ben = Listed { name: "ben".into(), accounts: listed("os:ben"), groups: [].into(), roles: listed("reviewer") };
    desk.people.store(Arc::new(People::new([ben])));
    desk
}

async fn a_grant_is_kept_with_the_vote_that_made_it_and_found_again(place: Arc<Place>) {
    let store = place.open().await;
    let desk = desk(store.clone());
    let grant = granted(&desk, "a", 3).await;
    let kept = store.find_grant("a").await.unwrap().unwrap();
    assert_eq!((&kept.grant, kept.version), (&grant, 1));
    let told = store.of_call("a", 10).await.unwrap();
    let told: Vec<&str> = told.iter().map(|line| line.event.as_str()).collect();
    assert_eq!(told, ["held", "voted", "grant_made"]);
    let whose = grant.of.scope.as_ref().unwrap().whose();
    assert_eq!(store.grants_for(&whose).await.unwrap(), ["a"]);
    assert_eq!(store.grants_of_server("shop").await.unwrap(), ["a"]);
    assert_eq!(store.grants_of_server("Shop").await.unwrap(), [""; 0]);
    assert_eq!(store.grants_beginning("a").await.unwrap(), ["a"]);
    assert_eq!(store.grants(Which::Open, 10).await.unwrap(), ["a"]);
    assert_eq!(store.grants_due(grant.until, 10).await.unwrap(), ["a"]);
    let before = Timestamp::from_micros(grant.until.micros() - 1);
    assert_eq!(store.grants_due(before, 10).await.unwrap(), [""; 0]);
    assert_eq!((store.open_grants(before).await.unwrap(), store.open_grants(grant.until).await.unwrap()), (1, 0));
    assert!(store.find_grant("b").await.unwrap().is_none() && store.find_grant("a\0").await.unwrap().is_none());
    // What a use opens is read again with the votes of the grant.
    let used = desk.take_use("a", wanted("b", "a")).await.unwrap().unwrap();
    assert_eq!(store.find_approval("b").await.unwrap().unwrap().approval, used);
    assert!(desk.take_use("a", wanted("b", "a")).await.is_err(), "a call is opened once");
    assert_eq!(store.find_grant("a").await.unwrap().unwrap().grant.used, 2, "and takes one use");
    let ended = desk.end_grant("a", Ending::Superseded("another tool")).await.unwrap();
    assert_eq!(ended.state, GrantState::Superseded);
    assert_eq!(store.grants_for(&whose).await.unwrap(), [""; 0]);
    assert_eq!(store.grants(Which::Open, 10).await.unwrap(), [""; 0]);
    assert_eq!(store.grants(Which::All, 10).await.unwrap(), ["a"]);
    assert!(desk.take_use("a", wanted("c", "a")).await.unwrap().is_none());
    assert!(store.find_approval("c").await.unwrap().is_none());
}

async fn race_for_the_uses_of_a_grant_has_as_many_winners_as_it_has_uses(place: Arc<Place>) {
    // B03, EXE-06: two gateways over one database.
    let stores = [place.open().await, Store::open_beside(&place.options()).await.unwrap()];
    let desks = stores.clone().map(desk);
    let uses = 20;
    granted(&desks[0], "a", uses).await;
    let gate = Arc::new(Barrier::new(CLAIMANTS));
    let claimants = (0..CLAIMANTS).map(|who| {
        let (desk, gate) = (Arc::clone(&desks[who % 2]), Arc::clone(&gate));
        tokio::spawn(async move {
            let mut won = 0;
            for round in 0..5 {
                gate.wait().await;
                let id = format!("call-{who}-{round}");
                won += u32::from(desk.take_use("a", wanted(&id, "a")).await.unwrap().is_some());
            }
            won
        })
    });
    let mut won = 0;
    for claimant in claimants.collect::<Vec<_>>() {
        won += claimant.await.unwrap();
    }
    // The call it came of was the first.
    assert_eq!(won, uses - 1);
    let grant = stores[1].find_grant("a").await.unwrap().unwrap().grant;
    assert_eq!((grant.used, grant.state), (uses, GrantState::UsedUp));
    let count = async |event: &str| {
        let wanted = Wanted { events: vec![event.to_owned()], ..Wanted::default() };
        stores[0].latest(&wanted, 1000).await.unwrap().len()
    };
    assert_eq!((count("grant_used").await, count("grant_ended").await), (19, 1));
    assert_eq!(stores[0].approvals_in(&["approved"], None, 1000).await.unwrap().len(), 20);
}

async fn a_grant_nobody_voted_for_is_not_read(place: Arc<Place>) {
    // APR-24: whoever writes past the machine makes nothing that is used.
    let store = place.open().await;
    let now = store.time(Timestamp::from_micros(0)).await.unwrap();
    let waits = waiting("a", now);
    let by = voter("ben");
    let (word, part, digest) = (Word::Yes, Part::Countersigns, waits.digest);
    let yes =
        Vote { by, word, part, reason: None, digest, at: now, bounds: Some(bounds(3)), evidence: Evidence::Account };
    let Next { approval, grant, .. } = waits.after(Happening::Voted(yes), now).unwrap();
    let grant = Some(GrantStep { grant: *grant.unwrap(), before: None });
    let step = Step {
        approval,
        before: Before::Nothing("{}".to_owned()),
        vote: None,
        grant,
        lines: Vec::new(),
        notices: Vec::new(),
    };
    assert_eq!(store.move_approval(step, now).await.unwrap(), Moved::Done(1));
    assert!(store.find_grant("a").await.is_err());
}

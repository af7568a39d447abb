//! Does one approval have one winner, however many gateways want to perform it at the same moment?
//!
//! `COUNTERSIGN_CLAIMS=100000 cargo test --test contracts race` makes that many claims instead of a few thousand.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use countersign::approval::people::{Listed, People};
use countersign::clock::SystemClock;
use countersign::gateway::desk::{Claimant, Desk, DeskError, Wish, attempt};
use countersign::store::Store;
use countersign::store::entries::Wanted;
use tokio::sync::Barrier;

use crate::approvals::{opened_at, said_by, voter};
use crate::place::Place;

crate::promises![race_of_many_claims_for_one_approval_has_one_winner];

/// Who want the same approval at the same moment, half of them at another gateway.
const CLAIMANTS: usize = 8;
/// Approvals that are wanted beside each other.
const GROUPS: usize = 4;

/// How many claims there are.
fn claims() -> usize {
    std::env::var("COUNTERSIGN_CLAIMS").ok().and_then(|claims| claims.parse().ok()).unwrap_or(8_000)
}

/// So many claims may take this long on a machine that has other things to do as well.
pub(crate) fn patience() -> Duration {
    Duration::from_millis(u64::try_from(claims()).unwrap_or(0) * 10)
}

async fn race_of_many_claims_for_one_approval_has_one_winner(place: Arc<Place>) {
    // EXE-06, APR-01: through the desks of two gateways over one database.
    let stores = [place.open().await, Store::open_beside(&place.options()).await.unwrap()];
    let desks = stores.clone().map(desk);
    let rounds = claims() / CLAIMANTS / GROUPS;
    let groups = (0..GROUPS).map(|group| tokio::spawn(contend(desks.clone(), group, rounds)));
    let mut won: BTreeMap<String, String> = BTreeMap::new();
    for group in groups.collect::<Vec<_>>() {
        won.extend(group.await.unwrap());
    }
    assert_eq!(won.len(), rounds * GROUPS, "one winner each");
    // The record says the same, and of nobody else.
    let mut told = BTreeMap::new();
    let wanted = Wanted { events: vec!["claimed".to_owned()], ..Wanted::default() };
    let mut after = 0;
    loop {
        let lines = stores[0].following(&wanted, after, 10_000).await.unwrap();
        let Some(last) = lines.last() else { break };
        after = last.seq;
        for line in &lines {
            let body: serde_json::Value = serde_json::from_str(&line.body).unwrap();
            let winner = body["attempt"].as_str().unwrap().to_owned();
            assert!(
                told.insert(line.call.as_ref().unwrap().as_str().to_owned(), winner).is_none(),
                "claimed twice: {}",
                line.body
            );
        }
    }
    assert_eq!(told, won);
}

/// One approval after the other, each wanted by all at once. Gives the winners.
async fn contend(desks: [Arc<Desk>; 2], group: usize, rounds: usize) -> BTreeMap<String, String> {
    let gate = Arc::new(Barrier::new(CLAIMANTS));
    let claimants = (0..CLAIMANTS).map(|who| {
        let (desk, gate) = (Arc::clone(&desks[who % 2]), Arc::clone(&gate));
        tokio::spawn(async move {
            let mut won = BTreeMap::new();
            for round in 0..rounds {
                let id = format!("call-{group}-{round}");
                if who == 0 {
                    agreed(&desk, &id).await;
                }
                gate.wait().await;
                let attempt = attempt().unwrap();
                let claimant =
                    Claimant { attempt: attempt.clone(), digest: opened_at(&id, 0).digest, entries: Vec::new() };
                match desk.act(&id, Wish::Claim(claimant)).await {
                    Ok(done) => {
                        assert!(done.leave.is_some());
                        won.insert(id, attempt);
                    }
                    Err(DeskError::Refused(_)) => {}
                    Err(other) => panic!("{id}: {other}"),
                }
            }
            won
        })
    });
    let mut won = BTreeMap::new();
    for claimant in claimants.collect::<Vec<_>>() {
        for (id, attempt) in claimant.await.unwrap() {
            assert!(won.insert(id.clone(), attempt).is_none(), "{id} has two winners");
        }
    }
    won
}

/// An approval to which somebody has agreed.
async fn agreed(desk: &Arc<Desk>, id: &str) {
    let approval = opened_at(id, desk.now().await.unwrap().micros());
    let digest = approval.digest;
    assert!(desk.open(approval, "{}".to_owned(), Vec::new()).await.unwrap());
    desk.act(id, said_by(voter("ben"), digest)).await.unwrap();
}

fn desk(store: Store) -> Arc<Desk> {
    let desk = Desk::new(store, Arc::new(SystemClock));
    let account = BTreeSet::from(["os:ben".to_owned()]);
    let roles = BTreeSet::from(["reviewer".to_owned()]);
    let ben = Listed { name: "ben".to_owned(), accounts: account, groups: BTreeSet::new(), roles };
    desk.people.store(Arc::new(People::new([ben])));
    desk
}

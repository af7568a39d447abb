//! What holds when the gateway is killed at any moment while agents call and people answer?

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use countersign::clock::chance;
use serde_json::{Value, json};

use crate::Story;
use crate::effects::class;
use crate::waiting::{id, waits_for_ada};
use crate::world::{Told, World, event};

pub(crate) const STORIES: &[Story] =
    &[("however_often_the_gateway_is_killed_nothing_runs_twice_and_no_answer_is_lost", killed)];

/// Each starts the gateway, lets it work and kills it. More by hand: `COUNTERSIGN_CYCLES=1000 cargo test --test stories however`.
pub(crate) fn cycles() -> u64 {
    std::env::var("COUNTERSIGN_CYCLES").ok().and_then(|cycles| cycles.parse().ok()).unwrap_or(12)
}

fn killed() -> Told {
    // B01, EXE-01, EXE-02, EXE-06; invariants: at most one dispatch for each approval, none without a vote, no vote lost.
    Box::pin(async {
        let mut world = waits_for_ada();
        let mut answered = BTreeSet::new();
        for cycle in 0..cycles() {
            world.serve().await;
            let [a, b] = chance().unwrap();
            let lives = Duration::from_millis(u64::from(a) * 3 + u64::from(b));
            let working = async { tokio::join!(agent(&world, cycle), people(&world, &mut answered)) };
            assert!(tokio::time::timeout(lives, working).await.is_err(), "both work until the end");
            world.kill().await;
        }
        world.serve().await;
        let states = settled(&world).await;
        let (_, book) = world.run(&["log", "tail", "-n", "1000000", "--json"]).await;
        let book: Vec<Value> = book.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let told = Book::of(&book);
        for (call, state) in &states {
            let count = |event: &str| told.counts.get(&(call.clone(), event.to_owned())).copied().unwrap_or(0);
            assert!(count("claimed") <= 1 && count("dispatched") == count("claimed"), "{call} {state}");
            assert!(count("claimed") <= count("voted"), "{call} ran without an answer");
            let over = ["succeeded", "failed", "outcome_unknown"].contains(&state.as_str());
            assert_eq!(over, count("claimed") == 1, "{call} {state}");
        }
        for call in &answered {
            assert!(told.counts.contains_key(&(call.clone(), "voted".to_owned())), "the answer to {call} is lost");
        }
        // What reached the server was claimed: never more of a kind than claims of that kind.
        let mut sent: BTreeMap<u64, u64> = BTreeMap::new();
        for line in world.ledger() {
            *sent.entry(line["params"]["arguments"]["n"].as_u64().unwrap()).or_default() += 1;
        }
        for (n, sent) in sent {
            assert!(sent <= told.claims.get(&n).copied().unwrap_or(0), "{n} was sent {sent} times");
        }
        assert!(!answered.is_empty(), "somebody answered before the last kill");
    })
}

/// Asks until it gets a result, as a patient agent does.
async fn agent(world: &World, cycle: u64) {
    // Whoever keeps the record busy for a moment makes others wait for it, and nothing begins that cannot be written down.
    let session = loop {
        match world.try_session(json!({})).await {
            Ok(session) => break session,
            Err(refusal) => assert!(refusal.to_string().contains("audit_unavailable"), "{refusal}"),
        }
    };
    for number in 1.. {
        let answer = session.call(number, "echo", json!({ "n": cycle % 4 })).await;
        if answer["result"]["isError"] == true {
            assert!(
                ["held", "withdrawn", "not_approved", "expired", "audit_unavailable", "approvals_unavailable"]
                    .contains(&class(&answer)),
                "{answer}"
            );
        }
    }
}

/// Says yes to whatever waits.
async fn people(world: &World, answered: &mut BTreeSet<String>) {
    loop {
        let (_, listed) = world.run(&["approvals", "list", "--json"]).await;
        for line in listed.lines() {
            let Ok(approval) = serde_json::from_str::<Value>(line) else { continue };
            if approval["state"] == "pending" && world.run(&["approvals", "approve", id(&approval)]).await.0 == 0 {
                answered.insert(id(&approval).to_owned());
            }
        }
    }
}

/// Every approval and its state, once nothing is believed to run any more.
async fn settled(world: &World) -> BTreeMap<String, String> {
    let mut looks = tokio::time::interval(Duration::from_millis(250));
    loop {
        looks.tick().await;
        let (code, listed) = world.run(&["approvals", "list", "--all", "--json"]).await;
        assert_eq!(code, 0, "{listed}");
        let all = listed.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let states: BTreeMap<_, _> =
            all.map(|approval| (id(&approval).to_owned(), approval["state"].as_str().unwrap().to_owned())).collect();
        if !states.values().any(|state| state == "executing") {
            return states;
        }
    }
}

/// What the record says.
struct Book {
    /// How often each thing happened to each call.
    counts: BTreeMap<(String, String), u64>,
    /// How often a call with this argument was claimed.
    claims: BTreeMap<u64, u64>,
}

impl Book {
    fn of(entries: &[Value]) -> Self {
        let (mut counts, mut claims, mut kinds) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        for entry in entries {
            let Some(call) = entry["call"].as_str() else { continue };
            *counts.entry((call.to_owned(), event(entry).to_owned())).or_default() += 1;
            if let Some(n) = entry["params"]["arguments"]["n"].as_u64() {
                kinds.insert(call.to_owned(), n);
            }
            if event(entry) == "claimed" {
                *claims.entry(kinds[call]).or_default() += 1;
            }
        }
        Self { counts, claims }
    }
}

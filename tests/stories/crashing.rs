//! What holds when gateways are killed at any moment while agents call and people answer?
//!
//! Agents make one job after the other and come back with exactly the same call until they hear a result, at whichever
//! gateway stands. People answer beside the gateways. A killer ends gateways after a random while or lets them run into a
//! failpoint, and starts them again. What is true afterwards is read from three places that know nothing of each other:
//! the record, the ledgers of the tool servers, and what agents and people were told.

mod book;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use countersign::approval::people::{Listed, People};
use countersign::approval::vote::{Evidence, Word};
use countersign::audit::verify::Verdict;
use countersign::book::reading::{Brought, verify};
use countersign::clock::{SystemClock, chance};
use countersign::gateway::desk::{Desk, Wish};
use countersign::identity::local;
use countersign::store::{Durability, Store, StoreOptions};
use futures_util::future::join_all;
use serde_json::json;
use tokio::sync::watch;

use crate::Story;
use crate::client::Client;
use crate::database::Database;
use crate::effects::class;
use crate::waiting::waits_for_ada;
use crate::world::{Told, World};
use book::Book;

pub(crate) const STORIES: &[Story] =
    &[("however_often_the_gateway_is_killed_nothing_runs_twice_and_no_answer_is_lost", over_files)];

/// Told where there is a Postgres: two gateways that listen share no SQLite file.
pub(crate) const WITH_POSTGRES: &[Story] =
    &[("postgres::whichever_replica_is_killed_nothing_runs_twice_and_no_answer_is_lost", over_postgres)];

/// Agents at each database.
const AGENTS: usize = 12;
/// Where a gateway may be told to die; a person's answer is given by another process.
const FAILPOINTS: [&str; 4] = ["after_open", "after_claim", "after_reply", "after_outcome"];

/// How often a gateway is killed in each story. More by hand: `COUNTERSIGN_CYCLES=1000 cargo test --test stories killed`.
pub(crate) fn cycles() -> u64 {
    std::env::var("COUNTERSIGN_CYCLES").ok().and_then(|cycles| cycles.parse().ok()).unwrap_or(24)
}

/// Databases that are used beside each other, so that no processor waits for a gateway to start; more where nothing else
/// runs.
fn lanes() -> u64 {
    if cycles() < 1000 { 2 } else { 4 }
}

fn over_files() -> Told {
    // B01, EXE-01, EXE-02, EXE-03, EXE-06
    Box::pin(async {
        let lanes = (0..lanes()).map(|_| async {
            let world = waits_for_ada();
            let url = format!("sqlite:{}", world.path("book.db").display());
            let options = StoreOptions::new(&url, Durability::Process).unwrap();
            tell(vec![world], &options, cycles().div_ceil(lanes())).await
        });
        report("SQLite", &join_all(lanes).await);
    })
}

fn over_postgres() -> Told {
    // B01, EXE-01, EXE-02, EXE-03, EXE-06
    Box::pin(async {
        let lanes = (0..lanes()).map(|lane| async move {
            let database = Database::make(&format!("crash_{lane}")).await;
            let worlds = vec![waits_for_ada(), waits_for_ada()];
            for world in &worlds {
                database.keeps(world);
            }
            let options = StoreOptions::new(&database.url, Durability::Process).unwrap().with_keys(database.keys());
            let book = tell(worlds, &options, cycles().div_ceil(lanes())).await;
            database.remove().await;
            book
        });
        report("Postgres", &join_all(lanes).await);
    })
}

/// For whoever runs many cycles by hand.
fn report(place: &str, books: &[Book]) {
    let sum = |part: fn(&Book) -> u64| books.iter().map(part).sum::<u64>();
    let text = format!(
        "{place}: {} approvals, {} answers, {} claimed, {} sent, {} of them with an unknown end\n",
        sum(Book::approvals),
        sum(Book::answers),
        sum(Book::claimed),
        sum(Book::sent),
        sum(Book::unknown)
    );
    std::io::stdout().write_all(text.as_bytes()).unwrap();
}

/// One database, the gateways over it, and everybody who wants something of them.
async fn tell(mut worlds: Vec<World>, options: &StoreOptions, cycles: u64) -> Book {
    let (doors, seen) = watch::channel(Vec::new());
    for world in &mut worlds {
        serve(world).await;
        open(&doors, world);
    }
    let desk = desk(options).await;
    let (done, answered_all) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
    let agents: Vec<_> = (0..AGENTS).map(|name| tokio::spawn(agent(name, seen.clone(), Arc::clone(&done)))).collect();
    let people = tokio::spawn(people(desk.clone(), Arc::clone(&answered_all)));
    for _ in 0..cycles {
        let [victim, long, longer, place] = chance().unwrap();
        let victim = usize::from(victim) % worlds.len();
        let world = &mut worlds[victim];
        world.die_within(Duration::from_millis(20 + u64::from(long) + u64::from(longer % 64))).await;
        doors.send_modify(|open| open.retain(|door| *door != world.address));
        // Half of them die by themselves at a place where it matters, if they come to it.
        world.fail_at = FAILPOINTS.get(usize::from(place) % (2 * FAILPOINTS.len())).copied();
        serve(world).await;
        open(&doors, world);
    }
    for world in &mut worlds {
        world.die_within(Duration::ZERO).await;
        doors.send_modify(|open| open.retain(|door| *door != world.address));
        world.fail_at = None;
        serve(world).await;
        open(&doors, world);
    }
    done.store(true, Ordering::Relaxed);
    let mut heard = BTreeMap::new();
    for agent in agents {
        heard.append(&mut agent.await.unwrap());
    }
    answered_all.store(true, Ordering::Relaxed);
    let answered = people.await.unwrap();
    let states = settled(&desk).await;
    let book = Book::read(&worlds).await;
    book.check(&states, &answered, &heard);
    // Whoever died wherever, the log over all of it is whole.
    let report = verify(&desk.store, &Brought::default(), |_, _| ()).await.unwrap();
    assert!(report.verdict == Verdict::Verified && report.leaves > 0, "{report:#?}");
    book
}

/// What a gateway was about to perform when it died counts as open until its lease is over, and many die here.
async fn serve(world: &mut World) {
    world.serve_so(&["--set", "limits.waiting_per_caller=1000"]).await;
}

fn open(doors: &watch::Sender<Vec<String>>, world: &World) {
    doors.send_modify(|open| open.push(world.address.clone()));
}

/// What came of a job, as its agent heard it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    Result,
    No,
}

/// Makes each call until it hears what came of it, as a patient agent does.
async fn agent(name: usize, mut doors: watch::Receiver<Vec<String>>, done: Arc<AtomicBool>) -> BTreeMap<String, Heard> {
    let client = Client::new();
    let (mut heard, mut broken, mut number) = (BTreeMap::new(), String::new(), 0);
    while !done.load(Ordering::Relaxed) {
        let job = format!("{name}-{}", heard.len());
        let params = json!({ "name": "echo", "arguments": { "job": job } });
        loop {
            number += 1;
            let open = doors.borrow_and_update().clone();
            let open: Vec<_> = open.into_iter().filter(|door| *door != broken).collect();
            let Some(door) = open.get((number + name) % open.len().max(1)) else {
                doors.changed().await.unwrap();
                continue;
            };
            let asked = u64::try_from(number).unwrap();
            let Some(answer) = client.call(door, asked, "echo", &params).await else {
                broken.clone_from(door);
                continue;
            };
            if answer["result"]["isError"] != true {
                assert!(answer["result"].to_string().contains(&job), "{answer}");
                heard.insert(job, Heard::Result);
                break;
            }
            match class(&answer) {
                "rejected" => {
                    heard.insert(job, Heard::No);
                    break;
                }
                // What it cannot have been told: that it ran for somebody else, or that its outcome is lost. A machine that
                // is very busy may stand still while rules are asked, and then they have said nothing.
                "policy_timeout"
                | "held"
                | "withdrawn"
                | "not_approved"
                | "expired"
                | "audit_unavailable"
                | "approvals_unavailable"
                | "unavailable" => {}
                _ => panic!("{answer}"),
            }
        }
    }
    heard
}

/// Answers whatever waits, mostly with yes. Gives the answers that were acknowledged.
async fn people(desk: Watch, done: Arc<AtomicBool>) -> BTreeMap<String, Word> {
    let mut answered = BTreeMap::new();
    let voter = desk.desk.people.load().voter(&local::caller()).unwrap();
    let mut looks = tokio::time::interval(Duration::from_millis(10));
    while !done.load(Ordering::Relaxed) {
        looks.tick().await;
        let Ok(waiting) = desk.store.approvals_in(&["pending"], None, 50).await else { continue };
        for id in waiting {
            let Ok(approval) = desk.desk.look(&id).await else { continue };
            let word = if chance::<1>().unwrap()[0] < 16 { Word::No } else { Word::Yes };
            let (by, reason) = (voter.clone(), Some("seen".to_owned()));
            if desk
                .desk
                .act(
                    &id,
                    Wish::Vote { by, word, reason, digest: approval.digest, bounds: None, evidence: Evidence::Account },
                )
                .await
                .is_ok()
            {
                answered.insert(id, word);
            }
        }
    }
    answered
}

/// Every approval and its state, once nothing is believed to run any more.
async fn settled(desk: &Watch) -> BTreeMap<String, &'static str> {
    let mut looks = tokio::time::interval(Duration::from_millis(250));
    loop {
        looks.tick().await;
        desk.desk.sweep().await;
        if desk.store.approvals_in(&["executing"], None, 1).await.unwrap().is_empty() {
            break;
        }
    }
    let mut states = BTreeMap::new();
    for id in desk.store.approvals_in(&[], None, i64::MAX).await.unwrap() {
        let state = desk.desk.look(&id).await.unwrap().state.word();
        states.insert(id, state);
    }
    states
}

/// The desk at which people answer, in a process of their own.
#[derive(Clone)]
struct Watch {
    store: Store,
    desk: Arc<Desk>,
}

async fn desk(options: &StoreOptions) -> Watch {
    let store = Store::open_beside(options).await.unwrap();
    let desk = Desk::new(store.clone(), Arc::new(SystemClock));
    let accounts = BTreeSet::from([local::caller().principal]);
    let roles = BTreeSet::from(["reviewer".to_owned()]);
    let ada = Listed { name: "ada".to_owned(), accounts, groups: BTreeSet::new(), roles };
    desk.people.store(Arc::new(People::new([ada])));
    Watch { store, desk }
}

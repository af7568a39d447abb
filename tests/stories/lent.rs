//! With which credential does a call run, and what is left of it?

mod canary;
mod seen;
mod standing;

use std::collections::BTreeSet;
use std::time::Duration;

use countersign::digest::{hex, sha256};
use serde_json::{Value, json};

use crate::Story;
use crate::effects::class;
use crate::minter::CANARY;
use crate::waiting::{events, id, people, waiting};
use crate::world::{Plan, Told, World, text};

pub(crate) const STORIES: &[Story] = &[
    ("a_credential_is_made_after_the_decision_and_gone_before_the_answer", lent),
    ("what_is_denied_or_waits_gets_no_credential", unlent),
    ("a_reviewer_sees_what_would_be_made_and_other_arguments_are_another_credential", shown),
    ("while_none_can_be_made_a_call_stays_agreed_to", down),
    ("what_was_made_and_never_arrived_is_taken_back", lost),
    ("more_than_was_agreed_to_is_not_used", wide),
    ("what_cannot_be_taken_back_is_tried_again_and_seen_until_it_is", stuck),
    ("a_gateway_that_died_leaves_no_credential_behind", died),
    ("whatever_ends_a_call_ends_its_credential", interleaved),
    ("a_header_goes_with_the_one_request_it_is_for", standing::header),
    ("a_token_the_gateway_signs_opens_a_server_that_reads_its_keys", standing::signed),
    ("no_secret_is_found_anywhere_but_where_it_goes", canary::nowhere),
    ("credentials_that_are_out_are_seen_and_taken_back_by_those_who_look_after_them", seen::page),
    ("credentials_are_seen_and_taken_back_over_http_by_those_with_the_role", seen::over_http),
    ("whoever_agrees_has_seen_what_would_be_made", seen::card),
];

/// What `whoami` says needs a credential, and some of it waits.
const RULES: &str = r#"package countersign.lent

allow contains {"id": "all", "reason": "A story."}

require contains {"id": "key", "credential": {"provider": "mint", "scope": "read", "ttl": "20s"}} if {
	input.call.tool in {"whoami", "hang", "die", "late"}
}

deny contains {"id": "no", "reason": "No."} if input.call.arguments.say == "no"

hold contains {"id": "ask", "reason": "Somebody must look.", "reviewers": ["role:reviewer"]} if {
	input.call.arguments.say == "wait"
}
"#;

/// A gateway whose tool server is started for each call that needs a credential.
pub(crate) fn world() -> World {
    world_of("accept = [\"anyone\"]", people())
}

/// The same with other doors, and with this in the place of the people.
fn world_of(http: &'static str, more: &'static str) -> World {
    let world = World::new(&Plan { http, policy: RULES, more, server: TAKING, ..Plan::default() });
    let program = std::env::current_exe().unwrap();
    let minted = world.path("minted");
    let file = std::fs::read_to_string(world.path("countersign.toml")).unwrap();
    let more = format!(
        "[leases]\ncheck = \"1s\"\n[credentials.mint]\nkind = \"exec\"\nscopes = [\"read\", \"write\"]\nmax_ttl = \"1m\"\n\
         mint = [\"/usr/bin/env\", \"STORY_MINTER=mint\", {program:?}]\nrevoke = [\"/usr/bin/env\", \"STORY_MINTER=revoke\", {program:?}]\n\
         env = {{ STORY_MINTED = {minted:?} }}\n"
    );
    world.write("countersign.toml", &(file + &more));
    world.write("tools.json", &json!([{ "name": "whoami", "inputSchema": { "type": "object" } }]).to_string());
    world
}

const TAKING: &str = "credentials = [{ from = \"mint\", env = { STORY_SECRET = \"{value}\" } }]";

async fn serving() -> World {
    let mut world = world();
    world.serve().await;
    world
}

/// What the provider did, in order: what, and the lease.
fn ledger(world: &World) -> Vec<(String, String)> {
    let lines = std::fs::read_to_string(world.path("minted")).unwrap_or_default();
    let text = |line: &Value, key: &str| line[key].as_str().unwrap().to_owned();
    let lines = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines.map(|line| (text(&line, "what"), text(&line, "lease"))).collect()
}

/// The credentials that are out.
fn out(world: &World) -> BTreeSet<String> {
    let mut out = BTreeSet::new();
    for (what, lease) in ledger(world) {
        if what == "mint" {
            out.insert(lease);
        } else {
            out.remove(&lease);
        }
    }
    out
}

/// What can be seen of a world from outside.
struct Seen {
    out: BTreeSet<String>,
    book: Vec<Value>,
    /// Those in the book of leases that are not over, or all of them.
    leases: Vec<Value>,
}

async fn until(world: &World, what: &str, is: impl Fn(&Seen) -> bool) {
    let mut looks = tokio::time::interval(Duration::from_millis(50));
    for _ in 0..400 {
        looks.tick().await;
        if is(&Seen { out: out(world), book: world.book().await, leases: leases(world, &[]).await }) {
            return;
        }
    }
    panic!("it never was so: {what}");
}

async fn leases(world: &World, more: &[&str]) -> Vec<Value> {
    let (code, told) = world.run(&[&["leases", "list", "--json"], more].concat()).await;
    assert_eq!(code, 0, "{told}");
    told.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn of(entry: &Value) -> &str {
    entry["event"].as_str().unwrap()
}

fn lent() -> Told {
    // A41, A43, A44, B02
    Box::pin(async {
        let world = serving().await;
        let session = world.session(json!({})).await;
        let answer = session.call(1, "whoami", json!({})).await;
        let ledger = ledger(&world);
        let [(mint, lease), (revoke, again)] = ledger.as_slice() else { panic!("{ledger:?}: {answer}") };
        assert!(mint == "mint" && revoke == "revoke" && lease == again, "{ledger:?}");
        // The server had it, and said it; the agent has what the server said, without it.
        let told = text(&answer);
        let secret = format!("{CANARY}-{lease}");
        assert!(
            told.contains(&hex(&sha256(secret.as_bytes()))) && told.contains("•••") && !told.contains(CANARY),
            "{told}"
        );
        let book = world.book().await;
        let call: Vec<&Value> = book.iter().filter(|entry| entry["call"].is_string()).collect();
        let order: Vec<&str> = call.iter().map(|entry| of(entry)).collect();
        assert_eq!(order, ["arrived", "decided", "leased", "dispatched", "lease_ended", "finished"]);
        assert_eq!(call[2]["lease"], **lease);
        assert_eq!(call[2]["handle"], format!("id-of-{lease}"));
        assert_eq!(call[2]["findings"], json!(["lent/key"]));
        assert_eq!((&call[4]["end"], &call[4]["repeated"]), (&json!("revoked"), &json!(true)));
        // Another call, another decision, another credential; and without a rule none.
        session.call(2, "whoami", json!({})).await;
        session.call(3, "echo", json!({})).await;
        let leases: BTreeSet<String> = self::ledger(&world).into_iter().map(|(_, lease)| lease).collect();
        assert_eq!((leases.len(), out(&world).len()), (2, 0));
    })
}

fn unlent() -> Told {
    // A41
    Box::pin(async {
        let world = serving().await;
        let session = world.session(json!({})).await;
        assert_eq!(class(&session.call(1, "whoami", json!({ "say": "no" })).await), "denied");
        assert_eq!(class(&session.call(2, "whoami", json!({ "say": "wait" })).await), "held");
        let waits = waiting(&world, 1).await;
        let (code, told) = world.run(&["approvals", "deny", id(&waits[0]), "--reason", "not now"]).await;
        assert_eq!(code, 0, "{told}");
        assert!(ledger(&world).is_empty(), "nothing was made: {:?}", ledger(&world));
    })
}

fn shown() -> Told {
    // A41: what is shown is what is made.
    Box::pin(async {
        let mut world = world();
        world.serve_so(&["--set", "limits.approval_wait=30s"]).await;
        let session = world.session(json!({})).await;
        let answering = async {
            let waits = waiting(&world, 1).await;
            let planned = &waits[0]["shown"]["credentials"];
            assert_eq!(planned[0]["provider"], "mint", "{}", waits[0]);
            assert_eq!(planned[0]["ttl"], "20s");
            assert!(planned[0]["reaches"][0].as_str().unwrap().starts_with("read"), "{planned}");
            assert_eq!(planned[0]["into"], json!(["the variable STORY_SECRET of a process started for this call"]));
            let (code, card) = world.run(&["approvals", "show", id(&waits[0])]).await;
            assert!(code == 0 && card.contains("mint") && card.contains("20s"), "{card}");
            assert!(ledger(&world).is_empty());
            let (code, told) = world.run(&["approvals", "approve", id(&waits[0])]).await;
            assert_eq!(code, 0, "{told}");
            id(&waits[0]).to_owned()
        };
        let (answer, call) = tokio::join!(session.call(1, "whoami", json!({ "say": "wait" })), answering);
        assert!(text(&answer).contains("•••"), "{answer}");
        let told = [
            "arrived",
            "decided",
            "held",
            "voted",
            "leased",
            "claimed",
            "dispatched",
            "lease_ended",
            "finished",
            "settled",
        ];
        let mut heard = events(&world, &call).await;
        // The claim is one transaction; what is in it has no order of its own.
        heard[4..7].sort();
        let mut expected: Vec<String> = told.iter().map(|event| (*event).to_owned()).collect();
        expected[4..7].sort();
        assert_eq!(heard, expected);
        assert_eq!(out(&world).len(), 0);
        // Rules that require another lifetime make another call of it: the yes does not reach that far.
        let asking = session.call(2, "whoami", json!({ "say": "wait" }));
        let changing = async {
            let waits = waiting(&world, 1).await;
            world.write("rules/story.rego", &RULES.replace("20s", "40s"));
            until(&world, "the new rules are in force", |seen| {
                seen.book.iter().filter(|entry| of(entry) == "operated").count() > 1
            })
            .await;
            let (code, told) = world.run(&["approvals", "approve", id(&waits[0])]).await;
            assert_eq!(code, 0, "{told}");
        };
        let (answer, ()) = tokio::join!(asking, changing);
        assert_eq!(class(&answer), "superseded", "{answer}");
        assert_eq!(ledger(&world).len(), 2, "no credential was made for it");
    })
}

fn down() -> Told {
    // CRE-05
    Box::pin(async {
        let world = serving().await;
        let session = world.session(json!({})).await;
        world.write("minted.mood", "lost");
        assert_eq!(class(&session.call(1, "whoami", json!({ "say": "wait" })).await), "held");
        let call = id(&waiting(&world, 1).await[0]).to_owned();
        let (code, told) = world.run(&["approvals", "approve", &call]).await;
        assert_eq!(code, 0, "{told}");
        let answer = session.call(2, "whoami", json!({ "say": "wait" })).await;
        assert_eq!(class(&answer), "credential_unavailable", "{answer}");
        assert!(text(&answer).contains("still agreed to"), "{answer}");
        assert!(world.ledger().is_empty(), "nothing was sent");
        world.write("minted.mood", "");
        let answer = session.call(3, "whoami", json!({ "say": "wait" })).await;
        assert!(text(&answer).contains("•••"), "nobody is asked again: {answer}");
        assert_eq!(world.ledger().len(), 1);
        until(&world, "everything is taken back", |seen| seen.out.is_empty()).await;
    })
}

fn lost() -> Told {
    // CRE-06
    Box::pin(async {
        let world = serving().await;
        let session = world.session(json!({})).await;
        world.write("minted.mood", "lost");
        assert_eq!(class(&session.call(1, "whoami", json!({})).await), "credential_unavailable");
        let ledger = ledger(&world);
        assert_eq!(ledger.iter().map(|(what, _)| what.as_str()).collect::<Vec<_>>(), ["mint", "revoke"]);
        assert!(world.ledger().is_empty() && out(&world).is_empty());
    })
}

fn wide() -> Told {
    // CRE-02
    Box::pin(async {
        let world = serving().await;
        let session = world.session(json!({})).await;
        world.write("minted.mood", "wide");
        let answer = session.call(1, "whoami", json!({})).await;
        assert!(
            class(&answer).starts_with("credential_") && text(&answer).contains("more than it was asked for"),
            "{answer}"
        );
        assert!(world.ledger().is_empty() && out(&world).is_empty());
    })
}

fn stuck() -> Told {
    // A43: what fails is not forgotten.
    Box::pin(async {
        let world = serving().await;
        let session = world.session(json!({})).await;
        world.write("minted.mood", "stuck");
        let answer = session.call(1, "whoami", json!({})).await;
        assert!(text(&answer).contains("•••"), "the call itself is over: {answer}");
        let (code, told) = world.run(&["leases", "list", "--json"]).await;
        let lease: Value = serde_json::from_str(told.lines().next().unwrap()).unwrap();
        assert!(
            code == 0 && lease["state"] == "ending" && lease["trouble"].as_str().unwrap().contains("failed"),
            "{told}"
        );
        let stuck = |entry: &Value| of(entry) == "lease_ended" && entry["end"] == "stuck";
        assert!(world.book().await.iter().any(stuck));
        world.write("minted.mood", "");
        until(&world, "it is taken back", |seen| seen.out.is_empty()).await;
        until(&world, "that is written down", |seen| {
            let by_reaper = |entry: &Value| entry["by"] == "reaper" && entry["end"] == "revoked";
            seen.book.iter().any(|entry| of(entry) == "lease_ended" && by_reaper(entry))
        })
        .await;
        assert_eq!(leases(&world, &[]).await, Vec::<Value>::new(), "nothing is out");
    })
}

fn died() -> Told {
    // A43
    Box::pin(async {
        for point in ["before_mint", "after_mint"] {
            let mut world = world();
            world.fail_at = Some(point);
            world.serve().await;
            let session = world.session(json!({})).await;
            let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": { "name": "whoami", "arguments": {} } });
            let broken = world.post(body.to_string()).header("mcp-session-id", &session.id).send().await;
            if let Ok(broken) = broken {
                let said = broken.text().await.unwrap_or_default();
                assert!(!said.contains("\"result\""), "it died at {point}: {said}");
            }
            drop(session);
            assert!(world.die_within(Duration::from_secs(20)).await, "it died at {point}");
            world.fail_at = None;
            world.serve().await;
            until(&world, "the next gateway took it back", |seen| seen.leases.is_empty()).await;
            let all = leases(&world, &["--all"]).await;
            assert!(all.len() == 1 && all[0]["state"] == "revoked", "{all:?}");
            assert!(out(&world).is_empty() && world.ledger().is_empty(), "{point}: nothing was sent");
        }
    })
}

/// How many rounds of calls and deaths there are. More by hand: `COUNTERSIGN_CYCLES`.
fn rounds() -> u64 {
    crate::crashing::cycles().div_ceil(6)
}

fn interleaved() -> Told {
    // A45: whatever happens in between, in the end nothing is out.
    Box::pin(async {
        let mut world = world();
        for _ in 0..rounds() {
            world.serve().await;
            let [many, mood, long] = countersign::clock::chance().unwrap();
            world.write("minted.mood", ["", "", "lost", "wide", "stuck"][usize::from(mood) % 5]);
            let address = world.address.clone();
            let client = std::sync::Arc::new(crate::client::Client::new());
            let calls: Vec<_> = (0..4 + u64::from(many % 8))
                .map(|number| {
                    let (client, address) = (std::sync::Arc::clone(&client), address.clone());
                    let tool = ["whoami", "die", "hang", "whoami", "echo"][usize::try_from(number).unwrap() % 5];
                    tokio::spawn(async move {
                        client.call(&address, number, tool, &json!({ "name": tool, "arguments": {} })).await
                    })
                })
                .collect();
            // Some of them are over by now, some are under way, some have not begun.
            world.die_within(Duration::from_millis(50 + 4 * u64::from(long))).await;
            for call in calls {
                call.abort();
            }
        }
        world.write("minted.mood", "");
        world.serve().await;
        until(&world, "nothing is out, and the book of leases says so", |seen| {
            seen.out.is_empty() && seen.leases.is_empty()
        })
        .await;
        let minted: BTreeSet<String> = ledger(&world).into_iter().map(|(_, lease)| lease).collect();
        let (_, told) = world.run(&["leases", "list", "--all", "--json"]).await;
        let known: BTreeSet<String> = told
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap()["id"].as_str().unwrap().to_owned())
            .collect();
        assert!(minted.is_subset(&known) && !minted.is_empty(), "whatever was made stood in the book first");
    })
}

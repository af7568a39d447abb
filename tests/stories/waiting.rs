//! What happens to a call that waits for people?

use std::time::Duration;

use serde_json::{Value, json};

use crate::Story;
use crate::effects::class;
use crate::world::{Agent, Plan, Session, Told, World, event, text};

pub(crate) const STORIES: &[Story] = &[
    ("a_call_waits_until_a_person_agrees_and_runs_once", agreed),
    ("a_no_tells_the_agent_why", denied),
    ("who_comes_back_with_the_same_call_finds_the_same_approval", comes_back),
    ("one_byte_more_is_another_call", other_call),
    ("an_approval_survives_a_gateway_that_is_killed", survives),
    ("what_was_agreed_to_can_be_taken_back_until_it_is_used", taken_back),
    ("nobody_agrees_to_their_own_call", own),
    ("rules_that_changed_meanwhile_end_what_waits", rules_changed),
    ("two_who_wait_for_the_same_need_two_answers", two_live),
    ("a_client_whose_connection_broke_finds_its_call_again_and_one_that_cancels_does_not", broken_off),
    ("an_approved_call_whose_server_died_is_unknown_until_somebody_looked", unknown),
    ("a_gateway_that_dies_while_it_performs_leaves_an_unknown_outcome", died),
    ("who_waits_longer_is_kept_waiting_longer", budgets),
];

/// Everything is allowed, and some of it waits.
pub(crate) const HELD: &str = r#"package countersign.held

allow contains {"id": "all", "reason": "A story."}

hold contains {"id": "ask", "reason": "Somebody must look.", "reviewers": ["role:reviewer"]} if {
	input.call.tool in {"echo", "die", "hang"}
}
"#;

/// A gateway whose reviewer is whoever runs these stories.
pub(crate) async fn world(wait: &str) -> World {
    let mut world = waits_for_ada();
    world.serve_so(&["--set", &format!("limits.approval_wait={wait}")]).await;
    world
}

/// The same, not running yet.
pub(crate) fn waits_for_ada() -> World {
    World::new(&Plan { policy: HELD, more: people(), ..Plan::default() })
}

/// The configuration in which this user may answer.
pub(crate) fn people() -> &'static str {
    let name = countersign::identity::local::caller().principal;
    Box::leak(format!("[people.ada]\naccounts = [{name:?}]\nroles = [\"reviewer\"]\n").into_boxed_str())
}

/// The calls that wait, once there are so many.
pub(crate) async fn waiting(world: &World, count: usize) -> Vec<Value> {
    let look = async || -> Vec<Value> {
        let (code, told) = world.run(&["approvals", "list", "--json"]).await;
        assert_eq!(code, 0, "{told}");
        told.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    let mut looks = tokio::time::interval(Duration::from_millis(20));
    for _ in 0..200 {
        looks.tick().await;
        let found = look().await;
        if found.len() == count {
            return found;
        }
    }
    let found = look().await;
    panic!("there never were {count} but {}: {:?}", found.len(), found.iter().take(3).collect::<Vec<_>>())
}

pub(crate) fn id(approval: &Value) -> &str {
    approval["id"].as_str().unwrap()
}

/// A session, and the one call of it that waits.
async fn held<'w>(world: &'w World, tool: &str) -> (Session<'w>, String) {
    let session = world.session(json!({})).await;
    assert_eq!(class(&session.call(1, tool, json!({})).await), "held");
    let call = id(&waiting(world, 1).await[0]).to_owned();
    (session, call)
}

pub(crate) async fn events(world: &World, call: &str) -> Vec<String> {
    let book = world.book().await;
    book.iter().filter(|entry| entry["call"] == call).map(|entry| event(entry).to_owned()).collect()
}

fn agreed() -> Told {
    // A18, A20, B01
    Box::pin(async {
        let world = world("30s").await;
        let session = world.session(json!({})).await;
        let asking = session.call(1, "echo", json!({ "a": 1 }));
        let answering = async {
            let waits = waiting(&world, 1).await;
            assert_eq!(waits[0]["shown"]["params"]["arguments"], json!({ "a": 1 }));
            assert!(world.ledger().is_empty(), "nothing was sent before somebody agreed");
            let (code, shown) = world.run(&["approvals", "show", id(&waits[0])]).await;
            assert!(code == 0 && shown.contains("Somebody must look") && shown.contains("role:reviewer"), "{shown}");
            let (code, told) = world.run(&["approvals", "approve", id(&waits[0]), "--reason", "seen"]).await;
            assert_eq!(code, 0, "{told}");
            id(&waits[0]).to_owned()
        };
        let (answer, call) = tokio::join!(asking, answering);
        assert_eq!(text(&answer), r#"{"a":1}"#, "{answer}");
        assert_eq!(world.ledger().len(), 1);
        let told = ["arrived", "decided", "held", "voted", "claimed", "dispatched", "finished", "settled"];
        assert_eq!(events(&world, &call).await, told);
        let (code, told) = world.run(&["approvals", "approve", &call]).await;
        assert!(code == 1 && told.contains("succeeded already"), "{told}");
        waiting(&world, 0).await;
    })
}

fn denied() -> Told {
    // A37, B09
    Box::pin(async {
        let world = world("30s").await;
        let session = world.session(json!({})).await;
        let answering = async {
            let waits = waiting(&world, 1).await;
            let (code, told) =
                world.run(&["approvals", "deny", id(&waits[0]), "--reason", "archive them instead"]).await;
            assert_eq!(code, 0, "{told}");
        };
        let (answer, ()) = tokio::join!(session.call(1, "echo", json!({})), answering);
        assert_eq!(class(&answer), "rejected");
        assert!(text(&answer).contains("archive them instead"), "{answer}");
        assert!(world.ledger().is_empty());
    })
}

fn comes_back() -> Told {
    // APR-09, APR-10, APR-12, APR-13, B01
    Box::pin(async {
        let world = world("100ms").await;
        let session = world.session(json!({})).await;
        let ask = async |number| session.call(number, "echo", json!({ "a": 1 })).await;
        for number in 1..4 {
            let answer = ask(number).await;
            assert!(class(&answer) == "held" && text(&answer).contains("exactly the same call again"), "{answer}");
        }
        let waits = waiting(&world, 1).await;
        let (code, told) = world.run(&["approvals", "approve", id(&waits[0])]).await;
        assert_eq!(code, 0, "{told}");
        assert!(world.ledger().is_empty(), "nothing runs for nobody");
        assert_eq!(text(&ask(4).await), r#"{"a":1}"#);
        assert_eq!(class(&ask(5).await), "held", "what was agreed to once runs once");
        assert_eq!(world.ledger().len(), 1);
        assert_ne!(id(&waiting(&world, 1).await[0]), id(&waits[0]));
        // Asking again is another arrival of the same call; whoever replays the record is not confused by it.
        let (code, told) = world.run(&["policy", "replay", "--since", "1h", "--against", "rules"]).await;
        assert_eq!(code, 0, "{told}");
        assert!(told.contains("nothing would change") || told.contains("same"), "{told}");
        let (code, told) = world.run(&["policy", "explain", id(&waits[0])]).await;
        assert!(code == 0 && told.contains("HOLD"), "{told}");
    })
}

fn other_call() -> Told {
    // A19, PAR
    Box::pin(async {
        let world = world("100ms").await;
        let (one, two) = (world.session(json!({})).await, world.session(json!({})).await);
        for (session, arguments) in [(&one, json!({ "a": 1 })), (&two, json!({ "a": 1 })), (&one, json!({ "a": 2 }))] {
            assert_eq!(class(&session.call(1, "echo", arguments).await), "held");
        }
        // The same caller from another session asks for the same thing: one approval. One byte more: another.
        let waits = waiting(&world, 2).await;
        let first = waits.iter().find(|waits| waits["shown"]["params"]["arguments"]["a"] == 1).unwrap();
        let second = waits.iter().find(|waits| waits["shown"]["params"]["arguments"]["a"] == 2).unwrap();
        // APR-05: an answer about one is none about the other.
        let digest = first["digest"].as_str().unwrap();
        let (code, told) = world.run(&["approvals", "approve", id(second), "--digest", digest]).await;
        assert!(code == 1 && told.contains("stale"), "{told}");
        let (code, _) = world.run(&["approvals", "approve", id(first), "--digest", digest]).await;
        assert_eq!(code, 0);
        assert_eq!(class(&one.call(2, "echo", json!({ "a": 2 })).await), "held");
        assert!(world.ledger().is_empty());
    })
}

fn survives() -> Told {
    // A18, EXE-01
    Box::pin(async {
        let mut world = world("100ms").await;
        let (_, call) = held(&world, "echo").await;
        world.kill().await;
        let (code, told) = world.run(&["approvals", "approve", &call]).await;
        assert_eq!(code, 0, "{told}");
        world.serve().await;
        let session = world.session(json!({})).await;
        assert_eq!(text(&session.call(1, "echo", json!({})).await), "{}");
        assert_eq!(world.ledger().len(), 1);
        assert_eq!(class(&session.call(2, "echo", json!({})).await), "held");
    })
}

fn taken_back() -> Told {
    // A38
    Box::pin(async {
        let world = world("100ms").await;
        let (session, call) = held(&world, "echo").await;
        assert_eq!(world.run(&["approvals", "approve", &call]).await.0, 0);
        assert_eq!(world.run(&["approvals", "revoke", &call, "--reason", "wrong table"]).await.0, 0);
        assert_eq!(class(&session.call(2, "echo", json!({})).await), "held", "people are asked anew");
        assert!(world.ledger().is_empty());
        let (code, told) = world.run(&["approvals", "approve", &call]).await;
        assert!(code == 1 && told.contains("revoked"), "{told}");
    })
}

fn own() -> Told {
    // A21, APR-06: the same person over standard input and at the command line.
    Box::pin(async {
        let world = waits_for_ada();
        let mut agent = Agent::start(&world);
        agent.hello().await;
        let ask = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{}}}"#;
        agent.say(ask).await;
        assert_eq!(class(&agent.hear().await), "held");
        let waits = waiting(&world, 1).await;
        let (code, told) = world.run(&["approvals", "approve", id(&waits[0])]).await;
        assert!(code == 5 && told.contains("own_call"), "{told}");
        assert_eq!(waiting(&world, 1).await[0]["votes"], json!([]));
        let (code, told) = world.run(&["approvals", "withdraw", id(&waits[0])]).await;
        assert!(code == 0 && told.contains("cancelled"), "{told}");
        assert_eq!(world.run(&["wait", id(&waits[0])]).await, (23, "cancelled\n".to_owned()));
        assert_eq!(world.run(&["wait", "ffff"]).await.0, 3);
        agent.leave().await;
        assert!(world.ledger().is_empty());
    })
}

fn rules_changed() -> Told {
    // POL-07: the stricter answer wins, also after people agreed.
    Box::pin(async {
        let mut world = world("100ms").await;
        let (_, call) = held(&world, "echo").await;
        assert_eq!(world.run(&["approvals", "approve", &call]).await.0, 0);
        let stricter = HELD.replace("[\"role:reviewer\"]", "[\"role:reviewer\"], \"quorum\": 2");
        world.write("rules/story.rego", &stricter);
        world.logged("new policies are in force").await;
        let session = world.session(json!({})).await;
        assert_eq!(class(&session.call(2, "echo", json!({})).await), "held");
        assert!(world.ledger().is_empty());
        let (_, told) = world.run(&["approvals", "show", &call]).await;
        assert!(told.starts_with("SUPERSEDED"), "{told}");
    })
}

fn two_live() -> Told {
    // APR-09: one approval is never consumed by two who wait.
    Box::pin(async {
        let world = world("20s").await;
        let (one, two) = (world.session(json!({})).await, world.session(json!({})).await);
        let answering = async {
            let waits = waiting(&world, 2).await;
            assert_eq!(world.run(&["approvals", "approve", id(&waits[0])]).await.0, 0);
            waiting(&world, 1).await;
            assert_eq!(world.ledger().len(), 1, "one answer, one call");
            assert_eq!(world.run(&["approvals", "deny", id(&waits[1]), "--reason", "once is enough"]).await.0, 0);
        };
        let ask = json!({ "a": 1 });
        let (first, second, ()) = tokio::join!(one.call(1, "echo", ask.clone()), two.call(1, "echo", ask), answering);
        let ran = [&first, &second].into_iter().filter(|answer| answer["result"]["isError"] != true).count();
        assert_eq!((ran, world.ledger().len()), (1, 1), "{first} {second}");
    })
}

fn unknown() -> Told {
    // EXE-03, EXE-09
    Box::pin(async {
        let world = world("100ms").await;
        let (session, call) = held(&world, "die").await;
        assert_eq!(world.run(&["approvals", "approve", &call]).await.0, 0);
        let answer = session.call(2, "die", json!({})).await;
        assert!(answer.to_string().contains("may or may not have"), "{answer}");
        assert_eq!(waiting(&world, 1).await[0]["state"], "outcome_unknown");
        assert_eq!(class(&session.call(3, "die", json!({})).await), "held", "doing it again is another call");
        assert_eq!(world.ledger().len(), 1);
        let looked = ["approvals", "reconcile", &call, "--did-not-happen", "--evidence", "the ledger has no row"];
        let (code, told) = world.run(&looked).await;
        assert!(code == 0 && told.contains("reconciled_failed"), "{told}");
        let (code, told) = world.run(&looked).await;
        assert!(code == 1 && told.contains("reconciled_failed already"), "{told}");
        let settled = world.book().await;
        let settled = settled.iter().rfind(|entry| event(entry) == "settled").unwrap();
        assert_eq!((&settled["by"], &settled["why"]), (&json!("ada"), &json!("the ledger has no row")));
    })
}

fn died() -> Told {
    // EXE-02
    Box::pin(async {
        let mut world = world("100ms").await;
        let call = {
            let (session, call) = held(&world, "hang").await;
            assert_eq!(world.run(&["approvals", "approve", &call]).await.0, 0);
            let performing = async {
                let mut looks = tokio::time::interval(Duration::from_millis(20));
                while world.ledger().is_empty() {
                    looks.tick().await;
                }
            };
            tokio::select! {
                answer = session.call(2, "hang", json!({})) => panic!("it was answered: {answer}"),
                () = performing => call,
            }
        };
        world.kill().await;
        let state = async || waiting(&world, 1).await[0]["state"].as_str().unwrap().to_owned();
        assert_eq!(state().await, "executing", "others believe for a while that it is alive");
        let mut looks = tokio::time::interval(Duration::from_millis(200));
        while state().await == "executing" {
            looks.tick().await;
        }
        assert_eq!(state().await, "outcome_unknown");
        assert_eq!(world.ledger().len(), 1, "it is never sent again by itself");
        let (code, told) = world.run(&["approvals", "reconcile", &call, "--happened", "--evidence", "row 1"]).await;
        assert!(code == 0 && told.contains("reconciled_succeeded"), "{told}");
    })
}

fn broken_off() -> Told {
    // APR-11, APR-12, APR-13, A38
    Box::pin(async {
        let world = world("20s").await;
        let params = json!({ "name": "echo", "arguments": { "a": 1 } });
        let ask = |number: u64| world.modern_post(number, "tools/call", params.clone());
        assert!(ask(1).timeout(Duration::from_millis(700)).send().await.is_err(), "it hung up");
        let waits = waiting(&world, 1).await;
        let answering = async {
            assert_eq!(id(&waiting(&world, 1).await[0]), id(&waits[0]), "nobody is asked twice");
            assert_eq!(world.run(&["approvals", "approve", id(&waits[0])]).await.0, 0);
        };
        let (answer, ()) = tokio::join!(async { ask(2).send().await.unwrap().text().await.unwrap() }, answering);
        assert!(answer.contains(r#"{\"a\":1}"#), "{answer}");
        assert_eq!(world.ledger().len(), 1);
        // Hanging up does not cancel in the older era, and still nothing runs for nobody.
        let session = world.session(json!({})).await;
        let hung_up =
            tokio::time::timeout(Duration::from_millis(700), session.call(3, "echo", json!({ "c": 3 }))).await;
        assert!(hung_up.is_err(), "it hung up");
        let waits = waiting(&world, 1).await;
        assert_eq!(world.run(&["approvals", "approve", id(&waits[0])]).await.0, 0);
        let (code, shown) = world.run(&["approvals", "show", id(&waits[0])]).await;
        assert!(code == 0 && shown.starts_with("APPROVED"), "{shown}");
        assert_eq!(world.ledger().len(), 1);
        assert_eq!(text(&session.call(4, "echo", json!({ "c": 3 })).await), r#"{"c":3}"#);
        assert_eq!(world.ledger().len(), 2);
        // Somebody who says that they want it no more means it.
        let cancelling = async {
            let waits = waiting(&world, 1).await;
            let cancel = json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": { "requestId": 7 } });
            session.send(cancel.to_string()).await;
            let (code, _) = world.run(&["wait", id(&waits[0])]).await;
            assert_eq!(code, 23);
        };
        tokio::join!(session.send(call(7).to_string()), cancelling);
        assert_eq!(world.ledger().len(), 2);
    })
}

fn call(id: u64) -> Value {
    let params = json!({ "name": "echo", "arguments": { "b": 2 } });
    json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params })
}

fn budgets() -> Told {
    Box::pin(async {
        let mut world = World::new(&Plan {
            policy: HELD,
            more: "[limits]\napproval_wait = \"1h\"\napproval_waits = { http = \"100ms\", \"key:patient\" = \"1h\" }\n",
            ..Plan::default()
        });
        let (code, told) = world.run(&["config", "show"]).await;
        assert!(code == 0 && told.contains("limits.approval_waits.key:patient"), "{told}");
        world.serve_so(&["--set", "limits.approval_wait=1h"]).await;
        let session = world.session(json!({})).await;
        assert_eq!(
            class(&session.call(1, "echo", json!({})).await),
            "held",
            "where it comes in counts more than the rest"
        );
        world.write("countersign.toml", "[limits]\napproval_waits = { phone = \"1m\", http = \"soon\" }\n");
        let (code, told) = world.run(&["check"]).await;
        assert_ne!(code, 0);
        assert!(told.contains("phone") && told.contains("soon") && told.contains("countersign.toml:2"), "{told}");
    })
}

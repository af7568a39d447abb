//! What is true after a gateway fell at the one place where it matters?

use std::os::unix::process::ExitStatusExt as _;
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::Story;
use crate::effects::class;
use crate::waiting::{events, id, waiting, waits_for_ada};
use crate::world::{Told, World, answer, text};

pub(crate) const STORIES: &[Story] = &[
    ("a_gateway_that_falls_when_a_call_is_held_finds_it_again", opened),
    ("an_answer_is_kept_although_whoever_took_it_falls", voted),
    ("a_gateway_that_falls_around_the_dispatch_leaves_the_truth", performed),
];

/// What the one call is answered with; nothing when the gateway fell.
async fn ask(world: &World, number: u64) -> Option<Value> {
    let post = world.modern_post(number, "tools/call", json!({ "name": "echo", "arguments": { "a": 1 } }));
    let reply = post.send().await.ok()?.text().await.ok()?;
    Some(answer(&reply))
}

/// Makes the call at a gateway that falls there, and starts it again.
async fn falls(world: &mut World, point: &'static str) {
    world.fail_at = Some(point);
    world.serve().await;
    assert_eq!(ask(world, 1).await, None, "{point}");
    fallen(world).await;
}

/// The gateway fell by itself; it is started again.
async fn fallen(world: &mut World) {
    assert!(world.die_within(Duration::from_secs(20)).await, "it fell by itself");
    world.fail_at = None;
    world.serve().await;
}

fn opened() -> Told {
    // APR-13, B01
    Box::pin(async {
        let mut world = waits_for_ada();
        falls(&mut world, "after_open").await;
        let waits = waiting(&world, 1).await;
        assert_eq!(waits[0]["state"], "pending");
        assert_eq!(class(&ask(&world, 2).await.unwrap()), "held");
        assert_eq!(id(&waiting(&world, 1).await[0]), id(&waits[0]), "nobody is asked twice");
        assert_eq!(world.run(&["approvals", "approve", id(&waits[0])]).await.0, 0);
        assert_eq!(text(&ask(&world, 3).await.unwrap()), r#"{"a":1}"#);
        assert_eq!(world.ledger().len(), 1);
    })
}

fn voted() -> Told {
    // EXE-01: the person does not know whether it was heard, and looks.
    Box::pin(async {
        let mut world = waits_for_ada();
        world.serve().await;
        assert_eq!(class(&ask(&world, 1).await.unwrap()), "held");
        let call = id(&waiting(&world, 1).await[0]).to_owned();
        world.fail_at = Some("after_vote");
        let ended = world.command(&["approvals", "approve", &call]).output().await.unwrap();
        assert_eq!((ended.status.signal(), ended.stdout.len()), (Some(9), 0), "it fell without a word");
        world.fail_at = None;
        assert_eq!(waiting(&world, 1).await[0]["state"], "approved");
        let (code, told) = world.run(&["approvals", "approve", &call]).await;
        assert!(code != 0 && told.contains("approved already"), "{told}");
        world.kill().await;
        world.serve().await;
        assert_eq!(text(&ask(&world, 2).await.unwrap()), r#"{"a":1}"#);
        assert_eq!(world.ledger().len(), 1);
        let told = events(&world, &call).await;
        assert_eq!(told.iter().filter(|event| *event == "voted").count(), 1, "{told:?}");
    })
}

fn performed() -> Told {
    // EXE-02, EXE-03, EXE-04: where it fell, what the server saw, what the record says at once and in the end.
    const CASES: [(&str, usize, &str, &str); 3] = [
        ("after_claim", 0, "executing", "outcome_unknown"),
        ("after_reply", 1, "executing", "outcome_unknown"),
        ("after_outcome", 1, "succeeded", "succeeded"),
    ];
    Box::pin(async {
        join_all(CASES.map(|(point, sent, before, after)| async move {
            let mut world = waits_for_ada();
            world.fail_at = Some(point);
            world.serve().await;
            assert_eq!(class(&ask(&world, 1).await.unwrap()), "held");
            let call = id(&waiting(&world, 1).await[0]).to_owned();
            assert_eq!(world.run(&["approvals", "approve", &call]).await.0, 0);
            assert_eq!(ask(&world, 2).await, None, "{point}");
            fallen(&mut world).await;
            assert_eq!(world.ledger().len(), sent, "{point}");
            assert_eq!(state(&world, &call).await, before, "{point}");
            let mut looks = tokio::time::interval(Duration::from_millis(500));
            while state(&world, &call).await == "executing" {
                looks.tick().await;
            }
            assert_eq!(state(&world, &call).await, after, "{point}");
            // Whoever asks again asks people again: nothing is repeated on an answer that was used.
            assert_eq!(class(&ask(&world, 3).await.unwrap()), "held");
            assert_eq!(world.ledger().len(), sent, "{point}");
            let told = events(&world, &call).await;
            let count = |wanted: &str| told.iter().filter(|event| *event == wanted).count();
            let finished = usize::from(after == "succeeded");
            assert_eq!((count("claimed"), count("dispatched"), count("finished")), (1, 1, finished), "{told:?}");
        }))
        .await;
    })
}

async fn state(world: &World, call: &str) -> String {
    let (code, listed) = world.run(&["approvals", "list", "--all", "--json"]).await;
    assert_eq!(code, 0, "{listed}");
    let all = listed.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let found = all.into_iter().find(|approval| id(approval) == call).unwrap();
    found["state"].as_str().unwrap().to_owned()
}

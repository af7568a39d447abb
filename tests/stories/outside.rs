//! Is a critical call sent only when somebody outside knows who agreed to it?

use std::time::Duration;

use serde_json::{Value, json};

use crate::Story;
use crate::waiting::{people, waiting};
use crate::world::{Plan, Told, World};

pub(crate) const STORIES: &[Story] = &[
    ("a_critical_call_is_sent_once_an_anchor_has_what_people_said", anchored),
    ("a_critical_call_that_cannot_be_anchored_is_not_sent", refused),
    ("a_call_that_a_rule_calls_critical_while_it_waits_is_anchored_too", later),
];

const RULES: &str = r#"
package countersign.story

allow contains {"id": "all", "reason": "A story."}

hold contains {"id": "grave", "reason": "Somebody must agree.", "reviewers": ["role:reviewer"], "severity": "critical"} if {
	input.call.tool == "echo"
}
"#;

fn world(within: &str) -> World {
    let anchor = "[[anchors]]\nname = \"outside\"\nkind = \"folder\"\npath = \"worm\"\nevery = \"1h\"\n";
    let more = format!("{}{anchor}before_execute = true\nwithin = \"{within}\"\n", people());
    World::new(&Plan { policy: RULES, more: Box::leak(more.into_boxed_str()), ..Plan::default() })
}

async fn agree(world: &World) -> String {
    let call = waiting(world, 1).await[0]["id"].as_str().unwrap().to_owned();
    let (code, told) = world.run(&["approvals", "approve", &call]).await;
    assert_eq!(code, 0, "{told}");
    call
}

fn anchored() -> Told {
    Box::pin(async {
        let mut world = world("20s");
        std::fs::create_dir(world.path("worm")).unwrap();
        world.serve_so(&["--set", "limits.approval_wait=1m"]).await;
        let session = world.session(json!({})).await;
        let (ran, call) = tokio::join!(session.call(1, "echo", json!({ "job": "a1" })), agree(&world));
        assert_ne!(ran["result"]["isError"], true, "{ran}");
        // What the anchor had by then covers the yes, and not yet the deed.
        let anchors: Vec<u64> = std::fs::read_dir(world.path("worm/checkpoints"))
            .unwrap()
            .map(|file| file.unwrap().file_name().to_string_lossy().parse().unwrap())
            .collect();
        world.stop().await;
        let book = world.book().await;
        let seq = |event: &str| {
            book.iter().find(|entry| entry["event"] == event && entry["call"] == call.as_str()).unwrap()["seq"]
                .as_u64()
                .unwrap()
        };
        // Without gaps the number of an entry is one more than its place.
        assert!(
            anchors.iter().any(|size| *size >= seq("voted") && *size < seq("dispatched")),
            "{anchors:?}: {book:#?}"
        );
    })
}

fn refused() -> Told {
    Box::pin(async {
        let mut world = world("6s");
        world.serve_so(&["--set", "limits.approval_wait=1m"]).await;
        let session = world.session(json!({})).await;
        let (ran, call) = tokio::join!(session.call(1, "echo", json!({ "job": "a1" })), agree(&world));
        let told = ran.to_string();
        assert!(ran["result"]["isError"] == true || ran.get("error").is_some(), "{ran}");
        assert!(told.contains("nothing was sent") && told.contains("outside"), "{told}");
        assert!(!world.ledger().iter().any(|line| line.to_string().contains("a1")), "{:?}", world.ledger());
        let refused = |entry: &&Value| entry["event"] == "refused" && entry["call"] == call.as_str();
        let book = world.book().await;
        let why = book.iter().find(refused).unwrap();
        assert_eq!(why["class"], "unanchored", "{why}");
        assert!(!book.iter().any(|entry| entry["event"] == "claimed" || entry["event"] == "dispatched"));
        // When the anchor is there again, the same yes is still good.
        std::fs::create_dir(world.path("worm")).unwrap();
        let ran = session.call(2, "echo", json!({ "job": "a1" })).await;
        assert_ne!(ran["result"]["isError"], true, "{ran}");
        world.stop().await;
    })
}

fn later() -> Told {
    Box::pin(async {
        let mut world = world("6s");
        let harmless = RULES.replace(", \"severity\": \"critical\"", "");
        world.write("rules/story.rego", &harmless);
        world.serve_so(&["--set", "limits.approval_wait=1m"]).await;
        let session = world.session(json!({})).await;
        let (ran, _) = tokio::join!(session.call(1, "echo", json!({ "job": "a1" })), agree(&world));
        assert_ne!(ran["result"]["isError"], true, "what is not critical waits for no anchor: {ran}");
        let changing = async {
            waiting(&world, 1).await;
            world.write("rules/story.rego", RULES);
            let mut looks = tokio::time::interval(Duration::from_millis(50));
            while !world.book().await.iter().any(|entry| entry["what"] == "policy_loaded") {
                looks.tick().await;
            }
            agree(&world).await
        };
        let (ran, _) = tokio::join!(session.call(2, "echo", json!({ "job": "a2" })), changing);
        let told = ran.to_string();
        assert!(told.contains("nothing was sent") && told.contains("outside"), "{told}");
        assert_eq!(world.ledger().len(), 1);
        world.stop().await;
    })
}

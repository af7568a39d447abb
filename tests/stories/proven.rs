//! What can somebody prove who trusts nobody in the room?

use serde_json::{Value, json};

use crate::Story;
use crate::waiting::{waiting, waits_for_ada};
use crate::world::{Told, World};

pub(crate) const STORIES: &[Story] = &[
    ("what_happened_is_proven_to_an_outsider", outsider),
    ("what_was_changed_behind_the_gateways_back_is_found", changed),
    ("what_nobody_may_keep_is_erased_and_every_proof_holds", erased),
    ("the_signing_key_is_changed_and_the_old_one_leads_to_the_new_one", rotated),
    ("a_database_that_is_not_the_one_that_was_signed_is_not_used", restored),
];

/// A call that a person agreed to, and others; and a gateway that left.
async fn some_calls() -> World {
    let mut world = waits_for_ada();
    world.serve_so(&["--set", "limits.approval_wait=1m"]).await;
    let session = world.session(json!({})).await;
    for number in 0..5 {
        session.call(number, "drop_table", json!({ "text": format!("to be kept {number}") })).await;
    }
    let (ran, ()) = tokio::join!(session.call(9, "echo", json!({ "job": "a1" })), async {
        let call = waiting(&world, 1).await[0]["id"].as_str().unwrap().to_owned();
        let (code, told) = world.run(&["approvals", "approve", &call]).await;
        assert_eq!(code, 0, "{told}");
    });
    assert_ne!(ran["result"]["isError"], true, "{ran}");
    world.stop().await;
    world
}

async fn key(world: &World) -> String {
    world.run(&["audit", "key"]).await.1.trim().to_owned()
}

async fn entry(world: &World, event: &str) -> Value {
    world.book().await.into_iter().find(|entry| entry["event"] == event).unwrap()
}

// A47, A48, B07: decision, vote and result stand in one log, which somebody checks who has files and a key.
fn outsider() -> Told {
    Box::pin(async {
        let world = some_calls().await;
        let (code, told) = world.run(&["audit", "verify"]).await;
        assert_eq!(code, 0, "{told}");
        assert!(told.contains("verified: countersign.local/") && told.contains("who holds the key"), "{told}");
        let key = key(&world).await;
        let vote = entry(&world, "voted").await["seq"].to_string();
        let (code, told) = world.run(&["audit", "proof", &vote, "--out", "proofs"]).await;
        assert_eq!(code, 0, "{told}");
        let (entry, proof) = (format!("proofs/entry-{vote}.json"), format!("proofs/entry-{vote}.tlog-proof"));
        let check = ["audit", "verify", "--entry", &entry, "--proof", &proof, "--key", &key];
        let (code, told) = world.run(&check).await;
        assert!(code == 0 && told.contains("proven: leaf") && told.contains("\"word\":\"yes\""), "{code} {told}");
        let changed = std::fs::read_to_string(world.path(&entry)).unwrap().replace("yes", "no!");
        world.write(&entry, &changed);
        assert_eq!(world.run(&check).await.0, 1, "one word was changed");
        let call = self::entry(&world, "voted").await["call"].as_str().unwrap().to_owned();
        let (code, told) = world.run(&["audit", "approval", &call, "--key", &key]).await;
        assert!(code == 0 && told.contains("said yes") && told.contains("exactly that ran"), "{code} {told}");
        assert!(told.contains("8 of 8 entries of this call are proven"), "{told}");
        let (code, told) = world.run(&["audit", "bundle", "all"]).await;
        assert_eq!(code, 0, "{told}");
        // From here on there is no database and there are no keys.
        std::fs::remove_file(world.path("book.db")).unwrap();
        std::fs::remove_dir_all(world.path("book-keys")).unwrap();
        let (code, told) = world.run(&["audit", "verify", "all", "--key", &key, "--json"]).await;
        let report: Value = serde_json::from_str(&told).unwrap();
        assert_eq!(
            (code, report["verdict"].as_str(), report["findings"].as_array().unwrap().len()),
            (0, Some("verified"), 0)
        );
        assert_eq!(report["leaves"], report["bodies"]);
        let (code, told) = world.run(&["audit", "verify", "all"]).await;
        assert!(code == 3 && told.contains("cannot be decided"), "nobody is believed without a key: {code} {told}");
    })
}

fn changed() -> Told {
    Box::pin(async {
        // AUD-01
        let world = some_calls().await;
        let vote = entry(&world, "voted").await["seq"].as_i64().unwrap();
        let db = rusqlite::Connection::open(world.path("book.db")).unwrap();
        db.execute("UPDATE entry SET at = at + 1 WHERE seq = ?", [vote]).unwrap();
        drop(db);
        let (code, told) = world.run(&["audit", "verify"]).await;
        assert!(code == 1 && told.contains("TAMPERED") && told.contains(&format!("entry {vote}")), "{code} {told}");
    })
}

fn erased() -> Told {
    Box::pin(async {
        // AUD-07, A55
        let world = some_calls().await;
        let arrived = entry(&world, "arrived").await;
        assert_eq!(arrived["params"]["arguments"]["text"], "to be kept 0");
        let number = arrived["seq"].to_string();
        let pointer = "/params/arguments/text";
        let erase = ["audit", "redact", &number, pointer, "--reason", "request 41"];
        let (code, told) = world.run(&erase).await;
        assert!(code == 0 && told.contains(&format!("erased in entry {number}: {pointer}")), "{code} {told}");
        let (code, told) = world.run(&["log", "tail", "-n", "1000", "--json"]).await;
        assert_eq!(code, 0);
        assert!(
            !told.contains("to be kept 0") && told.contains("to be kept 1") && told.contains("request 41"),
            "{told}"
        );
        for file in ["book.db", "book.db-wal"] {
            let bytes = std::fs::read(world.path(file)).unwrap_or_default();
            assert!(!bytes.windows(12).any(|part| part == b"to be kept 0"), "{file}");
        }
        let (code, told) = world.run(&["audit", "verify"]).await;
        assert!(code == 0 && told.contains("What was erased:") && told.contains(pointer), "{code} {told}");
    })
}

fn rotated() -> Told {
    Box::pin(async {
        // AUD-06
        let mut world = some_calls().await;
        let old = key(&world).await;
        let (code, told) = world.run(&["audit", "rotate", "--reason", "a year is over"]).await;
        assert_eq!(code, 0, "{told}");
        world.serve().await;
        world.session(json!({})).await.call(1, "drop_table", json!({ "text": "later" })).await;
        world.stop().await;
        let new = key(&world).await;
        assert_ne!(old, new);
        for key in [&old, &new] {
            let (code, told) = world.run(&["audit", "verify", "--key", key]).await;
            assert_eq!(code, 0, "{told}");
        }
        let (_, told) = world.run(&["audit", "key", "--all"]).await;
        assert!(told.contains(&old) && told.contains(&new), "{told}");
    })
}

fn restored() -> Told {
    Box::pin(async {
        // STO-05
        let mut world = some_calls().await;
        let backup = std::fs::read(world.path("book.db")).unwrap();
        let before = std::fs::read_to_string(world.path("book-keys/checkpoint")).unwrap();
        world.write("before.txt", &before);
        world.serve().await;
        world.session(json!({})).await.call(1, "drop_table", json!({ "text": "later" })).await;
        world.stop().await;
        world.write("after.txt", &std::fs::read_to_string(world.path("book-keys/checkpoint")).unwrap());
        let (code, told) = world.run(&["audit", "consistency", "before.txt", "after.txt"]).await;
        assert!(code == 0 && told.contains("it only grew"), "{told}");
        for beside in ["book.db-wal", "book.db-shm"] {
            drop(std::fs::remove_file(world.path(beside)));
        }
        std::fs::write(world.path("book.db"), backup).unwrap();
        let (code, told) = world.run(&["audit", "consistency", "before.txt", "after.txt"]).await;
        assert_eq!(code, 1, "{told}");
        let (code, told) = world.run(&["serve"]).await;
        assert!(code == 1 && told.contains("not the one that was signed") && told.contains("audit rollover"), "{told}");
        let (code, told) = world.run(&["audit", "rollover", "--reason", "the disk is lost"]).await;
        assert!(code == 0 && told.contains("/from-2"), "{told}");
        let rolled = world.book().await.into_iter().find(|entry| entry["what"] == "rolled_over").unwrap();
        assert!(rolled["detail"].as_str().unwrap().contains("the disk is lost"), "{rolled}");
        world.serve().await;
        world.session(json!({})).await.call(1, "drop_table", json!({ "text": "again" })).await;
        world.stop().await;
        let (code, told) = world.run(&["audit", "verify"]).await;
        assert_eq!(code, 0, "{told}");
        let (code, told) = world.run(&["audit", "verify", "--checkpoint", "after.txt"]).await;
        assert!(
            code == 1 && told.contains("after.txt"),
            "whoever kept the old one sees that it is another log: {told}"
        );
    })
}

//! What becomes of the record when its time is over, and what stays whatever its time says?

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::Story;
use crate::waiting::{waiting, waits_for_ada};
use crate::world::{Plan, Told, World};

pub(crate) const STORIES: &[Story] = &[
    ("what_is_too_old_goes_into_an_archive_and_every_proof_holds", pruned),
    ("what_was_not_said_to_go_and_is_gone_is_tampering", unsaid),
    ("what_is_held_stays_until_it_is_released", held),
    ("a_gateway_removes_what_is_too_old_by_itself", retained),
    ("whoever_is_cut_off_between_archive_and_removal_loses_nothing", cut_off),
];

/// Two calls of which one waited, and a gateway that left.
async fn some_calls() -> World {
    let mut world = waits_for_ada();
    world.serve_so(&["--set", "limits.approval_wait=1m"]).await;
    let session = world.session(json!({})).await;
    session.call(1, "drop_table", json!({ "text": "a first secret" })).await;
    let (ran, ()) = tokio::join!(session.call(9, "echo", json!({ "job": "a second secret" })), async {
        let call = waiting(&world, 1).await[0]["id"].as_str().unwrap().to_owned();
        let (code, told) = world.run(&["approvals", "approve", &call]).await;
        assert_eq!(code, 0, "{told}");
    });
    assert_ne!(ran["result"]["isError"], true, "{ran}");
    world.stop().await;
    world
}

async fn done(world: &World, arguments: &[&str]) -> String {
    let (code, told) = world.run(arguments).await;
    assert_eq!(code, 0, "{arguments:?}: {told}");
    told
}

fn archives(world: &World, place: &str) -> Vec<PathBuf> {
    let Ok(found) = std::fs::read_dir(world.path(place)) else { return Vec::new() };
    let mut found: Vec<PathBuf> = found.map(|entry| entry.unwrap().path()).collect();
    found.sort();
    found
}

// AUD-10, A54.
fn pruned() -> Told {
    Box::pin(async {
        let world = some_calls().await;
        let before = std::fs::read_to_string(world.path("book-keys/checkpoint")).unwrap();
        world.write("before.txt", &before);
        let vote = world.book().await.into_iter().find(|entry| entry["event"] == "voted").unwrap();
        let (number, call) = (vote["seq"].to_string(), vote["call"].as_str().unwrap().to_owned());
        done(&world, &["audit", "proof", &number, "--out", "proofs"]).await;
        let told = done(&world, &["audit", "prune", "--before", "0s", "--dry-run"]).await;
        assert!(
            told.contains("calls: ") && told.contains("sessions: ") && told.contains("would be archived"),
            "{told}"
        );
        assert!(done(&world, &["audit", "verify"]).await.contains("verified"), "nothing went");

        let told = done(&world, &["audit", "prune", "--before", "0s", "--archive", "old"]).await;
        assert!(told.contains("bodies were archived and removed") && told.contains("sha256:"), "{told}");
        let archive = archives(&world, "old").pop().unwrap();
        let name = archive.file_name().unwrap().to_string_lossy().into_owned();
        let left = done(&world, &["log", "tail", "-n", "1000", "--json"]).await;
        assert!(!left.contains("secret") && left.contains("\"pruned\":true"), "{left}");
        let shown = world.run(&["approvals", "show", &call]).await;
        assert_ne!(shown.0, 0, "what people were shown went with it: {}", shown.1);

        let (code, told) = world.run(&["audit", "verify"]).await;
        assert!(
            code == 2 && told.contains("incomplete") && told.contains("removed when their time was over"),
            "{told}"
        );
        assert!(told.contains(&name) && told.contains("sha256:") && !told.contains("What is wrong"), "{told}");
        assert!(told.contains(&countersign::identity::local::caller().principal), "who did it: {told}");
        let (code, told) = world.run(&["audit", "verify", "--checkpoint", "before.txt", "--archive", "old"]).await;
        assert!(code == 0 && told.contains("from archives"), "{code} {told}");

        let (code, told) = world.run(&["audit", "approval", &call]).await;
        assert!(code == 2 && told.contains("incomplete") && told.contains("--archive"), "{code} {told}");
        let told = done(&world, &["audit", "approval", &call, "--archive", "old"]).await;
        assert!(told.contains("said yes") && told.contains("exactly that ran"), "{told}");

        // What was given out before still proves the same, and what is given out now is as good.
        let key = done(&world, &["audit", "key"]).await.trim().to_owned();
        let (entry, proof) = (format!("proofs/entry-{number}.json"), format!("proofs/entry-{number}.tlog-proof"));
        let proven = done(&world, &["audit", "verify", "--entry", &entry, "--proof", &proof, "--key", &key]).await;
        assert!(proven.contains("proven: leaf") && proven.contains("\"word\":\"yes\""), "{proven}");
        done(&world, &["audit", "bundle", "all"]).await;
        let (code, told) = world.run(&["audit", "verify", "all", "--key", &key]).await;
        assert!(code == 2 && told.contains(&name), "{code} {told}");
        let (code, told) = world.run(&["audit", "verify", "all", "--key", &key, "--archive", "old"]).await;
        assert_eq!(code, 0, "{told}");
        let (code, told) = world.run(&["audit", "verify", &format!("old/{name}"), "--key", &key]).await;
        assert!(matches!(code, 0 | 2) && !told.contains("What is wrong"), "the archive by itself: {code} {told}");

        // Also once the log goes on under another name.
        done(&world, &["audit", "rollover", "--reason", "the disk is lost"]).await;
        done(&world, &["audit", "verify", "--archive", "old"]).await;

        // An archive that somebody changed proves nothing.
        let bodies = archive.join("bodies/000.jsonl");
        let changed = std::fs::read_to_string(&bodies).unwrap().replace("a first secret", "a worse secret");
        std::fs::write(&bodies, changed).unwrap();
        let (code, told) = world.run(&["audit", "verify", "--archive", "old"]).await;
        assert!(code == 1 && told.contains("the body an archive has of entry"), "{code} {told}");
        let told = done(&world, &["audit", "prune", "--before", "0s", "--archive", "old"]).await;
        assert!(told.contains("1 bodies were archived"), "the rollover, and nothing again that is gone: {told}");
    })
}

fn unsaid() -> Told {
    // AUD-10
    Box::pin(async {
        let world = some_calls().await;
        let db = rusqlite::Connection::open(world.path("book.db")).unwrap();
        db.execute("UPDATE entry SET sealed = X'' WHERE seq = 3", []).unwrap();
        drop(db);
        let (code, told) = world.run(&["audit", "verify"]).await;
        assert!(code == 1 && told.contains("no entry of the log says so"), "{code} {told}");
    })
}

fn held() -> Told {
    Box::pin(async {
        let world = some_calls().await;
        let (code, told) = world.run(&["audit", "hold", "add", "--reason", "x"]).await;
        assert_eq!(code, 2, "of nothing: {told}");
        let vote = world.book().await.into_iter().find(|entry| entry["event"] == "voted").unwrap();
        let call = vote["call"].as_str().unwrap();
        done(&world, &["audit", "hold", "add", "--call", call, "--reason", "case 12"]).await;
        let told = done(&world, &["audit", "hold", "list", "--json"]).await;
        let hold: Value = serde_json::from_str(told.trim()).unwrap();
        assert_eq!((hold["call"].as_str(), hold["reason"].as_str()), (Some(call), Some("case 12")));
        let name = hold["hold"].as_str().unwrap();

        // Neither erased nor removed.
        let arrived = world.book().await.into_iter().find(|entry| entry["event"] == "arrived" && entry["call"] == call);
        let number = arrived.unwrap()["seq"].to_string();
        let (code, told) =
            world.run(&["audit", "redact", &number, "/params/arguments/job", "--reason", "request 41"]).await;
        assert!(code != 0 && told.contains(name) && told.contains("case 12"), "{code} {told}");
        let told = done(&world, &["audit", "prune", "--before", "0s"]).await;
        assert!(told.contains(&format!("stay because of {name}")), "{told}");
        let left = done(&world, &["log", "tail", "-n", "1000", "--json"]).await;
        assert!(left.contains("a second secret") && !left.contains("a first secret"), "{left}");
        done(&world, &["approvals", "show", call]).await;
        let said = world.book().await.into_iter().find(|entry| entry["event"] == "pruned").unwrap();
        assert!(said["held"][name].as_u64().is_some_and(|count| count > 5), "{said}");
        // A body that is held and gone is no pruning, whoever did it.
        let (code, told) = world.run(&["audit", "verify"]).await;
        assert_eq!(code, 2, "{told}");

        // By whom, by when.
        let by = countersign::identity::local::caller().principal;
        done(&world, &["audit", "hold", "add", "--principal", &by, "--from", "1h", "--reason", "case 13"]).await;
        let told = done(&world, &["audit", "hold", "list"]).await;
        assert!(told.contains(&format!("what {by} has to do with")) && told.lines().count() == 2, "{told}");
        let (code, told) = world.run(&["audit", "hold", "release", "hold-00", "--reason", "x"]).await;
        assert!(code != 0 && told.contains(name), "{code} {told}");
        done(&world, &["audit", "hold", "release", name, "--reason", "case 12 is closed"]).await;
        let told = done(&world, &["audit", "prune", "--before", "0s"]).await;
        assert!(told.contains("stay because of hold-"), "the vote is of somebody who is held: {told}");
        let left = done(&world, &["log", "tail", "-n", "1000", "--json"]).await;
        assert!(left.contains("a second secret") && left.contains("case 12 is closed"), "{left}");
        let other = done(&world, &["audit", "hold", "list", "--json"]).await;
        let other: Value = serde_json::from_str(other.trim()).unwrap();
        done(&world, &["audit", "hold", "release", other["hold"].as_str().unwrap(), "--reason", "all over"]).await;
        done(&world, &["audit", "prune", "--before", "0s"]).await;
        assert!(!done(&world, &["log", "tail", "-n", "1000", "--json"]).await.contains("secret"));
        let (code, told) = world.run(&["audit", "verify", "--archive", "book-archive"]).await;
        assert_eq!(code, 0, "{told}");
        assert_eq!(archives(&world, "book-archive").len(), 2, "nothing was written where nothing went");
    })
}

fn retained() -> Told {
    Box::pin(async {
        let more = "[retention]\ncalls = \"1ms\"\nsessions = \"400d\"\narchive = \"old\"\n";
        let mut world = World::new(&Plan { more, ..Plan::default() });
        // The first gateway finds nothing yet that is too old.
        world.serve_so(&["--set", "retention.calls=1h"]).await;
        world.session(json!({})).await.call(1, "echo", json!({ "text": "a first secret" })).await;
        world.stop().await;
        assert!(archives(&world, "old").is_empty());
        world.serve().await;
        world.logged("bodies whose time was over were removed").await;
        world.session(json!({})).await.call(1, "echo", json!({ "text": "a second secret" })).await;
        world.stop().await;
        let book = world.book().await;
        let said = book.iter().find(|entry| entry["event"] == "pruned").unwrap();
        assert_eq!((said["by"].as_str(), said["before"].as_object().unwrap().len()), (Some("retention"), 1), "{said}");
        let of =
            |event: &str| book.iter().filter(|entry| entry["event"] == event).map(Value::to_string).collect::<String>();
        assert!(!of("arrived").contains("a first secret") && of("arrived").contains("a second secret"));
        assert!(!of("session").contains("pruned"), "their time is not over");
        let (code, told) = world.run(&["audit", "verify", "--archive", "old"]).await;
        assert_eq!(code, 0, "{told}");
    })
}

fn cut_off() -> Told {
    Box::pin(async {
        let mut world = some_calls().await;
        let whole = done(&world, &["audit", "verify", "--json"]).await;
        let whole: Value = serde_json::from_str(&whole).unwrap();
        for point in ["after_archive", "after_pruning"] {
            world.fail_at = Some(point);
            let prune = ["audit", "prune", "--before", "0s", "--archive", "old"];
            let ended = world.command(&prune).output().await.unwrap();
            assert_eq!(ended.status.code(), None, "{point}: it is killed: {ended:?}");
            world.fail_at = None;
            let report = done(&world, &["audit", "verify", "--json"]).await;
            let report: Value = serde_json::from_str(&report).unwrap();
            assert_eq!(report["bodies"], report["leaves"], "{point}: everything is there");
            assert!(report["leaves"].as_u64() >= whole["leaves"].as_u64());
        }
        assert_eq!(archives(&world, "old").len(), 2);
        done(&world, &["audit", "prune", "--before", "0s", "--archive", "old"]).await;
        let (code, told) = world.run(&["audit", "verify", "--archive", "old"]).await;
        assert_eq!(code, 0, "{told}");
        let (code, told) = world.run(&["audit", "verify"]).await;
        assert!(code == 2, "{told}");
    })
}

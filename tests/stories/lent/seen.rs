//! What do people see of credentials, and who takes one back?

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};

use super::{Seen as Outside, ledger, of, out, until, world_of};
use crate::channels::kept;
use crate::effects::class;
use crate::identity::make_key;
use crate::office::{Office, PEOPLE};
use crate::provider::Provider;
use crate::receiver::Receiver;
use crate::visitor::Visitor;
use crate::waiting::{id, waiting};
use crate::world::{Told, World, event, text};

async fn one_out(world: &World) -> String {
    until(world, "a call runs with one", |seen: &Outside| seen.leases.iter().any(|lease| lease["state"] == "live"))
        .await;
    out(world).into_iter().next().unwrap()
}

pub(super) fn page() -> Told {
    // A43: what is out is seen, and taken back by whoever looks after it.
    Box::pin(async {
        let provider = Provider::start(0).await;
        let more = kept(format!(
            "[review]\nowner = true\n[review.roles]\nauditor = [\"books\"]\n[review.providers.acme]\nissuer = {:?}\n\
             client_id = \"countersign\"\nallow_private = true\n",
            provider.url
        ));
        let mut world = world_of("accept = [\"anyone\"]", more);
        world.serve_so(&["--invite"]).await;
        let mut owner = Visitor::owner(&mut world).await;
        let person = |sub: &str, groups: &[&str]| {
            json!({ "sub": sub, "email": format!("{sub}@example.com"),
            "email_verified": true, "name": sub, "groups": groups })
        };
        let mut ben = Visitor::by_provider(&world, &provider, person("ben", &["books"])).await;
        let mut eve = Visitor::by_provider(&world, &provider, person("eve", &[])).await;
        assert!(owner.get("/leases").await.text.contains("No credential is out."));

        let session = world.session(json!({})).await;
        let visiting = async {
            let lease = one_out(&world).await;
            let (row, revoke) =
                (format!("data-lease=\"{lease}\" data-state=\"live\""), format!("/leases/{lease}/revoke"));
            let page = owner.get("/leases").await;
            assert!(page.text.contains(&row) && page.text.contains("read, as the command"), "{}", page.text);
            assert!(page.text.contains(&revoke) && page.text.contains("href=\"/calls/"), "{}", page.text);
            // An auditor sees it and leaves it where it is; for others there is no such page.
            let seen = ben.get("/leases").await;
            assert!(seen.text.contains(&row) && !seen.text.contains("/revoke"), "{}", seen.text);
            let token = ben.get("/me").await.field("form");
            assert_eq!(ben.post(&revoke, &[("form", &token)]).await.code(), "role_required");
            let none = eve.get("/leases").await;
            assert_eq!((none.status, none.code()), (403, "role_required"));
            assert!(!eve.get("/inbox").await.text.contains("href=\"/leases\""));
            let token = page.field("form");
            let evil = [("origin", "https://evil.example".to_owned())];
            assert_eq!(owner.ask(Method::POST, &revoke, &evil, Some(&[("form", &token)])).await.status, 403);
            assert_eq!((owner.post(&revoke, &[]).await.code(), owner.get(&revoke).await.status), ("forged", 405));
            assert_eq!(out(&world), BTreeSet::from([lease.clone()]), "it is still out");

            assert_eq!(owner.post("/leases/00000000/revoke", &[("form", &token)]).await.code(), "unknown");
            assert_eq!(owner.post(&revoke, &[("form", &token)]).await.goes_to(), "/leases");
            assert!(out(&world).is_empty());
            let over = owner.get("/leases").await.text;
            assert!(over.contains(&format!("data-lease=\"{lease}\" data-state=\"revoked\"")), "{over}");
            // Twice is as good as once.
            assert_eq!(owner.post(&revoke, &[("form", &token)]).await.goes_to(), "/leases");
            let book = world.book().await;
            let ended: Vec<&Value> = book.iter().filter(|entry| of(entry) == "lease_ended").collect();
            assert!(ended.len() == 1 && ended[0]["end"] == "revoked" && ended[0]["lease"] == lease, "{ended:?}");
            assert!(ended[0]["by"].as_str().is_some_and(|by| by != "call" && by != "reaper"), "{ended:?}");
        };
        tokio::select! {
            answer = session.call(1, "hang", json!({})) => panic!("it hangs: {answer}"),
            () = visiting => {}
        }

        world.write("minted.mood", "stuck");
        let other = world.session(json!({})).await;
        assert!(text(&other.call(2, "whoami", json!({})).await).contains("•••"));
        let page = owner.get("/leases").await.text;
        assert!(page.contains("data-state=\"ending\"") && page.contains("could not be taken back"), "{page}");
        world.write("minted.mood", "");
    })
}

pub(super) fn over_http() -> Told {
    // A43
    Box::pin(async {
        let more = kept(format!("{PEOPLE}[people.oli]\naccounts = [\"key:oli\"]\nroles = [\"operator\"]\n"));
        let tools = json!([{ "name": "whoami", "inputSchema": { "type": "object" } }]);
        let mut office = Office::around(world_of("accept = [\"keys\"]", more), &tools, "100ms").await;
        let key = make_key(&office.world, "oli", &[]).await;
        office.keys.insert("oli", key);
        let working = async {
            let lease = one_out(&office.world).await;
            let path = format!("/leases/{lease}/revoke");
            for who in ["ben", "oli"] {
                let (status, told) = office.get(who, "/leases").await;
                let [item] = told["items"].as_array().unwrap().as_slice() else { panic!("{who}: {told}") };
                assert_eq!((status, &item["id"], &item["state"]), (200, &json!(lease), &json!("live")), "{who}");
                assert_eq!((&item["provider"], &item["principal"]), (&json!("mint"), &json!("key:bot")), "{who}");
            }
            for who in ["ada", "eve"] {
                let (status, told) = office.get(who, "/leases").await;
                assert_eq!((status, &told["code"]), (403, &json!("role_required")), "{who}: {told}");
            }
            for who in ["ben", "ada", "eve"] {
                let (status, told) = office.post(who, &path, json!({})).await;
                assert_eq!((status, &told["code"]), (403, &json!("role_required")), "{who}: {told}");
            }
            assert_eq!(office.get("oli", &path).await.1["code"], "method_not_allowed");
            assert_eq!(office.post("oli", &path, json!({ "force": true })).await.1["code"], "malformed");
            assert_eq!(office.post("oli", "/leases/00000000/revoke", json!({})).await.1["code"], "unknown");
            assert_eq!(out(&office.world).len(), 1, "it is still out");
            for _ in 0..2 {
                let (status, told) = office.post("oli", &path, json!({})).await;
                assert_eq!((status, &told["state"]), (200, &json!("revoked")), "{told}");
            }
            assert!(out(&office.world).is_empty());
            assert_eq!(office.get("oli", "/leases").await.1["items"], json!([]));
            assert_eq!(office.get("oli", "/leases?state=all").await.1["items"][0]["id"], json!(lease));
            assert_eq!(office.get("oli", "/leases?state=some").await.1["code"], "malformed");
            let book = office.world.book().await;
            let tried = book.iter().filter(|entry| entry["class"] == "rejected_answer").count();
            assert_eq!(tried, 4, "who tries what is not theirs is on record");
            assert!(book.iter().any(|entry| event(entry) == "lease_ended" && entry["by"] == "oli"));
        };
        tokio::select! {
            answer = office.call(1, "hang", json!({})) => panic!("it hangs: {answer}"),
            () = working => {}
        }
    })
}

pub(super) fn card() -> Told {
    // A41: whoever agrees has seen what would be made, wherever they agree.
    Box::pin(async {
        let receiver = Receiver::start().await;
        let more =
            kept(format!("[review]\nowner = true\n[channels.ops]\nkind = \"webhook\"\nurl = {:?}\n", receiver.url));
        let mut world = world_of("accept = [\"anyone\"]", more);
        world.serve_so(&["--invite", "--set", "limits.approval_wait=100ms"]).await;
        let mut owner = Visitor::owner(&mut world).await;
        let session = world.session(json!({})).await;
        assert_eq!(class(&session.call(1, "whoami", json!({ "say": "wait" })).await), "held");
        let waits = waiting(&world, 1).await;
        let path = format!("/calls/{}", id(&waits[0]));
        let card = owner.get(&path).await.text;
        for said in [
            ">If you agree<",
            "a credential is made for this call alone",
            "at most 20s",
            "read, as the command /usr/bin/env gives it",
            "the variable STORY_SECRET of a process started for this call",
        ] {
            assert!(card.contains(said), "{said}: {card}");
        }
        let inbox = owner.get("/inbox").await.text;
        assert!(inbox.contains(&path) && !inbox.contains(&format!("{path}/approve")), "nobody agrees unseen: {inbox}");
        let told = receiver.came(1).await.remove(0).json();
        let said = told["data"]["credentials"][0].as_str().unwrap();
        assert!(said.starts_with("a credential is made for this call alone, for at most 20s: read, as"), "{told}");
        assert!(ledger(&world).is_empty(), "and none is made before");
    })
}

//! What can a person do about a call that waits, over HTTP?

use reqwest::Method;
use serde_json::json;

use crate::Story;
use crate::effects::class;
use crate::identity::make_key;
use crate::office::{Office, PEOPLE, POLICY};
use crate::world::{Plan, Told, World, answer, event, text};

pub(crate) const STORIES: &[Story] = &[
    ("a_call_is_seen_and_approved_over_http_and_runs_once", approved),
    ("of_those_who_answer_at_once_each_hears_what_it_came_to", at_once),
    ("a_no_over_http_tells_the_agent_why", denied),
    ("an_answer_about_something_else_counts_for_nothing", stale),
    ("only_people_answer_and_never_for_themselves", who),
    ("what_somebody_has_no_part_in_does_not_exist_for_them", sight),
    ("where_nobody_is_proven_nobody_answers", anyone),
    ("what_was_said_can_be_taken_back_given_up_and_looked_into", others),
    ("identical_calls_are_listed_as_one_and_answered_one_by_one", grouped),
    ("a_script_hears_of_a_decision_made_elsewhere", waits),
];

fn approved() -> Told {
    // A17, A18, A19, A22, APR-04, B01
    Box::pin(async {
        let office = Office::open("30s").await;
        let answering = async {
            let (path, digest) = office.one().await;
            assert!(office.world.ledger().is_empty(), "nothing was sent before somebody agreed");
            let (status, card) = office.get("ada", &path).await;
            assert_eq!(status, 200);
            assert_eq!(card["shown"]["params"]["arguments"], json!({ "a": 1 }));
            assert_eq!((&card["shown"]["server"], &card["shown"]["target"]), (&json!("story"), &json!("echo")));
            assert_eq!((&card["asker"]["principal"], &card["asker"]["person"]), (&json!("key:bot"), &json!("max")));
            assert!(card["lacking"][0].as_str().unwrap().contains("role:reviewer"), "{card}");
            assert_eq!(
                card["you"],
                json!({ "person": "ada", "may": ["approve", "deny", "ask", "edit"], "why_not": null, "needs": "account", "suffices": "account" })
            );
            let watch = format!("{path}/wait?for=30s");
            let yes = format!("{path}/approve");
            let said = json!({ "digest": digest, "reason": "seen" });
            let (watched, agreed) = tokio::join!(office.get("ben", &watch), office.post("ada", &yes, said.clone()));
            assert_eq!((watched.0, agreed.0), (200, 200), "{watched:?} {agreed:?}");
            assert_ne!(watched.1["state"], "pending");
            assert_eq!(agreed.1["votes"][0]["by"]["person"], "ada");
            let (status, again) = office.post("ada", &yes, said).await;
            assert_eq!((status, &again["code"]), (409, &json!("already_voted")), "{again}");
            assert!(again["state"].is_string(), "it says what came of the first: {again}");
            path
        };
        let (told, path) = tokio::join!(office.call(1, "echo", json!({ "a": 1 })), answering);
        assert_eq!(text(&told), r#"{"a":1}"#, "{told}");
        assert_eq!(office.world.ledger().len(), 1);
        let (_, card) = office.get("ada", &path).await;
        assert_eq!((&card["state"], card["votes"].as_array().unwrap().len()), (&json!("succeeded"), 1));
        let (status, late) =
            office.post("max", &format!("{path}/deny"), json!({ "digest": card["digest"], "reason": "no" })).await;
        assert_eq!((status, &late["code"], &late["state"]), (409, &json!("not_open"), &json!("succeeded")), "{late}");
    })
}

fn at_once() -> Told {
    // APR-01, APR-02, APR-04
    Box::pin(async {
        let office = Office::open("100ms").await;
        for number in 1..6 {
            assert_eq!(class(&office.call(number, "echo", json!({ "a": number })).await), "held");
            let (path, digest) = office.one().await;
            let (yes, no) = (format!("{path}/approve"), format!("{path}/deny"));
            let agrees = || office.post("ada", &yes, json!({ "digest": digest }));
            let refuses = office.post("ida", &no, json!({ "digest": digest, "reason": "no" }));
            let (one, two, three, other) = tokio::join!(agrees(), agrees(), agrees(), refuses);
            let (_, card) = office.get("ada", &path).await;
            let votes = card["votes"].as_array().unwrap();
            assert_eq!(votes.len(), 1, "the first decided it: {card}");
            let ada = votes[0]["by"]["person"] == "ada";
            assert_eq!(card["state"], if ada { "approved" } else { "rejected" });
            let taken = [&one, &two, &three, &other].into_iter().filter(|told| told.0 == 200).count();
            assert_eq!(taken, 1, "{one:?} {two:?} {three:?} {other:?}");
            let said = if ada { "already_voted" } else { "not_open" };
            for (status, told) in [one, two, three].into_iter().filter(|told| told.0 != 200) {
                assert_eq!((status, &told["code"], &told["state"]), (409, &json!(said), &card["state"]), "{told}");
            }
            if ada {
                assert_eq!(other.1["code"], "not_open");
                assert_eq!(office.post("ida", &format!("{path}/revoke"), json!({})).await.1["state"], "revoked");
            }
        }
        assert!(office.world.ledger().is_empty());
    })
}

fn denied() -> Told {
    // A37, A39, B09
    Box::pin(async {
        let office = Office::open("30s").await;
        let answering = async {
            let (path, digest) = office.one().await;
            let no = format!("{path}/deny");
            let (status, mute) = office.post("ada", &no, json!({ "digest": digest, "reason": " " })).await;
            assert_eq!((status, &mute["code"]), (400, &json!("reason_required")));
            let (status, card) =
                office.post("ada", &no, json!({ "digest": digest, "reason": "archive them instead" })).await;
            assert_eq!((status, &card["state"]), (200, &json!("rejected")));
        };
        let (told, ()) = tokio::join!(office.call(1, "echo", json!({})), answering);
        assert_eq!(class(&told), "rejected");
        assert!(text(&told).contains("archive them instead"), "{told}");
        assert!(office.world.ledger().is_empty());
    })
}

fn stale() -> Told {
    // A19, APR-05, APR-15
    Box::pin(async {
        let office = Office::open("100ms").await;
        for (number, a) in [(1, 1), (2, 2)] {
            assert_eq!(class(&office.call(number, "echo", json!({ "a": a })).await), "held");
        }
        let waits = office.waiting(2).await;
        let (mine, other) = (&waits[0]["card"], &waits[1]["card"]);
        let path = format!("/approvals/{}", mine["id"].as_str().unwrap());
        for verb in ["approve", "deny"] {
            let said = json!({ "digest": other["digest"], "reason": "that one" });
            let (status, told) = office.post("ada", &format!("{path}/{verb}"), said).await;
            assert_eq!((status, &told["code"]), (409, &json!("stale")), "{told}");
            assert_eq!((&told["digest"], &told["named"]), (&mine["digest"], &other["digest"]), "{told}");
        }
        let (_, card) = office.get("ada", &path).await;
        assert_eq!((&card["state"], &card["votes"]), (&json!("pending"), &json!([])), "nothing was counted");
    })
}

fn who() -> Told {
    // A17, A21, A22, A25, APR-06
    Box::pin(async {
        let office = Office::open("100ms").await;
        assert_eq!(class(&office.call(1, "echo", json!({})).await), "held");
        let (path, digest) = office.one().await;
        let yes = format!("{path}/approve");
        let said = json!({ "digest": digest });
        for (who, status, code) in [
            ("max", 403, "own_call"),
            ("ben", 403, "not_eligible"),
            ("rob", 403, "not_a_person"),
            ("bot", 403, "not_a_person"),
            ("stray", 403, "not_a_person"),
        ] {
            let (seen, told) = office.post(who, &yes, said.clone()).await;
            assert_eq!((seen, told["code"].as_str().unwrap()), (status, code), "{who}: {told}");
            if code == "not_a_person" {
                let detail = told["detail"].as_str().unwrap();
                assert!(detail.contains(&format!("key:{who}")), "{detail}");
                assert_eq!(detail.contains("[people.NAME]"), who != "rob", "{detail}");
                assert_eq!(office.get(who, "/approvals").await.0, 403, "they see nothing either");
            }
        }
        let (_, card) = office.get("max", &path).await;
        assert_eq!((&card["you"]["may"], &card["you"]["why_not"]["code"]), (&json!(["withdraw"]), &json!("own_call")));
        // Neither a cookie nor a name in a header is anybody, nor is a key in the address.
        let bare = |path: &str| office.world.request(Method::GET, &format!("/api/v1{path}"));
        let key = &office.keys["ada"];
        for (request, status) in [
            (bare("/approvals"), 401),
            (bare("/approvals").header("cookie", format!("session={key}")), 401),
            (bare("/me").header("x-forwarded-user", "ada"), 401),
            (bare("/me").bearer_auth("csk_nobody"), 401),
            (bare(&format!("/me?access_token={key}")), 400),
            (bare("/me").bearer_auth(key).header("origin", "https://evil.example"), 403),
            (bare("/me").bearer_auth(key).header("host", "evil.example"), 403),
        ] {
            assert_eq!(office.heard(request).await.0, status);
        }
        assert_eq!(office.get("ada", &path).await.1["votes"], json!([]));
        // Whatever was tried stands in the record, and nothing on the MCP side answers.
        let book = office.world.book().await;
        let tried = book.iter().filter(|entry| entry["class"] == "rejected_answer").count();
        assert_eq!(tried, 8, "five that tried to answer, three that tried to look");
        assert!(!book.iter().any(|entry| event(entry) == "voted"));
        let post = office.world.modern_post(9, "tools/list", json!({})).bearer_auth(&office.keys["bot"]);
        let tools = answer(&post.send().await.unwrap().text().await.unwrap());
        let tools = tools["result"]["tools"].as_array().unwrap();
        let ours = tools.iter().find(|tool| tool["name"].as_str().unwrap().starts_with("countersign")).unwrap();
        let takes: Vec<&str> =
            ours["inputSchema"]["properties"].as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!((&ours["name"], takes), (&json!("countersign_wait"), vec!["answer", "reference"]), "it only waits");
    })
}

fn sight() -> Told {
    // A21: a foreign id looks exactly like an unknown one.
    Box::pin(async {
        let office = Office::open("100ms").await;
        assert_eq!(class(&office.call(1, "echo", json!({})).await), "held");
        let (path, digest) = office.one().await;
        let unknown = "/approvals/00000000-0000-7000-8000-000000000000";
        for (who, sees) in [("ada", true), ("max", true), ("ben", true), ("eve", false)] {
            let (status, page) = office.get(who, "/approvals?state=all").await;
            assert_eq!((status, page["items"].as_array().unwrap().len()), (200, usize::from(sees)), "{who}");
            assert_eq!(office.get(who, &path).await.0, if sees { 200 } else { 404 }, "{who}");
        }
        let (_, me) = office.get("eve", "/me").await;
        assert_eq!((&me["person"], &me["sees_all"]), (&json!("eve"), &json!(false)));
        for more in ["", "/wait?for=1s"] {
            let (foreign, none) = (format!("{path}{more}"), format!("{unknown}{more}"));
            assert_eq!(office.get("eve", &foreign).await, office.get("eve", &none).await);
        }
        for (verb, body) in [
            ("approve", json!({ "digest": digest })),
            ("deny", json!({ "digest": digest, "reason": "no" })),
            ("revoke", json!({})),
            ("withdraw", json!({})),
            ("reconcile", json!({ "happened": true, "evidence": "none" })),
        ] {
            let foreign = office.post("eve", &format!("{path}/{verb}"), body.clone()).await;
            assert_eq!(foreign, office.post("eve", &format!("{unknown}/{verb}"), body).await);
            assert_eq!((foreign.0, &foreign.1["code"]), (404, &json!("unknown")));
        }
    })
}

fn anyone() -> Told {
    // A17, A22
    Box::pin(async {
        let mut world = World::new(&Plan { policy: POLICY, more: PEOPLE, ..Plan::default() });
        let key = make_key(&world, "ada", &[]).await;
        world.serve().await;
        let reply = world.request(Method::GET, "/api/v1/approvals").bearer_auth(key).send().await.unwrap();
        assert_eq!(reply.status(), 401);
        assert!(reply.text().await.unwrap().contains("http.accept"));
    })
}

fn others() -> Told {
    // A38, EXE-03
    Box::pin(async {
        let office = Office::open("100ms").await;
        assert_eq!(class(&office.call(1, "echo", json!({})).await), "held");
        let (path, digest) = office.one().await;
        assert_eq!(office.post("ada", &format!("{path}/withdraw"), json!({})).await.1["code"], "not_yours");
        assert_eq!(office.post("ada", &format!("{path}/revoke"), json!({})).await.1["code"], "not_open");
        let (_, card) = office.post("ada", &format!("{path}/approve"), json!({ "digest": digest })).await;
        assert_eq!((&card["state"], &card["you"]["may"]), (&json!("approved"), &json!(["revoke"])));
        let (_, card) = office.post("ada", &format!("{path}/revoke"), json!({ "reason": "wrong table" })).await;
        assert_eq!(card["state"], "revoked");

        assert_eq!(class(&office.call(2, "echo", json!({})).await), "held", "people are asked anew");
        let (path, _) = office.one().await;
        let (_, card) = office.post("max", &format!("{path}/withdraw"), json!({})).await;
        assert_eq!(card["state"], "cancelled");
        assert!(office.world.ledger().is_empty());

        assert_eq!(class(&office.call(3, "die", json!({})).await), "held");
        let (path, digest) = office.one().await;
        office.post("ada", &format!("{path}/approve"), json!({ "digest": digest })).await;
        assert!(office.call(4, "die", json!({})).await.to_string().contains("may or may not have"));
        let look = format!("{path}/reconcile");
        let (status, told) = office.post("ada", &look, json!({ "happened": false, "evidence": " " })).await;
        assert_eq!((status, &told["key"]), (400, &json!("evidence")));
        let (_, card) =
            office.post("ada", &look, json!({ "happened": false, "evidence": "the ledger has no row" })).await;
        assert_eq!(card["state"], "reconciled_failed");
    })
}

fn grouped() -> Told {
    // A36, APR-09, APR-21
    Box::pin(async {
        let office = Office::open("30s").await;
        let answering = async {
            let waits = office.waiting(2).await;
            assert_eq!((waits.len(), waits[0]["ids"].as_array().unwrap().len()), (1, 2), "{waits:?}");
            let first = &waits[0]["card"];
            let older = waits[0]["ids"][1].as_str().unwrap();
            assert_eq!(first["id"], waits[0]["ids"][0]);
            let said = json!({ "digest": first["digest"] });
            let (status, told) = office.post("ada", &format!("/approvals/{older}/approve"), said).await;
            assert_eq!((status, &told["code"]), (409, &json!("stale")), "one digest answers one call: {told}");
            let path = format!("/approvals/{}", first["id"].as_str().unwrap());
            assert_eq!(
                office.post("ada", &format!("{path}/approve"), json!({ "digest": first["digest"] })).await.0,
                200
            );
            let (path, digest) = office.one().await;
            assert!(path.ends_with(older));
            let no = json!({ "digest": digest, "reason": "once is enough" });
            assert_eq!(office.post("ada", &format!("{path}/deny"), no).await.0, 200);
        };
        let (one, two) = (office.call(1, "echo", json!({ "a": 1 })), office.call(2, "echo", json!({ "a": 1 })));
        let (one, two, ()) = tokio::join!(one, two, answering);
        let ran = [&one, &two].into_iter().filter(|told| told["result"]["isError"] != true).count();
        assert_eq!((ran, office.world.ledger().len()), (1, 1), "{one} {two}");
        // Page by page, newest first, and each once.
        let (_, all) = office.get("ada", "/approvals?state=all").await;
        let (_, newest) = office.get("ada", "/approvals?state=all&limit=1").await;
        let next = newest["next"].as_str().unwrap();
        let (_, rest) = office.get("ada", &format!("/approvals?state=all&limit=1&after={next}")).await;
        assert_eq!(all["items"], json!([newest["items"][0], rest["items"][0]]));
        assert_eq!(office.get("ada", "/approvals").await.1["items"], json!([]), "nothing is open any more");
    })
}

fn waits() -> Told {
    // A18, A36: decided by another process, and a gateway that stops keeps nobody.
    Box::pin(async {
        let mut office = Office::open("100ms").await;
        assert_eq!(class(&office.call(1, "echo", json!({})).await), "held");
        let (path, _) = office.one().await;
        let (_, card) = office.get("ada", &format!("{path}/wait?for=50ms")).await;
        assert_eq!(card["state"], "pending");
        let name = countersign::identity::local::caller().principal;
        let config = std::fs::read_to_string(office.world.path("countersign.toml")).unwrap();
        office.world.write(
            "countersign.toml",
            &format!("{config}\n[people.zoe]\naccounts = [{name:?}]\nroles = [\"reviewer\"]\n"),
        );
        let id = path.trim_start_matches("/approvals/").to_owned();
        let no = ["approvals", "deny", &id, "--reason", "not today"];
        let wait = format!("{path}/wait?for=60s");
        let ((_, card), (code, said)) = tokio::join!(office.get("ada", &wait), office.world.run(&no));
        assert_eq!((code, &card["state"]), (0, &json!("rejected")), "{said}");
        assert_eq!(card["votes"][0]["by"]["person"], "zoe");

        assert_eq!(class(&office.call(2, "echo", json!({ "a": 2 })).await), "held");
        let (path, _) = office.one().await;
        let wait = office.world.request(Method::GET, &format!("/api/v1{path}/wait?for=60s"));
        let waiting = tokio::spawn(wait.bearer_auth(&office.keys["ada"]).send());
        // On another connection, so that the first has its place by now.
        assert_eq!(office.get("ada", "/me").await.0, 200);
        let log = office.world.stop().await;
        assert!(!log.contains("did not end in time"), "{log}");
        drop(waiting.await);
    })
}

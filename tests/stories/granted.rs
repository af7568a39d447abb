//! How far does a yes reach when a reviewer says how far?

use std::time::Duration;

use serde_json::{Value, json};

use crate::Story;
use crate::effects::class;
use crate::office::Office;
use crate::waiting::{events, id, people, waiting};
use crate::world::{Plan, Session, Told, World, event, text};

pub(crate) const STORIES: &[Story] = &[
    ("a_yes_with_bounds_covers_so_many_calls_and_no_more", bounded),
    ("what_is_pinned_stays_as_it_was_and_a_grant_can_be_taken_back", pinned),
    ("the_rules_of_now_judge_every_use_of_a_grant", judged),
    ("a_grant_is_over_when_its_time_is", over),
    ("a_grant_for_a_tool_that_changed_is_dead_and_the_record_says_why", drifted),
    ("a_use_that_was_taken_before_a_crash_runs_once", crashed),
    ("a_use_that_was_taken_before_a_crash_ends_with_its_grant", taken_back),
    ("a_use_that_was_claimed_before_a_crash_runs_no_more", lost),
    ("a_grant_is_made_seen_and_taken_back_over_http", over_http),
];

/// Calls that wait, of which a reviewer may grant some.
pub(crate) const GRANTING: &str = r#"package countersign.held

allow contains {"id": "all", "reason": "A story."}

hold contains {
	"id": "ask",
	"reason": "Somebody must look.",
	"reviewers": ["role:reviewer"],
	"grant": {"uses": 3, "for": "15m", "free": ["/limit"]},
} if {
	input.call.tool in {"echo", "report"}
}

mask contains {"id": "card", "reason": "Nobody needs it.", "path": "/call/arguments/card"}
"#;

fn table(name: &str, limit: u64) -> Value {
    json!({ "table": name, "limit": limit })
}

async fn world() -> World {
    let mut world = World::new(&Plan { policy: GRANTING, more: people(), ..Plan::default() });
    world.serve_so(&["--set", "limits.approval_wait=100ms"]).await;
    world
}

/// A call that waits and is agreed to like this.
async fn granted(session: &Session<'_>, world: &World, bounds: &[&str]) -> String {
    assert_eq!(class(&session.call(1, "echo", table("orders", 1)).await), "held");
    let call = id(&waiting(world, 1).await[0]).to_owned();
    let (code, told) = world.run(&[&["approvals", "approve", &call], bounds].concat()).await;
    assert!(code == 0 && told.contains("Granted: "), "{told}");
    assert_eq!(text(&session.call(2, "echo", table("orders", 1)).await), table("orders", 1).to_string());
    call
}

fn under(answer: &Value) -> &str {
    answer["result"]["_meta"]["dev.countersign/grant"].as_str().unwrap_or_default()
}

/// What the book says of one event, the last time.
async fn last(world: &World, name: &str) -> Value {
    world.book().await.into_iter().rfind(|entry| event(entry) == name).unwrap()
}

fn bounded() -> Told {
    // B03
    Box::pin(async {
        let world = world().await;
        let session = world.session(json!({})).await;
        assert_eq!(class(&session.call(1, "echo", table("orders", 1)).await), "held");
        let call = id(&waiting(&world, 1).await[0]).to_owned();
        let (_, shown) = world.run(&["approvals", "show", &call]).await;
        assert!(shown.contains("at most 3 uses within 15m, /limit free"), "{shown}");
        let approve = async |bounds: &[&str]| world.run(&[&["approvals", "approve", &call], bounds].concat()).await;
        for (bounds, why) in [
            (["--grant-uses", "4", "--grant-for", "5m", "--grant-free", "/limit"], "at most 3"),
            (["--grant-uses", "2", "--grant-for", "16m", "--grant-free", "/limit"], "at most 15m"),
            (["--grant-uses", "2", "--grant-for", "5m", "--grant-free", "/table"], "let /limit be free"),
        ] {
            let (code, told) = approve(&bounds).await;
            assert!(code == 1 && told.contains("too_wide") && told.contains(why), "{told}");
        }
        assert_eq!(waiting(&world, 1).await[0]["votes"], json!([]), "nothing was said yet");
        let (code, told) = approve(&["--grant-uses", "2", "--grant-for", "5m", "--grant-free", "/limit"]).await;
        assert!(code == 0 && told.contains("1 more"), "{told}");
        let first = session.call(2, "echo", table("orders", 1)).await;
        assert_eq!((text(&first), under(&first)), (table("orders", 1).to_string().as_str(), ""));
        let second = session.call(3, "echo", table("orders", 7)).await;
        assert_eq!((text(&second), under(&second)), (table("orders", 7).to_string().as_str(), call.as_str()));
        assert_eq!(class(&session.call(4, "echo", table("orders", 8)).await), "held", "the third call waits again");
        assert_eq!(world.ledger().len(), 2);
        let used = last(&world, "grant_used").await;
        assert_eq!((&used["grant"], &used["left"], &used["people"]), (&json!(call), &json!(0), &json!(["ada"])));
        let covered = used["call"].as_str().unwrap();
        let told = ["arrived", "decided", "grant_used", "claimed", "dispatched", "finished", "settled"];
        assert_eq!(events(&world, covered).await, told);
        assert_eq!(last(&world, "grant_ended").await["state"], "used_up");
        let (_, shown) = world.run(&["approvals", "show", covered]).await;
        assert!(shown.contains(&format!("runs under grant {call}")), "{shown}");
        let (code, told) = world.run(&["approvals", "grants", "--all"]).await;
        assert!(code == 0 && told.contains("used_up") && told.contains("0 of 2"), "{told}");
        let (_, told) = world.run(&["approvals", "grants"]).await;
        assert!(told.contains("Nothing is granted"), "{told}");
        let (_, told) = world.run(&["log", "tail", "--event", "grant_made", "--event", "grant_used"]).await;
        assert!(told.contains("2 uses within 5m, /limit free") && told.contains("under grant"), "{told}");
    })
}

fn pinned() -> Told {
    // B03
    Box::pin(async {
        let world = world().await;
        let session = world.session(json!({})).await;
        let call = granted(&session, &world, &["--grant-uses", "3", "--grant-for", "5m"]).await;
        for other in [table("customers", 1), table("orders", 2), json!({ "table": "orders", "limit": 1, "more": 1 })] {
            assert_eq!(class(&session.call(3, "echo", other).await), "held");
        }
        assert_eq!(under(&session.call(4, "echo", table("orders", 1)).await), call);
        let (code, told) = world.run(&["approvals", "grants", "--json"]).await;
        let card: Value = serde_json::from_str(&told).unwrap();
        assert_eq!((code, &card["left"], &card["may_revoke"]), (0, &json!(1), &json!(true)), "{told}");
        let revoke = ["approvals", "grants", "revoke", &call, "--reason", "enough"];
        let (code, told) = world.run(&revoke).await;
        assert!(code == 0 && told.contains("2 of 3"), "{told}");
        let (code, told) = world.run(&revoke).await;
        assert!(code == 1 && told.contains("revoked already"), "{told}");
        assert_eq!(class(&session.call(5, "echo", table("orders", 1)).await), "held");
        let ended = last(&world, "grant_ended").await;
        let said = (&ended["state"], &ended["by"], &ended["why"], &ended["used"]);
        assert_eq!(said, (&json!("revoked"), &json!("ada"), &json!("enough"), &json!(2)));
        assert_eq!(world.ledger().len(), 2);
    })
}

fn judged() -> Told {
    // B03: a deny beats a grant, and so does a rule that asks for more or allows less.
    Box::pin(async {
        let mut world = world().await;
        let session = world.session(json!({})).await;
        granted(&session, &world, &["--grant-uses", "3", "--grant-for", "5m", "--grant-free", "/limit"]).await;
        let deny = "\ndeny contains {\"id\": \"no\", \"reason\": \"Not today.\"} if input.call.tool == \"echo\"\n";
        let two = GRANTING.replace("[\"role:reviewer\"]", "[\"role:reviewer\"], \"quorum\": 2");
        let less = GRANTING.replace("\"15m\"", "\"4m\"");
        let heard = [(format!("{GRANTING}{deny}"), "denied"), (two, "held"), (less, "held")];
        for (number, (rules, what)) in (2..).zip(&heard) {
            world.write("rules/story.rego", rules);
            world.logged("new policies are in force").await;
            let session = world.session(json!({})).await;
            assert_eq!(class(&session.call(1, "echo", table("orders", number)).await), *what, "{rules}");
        }
        assert_eq!(world.ledger().len(), 1);
        world.write("rules/story.rego", GRANTING);
        world.logged("new policies are in force").await;
        let session = world.session(json!({})).await;
        assert_ne!(under(&session.call(1, "echo", table("orders", 9)).await), "", "no use was lost by it");
    })
}

fn over() -> Told {
    // APR-10
    Box::pin(async {
        let world = world().await;
        let session = world.session(json!({})).await;
        granted(&session, &world, &["--grant-uses", "3", "--grant-for", "1s"]).await;
        let mut looks = tokio::time::interval(Duration::from_millis(50));
        while !world.run(&["approvals", "grants"]).await.1.contains("Nothing is granted") {
            looks.tick().await;
        }
        assert_eq!(class(&session.call(3, "echo", table("orders", 1)).await), "held");
        assert_eq!(last(&world, "grant_ended").await["state"], "over");
    })
}

fn drifted() -> Told {
    // B12
    Box::pin(async {
        let world = world().await;
        let definition = |words: &str| {
            json!([{ "name": "report", "description": words, "inputSchema": { "type": "object" } }]).to_string()
        };
        world.write("tools.json", &definition("reports"));
        let session = world.session(json!({})).await;
        assert_eq!(class(&session.call(1, "report", json!({})).await), "held");
        let call = id(&waiting(&world, 1).await[0]).to_owned();
        let bounds = ["--grant-uses", "3", "--grant-for", "5m"];
        assert_eq!(world.run(&[&["approvals", "approve", &call], &bounds[..]].concat()).await.0, 0);
        assert_eq!(text(&session.call(2, "report", json!({})).await), "report done");
        world.write("tools.json", &definition("reports, and sends it to everybody"));
        let other = world.session(json!({})).await;
        drop(other.ask(3, "tools/list", json!({})).await);
        assert_ne!(under(&other.call(4, "report", json!({})).await), call);
        let ended = last(&world, "grant_ended").await;
        assert_eq!((&ended["call"], &ended["state"]), (&json!(call), &json!("superseded")));
        assert!(ended["why"].as_str().unwrap().contains("definition"), "{ended}");
        assert_eq!(world.run(&["pins", "agree", "story", "report"]).await.0, 0);
        let again = world.session(json!({})).await;
        drop(again.ask(5, "tools/list", json!({})).await);
        assert_eq!(class(&again.call(6, "report", json!({})).await), "held", "people are asked about the new tool");
        assert_eq!(world.ledger().len(), 1);
    })
}

/// A gateway that died at this place while the second call of a grant came, and stands again.
async fn died_at(point: &'static str, uses: &str) -> World {
    let mut world = World::new(&Plan { policy: GRANTING, more: people(), ..Plan::default() });
    world.serve().await;
    granted(&world.session(json!({})).await, &world, &["--grant-uses", uses, "--grant-for", "5m"]).await;
    world.kill().await;
    world.fail_at = Some(point);
    world.serve().await;
    let params = json!({ "name": "echo", "arguments": table("orders", 1) });
    let asking = world.modern_post(3, "tools/call", params).send();
    let (answer, died) = tokio::join!(asking, world.die_within(Duration::from_secs(20)));
    assert!(died && answer.is_err(), "it dies by itself");
    world.fail_at = None;
    world.serve().await;
    world
}

fn crashed() -> Told {
    // EXE-01: a use is taken once, and what it lets run is found again.
    Box::pin(async {
        let world = died_at("after_use", "2").await;
        assert_eq!(world.ledger().len(), 1, "nothing was sent before it died");
        let session = world.session(json!({})).await;
        assert_ne!(under(&session.call(1, "echo", table("orders", 1)).await), "");
        assert_eq!(world.ledger().len(), 2);
        assert_eq!(class(&session.call(2, "echo", table("orders", 1)).await), "held");
        assert_eq!(world.ledger().len(), 2);
    })
}

fn taken_back() -> Told {
    // B03
    Box::pin(async {
        let world = died_at("after_use", "3").await;
        let grant = last(&world, "grant_made").await["call"].as_str().unwrap().to_owned();
        assert_eq!(world.run(&["approvals", "grants", "revoke", &grant]).await.0, 0);
        let session = world.session(json!({})).await;
        let answer = session.call(1, "echo", table("orders", 1)).await;
        assert!(class(&answer) == "superseded" && text(&answer).contains("taken back"), "{answer}");
        assert_eq!(class(&session.call(2, "echo", table("orders", 1)).await), "held");
        assert_eq!(world.ledger().len(), 1);
    })
}

fn lost() -> Told {
    // EXE-02: what was claimed is never sent by anybody else.
    Box::pin(async {
        let world = died_at("after_claim", "2").await;
        let session = world.session(json!({})).await;
        assert_eq!(class(&session.call(1, "echo", table("orders", 1)).await), "held");
        assert_eq!(world.ledger().len(), 1);
    })
}

fn over_http() -> Told {
    // B03
    Box::pin(async {
        let office = Office::under(GRANTING, "100ms").await;
        for (number, arguments) in [
            (1, table("orders", 1)),
            (2, table("orders", 2)),
            (3, table("customers", 2)),
            (4, json!({ "table": "orders", "limit": 3, "card": "4111111111111111" })),
        ] {
            assert_eq!(class(&office.call(number, "echo", arguments).await), "held");
        }
        let waits = office.waiting(4).await;
        let of = |limit: u64| {
            let arguments = |card: &Value| card["shown"]["params"]["arguments"] == table("orders", limit);
            waits.iter().map(|item| &item["card"]).find(|card| arguments(card)).unwrap()
        };
        let path = format!("/approvals/{}", of(1)["id"].as_str().unwrap());
        assert_eq!(of(1)["grant"], json!({ "uses": 3, "for": "15m", "free": ["/limit"] }));
        // What it would have covered.
        let (status, reach) = office.get("ada", &format!("{path}/reach?free=/limit")).await;
        let told = (&reach["calls"], &reach["covered"], &reach["cannot_tell"]);
        assert_eq!((status, told), (200, (&json!(3), &json!(1), &json!(1))), "{reach}");
        assert_eq!(reach["examples"][0]["arguments"], table("orders", 2));
        let (_, none) = office.get("ada", &format!("{path}/reach")).await;
        assert_eq!((&none["covered"], &none["cannot_tell"]), (&json!(0), &json!(1)), "{none}");
        assert_eq!(office.get("ada", &format!("{path}/reach?free=/table")).await.1["code"], "too_wide");
        assert_eq!(office.get("eve", &format!("{path}/reach")).await.0, 404);
        // Made.
        let yes = format!("{path}/approve");
        let with = |uses: u64| json!({ "digest": of(1)["digest"], "grant": { "uses": uses, "for": "5m", "free": ["/limit"] } });
        let (status, wide) = office.post("ada", &yes, with(4)).await;
        assert_eq!((status, &wide["code"], &wide["key"]), (400, &json!("too_wide"), &json!("grant")), "{wide}");
        assert!(wide["detail"].as_str().unwrap().contains("at most 3"), "{wide}");
        let (status, malformed) = office.post("ada", &yes, with(1000)).await;
        assert_eq!((status, &malformed["code"]), (400, &json!("malformed")), "{malformed}");
        let (status, card) = office.post("ada", &yes, with(3)).await;
        assert_eq!((status, &card["votes"][0]["grant"]["uses"]), (200, &json!(3)), "{card}");
        assert_eq!(text(&office.call(5, "echo", table("orders", 1)).await), table("orders", 1).to_string());
        let covered = office.call(6, "echo", table("orders", 9)).await;
        assert_eq!(under(&covered), of(1)["id"], "{covered}");
        // Seen, by those who see the call it came of.
        let (_, grants) = office.get("ida", "/grants").await;
        let grant = &grants["items"][0];
        assert_eq!((&grant["left"], &grant["by"], &grant["may_revoke"]), (&json!(1), &json!(["ada"]), &json!(true)));
        assert_eq!(office.get("eve", "/grants").await.1["items"], json!([]));
        assert_eq!(office.get("max", "/grants").await.1["items"][0]["may_revoke"], false, "it is for their own agent");
        // Taken back.
        let back = format!("/grants/{}/revoke", of(1)["id"].as_str().unwrap());
        assert_eq!(office.post("eve", &back, json!({})).await.1["code"], "unknown");
        assert_eq!(office.post("max", &back, json!({})).await.1["code"], "own_call");
        let (status, revoked) = office.post("ida", &back, json!({ "reason": "enough" })).await;
        assert_eq!((status, &revoked["state"]), (200, &json!("revoked")), "{revoked}");
        assert_eq!(office.post("ada", &back, json!({})).await.1["code"], "not_open");
        assert_eq!(office.get("ada", "/grants").await.1["items"], json!([]));
        assert_eq!(office.get("ada", "/grants?state=all").await.1["items"][0]["used"], 2);
        assert_eq!(class(&office.call(7, "echo", table("orders", 10)).await), "held");
        assert_eq!(office.world.ledger().len(), 2);
    })
}

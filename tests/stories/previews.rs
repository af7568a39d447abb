//! What do people see of a call's effect before they agree to it, and is it looked at again?

use serde_json::{Value, json};

use crate::Story;
use crate::effects::class;
use crate::office::Office;
use crate::world::{Told, answer, event, text};

pub(crate) const STORIES: &[Story] = &[
    ("what_changed_since_people_agreed_to_it_is_not_done", changed),
    ("what_is_still_so_is_done_once_and_words_about_less_count_for_nothing", unchanged),
    ("an_edited_call_has_a_preview_of_its_own", edited),
    ("several_previews_are_made_and_no_more_than_four", several),
    ("who_hangs_up_while_the_server_is_asked_again_finds_the_approval_as_it_was", hung_up),
    ("a_task_is_not_done_either_when_it_would_do_more_than_people_saw", task),
    ("a_rule_that_wants_to_know_something_else_ends_what_was_agreed_to", other_question),
];

/// How many rows it would touch stands on the card; a tenth more or less is as good.
pub(crate) const COUNTED: &str = r#"package countersign.held

allow contains {"id": "all", "reason": "A story."}

hold contains {
	"id": "ask", "reason": "Somebody must look.", "reviewers": ["role:reviewer"],
	"preview": {
		"tool": "count", "arguments": {"table": table},
		"take": "/structuredContent/rows", "within": "1s", "may_differ": 10,
	},
} if {
	input.call.tool == "echo"
	table := object.get(input.call.arguments, "table", "")
}

# A preview is no call of the agent's.
deny contains {"id": "counted", "reason": "The session remembers a preview."} if {
	some before in input.session.recent
	before.tool == "count"
}

hold contains {
	"id": sprintf("also-%d", [number]), "reason": "Somebody must look at the parts.", "reviewers": ["role:reviewer"],
	"preview": {"tool": "count", "arguments": {"part": number}, "take": "/structuredContent/rows"},
} if {
	input.call.tool == "echo"
	object.get(input.call.arguments, "table", "") == "parted"
	some number in [1, 2, 3, 4]
}
"#;

pub(crate) fn counter(name: &str) -> Value {
    json!({ "name": name, "inputSchema": { "type": "object" }, "annotations": { "readOnlyHint": true } })
}

pub(crate) async fn office(wait: &str) -> Office {
    Office::before(COUNTED, "trust = \"trusted\"", &json!([counter("count")]), wait).await
}

/// What the server says from now on when it is asked how many rows there are.
pub(crate) fn rows(office: &Office, rows: &Value) {
    says(office, &json!({ "content": [], "structuredContent": { "rows": rows } }));
}

pub(crate) fn says(office: &Office, result: &Value) {
    office.world.write("ledger.said", &result.to_string());
}

/// The tools the server was sent, in order.
pub(crate) fn sent(office: &Office) -> Vec<String> {
    let name = |call: &Value| call["params"]["name"].as_str().unwrap().to_owned();
    office.world.ledger().iter().map(name).collect()
}

/// The one card there is, and what stands on it of previews.
pub(crate) async fn card(office: &Office) -> (String, Value) {
    let (path, _) = office.one().await;
    let (_, card) = office.get("ada", &path).await;
    (path, card)
}

pub(crate) async fn approve(office: &Office, path: &str, card: &Value) {
    let (status, told) = office.post("ada", &format!("{path}/approve"), json!({ "digest": card["digest"] })).await;
    assert_eq!((status, &told["state"]), (200, &json!("approved")), "{told}");
}

pub(crate) fn orders() -> Value {
    json!({ "table": "orders" })
}

fn changed() -> Told {
    // B06
    Box::pin(async {
        let office = office("100ms").await;
        rows(&office, &json!(12));
        assert_eq!(class(&office.call(1, "echo", orders()).await), "held");
        let (path, before) = card(&office).await;
        let preview = &before["previews"][0];
        assert_eq!(preview["text"], "Preview by `count` on server story: 12 (said by the server)", "{before}");
        assert_eq!((&preview["value"], &preview["finding"]), (&json!(12), &json!("held/ask")));
        let id = before["id"].as_str().unwrap();
        let (_, shown) = office.world.run(&["approvals", "show", id]).await;
        assert!(shown.contains("Preview by `count` on server story: 12 (said by the server)"), "{shown}");
        approve(&office, &path, &before).await;

        rows(&office, &json!(5120));
        let told = office.call(2, "echo", orders()).await;
        assert_eq!(class(&told), "superseded", "{told}");
        assert!(text(&told).contains("`count` said 12 when people were asked, and says 5,120 now"), "{told}");
        assert_eq!(told["result"]["_meta"]["dev.countersign/refusal"]["retryable"], true, "{told}");
        assert_eq!(sent(&office), ["count", "count"], "nothing was done");
        let (_, after) = office.get("ada", &path).await;
        assert_eq!(after["state"], "superseded");

        // The book names both counts by their calls, and says neither number of what was compared.
        let book = office.world.book().await;
        let of =
            |what: &str| book.iter().filter(|entry| entry["call"] == id && event(entry) == what).collect::<Vec<_>>();
        let (held, settled) = (of("held")[0], of("settled")[0]);
        assert_eq!(held["previews"][0]["seen"], preview["digest"], "{held}");
        assert_eq!(
            (&held["summary"], &settled["state"]),
            (&before["digest"], &json!("superseded")),
            "{held} {settled}"
        );
        assert!(settled["why"].as_str().unwrap().contains(preview["digest"].as_str().unwrap()), "{settled}");
        let seen = [held, settled, of("refused").last().unwrap()].map(Value::to_string).concat();
        assert!(!seen.contains("5,120") && !seen.contains("5120") && !seen.contains(" 12 "), "{seen}");
        let made: Vec<&Value> = book.iter().filter(|entry| entry["preview_of"] == id).collect();
        assert_eq!(made.len(), 2, "each of them is a call of its own");
        assert_eq!((&made[0]["target"], &made[0]["call"]), (&json!("count"), &preview["call"]));
        assert!(of("dispatched").is_empty() && of("claimed").is_empty());

        // Asked anew, people are shown what is so now.
        assert_eq!(class(&office.call(3, "echo", orders()).await), "held");
        assert_eq!(card(&office).await.1["previews"][0]["value"], 5120);
    })
}

fn unchanged() -> Told {
    // B06, APR-05
    Box::pin(async {
        let office = office("100ms").await;
        rows(&office, &json!(100));
        assert_eq!(class(&office.call(1, "echo", orders()).await), "held");
        assert_eq!(class(&office.call(2, "echo", orders()).await), "held", "who comes back asks the server nothing");
        let (path, card) = card(&office).await;
        // A word about the call alone is none about what was seen of it.
        let book = office.world.book().await;
        let held = book.iter().find(|entry| event(entry) == "held").unwrap();
        assert_ne!(held["digest"], card["digest"]);
        let alone = json!({ "digest": held["digest"] });
        let (status, told) = office.post("ada", &format!("{path}/approve"), alone).await;
        assert_eq!((status, &told["code"]), (409, &json!("stale")), "{told}");
        approve(&office, &path, &card).await;
        rows(&office, &json!(110));
        assert_eq!(text(&office.call(3, "echo", orders()).await), r#"{"table":"orders"}"#);
        assert_eq!(sent(&office), ["count", "count", "echo"]);
        assert_eq!(class(&office.call(4, "echo", orders()).await), "held", "once is once");
    })
}

fn edited() -> Told {
    // A32, B06
    Box::pin(async {
        let office = office("30s").await;
        rows(&office, &json!(12));
        let deciding = async {
            let (path, before) = card(&office).await;
            rows(&office, &json!(3));
            let wish = json!({ "digest": before["digest"], "set": { "/table": "old_orders" }, "reason": "those" });
            assert_eq!(office.post("ada", &format!("{path}/edit"), wish).await.0, 200);
            let mut looks = tokio::time::interval(std::time::Duration::from_millis(20));
            let after = loop {
                looks.tick().await;
                let (_, card) = office.get("ida", &path).await;
                if card["edits"][0]["outcome"] != "proposed" {
                    break card;
                }
            };
            assert_eq!(
                (&after["edits"][0]["outcome"], &after["edits"][0]["from"]),
                (&json!("made"), &before["digest"])
            );
            assert_eq!(after["previews"][0]["value"], 3, "{after}");
            assert_ne!(after["previews"][0]["digest"], before["previews"][0]["digest"]);
            let stale = office.post("ida", &format!("{path}/approve"), json!({ "digest": before["digest"] })).await;
            assert_eq!((stale.0, &stale.1["code"]), (409, &json!("stale")), "{stale:?}");
            let yes = json!({ "digest": after["digest"] });
            assert_eq!(office.post("ida", &format!("{path}/approve"), yes).await.0, 200);
        };
        let (told, ()) = tokio::join!(office.call(1, "echo", orders()), deciding);
        assert_eq!(text(&told), r#"{"table":"old_orders"}"#);
        let ledger = office.world.ledger();
        let tables: Vec<&Value> = ledger.iter().map(|call| &call["params"]["arguments"]["table"]).collect();
        assert_eq!(sent(&office), ["count", "count", "count", "echo"]);
        assert_eq!(tables, ["orders", "old_orders", "old_orders", "old_orders"]);
    })
}

fn several() -> Told {
    // B06
    Box::pin(async {
        let office = office("100ms").await;
        rows(&office, &json!(8));
        let parted = json!({ "table": "parted" });
        assert_eq!(class(&office.call(1, "echo", parted.clone()).await), "held");
        let (path, card) = card(&office).await;
        let previews = card["previews"].as_array().unwrap();
        let (seen, not): (Vec<&Value>, Vec<&Value>) = previews.iter().partition(|preview| preview["value"] == 8);
        assert_eq!((seen.len(), not.len(), sent(&office).len()), (4, 1, 4), "{card}");
        assert_eq!(not[0]["cannot_tell"], "no more than 4 previews are made for one call", "{card}");
        approve(&office, &path, &card).await;
        assert_eq!(text(&office.call(2, "echo", parted).await), r#"{"table":"parted"}"#);
        assert_eq!(sent(&office).iter().filter(|tool| *tool == "count").count(), 8);
    })
}

fn hung_up() -> Told {
    // B06
    Box::pin(async {
        let office = office("100ms").await;
        rows(&office, &json!(12));
        assert_eq!(class(&office.call(1, "echo", orders()).await), "held");
        let (path, card) = card(&office).await;
        approve(&office, &path, &card).await;
        std::fs::remove_file(office.world.path("ledger.said")).unwrap();
        let mut looks = tokio::time::interval(std::time::Duration::from_millis(10));
        let asked_again = async {
            while sent(&office).len() < 2 {
                looks.tick().await;
            }
        };
        tokio::select! {
            told = office.call(2, "echo", orders()) => panic!("it was not cut short: {told}"),
            () = asked_again => {}
        }
        let given_up = |entry: &Value| event(entry) == "refused" && entry["class"] == "cancelled";
        while !office.world.book().await.iter().any(given_up) {
            looks.tick().await;
        }
        assert_eq!(office.get("ada", &path).await.1["state"], "approved", "the server said nothing against it");
        rows(&office, &json!(12));
        assert_eq!(text(&office.call(3, "echo", orders()).await), r#"{"table":"orders"}"#);
        assert_eq!(sent(&office), ["count", "count", "count", "echo"]);
    })
}

fn task() -> Told {
    // B06
    Box::pin(async {
        let office = office("100ms").await;
        let ask = async |number, method, params: Value| {
            let declares = json!({ "extensions": { "io.modelcontextprotocol/tasks": {} } });
            let post = office.world.modern_post_as(&declares, number, method, params).bearer_auth(&office.keys["bot"]);
            answer(&post.send().await.unwrap().text().await.unwrap())
        };
        rows(&office, &json!(12));
        let made = ask(1, "tools/call", json!({ "name": "echo", "arguments": orders() })).await;
        assert_eq!(made["result"]["status"], "working", "{made}");
        let (path, card) = card(&office).await;
        assert_eq!(card["previews"][0]["value"], 12, "{card}");
        rows(&office, &json!(5120));
        approve(&office, &path, &card).await;
        let mut looks = tokio::time::interval(std::time::Duration::from_millis(20));
        let ended = loop {
            looks.tick().await;
            let found = ask(2, "tasks/get", json!({ "taskId": made["result"]["taskId"] })).await;
            if found["result"]["status"] != "working" {
                break found;
            }
        };
        assert!(ended.to_string().contains("said 12 when people were asked, and says 5,120 now"), "{ended}");
        assert_eq!(sent(&office), ["count", "count"]);
    })
}

fn other_question() -> Told {
    // B06, APR
    Box::pin(async {
        let mut office = office("100ms").await;
        rows(&office, &json!(12));
        assert_eq!(class(&office.call(1, "echo", orders()).await), "held");
        let (path, card) = card(&office).await;
        approve(&office, &path, &card).await;
        office.world.stop().await;
        office.world.write("rules/story.rego", &COUNTED.replace("\"may_differ\": 10", "\"may_differ\": 0"));
        office.world.serve_so(&["--set", "limits.approval_wait=100ms"]).await;
        assert_eq!(class(&office.call(2, "echo", orders()).await), "superseded");
        assert_eq!(sent(&office), ["count"], "nothing was asked and nothing was done");
        assert_eq!(office.get("ada", &path).await.1["state"], "superseded");
    })
}

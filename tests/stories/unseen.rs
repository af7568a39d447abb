//! What becomes of a call whose effect nobody can see before it is agreed to?

use serde_json::{Value, json};

use crate::Story;
use crate::effects::class;
use crate::office::Office;
use crate::previews::{COUNTED, approve, card, counter, office, orders, rows, says, sent};
use crate::world::{Told, text};

pub(crate) const STORIES: &[Story] = &[
    ("a_preview_that_is_not_plainly_allowed_and_read_only_is_never_made", never_made),
    ("a_server_that_does_not_answer_a_preview_keeps_nobody_waiting", hangs),
    ("a_preview_that_cannot_be_had_again_ends_what_was_agreed_to", fails_later),
    ("what_a_rule_masks_or_withholds_in_results_stands_on_no_card", covered),
];

/// One preview of each kind, by the argument that names it.
const DOUBTFUL: &str = r#"package countersign.held

allow contains {"id": "all", "reason": "A story."}

hold contains {
	"id": "ask", "reason": "Somebody must look.", "reviewers": ["role:reviewer"],
	"preview": {"tool": tool, "arguments": asked, "within": "1s"},
} if {
	input.call.tool == "echo"
	tool := object.get(input.call.arguments, "tool", "")
	asked := object.get(input.call.arguments, "asked", {})
}

hold contains {"id": "held-itself", "reason": "This waits too.", "reviewers": ["role:reviewer"]} if {
	input.call.tool == "waits"
}

deny contains {"id": "never", "reason": "Nobody counts secrets."} if input.call.tool == "forbidden"

redact contains {"id": "out", "path": "/call/arguments/name", "replace": "somebody"} if input.call.tool == "redacted"
"#;

/// Nobody sees how many there are, and of one number not even that there is one.
const COVERED: &str = r#"
mask contains {"id": "hidden", "path": "/result/structured/rows"} if input.call.tool == "count"

withhold contains {"id": "kept", "reason": "Nobody's business."} if input.result.structured.rows == 666
"#;

fn never_made() -> Told {
    // B06
    Box::pin(async {
        let mut tools: Vec<Value> = ["count", "waits", "forbidden", "redacted"].map(counter).to_vec();
        tools.push(
            json!({ "name": "writes", "inputSchema": { "type": "object" }, "annotations": { "readOnlyHint": false } }),
        );
        tools.push(json!({ "name": "asks", "inputSchema": { "type": "object", "required": ["sql"] } }));
        let server = "trust = \"trusted\"\ntools.asks.facts = { sql = { sql = \"postgres\" } }";
        let office = Office::before(DOUBTFUL, server, &json!(tools), "100ms").await;
        for (number, (tool, asked, why)) in (1..).zip([
            ("waits", json!({}), "wait for people itself"),
            ("forbidden", json!({}), "the rules refuse it: Nobody counts secrets"),
            ("redacted", json!({ "name": "x" }), "something else sent"),
            ("writes", json!({}), "changes something"),
            ("reply", json!({}), "nobody here knows that this tool only reads"),
            ("gone", json!({}), "no tool `gone`"),
            ("asks", json!({}), "does not fit the tool"),
            ("asks", json!({ "sql": "DELETE FROM orders" }), "more than read"),
            ("asks", json!({ "sql": "SELECT count(*) FROM orders; DROP TABLE x" }), "more than read"),
            ("asks", json!({ "sql": "DO $$ x $$" }), "cannot be read for certain"),
        ]) {
            let call = json!({ "tool": tool, "asked": asked });
            assert_eq!(class(&office.call(number, "echo", call.clone()).await), "held", "{tool}");
            let (path, card) = card(&office).await;
            let preview = &card["previews"][0];
            let said = preview["cannot_tell"].as_str().unwrap();
            assert!(said.contains(why), "{tool}: {said}");
            assert_eq!((&preview["value"], &preview["digest"]), (&Value::Null, &Value::Null));
            assert!(preview["text"].as_str().unwrap().contains("cannot tell"), "{preview}");
            assert!(sent(&office).is_empty(), "{tool} was called: {:?}", sent(&office));
            office.post("max", &format!("{path}/withdraw"), json!({})).await;
        }
        // What only reads is asked, by what its arguments say, also of a tool nobody vouches for.
        let call = json!({ "tool": "asks", "asked": { "sql": "SELECT count(*) FROM orders" } });
        assert_eq!(class(&office.call(20, "echo", call).await), "held");
        assert_eq!(sent(&office), ["asks"]);
        let (_, card) = card(&office).await;
        assert_eq!(card["previews"][0]["value"][0]["text"], "asks done", "{card}");
    })
}

fn hangs() -> Told {
    // B06
    Box::pin(async {
        let office = office("100ms").await;
        assert_eq!(class(&office.call(1, "echo", orders()).await), "held", "it waits all the same");
        let (path, card) = card(&office).await;
        assert_eq!(card["previews"][0]["cannot_tell"], "it did not answer within 1s", "{card}");
        approve(&office, &path, &card).await;
        rows(&office, &json!(7));
        assert_eq!(text(&office.call(2, "echo", orders()).await), r#"{"table":"orders"}"#);
        assert_eq!(sent(&office), ["count", "echo"], "what nobody could see is not compared");
    })
}

fn fails_later() -> Told {
    // B06
    Box::pin(async {
        let office = office("100ms").await;
        for (number, later) in [(1, Some(json!({ "content": [], "isError": true }))), (3, None)] {
            rows(&office, &json!(12));
            assert_eq!(class(&office.call(number, "echo", orders()).await), "held");
            let (path, card) = card(&office).await;
            approve(&office, &path, &card).await;
            match later {
                Some(result) => says(&office, &result),
                None => std::fs::remove_file(office.world.path("ledger.said")).unwrap(),
            }
            let told = office.call(number + 1, "echo", orders()).await;
            assert_eq!(class(&told), "superseded", "{told}");
            assert!(text(&told).contains("said 12") && text(&told).contains("cannot be told"), "{told}");
            assert_eq!(office.get("ada", &path).await.1["state"], "superseded");
        }
        assert_eq!(sent(&office), ["count"; 4], "nothing was done");
    })
}

fn covered() -> Told {
    // B06
    Box::pin(async {
        let office = Office::before(
            Box::leak(format!("{COUNTED}{COVERED}").into_boxed_str()),
            "trust = \"trusted\"",
            &json!([counter("count")]),
            "100ms",
        )
        .await;
        rows(&office, &json!(4711));
        assert_eq!(class(&office.call(1, "echo", orders()).await), "held");
        let (path, before) = card(&office).await;
        assert!(before["previews"][0]["value"].as_str().unwrap().starts_with("•••"), "{before}");
        assert!(!before.to_string().contains("4711"), "{before}");
        approve(&office, &path, &before).await;
        rows(&office, &json!(4712));
        let told = office.call(2, "echo", orders()).await;
        assert_eq!(class(&told), "superseded", "what nobody sees is compared all the same: {told}");
        assert!(!told.to_string().contains("471"), "{told}");

        rows(&office, &json!(666));
        assert_eq!(class(&office.call(3, "echo", orders()).await), "held");
        let (_, card) = card(&office).await;
        assert_eq!(card["previews"][0]["cannot_tell"], "the rules withhold what it says", "{card}");
        assert_eq!(sent(&office), ["count"; 3]);
    })
}

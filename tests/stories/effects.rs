//! What policy does to a call besides letting it run or not: redact, mask, require, limit, warn, shadow.

use serde_json::{Value, json};

use crate::Story;
use crate::waiting::{id, people, waiting};
use crate::world::{Plan, Told, World, event, text};

pub(crate) const STORIES: &[Story] = &[
    ("what_is_redacted_is_not_sent_and_the_changed_call_is_what_was_judged", redacted),
    ("arguments_that_cannot_be_redacted_for_certain_are_not_sent", unredactable),
    ("what_is_masked_reaches_the_tool_and_not_the_book", masked),
    ("what_the_policies_could_not_judge_is_not_written_down_either", covered),
    ("a_limit_refuses_in_words_and_only_what_ran_was_counted", limited),
    ("a_limit_that_holds_asks_for_people", limit_that_holds),
    ("limits_are_shared_and_outlive_a_restart", limit_that_lasts),
    ("what_nothing_provides_denies", required),
    ("warnings_and_shadows_are_written_down_and_change_nothing", shadowed),
    ("what_a_server_says_of_its_tool_loosens_nothing", annotated),
];

const ALL: &str = "package countersign.p\n\nallow contains {\"id\": \"all\", \"reason\": \"a story\"}\n\n";

/// Rules beside one that allows everything.
pub(crate) fn rules(rules: &str) -> Plan {
    // A plan outlives its story only in tests.
    Plan { policy: Box::leak(format!("{ALL}{rules}\n").into_boxed_str()), ..Plan::default() }
}

/// The class of a refusal.
pub(crate) fn class(answer: &Value) -> &str {
    let meta = &answer["result"]["_meta"]["dev.countersign/refusal"];
    let data = &answer["error"]["data"]["dev.countersign/refusal"];
    meta["class"].as_str().or_else(|| data["class"].as_str()).unwrap_or_else(|| panic!("{answer}"))
}

/// The entries of one kind.
pub(crate) async fn entries(world: &World, kind: &str) -> Vec<Value> {
    world.book().await.into_iter().filter(|entry| event(entry) == kind).collect()
}

fn redacted() -> Told {
    // A16, TOO-09
    Box::pin(async {
        let world = World::serving(rules(
            r#"redact contains {"id": "token", "reason": "No tokens.", "path": "/call/arguments/token", "remove": true}

redact contains {"id": "mail", "reason": "No addresses.", "path": "/call/arguments/note", "pattern": "[a-z]+@example\\.com", "replace": "someone"}

deny contains {"id": "cut", "reason": "Nothing is left of it."} if input.call.arguments.mode == "cut"

redact contains {"id": "mode", "reason": "Not raw.", "path": "/call/arguments/mode", "replace": "cut"} if input.call.arguments.mode == "raw""#,
        ))
        .await;
        let session = world.session(json!({})).await;
        let note = r#"{"to":"ann\u0040example.com","n":1.50}"#;
        let answer = session.call(1, "echo", json!({ "token": "t0p-secret", "note": note, "keep": [1, 2.5] })).await;
        assert!(!text(&answer).contains("t0p-secret") && !text(&answer).contains("example.com"), "{answer}");
        assert_eq!(
            answer["result"]["_meta"]["dev.countersign/changed"]["arguments"],
            json!(["/call/arguments/note/to", "/call/arguments/token"])
        );
        let sent = &world.ledger()[0]["params"]["arguments"];
        assert_eq!(*sent, json!({ "note": r#"{"to":"someone","n":1.50}"#, "keep": [1, 2.5] }));
        let arrived = &entries(&world, "arrived").await[0];
        assert_eq!(arrived["params"]["arguments"], *sent, "the book holds what ran");
        assert_eq!(arrived["redacted"], json!(["/call/arguments/note/to", "/call/arguments/token"]));
        assert!(arrived["asked"].is_string() && arrived["asked"] != arrived["digest"], "another call has another name");
        let decided = &entries(&world, "decided").await[0];
        let said: Vec<&str> = decided["findings"].as_array().unwrap().iter().filter_map(|f| f["id"].as_str()).collect();
        assert!(said.contains(&"token") && said.contains(&"mail"), "{decided}");
        // Nothing to change, nothing told.
        let plain = session.call(2, "echo", json!({ "keep": 1 })).await;
        assert!(plain["result"]["_meta"].is_null(), "{plain}");
        // What runs is what was judged: the changed call meets another rule.
        let raw = session.call(3, "echo", json!({ "mode": "raw" })).await;
        assert_eq!(class(&raw), "denied", "{raw}");
        assert_eq!(world.ledger().len(), 2);
    })
}

fn unredactable() -> Told {
    Box::pin(async {
        let world = World::serving(rules(
            r#"redact contains {"id": "deep", "reason": "No secrets.", "path": "/call/arguments/doc/secret", "remove": true}

redact contains {"id": "grows", "reason": "Always more.", "path": "/call/arguments/a", "replace": longer} if longer := concat("", [input.call.arguments.a, "x"])

redact contains {"id": "number", "reason": "No numbers.", "path": "/call/arguments/n", "replace": "none"}"#,
        ))
        .await;
        let session = world.session(json!({})).await;
        for (number, (tool, arguments)) in [
            ("echo", json!({ "doc": "as told: {\"secret\":\"canary-1\"}" })),
            ("echo", json!({ "doc": "{\"secret\":\"canary-1\",\"secret\":2}" })),
            // What the rules want changed again and again is never what was judged.
            ("echo", json!({ "a": "more" })),
            // What was changed does not fit the tool any more.
            ("strict", json!({ "n": 4711 })),
        ]
        .into_iter()
        .enumerate()
        {
            let answer = session.call(u64::try_from(number).unwrap(), tool, arguments).await;
            assert_eq!(class(&answer), "redaction_failed", "{number}: {answer}");
        }
        assert!(world.ledger().is_empty());
        let book = serde_json::to_string(&world.book().await).unwrap();
        assert!(
            !book.contains("canary-1") && !book.contains("4711"),
            "what was not to be sent is not written down: {book}"
        );
        assert!(
            text(&session.call(9, "echo", json!({ "doc": "{\"secret\":1,\"b\":2}" })).await).contains(r#"{\"b\":2}"#)
        );
    })
}

fn masked() -> Told {
    // OPS-05
    Box::pin(async {
        let mut plan = rules(
            r#"mask contains {"id": "card", "reason": "Card {call.arguments.card}.", "path": "/call/arguments/card"}

mask contains {"id": "key", "reason": "Keys.", "path": "/call/arguments/text", "pattern": "sk-[a-z0-9]+"}

warn contains {"id": "seen", "reason": "Paid with {call.arguments.card}."} if input.call.arguments.card"#,
        );
        plan.more = "[log]\nlevel = \"debug\"\n";
        let mut world = World::serving(plan).await;
        {
            let session = world.session(json!({})).await;
            for id in [1, 2] {
                let asked = json!({ "card": 4111_1111_1111_1111_u64, "text": "use sk-canary99 twice" });
                let answer = session.call(id, "echo", asked).await;
                assert!(
                    text(&answer).contains("4111111111111111") && text(&answer).contains("sk-canary99"),
                    "{answer}"
                );
            }
            session.call(3, "echo", json!({ "card": 5500 })).await;
            let failed = session
                .call(4, "fail", json!({ "message": "no card 6011000990139424", "card": "6011000990139424" }))
                .await;
            assert!(
                failed["error"]["message"].as_str().unwrap().contains("6011"),
                "the agent hears the server: {failed}"
            );
        }
        let arrived = entries(&world, "arrived").await;
        let mark = |at: usize| arrived[at]["params"]["arguments"]["card"].as_str().unwrap().to_owned();
        assert!(
            mark(0).starts_with("••• ") && mark(0) == mark(1) && mark(0) != mark(2),
            "equal marks for equal values"
        );
        assert_eq!(arrived[0]["masked"], json!(["/call/arguments/card", "/call/arguments/text"]));
        let words = arrived[0]["params"]["arguments"]["text"].as_str().unwrap();
        assert!(words.starts_with("use ••• ") && words.ends_with(" twice"), "{words}");
        let book = serde_json::to_string(&world.book().await).unwrap();
        for canary in ["4111111111111111", "sk-canary99", "5500"] {
            assert!(!book.contains(canary), "{canary} in {book}");
        }
        assert!(book.contains("no card •••"), "also in what the server says: {book}");
        let log = world.stop().await;
        assert!(!log.contains("4111111111111111") && !log.contains("canary99") && !log.contains("6011"), "{log}");
    })
}

fn covered() -> Told {
    Box::pin(async {
        let world = World::serving(rules(
            r#"mask contains {"id": "pin", "reason": "Pins.", "path": "/call/arguments/pin"} if to_number(input.call.arguments.n) > 5"#,
        ))
        .await;
        let session = world.session(json!({})).await;
        let answer = session.call(1, "echo", json!({ "n": "many", "pin": "canary-7" })).await;
        assert_eq!(class(&answer), "policy_error");
        let arrived = &entries(&world, "arrived").await[0];
        assert!(arrived["params"]["arguments"].as_str().unwrap().starts_with("•••"), "{arrived}");
    })
}

fn limited() -> Told {
    Box::pin(async {
        let world = World::serving(rules(
            r#"limit contains {"id": "refunds", "reason": "Ten euros an hour.", "key": ["refunds", input.principal.id], "max": 1000, "per": "1h", "cost": input.call.arguments.cents} if input.call.arguments.cents > 0

limit contains {"id": "calls", "reason": "Four calls an hour.", "key": ["calls"], "max": 4, "per": "1h"}

deny contains {"id": "drop", "reason": "Never."} if input.call.tool == "drop_table""#,
        ))
        .await;
        let session = world.session(json!({})).await;
        let pay = async |id: u64, cents: u64| session.call(id, "echo", json!({ "cents": cents })).await;
        assert_eq!(text(&pay(1, 600).await), r#"{"cents":600}"#);
        let answer = pay(2, 500).await;
        assert_eq!(class(&answer), "limit_exceeded");
        let told = text(&answer);
        for words in
            ["Ten euros an hour.", "1000 in 1h", "400 of it are left", "needs 500", "it fits in", "no more than 400"]
        {
            assert!(told.contains(words), "{words} in {told}");
        }
        let meta = &answer["result"]["_meta"]["dev.countersign/refusal"];
        assert_eq!((&meta["retryable"], &meta["findings"]), (&json!(true), &json!(["p/refunds"])));
        assert_eq!(class(&pay(3, 5000).await), "limit_exceeded");
        assert_eq!(text(&pay(4, 400).await), r#"{"cents":400}"#, "to the cent, and what was refused was not counted");
        // Denied for another reason: it costs nothing, and the two calls that are left are left.
        for id in 5..9 {
            assert_eq!(class(&session.call(id, "drop_table", json!({})).await), "denied");
        }
        for id in 9..11 {
            assert_eq!(text(&session.call(id, "echo", json!({})).await), "{}");
        }
        let answer = session.call(11, "echo", json!({})).await;
        assert_eq!(class(&answer), "limit_exceeded");
        assert!(text(&answer).contains("60 min") || text(&answer).contains("59 min"), "{answer}");
        assert_eq!(world.ledger().len(), 4);
        let decided = entries(&world, "decided").await;
        let last = decided.last().unwrap();
        assert_eq!((&last["outcome"], &last["code"]), (&json!("deny"), &json!("limit_exceeded")), "{last}");
        assert!(last["detail"].as_str().unwrap().contains("p/calls"), "{last}");
    })
}

fn limit_that_holds() -> Told {
    Box::pin(async {
        let rules = rules(
            r#"limit contains {"id": "mails", "reason": "One mail a minute.", "key": ["mails"], "max": 1, "per": "1m", "then": "hold", "reviewers": ["role:reviewer"]}

limit contains {"id": "calls", "reason": "Three an hour.", "key": ["calls"], "max": 3, "per": "1h"}"#,
        );
        let world = World::serving(Plan { more: people(), ..rules }).await;
        let session = world.session(json!({})).await;
        assert_eq!(text(&session.call(1, "echo", json!({})).await), "{}");
        let answer = session.call(2, "echo", json!({})).await;
        assert_eq!(class(&answer), "held");
        assert!(text(&answer).contains("One mail a minute."), "{answer}");
        assert_eq!(world.ledger().len(), 1);
        assert_eq!(entries(&world, "decided").await[1]["outcome"], "hold");
        // People may let it go beyond the limit. It counts all the same, and the next one waits again.
        let approve = async || {
            let waits = waiting(&world, 1).await;
            let (code, told) = world.run(&["approvals", "approve", id(&waits[0])]).await;
            assert_eq!(code, 0, "{told}");
        };
        approve().await;
        assert_eq!(text(&session.call(3, "echo", json!({})).await), "{}");
        assert_eq!(class(&session.call(4, "echo", json!({})).await), "held");
        approve().await;
        assert_eq!(text(&session.call(5, "echo", json!({})).await), "{}");
        // Nobody is asked about what another limit forbids.
        let answer = session.call(6, "echo", json!({})).await;
        assert_eq!(class(&answer), "limit_exceeded", "{answer}");
        waiting(&world, 0).await;
        assert_eq!(world.ledger().len(), 3);
    })
}

fn limit_that_lasts() -> Told {
    Box::pin(async {
        let mut world = World::serving(rules(
            r#"limit contains {"id": "calls", "reason": "Three a day.", "key": ["calls", input.principal.id], "max": 3, "per": "1d"}"#,
        ))
        .await;
        {
            let (one, two) = (world.session(json!({})).await, world.session(json!({})).await);
            let all = futures_util::future::join_all(
                (0..8).map(|id| if id % 2 == 0 { &one } else { &two }.call(id, "echo", json!({}))),
            );
            let ran = all.await.iter().filter(|answer| answer["result"]["isError"] != json!(true)).count();
            assert_eq!(ran, 3, "however many ask at once");
        }
        world.stop().await;
        world.serve().await;
        let session = world.session(json!({})).await;
        assert_eq!(class(&session.call(1, "echo", json!({})).await), "limit_exceeded");
        assert_eq!(world.ledger().len(), 3);
    })
}

fn required() -> Told {
    Box::pin(async {
        let world = World::serving(rules(
            r#"require contains {"id": "role", "reason": "A role for this call.", "credential": {"provider": "vault"}} if input.call.tool == "echo"

limit contains {"id": "calls", "reason": "One.", "key": ["calls"], "max": 1, "per": "1h"}"#,
        ))
        .await;
        let session = world.session(json!({})).await;
        let answer = session.call(1, "echo", json!({})).await;
        assert_eq!(class(&answer), "requirement_unmet");
        let told = text(&answer);
        assert!(
            told.contains("A role for this call (") && told.contains("there is no [credentials.vault]"),
            "{answer}"
        );
        assert!(world.ledger().is_empty());
        assert!(text(&session.call(2, "drop_table", json!({})).await).contains("done"), "nothing was counted for it");
    })
}

fn shadowed() -> Told {
    Box::pin(async {
        let mut plan =
            rules(r#"warn contains {"id": "look", "reason": "Look at {call.tool}."} if input.call.tool == "echo""#);
        plan.policy = Box::leak(plan.policy.to_owned().into_boxed_str());
        let mut world = World::new(&plan);
        world.write(
            "rules/shadow.rego",
            r#"package countersign.candidate

mode := "shadow"

deny contains {"id": "no", "reason": "It would be denied."}

redact contains {"id": "cut", "reason": "It would be cut.", "path": "/call/arguments/a", "remove": true}

limit contains {"id": "none", "reason": "It would be too much.", "key": ["k"], "max": 0, "per": "1h"}

withhold contains {"id": "keep", "reason": "It would be kept."} if input.result.text != ""

label contains {"id": "l", "reason": "It would be labelled.", "label": "seen"}
"#,
        );
        world.serve().await;
        let session = world.session(json!({})).await;
        let answer = session.call(1, "echo", json!({ "a": 1 })).await;
        assert_eq!(text(&answer), r#"{"a":1}"#);
        assert!(answer["result"]["_meta"].is_null(), "{answer}");
        let ids = |entry: &Value, list: &str| -> Vec<String> {
            let findings = entry[list].as_array().cloned().unwrap_or_default();
            findings
                .iter()
                .map(|finding| format!("{}/{}", finding["policy"].as_str().unwrap(), finding["id"].as_str().unwrap()))
                .collect()
        };
        let decided = &entries(&world, "decided").await[0];
        assert_eq!(decided["outcome"], "allow");
        assert!(ids(decided, "findings").contains(&"p/look".to_owned()), "{decided}");
        assert_eq!(ids(decided, "shadow"), ["candidate/no", "candidate/cut", "candidate/none"]);
        let released = &entries(&world, "released").await[0];
        assert_eq!((&released["outcome"], &released["labels"]), (&json!("passed"), &Value::Null), "{released}");
        assert_eq!(ids(released, "shadow"), ["candidate/keep", "candidate/l"]);
    })
}

fn annotated() -> Told {
    // TOO-10
    Box::pin(async {
        let policy = r#"package countersign.hints

allow contains {"id": "reads", "reason": "It reads."} if {
	input.tool.annotations.readOnlyHint
	input.tool.trusted
}

allow contains {"id": "echo", "reason": "It is known."} if input.call.tool == "echo"

deny contains {"id": "destroys", "reason": "It says itself that it destroys."} if {
	input.tool.annotations.destructiveHint
	input.call.tool != "echo"
}
"#;
        let tools = json!([{ "name": "wipe", "inputSchema": { "type": "object" }, "annotations": { "readOnlyHint": true } },
            { "name": "burn", "inputSchema": { "type": "object" }, "annotations": { "destructiveHint": true } }]);
        for (server, wiped) in [("", "no_rule_allowed"), ("trust = \"trusted\"", "")] {
            let mut world = World::new(&Plan { server, policy, ..Plan::default() });
            world.write("tools.json", &tools.to_string());
            world.serve().await;
            let session = world.session(json!({})).await;
            let answer = session.call(1, "wipe", json!({})).await;
            if wiped.is_empty() {
                assert_eq!(text(&answer), "wipe done", "the operator vouches for what the server says");
            } else {
                assert_eq!(class(&answer), wiped, "a lie opens nothing: {answer}");
            }
            assert_eq!(class(&session.call(2, "burn", json!({})).await), "denied", "but what it admits counts");
            assert_eq!(text(&session.call(3, "echo", json!({})).await), "{}");
        }
    })
}

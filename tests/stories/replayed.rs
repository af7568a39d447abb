//! What was decided is decided again from the record, by the same policies and by others.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::Story;
use crate::world::{Plan, Told, World, event};

pub(crate) const STORIES: &[Story] = &[
    ("the_same_policies_decide_the_same_from_the_record", same),
    ("other_policies_show_what_they_would_do_before_they_do_it", other),
    ("what_was_not_kept_is_counted_and_not_guessed", gaps),
    ("what_limits_answered_and_what_was_changed_or_covered_is_known_again", effects),
    ("a_reload_under_load_lets_every_call_meet_one_bundle", swapped),
];

const EVERY_KIND: &str = r#"
package countersign.kinds

allow contains {"id": "all", "reason": "Fine at {time.hour}:{time.minute} for {principal.id}."} if input.call.tool != "strict"

deny contains {"id": "drop", "reason": "Never ({call.arguments.table})."} if input.call.tool == "drop_table"

hide contains {"id": "secret", "reason": "Nobody's business."} if input.call.tool == "secret_tool"

hold contains {"id": "large", "reason": "Somebody must look.", "reviewers": ["group:ops"]} if input.call.arguments.n > 100.5

deny contains {"id": "broken", "reason": "Not a number."} if to_number(input.call.arguments.text) > 5

warn contains {"id": "late", "reason": "{session.calls} calls, {client.name}, {tool.digest}, {server.trust}, {time.now}."}
"#;

/// Something of every kind: allowed, denied, hidden, held, failed, nothing said, no tool at all.
async fn play(world: &World) -> u64 {
    let session = world.session(json!({})).await;
    let calls = [
        ("echo", json!({})),
        ("echo", json!({ "n": 100.25, "deep": { "list": [1, -1, 1.5, 1e-300, null, "\u{0} 漢字 \u{1f642}"] } })),
        ("echo", json!({ "n": 100.75 })),
        ("echo", json!({ "n": 9_007_199_254_740_993_u64, "$serde_json::private::Number": "1" })),
        ("echo", json!({ "text": "7" })),
        ("echo", json!({ "text": "many" })),
        ("drop_table", json!({ "table": "orders" })),
        ("secret_tool", json!({})),
        ("strict", json!({ "n": 1 })),
    ];
    for (id, (tool, arguments)) in (1..).zip(calls.clone()) {
        session.call(id, tool, arguments).await;
    }
    session.ask(50, "resources/read", json!({ "uri": "story:1" })).await;
    session.ask(51, "prompts/get", json!({ "name": "greet", "arguments": { "name": "Ada" } })).await;
    world.modern(1, "tools/call", json!({ "name": "echo", "arguments": { "n": 3 } })).await;
    u64::try_from(calls.len()).unwrap() + 3
}

async fn replay(world: &World, more: &[&str]) -> (i32, Value) {
    let arguments = [&["policy", "replay", "--since", "1h", "--json"], more].concat();
    let (code, text) = world.run(&arguments).await;
    (code, serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}")))
}

fn same() -> Told {
    // A09, A52, B05
    Box::pin(async {
        let mut world = World::serving(Plan { policy: EVERY_KIND, ..Plan::default() }).await;
        let played = play(&world).await;
        let sent = world.ledger().len();
        world.stop().await;
        let book = world.book().await;
        let outcomes: BTreeSet<String> = book
            .iter()
            .filter(|entry| event(entry) == "decided")
            .map(|entry| format!("{} {}", entry["outcome"].as_str().unwrap(), entry["code"].as_str().unwrap_or("-")))
            .collect();
        let kinds = ["allow -", "deny denied", "deny hidden", "deny no_rule_allowed", "deny policy_error", "hold -"];
        assert_eq!(outcomes, kinds.map(str::to_owned).into());
        let (code, told) = replay(&world, &["--fail-on", "any"]).await;
        assert_eq!(
            (code, &told["same"], &told["judged"], &told["inexact"]),
            (0, &played.into(), &played.into(), &0.into()),
            "{told}"
        );
        assert_eq!(told["changes"], json!([]), "{told}");
        assert_eq!(world.ledger().len(), sent, "no server is asked");
        let (code, told) = replay(&world, &["--limit", "2"]).await;
        assert_eq!((code, &told["judged"]), (0, &2.into()), "{told}");
        let (code, told) = replay(&world, &["--until", "1d"]).await;
        assert_eq!((code, &told["judged"]), (0, &0.into()), "{told}");
    })
}

fn other() -> Told {
    // B05
    Box::pin(async {
        let mut world = World::serving(Plan { policy: EVERY_KIND, ..Plan::default() }).await;
        play(&world).await;
        let sent = world.ledger().len();
        world.stop().await;
        std::fs::create_dir(world.path("other")).unwrap();
        let changed = EVERY_KIND
            .replace("if input.call.tool == \"drop_table\"", "if input.call.tool == \"delete_table\"")
            .replace("> 100.5", "> 2.5")
            .replace("Nobody's business.", "Ours alone.")
            .replace("input.call.tool != \"strict\"", "input.call.method == \"tools/call\"");
        world.write("other/kinds.rego", &changed);
        let against = ["--against", "other"];
        let (code, told) = replay(&world, &against).await;
        assert_eq!(code, 6, "{told}");
        let counts = ["newly_allowed", "newly_held", "newly_denied", "other_reasons"].map(|kind| told[kind].as_u64());
        assert_eq!(counts, [2, 2, 2, 1].map(Some), "{told}");
        let said: Vec<String> = told["changes"]
            .as_array()
            .unwrap()
            .iter()
            .map(|change| {
                let of = |name: &str| change[name].as_str().unwrap().to_owned();
                format!("{} {} {}: {}", of("kind"), of("from"), of("to"), of("because"))
            })
            .collect();
        assert_eq!(
            said,
            [
                "newly_allowed deny allow: kinds/drop no longer",
                "newly_allowed deny allow: kinds/all",
                "newly_held allow hold: kinds/large",
                "newly_denied allow deny: kinds/all no longer",
                "other_reasons deny deny: kinds/secret instead of kinds/secret",
            ],
            "{told}"
        );
        let example = &told["changes"][0]["examples"][0];
        assert_eq!((&example["server"], &example["target"]), (&"story".into(), &"drop_table".into()));
        let (code, shown) = world.run(&["log", "show", example["call"].as_str().unwrap()]).await;
        assert_eq!(code, 0, "{shown}");
        let (code, text) = world.run(&["policy", "replay", "--against", "other", "--markdown", "replay.md"]).await;
        assert_eq!(code, 6, "{text}");
        let first = |word: &str| text.find(word).unwrap_or_else(|| panic!("{word} in {text}"));
        assert!(first("newly allowed") < first("newly held") && first("newly held") < first("newly denied"), "{text}");
        let report = std::fs::read_to_string(world.path("replay.md")).unwrap();
        assert!(report.contains("**2 recorded calls would be newly allowed.**"), "{report}");
        assert!(report.contains("| 1 | deny → allow | `kinds/drop no longer` | `story/drop_table`"), "{report}");
        for (fail_on, expected) in [("newly-held", 1), ("never", 0), ("inexact", 0), ("any", 6)] {
            let (code, told) = replay(&world, &[&against[..], &["--fail-on", fail_on]].concat()).await;
            assert_eq!(code, expected, "{fail_on}: {told}");
        }
        assert_eq!(world.ledger().len(), sent, "no server is asked");
    })
}

fn gaps() -> Told {
    Box::pin(async {
        let mut world = World::serving(Plan { policy: EVERY_KIND, ..Plan::default() }).await;
        let played = play(&world).await;
        world.stop().await;
        let book = rusqlite::Connection::open(world.path("book.db")).unwrap();
        book.execute("DELETE FROM part WHERE body LIKE '%\"principal\"%'", []).unwrap();
        drop(book);
        let (code, told) = replay(&world, &[]).await;
        assert_eq!((code, &told["judged"], &told["inexact"]), (0, &0.into(), &played.into()), "{told}");
        let (code, told) = replay(&world, &["--fail-on", "inexact"]).await;
        assert_eq!(code, 1, "{told}");
    })
}

fn effects() -> Told {
    // A09, A52
    Box::pin(async {
        let policy = "package countersign.effects\n\nallow contains {\"id\": \"all\", \"reason\": \"Fine.\"}\n\n\
            limit contains {\"id\": \"few\", \"reason\": \"Few.\", \"key\": [\"few\"], \"max\": 1, \"per\": \"1h\"} if input.call.arguments.few\n\n\
            limit contains {\"id\": \"ask\", \"reason\": \"Ask.\", \"key\": [\"ask\"], \"max\": 1, \"per\": \"1h\", \"then\": \"hold\", \"reviewers\": [\"user\"]} if input.call.arguments.ask\n\n\
            redact contains {\"id\": \"token\", \"reason\": \"Not sent.\", \"path\": \"/call/arguments/token\", \"remove\": true} if input.call.arguments.token\n\n\
            mask contains {\"id\": \"name\", \"reason\": \"Not shown.\", \"path\": \"/call/arguments/name\"} if input.call.arguments.name\n\n\
            deny contains {\"id\": \"eve\", \"reason\": \"Not Eve.\"} if input.call.arguments.name == \"Eve\"\n";
        let mut world = World::serving(Plan { policy, ..Plan::default() }).await;
        {
            let session = world.session(json!({})).await;
            let calls = [
                json!({ "few": true }),
                json!({ "few": true }),
                json!({ "ask": true }),
                json!({ "ask": true }),
                json!({ "token": "t-1", "n": 1 }),
                json!({ "name": "Ada" }),
                json!({ "name": "Eve" }),
            ];
            for (id, arguments) in (1..).zip(calls) {
                session.call(id, "echo", arguments).await;
            }
        }
        world.stop().await;
        let (code, told) = replay(&world, &[]).await;
        assert_eq!(
            (code, &told["judged"], &told["same"], &told["inexact"]),
            (0, &7.into(), &7.into(), &2.into()),
            "{told}"
        );
        assert_eq!(told["holds"], json!({ "recorded": 1, "would_be": 1 }), "{told}");
        std::fs::create_dir(world.path("other")).unwrap();
        let changed = policy.replace("if input.call.arguments.few", "if input.call.arguments.fewer");
        world.write("other/effects.rego", &changed);
        let (code, told) = replay(&world, &["--against", "other"]).await;
        assert_eq!((code, &told["newly_allowed"], &told["other_reasons"]), (6, &1.into(), &1.into()), "{told}");
        assert_eq!(told["changes"][0]["because"], "limit_exceeded no longer", "{told}");
    })
}

fn swapped() -> Told {
    // POL-08
    Box::pin(async {
        let policy = |tag: &str| {
            format!(
                "package countersign.one\n\nallow contains {{\"id\": \"{tag}\", \"reason\": \"{tag}\"}}\n\n\
                 warn contains {{\"id\": \"{tag}\", \"reason\": \"{tag}\"}}\n"
            )
        };
        let mut world = World::serving(Plan::default()).await;
        world.session(json!({})).await.call(1, "echo", json!({})).await;
        let mut tags = std::collections::BTreeMap::new();
        for round in 0..4 {
            let tag = format!("tag{round}");
            world.write("rules/story.rego", &policy(&tag));
            let mut id = 0;
            let session = world.session(json!({})).await.id;
            // Calls do not stop while the policies come into force.
            let book = loop {
                for _ in 0..16 {
                    id += 1;
                    let body = json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call",
                        "params": { "name": "echo", "arguments": {} } });
                    let reply = world.post(body.to_string()).header("mcp-session-id", &session).send().await.unwrap();
                    assert_eq!(reply.status(), 200);
                }
                let (_, text) = world.run(&["log", "tail", "-n", "200", "--json", "--event", "decided"]).await;
                if text.lines().last().unwrap().contains(&tag) {
                    break text;
                }
            };
            for line in book.lines() {
                let entry: Value = serde_json::from_str(line).unwrap();
                let said: BTreeSet<&str> = entry["findings"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|finding| finding["id"].as_str().unwrap())
                    .collect();
                assert_eq!(said.len(), 1, "one bundle speaks: {entry}");
                let named = entry["policy"].as_str().unwrap().to_owned();
                let said = said.into_iter().next().unwrap().to_owned();
                assert_eq!(tags.entry(named).or_insert_with(|| said.clone()), &said, "and it is the one that is named");
            }
        }
        assert_eq!(tags.len(), 5);
        world.stop().await;
        // The files of every bundle that ever judged are kept.
        let book = rusqlite::Connection::open(world.path("book.db")).unwrap();
        for name in tags.keys() {
            let list: String =
                book.query_row("SELECT body FROM part WHERE name = ?1", [name], |row| row.get(0)).unwrap();
            assert!(list.contains("story.rego"), "{list}");
        }
    })
}

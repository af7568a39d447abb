//! The authors' bench beside a gateway that runs: which rules touch which tools, a first rule from a real call, and why a
//! call of the record was decided as it was.

use serde_json::{Value, json};

use crate::Story;
use crate::world::{Plan, Told, World, event};

pub(crate) const STORIES: &[Story] = &[
    ("every_tool_is_listed_with_the_rules_that_can_touch_it", coverage),
    ("a_first_rule_is_written_from_a_call_that_happened", first_rule),
    ("a_decision_is_explained_from_the_record", explained),
];

async fn json_of(world: &World, arguments: &[&str]) -> (i32, Value) {
    let (code, text) = world.run(arguments).await;
    (code, serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}")))
}

fn coverage() -> Told {
    // A08
    Box::pin(async {
        let world = World::serving(Plan::default()).await;
        let (code, told) = json_of(&world, &["policy", "coverage", "--json", "--require-rule"]).await;
        assert_eq!((code, &told["unseen"], &told["tools"]), (1, &json!(["story"]), &json!([])), "{told}");
        let definition =
            |text: &str| json!([{ "name": "helper", "description": text, "inputSchema": { "type": "object" } }]);
        world.write("tools.json", &definition("helps").to_string());
        world.session(json!({})).await.ask(1, "tools/list", json!({})).await;
        world.write("tools.json", &definition("helps otherwise").to_string());
        world.session(json!({})).await.ask(1, "tools/list", json!({})).await;
        let (code, told) = json_of(&world, &["policy", "coverage", "--json"]).await;
        assert_eq!(code, 0, "{told}");
        let tools = told["tools"].as_array().unwrap();
        let row = |name: &str| tools.iter().find(|row| row["tool"] == name).unwrap_or_else(|| panic!("{name}: {told}"));
        assert_eq!((&row("helper")["named"], &row("helper")["definition"]), (&"general".into(), &"changed".into()));
        assert_eq!(row("drop_table")["named"], "tool");
        assert_eq!(row("drop_table")["rules"][0], json!({ "policy": "story", "effect": "deny", "aim": "tool" }));
        let first_named = tools.iter().position(|row| row["named"] == "tool").unwrap();
        assert!(
            tools[..first_named].iter().all(|row| row["named"] == "general"),
            "those nobody names come first: {told}"
        );
        assert!(tools[first_named..].iter().all(|row| row["named"] == "tool"), "{told}");
        assert_eq!(told["unnamed"].as_u64(), Some(u64::try_from(first_named).unwrap()));
        let (code, text) = world.run(&["policy", "coverage", "--require-rule"]).await;
        assert_eq!(code, 1, "{text}");
        assert!(text.contains("general rules only") && text.contains("countersign pins list"), "{text}");
        // What no rule names and none allows is denied, and what changed is refused.
        std::fs::create_dir(world.path("closed")).unwrap();
        world.write(
            "closed/all.rego",
            "package countersign.all\n\ndeny contains {\"id\": \"all\", \"reason\": \"Closed.\"} if input.call.server == \"story\"\n",
        );
        let (code, told) = json_of(&world, &["policy", "coverage", "closed", "--json", "--require-rule"]).await;
        assert_eq!((code, &told["unnamed"]), (0, &0.into()), "{told}");
        let answer = world.session(json!({})).await.call(9, "helper", json!({})).await;
        assert_eq!(answer["result"]["_meta"]["dev.countersign/refusal"]["class"], "definition_drifted", "{answer}");
    })
}

fn first_rule() -> Told {
    Box::pin(async {
        let world = World::serving(Plan::default()).await;
        let session = world.session(json!({})).await;
        session.call(1, "echo", json!({ "order": "A-1", "password": "canary-7291" })).await;
        let book = world.book().await;
        let call = book.iter().find(|entry| event(entry) == "arrived").unwrap()["call"].as_str().unwrap();
        let (code, told) = world.run(&["policy", "new", "first_rule", "--from", call]).await;
        assert_eq!(code, 0, "{told}");
        assert!(told.contains("countersign policy check") && told.contains("countersign policy replay"), "{told}");
        let policy = std::fs::read_to_string(world.path("rules/first_rule.rego")).unwrap();
        assert!(policy.contains("# input.call.arguments.order == \"A-1\"") && !policy.contains("canary"), "{policy}");
        for arguments in [["policy", "check"], ["policy", "test"]] {
            let (code, told) = world.run(&arguments).await;
            assert_eq!(code, 0, "{told}");
        }
        let (code, told) = world.run(&["policy", "new", "first_rule"]).await;
        assert_eq!(code, 1, "{told}");
        assert!(told.contains("is there already"), "{told}");
        assert_eq!(std::fs::read_to_string(world.path("rules/first_rule.rego")).unwrap(), policy);
        let (code, told) = world.run(&["policy", "new", "second", "--effect", "hold", "--into", "new"]).await;
        assert_eq!(code, 0, "{told}");
        let (code, told) = world.run(&["policy", "test", "new"]).await;
        assert_eq!(code, 0, "{told}");
        for (name, from, expected) in [("../evil", call, 2), ("third", "ffffffff", 3)] {
            let (code, told) = world.run(&["policy", "new", name, "--from", from]).await;
            assert_eq!(code, expected, "{told}");
        }
    })
}

fn explained() -> Told {
    // A52
    Box::pin(async {
        let world = World::serving(Plan::default()).await;
        let session = world.session(json!({})).await;
        session.call(1, "drop_table", json!({ "table": "orders" })).await;
        let book = world.book().await;
        let decided = book.iter().find(|entry| event(entry) == "decided").unwrap();
        let call = decided["call"].as_str().unwrap();
        let (code, told) = json_of(&world, &["policy", "eval", call, "--json"]).await;
        assert_eq!((code, &told["outcome"]), (0, &"deny".into()), "{told}");
        let (code, told) = world.run(&["policy", "explain", call]).await;
        assert_eq!(code, 0, "{told}");
        for wanted in ["story/drop", "orders", decided["policy"].as_str().unwrap()] {
            assert!(told.contains(wanted), "{wanted} in {told}");
        }
        let (code, told) = json_of(&world, &["policy", "eval", call, "--json", "--with", "call.tool=echo"]).await;
        assert_eq!((code, &told["outcome"]), (0, &"allow".into()), "{told}");
        let (code, told) = world.run(&["policy", "explain", "ffffffff-ffff"]).await;
        assert_eq!(code, 3, "{told}");
    })
}

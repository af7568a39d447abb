//! What policy says, and what the record says of it.

use serde_json::{Value, json};

use crate::Story;
use crate::world::{Agent, POLICY, Plan, Told, World, event, text};

pub(crate) const STORIES: &[Story] = &[
    ("an_allowed_call_reaches_the_tool_and_the_book", allowed),
    ("a_refusal_names_its_reason_and_touches_nothing", refused),
    ("a_hidden_tool_is_absent_and_not_callable", hidden),
    ("what_nobody_allows_is_refused", nothing_said),
    ("a_policy_that_fails_refuses", failing),
    ("a_policy_that_asks_for_too_much_stops_nobody_else", hostile),
    ("new_policies_come_into_force_while_calls_run", reload),
    ("without_fit_policies_nothing_starts", unfit),
    ("what_was_sent_appears_in_no_log_and_on_no_other_page", quiet),
    ("the_same_gateway_serves_an_unmodified_agent_on_standard_input", stdio),
];

fn allowed() -> Told {
    // A01, A05
    Box::pin(async {
        let world = World::serving(Plan::default()).await;
        let session = world.session(json!({})).await;
        assert_eq!(text(&session.call(1, "echo", json!({ "a": 1 })).await), r#"{"a":1}"#);
        let book = world.book().await;
        let call: Vec<&Value> = book.iter().filter(|entry| entry["call"].is_string()).collect();
        let events: Vec<&str> = call.iter().map(|entry| event(entry)).collect();
        assert_eq!(events, ["arrived", "decided", "dispatched", "finished"]);
        let told = serde_json::to_string(&call).unwrap();
        for wanted in ["\"anyone\"", "\"echo\"", "succeeded", "sha256:"] {
            assert!(told.contains(wanted), "{wanted} in {told}");
        }
        assert_eq!(call[1]["findings"][0]["policy"], "story");
        assert!(call.iter().all(|entry| entry["call"] == call[0]["call"]), "one call, one name");
        let (code, shown) = world.run(&["log", "show", call[0]["call"].as_str().unwrap()]).await;
        assert_eq!(code, 0, "{shown}");
        assert!(shown.contains("echo"), "{shown}");
    })
}

fn refused() -> Told {
    // A13, B09
    Box::pin(async {
        let world = World::serving(Plan::default()).await;
        let session = world.session(json!({})).await;
        let answer = session.call(1, "drop_table", json!({ "table": "orders" })).await;
        assert_eq!(answer["result"]["isError"], true, "{answer}");
        assert_eq!(
            text(&answer).split(" Reference").next().unwrap(),
            "Not executed (denied): Tables are never dropped (orders). What to do instead: Open a migration. Repeating the same call will not help."
        );
        let meta = &answer["result"]["_meta"]["dev.countersign/refusal"];
        assert_eq!(meta["class"], "denied");
        assert_eq!(meta["retryable"], false);
        assert_eq!(meta["findings"], json!(["story/drop"]));
        assert!(world.ledger().is_empty());
        let events = world.events().await;
        assert_eq!(events.last().map(String::as_str), Some("decided"));
    })
}

fn hidden() -> Told {
    // A24, PRO-09
    Box::pin(async {
        let world = World::serving(Plan::default()).await;
        let session = world.session(json!({})).await;
        let list = session.ask(1, "tools/list", json!({})).await;
        let names: Vec<&str> =
            list["result"]["tools"].as_array().unwrap().iter().map(|tool| tool["name"].as_str().unwrap()).collect();
        assert!(names.contains(&"echo") && !names.contains(&"secret_tool"), "{names:?}");
        let answer = session.call(2, "secret_tool", json!({})).await;
        assert_eq!(answer["result"]["_meta"]["dev.countersign/refusal"]["class"], "hidden", "{answer}");
        assert!(!text(&answer).contains("Nobody's business"), "a hidden tool's reason is not told");
        assert!(world.ledger().is_empty());
    })
}

fn nothing_said() -> Told {
    Box::pin(async {
        let policy = "package countersign.narrow\n\nallow contains {\"id\": \"echo\", \"reason\": \"fine\"} if input.call.tool == \"echo\"\n";
        let world = World::serving(Plan { policy, ..Plan::default() }).await;
        let session = world.session(json!({})).await;
        assert_eq!(text(&session.call(1, "echo", json!({})).await), "{}");
        let answer = session.call(2, "strict", json!({ "n": 1 })).await;
        assert_eq!(answer["result"]["_meta"]["dev.countersign/refusal"]["class"], "no_rule_allowed");
        let answer = session.ask(3, "resources/read", json!({ "uri": "story:1" })).await;
        assert_eq!(answer["error"]["data"]["dev.countersign/refusal"]["class"], "no_rule_allowed");
        assert!(world.ledger().len() == 1);
    })
}

fn failing() -> Told {
    // A13
    Box::pin(async {
        let policy = "package countersign.broken\n\nallow contains {\"id\": \"all\", \"reason\": \"fine\"}\n\n\
            deny contains {\"id\": \"n\", \"reason\": \"too many\"} if to_number(input.call.arguments.n) > 5\n";
        let world = World::serving(Plan { policy, ..Plan::default() }).await;
        let session = world.session(json!({})).await;
        assert_eq!(text(&session.call(1, "echo", json!({ "n": "3" })).await), r#"{"n":"3"}"#);
        let answer = session.call(2, "echo", json!({ "n": "many" })).await;
        assert_eq!(answer["result"]["_meta"]["dev.countersign/refusal"]["class"], "policy_error", "{answer}");
        assert!(!answer.to_string().contains("to_number"), "the engine's words are for the operator: {answer}");
        let book = serde_json::to_string(&world.book().await).unwrap();
        assert!(book.contains("to_number"), "and stand in the record");
        assert_eq!(world.ledger().len(), 1);
    })
}

fn hostile() -> Told {
    // POL-01, POL-02: each in its own policy, kept for the call that names it.
    Box::pin(async {
        let policy = "package countersign.greedy\n\nallow contains {\"id\": \"all\", \"reason\": \"fine\"}\n\n\
            deny contains {\"id\": \"loop\", \"reason\": \"r\"} if {\n\tinput.call.arguments.how == \"loop\"\n\
            \tsome a in numbers.range(1, 10000)\n\tsome b in numbers.range(1, 10000)\n\ta == b + 20000\n}\n\n\
            deny contains {\"id\": \"set\", \"reason\": \"r\"} if {\n\tinput.call.arguments.how == \"set\"\n\
            \tcount({[a, b] | some a in numbers.range(1, 10000); some b in numbers.range(1, 10000)}) == 1\n}\n\n\
            deny contains {\"id\": \"text\", \"reason\": \"r\"} if {\n\tinput.call.arguments.how == \"text\"\n\
            \ts := input.call.arguments.s\n\tcount(replace(s, \"a\", s)) == 1\n}\n\n\
            deny contains {\"id\": \"same\", \"reason\": \"r\"} if {\n\tinput.call.arguments.how == \"same\"\n\
            \ts := input.call.arguments.s\n\tt := concat(\"\", [s, \"\"])\n\
            \ta := [s | some _ in numbers.range(1, 3000)]\n\tb := [t | some _ in numbers.range(1, 3000)]\n\
            \tc := [a | some _ in numbers.range(1, 1000)]\n\td := [b | some _ in numbers.range(1, 1000)]\n\tc == d\n}\n";
        let world = World::serving(Plan { policy, ..Plan::default() }).await;
        let (greedy, modest) = (world.session(json!({})).await, world.session(json!({})).await);
        let long = "a".repeat(500_000);
        for (how, class) in [
            ("loop", "policy_timeout"),
            ("set", "policy_timeout"),
            ("text", "policy_error"),
            ("same", "policy_timeout"),
        ] {
            let asked = json!({ "how": how, "s": long });
            let (refused, answered) =
                tokio::join!(greedy.call(1, "echo", asked), modest.call(1, "echo", json!({ "how": "modestly" })));
            assert_eq!(refused["result"]["_meta"]["dev.countersign/refusal"]["class"], class, "{how}");
            assert_eq!(text(&answered), r#"{"how":"modestly"}"#, "beside {how}");
        }
        let book = serde_json::to_string(&world.book().await).unwrap();
        assert!(book.contains("one expression of a rule took longer"), "the last was left behind, not waited for");
        assert_eq!(world.ledger().len(), 4, "nothing that was refused reached the tool");
        let most = world.most_memory();
        assert!(most < 400 << 20, "{most} bytes");
    })
}

fn reload() -> Told {
    // A12
    Box::pin(async {
        let mut world = World::serving(Plan::default()).await;
        let id = world.session(json!({})).await.id;
        assert!(world.ledger().is_empty());
        world.write(
            "rules/story.rego",
            "package countersign.story\n\ndeny contains {\"id\": \"closed\", \"reason\": \"Closed.\"}\n",
        );
        world.logged("new policies are in force").await;
        let call =
            json!({ "jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": { "name": "echo", "arguments": {} } });
        let ask = || world.post(call.to_string()).header("mcp-session-id", &id).send();
        let answer = ask().await.unwrap().text().await.unwrap();
        assert!(answer.contains("Closed."), "{answer}");
        world.write("rules/story.rego", "package countersign.story\n\nallow contains { if\n");
        world.logged("the old ones stay in force").await;
        let ask = || world.post(call.to_string()).header("mcp-session-id", &id).send();
        assert!(ask().await.unwrap().text().await.unwrap().contains("Closed."), "a bad bundle keeps the old one");
        world.write("rules/story.rego", POLICY);
        world.logged("new policies are in force").await;
        let ask = || world.post(call.to_string()).header("mcp-session-id", &id).send();
        assert!(!ask().await.unwrap().text().await.unwrap().contains("Closed."));
        let book = world.book().await;
        let digests: std::collections::BTreeSet<String> = book
            .iter()
            .filter(|entry| event(entry) == "decided")
            .map(|entry| entry["policy"].as_str().unwrap().to_owned())
            .collect();
        assert_eq!(digests.len(), 2, "each decision names the policies it was made by");
    })
}

fn unfit() -> Told {
    // POL-13
    Box::pin(async {
        for policy in ["package other\n\nallow := true\n", "package countersign.story\n\nallow contains { if\n"] {
            let world = World::new(&Plan { policy, ..Plan::default() });
            let (code, told) = world.run(&["serve"]).await;
            assert_eq!(code, 1, "{told}");
            assert!(told.contains("the policies cannot be used"), "{told}");
        }
    })
}

fn quiet() -> Told {
    // OPS-05, OPS-06
    Box::pin(async {
        let mut world = World::serving(Plan { more: "[log]\nlevel = \"debug\"\n", ..Plan::default() }).await;
        {
            let session = world.session(json!({})).await;
            assert!(text(&session.call(1, "echo", json!({ "password": "canary-7291" })).await).contains("canary"));
            session.call(2, "drop_table", json!({ "table": "canary-7291" })).await;
            session.call(3, "strict", json!({ "n": "canary-7291" })).await;
        }
        for path in ["/metrics", "/debug/pprof", "/debug", "/admin", "/inbox/x", "/api"] {
            let reply = world.request(reqwest::Method::GET, path).send().await.unwrap();
            assert_eq!(reply.status(), 404, "{path}");
        }
        let ready = world.request(reqwest::Method::GET, "/readyz").send().await.unwrap();
        assert_eq!(ready.status(), 200);
        let log = world.stop().await;
        assert!(log.contains("stopping") && !log.contains("canary-7291"), "{log}");
    })
}

fn stdio() -> Told {
    // A01, A03
    Box::pin(async {
        let world = World::new(&Plan::default());
        let mut agent = Agent::start(&world);
        agent.hello().await;
        agent
            .say(r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{"a":1}}}"#)
            .await;
        assert_eq!(text(&agent.hear().await), r#"{"a":1}"#);
        agent.say(r#"{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"drop_table","arguments":{"table":"t"}}}"#).await;
        assert!(text(&agent.hear().await).contains("never dropped"));
        assert_eq!(agent.leave().await, 0);
        let book = world.book().await;
        let told = serde_json::to_string(&book).unwrap();
        assert!(told.contains("\"os:"), "the caller is the user of the operating system: {told}");
        assert_eq!(world.ledger().len(), 1);
    })
}

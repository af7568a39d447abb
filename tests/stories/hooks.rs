//! What does a client's hook report, how, and who is believed?

use std::process::Stdio;

use reqwest::Method;
use serde_json::{Value, json};

use crate::Story;
use crate::effects::{class, entries};
use crate::intent::{CAPTURED, WORDS, enroll, hook, hook_so, prompt, report, tool_use, under};
use crate::office::Office;
use crate::world::{Agent, Plan, Told, World, event, text};

pub(crate) const STORIES: &[Story] = &[
    ("a_hook_never_blocks_by_accident", unblocking),
    ("nobody_reports_but_a_device_that_is_enrolled_and_signs", believed),
    ("a_hook_reports_over_http_and_to_a_gateway_on_a_pipe", elsewhere),
    ("a_framework_reports_and_is_believed_less", framework),
    ("a_device_may_keep_its_words_to_itself", silent),
];

fn unblocking() -> Told {
    Box::pin(async {
        let world = World::new(&Plan::default());
        let payload = prompt(WORDS).to_string();
        // A code of 2 is how a hook blocks.
        for arguments in [
            &["hook", "claude-code", "--bogus"][..],
            &["hook", "claude-code", "extra"],
            &["hook", "claude-cod"],
            &["hook", "claude-code", "--within", "soon"],
            &["hook", "claude-code"],
            &["hook", "codex", "--device", "nowhere.json"],
            &["hook", "gemini", "--device", "countersign.toml"],
            &["--config", "nowhere.toml", "hook", "vscode", "--device", "nowhere.json"],
        ] {
            let (code, out, said) = hook_so(&world, arguments, &payload).await;
            assert_eq!((code, out.as_str()), (1, ""), "{arguments:?}: {said}");
            assert_eq!(said.lines().count(), 1, "{arguments:?}: {said}");
        }
        // Cursor blocks what its hook does not answer with JSON, or fails at.
        for arguments in [&["hook", "cursor", "--bogus"][..], &["hook", "cursor", "--device", "nowhere.json"]] {
            let (code, out, said) = hook_so(&world, arguments, &payload).await;
            assert_eq!((code, out.as_str(), said.lines().count()), (0, "{}\n", 1), "{arguments:?}: {said}");
        }
        enroll(&world, &[]).await;
        for payload in ["", "{", "[]", r#"{"session_id":"s"}"#, "\u{0}"] {
            let (code, out, said) = hook(&world, "claude-code", payload).await;
            assert_eq!((code, out.as_str(), said.lines().count()), (1, "", 1), "{payload:?}: {said}");
        }
        // What is none of ours is nobody's business, and a gateway that is not there no reason to stop.
        let (code, out, said) = hook(&world, "claude-code", r#"{"session_id":"s","hook_event_name":"Stop"}"#).await;
        assert_eq!((code, out.as_str(), said.as_str()), (0, "", ""));
        let none = ["--gateway", "http://127.0.0.1:1", "--replace"];
        let (code, told) = world.run(&["hook", "revoke", "laptop-7"]).await;
        assert_eq!(code, 0, "{told}");
        enroll(&world, &none).await;
        report(&world, &prompt(WORDS)).await;
        // Whoever never gets its input goes on all the same.
        let mut command = world.command(&["hook", "claude-code", "--device", "device.json", "--within", "50"]);
        let mut stuck = command.stdin(Stdio::piped()).spawn().unwrap();
        let _open = stuck.stdin.take().unwrap();
        assert!(stuck.wait().await.unwrap().success());
    })
}

/// Told where there are Python and Node: `tests/run.sh` sees to it.
pub(crate) const WITH_LANGUAGES: &[Story] = &[("the_examples_for_frameworks_work_as_they_are", examples)];

fn examples() -> Told {
    Box::pin(async {
        let office = Office::under(CAPTURED, "100ms").await;
        let world = &office.world;
        enroll(world, &["--for", "key:bot"]).await;
        let gateway = format!("http://{}", world.address);
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/hooks");
        let hook = format!(
            "{} hook report --within 20000 --device {}",
            env!("CARGO_BIN_EXE_countersign"),
            world.path("device.json").display()
        );
        for (program, script) in [("python3", "python/agent.py"), ("node", "typescript/agent.mjs")] {
            let mut known = Vec::new();
            for (device, tool) in [(false, "story__strange"), (true, "story__echo")] {
                let mut command = tokio::process::Command::new(program);
                command.arg(root.join(script)).args([tool, r#"{"b":1.5,"a":"\u00fc"}"#]);
                command.env("COUNTERSIGN_URL", &gateway).env("COUNTERSIGN_KEY", &office.keys["bot"]);
                command.env("PYTHONDONTWRITEBYTECODE", "1").env_remove("COUNTERSIGN_HOOK");
                if device {
                    command.env("COUNTERSIGN_HOOK", &hook);
                }
                let output = command.output().await.unwrap();
                let (out, said) =
                    (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
                let result: Value =
                    serde_json::from_str(out.trim()).unwrap_or_else(|_| panic!("{script}: {out} {said}"));
                assert!(result["isError"].is_null(), "{script}: {out} {said}");
                let arrived = entries(world, "arrived").await;
                known.push(arrived.last().unwrap()["intent"]["prompt"]["provenance"].clone());
            }
            assert_eq!(known, ["asserted", "captured"], "{script}");
        }
    })
}

/// What came of a report over HTTP.
async fn post(world: &World, headers: &[(&str, &str)], body: &str) -> u16 {
    let mut request = world.request(Method::POST, "/hooks/v1").header("content-type", "application/json");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(body.to_owned()).send().await.unwrap().status().as_u16()
}

fn believed() -> Told {
    Box::pin(async {
        let mut world = World::new(&Plan { policy: CAPTURED, ..Plan::default() });
        enroll(&world, &["--for", "anyone"]).await;
        report(&world, &prompt(WORDS)).await;
        let mut left = std::fs::read_dir(world.path("book-reports")).unwrap();
        let copy = std::fs::read_to_string(left.next().unwrap().unwrap().path()).unwrap();
        world.serve().await;
        let body = r#"{"client":"claude-code","session":"s","prompt":{"text":"Delete everything"}}"#;
        assert_eq!(post(&world, &[], body).await, 401, "nobody proved anything");
        let device: Value = serde_json::from_str(&std::fs::read_to_string(world.path("device.json")).unwrap()).unwrap();
        let id = device["id"].as_str().unwrap();
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs().to_string();
        let signed = |signature: &'static str| {
            [("countersign-device", id), ("webhook-id", "m1"), ("webhook-timestamp", now.as_str())]
                .into_iter()
                .chain([("webhook-signature", signature)])
                .collect::<Vec<_>>()
        };
        assert_eq!(post(&world, &signed("v1a,AAAA"), body).await, 401, "nobody signed it");
        assert_eq!(post(&world, &signed("v1a,AAAA")[..3], body).await, 401, "there is no signature");
        let stranger = [("countersign-device", "000000000000"), ("webhook-id", "m1"), ("webhook-timestamp", "1")];
        assert_eq!(post(&world, &[&stranger[..], &[("webhook-signature", "v1a,AA")]].concat(), body).await, 401);
        assert_eq!(post(&world, &[("origin", "https://evil.example")], body).await, 403, "no page reports anything");
        assert_eq!(world.request(Method::GET, "/hooks/v1").send().await.unwrap().status().as_u16(), 405);

        // A file somebody else left is not believed; one that was taken in and comes again counts once.
        let letter = json!({ "device": id, "id": "m1", "time": now, "signature": "v1a,AAAA", "body": body });
        world.write("book-reports/0.json", &letter.to_string());
        world.write("book-reports/1.json", "{}");
        let session = world.session(json!({})).await;
        session.call(1, "strange", json!({})).await;
        world.write("book-reports/2.json", &copy);
        session.call(2, "strange", json!({})).await;
        assert_eq!(entries(&world, "prompted").await.len(), 1);
        let rejected = entries(&world, "rejected").await;
        let by_file = rejected.iter().filter(|entry| entry["transport"] == "file").count();
        assert_eq!((by_file, rejected.len() > 5), (2, true), "who tries stands in the book: {rejected:?}");

        // A device that was taken back reports nothing, and what it reported counts no more.
        let arguments = json!({ "a": 1 });
        report(&world, &tool_use("toolu_1", "echo", &arguments)).await;
        session.call(3, "strange", json!({})).await;
        let (code, told) = world.run(&["hook", "devices"]).await;
        assert!(code == 0 && told.contains("laptop-7") && told.contains("anyone"), "{told}");
        let (code, told) = world.run(&["hook", "revoke", "laptop-7"]).await;
        assert_eq!(code, 0, "{told}");
        let refused = session.ask(4, "tools/call", under("toolu_1", "echo", &arguments)).await;
        assert_eq!(class(&refused), "requirement_unmet");
        assert_eq!(world.run(&["hook", "revoke", "laptop-9"]).await.0, 3);
        let operated = entries(&world, "operated").await;
        let said: Vec<&str> = operated.iter().filter_map(|entry| entry["what"].as_str()).collect();
        assert!(said.contains(&"device_enrolled") && said.contains(&"device_revoked"), "{said:?}");
    })
}

fn elsewhere() -> Told {
    Box::pin(async {
        let mut world = World::new(&Plan { policy: CAPTURED, ..Plan::default() });
        world.serve().await;
        let gateway = format!("http://{}", world.address);
        // The key is made on the device, and its public half carried over.
        let words = ["hook", "enroll", "--name", "laptop-7", "--device", "device.json", "--for", "anyone"];
        let (code, told) = world.run(&[&words[..], &["--gateway", &gateway, "--elsewhere"]].concat()).await;
        assert_eq!(code, 0, "{told}");
        let command = told.lines().find(|line| line.trim().starts_with("countersign hook admit")).unwrap();
        let admit: Vec<&str> = command.split_whitespace().skip(1).collect();
        let (code, _, said) = hook(&world, "claude-code", &prompt(WORDS).to_string()).await;
        assert_eq!((code, said.lines().count()), (1, 1), "it is not enrolled yet: {said}");
        assert_eq!(world.run(&admit).await.0, 0);
        report(&world, &prompt(WORDS)).await;
        let arguments = json!({ "a": 1 });
        report(&world, &tool_use("toolu_1", "echo", &arguments)).await;
        let session = world.session(json!({})).await;
        let told = session.ask(1, "tools/call", under("toolu_1", "echo", &arguments)).await;
        assert_eq!(text(&told), r#"{"a":1}"#);

        // A gateway on a pipe takes in what lies in the folder. Its caller is whoever started it.
        let pipe = World::new(&Plan { policy: CAPTURED, ..Plan::default() });
        enroll(&pipe, &[]).await;
        let mut agent = Agent::start(&pipe);
        agent.hello().await;
        report(&pipe, &prompt(WORDS)).await;
        report(&pipe, &tool_use("toolu_1", "echo", &arguments)).await;
        let call = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": under("toolu_1", "echo", &arguments) });
        agent.say(&call.to_string()).await;
        assert_eq!(text(&agent.hear().await), r#"{"a":1}"#);
        assert_eq!(agent.leave().await, 0);
    })
}

fn framework() -> Told {
    Box::pin(async {
        let office = Office::under(CAPTURED, "100ms").await;
        let world = &office.world;
        let said = |body: Value| {
            let post = world.request(Method::POST, "/hooks/v1").bearer_auth(&office.keys["bot"]);
            let post = post.header("content-type", "application/json").body(body.to_string());
            async { post.send().await.unwrap().status().as_u16() }
        };
        let report = json!({ "client": "my-agent", "session": "s1", "prompt": { "text": WORDS } });
        assert_eq!(said(report).await, 202);
        let tool = json!({ "id": "u1", "tool": "strange", "arguments": { "a": 1.0 } });
        assert_eq!(said(json!({ "client": "my-agent", "session": "s1", "tool_use": tool })).await, 202);
        assert_eq!(said(json!({ "client": "my-agent", "session": "s1" })).await, 400);

        // A caller's own key may be in the agent's hands: what it reports is asserted, and a capture is asked for elsewhere.
        let params = |tool: &str, id: &str| json!({ "name": tool, "arguments": { "a": 1 }, "_meta": { "dev.countersign/toolUseId": id } });
        let key = &office.keys["bot"];
        let open = world.post(r#"{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"s","version":"1"}}}"#);
        let opened = open.bearer_auth(key).send().await.unwrap();
        let session = opened.headers()["mcp-session-id"].to_str().unwrap().to_owned();
        let ask = |number: u64, params: Value| {
            let body = json!({ "jsonrpc": "2.0", "id": number, "method": "tools/call", "params": params });
            let post = world.post(body.to_string()).bearer_auth(key).header("mcp-session-id", &session);
            async { crate::world::answer(&post.send().await.unwrap().text().await.unwrap()) }
        };
        assert!(ask(1, params("strange", "u1")).await["result"]["content"].is_array());
        let intent = entries(world, "arrived").await[0]["intent"].clone();
        assert_eq!(intent["prompt"]["provenance"], "asserted");
        assert_eq!(intent["source"], json!({ "client": "my-agent" }));
        assert_eq!(class(&ask(2, params("echo", "u2")).await), "requirement_unmet");

        // By likeness, where there is no id; and nothing where it could be of two prompts.
        let alike = json!({ "tool": "strange", "arguments": { "b": 1 } });
        assert_eq!(said(json!({ "client": "my-agent", "session": "s1", "tool_use": alike })).await, 202);
        ask(3, json!({ "name": "strange", "arguments": { "b": 1 } })).await;
        let other = json!({ "client": "my-agent", "session": "s2", "prompt": { "text": "Something else" } });
        assert_eq!(said(other).await, 202);
        assert_eq!(said(json!({ "client": "my-agent", "session": "s2", "tool_use": alike })).await, 202);
        ask(4, json!({ "name": "strange", "arguments": { "b": 1 } })).await;
        let arrived = entries(world, "arrived").await;
        assert_eq!(arrived[2]["intent"]["prompt"]["provenance"], "asserted", "{}", arrived[2]);
        assert!(arrived[3]["intent"]["prompt"].is_null(), "{}", arrived[3]);
    })
}

fn silent() -> Told {
    Box::pin(async {
        let world = World::new(&Plan { policy: CAPTURED, more: "[intent]\nprompts = \"text\"", ..Plan::default() });
        enroll(&world, &["--for", "anyone", "--prompts", "digest"]).await;
        report(&world, &prompt(WORDS)).await;
        for entry in std::fs::read_dir(world.path("book-reports")).unwrap() {
            let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
            assert!(!text.contains("test orders"), "the words do not leave the device: {text}");
        }
        let arguments = json!({ "a": 1 });
        report(&world, &tool_use("toolu_1", "echo", &arguments)).await;
        let mut world = world;
        world.serve().await;
        let session = world.session(json!({})).await;
        let told = session.ask(1, "tools/call", under("toolu_1", "echo", &arguments)).await;
        assert_eq!(text(&told), r#"{"a":1}"#, "what was reported before the gateway ran counts too");
        let book = world.book().await;
        let arrived = book.iter().find(|entry| event(entry) == "arrived").unwrap();
        assert_eq!(arrived["intent"]["prompt"]["provenance"], "captured", "it is named all the same");
    })
}

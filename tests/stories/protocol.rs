//! Headers, methods, sessions and servers that do not behave.

use serde_json::{Value, json};

use crate::Story;
use crate::world::{Agent, Plan, Told, World, answer, text};

pub(crate) const STORIES: &[Story] = &[
    ("headers_that_say_another_thing_than_the_body_are_refused", headers),
    ("every_method_is_known_or_refused_and_each_is_recorded", methods),
    ("a_request_that_is_framed_twice_is_refused", smuggling),
    ("only_http_1_is_spoken", http2),
    ("a_slow_header_is_not_waited_for", slow_header),
    ("one_agent_cannot_take_all_streams", streams),
    ("the_negotiated_version_is_bounded_by_the_operator", downgrade),
    ("a_server_that_dies_in_a_call_leaves_the_outcome_unknown", dies),
    ("a_result_passes_byte_equal_in_value", lossless),
    ("a_cancelled_call_is_recorded_as_cancelled", cancelled),
    ("an_open_id_cannot_be_used_twice", same_id),
];

fn headers() -> Told {
    // PRO-02 to PRO-06
    Box::pin(async {
        let world = World::serving(Plan::default()).await;
        let call = || world.modern_post(1, "tools/call", json!({ "name": "echo", "arguments": { "a": "b" } }));
        let refused = async |request: reqwest::RequestBuilder, name: &str| {
            let reply = request.send().await.unwrap();
            assert_eq!(reply.status(), 400, "{name}");
            let body: Value = serde_json::from_str(&reply.text().await.unwrap()).unwrap();
            assert_eq!(body["error"]["code"], -32020, "{name}: {body}");
        };
        assert_eq!(text(&answer(&call().send().await.unwrap().text().await.unwrap())), r#"{"a":"b"}"#);
        let body = |meta: &str| {
            format!(
                r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"drop_table","_meta":{{"io.modelcontextprotocol/protocolVersion":"{meta}","io.modelcontextprotocol/clientCapabilities":{{}}}}}}}}"#
            )
        };
        let with = |meta: &str, headers: &[(&'static str, &'static str)]| {
            headers.iter().fold(world.post(body(meta)), |post, (name, value)| post.header(*name, *value))
        };
        let modern = ("mcp-protocol-version", "2026-07-28");
        let method = ("mcp-method", "tools/call");
        refused(with("2026-07-28", &[modern, method, ("mcp-name", "echo")]), "PRO-02").await;
        refused(
            with("2026-07-28", &[modern, method, ("mcp-name", "drop_table"), ("mcp-name", "drop_table")]),
            "PRO-03",
        )
        .await;
        refused(with("2026-07-28", &[modern, modern, method, ("mcp-name", "drop_table")]), "PRO-03").await;
        refused(with("2026-07-28", &[modern, method, ("mcp-name", "=?base64?ZWNobw==?=")]), "PRO-04").await;
        refused(with("2026-07-28", &[modern, method, ("mcp-name", "=?base64?ZHJvcF90YWJsZQ==?=")]), "PRO-04: needless")
            .await;
        refused(call().header("mcp-param-a", "c"), "PRO-05").await;
        refused(
            with("2026-07-28", &[("mcp-protocol-version", "2025-03-26"), method, ("mcp-name", "drop_table")]),
            "PRO-06",
        )
        .await;
        refused(with("2026-07-28", &[method, ("mcp-name", "drop_table")]), "PRO-06: missing").await;
        assert_eq!(world.ledger().len(), 1, "only the honest one was forwarded");
    })
}

fn methods() -> Told {
    // PRO-08, PRO-14; A01: fuzzing methods finds no unrecorded path
    Box::pin(async {
        let world = World::serving(Plan::default()).await;
        let session = world.session(json!({})).await;
        let before = world.book().await.len();
        let odd = [
            "tools/Call",
            "tools/call ",
            "",
            "tools",
            "resources/write",
            "custom/drop_table",
            "initialize2",
            "sampling/createMessage",
            "tasks/update",
            "server/discover",
            "notifications/cancelled",
            "completion/complete/x",
            "\u{0}",
            "TOOLS/CALL",
        ];
        for (number, method) in (100_u64..).zip(&odd) {
            let answer =
                session.ask(number, method, json!({ "name": "drop_table", "taskId": "t", "approve": true })).await;
            assert!(answer["error"].is_object(), "{method}: {answer}");
        }
        assert!(world.ledger().is_empty());
        let book = world.book().await;
        assert_eq!(book.len() - before, odd.len(), "each stands in the record");
        // Other methods that reach a server are judged and recorded as calls are.
        let read = session.ask(200, "resources/read", json!({ "uri": "story:1" })).await;
        assert_eq!(read["result"]["contents"][0]["text"], "once upon a time");
        let events: Vec<String> = world.events().await;
        assert_eq!(events[events.len() - 4..], ["arrived", "decided", "dispatched", "finished"]);
    })
}

fn smuggling() -> Told {
    // PRO-20
    Box::pin(async {
        let world = World::serving(Plan::default()).await;
        let host = format!("Host: {}\r\n", world.address);
        let hidden = "POST /mcp/story HTTP/1.1\r\n";
        for headers in [
            "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n".to_owned() + hidden,
            "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n".to_owned() + hidden,
            "Content-Length: 5\r\nContent-Length: 6\r\n\r\n".to_owned() + hidden,
            "X-Folded: a\r\n b\r\nContent-Length: 0\r\n\r\n".to_owned(),
        ] {
            let answer = world
                .raw(&format!("POST /mcp/story HTTP/1.1\r\n{host}Content-Type: application/json\r\n{headers}"))
                .await;
            assert!(answer.starts_with("HTTP/1.1 400"), "{headers:?}: {answer}");
            assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "the connection is closed after one answer: {answer}");
        }
    })
}

fn http2() -> Told {
    // PRO-21: what is not spoken cannot be flooded.
    Box::pin(async {
        let world = World::serving(Plan::default()).await;
        let answer = world.raw("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await;
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 400"), "{answer}");
        assert_eq!(world.request(reqwest::Method::GET, "/healthz").send().await.unwrap().status(), 200);
    })
}

fn slow_header() -> Told {
    // AVL-04
    Box::pin(async {
        let world = World::serving(Plan::default()).await;
        let begun = std::time::Instant::now();
        let answer = world.raw("POST /mcp/story HTTP/1.1\r\nHost: loc").await;
        assert!(begun.elapsed().as_secs() < 15, "closed after the ten seconds a header may take");
        assert!(!answer.contains("200"), "{answer}");
    })
}

fn streams() -> Told {
    // PRO-23
    Box::pin(async {
        let world = World::serving(Plan { more: "[limits]\nstreams_per_principal = 3\n", ..Plan::default() }).await;
        let session = world.session(json!({})).await;
        let mut open = Vec::new();
        for _ in 0..3 {
            let get = world.request(reqwest::Method::GET, "/mcp/story").header("accept", "text/event-stream");
            let reply = get.header("mcp-session-id", &session.id).send().await.unwrap();
            assert_eq!(reply.status(), 200);
            open.push(reply);
        }
        let get = world.request(reqwest::Method::GET, "/mcp/story").header("accept", "text/event-stream");
        assert_eq!(get.header("mcp-session-id", &session.id).send().await.unwrap().status(), 429);
        let listen =
            world.modern(9, "subscriptions/listen", json!({ "notifications": { "toolsListChanged": true } })).await;
        assert!(listen["error"]["message"].as_str().unwrap().contains("limit"), "{listen}");
        assert_eq!(text(&session.call(2, "echo", json!({})).await), "{}", "calls are not affected");
        drop(open);
    })
}

fn downgrade() -> Told {
    // PRO-07
    Box::pin(async {
        let http = "accept = [\"anyone\"]\nminimum_protocol = \"2025-06-18\"";
        let world = World::serving(Plan { http, ..Plan::default() }).await;
        let hello = json!({ "jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {
            "protocolVersion": "2024-11-05", "capabilities": {}, "clientInfo": { "name": "old", "version": "1" } } });
        let reply = world.post(hello.to_string()).send().await.unwrap();
        assert!(reply.headers().get("mcp-session-id").is_none());
        let body = reply.text().await.unwrap();
        assert!(body.contains("2025-06-18"), "{body}");
        assert!(world.session(json!({})).await.call(1, "echo", json!({})).await["result"].is_object());
    })
}

fn dies() -> Told {
    Box::pin(async {
        let world = World::serving(Plan::default()).await;
        let session = world.session(json!({})).await;
        let answer = session.call(1, "die", json!({})).await;
        let told = answer["error"]["message"].as_str().unwrap_or_else(|| panic!("{answer}"));
        assert!(told.contains("may or may not have happened"), "{told}");
        let book = world.book().await;
        assert!(serde_json::to_string(book.last().unwrap()).unwrap().contains("outcome_unknown"));
        assert_eq!(world.ledger().len(), 1, "and it was not sent again");
        assert_eq!(text(&session.call(2, "echo", json!({})).await), "{}", "the server is started again");
    })
}

fn lossless() -> Told {
    Box::pin(async {
        let world = World::serving(Plan::default()).await;
        let session = world.session(json!({})).await;
        let body = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"strange","arguments":{}}}"#;
        let (_, answer) = session.send(body.to_owned()).await;
        assert_eq!(
            answer,
            r#"{"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"hologram","beam":0.70}],"tools":[],"messages":1,"x":123456789012345678901234567890,"structuredContent":{"n":1E2}}}"#
        );
    })
}

fn cancelled() -> Told {
    Box::pin(async {
        let world = World::new(&Plan::default());
        let mut agent = Agent::start(&world);
        agent.hello().await;
        agent
            .say(r#"{"jsonrpc":"2.0","id":"long","method":"tools/call","params":{"name":"hang","arguments":{}}}"#)
            .await;
        // The call is in the server's hands once it stands in the ledger.
        while world.ledger().is_empty() {
            tokio::task::yield_now().await;
        }
        agent.say(r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"long","reason":"enough"}}"#).await;
        let answer = agent.hear().await;
        assert!(answer["error"]["message"].as_str().unwrap().contains("cancelled"), "{answer}");
        assert_eq!(agent.leave().await, 0);
        let events = world.events().await;
        assert!(events.iter().any(|event| event == "cancelled"), "{events:?}");
    })
}

fn same_id() -> Told {
    Box::pin(async {
        let world = World::new(&Plan::default());
        let mut agent = Agent::start(&world);
        agent.hello().await;
        let call = |tool: &str| {
            format!(r#"{{"jsonrpc":"2.0","id":5,"method":"tools/call","params":{{"name":"{tool}","arguments":{{}}}}}}"#)
        };
        agent.say(&call("hang")).await;
        while world.ledger().is_empty() {
            tokio::task::yield_now().await;
        }
        agent.say(&call("echo")).await;
        assert_eq!(agent.hear().await["error"]["code"], -32600);
        assert_eq!(world.ledger().len(), 1);
    })
}

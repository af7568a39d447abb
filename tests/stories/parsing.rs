//! Messages that could be read two ways, or are too much: refused before anything else sees them, on every transport.

use serde_json::{Value, json};

use crate::Story;
use crate::world::{Agent, Plan, Told, World, text};

pub(crate) const STORIES: &[Story] = &[
    ("what_could_be_read_two_ways_is_refused_and_nothing_is_forwarded", refused_over_http),
    ("the_same_gate_stands_on_standard_input", refused_over_stdio),
    ("numbers_arrive_exactly_or_not_at_all", numbers),
    ("what_is_too_much_is_cut_short", too_much),
    ("strings_that_look_like_json_stay_strings", strings),
];

/// Bodies that must be refused, and the JSON-RPC code they get.
fn bad() -> Vec<(&'static str, String, i64)> {
    let call = |params: &str| format!(r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{params}}}"#);
    vec![
        ("PAR-01", call(r#"{"name":"echo","arguments":{"path":"/safe","path":"/etc/shadow"}}"#), -32600),
        ("PAR-02", call(r#"{"name":"echo","arguments":{"path":"/safe","p\u0061th":"/etc/shadow"}}"#), -32600),
        ("PAR-03", call(r#"{"name":"echo","arguments":{"a":{"b":{"c":1,"c":2}}}}"#), -32600),
        ("PAR-04", call(r#"{"name":"echo","name":"drop_table"}"#), -32600),
        ("PAR-05", r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo"},"params":{"name":"drop_table"}}"#.into(), -32600),
        ("PAR-05", call(r#"{"name":"echo","arguments":{},"arguments":{"x":1}}"#), -32600),
        ("PAR-06", r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo"},"Method":"ping"}"#.into(), -32600),
        ("PAR-06", "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"echo\"},\"param\u{17f}\":{}}".into(), -32600),
        ("PAR-09", call(r#"{"name":"echo","arguments":{"n":123456789012345678901234567890}}"#), -32600),
        ("PAR-10", call(r#"{"name":"echo","arguments":{"n":1e400}}"#), -32600),
        ("PAR-10", call(r#"{"name":"echo","arguments":{"n":NaN}}"#), -32700),
        ("PAR-16", call(r#"{"name":"echo","arguments":{"s":"\ud800"}}"#), -32700),
        ("PAR-18", call("{\"name\":\"echo\",\"arguments\":{\"\u{e9}\":1,\"e\u{301}\":2}}"), -32600),
        ("PAR-19", format!("{} {}", call(r#"{"name":"echo"}"#), call(r#"{"name":"drop_table"}"#)), -32700),
        ("PRO-01", format!("[{}]", call(r#"{"name":"drop_table"}"#)), -32600),
        ("params", r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":"echo"}"#.into(), -32602),
        ("null id", r#"{"jsonrpc":"2.0","id":null,"method":"tools/call","params":{"name":"echo"}}"#.into(), -32600),
    ]
}

fn refused_over_http() -> Told {
    // PAR-01 to PAR-06, PAR-09, PAR-10, PAR-16, PAR-18, PAR-19, PRO-01
    Box::pin(async {
        let world = World::serving(Plan::default()).await;
        let session = world.session(json!({})).await;
        for (name, body, code) in bad() {
            let (status, answer) = session.send(body).await;
            let answer: Value = serde_json::from_str(&answer).unwrap();
            assert_eq!((status, answer["error"]["code"].as_i64()), (400, Some(code)), "{name}: {answer}");
        }
        let bytes: &[u8] = b"\xef\xbb\xbf{}";
        assert_eq!(world.post(bytes).send().await.unwrap().status(), 400);
        // PAR-07: members beside the known ones are refused, and nothing is stripped silently.
        let answer = session.ask(2, "tools/call", json!({ "name": "echo", "Arguments": { "x": 1 } })).await;
        assert_eq!(answer["error"]["code"], -32602, "{answer}");
        assert!(world.ledger().is_empty(), "nothing was forwarded");
        let refused = world.events().await.into_iter().filter(|event| event == "rejected").count();
        assert_eq!(refused, bad().len() + 2, "each stands in the record");
        assert_eq!(text(&session.call(3, "echo", json!({ "fine": true })).await), r#"{"fine":true}"#);
    })
}

fn refused_over_stdio() -> Told {
    Box::pin(async {
        let world = World::new(&Plan::default());
        let mut agent = Agent::start(&world);
        agent.hello().await;
        for (name, body, code) in bad() {
            agent.say(&body).await;
            let answer = agent.hear().await;
            assert_eq!(answer["error"]["code"].as_i64(), Some(code), "{name}: {answer}");
        }
        assert!(world.ledger().is_empty(), "nothing was forwarded");
        agent
            .say(r#"{"jsonrpc":"2.0","id":9,"method":"tools/call","params":{"name":"echo","arguments":{"fine":true}}}"#)
            .await;
        assert_eq!(text(&agent.hear().await), r#"{"fine":true}"#);
        assert_eq!(agent.leave().await, 0);
    })
}

fn numbers() -> Told {
    // PAR-08, PAR-11, PAR-22
    Box::pin(async {
        let world = World::serving(Plan::default()).await;
        let session = world.session(json!({})).await;
        let send = async |arguments: &str| {
            let body = format!(
                r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"echo","arguments":{arguments}}}}}"#
            );
            session.send(body).await.1
        };
        for (sent, arrived) in [
            (r#"{"n":9007199254740993}"#, r#"{\"n\":9007199254740993}"#),
            (r#"{"n":[1.0,1E2,-0,19.90]}"#, r#"{\"n\":[1,100,0,19.9]}"#),
            (r#"{"$serde_json::private::Number":"7"}"#, r#"{\"$serde_json::private::Number\":\"7\"}"#),
        ] {
            let answer = send(sent).await;
            assert!(answer.contains(arrived), "{sent}: {answer}");
        }
        let book = world.book().await;
        let recorded = serde_json::to_string(&book).unwrap();
        assert!(recorded.contains("9007199254740993"), "the record keeps the number that was sent");
    })
}

fn too_much() -> Told {
    // PAR-12, PAR-13, PAR-15, and ten MiB of arguments
    Box::pin(async {
        let world = World::serving(Plan::default()).await;
        let session = world.session(json!({})).await;
        let call = |arguments: &str| {
            format!(
                r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"echo","arguments":{{"a":{arguments}}}}}}}"#
            )
        };
        let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
        let wide = format!("[{}{{}}]", "{},".repeat(1_300_000));
        for (body, status) in
            [(call(&deep), 400), (call(&wide), 400), (call(&format!("\"{}\"", "x".repeat(10 << 20))), 413)]
        {
            let (got, answer) = session.send(body).await;
            assert_eq!(got, status, "{answer}");
        }
        let (status, answer) = session.send(call(&format!("\"{}\"", "x".repeat(2 << 20)))).await;
        assert_eq!(status, 200, "{answer}");
        assert!(answer.contains("argument_bytes"), "arguments have a limit of their own: {answer}");
        let reply = world.post("{}").header("content-encoding", "gzip").send().await.unwrap();
        assert_eq!(reply.status(), 415);
        // A client that says all it has to say before it listens hears the refusal too.
        let head = format!(
            "POST /mcp HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            world.address,
            16 << 20
        );
        let refusal = world.raw(&(head + &" ".repeat(16 << 20))).await;
        assert!(refusal.starts_with("HTTP/1.1 413"), "{refusal}");
        assert!(world.ledger().is_empty());
        assert_eq!(text(&session.call(3, "echo", json!({})).await), "{}", "and the gateway is well");
    })
}

fn strings() -> Told {
    // PAR-21
    Box::pin(async {
        let world = World::serving(Plan::default()).await;
        let session = world.session(json!({})).await;
        let inner = r#"{"a":1,"a":2}"#;
        session.call(1, "echo", json!({ "text": inner })).await;
        assert_eq!(world.ledger()[0]["params"]["arguments"]["text"], inner);
    })
}

//! Clients and servers of both eras, in every pairing, and questions that find their way.

use serde_json::{Value, json};

use crate::Story;
use crate::world::{MODERN, Plan, Session, Told, World, answer, text};

pub(crate) const STORIES: &[Story] = &[
    ("a_modern_client_and_a_legacy_server", modern_legacy),
    ("a_modern_client_and_a_modern_server", modern_modern),
    ("a_legacy_client_and_a_modern_server", legacy_modern),
    ("a_legacy_server_asks_a_legacy_client", legacy_legacy),
    ("two_clients_with_the_same_ids_get_their_own_answers", colliding),
];

async fn comes_back(world: &World) {
    let asked = world.modern(1, "tools/call", json!({ "name": "ask", "arguments": {} })).await;
    assert_eq!(asked["result"]["resultType"], "input_required", "{asked}");
    let (key, request) = asked["result"]["inputRequests"].as_object().unwrap().iter().next().unwrap();
    assert_eq!(request["method"], "elicitation/create", "{asked}");
    let mut responses = json!({});
    responses[key.as_str()] = json!({ "action": "accept", "content": { "name": "Ada" } });
    let state = &asked["result"]["requestState"];
    assert!(!state.as_str().unwrap().contains("server's own"), "a server's state never leaves the gateway");
    let again = json!({ "name": "ask", "arguments": {}, "inputResponses": responses, "requestState": state });
    let answer = world.modern(2, "tools/call", again).await;
    assert!(text(&answer).contains("Ada"), "{answer}");
    assert_eq!(answer["result"]["resultType"], "complete");
}

fn modern_legacy() -> Told {
    Box::pin(async {
        let world = World::serving(Plan::default()).await;
        let said = world.modern(1, "server/discover", json!({})).await;
        assert!(said["result"]["supportedVersions"].to_string().contains("2026-07-28"), "{said}");
        let list = world.modern(2, "tools/list", json!({})).await;
        assert_eq!(list["result"]["resultType"], "complete", "{list}");
        assert_eq!(list["result"]["cacheScope"], "private", "{list}");
        let call = world.modern(3, "tools/call", json!({ "name": "echo", "arguments": { "x": 1 } })).await;
        assert_eq!(text(&call), r#"{"x":1}"#);
        assert_eq!(call["result"]["resultType"], "complete");
        comes_back(&world).await;
    })
}

fn modern_modern() -> Told {
    Box::pin(async {
        let world = World::serving(MODERN).await;
        let call = world.modern(3, "tools/call", json!({ "name": "echo", "arguments": { "x": 1 } })).await;
        assert_eq!(text(&call), r#"{"x":1}"#);
        comes_back(&world).await;
    })
}

fn legacy_modern() -> Told {
    Box::pin(async {
        let world = World::serving(MODERN).await;
        let session = world.session(json!({ "elicitation": {} })).await;
        let list = session.ask(1, "tools/list", json!({})).await;
        assert!(list["result"].get("resultType").is_none() && list["result"].get("ttlMs").is_none(), "{list}");
        asked_on_the_stream(&world, &session.id).await;
    })
}

fn legacy_legacy() -> Told {
    Box::pin(async {
        let world = World::serving(Plan::default()).await;
        let session = world.session(json!({ "elicitation": {} })).await;
        asked_on_the_stream(&world, &session.id).await;
        let silent = world.session(json!({})).await;
        let answer = silent.call(9, "ask", json!({})).await;
        assert!(text(&answer).contains("null"), "a client that declared nothing is not asked: {answer}");
    })
}

/// Calls a tool that asks, answers on the side, and expects the answer in the result.
async fn asked_on_the_stream(world: &World, session: &str) {
    let call =
        json!({ "jsonrpc": "2.0", "id": 5, "method": "tools/call", "params": { "name": "ask", "arguments": {} } });
    let mut stream = world.post(call.to_string()).header("mcp-session-id", session).send().await.unwrap();
    let mut heard = String::new();
    let question: Value = loop {
        let chunk = stream.chunk().await.unwrap().expect("the stream is open");
        heard.push_str(std::str::from_utf8(&chunk).unwrap());
        if heard.contains("elicitation/create") && heard.ends_with("\n\n") {
            break answer(&heard);
        }
    };
    assert!(question["params"]["message"].as_str().unwrap().contains("your name?"), "{question}");
    let reply = json!({ "jsonrpc": "2.0", "id": question["id"], "result": { "action": "accept", "content": { "name": "Ada" } } });
    let posted = world.post(reply.to_string()).header("mcp-session-id", session).send().await.unwrap();
    assert_eq!(posted.status(), 202);
    while let Some(chunk) = stream.chunk().await.unwrap() {
        heard.push_str(std::str::from_utf8(&chunk).unwrap());
    }
    assert!(text(&answer(&heard)).contains("Ada"), "{heard}");
}

fn colliding() -> Told {
    // PRO-15
    Box::pin(async {
        let world = World::serving(Plan::default()).await;
        let (one, two) = (world.session(json!({})).await, world.session(json!({})).await);
        let ask = async |session: &Session<'_>, who: &'static str, id: u64| {
            (session.call(id, "echo", json!({ "who": who, "id": id })).await, who, id)
        };
        let ones = futures_util::future::join_all((0..200).map(|id| ask(&one, "one", id)));
        let twos = futures_util::future::join_all((0..200).map(|id| ask(&two, "two", id)));
        let (ones, twos) = tokio::join!(ones, twos);
        for (answer, who, id) in ones.into_iter().chain(twos) {
            let expected = json!({ "id": id, "who": who });
            let said: Value = serde_json::from_str(text(&answer)).unwrap();
            assert_eq!(said, expected);
            assert_eq!(answer["id"], id);
        }
        // Modern clients with one key and one description are told apart by nothing, and all count from one.
        let ask = async |who: u64| {
            (world.modern(1, "tools/call", json!({ "name": "echo", "arguments": { "who": who } })).await, who)
        };
        for (answer, who) in futures_util::future::join_all((0..100).map(ask)).await {
            assert_eq!(text(&answer), format!("{{\"who\":{who}}}"));
            assert_eq!(answer["id"], 1);
        }
    })
}

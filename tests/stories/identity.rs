//! Who may come in, and what nobody's word is worth.

use serde_json::{Value, json};

use crate::Story;
use crate::world::{Plan, Told, World, answer, text};

pub(crate) const STORIES: &[Story] = &[
    ("without_a_key_nothing_behind_is_touched", no_key),
    ("a_key_opens_until_it_is_revoked", keys),
    ("a_clients_token_never_reaches_a_server", no_passthrough),
    ("only_the_gateway_holds_what_opens_a_server", broker),
    ("strange_hosts_and_origins_stay_outside", hosts),
    ("a_session_belongs_to_whoever_opened_it", sessions),
    ("headers_that_name_a_user_are_not_believed", forwarded_user),
];

pub(crate) const KEYS: Plan =
    Plan { http: "accept = [\"keys\"]", server: "", env: "", more: "", policy: crate::world::POLICY };

pub(crate) async fn make_key(world: &World, name: &str, more: &[&str]) -> String {
    let mut arguments = vec!["keys", "make", name, "--json"];
    arguments.extend(more);
    let (code, made) = world.run(&arguments).await;
    assert_eq!(code, 0, "{made}");
    let made: Value = serde_json::from_str(&made).unwrap();
    made["key"].as_str().unwrap_or_else(|| panic!("{made}")).to_owned()
}

fn hello() -> String {
    json!({ "jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {
        "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": { "name": "story", "version": "1" } } })
    .to_string()
}

fn call(id: u64, name: &str) -> String {
    json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call", "params": { "name": name, "arguments": { "a": 1 } } })
        .to_string()
}

fn no_key() -> Told {
    // A01, A02
    Box::pin(async {
        let world = World::serving(KEYS).await;
        for header in [
            None,
            Some("Bearer csk_nobody_0000000000000000000000000000000000000000000"),
            Some("Basic eDp5"),
            Some("Bearer "),
        ] {
            let mut post = world.post(hello());
            if let Some(header) = header {
                post = post.header("authorization", header);
            }
            let reply = post.send().await.unwrap();
            assert_eq!(reply.status(), 401, "{header:?}");
            assert!(reply.headers()["www-authenticate"].to_str().unwrap().starts_with("Bearer"));
        }
        let twice = world.post(hello()).header("authorization", "Bearer a").header("authorization", "Bearer b");
        assert_eq!(twice.send().await.unwrap().status(), 400);
        assert!(world.ledger().is_empty());
        let book = serde_json::to_string(&world.book().await).unwrap();
        assert_eq!(book.matches("rejected_identity").count(), 5, "{book}");
        assert!(!book.contains("csk_nobody_0000"), "a key that was shown stands nowhere");
    })
}

fn keys() -> Told {
    // A01, IDN-15
    Box::pin(async {
        let world = World::serving(KEYS).await;
        let key = make_key(&world, "ci-bot", &["--group", "ci", "--agent", "nightly"]).await;
        let bearer = format!("Bearer {key}");
        let reply = world.post(hello()).header("authorization", &bearer).send().await.unwrap();
        assert_eq!(reply.status(), 200);
        let session = reply.headers()["mcp-session-id"].to_str().unwrap().to_owned();
        let ask = |id| {
            world.post(call(id, "echo")).header("authorization", &bearer).header("mcp-session-id", &session).send()
        };
        assert_eq!(text(&answer(&ask(1).await.unwrap().text().await.unwrap())), r#"{"a":1}"#);
        let book = serde_json::to_string(&world.book().await).unwrap();
        assert!(book.contains("\"nightly\"") && !book.contains(&key), "the agent is on record, the key is not");
        let (_, listed) = world.run(&["keys", "list", "--json"]).await;
        let listed: Value = serde_json::from_str(listed.lines().next().unwrap()).unwrap();
        let id = listed["id"].clone();
        assert!(!listed.to_string().contains(&key));
        let (code, told) = world.run(&["keys", "revoke", id.as_str().unwrap()]).await;
        assert_eq!(code, 0, "{told}");
        let book = world.book().await;
        let told =
            |what: &str| book.iter().filter(|entry| entry["what"] == what).map(Value::to_string).collect::<String>();
        let by = countersign::identity::local::caller().principal;
        for what in ["key_made", "key_revoked"] {
            assert!(told(what).contains(id.as_str().unwrap()) && told(what).contains(&by), "{what}: {}", told(what));
        }
        // Seen keys are remembered for at most five seconds.
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(8);
        let mut number = 2;
        while ask(number).await.unwrap().status() == 200 {
            assert!(std::time::Instant::now() < deadline, "a revoked key still opens");
            number += 1;
        }
        let (code, _) = world.run(&["keys", "revoke", "nosuchkey"]).await;
        assert_eq!(code, 3);
    })
}

fn no_passthrough() -> Told {
    // IDN-03: a server behind that fails on sight of the client's token.
    Box::pin(async {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        let socket = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap();
        let (seen, mut heard) = tokio::sync::mpsc::unbounded_channel::<String>();
        tokio::spawn(async move {
            loop {
                let (mut stream, _) = socket.accept().await.unwrap();
                let seen = seen.clone();
                tokio::spawn(async move {
                    let mut bytes = vec![0; 65536];
                    while let Ok(read @ 1..) = stream.read(&mut bytes).await {
                        drop(seen.send(String::from_utf8_lossy(&bytes[..read]).into_owned()));
                        let body = r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32601,"message":"no"}}"#;
                        let reply = format!(
                            "HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
                            body.len()
                        );
                        drop(stream.write_all(reply.as_bytes()).await);
                    }
                });
            }
        });
        let more: &'static str =
            Box::leak(format!("[servers.remote]\nurl = \"http://{address}/mcp\"\n").into_boxed_str());
        let world = World::serving(Plan { more, ..KEYS }).await;
        let key = make_key(&world, "canary", &[]).await;
        let reply = world
            .request(reqwest::Method::POST, "/mcp/remote")
            .header("content-type", "application/json")
            .header("accept", "application/json, text/event-stream")
            .header("authorization", format!("Bearer {key}"))
            .header("cookie", "session=canary-cookie")
            .body(hello())
            .send()
            .await
            .unwrap();
        drop(reply.text().await);
        let mut contacts = 0;
        while let Ok(request) = heard.try_recv() {
            contacts += 1;
            assert!(!request.contains(&key) && !request.contains("canary-cookie"), "{request}");
            assert!(!request.to_lowercase().contains("authorization"), "{request}");
        }
        assert!(contacts > 0, "the server was contacted");
    })
}

fn broker() -> Told {
    // A02: a server that opens only to a secret the agent never holds.
    Box::pin(async {
        let place = crate::guarded::start("broker-secret").await;
        let direct = reqwest_post(&place, None, &hello()).await;
        assert!(direct.starts_with("HTTP/1.1 401"), "the direct way is closed: {direct}");
        let more =
            format!("[servers.remote]\nurl = \"http://{place}/mcp\"\nheaders = {{ X-Broker = \"broker-secret\" }}\n");
        let world = World::serving(Plan { more: Box::leak(more.into_boxed_str()), ..KEYS }).await;
        let key = make_key(&world, "agent", &[]).await;
        let post = |body: String, session: Option<&str>| {
            let post = world.request(reqwest::Method::POST, "/mcp/remote").header("content-type", "application/json");
            let post = post
                .header("accept", "application/json, text/event-stream")
                .header("authorization", format!("Bearer {key}"));
            session
                .map_or_else(|| post.try_clone().unwrap(), |id| post.try_clone().unwrap().header("mcp-session-id", id))
                .body(body)
        };
        let open = post(hello(), None).send().await.unwrap();
        let session = open.headers()["mcp-session-id"].to_str().unwrap().to_owned();
        let told = answer(&post(call(1, "echo"), Some(&session)).send().await.unwrap().text().await.unwrap());
        assert_eq!(text(&told), "guarded");
        let forged = call(2, "echo").replace("\"a\":1", "\"principal\":\"root\"");
        drop(post(forged, Some(&session)).send().await.unwrap());
        let book = world.book().await;
        let callers: Vec<&str> = book.iter().filter_map(|entry| entry["principal"].as_str()).collect();
        assert!(callers.iter().all(|caller| !caller.contains("root")), "identity comes from the key: {callers:?}");
        assert!(!serde_json::to_string(&book).unwrap().contains("broker-secret"));
    })
}

async fn reqwest_post(place: &str, secret: Option<&str>, body: &str) -> String {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let mut stream = tokio::net::TcpStream::connect(place).await.unwrap();
    let header = secret.map_or_else(String::new, |secret| format!("X-Broker: {secret}\r\n"));
    let request = format!(
        "POST /mcp HTTP/1.1\r\nHost: {place}\r\nConnection: close\r\n{header}Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

fn hosts() -> Told {
    // IDN-06, IDN-07
    Box::pin(async {
        let world = World::serving(Plan::default()).await;
        for (name, value) in [
            ("host", "evil.example"),
            ("host", "evil.example:4180"),
            ("origin", "http://evil.example"),
            ("origin", "null"),
            ("origin", "https://localhost.evil.example"),
        ] {
            let reply = world.post(hello()).header(name, value).send().await.unwrap();
            assert_eq!(reply.status(), 403, "{name}: {value}");
        }
        let local = format!("http://{}", world.address);
        assert_eq!(world.post(hello()).header("origin", local).send().await.unwrap().status(), 200);
        let keys = World::serving(KEYS).await;
        assert_eq!(keys.post(hello()).send().await.unwrap().status(), 401, "loopback alone proves nobody");
    })
}

fn sessions() -> Told {
    // IDN-05
    Box::pin(async {
        let world = World::serving(KEYS).await;
        let (one, two) = (make_key(&world, "one", &[]).await, make_key(&world, "two", &[]).await);
        let open = world.post(hello()).header("authorization", format!("Bearer {one}")).send().await.unwrap();
        let session = open.headers()["mcp-session-id"].to_str().unwrap().to_owned();
        let ask = |key: &str, session: &str| {
            world
                .post(call(1, "echo"))
                .header("authorization", format!("Bearer {key}"))
                .header("mcp-session-id", session)
                .send()
        };
        assert_eq!(ask(&two, &session).await.unwrap().status(), 404, "somebody else's session does not exist");
        assert_eq!(ask(&one, "chosen-by-the-attacker").await.unwrap().status(), 404);
        let fixed =
            world.post(hello()).header("authorization", format!("Bearer {one}")).header("mcp-session-id", "fixed");
        let minted = fixed.send().await.unwrap();
        assert_ne!(minted.headers()["mcp-session-id"], "fixed", "ids are made here");
        assert!(world.ledger().is_empty());
        assert_eq!(ask(&one, &session).await.unwrap().status(), 200);
        let end = world.request(reqwest::Method::DELETE, "/mcp/story").header("authorization", format!("Bearer {one}"));
        assert_eq!(end.header("mcp-session-id", &session).send().await.unwrap().status(), 204);
        assert_eq!(ask(&one, &session).await.unwrap().status(), 404);
    })
}

fn forwarded_user() -> Told {
    // IDN-04, IDN-10
    Box::pin(async {
        let world = World::serving(KEYS).await;
        let key = make_key(&world, "bot", &[]).await;
        for header in ["x-forwarded-user", "x-remote-user", "x-auth-request-email", "on-behalf-of"] {
            let reply = world.post(hello()).header(header, "root").send().await.unwrap();
            assert_eq!(reply.status(), 401, "{header}");
        }
        let reply = world
            .post(hello())
            .header("authorization", format!("Bearer {key}"))
            .header("x-forwarded-user", "manager")
            .header("on-behalf-of", "manager");
        let session = reply.send().await.unwrap().headers()["mcp-session-id"].to_str().unwrap().to_owned();
        let ask = world
            .post(call(1, "echo"))
            .header("authorization", format!("Bearer {key}"))
            .header("mcp-session-id", session);
        assert_eq!(ask.send().await.unwrap().status(), 200);
        let book = serde_json::to_string(&world.book().await).unwrap();
        assert!(!book.contains("manager"), "{book}");
    })
}

//! What can a tool server do, well or badly? A server of many parts, on standard input and output.

use std::io::{BufRead, Write};

use serde_json::{Value, json};

/// Plays one part until the input ends, as a server should.
pub(crate) fn play(part: &str) {
    if part == "sleeper" {
        let _held = tell();
        loop {
            std::thread::park();
        }
    }
    let mut fake = Fake { part: part.to_owned(), heard: Vec::new(), held: None, said: false };
    let _held = (part == "forks").then(|| {
        let program = std::env::current_exe().unwrap();
        (std::process::Command::new(program).env("COUNTERSIGN_FAKE", "sleeper").spawn().unwrap(), tell())
    });
    if part == "garbage" {
        say_raw("Fake server running on stdio");
        say_raw("[info] ready {\"not\": \"for you\"}");
    }
    for line in std::io::stdin().lock().lines() {
        let message: Value = serde_json::from_str(&line.unwrap()).unwrap();
        fake.heard.push(message.clone());
        if message.get("method").is_none() {
            fake.answered(&message);
        } else if let Some(id) = message.get("id") {
            fake.request(id, &message);
        }
    }
    if part == "stays" {
        loop {
            std::thread::park();
        }
    }
}

/// Holds a connection to the story that lasts as long as this process does.
fn tell() -> std::net::TcpStream {
    let mut stream = std::net::TcpStream::connect(std::env::var("FAKE_TELL").unwrap()).unwrap();
    stream.write_all(b"!").unwrap();
    stream
}

fn say_raw(line: &str) {
    let mut out = std::io::stdout().lock();
    out.write_all(line.as_bytes()).unwrap();
    out.write_all(b"\n").unwrap();
    out.flush().unwrap();
}

fn say(message: &Value) {
    say_raw(&message.to_string());
}

fn result(id: &Value, result: &Value) {
    say(&json!({ "jsonrpc": "2.0", "id": id, "result": result }));
}

fn unknown(id: &Value) {
    say(&json!({ "jsonrpc": "2.0", "id": id, "error": { "code": -32601, "message": "unknown method" } }));
}

struct Fake {
    part: String,
    heard: Vec<Value>,
    /// A request that is answered later.
    held: Option<(Value, Value)>,
    said: bool,
}

impl Fake {
    fn is(&self, parts: &[&str]) -> bool {
        parts.contains(&self.part.as_str())
    }

    fn request(&mut self, id: &Value, message: &Value) {
        let params = &message["params"];
        match message["method"].as_str().unwrap() {
            "initialize" if self.is(&["modern", "swaps", "ends", "tagged"]) => unknown(id),
            "initialize" => result(
                id,
                &json!({
                    "protocolVersion": params["protocolVersion"],
                    "capabilities": { "tools": {}, "logging": {} },
                    "serverInfo": { "name": "fake", "version": "1" },
                    "instructions": "be kind",
                }),
            ),
            "server/discover" => self.discover(id),
            "ping" | "logging/setLevel" => result(id, &json!({})),
            "resources/list" => result(id, &json!({ "heard": self.heard })),
            "prompts/list" => {
                let keys: Vec<_> = std::env::vars().map(|(key, _)| key).collect();
                let arguments: Vec<_> = std::env::args().skip(1).collect();
                let folder = std::env::current_dir().unwrap();
                let pid = std::process::id();
                result(id, &json!({ "env": keys, "args": arguments, "cwd": folder, "pid": pid }));
            }
            "tools/list" => self.main_part(id, params),
            "subscriptions/listen" => self.listen(id),
            _ => unknown(id),
        }
    }

    fn discover(&self, id: &Value) {
        match self.part.as_str() {
            "exits" => std::process::exit(4),
            "deaf" => {}
            "hangs" => loop {
                std::thread::park();
            },
            "modern" | "dual" | "swaps" | "ends" | "tagged" => result(
                id,
                &json!({
                    "resultType": "complete",
                    "supportedVersions": ["2026-07-28"],
                    "capabilities": { "tools": {} },
                    "ttlMs": 0,
                    "cacheScope": "private",
                    "_meta": { "io.modelcontextprotocol/serverInfo": { "name": "fake", "version": "2" } },
                }),
            ),
            "future" => say(&json!({ "jsonrpc": "2.0", "id": id, "error": {
                "code": -32022, "message": "unsupported", "data": { "supported": ["2031-01-01"] },
            } })),
            _ => unknown(id),
        }
    }

    fn main_part(&mut self, id: &Value, params: &Value) {
        let given_back = json!({ "tools": [], "cursor": params["cursor"], "meta": params["_meta"] });
        let token = &params["_meta"]["progressToken"];
        match self.part.as_str() {
            "dies" => std::process::exit(3),
            "silent" | "stays" => {}
            "garbage" => say(&json!({ "jsonrpc": "2.0", "id": id, "result": {}, "error": "both" })),
            "babbles" => (0..1000).for_each(|count| say_raw(&format!("debug: step {count}"))),
            "endless" => {
                let part = vec![b'x'; 1 << 16];
                let mut out = std::io::stdout().lock();
                while out.write_all(&part).is_ok() {}
            }
            "twice" => {
                result(id, &given_back);
                result(id, &json!({ "tools": [], "cursor": "the second answer" }));
                result(&json!(4_000_000), &json!({}));
                result(&json!("seven"), &json!({}));
            }
            "floods" => {
                for count in 0..20_000 {
                    say(&json!({ "jsonrpc": "2.0", "method": "notifications/message",
                        "params": { "level": "info", "data": count } }));
                }
                result(id, &given_back);
            }
            "progress" => {
                for count in 1..=5 {
                    say(&json!({ "jsonrpc": "2.0", "method": "notifications/progress",
                        "params": { "progressToken": token, "progress": count } }));
                }
                result(id, &given_back);
            }
            "asks" => {
                say(&json!({ "jsonrpc": "2.0", "id": "q1", "method": "sampling/createMessage",
                    "params": { "maxTokens": 3 } }));
                say(&json!({ "jsonrpc": "2.0", "id": "q2", "method": "elicitation/create", "params": {} }));
                self.held = Some((id.clone(), json!({ "answers": [] })));
            }
            "swaps" => match self.held.take() {
                None => self.held = Some((id.clone(), given_back)),
                Some((earlier, answer)) => {
                    result(id, &given_back);
                    result(&earlier, &answer);
                }
            },
            "once" if self.said => std::process::exit(5),
            _ => result(id, &given_back),
        }
        self.said = true;
    }

    fn answered(&mut self, message: &Value) {
        let Some((id, mut answers)) = self.held.take() else { return };
        let list = answers["answers"].as_array_mut().unwrap();
        list.push(json!({ "id": message["id"], "result": message["result"], "error": message["error"]["code"] }));
        if list.len() == 2 {
            result(&id, &answers);
        } else {
            self.held = Some((id, answers));
        }
    }

    fn listen(&self, id: &Value) {
        let meta = json!({ "io.modelcontextprotocol/subscriptionId": id });
        for method in ["notifications/subscriptions/acknowledged", "notifications/tools/list_changed"] {
            say(&json!({ "jsonrpc": "2.0", "method": method, "params": { "_meta": meta } }));
        }
        if self.part == "ends" {
            say(&json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": { "requestId": id } }));
        }
    }
}

//! The tool server behind the gateway: small, honest where it is not told otherwise, and with a ledger.
//!
//! `STORY_LEDGER` names the file every `tools/call` is written to before it is answered. `STORY_TOOLS` names a file with
//! extra tool definitions, read anew at every list, so that a story can change them. `STORY_ERA=modern` makes it speak
//! 2026-07-28 only. `late` answers when somebody opens the pipe named as the ledger, with `.go`.

use std::fs::OpenOptions;
use std::io::{BufRead as _, Write as _};

use serde_json::{Value, json};

/// How much `much` gives: more than the system keeps for somebody who does not read.
pub(crate) const MUCH: usize = 12 << 20;

pub(crate) fn play() {
    let modern = std::env::var("STORY_ERA").is_ok_and(|era| era == "modern");
    let mut server = Server { modern, waiting: None };
    for line in std::io::stdin().lock().lines() {
        let Ok(line) = line else { return };
        let message: Value = serde_json::from_str(&line).expect("the gateway sends JSON");
        server.hear(&message);
    }
}

struct Server {
    modern: bool,
    /// The id of a call that waits for the client's answer to a question.
    waiting: Option<Value>,
}

fn say(message: &Value) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{message}").expect("the gateway reads");
    out.flush().expect("the gateway reads");
}

impl Server {
    fn hear(&mut self, message: &Value) {
        let id = message.get("id").cloned();
        let (Some(method), Some(id)) = (message.get("method").and_then(Value::as_str), id) else {
            if message.get("method").is_none()
                && let Some(call) = self.waiting.take()
            {
                let text = format!("the client says {}", message["result"]);
                self.answer(&call, json!({ "content": [{ "type": "text", "text": text }] }));
            }
            return;
        };
        let params = &message["params"];
        match method {
            "server/discover" if self.modern => self.answer(
                &id,
                json!({
                    "supportedVersions": ["2026-07-28"],
                    "capabilities": { "tools": { "listChanged": true } },
                    "ttlMs": 0, "cacheScope": "private",
                    "_meta": { "io.modelcontextprotocol/serverInfo": { "name": "story", "version": "1" } }
                }),
            ),
            "initialize" if !self.modern => self.answer(
                &id,
                json!({
                    "protocolVersion": "2025-06-18",
                    "capabilities": { "tools": { "listChanged": true }, "resources": {}, "prompts": {} },
                    "serverInfo": { "name": "story", "version": "1" }
                }),
            ),
            "tools/list" => self.answer(&id, json!({ "tools": tools(), "ttlMs": 0, "cacheScope": "private" })),
            "resources/list" => self.answer(&id, json!({ "resources": [{ "uri": "story:1", "name": "one" }] })),
            "resources/templates/list" => self.answer(&id, json!({ "resourceTemplates": [] })),
            "resources/read" => {
                ledger(message);
                self.answer(&id, json!({ "contents": [{ "uri": params["uri"], "text": "once upon a time" }] }));
            }
            "prompts/get" => self.answer(
                &id,
                json!({ "messages": [{ "role": "user", "content": { "type": "text", "text": "once upon a time" } }] }),
            ),
            "tasks/result" => self.answer(&id, json!({ "content": [{ "type": "text", "text": "once upon a time" }] })),
            "prompts/list" => self.answer(&id, json!({ "prompts": [] })),
            "tools/call" => {
                ledger(message);
                self.call(&id, params);
            }
            _ => say(&json!({ "jsonrpc": "2.0", "id": id, "error": { "code": -32601, "message": "unknown method" } })),
        }
    }

    fn call(&mut self, id: &Value, params: &Value) {
        let text = |text: &str| json!({ "content": [{ "type": "text", "text": text }] });
        match params["name"].as_str().expect("a tool has a name") {
            "echo" => {
                let arguments = params["arguments"].to_string();
                self.answer(id, text(&arguments));
            }
            "strange" => {
                // Members no schema knows, an unknown kind of content, a number of thirty digits, keys of other results.
                let line = r#"{"content":[{"type":"hologram","beam":0.70}],"tools":[],"messages":1,"x":123456789012345678901234567890,"structuredContent":{"n":1E2}}"#;
                let line = format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{line}}}"#);
                let mut out = std::io::stdout().lock();
                writeln!(out, "{line}").expect("the gateway reads");
                out.flush().expect("the gateway reads");
            }
            "ask" if self.modern => {
                let answers = &params["inputResponses"];
                if answers.is_object() {
                    let said = format!("the client says {} with {}", answers["name"], params["requestState"]);
                    return self.answer(id, text(&said));
                }
                self.answer(
                    id,
                    json!({
                        "resultType": "input_required",
                        "requestState": "the server's own",
                        "inputRequests": { "name": { "method": "elicitation/create", "params": {
                            "mode": "form", "message": "your name?", "requestedSchema": { "type": "object", "properties": {} } } } }
                    }),
                );
            }
            "ask" => {
                self.waiting = Some(id.clone());
                say(&json!({ "jsonrpc": "2.0", "id": "q-1", "method": "elicitation/create",
                    "params": { "message": "your name?", "requestedSchema": { "type": "object", "properties": {} } } }));
            }
            "reply" => self.answer(id, params["arguments"]["result"].clone()),
            "fail" => {
                let message = &params["arguments"]["message"];
                say(
                    &json!({ "jsonrpc": "2.0", "id": id, "error": { "code": -32000, "message": message, "data": { "m": message } } }),
                );
            }
            "chatter" => {
                let words = &params["arguments"]["words"];
                let token = &params["_meta"]["progressToken"];
                say(&json!({ "jsonrpc": "2.0", "method": "notifications/message",
                    "params": { "level": "info", "data": words } }));
                say(&json!({ "jsonrpc": "2.0", "method": "notifications/progress",
                    "params": { "progressToken": token, "progress": 1, "message": words } }));
                self.answer(id, text("that was all"));
            }
            "die" => std::process::exit(3),
            "hang" => {}
            "much" => self.answer(id, text(&"m".repeat(MUCH))),
            "late" => late(id, &text("late, and done")),
            "count" => self.count(id),
            "whoami" => self.whoami(id, params),
            other => self.answer(id, text(&format!("{other} done"))),
        }
    }

    /// Says what stands in a file beside the ledger, and nothing while there is none.
    fn count(&self, id: &Value) {
        let said = ledger_path().and_then(|path| std::fs::read_to_string(path + ".said").ok());
        if let Some(said) = said {
            self.answer(id, serde_json::from_str(&said).expect("the story writes JSON"));
        }
    }

    /// Gives away what it was started with, in the ways servers do, and what names it.
    fn whoami(&self, id: &Value, params: &Value) {
        let secret = std::env::var("STORY_SECRET").unwrap_or_default();
        let name = countersign::digest::hex(&countersign::digest::sha256(secret.as_bytes()));
        let said = format!("I am {name}: {secret}");
        match params["arguments"]["say"].as_str().unwrap_or_default() {
            "fail" => {
                let error = json!({ "code": -32000, "message": said, "data": { &secret: secret } });
                return say(&json!({ "jsonrpc": "2.0", "id": id, "error": error }));
            }
            "log" => std::io::stderr().write_all(format!("{said}\n").as_bytes()).unwrap(),
            "progress" => say(&json!({ "jsonrpc": "2.0", "method": "notifications/progress",
                "params": { "progressToken": params["_meta"]["progressToken"], "progress": 1, "message": said } })),
            _ => {}
        }
        self.answer(
            id,
            json!({ "content": [{ "type": "text", "text": said }], "structuredContent": { "env": secret } }),
        );
    }

    fn answer(&self, id: &Value, mut result: Value) {
        if self.modern {
            let result = result.as_object_mut().expect("results are objects");
            result.entry("resultType").or_insert_with(|| json!("complete"));
        }
        say(&json!({ "jsonrpc": "2.0", "id": id, "result": result }));
    }
}

/// Answers when somebody opens the pipe: to open it waits for its other end.
fn late(id: &Value, result: &Value) {
    let go = ledger_path().expect("there is a ledger") + ".go";
    let answer = json!({ "jsonrpc": "2.0", "id": id, "result": result });
    std::thread::spawn(move || std::fs::File::open(go).map(|_| say(&answer)));
}

fn tools() -> Vec<Value> {
    let anything = json!({ "type": "object" });
    let mut tools: Vec<Value> = [
        "echo",
        "strange",
        "ask",
        "die",
        "hang",
        "drop_table",
        "secret_tool",
        "reply",
        "fail",
        "chatter",
        "late",
        "much",
    ]
    .iter()
    .map(|name| json!({ "name": name, "description": format!("does {name}"), "inputSchema": anything }))
    .collect();
    tools.push(json!({ "name": "strict", "inputSchema": {
        "type": "object", "properties": { "n": { "type": "integer" } }, "required": ["n"] } }));
    if let Ok(path) = std::env::var("STORY_TOOLS")
        && let Ok(extra) = std::fs::read_to_string(path)
    {
        let extra: Vec<Value> = serde_json::from_str(&extra).expect("the story writes JSON");
        tools.extend(extra);
    }
    tools
}

fn ledger_path() -> Option<String> {
    std::env::var("STORY_LEDGER").ok()
}

fn ledger(message: &Value) {
    let Some(path) = ledger_path() else { return };
    let mut file = OpenOptions::new().create(true).append(true).open(path).expect("the ledger can be written");
    file.write_all(format!("{message}\n").as_bytes()).expect("the ledger can be written");
}

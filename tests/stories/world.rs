//! A gateway that really runs, agents that really speak to it, and what can be seen of both afterwards.

use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::net::TcpStream;
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};

/// A story that was told.
pub(crate) type Told = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The policy of most stories: everything but what its name forbids.
pub(crate) const POLICY: &str = r#"
package countersign.story

allow contains {"id": "all", "reason": "a story"}

deny contains {"id": "drop", "reason": "Tables are never dropped ({call.arguments.table}).", "severity": "critical", "advice": "Open a migration."} if {
	input.call.tool == "drop_table"
}

hide contains {"id": "secret", "reason": "Nobody's business."} if input.call.tool == "secret_tool"
"#;

/// How a gateway is set up.
pub(crate) struct Plan {
    /// Replaces `[http]`'s members besides the address.
    pub(crate) http: &'static str,
    /// Added to `[servers.story]`.
    pub(crate) server: &'static str,
    /// Added to the environment of the server.
    pub(crate) env: &'static str,
    /// Added at the end.
    pub(crate) more: &'static str,
    /// What judges.
    pub(crate) policy: &'static str,
}

/// A server that speaks 2026-07-28 only.
pub(crate) const MODERN: Plan =
    Plan { http: "accept = [\"anyone\"]", server: "", env: "STORY_ERA = \"modern\"", more: "", policy: POLICY };

impl Default for Plan {
    fn default() -> Self {
        Self { http: "accept = [\"anyone\"]", server: "", env: "", more: "", policy: POLICY }
    }
}

/// A folder with a configuration in it, and perhaps a gateway.
pub(crate) struct World {
    dir: TempDir,
    gateway: Option<(Child, Lines<BufReader<ChildStderr>>)>,
    /// Where it listens.
    pub(crate) address: String,
    /// Where whatever is started from now on dies (see `src/gateway/failpoint.rs`).
    pub(crate) fail_at: Option<&'static str>,
    http: reqwest::Client,
}

impl World {
    /// A folder, with nothing running.
    pub(crate) fn new(plan: &Plan) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let program = std::env::current_exe().unwrap();
        let at = |name: &str| dir.path().join(name).display().to_string();
        let Plan { http, server, env, more, policy } = plan;
        let config = format!(
            "[http]\nlisten = \"127.0.0.1:0\"\n{http}\n[servers.story]\ncommand = {program:?}\n{server}\n\
             [servers.story.env]\nSTORY_SERVER = \"1\"\nSTORY_LEDGER = {:?}\nSTORY_TOOLS = {:?}\n{env}\n\
             [policy]\npaths = [\"rules\"]\n[store]\nurl = \"sqlite:book.db\"\n{more}\n",
            at("ledger"),
            at("tools.json"),
        );
        std::fs::write(dir.path().join("countersign.toml"), config).unwrap();
        std::fs::create_dir(dir.path().join("rules")).unwrap();
        std::fs::write(dir.path().join("rules/story.rego"), policy).unwrap();
        let http = crate::client::http();
        Self { dir, gateway: None, address: String::new(), fail_at: None, http }
    }

    /// A gateway that listens.
    pub(crate) async fn serving(plan: Plan) -> Self {
        let mut world = Self::new(&plan);
        world.serve().await;
        world
    }

    /// Starts the gateway and waits until it listens.
    pub(crate) async fn serve(&mut self) {
        self.serve_so(&[]).await;
    }

    /// The same, with settings over those of the file.
    pub(crate) async fn serve_so(&mut self, settings: &[&str]) {
        let mut command = self.command(&[&["serve"], settings].concat());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut heard = String::new();
        loop {
            let Some(line) = lines.next_line().await.unwrap() else { panic!("the gateway did not start:\n{heard}") };
            if let Some((_, rest)) = line.split_once("http://") {
                rest.split('/').next().unwrap().clone_into(&mut self.address);
                break;
            }
            heard.push_str(&line);
            heard.push('\n');
        }
        self.gateway = Some((child, lines));
    }

    /// The program, in this folder.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
        command.args(arguments).current_dir(self.dir.path()).kill_on_drop(true).stdin(Stdio::null());
        command.env_remove("COUNTERSIGN_CONFIG").env("NO_COLOR", "1").env("COUNTERSIGN_LIMITS_APPROVAL_WAIT", "100ms");
        if let Some(point) = self.fail_at {
            command.env("COUNTERSIGN_FAIL_AT", point);
        }
        command
    }

    /// Runs a command to its end and gives what it printed.
    pub(crate) async fn run(&self, arguments: &[&str]) -> (i32, String) {
        let output = self.command(arguments).output().await.unwrap();
        let text = String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
        (output.status.code().unwrap(), text)
    }

    /// Waits for a line of the log that contains this.
    pub(crate) async fn logged(&mut self, wanted: &str) -> String {
        let (_, lines) = self.gateway.as_mut().unwrap();
        loop {
            let line = lines.next_line().await.unwrap().expect("the gateway still runs");
            if line.contains(wanted) {
                return line;
            }
        }
    }

    /// What the gateway prints for whoever started it.
    pub(crate) fn printed(&mut self) -> Lines<BufReader<ChildStdout>> {
        BufReader::new(self.gateway.as_mut().unwrap().0.stdout.take().unwrap()).lines()
    }

    /// The gateway's process.
    pub(crate) fn process(&self) -> u32 {
        self.gateway.as_ref().unwrap().0.id().unwrap()
    }

    /// Sends the gateway a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_raw(i32::try_from(self.process()).unwrap()).unwrap(), signal).unwrap();
    }

    /// Asks the gateway to stop, and gives what it logged until it had.
    pub(crate) async fn stop(&mut self) -> String {
        self.signal(Signal::TERM);
        let (mut child, mut lines) = self.gateway.take().unwrap();
        let mut log = String::new();
        while let Some(line) = lines.next_line().await.unwrap() {
            log.push_str(&line);
            log.push('\n');
        }
        assert!(child.wait().await.unwrap().success(), "{log}");
        log
    }

    /// Ends the gateway as a loss of power would.
    pub(crate) async fn kill(&mut self) {
        let (mut child, _) = self.gateway.take().unwrap();
        child.kill().await.unwrap();
    }

    /// Waits for the end of the gateway, and kills it when it has not come by then; says whether it came by itself.
    pub(crate) async fn die_within(&mut self, most: Duration) -> bool {
        let (mut child, mut lines) = self.gateway.take().unwrap();
        // A log nobody reads would stop whoever writes it.
        let talking = async { while lines.next_line().await.unwrap().is_some() {} };
        let ended = tokio::time::timeout(most, talking).await.is_ok();
        if !ended {
            child.start_kill().unwrap();
        }
        child.wait().await.unwrap();
        ended
    }

    /// Everything the record holds, oldest first.
    pub(crate) async fn book(&self) -> Vec<Value> {
        let (code, text) = self.run(&["log", "tail", "-n", "1000", "--json"]).await;
        assert_eq!(code, 0, "{text}");
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The events of the record, in order.
    pub(crate) async fn events(&self) -> Vec<String> {
        self.book().await.iter().map(|entry| event(entry).to_owned()).collect()
    }

    /// The calls the server was sent.
    pub(crate) fn ledger(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(self.path("ledger")).unwrap_or_default();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The most memory the gateway ever held, in bytes; as far as the operating system tells.
    pub(crate) fn most_memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        line.map_or(0, |line| line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() << 10)
    }

    /// A file in the folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Writes a file.
    pub(crate) fn write(&self, name: &str, text: &str) {
        std::fs::write(Path::new(&self.path(name)), text).unwrap();
    }

    /// A POST to the endpoint of the one server.
    pub(crate) fn post(&self, body: impl Into<reqwest::Body>) -> reqwest::RequestBuilder {
        self.http
            .post(format!("http://{}/mcp/story", self.address))
            .header("content-type", "application/json")
            .header("accept", "application/json, text/event-stream")
            .body(body)
    }

    /// Says all of this on a connection of its own, and only then listens until it ends.
    pub(crate) async fn raw(&self, request: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// Any request to the gateway.
    pub(crate) fn request(&self, method: reqwest::Method, path: &str) -> reqwest::RequestBuilder {
        self.http.request(method, format!("http://{}{path}", self.address))
    }

    /// A legacy session.
    pub(crate) async fn session(&self, capabilities: Value) -> Session<'_> {
        self.try_session(capabilities).await.unwrap_or_else(|refusal| panic!("no session began: {refusal}"))
    }

    /// The same, or what was said instead.
    pub(crate) async fn try_session(&self, capabilities: Value) -> Result<Session<'_>, Value> {
        self.session_of("2025-06-18", capabilities).await
    }

    /// The same in another version of the protocol.
    pub(crate) async fn session_of(&self, version: &str, capabilities: Value) -> Result<Session<'_>, Value> {
        let hello = json!({ "jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {
            "protocolVersion": version, "capabilities": capabilities, "clientInfo": { "name": "story", "version": "1" } } });
        let reply = self.post(hello.to_string()).send().await.unwrap();
        let id = reply.headers().get("mcp-session-id").map(|id| id.to_str().unwrap().to_owned());
        let body: Value = serde_json::from_str(&reply.text().await.unwrap()).unwrap();
        match id {
            Some(id) if body["result"].is_object() => Ok(Session { world: self, id }),
            _ => Err(body),
        }
    }

    /// A modern request and its answer.
    pub(crate) async fn modern(&self, id: u64, method: &str, params: Value) -> Value {
        let reply = self.modern_post(id, method, params).send().await.unwrap();
        answer(&reply.text().await.unwrap())
    }

    /// A modern request with the headers that belong to it.
    pub(crate) fn modern_post(&self, id: u64, method: &str, params: Value) -> reqwest::RequestBuilder {
        self.modern_post_as(&json!({ "elicitation": { "form": {} }, "sampling": {} }), id, method, params)
    }

    /// The same of a client that declares these capabilities.
    pub(crate) fn modern_post_as(
        &self,
        capabilities: &Value,
        id: u64,
        method: &str,
        params: Value,
    ) -> reqwest::RequestBuilder {
        let named = ["name", "uri", "taskId"].iter().find_map(|name| params[name].as_str());
        let name = named.map(str::to_owned);
        let body = modern_as(capabilities, id, method, params);
        let post =
            self.post(body.to_string()).header("mcp-protocol-version", "2026-07-28").header("mcp-method", method);
        match name {
            Some(name) => post.header("mcp-name", name),
            None => post,
        }
    }
}

/// A legacy client's session over HTTP.
pub(crate) struct Session<'a> {
    world: &'a World,
    /// The session's id.
    pub(crate) id: String,
}

impl Session<'_> {
    /// A request and its answer.
    pub(crate) async fn ask(&self, id: u64, method: &str, params: Value) -> Value {
        let body = json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params });
        answer(&self.send(body.to_string()).await.1)
    }

    /// A tool called and the text it gave.
    pub(crate) async fn call(&self, id: u64, tool: &str, arguments: Value) -> Value {
        self.ask(id, "tools/call", json!({ "name": tool, "arguments": arguments })).await
    }

    /// Any body, with the status and the text that came back.
    pub(crate) async fn send(&self, body: String) -> (u16, String) {
        let reply = self.world.post(body).header("mcp-session-id", &self.id).send().await.unwrap();
        (reply.status().as_u16(), reply.text().await.unwrap())
    }
}

/// A modern request's message.
pub(crate) fn modern(id: u64, method: &str, params: Value) -> Value {
    modern_as(&json!({ "elicitation": { "form": {} }, "sampling": {} }), id, method, params)
}

fn modern_as(capabilities: &Value, id: u64, method: &str, mut params: Value) -> Value {
    params["_meta"] = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": capabilities,
        "io.modelcontextprotocol/clientInfo": { "name": "story", "version": "1" },
    });
    json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params })
}

/// The last message of an answer, whole or as a stream.
pub(crate) fn answer(text: &str) -> Value {
    let line = text.lines().filter_map(|line| line.strip_prefix("data: ")).next_back().unwrap_or(text);
    serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// The stable code of an entry.
pub(crate) fn event(entry: &Value) -> &str {
    entry["event"].as_str().expect("an entry has an event")
}

/// The text of a tool's result.
pub(crate) fn text(answer: &Value) -> &str {
    answer["result"]["content"][0]["text"].as_str().unwrap_or_else(|| panic!("{answer}"))
}

/// An agent on standard input and output.
pub(crate) struct Agent {
    child: Child,
    input: Option<ChildStdin>,
    output: Lines<BufReader<ChildStdout>>,
}

impl Agent {
    /// Starts `countersign run` for the one server.
    pub(crate) fn start(world: &World) -> Self {
        let mut command = world.command(&["run", "--server", "story"]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { input: child.stdin.take(), child, output }
    }

    /// Writes one line.
    pub(crate) async fn say(&mut self, line: &str) {
        let input = self.input.as_mut().unwrap();
        input.write_all(format!("{line}\n").as_bytes()).await.unwrap();
    }

    /// The next message.
    pub(crate) async fn hear(&mut self) -> Value {
        let line = self.output.next_line().await.unwrap().expect("the gateway still speaks");
        serde_json::from_str(&line).unwrap()
    }

    /// Opens a legacy session.
    pub(crate) async fn hello(&mut self) {
        self.say(r#"{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"story","version":"1"}}}"#).await;
        assert_eq!(self.hear().await["result"]["serverInfo"]["name"], "story");
    }

    /// Closes standard input and waits for the program to end.
    pub(crate) async fn leave(mut self) -> i32 {
        drop(self.input.take());
        self.child.wait().await.unwrap().code().unwrap()
    }
}

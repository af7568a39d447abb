//! How many tasks may wait at once, and how soon is a client told where one stands (AVL-03)?

use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use futures_util::future::try_join_all;
use http_body_util::{BodyExt as _, Full};
use hyper::Request;
use hyper::body::Bytes;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpStream;

use crate::figure::Latencies;

/// Connections over which tasks are made.
const AT_ONCE: usize = 32;
/// The extension by which a client says that it takes tasks.
const EXTENSION: &str = "io.modelcontextprotocol/tasks";

/// A client that takes tasks.
struct Client {
    sender: SendRequest<Full<Bytes>>,
    port: u16,
    key: String,
    asked: u64,
}

/// Makes so many tasks; their ids.
pub(crate) async fn begin((port, key): (u16, &str), count: usize) -> anyhow::Result<Vec<String>> {
    let shares = (0..AT_ONCE).map(|share| (share..count).step_by(AT_ONCE));
    let made = shares.map(|share| async move {
        let mut client = Client::open(port, key).await?;
        let mut ids = Vec::new();
        for number in share {
            let params = json!({ "name": "echo", "arguments": { "text": format!("{number:0>4096}") } });
            let task = client.ask("tools/call", "echo", params).await?;
            ids.push(task["taskId"].as_str().with_context(|| format!("no task but {task}"))?.to_owned());
        }
        anyhow::Ok(ids)
    });
    Ok(try_join_all(made).await?.concat())
}

/// Asks about so many of them, one after the other.
pub(crate) async fn poll((port, key): (u16, &str), ids: &[String], times: usize) -> anyhow::Result<Latencies> {
    let mut client = Client::open(port, key).await?;
    let mut latencies = Latencies::default();
    for id in ids.iter().step_by((ids.len() / times).max(1)) {
        let begun = Instant::now();
        let task = client.ask("tasks/get", id, json!({ "taskId": id })).await?;
        latencies.add(begun.elapsed());
        ensure!(task["status"] == "working", "a task does not wait: {task}");
    }
    Ok(latencies)
}

/// Waits until one is over, and says after how long; its result must have come.
pub(crate) async fn end((port, key): (u16, &str), id: &str) -> anyhow::Result<Duration> {
    let mut client = Client::open(port, key).await?;
    let begun = Instant::now();
    let mut looks = tokio::time::interval(Duration::from_millis(5));
    while begun.elapsed() < Duration::from_secs(20) {
        looks.tick().await;
        let task = client.ask("tasks/get", id, json!({ "taskId": id })).await?;
        if task["status"] != "working" {
            ensure!(task["result"]["content"].is_array() && task["result"]["isError"] != true, "no result: {task}");
            return Ok(begun.elapsed());
        }
    }
    bail!("the task {id} did not end")
}

impl Client {
    async fn open(port: u16, key: &str) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port)).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(Self { sender, port, key: key.to_owned(), asked: 0 })
    }

    async fn ask(&mut self, method: &str, name: &str, mut params: Value) -> anyhow::Result<Value> {
        self.asked += 1;
        params["_meta"] = json!({
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": { "extensions": { EXTENSION: {} } },
            "io.modelcontextprotocol/clientInfo": { "name": "errands", "version": "1" },
        });
        let body = json!({ "jsonrpc": "2.0", "id": self.asked, "method": method, "params": params }).to_string();
        let request = Request::post("/mcp/stub")
            .header("host", format!("127.0.0.1:{}", self.port))
            .header("authorization", format!("Bearer {}", self.key))
            .header("content-type", "application/json")
            .header("accept", "application/json, text/event-stream")
            .header("mcp-protocol-version", "2026-07-28")
            .header("mcp-method", method)
            .header("mcp-name", name)
            .body(Full::new(Bytes::from(body)))?;
        self.sender.ready().await?;
        let reply = self.sender.send_request(request).await?.into_body().collect().await?.to_bytes();
        let text = std::str::from_utf8(&reply)?;
        // A slow answer comes as a stream.
        let message = text.lines().filter_map(|line| line.strip_prefix("data: ")).next_back().unwrap_or(text);
        let mut answer: Value = serde_json::from_str(message).with_context(|| text.to_owned())?;
        Ok(answer["result"].take())
    }
}

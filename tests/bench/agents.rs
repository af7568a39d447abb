//! How do many agents wait at once? Each on a connection of its own, reading what comes as it comes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, oneshot};
use tokio::task::JoinHandle;

/// Calls that are opened at the same moment.
const AT_ONCE: usize = 64;
/// Bytes of arguments.
const ARGUMENTS: usize = 4096;

/// Everybody who waits.
pub(crate) struct Crowd {
    calls: Vec<Waiting>,
    begun: Instant,
    /// When each was heard last, and the longest silence of any, in milliseconds since the beginning.
    heard: Arc<Vec<AtomicU64>>,
    longest: Arc<AtomicU64>,
}

/// A call that waits.
pub(crate) struct Waiting {
    number: usize,
    id: String,
    result: JoinHandle<anyhow::Result<Instant>>,
}

impl Waiting {
    /// Names its approval.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// When its result came.
    pub(crate) async fn result(self) -> anyhow::Result<Instant> {
        tokio::time::timeout(Duration::from_secs(20), self.result).await.context("no result came")??
    }
}

impl Crowd {
    /// So many calls, once each knows that it waits.
    pub(crate) async fn gather(door: (u16, &str), count: usize) -> anyhow::Result<Self> {
        Self::of(door, (0..count).collect(), count).await
    }

    /// The same calls again, as those make them who lost their connection.
    pub(crate) async fn gather_again(door: (u16, &str), before: Self) -> anyhow::Result<Self> {
        let count = before.heard.len();
        Self::of(door, before.calls.iter().map(|call| call.number).collect(), count).await
    }

    async fn of((port, key): (u16, &str), numbers: Vec<usize>, count: usize) -> anyhow::Result<Self> {
        let begun = Instant::now();
        let heard: Arc<Vec<AtomicU64>> = Arc::new((0..count).map(|_| AtomicU64::new(u64::MAX)).collect());
        let longest = Arc::new(AtomicU64::new(0));
        let room = Arc::new(Semaphore::new(AT_ONCE));
        let mut opening = Vec::new();
        for number in numbers {
            let place = Arc::clone(&room).acquire_owned().await?;
            let (told, waits) = oneshot::channel();
            let mut agent =
                Agent { number, begun, heard: Arc::clone(&heard), longest: Arc::clone(&longest), told: Some(told) };
            let request = agent.request(port, key);
            let result = tokio::spawn(async move { agent.call(&request, port).await });
            let opened = tokio::spawn(async move {
                let id = waits.await;
                drop(place);
                id
            });
            opening.push((number, opened, result));
        }
        let mut calls = Vec::new();
        for (number, opened, result) in opening {
            match opened.await? {
                Ok(id) => calls.push(Waiting { number, id, result }),
                Err(_) => bail!("call {number} does not wait: {:?}", result.await?.err()),
            }
        }
        Ok(Self { calls, begun, heard, longest })
    }

    /// Waits with them for so long. A call that ends meanwhile was not held, and its silence is no figure.
    pub(crate) async fn watch(&self, span: Duration) -> anyhow::Result<()> {
        let begun = Instant::now();
        let mut looks = tokio::time::interval(Duration::from_millis(100));
        while begun.elapsed() < span {
            looks.tick().await;
            ensure!(!self.calls.iter().any(|call| call.result.is_finished()), "a call ended that nobody had answered");
        }
        Ok(())
    }

    /// The longest time anybody heard nothing, in seconds.
    pub(crate) fn longest_silence(&self) -> f64 {
        let now = u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        let still = self.heard.iter().map(|heard| now.saturating_sub(heard.load(Ordering::Relaxed))).max();
        self.longest.load(Ordering::Relaxed).max(still.unwrap_or(0)) as f64 / 1000.0
    }

    /// One of those who wait.
    pub(crate) fn take(&mut self) -> Option<Waiting> {
        self.calls.pop()
    }

    /// All hang up.
    pub(crate) fn leave(&self) {
        for call in &self.calls {
            call.result.abort();
        }
    }
}

struct Agent {
    number: usize,
    begun: Instant,
    heard: Arc<Vec<AtomicU64>>,
    longest: Arc<AtomicU64>,
    told: Option<oneshot::Sender<String>>,
}

impl Agent {
    async fn call(&mut self, request: &str, port: u16) -> anyhow::Result<Instant> {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
        stream.set_nodelay(true)?;
        stream.write_all(request.as_bytes()).await?;
        let mut read = Vec::with_capacity(2048);
        loop {
            if stream.read_buf(&mut read).await? == 0 {
                bail!("the gateway hung up: {}", String::from_utf8_lossy(&read));
            }
            let text = String::from_utf8_lossy(&read);
            if let Some((_, rest)) = text.split_once("; reference ")
                && let Some((id, _)) = rest.split_once('"')
            {
                self.heard(id);
                read.clear();
            } else if text.contains("\"result\"") {
                if text.contains("\"isError\":true") {
                    bail!("{text}");
                }
                return Ok(Instant::now());
            }
        }
    }

    fn heard(&mut self, id: &str) {
        let now = u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        let before = self.heard[self.number].swap(now, Ordering::Relaxed);
        self.longest.fetch_max(now.saturating_sub(before), Ordering::Relaxed);
        if let Some(told) = self.told.take() {
            drop(told.send(id.to_owned()));
        }
    }

    fn request(&self, port: u16, key: &str) -> String {
        let text = format!("{:0>1$}", self.number, ARGUMENTS);
        let meta = json!({
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": {},
            "io.modelcontextprotocol/clientInfo": { "name": "holds", "version": "1" },
            "progressToken": self.number,
        });
        let params = json!({ "name": "echo", "arguments": { "text": text }, "_meta": meta });
        let body = json!({ "jsonrpc": "2.0", "id": self.number, "method": "tools/call", "params": params }).to_string();
        format!(
            "POST /mcp/stub HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\nauthorization: Bearer {key}\r\ncontent-type: application/json\r\n\
             accept: application/json, text/event-stream\r\nmcp-protocol-version: 2026-07-28\r\n\
             mcp-method: tools/call\r\nmcp-name: echo\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )
    }
}

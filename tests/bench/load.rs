//! How are calls made, and how long does each take? A closed loop: a connection asks again when it has its answer.

use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HOST, HeaderName, HeaderValue};
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use tokio::net::TcpStream;
use tokio::runtime::Runtime;

use crate::figure::Latencies;

/// What every call says and wants to hear again.
const TEXT: &str = "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijkl";
const PROTOCOL: &str = "2025-06-18";
const SESSION: HeaderName = HeaderName::from_static("mcp-session-id");
const VERSION: HeaderName = HeaderName::from_static("mcp-protocol-version");
/// The head start of every span is not counted.
const WARM: u32 = 5;

/// Where calls go.
#[derive(Clone)]
pub(crate) struct Endpoint {
    pub(crate) port: u16,
    pub(crate) path: &'static str,
    /// The tool, under the name it has there.
    pub(crate) tool: String,
    /// What opens the gateway.
    pub(crate) key: Option<String>,
}

/// What one span came to.
#[derive(Default)]
pub(crate) struct Load {
    pub(crate) latencies: Latencies,
    pub(crate) errors: usize,
    pub(crate) span: Duration,
}

#[derive(Deserialize)]
struct Answer {
    id: u64,
    result: Option<Said>,
}

#[derive(Deserialize)]
struct Said {
    content: Vec<Content>,
}

#[derive(Deserialize)]
struct Content {
    text: String,
}

/// One connection with one session on it.
struct Client {
    sender: SendRequest<Full<Bytes>>,
    endpoint: Endpoint,
    host: HeaderValue,
    key: Option<HeaderValue>,
    session: Option<HeaderValue>,
    asked: u64,
}

/// One thread makes all the load, so that it disturbs as little as it can.
pub(crate) fn runtime() -> anyhow::Result<Runtime> {
    Ok(tokio::runtime::Builder::new_current_thread().enable_all().build()?)
}

/// Calls for this long over this many connections.
pub(crate) async fn run(endpoint: &Endpoint, connections: usize, span: Duration) -> anyhow::Result<Load> {
    let mut clients = Vec::new();
    for _ in 0..connections {
        clients.push(Client::open(endpoint).await?);
    }
    let counted = Instant::now() + span / WARM;
    let end = counted + span;
    let working: Vec<_> = clients.into_iter().map(|client| tokio::spawn(client.work(counted, end))).collect();
    let mut load = Load { span, ..Load::default() };
    for client in working {
        let (latencies, errors) = client.await??;
        load.latencies.join(latencies);
        load.errors += errors;
    }
    Ok(load)
}

/// How long a `tools/list` takes, and how many tools there are.
pub(crate) async fn list(endpoint: &Endpoint) -> anyhow::Result<(Duration, usize)> {
    let mut client = Client::open(endpoint).await?;
    let begun = Instant::now();
    let heard = client.post(r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#.to_owned()).await?;
    let took = begun.elapsed();
    let heard: serde_json::Value = serde_json::from_slice(&heard)?;
    let tools = heard["result"]["tools"].as_array().with_context(|| format!("no list of tools but {heard}"))?;
    // The gateway's own tool is none of the servers'.
    let tools = tools.iter().filter(|tool| tool["name"] != "countersign_wait").count();
    client.close().await?;
    Ok((took, tools))
}

impl Client {
    async fn open(endpoint: &Endpoint) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", endpoint.port)).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        let host = HeaderValue::from_str(&format!("127.0.0.1:{}", endpoint.port))?;
        let bearer = |key: &String| HeaderValue::from_str(&format!("Bearer {key}"));
        let key = endpoint.key.as_ref().map(bearer).transpose()?;
        let mut client = Self { sender, endpoint: endpoint.clone(), host, key, session: None, asked: 0 };
        let hello = format!(
            r#"{{"jsonrpc":"2.0","id":0,"method":"initialize","params":{{"protocolVersion":"{PROTOCOL}","capabilities":{{}},"clientInfo":{{"name":"hop","version":"1"}}}}}}"#
        );
        client.post(hello).await.context("initialize")?;
        client.post(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#.to_owned()).await?;
        Ok(client)
    }

    async fn work(mut self, counted: Instant, end: Instant) -> anyhow::Result<(Latencies, usize)> {
        let mut latencies = Latencies::default();
        let mut errors = 0;
        loop {
            let begun = Instant::now();
            if begun >= end {
                self.close().await?;
                return Ok((latencies, errors));
            }
            match self.call().await {
                Ok(()) if begun >= counted => latencies.add(begun.elapsed()),
                Ok(()) => {}
                Err(error) => {
                    if errors == 0 {
                        println!("an error at port {}: {error:#}", self.endpoint.port);
                    }
                    errors += 1;
                    ensure!(errors < 100, "too many errors");
                }
            }
        }
    }

    async fn call(&mut self) -> anyhow::Result<()> {
        self.asked += 1;
        let message = format!(
            r#"{{"jsonrpc":"2.0","id":{},"method":"tools/call","params":{{"name":"{}","arguments":{{"text":"{TEXT}"}}}}}}"#,
            self.asked, self.endpoint.tool
        );
        let heard = self.post(message).await?;
        let answer: Answer =
            serde_json::from_slice(&heard).with_context(|| String::from_utf8_lossy(&heard).into_owned())?;
        let said = answer.result.and_then(|said| said.content.into_iter().next());
        ensure!(answer.id == self.asked, "an answer to another question");
        ensure!(said.is_some_and(|said| said.text == TEXT), "{}", String::from_utf8_lossy(&heard));
        Ok(())
    }

    async fn close(mut self) -> anyhow::Result<()> {
        let request = self.request(Method::DELETE, Bytes::new());
        self.sender.ready().await?;
        self.sender.send_request(request).await?.into_body().collect().await?;
        Ok(())
    }

    async fn post(&mut self, message: String) -> anyhow::Result<Bytes> {
        let request = self.request(Method::POST, message.into());
        self.sender.ready().await?;
        let response = self.sender.send_request(request).await?;
        let status = response.status();
        if self.session.is_none() {
            self.session = response.headers().get(&SESSION).cloned();
        }
        let heard = response.into_body().collect().await?.to_bytes();
        if !status.is_success() {
            bail!("{status}: {}", String::from_utf8_lossy(&heard));
        }
        Ok(heard)
    }

    fn request(&self, method: Method, body: Bytes) -> Request<Full<Bytes>> {
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = method;
        *request.uri_mut() = hyper::Uri::from_static(self.endpoint.path);
        let headers = request.headers_mut();
        headers.insert(HOST, self.host.clone());
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(ACCEPT, HeaderValue::from_static("application/json, text/event-stream"));
        if let Some(key) = &self.key {
            headers.insert(AUTHORIZATION, key.clone());
        }
        if let Some(session) = &self.session {
            headers.insert(SESSION, session.clone());
            headers.insert(VERSION, HeaderValue::from_static(PROTOCOL));
        }
        request
    }
}

//! What does the fastest tool server answer? An `echo` tool and nothing to think about.
//!
//! `stub http [tools]` binds a port of its own choice and says which on standard output; it speaks the legacy protocol
//! over Streamable HTTP and answers in plain JSON. `stub stdio [tools]` speaks lines.

use std::borrow::Cow;
use std::convert::Infallible;
use std::fmt::Write as _;
use std::io::{BufRead as _, Write as _};
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
struct Heard<'a> {
    id: Option<Value>,
    #[serde(borrow)]
    method: Option<Cow<'a, str>>,
    #[serde(borrow)]
    params: Option<Params<'a>>,
}

#[derive(Deserialize)]
struct Params<'a> {
    #[serde(borrow)]
    arguments: Option<Echo<'a>>,
    #[serde(borrow, rename = "protocolVersion")]
    protocol: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct Echo<'a> {
    #[serde(borrow)]
    text: Option<Cow<'a, str>>,
}

pub(crate) fn run(words: &[String]) -> anyhow::Result<()> {
    let tools = match words.get(1) {
        Some(number) => list(number.parse()?),
        None => list(1),
    };
    if words.first().is_some_and(|word| word == "stdio") {
        return over_stdio(&tools);
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    runtime.block_on(over_http(Arc::from(tools)))
}

fn over_stdio(tools: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        if let Some(mut answer) = answer(line?.as_bytes(), tools) {
            answer.push('\n');
            out.write_all(answer.as_bytes())?;
            out.flush()?;
        }
    }
    Ok(())
}

async fn over_http(tools: Arc<str>) -> anyhow::Result<()> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?.port());
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let tools = Arc::clone(&tools);
        tokio::spawn(async move {
            let service = service_fn(move |request| reply(request, Arc::clone(&tools)));
            let connection = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service);
            // A client that goes away ends its connection and nothing else.
            drop(connection.await);
        });
    }
}

async fn reply(request: Request<Incoming>, tools: Arc<str>) -> Result<Response<Full<Bytes>>, Infallible> {
    let mut response = Response::new(Full::default());
    if request.method() != Method::POST {
        *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
        return Ok(response);
    }
    let heard = request.into_body().collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    match answer(&heard, &tools) {
        Some(answer) => {
            *response.body_mut() = Full::from(answer);
            response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            response.headers_mut().insert("mcp-session-id", HeaderValue::from_static("stub"));
        }
        None => *response.status_mut() = StatusCode::ACCEPTED,
    }
    Ok(response)
}

/// The answer to one message, or nothing for what expects none.
fn answer(message: &[u8], tools: &str) -> Option<String> {
    let heard: Heard<'_> = serde_json::from_slice(message).ok()?;
    let id = heard.id?;
    let params = heard.params;
    let mut text = String::with_capacity(256);
    write!(text, r#"{{"jsonrpc":"2.0","id":{id},"#).ok()?;
    match heard.method.as_deref()? {
        "initialize" => {
            let protocol = params.and_then(|params| params.protocol).unwrap_or(Cow::Borrowed("2025-06-18"));
            write!(
                text,
                r#""result":{{"protocolVersion":"{protocol}","capabilities":{{"tools":{{}}}},"serverInfo":{{"name":"stub","version":"1"}}}}}}"#
            )
            .ok()?;
        }
        "tools/list" => write!(text, r#""result":{{"tools":{tools}}}}}"#).ok()?,
        "tools/call" => {
            let said = params.and_then(|params| params.arguments?.text).unwrap_or_default();
            let said = serde_json::to_string(&said).ok()?;
            write!(text, r#""result":{{"content":[{{"type":"text","text":{said}}}],"isError":false}}}}"#).ok()?;
        }
        "ping" => text.push_str(r#""result":{}}"#),
        _ => text.push_str(r#""error":{"code":-32601,"message":"the stub has no such method"}}"#),
    }
    Some(text)
}

fn list(tools: usize) -> String {
    let one = |number: usize| {
        let name = if number == 0 { "echo".to_owned() } else { format!("echo_{number}") };
        serde_json::json!({
            "name": name,
            "description": "Says what it is told.",
            "inputSchema": {
                "type": "object",
                "properties": { "text": { "type": "string", "description": "What to say" } },
                "required": ["text"],
            },
            "annotations": { "readOnlyHint": true, "openWorldHint": false },
        })
    };
    Value::Array((0..tools).map(one).collect()).to_string()
}

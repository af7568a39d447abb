//! A remote tool server that answers only to whoever sends a secret header.

use std::convert::Infallible;

use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};

/// Starts it and gives its address.
pub(crate) async fn start(secret: &'static str) -> String {
    let socket = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        loop {
            let (stream, _) = socket.accept().await.unwrap();
            let service = service_fn(move |request| answer(request, secret));
            tokio::spawn(hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service));
        }
    });
    address
}

async fn answer(request: Request<Incoming>, secret: &str) -> Result<Response<Full<Bytes>>, Infallible> {
    let known = request.headers().get("x-broker").is_some_and(|value| value == secret);
    let body = request.into_body().collect().await.unwrap().to_bytes();
    let message: Value = serde_json::from_slice(&body).unwrap_or_default();
    let reply = |status: u16, body: String| {
        Response::builder().status(status).header("content-type", "application/json").body(Full::from(body)).unwrap()
    };
    if !known {
        return Ok(reply(401, "{}".to_owned()));
    }
    let result = match message["method"].as_str().unwrap_or_default() {
        "initialize" => {
            json!({ "protocolVersion": "2025-06-18", "capabilities": { "tools": {} }, "serverInfo": { "name": "guarded", "version": "1" } })
        }
        "tools/list" => json!({ "tools": [{ "name": "echo", "inputSchema": { "type": "object" } }] }),
        "tools/call" => json!({ "content": [{ "type": "text", "text": "guarded" }] }),
        _ if message.get("id").is_none() => return Ok(reply(202, String::new())),
        _ => {
            let error =
                json!({ "jsonrpc": "2.0", "id": message["id"], "error": { "code": -32601, "message": "unknown" } });
            return Ok(reply(200, error.to_string()));
        }
    };
    Ok(reply(200, json!({ "jsonrpc": "2.0", "id": message["id"], "result": result }).to_string()))
}

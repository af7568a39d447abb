//! How does an agent call a gateway that may be gone the next moment?

use serde_json::Value;

use crate::world::{answer, modern};

pub(crate) struct Client(reqwest::Client);

impl Client {
    pub(crate) fn new() -> Self {
        Self(http())
    }

    /// The answer to a tool call; nothing when there was none.
    pub(crate) async fn call(&self, door: &str, id: u64, tool: &str, params: &Value) -> Option<Value> {
        let post = self.0.post(format!("http://{door}/mcp/story"));
        let post =
            post.header("content-type", "application/json").header("accept", "application/json, text/event-stream");
        let post = post.header("mcp-protocol-version", "2026-07-28").header("mcp-method", "tools/call");
        let post = post.header("mcp-name", tool).body(modern(id, "tools/call", params.clone()).to_string());
        let text = post.send().await.ok()?.text().await.ok()?;
        // A stream that broke off may have said something before, but not the answer.
        text.contains("\"jsonrpc\"").then(|| answer(&text)).filter(|answer| answer.get("id").is_some())
    }
}

/// What every client here speaks with.
pub(crate) fn http() -> reqwest::Client {
    // rustls needs to be told once which cryptography to use; plain HTTP never does.
    reqwest::Client::builder().no_proxy().tls_backend_preconfigured(tls()).build().unwrap()
}

/// The same for those who look at where they are sent.
pub(crate) fn staying() -> reqwest::Client {
    let still = reqwest::redirect::Policy::none();
    reqwest::Client::builder().no_proxy().redirect(still).tls_backend_preconfigured(tls()).build().unwrap()
}

fn tls() -> rustls::ClientConfig {
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth()
}

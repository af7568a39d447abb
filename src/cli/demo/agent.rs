//! Who calls the shop in the demonstration? A scripted agent that speaks to the gateway as any client does: over HTTP,
//! with a key, in a legacy session.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::downstream::http::guard::Private;
use crate::downstream::http::{HttpOptions, HttpServer, Turn};
use crate::object;
use crate::secret::Secret;
use crate::wire::headers::Routing;
use crate::wire::json::{Object, Value};
use crate::wire::message::{Id, Message, Notification, Request};

/// Longer than anybody is asked for: a call that waits says that it still does.
const PATIENCE: Duration = Duration::from_hours(1);
const PROTOCOL: &str = "2025-06-18";

/// One thing the agent tries.
#[derive(Debug)]
pub struct Attempt {
    /// What it is after, in words.
    pub wish: &'static str,
    /// The tool.
    pub tool: &'static str,
    /// What it sends.
    pub arguments: Object,
}

/// What became of an attempt.
#[derive(Debug)]
pub enum Got {
    /// The tool's own text.
    Result(String),
    /// The refusal's class, reason and hint.
    Refusal(String, String, Option<String>),
}

/// What the agent tries, in order.
pub fn script() -> Vec<Attempt> {
    vec![
        Attempt { wish: "look around", tool: "shop__list_products", arguments: Object::new() },
        Attempt { wish: "answer a question", tool: "shop__find_orders", arguments: object! { "customer" => "Ada" } },
        Attempt { wish: "a small sample", tool: "shop__export_customers", arguments: object! { "limit" => 3_i64 } },
        Attempt {
            wish: "take every customer",
            tool: "shop__export_customers",
            arguments: object! { "limit" => 100_000_i64 },
        },
        Attempt { wish: "tidy up", tool: "shop__drop_table", arguments: object! { "table" => "orders" } },
    ]
}

/// What it tries last, and somebody has to agree to.
pub fn refund() -> Attempt {
    let arguments = object! { "order" => 301_i64, "amount" => 8_500_i64, "currency" => "EUR" };
    Attempt { wish: "pay a customer back", tool: "shop__refund_order", arguments }
}

/// An agent with an open session.
#[expect(missing_debug_implementations, reason = "its transport holds the key")]
pub struct Agent {
    server: HttpServer,
    session: Option<String>,
    next: u64,
}

impl Agent {
    /// Opens a session with a key.
    pub async fn connect(endpoint: &Url, key: &str) -> anyhow::Result<Self> {
        let options = HttpOptions {
            url: endpoint.clone(),
            headers: vec![("authorization".to_owned(), Secret::new(format!("Bearer {key}")))],
            tls_sha256: None,
            private: Private::Refused,
            timeout: PATIENCE,
            oauth: None,
        };
        let server = HttpServer::new(Arc::from("gateway"), &options)?;
        let mut agent = Self { server, session: None, next: 0 };
        let hello = object! {
            "protocolVersion" => PROTOCOL,
            "capabilities" => Object::new(),
            "clientInfo" => object! { "name" => "demo-agent", "version" => env!("CARGO_PKG_VERSION") },
        };
        agent.ask("initialize", hello).await.context("the agent could not open a session")?;
        let ready = Notification { method: "notifications/initialized".to_owned(), params: Object::new() };
        agent.server.post(agent.session.as_deref(), Some(PROTOCOL), &Message::Notification(ready)).await?;
        Ok(agent)
    }

    /// Tries one thing.
    pub async fn attempt(&mut self, attempt: &Attempt) -> anyhow::Result<Got> {
        let params = object! { "name" => attempt.tool, "arguments" => attempt.arguments.clone() };
        let result = self.ask("tools/call", params).await?;
        let refusal = result.get("_meta").and_then(|meta| meta.get(crate::gateway::answer::META));
        if let Some(refusal) = refusal {
            let part = |name| refusal.get(name).and_then(Value::as_str).map(str::to_owned);
            return Ok(Got::Refusal(
                part("class").unwrap_or_default(),
                part("reason").unwrap_or_default(),
                part("hint"),
            ));
        }
        let first = result.get("content").and_then(Value::as_array).and_then(<[Value]>::first);
        let text = first.and_then(|content| content.get("text")).and_then(Value::as_str);
        Ok(Got::Result(text.unwrap_or_default().to_owned()))
    }

    async fn ask(&mut self, method: &str, params: Object) -> anyhow::Result<Value> {
        self.next = self.next.saturating_add(1);
        let request = Request { id: Id::from(self.next), method: method.to_owned(), params };
        let (events, _unheard) = mpsc::channel(16);
        let turn = Turn {
            session: self.session.as_deref(),
            protocol: self.session.as_ref().map(|_| PROTOCOL),
            request: &request,
            routing: &Routing::none(),
            headers: &http::HeaderMap::new(),
            timeout: PATIENCE,
            cancelled: &CancellationToken::new(),
        };
        let exchanged = self.server.exchange(&turn, &events).await?;
        if exchanged.session.is_some() {
            self.session = exchanged.session;
        }
        exchanged.answer.map_err(|error| anyhow!("{method}: {error}"))
    }
}

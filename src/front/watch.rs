//! Where does whoever watches the gateway ask?
//!
//! `/healthz` and `/readyz` are for everybody, and say nothing of a call. `/metrics` says which tools are called and how often:
//! on the clients' own listener it is there only with a token, so that no agent's key and no proxy opens it; without one it
//! is there only on a listener of the operator's own, which is on this machine. Browsers are let in nowhere here. None of
//! this is recorded.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::header::{ACCEPT, AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, ORIGIN, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderValue, Request, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use subtle::ConstantTimeEq as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

use crate::gateway::Gateway;
use crate::secret::Secret;
use crate::telemetry::health::readiness;
use crate::telemetry::metrics::exposition::{Form, text};
use crate::telemetry::metrics::gather::gather;

/// How long a request may take to arrive, and a connection may stand idle.
const PATIENCE: Duration = Duration::from_secs(10);
/// Connections at once; more wait to be accepted.
const MOST_CONNECTIONS: usize = 32;

/// Who is told what is counted.
#[derive(Clone)]
#[expect(missing_debug_implementations, reason = "it may hold a secret")]
pub enum Metrics {
    /// Nobody; there is nothing at that address.
    Closed,
    /// Whoever shows this.
    Token(Secret),
    /// Everybody who can connect.
    Open,
}

#[derive(Clone)]
struct Watch {
    gateway: Arc<Gateway>,
    metrics: Metrics,
}

/// What is served of it.
pub fn routes(gateway: &Arc<Gateway>, metrics: &Metrics) -> Router {
    let router = Router::new().route("/healthz", get(async || "alive\n")).route("/readyz", get(ready));
    let router = match metrics {
        Metrics::Closed => router,
        Metrics::Token(_) | Metrics::Open => router.route("/metrics", get(counted)),
    };
    router.with_state(Watch { gateway: Arc::clone(gateway), metrics: metrics.clone() })
}

async fn ready(State(watch): State<Watch>, headers: HeaderMap) -> Response {
    let report = readiness(&watch.gateway).await;
    let status = if report.is_ready() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let json = said(&headers, ACCEPT.as_str()).contains("application/json");
    let (kind, text) = if json {
        ("application/json", format!("{}\n", report.json()))
    } else {
        ("text/plain; charset=utf-8", report.text())
    };
    (status, [(CONTENT_TYPE, kind), (CACHE_CONTROL, "no-store")], text).into_response()
}

async fn counted(State(watch): State<Watch>, headers: HeaderMap) -> Response {
    if let Metrics::Token(token) = &watch.metrics
        && !shows(&headers, token)
    {
        let challenge = [(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))];
        return (StatusCode::UNAUTHORIZED, challenge, "show telemetry.metrics_token as a bearer token\n")
            .into_response();
    }
    let form = Form::wanted(said(&headers, ACCEPT.as_str()));
    let all = text(&gather(&watch.gateway).await, form);
    ([(CONTENT_TYPE, form.media()), (CACHE_CONTROL, "no-store")], all).into_response()
}

fn shows(headers: &HeaderMap, token: &Secret) -> bool {
    let shown = said(headers, AUTHORIZATION.as_str())
        .split_once(' ')
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    shown.is_some_and(|(_, shown)| bool::from(shown.trim().as_bytes().ct_eq(token.expose().as_bytes())))
}

fn said<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// Serves on a listener of the operator's own until `stop`.
pub async fn serve(gateway: Arc<Gateway>, socket: TcpListener, metrics: Metrics, stop: CancellationToken) {
    let nothing = async || (StatusCode::NOT_FOUND, "there are /metrics, /readyz and /healthz\n");
    let site = routes(&gateway, &metrics).fallback(nothing);
    let room = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    loop {
        let Ok(place) = Arc::clone(&room).acquire_owned().await else { return };
        let accepted = tokio::select! {
            () = stop.cancelled() => return,
            accepted = socket.accept() => accepted,
        };
        match accepted {
            Ok((stream, _)) => {
                let (site, stop) = (site.clone(), stop.clone());
                gateway.tasks.spawn(async move {
                    tokio::select! {
                        () = stop.cancelled() => {}
                        () = connection(site, stream) => {}
                    }
                    drop(place);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "a connection of whoever watches could not be accepted");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

async fn connection(site: Router, stream: TcpStream) {
    let service = service_fn(|request: Request<hyper::body::Incoming>| {
        let site = site.clone();
        async move {
            // Scrapers say neither; a page that was led here by a name of its own says one of them.
            let headers = request.headers();
            if headers.contains_key(ORIGIN) || headers.contains_key("sec-fetch-site") {
                return Ok::<_, Infallible>((StatusCode::FORBIDDEN, "this is not for browsers\n").into_response());
            }
            let Ok(reply) = site.oneshot(request.map(Body::new)).await;
            Ok(reply)
        }
    });
    let mut builder = http1::Builder::new();
    let builder = builder.timer(TokioTimer::new()).header_read_timeout(PATIENCE).max_headers(64);
    if let Err(error) = builder.serve_connection(TokioIo::new(stream), service).await {
        tracing::debug!(%error, "a connection of whoever watches ended early");
    }
}

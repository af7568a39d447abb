//! Who listens on the network, and for how long is anybody waited for?
//!
//! Connections are served by hyper itself because a listener needs time limits that axum's own does not have. HTTP/1.1
//! only: whoever wants HTTP/2 or TLS puts a proxy in front, and what is not spoken cannot be attacked.

use std::convert::Infallible;
use std::error::Error as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_io_timeout::TimeoutWriter;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

use super::body::Body;
use super::channels::Door;
use super::hooks;
use super::metadata::Metadata;
use super::pages::Doors;
use super::refusal::Reply;
use super::site;
use super::watch::Metrics;
use crate::channels::outbox::Outbox;
use crate::credentials::jwt::keys::Keys;
use crate::gateway::Gateway;
use crate::identity::Identity;
use crate::identity::guard::Rules;
use crate::unbroken::unbroken;
use crate::wire::reader::Limits;

/// How long the header of a request may take to arrive.
const HEADER_PATIENCE: Duration = Duration::from_secs(10);
/// How long a client may read nothing of what it is sent. What its call came to is in the record all the same.
const UNREAD_PATIENCE: Duration = Duration::from_secs(30);
/// Bytes a request's header may have.
const HEADER_BYTES: usize = 16 << 10;
/// Connections at once; more wait to be accepted.
const MOST_CONNECTIONS: usize = 10_240;

/// A listener and what it needs to know.
#[expect(missing_debug_implementations, reason = "its identity remembers proofs")]
pub struct Listener {
    /// Takes requests.
    pub gateway: Arc<Gateway>,
    /// Proves callers.
    pub identity: Arc<Identity>,
    /// Hosts and origins that are let in.
    pub rules: Rules,
    /// How much JSON is too much.
    pub limits: Limits,
    /// What the world may know about how to get in; none where only keys open.
    pub metadata: Option<Metadata>,
    /// What the tokens that this gateway signs are checked with; none where it signs none.
    pub token_keys: Option<Arc<Keys>>,
    /// Who may come to the pages, and how.
    pub doors: Doors,
    /// By which channels people are asked, and programs answer.
    pub outbox: Arc<Outbox>,
    /// Who is told what is counted.
    pub metrics: Metrics,
}

impl Listener {
    /// Serves connections until `stop`, then lets open ones finish.
    pub async fn serve(self: Arc<Self>, socket: TcpListener, stop: CancellationToken) {
        let room = Arc::new(Semaphore::new(MOST_CONNECTIONS));
        let site = site::routes(&self);
        loop {
            let Ok(place) = Arc::clone(&room).acquire_owned().await else { return };
            let accepted = tokio::select! {
                () = stop.cancelled() => return,
                accepted = socket.accept() => accepted,
            };
            match accepted {
                Ok((stream, peer)) => {
                    let (listener, site, stop) = (Arc::clone(&self), site.clone(), stop.clone());
                    self.gateway.tasks.spawn(unbroken(async move {
                        listener.connection(site, (stream, peer), stop).await;
                        drop(place);
                    }));
                }
                Err(error) => {
                    // Out of descriptors, most likely: others must end before we can go on.
                    tracing::warn!(error = %error, "a connection could not be accepted");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        }
    }

    async fn connection(
        self: Arc<Self>,
        site: Router,
        (stream, peer): (TcpStream, SocketAddr),
        stop: CancellationToken,
    ) {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(peer = %peer, error = %error, "a connection keeps its delay");
        }
        let mut stream = TimeoutWriter::new(stream);
        stream.set_timeout(Some(UNREAD_PATIENCE));
        let service = service_fn(|request| {
            let (listener, site, stop) = (Arc::clone(&self), site.clone(), stop.clone());
            // In a box that goes when the answer begins: a connection keeps the room for what it is handed for good.
            Box::pin(async move { Ok::<_, Infallible>(listener.route(site, request, &stop).await) })
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEADER_PATIENCE)
            .max_buf_size(HEADER_BYTES.saturating_mul(4))
            .max_headers(64)
            .serve_connection(TokioIo::new(Box::pin(stream)), service);
        tokio::pin!(connection);
        let ended = tokio::select! {
            ended = connection.as_mut() => ended,
            () = stop.cancelled() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        match ended {
            Err(error) if is_unread(&error) => {
                let seconds = UNREAD_PATIENCE.as_secs();
                tracing::info!(peer = %peer, seconds, "a client did not read what it was sent, and its connection was closed");
            }
            Err(error) => tracing::debug!(peer = %peer, error = %error, "a connection ended early"),
            Ok(()) => {}
        }
    }

    async fn route(
        self: &Arc<Self>,
        site: Router,
        request: http::Request<Incoming>,
        stop: &CancellationToken,
    ) -> Reply {
        let path = request.uri().path();
        if path == "/mcp" {
            return self.endpoint(None, request).await;
        }
        if let Some(server) = path.strip_prefix("/mcp/") {
            let server = server.to_owned();
            return self.endpoint(Some(&server), request).await;
        }
        if path.starts_with("/api/") {
            return self.api(request, stop).await;
        }
        if path == hooks::PATH {
            return self.reported(request).await;
        }
        if let Some(door) = Door::at(path) {
            let (head, body) = request.into_parts();
            return self.heard_back(door, &head, body).await;
        }
        match self.page(request, stop).await {
            Ok(reply) => reply,
            Err(request) => {
                let Ok(reply) = site.oneshot(request).await;
                reply.map(Body::Page)
            }
        }
    }
}

fn is_unread(error: &hyper::Error) -> bool {
    let cause = error.source().and_then(|cause| cause.downcast_ref::<std::io::Error>());
    cause.is_some_and(|cause| cause.kind() == std::io::ErrorKind::TimedOut)
}

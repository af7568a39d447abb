//! Which connection takes the request? One that stands unused, or a fresh one; each request leaves at most once.
//!
//! A kept connection that turns out to be closed before anything was written hands the request back, and the next one
//! takes it: that is the first sending, not a second. After the first byte may have left nothing is ever sent again.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt as _;
use http::Request;
use http::response::Parts;
use http_body_util::Full;
use hyper::body::Incoming;

use super::dial::Dialer;
use super::fault::{Effect, HttpFault};
use super::line::{Failed, Line};

/// Unused connections that are kept.
const KEPT: usize = 64;
/// How much, and for how long, is read after the answer to make a connection usable again.
const REST: (usize, Duration) = (64 << 10, Duration::from_secs(2));

/// The connections to one server.
pub(super) struct Pool {
    dialer: Dialer,
    idle: Mutex<Vec<Line>>,
}

/// Whether a request may have left; outlives a call that is dropped half way.
#[derive(Default)]
pub(super) struct Sent(AtomicBool);

/// A response whose body is still to be read.
pub(super) struct Reply {
    /// Status and headers.
    pub(super) head: Parts,
    body: Incoming,
    line: Line,
    pool: Arc<Pool>,
}

impl Pool {
    pub(super) const fn new(dialer: Dialer) -> Self {
        Self { dialer, idle: Mutex::new(Vec::new()) }
    }

    /// Sends a request, once.
    pub(super) async fn send(
        self: &Arc<Self>,
        mut request: Request<Full<Bytes>>,
        sent: &Sent,
    ) -> Result<Reply, HttpFault> {
        while let Some(line) = self.take() {
            match self.send_on(line, request, sent).await? {
                Ok(reply) => return Ok(reply),
                Err((unsent, _)) => request = *unsent,
            }
        }
        let stream = self.dialer.dial().await?;
        let line = Line::open(stream).await.map_err(|error| HttpFault::NotSent(error.to_string()))?;
        match self.send_on(line, request, sent).await? {
            Ok(reply) => Ok(reply),
            Err((_, why)) => Err(HttpFault::NotSent(why)),
        }
    }

    async fn send_on(
        self: &Arc<Self>,
        mut line: Line,
        request: Request<Full<Bytes>>,
        sent: &Sent,
    ) -> Result<Result<Reply, (Box<Request<Full<Bytes>>>, String)>, HttpFault> {
        if !line.is_ready().await {
            return Ok(Err((Box::new(request), "the server closed the connection at once".to_owned())));
        }
        sent.set(true);
        match line.request(request).await {
            Ok(response) => {
                let (head, body) = response.into_parts();
                Ok(Ok(Reply { head, body, line, pool: Arc::clone(self) }))
            }
            Err(Failed::Unsent(request, why)) => {
                sent.set(false);
                Ok(Err((request, why)))
            }
            Err(Failed::Broken(why)) => Err(HttpFault::Broken(why)),
        }
    }

    fn take(&self) -> Option<Line> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(line) = idle.pop() {
            if !line.is_stale() {
                return Some(line);
            }
        }
        None
    }

    fn give(&self, mut line: Line) {
        line.rest();
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        // The oldest stand at the front: they go first when they are stale or too many.
        let stale = idle.iter().take_while(|line| line.is_stale()).count();
        let surplus = idle.len().saturating_add(1).saturating_sub(KEPT);
        drop(idle.drain(..stale.max(surplus)));
        idle.push(line);
    }
}

impl Sent {
    fn set(&self, sent: bool) {
        self.0.store(sent, Ordering::Relaxed);
    }

    /// The server has refused what was sent.
    pub(super) fn not(&self) {
        self.set(false);
    }

    /// What a call that ends now may have done.
    pub(super) fn effect(&self) -> Effect {
        if self.0.load(Ordering::Relaxed) { Effect::Unknown } else { Effect::None }
    }
}

impl Reply {
    /// The next piece of the body; none at its end, after which [`Self::release`] keeps the connection.
    pub(super) async fn piece(&mut self) -> Option<Result<Bytes, String>> {
        self.line.piece(&mut self.body).await
    }

    /// The whole body, up to a limit.
    pub(super) async fn collect(mut self, limit: usize) -> Result<Vec<u8>, HttpFault> {
        let mut body = Vec::new();
        while let Some(piece) = self.piece().await {
            let piece = piece.map_err(HttpFault::Broken)?;
            if body.len().saturating_add(piece.len()) > limit {
                return Err(HttpFault::Garbage(format!("it is larger than {limit} bytes")));
            }
            body.extend_from_slice(&piece);
        }
        self.pool.give(self.line);
        Ok(body)
    }

    /// Keeps the connection if the body is at its end or comes to it soon; closes it otherwise.
    pub(super) fn release(mut self) {
        if let Some(None) = self.piece().now_or_never() {
            return self.pool.give(self.line);
        }
        tokio::spawn(async move {
            let ended = tokio::time::timeout(REST.1, async {
                let mut left = REST.0;
                while let Some(piece) = self.piece().await {
                    left = left.checked_sub(piece.ok()?.len())?;
                }
                Some(())
            });
            if let Ok(Some(())) = ended.await {
                self.pool.give(self.line);
            }
        });
    }
}

//! Has the request left? One connection that is driven by whoever uses it.
//!
//! The connection lives in the task of the call: no second task to wake for each byte, and a dropped call closes it at
//! once. It speaks HTTP/1.1, where hyper hands a request back if nothing of it was written; that is the proof behind
//! every "nothing was sent".

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Body as _, Incoming};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;

use super::dial::Stream;

type Connection = http1::Connection<TokioIo<Stream>, Full<Bytes>>;

/// How long an unused connection is kept where the server says nothing.
const KEEP: Duration = Duration::from_mins(1);

/// One connection to the server.
pub(super) struct Line {
    send: SendRequest<Full<Bytes>>,
    drive: Option<Pin<Box<Connection>>>,
    idle_since: Instant,
    keep: Duration,
}

/// Why a request has no response.
pub(super) enum Failed {
    /// Nothing of it was written; here it is again.
    Unsent(Box<Request<Full<Bytes>>>, String),
    /// Some of it may have been.
    Broken(String),
}

impl Line {
    /// Begins to speak HTTP on a fresh stream.
    pub(super) async fn open(stream: Stream) -> Result<Self, hyper::Error> {
        let (send, connection) = http1::Builder::new().handshake(TokioIo::new(stream)).await?;
        Ok(Self { send, drive: Some(Box::pin(connection)), idle_since: Instant::now(), keep: KEEP })
    }

    /// Sends a request and waits for the head of its response.
    pub(super) async fn request(&mut self, request: Request<Full<Bytes>>) -> Result<Response<Incoming>, Failed> {
        let waiting = self.send.try_send_request(request);
        match during(&mut self.drive, waiting).await {
            Ok(response) => {
                self.keep = keep(response.headers());
                Ok(response)
            }
            Err(mut failed) => match failed.take_message() {
                Some(request) => Err(Failed::Unsent(Box::new(request), text(failed.error()))),
                None => Err(Failed::Broken(text(failed.error()))),
            },
        }
    }

    /// The next piece of a body; none at its end.
    pub(super) async fn piece(&mut self, body: &mut Incoming) -> Option<Result<Bytes, String>> {
        loop {
            if body.is_end_stream() {
                return None;
            }
            match during(&mut self.drive, body.frame()).await? {
                Ok(frame) => {
                    if let Ok(data) = frame.into_data() {
                        return Some(Ok(data));
                    }
                }
                Err(error) => return Some(Err(text(&error))),
            }
        }
    }

    /// The response has been read to its end.
    pub(super) fn rest(&mut self) {
        self.idle_since = Instant::now();
    }

    /// Whether it has been unused for too long.
    pub(super) fn is_stale(&self) -> bool {
        self.idle_since.elapsed() >= self.keep
    }

    /// Whether the connection still stands and can take the next request. Looks once and does not wait: a server that
    /// closed it, or spoke out of turn, is noticed here, before anything is sent.
    pub(super) async fn is_ready(&mut self) -> bool {
        poll_fn(|context| {
            for _ in 0..2 {
                poll_drive(&mut self.drive, context);
                if self.drive.is_none() {
                    return Poll::Ready(false);
                }
                if let Poll::Ready(ready) = self.send.poll_ready(context) {
                    return Poll::Ready(ready.is_ok());
                }
            }
            Poll::Ready(false)
        })
        .await
    }
}

/// Waits for something while the connection's own work is done beside it.
async fn during<F: Future>(drive: &mut Option<Pin<Box<Connection>>>, waiting: F) -> F::Output {
    let mut waiting = pin!(waiting);
    poll_fn(|context| {
        if let Poll::Ready(output) = waiting.as_mut().poll(context) {
            return Poll::Ready(output);
        }
        poll_drive(drive, context);
        waiting.as_mut().poll(context)
    })
    .await
}

/// A connection that has ended is dropped, which tells whoever still waits on it.
fn poll_drive(drive: &mut Option<Pin<Box<Connection>>>, context: &mut Context<'_>) {
    if drive.as_mut().is_some_and(|connection| connection.as_mut().poll(context).is_ready()) {
        *drive = None;
    }
}

/// A second less than the server says it keeps an unused connection, so that we never send into its closing.
fn keep(headers: &HeaderMap) -> Duration {
    let said = headers.get("keep-alive").and_then(|value| value.to_str().ok());
    let seconds = said.into_iter().flat_map(|value| value.split(',')).find_map(|part| {
        let (name, value) = part.split_once('=')?;
        name.trim().eq_ignore_ascii_case("timeout").then(|| value.trim().parse::<u64>().ok()).flatten()
    });
    seconds.map_or(KEEP, |seconds| KEEP.min(Duration::from_secs(seconds.saturating_sub(1))))
}

/// The whole chain of an error in one line.
fn text(error: &hyper::Error) -> String {
    use std::error::Error as _;
    error.source().map_or_else(|| error.to_string(), |source| format!("{error}: {source}"))
}

//! When is a request answered whole, and when by a stream?
//!
//! An answer that comes at once, with nothing said before it, goes out whole. Everything else opens a stream: as soon as
//! something is said, and after a second of silence, because clients give up on an answer whose headers do not come.

use std::time::Duration;

use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderName, HeaderValue, Response};

use super::body::{Body, Heartbeat};
use super::refusal::{self, Reply};
use crate::gateway::outlet::{Step, Steps};
use crate::wire::era::Era;
use crate::wire::message::{Id, Message, RpcError, code};

/// How long an answer may take before a stream is opened for it.
const PATIENCE: Duration = Duration::from_secs(1);

/// What a client can read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reads {
    /// Both forms.
    Both,
    /// Only whole answers.
    Json,
}

/// Turns what a request says into an HTTP answer.
pub async fn reply(era: Era, id: Id, mut steps: Steps, reads: Reads) -> Reply {
    if reads == Reads::Json {
        return whole(era, id, steps).await;
    }
    // A timer costs more than most answers take to come; look first.
    let first = match steps.try_recv() {
        Ok(step) => Some(step),
        Err(_) => match tokio::time::timeout(PATIENCE, steps.recv()).await {
            Ok(Some(step)) => Some(step),
            Ok(None) => return abandoned(id),
            Err(_) => None,
        },
    };
    match first {
        Some(Step::Answer(answer)) => refusal::json(refusal::status(era, &answer), Some(id), *answer),
        first => stream(Body::Request { id, first, steps, heartbeat: Heartbeat::default() }),
    }
}

/// Waits for the answer of a client that reads nothing before it.
async fn whole(era: Era, id: Id, mut steps: Steps) -> Reply {
    while let Some(step) = steps.recv().await {
        match step {
            Step::Answer(answer) => return refusal::json(refusal::status(era, &answer), Some(id), *answer),
            Step::Say(message) if matches!(*message, Message::Request(_)) => {
                let text = "the server asks something that this client cannot hear: accept text/event-stream as well";
                return refusal::json(http::StatusCode::OK, Some(id), Err(RpcError::new(code::REFUSED, text)));
            }
            Step::Say(_) => {}
        }
    }
    abandoned(id)
}

/// An answer as a stream of events.
pub fn stream(body: Body) -> Reply {
    const BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");
    let mut reply = Response::new(body);
    let headers = reply.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(BUFFERING, HeaderValue::from_static("no"));
    reply
}

fn abandoned(id: Id) -> Reply {
    let error = RpcError::new(code::INTERNAL, "the gateway gave this request up; look into its log");
    refusal::json(http::StatusCode::OK, Some(id), Err(error))
}

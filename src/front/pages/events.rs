//! How does a page hear that something changed?
//!
//! By server-sent events, each of which names a call and nothing more: what it is now, the page asks for itself. Only changes
//! of calls that the person may see are told. A browser that was away says what it heard last, and is told what it missed.
//! The stream ends with the sign-in.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Response};
use tokio::time::{Interval, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

use super::reply::guarded;
use super::{Visit, cookie};
use crate::approval::vote::Voter;
use crate::clock::Timestamp;
use crate::front::body::Body;
use crate::front::http::Listener;
use crate::front::refusal::Reply;
use crate::gateway::desk::{Following, Heard};
use crate::identity::sign_in::{Cookie, SignIn};
use crate::review::fault::Fault;

/// How often a silent stream shows that it lives, and looks whether the sign-in still does.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// How far back somebody is told what they missed; who was away for longer asks for everything anyway.
const MOST_MISSED_MICROS: i64 = 600_000_000;

/// One browser that listens.
struct Listening {
    listener: Arc<Listener>,
    following: Following,
    missed: VecDeque<String>,
    voter: Voter,
    cookie: Option<Cookie>,
    stop: CancellationToken,
    heartbeat: Interval,
}

impl Listener {
    pub(super) async fn events(self: &Arc<Self>, visit: &Visit<'_>, stop: &CancellationToken) -> Result<Reply, Fault> {
        let voter = self.voter(visit)?.clone();
        let desk = &self.gateway.desk;
        let following = desk.follow().ok_or(Fault::Crowded)?;
        let heard = visit.head.headers.get("last-event-id").and_then(|id| id.to_str().ok()?.parse::<i64>().ok());
        let missed = match heard {
            Some(micros) => {
                let oldest = visit.now.micros().saturating_sub(MOST_MISSED_MICROS);
                let since = Timestamp::from_micros(micros.max(oldest));
                let moved = self.gateway.store.approvals_moved_since(since).await?;
                moved.into_iter().map(|(id, _)| id).collect()
            }
            None => VecDeque::new(),
        };
        let mut heartbeat = tokio::time::interval(HEARTBEAT);
        heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let cookie = cookie::of(&visit.head.headers, cookie::PERSON, self.doors.secure).map(Cookie::read);
        let stop = stop.clone();
        let listening = Listening { listener: Arc::clone(self), following, missed, voter, cookie, stop, heartbeat };
        let events = stream::unfold(listening, async |mut listening| {
            let text = listening.next().await?;
            Some((Ok::<_, Infallible>(Bytes::from(text)), listening))
        });
        let mut reply = guarded(Response::new(Body::Page(axum::body::Body::from_stream(events))));
        reply.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
        Ok(reply)
    }
}

impl Listening {
    /// The next text of the stream; nothing where it is over.
    async fn next(&mut self) -> Option<String> {
        loop {
            let id = if let Some(id) = self.missed.pop_front() {
                id
            } else {
                tokio::select! {
                    () = self.stop.cancelled() => return None,
                    _ = self.heartbeat.tick() => {
                        return if self.is_signed_in().await { Some(": still here\n\n".to_owned()) } else { None };
                    }
                    heard = self.following.next() => match heard {
                        Heard::Changed(id) => id.to_string(),
                        // The browser connects again, and asks for everything.
                        Heard::Missed => return None,
                    },
                }
            };
            if self.listener.seen(&self.voter, &id).await.is_ok() {
                let now = self.listener.gateway.desk.now().await.ok()?;
                return Some(format!("id: {}\nevent: changed\ndata: {{\"id\":\"{id}\"}}\n\n", now.micros()));
            }
        }
    }

    async fn is_signed_in(&self) -> bool {
        let (Some(cookie), Ok(now)) = (&self.cookie, self.listener.gateway.desk.now().await) else { return false };
        let found = SignIn::look(&self.listener.gateway.store, cookie, self.listener.doors.lasting, now).await;
        matches!(found, Ok(Some(_)))
    }
}

//! How does an HTTP answer leave: whole, or as a stream that starts before the answer is known?

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::Frame;
use tokio::sync::mpsc;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};

use crate::gateway::outlet::{Step, Steps};
use crate::wire::message::{Id, Message, Response};
use crate::wire::sse;

/// How often a silent stream shows that it lives.
const HEARTBEAT: Duration = Duration::from_secs(10);

/// The body of an HTTP answer.
#[derive(Debug)]
pub enum Body {
    /// Everything at once.
    Whole(Option<Bytes>),
    /// A request's own stream: what is said before the answer, then the answer, then the end.
    Request {
        /// The client's id for the request.
        id: Id,
        /// Already taken out of the steps.
        first: Option<Step>,
        /// The rest.
        steps: Steps,
        /// Ticks while nothing is said.
        heartbeat: Heartbeat,
    },
    /// A legacy client's own stream: whatever belongs to no request, until one side ends it.
    Session {
        /// The messages.
        messages: mpsc::Receiver<Message>,
        /// Ticks while nothing is said.
        heartbeat: Heartbeat,
    },
    /// A page.
    Page(axum::body::Body),
    /// The stream is over.
    Ended,
}

/// Ticks while a stream is silent.
#[derive(Debug)]
pub struct Heartbeat(Interval);

impl Default for Heartbeat {
    fn default() -> Self {
        let now = Instant::now();
        let mut interval = interval_at(now.checked_add(HEARTBEAT).unwrap_or(now), HEARTBEAT);
        interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self(interval)
    }
}

impl Heartbeat {
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Bytes> {
        self.0.poll_tick(context).map(|_| Bytes::from_static(b": still here\n\n"))
    }

    fn reset(&mut self) {
        self.0.reset();
    }
}

impl Body {
    /// Everything at once.
    pub fn whole(text: impl Into<Bytes>) -> Self {
        Self::Whole(Some(text.into()))
    }

    /// Nothing.
    pub const fn empty() -> Self {
        Self::Whole(None)
    }

    fn next(&mut self, context: &mut Context<'_>) -> Poll<Option<Bytes>> {
        match self {
            Self::Whole(text) => Poll::Ready(text.take()),
            Self::Ended | Self::Page(_) => Poll::Ready(None),
            Self::Session { messages, heartbeat } => match messages.poll_recv(context) {
                Poll::Ready(Some(message)) => {
                    heartbeat.reset();
                    Poll::Ready(Some(event(&message.to_line())))
                }
                Poll::Ready(None) => Poll::Ready(None),
                Poll::Pending => heartbeat.poll(context).map(Some),
            },
            Self::Request { id, first, steps, heartbeat } => {
                let step = match first.take() {
                    Some(step) => Poll::Ready(Some(step)),
                    None => steps.poll_recv(context),
                };
                match step {
                    Poll::Ready(Some(Step::Say(message))) => {
                        heartbeat.reset();
                        Poll::Ready(Some(event(&message.to_line())))
                    }
                    Poll::Ready(Some(Step::Answer(answer))) => {
                        let line = Message::Response(Response::to(id.clone(), *answer)).to_line();
                        *self = Self::Ended;
                        Poll::Ready(Some(event(&line)))
                    }
                    Poll::Ready(None) => Poll::Ready(None),
                    Poll::Pending => heartbeat.poll(context).map(Some),
                }
            }
        }
    }
}

fn event(line: &str) -> Bytes {
    let mut out = String::with_capacity(line.len().saturating_add(24));
    sse::event(None, None, line, &mut out);
    out.into()
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if let Self::Page(page) = &mut *self {
            return Pin::new(page).poll_frame(context).map(|frame| match frame {
                // Pages are made in memory; there is nothing in them that could break.
                Some(Err(_)) | None => None,
                Some(Ok(frame)) => Some(Ok(frame)),
            });
        }
        self.next(context).map(|bytes| bytes.map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        matches!(self, Self::Whole(None) | Self::Ended)
    }

    fn size_hint(&self) -> http_body::SizeHint {
        match self {
            Self::Whole(text) => {
                http_body::SizeHint::with_exact(text.as_ref().map_or(0, |text| text.len().try_into().unwrap_or(0)))
            }
            Self::Page(page) => page.size_hint(),
            _ => http_body::SizeHint::default(),
        }
    }
}

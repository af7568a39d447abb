//! What comes back by a channel?
//!
//! Nobody is signed in here: a message proves itself, by the bytes as they came, or counts for nothing. Who tries without is on
//! record.

use std::sync::Arc;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::{HeaderValue, Method, Response, StatusCode};
use hyper::body::Incoming;
use serde_json::json;

use super::api::{json as reply, problem, unstored};
use super::body::Body;
use super::http::Listener;
use super::intake;
use super::refusal::Reply;
use crate::review::fault::Fault;

/// No message is longer.
const LONGEST_BODY: usize = 512 << 10;

/// What may stand below `/channels/`.
pub(super) struct Door {
    channel: String,
    kind: Kind,
}

/// Who comes by it.
enum Kind {
    /// A program that decides.
    Answers,
    /// Slack, with what somebody pressed.
    Slack,
}

impl Door {
    /// The door of this path, if it is one.
    pub(super) fn at(path: &str) -> Option<Self> {
        let (channel, last) = path.strip_prefix("/channels/")?.split_once('/')?;
        let kind = match last {
            "answers" => Kind::Answers,
            "slack" => Kind::Slack,
            _ => return None,
        };
        Some(Self { channel: channel.to_owned(), kind })
    }
}

impl Listener {
    /// Takes what comes back.
    pub(super) async fn heard_back(self: &Arc<Self>, door: Door, head: &Parts, body: Incoming) -> Reply {
        let taken = async {
            let bytes = self.taken(head, body).await?;
            match door.kind {
                Kind::Answers => self.decided(&door.channel, head, &bytes).await,
                Kind::Slack => self.pressed(&door.channel, head, &bytes).await,
            }
        };
        unstored(taken.await.unwrap_or_else(|fault| problem(&fault)))
    }

    async fn taken(&self, head: &Parts, mut body: Incoming) -> Result<Bytes, Fault> {
        self.admit(head).await.map_err(|stranger| Fault::Stranger(stranger.status(), stranger.to_string()))?;
        if head.method != Method::POST {
            return Err(Fault::Method("POST"));
        }
        match intake::read_body(&head.headers, &mut body, LONGEST_BODY).await {
            Ok(bytes) => Ok(bytes),
            Err((status, why)) => {
                self.gateway.tasks.spawn(intake::hear_out(body));
                Err(Fault::Body(status, why))
            }
        }
    }

    async fn decided(&self, name: &str, head: &Parts, bytes: &[u8]) -> Result<Reply, Fault> {
        let channel = self.outbox.channels().get(name).ok_or(Fault::NoRoute)?;
        let automation = channel.answers.as_ref().ok_or(Fault::NoRoute)?;
        let desk = &self.gateway.desk;
        let said = async {
            let decision = automation.hear(&head.headers, bytes, desk.now().await?)?;
            automation.decide(desk, name, decision).await
        };
        match said.await {
            Ok(state) => Ok(reply(StatusCode::OK, "application/json", json!({ "state": state }).to_string())),
            Err(fault) => {
                if matches!(fault.code(), "signature_invalid" | "too_risky" | "not_eligible") {
                    let why = format!("{}: an answer by the channel {name}", fault.code());
                    self.record("rejected_answer", why, None).await;
                }
                Err(fault)
            }
        }
    }

    async fn pressed(&self, name: &str, head: &Parts, bytes: &[u8]) -> Result<Reply, Fault> {
        let channel = self.outbox.channels().get(name).ok_or(Fault::NoRoute)?;
        let slack = channel.slack().ok_or(Fault::NoRoute)?;
        let (status, body) = slack.interaction(&head.headers, bytes, &self.outbox.room()).await;
        if status == StatusCode::UNAUTHORIZED {
            self.record("rejected_answer", format!("a press by the channel {name} that Slack did not sign"), None)
                .await;
        }
        let kind = if status.is_success() { "application/json" } else { "text/plain; charset=utf-8" };
        let mut reply = Response::new(Body::whole(String::from_utf8_lossy(&body).into_owned()));
        *reply.status_mut() = status;
        if !body.is_empty() {
            reply.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
        }
        Ok(reply)
    }
}

//! What comes back by a channel?
//!
//! Nobody is signed in here: a message proves itself, by the bytes as they came, or counts for nothing. Who tries without is on
//! record.

use std::sync::Arc;

use http::request::Parts;
use http::{Method, StatusCode};
use hyper::body::Incoming;
use serde_json::json;

use super::api::{json as reply, problem, unstored};
use super::http::Listener;
use super::intake;
use super::refusal::Reply;
use crate::review::fault::Fault;

/// No message of a program is longer.
const LONGEST_BODY: usize = 64 << 10;

/// What may stand below `/channels/`.
pub(super) struct Door<'a> {
    channel: &'a str,
}

impl<'a> Door<'a> {
    /// The door of this path, if it is one.
    pub(super) fn at(path: &'a str) -> Option<Self> {
        let (channel, last) = path.strip_prefix("/channels/")?.split_once('/')?;
        (last == "answers").then_some(Self { channel })
    }
}

impl Listener {
    /// Takes what comes back.
    pub(super) async fn heard_back(self: &Arc<Self>, door: Door<'_>, head: &Parts, body: Incoming) -> Reply {
        unstored(self.decided(&door, head, body).await.unwrap_or_else(|fault| problem(&fault)))
    }

    async fn decided(self: &Arc<Self>, door: &Door<'_>, head: &Parts, mut body: Incoming) -> Result<Reply, Fault> {
        self.admit(head).await.map_err(|stranger| Fault::Stranger(stranger.status(), stranger.to_string()))?;
        if head.method != Method::POST {
            return Err(Fault::Method("POST"));
        }
        let channel = self.outbox.channels().get(door.channel).ok_or(Fault::NoRoute)?;
        let automation = channel.answers.as_ref().ok_or(Fault::NoRoute)?;
        let bytes = match intake::read_body(&head.headers, &mut body, LONGEST_BODY).await {
            Ok(bytes) => bytes,
            Err((status, why)) => {
                self.gateway.tasks.spawn(intake::hear_out(body));
                return Err(Fault::Body(status, why));
            }
        };
        let desk = &self.gateway.desk;
        let said = async {
            let decision = automation.hear(&head.headers, &bytes, desk.now().await?)?;
            automation.decide(desk, door.channel, decision).await
        };
        match said.await {
            Ok(state) => Ok(reply(StatusCode::OK, "application/json", json!({ "state": state }).to_string())),
            Err(fault) => {
                if matches!(fault.code(), "signature_invalid" | "too_risky" | "not_eligible") {
                    let why = format!("{}: an answer by the channel {}", fault.code(), door.channel);
                    self.record("rejected_answer", why, None).await;
                }
                Err(fault)
            }
        }
    }
}

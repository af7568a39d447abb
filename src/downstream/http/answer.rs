//! What did the server say? A response read as JSON or as a stream of messages, within limits.

use std::collections::VecDeque;

use http::header::{CONTENT_ENCODING, CONTENT_TYPE, WWW_AUTHENTICATE};

use super::fault::HttpFault;
use super::pool::Reply;
use crate::wire::json::Value;
use crate::wire::message::{Answer, Id, Message, Response};
use crate::wire::reader::{Limits, lenient};
use crate::wire::sse::{self, Decoder};

/// Bodies of refusals are read up to here: a code and a sentence.
const REFUSAL: usize = 64 << 10;
/// And this much of a refusal that is not JSON-RPC is kept for people.
const QUOTE: usize = 300;

/// How a good response carries its messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Json,
    Stream,
    /// 202 and the like, without a body that matters.
    Accepted,
}

/// Lets a success through. Everything else becomes a fault, with what the server said of it.
pub(super) async fn success(reply: Reply) -> Result<Reply, HttpFault> {
    let status = reply.head.status;
    if status.is_redirection() {
        return Err(HttpFault::Redirected { status: status.as_u16() });
    }
    if status.is_success() { Ok(reply) } else { Err(refusal(reply).await) }
}

/// How a success carries what it says.
pub(super) fn kind(reply: &Reply) -> Result<Kind, HttpFault> {
    let header = |name| reply.head.headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(coding) = header(CONTENT_ENCODING).filter(|coding| !coding.eq_ignore_ascii_case("identity")) {
        return Err(HttpFault::Garbage(format!("it is compressed ({coding}), which was not asked for")));
    }
    let kind = header(CONTENT_TYPE).unwrap_or_default().split(';').next().unwrap_or_default().trim();
    match kind {
        kind if kind.eq_ignore_ascii_case("text/event-stream") => Ok(Kind::Stream),
        kind if kind.eq_ignore_ascii_case("application/json") => Ok(Kind::Json),
        _ if matches!(reply.head.status.as_u16(), 202 | 204 | 205) => Ok(Kind::Accepted),
        other => {
            let other: String = other.chars().take(QUOTE).collect();
            Err(HttpFault::Garbage(format!("its content type is `{other}`, not JSON and not an event stream")))
        }
    }
}

/// The answer in a JSON body.
pub(super) async fn json(reply: Reply, id: &Id) -> Result<Answer, HttpFault> {
    let body = reply.collect(Limits::REPLY.bytes).await?;
    match message(&body)? {
        Message::Response(Response { id: Some(other), .. }) if other != *id => {
            Err(HttpFault::Garbage("it answers another request".to_owned()))
        }
        Message::Response(response) => Ok(response.outcome),
        Message::Request(_) | Message::Notification(_) => Err(HttpFault::Garbage("it is not a response".to_owned())),
    }
}

/// Messages from an event stream, in order.
pub(super) struct Messages {
    reply: Option<Reply>,
    decoder: Decoder,
    arrived: VecDeque<sse::Event>,
}

/// What a stream gives next.
pub(super) enum Next {
    Message(Message),
    /// No more will come on this connection, for this reason.
    End(String),
}

impl Messages {
    pub(super) fn new(reply: Reply) -> Self {
        Self { reply: Some(reply), decoder: Decoder::default(), arrived: VecDeque::new() }
    }

    /// A new connection goes on where the last one broke.
    pub(super) fn resume(&mut self, reply: Reply) {
        self.decoder.reconnect();
        self.reply = Some(reply);
    }

    /// What the decoder knows: the last id and the pause.
    pub(super) const fn decoder(&self) -> &Decoder {
        &self.decoder
    }

    /// The next message, or the end. Events of other kinds and empty ones mean nothing in this protocol.
    pub(super) async fn next(&mut self) -> Result<Next, HttpFault> {
        loop {
            while let Some(event) = self.arrived.pop_front() {
                let speaks = event.name.as_deref().is_none_or(|name| name == "message");
                if speaks && !event.data.is_empty() {
                    return message(&event.data).map(Next::Message);
                }
            }
            let Some(reply) = &mut self.reply else { return Ok(Next::End("the stream has ended".to_owned())) };
            match reply.piece().await {
                Some(Ok(piece)) => {
                    let mut events = Vec::new();
                    let pushed = self.decoder.push(&piece, &mut events);
                    self.arrived.extend(events);
                    if let Err(error) = pushed {
                        self.reply = None;
                        return Err(HttpFault::Garbage(error.to_string()));
                    }
                }
                Some(Err(why)) => {
                    self.reply = None;
                    return Ok(Next::End(why));
                }
                None => {
                    if let Some(reply) = self.reply.take() {
                        reply.release();
                    }
                    return Ok(Next::End("the stream ended without an answer".to_owned()));
                }
            }
        }
    }

    /// The answer has come: the connection may serve others.
    pub(super) fn finish(self) {
        if let Some(reply) = self.reply {
            reply.release();
        }
    }
}

fn message(bytes: &[u8]) -> Result<Message, HttpFault> {
    let value = lenient(bytes, &Limits::REPLY).map_err(|error| HttpFault::Garbage(error.to_string()))?;
    Message::from_value(value, false).map_err(|(_, why)| HttpFault::Garbage(why.to_string()))
}

async fn refusal(reply: Reply) -> HttpFault {
    let status = reply.head.status.as_u16();
    let challenge = reply.head.headers.get(WWW_AUTHENTICATE).and_then(|value| value.to_str().ok()).map(str::to_owned);
    match (status, challenge) {
        (401, challenge) => {
            return HttpFault::Unauthorised { status, challenge: challenge.unwrap_or_default(), hint: String::new() };
        }
        (403, Some(challenge)) => return HttpFault::Unauthorised { status, challenge, hint: String::new() },
        _ => {}
    }
    // What cannot be read to its end is a refusal all the same: the status stands.
    let body = reply.collect(REFUSAL).await.unwrap_or_default();
    let error = match message(&body) {
        Ok(Message::Response(Response { outcome: Err(error), .. })) => Some(error),
        _ => lenient(&body, &Limits::REPLY).ok().and_then(loose_error),
    };
    let text = match &error {
        Some(_) => String::new(),
        None => String::from_utf8_lossy(&body)
            .chars()
            .map(|sign| if sign.is_control() { ' ' } else { sign })
            .take(QUOTE)
            .collect(),
    };
    HttpFault::Refused { status, body: error, text: text.trim().to_owned() }
}

/// Error responses without an id, which the specification allows in refusals.
fn loose_error(value: Value) -> Option<crate::wire::message::RpcError> {
    let Value::Object(mut object) = value else { return None };
    object.insert("jsonrpc", "2.0");
    object.insert("id", Value::Null);
    match Message::from_value(Value::Object(object), false) {
        Ok(Message::Response(Response { outcome: Err(error), .. })) => Some(error),
        _ => None,
    }
}

//! How does each ending that is not a result leave over HTTP?

use http::header::{ALLOW, CACHE_CONTROL, CONNECTION, CONTENT_TYPE, WWW_AUTHENTICATE};
use http::{HeaderValue, Response, StatusCode};

use super::body::Body;
use crate::wire::era::Era;
use crate::wire::message::{self, Answer, Id, Message, RpcError, code};

/// An HTTP answer of ours.
pub type Reply = Response<Body>;

/// A JSON-RPC answer as a whole.
pub fn json(status: StatusCode, id: Option<Id>, answer: Answer) -> Reply {
    let line = Message::Response(message::Response { id, outcome: answer }).to_line();
    let mut reply = Response::new(Body::whole(line));
    *reply.status_mut() = status;
    reply.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    reply
}

/// A JSON-RPC error.
pub fn error(status: StatusCode, id: Option<Id>, error: RpcError) -> Reply {
    json(status, id, Err(error))
}

/// Plain words, for those who do not speak JSON-RPC here.
pub fn plain(status: StatusCode, text: &str) -> Reply {
    let mut reply = Response::new(Body::whole(format!("{text}\n")));
    *reply.status_mut() = status;
    reply.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    reply
}

/// Nothing but a status.
pub fn empty(status: StatusCode) -> Reply {
    let mut reply = Response::new(Body::empty());
    *reply.status_mut() = status;
    reply
}

/// The method is not served on this path.
pub fn method_not_allowed(allowed: &'static str) -> Reply {
    let mut reply = plain(StatusCode::METHOD_NOT_ALLOWED, "this method is not served here");
    reply.headers_mut().insert(ALLOW, HeaderValue::from_static(allowed));
    reply
}

/// Nobody we know; says how to become somebody.
pub fn challenge(status: StatusCode, challenge: Option<&str>, text: &str) -> Reply {
    let mut reply = plain(status, text);
    if let Some(value) = challenge.and_then(|challenge| HeaderValue::from_str(challenge).ok()) {
        reply.headers_mut().insert(WWW_AUTHENTICATE, value);
    }
    reply.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    reply
}

/// The same answer, after which nothing more is read from the connection.
pub fn and_close(mut reply: Reply) -> Reply {
    reply.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    reply
}

/// The status an answer travels under. Legacy answers always say 200; modern ones repeat some errors in the status.
pub fn status(era: Era, answer: &Answer) -> StatusCode {
    match (era, answer) {
        (Era::Modern, Err(error)) => match error.code {
            code::METHOD_NOT_FOUND => StatusCode::NOT_FOUND,
            code::PARSE
            | code::INVALID_REQUEST
            | code::HEADER_MISMATCH
            | code::MISSING_CAPABILITY
            | code::UNSUPPORTED_VERSION => StatusCode::BAD_REQUEST,
            _ => StatusCode::OK,
        },
        _ => StatusCode::OK,
    }
}

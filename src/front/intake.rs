//! What does every request have to pass, wherever it is going?

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, TRANSFER_ENCODING};
use http::request::Parts;
use http::{HeaderMap, StatusCode};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;

use super::http::Listener;
use crate::audit::entry::Rejected;
use crate::call::caller::Caller;
use crate::gateway::session::Door;
use crate::identity::guard;

/// How long the body of a request may take to arrive.
const BODY_PATIENCE: Duration = Duration::from_secs(15);
/// How much is read of what is refused for its size, and for how long.
const REST: (usize, Duration) = (64 << 20, Duration::from_secs(5));

/// Why a request goes nowhere, before anybody asks who sent it: what a browser or a smuggler would get wrong.
#[derive(Debug, thiserror::Error)]
pub(super) enum Stranger {
    /// Two lengths, of which two programs could believe one each.
    #[error("a request has either a Content-Length or a Transfer-Encoding, never both")]
    Framing,
    /// Not by a name, or not from a page, that is known.
    #[error(transparent)]
    Place(#[from] guard::Refused),
}

impl Stranger {
    pub(super) const fn status(&self) -> StatusCode {
        match self {
            Self::Framing => StatusCode::BAD_REQUEST,
            Self::Place(_) => StatusCode::FORBIDDEN,
        }
    }
}

impl Listener {
    /// Looks at host, origin and framing.
    pub(super) async fn admit(&self, head: &Parts) -> Result<(), Stranger> {
        let headers = &head.headers;
        if headers.contains_key(TRANSFER_ENCODING) && headers.contains_key(CONTENT_LENGTH) {
            return Err(Stranger::Framing);
        }
        let authority = head.uri.authority().map(http::uri::Authority::as_str);
        if let Err(refused) = guard::admit_request(headers, authority, &self.rules) {
            self.record("rejected_origin", refused.to_string(), None).await;
            return Err(refused.into());
        }
        Ok(())
    }

    pub(super) async fn record(&self, class: &'static str, why: String, caller: Option<&Arc<Caller>>) {
        let principal = caller.map(|caller| caller.principal.clone());
        let rejected = Rejected { class, why, transport: Door::Http.word(), principal, method: None };
        // What is refused needs no record to be refused: a full disk must not turn a no into anything else.
        if let Err(error) = self.gateway.write_rejected(rejected).await {
            tracing::error!(error = %error, "a refusal could not be recorded");
        }
    }
}

/// Whether the body is JSON as it stands; otherwise what to send.
pub(super) fn is_json(headers: &HeaderMap) -> Result<(), &'static str> {
    let content = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media = content.split(';').next().unwrap_or_default().trim();
    if !media.eq_ignore_ascii_case("application/json") {
        return Err("send Content-Type: application/json");
    }
    // PAR-15: nothing is inflated here, so nothing can blow up.
    if headers.get(CONTENT_ENCODING).is_some_and(|encoding| encoding != "identity") {
        return Err("send the body without Content-Encoding");
    }
    Ok(())
}

/// The body, as far as there may be one. What is left of one that is refused belongs to [`hear_out`].
pub(super) async fn read_body(
    headers: &HeaderMap,
    body: &mut Incoming,
    limit: usize,
) -> Result<Bytes, (StatusCode, String)> {
    let too_large = || (StatusCode::PAYLOAD_TOO_LARGE, format!("the body is larger than {limit} bytes"));
    let announced = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|length| length > limit) {
        return Err(too_large());
    }
    let reading = async {
        let mut first: Option<Bytes> = None;
        let mut rest = BytesMut::new();
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|_| (StatusCode::BAD_REQUEST, "the body broke off".to_owned()))?;
            let Ok(data) = frame.into_data() else { continue };
            match (&first, rest.is_empty()) {
                (None, true) => first = Some(data),
                (Some(start), true) => {
                    rest.extend_from_slice(start);
                    rest.extend_from_slice(&data);
                }
                _ => rest.extend_from_slice(&data),
            }
            if rest.len().max(first.as_ref().map_or(0, Bytes::len)) > limit {
                return Err(too_large());
            }
        }
        Ok(if rest.is_empty() { first.unwrap_or_default() } else { rest.freeze() })
    };
    tokio::time::timeout(BODY_PATIENCE, reading)
        .await
        .unwrap_or_else(|_| Err((StatusCode::REQUEST_TIMEOUT, "the body did not arrive within 15 s".to_owned())))
}

/// Reads what a refused client is still sending, for a moment. A connection that is closed with something unread takes
/// the answer with it, and the client learns nothing.
pub(super) async fn hear_out(mut body: Incoming) {
    let rest = async {
        let mut left = REST.0;
        while let Some(Ok(frame)) = body.frame().await {
            let length = frame.data_ref().map_or(0, Bytes::len);
            let Some(less) = left.checked_sub(length) else { return };
            left = less;
        }
    };
    // Whoever sends more or takes longer is cut off.
    drop(tokio::time::timeout(REST.1, rest).await);
}

//! How does a page leave?

use askama::Template;
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
    X_FRAME_OPTIONS,
};
use http::{HeaderName, HeaderValue, Response, StatusCode};

use crate::front::body::Body;
use crate::front::refusal::{self, Reply};
use crate::review::fault::Fault;
use crate::review::pages::frame::Asset;

/// A page. Only its own style and script run, it talks to nobody else, and it stands in no frame.
pub(super) fn html(status: StatusCode, nonce: &str, page: &impl Template) -> Reply {
    let text = match page.render() {
        Ok(text) => text,
        Err(error) => {
            tracing::error!(%error, "a page could not be made");
            return guarded(refusal::plain(
                StatusCode::INTERNAL_SERVER_ERROR,
                "this page could not be made; see the log",
            ));
        }
    };
    let mut reply = guarded(text_of(status, "text/html; charset=utf-8", text));
    let policy = format!(
        "default-src 'none'; style-src 'nonce-{nonce}'; script-src 'nonce-{nonce}'; img-src 'self'; connect-src 'self'; \
         form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    );
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        reply.headers_mut().insert(CONTENT_SECURITY_POLICY, policy);
    }
    reply
}

/// Text that a browser takes for nothing else.
pub(super) fn plain(status: StatusCode, text: String) -> Reply {
    let mut reply = guarded(text_of(status, "text/plain; charset=utf-8", text));
    reply.headers_mut().insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; sandbox"));
    reply
}

/// What the script of a page reads.
pub(super) fn document(value: &serde_json::Value) -> Reply {
    guarded(text_of(StatusCode::OK, "application/json", value.to_string()))
}

/// Somewhere else, by asking for it.
pub(super) fn redirect(to: &str) -> Reply {
    let mut reply = guarded(refusal::empty(StatusCode::SEE_OTHER));
    // Every address we send somebody to was read as one of ours before.
    reply.headers_mut().insert(LOCATION, HeaderValue::from_str(to).unwrap_or(HeaderValue::from_static("/inbox")));
    reply
}

/// Something that is part of every page. Its name changes with it, so it may be kept for good.
pub(super) fn asset(found: &Asset) -> Reply {
    let mut reply = text_of(StatusCode::OK, found.kind, found.text);
    let headers = reply.headers_mut();
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable"));
    reply
}

/// Why there is no page at all.
pub(super) fn bare(fault: &Fault) -> Reply {
    logged(fault);
    let status = StatusCode::from_u16(fault.problem().status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    closed_after(guarded(refusal::plain(status, &fault.to_string())), fault)
}

/// What is left of a body that was refused is not the beginning of another request.
pub(super) fn closed_after(reply: Reply, fault: &Fault) -> Reply {
    if matches!(fault, Fault::Body(..) | Fault::Stranger(..) | Fault::Forged) {
        refusal::and_close(reply)
    } else {
        reply
    }
}

pub(super) fn logged(fault: &Fault) {
    if let Fault::Away(error) = fault {
        tracing::error!(%error, "a page could not be shown, or an answer not be taken");
    }
}

/// Kept by no cache, in no frame, and named to nobody.
pub(super) fn guarded(mut reply: Reply) -> Reply {
    const RULES: [(HeaderName, &str); 6] = [
        (CACHE_CONTROL, "no-store"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (X_FRAME_OPTIONS, "DENY"),
        // Not `no-referrer`: under that a browser calls the origin of our own forms `null`.
        (REFERRER_POLICY, "same-origin"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ];
    for (name, value) in RULES {
        reply.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    reply
}

fn text_of(status: StatusCode, kind: &'static str, text: impl Into<bytes::Bytes>) -> Reply {
    let mut reply = Response::new(Body::whole(text));
    *reply.status_mut() = status;
    reply.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    reply
}

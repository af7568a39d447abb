//! How is one server reached over HTTP? The operator's word, and the headers it makes.

use std::fmt;
use std::time::Duration;

use http::header::{ACCEPT, AUTHORIZATION, HOST, USER_AGENT};
use http::{HeaderMap, HeaderName, HeaderValue};
use url::Url;

use super::fault::HttpFault;
use super::guard;
use crate::downstream::oauth::OauthOptions;
use crate::secret::Secret;

/// How one server is reached.
#[derive(Clone)]
pub struct HttpOptions {
    /// The MCP endpoint.
    pub url: Url,
    /// Sent with every request.
    pub headers: Vec<(String, Secret)>,
    /// The only certificate that is accepted: the SHA-256 of its DER form.
    pub tls_sha256: Option<[u8; 32]>,
    /// Whether private networks may be reached.
    pub private: guard::Private,
    /// For notifications and answers; a request brings its own.
    pub timeout: Duration,
    /// For servers that ask for tokens; none leaves it at the headers.
    pub oauth: Option<Box<OauthOptions>>,
}

impl fmt::Debug for HttpOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.headers.iter().map(|(name, _)| name).collect();
        f.debug_struct("HttpOptions").field("url", &self.url.as_str()).field("headers", &names).finish_non_exhaustive()
    }
}

/// What goes with every request. Those that belong to the transport cannot be configured.
pub(super) fn headers(options: &HttpOptions) -> Result<HeaderMap, HttpFault> {
    const OURS: &[&str] = &[
        "accept",
        "accept-encoding",
        "connection",
        "content-length",
        "content-type",
        "host",
        "te",
        "transfer-encoding",
    ];
    let mut headers = HeaderMap::with_capacity(options.headers.len().saturating_add(8));
    let host = options.url.authority();
    headers.insert(HOST, value("its host", host)?);
    headers.insert(ACCEPT, HeaderValue::from_static("application/json, text/event-stream"));
    headers.insert(USER_AGENT, HeaderValue::from_static(concat!("countersign/", env!("CARGO_PKG_VERSION"))));
    for (name, secret) in &options.headers {
        let bad = |why| HttpFault::Options(format!("the header `{name}` {why}"));
        let parsed = HeaderName::from_bytes(name.as_bytes()).map_err(|_| bad("is not a header name"))?;
        if OURS.contains(&parsed.as_str()) || parsed.as_str().starts_with("mcp-") {
            return Err(bad("is set by the gateway itself; remove it"));
        }
        if parsed == AUTHORIZATION && options.oauth.is_some() {
            return Err(bad("and `oauth` exclude each other; remove one"));
        }
        let mut secret = HeaderValue::from_str(secret.expose()).map_err(|_| bad("has a value no header can carry"))?;
        secret.set_sensitive(true);
        headers.append(parsed, secret);
    }
    Ok(headers)
}

/// A text as a header's value.
pub(super) fn value(what: &str, text: &str) -> Result<HeaderValue, HttpFault> {
    HeaderValue::from_str(text).map_err(|_| HttpFault::NotSent(format!("{what} cannot stand in a header")))
}
